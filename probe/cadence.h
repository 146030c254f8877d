/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* cadence.h — private: are frames evenly spaced? Pure.
 *
 * The timestamps are sorted, and the distance over two frames is compared with the median of those distances. Over two
 * frames film shown as 2:3 fields (soft telecine) is even, and so are field pairs; a section of it among true
 * video differs by a fifth. A pair is uneven if it is off by more than a quarter, and by more than two ticks of the
 * time base, as a container that counts in milliseconds rounds 33.37 to 33 or 34. Frames vary if more than one pair in
 * twenty-five is uneven, and at least three are: a dropped frame here and there is no variable rate. */

/* @timestamps: in ticks of the time base, any order; sorted here.
 * Returns: FALSE also where there are too few to say (fewer than 8). */
gboolean cadence_is_variable(gint64 *timestamps, guint n_timestamps);

G_END_DECLS
