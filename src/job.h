/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "plan.h"

G_BEGIN_DECLS

/* job.h — an item of the plan on its way: states and their legal transitions.
 *
 * Threads: owned by the farm's thread. */

typedef enum {
    FFARM_JOB_QUEUED,
    FFARM_JOB_CLAIMED,
    FFARM_JOB_UPLOADING,
    FFARM_JOB_ENCODING,
    FFARM_JOB_DOWNLOADING,
    FFARM_JOB_VERIFYING,
    FFARM_JOB_REPLACING,
    /* ends */
    FFARM_JOB_DONE,            /* the result is in the source's place, or under -o */
    FFARM_JOB_KEPT,            /* -k: the result lies beside the source */
    FFARM_JOB_SKIPPED,         /* by a rule, or nothing matched */
    FFARM_JOB_BELOW_THRESHOLD, /* did not save enough: result discarded, source kept; counts as done */
    FFARM_JOB_FAILED,
    FFARM_JOB_CANCELLED,
} FfarmJobState;

const char *ffarm_job_state_name(FfarmJobState state); /* "queued" ... "below_threshold" ... */
gboolean ffarm_job_state_is_end(FfarmJobState state);
/* TRUE if a job may go from @from to @to: forward through the phases (only the transfers may be left out), back to
 * QUEUED for another try, from VERIFYING to ENCODING when the host has another way of doing it, from anywhere to FAILED
 * and CANCELLED; DONE and KEPT only from REPLACING, SKIPPED only from QUEUED, BELOW_THRESHOLD from ENCODING and
 * VERIFYING; never out of an end. */
gboolean ffarm_job_state_may_follow(FfarmJobState from, FfarmJobState to);

typedef struct {
    const FfarmPlanItem *item; /* borrowed from the plan */
    FfarmJobState state;
    guint attempts;          /* begun so far */
    GPtrArray *failed_hosts; /* of const FfarmHost*, borrowed: where it has failed */
    GPtrArray
        *refused_by;     /* of const FfarmHost*, borrowed: which may not take it, though they take others of its kind */
    GPtrArray *meetings; /* of FfarmMeeting: devices that it met in use */
    char *output;        /* path of the result; NULL until it is in place */
    gint64 output_size;
    double ssim, vmaf;     /* of the result, compared with its source; 0: not measured */
    gint64 elapsed_us;     /* of the last attempt */
    const FfarmHost *host; /* of the last attempt; nullable */
    const char *engine;    /* that encoded last; static, nullable */
    char *passed_over;     /* engines of that host that came before it, and why they could not do this; NULL: none */
    char *fingerprint;     /* of that attempt's profile (see FfarmChoice); nullable */
    char *profile;         /* of the last attempt, which the host may have chosen; nullable */
    GError *error;         /* why it failed last; nullable */
    char *locked;          /* destination that is locked for it, as is its source; NULL: nothing is */
    char *log;             /* path of a file with ffmpeg's own last words in the last failed attempt; nullable */
} FfarmJob;

FfarmJob *ffarm_job_new(const FfarmPlanItem *item) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_job_free(FfarmJob *job); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmJob, ffarm_job_free)

/* Goes to @state. An illegal transition is a programming error (critical). */
void ffarm_job_go(FfarmJob *job, FfarmJobState state);

G_END_DECLS
