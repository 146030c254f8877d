// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "lock.h"

#include <csignal>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"

class Locks : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        path = std::string(folder) + "/locks";
        locks = Open();
        others = Open();
    }
    void TearDown() override
    {
        ffarm_locks_free(locks);
        ffarm_locks_free(others);
        scratch_free(folder);
    }
    FfarmLocks *Open() const
    {
        g_autoptr(GError) error = nullptr;
        FfarmLocks *opened = ffarm_locks_open(path.c_str(), &error);
        g_assert_no_error(error);
        return opened;
    }

    char *folder;
    std::string path;
    FfarmLocks *locks, *others;
};

TEST_F(Locks, AreTakenOnce)
{
    EXPECT_TRUE(ffarm_locks_take(locks, "a"));
    EXPECT_FALSE(ffarm_locks_take(locks, "a"));
    EXPECT_FALSE(ffarm_locks_take(others, "a"));
    EXPECT_TRUE(ffarm_locks_take(others, "b"));
}

TEST_F(Locks, AreFreeWhenGivenBack)
{
    EXPECT_TRUE(ffarm_locks_take(locks, "a"));
    ffarm_locks_give_back(locks, "a");
    EXPECT_TRUE(ffarm_locks_take(others, "a"));
}

TEST_F(Locks, AreNotGivenBackByOthers)
{
    EXPECT_TRUE(ffarm_locks_take(locks, "a"));
    ffarm_locks_give_back(others, "a");
    EXPECT_FALSE(ffarm_locks_take(others, "a"));
}

TEST_F(Locks, AreSeenByOthersAndByTheirOwner)
{
    EXPECT_FALSE(ffarm_locks_is_held(locks, "a"));
    EXPECT_TRUE(ffarm_locks_take(locks, "a"));
    EXPECT_TRUE(ffarm_locks_is_held(locks, "a"));
    EXPECT_TRUE(ffarm_locks_is_held(others, "a"));
    EXPECT_FALSE(ffarm_locks_is_held(others, "b"));
}

TEST_F(Locks, AreFreeWhenTheirProcessIsKilled)
{
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        FfarmLocks *mine = ffarm_locks_open(path.c_str(), nullptr);
        char answer = mine && ffarm_locks_take(mine, "a") ? 'y' : 'n';
        if (write(ready[1], &answer, 1) == 1)
            pause();
        _exit(1);
    }
    char answer = 0;
    ASSERT_EQ(read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    EXPECT_FALSE(ffarm_locks_take(locks, "a"));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(ffarm_locks_take(locks, "a"));
    close(ready[0]);
    close(ready[1]);
}

TEST_F(Locks, CantBeOpenedWhereThereIsNoFolder)
{
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_locks_open("/nowhere/at/all", &error), nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(g_str_has_prefix(error->message, "/nowhere/at/all: "));
}
