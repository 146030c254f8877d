// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "processes.h"
#include "runner.h"
#include "scratch.h"
#include "sshd.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using Words = std::vector<std::string>;

namespace
{
struct Output {
    std::string out, err;
    std::function<bool(const std::string &out, const std::string &err)> go_on; // empty: always
};

gboolean go_on(const Output *output)
{
    return !output->go_on || output->go_on(output->out, output->err);
}

gboolean take_stdout(const char *data, gsize length, gpointer user_data)
{
    auto *output = static_cast<Output *>(user_data);
    output->out.append(data, length);
    return go_on(output);
}

gboolean take_stderr(const char *data, gsize length, gpointer user_data)
{
    auto *output = static_cast<Output *>(user_data);
    output->err.append(data, length);
    return go_on(output);
}

double now_s()
{
    return static_cast<double>(g_get_monotonic_time()) / G_USEC_PER_SEC;
}

// A word that only this call's processes carry. It is put together at run time, so that no other command line has it.
std::string make_tag()
{
    static int count = 0;
    return "tag" + std::to_string(getpid()) + "y" + std::to_string(count++);
}

FfarmHost *new_host(FfarmTransport transport, const Sshd *sshd)
{
    FfarmHost *host = ffarm_host_new(nullptr, "box", sshd ? FFARM_HOST_STREAMING : FFARM_HOST_LOCAL);
    if (sshd) {
        host->address = g_strdup(sshd->address);
        host->port = sshd->port;
        g_free(host->ssh);
        host->ssh = g_strdup(sshd->ssh);
    }
    host->transport = transport;
    return host;
}

std::string read_all(const std::string &path)
{
    g_autofree char *text = nullptr;
    gsize length = 0;
    EXPECT_TRUE(g_file_get_contents(path.c_str(), &text, &length, nullptr)) << path;
    return std::string(text ? text : "", length);
}

std::string random_bytes(size_t length)
{
    std::string bytes(length, '\0');
    guint32 state = 12345;
    for (char &byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}
} // namespace

// ---- The contract, held against every kind

enum class Kind { Local, Libssh2, Openssh };

static std::string name_of(Kind kind)
{
    return kind == Kind::Local ? "Local" : kind == Kind::Libssh2 ? "Libssh2" : "Openssh";
}

class Contract : public testing::TestWithParam<Kind>
{
  protected:
    static void SetUpTestSuite()
    {
        signal(SIGPIPE, SIG_DFL);
        if (!sshd)
            sshd = sshd_start(nullptr);
    }
    static void TearDownTestSuite()
    {
        g_clear_pointer(&sshd, sshd_stop);
    }
    void SetUp() override
    {
        const Sshd *server = GetParam() == Kind::Local ? nullptr : sshd;
        host = new_host(GetParam() == Kind::Openssh ? FFARM_TRANSPORT_OPENSSH : FFARM_TRANSPORT_LIBSSH2, server);
        runner = ffarm_runner_new(host);
        folder = scratch_new();
        ASSERT_TRUE(ffarm_runner_open(runner, 0, nullptr, &error)) << error->message;
    }
    void TearDown() override
    {
        ffarm_runner_free(runner);
        ffarm_host_free(host);
        scratch_free(folder);
        g_clear_error(&error);
    }
    bool run(const Words &words, Output *output, FfarmExit *result, guint timeout_ms = 0, guint stall_ms = 0,
             GCancellable *cancellable = nullptr)
    {
        std::vector<const char *> argv;
        for (const std::string &word : words)
            argv.push_back(word.c_str());
        argv.push_back(nullptr);
        FfarmCommand command = {argv.data(), timeout_ms, stall_ms, take_stdout, take_stderr, output};
        g_clear_error(&error);
        return ffarm_runner_run(runner, &command, result, cancellable, &error);
    }
    bool is_error(int code)
    {
        bool is_named = error && g_str_has_prefix(error->message, "box: ") && !strchr(error->message, '\n');
        EXPECT_TRUE(is_named) << (error ? error->message : "no error");
        return g_error_matches(error, FFARM_REMOTE_ERROR, code);
    }
    bool is_cancelled()
    {
        return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
    std::string here(const std::string &name)
    {
        return std::string(folder) + "/" + name;
    }
    const char *message()
    {
        return error ? error->message : "no error";
    }
    static Sshd *sshd;
    FfarmHost *host = nullptr;
    FfarmRunner *runner = nullptr;
    char *folder = nullptr;
    GError *error = nullptr;
};

Sshd *Contract::sshd = nullptr;

TEST_P(Contract, SaysWhatIsThere)
{
    EXPECT_TRUE(ffarm_runner_is_open(runner));
    EXPECT_EQ(ffarm_runner_os(runner), FFARM_OS_LINUX);
    EXPECT_EQ(std::string(ffarm_runner_peek_system(runner)).substr(0, 6), "Linux ");
    g_autofree char *transport = g_ascii_strdown(name_of(GetParam()).c_str(), -1);
    EXPECT_STREQ(ffarm_runner_peek_transport(runner), transport);
    EXPECT_EQ(ffarm_runner_peek_transport_reason(runner), nullptr);
    EXPECT_TRUE(ffarm_runner_open(runner, 0, nullptr, &error)) << "opening twice is nothing";
}

TEST_P(Contract, RunsAndReportsStatusAndOutput)
{
    Output output;
    FfarmExit result = {};
    ASSERT_TRUE(run({"sh", "-c", "printf 'a\\0b\\n'; echo err >&2; exit 7"}, &output, &result)) << message();
    EXPECT_EQ(result.exit_status, 7);
    EXPECT_FALSE(result.is_stopped);
    EXPECT_EQ(output.out, std::string("a\0b\n", 4));
    EXPECT_EQ(output.err, "err\n");
    ASSERT_TRUE(run({"true"}, &output, &result)) << message();
    EXPECT_EQ(result.exit_status, 0);
    ASSERT_TRUE(run({"sh", "-c", "exit 255"}, &output, &result)) << message();
    EXPECT_EQ(result.exit_status, 255);
    ASSERT_TRUE(run({"sh", "-c", "kill -SEGV $$"}, &output, &result)) << message();
    EXPECT_EQ(result.exit_status, 139);
    ASSERT_TRUE(run({"cat"}, &output, &result)) << "stdin is empty";
}

TEST_P(Contract, PassesArgumentsUnchanged)
{
    Words argv = {"sh",   "-c",  "printf '%s\\n--\\n' \"$@\"", "sh", "", "a b", "$(touch PWNED)", "it's", "\"",
                  "a\nb", "\xff"};
    Output output;
    FfarmExit result = {};
    ASSERT_TRUE(run(argv, &output, &result)) << message();
    EXPECT_EQ(output.out, "\n--\na b\n--\n$(touch PWNED)\n--\nit's\n--\n\"\n--\na\nb\n--\n\xff\n--\n");
}

TEST_P(Contract, DrainsBothOutputsAtOnce)
{
    Output output;
    FfarmExit result = {};
    ASSERT_TRUE(
        run({"sh", "-c",
             "i=0; while [ $i -lt 8 ]; do head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; i=$((i+1)); done"},
            &output, &result))
        << message();
    EXPECT_EQ(output.out, std::string(8000000, '\0'));
    EXPECT_EQ(output.err, std::string(8000000, '\0'));
}

TEST_P(Contract, SaysWhyAProgramCannotBeStarted)
{
    Output output;
    FfarmExit result = {};
    EXPECT_FALSE(run({"/no/such/program"}, &output, &result));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_EXEC)) << message();
    EXPECT_NE(std::string(message()).find("/no/such/program"), std::string::npos) << message();
    EXPECT_FALSE(run({"/etc/passwd"}, &output, &result));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_EXEC)) << message();
    EXPECT_TRUE(run({"true"}, &output, &result)) << message();
}

