// SPDX-License-Identifier: LGPL-2.1-or-later
#include "journal_fixture.h"

#include <algorithm>
#include <cerrno>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace
{
// Set by a test: all but the first pages of a file can't be read.
bool fails_reading = false;
} // namespace

extern "C" ssize_t pread64(int fd, void *data, size_t size, off64_t position)
{
    if (!fails_reading || position < 8192)
        return syscall(SYS_pread64, fd, data, size, position);
    errno = EIO;
    return -1;
}

namespace
{
std::string find_damaged(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, nullptr);
    for (const char *name; (name = g_dir_read_name(dir));)
        if (strstr(name, ".damaged-"))
            return std::string(folder) + "/" + name;
    return "";
}

guint mode_of(const std::string &path)
{
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
}
} // namespace

class Journal : public JournalTest
{
};

TEST_F(Journal, IsReadableByItsOwnerOnly)
{
    mode_t before = umask(0);
    std::string below = std::string(folder) + "/state/ffarm";
    g_autoptr(FfarmJournal) other = ffarm_journal_open(below.c_str(), nullptr, nullptr);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(mode_of(below), 0700U);
    for (const char *name : {"/journal.db", "/journal.db-wal", "/locks"})
        EXPECT_EQ(mode_of(below + name), 0600U) << name;
    umask(before);
}

TEST_F(Journal, GivesBackHowARunWasAskedFor)
{
    Begin(Plan("run1", {"/films/a.mkv"}));
    Reopen();
    g_autoptr(GPtrArray) runs = Runs();
    ASSERT_EQ(runs->len, 1U);
    const FfarmRunRecord *run = Run(runs, 0);
    EXPECT_STREQ(run->id, "run1");
    EXPECT_EQ(g_strv_length(run->argv), 4U);
    EXPECT_STREQ(run->argv[2], "a b\n.mkv");
    EXPECT_STREQ(run->argv[3], "");
    EXPECT_STREQ(run->directory, "/films");
    EXPECT_STREQ(run->config, "/etc/ffarm.yml");
    EXPECT_EQ(run->pid, getpid());
}

TEST_F(Journal, KeepsNamesThatAreNoText)
{
    FfarmPlan *plan = Plan("run1", {"/films/\xff\xfe'\"; DROP TABLE jobs;.mkv"});
    auto *item = static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, 0));
    item->input->list = g_strdup("/lists/\xff");
    item->input->list_name = g_strdup("x");
    Begin(plan);
    g_autoptr(GPtrArray) jobs = ffarm_journal_jobs(journal, "run1", nullptr);
    ASSERT_EQ(jobs->len, 1U);
    const auto *job = static_cast<const FfarmJobRecord *>(g_ptr_array_index(jobs, 0));
    EXPECT_STREQ(job->path, item->input->path);
    EXPECT_STREQ(job->list, "/lists/\xff");
    EXPECT_STREQ(job->cluster, "home");
    EXPECT_EQ(job->mixins, nullptr);
    EXPECT_EQ(job->state, FFARM_JOB_QUEUED);
}

TEST_F(Journal, CutsWhatAHostMaySay)
{
    FfarmPlan *plan = Plan("run1", {"/a"});
    Begin(plan);
    g_autoptr(FfarmJob) job = Job(plan, 0);
    std::string text(1 << 20, '\xc3');
    job->state = FFARM_JOB_FAILED;
    job->error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, text.c_str());
    ASSERT_TRUE(ffarm_journal_note_job(journal, "run1", job, nullptr));
    g_autoptr(GPtrArray) jobs = ffarm_journal_jobs(journal, "run1", nullptr);
    const char *reason = static_cast<const FfarmJobRecord *>(g_ptr_array_index(jobs, 0))->reason;
    EXPECT_LT(strlen(reason), 16384U);
    EXPECT_TRUE(g_utf8_validate(reason, -1, nullptr));
}

