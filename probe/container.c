/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container.h"
#include "av_glue.h"

#include <string.h>

/* Where ffmpeg, tried with real streams (tests/test_container.cc does it again), and avformat_query_codec() disagree,
 * or the latter has no answer. A muxer that is not here is believed. */
static const struct {
    const char *muxer;
    const char *also;  /* held, whatever libavformat answers */
    const char *never; /* not held, or only by an experimental option */
} exceptions[] = {
    {"3gp", "", "flac truehd"},
    {"dvd", "mpeg1video mpeg2video mp2 mp3 ac3 dts pcm_dvd dvd_subtitle", ""},
    {"flv", "", "mpeg4 pcm_s16le"},
    {"ipod", "", "flac truehd"},
    {"matroska", "vc1 wmapro wmav1 wmav2 wmv1 wmv2 wmv3", "eia_608 mov_text"},
    {"mov", "", "av1 flac opus truehd vp8 vp9"},
    {"mp4", "", "flac truehd"},
    {"mpeg", "mpeg1video mpeg2video mp2 mp3 ac3 dts dvd_subtitle", ""},
    {"mpegts", "h264 hevc mpeg1video mpeg2video mpeg4 aac ac3 dts eac3 mp2 mp3 opus dvb_subtitle dvb_teletext", ""},
    {"mxf", "mpeg2video pcm_s16le pcm_s24le", ""},
    {"ogg", "flac opus theora vorbis vp8", ""},
    {"ogv", "flac opus theora vorbis vp8", ""},
    {"svcd", "mpeg1video mpeg2video mp2 mp3 ac3 dts dvd_subtitle", ""},
    {"vob", "mpeg1video mpeg2video mp2 mp3 ac3 dts dvd_subtitle", ""},
};

static const struct {
    const char *muxer;
    const char *pictures;     /* image codecs of cover art */
    const char *text_encoder; /* NULL: no text subtitles */
    gboolean chapters, attachments;
} extras[] = {
    {"3gp", "", "mov_text", TRUE, FALSE},
    {"asf", "", NULL, TRUE, FALSE},
    {"ipod", "mjpeg png", "mov_text", TRUE, FALSE},
    {"matroska", "", "srt", TRUE, TRUE},
    {"mov", "", "mov_text", TRUE, FALSE},
    {"mp4", "mjpeg png", "mov_text", TRUE, FALSE},
    {"nut", "", NULL, TRUE, FALSE},
    {"webm", "", "webvtt", TRUE, FALSE},
};

/* What a muxer keeps of a stream's dispositions, as ffmpeg writes them and reads them again. */
#define FLAG(name) FFARM_DISPOSITION_##name
#define IMPAIRED (FLAG(HEARING_IMPAIRED) | FLAG(VISUAL_IMPAIRED))
static const struct {
    const char *muxer;
    guint audio, subtitle;
    guint things; /* one bit for each FfarmContainerThing */
} tags[] = {
    {"matroska", FLAG(DEFAULT) | FLAG(DUB) | FLAG(ORIGINAL) | FLAG(COMMENT) | FLAG(FORCED) | IMPAIRED,
     FLAG(DEFAULT) | FLAG(DUB) | FLAG(ORIGINAL) | FLAG(COMMENT) | FLAG(FORCED) | IMPAIRED,
     1 << FFARM_CONTAINER_TITLE | 1 << FFARM_CONTAINER_STREAM_TITLE | 1 << FFARM_CONTAINER_COLOUR},
    {"webm", FLAG(DEFAULT) | FLAG(FORCED), FLAG(DEFAULT) | FLAG(FORCED),
     1 << FFARM_CONTAINER_TITLE | 1 << FFARM_CONTAINER_STREAM_TITLE | 1 << FFARM_CONTAINER_COLOUR},
    {"mp4", FLAG(DEFAULT) | FLAG(DUB) | FLAG(COMMENT) | FLAG(FORCED) | IMPAIRED,
     FLAG(DEFAULT) | FLAG(DUB) | FLAG(COMMENT) | FLAG(FORCED) | IMPAIRED,
     1 << FFARM_CONTAINER_TITLE | 1 << FFARM_CONTAINER_COLOUR | 1 << FFARM_CONTAINER_ROTATION},
    {"mov", FLAG(DEFAULT), FLAG(DEFAULT),
     1 << FFARM_CONTAINER_TITLE | 1 << FFARM_CONTAINER_COLOUR | 1 << FFARM_CONTAINER_ROTATION},
    {"ipod", FLAG(DEFAULT), FLAG(DEFAULT),
     1 << FFARM_CONTAINER_TITLE | 1 << FFARM_CONTAINER_COLOUR | 1 << FFARM_CONTAINER_ROTATION},
    {"mpegts", IMPAIRED, 0, 0},
    {"avi", 0, 0, 1 << FFARM_CONTAINER_TITLE},
};
#undef FLAG
#undef IMPAIRED

