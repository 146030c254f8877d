// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "runner.h"
#include "scratch.h"
#include "ssh_folder.h"
#include "ssh_master.h"
#include "sshd.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

// What is special about the kind that drives OpenSSH's client, and when it is taken. That it does what all kinds do is
// held by test_runner.cc.

namespace
{
struct Trial {
    Trial(FfarmTransport transport, const Sshd *sshd) : host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING))
    {
        host->address = g_strdup(sshd->address);
        host->port = sshd->port;
        g_free(host->ssh);
        host->ssh = g_strdup(sshd->ssh);
        host->transport = transport;
    }
    ~Trial()
    {
        ffarm_runner_free(runner);
        ffarm_host_free(host);
        g_clear_error(&error);
    }
    bool open(guint timeout_ms = 0, GCancellable *cancellable = nullptr)
    {
        g_clear_pointer(&runner, ffarm_runner_free);
        g_clear_error(&error);
        runner = ffarm_runner_new(host);
        return ffarm_runner_open(runner, timeout_ms, cancellable, &error);
    }
    bool is_error(int code) const
    {
        bool is_named = error && g_str_has_prefix(error->message, "box: ") && !strchr(error->message, '\n');
        EXPECT_TRUE(is_named) << message();
        return g_error_matches(error, FFARM_REMOTE_ERROR, code);
    }
    std::string message() const
    {
        return error ? error->message : "no error";
    }
    std::string ask(const std::vector<const char *> &words)
    {
        std::vector<const char *> argv = words;
        argv.push_back(nullptr);
        g_autofree char *output = nullptr;
        g_clear_error(&error);
        EXPECT_TRUE(ffarm_runner_ask(runner, argv.data(), 20000, 4096, &output, nullptr, nullptr, nullptr, &error))
            << message();
        return output ? output : "";
    }
    FfarmHost *host;
    FfarmRunner *runner = nullptr;
    GError *error = nullptr;
};

size_t CountEntries(const char *folder)
{
    size_t count = 0;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, nullptr);
    while (dir && g_dir_read_name(dir))
        count++;
    return count;
}

void write_file(const char *path, const char *text)
{
    ASSERT_TRUE(g_file_set_contents(path, text, -1, nullptr));
}

// A program that must be used as "dash -c LINE" and the like is what sshd takes for the login shell.
Sshd *start_with_shell(const std::string &call)
{
    std::string line = "ForceCommand case \"$SSH_ORIGINAL_COMMAND\" in */sftp-server) exec $SSH_ORIGINAL_COMMAND;; "
                       "*) exec " +
                       call + " \"$SSH_ORIGINAL_COMMAND\";; esac";
    SshdOptions options = {};
    options.server_lines = line.c_str();
    return sshd_start(&options);
}
} // namespace

TEST(SshMasterJudge, KnowsWhatSshSays)
{
    EXPECT_EQ(ssh_master_judge("me@box: Permission denied (publickey)."), FFARM_REMOTE_ERROR_AUTH);
    EXPECT_EQ(ssh_master_judge("Received disconnect: 2: Too many authentication failures"), FFARM_REMOTE_ERROR_AUTH);
    EXPECT_EQ(ssh_master_judge("No ED25519 host key is known for box and you have requested strict checking."),
              FFARM_REMOTE_ERROR_HOST_KEY);
    EXPECT_EQ(ssh_master_judge("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nPermission denied"),
              FFARM_REMOTE_ERROR_HOST_KEY);
    EXPECT_EQ(ssh_master_judge("connect to host box port 22: Connection refused"), FFARM_REMOTE_ERROR_UNREACHABLE);
    EXPECT_EQ(ssh_master_judge(""), FFARM_REMOTE_ERROR_UNREACHABLE);
}

