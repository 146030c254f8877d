// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include "error.h"
#include "media_maker.h"
#include "plan.h"
#include "scratch.h"

// plan_maker.h — a folder of small real films, a configuration as text, and the plan that comes of them.
class PlanTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        inputs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_input_free);
    }
    void TearDown() override
    {
        ffarm_plan_free(plan);
        ffarm_settings_free(settings);
        g_ptr_array_unref(inputs);
        scratch_free(folder);
    }
    std::string Path(const std::string &name)
    {
        return std::string(folder) + "/" + name;
    }
    void Clip(const std::string &name)
    {
        g_autofree char *parent = g_path_get_dirname(Path(name).c_str());
        g_mkdir_with_parents(parent, 0755);
        g_free(media_make_clip(folder, name.c_str(), 1));
    }
    void Touch(const std::string &name, const char *text = "x")
    {
        g_free(scratch_write(folder, name.c_str(), text, -1));
    }
    void Configure(const std::string &yaml)
    {
        FfarmDiagnostics *diagnostics = ffarm_diagnostics_new();
        settings = ffarm_settings_parse("test.yml", yaml.c_str(), yaml.size(), FALSE, diagnostics);
        for (guint i = 0; i < diagnostics->items->len; i++) {
            auto *diagnostic = static_cast<FfarmDiagnostic *>(g_ptr_array_index(diagnostics->items, i));
            if (diagnostic->severity == FFARM_SEVERITY_ERROR)
                ADD_FAILURE() << diagnostic->line << ": " << diagnostic->message;
        }
        ffarm_diagnostics_free(diagnostics);
        ASSERT_NE(settings, nullptr);
    }
    void Give(const std::string &name, const char *cluster = nullptr, const char *profile = nullptr,
              const char *const *mixins = nullptr)
    {
        g_ptr_array_add(inputs, ffarm_input_new(Path(name).c_str(), cluster, profile, mixins));
    }
    bool Plan(GError **error = nullptr)
    {
        ffarm_plan_free(plan);
        plan = ffarm_plan_new(settings, inputs, &options, nullptr, nullptr, nullptr, error);
        return plan != nullptr;
    }
    FfarmPlanItem *Item(guint i)
    {
        return static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, i));
    }
    FfarmHost *Host(guint i)
    {
        return static_cast<FfarmHost *>(g_ptr_array_index(plan->hosts, i));
    }
    // "encode", or "skip: why" with the folder's path taken out.
    std::string Fate(guint i)
    {
        std::string text = ffarm_plan_status_name(Item(i)->status);
        if (Item(i)->reason)
            text += std::string(": ") + Item(i)->reason;
        for (size_t at; (at = text.find(Path(""))) != std::string::npos;)
            text.erase(at, Path("").size());
        return text;
    }
    // "destination" of the first host that may take item i, below the folder; else why not.
    std::string Destination(guint i, guint host = 0)
    {
        g_auto(FfarmRefusal) refusal = {};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(i), Host(host), nullptr, &refusal);
        return choice ? std::string(choice->destination).substr(Path("").size())
                      : std::string("refused: ") + refusal.reason;
    }
    char *folder = nullptr;
    GPtrArray *inputs = nullptr;
    FfarmSettings *settings = nullptr;
    FfarmPlan *plan = nullptr;
    FfarmPlanOptions options = {};
};
