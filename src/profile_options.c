/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "profile_options.h"

#include <string.h>
#include "command.h"
#include "container.h"
#include "engine.h"
#include "output_options.h"
#include "recipe.h"

static void profile_options_free(gpointer data)
{
    FfarmProfileOptions *options = data;
    g_strfreev(options->input);
    g_strfreev(options->output);
    g_free(options->obstacle);
    g_free(options);
}

/* The muxer that results most likely go to; NULL: the source's, which may be any. */
static const char *likely_muxer(const FfarmProfile *profile)
{
    return profile->extension ? ffarm_container_muxer(profile->extension) : NULL;
}

/* @engine: static. */
static FfarmProfileOptions *add(GPtrArray *list, const FfarmProfile *profile, const char *engine, int depth)
{
    FfarmProfileOptions *options = g_new0(FfarmProfileOptions, 1);
    g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, engine);
    g_autoptr(FfarmProfile) filled = ffarm_recipe_fill(merged, engine, depth, likely_muxer(merged));
    options->engine = engine;
    options->depth = depth;
    options->input = g_strdupv(filled->sections[FFARM_SECTION_INPUT].words);
    options->output = ffarm_command_output_options(filled, 0);
    g_ptr_array_add(list, options);
    return options;
}

static void add_codec(GPtrArray *list, const FfarmProfile *profile, const char *engine, int depth)
{
    FfarmProfileOptions *options = add(list, profile, engine, depth);
    const FfarmEncoder *encoder = ffarm_engine_encoder(engine, profile->codec);
    options->obstacle = ffarm_recipe_obstacle(profile, engine, depth);
    options->since = encoder ? encoder->since : NULL;
    if (!options->obstacle)
        return;
    g_strfreev(options->input);
    g_strfreev(options->output);
    options->input = g_new0(char *, 1);
    options->output = g_new0(char *, 1);
}

static void add_literal(GPtrArray *list, const FfarmProfile *profile)
{
    const char *needed = ffarm_engine_of_encoder(ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0));
    if (!ffarm_profile_find_engine(profile, needed)) {
        g_autoptr(FfarmProfile) plain = ffarm_profile_for_engine(profile, NULL);
        add(list, plain, needed, 0);
    }
    for (const char *const *name = ffarm_engine_names(); *name; name++)
        if (ffarm_profile_find_engine(profile, *name))
            add(list, profile, *name, 0);
}

GPtrArray *ffarm_profile_options_list(const FfarmProfile *profile)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(profile_options_free);
    if (!profile->codec) {
        add_literal(list, profile);
        return list;
    }
    if (strcmp(profile->codec, "copy") == 0) {
        add(list, profile, "cpu", 0);
        return list;
    }
    const FfarmStream deep = {.bit_depth = 10};
    int least = ffarm_recipe_depth(profile, NULL), most = ffarm_recipe_depth(profile, &deep);
    for (const char *const *name = ffarm_engine_names(); *name; name++) {
        add_codec(list, profile, *name, least);
        if (most != least)
            add_codec(list, profile, *name, most);
    }
    return list;
}
