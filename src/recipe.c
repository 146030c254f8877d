/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe.h"

#include <string.h>
#include "decode_setup.h"
#include "engine.h"
#include "hdr_policy.h"
#include "output_options.h"
#include "picture_graph.h"

static gboolean is_copy(const FfarmProfile *profile)
{
    return g_strcmp0(profile->codec, "copy") == 0;
}

int ffarm_recipe_depth(const FfarmProfile *profile, const FfarmStream *video)
{
    if (g_strcmp0(profile->bit_depth, "8") == 0 || g_strcmp0(profile->bit_depth, "10") == 0)
        return strcmp(profile->bit_depth, "10") == 0 ? 10 : 8;
    if (!video || g_strcmp0(profile->codec, "h264") == 0 || ffarm_hdr_is_tone_mapped(profile, video))
        return 8;
    return video->bit_depth > 8 || video->hdr != FFARM_HDR_NONE ? 10 : 8;
}

/* The encoder that @profile's video options name themselves. */
static const char *own_encoder(const FfarmProfile *profile)
{
    return ffarm_profile_peek_option(profile, FFARM_SECTION_VIDEO, "-c:v");
}

char *ffarm_recipe_obstacle(const FfarmProfile *profile, const char *engine, int depth)
{
    g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, engine);
    const FfarmEncoder *encoder = ffarm_engine_encoder(engine, profile->codec);
    if (is_copy(profile) || own_encoder(merged))
        return NULL;
    if (!encoder)
        return g_strdup_printf("%s has no encoder for %s", engine, profile->codec);
    if (!encoder->pix_fmt[depth > 8] && !ffarm_output_options_pix_fmt(merged))
        return g_strdup_printf("%s is not known to encode %s with %d bits", engine, profile->codec, depth);
    return NULL;
}

static gboolean has_any(const FfarmProfile *profile, FfarmSection from, FfarmSection to, const char *const *options)
{
    for (int section = (int)from; section <= (int)to; section++)
        for (char **words = profile->sections[section].words; words && *words; words++)
            if (g_strv_contains(options, *words))
                return TRUE;
    return FALSE;
}

static const char *const graph_options[] = {"-filter_complex", "-lavfi", "-filter_complex_script", NULL};

gboolean ffarm_recipe_has_own_decoding(const FfarmProfile *profile)
{
    static const char *const options[] = {"-hwaccel", "-hwaccel_output_format", "-c:v", "-vcodec", "-codec:v",
                                          "-c:v:0",   "-noautorotate",          "-c",   NULL};
    return has_any(profile, FFARM_SECTION_INPUT, FFARM_SECTION_INPUT, options) ||
           has_any(profile, FFARM_SECTION_OUTPUT, FFARM_SECTION_SUBTITLE, graph_options);
}

/* For anything but sound, subtitles and data. */
static gboolean names_decoder(const char *word)
{
    static const char *const options[] = {"-hwaccel", "-vcodec", "-c", "-codec", NULL};
    if (g_strv_contains(options, word))
        return TRUE;
    const char *specifier = g_str_has_prefix(word, "-c:")       ? word + strlen("-c:")
                            : g_str_has_prefix(word, "-codec:") ? word + strlen("-codec:")
                                                                : NULL;
    return specifier && !strchr("asdt", *specifier);
}

gboolean ffarm_recipe_hides_damage(const FfarmProfile *profile)
{
    const char *encoder = profile ? ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0) : NULL;
    char **words = profile ? profile->sections[FFARM_SECTION_INPUT].words : NULL;
    if (g_strcmp0(encoder, "copy") == 0)
        return FALSE;
    for (; words && *words; words++)
        if (names_decoder(*words))
            return TRUE;
    return FALSE;
}

gboolean ffarm_recipe_has_own_picture(const FfarmProfile *profile)
{
    static const char *const options[] = {"-pix_fmt", "-pix_fmt:v", "-s", "-s:v", "-aspect", "-filter_script:v", NULL};
    return ffarm_picture_graph_find_own(profile) || ffarm_output_options_pix_fmt(profile) ||
           has_any(profile, FFARM_SECTION_OUTPUT, FFARM_SECTION_SUBTITLE, options) ||
           has_any(profile, FFARM_SECTION_OUTPUT, FFARM_SECTION_SUBTITLE, graph_options);
}

