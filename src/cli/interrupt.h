/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* interrupt.h — signals become cancelled GCancellables.
 *
 * SIGINT and SIGTERM cancel and say so on stderr; a second SIGINT ends the process at once, a second SIGTERM says that
 * the end is still being waited for. SIGHUP is the same as SIGTERM, but means nothing where there is no terminal that
 * could hang up. SIGUSR1 drains: what has begun goes on to its end. Signals are taken on a thread of their own, so they
 * are heard whatever the main thread is busy with; child processes get the default handlers.
 *
 * Threads: start and stop on the main thread, once. */

typedef struct CliInterrupt CliInterrupt;

CliInterrupt *cli_interrupt_start(void) G_GNUC_WARN_UNUSED_RESULT;
void cli_interrupt_stop(CliInterrupt *interrupt); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliInterrupt, cli_interrupt_stop)

/* Borrowed; valid until cli_interrupt_stop(). Of stopping, of draining, and of whichever comes first. */
GCancellable *cli_interrupt_cancellable(CliInterrupt *interrupt);
GCancellable *cli_interrupt_drain(CliInterrupt *interrupt);
GCancellable *cli_interrupt_either(CliInterrupt *interrupt);
/* TRUE if it is to stop; draining is not meant. */
gboolean cli_interrupt_came(CliInterrupt *interrupt);

G_END_DECLS
