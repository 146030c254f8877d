/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libavcodec/codec_id.h>

G_BEGIN_DECLS

/* cue.h — private: is there anything to read in a line of a text subtitle? Pure.
 *
 * Threads: safe. */

/* TRUE if a packet of @codec holds no text once markup is taken away: what ends the line before in mp4, a line of
 * nothing but styles, or a drawing. Comments and tags count as markup in every codec, since some containers take them
 * for that. FALSE for all that is not text. */
gboolean cue_is_blank(enum AVCodecID codec, const guint8 *data, gsize size);

G_END_DECLS
