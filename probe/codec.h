/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* codec.h — private: what an encoder makes, and what a pixel format is, by the names that ffmpeg's options have for
 * them.
 *
 * Threads: safe. */

/* The codec that @encoder makes: "hevc" of "libx265", "h264" of "h264_nvenc", whether or not it is compiled in here.
 * Returns: static string; NULL if nobody knows. */
const char *ffarm_codec_of_encoder(const char *encoder);

/* TRUE if pictures in format @got have the depth and the chroma subsampling of @asked, as p010le and yuv420p10le have;
 * also if either is no format of pictures in main memory ("cuda", NULL), so that nothing can be said. */
gboolean ffarm_pix_fmt_is_like(const char *got, const char *asked);

/* TRUE if pictures in format @a have colour for more points than those in @b, as yuv422p has more than yuv420p; FALSE
 * if that is not known of either. */
gboolean ffarm_pix_fmt_has_more_colour(const char *a, const char *b);

/* Returns: bits of a component of pictures in format @name; 0 if that is not known (NULL, "cuda"). */
int ffarm_pix_fmt_depth(const char *name);

G_END_DECLS
