/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec_clock.h"

ExecClock exec_clock(const FfarmExec *exec, GCancellable *cancellable)
{
    return (ExecClock){.exec = exec, .cancellable = cancellable, .deadline_us = exec->deadline_us};
}

void exec_clock_stop(ExecClock *clock, ExecState reason)
{
    if (clock->state != EXEC_RUNNING)
        return;
    clock->state = reason;
    clock->drain_us = g_get_monotonic_time() + FFARM_EXEC_DRAIN_MS * G_TIME_SPAN_MILLISECOND;
}

gboolean exec_clock_look(ExecClock *clock)
{
    gint64 now_us = g_get_monotonic_time();
    if (clock->exec->next_deadline_us)
        clock->deadline_us = clock->exec->next_deadline_us(clock->exec->user_data);
    if (g_cancellable_is_cancelled(clock->cancellable))
        exec_clock_stop(clock, EXEC_STOPPED_BY_CANCEL);
    else if (clock->deadline_us != 0 && now_us >= clock->deadline_us)
        exec_clock_stop(clock, EXEC_STOPPED_BY_TIME);
    return clock->state == EXEC_RUNNING || now_us < clock->drain_us;
}

gint64 exec_clock_next_us(const ExecClock *clock)
{
    return clock->state == EXEC_RUNNING ? clock->deadline_us : clock->drain_us;
}

void exec_clock_deliver(ExecClock *clock, gboolean is_stderr, const char *data, gsize length)
{
    FfarmOutputFunc deliver = is_stderr ? clock->exec->on_stderr : clock->exec->on_stdout;
    if (clock->state == EXEC_RUNNING && !deliver(data, length, clock->exec->user_data))
        exec_clock_stop(clock, EXEC_STOPPED_BY_CALLBACK);
}

gboolean exec_clock_report(const ExecClock *clock, const char *name, GError **error)
{
    switch (clock->state) {
    case EXEC_STOPPED_BY_CANCEL:
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", name);
        return FALSE;
    case EXEC_STOPPED_BY_TIME:
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT,
                    "%s: the command took too long and was stopped", name);
        return FALSE;
    case EXEC_STOPPED_BY_CALLBACK:
    case EXEC_RUNNING:
        break;
    }
    return TRUE;
}
