// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <gio/gio.h>
#include "scratch.h"
#include "trash.h"

#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace
{
const gint64 now_s = 2000000000, day_s = 86400;

class Trash : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        root = std::string(folder) + "/trash";
        remarks = g_ptr_array_new_with_free_func(g_free);
    }
    void TearDown() override
    {
        scratch_free(folder);
        g_ptr_array_unref(remarks);
    }
    // A file below the trash, noted so many days ago.
    std::string Add(const std::string &name, gint64 days)
    {
        g_autofree char *path = scratch_write(root.c_str(), name.c_str(), "film", -1);
        Note(path, days);
        return path;
    }
    void Note(const std::string &path, gint64 days)
    {
        struct stat info;
        ASSERT_EQ(stat(path.c_str(), &info), 0);
        FfarmFileIdentity identity = ffarm_file_identity(&info);
        ASSERT_TRUE(ffarm_trash_note(root.c_str(), path.c_str(), &identity, now_s - days * day_s, nullptr));
    }
    guint Empty(guint days)
    {
        return ffarm_trash_empty(root.c_str(), days, now_s, remarks);
    }
    static bool Exists(const std::string &path)
    {
        struct stat info;
        return lstat(path.c_str(), &info) == 0;
    }

    char *folder = nullptr;
    std::string root;
    GPtrArray *remarks = nullptr;
};

std::string PathOf(const char *trash_dir, const char *source)
{
    g_autofree char *path = ffarm_trash_path(trash_dir, source);
    g_autofree char *root = ffarm_trash_root(trash_dir, source);
    return std::string(root) + " " + path;
}
} // namespace

TEST_F(Trash, KeepsTheFoldersOfFilmsInOneForAll)
{
    EXPECT_EQ(PathOf("/trash", "/media/films/a.mkv"), "/trash /trash/media/films/a.mkv");
    EXPECT_EQ(PathOf("/trash/", "/a.mkv"), "/trash/ /trash/a.mkv");
    EXPECT_EQ(PathOf(".old", "/media/films/a.mkv"), "/media/films/.old /media/films/.old/a.mkv");
    EXPECT_EQ(PathOf("old/ones", "/media/a.mkv"), "/media/old/ones /media/old/ones/a.mkv");
}

TEST_F(Trash, NumbersNamesThatAreTaken)
{
    std::string wanted = std::string(folder) + "/a.b.mkv";
    for (const char *expected : {"/a.b.mkv", "/a.b (2).mkv", "/a.b (3).mkv"}) {
        g_autofree char *name = ffarm_trash_free_name(wanted.c_str());
        EXPECT_EQ(std::string(name), folder + std::string(expected));
        ASSERT_EQ(symlink("/nowhere", name), 0); // a link that leads nowhere takes a name too
    }
}

TEST_F(Trash, RemovesWhatHasBeenThereLongEnough)
{
    std::string old = Add("media/deep/old.mkv", 31), recent = Add("media/recent.mkv", 29);
    std::string odd = Add("odd \n\\\xFF name.mkv", 31);
    g_autofree char *foreign = scratch_write(root.c_str(), "foreign.mkv", "film", -1);
    EXPECT_EQ(Empty(30), 2u);
    EXPECT_FALSE(Exists(old));
    EXPECT_FALSE(Exists(odd));
    EXPECT_FALSE(Exists(root + "/media/deep")) << "an empty folder is left";
    EXPECT_TRUE(Exists(recent));
    EXPECT_TRUE(Exists(foreign)) << "somebody else's file was removed";
    EXPECT_EQ(Empty(30), 0u);
    EXPECT_EQ(Empty(28), 1u);
    EXPECT_EQ(remarks->len, 0u);
}

TEST_F(Trash, LeavesWhatWasChangedSince)
{
    std::string changed = Add("changed.mkv", 31), replaced = Add("replaced.mkv", 31);
    g_autofree char *other = scratch_write(folder, "other", "film", -1);
    ASSERT_EQ(truncate(changed.c_str(), 2), 0);
    ASSERT_EQ(rename(other, replaced.c_str()), 0);
    EXPECT_EQ(Empty(30), 0u);
    EXPECT_TRUE(Exists(changed));
    EXPECT_TRUE(Exists(replaced));
}

// Somebody took a film back, and it came here again; or an earlier try to bring it here failed.
TEST_F(Trash, CountsFromTheLastTimeThatAFilmCame)
{
    std::string film = Add("film.mkv", 60);
    Note(film, 2);
    EXPECT_EQ(Empty(30), 0u);
    EXPECT_TRUE(Exists(film));
    EXPECT_EQ(Empty(1), 1u);
}

// The clock was not set yet when the film came.
TEST_F(Trash, RemovesNothingThatCameBeforeItWasMade)
{
    std::string film = Add("film.mkv", (now_s - 100) / day_s), other = Add("other.mkv", 31);
    EXPECT_EQ(Empty(30), 1u);
    EXPECT_TRUE(Exists(film));
    EXPECT_FALSE(Exists(other));
    EXPECT_EQ(ffarm_trash_empty(root.c_str(), 30, now_s + 29 * day_s, remarks), 0u);
    EXPECT_EQ(ffarm_trash_empty(root.c_str(), 30, now_s + 31 * day_s, remarks), 1u) << "never removed";
}

TEST_F(Trash, FollowsNoLink)
{
    std::string film = Add("deep/film.mkv", 31), beside = std::string(folder) + "/beside";
    ASSERT_EQ(rename((root + "/deep").c_str(), beside.c_str()), 0);
    ASSERT_EQ(symlink(beside.c_str(), (root + "/deep").c_str()), 0);
    EXPECT_EQ(Empty(30), 0u);
    EXPECT_TRUE(Exists(beside + "/film.mkv"));
}

TEST_F(Trash, StaysBelowItself)
{
    g_autofree char *outside = scratch_write(folder, "outside.mkv", "film", -1);
    std::string inside = Add("inside.mkv", 31);
    struct stat info;
    ASSERT_EQ(stat(outside, &info), 0);
    FfarmFileIdentity identity = ffarm_file_identity(&info);
    std::string path = root + "/../outside.mkv";
    ASSERT_TRUE(ffarm_trash_note(root.c_str(), path.c_str(), &identity, 1, nullptr));
    EXPECT_EQ(Empty(30), 1u);
    EXPECT_TRUE(Exists(outside));
    EXPECT_FALSE(Exists(inside));
}

TEST_F(Trash, ReadsWhatIsLeftOfABrokenList)
{
    std::string film = Add("film.mkv", 31);
    g_autofree char *text = nullptr;
    std::string ledger = root + "/.ffarm-trash";
    ASSERT_TRUE(g_file_get_contents(ledger.c_str(), &text, nullptr, nullptr));
    std::string broken = std::string("17\n1 2 3\nx y z a b\n99 0 0 0 film.mkv\n") + text + "20000";
    ASSERT_TRUE(g_file_set_contents(ledger.c_str(), broken.c_str(), -1, nullptr));
    std::string second = Add("second.mkv", 31);
    EXPECT_EQ(Empty(30), 2u);
    EXPECT_FALSE(Exists(film));
    EXPECT_FALSE(Exists(second));
}

TEST_F(Trash, IsKnownByItsList)
{
    EXPECT_FALSE(ffarm_trash_is(root.c_str()));
    Add("film.mkv", 0);
    EXPECT_TRUE(ffarm_trash_is(root.c_str()));
    EXPECT_EQ(ffarm_trash_empty("/nowhere/at/all", 1, now_s, remarks), 0u);
}
