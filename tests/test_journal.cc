// SPDX-License-Identifier: LGPL-2.1-or-later
#include "journal_fixture.h"

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
