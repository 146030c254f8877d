/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* child.h — helper programs (ssh, ssh-agent) that end when this process does, even by kill -9. Private to remote/.
 *
 * The kernel ends a child with the thread that forked it, so one thread that never ends forks them all.
 *
 * Threads: safe. */

/* Starts @argv in a session of its own (program searched in PATH) with @environment (nullable: ours) and these
 * descriptors, which stay the caller's; -1 stands for /dev/null. Other descriptors aren't inherited. Returns: FALSE
 * with a G_SPAWN_ERROR when it can't be started. */
gboolean child_spawn(const char *const *argv, const char *const *environment, int stdin_fd, int stdout_fd,
                     int stderr_fd, GPid *pid, GError **error);

/* write(), but a pipe that nobody reads any more gives EPIPE and no SIGPIPE: what the process does on that signal is
 * not a library's to change. */
gssize child_write(int fd, gconstpointer data, gsize length);

/* Sends SIGTERM, half a second later SIGKILL, and reaps. @pid: <= 0 is legal. Returns: the wait status, -1 if unknown.
 */
int child_end(GPid pid);

/* Waits for the end until @deadline_us (0 = none) or the cancellation. Returns: FALSE when it is still running. */
gboolean child_wait(GPid pid, gint64 deadline_us, GCancellable *cancellable, int *status);

/* Runs @argv to its end with empty stdin and collects at most @max_bytes of its output and of its errors.
 * @output, @errors: new strings, free with g_free(). @exit_status: 128+N for death by signal N.
 * Returns: FALSE with @error when it couldn't be started (G_SPAWN_ERROR), took too long (G_IO_ERROR_TIMED_OUT) or was
 * cancelled (G_IO_ERROR_CANCELLED); it is gone then. */
gboolean child_ask(const char *const *argv, const char *const *environment, gsize max_bytes, gint64 deadline_us,
                   GCancellable *cancellable, char **output, char **errors, int *exit_status, GError **error);

G_END_DECLS
