/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"

G_BEGIN_DECLS

/* exec_clock.h — when a command on its way has to be stopped, and when to let go of it: the same for every kind that
 * runs one. Private to remote/.
 *
 * Threads: one at a time. */

typedef enum {
    EXEC_RUNNING,
    EXEC_STOPPED_BY_CALLBACK,
    EXEC_STOPPED_BY_CANCEL,
    EXEC_STOPPED_BY_TIME,
} ExecState;

typedef struct {
    const FfarmExec *exec;
    GCancellable *cancellable; /* nullable */
    gint64 deadline_us;        /* 0 = none */
    gint64 drain_us;           /* end of patience once stopped */
    ExecState state;
} ExecClock;

ExecClock exec_clock(const FfarmExec *exec, GCancellable *cancellable);

/* The first reason to stop counts. */
void exec_clock_stop(ExecClock *clock, ExecState reason);

/* Stops the clock if it is time for it. Returns: FALSE when it is time to let go. */
gboolean exec_clock_look(ExecClock *clock);

/* When to look again; 0 = no need. */
gint64 exec_clock_next_us(const ExecClock *clock);

/* Hands output on while the command is wanted. */
void exec_clock_deliver(ExecClock *clock, gboolean is_stderr, const char *data, gsize length);

/* The verdict. @name: the host's. Returns: FALSE with @error when it was cancelled or took too long. */
gboolean exec_clock_report(const ExecClock *clock, const char *name, GError **error);

G_END_DECLS
