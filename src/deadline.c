/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "deadline.h"

struct FfarmDeadline {
    GCancellable *cancellable;
    GCancellable *parent; /* nullable */
    gulong handler;
    GAsyncQueue *stop; /* anything in it ends the clock */
    guint timeout_ms;
    int has_passed; /* atomic */
    GThread *clock;
};

static gpointer run_clock(gpointer data)
{
    FfarmDeadline *deadline = data;
    if (!g_async_queue_timeout_pop(deadline->stop, (guint64)deadline->timeout_ms * 1000)) {
        g_atomic_int_set(&deadline->has_passed, 1);
        g_cancellable_cancel(deadline->cancellable);
    }
    return NULL;
}

static void on_parent_cancelled(GCancellable *parent, gpointer user_data)
{
    g_cancellable_cancel(user_data);
}

FfarmDeadline *ffarm_deadline_new(guint timeout_ms, GCancellable *parent)
{
    FfarmDeadline *deadline = g_new0(FfarmDeadline, 1);
    deadline->cancellable = g_cancellable_new();
    deadline->stop = g_async_queue_new();
    deadline->timeout_ms = timeout_ms;
    if (parent) {
        deadline->parent = g_object_ref(parent);
        deadline->handler = g_cancellable_connect(parent, G_CALLBACK(on_parent_cancelled),
                                                  g_object_ref(deadline->cancellable), g_object_unref);
    }
    deadline->clock = g_thread_new("deadline", run_clock, deadline);
    return deadline;
}

void ffarm_deadline_free(FfarmDeadline *deadline)
{
    if (!deadline)
        return;
    g_async_queue_push(deadline->stop, deadline);
    g_thread_join(deadline->clock);
    if (deadline->parent)
        g_cancellable_disconnect(deadline->parent, deadline->handler);
    g_clear_object(&deadline->parent);
    g_object_unref(deadline->cancellable);
    g_async_queue_unref(deadline->stop);
    g_free(deadline);
}

GCancellable *ffarm_deadline_peek_cancellable(FfarmDeadline *deadline)
{
    return deadline->cancellable;
}

gboolean ffarm_deadline_has_passed(FfarmDeadline *deadline)
{
    return g_atomic_int_get(&deadline->has_passed) != 0;
}
