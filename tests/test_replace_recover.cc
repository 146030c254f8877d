// SPDX-License-Identifier: LGPL-2.1-or-later
// What recovery does about files that somebody changed since, and that it keeps its hands off them.
#include <gtest/gtest.h>
#include <gio/gio.h>
#include "replace_scene.h"
#include "replace.h"
#include "scratch.h"

#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace
{
const FfarmReplaceKind kinds[] = {FFARM_REPLACE_SAME_NAME, FFARM_REPLACE_OTHER_NAME, FFARM_REPLACE_KEEP};
const FfarmReplaceStep steps[] = {FFARM_REPLACE_PREPARE, FFARM_REPLACE_PLACE, FFARM_REPLACE_DROP};

class ReplaceRecover : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        record.step = FFARM_REPLACE_PLACE;
        record.kind = FFARM_REPLACE_OTHER_NAME;
        g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id, nullptr, nullptr);
        record.boot_id = g_strstrip(boot_id);
        record.source = film = Path("film.avi");
        record.destination = Path("film.mkv");
        record.result = Path(".ffarm-result.tmp");
        record.staged = Path(".ffarm-new.tmp");
        record.aside = Path(".ffarm-old.tmp");
    }
    void TearDown() override
    {
        for (char *path : paths)
            g_free(path);
        g_free(boot_id);
        scratch_free(folder);
    }
    char *Path(const char *name)
    {
        paths.push_back(g_build_filename(folder, name, nullptr));
        return paths.back();
    }
    static FfarmFileIdentity Write(const std::string &path, const char *text)
    {
        struct stat info = {};
        EXPECT_TRUE(g_file_set_contents(path.c_str(), text, -1, nullptr));
        EXPECT_EQ(stat(path.c_str(), &info), 0);
        return ffarm_file_identity(&info);
    }
    static std::string Read(const std::string &path)
    {
        g_autofree char *text = nullptr;
        return g_file_get_contents(path.c_str(), &text, nullptr, nullptr) ? text : "";
    }
    void Source(const char *path)
    {
        record.source_id = Write(path, "old");
    }
    void Result(const char *path)
    {
        record.result_id = record.staged_id = Write(path, "new film");
    }
    FfarmReplaceRecovery Recover()
    {
        g_autoptr(GError) error = nullptr;
        FfarmReplaceRecovery outcome = ffarm_replace_recover(&record, nullptr, nullptr, &error);
        EXPECT_EQ(outcome == FFARM_REPLACE_RECOVERED_UNCLEAR, error != nullptr);
        message = error ? error->message : "";
        return outcome;
    }

    char *folder = nullptr, *boot_id = nullptr, *film = nullptr;
    std::vector<char *> paths;
    FfarmReplaceRecord record = {};
    std::string message;
};
} // namespace

TEST_F(ReplaceRecover, LeavesAChangedResultAndTheSource)
{
    Source(record.source);
    Result(record.destination);
    Write(record.destination, "tagged by somebody");
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNCLEAR);
    EXPECT_EQ(Read(record.source), "old");
    EXPECT_EQ(Read(record.destination), "tagged by somebody");
    EXPECT_NE(message.find(record.source), std::string::npos) << message;
    EXPECT_NE(message.find(record.destination), std::string::npos) << message;
}

TEST_F(ReplaceRecover, LeavesAChangedSource)
{
    Source(record.source);
    Result(record.destination);
    Write(record.source, "mine");
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNCLEAR);
    EXPECT_EQ(Read(record.source), "mine");
    EXPECT_EQ(Read(record.destination), "new film");
}

TEST_F(ReplaceRecover, LeavesAResultThatIsAllThereIs)
{
    Source(record.source);
    Result(record.staged);
    unlink(record.source);
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNCLEAR);
    EXPECT_EQ(Read(record.staged), "new film");
    EXPECT_NE(message.find(record.staged), std::string::npos) << message;
}

TEST_F(ReplaceRecover, LeavesAStrangerUnderATemporaryName)
{
    Source(record.source);
    Result(record.staged);
    Write(record.staged, "not ours");
    record.step = FFARM_REPLACE_PREPARE;
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNDONE);
    EXPECT_EQ(Read(record.staged), "not ours");
    EXPECT_EQ(Read(record.source), "old");
}

