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

/* What was laid in @profile (nullable) and changes how the picture looks: filters by which the source's becomes one
 * that the result's can be compared with. Returns: new string; NULL: nothing. */
char *ffarm_picture_graph_of_source(const FfarmProfile *profile) G_GNUC_WARN_UNUSED_RESULT;

/* Adds to @notes (of char*) in words what was laid in @profile for a film with @video and changes its picture. */
void ffarm_picture_graph_tell(const FfarmProfile *profile, const FfarmStream *video, GPtrArray *notes);

G_END_DECLS
