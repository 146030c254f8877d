/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rule_facts.h"

#include <string.h>
#include "rule.h"

typedef struct {
    const char *written, *meant;
} Alias;

/* What people write for a name that ffmpeg spells otherwise. */
static const Alias codec_aliases[] = {
    {"h265", "hevc"}, {"h.265", "hevc"},       {"x265", "hevc"},  {"avc", "h264"},   {"h.264", "h264"},
    {"x264", "h264"}, {"mpeg2", "mpeg2video"}, {"divx", "mpeg4"}, {"xvid", "mpeg4"}, {"pgs", "hdmv_pgs_subtitle"},
    {"dca", "dts"},   {"srt", "subrip"},
};

static const Alias container_aliases[] = {
    {"mkv", "matroska"}, {"mka", "matroska"}, {"m4v", "mp4"},  {"qt", "mov"},  {"ts", "mpegts"}, {"m2ts", "mpegts"},
    {"mts", "mpegts"},   {"mpg", "mpeg"},     {"vob", "mpeg"}, {"wmv", "asf"}, {"ogv", "ogg"},   {"ogm", "ogg"},
};

static const char *resolve_alias(const Alias *aliases, guint n_aliases, const char *name)
{
    for (guint i = 0; i < n_aliases; i++)
        if (g_ascii_strcasecmp(aliases[i].written, name) == 0)
            return aliases[i].meant;
    return name;
}

static gboolean is_same_text(const char *asked, const char *found)
{
    return g_ascii_strcasecmp(asked, found) == 0;
}

static gboolean is_same_codec(const char *asked, const char *found)
{
    return is_same_text(resolve_alias(codec_aliases, G_N_ELEMENTS(codec_aliases), asked), found);
}

/* A demuxer for several containers has all their names, "mov,mp4,m4a": the whole or any one of them will do. */
static gboolean is_same_container(const char *asked, const char *found)
{
    const char *meant = resolve_alias(container_aliases, G_N_ELEMENTS(container_aliases), asked);
    g_auto(GStrv) names = g_strsplit(found, ",", -1);
    for (guint i = 0; names[i]; i++)
        if (is_same_text(meant, names[i]))
            return TRUE;
    return is_same_text(meant, found);
}

static void add_name(FfarmFact *fact, const char *name)
{
    for (guint i = 0; i < fact->names->len; i++)
        if (strcmp(g_ptr_array_index(fact->names, i), name) == 0)
            return;
    g_ptr_array_add(fact->names, (char *)name);
}

static void set_one_name(FfarmFact *fact, const char *name)
{
    fact->is_known = name != NULL;
    if (name)
        g_ptr_array_add(fact->names, (char *)name);
}

/* For numbers of which 0 says that they aren't known. */
static void set_number(FfarmFact *fact, double number)
{
    fact->is_known = number > 0;
    fact->number = number;
}

static void find_vcodec(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    set_one_name(fact, video ? video->codec : NULL);
}

static void find_pix_fmt(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    set_one_name(fact, video ? video->pix_fmt : NULL);
}

static void find_container(const FfarmMedia *media, FfarmFact *fact)
{
    set_one_name(fact, media->container);
}

/* The codecs of all audio streams. A film without sound has none, which is known; a codec that nobody knows leaves open
 * which ones there are. */
static void find_acodec(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *stream;
    fact->is_known = TRUE;
    for (guint i = 0; (stream = ffarm_media_peek_stream(media, FFARM_STREAM_AUDIO, i)); i++) {
        if (stream->codec)
            add_name(fact, stream->codec);
        else
            fact->is_known = FALSE;
    }
}

static void find_languages(const FfarmMedia *media, FfarmStreamType type, FfarmFact *fact)
{
    const FfarmStream *stream;
    fact->is_known = TRUE;
    for (guint i = 0; (stream = ffarm_media_peek_stream(media, type, i)); i++)
        add_name(fact, ffarm_stream_language(stream));
}

static void find_audio_lang(const FfarmMedia *media, FfarmFact *fact)
{
    find_languages(media, FFARM_STREAM_AUDIO, fact);
}

static void find_subtitle_lang(const FfarmMedia *media, FfarmFact *fact)
{
    find_languages(media, FFARM_STREAM_SUBTITLE, fact);
}

static void find_res_height(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    set_number(fact, video ? video->height : 0);
}

static void find_res_width(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    set_number(fact, video ? video->width : 0);
}

static void find_fps(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    set_number(fact, video ? video->fps : 0);
}

static void find_bit_depth(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    set_number(fact, video ? video->bit_depth : 0);
}

/* Of the file as a whole; worked out from its size where the container does not say. */
static void find_bitrate_kbps(const FfarmMedia *media, FfarmFact *fact)
{
    double bitrate_bps = (double)media->bitrate_bps;
    if (bitrate_bps <= 0 && media->duration_us > 0)
        bitrate_bps = (double)media->size_bytes * 8 * G_USEC_PER_SEC / (double)media->duration_us;
    set_number(fact, bitrate_bps / 1000);
}