TEST_F(ReplaceRecover, RemovesTheEmptyFileThatHeldAName)
{
    Source(record.source);
    Result(record.staged);
    Write(record.destination, "");
    ASSERT_EQ(chmod(record.destination, 0600), 0);
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNDONE) << message;
    EXPECT_EQ(access(record.destination, F_OK), -1);
    EXPECT_EQ(Read(record.source), "old");

    record.step = FFARM_REPLACE_DROP;
    record.trash_root = Path("trash");
    record.trash = Path("trash/film.avi");
    record.trash_staged = Path("trash/.ffarm-trash.tmp");
    ASSERT_EQ(mkdir(record.trash_root, 0700), 0);
    Write(record.trash, "");
    ASSERT_EQ(chmod(record.trash, 0600), 0);
    Result(record.destination);
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_FINISHED) << message;
    EXPECT_EQ(Read(record.trash), "old");
}

TEST_F(ReplaceRecover, LeavesASourceThatSomebodyChangedUnderTheSameName)
{
    record.kind = FFARM_REPLACE_SAME_NAME;
    record.destination = record.source;
    Source(record.source);
    Result(record.staged);
    Write(record.source, "mine");
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNDONE);
    EXPECT_EQ(Read(record.source), "mine");
    EXPECT_EQ(Read(record.staged), "");
}

TEST_F(ReplaceRecover, SaysThatADiskMayNotBeMounted)
{
    Source(record.source);
    Result(record.staged);
    unlink(record.source);
    unlink(record.staged);
    for (FfarmReplaceKind kind : kinds)
        for (FfarmReplaceStep step : steps) {
            record.kind = kind;
            record.step = step;
            EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNCLEAR) << kind << " " << step;
            EXPECT_NE(message.find("mounted"), std::string::npos) << message;
        }
}

TEST_F(ReplaceRecover, LetsDeviceNumbersGoOnlyAfterAStart)
{
    Source(record.source);
    Result(record.destination);
    record.source_id.device += 1;
    record.staged_id.device += 1;
    record.result_id.device += 1;
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNCLEAR);
    EXPECT_EQ(Read(record.source), "old");
    record.boot_id = "another";
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_FINISHED) << message;
    EXPECT_EQ(Read(record.source), "");
    EXPECT_EQ(Read(record.destination), "new film");
}

TEST_F(ReplaceRecover, IsOverWhenTheResultWasChangedAfterItsPlacing)
{
    record.step = FFARM_REPLACE_DROP;
    Source(record.source);
    Result(record.destination);
    unlink(record.source);
    Write(record.destination, "tagged by somebody");
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_FINISHED);
    EXPECT_EQ(Read(record.destination), "tagged by somebody");
}

// The result was still being written to, so that only a number told it; that of a file that was removed goes to
// the next one.
TEST_F(ReplaceRecover, TakesNoNewFileForAResultThatWasNotYetPlaced)
{
    record.step = FFARM_REPLACE_PREPARE;
    Source(record.source);
    Result(record.destination);
    record.staged_id.size_bytes = -1;
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNDONE);
    EXPECT_EQ(Read(record.source), "old");
    EXPECT_EQ(Read(record.destination), "new film");
}

// Whatever lies under the names: finishing needs the result under its name, and undoing a source or somebody else's
// file.
TEST_F(ReplaceRecover, JudgesEveryScene)
{
    unsigned finish = 0, undo = 0, neither = 0;
    for (FfarmReplaceKind kind : kinds)
        for (FfarmReplaceStep step : steps)
            for (unsigned code = 0;
                 code < FFARM_N_OCCUPANTS * FFARM_N_OCCUPANTS * FFARM_N_OCCUPANTS * FFARM_N_OCCUPANTS; code++) {
                FfarmReplaceScene scene = {};
                scene.source = static_cast<FfarmOccupant>(code % FFARM_N_OCCUPANTS);
                scene.destination = static_cast<FfarmOccupant>(code / FFARM_N_OCCUPANTS % FFARM_N_OCCUPANTS);
                scene.staged =
                    static_cast<FfarmOccupant>(code / FFARM_N_OCCUPANTS / FFARM_N_OCCUPANTS % FFARM_N_OCCUPANTS);
                scene.aside =
                    static_cast<FfarmOccupant>(code / FFARM_N_OCCUPANTS / FFARM_N_OCCUPANTS / FFARM_N_OCCUPANTS);
                if (kind == FFARM_REPLACE_SAME_NAME && scene.source != scene.destination)
                    continue;
                record.kind = kind;
                record.step = step;
                bool may_finish = ffarm_replace_may_finish(&record, &scene) != 0;
                bool may_undo = ffarm_replace_may_undo(&record, &scene) != 0;
                finish += may_finish;
                undo += may_undo;
                neither += !may_finish && !may_undo;
                bool is_unknown = scene.destination == FFARM_OCCUPANT_UNKNOWN;
                EXPECT_FALSE((may_finish || may_undo) && is_unknown) << code;
                EXPECT_FALSE(may_finish && scene.destination != FFARM_OCCUPANT_RESULT) << code;
                bool has_source = scene.source == FFARM_OCCUPANT_SOURCE || scene.staged == FFARM_OCCUPANT_SOURCE ||
                                  scene.aside == FFARM_OCCUPANT_SOURCE;
                EXPECT_FALSE(may_undo && scene.destination == FFARM_OCCUPANT_RESULT && !has_source) << code;
            }
    EXPECT_GT(finish, 0u);
    EXPECT_GT(undo, 0u);
    EXPECT_GT(neither, 0u);
}