TEST_P(Contract, StopsWhenACallbackSaysSo)
{
    std::string tag = make_tag();
    Output output;
    output.go_on = [](const std::string &out, const std::string &) { return out.find("go\n") == std::string::npos; };
    FfarmExit result = {};
    double start = now_s();
    ASSERT_TRUE(run({"sh", "-c", "echo go; sleep 30", tag}, &output, &result)) << message();
    EXPECT_TRUE(result.is_stopped);
    EXPECT_LT(now_s() - start, 5);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1.5));
    output.go_on = nullptr;
    EXPECT_TRUE(run({"true"}, &output, &result)) << "the connection is as good as before: " << message();
    EXPECT_FALSE(result.is_stopped);
}

TEST_P(Contract, StopsAtTheTimeLimit)
{
    std::string tag = make_tag();
    Output output;
    FfarmExit result = {};
    double start = now_s();
    EXPECT_FALSE(run({"sh", "-c", "while sleep 0.1; do echo x; done", tag}, &output, &result, 700, 9000));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_TIMEOUT)) << message();
    EXPECT_NE(std::string(message()).find("longer than 0.7 s"), std::string::npos) << message();
    EXPECT_LT(now_s() - start, 5);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1.5));
    EXPECT_TRUE(run({"true"}, &output, &result)) << message();
}

