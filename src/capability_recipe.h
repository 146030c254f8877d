/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "host.h"

G_BEGIN_DECLS

/* capability_recipe.h — the trial encode of each encoder, as a table. Private to src/. Pure. Threads: safe. */

typedef struct {
    const char *engine, *codec, *encoder; /* engine NULL: the table's end */
    const char *device;                   /* options before the input; "%" stands for the render node; nullable */
    const char *options_8, *options_10;   /* what brings the picture to the encoder in 8 and 10 bits */
    const char *knob;                     /* the encoder's own options */
    const char *other_knob;               /* in their place where the device does not take those; nullable */
} FfarmRecipe;

/* All, ended by one without an engine. Static. */
const FfarmRecipe *ffarm_recipes(void);
/* Whether a render node has to be named on a host with @os. */
gboolean ffarm_recipe_needs_node(const FfarmRecipe *recipe, FfarmOs os);
/* The command that writes the film to its output.
 * @device: the engine's to take; NULL: that which it takes itself, unless a render node has to be named
 * @is_second: with the other knob
 * Returns: NULL-terminated, free with g_strfreev(). */
char **ffarm_recipe_argv(const FfarmRecipe *recipe, const char *ffmpeg, FfarmOs os, const char *device, int depth,
                         gboolean is_second) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
