/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host_check.h"
#include "journal.h"
#include "runner.h"

G_BEGIN_DECLS

/* host_check_private.h — the check over a connection that is kept. Private to src/. */

/* Where what a check makes is noted before it is made, so that the next start can remove it after a crash. */
typedef struct {
    FfarmJournal *journal; /* nullable */
    const char *run_id;
} FfarmCheckNotes;

/* As ffarm_host_check(), over @runner, which is for @host; it is left open if the host can be used.
 * @notes: nullable. */
FfarmHostReport *ffarm_host_check_over(FfarmRunner *runner, const FfarmHost *host, FfarmCheckFlags flags,
                                       const char *media_folder, const FfarmCheckNotes *notes,
                                       GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
