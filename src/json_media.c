/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report_json.h"

#include <math.h>
#include "json_line.h"

/* "24000/1001"; null when unknown. */
static void add_ratio(JsonBuilder *builder, const char *key, int num, int den, char separator)
{
    g_autofree char *text = num > 0 && den > 0 ? g_strdup_printf("%d%c%d", num, separator, den) : NULL;
    ffarm_json_add_string(builder, key, text);
}

static double seconds_or_nan(gint64 value_us)
{
    return value_us == G_MININT64 ? NAN : (double)value_us / G_USEC_PER_SEC;
}

static void add_dispositions(JsonBuilder *builder, const FfarmStream *stream)
{
    ffarm_json_add_boolean(builder, "default", (stream->disposition & FFARM_DISPOSITION_DEFAULT) != 0);
    ffarm_json_add_boolean(builder, "forced", (stream->disposition & FFARM_DISPOSITION_FORCED) != 0);
    ffarm_json_begin_array(builder, "dispositions");
    for (guint bit = 1; bit <= FFARM_DISPOSITION_STILL_IMAGE; bit <<= 1)
        if (stream->disposition & bit)
            json_builder_add_string_value(builder, ffarm_disposition_name((FfarmDisposition)bit));
    json_builder_end_array(builder);
}

/* What every kind of stream has. */
static void add_common(JsonBuilder *builder, const FfarmStream *stream)
{
    ffarm_json_add_integer(builder, "index", stream->index);
    ffarm_json_add_string(builder, "codec", stream->codec);
    ffarm_json_add_string(builder, "codec_tag", stream->codec_tag);
    ffarm_json_add_string(builder, "profile", stream->profile);
    ffarm_json_add_string(builder, "language", stream->language);
    ffarm_json_add_string(builder, "title", stream->title);
    ffarm_json_add_size(builder, "bitrate", stream->bitrate_bps);
    ffarm_json_add_real(builder, "start", seconds_or_nan(stream->start_us));
    ffarm_json_add_real(builder, "duration", stream->duration_us > 0 ? seconds_or_nan(stream->duration_us) : NAN);
    ffarm_json_add_size(builder, "frames", stream->frames);
    add_dispositions(builder, stream);
}

static void add_mastering(JsonBuilder *builder, const FfarmMasteringDisplay *mastering)
{
    const struct {
        const char *key;
        gboolean is_known;
        double value;
    } members[] = {
        {"red_x", mastering->has_primaries, mastering->red_x},
        {"red_y", mastering->has_primaries, mastering->red_y},
        {"green_x", mastering->has_primaries, mastering->green_x},
        {"green_y", mastering->has_primaries, mastering->green_y},
        {"blue_x", mastering->has_primaries, mastering->blue_x},
        {"blue_y", mastering->has_primaries, mastering->blue_y},
        {"white_point_x", mastering->has_primaries, mastering->white_x},
        {"white_point_y", mastering->has_primaries, mastering->white_y},
        {"min_luminance", mastering->has_luminance, mastering->min_luminance},
        {"max_luminance", mastering->has_luminance, mastering->max_luminance},
    };
    json_builder_set_member_name(builder, "mastering_display");
    if (!mastering->has_primaries && !mastering->has_luminance) {
        json_builder_add_null_value(builder);
        return;
    }
    json_builder_begin_object(builder);
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        ffarm_json_add_real(builder, members[i].key, members[i].is_known ? members[i].value : NAN);
    json_builder_end_object(builder);
}

static void add_colour(JsonBuilder *builder, const FfarmStream *video)
{
    ffarm_json_add_string(builder, "hdr", video->hdr == FFARM_HDR_NONE ? NULL : ffarm_hdr_name(video->hdr));
    ffarm_json_add_string(builder, "color_range", video->color_range);
    ffarm_json_add_string(builder, "color_space", video->color_space);
    ffarm_json_add_string(builder, "color_transfer", video->color_transfer);
    ffarm_json_add_string(builder, "color_primaries", video->color_primaries);
    ffarm_json_add_string(builder, "chroma_location", video->chroma_location);
    add_mastering(builder, &video->mastering);
    ffarm_json_add_size(builder, "max_cll", video->max_cll);
    ffarm_json_add_size(builder, "max_fall", video->max_fall);
    json_builder_set_member_name(builder, "dolby_vision");
    if (video->dovi_profile < 0) {
        json_builder_add_null_value(builder);
        return;
    }
    json_builder_begin_object(builder);
    ffarm_json_add_integer(builder, "profile", video->dovi_profile);
    ffarm_json_add_integer(builder, "level", video->dovi_level);
    ffarm_json_add_integer(builder, "compatibility", video->dovi_compatibility);
    json_builder_end_object(builder);
}