TEST(Openssh, ChecksTheHostKey)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    g_autofree char *known = nullptr;
    ASSERT_TRUE(g_file_get_contents(sshd->known_hosts, &known, nullptr, nullptr));
    Trial trial(FFARM_TRANSPORT_OPENSSH, sshd);
    write_file(sshd->known_hosts, "");
    EXPECT_FALSE(trial.open());
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_HOST_KEY)) << trial.message();
    EXPECT_NE(trial.message().find("accept-new"), std::string::npos) << trial.message();
    trial.host->host_key = FFARM_HOST_KEY_ACCEPT_NEW;
    EXPECT_TRUE(trial.open()) << trial.message();
    EXPECT_EQ(trial.ask({"echo", "in"}), "in\n");
    // Another key under the same name, as when somebody stands in between.
    g_autofree char *user_key_path = g_strconcat(sshd->key, ".pub", nullptr);
    g_autofree char *user_key = nullptr;
    ASSERT_TRUE(g_file_get_contents(user_key_path, &user_key, nullptr, nullptr));
    g_autofree char *wrong = g_strdup_printf("[%s]:%u %s", sshd->address, sshd->port, user_key);
    write_file(sshd->known_hosts, wrong);
    EXPECT_FALSE(trial.open());
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_HOST_KEY)) << trial.message();
    EXPECT_NE(trial.message().find("has changed"), std::string::npos) << trial.message();
    g_autofree char *after = nullptr;
    ASSERT_TRUE(g_file_get_contents(sshd->known_hosts, &after, nullptr, nullptr));
    EXPECT_STREQ(after, wrong);
}

TEST(Openssh, SaysWhyItCannotConnect)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    Trial trial(FFARM_TRANSPORT_OPENSSH, sshd);
    write_file(sshd->authorized, "");
    EXPECT_FALSE(trial.open());
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_AUTH)) << trial.message();
    EXPECT_NE(trial.message().find("Permission denied"), std::string::npos) << trial.message();
    trial.host->port = 1;
    EXPECT_FALSE(trial.open());
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_UNREACHABLE)) << trial.message();
    EXPECT_NE(trial.message().find("refused"), std::string::npos) << trial.message();
    g_free(trial.host->ssh);
    trial.host->ssh = g_strdup("/no/such/ssh");
    EXPECT_FALSE(trial.open());
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_UNREACHABLE)) << trial.message();
}

TEST(Openssh, GivesUpInTimeAndWhenCancelled)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    Trial trial(FFARM_TRANSPORT_OPENSSH, sshd);
    // A way to the server on which nothing ever comes.
    g_autofree char *script = scratch_write(sshd->folder, "deaf", "#!/bin/sh\nexec sleep 60\n", -1);
    ASSERT_EQ(chmod(script, 0700), 0);
    g_free(trial.host->ssh);
    trial.host->ssh = g_strdup(script);
    gint64 start_us = g_get_monotonic_time();
    EXPECT_FALSE(trial.open(500));
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_UNREACHABLE)) << trial.message();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GThread) canceller = g_thread_new(
        "canceller",
        [](gpointer data) -> gpointer {
            g_usleep(300000);
            g_cancellable_cancel(static_cast<GCancellable *>(data));
            return nullptr;
        },
        cancellable);
    EXPECT_FALSE(trial.open(20000, cancellable));
    EXPECT_TRUE(g_error_matches(trial.error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) << trial.message();
    EXPECT_LT(g_get_monotonic_time() - start_us, 5 * G_USEC_PER_SEC);
    g_thread_join(static_cast<GThread *>(g_steal_pointer(&canceller)));
}

TEST(Openssh, LeavesNoSocketAndNoProcessBehind)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    g_autofree char *folder = g_build_filename(sshd->folder, "run", nullptr);
    ASSERT_EQ(g_mkdir_with_parents(folder, 0700), 0);
    g_autofree char *before = g_strdup(g_getenv("XDG_RUNTIME_DIR"));
    g_setenv("XDG_RUNTIME_DIR", folder, TRUE);
    {
        Trial trial(FFARM_TRANSPORT_OPENSSH, sshd);
        ASSERT_TRUE(trial.open()) << trial.message();
        EXPECT_EQ(trial.ask({"echo", "in"}), "in\n");
        g_autoptr(GDir) inside = g_dir_open(folder, 0, nullptr);
        EXPECT_NE(g_dir_read_name(inside), nullptr);
    }
    g_autoptr(GDir) inside = g_dir_open(folder, 0, nullptr);
    EXPECT_EQ(g_dir_read_name(inside), nullptr);
    if (before)
        g_setenv("XDG_RUNTIME_DIR", before, TRUE);
    else
        g_unsetenv("XDG_RUNTIME_DIR");
}

