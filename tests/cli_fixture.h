// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// A scratch folder to work in, a home without anybody's configuration, and the ffarm program to be run there.

#include <gtest/gtest.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct Outcome {
    int status = -1; // exit status; 128 + N after signal N
    std::string out, err;
};

class CliTest : public testing::Test
{
  protected:
    void SetUp() override;
    void TearDown() override;

    // Runs ffarm with these arguments in folder, to its end.
    Outcome Run(const std::vector<std::string> &args) const;
    // Starts it; its output goes to files that Finish() reads.
    GSubprocess *Start(const std::vector<std::string> &args) const;
    Outcome Finish(GSubprocess *process) const;

    std::string Write(const char *name, const std::string &text) const;
    std::string Clip(const std::string &name) const;
    std::string Path(const std::string &name) const
    {
        return std::string(folder) + "/" + name;
    }
    bool Exists(const std::string &name) const
    {
        return g_file_test(Path(name).c_str(), G_FILE_TEST_EXISTS);
    }
    // Every file below folder with its content and modes, as one string: equal before and after = nothing was changed.
    std::string Tree() const;

    char *folder = nullptr;
    std::map<std::string, std::string> environment;
};

// All lines of @out as JSON objects with an "event"; a test failure for any line that is not.
std::vector<std::shared_ptr<JsonObject>> json_lines(const std::string &out);
// Those of one event.
std::vector<std::shared_ptr<JsonObject>> json_events(const std::string &out, const char *event);
std::string json_text(const std::shared_ptr<JsonObject> &object, const char *member);
std::string json_file(const std::shared_ptr<JsonObject> &object);

bool contains(const std::string &text, const std::string &part);
