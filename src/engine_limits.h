/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* engine_limits.h — what is known of an encoder beside how it is called: sizes that it takes, metadata that it passes
 * on. A table. Pure. Threads: safe. */

/* Why @encoder does not take a picture of this size. Returns: new string; NULL if it does, as far as is known. */
char *ffarm_engine_limits_size(const char *encoder, int width, int height) G_GNUC_WARN_UNUSED_RESULT;

/* A bit for each encoder that takes a picture of this size: equal for sizes that none tells apart. */
guint64 ffarm_engine_limits_takers(int width, int height);

typedef enum { FFARM_KEEPS_NO, FFARM_KEEPS_UNKNOWN, FFARM_KEEPS_YES } FfarmKeeps;

/* Whether @encoder of an ffmpeg of @version (as FfarmAbilities has it; 0: not known) passes on mastering display and
 * light level (HDR10) of what it encodes. @since: set to the first version that does, static; NULL: none, or all. */
FfarmKeeps ffarm_engine_limits_hdr10(const char *encoder, guint version, const char **since);

G_END_DECLS
