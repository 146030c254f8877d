/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "journal.h"
#include "settings.h"

G_BEGIN_DECLS

/* recovery.h — what runs that were broken off have left half-done: replacements are finished or undone, encodes that
 * still run are ended, temporaries on this machine and on hosts are removed. Only what the journal says is ours, by
 * exact names that nobody could guess.
 *
 * Threads: any; several processes may recover at once, each run is taken by one. */

/* Called on the calling thread with a line in words. */
typedef void (*FfarmRecoveryFunc)(const char *message, gboolean is_warning, gpointer user_data);

/* Recovers every run that is over or whose process is gone, before anything else is done; quick when there is nothing.
 * Hosts are found by cluster and name in @settings, and asked all at once for 20 s at most; what can't be reached stays
 * in the journal for the next time, and that is said. May be broken off at any point, and called again.
 * @on_message: nullable. @journal: NULL does nothing.
 * Returns: FALSE with @error if the journal can't be used, or with G_IO_ERROR_CANCELLED. */
gboolean ffarm_recovery_run(FfarmJournal *journal, const FfarmSettings *settings, FfarmRecoveryFunc on_message,
                            gpointer user_data, GCancellable *cancellable, GError **error);

G_END_DECLS
