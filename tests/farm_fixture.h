// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "farm.h"
#include "media_maker.h"
#include "scratch.h"

// What the tests of whole runs share: films, a configuration, stand-ins for ffmpeg, and what was told during the run.
class FarmTest : public testing::Test
{
  protected:
    struct Result {
        FfarmJobState state;
        std::string host, error, log, output;
        guint attempts;
        gint64 output_size;
        bool operator==(FfarmJobState other) const
        {
            return state == other;
        }
    };

    static void SetUpTestSuite()
    {
        // GLib reads this once for the process.
        static char *state = scratch_new();
        g_setenv("XDG_STATE_HOME", state, TRUE);
        // Once, however many suites there are.
        static const int registered = std::atexit([] { scratch_free(state); });
        EXPECT_EQ(registered, 0);
    }
    void SetUp() override
    {
        folder = scratch_new();
        mkdir(In("media").c_str(), 0755);
        cancellable = g_cancellable_new();
        options.retries = 2;
        options.pause_ms = 50;
        options.on_event = OnEvent;
        options.user_data = this;
    }
    void TearDown() override
    {
        g_object_unref(cancellable);
        scratch_free(folder);
        g_clear_error(&error);
    }

    std::string In(const std::string &name) const
    {
        return std::string(folder) + "/" + name;
    }
    // A clip of so many seconds below media/; folders in its name are made.
    std::string Film(const std::string &name, guint seconds = 1)
    {
        std::string path = In("media/" + name);
        g_autofree char *parent = g_path_get_dirname(path.c_str());
        g_mkdir_with_parents(parent, 0755);
        g_autofree char *base = g_path_get_basename(path.c_str());
        g_autofree char *made = media_make_clip(parent, base, seconds);
        before[made] = Read(made);
        inputs.push_back(made);
        return made;
    }
    // A program that answers -version as ffmpeg does and else runs @body by sh, with $in, $out and the real $ffmpeg.
    std::string StandIn(const std::string &name, const std::string &body)
    {
        g_autofree char *real = g_find_program_in_path("ffmpeg");
        std::string text =
            "#!/bin/sh\n"
            "if [ \"$1\" = -version ]; then echo 'ffmpeg version 5.0-stand-in Copyright'; exit 0; fi\n"
            "ffmpeg=" +
            std::string(real ? real : "ffmpeg") +
            "\nprevious=\nfor last; do\n  [ \"$previous\" = -i ] && in=${last#file:}\n  previous=$last\ndone\n"
            "out=${last#file:}\n" +
            body + "\n";
        g_autofree char *path = scratch_write(folder, name.c_str(), text.c_str(), -1);
        chmod(path, 0755);
        return path;
    }
    static std::string Read(const std::string &path)
    {
        g_autofree char *text = nullptr;
        gsize length = 0;
        if (!g_file_get_contents(path.c_str(), &text, &length, nullptr))
            return "(none)";
        return std::string(text, length);
    }
    // Names of everything below @path that is no folder, hidden files too, sorted.
    static std::vector<std::string> Tree(const std::string &path, const std::string &prefix = "")
    {
        std::vector<std::string> names;
        g_autoptr(GDir) dir = g_dir_open(path.c_str(), 0, nullptr);
        for (const char *name; dir && (name = g_dir_read_name(dir));) {
            std::string below = path + "/" + name;
            struct stat info;
            if (lstat(below.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
                for (const std::string &deep : Tree(below, prefix + name + "/"))
                    names.push_back(deep);
            } else {
                names.push_back(prefix + name);
            }
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    // Runs all films under @yaml. @cluster: "" for none.
    bool Run(const std::string &yaml, const std::string &cluster = "home")
    {
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        g_autoptr(FfarmSettings) settings =
            ffarm_settings_parse("test.yml", yaml.c_str(), yaml.size(), TRUE, diagnostics);
        for (guint i = 0; i < diagnostics->items->len; i++) {
            auto *item = static_cast<FfarmDiagnostic *>(g_ptr_array_index(diagnostics->items, i));
            ADD_FAILURE() << item->line << ":" << item->column << ": " << item->message;
        }
        if (!settings)
            return false;
        settings->settle_time = settle_time;
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(reinterpret_cast<GDestroyNotify>(ffarm_input_free));
        for (const std::string &input : inputs)
            g_ptr_array_add(
                list, ffarm_input_new(input.c_str(), cluster.empty() ? nullptr : cluster.c_str(), nullptr, nullptr));
        g_clear_error(&error);
        g_autoptr(FfarmPlan) plan = ffarm_plan_new(settings, list, &plan_options, nullptr, nullptr, nullptr, &error);
        if (!plan) {
            ADD_FAILURE() << error->message;
            return false;
        }
        return ffarm_farm_run(plan, &options, &summary, cancellable, &error) != 0;
    }
    const Result &Of(const std::string &path)
    {
        if (results.count(path) == 0)
            ADD_FAILURE() << "no result for " << path;
        return results[path];
    }
    void ExpectDone(const std::string &path)
    {
        EXPECT_EQ(Of(path).state, FFARM_JOB_DONE) << Of(path).error;
    }
    // Every film as it was, byte for byte, and nothing else beside them.
    void ExpectUntouched()
    {
        std::vector<std::string> names;
        for (const auto &[path, content] : before) {
            EXPECT_TRUE(Read(path) == content) << path;
            names.push_back(path.substr(In("media/").size()));
        }
        EXPECT_EQ(Tree(In("media")), names);
    }
    // A film of about so many seconds that decodes to its end without a complaint.
    static void ExpectPlays(const std::string &path)
    {
        std::string input = "file:" + path;
        const char *argv[] = {"ffmpeg", "-v", "error", "-xerror", "-i", input.c_str(), "-f", "null", "-", nullptr};
        g_autofree char *complaints = nullptr;
        int status = -1;
        g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, nullptr,
                     &complaints, &status, nullptr);
        EXPECT_EQ(status, 0) << complaints;
    }
    bool Said(const std::string &part) const
    {
        return std::any_of(messages.begin(), messages.end(),
                           [&](const std::string &message) { return message.find(part) != std::string::npos; });
    }

    virtual void Told(const FfarmEvent *event)
    {
        if (hook)
            hook(event);
        if (event->type == FFARM_EVENT_MESSAGE)
            messages.push_back(event->message);
        if (event->type == FFARM_EVENT_HOST)
            reports[event->report->host->name] = event->report->error ? event->report->error : "";
        if (event->type == FFARM_EVENT_JOB) {
            states[event->job->item->input->path].push_back(ffarm_job_state_name(event->job->state));
            if (event->job->state == FFARM_JOB_CLAIMED)
                claims.push_back(event->job->item->input->path);
        }
        if (event->type == FFARM_EVENT_RESULT) {
            const FfarmJob *job = event->job;
            EXPECT_EQ(results.count(job->item->input->path), 0u) << "told twice";
            results[job->item->input->path] = {job->state,
                                               job->host ? job->host->name : "",
                                               job->error ? job->error->message : "",
                                               job->log ? job->log : "",
                                               job->output ? job->output : "",
                                               job->attempts,
                                               job->output_size};
        }
    }
    static void OnEvent(const FfarmEvent *event, gpointer user_data)
    {
        static_cast<FarmTest *>(user_data)->Told(event);
    }

    guint settle_time = 0; // the films are made by the test itself
    char *folder = nullptr;
    std::vector<std::string> inputs;
    std::map<std::string, std::string> before;
    FfarmPlanOptions plan_options = {};
    FfarmFarmOptions options = {};
    FfarmSummary summary = {};
    GCancellable *cancellable = nullptr;
    GError *error = nullptr;
    std::function<void(const FfarmEvent *)> hook; // called first with every event
    std::vector<std::string> messages, claims;
    std::map<std::string, std::string> reports;
    std::map<std::string, std::vector<std::string>> states;
    std::map<std::string, Result> results;
};