/* Of the audio stream that has most; 0 for a film without sound. */
static void find_audio_channels(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *stream;
    for (guint i = 0; (stream = ffarm_media_peek_stream(media, FFARM_STREAM_AUDIO, i)); i++)
        fact->number = MAX(fact->number, stream->channels);
    fact->is_known = fact->number > 0 || ffarm_media_count_streams(media, FFARM_STREAM_AUDIO) == 0;
}

static void find_runtime(const FfarmMedia *media, FfarmFact *fact)
{
    set_number(fact, (double)media->duration_us / G_USEC_PER_SEC / 60);
}

static void find_filesize_mb(const FfarmMedia *media, FfarmFact *fact)
{
    set_number(fact, (double)media->size_bytes / (1024 * 1024));
}

static void find_path(const FfarmMedia *media, FfarmFact *fact)
{
    fact->is_known = TRUE;
    fact->text = g_path_is_absolute(media->path) ? g_strdup(media->path) : g_canonicalize_filename(media->path, NULL);
}

static void find_hdr(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    fact->is_known = video != NULL;
    fact->flag = video && video->hdr != FFARM_HDR_NONE;
}

static void find_interlaced(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    fact->is_known = video != NULL;
    fact->flag = video && video->is_interlaced;
}

static void find_vfr(const FfarmMedia *media, FfarmFact *fact)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    fact->is_known = video != NULL;
    fact->flag = video && video->is_vfr;
}

static const FfarmFactKind kinds[] = {
    {"vcodec", FFARM_FACT_NAMES, find_vcodec, is_same_codec},
    {"acodec", FFARM_FACT_NAMES, find_acodec, is_same_codec},
    {"container", FFARM_FACT_NAMES, find_container, is_same_container},
    {"pix_fmt", FFARM_FACT_NAMES, find_pix_fmt, is_same_text},
    {"res_height", FFARM_FACT_NUMBER, find_res_height, NULL},
    {"res_width", FFARM_FACT_NUMBER, find_res_width, NULL},
    {"fps", FFARM_FACT_NUMBER, find_fps, NULL},
    {"bit_depth", FFARM_FACT_NUMBER, find_bit_depth, NULL},
    {"bitrate_kbps", FFARM_FACT_NUMBER, find_bitrate_kbps, NULL},
    {"audio_channels", FFARM_FACT_NUMBER, find_audio_channels, NULL},
    {"runtime", FFARM_FACT_NUMBER, find_runtime, NULL},
    {"filesize_mb", FFARM_FACT_NUMBER, find_filesize_mb, NULL},
    {"source_size", FFARM_FACT_NUMBER, find_filesize_mb, NULL},
    {"path", FFARM_FACT_TEXT, find_path, NULL},
    {"hdr", FFARM_FACT_FLAG, find_hdr, NULL},
    {"interlaced", FFARM_FACT_FLAG, find_interlaced, NULL},
    {"vfr", FFARM_FACT_FLAG, find_vfr, NULL},
    {"audio_lang", FFARM_FACT_NAMES, find_audio_lang, ffarm_language_equal},
    {"subtitle_lang", FFARM_FACT_NAMES, find_subtitle_lang, ffarm_language_equal},
};

const FfarmFactKind *ffarm_fact_kind(const char *key)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].key, key) == 0)
            return &kinds[i];
    return NULL;
}

const char *const *ffarm_rule_criteria_names(void)
{
    static const char *names[G_N_ELEMENTS(kinds) + 1];
    static gsize is_ready = 0;
    if (g_once_init_enter(&is_ready)) {
        for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
            names[i] = kinds[i].key;
        g_once_init_leave(&is_ready, 1);
    }
    return names;
}

FfarmFact ffarm_fact_of(const FfarmFactKind *kind, const FfarmMedia *media)
{
    FfarmFact fact = {0};
    fact.names = g_ptr_array_new();
    kind->find(media, &fact);
    return fact;
}

void ffarm_fact_clear(FfarmFact *fact)
{
    g_clear_pointer(&fact->names, g_ptr_array_unref);
    g_clear_pointer(&fact->text, g_free);
}

/* Up to three decimals, without trailing zeros. */
static char *format_number(double number)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    char *text = g_strdup(g_ascii_formatd(buffer, sizeof buffer, "%.3f", number));
    gsize length = strlen(text);
    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[length - 1] = '\0';
    return text;
}

static char *format_names(const GPtrArray *names)
{
    GString *out = g_string_new(names->len ? NULL : "none");
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(out, "%s%s", i ? ", " : "", (const char *)g_ptr_array_index(names, i));
    return g_string_free(out, FALSE);
}

char *ffarm_fact_format(const FfarmFactKind *kind, const FfarmFact *fact)
{
    if (!fact->is_known)
        return g_strdup("unknown");
    switch (kind->type) {
    case FFARM_FACT_NAMES:
        return format_names(fact->names);
    case FFARM_FACT_NUMBER:
        return format_number(fact->number);
    case FFARM_FACT_FLAG:
        return g_strdup(fact->flag ? "yes" : "no");
    default:
        return g_strdup(fact->text);
    }
}
