/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media.h"

static void stream_free(gpointer data)
{
    FfarmStream *stream = data;
    g_free(stream->codec);
    g_free(stream->profile);
    g_free(stream->codec_tag);
    g_free(stream->language);
    g_free(stream->title);
    g_free(stream->pix_fmt);
    g_free(stream->field_order);
    g_free(stream->color_range);
    g_free(stream->color_space);
    g_free(stream->color_transfer);
    g_free(stream->color_primaries);
    g_free(stream->chroma_location);
    g_free(stream->layout);
    g_free(stream->sample_fmt);
    g_free(stream->filename);
    g_free(stream->mimetype);
    g_free(stream);
}

static void chapter_free(gpointer data)
{
    FfarmChapter *chapter = data;
    g_free(chapter->title);
    g_free(chapter);
}

static void problem_free(gpointer data)
{
    FfarmProblem *problem = data;
    g_free(problem->text);
    g_free(problem);
}

FfarmMedia *ffarm_media_new(const char *path)
{
    FfarmMedia *media = g_new0(FfarmMedia, 1);
    media->path = g_strdup(path);
    media->start_us = G_MININT64;
    media->streams = g_ptr_array_new_with_free_func(stream_free);
    media->chapters = g_ptr_array_new_with_free_func(chapter_free);
    media->problems = g_ptr_array_new_with_free_func(problem_free);
    return media;
}

void ffarm_media_free(FfarmMedia *media)
{
    if (!media)
        return;
    g_free(media->path);
    g_free(media->container);
    g_free(media->title);
    g_ptr_array_unref(media->streams);
    g_ptr_array_unref(media->chapters);
    g_ptr_array_unref(media->problems);
    g_free(media);
}

FfarmStream *ffarm_media_add_stream(FfarmMedia *media, FfarmStreamType type)
{
    FfarmStream *stream = g_new0(FfarmStream, 1);
    stream->index = (int) media->streams->len;
    stream->type = type;
    stream->level = -99;
    stream->start_us = G_MININT64;
    stream->sar_den = 1;
    stream->dovi_profile = stream->dovi_level = stream->dovi_compatibility = -1;
    g_ptr_array_add(media->streams, stream);
    return stream;
}

void ffarm_media_add_chapter(FfarmMedia *media, gint64 start_us, gint64 end_us, const char *title)
{
    FfarmChapter *chapter = g_new0(FfarmChapter, 1);
    chapter->start_us = start_us;
    chapter->end_us = end_us;
    chapter->title = g_strdup(title);
    g_ptr_array_add(media->chapters, chapter);
}

void ffarm_media_add_problem(FfarmMedia *media, FfarmProblemKind kind, const char *format, ...)
{
    FfarmProblem *problem = g_new0(FfarmProblem, 1);
    va_list args;
    va_start(args, format);
    problem->kind = kind;
    problem->text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(media->problems, problem);
}

gboolean ffarm_media_is_valid(const FfarmMedia *media)
{
    return media->problems->len == 0;
}

gboolean ffarm_media_has_problem(const FfarmMedia *media, FfarmProblemKind kind)
{
    for (guint i = 0; i < media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(media->problems, i);
        if (problem->kind == kind)
            return TRUE;
    }
    return FALSE;
}

gboolean ffarm_stream_is_picture(const FfarmStream *stream)
{
    return stream->type == FFARM_STREAM_VIDEO &&
           (stream->disposition & (FFARM_DISPOSITION_ATTACHED_PIC | FFARM_DISPOSITION_TIMED_THUMBNAILS)) != 0;
}

const FfarmStream *ffarm_media_peek_video(const FfarmMedia *media)
{
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(media->streams, i);
        if (stream->type == FFARM_STREAM_VIDEO && !ffarm_stream_is_picture(stream))
            return stream;
    }
    return NULL;
}

const FfarmStream *ffarm_media_peek_stream(const FfarmMedia *media, FfarmStreamType type, guint nth)
{
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(media->streams, i);
        if (stream->type == type && nth-- == 0)
            return stream;
    }
    return NULL;
}

guint ffarm_media_count_streams(const FfarmMedia *media, FfarmStreamType type)
{
    guint count = 0;
    for (guint i = 0; i < media->streams->len; i++)
        count += ((const FfarmStream *) g_ptr_array_index(media->streams, i))->type == type;
    return count;
}

const char *ffarm_stream_language(const FfarmStream *stream)
{
    return stream->language && *stream->language ? stream->language : "und";
}

const char *ffarm_stream_type_name(FfarmStreamType type)
{
    static const char *const names[] = {"video", "audio", "subtitle", "attachment", "data"};
    return names[type];
}

const char *ffarm_hdr_name(FfarmHdr hdr)
{
    static const char *const names[] = {"none", "hlg", "pq", "hdr10", "hdr10+", "dolby_vision"};
    return names[hdr];
}

const char *ffarm_problem_kind_name(FfarmProblemKind kind)
{
    static const char *const names[] = {"open",      "empty",     "not_media",   "no_video",
                                        "encrypted", "truncated", "undecodable", "timeout", "crashed"};
    return names[kind];
}

const char *ffarm_disposition_name(FfarmDisposition bit)
{
    static const char *const names[] = {
        "default",          "dub",           "original",     "comment",  "lyrics",           "karaoke",
        "forced",           "hearing_impaired", "visual_impaired", "clean_effects", "attached_pic", "timed_thumbnails",
        "captions",         "descriptions",  "metadata",     "dependent", "still_image",
    };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if ((guint) bit == 1u << i)
            return names[i];
    return NULL;
}
