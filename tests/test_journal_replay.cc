// SPDX-License-Identifier: LGPL-2.1-or-later
// The journal of a run, cut after every one of its transactions, leads to a consistent state.
#include "journal_fixture.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recovery.h"
#include "replace.h"

namespace
{
/* Copies @from over @to, or removes it if there is none. */
void copy_file(const std::string &from, const std::string &to)
{
    g_autofree char *bytes = nullptr;
    gsize length = 0;
    if (!g_file_get_contents(from.c_str(), &bytes, &length, nullptr))
        g_unlink(to.c_str());
    else
        g_assert_true(g_file_set_contents(to.c_str(), bytes, static_cast<gssize>(length), nullptr));
}
} // namespace

/* A run of three films with real files; what lies on the disk is copied after each transaction. */
class JournalReplay : public JournalTest
{
  protected:
    void SetUp() override
    {
        JournalTest::SetUp();
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        settings = ffarm_settings_load(nullptr, FALSE, diagnostics);
        films = std::string(folder) + "/films";
        g_mkdir(films.c_str(), 0700);
    }

    void TearDown() override
    {
        ffarm_settings_free(settings);
        for (char *snapshot : snapshots)
            scratch_free(snapshot);
        JournalTest::TearDown();
    }

    std::string Film(guint item) const
    {
        return films + "/film" + std::to_string(item) + ".mkv";
    }

    std::string Temporary(guint item) const
    {
        return films + "/.ffarm-run1-" + std::to_string(item) + "-1-abc.mkv.tmp";
    }

    /* What a power cut right now would leave: the journal as it is. The log that sets films apart goes along, since the
     * disk of films is as it is at the end of the snapshot. */
    void Snapshot()
    {
        char *copy = scratch_new();
        for (const char *name : {"journal.db", "journal.db-wal"})
            copy_file(std::string(folder) + "/" + name, std::string(copy) + "/" + name);
        snapshots.push_back(copy);
    }

    FfarmPlan *PlanFilms(guint count)
    {
        std::vector<std::string> paths;
        for (guint item = 0; item < count; item++) {
            g_autofree char *path =
                scratch_write(folder, ("films/film" + std::to_string(item) + ".mkv").c_str(), "old film", -1);
            paths.push_back(Film(item));
        }
        FfarmPlan *plan = Plan("run1", paths);
        for (guint item = 0; item < count; item++) {
            FfarmMedia *media = static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, item))->media;
            struct stat info;
            g_assert_cmpint(stat(Film(item).c_str(), &info), ==, 0);
            media->device = info.st_dev;
            media->inode = info.st_ino;
            media->size_bytes = info.st_size;
            media->mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
        }
        return plan;
    }

    static gboolean OnStep(const FfarmReplaceRecord *record, gpointer data, GError **)
    {
        auto *test = static_cast<JournalReplay *>(data);
        g_autofree char *text = record->step == FFARM_REPLACE_UNDONE ? nullptr : ffarm_replace_record_format(record);
        EXPECT_TRUE(ffarm_journal_note_replacement(test->journal, "run1", test->item, text, nullptr));
        test->Snapshot();
        return TRUE;
    }

    /* One job from its beginning to its end, as the farm and the worker note it. */
    void DoJob(const FfarmPlan *plan, guint number, FfarmJobState end)
    {
        item = number;
        Note(plan, item, FFARM_JOB_CLAIMED);
        Snapshot();
        std::string attempt = "run1-" + std::to_string(item) + "-1-abc", here = Temporary(item);
        FfarmTrace trace = {"run1", item, attempt.c_str(), nullptr, "local", here.c_str(), nullptr, FALSE};
        gint64 id = 0;
        EXPECT_TRUE(ffarm_journal_add_trace(journal, &trace, &id, nullptr));
        Snapshot();
        g_autofree char *made = scratch_write(folder, ("films/.ffarm-" + attempt + ".mkv.tmp").c_str(), "new", -1);
        for (FfarmJobState state : {FFARM_JOB_ENCODING, FFARM_JOB_VERIFYING}) {
            Note(plan, item, state);
            Snapshot();
        }
        std::string destination = Film(item);
        FfarmReplaceParams params = {};
        params.result = here.c_str();
        params.destination = destination.c_str();
        params.source = static_cast<FfarmPlanItem *>(g_ptr_array_index(plan->items, item))->media;
        params.on_step = OnStep;
        params.user_data = this;
        if (end == FFARM_JOB_DONE) {
            EXPECT_TRUE(ffarm_replace(&params, nullptr, nullptr));
        } else {
            g_unlink(here.c_str());
        }
        EXPECT_TRUE(ffarm_journal_strike_trace(journal, id, FFARM_TRACE_HERE | FFARM_TRACE_THERE, nullptr));
        Snapshot();
        Note(plan, item, end);
        Snapshot();
    }

    static int Count(sqlite3 *db, const char *sql)
    {
        sqlite3_stmt *statement = nullptr;
        EXPECT_EQ(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr), SQLITE_OK) << sql;
        int count = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
        sqlite3_finalize(statement);
        return count;
    }

    void CheckSnapshot(const char *snapshot, guint number)
    {
        g_autofree char *notice = nullptr;
        g_autoptr(GError) error = nullptr;
        for (int round = 0; round < 2; round++) {
            g_autoptr(FfarmJournal) left = ffarm_journal_open(snapshot, &notice, &error);
            ASSERT_NE(left, nullptr) << number << error->message;
            EXPECT_EQ(notice, nullptr) << number;
            EXPECT_TRUE(ffarm_recovery_run(left, settings, nullptr, nullptr, nullptr, &error)) << number;
        }
        sqlite3 *db = nullptr;
        ASSERT_EQ(sqlite3_open((std::string(snapshot) + "/journal.db").c_str(), &db), SQLITE_OK);
        EXPECT_EQ(Count(db, "SELECT count(*) FROM traces"), 0) << number;
        EXPECT_EQ(Count(db, "SELECT count(*) FROM replacements"), 0) << number;
        EXPECT_EQ(Count(db, "SELECT count(*) FROM runs WHERE end_us = 0"), 0) << number;
        EXPECT_EQ(Count(db, "SELECT count(*) FROM jobs WHERE run NOT IN (SELECT id FROM runs)"), 0) << number;
        EXPECT_EQ(Count(db, "SELECT count(*) FROM jobs WHERE state = 7 AND output_size = 0 AND output IS NOT NULL"), 0);
        sqlite3_close(db);
    }

    FfarmSettings *settings;
    std::string films;
    guint item = 0;
    std::vector<char *> snapshots;
};

