// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <gio/gio.h>
#include "original.h"
#include "scratch.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{
class Original : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        chmod(folder, 0777);
        path = scratch_write(folder, "films/film.mkv", "film", -1);
        films = std::string(folder) + "/films";
        media = ffarm_media_new(path);
        media->links = 1;
    }
    void TearDown() override
    {
        ffarm_media_free(media);
        g_free(path);
        scratch_free(folder);
    }
    std::string Obstacle(const char *trash = nullptr) const
    {
        g_autofree char *reason = ffarm_original_obstacle(media, trash);
        return reason ? reason : "";
    }
    // What somebody who isn't root is told.
    template <typename Body> static int AsNobody(Body body)
    {
        pid_t pid = fork();
        if (pid == 0)
            _exit((geteuid() == 0 && setuid(65534) != 0) ? 99 : body());
        int status = 0;
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    char *folder = nullptr, *path = nullptr;
    std::string films;
    FfarmMedia *media = nullptr;
};

bool SetFlags(const std::string &path, int flags)
{
    int fd = open(path.c_str(), O_RDONLY);
    bool ok = fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
    close(fd);
    return ok;
}
} // namespace

TEST_F(Original, MayBeTakenFromItsPlace)
{
    EXPECT_EQ(Obstacle(), "");
    EXPECT_EQ(Obstacle((films + "/.trash/film.mkv").c_str()), "");
}

TEST_F(Original, StaysWhereItsFolderCanNotBeWritten)
{
    chmod(films.c_str(), 0555);
    EXPECT_EQ(AsNobody([&] { return Obstacle().find("can't be written to: Permission denied") == std::string::npos; }),
              0);
    chmod(films.c_str(), 0755);
}

TEST_F(Original, StaysWhereTheFolderOfTheTrashCanNotBeMade)
{
    chmod(folder, 0555);
    std::string trash = std::string(folder) + "/trash";
    std::string said =
        "trash: the folder " + trash + " can't be made, as " + folder + " can't be written to: Permission denied";
    chmod(films.c_str(), 0777);
    EXPECT_EQ(AsNobody([&] { return Obstacle((trash + "/film.mkv").c_str()).find(said) == std::string::npos; }), 0);
    chmod(folder, 0777);
}

TEST_F(Original, StaysWhereAFolderLetsOnlyOwnersRemove)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "needs root to make a file of somebody else";
    chmod(films.c_str(), 01777);
    EXPECT_EQ(AsNobody([&] { return Obstacle().find("lets only owners remove files") == std::string::npos; }), 0);
    EXPECT_EQ(Obstacle(), "");
}

TEST_F(Original, StaysWhenProtected)
{
    if (!SetFlags(path, FS_IMMUTABLE_FL))
        GTEST_SKIP() << "this file system or user has no chattr";
    EXPECT_EQ(Obstacle(), "the source is protected against changes (chattr)");
    EXPECT_TRUE(SetFlags(path, 0));
    EXPECT_TRUE(SetFlags(films, FS_APPEND_FL));
    EXPECT_EQ(Obstacle(), "the source's folder " + films + " is protected against changes (chattr)");
    EXPECT_TRUE(SetFlags(films, 0));
}

TEST_F(Original, StaysBehindALinkToAFolderThatCanNotBeWritten)
{
    std::string link = std::string(folder) + "/link.mkv";
    ASSERT_EQ(symlink(path, link.c_str()), 0);
    ffarm_media_free(media);
    media = ffarm_media_new(link.c_str());
    chmod(films.c_str(), 0555);
    EXPECT_EQ(AsNobody([&] { return Obstacle().find(films) == std::string::npos; }), 0);
    chmod(films.c_str(), 0755);
}

TEST_F(Original, StaysWhereTheTrashCanNotBeMade)
{
    EXPECT_NE(Obstacle((std::string(path) + "/trash/film.mkv").c_str()).find("the original can't go to the trash"),
              std::string::npos);
}

TEST_F(Original, SaysWhatStays)
{
    EXPECT_EQ(ffarm_original_remark(media, TRUE), nullptr);
    media->links = 3;
    g_autofree char *hard = ffarm_original_remark(media, TRUE);
    EXPECT_NE(std::string(hard).find("has 3 names (hard links)"), std::string::npos);
    std::string link = std::string(folder) + "/link.mkv";
    ASSERT_EQ(symlink(path, link.c_str()), 0);
    ffarm_media_free(media);
    media = ffarm_media_new(link.c_str());
    g_autofree char *symbolic = ffarm_original_remark(media, FALSE);
    EXPECT_NE(std::string(symbolic).find("symbolic link"), std::string::npos);
    EXPECT_EQ(ffarm_original_remark(media, TRUE), nullptr);
}
