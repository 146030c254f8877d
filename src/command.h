/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "profile.h"
#include "streams.h"

G_BEGIN_DECLS

/* command.h — media + profile + streams -> ffmpeg's argv. Pure. Threads: safe. */

typedef struct {
    const char *ffmpeg;             /* program on the host */
    const char *input;              /* path as the host knows it; goes in as file:PATH */
    const char *output;             /* likewise */
    const FfarmProfile *profile;    /* with mixins and engine applied */
    const FfarmStreamPlan *streams;
    const char *muxer;              /* -f, when the profile gives none; NULL: none */
} FfarmCommandParams;

/* Builds
 *   FFMPEG -nostdin -hide_banner -loglevel level+info -y -progress pipe:1 -nostats [input options] -i file:INPUT
 *   [output, audio, video, subtitle options] [-map, -c, -disposition of the stream plan]
 *   [-attach of cover art, as a part of INPUT] [-f MUXER] file:OUTPUT
 * The profile's words are not touched, but for one case: beside cover art that is copied along, options for all video streams
 * (-vf, -tag:v, -profile:v) are written as -filter:v:0 and so on for the films alone, since ffmpeg refuses them for a copy.
 * The profile's quality is translated for its encoder unless its options set one themselves.
 * The output is a name that ffarm just made, so -y never overwrites anything of the user's.
 * Returns: NULL-terminated argv, free with g_strfreev(). */
char **ffarm_command_build(const FfarmCommandParams *params) G_GNUC_WARN_UNUSED_RESULT;

/* The options for the result that @profile (with mixins and engine applied) holds, its quality translated among them,
 * as they stand on the line. @films: as many film streams get options of their own because pictures are beside them;
 * 0: none are. Returns: NULL-terminated words, free with g_strfreev(). */
char **ffarm_command_output_options(const FfarmProfile *profile, guint films) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