TEST_F(JournalReplay, IsConsistentAfterEveryTransaction)
{
    FfarmPlan *plan = PlanFilms(3);
    Snapshot();
    Begin(plan);
    Snapshot();
    DoJob(plan, 0, FFARM_JOB_DONE);
    DoJob(plan, 1, FFARM_JOB_FAILED);
    DoJob(plan, 2, FFARM_JOB_DONE);
    ASSERT_TRUE(ffarm_journal_end_run(journal, "run1", nullptr));
    Snapshot();
    ffarm_journal_free(journal);
    journal = nullptr;
    EXPECT_GT(snapshots.size(), 20U);
    for (guint number = 0; number < snapshots.size(); number++)
        CheckSnapshot(snapshots[number], number);
    for (guint number = 0; number < 3; number++) {
        g_autofree char *text = nullptr;
        ASSERT_TRUE(g_file_get_contents(Film(number).c_str(), &text, nullptr, nullptr)) << number;
        EXPECT_STREQ(text, number == 1 ? "old film" : "new");
    }
    g_autoptr(GDir) dir = g_dir_open(films.c_str(), 0, nullptr);
    for (const char *name; (name = g_dir_read_name(dir));)
        EXPECT_TRUE(g_str_has_prefix(name, "film")) << name;
}

/* The log of a database that was cut anywhere, also in the middle of a page: what is whole counts, the rest is gone. */
TEST_F(JournalReplay, IsReadableWhereverItsLogIsCut)
{
    FfarmPlan *plan = PlanFilms(1);
    Begin(plan);
    DoJob(plan, 0, FFARM_JOB_FAILED);
    std::string wal = std::string(folder) + "/journal.db-wal";
    g_autofree char *bytes = nullptr;
    gsize length = 0;
    ASSERT_TRUE(g_file_get_contents(wal.c_str(), &bytes, &length, nullptr));
    for (gsize cut = 0; cut < length; cut += 1499) {
        g_autofree char *copy = scratch_new();
        std::string place(copy);
        copy_file(std::string(folder) + "/journal.db", place + "/journal.db");
        ASSERT_TRUE(g_file_set_contents((place + "/journal.db-wal").c_str(), bytes, static_cast<gssize>(cut), nullptr));
        CheckSnapshot(copy, static_cast<guint>(cut));
        scratch_free(g_steal_pointer(&copy));
    }
}
