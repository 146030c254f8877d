/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"

G_BEGIN_DECLS

/* structure.h — private: does the file hold what its container's framing promises? libavformat forgives too much to
 * say.
 *
 * Knows ISO base media (mp4, mov), Matroska, AVI with OpenDML, and ASF, told apart by their first bytes; of others it
 * says nothing. Reads a few bytes per box, never the content. Sizes that mean "unknown", as recordings of live streams
 * have, promise nothing. */

/* Returns: in words what the file promises and does not hold, free with g_free(); NULL if it keeps its promises. */
char *structure_find_missing(AvInput *input) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
