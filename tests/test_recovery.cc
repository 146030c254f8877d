// SPDX-License-Identifier: LGPL-2.1-or-later
#include "journal_fixture.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recovery.h"
#include "recovery_hosts.h"
#include "replace.h"

/* Runs that were broken off, in a scratch folder. */
class Recovery : public JournalTest
{
  protected:
    void SetUp() override
    {
        JournalTest::SetUp();
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        settings = ffarm_settings_load(nullptr, FALSE, diagnostics);
    }

    void TearDown() override
    {
        ffarm_settings_free(settings);
        JournalTest::TearDown();
    }

    std::string Write(const std::string &name, const std::string &text) const
    {
        g_autofree char *path = scratch_write(folder, name.c_str(), text.c_str(), -1);
        return path;
    }

    /* The process is gone, and another one starts. */
    void Recover()
    {
        Reopen();
        g_autoptr(GError) error = nullptr;
        messages.clear();
        EXPECT_TRUE(ffarm_recovery_run(journal, settings, OnMessage, this, nullptr, &error)) << error->message;
    }

    gint64 AddTrace(const char *here, const char *host = "local", const char *cluster = nullptr,
                    const char *there = nullptr)
    {
        FfarmTrace trace = {"run1", 0, "run1-0-1-abc", cluster, host, here, there, TRUE};
        gint64 id = 0;
        EXPECT_TRUE(ffarm_journal_add_trace(journal, &trace, &id, nullptr));
        return id;
    }

    int Count(const char *sql) const
    {
        sqlite3 *db = nullptr;
        sqlite3_stmt *statement = nullptr;
        std::string path = std::string(folder) + "/journal.db";
        sqlite3_open(path.c_str(), &db);
        sqlite3_prepare_v2(db, sql, -1, &statement, nullptr);
        int count = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
        sqlite3_finalize(statement);
        sqlite3_close(db);
        return count;
    }

    static void OnMessage(const char *message, gboolean, gpointer test)
    {
        static_cast<Recovery *>(test)->messages += std::string(message) + "\n";
    }

    FfarmSettings *settings;
    std::string messages;
};

static bool exists(const std::string &path)
{
    struct stat info;
    return lstat(path.c_str(), &info) == 0;
}

TEST_F(Recovery, HasNothingToDoAtFirst)
{
    Recover();
    EXPECT_EQ(messages, "");
}

TEST_F(Recovery, EndsARunThatWasBrokenOff)
{
    Begin(Plan("run1", {"/a"}));
    Recover();
    EXPECT_EQ(Count("SELECT count(*) FROM runs WHERE end_us = 0"), 0);
    g_autoptr(GPtrArray) runs = Runs();
    EXPECT_TRUE(ffarm_run_record_is_unfinished(Run(runs, 0)));
}

TEST_F(Recovery, LeavesALivingRunAlone)
{
    Begin(Plan("run1", {"/a"}));
    std::string path = Write(".ffarm-run1-0-1-abc.mkv.tmp", "being written");
    AddTrace(path.c_str());
    g_autoptr(FfarmJournal) other = Open();
    ASSERT_TRUE(ffarm_recovery_run(other, settings, nullptr, nullptr, nullptr, nullptr));
    EXPECT_TRUE(exists(path));
    EXPECT_EQ(Count("SELECT count(*) FROM traces"), 1);
}

TEST_F(Recovery, RemovesATemporaryFile)
{
    Begin(Plan("run1", {"/a"}));
    std::string path = Write(".ffarm-run1-0-1-abc.mkv.tmp", "half a film");
    AddTrace(path.c_str());
    Recover();
    EXPECT_FALSE(exists(path));
    EXPECT_EQ(Count("SELECT count(*) FROM traces"), 0);
    EXPECT_NE(messages.find("1 temporary file of earlier runs was removed"), std::string::npos) << messages;
}

TEST_F(Recovery, DoesNothingByANoteThatIsNotFfarms)
{
    Begin(Plan("run1", {"/a"}));
    std::string path = Write(".ffarm-a.mkv.tmp", "somebody's");
    for (FfarmTrace trace : {FfarmTrace{"run1", 0, "a", nullptr, "local", path.c_str(), "/", TRUE},
                             FfarmTrace{".*", 0, "run1-0-1-abc", nullptr, "local", nullptr, nullptr, TRUE}}) {
        gint64 id = 0;
        EXPECT_TRUE(ffarm_journal_add_trace(journal, &trace, &id, nullptr));
    }
    Recover();
    EXPECT_TRUE(exists(path));
    EXPECT_EQ(Count("SELECT count(*) FROM traces"), 0);
    EXPECT_NE(messages.find("nothing is removed by it"), std::string::npos) << messages;
}