static gboolean has_word(const char *words, const char *word)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    return *word && g_strv_contains((const char *const *)list, word);
}

/* Returns: the place of @muxer in extras, -1 if it holds none of them. */
static int find_extras(const char *muxer)
{
    for (guint i = 0; i < G_N_ELEMENTS(extras); i++)
        if (strcmp(extras[i].muxer, muxer) == 0)
            return (int)i;
    return -1;
}

const char *ffarm_container_muxer(const char *extension)
{
    g_return_val_if_fail(extension != NULL, NULL);
    g_autofree char *name = g_strconcat("film.", *extension == '.' ? extension + 1 : extension, NULL);
    const AVOutputFormat *muxer = av_guess_format(NULL, name, NULL);
    return muxer ? muxer->name : NULL;
}

static gboolean media_type_matches(FfarmStreamType type, enum AVMediaType av)
{
    switch (type) {
    case FFARM_STREAM_VIDEO:
        return av == AVMEDIA_TYPE_VIDEO;
    case FFARM_STREAM_AUDIO:
        return av == AVMEDIA_TYPE_AUDIO;
    case FFARM_STREAM_SUBTITLE:
        return av == AVMEDIA_TYPE_SUBTITLE;
    default:
        return TRUE;
    }
}

gboolean ffarm_container_holds(const char *muxer, FfarmStreamType type, const char *codec)
{
    g_return_val_if_fail(muxer != NULL, FALSE);
    if (type == FFARM_STREAM_ATTACHMENT)
        return ffarm_container_holds_attachments(muxer);
    const AVCodecDescriptor *descriptor = codec ? avcodec_descriptor_get_by_name(codec) : NULL;
    const AVOutputFormat *format = av_guess_format(muxer, NULL, NULL);
    if (!descriptor || !format || !media_type_matches(type, descriptor->type))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(exceptions); i++) {
        if (strcmp(exceptions[i].muxer, muxer) != 0)
            continue;
        if (has_word(exceptions[i].also, codec))
            return TRUE;
        if (has_word(exceptions[i].never, codec))
            return FALSE;
    }
    return avformat_query_codec(format, descriptor->id, FF_COMPLIANCE_NORMAL) == 1;
}

gboolean ffarm_container_holds_attachments(const char *muxer)
{
    g_return_val_if_fail(muxer != NULL, FALSE);
    int i = find_extras(muxer);
    return i >= 0 && extras[i].attachments;
}

gboolean ffarm_container_holds_picture(const char *muxer, const char *codec)
{
    g_return_val_if_fail(muxer != NULL, FALSE);
    int i = find_extras(muxer);
    return i >= 0 && codec && has_word(extras[i].pictures, codec);
}

const char *ffarm_container_picture_type(const char *muxer, const char *codec)
{
    g_return_val_if_fail(muxer != NULL, NULL);
    if (strcmp(muxer, "matroska") != 0)
        return NULL;
    return g_strcmp0(codec, "mjpeg") == 0 ? "image/jpeg" : g_strcmp0(codec, "png") == 0 ? "image/png" : NULL;
}

gboolean ffarm_container_holds_chapters(const char *muxer)
{
    g_return_val_if_fail(muxer != NULL, FALSE);
    int i = find_extras(muxer);
    return i >= 0 && extras[i].chapters;
}

const char *ffarm_container_text_encoder(const char *muxer)
{
    g_return_val_if_fail(muxer != NULL, NULL);
    int i = find_extras(muxer);
    return i >= 0 ? extras[i].text_encoder : NULL;
}

gboolean ffarm_container_holds_language(const char *muxer, const char *language)
{
    static const char *const any[] = {"matroska", "webm", NULL};
    static const char *const three_letters[] = {"mp4", "ipod", "mpegts", NULL};
    g_return_val_if_fail(language != NULL, FALSE);
    if (!muxer)
        return FALSE;
    return g_strv_contains(any, muxer) || (strlen(language) == 3 && g_strv_contains(three_letters, muxer));
}

/* Returns: the place of @muxer in tags, -1 if it keeps nothing that we know of. */
static int find_tags(const char *muxer)
{
    for (guint i = 0; muxer && i < G_N_ELEMENTS(tags); i++)
        if (strcmp(tags[i].muxer, muxer) == 0)
            return (int)i;
    return -1;
}

guint ffarm_container_dispositions(const char *muxer, FfarmStreamType type)
{
    int i = find_tags(muxer);
    if (i < 0 || (type != FFARM_STREAM_AUDIO && type != FFARM_STREAM_SUBTITLE))
        return 0;
    return type == FFARM_STREAM_AUDIO ? tags[i].audio : tags[i].subtitle;
}

gboolean ffarm_container_keeps(const char *muxer, FfarmContainerThing thing)
{
    int i = find_tags(muxer);
    return i >= 0 && (tags[i].things & (1u << thing)) != 0;
}
