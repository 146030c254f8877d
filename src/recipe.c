/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe.h"

#include <string.h>
#include "engine.h"
#include "output_options.h"

static gboolean is_copy(const FfarmProfile *profile)
{
    return g_strcmp0(profile->codec, "copy") == 0;
}

int ffarm_recipe_depth(const FfarmProfile *profile, const FfarmStream *video)
{
    if (g_strcmp0(profile->bit_depth, "8") == 0 || g_strcmp0(profile->bit_depth, "10") == 0)
        return strcmp(profile->bit_depth, "10") == 0 ? 10 : 8;
    if (!video || g_strcmp0(profile->codec, "h264") == 0)
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

const char *ffarm_recipe_engine(const FfarmProfile *profile, const FfarmHost *host, int depth, char **passed_over)
{
    char cpu[] = "cpu";
    char *const only_cpu[] = {cpu, NULL};
    char *const *wanted = host->engines && !is_copy(profile) ? host->engines : only_cpu;
    const FfarmEngine *found = NULL;
    g_autoptr(GString) why = g_string_new(NULL);
    for (; *wanted && !found; wanted++) {
        g_autofree char *obstacle = ffarm_recipe_obstacle(profile, *wanted, depth);
        if (!obstacle)
            found = ffarm_engine_find(*wanted);
        else
            g_string_append_printf(why, "%s%s", why->len > 0 ? ", " : "", obstacle);
    }
    *passed_over = why->len > 0 ? g_strdup(why->str) : NULL;
    return found ? found->name : NULL;
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

static GPtrArray *video_words(const FfarmProfile *profile, const FfarmEngine *engine, const FfarmEncoder *encoder,
                              int depth, const char *muxer)
{
    GPtrArray *words = g_ptr_array_new();
    const char *own = own_encoder(profile), *pix_fmt = encoder->pix_fmt[depth > 8];
    add_pair(words, "-c:v", encoder->name);
    if (!own || strcmp(own, encoder->name) == 0) {
        add_words(words, preset_for(encoder, profile->speed));
        add_words(words, encoder->extra);
        if (depth > 8 && encoder->profile_10)
            add_pair(words, "-profile:v", encoder->profile_10);
    }
    if (pix_fmt && engine->upload) {
        g_autofree char *graph = g_strdup_printf("format=%s,%s", pix_fmt, engine->upload);
        add_pair(words, "-vf", graph);
    } else if (pix_fmt) {
        add_pair(words, "-pix_fmt", pix_fmt);
    }
    if (needs_tag(profile->codec, muxer))
        add_pair(words, "-tag:v", "hvc1");
    return words;
}

/* Sound of which nothing is said stays as it is, instead of becoming what ffmpeg thinks fit for the container. */
static void keep_sound(FfarmProfile *profile)
{
    if (profile->sections[FFARM_SECTION_AUDIO].words[0] ||
        ffarm_output_options_encoder(profile, FFARM_STREAM_AUDIO, 0) || ffarm_output_options_have(profile, "-an"))
        return;
    GPtrArray *words = g_ptr_array_new();
    add_pair(words, "-c:a", "copy");
    lay_under(profile, FFARM_SECTION_AUDIO, words);
}

static void fill_video(FfarmProfile *profile, const char *engine_name, int depth, const char *muxer)
{
    const FfarmEngine *engine = ffarm_engine_find(engine_name);
    const FfarmEncoder *encoder = ffarm_engine_encoder(engine_name, profile->codec);
    if (encoder)
        lay_under(profile, FFARM_SECTION_VIDEO, video_words(profile, engine, encoder, depth, muxer));
    if (engine->input) {
        GPtrArray *words = g_ptr_array_new();
        add_words(words, engine->input);
        lay_under(profile, FFARM_SECTION_INPUT, words);
    }
    if (!profile->quality)
        profile->quality = g_strdup("medium");
}

FfarmProfile *ffarm_recipe_fill(const FfarmProfile *profile, const char *engine, int depth, const char *muxer)
{
    FfarmProfile *filled = ffarm_profile_copy(profile);
    if (!profile->codec)
        return filled;
    keep_sound(filled);
    if (is_copy(profile)) {
        GPtrArray *words = g_ptr_array_new();
        add_pair(words, "-c:v", "copy");
        lay_under(filled, FFARM_SECTION_VIDEO, words);
    } else {
        fill_video(filled, engine, depth, muxer);
    }
    return filled;
}