TEST_P(Contract, StopsWhatSaysNothing)
{
    std::string tag = make_tag();
    Output output;
    FfarmExit result = {};
    double start = now_s();
    EXPECT_FALSE(run({"sh", "-c", "for i in 1 2 3 4 5; do sleep 0.2; echo x >&2; done; sleep 30", tag}, &output,
                     &result, 20000, 600));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_TIMEOUT)) << message();
    EXPECT_NE(std::string(message()).find("said nothing for 0.6 s"), std::string::npos) << message();
    EXPECT_EQ(output.err, "x\nx\nx\nx\nx\n");
    EXPECT_LT(now_s() - start, 6);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1.5));
}

TEST_P(Contract, StopsWhenCancelled)
{
    std::string tag = make_tag();
    Output output;
    FfarmExit result = {};
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    std::thread canceller([&] {
        EXPECT_TRUE(processes_wait(tag.c_str(), TRUE, 10));
        g_cancellable_cancel(cancellable);
    });
    double start = now_s();
    EXPECT_FALSE(run({"sh", "-c", "sleep 30; :", tag}, &output, &result, 0, 0, cancellable));
    canceller.join();
    EXPECT_TRUE(is_cancelled()) << message();
    EXPECT_LT(now_s() - start, 5);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1.5));
    EXPECT_FALSE(run({"true"}, &output, &result, 0, 0, cancellable));
    EXPECT_TRUE(is_cancelled()) << "before it begins: " << message();
    EXPECT_TRUE(run({"true"}, &output, &result)) << message();
}

TEST_P(Contract, LeavesNothingBehind)
{
    std::string tag = make_tag();
    Output output;
    FfarmExit result = {};
    ASSERT_TRUE(run({"sh", "-c", "echo hi", tag}, &output, &result)) << message();
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1.5));
}

TEST_P(Contract, AsksAndCutsTheAnswer)
{
    const char *argv[] = {"sh", "-c", "echo 0123456789; echo oops >&2; exit 3", nullptr};
    g_autofree char *output = nullptr;
    g_autofree char *errors = nullptr;
    int status = -1;
    ASSERT_TRUE(ffarm_runner_ask(runner, argv, 5000, 4, &output, &errors, &status, nullptr, &error)) << message();
    EXPECT_STREQ(output, "0123");
    EXPECT_STREQ(errors, "oops");
    EXPECT_EQ(status, 3);
    EXPECT_TRUE(ffarm_runner_ask(runner, argv, 0, 0, nullptr, nullptr, nullptr, nullptr, &error)) << message();
}

