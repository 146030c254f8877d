/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* deadline.h — a GCancellable that fires after some time: puts one limit on a row of calls that each have limits of
 * their own.
 *
 * Threads: owned by one thread; the cancellable may be used from any. Keeps a thread of its own while it lives. */

typedef struct FfarmDeadline FfarmDeadline;

/* Starts the clock: the deadline's cancellable fires @timeout_ms from now, or when @parent (nullable) does.
 * Returns: new deadline, free with ffarm_deadline_free(). */
FfarmDeadline *ffarm_deadline_new(guint timeout_ms, GCancellable *parent) G_GNUC_WARN_UNUSED_RESULT;
/* Stops the clock. NULL is legal. */
void ffarm_deadline_free(FfarmDeadline *deadline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmDeadline, ffarm_deadline_free)

/* Borrowed. */
GCancellable *ffarm_deadline_peek_cancellable(FfarmDeadline *deadline);

/* TRUE if time ran out (and it was not the parent that fired): what failed with G_IO_ERROR_CANCELLED was too slow. */
gboolean ffarm_deadline_has_passed(FfarmDeadline *deadline);

G_END_DECLS
