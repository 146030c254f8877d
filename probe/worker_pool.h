/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "probe_worker.h"

G_BEGIN_DECLS

/* worker_pool.h — private: the worker processes that this process has, at most WORKER_POOL_MOST.
 *
 * A worker serves one file after the other. After WORKER_POOL_FILES it ends, so that what a library leaks stays small;
 * after a failure another takes its place.
 *
 * Threads: safe. */

#define WORKER_POOL_MOST 32
#define WORKER_POOL_FILES 200

/* Whether files are to be looked at by workers. */
gboolean worker_pool_is_on(void);

/* Workers are started as @argv from now on, each when it is first needed. NULL: no more workers. */
void worker_pool_set(const char *const *argv);

/* Has a worker started, if none waits for work. Returns: FALSE with a G_IO_ERROR. */
gboolean worker_pool_try(GCancellable *cancellable, GError **error);

/* Has a worker carry out @order, when one is free. A worker that has served other files before and fails gets no blame
 * for this one: it is done again by a fresh one.
 * @words: set with PROBE_WORKER_FAILED; free with g_free() */
ProbeWorkerOutcome worker_pool_ask(const ProbeOrder *order, char **words);

G_END_DECLS
