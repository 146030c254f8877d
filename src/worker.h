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
    const char *keep_failed;   /* folder for results that fail their proof; NULL: they are removed */
    guint attempt;             /* from 1; names the log, and with a nonce the temporaries */
    const GPtrArray *meetings; /* of FfarmMeeting: devices that the job met in use before; nullable */
    FfarmJournal *journal;     /* nullable: gets to know of everything that is about to be made or replaced */
    void (*on_state)(FfarmJobState state, gpointer user_data);
    void (*on_progress)(const FfarmProgress *progress, gpointer user_data);
    void (*on_transfer)(gint64 done_bytes, gint64 total_bytes, gpointer user_data);
    void (*on_message)(const char *message, gpointer user_data); /* something to tell a person now */
    /* The choice failed for @reason, and @rung, which is one of its fallbacks, is used from here on. */
    void (*on_rung)(const FfarmChoice *rung, const char *reason, gpointer user_data);
    /* An encoder failed that the choice counted on. Its words are why; nobody knows yet whether it was the film. */
    void (*on_finding)(const FfarmCapability *finding, gpointer user_data);
    /* What came of trying a decoder on the film. */
    void (*on_decoder)(const FfarmDecodeCapability *found, gpointer user_data);
    gpointer user_data;
} FfarmWork;

typedef struct {
    const FfarmChoice *choice; /* that was used last: the work's, or one of its fallbacks */
    FfarmJobState state;       /* DONE, KEPT, BELOW_THRESHOLD, FAILED or CANCELLED */
    GError *error;             /* of FAILED and CANCELLED */
    gboolean lacks_memory;     /* of FFARM_JOB_ERROR_BUSY: it was memory of the device that it could not have */
    char *output;              /* path of the result; DONE and KEPT */
    gint64 output_size;
    FfarmQuality quality; /* of the result, where it was measured */
    char *log;            /* file with ffmpeg's last words; nullable; FAILED */
    FfarmStopwatch watch; /* over the encode that the result is of */
    gint64 elapsed_us;
    GPtrArray *remarks; /* of char*: what a person should know besides, such as a folder that could not be removed */
} FfarmOutcome;

/* Makes the attempt on the open @runner, under temporary names of its own (JOB-ATTEMPT-NONCE in the place of JOB).
 * Where an engine or a decoder fails the choice's fallback takes over, with the source that is there already, each one
 * once at most; where a result is not good that happens once. A device that is in use is FFARM_JOB_ERROR_BUSY, unless
 * the meetings tell that it is the film that it does not take. Whatever happens, the source is either replaced by a
 * verified result or as it was, and temporaries are removed on both sides; where the connection was lost, it is made
 * once more for that. After a loss the runner may be closed on return. Returns: new outcome, free with
 * ffarm_outcome_free(). */
FfarmOutcome *ffarm_worker_do(FfarmRunner *runner, const FfarmWork *work,
                              GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_outcome_free(FfarmOutcome *outcome); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmOutcome, ffarm_outcome_free)

G_END_DECLS
