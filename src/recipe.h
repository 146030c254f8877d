/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "host.h"
#include "media.h"
#include "profile.h"
#include "source_traits.h"

G_BEGIN_DECLS

/* recipe.h — what a profile with a codec becomes: literal options for ffmpeg on one engine. Pure. Threads: safe. */

/* Bits with which @profile encodes a source of @video (NULL: none): 8 or 10. */
int ffarm_recipe_depth(const FfarmProfile *profile, const FfarmStream *video);

/* Why @engine can't encode as @profile, which has a codec, asks with @depth bits.
 * Returns: new string that begins with the engine's name; NULL if it can. */
char *ffarm_recipe_obstacle(const FfarmProfile *profile, const char *engine, int depth) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE if @profile (with the engine applied) says itself who decodes, or has a graph over several streams: ffmpeg then
 * decodes as it says. */
gboolean ffarm_recipe_has_own_decoding(const FfarmProfile *profile);

/* TRUE if @profile, as it is run, has the picture decoded by what conceals damage without a word: hardware does, and a
 * decoder that is called by name may. NULL is legal. */
gboolean ffarm_recipe_hides_damage(const FfarmProfile *profile);
/* TRUE if it filters the picture, or says its format, itself. */
gboolean ffarm_recipe_has_own_picture(const FfarmProfile *profile);

/* One way to carry a profile out. */
typedef struct {
    const char *engine;       /* that encodes */
    const char *node;         /* its render node, or number for cuda; NULL: the engine's first */
    const char *decoder;      /* engine that decodes; NULL: ffmpeg itself, on the CPU */
    const char *decoder_node; /* where that is another engine; nullable */
    gboolean stays;           /* frames do not leave the device between the two */
    FfarmOs os;               /* of the host; UNKNOWN: options that only one system has are left out */
    int depth;
    const FfarmTraits *traits; /* NULL: a picture that needs nothing */
} FfarmWay;

/* Lays the options that @profile's codec needs under what @profile says itself, option by option; filters are joined:
 * what the source needs first, the profile's own, what the encoder needs last. An encoder that the profile names for
 * the engine keeps only what any encoder of the codec takes.
 * @profile: with mixins and engine applied; without a codec nothing is added
 * @muxer: nullable: unknown
 * Returns: new profile, named as @profile. */
FfarmProfile *ffarm_recipe_fill_way(const FfarmProfile *profile, const FfarmWay *way,
                                    const char *muxer) G_GNUC_WARN_UNUSED_RESULT;
/* The same where the CPU decodes a picture that needs nothing, on a host of which nothing is known. */
FfarmProfile *ffarm_recipe_fill(const FfarmProfile *profile, const char *engine, int depth,
                                const char *muxer) G_GNUC_WARN_UNUSED_RESULT;

/* Has @profile, which nobody shares yet, copy the sound, if it says nothing of it: so it is with a codec. */
void ffarm_recipe_keep_sound(FfarmProfile *profile);

G_END_DECLS
