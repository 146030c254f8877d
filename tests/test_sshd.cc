// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "sshd.h"

#include <csignal>
#include <string>
#include <sys/wait.h>

namespace
{
int run_over_ssh(const Sshd *sshd, const char *command, std::string *output)
{
    g_autofree char *port = g_strdup_printf("%u", sshd->port);
    g_autofree char *text = nullptr;
    const char *argv[] = {sshd->ssh, "-o", "BatchMode=yes", "-p", port, sshd->address, command, nullptr};
    int status = -1;
    g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_DEFAULT, nullptr, nullptr, &text, nullptr,
                 &status, nullptr);
    *output = text ? text : "";
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
} // namespace

TEST(SshdStart, ServesTwoAtOnceAndEndsThem)
{
    ASSERT_TRUE(sshd_is_available());
    Sshd *first = sshd_start(nullptr);
    SshdOptions options = {};
    options.address = "127.0.0.9";
    options.server_lines = "ForceCommand echo forced; exit 3";
    options.wait_command = "";
    g_autoptr(Sshd) second = sshd_start(&options);
    std::string output;
    EXPECT_EQ(run_over_ssh(first, "echo hello; exit 7", &output), 7);
    EXPECT_EQ(output, "hello\n");
    EXPECT_EQ(run_over_ssh(second, "echo hello; exit 7", &output), 3);
    EXPECT_EQ(output, "forced\n");
    pid_t pid = first->pid;
    std::string folder = first->folder;
    sshd_stop(first);
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_FALSE(g_file_test(folder.c_str(), G_FILE_TEST_EXISTS));
}
