// SPDX-License-Identifier: LGPL-2.1-or-later
// What the program knows of its own past: history, resume, retry, stop, and what crashes leave.
#include "cli_fixture.h"

#include <csignal>
#include <fcntl.h>
#include <cstring>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media_maker.h"

namespace
{
const char *const config = "config:\n"
                           "  clusters:\n"
                           "    home:\n"
                           "      one: {type: local}\n"
                           "profiles:\n"
                           "  small:\n"
                           "    output_options_video: -c:v libx264 -preset ultrafast -crf 40\n"
                           "  slow:\n"
                           "    input_options: -re\n"
                           "    output_options: -c copy\n"
                           "  greedy:\n"
                           "    output_options: -c copy\n"
                           "    threshold: 90\n"
                           "  broken:\n"
                           "    output_options_video: -c:v libx264 -preset nonsense\n"
                           "rules:\n"
                           "  all: {profile: small}\n";
} // namespace

class CliJournal : public CliTest
{
  protected:
    void SetUp() override
    {
        CliTest::SetUp();
        Write(".home/.transcode.yml", config);
    }

    // Starts a run and waits until one of its jobs is in @state.
    GSubprocess *StartUntil(const std::vector<std::string> &args, const char *state)
    {
        GSubprocess *process = Start(args);
        for (int i = 0; i < 3000; i++) {
            g_autofree char *text = nullptr;
            if (g_file_get_contents(Path(".home/out").c_str(), &text, nullptr, nullptr) && strstr(text, state))
                return process;
            g_usleep(10000);
        }
        ADD_FAILURE() << "never came so far: " << state;
        return process;
    }

    // Runs it while another one's output is still being written.
    Outcome RunBeside(const std::vector<std::string> &args) const
    {
        g_autofree char *program = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", "ffarm", nullptr);
        g_autofree char *out = nullptr, *err = nullptr;
        g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
            static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE));
        std::vector<const char *> argv = {program};
        for (const std::string &arg : args)
            argv.push_back(arg.c_str());
        argv.push_back(nullptr);
        g_subprocess_launcher_unsetenv(launcher, "XDG_STATE_HOME");
        g_subprocess_launcher_unsetenv(launcher, "XDG_CONFIG_HOME");
        for (const auto &[name, value] : environment)
            g_subprocess_launcher_setenv(launcher, name.c_str(), value.c_str(), TRUE);
        g_subprocess_launcher_set_cwd(launcher, folder);
        g_autoptr(GSubprocess) process = g_subprocess_launcher_spawnv(launcher, argv.data(), nullptr);
        g_subprocess_communicate_utf8(process, nullptr, nullptr, &out, &err, nullptr);
        return {g_subprocess_get_exit_status(process), out, err};
    }

    void Kill(GSubprocess *process)
    {
        g_subprocess_force_exit(process);
        g_subprocess_wait(process, nullptr, nullptr);
        g_object_unref(process);
    }

    // Names in the folder that are ffarm's own.
    std::string Leftovers() const
    {
        std::string found;
        g_autoptr(GDir) dir = g_dir_open(folder, 0, nullptr);
        for (const char *name; (name = g_dir_read_name(dir));)
            if (strstr(name, "ffarm-") || g_str_has_suffix(name, ".tmp"))
                found += std::string(name) + " ";
        return found;
    }

    std::string Reason(const std::vector<std::string> &args)
    {
        for (const auto &event : json_events(Run(args).out, "result"))
            return json_text(event, "status") + ": " + json_text(event, "reason");
        return "";
    }

    std::string LastRun()
    {
        auto runs = json_events(Run({"history", "--json"}).out, "run");
        return runs.empty() ? "" : json_text(runs[0], "run");
    }
};