static void add_video(JsonBuilder *builder, const char *key, const FfarmStream *video)
{
    ffarm_json_begin_object(builder, key);
    add_common(builder, video);
    json_builder_set_member_name(builder, "level");
    if (video->level == -99)
        json_builder_add_null_value(builder);
    else
        json_builder_add_int_value(builder, video->level);
    ffarm_json_add_integer(builder, "width", video->width);
    ffarm_json_add_integer(builder, "height", video->height);
    add_ratio(builder, "sample_aspect_ratio", video->sar_num, video->sar_den, ':');
    ffarm_json_add_string(builder, "pix_fmt", video->pix_fmt);
    ffarm_json_add_size(builder, "bit_depth", video->bit_depth);
    ffarm_json_add_real(builder, "fps", video->fps > 0 ? video->fps : NAN);
    add_ratio(builder, "avg_frame_rate", video->fps_num, video->fps_den, '/');
    add_ratio(builder, "r_frame_rate", video->base_fps_num, video->base_fps_den, '/');
    ffarm_json_add_boolean(builder, "vfr", video->is_vfr);
    ffarm_json_add_string(builder, "field_order", video->field_order);
    ffarm_json_add_boolean(builder, "interlaced", video->is_interlaced);
    ffarm_json_add_integer(builder, "rotation", video->rotation);
    add_colour(builder, video);
    json_builder_end_object(builder);
}

static void add_audio(JsonBuilder *builder, const FfarmStream *audio)
{
    ffarm_json_begin_object(builder, NULL);
    add_common(builder, audio);
    ffarm_json_add_size(builder, "channels", audio->channels);
    ffarm_json_add_string(builder, "layout", audio->layout);
    ffarm_json_add_size(builder, "sample_rate", audio->sample_rate);
    ffarm_json_add_string(builder, "sample_fmt", audio->sample_fmt);
    json_builder_end_object(builder);
}

static void add_subtitle(JsonBuilder *builder, const FfarmStream *subtitle)
{
    ffarm_json_begin_object(builder, NULL);
    add_common(builder, subtitle);
    ffarm_json_add_boolean(builder, "text", subtitle->is_text);
    json_builder_end_object(builder);
}

static void add_attachment(JsonBuilder *builder, const FfarmStream *attachment)
{
    ffarm_json_begin_object(builder, NULL);
    ffarm_json_add_integer(builder, "index", attachment->index);
    ffarm_json_add_string(builder, "codec", attachment->codec);
    ffarm_json_add_string(builder, "filename", attachment->filename);
    ffarm_json_add_string(builder, "mimetype", attachment->mimetype);
    ffarm_json_add_integer(builder, "size", attachment->attachment_bytes);
    json_builder_end_object(builder);
}

static void add_picture(JsonBuilder *builder, const FfarmStream *picture)
{
    ffarm_json_begin_object(builder, NULL);
    ffarm_json_add_integer(builder, "index", picture->index);
    ffarm_json_add_string(builder, "codec", picture->codec);
    ffarm_json_add_integer(builder, "width", picture->width);
    ffarm_json_add_integer(builder, "height", picture->height);
    json_builder_end_object(builder);
}

static void add_data(JsonBuilder *builder, const FfarmStream *data)
{
    ffarm_json_begin_object(builder, NULL);
    add_common(builder, data);
    json_builder_end_object(builder);
}

static void add_more_video(JsonBuilder *builder, const FfarmStream *video)
{
    add_video(builder, NULL, video);
}

typedef gboolean (*Belongs)(const FfarmMedia *media, const FfarmStream *stream);

static gboolean is_audio(const FfarmMedia *media, const FfarmStream *stream)
{
    return stream->type == FFARM_STREAM_AUDIO;
}

static gboolean is_subtitle(const FfarmMedia *media, const FfarmStream *stream)
{
    return stream->type == FFARM_STREAM_SUBTITLE;
}