TEST_F(Journal, KnowsARunThatLives)
{
    FfarmPlan *plan = Plan("run1", {"/a"});
    Begin(plan);
    g_autoptr(FfarmJournal) other = Open();
    g_autoptr(GPtrArray) runs = ffarm_journal_runs(other, nullptr);
    EXPECT_TRUE(Run(runs, 0)->is_live);
    EXPECT_FALSE(ffarm_run_record_is_unfinished(Run(runs, 0)));
}

TEST_F(Journal, KnowsARunThatWasBrokenOff)
{
    Begin(Plan("run1", {"/a"}));
    Reopen();
    g_autoptr(GPtrArray) runs = Runs();
    EXPECT_FALSE(Run(runs, 0)->is_live);
    EXPECT_TRUE(ffarm_run_record_is_unfinished(Run(runs, 0)));
}

TEST_F(Journal, CountsWhatBecameOfJobs)
{
    FfarmPlan *plan = Plan("run1", {"/a", "/b", "/c"});
    Begin(plan);
    Note(plan, 0, FFARM_JOB_DONE);
    Note(plan, 1, FFARM_JOB_FAILED);
    Note(plan, 2, FFARM_JOB_CANCELLED);
    ASSERT_TRUE(ffarm_journal_end_run(journal, "run1", nullptr));
    g_autoptr(GPtrArray) runs = Runs();
    EXPECT_EQ(Run(runs, 0)->counts[FFARM_JOB_DONE], 1U);
    EXPECT_EQ(Run(runs, 0)->counts[FFARM_JOB_FAILED], 1U);
    EXPECT_EQ(Run(runs, 0)->source_bytes, 1000);
    EXPECT_TRUE(ffarm_run_record_is_unfinished(Run(runs, 0))) << "one was cancelled";
}

TEST_F(Journal, HandsOpenJobsToTheRunThatTakesThemOver)
{
    FfarmPlan *first = Plan("run1", {"/a", "/b", "/c"});
    Begin(first);
    Note(first, 0, FFARM_JOB_DONE);
    Note(first, 1, FFARM_JOB_FAILED);
    ASSERT_TRUE(ffarm_journal_end_run(journal, "run1", nullptr));
    Begin(Plan("run2", {"/a", "/c"}), "run1");
    g_autoptr(GPtrArray) runs = Runs();
    ASSERT_EQ(runs->len, 2U);
    EXPECT_STREQ(Run(runs, 0)->id, "run2");
    EXPECT_EQ(Run(runs, 1)->taken_over, 1U);
    EXPECT_EQ(Run(runs, 1)->counts[FFARM_JOB_DONE], 1U) << "what is done stays where it was done";
    EXPECT_EQ(Run(runs, 1)->counts[FFARM_JOB_FAILED], 1U);
    EXPECT_FALSE(ffarm_run_record_is_unfinished(Run(runs, 1)));
}

TEST_F(Journal, RemembersGoodEnds)
{
    FfarmPlan *plan = Plan("run1", {"/a", "/b", "/c", "/d", "/e"});
    Begin(plan);
    const FfarmJobState states[] = {FFARM_JOB_DONE, FFARM_JOB_KEPT, FFARM_JOB_BELOW_THRESHOLD, FFARM_JOB_FAILED,
                                    FFARM_JOB_ENCODING};
    const char *words[] = {"was encoded on", "was encoded and kept on", "was below the threshold on", nullptr, nullptr};
    for (guint i = 0; i < 5; i++) {
        Note(plan, i, states[i]);
        g_autofree char *text = ffarm_journal_recall(journal, "/a", 1000 + i, 5000 + i, "print");
        ASSERT_EQ(text != nullptr, words[i] != nullptr) << i;
        if (text) {
            EXPECT_TRUE(g_str_has_prefix(text, words[i])) << text;
        }
    }
}

TEST_F(Journal, RemembersNoOtherFileAndNoOtherProfile)
{
    FfarmPlan *plan = Plan("run1", {"/a"});
    Begin(plan);
    Note(plan, 0, FFARM_JOB_DONE);
    EXPECT_EQ(ffarm_journal_recall(journal, "/a", 1001, 5000, "print"), nullptr);
    EXPECT_EQ(ffarm_journal_recall(journal, "/a", 1000, 5001, "print"), nullptr);
    EXPECT_EQ(ffarm_journal_recall(journal, "/a", 1000, 5000, "other"), nullptr);
}

