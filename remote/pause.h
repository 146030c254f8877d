/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* pause.h — waiting before something is tried again. Private to remote/. Threads: safe. */

/* Waits until @until_us (of g_get_monotonic_time()). Returns: FALSE when cancelled before. @cancellable: nullable. */
gboolean pause_until(gint64 until_us, GCancellable *cancellable);

/* A wait between half and one and a half times @wait_ms: those who failed together shan't come back together.
 * Returns: its end. */
gint64 pause_random_end_us(guint wait_ms);

G_END_DECLS