static gboolean is_attachment(const FfarmMedia *media, const FfarmStream *stream)
{
    return stream->type == FFARM_STREAM_ATTACHMENT;
}

static gboolean is_data(const FfarmMedia *media, const FfarmStream *stream)
{
    return stream->type == FFARM_STREAM_DATA;
}

static gboolean is_picture(const FfarmMedia *media, const FfarmStream *stream)
{
    return ffarm_stream_is_picture(stream);
}

static gboolean is_more_video(const FfarmMedia *media, const FfarmStream *stream)
{
    return stream->type == FFARM_STREAM_VIDEO && !ffarm_stream_is_picture(stream) &&
           stream != ffarm_media_peek_video(media);
}

static void add_streams(JsonBuilder *builder, const FfarmMedia *media)
{
    static const struct {
        const char *key;
        Belongs belongs;
        void (*add)(JsonBuilder *, const FfarmStream *);
    } lists[] = {
        {"audio", is_audio, add_audio},
        {"subtitles", is_subtitle, add_subtitle},
        {"more_video", is_more_video, add_more_video},
        {"pictures", is_picture, add_picture},
        {"attachment_list", is_attachment, add_attachment},
        {"data", is_data, add_data},
    };
    for (guint list = 0; list < G_N_ELEMENTS(lists); list++) {
        ffarm_json_begin_array(builder, lists[list].key);
        for (guint i = 0; i < media->streams->len; i++) {
            const FfarmStream *stream = g_ptr_array_index(media->streams, i);
            if (lists[list].belongs(media, stream))
                lists[list].add(builder, stream);
        }
        json_builder_end_array(builder);
    }
}

static void add_problems(JsonBuilder *builder, const FfarmMedia *media)
{
    ffarm_json_begin_array(builder, "problems");
    for (guint i = 0; i < media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(media->problems, i);
        g_autofree char *text = g_utf8_make_valid(problem->text, -1);
        json_builder_add_string_value(builder, text);
    }
    json_builder_end_array(builder);
    ffarm_json_begin_array(builder, "problem_kinds");
    for (guint i = 0; i < media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(media->problems, i);
        json_builder_add_string_value(builder, ffarm_problem_kind_name(problem->kind));
    }
    json_builder_end_array(builder);
}

static void add_chapters(JsonBuilder *builder, const FfarmMedia *media)
{
    ffarm_json_add_integer(builder, "chapters", media->chapters->len);
    ffarm_json_begin_array(builder, "chapter_list");
    for (guint i = 0; i < media->chapters->len; i++) {
        const FfarmChapter *chapter = g_ptr_array_index(media->chapters, i);
        ffarm_json_begin_object(builder, NULL);
        ffarm_json_add_real(builder, "start", seconds_or_nan(chapter->start_us));
        ffarm_json_add_real(builder, "end", seconds_or_nan(chapter->end_us));
        ffarm_json_add_string(builder, "title", chapter->title);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

char *ffarm_json_media(const FfarmMedia *media)
{
    JsonBuilder *builder = ffarm_json_line_begin("media");
    const FfarmStream *video = ffarm_media_peek_video(media);
    ffarm_json_add_file(builder, media->path);
    ffarm_json_add_string(builder, "container", media->container);
    ffarm_json_add_real(builder, "duration", media->duration_us > 0 ? seconds_or_nan(media->duration_us) : NAN);
    ffarm_json_add_boolean(builder, "duration_from_packets", media->duration_from_packets);
    ffarm_json_add_real(builder, "start", seconds_or_nan(media->start_us));
    ffarm_json_add_integer(builder, "size", media->size_bytes);
    ffarm_json_add_size(builder, "bitrate", media->bitrate_bps);
    ffarm_json_add_string(builder, "title", media->title);
    ffarm_json_add_boolean(builder, "valid", ffarm_media_is_valid(media));
    add_problems(builder, media);
    add_chapters(builder, media);
    ffarm_json_add_integer(builder, "attachments", ffarm_media_count_streams(media, FFARM_STREAM_ATTACHMENT));
    if (video)
        add_video(builder, "video", video);
    else
        ffarm_json_add_string(builder, "video", NULL);
    add_streams(builder, media);
    return ffarm_json_line_end(builder);
}
