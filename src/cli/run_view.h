/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "args.h"
#include "ffarm.h"
#include "queue_list.h"

G_BEGIN_DECLS

/* run_view.h — a run as it is seen from outside: what happens goes to stderr as plain lines, or to stdout as JSON
 * Lines; at the end stands what became of it all. Finished files leave their lists.
 *
 * Threads: the one that runs the farm. */

typedef struct CliRunView CliRunView;

/* Everything is borrowed and must outlive the view. */
CliRunView *cli_run_view_new(const CliArgs *args, const FfarmPlan *plan, CliQueueList *lists) G_GNUC_WARN_UNUSED_RESULT;
void cli_run_view_free(CliRunView *view); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliRunView, cli_run_view_free)

/* What is known before anything starts: files that can't be encoded, and where results go when there is no
 * configuration. */
void cli_run_view_begin(CliRunView *view);
/* A FfarmEventFunc; @view is a CliRunView. */
void cli_run_view_event(const FfarmEvent *event, gpointer view);
void cli_run_view_end(CliRunView *view, const FfarmSummary *summary);

G_END_DECLS