TEST_F(CliJournal, HasNoHistoryAtFirst)
{
    Outcome outcome = Run({"history"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_FALSE(Exists(".home/.local/state/ffarm")) << "asking leaves nothing behind";
}

TEST_F(CliJournal, SaysThatAJournalWasDamagedWhoeverFindsOut)
{
    const std::vector<std::vector<std::string>> lines = {{"history"}, {"stop"}, {"resume"}, {"--dry-run", "film.mkv"}};
    g_mkdir_with_parents(Path(".home/.local/state/ffarm").c_str(), 0700);
    for (const std::vector<std::string> &line : lines) {
        Write(".home/.local/state/ffarm/journal.db", "this is no database at all, is it?");
        EXPECT_TRUE(contains(Run(line).err, "the journal was damaged")) << line[0];
    }
}

TEST_F(CliJournal, SaysThatItCanNotLookIntoTheHistory)
{
    g_mkdir_with_parents(Path(".home/.local/state").c_str(), 0755);
    ASSERT_EQ(symlink("ffarm", Path(".home/.local/state/ffarm").c_str()), 0);
    Outcome outcome = Run({"history"});
    EXPECT_EQ(outcome.status, 2) << "an empty history would be a lie";
    EXPECT_TRUE(contains(outcome.err, "journal.db: ")) << outcome.err;
}

TEST_F(CliJournal, SkipsWhatWasEncodedUnlessAskedAgain)
{
    std::string film = Clip("film.mkv");
    EXPECT_EQ(Run({film}).status, 0);
    EXPECT_TRUE(contains(Reason({"--json", film}), "skipped: is itself a result of this profile")) << film;
    auto plan = json_events(Run({"--dry-run", "--json", film}).out, "plan");
    EXPECT_TRUE(contains(json_text(plan.at(0), "reason"), "--again"));
    EXPECT_TRUE(contains(Reason({"--json", "-p", "slow", film}), "done")) << "another profile is another matter";
    EXPECT_TRUE(contains(Reason({"--json", "--again", "-p", "slow", film}), "done"));
}

TEST_F(CliJournal, SkipsWhatWasNotWorthIt)
{
    std::string film = Clip("film.mkv");
    EXPECT_TRUE(contains(Reason({"--json", "-p", "greedy", film}), "below_threshold"));
    EXPECT_TRUE(contains(Reason({"--json", "-p", "greedy", film}), "skipped: was below the threshold on 2"));
    EXPECT_TRUE(contains(Reason({"--json", "-p", "greedy", "--again", film}), "below_threshold"));
}

TEST_F(CliJournal, TellsWhatBecameOfFiles)
{
    std::string good = Clip("good.mkv"), bad = Clip("bad.mkv");
    EXPECT_EQ(Run({"-c", "home", good, "-p", "broken", bad}).status, 1);
    auto files = json_events(Run({"history", "--json", LastRun()}).out, "file");
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(json_text(files[0], "state"), "done");
    EXPECT_EQ(json_text(files[0], "output"), good);
    EXPECT_EQ(json_text(files[0], "host"), "one");
    EXPECT_GT(json_object_get_int_member(files[0].get(), "output_size"), 0);
    EXPECT_EQ(json_text(files[1], "state"), "failed");
    EXPECT_NE(json_text(files[1], "reason"), "");
    EXPECT_EQ(json_events(Run({"history", "--failed", "--json", LastRun()}).out, "file").size(), 1U);
    Outcome words = Run({"history", LastRun().substr(0, 8)});
    EXPECT_TRUE(contains(words.out, "1 done, 1 failed")) << words.out << words.err;
    EXPECT_TRUE(contains(words.out, "bad.mkv: failed")) << words.out;
}

TEST_F(CliJournal, NamesARunThatIsNotThere)
{
    Clip("film.mkv");
    for (const char *verb : {"resume", "retry", "history", "stop"}) {
        Outcome outcome = Run({verb, "nosuch"});
        EXPECT_EQ(outcome.status, 2) << verb;
        EXPECT_TRUE(contains(outcome.err, "run 'nosuch' is not in the journal")) << outcome.err;
    }
}

TEST_F(CliJournal, ResumesWhatAKillLeft)
{
    g_autofree char *first = media_make_clip(folder, "one.mkv", 3), *second = media_make_clip(folder, "two.mkv", 3);
    std::string list = Write("list.txt", std::string(first) + "\n" + second + "\n");
    Kill(StartUntil({"--json", "-p", "slow", "--from-file", list}, "\"progress\""));
    EXPECT_NE(Leftovers(), "");
    Outcome outcome = Run({"resume", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(json_events(outcome.out, "result").size(), 2U);
    EXPECT_EQ(Leftovers(), "");
    g_autofree char *rest = nullptr;
    ASSERT_TRUE(g_file_get_contents(list.c_str(), &rest, nullptr, nullptr));
    EXPECT_STREQ(rest, "") << "finished files leave their list";
    auto runs = json_events(Run({"history", "--json"}).out, "run");
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(json_text(runs[1], "state"), "ended");
    EXPECT_EQ(json_object_get_int_member(runs[1].get(), "taken_over"), 2);
    Outcome again = Run({"resume"});
    EXPECT_TRUE(contains(again.err, "there is no unfinished run")) << again.err;
}

TEST_F(CliJournal, ResumesAsTheRunWasAskedFor)
{
    g_autofree char *film = media_make_clip(folder, "tree/deep/one.mkv", 3);
    Kill(StartUntil({"--json", "-p", "slow", "-o", "out", "tree"}, "\"progress\""));
    Outcome outcome = Run({"resume"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(Exists("out/deep/one.mkv")) << outcome.err;
    EXPECT_TRUE(Exists("tree/deep/one.mkv"));
}

TEST_F(CliJournal, ResumesWhatWasInterrupted)
{
    g_autofree char *film = media_make_clip(folder, "one.mkv", 3);
    g_autoptr(GSubprocess) process = StartUntil({"--json", "-p", "slow", film}, "\"progress\"");
    g_subprocess_send_signal(process, SIGINT);
    EXPECT_EQ(Finish(process).status, 130);
    EXPECT_EQ(Run({"resume"}).status, 0);
    EXPECT_EQ(Run({"history", "--json"}).status, 0);
}

TEST_F(CliJournal, AnyRunSettlesWhatAKillLeft)
{
    g_autofree char *film = media_make_clip(folder, "one.mkv", 3);
    Kill(StartUntil({"--json", "-p", "slow", film}, "\"progress\""));
    std::string other = Clip("two.mkv");
    Outcome outcome = Run({other});
    EXPECT_TRUE(contains(outcome.err, "1 temporary file of earlier runs was removed")) << outcome.err;
    EXPECT_EQ(Leftovers(), "");
}

TEST_F(CliJournal, SettlesWhatAKillLeftEvenWhereThereIsNothingToTakeUp)
{
    g_autofree char *film = media_make_clip(folder, "one.mkv", 3);
    Kill(StartUntil({"--json", "-p", "slow", film}, "\"progress\""));
    Outcome outcome = Run({"retry", "--failed"});
    EXPECT_TRUE(contains(outcome.err, "1 temporary file of earlier runs was removed")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "no run has failed files")) << outcome.err;
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(Leftovers(), "");
}

TEST_F(CliJournal, RetriesWhatFailed)
{
    std::string film = Clip("film.mkv"), good = Clip("good.mkv");
    EXPECT_EQ(Run({"-p", "small", good, "-p", "broken", film}).status, 1);
    std::string mended(config);
    Write(".home/.transcode.yml", mended.replace(mended.find("-preset nonsense"), 16, "-preset ultrafast"));
    Outcome outcome = Run({"retry", "--failed", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    auto results = json_events(outcome.out, "result");
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(Path(json_file(results[0])), film);
    EXPECT_EQ(json_text(results[0], "status"), "done");
    EXPECT_TRUE(contains(Run({"retry", "--failed"}).err, "no run has failed files"));
}

TEST_F(CliJournal, LeavesAFilmToTheRunThatHasIt)
{
    g_autofree char *film = media_make_clip(folder, "one.mkv", 3);
    ASSERT_EQ(link(film, Path("same.mkv").c_str()), 0);
    g_autoptr(GSubprocess) process = StartUntil({"--json", "-p", "slow", film}, "\"progress\"");
    std::string list = Write("list.txt", Path("same.mkv") + "\n");
    Outcome other = RunBeside({"--json", "-p", "small", "--from-file", list});
    auto results = json_events(other.out, "result");
    ASSERT_EQ(results.size(), 1U) << other.err;
    EXPECT_EQ(json_text(results[0], "status"), "cancelled");
    EXPECT_TRUE(contains(json_text(results[0], "error"), "another ffarm is working on it"));
    g_autofree char *rest = nullptr;
    ASSERT_TRUE(g_file_get_contents(list.c_str(), &rest, nullptr, nullptr));
    EXPECT_EQ(std::string(rest), Path("same.mkv") + "\n") << "the other one may fail";
    Kill(static_cast<GSubprocess *>(g_steal_pointer(&process)));
    results = json_events(Run({"resume", "--json"}).out, "result");
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(Path(json_file(results[0])), Path("same.mkv"));
    EXPECT_EQ(json_text(results[0], "status"), "done") << json_text(results[0], "error");
}

TEST_F(CliJournal, HasNothingToResumeThatTheOtherRunDid)
{
    g_autofree char *film = media_make_clip(folder, "one.mkv", 3);
    g_autoptr(GSubprocess) process = StartUntil({"--json", "-p", "slow", film}, "\"progress\"");
    auto results = json_events(RunBeside({"--json", "-p", "slow", film}).out, "result");
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(json_text(results[0], "status"), "cancelled");
    EXPECT_EQ(Finish(process).status, 0);
    results = json_events(Run({"resume", "--json"}).out, "result");
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(json_text(results[0], "status"), "skipped") << json_text(results[0], "error");
    EXPECT_TRUE(contains(Run({"resume"}).err, "there is no unfinished run"));
}

// What is still being copied when the run looks at it is done by what it has become, half of a film as well as a whole
// one that grows.
TEST_F(CliJournal, LooksAgainAtWhatWasStillBeingWritten)
{
    Write(".home/.transcode.yml", std::string("config:\n  settle_time: 1\n") + (config + strlen("config:\n")));
    g_autofree char *whole = media_make_clip(folder, "whole.mkv", 3), *bytes = nullptr;
    gsize length = 0;
    ASSERT_TRUE(g_file_get_contents(whole, &bytes, &length, nullptr));
    g_unlink(whole);
    std::string text(bytes, length);
    for (const std::string &name : {std::string("grows.mkv"), std::string("half.mkv")}) {
        if (name == "half.mkv")
            Write(name.c_str(), text.substr(0, length / 2));
        else
            g_free(media_make_clip(folder, name.c_str(), 1));
        utimensat(AT_FDCWD, Path(name).c_str(), nullptr, 0);
        g_autoptr(GSubprocess) process = StartUntil({"--json", name}, "\"event\":\"job\"");
        Write(name.c_str(), text);
        Outcome outcome = Finish(process);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_TRUE(contains(outcome.err, "1 file was written to meanwhile: looked at again in 1 s")) << outcome.err;
        auto results = json_events(outcome.out, "result");
        ASSERT_GE(results.size(), 2U) << outcome.out;
        EXPECT_EQ(json_text(results[0], "status"), "cancelled");
        EXPECT_EQ(json_text(results.back(), "status"), "done") << json_text(results.back(), "error");
        EXPECT_EQ(json_object_get_int_member(results.back().get(), "source_size"), static_cast<gint64>(length));
    }
    EXPECT_TRUE(contains(Run({"resume"}).err, "there is no unfinished run"));
}

TEST_F(CliJournal, StopLetsWhatRunsFinish)
{
    g_autofree char *first = media_make_clip(folder, "one.mkv", 3), *second = media_make_clip(folder, "two.mkv", 3);
    g_autoptr(GSubprocess) process = StartUntil({"--json", "-p", "slow", first, second}, "\"progress\"");
    Outcome stop = RunBeside({"stop"});
    EXPECT_TRUE(contains(stop.out, "1 running, 1 waiting; what runs is finished")) << stop.out << stop.err;
    Outcome outcome = Finish(process);
    std::string ends;
    for (const auto &event : json_events(outcome.out, "result"))
        ends += json_text(event, "status") + " ";
    EXPECT_EQ(ends, "cancelled done ");
    EXPECT_TRUE(contains(Run({"stop"}).err, "no run is going on"));
    EXPECT_EQ(json_events(Run({"resume", "--json"}).out, "result").size(), 1U);
}

TEST_F(CliJournal, ReplacesNothingWithoutAJournal)
{
    std::string film = Clip("film.mkv");
    environment["XDG_STATE_HOME"] = "/proc/nowhere";
    std::string before = Tree();
    Outcome outcome = Run({film});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.err, "no film is replaced without a journal")) << outcome.err;
    EXPECT_EQ(Tree(), before);
    outcome = Run({"-k", film});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "goes on without a journal")) << outcome.err;
    EXPECT_TRUE(Exists("film.mkv.tmp"));
}

// A journal that fails in the middle of a run fails jobs before they make or replace anything.
TEST_F(CliJournal, FailsTheJobAndNotTheFilm)
{
    std::string film = Clip("film.mkv");
    Run({"resume"});
    for (const char *table : {"traces", "replacements"}) {
        sqlite3 *db = nullptr;
        ASSERT_EQ(sqlite3_open(Path(".home/.local/state/ffarm/journal.db").c_str(), &db), SQLITE_OK);
        std::string trigger = std::string("CREATE TRIGGER no_") + table + " BEFORE INSERT ON " + table +
                              " BEGIN SELECT RAISE(ABORT, 'no more'); END";
        ASSERT_EQ(sqlite3_exec(db, trigger.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        std::string before = Tree();
        Outcome outcome = Run({film});
        EXPECT_EQ(outcome.status, 1) << table;
        EXPECT_TRUE(contains(outcome.err, "the journal can't be used: no more")) << outcome.err;
        EXPECT_EQ(Tree(), before) << table;
        ASSERT_EQ(sqlite3_exec(db, ("DROP TRIGGER no_" + std::string(table)).c_str(), nullptr, nullptr, nullptr), 0);
        sqlite3_close(db);
    }
}

// What hosts can do is tried once; dry runs make use of that, and remember nothing themselves.
TEST_F(CliJournal, HostsAreTriedOnce)
{
    std::string film = Clip("film.mkv");
    Write("ffmpeg",
          "#!/bin/sh\necho \"$*\" >>'" + Path(".home/calls") +
              "'\ncase \"$*\" in\n-version) echo ffmpeg version 5.1 ;;\n"
              "*-encoders) echo ' V....D hevc_nvenc words' ;;\n"
              "*p010*) echo '10 bit encode not supported' >&2; exit 1 ;;\n"
              "*) echo '[ GPU #0 - < Tesla X > has' >&2\n"
              "exec ffmpeg -v error -f lavfi -i testsrc2=s=1920x1080:r=25:d=0.4 -pix_fmt yuv420p -c:v libx264 -preset "
              "ultrafast -f matroska pipe:1 ;;\nesac\n");
    g_chmod(Path("ffmpeg").c_str(), 0755);
    Write(".home/.transcode.yml", "config:\n  clusters:\n    home:\n      one: {type: local, ffmpeg: '" +
                                      Path("ffmpeg") + "', engines: [cuda]}\nrules:\n  all: {profile: hevc}\n");
    auto trials = [this] {
        g_autofree char *text = nullptr;
        g_file_get_contents(Path(".home/calls").c_str(), &text, nullptr, nullptr);
        g_unlink(Path(".home/calls").c_str());
        int count = 0;
        for (const char *at = text; at && (at = strstr(at, "testsrc2")); at++)
            count++;
        return count;
    };
    Outcome dry = Run({"--dry-run", "--json", "-c", "home", film});
    EXPECT_EQ(trials(), 2) << dry.err;
    EXPECT_FALSE(Exists(".home/.local/state/ffarm/journal.db"));
    auto reports = json_events(dry.out, "host");
    ASSERT_EQ(reports.size(), 1u);
    JsonObject *trial = json_array_get_object_element(json_object_get_array_member(reports[0].get(), "trials"), 0);
    EXPECT_STREQ(json_object_get_string_member(trial, "verdict"), "yes");
    EXPECT_STREQ(json_object_get_string_member(trial, "driver"), "Tesla X");
    EXPECT_TRUE(contains(json_object_get_string_member(trial, "tried"), "T"));
    std::string known = "  cuda          yes (hevc 8-bit), Tesla X";
    EXPECT_TRUE(contains(Run({"hosts"}).out, known + "\n"));
    EXPECT_EQ(trials(), 2);
    sqlite3 *db = nullptr;
    ASSERT_EQ(sqlite3_open(Path(".home/.local/state/ffarm/journal.db").c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, "UPDATE encoders SET proved_us = proved_us - 7500000000", nullptr, nullptr, nullptr), 0);
    sqlite3_close(db);
    Outcome again = Run({"hosts"});
    EXPECT_TRUE(contains(again.out, known + ", proved 2 hours ago\n")) << again.out;
    Run({"--dry-run", "-c", "home", film});
    EXPECT_EQ(trials(), 0);
    EXPECT_TRUE(contains(Run({"hosts", "--refresh"}).out, known + "\n"));
    EXPECT_EQ(trials(), 2);
}

// Killed at instants all over a run: the film is always there whole, and resuming brings it to its end.
TEST_F(CliJournal, LosesNothingWhereverItIsKilled)
{
    std::string original = Clip("kept.mkv");
    for (int after_ms : {30, 90, 160, 240, 350, 500}) {
        g_autofree char *bytes = nullptr;
        gsize length = 0;
        ASSERT_TRUE(g_file_get_contents(original.c_str(), &bytes, &length, nullptr));
        std::string film = Path("film.mkv");
        ASSERT_TRUE(g_file_set_contents(film.c_str(), bytes, static_cast<gssize>(length), nullptr));
        GSubprocess *process = Start({"--again", film});
        g_usleep(static_cast<gulong>(after_ms) * 1000);
        Kill(process);
        Run({"resume"});
        EXPECT_EQ(Leftovers(), "") << after_ms;
        struct stat info;
        ASSERT_EQ(stat(film.c_str(), &info), 0) << after_ms;
        Outcome probe = Run({"probe", film});
        EXPECT_EQ(probe.status, 0) << after_ms << probe.out;
    }
}

TEST_F(CliJournal, ADryRunTellsHowLongItWillTake)
{
    std::string film = Clip("film.mkv");
    std::vector<std::string> dry = {"--dry-run", "-c", "home", film};
    Run({"resume"});
    Outcome outcome = Run(dry);
    EXPECT_FALSE(contains(outcome.out, "about ")) << outcome.out;
    sqlite3 *db = nullptr;
    ASSERT_EQ(sqlite3_open(Path(".home/.local/state/ffarm/journal.db").c_str(), &db), SQLITE_OK);
    const char *sql = "INSERT INTO speeds VALUES ('home', 'one', 'cpu', '', 'h264', 1080, 0.0001, 3, 0)";
    ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    outcome = Run(dry);
    EXPECT_TRUE(contains(outcome.out, " on home/one (by 3 encodes, estimated from 1080p)\n")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "1 file: 1 encode\nhome: all is encoded in about ")) << outcome.out;
    std::string other = Clip("other.mkv");
    outcome = Run({"--dry-run", "-c", "home", film, "-p", "slow", other});
    EXPECT_TRUE(contains(outcome.out, "home: how long 1 of 2 files will take is not known")) << outcome.out;
}