TEST_F(Recovery, DoesNothingByARecordWhoseNamesAreNotFfarms)
{
    Begin(Plan("run1", {"/a"}));
    std::string source = Write("a.avi", "a film"), note = Write("note.nfo", "");
    std::string destination = source + ".mkv", temporary = std::string(folder) + "/.ffarm-x.tmp";
    FfarmReplaceRecord record = {};
    record.kind = FFARM_REPLACE_OTHER_NAME;
    record.boot_id = "";
    record.source = source.c_str();
    record.destination = destination.c_str();
    record.result = record.aside = temporary.c_str();
    record.staged = note.c_str();
    g_autofree char *text = ffarm_replace_record_format(&record);
    EXPECT_TRUE(ffarm_journal_note_replacement(journal, "run1", 0, text, nullptr));
    Recover();
    EXPECT_TRUE(exists(note));
    EXPECT_NE(messages.find("its names are not ffarm's"), std::string::npos) << messages;
}

TEST_F(Recovery, ForgetsOldLogsOnlyBelowItsOwnFolder)
{
    std::string film = Write("film.mkv", "a film");
    g_autofree char *logs = g_build_filename(folder, "logs", nullptr);
    g_mkdir(logs, 0700);
    Begin(Plan("..", {"/a"}));
    ASSERT_TRUE(ffarm_journal_end_run(journal, "..", nullptr));
    sqlite3 *db = nullptr;
    sqlite3_open((std::string(folder) + "/journal.db").c_str(), &db);
    sqlite3_exec(db, "UPDATE runs SET begin_us = 1", nullptr, nullptr, nullptr);
    sqlite3_close(db);
    Begin(Plan("run2", {"/a"}));
    ASSERT_TRUE(ffarm_journal_end_run(journal, "run2", nullptr));
    EXPECT_EQ(Count("SELECT count(*) FROM runs"), 1);
    EXPECT_TRUE(exists(film));
}

TEST_F(Recovery, StrikesWhatIsGoneAlready)
{
    Begin(Plan("run1", {"/a"}));
    std::string path = std::string(folder) + "/.ffarm-run1-0-1-abc.mkv.tmp";
    AddTrace(path.c_str());
    Recover();
    EXPECT_EQ(Count("SELECT count(*) FROM traces"), 0);
    EXPECT_EQ(messages, "");
}

TEST_F(Recovery, RemovesNothingThatIsNotItsOwn)
{
    Begin(Plan("run1", {"/a"}));
    for (const char *name : {"film.mkv", ".ffarm-other-0-1-abc.mkv.tmp", "run1-0-1-abc.mkv"}) {
        std::string path = Write(name, "a film");
        AddTrace(path.c_str());
        Recover();
        EXPECT_TRUE(exists(path)) << name;
        EXPECT_NE(messages.find("is not removed"), std::string::npos) << messages;
    }
}

TEST_F(Recovery, RemovesNoLinkAndNoFolder)
{
    Begin(Plan("run1", {"/a"}));
    std::string film = Write("film.mkv", "a film"), path = std::string(folder) + "/.ffarm-run1-0-1-abc.mkv.tmp";
    ASSERT_EQ(symlink(film.c_str(), path.c_str()), 0);
    AddTrace(path.c_str());
    Recover();
    EXPECT_TRUE(exists(film));
    EXPECT_TRUE(exists(path));
}

TEST_F(Recovery, NeverRemovesTheFilmItself)
{
    FfarmPlan *plan = Plan("run1", {"/a"});
    std::string path = Write(".ffarm-run1-0-1-abc.mkv.tmp", "the film, exchanged");
    struct stat info;
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    auto *item = static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, 0));
    item->media->size_bytes = info.st_size;
    item->media->mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
    Begin(plan);
    AddTrace(path.c_str());
    Recover();
    EXPECT_TRUE(exists(path));
}

TEST_F(Recovery, KeepsInMindWhatItCantReach)
{
    Begin(Plan("run1", {"/a"}));
    AddTrace(nullptr, "gone", "home", "/tmp/ffarm-run1-0-1-abc");
    Recover();
    EXPECT_EQ(Count("SELECT count(*) FROM traces"), 1);
    EXPECT_NE(messages.find("home/gone (/tmp/ffarm-run1-0-1-abc): may hold files"), std::string::npos) << messages;
    Recover();
    EXPECT_NE(messages, "") << "it is tried again";
}

TEST_F(Recovery, NamesAllHostsThatAreNotConfiguredInOneLine)
{
    Begin(Plan("run1", {"/a"}));
    AddTrace(nullptr, "beefy", "home", "/var/tmp/ffarm-run1-0-1-abc");
    AddTrace(nullptr, "second", "home", "/var/tmp/ffarm-run1-0-1-abc");
    Recover();
    EXPECT_EQ(std::count(messages.begin(), messages.end(), '\n'), 1) << messages;
    EXPECT_NE(messages.find("home/beefy (/var/tmp/ffarm-run1-0-1-abc), home/second (/var/tmp/ffarm-run1-0-1-abc): "),
              std::string::npos)
        << messages;
    EXPECT_NE(messages.find("name them once again to have them removed"), std::string::npos) << messages;
}

TEST_F(Recovery, KeepsInMindWhatLiesOnADiskThatIsAway)
{
    Begin(Plan("run1", {"/a"}));
    AddTrace("/nowhere/.ffarm-run1-0-1-abc.mkv.tmp");
    Recover();
    EXPECT_EQ(Count("SELECT count(*) FROM traces"), 1);
}

