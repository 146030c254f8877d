/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include "meetings.h"

#define BIT(state) (1u << (state))
#define TROUBLE (BIT(FFARM_JOB_FAILED) | BIT(FFARM_JOB_CANCELLED))
#define AGAIN (BIT(FFARM_JOB_QUEUED) | TROUBLE)

/* One row for each state: its name and the states that may follow. */
static const struct {
    const char *name;
    guint followers;
} states[] = {
    [FFARM_JOB_QUEUED] = {"queued", BIT(FFARM_JOB_CLAIMED) | BIT(FFARM_JOB_SKIPPED) | TROUBLE},
    [FFARM_JOB_CLAIMED] = {"claimed", BIT(FFARM_JOB_UPLOADING) | BIT(FFARM_JOB_ENCODING) | AGAIN},
    [FFARM_JOB_UPLOADING] = {"uploading", BIT(FFARM_JOB_ENCODING) | AGAIN},
    [FFARM_JOB_ENCODING] = {"encoding", BIT(FFARM_JOB_DOWNLOADING) | BIT(FFARM_JOB_VERIFYING) |
                                            BIT(FFARM_JOB_BELOW_THRESHOLD) | AGAIN},
    [FFARM_JOB_DOWNLOADING] = {"downloading", BIT(FFARM_JOB_VERIFYING) | AGAIN},
    [FFARM_JOB_VERIFYING] = {"verifying", BIT(FFARM_JOB_ENCODING) | BIT(FFARM_JOB_REPLACING) |
                                              BIT(FFARM_JOB_BELOW_THRESHOLD) | AGAIN},
    [FFARM_JOB_REPLACING] = {"replacing", BIT(FFARM_JOB_DONE) | BIT(FFARM_JOB_KEPT) | AGAIN},
    [FFARM_JOB_DONE] = {"done", 0},
    [FFARM_JOB_KEPT] = {"kept", 0},
    [FFARM_JOB_SKIPPED] = {"skipped", 0},
    [FFARM_JOB_BELOW_THRESHOLD] = {"below_threshold", 0},
    [FFARM_JOB_FAILED] = {"failed", 0},
    [FFARM_JOB_CANCELLED] = {"cancelled", 0},
};

const char *ffarm_job_state_name(FfarmJobState state)
{
    return states[state].name;
}

gboolean ffarm_job_state_is_end(FfarmJobState state)
{
    return states[state].followers == 0;
}

gboolean ffarm_job_state_may_follow(FfarmJobState from, FfarmJobState to)
{
    return (states[from].followers & BIT(to)) != 0;
}

FfarmJob *ffarm_job_new(const FfarmPlanItem *item)
{
    FfarmJob *job = g_new0(FfarmJob, 1);
    job->item = item;
    job->failed_hosts = g_ptr_array_new();
    job->refused_by = g_ptr_array_new();
    job->meetings = ffarm_meetings_new();
    return job;
}

void ffarm_job_free(FfarmJob *job)
{
    if (!job)
        return;
    g_ptr_array_unref(job->failed_hosts);
    g_ptr_array_unref(job->refused_by);
    g_ptr_array_unref(job->meetings);
    g_free(job->output);
    g_clear_error(&job->error);
    g_free(job->log);
    g_free(job->profile);
    g_free(job->passed_over);
    g_free(job->fingerprint);
    g_free(job->locked);
    g_free(job);
}

void ffarm_job_go(FfarmJob *job, FfarmJobState state)
{
    g_return_if_fail(ffarm_job_state_may_follow(job->state, state));
    job->state = state;
}