/* By a link or a mount a trash may lead back to the film. */
TEST_F(ReplaceRecover, DoesNotEmptyATrashThatIsTheFilmsFolder)
{
    std::string detour = std::string(folder) + "/./film.avi";
    Source(record.source);
    Result(record.staged);
    record.result_id = {};
    record.trash = detour.c_str();
    record.trash_root = folder;
    record.trash_staged = Path(".ffarm-trash.tmp");
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_UNDONE) << message;
    EXPECT_EQ(Read(record.source), "old");
}

TEST_F(ReplaceRecover, CopiesAnewWhatIsNotWholeInTheTrash)
{
    Source(record.aside);
    Result(record.destination);
    record.step = FFARM_REPLACE_DROP;
    record.trash = Path("trash/film.avi");
    record.trash_root = Path("trash");
    record.trash_staged = Path("trash/.ffarm-trash.tmp");
    ASSERT_EQ(mkdir(record.trash_root, 0700), 0);
    Write(Path("trash/.ffarm-trash"), ""); // which a copy there is noted in before it begins
    record.trash_id = Write(record.trash_staged, "o");
    record.trash_id.size_bytes = -1;
    EXPECT_EQ(Recover(), FFARM_REPLACE_RECOVERED_FINISHED) << message;
    EXPECT_EQ(Read(record.trash), "old");
    EXPECT_FALSE(g_file_test(record.trash_staged, G_FILE_TEST_EXISTS));
    EXPECT_FALSE(g_file_test(record.aside, G_FILE_TEST_EXISTS));
}

TEST_F(ReplaceRecover, AForeignTextIsNoRecord)
{
    g_autoptr(FfarmReplaceRecord) none = ffarm_replace_record_parse("{'step': <'\xFF'>}", nullptr);
    EXPECT_EQ(none, nullptr);
}

TEST_F(ReplaceRecover, ARecordIsReadAsItWasWritten)
{
    Source(record.source);
    Result(record.destination);
    record.trash = Path("tr\xFF ash'\"\\\n.avi");
    record.trash_root = folder;
    record.trash_staged = Path(".ffarm-trash.tmp");
    record.trash_id = {1, 2, -1, G_MININT64};
    g_autofree char *line = ffarm_replace_record_format(&record);
    EXPECT_EQ(std::string(line).find('\n'), std::string::npos);
    EXPECT_TRUE(g_str_is_ascii(line));
    g_autoptr(GError) error = nullptr;
    g_autoptr(FfarmReplaceRecord) read = ffarm_replace_record_parse(line, &error);
    ASSERT_NE(read, nullptr) << error->message;
    g_autofree char *again = ffarm_replace_record_format(read);
    EXPECT_STREQ(again, line);
    EXPECT_STREQ(read->trash, record.trash);
    EXPECT_EQ(read->trash_id.mtime_ns, G_MININT64);
    for (size_t length = 0; length < strlen(line); length++) {
        g_autofree char *cut = g_strndup(line, length);
        g_autoptr(FfarmReplaceRecord) none = ffarm_replace_record_parse(cut, nullptr);
        EXPECT_EQ(none, nullptr) << cut;
    }
}