// The parts of a DVD that was copied are of one size, and of one time.
TEST_F(Journal, TellsFilmsApartThatAreOfOneSizeAndTime)
{
    g_autofree char *one = scratch_write(folder, "one.vob", "the first part", -1);
    g_autofree char *two = scratch_write(folder, "two.vob", "the other part", -1);
    g_autofree char *moved = scratch_write(folder, "moved.vob", "the first part", -1);
    FfarmPlan *plan = Plan("run1", {one});
    Begin(plan);
    Note(plan, 0, FFARM_JOB_KEPT);
    g_autofree char *known = ffarm_journal_recall(journal, one, 1000, 5000, "print");
    EXPECT_NE(known, nullptr);
    EXPECT_EQ(ffarm_journal_recall(journal, two, 1000, 5000, "print"), nullptr);
    g_autofree char *elsewhere = ffarm_journal_recall(journal, moved, 1000, 5000, "print");
    EXPECT_NE(elsewhere, nullptr);
}

TEST_F(Journal, RemembersTheResultToo)
{
    FfarmPlan *plan = Plan("run1", {"/a"});
    Begin(plan);
    g_autoptr(FfarmJob) job = Job(plan, 0);
    job->state = FFARM_JOB_DONE;
    job->fingerprint = g_strdup("print");
    job->output = scratch_write(folder, "result.mkv", "twelve bytes", -1);
    ASSERT_TRUE(ffarm_journal_note_job(journal, "run1", job, nullptr));
    struct stat info;
    ASSERT_EQ(stat(job->output, &info), 0);
    gint64 mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
    g_autofree char *text = ffarm_journal_recall(journal, job->output, 12, mtime_ns, "print");
    EXPECT_NE(text, nullptr);
}

// As from a backup: the result was not what its owner wanted.
TEST_F(Journal, ForgetsASourceThatWasReplaced)
{
    FfarmPlan *plan = Plan("run1", {"/is/not/there/any/more"});
    Begin(plan);
    g_autoptr(FfarmJob) job = Job(plan, 0);
    job->state = FFARM_JOB_DONE;
    job->fingerprint = g_strdup("print");
    job->output = scratch_write(folder, "result.mkv", "twelve bytes", -1);
    ASSERT_TRUE(ffarm_journal_note_job(journal, "run1", job, nullptr));
    EXPECT_EQ(ffarm_journal_recall(journal, "/a", 1000, 5000, "print"), nullptr);
}

TEST_F(Journal, RefusesToBeReadByAnOlderFfarm)
{
    ffarm_journal_free(journal);
    journal = nullptr;
    sqlite3 *db = nullptr;
    std::string path = std::string(folder) + "/journal.db";
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_journal_open(folder, nullptr, &error), nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_NE(strstr(error->message, "newer ffarm"), nullptr) << error->message;
    EXPECT_EQ(find_damaged(folder), "");
}

TEST_F(Journal, IsBegunAnewWhenItIsDamaged)
{
    ffarm_journal_free(journal);
    std::string path = std::string(folder) + "/journal.db";
    ASSERT_TRUE(g_file_set_contents(path.c_str(), "this is no database at all, is it?", -1, nullptr));
    std::string notice;
    journal = Open(&notice);
    ASSERT_NE(journal, nullptr);
    EXPECT_NE(notice.find("was damaged"), std::string::npos) << notice;
    EXPECT_NE(find_damaged(folder), "");
    Begin(Plan("run1", {"/a"}));
}

