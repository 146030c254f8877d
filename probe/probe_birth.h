/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* probe_birth.h — private: starts worker processes that end with this one.
 *
 * The kernel ends a child with the thread that started it, so one thread that never ends starts them all.
 *
 * Threads: safe. */

/* Starts @argv in a session of its own, with one end of a socket pair as standard input and nothing else of ours.
 * @socket: set to our end.
 * Returns: its process id; -1 with a G_IO_ERROR that names the program. */
pid_t probe_birth(const char *const *argv, int *socket, GError **error);

G_END_DECLS
