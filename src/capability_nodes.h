/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "capability_class.h"
#include "runner.h"

G_BEGIN_DECLS

/* capability_nodes.h — a Linux host's render nodes. Private to src/. Threads: one at a time for each runner.
 * Errors: G_IO_ERROR_CANCELLED only. */

#define FFARM_FIRST_NODE "/dev/dri/renderD128"

/* ffmpeg's words are the same for a node that is not there, one that may not be opened and one without a driver: says
 * which of the latter two is true of @node, which is there. */
gboolean ffarm_nodes_explain(FfarmRunner *runner, const char *node, FfarmCapabilityClass *class_,
                             GCancellable *cancellable, GError **error);

/* Adds the paths of the nodes in @listing, whose lines end in names of /dev/dri, to @nodes; four at most. Pure. */
void ffarm_nodes_parse(const char *listing, GPtrArray *nodes);

G_END_DECLS
