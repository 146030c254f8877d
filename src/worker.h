/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "job.h"
#include "journal.h"
#include "plan.h"
#include "progress.h"
#include "quality.h"
#include "runner.h"
#include "space.h"
#include "stopwatch.h"

G_BEGIN_DECLS

/* worker.h — one attempt at one job: there, encoded, back, verified, in its place. Blocking.
 *
 * Threads: that of the runner; the callbacks run on it. */

typedef struct {
    const FfarmPlan *plan;
    const FfarmPlanItem *item;
    const FfarmChoice *choice; /* for the runner's host */
    FfarmSpace *space;         /* of the run; NULL: room is not asked for */
    guint stall_ms;
    const char *keep_failed; /* folder for results that fail their proof; NULL: they are removed */
    guint attempt;           /* from 1; names the log, and with a nonce the temporaries */
    FfarmJournal *journal;   /* nullable: gets to know of everything that is about to be made or replaced */
    void (*on_state)(FfarmJobState state, gpointer user_data);
    void (*on_progress)(const FfarmProgress *progress, gpointer user_data);
    void (*on_transfer)(gint64 done_bytes, gint64 total_bytes, gpointer user_data);
    void (*on_message)(const char *message, gpointer user_data); /* something to tell a person now */
    gpointer user_data;
} FfarmWork;

typedef struct {
    FfarmJobState state; /* DONE, KEPT, BELOW_THRESHOLD, FAILED or CANCELLED */
    GError *error;       /* of FAILED and CANCELLED */
    char *output;        /* path of the result; DONE and KEPT */
    gint64 output_size;
    FfarmQuality quality; /* of the result, where it was measured */
    char *log;            /* file with ffmpeg's last words; nullable; FAILED */
    FfarmStopwatch watch; /* over the encode that the result is of */
    gint64 elapsed_us;
    GPtrArray *remarks; /* of char*: what a person should know besides, such as a folder that could not be removed */
} FfarmOutcome;

/* Makes the attempt on the open @runner, under temporary names of its own (JOB-ATTEMPT-NONCE in the place of JOB).
 * Whatever happens, the source is either replaced by a verified result or as it was, and temporaries are removed on
 * both sides; where the connection was lost, it is made once more for that. After a loss the runner may be closed on
 * return. Returns: new outcome, free with ffarm_outcome_free(). */
FfarmOutcome *ffarm_worker_do(FfarmRunner *runner, const FfarmWork *work,
                              GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_outcome_free(FfarmOutcome *outcome); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmOutcome, ffarm_outcome_free)

G_END_DECLS