TEST_P(Contract, PutsAndGetsFiles)
{
    std::vector<gint64> seen;
    auto progress = [](gint64 done, gint64 total, gpointer user_data) {
        EXPECT_LE(done, total);
        static_cast<std::vector<gint64> *>(user_data)->push_back(done);
    };
    for (size_t length : {size_t(0), size_t(1), size_t(9000001)}) {
        std::string bytes = random_bytes(length);
        g_autofree char *source = scratch_write(folder, "source", bytes.data(), static_cast<gssize>(length));
        seen.clear();
        ASSERT_TRUE(ffarm_runner_put(runner, source, here("there").c_str(), progress, &seen, nullptr, &error))
            << message();
        EXPECT_EQ(read_all(here("there")), bytes);
        EXPECT_TRUE(length == 0 || (!seen.empty() && seen.back() == static_cast<gint64>(length)));
        EXPECT_FALSE(g_file_test(here("there.part").c_str(), G_FILE_TEST_EXISTS));
        seen.clear();
        ASSERT_TRUE(
            ffarm_runner_get(runner, here("there").c_str(), here("back").c_str(), 0, progress, &seen, nullptr, &error))
            << message();
        EXPECT_EQ(read_all(here("back")), bytes);
        EXPECT_TRUE(length == 0 || (!seen.empty() && seen.back() == static_cast<gint64>(length)));
        struct stat info = {};
        ASSERT_EQ(stat(here("back").c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600u);
        EXPECT_EQ(unlink(here("back").c_str()), 0);
    }
}

TEST_P(Contract, HandlesAnyName)
{
    g_autofree char *source = scratch_write(folder, "-source 'x' \"y\"\n$(touch PWNED)\\*?#", "text", 4);
    const char *const names[] = {"a b",          "it's",  "\"q\"",     "$(touch PWNED)", "`touch PWNED`", "a;b&c",
                                 "back\\slash",  "*?[x]", "# comment", "-dash",          "new\nline",     "caf\xc3\xa9",
                                 "\xff\xfe.mkv", "~"};
    for (const char *name : names) {
        SCOPED_TRACE(name);
        std::string remote = here(name);
        std::string back = here(std::string("back ") + name);
        ASSERT_TRUE(ffarm_runner_put(runner, source, remote.c_str(), nullptr, nullptr, nullptr, &error)) << message();
        EXPECT_EQ(read_all(remote), "text");
        FfarmRemoteStat info = {};
        ASSERT_TRUE(ffarm_runner_stat(runner, remote.c_str(), &info, nullptr, &error)) << message();
        EXPECT_EQ(info.size_bytes, 4);
        ASSERT_TRUE(ffarm_runner_get(runner, remote.c_str(), back.c_str(), 0, nullptr, nullptr, nullptr, &error))
            << message();
        EXPECT_EQ(read_all(back), "text");
        ASSERT_TRUE(ffarm_runner_remove(runner, remote.c_str(), nullptr, &error)) << message();
        EXPECT_FALSE(g_file_test(remote.c_str(), G_FILE_TEST_EXISTS));
        ASSERT_TRUE(ffarm_runner_make_dir(runner, remote.c_str(), nullptr, &error)) << message();
        ASSERT_TRUE(ffarm_runner_remove_dir(runner, remote.c_str(), nullptr, &error)) << message();
        EXPECT_FALSE(g_file_test(remote.c_str(), G_FILE_TEST_EXISTS));
    }
    EXPECT_FALSE(g_file_test(here("PWNED").c_str(), G_FILE_TEST_EXISTS));
}

TEST_P(Contract, ReplacesOnPutButNotOnGet)
{
    g_autofree char *source = scratch_write(folder, "source", "new", 3);
    g_autofree char *target = scratch_write(folder, "target", "older", 5);
    ASSERT_TRUE(ffarm_runner_put(runner, source, target, nullptr, nullptr, nullptr, &error)) << message();
    EXPECT_EQ(read_all(target), "new");
    g_autofree char *taken = scratch_write(folder, "taken", "mine", 4);
    EXPECT_FALSE(ffarm_runner_get(runner, target, taken, 0, nullptr, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_LOCAL_FILE)) << message();
    EXPECT_EQ(read_all(taken), "mine");
    g_clear_error(&error);
    ASSERT_EQ(symlink(here("elsewhere").c_str(), here("link").c_str()), 0);
    EXPECT_FALSE(ffarm_runner_get(runner, target, here("link").c_str(), 0, nullptr, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_LOCAL_FILE)) << message();
    EXPECT_FALSE(g_file_test(here("elsewhere").c_str(), G_FILE_TEST_EXISTS));
}

TEST_P(Contract, GetsNoMoreThanItMay)
{
    g_autofree char *source = scratch_write(folder, "source", "0123456789", 10);
    const std::string back = here("back");
    EXPECT_FALSE(ffarm_runner_get(runner, source, back.c_str(), 9, nullptr, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_TRANSFER)) << message();
    EXPECT_FALSE(g_file_test(back.c_str(), G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    EXPECT_TRUE(ffarm_runner_get(runner, source, back.c_str(), 10, nullptr, nullptr, nullptr, &error)) << message();
    EXPECT_EQ(read_all(back), "0123456789");
}

// That a copy is proved over a network is held by test_transfer.cc; here it is for this machine as well.
TEST_P(Contract, RefusesACopyThatIsNotTheSame)
{
    std::string bytes = random_bytes(100000);
    g_autofree char *source = scratch_write(folder, "source", bytes.data(), static_cast<gssize>(bytes.size()));
    static std::string victim;
    auto alter = [](gint64 done, gint64 total, gpointer) {
        FILE *file = done == total ? fopen(victim.c_str(), "r+") : nullptr;
        if (file) {
            EXPECT_EQ(fseek(file, 4711, SEEK_SET), 0);
            EXPECT_GE(fputs("altered", file), 0);
            EXPECT_EQ(fclose(file), 0);
        }
    };
    victim = here("there.part");
    EXPECT_FALSE(ffarm_runner_put(runner, source, here("there").c_str(), alter, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_TRANSFER)) << message();
    EXPECT_FALSE(g_file_test(here("there").c_str(), G_FILE_TEST_EXISTS));
    EXPECT_FALSE(g_file_test(victim.c_str(), G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    victim = source;
    EXPECT_FALSE(ffarm_runner_get(runner, source, here("back").c_str(), 0, alter, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_TRANSFER)) << message();
    EXPECT_FALSE(g_file_test(here("back").c_str(), G_FILE_TEST_EXISTS));
}

TEST_P(Contract, NamesWhatIsWrongWithFiles)
{
    FfarmRemoteStat info = {};
    g_autofree char *source = scratch_write(folder, "source", "text", 4);
    auto expect = [&](bool is_done, int code) {
        EXPECT_FALSE(is_done);
        EXPECT_TRUE(is_error(code)) << message();
        g_clear_error(&error);
    };
    expect(ffarm_runner_stat(runner, here("none").c_str(), &info, nullptr, &error), FFARM_REMOTE_ERROR_NOT_FOUND);
    expect(ffarm_runner_get(runner, here("none").c_str(), here("back").c_str(), 0, nullptr, nullptr, nullptr, &error),
           FFARM_REMOTE_ERROR_NOT_FOUND);
    EXPECT_FALSE(g_file_test(here("back").c_str(), G_FILE_TEST_EXISTS));
    expect(ffarm_runner_put(runner, here("none").c_str(), here("there").c_str(), nullptr, nullptr, nullptr, &error),
           FFARM_REMOTE_ERROR_LOCAL_FILE);
    expect(ffarm_runner_put(runner, source, here("no/folder/x").c_str(), nullptr, nullptr, nullptr, &error),
           FFARM_REMOTE_ERROR_NOT_FOUND);
    expect(ffarm_runner_get(runner, source, here("no/folder/x").c_str(), 0, nullptr, nullptr, nullptr, &error),
           FFARM_REMOTE_ERROR_LOCAL_FILE);
    expect(ffarm_runner_make_dir(runner, here("no/folder").c_str(), nullptr, &error), FFARM_REMOTE_ERROR_NOT_FOUND);
    expect(ffarm_runner_make_dir(runner, folder, nullptr, &error), FFARM_REMOTE_ERROR_EXISTS);
    expect(ffarm_runner_put(runner, folder, here("there").c_str(), nullptr, nullptr, nullptr, &error),
           FFARM_REMOTE_ERROR_LOCAL_FILE);
    gint64 free_bytes = 0;
    expect(ffarm_runner_space(runner, here("none").c_str(), &free_bytes, nullptr, &error),
           FFARM_REMOTE_ERROR_NOT_FOUND);
    EXPECT_TRUE(ffarm_runner_is_open(runner));
}

TEST_P(Contract, RefusesWhatIsNotAllowed)
{
    if (geteuid() == 0) {
        // Even root may not write to /proc.
        EXPECT_FALSE(ffarm_runner_make_dir(runner, "/proc/x", nullptr, &error));
        EXPECT_TRUE(error->domain == FFARM_REMOTE_ERROR) << message();
        return;
    }
    EXPECT_FALSE(ffarm_runner_make_dir(runner, "/x", nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_PERMISSION)) << message();
}

TEST_P(Contract, MakesAndRemovesFolders)
{
    std::string path = here("job 1");
    ASSERT_TRUE(ffarm_runner_make_dir(runner, path.c_str(), nullptr, &error)) << message();
    struct stat info = {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
    FfarmRemoteStat there = {};
    ASSERT_TRUE(ffarm_runner_stat(runner, path.c_str(), &there, nullptr, &error)) << message();
    EXPECT_TRUE(there.is_folder);
    g_autofree char *kept = scratch_write(folder, "kept", "text", 4);
    g_free(scratch_write(path.c_str(), ".hidden", "text", 4));
    g_free(scratch_write(path.c_str(), "a\nb", "text", 4));
    EXPECT_EQ(symlink(kept, (path + "/link").c_str()), 0);
    EXPECT_EQ(symlink(folder, (path + "/folder link").c_str()), 0);
    ASSERT_TRUE(ffarm_runner_remove_dir(runner, path.c_str(), nullptr, &error)) << message();
    EXPECT_FALSE(g_file_test(path.c_str(), G_FILE_TEST_EXISTS));
    EXPECT_EQ(read_all(kept), "text");
    EXPECT_TRUE(ffarm_runner_remove_dir(runner, path.c_str(), nullptr, &error)) << "twice: " << message();
    EXPECT_TRUE(ffarm_runner_remove(runner, path.c_str(), nullptr, &error)) << "a missing file: " << message();
    // A folder in the folder is not what we made; it stays.
    g_autofree char *deep = scratch_write(folder, "job 2/deep/film", "text", 4);
    EXPECT_FALSE(ffarm_runner_remove_dir(runner, here("job 2").c_str(), nullptr, &error));
    EXPECT_EQ(error->domain, FFARM_REMOTE_ERROR);
    EXPECT_EQ(read_all(deep), "text");
}

// In a folder where everybody may write, such as /tmp, anybody can lay a link where a job's folder is expected.
TEST_P(Contract, LeavesAFolderBehindALinkAlone)
{
    g_autofree char *film = scratch_write(folder, "library/film", "text", 4);
    const std::string link = here("job");
    ASSERT_EQ(symlink(here("library").c_str(), link.c_str()), 0);
    EXPECT_FALSE(ffarm_runner_remove_dir(runner, link.c_str(), nullptr, &error));
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->domain, FFARM_REMOTE_ERROR);
    EXPECT_EQ(read_all(film), "text");
    EXPECT_TRUE(g_file_test(link.c_str(), G_FILE_TEST_IS_SYMLINK));
    g_clear_error(&error);
    EXPECT_FALSE(ffarm_runner_remove_dir(runner, film, nullptr, &error)) << "a file is no folder";
    EXPECT_EQ(read_all(film), "text");
}

TEST_P(Contract, KnowsFreeSpace)
{
    gint64 free_bytes = -2;
    ASSERT_TRUE(ffarm_runner_space(runner, folder, &free_bytes, nullptr, &error)) << message();
    EXPECT_GT(free_bytes, 0);
}

TEST_P(Contract, KnowsTheSpaceOfASmallFileSystem)
{
    std::string mount = here("small");
    ASSERT_EQ(mkdir(mount.c_str(), 0700), 0);
    std::string command = "mount -t tmpfs -o size=2m none '" + mount + "' 2>/dev/null";
    if (geteuid() != 0 || system(command.c_str()) != 0)
        GTEST_SKIP() << "needs a root that may mount";
    gint64 empty_bytes = -2, filled_bytes = -2, at_file_bytes = -2;
    EXPECT_TRUE(ffarm_runner_space(runner, mount.c_str(), &empty_bytes, nullptr, &error)) << message();
    EXPECT_EQ(empty_bytes, 2 << 20);
    std::string bytes = random_bytes(1 << 20);
    g_autofree char *file = scratch_write(mount.c_str(), "file", bytes.data(), static_cast<gssize>(bytes.size()));
    EXPECT_TRUE(ffarm_runner_space(runner, mount.c_str(), &filled_bytes, nullptr, &error)) << message();
    EXPECT_EQ(filled_bytes, 1 << 20);
    EXPECT_TRUE(ffarm_runner_space(runner, file, &at_file_bytes, nullptr, &error)) << message();
    EXPECT_EQ(at_file_bytes, filled_bytes);
    EXPECT_EQ(system(("umount '" + mount + "'").c_str()), 0);
}

TEST_P(Contract, UndoesACancelledTransfer)
{
    std::string bytes = random_bytes(64 << 20);
    g_autofree char *source = scratch_write(folder, "source", bytes.data(), static_cast<gssize>(bytes.size()));
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    auto cancel = [](gint64, gint64, gpointer user_data) {
        g_cancellable_cancel(static_cast<GCancellable *>(user_data));
    };
    g_cancellable_cancel(cancellable);
    EXPECT_FALSE(ffarm_runner_put(runner, source, here("there").c_str(), nullptr, nullptr, cancellable, &error));
    EXPECT_TRUE(is_cancelled()) << message();
    g_clear_error(&error);
    g_cancellable_reset(cancellable);
    EXPECT_FALSE(ffarm_runner_put(runner, source, here("there").c_str(), cancel, cancellable, cancellable, &error));
    EXPECT_TRUE(is_cancelled()) << message();
    EXPECT_FALSE(g_file_test(here("there").c_str(), G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    g_cancellable_reset(cancellable);
    // Only where this machine was too slow to bring it to an end within a second the connection has been given up.
    FfarmRemoteStat info = {};
    if (g_file_test(here("there.part").c_str(), G_FILE_TEST_EXISTS)) {
        EXPECT_FALSE(ffarm_runner_stat(runner, folder, &info, nullptr, &error));
        EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_DISCONNECTED)) << message();
        g_clear_error(&error);
        ASSERT_TRUE(ffarm_runner_open(runner, 0, nullptr, &error)) << message();
    }
    EXPECT_FALSE(ffarm_runner_get(runner, source, here("back").c_str(), 0, cancel, cancellable, cancellable, &error));
    EXPECT_TRUE(is_cancelled()) << message();
    EXPECT_FALSE(g_file_test(here("back").c_str(), G_FILE_TEST_EXISTS));
}

TEST_P(Contract, SaysWhenADiskIsFull)
{
    // A file system of 1 MiB, private to nobody: mounted by root only.
    std::string mount = here("small");
    ASSERT_EQ(mkdir(mount.c_str(), 0700), 0);
    std::string command = "mount -t tmpfs -o size=1m none '" + mount + "' 2>/dev/null";
    if (geteuid() != 0 || system(command.c_str()) != 0)
        GTEST_SKIP() << "needs a root that may mount";
    std::string bytes = random_bytes(3 << 20);
    g_autofree char *source = scratch_write(folder, "source", bytes.data(), static_cast<gssize>(bytes.size()));
    EXPECT_FALSE(ffarm_runner_put(runner, source, (mount + "/x").c_str(), nullptr, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_NO_SPACE)) << message();
    EXPECT_FALSE(g_file_test((mount + "/x.part").c_str(), G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    EXPECT_FALSE(ffarm_runner_get(runner, source, (mount + "/back").c_str(), 0, nullptr, nullptr, nullptr, &error));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_NO_SPACE)) << message();
    EXPECT_FALSE(g_file_test((mount + "/back").c_str(), G_FILE_TEST_EXISTS));
    EXPECT_EQ(system(("umount '" + mount + "'").c_str()), 0);
}

TEST_P(Contract, AnswersWhenClosedAndOpensAgain)
{
    Output output;
    FfarmExit result = {};
    ffarm_runner_close(runner);
    EXPECT_FALSE(ffarm_runner_is_open(runner));
    EXPECT_FALSE(run({"true"}, &output, &result));
    EXPECT_TRUE(is_error(FFARM_REMOTE_ERROR_DISCONNECTED)) << message();
    g_clear_error(&error);
    ASSERT_TRUE(ffarm_runner_open(runner, 0, nullptr, &error)) << message();
    EXPECT_TRUE(run({"true"}, &output, &result)) << message();
}

TEST_P(Contract, WorksInManyThreads)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([this, i] {
            g_autoptr(FfarmRunner) own = ffarm_runner_new(host);
            g_autoptr(GError) reason = nullptr;
            ASSERT_TRUE(ffarm_runner_open(own, 0, nullptr, &reason)) << reason->message;
            std::string number = std::to_string(i);
            for (int round = 0; round < 3; round++) {
                const char *argv[] = {"echo", number.c_str(), nullptr};
                g_autofree char *output = nullptr;
                ASSERT_TRUE(ffarm_runner_ask(own, argv, 10000, 100, &output, nullptr, nullptr, nullptr, &reason))
                    << reason->message;
                EXPECT_EQ(output, number + "\n");
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
}

INSTANTIATE_TEST_SUITE_P(Kinds, Contract, testing::Values(Kind::Local, Kind::Libssh2, Kind::Openssh),
                         [](const testing::TestParamInfo<Kind> &info) { return name_of(info.param); });