TEST_F(Journal, IsBegunAnewWhenAPageIsDamaged)
{
    FfarmPlan *plan = Plan("run1", std::vector<std::string>(200, "/films/some-name-that-fills-a-page.mkv"));
    Begin(plan);
    ffarm_journal_free(journal);
    std::string path = std::string(folder) + "/journal.db";
    g_autofree char *bytes = nullptr;
    gsize length = 0;
    ASSERT_TRUE(g_file_get_contents(path.c_str(), &bytes, &length, nullptr));
    memset(bytes + length / 2, 0xAA, 4096);
    ASSERT_TRUE(g_file_set_contents(path.c_str(), bytes, static_cast<gssize>(length), nullptr));
    std::string notice;
    journal = Open(&notice);
    ASSERT_NE(journal, nullptr);
    EXPECT_NE(notice, "");
}

// A disk that fails for a moment has damaged nothing; what the journal knows of half-done replacements is still needed.
TEST_F(Journal, StaysWhereItIsWhenItCanNotBeRead)
{
    Begin(Plan("run1", std::vector<std::string>(200, "/films/some-name-that-fills-a-page.mkv")));
    ffarm_journal_free(journal);
    g_autoptr(GError) error = nullptr;
    fails_reading = true;
    journal = ffarm_journal_open(folder, nullptr, &error);
    fails_reading = false;
    EXPECT_EQ(journal, nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_NE(strstr(error->message, "journal.db: the journal can't be used"), nullptr) << error->message;
    EXPECT_EQ(find_damaged(folder), "");
    std::string notice;
    journal = Open(&notice);
    EXPECT_EQ(notice, "");
}

TEST_F(Journal, IsWrittenByManyAtOnce)
{
    FfarmPlan *plan = Plan("run1", std::vector<std::string>(4, "/a"));
    Begin(plan);
    std::vector<std::thread> threads;
    for (guint item = 0; item < 4; item++)
        threads.emplace_back([this, plan, item] {
            g_autoptr(FfarmJournal) mine = Open();
            for (int round = 0; round < 10; round++) {
                g_autoptr(FfarmJob) job = Job(plan, item);
                job->state = FFARM_JOB_ENCODING;
                EXPECT_TRUE(ffarm_journal_note_job(round % 2 ? mine : journal, "run1", job, nullptr));
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    g_autoptr(GPtrArray) runs = Runs();
    EXPECT_EQ(Run(runs, 0)->counts[FFARM_JOB_ENCODING], 4U);
}

TEST_F(Journal, ForgetsWhatIsTooOld)
{
    Begin(Plan("old", {"/a"}));
    ASSERT_TRUE(ffarm_journal_end_run(journal, "old", nullptr));
    g_autofree char *log = scratch_write(folder, "logs/old/0-1.log", "x", -1);
    sqlite3 *db = nullptr;
    std::string path = std::string(folder) + "/journal.db";
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, "UPDATE runs SET begin_us = 1", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    Begin(Plan("new", {"/a"}));
    ASSERT_TRUE(ffarm_journal_end_run(journal, "new", nullptr));
    g_autoptr(GPtrArray) runs = Runs();
    ASSERT_EQ(runs->len, 1U);
    EXPECT_STREQ(Run(runs, 0)->id, "new");
    EXPECT_FALSE(g_file_test(log, G_FILE_TEST_EXISTS));
}

// As many films every night make a journal in which nothing is found any more.
TEST_F(Journal, ForgetsOldRunsOfVeryManyFiles)
{
    for (const char *run_id : {"run1", "run2", "run3"})
        Begin(Plan(run_id, {"/a"}));
    sqlite3 *db = nullptr;
    std::string path = std::string(folder) + "/journal.db";
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db,
                           "UPDATE runs SET begin_us = begin_us + substr(id, 4);"
                           "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)"
                           " INSERT INTO jobs (run, item, path, source_size, mtime_ns, state, changed_us)"
                           " SELECT 'run2', i, '', 0, 0, 0, 0 FROM n",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(db);
    for (const char *run_id : {"run1", "run2", "run3"})
        ASSERT_TRUE(ffarm_journal_end_run(journal, run_id, nullptr));
    g_autoptr(GPtrArray) runs = Runs();
    EXPECT_EQ(runs->len, 2U) << "run1, which a run of a million files came after";
}

TEST_F(Journal, LocksFilesAndNames)
{
    g_autoptr(FfarmJournal) other = Open();
    EXPECT_TRUE(ffarm_journal_lock_file(journal, 1, 23));
    EXPECT_FALSE(ffarm_journal_lock_file(other, 1, 23));
    EXPECT_TRUE(ffarm_journal_lock_file(other, 12, 3));
    EXPECT_TRUE(ffarm_journal_lock_path(journal, "/a"));
    EXPECT_FALSE(ffarm_journal_lock_path(other, "/a"));
    ffarm_journal_unlock_file(journal, 1, 23);
    ffarm_journal_unlock_path(journal, "/a");
    EXPECT_TRUE(ffarm_journal_lock_file(other, 1, 23));
    EXPECT_TRUE(ffarm_journal_lock_path(other, "/a"));
}

TEST_F(Journal, OfNobodyKnowsNothing)
{
    FfarmPlan *plan = Plan("run1", {"/a"});
    g_autoptr(FfarmJob) job = Job(plan, 0);
    FfarmRunOrigin origin = {};
    FfarmTrace trace = {};
    gint64 id = 0;
    EXPECT_TRUE(ffarm_journal_begin_run(nullptr, plan, &origin, nullptr, nullptr));
    EXPECT_TRUE(ffarm_journal_note_job(nullptr, "run1", job, nullptr));
    EXPECT_TRUE(ffarm_journal_add_trace(nullptr, &trace, &id, nullptr));
    EXPECT_TRUE(ffarm_journal_strike_trace(nullptr, id, FFARM_TRACE_HERE, nullptr));
    EXPECT_TRUE(ffarm_journal_note_replacement(nullptr, "run1", 0, "x", nullptr));
    EXPECT_TRUE(ffarm_journal_lock_file(nullptr, 1, 2));
    EXPECT_EQ(ffarm_journal_recall(nullptr, "/a", 1, 2, "print"), nullptr);
    EXPECT_TRUE(ffarm_journal_end_run(nullptr, "run1", nullptr));
}

TEST_F(Journal, FailsInWordsWhereItCantBe)
{
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_journal_open("/proc/ffarm", nullptr, &error), nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(g_str_has_prefix(error->message, "/proc/ffarm/journal.db: ")) << error->message;
}

// --- what hosts were found to do ---

namespace
{
class Capabilities : public JournalTest
{
  protected:
    static FfarmCapability Row(FfarmCapabilityClass class_, const char *codec = "hevc", int depth = 8,
                               const char *device = nullptr)
    {
        FfarmCapability row = {};
        row.engine = "cuda";
        row.device = const_cast<char *>(device);
        row.codec = codec;
        row.depth = depth;
        row.class_ = class_;
        row.words = const_cast<char *>("it said\xff so");
        row.command = const_cast<char *>("ffmpeg -x");
        row.driver = const_cast<char *>("driver 535");
        row.elapsed_us = 5;
        return row;
    }
    void Note(const FfarmCapability &row, const char *machine = "one") const
    {
        EXPECT_TRUE(ffarm_journal_note_capability(journal, machine, &row, nullptr));
    }
    FfarmAbilities *Find(const char *machine = "one") const
    {
        FfarmAbilities *abilities = ffarm_abilities_new();
        EXPECT_TRUE(ffarm_journal_find_capabilities(journal, machine, abilities, nullptr));
        return abilities;
    }
    // "hevc 8 proved, ..."
    std::string Text(const char *machine = "one") const
    {
        g_autoptr(FfarmAbilities) abilities = Find(machine);
        std::string text;
        for (guint i = 0; abilities->encoders && i < abilities->encoders->len; i++) {
            auto *row = static_cast<FfarmCapability *>(g_ptr_array_index(abilities->encoders, i));
            text += (i ? ", " : "") + std::string(row->device ? std::string(row->device) + " " : "") + row->codec +
                    " " + std::to_string(row->depth) + " " + ffarm_capability_class_name(row->class_);
        }
        return text;
    }
    void Execute(const char *sql) const
    {
        sqlite3 *db = nullptr;
        ASSERT_EQ(sqlite3_open((std::string(folder) + "/journal.db").c_str(), &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
        sqlite3_close(db);
    }
};
} // namespace

TEST_F(Capabilities, AreKeptForTheirMachine)
{
    Note(Row(FFARM_CAPABILITY_PROVED));
    Note(Row(FFARM_CAPABILITY_CAP_MISSING, "hevc", 10, "1"));
    Note(Row(FFARM_CAPABILITY_PROVED), nullptr);
    Reopen();
    EXPECT_EQ(Text(), "hevc 8 proved, 1 hevc 10 cap_missing");
    EXPECT_EQ(Text("two"), "");
    EXPECT_EQ(Text(nullptr), "");
    g_autoptr(FfarmAbilities) abilities = Find();
    auto *row = static_cast<FfarmCapability *>(g_ptr_array_index(abilities->encoders, 0));
    EXPECT_STREQ(row->engine, "cuda");
    EXPECT_EQ(row->device, nullptr);
    EXPECT_TRUE(g_utf8_validate(row->words, -1, nullptr));
    EXPECT_STREQ(row->command, "ffmpeg -x");
    EXPECT_STREQ(row->driver, "driver 535");
    EXPECT_EQ(row->elapsed_us, 5);
    EXPECT_LT(g_get_real_time() - row->proved_us, G_TIME_SPAN_MINUTE);
}

TEST_F(Capabilities, GetOld)
{
    struct {
        FfarmCapabilityClass class_;
        gint64 age_us;
        const char *text;
    } ages[] = {
        {FFARM_CAPABILITY_PROVED, 7 * G_TIME_SPAN_DAY - G_TIME_SPAN_MINUTE, "hevc 8 proved"},
        {FFARM_CAPABILITY_PROVED, 7 * G_TIME_SPAN_DAY + G_TIME_SPAN_MINUTE, ""},
        {FFARM_CAPABILITY_NO_DEVICE, G_TIME_SPAN_DAY - G_TIME_SPAN_MINUTE, "hevc 8 no_device"},
        {FFARM_CAPABILITY_NO_DEVICE, G_TIME_SPAN_DAY + G_TIME_SPAN_MINUTE, ""},
        {FFARM_CAPABILITY_PROVED, -G_TIME_SPAN_HOUR, ""}, // the clock was set back
    };
    for (auto &age : ages) {
        FfarmCapability row = Row(age.class_);
        row.proved_us = g_get_real_time() - age.age_us;
        Note(row);
        EXPECT_EQ(Text(), age.text) << age.age_us;
    }
}

TEST_F(Capabilities, OnlyYesAndNoAreKept)
{
    for (int i = 0; i < FFARM_N_CAPABILITY_CLASSES; i++) {
        auto class_ = static_cast<FfarmCapabilityClass>(i);
        Note(Row(FFARM_CAPABILITY_PROVED));
        Note(Row(class_));
        std::string kept = std::string("hevc 8 ") + ffarm_capability_class_name(class_);
        if (ffarm_capability_verdict(class_) == FFARM_CAPABILITY_BUSY)
            EXPECT_EQ(Text(), "hevc 8 proved") << kept;
        else
            EXPECT_EQ(Text(), ffarm_capability_is_lasting(class_) ? kept : "");
    }
}

TEST_F(Capabilities, AreForgottenWhenAJobShowsOtherwise)
{
    auto fill = [this] {
        for (int depth : {8, 10})
            for (const char *device : {"0", "1"})
                Note(Row(FFARM_CAPABILITY_PROVED, "hevc", depth, device));
        Note(Row(FFARM_CAPABILITY_PROVED, "h264", 8, "0"));
    };
    fill();
    EXPECT_TRUE(ffarm_journal_forget_capability(journal, "one", "cuda", "1", "hevc", 10, nullptr));
    EXPECT_EQ(Text(), "0 h264 8 proved, 0 hevc 8 proved, 0 hevc 10 proved, 1 hevc 8 proved");
    EXPECT_TRUE(ffarm_journal_forget_capability(journal, "one", "qsv", nullptr, nullptr, 0, nullptr));
    EXPECT_TRUE(ffarm_journal_forget_capability(journal, "two", "cuda", nullptr, nullptr, 0, nullptr));
    EXPECT_TRUE(ffarm_journal_forget_capability(journal, nullptr, "cuda", nullptr, nullptr, 0, nullptr));
    EXPECT_TRUE(ffarm_journal_forget_capability(nullptr, "one", "cuda", nullptr, nullptr, 0, nullptr));
    EXPECT_TRUE(ffarm_journal_forget_capability(journal, "one", "cuda", nullptr, "hevc", 8, nullptr));
    EXPECT_EQ(Text(), "0 h264 8 proved, 0 hevc 10 proved");
    EXPECT_TRUE(ffarm_journal_forget_capability(journal, "one", "cuda", "0", nullptr, 0, nullptr));
    EXPECT_EQ(Text(), "");
}

TEST_F(Capabilities, WhatIsDamagedOrNewerSaysNothing)
{
    static const char *const damages[] = {
        "engine = 'npu'",      "engine = x'ff00'", "codec = 'vp9'",       "codec = ''", "depth = 12",
        "class = 'PROVED'",    "class = 0",        "class = 'in_use'",    "class = ''", "class = 'sure'",
        "proved_us = 'later'", "proved_us = -1",   "proved_us = 1 << 62",
    };
    for (const char *damage : damages) {
        Note(Row(FFARM_CAPABILITY_PROVED));
        EXPECT_EQ(Text(), "hevc 8 proved");
        Execute((std::string("UPDATE encoders SET ") + damage).c_str());
        EXPECT_EQ(Text(), "") << damage;
        Execute("DELETE FROM encoders");
    }
    Note(Row(FFARM_CAPABILITY_PROVED));
    Execute("UPDATE encoders SET words = x'80ff', device = replace(hex(zeroblob(9000)), '0', 'd'), elapsed_us = -7");
    g_autoptr(FfarmAbilities) abilities = Find();
    ASSERT_EQ(abilities->encoders->len, 1u);
    auto *row = static_cast<FfarmCapability *>(g_ptr_array_index(abilities->encoders, 0));
    EXPECT_TRUE(g_utf8_validate(row->words, -1, nullptr));
    EXPECT_EQ(strlen(row->device), 4096u);
    EXPECT_EQ(row->elapsed_us, 0);
}

TEST_F(Capabilities, OfDecodingAreKeptToo)
{
    FfarmDecodeCapability row = {};
    row.engine = "vaapi";
    row.codec = const_cast<char *>("h264");
    row.profile = const_cast<char *>("High 10");
    row.pix_fmt = const_cast<char *>("yuv420p10le");
    row.class_ = FFARM_CAPABILITY_PROVED;
    EXPECT_TRUE(ffarm_journal_note_decode_capability(journal, "one", &row, nullptr));
    row.profile = nullptr;
    row.class_ = FFARM_CAPABILITY_CAP_MISSING;
    EXPECT_TRUE(ffarm_journal_note_decode_capability(journal, "one", &row, nullptr));
    {
        g_autoptr(FfarmAbilities) abilities = Find();
        ASSERT_EQ(abilities->decoders->len, 2u);
        auto *found = ffarm_abilities_find_decoder(abilities, "vaapi", nullptr, "h264", "High 10", "yuv420p10le");
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->class_, FFARM_CAPABILITY_PROVED);
        found = ffarm_abilities_find_decoder(abilities, "vaapi", nullptr, "h264", nullptr, "yuv420p10le");
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->class_, FFARM_CAPABILITY_CAP_MISSING);
    }
    row.class_ = FFARM_CAPABILITY_CRASHED;
    EXPECT_TRUE(ffarm_journal_note_decode_capability(journal, "one", &row, nullptr));
    g_autoptr(FfarmAbilities) one = Find();
    EXPECT_EQ(one->decoders->len, 1u);
    EXPECT_TRUE(
        ffarm_journal_forget_decode_capability(journal, "one", "vaapi", nullptr, nullptr, nullptr, nullptr, nullptr));
    g_autoptr(FfarmAbilities) none = Find();
    EXPECT_EQ(none->decoders->len, 0u);
}

namespace
{
class Speeds : public JournalTest
{
  protected:
    void SetUp() override
    {
        JournalTest::SetUp();
        host = ffarm_host_new("home", "fast", FFARM_HOST_LOCAL);
        alone = ffarm_host_new(nullptr, "fast", FFARM_HOST_LOCAL);
    }
    void TearDown() override
    {
        ffarm_host_free(host);
        ffarm_host_free(alone);
        JournalTest::TearDown();
    }
    void Note(const FfarmHost *of, double fps, const char *engine = "cpu", const char *decoder = nullptr,
              int height = 1080) const
    {
        const FfarmSpeed speed = {engine, decoder, "hevc", height, fps, 99};
        g_autoptr(GError) error = nullptr;
        EXPECT_TRUE(ffarm_journal_note_speed(journal, of, &speed, &error)) << error->message;
    }
    // "ENGINE/DECODER CODEC HEIGHT FPS xRUNS" of each, sorted.
    std::vector<std::string> Known(const FfarmHost *of) const
    {
        g_autoptr(GPtrArray) speeds = ffarm_journal_list_speeds(journal, of);
        std::vector<std::string> list;
        for (guint i = 0; i < speeds->len; i++) {
            auto *speed = static_cast<const FfarmSpeed *>(g_ptr_array_index(speeds, i));
            g_autofree char *text =
                g_strdup_printf("%s/%s %s %d %.4g x%u", speed->engine, speed->decoder ? speed->decoder : "-",
                                speed->codec, speed->height, speed->fps, speed->runs);
            list.push_back(text);
        }
        std::sort(list.begin(), list.end());
        return list;
    }

    FfarmHost *host = nullptr, *alone = nullptr;
};
using List = std::vector<std::string>;
} // namespace

TEST_F(Speeds, AreKeptByHostAndKind)
{
    Note(host, 10);
    Note(host, 200, "cuda", "cuda");
    Note(host, 40.5, "cpu", nullptr, 480);
    Note(alone, 7);
    Reopen();
    EXPECT_EQ(Known(host), (List{"cpu/- hevc 1080 10 x1", "cpu/- hevc 480 40.5 x1", "cuda/cuda hevc 1080 200 x1"}));
    EXPECT_EQ(Known(alone), List{"cpu/- hevc 1080 7 x1"});
}

TEST_F(Speeds, AreAMeanAtFirst)
{
    for (double fps : {10.0, 20.0, 60.0})
        Note(host, fps);
    EXPECT_EQ(Known(host), List{"cpu/- hevc 1080 30 x3"});
}

TEST_F(Speeds, FollowWhatChanges)
{
    for (int i = 0; i < 100; i++)
        Note(host, 10);
    Note(host, 90);
    EXPECT_EQ(Known(host), List{"cpu/- hevc 1080 20 x101"});
    for (int i = 0; i < 24; i++)
        Note(host, 90);
    g_autoptr(GPtrArray) speeds = ffarm_journal_list_speeds(journal, host);
    EXPECT_GT(static_cast<const FfarmSpeed *>(g_ptr_array_index(speeds, 0))->fps, 85);
}

TEST_F(Speeds, OfAnotherFfarmArePassedOver)
{
    Note(host, 10, "abacus");
    Note(host, 10, "cpu", "abacus");
    Note(host, 10, "cpu", nullptr, 1081);
    Note(host, 0);
    EXPECT_EQ(Known(host), List{});
}

TEST_F(Speeds, AreForgottenWithoutAJournal)
{
    const FfarmSpeed speed = {"cpu", nullptr, "hevc", 1080, 10, 1};
    EXPECT_TRUE(ffarm_journal_note_speed(nullptr, host, &speed, nullptr));
    g_autoptr(GPtrArray) speeds = ffarm_journal_list_speeds(nullptr, host);
    EXPECT_EQ(speeds->len, 0u);
}
