/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* filter_graph.h — what stands in a graph of ffmpeg's filters. A name counts only where a filter's name stands: the
 * same word in a file's name means nothing. Pure. Threads: safe. */

/* The filters of @graph, each with its arguments and without labels: "scale=2:2", "yadif@id". Returns: new array. */
char **ffarm_filter_graph_split(const char *graph) G_GNUC_WARN_UNUSED_RESULT;

/* The name of @filter, as given by the above: "yadif". Returns: new string. */
char *ffarm_filter_graph_name(const char *filter) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE if @graph has any of @names. */
gboolean ffarm_filter_graph_has(const char *graph, const char *const *names);

G_END_DECLS
