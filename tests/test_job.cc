// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "job.h"

#include <set>
#include <string>
#include <utility>

namespace
{
constexpr int n_states = FFARM_JOB_CANCELLED + 1;

FfarmJobState State(int number)
{
    return static_cast<FfarmJobState>(number);
}
} // namespace

TEST(JobState, HasTheNamesOfTheCommandLine)
{
    const char *names[] = {"queued", "claimed", "uploading", "encoding",        "downloading", "verifying", "replacing",
                           "done",   "kept",    "skipped",   "below_threshold", "failed",      "cancelled"};
    for (int state = 0; state < n_states; state++)
        EXPECT_STREQ(ffarm_job_state_name(State(state)), names[state]);
}

TEST(JobState, EndsAreLastingOnes)
{
    for (int from = 0; from < n_states; from++) {
        EXPECT_EQ(ffarm_job_state_is_end(State(from)), from >= FFARM_JOB_DONE);
        for (int to = 0; from >= FFARM_JOB_DONE && to < n_states; to++)
            EXPECT_FALSE(ffarm_job_state_may_follow(State(from), State(to)));
    }
}

TEST(JobState, AllowsTheseTransitionsAndNoOther)
{
    std::set<std::pair<int, int>> legal;
    for (int from = 0; from < FFARM_JOB_DONE; from++) {
        legal.insert({from, FFARM_JOB_FAILED});
        legal.insert({from, FFARM_JOB_CANCELLED});
        if (from != FFARM_JOB_QUEUED)
            legal.insert({from, FFARM_JOB_QUEUED});
    }
    const std::pair<int, int> forward[] = {
        {FFARM_JOB_QUEUED, FFARM_JOB_CLAIMED},
        {FFARM_JOB_QUEUED, FFARM_JOB_SKIPPED},
        {FFARM_JOB_CLAIMED, FFARM_JOB_UPLOADING},
        {FFARM_JOB_CLAIMED, FFARM_JOB_ENCODING},
        {FFARM_JOB_UPLOADING, FFARM_JOB_ENCODING},
        {FFARM_JOB_ENCODING, FFARM_JOB_DOWNLOADING},
        {FFARM_JOB_ENCODING, FFARM_JOB_VERIFYING},
        {FFARM_JOB_ENCODING, FFARM_JOB_BELOW_THRESHOLD},
        {FFARM_JOB_DOWNLOADING, FFARM_JOB_VERIFYING},
        {FFARM_JOB_VERIFYING, FFARM_JOB_REPLACING},
        {FFARM_JOB_VERIFYING, FFARM_JOB_ENCODING},
        {FFARM_JOB_VERIFYING, FFARM_JOB_BELOW_THRESHOLD},
        {FFARM_JOB_REPLACING, FFARM_JOB_DONE},
        {FFARM_JOB_REPLACING, FFARM_JOB_KEPT},
    };
    legal.insert(std::begin(forward), std::end(forward));
    for (int from = 0; from < n_states; from++) {
        for (int to = 0; to < n_states; to++)
            EXPECT_EQ(ffarm_job_state_may_follow(State(from), State(to)) != 0, legal.count({from, to}) > 0)
                << ffarm_job_state_name(State(from)) << " -> " << ffarm_job_state_name(State(to));
    }
}

TEST(JobNew, IsQueuedAndHasNotFailedAnywhere)
{
    FfarmPlanItem item = {};
    g_autoptr(FfarmJob) job = ffarm_job_new(&item);
    EXPECT_EQ(job->state, FFARM_JOB_QUEUED);
    EXPECT_EQ(job->item, &item);
    EXPECT_EQ(job->failed_hosts->len, 0u);
    ffarm_job_go(job, FFARM_JOB_CLAIMED);
    EXPECT_EQ(job->state, FFARM_JOB_CLAIMED);
    ffarm_job_free(nullptr);
}

TEST(JobGoDeathTest, StopsAtAnIllegalTransition)
{
    FfarmPlanItem item = {};
    g_autoptr(FfarmJob) job = ffarm_job_new(&item);
    EXPECT_DEATH(ffarm_job_go(job, FFARM_JOB_DONE), "ffarm_job_state_may_follow");
}