static void add_words(GPtrArray *words, const char *text)
{
    g_auto(GStrv) split = g_strsplit(text ? text : "", " ", -1);
    for (char **word = split; *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
}

static void add_pair(GPtrArray *words, const char *option, const char *value)
{
    g_ptr_array_add(words, g_strdup(option));
    g_ptr_array_add(words, g_strdup(value));
}

/* Lays @words (taken over) under a section of @profile, whatever form that was written in. */
static void lay_under(FfarmProfile *profile, FfarmSection section, GPtrArray *words)
{
    FfarmOptions *own = &profile->sections[section];
    g_ptr_array_add(words, NULL);
    FfarmOptions under = {TRUE, TRUE, (char **)g_ptr_array_free(words, FALSE)};
    own->is_list = TRUE;
    FfarmOptions merged = ffarm_options_merge(&under, own);
    ffarm_options_clear(&under);
    ffarm_options_clear(own);
    *own = merged;
}

static const char *preset_for(const FfarmEncoder *encoder, const char *speed)
{
    guint which = g_strcmp0(speed, "fast") == 0 ? 0 : g_strcmp0(speed, "best") == 0 ? 2 : 1;
    return encoder->presets[which];
}

/* mp4 holds HEVC under two names, and Apple's players know this one only. */
static gboolean needs_tag(const char *codec, const char *muxer)
{
    static const char *const muxers[] = {"mp4", "mov", NULL};
    return strcmp(codec, "hevc") == 0 && muxer && g_strv_contains(muxers, muxer);
}

/* The graph of filters is the profile's own affair where that goes over several streams. */
static void lay_graph(FfarmProfile *profile, GPtrArray *words, const FfarmWay *way, const char *pix_fmt)
{
    if (has_any(profile, FFARM_SECTION_OUTPUT, FFARM_SECTION_SUBTITLE, graph_options))
        return;
    if (ffarm_picture_graph_lay(profile, way, pix_fmt))
        add_pair(words, "-vf", profile->laid.graph);
}

static GPtrArray *video_words(FfarmProfile *profile, const FfarmWay *way, const FfarmEncoder *encoder,
                              const char *muxer)
{
    GPtrArray *words = g_ptr_array_new();
    const char *own = own_encoder(profile), *pix_fmt = encoder->pix_fmt[way->depth > 8];
    gboolean is_tables = !own || strcmp(own, encoder->name) == 0;
    add_pair(words, "-c:v", encoder->name);
    if (is_tables) {
        add_words(words, preset_for(encoder, profile->speed));
        add_words(words, encoder->extra);
        if (way->depth > 8 && encoder->profile_10)
            add_pair(words, "-profile:v", encoder->profile_10);
    }
    if (way->node && strcmp(way->engine, "cuda") == 0)
        add_pair(words, "-gpu", way->node);
    lay_graph(profile, words, way, pix_fmt);
    if (way->stays)
        profile->laid.pix_fmt = pix_fmt;
    else if (pix_fmt && !ffarm_engine_find(way->engine)->upload)
        add_pair(words, "-pix_fmt", pix_fmt);
    if (profile->laid.tone_maps)
        add_words(words, "-color_primaries bt709 -color_trc bt709 -colorspace bt709");
    if (needs_tag(profile->codec, muxer))
        add_pair(words, "-tag:v", "hvc1");
    return words;
}

/* Sound of which nothing is said stays as it is, instead of becoming what ffmpeg thinks fit for the container. */
void ffarm_recipe_keep_sound(FfarmProfile *profile)
{
    if (profile->sections[FFARM_SECTION_AUDIO].words[0] ||
        ffarm_output_options_encoder(profile, FFARM_STREAM_AUDIO, 0) || ffarm_output_options_have(profile, "-an"))
        return;
    GPtrArray *words = g_ptr_array_new();
    add_pair(words, "-c:a", "copy");
    lay_under(profile, FFARM_SECTION_AUDIO, words);
}

/* Options that open devices and have them decode. Who names a device answers for it. */
static GPtrArray *input_words(const FfarmProfile *profile, const FfarmWay *way)
{
    static const char *const options[] = {"-init_hw_device", "-vaapi_device", "-qsv_device", "-filter_hw_device", NULL};
    GPtrArray *words = g_ptr_array_new();
    gboolean is_other = way->decoder && strcmp(way->decoder, way->engine) != 0;
    const FfarmDecodeDevice device = {is_other ? way->decoder : way->engine, is_other ? way->decoder_node : way->node,
                                      way->os};
    if (!has_any(profile, FFARM_SECTION_INPUT, FFARM_SECTION_INPUT, options)) {
        g_autofree char **opening = ffarm_decode_setup_device(&device);
        for (char **word = opening; *word; word++)
            g_ptr_array_add(words, *word);
    }
    if (way->decoder && way->traits && way->traits->video) {
        g_autofree char **decoding = ffarm_decode_setup_options(&device, way->traits->video, way->stays);
        for (char **word = decoding; *word; word++)
            g_ptr_array_add(words, *word);
    }
    return words;
}

static void fill_video(FfarmProfile *profile, const FfarmWay *way, const char *muxer)
{
    const FfarmEncoder *encoder = ffarm_engine_encoder(way->engine, profile->codec);
    if (encoder)
        lay_under(profile, FFARM_SECTION_VIDEO, video_words(profile, way, encoder, muxer));
    lay_under(profile, FFARM_SECTION_INPUT, input_words(profile, way));
    if (!profile->quality)
        profile->quality = g_strdup("medium");
}

FfarmProfile *ffarm_recipe_fill_way(const FfarmProfile *profile, const FfarmWay *way, const char *muxer)
{
    FfarmProfile *filled = ffarm_profile_copy(profile);
    if (!profile->codec)
        return filled;
    ffarm_recipe_keep_sound(filled);
    if (is_copy(profile)) {
        GPtrArray *words = g_ptr_array_new();
        add_pair(words, "-c:v", "copy");
        lay_under(filled, FFARM_SECTION_VIDEO, words);
    } else {
        fill_video(filled, way, muxer);
    }
    return filled;
}

FfarmProfile *ffarm_recipe_fill(const FfarmProfile *profile, const char *engine, int depth, const char *muxer)
{
    const FfarmWay way = {.engine = engine, .depth = depth};
    return ffarm_recipe_fill_way(profile, &way, muxer);
}
