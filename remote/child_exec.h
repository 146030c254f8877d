/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "child.h"
#include "runner_private.h"

G_BEGIN_DECLS

/* child_exec.h — a command line that a child process of ours runs or hands on: the exec() of the kinds that are not
 * libssh2. Private to remote/.
 *
 * Threads: safe. */

/* As the exec() of runner_private.h, with @argv as the program that gets the beats and whose outputs are read.
 * @name: the host's; begins every message. @status: 128+N for death by signal N, -1 if unknown. */
gboolean child_exec(const char *name, const char *const *argv, const FfarmExec *exec, int *status,
                    GCancellable *cancellable, GError **error);

G_END_DECLS