TEST_F(Recovery, TellsOfARecordThatItCantRead)
{
    FfarmPlan *plan = Plan("run1", {"/films/a.mkv"});
    Begin(plan);
    std::string path = Write(".ffarm-run1-0-1-abc.mkv.tmp", "maybe the film");
    AddTrace(path.c_str());
    ASSERT_TRUE(ffarm_journal_note_replacement(journal, "run1", 0, "nonsense", nullptr));
    Recover();
    EXPECT_NE(messages.find("/films/a.mkv: "), std::string::npos) << messages;
    EXPECT_TRUE(exists(path)) << "nobody knows what it is";
}

TEST_F(Recovery, EndsEncodesOfTheRunAndNoOthers)
{
    std::map<std::string, pid_t> children;
    for (const char *name : {"/films/.ffarm-run1-0-1-abc.mkv.tmp", "/films/.ffarm-run2-0-1-abc.mkv.tmp"}) {
        pid_t child = fork();
        if (child == 0) {
            /* Waits for what never comes, and has no children that could outlive it. */
            int never[2];
            if (pipe(never) == 0 && dup2(never[0], 0) == 0)
                execl("/bin/sh", "sh", "-c", "read x", name, nullptr);
            _exit(1);
        }
        children[name] = child;
    }
    usleep(200000);
    Begin(Plan("run1", {"/a"}));
    AddTrace((std::string(folder) + "/.ffarm-run1-0-1-abc.mkv.tmp").c_str());
    Recover();
    auto first = children.begin(), second = std::next(first);
    int status = 0;
    EXPECT_EQ(waitpid(first->second, &status, WNOHANG), first->second);
    EXPECT_EQ(waitpid(second->second, &status, WNOHANG), 0);
    kill(second->second, SIGKILL);
    waitpid(second->second, &status, 0);
}

/* A replacement that is stopped dead before each of its acts in turn, as a crash would. */
class RecoveryOfReplacement : public Recovery
{
  protected:
    struct Stopper {
        RecoveryOfReplacement *test;
        int left;
    };

    static gboolean OnStep(const FfarmReplaceRecord *record, gpointer data, GError **)
    {
        auto *stopper = static_cast<Stopper *>(data);
        g_autofree char *text = ffarm_replace_record_format(record);
        EXPECT_TRUE(ffarm_journal_note_replacement(stopper->test->journal, "run1", 0, text, nullptr));
        if (stopper->left-- == 0)
            _exit(7);
        return TRUE;
    }

    /* Replaces @source by @result in a process that dies at its step number @steps. Returns: TRUE if it got so far. */
    bool ReplaceAndDie(FfarmMedia *source, const std::string &result, const std::string &destination, int steps)
    {
        pid_t child = fork();
        if (child == 0) {
            ffarm_journal_free(journal);
            journal = Open();
            Stopper stopper = {this, steps};
            FfarmReplaceParams params = {};
            params.result = result.c_str();
            params.destination = destination.c_str();
            params.source = source;
            params.on_step = OnStep;
            params.user_data = &stopper;
            _exit(ffarm_replace(&params, nullptr, nullptr) ? 0 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_TRUE(WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 0);
        return WEXITSTATUS(status) == 7;
    }

    static std::string Read(const std::string &path)
    {
        g_autofree char *text = nullptr;
        return g_file_get_contents(path.c_str(), &text, nullptr, nullptr) ? text : "";
    }
};

TEST_F(RecoveryOfReplacement, LeavesExactlyOneFilmAtEveryStep)
{
    for (bool is_same_name : {true, false}) {
        bool goes_on = true;
        for (int steps = 0; goes_on; steps++) {
            TearDown();
            SetUp();
            std::string film = Write("films/film.mkv", "the old film");
            std::string result = Write("films/.ffarm-run1-0-1-abc.mkv.tmp", "new");
            std::string destination = is_same_name ? film : std::string(folder) + "/films/film.mp4";
            struct stat info;
            ASSERT_EQ(stat(film.c_str(), &info), 0);
            FfarmPlan *plan = Plan("run1", {film});
            auto *item = static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, 0));
            item->media->device = info.st_dev;
            item->media->inode = info.st_ino;
            item->media->size_bytes = info.st_size;
            item->media->mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
            Begin(plan);
            Note(plan, 0, FFARM_JOB_REPLACING);
            AddTrace(result.c_str());
            goes_on = ReplaceAndDie(item->media, result, destination, steps);
            Recover();
            Recover();
            bool is_replaced = Read(destination) == "new";
            bool is_there = Read(film) == "the old film";
            EXPECT_NE(is_replaced, is_there) << steps << messages;
            EXPECT_EQ(Count("SELECT count(*) FROM traces"), 0) << steps;
            EXPECT_EQ(Count("SELECT count(*) FROM replacements"), 0) << steps;
            EXPECT_EQ(Count("SELECT count(*) FROM jobs WHERE state = 7"), is_replaced ? 1 : 0) << steps;
            EXPECT_FALSE(exists(result)) << steps;
        }
    }
}
