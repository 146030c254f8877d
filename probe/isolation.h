/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* isolation.h — files of strangers are looked at by other processes.
 *
 * libavformat and libavcodec parse what anybody may have made. Left alone, the library calls them in the process of its
 * caller: simple, and a crash there is a crash here. After ffarm_probe_isolate() every ffarm_probe_file() and
 * ffarm_probe_files() of the process, and all reading of films by ffarm_farm_run(), is served by worker processes
 * instead, which get the file open for reading and have given up everything else: other files, the network, starting
 * programs, privileges, and
 * memory beyond a limit (half of the machine's, at least 1 and at most 4 GiB). What they answer is checked like any
 * other data of a stranger. A crash, a hang or hunger for memory costs one file its verdict (FFARM_PROBLEM_CRASHED,
 * FFARM_PROBLEM_TIMEOUT; for a scan an error), never the process.
 *
 * There are at most twice as many workers as processors, at most 32; each serves many files, one after the other, and
 * ends with the process that started it, even by kill -9. They are sessions of their own, so no Ctrl-C reaches them.
 * Callers wait for a free one; a probe's time begins when it has one.
 *
 * What a kernel lacks is left out (seccomp on processors other than x86_64 and aarch64, landlock before Linux 5.13).
 *
 * Threads: any, at any time; calls that are being served go on as they began. */

/* Has files looked at by worker processes from now on. Starts none yet: that is for the first file to do.
 * @argv: what to start as a worker, the program's path first: one that calls ffarm_probe_serve(). Copied. NULL: no more
 *        workers; those that wait for work end, and files are looked at in this process again.
 * Returns: FALSE with a G_IO_ERROR if there is no such program; nothing has changed then. */
gboolean ffarm_probe_isolate(const char *const *argv, GError **error);

/* Starts a worker now, and keeps it for the first file: where none can be started, no film is to blame for it.
 * Returns: FALSE with a G_IO_ERROR that says why there can be none, or with G_IO_ERROR_CANCELLED; TRUE also where no
 * workers are wanted. */
gboolean ffarm_probe_check(GCancellable *cancellable, GError **error);

/* What a worker's main() does, before anything else: serves the process behind standard input until that closes it.
 * Returns: the exit status of the process; 2 with a message on stderr when nobody is there to be served. */
int ffarm_probe_serve(void);

G_END_DECLS
