/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* interrupt.h — SIGINT, SIGTERM and SIGHUP become a cancelled GCancellable.
 *
 * The first signal cancels and says so on stderr; each further one says that the end is still being waited for, since
 * leaving at once would leave encodes and temporaries behind. Signals are taken on a thread of their own, so they are
 * heard whatever the main thread is busy with; child processes get the default handlers.
 *
 * Threads: start and stop on the main thread, once. */

typedef struct CliInterrupt CliInterrupt;

CliInterrupt *cli_interrupt_start(void) G_GNUC_WARN_UNUSED_RESULT;
void cli_interrupt_stop(CliInterrupt *interrupt); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliInterrupt, cli_interrupt_stop)

/* Borrowed; valid until cli_interrupt_stop(). */
GCancellable *cli_interrupt_cancellable(CliInterrupt *interrupt);
gboolean cli_interrupt_came(CliInterrupt *interrupt);

G_END_DECLS
