/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "host.h"
#include "media.h"
#include "profile.h"

G_BEGIN_DECLS

/* recipe.h — what a profile with a codec becomes: literal options for ffmpeg on one engine. Pure. Threads: safe. */

/* Bits with which @profile encodes a source of @video (NULL: none): 8 or 10. */
int ffarm_recipe_depth(const FfarmProfile *profile, const FfarmStream *video);

/* Why @engine can't encode as @profile, which has a codec, asks with @depth bits.
 * Returns: new string that begins with the engine's name; NULL if it can. */
char *ffarm_recipe_obstacle(const FfarmProfile *profile, const char *engine, int depth) G_GNUC_WARN_UNUSED_RESULT;

/* The first of @host's engines that can encode as @profile, which has a codec, asks; where the host lists none, the
 * CPU.
 * @passed_over: set to a new string that says why those before it can't; NULL if there are none.
 * Returns: static string; NULL if no engine can. */
const char *ffarm_recipe_engine(const FfarmProfile *profile, const FfarmHost *host, int depth, char **passed_over);

/* Lays the options that @profile's codec needs under what @profile says itself, option by option. An encoder that it
 * names for the engine keeps only what any encoder of the codec takes.
 * @profile: with mixins and engine applied; without a codec nothing is added
 * @muxer: nullable: unknown
 * Returns: new profile, named as @profile. */
FfarmProfile *ffarm_recipe_fill(const FfarmProfile *profile, const char *engine, int depth,
                                const char *muxer) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