// Who is killed leaves his socket's folder, which the next start removes; that of one who lives stays.
TEST(Openssh, SweepsTheFoldersOfTheDead)
{
    char *folder = scratch_new();
    g_autofree char *before = g_strdup(g_getenv("XDG_RUNTIME_DIR"));
    g_setenv("XDG_RUNTIME_DIR", folder, TRUE);
    g_autoptr(SshFolder) ours = ssh_folder_new(nullptr);
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        SshFolder *theirs = ssh_folder_new(nullptr);
        sockaddr_un address = {AF_UNIX, {}};
        g_strlcpy(address.sun_path, ssh_folder_peek_socket(theirs), sizeof(address.sun_path));
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0 || write(pipes[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    char ready = 0;
    ASSERT_EQ(read(pipes[0], &ready, 1), 1);
    ssh_folder_sweep();
    EXPECT_EQ(CountEntries(folder), 2U) << "both live";
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::string foreign = std::string(folder) + "/ffarm-ssh-abcdef";
    mkdir(foreign.c_str(), 0700);
    ssh_folder_sweep();
    EXPECT_EQ(CountEntries(folder), 2U) << "one who lives, and one that may get its lock yet";
    const timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    utimensat(AT_FDCWD, foreign.c_str(), long_ago, 0);
    ssh_folder_sweep();
    EXPECT_EQ(CountEntries(folder), 1U) << "who made it died before he had a lock in it";
    g_clear_pointer(&ours, ssh_folder_free);
    EXPECT_EQ(CountEntries(folder), 0U);
    close(pipes[0]);
    close(pipes[1]);
    if (before)
        g_setenv("XDG_RUNTIME_DIR", before, TRUE);
    else
        g_unsetenv("XDG_RUNTIME_DIR");
    scratch_free(folder);
}

TEST(Openssh, SaysThatThereIsNoFileServer)
{
    SshdOptions options = {};
    options.server_lines = "Subsystem sftp /bin/false";
    g_autoptr(Sshd) sshd = sshd_start(&options);
    Trial trial(FFARM_TRANSPORT_OPENSSH, sshd);
    ASSERT_TRUE(trial.open()) << trial.message();
    EXPECT_FALSE(ffarm_runner_make_dir(trial.runner, "/tmp/never", nullptr, &trial.error));
    EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_TRANSFER)) << trial.message();
    EXPECT_NE(trial.message().find("Subsystem sftp"), std::string::npos) << trial.message();
    EXPECT_EQ(trial.ask({"echo", "in"}), "in\n");
}

// ---- Which transport is taken

TEST(TransportAuto, TakesLibssh2WhereItCan)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    Trial trial(FFARM_TRANSPORT_AUTO, sshd);
    ASSERT_TRUE(trial.open()) << trial.message();
    EXPECT_STREQ(ffarm_runner_peek_transport(trial.runner), "libssh2");
    EXPECT_EQ(ffarm_runner_peek_transport_reason(trial.runner), nullptr);
}

TEST(TransportAuto, FallsBackAndSaysWhy)
{
    SshdOptions hardened = {};
    hardened.server_lines = "MACs hmac-sha2-256-etm@openssh.com\nCiphers aes256-ctr";
    SshdOptions rsa_only = {};
    rsa_only.host_key_type = "rsa";
    for (const SshdOptions *options : {&hardened, &rsa_only}) {
        g_autoptr(Sshd) sshd = sshd_start(options);
        Trial trial(FFARM_TRANSPORT_AUTO, sshd);
        ASSERT_TRUE(trial.open()) << trial.message();
        EXPECT_STREQ(ffarm_runner_peek_transport(trial.runner), "openssh");
        const char *reason = ffarm_runner_peek_transport_reason(trial.runner);
        ASSERT_TRUE(reason);
        EXPECT_TRUE(g_str_has_prefix(reason, "box: ")) << reason;
        EXPECT_EQ(trial.ask({"echo", "in"}), "in\n");
        Trial strict(FFARM_TRANSPORT_LIBSSH2, sshd);
        EXPECT_FALSE(strict.open());
        EXPECT_TRUE(strict.is_error(FFARM_REMOTE_ERROR_UNSUPPORTED)) << strict.message();
    }
}

// ---- Login shells and their noise, by both transports

class LoginShellHost : public testing::TestWithParam<std::string>
{
};

