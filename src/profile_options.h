/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "profile.h"

G_BEGIN_DECLS

/* profile_options.h — what a profile means to ffmpeg, engine by engine.
 *
 * Threads: safe; everything here is pure. */

/* One way in which a profile may be carried out. */
typedef struct {
    const char *engine; /* static */
    int depth;          /* 8 or 10 bits of the result; 0: the profile's options, or the source, decide */
    char **input;       /* options before -i; NULL-terminated, never NULL */
    char **output;      /* options for the result, without those that a film's own streams ask for; never NULL */
    char *obstacle;     /* why this engine can't do it, in words; NULL: it can, as far as is known without a host */
    const char *since;  /* the first version of ffmpeg that has the encoder; NULL: any, or not known. Static */
} FfarmProfileOptions;

/* Every way to carry out @profile: for one with a codec all engines, with 8 and with 10 bits where the source decides;
 * else the engine that its encoder needs, and each for which it has options of its own.
 * Returns: new array of FfarmProfileOptions, free with g_ptr_array_unref(). */
GPtrArray *ffarm_profile_options_list(const FfarmProfile *profile) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
