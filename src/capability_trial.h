/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "abilities.h"
#include "capability_machine.h"
#include "capability_recipe.h"
#include "journal.h"
#include "runner.h"

G_BEGIN_DECLS

/* capability_trial.h — one trial encode on a host, and what came of it. Private to src/. Threads: one at a time for
 * each runner. Errors: G_IO_ERROR_CANCELLED only. */

typedef struct {
    FfarmRunner *runner;
    const FfarmMachine *machine; /* that the runner leads to */
    const char *ffmpeg_here;     /* this machine's, which compares the pictures */
    FfarmJournal *journal;       /* nullable */
    const char *run_id;          /* that temporary files are noted for; NULL: they are not */
    guint pause_ms;              /* before a device that is in use is tried again; 0: 1 s, 2 s, 4 s */
    char *gone;                  /* why nothing more can be asked; NULL: it can. Owned */
    GCancellable *cancellable;
} FfarmBench;

/* Tries @recipe in @row's depth, and sets the rest of @row. A connection that was lost is taken up again once.
 * @device: the one to try; NULL: the engine's own, or one render node after the other until one does it. */
gboolean ffarm_bench_try(FfarmBench *bench, const FfarmRecipe *recipe, const char *device, FfarmCapability *row,
                         GError **error);

G_END_DECLS
