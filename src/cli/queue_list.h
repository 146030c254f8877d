/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ffarm.h"

G_BEGIN_DECLS

/* queue_list.h — lists of names (--from-file, default_queue_file): read into inputs, and kept true while the work gets
 * done.
 *
 * A name leaves its list when everything it stands for (a folder stands for many files) is finished without failure.
 *
 * Threads: one at a time. */

typedef struct CliQueueList CliQueueList;

/* @is_null: names end in NUL, not in a line break. */
CliQueueList *cli_queue_list_new(gboolean is_null) G_GNUC_WARN_UNUSED_RESULT;
void cli_queue_list_free(CliQueueList *list); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliQueueList, cli_queue_list_free)

/* Reads the list at @path ("-": standard input, which nothing is taken off) and appends what it names to @inputs, with
 * @cluster, @profile and @mixins as in ffarm_inputs_add(). May be called for several lists.
 * Errors: G_FILE_ERROR, G_IO_ERROR_CANCELLED. */
gboolean cli_queue_list_read(CliQueueList *list, const char *path, GPtrArray *inputs, const char *cluster,
                             const char *profile, const char *const *mixins, GPtrArray *warnings,
                             GCancellable *cancellable, GError **error);

/* Takes @inputs (of FfarmInput) whose lists are known already: what an earlier run left, all of whose @jobs (of
 * FfarmJobRecord) decide whether a name may be taken off. */
void cli_queue_list_adopt(CliQueueList *list, const GPtrArray *inputs, const GPtrArray *jobs);

/* The input at @position (counted from 0 in @inputs) has come to its end: finished, or @failed and to be tried again
 * another day. Positions that no list named are legal. Returns: FALSE with @error if a name could not be taken off its
 * list; said once for each list. */
gboolean cli_queue_list_settle(CliQueueList *list, guint position, gboolean failed, GError **error);

G_END_DECLS
