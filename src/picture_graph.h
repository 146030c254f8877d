/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "profile.h"
#include "recipe.h"

G_BEGIN_DECLS

/* picture_graph.h — the filters that a recipe lays: deinterlacing and tone mapping come before the profile's own
 * filters, even sides and the way into the device behind them. Where the profile's own lead into the device already,
 * all of the recipe's come before. Pure. Threads: safe. */

/* The value of @profile's own filter option for the film. Borrowed; NULL: it has none. */
const char *ffarm_picture_graph_find_own(const FfarmProfile *profile);

/* Makes the graph that @way needs, and notes it in @profile->laid. A filter option of the profile's own gets it in its
 * place.
 * @pix_fmt: that the encoder takes; NULL: whatever comes
 * Returns: TRUE if there is a graph that stands in no option yet. */
gboolean ffarm_picture_graph_lay(FfarmProfile *profile, const FfarmWay *way, const char *pix_fmt);

G_END_DECLS