TEST_P(LoginShellHost, RunsCommandsBehindNoise)
{
    std::string name = GetParam();
    g_autofree char *found = g_find_program_in_path(name.c_str());
    if (!found)
        GTEST_SKIP() << name << " is not installed";
    g_autoptr(Sshd) sshd = start_with_shell(name == "busybox" ? "busybox sh -c" : name + " -c");
    for (const char *file : {".cshrc", ".zshenv", ".config/fish/config.fish"}) {
        g_autofree char *path = scratch_write(sshd->folder, file, "echo welcome; echo to the machine 1>&2\n", -1);
        if (std::string(file) == ".cshrc")
            write_file(path, "echo welcome\n");
    }
    for (FfarmTransport transport : {FFARM_TRANSPORT_LIBSSH2, FFARM_TRANSPORT_OPENSSH}) {
        Trial trial(transport, sshd);
        ASSERT_TRUE(trial.open()) << trial.message();
        EXPECT_EQ(ffarm_runner_os(trial.runner), FFARM_OS_LINUX);
        EXPECT_EQ(trial.ask({"printf", "%s|", "a b", "it's", "!x", "$HOME", "a\nb", "\\", "\xff"}),
                  "a b|it's|!x|$HOME|a\nb|\\|\xff|");
        g_autoptr(GError) error = nullptr;
        const char *argv[] = {"no-such-program", nullptr};
        EXPECT_FALSE(ffarm_runner_ask(trial.runner, argv, 20000, 100, nullptr, nullptr, nullptr, nullptr, &error));
        EXPECT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC)) << error->message;
    }
}

INSTANTIATE_TEST_SUITE_P(Shells, LoginShellHost,
                         testing::Values("dash", "zsh", "ksh", "mksh", "busybox", "tcsh", "fish"),
                         [](const testing::TestParamInfo<std::string> &info) { return info.param; });

TEST(ClosedAccount, SaysWhatAClosedAccountAnswers)
{
    SshdOptions options = {};
    options.server_lines = "ForceCommand echo This account is closed.; exit 1";
    options.wait_command = "";
    g_autoptr(Sshd) sshd = sshd_start(&options);
    for (FfarmTransport transport : {FFARM_TRANSPORT_LIBSSH2, FFARM_TRANSPORT_OPENSSH}) {
        Trial trial(transport, sshd);
        EXPECT_FALSE(trial.open());
        EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_EXEC)) << trial.message();
        EXPECT_NE(trial.message().find("This account is closed."), std::string::npos) << trial.message();
    }
}

// ---- A host that is like Windows, as far as that can be had here

TEST(WindowsLikeHost, GetsArgumentsUnchangedThroughCmd)
{
    g_autofree char *program = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "tests", "cmd_host", nullptr);
    std::string line = std::string("ForceCommand exec ") + program;
    SshdOptions options = {};
    options.server_lines = line.c_str();
    options.wait_command = "echo up";
    g_autoptr(Sshd) sshd = sshd_start(&options);
    for (FfarmTransport transport : {FFARM_TRANSPORT_LIBSSH2, FFARM_TRANSPORT_OPENSSH}) {
        Trial trial(transport, sshd);
        ASSERT_TRUE(trial.open()) << trial.message();
        EXPECT_EQ(ffarm_runner_os(trial.runner), FFARM_OS_WINDOWS);
        EXPECT_STREQ(ffarm_runner_peek_system(trial.runner), "Windows (cmd.exe, no PowerShell)");
        EXPECT_EQ(trial.ask({"printf", "%s|", "a b", "it's", "\"q\"", "%PATH%", "100%", "a&b", "^", "!x!", "x\\",
                             "c:\\a b\\", "(1) <2> |3|", "", "caf\u00e9"}),
                  "a b|it's|\"q\"|%PATH%|100%|a&b|^|!x!|x\\|c:\\a b\\|(1) <2> |3|||caf\u00e9|");
        int status = -1;
        const char *argv[] = {"sh", "-c", "exit 7", nullptr};
        ASSERT_TRUE(ffarm_runner_ask(trial.runner, argv, 20000, 100, nullptr, nullptr, &status, nullptr, &trial.error))
            << trial.message();
        EXPECT_EQ(status, 7);
        const char *broken[] = {"printf", "a\nb", nullptr};
        EXPECT_FALSE(
            ffarm_runner_ask(trial.runner, broken, 20000, 100, nullptr, nullptr, nullptr, nullptr, &trial.error));
        EXPECT_TRUE(trial.is_error(FFARM_REMOTE_ERROR_EXEC)) << trial.message();
    }
}
