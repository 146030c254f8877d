// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "error.h"
#include "keep_failed.h"
#include "scratch.h"

#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace
{
class KeepFailed : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        result = scratch_write(folder, ".ffarm-x.tmp", "a bad film", -1);
        target = std::string(folder) + "/deep/er";
    }
    void TearDown() override
    {
        g_free(result);
        g_clear_error(&error);
        scratch_free(folder);
    }
    std::string Keep(const std::string &source, const char *destination = "/media/x.mkv")
    {
        g_clear_error(&error);
        g_autofree char *path =
            ffarm_keep_failed(target.c_str(), result, source.c_str(), destination, "run-7", nullptr, &error);
        return path ? path : "";
    }
    static std::string Read(const std::string &path)
    {
        g_autofree char *text = nullptr;
        return g_file_get_contents(path.c_str(), &text, nullptr, nullptr) ? text : "missing";
    }
    char *folder = nullptr, *result = nullptr;
    std::string target;
    GError *error = nullptr;
};
} // namespace

TEST_F(KeepFailed, MovesItUnderTheFilmsNameAndTheJobs)
{
    EXPECT_EQ(Keep("/media/A film.avi"), target + "/A film.run-7.mkv");
    EXPECT_EQ(Read(target + "/A film.run-7.mkv"), "a bad film");
    EXPECT_NE(access(result, F_OK), 0);
}

TEST_F(KeepFailed, NeverOverwrites)
{
    Keep("/media/film.avi");
    g_free(scratch_write(folder, ".ffarm-x.tmp", "another", -1));
    EXPECT_EQ(Keep("/media/film.avi"), target + "/film.run-7-2.mkv");
    EXPECT_EQ(Read(target + "/film.run-7.mkv"), "a bad film");
    EXPECT_EQ(Read(target + "/film.run-7-2.mkv"), "another");
}

TEST_F(KeepFailed, MakesNamesThatAreSafe)
{
    EXPECT_EQ(Keep("/media/new\nline\x1b[0m.mkv", "/media/no extension.d/film"), target + "/new_line_[0m.run-7");
    g_free(scratch_write(folder, ".ffarm-x.tmp", "another", -1));
    std::string path = Keep("/media/" + std::string(251, 'x') + ".mkv");
    EXPECT_NE(path, "") << error->message;
    EXPECT_LT(path.size() - target.size(), 200u);
    g_free(scratch_write(folder, ".ffarm-x.tmp", "another", -1));
    EXPECT_EQ(Keep("/media/.mkv"), target + "/.mkv.run-7.mkv");
}

TEST_F(KeepFailed, CrossesFileSystems)
{
    struct stat here, there;
    if (stat(folder, &here) != 0 || stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev)
        GTEST_SKIP() << "/dev/shm is no file system of its own";
    char other[] = "/dev/shm/ffarm-test-XXXXXX";
    ASSERT_NE(mkdtemp(other), nullptr);
    target = other;
    std::string path = Keep("/media/film.avi");
    EXPECT_EQ(Read(path), "a bad film");
    EXPECT_NE(access(result, F_OK), 0);
    g_free(scratch_write(folder, ".ffarm-x.tmp", "another", -1));
    std::string second = Keep("/media/film.avi");
    EXPECT_EQ(Read(second), "another");
    EXPECT_NE(path, second);
    unlink(path.c_str());
    unlink(second.c_str());
    rmdir(other);
}

TEST_F(KeepFailed, SaysWhyItCantAndLeavesTheResult)
{
    g_autofree char *file = scratch_write(folder, "file", "x", -1);
    target = file;
    EXPECT_EQ(Keep("/media/film.avi"), "");
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE));
    EXPECT_EQ(Read(result), "a bad film");
}
