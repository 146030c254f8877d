// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "system.h"

#include <string>

namespace
{
struct Judged {
    ~Judged()
    {
        system_clear(&system);
    }
    System system = {};
};
} // namespace

TEST(SystemTakeUname, KnowsUnixBehindNoise)
{
    Judged judged;
    ASSERT_TRUE(system_take_uname(&judged.system, "Welcome!\n\nLinux aarch64\n"));
    EXPECT_EQ(judged.system.os, FFARM_OS_LINUX);
    EXPECT_EQ(judged.system.shell, FFARM_SHELL_POSIX);
    EXPECT_STREQ(judged.system.text, "Linux aarch64");
    ASSERT_TRUE(system_take_uname(&judged.system, "Darwin arm64\r\n"));
    EXPECT_EQ(judged.system.os, FFARM_OS_MACOS);
    ASSERT_TRUE(system_take_uname(&judged.system, "FreeBSD amd64"));
    EXPECT_EQ(judged.system.os, FFARM_OS_LINUX);
}

TEST(SystemTakeUname, LeavesTheRestToOthers)
{
    Judged judged;
    for (const char *output :
         {"", "\n\n", "Linux", "This account is currently not available.", "MINGW64_NT-10.0 x86_64",
          "MSYS_NT-10.0 x86_64", "CYGWIN_NT-10.0 x86_64", "'uname' is not recognized", "Linux \x1b[31m", "Linux x;y"})
        EXPECT_FALSE(system_take_uname(&judged.system, output)) << output;
}

TEST(SystemTakeEcho, TellsTheShellsApart)
{
    Judged judged;
    ASSERT_TRUE(system_take_echo(&judged.system, "\"Windows_NT $env:OS\" \r\n"));
    EXPECT_EQ(judged.system.os, FFARM_OS_WINDOWS);
    EXPECT_EQ(judged.system.shell, FFARM_SHELL_CMD);
    ASSERT_TRUE(system_take_echo(&judged.system, "%OS% Windows_NT\r\n"));
    EXPECT_EQ(judged.system.shell, FFARM_SHELL_POWERSHELL);
    EXPECT_EQ(judged.system.os, FFARM_OS_WINDOWS);
    ASSERT_TRUE(system_take_echo(&judged.system, "noise\n%OS% :OS\n"));
    EXPECT_EQ(judged.system.shell, FFARM_SHELL_POSIX);
    EXPECT_FALSE(system_take_echo(&judged.system, ""));
    EXPECT_FALSE(system_take_echo(&judged.system, "Permission denied"));
}

// ---- The questions, put to a stand-in for a connection

namespace
{
struct Script {
    std::string uname, echo, where; // answers
    const char *banner = nullptr;
    int asked = 0;
};

gboolean answer(gpointer connection, const FfarmExec *exec, int *status, GCancellable *, GError **)
{
    auto *script = static_cast<Script *>(connection);
    std::string line = exec->line;
    const std::string &text = line == "uname -sm"      ? script->uname
                              : line.find("echo") == 0 ? script->echo
                                                       : script->where;
    script->asked++;
    *status = text.empty() ? 1 : 0;
    exec->on_stdout(text.data(), text.size(), exec->user_data);
    return TRUE;
}

const char *peek_banner(gpointer connection)
{
    return static_cast<Script *>(connection)->banner;
}

bool detect(Script *script, FfarmOs os, System *system, GError **error = nullptr)
{
    FfarmRunnerKind kind = {};
    kind.exec = answer;
    kind.peek_banner = peek_banner;
    g_autoptr(FfarmHost) host = ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING);
    host->os = os;
    return system_detect(system, &kind, script, host, 0, nullptr, error);
}
} // namespace

TEST(SystemDetect, AsksNoMoreThanItMust)
{
    Judged judged;
    Script unix_host{"Linux x86_64\n", "", ""};
    ASSERT_TRUE(detect(&unix_host, FFARM_OS_UNKNOWN, &judged.system));
    EXPECT_EQ(unix_host.asked, 1);
    ASSERT_TRUE(detect(&unix_host, FFARM_OS_MACOS, &judged.system));
    EXPECT_EQ(unix_host.asked, 1);
    EXPECT_EQ(judged.system.os, FFARM_OS_MACOS);
    Script windows{"", "\"Windows_NT $env:OS\"", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"};
    windows.banner = "SSH-2.0-OpenSSH_for_Windows_8.6";
    ASSERT_TRUE(detect(&windows, FFARM_OS_UNKNOWN, &judged.system));
    EXPECT_EQ(windows.asked, 2);
    EXPECT_EQ(judged.system.form, FFARM_LEASE_POWERSHELL);
    windows.where = "";
    ASSERT_TRUE(detect(&windows, FFARM_OS_WINDOWS, &judged.system));
    EXPECT_EQ(judged.system.form, FFARM_LEASE_CMD);
}

TEST(SystemDetect, SaysWhatAnsweredWhenNothingIsKnown)
{
    Judged judged;
    g_autoptr(GError) error = nullptr;
    Script closed{"This account is currently not available.\n", "This account is currently not available.\n", ""};
    EXPECT_FALSE(detect(&closed, FFARM_OS_UNKNOWN, &judged.system, &error));
    EXPECT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC));
    EXPECT_STREQ(error->message,
                 "box: commands can't be run there, it answers \"This account is currently not available.\"");
}
