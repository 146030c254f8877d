/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"
#include "system.h"

G_BEGIN_DECLS

/* leased_run.h — one command under a lease over a connection of any kind. Private to remote/.
 *
 * Threads: that of the connection. */

/* As ffarm_runner_run(). @host_name begins every message. */
gboolean leased_run(const FfarmRunnerKind *kind, gpointer connection, const System *system, const char *host_name,
                    const FfarmCommand *command, FfarmExit *result, GCancellable *cancellable, GError **error);

G_END_DECLS
