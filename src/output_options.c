/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output_options.h"

#include <string.h>

/* Old spellings that stand for "-c:TYPE". */
static const struct {
    const char *option;
    FfarmStreamType type;
} old_codec_options[] = {
    {"-vcodec", FFARM_STREAM_VIDEO},
    {"-acodec", FFARM_STREAM_AUDIO},
    {"-scodec", FFARM_STREAM_SUBTITLE},
    {"-dcodec", FFARM_STREAM_DATA},
};

static gboolean letter_is_type(char letter, FfarmStreamType type)
{
    switch (letter) {
    case 'v':
    case 'V':
        return type == FFARM_STREAM_VIDEO;
    case 'a':
        return type == FFARM_STREAM_AUDIO;
    case 's':
        return type == FFARM_STREAM_SUBTITLE;
    case 't':
        return type == FFARM_STREAM_ATTACHMENT;
    case 'd':
        return type == FFARM_STREAM_DATA;
    default:
        return FALSE;
    }
}

/* @specifier: "", "a", "a:1" without the leading colon. */
static gboolean specifier_fits(const char *specifier, FfarmStreamType type, guint nth)
{
    if (*specifier == '\0')
        return TRUE;
    if (!letter_is_type(*specifier, type))
        return FALSE;
    if (specifier[1] == '\0')
        return TRUE;
    guint64 number;
    return specifier[1] == ':' && g_ascii_string_to_unsigned(specifier + 2, 10, 0, G_MAXUINT, &number, NULL) &&
           number == nth;
}

static gboolean names_encoder(const char *word, FfarmStreamType type, guint nth)
{
    for (guint i = 0; i < G_N_ELEMENTS(old_codec_options); i++)
        if (strcmp(word, old_codec_options[i].option) == 0)
            return old_codec_options[i].type == type;
    const char *rest = g_str_has_prefix(word, "-codec") ? word + strlen("-codec")
                       : g_str_has_prefix(word, "-c")   ? word + strlen("-c")
                                                        : NULL;
    if (!rest || (*rest != '\0' && *rest != ':'))
        return FALSE;
    return specifier_fits(*rest ? rest + 1 : rest, type, nth);
}

const char *ffarm_output_options_encoder(const FfarmProfile *profile, FfarmStreamType type, guint nth)
{
    const char *encoder = NULL;
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        for (; words && words[0] && words[1]; words++)
            if (names_encoder(words[0], type, nth))
                encoder = words[1];
    }
    return encoder;
}

gboolean ffarm_output_options_have(const FfarmProfile *profile, const char *option)
{
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        if (words && g_strv_contains((const char *const *)words, option))
            return TRUE;
    }
    return FALSE;
}

/* The single format that the last format filter of @graph names; NULL: there is none, or a choice of several. */
static const char *format_in_graph(const char *graph)
{
    const char *found = NULL;
    for (const char *at = graph; (at = strstr(at, "format=")); at += strlen("format=")) {
        const char *name = at + strlen("format=");
        if (g_str_has_prefix(name, "pix_fmts="))
            name += strlen("pix_fmts=");
        gboolean is_filter = at == graph || strchr(", ;]", at[-1]);
        size_t length = strspn(name, G_CSET_a_2_z G_CSET_DIGITS);
        g_autofree char *word = g_strndup(name, length);
        if (is_filter && length > 0 && name[length] != '|')
            found = g_intern_string(word);
    }
    return found;
}

const char *ffarm_output_options_pix_fmt(const FfarmProfile *profile)
{
    static const char *const by_option[] = {"-pix_fmt", "-pix_fmt:v", "-pix_fmt:v:0", NULL};
    static const char *const by_filter[] = {"-vf", "-filter:v", "-filter:v:0", NULL};
    const char *option = NULL, *filter = NULL;
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        for (; words && words[0] && words[1]; words++) {
            if (g_strv_contains(by_option, words[0]))
                option = g_intern_string(words[1]);
            else if (g_strv_contains(by_filter, words[0]))
                filter = format_in_graph(words[1]);
        }
    }
    return option ? option : filter;
}

/* Streams of @type that one -map asks for: "0", "0:a", "0:s?", "0:a:1", "0:3". Returns: FALSE for what is not counted.
 */
static gboolean count_map(const char *map, const FfarmMedia *source, FfarmStreamType type, guint *count)
{
    g_autofree char *text = g_strndup(map, strcspn(map, "?"));
    if (text[0] != '0' || (text[1] && text[1] != ':'))
        return FALSE;
    const char *specifier = text[1] ? text + 2 : text + 1;
    guint64 index;
    gboolean is_index = g_ascii_string_to_unsigned(specifier, 10, 0, G_MAXUINT, &index, NULL);
    gboolean is_kind = *specifier == '\0' || (strchr("vasd", *specifier) && (!specifier[1] || specifier[1] == ':'));
    if (!is_index && !is_kind && *specifier != 't')
        return FALSE;
    guint nth = 0;
    for (guint i = 0; i < source->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(source->streams, i);
        if (stream->type != type)
            continue;
        *count += is_index ? i == index : specifier_fits(specifier, type, nth);
        nth++;
    }
    return TRUE;
}

guint ffarm_output_options_count_mapped(const FfarmProfile *profile, const FfarmMedia *source, FfarmStreamType type)
{
    static const char *const disabled[] = {[FFARM_STREAM_VIDEO] = "-vn",
                                           [FFARM_STREAM_AUDIO] = "-an",
                                           [FFARM_STREAM_SUBTITLE] = "-sn",
                                           [FFARM_STREAM_DATA] = "-dn"};
    guint count = 0;
    if (disabled[type] && ffarm_output_options_have(profile, disabled[type]))
        return 0;
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        for (; words && words[0] && words[1]; words++)
            if (strcmp(words[0], "-map") == 0 && !count_map(words[1], source, type, &count))
                return 0;
    }
    return count;
}

/* @word without a video specifier, or NULL if it is about other streams: "-b:v" -> "-b", "-b:a" -> NULL. */
static char *video_option(const char *word)
{
    const char *colon = strchr(word, ':');
    if (!colon)
        return g_strdup(word);
    return letter_is_type(colon[1], FFARM_STREAM_VIDEO) ? g_strndup(word, (gsize)(colon - word)) : NULL;
}

gboolean ffarm_output_options_have_quality(const FfarmProfile *profile)
{
    static const char *const options[] = {
        "-crf", "-cq", "-qp", "-q", "-qscale", "-global_quality", "-b", "-vb", "-qp_i", "-qp_p", "-qvbr_quality_level",
        NULL};
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++) {
        for (char **words = profile->sections[section].words; words && *words; words++) {
            g_autofree char *option = video_option(*words);
            if (option && g_strv_contains(options, option))
                return TRUE;
        }
    }
    return FALSE;
}
