/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interrupt.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "exit_code.h"
#include "term.h"

struct CliInterrupt {
    GCancellable *cancellable, *drain, *either;
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    gboolean was_told; /* to stop; thread only */
};

static gboolean on_stop(CliInterrupt *interrupt)
{
    if (interrupt->was_told)
        return FALSE;
    interrupt->was_told = TRUE;
    g_cancellable_cancel(interrupt->cancellable);
    g_cancellable_cancel(interrupt->either);
    return TRUE;
}

static gboolean on_sigint(gpointer data)
{
    if (on_stop(data)) {
        cli_warn("interrupted: stopping encodes and removing temporary files; once more leaves at once");
        return G_SOURCE_CONTINUE;
    }
    cli_warn("left at once: encodes end by themselves within seconds, temporary files may be left");
    _exit(CLI_EXIT_INTERRUPTED);
}

static gboolean on_sigterm(gpointer data)
{
    if (on_stop(data))
        cli_warn("interrupted: stopping encodes and removing temporary files");
    else
        cli_warn("still stopping: waiting for hosts to end their encodes");
    return G_SOURCE_CONTINUE;
}

static gboolean on_detached_hangup(gpointer data)
{
    cli_warn("a hangup without a terminal means nothing: going on");
    return G_SOURCE_CONTINUE;
}

static gboolean on_drain(gpointer data)
{
    CliInterrupt *interrupt = data;
    g_cancellable_cancel(interrupt->drain);
    g_cancellable_cancel(interrupt->either);
    return G_SOURCE_CONTINUE;
}

/* Asked at the start: when the hangup comes the terminal is gone. */
static gboolean has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return FALSE;
    close(fd);
    return TRUE;
}

static gboolean is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static gpointer listen_for_signals(gpointer data)
{
    CliInterrupt *interrupt = data;
    g_main_context_push_thread_default(interrupt->context);
    g_main_loop_run(interrupt->loop);
    g_main_context_pop_thread_default(interrupt->context);
    return NULL;
}

static void listen_for(CliInterrupt *interrupt, int number, GSourceFunc callback)
{
    g_autoptr(GSource) source = g_unix_signal_source_new(number);
    g_source_set_callback(source, callback, interrupt, NULL);
    g_source_attach(source, interrupt->context);
}

CliInterrupt *cli_interrupt_start(void)
{
    CliInterrupt *interrupt = g_new0(CliInterrupt, 1);
    interrupt->cancellable = g_cancellable_new();
    interrupt->drain = g_cancellable_new();
    interrupt->either = g_cancellable_new();
    interrupt->context = g_main_context_new();
    interrupt->loop = g_main_loop_new(interrupt->context, FALSE);
    listen_for(interrupt, SIGINT, on_sigint);
    listen_for(interrupt, SIGTERM, on_sigterm);
    listen_for(interrupt, SIGUSR1, on_drain);
    /* Who ignores SIGHUP for us (nohup) means it. SIGINT comes ignored to every background job of a script, which does
     * not mean that the script can't stop it. */
    if (!is_ignored(SIGHUP))
        listen_for(interrupt, SIGHUP, has_terminal() ? on_sigterm : on_detached_hangup);
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
    g_object_unref(interrupt->drain);
    g_object_unref(interrupt->either);
    g_free(interrupt);
}

GCancellable *cli_interrupt_cancellable(CliInterrupt *interrupt)
{
    return interrupt->cancellable;
}

GCancellable *cli_interrupt_drain(CliInterrupt *interrupt)
{
    return interrupt->drain;
}

GCancellable *cli_interrupt_either(CliInterrupt *interrupt)
{
    return interrupt->either;
}

gboolean cli_interrupt_came(CliInterrupt *interrupt)
{
    return g_cancellable_is_cancelled(interrupt->cancellable);
}
