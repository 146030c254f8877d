// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>
#include "journal.h"

#include <glib/gstdio.h>
#include <string>
#include <vector>

#include "scratch.h"

/* A journal in a folder of its own, and plans for it that nobody has to probe films for. */
class JournalTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        journal = Open();
    }

    void TearDown() override
    {
        ffarm_journal_free(journal);
        for (FfarmPlan *plan : plans)
            free_plan(plan);
        plans.clear();
        scratch_free(folder);
    }

    FfarmJournal *Open(std::string *notice = nullptr) const
    {
        g_autoptr(GError) error = nullptr;
        g_autofree char *said = nullptr;
        FfarmJournal *opened = ffarm_journal_open(folder, &said, &error);
        EXPECT_EQ(error, nullptr) << error->message;
        if (notice)
            *notice = said ? said : "";
        return opened;
    }

    void Reopen()
    {
        ffarm_journal_free(journal);
        journal = Open();
    }

    FfarmPlan *Plan(const char *run_id, const std::vector<std::string> &paths)
    {
        FfarmPlan *plan = g_new0(FfarmPlan, 1);
        plan->run_id = g_strdup(run_id);
        plan->items = g_ptr_array_new();
        for (const std::string &path : paths) {
            FfarmPlanItem *item = g_new0(FfarmPlanItem, 1);
            item->id = plan->items->len;
            item->input = ffarm_input_new(path.c_str(), "home", nullptr, nullptr);
            item->media = ffarm_media_new(item->input->path);
            item->media->size_bytes = 1000 + item->id;
            item->media->mtime_ns = 5000 + item->id;
            g_ptr_array_add(plan->items, item);
        }
        plans.push_back(plan);
        return plan;
    }

    /* Begins a run of @plan. */
    void Begin(const FfarmPlan *plan, const char *predecessor = nullptr)
    {
        const char *argv[] = {"ffarm", "-k", "a b\n.mkv", "", nullptr};
        FfarmRunOrigin origin = {argv, "/films", "/etc/ffarm.yml"};
        g_autoptr(GError) error = nullptr;
        EXPECT_TRUE(ffarm_journal_begin_run(journal, plan, &origin, predecessor, &error)) << error->message;
    }

    static FfarmJob *Job(const FfarmPlan *plan, guint item)
    {
        return ffarm_job_new(static_cast<const FfarmPlanItem *>(g_ptr_array_index(plan->items, item)));
    }

    void Note(const FfarmPlan *plan, guint item, FfarmJobState state)
    {
        g_autoptr(FfarmJob) job = Job(plan, item);
        g_autoptr(GError) error = nullptr;
        job->state = state;
        job->fingerprint = g_strdup("print");
        EXPECT_TRUE(ffarm_journal_note_job(journal, plan->run_id, job, &error)) << error->message;
    }

    GPtrArray *Runs() const
    {
        g_autoptr(GError) error = nullptr;
        GPtrArray *runs = ffarm_journal_runs(journal, &error);
        g_assert_no_error(error);
        return runs;
    }

    static const FfarmRunRecord *Run(const GPtrArray *runs, guint place)
    {
        return static_cast<const FfarmRunRecord *>(g_ptr_array_index(runs, place));
    }

    char *folder;
    FfarmJournal *journal;
    std::vector<FfarmPlan *> plans;

  private:
    static void free_plan(FfarmPlan *plan)
    {
        for (guint i = 0; i < plan->items->len; i++) {
            auto *item = static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, i));
            ffarm_input_free(item->input);
            ffarm_media_free(item->media);
            g_free(item);
        }
        g_ptr_array_unref(plan->items);
        g_free(plan->run_id);
        g_free(plan);
    }
};
