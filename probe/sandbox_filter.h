/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* sandbox_filter.h — private: the system calls that are left to a process that reads one file by its descriptor.
 *
 * Left: to read, to seek, to talk over sockets that are open already, memory that can't be executed, threads, time, to
 * end. Everything else fails with EPERM: opening anything, sockets, programs, processes, signals to others.
 *
 * Threads: safe. */

/* Returns: FALSE if this kernel or this kind of processor has no such filter. Needs "no new privileges". */
gboolean sandbox_filter_install(void);

G_END_DECLS
