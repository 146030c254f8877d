/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interrupt.h"

#include <glib-unix.h>
#include <signal.h>

#include "term.h"

struct CliInterrupt {
    GCancellable *cancellable;
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    guint count; /* signals so far; thread only */
};

static gboolean on_signal(gpointer data)
{
    CliInterrupt *interrupt = data;
    if (interrupt->count++ == 0) {
        cli_warn("interrupted: stopping encodes and removing temporary files");
        g_cancellable_cancel(interrupt->cancellable);
    } else {
        cli_warn("still stopping: waiting for hosts to end their encodes");
    }
    return G_SOURCE_CONTINUE;
}

static gpointer listen_for_signals(gpointer data)
{
    CliInterrupt *interrupt = data;
    g_main_context_push_thread_default(interrupt->context);
    g_main_loop_run(interrupt->loop);
    g_main_context_pop_thread_default(interrupt->context);
    return NULL;
}

CliInterrupt *cli_interrupt_start(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    CliInterrupt *interrupt = g_new0(CliInterrupt, 1);
    interrupt->cancellable = g_cancellable_new();
    interrupt->context = g_main_context_new();
    interrupt->loop = g_main_loop_new(interrupt->context, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        struct sigaction action;
        /* Who ignores SIGHUP for us (nohup) means it. SIGINT comes ignored to every background job of a script, which does not
         * mean that the script can't stop it. */
        if (signals[i] == SIGHUP && sigaction(signals[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            continue;
        g_autoptr(GSource) source = g_unix_signal_source_new(signals[i]);
        g_source_set_callback(source, on_signal, interrupt, NULL);
        g_source_attach(source, interrupt->context);
    }
    interrupt->thread = g_thread_new("signals", listen_for_signals, interrupt);
    return interrupt;
}

static gboolean quit_loop(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

void cli_interrupt_stop(CliInterrupt *interrupt)
{
    if (!interrupt)
        return;
    /* As a source and not by a plain call: the thread may not have begun to run its loop yet. */
    g_autoptr(GSource) quit = g_idle_source_new();
    g_source_set_callback(quit, quit_loop, interrupt->loop, NULL);
    g_source_attach(quit, interrupt->context);
    g_thread_join(interrupt->thread);
    g_main_loop_unref(interrupt->loop);
    g_main_context_unref(interrupt->context);
    g_object_unref(interrupt->cancellable);
    g_free(interrupt);
}

GCancellable *cli_interrupt_cancellable(CliInterrupt *interrupt)
{
    return interrupt->cancellable;
}

gboolean cli_interrupt_came(CliInterrupt *interrupt)
{
    return g_cancellable_is_cancelled(interrupt->cancellable);
}
