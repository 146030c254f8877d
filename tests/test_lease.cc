// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "lease.h"
#include "leased_run.h"
#include "processes.h"
#include "scratch.h"
#include "windows_line.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using Words = std::vector<std::string>;

namespace
{
std::vector<const char *> pointers(const Words &words)
{
    std::vector<const char *> argv;
    for (const std::string &word : words)
        argv.push_back(word.c_str());
    argv.push_back(nullptr);
    return argv;
}

gboolean append(const char *data, gsize length, gpointer user_data)
{
    static_cast<std::string *>(user_data)->append(data, length);
    return TRUE;
}

FfarmLease *new_lease(const Words &argv, guint silence_s = 15)
{
    g_autoptr(GError) error = nullptr;
    FfarmLease *lease =
        ffarm_lease_new(FFARM_SHELL_POSIX, FFARM_LEASE_POSIX, pointers(argv).data(), silence_s, "n0nce", &error);
    EXPECT_TRUE(lease);
    return lease;
}

// Feeds both outputs in pieces of the given size and collects what is handed on.
struct Parsed {
    explicit Parsed(size_t step) : step(step), lease(new_lease({"ffmpeg"})) {}
    ~Parsed()
    {
        ffarm_lease_free(lease);
    }
    void feed_stdout(const std::string &text)
    {
        for (size_t i = 0; i < text.size(); i += step)
            ffarm_lease_take_stdout(lease, text.data() + i, std::min(step, text.size() - i), append, &output);
    }
    void feed_stderr(const std::string &text)
    {
        for (size_t i = 0; i < text.size(); i += step)
            ffarm_lease_take_stderr(lease, text.data() + i, std::min(step, text.size() - i), append, &errors);
    }
    size_t step;
    FfarmLease *lease;
    std::string output, errors;
};
} // namespace

class LeaseParse : public testing::TestWithParam<size_t>
{
};

TEST_P(LeaseParse, DropsNoiseAndMarks)
{
    Parsed parsed(GetParam());
    std::string binary("\0\n@ffarm-n0nce-end 3 9\n@ffarm-n0nce-start\n\xff", 43);
    parsed.feed_stdout("motd without line break@ffarm-n0nce-start\n" + binary);
    EXPECT_EQ(parsed.output, binary);
    parsed.feed_stderr("warn\n@ffarm-other-start\n@ffarm-n0nce-start\nframe=1\n@ffarm-n0nce-en");
    EXPECT_FALSE(ffarm_lease_has_ended(parsed.lease));
    parsed.feed_stderr("\nno newline at the end@ffarm-n0nce-end 187 143\nlate");
    EXPECT_EQ(parsed.errors, "frame=1\n@ffarm-n0nce-en\nno newline at the end");
    EXPECT_TRUE(ffarm_lease_has_started(parsed.lease));
    ASSERT_TRUE(ffarm_lease_has_ended(parsed.lease));
    EXPECT_EQ(ffarm_lease_exit_status(parsed.lease), 187);
    EXPECT_FALSE(ffarm_lease_was_lost(parsed.lease));
    EXPECT_NE(std::string(ffarm_lease_peek_noise(parsed.lease)).find("motd"), std::string::npos);
}

TEST_P(LeaseParse, HandsOnWhatLooksLikeAMarkWhenStderrEnds)
{
    Parsed parsed(GetParam());
    parsed.feed_stderr("@ffarm-n0nce-start\ntail @ffarm-n0nce-");
    ffarm_lease_finish_stderr(parsed.lease, append, &parsed.errors);
    EXPECT_EQ(parsed.errors, "tail @ffarm-n0nce-");
    EXPECT_FALSE(ffarm_lease_has_ended(parsed.lease));
}

TEST_P(LeaseParse, DoesNotStart)
{
    Parsed parsed(GetParam());
    parsed.feed_stdout("This account is currently not available.\n");
    parsed.feed_stderr(std::string(10000, 'x') + "@ffarm-n0nce-star");
    EXPECT_FALSE(ffarm_lease_has_started(parsed.lease));
    EXPECT_EQ(parsed.output + parsed.errors, "");
    EXPECT_LE(strlen(ffarm_lease_peek_noise(parsed.lease)), 4096u);
}

TEST_P(LeaseParse, UnderstandsWindowsLineBreaksAndStatuses)
{
    Parsed parsed(GetParam());
    parsed.feed_stderr("@ffarm-n0nce-start\r\nx\r\n@ffarm-n0nce-end -22 9 \r\n");
    EXPECT_EQ(parsed.errors, "x\r\n");
    EXPECT_EQ(ffarm_lease_exit_status(parsed.lease), -22);
    EXPECT_TRUE(ffarm_lease_was_lost(parsed.lease));
    Parsed ksh(GetParam());
    ksh.feed_stderr("@ffarm-n0nce-start\n@ffarm-n0nce-end 265 143\n");
    EXPECT_EQ(ffarm_lease_exit_status(ksh.lease), 137);
    Parsed unsigned_status(GetParam());
    unsigned_status.feed_stderr("@ffarm-n0nce-start\n@ffarm-n0nce-end 4294967274 0\n");
    EXPECT_EQ(ffarm_lease_exit_status(unsigned_status.lease), -22);
}

INSTANTIATE_TEST_SUITE_P(Pieces, LeaseParse, testing::Values(1, 2, 3, 7, 1000));

TEST(LeaseParse, KeepsNothingBackThatIsNoMark)
{
    Parsed parsed(1000);
    parsed.feed_stderr("@ffarm-n0nce-start\n");
    for (const char *line : {"progress=continue\n", "@\n", "@ffarm\n"}) {
        parsed.errors.clear();
        parsed.feed_stderr(line);
        EXPECT_EQ(parsed.errors, line);
    }
}

TEST(LeaseParse, SaysWhatTheSinkSays)
{
    g_autoptr(FfarmLease) lease = new_lease({"ffmpeg"});
    auto refuse = [](const char *, gsize, gpointer) -> gboolean { return FALSE; };
    EXPECT_TRUE(ffarm_lease_take_stdout(lease, "noise@ffarm-n0nce-start\n", 24, refuse, nullptr));
    EXPECT_FALSE(ffarm_lease_take_stdout(lease, "x", 1, refuse, nullptr));
    EXPECT_FALSE(ffarm_lease_take_stderr(lease, "@ffarm-n0nce-start\nx", 20, refuse, nullptr));
    EXPECT_TRUE(ffarm_lease_take_stderr(lease, "x", 1, nullptr, nullptr));
}

TEST_P(LeaseParse, BreaksWhenTheStartNeverEnds)
{
    for (bool is_stderr : {false, true}) {
        Parsed parsed(GetParam());
        auto feed = [&](const std::string &text) { is_stderr ? parsed.feed_stderr(text) : parsed.feed_stdout(text); };
        feed("@ffarm-n0nce-start" + std::string(60, ' '));
        EXPECT_FALSE(ffarm_lease_is_broken(parsed.lease));
        feed(std::string(10000, ' ') + "\nnot the command's\n");
        EXPECT_TRUE(ffarm_lease_is_broken(parsed.lease));
        EXPECT_EQ(parsed.output + parsed.errors, "");
        EXPECT_FALSE(ffarm_lease_take_stdout(parsed.lease, "x", 1, append, &parsed.output)) << "nothing more is wanted";
    }
}

// ---- A connection that plays what it is told to

namespace
{
using Play = std::function<void(const FfarmExec *, const std::string &mark)>;

gboolean exec_play(gpointer connection, const FfarmExec *exec, int *status, GCancellable *, GError **)
{
    std::string line = exec->line;
    size_t begin = line.find("@ffarm-");
    (*static_cast<Play *>(connection))(exec, line.substr(begin, strlen("@ffarm-") + 32));
    *status = 0;
    return TRUE;
}

bool play(Play what, const FfarmCommand &command, GError **error)
{
    FfarmRunnerKind kind = {};
    kind.exec = exec_play;
    System system = {};
    system_init_local(&system);
    FfarmExit result = {};
    bool is_ok = leased_run(&kind, &what, &system, "box", &command, &result, nullptr, error);
    system_clear(&system);
    return is_ok;
}
} // namespace

TEST(LeasedRun, OnlyTheCommandsOwnWordsShowThatItLives)
{
    const char *argv[] = {"ffmpeg", nullptr};
    FfarmCommand command = {};
    command.argv = argv;
    command.stall_ms = 60000;
    g_autoptr(GError) error = nullptr;
    auto talk = [](const FfarmExec *exec, const std::string &mark) {
        auto deadline = [&] { return exec->next_deadline_us(exec->user_data); };
        auto say = [&](FfarmOutputFunc how, const std::string &text) {
            g_usleep(2000);
            EXPECT_TRUE(how(text.data(), text.size(), exec->user_data));
        };
        const gint64 first = deadline();
        say(exec->on_stdout, "a login script that never ends\n");
        say(exec->on_stderr, "a login script that never ends\n");
        say(exec->on_stdout, mark + "-start\n");
        say(exec->on_stderr, mark + "-start\n");
        EXPECT_EQ(deadline(), first);
        say(exec->on_stdout, "x");
        const gint64 second = deadline();
        EXPECT_GT(second, first);
        say(exec->on_stderr, "x");
        EXPECT_GT(deadline(), second);
        say(exec->on_stderr, mark + "-end 0 0\n");
        const gint64 tail = deadline();
        say(exec->on_stderr, "something that it left behind\n");
        EXPECT_EQ(deadline(), tail);
    };
    EXPECT_TRUE(play(talk, command, &error)) << error->message;
}

TEST(LeasedRun, AStartThatNeverEndsIsAnError)
{
    const char *argv[] = {"ffmpeg", nullptr};
    FfarmCommand command = {};
    command.argv = argv;
    g_autoptr(GError) error = nullptr;
    auto talk = [](const FfarmExec *exec, const std::string &mark) {
        std::string text = mark + "-start" + std::string(1000, 'x');
        EXPECT_FALSE(exec->on_stdout(text.data(), text.size(), exec->user_data));
    };
    EXPECT_FALSE(play(talk, command, &error));
    ASSERT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC));
    EXPECT_TRUE(strstr(error->message, "garbled")) << error->message;
}

// ---- Real shells

namespace
{
// A folder for PATH that holds only these programs, given as "NAME" or "PROGRAM:NAME", for hosts that lack all others.
std::string make_path(const Words &programs)
{
    g_autofree char *folder = scratch_new();
    for (const std::string &program : programs) {
        size_t colon = program.find(':');
        std::string real = colon != std::string::npos ? program.substr(0, colon) : program == "sh" ? "dash" : program;
        g_autofree char *target = g_find_program_in_path(real.c_str());
        std::string name = colon != std::string::npos ? program.substr(colon + 1) : program;
        EXPECT_TRUE(target) << program;
        EXPECT_EQ(symlink(target, (std::string(folder) + "/" + name).c_str()), 0);
    }
    return folder;
}

struct Trial {
    Trial(const Words &shell, const Words &argv, guint silence_s, const std::string &path = "")
        : lease(new_lease(argv, silence_s))
    {
        Words call = shell;
        call.push_back(ffarm_lease_peek_line(lease));
        std::vector<const char *> words = pointers(call);
        g_autofree char *program = g_find_program_in_path(call[0].c_str());
        g_auto(GStrv) environment = g_get_environ();
        if (!path.empty())
            environment = g_environ_setenv(environment, "PATH", path.c_str(), TRUE);
        int in[2], out[2], err[2];
        EXPECT_EQ(pipe2(in, O_CLOEXEC) + pipe2(out, O_CLOEXEC) + pipe2(err, O_CLOEXEC), 0);
        signal(SIGPIPE, SIG_IGN);
        start_us = g_get_monotonic_time();
        pid = fork();
        if (pid == 0) {
            signal(SIGPIPE, SIG_DFL);
            setsid();
            dup2(in[0], 0);
            dup2(out[1], 1);
            dup2(err[1], 2);
            execve(program, const_cast<char **>(words.data()), environment);
            _exit(99);
        }
        close(in[0]);
        close(out[1]);
        close(err[1]);
        fds[0] = out[0];
        fds[1] = err[0];
        beats = in[1];
    }
    ~Trial()
    {
        end_beats();
        close(fds[0]);
        close(fds[1]);
        ffarm_lease_free(lease);
    }
    void end_beats()
    {
        if (beats >= 0)
            close(beats);
        beats = -1;
    }
    // Reads until both outputs have ended or, if given, until DONE says so. Returns: FALSE after 20 s.
    bool read_on(const std::function<bool()> &done = nullptr, bool is_beating = true)
    {
        while (is_open[0] || is_open[1]) {
            if (done && done())
                return true;
            if (g_get_monotonic_time() - start_us > 20 * G_USEC_PER_SEC)
                return false;
            // The wrapper may be gone already; then the outputs end as well.
            if (is_beating && beats >= 0 && write(beats, "\n", 1) != 1)
                end_beats();
            struct pollfd polled[2] = {{is_open[0] ? fds[0] : -1, POLLIN, 0}, {is_open[1] ? fds[1] : -1, POLLIN, 0}};
            poll(polled, 2, 200);
            for (int i = 0; i < 2; i++)
                if (polled[i].revents)
                    take(i);
        }
        ffarm_lease_finish_stderr(lease, append, &errors);
        waitpid(pid, nullptr, 0);
        return true;
    }
    void take(int i)
    {
        char buffer[65536];
        ssize_t length = read(fds[i], buffer, sizeof buffer);
        if (length <= 0)
            is_open[i] = false;
        else if (i == 0)
            ffarm_lease_take_stdout(lease, buffer, static_cast<gsize>(length), append, &output);
        else
            ffarm_lease_take_stderr(lease, buffer, static_cast<gsize>(length), append, &errors);
    }
    FfarmLease *lease;
    pid_t pid = 0;
    int fds[2], beats;
    bool is_open[2] = {true, true};
    gint64 start_us;
    std::string output, errors;
};

// A word that only this call's processes carry.
std::string make_tag()
{
    static std::atomic<int> count{0};
    return "tag" + std::to_string(getpid()) + "x" + std::to_string(count++);
}

struct LoginHost {
    std::string name;
    Words shell;    // login shell
    Words programs; // all there is on PATH; empty: everything
};

void PrintTo(const LoginHost &host, std::ostream *stream)
{
    *stream << host.name;
}

const Words basics = {"sleep", "cat", "printf", "kill", "head"};

Words with(Words words, const Words &more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}
const std::vector<LoginHost> login_hosts = {
    {"Dash", {"dash", "-c"}, {}},
    {"Bash", {"bash", "-c"}, {}},
    {"Zsh", {"zsh", "-c"}, {}},
    {"Ksh", {"ksh", "-c"}, {}},
    {"Mksh", {"mksh", "-c"}, {}},
    {"Tcsh", {"tcsh", "-c"}, {}},
    {"Fish", {"fish", "-c"}, {}},
    {"DashAndTimeout", {"dash", "-c"}, with(basics, {"sh", "timeout", "setsid"})},
    {"DashAndTimeoutWithoutSetsid", {"dash", "-c"}, with(basics, {"sh", "timeout"})},
    {"BashAlone", {"bash", "-c"}, with(basics, {"sh", "bash"})},
    {"BusyboxAlone", {"busybox", "sh", "-c"}, {"busybox:sh", "busybox:setsid", "busybox:sleep", "busybox:cat"}},
    {"KshAlone", {"ksh", "-c"}, with(basics, {"ksh:sh", "setsid"})},
    {"MkshAlone", {"mksh", "-c"}, with(basics, {"mksh:sh"})},
    {"ZshAlone", {"zsh", "-c"}, with(basics, {"zsh:sh"})},
};
} // namespace

class LeaseOnHost : public testing::TestWithParam<LoginHost>
{
  protected:
    void SetUp() override
    {
        g_autofree char *found = g_find_program_in_path(GetParam().shell[0].c_str());
        if (!found)
            GTEST_SKIP() << GetParam().shell[0] << " is not installed";
        if (!GetParam().programs.empty())
            path = make_path(GetParam().programs);
    }
    void TearDown() override
    {
        scratch_free(path.empty() ? nullptr : g_strdup(path.c_str()));
    }
    Words shell()
    {
        return GetParam().shell;
    }
    std::string path;
};

TEST_P(LeaseOnHost, ReportsOutputAndStatus)
{
    std::string tag = make_tag();
    Trial run(shell(), {"sh", "-c", "printf '\\0out\\n'; printf err >&2; cat; exit 7", tag}, 15, path);
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(run.output, std::string("\0out\n", 5));
    EXPECT_EQ(run.errors, "err");
    ASSERT_TRUE(ffarm_lease_has_ended(run.lease));
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 7);
    EXPECT_FALSE(ffarm_lease_was_lost(run.lease));
    EXPECT_LT(g_get_monotonic_time() - run.start_us, 2 * G_USEC_PER_SEC);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1));
}

TEST_P(LeaseOnHost, ReportsDeathBySignal)
{
    Trial run(shell(), {"sh", "-c", "kill -KILL $$"}, 15, path);
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(run.errors, "");
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 137);
}

TEST_P(LeaseOnHost, ReportsAMissingProgram)
{
    Trial run(shell(), {"no-such-program"}, 15, path);
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 127);
    EXPECT_NE(run.errors.find("no-such-program"), std::string::npos) << run.errors;
}

TEST_P(LeaseOnHost, HandsAllArgumentsOn)
{
    Trial run(shell(),
              {"sh", "-c", "printf '%s|' \"$@\"", "sh", "", "a b", "it's", "$HOME", "!x", "\\", "a\nb\r", "\xff", "*"},
              15, path);
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(run.output, "|a b|it's|$HOME|!x|\\|a\nb\r|\xff|*|");
}

TEST_P(LeaseOnHost, EndsTheCommandWhenStdinEnds)
{
    std::string tag = make_tag();
    Trial run(shell(), {"sh", "-c", "trap 'echo bye; exit 3' TERM; echo up; while sleep 0.1; do :; done", tag}, 15,
              path);
    ASSERT_TRUE(run.read_on([&] { return run.output == "up\n"; }));
    run.end_beats();
    gint64 ended_us = g_get_monotonic_time();
    ASSERT_TRUE(run.read_on());
    // Some shells say things twice when a signal meets a fork.
    EXPECT_TRUE(g_str_has_suffix(run.output.c_str(), "up\nbye\n")) << run.output;
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 3);
    EXPECT_TRUE(ffarm_lease_was_lost(run.lease));
    EXPECT_LT(g_get_monotonic_time() - ended_us, 2 * G_USEC_PER_SEC);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1));
}

INSTANTIATE_TEST_SUITE_P(Hosts, LeaseOnHost, testing::ValuesIn(login_hosts),
                         [](const testing::TestParamInfo<LoginHost> &info) { return info.param.name; });

namespace
{
void expect_end_when_beats_stop(const Words &shell, const std::string &path)
{
    std::string tag = make_tag();
    Trial run(shell, {"sh", "-c", "echo up; exec sleep 30", tag}, 2, path);
    ASSERT_TRUE(run.read_on([&] { return g_get_monotonic_time() - run.start_us > 3500000; }));
    EXPECT_FALSE(ffarm_lease_has_ended(run.lease)) << "in spite of its beats";
    gint64 stopped_us = g_get_monotonic_time();
    ASSERT_TRUE(run.read_on(nullptr, false));
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 143);
    EXPECT_TRUE(ffarm_lease_was_lost(run.lease));
    EXPECT_LT(g_get_monotonic_time() - stopped_us, 6 * G_USEC_PER_SEC);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 2));
}

void expect_end_when_wrapper_is_killed(const Words &shell, const std::string &path)
{
    std::string tag = make_tag();
    Trial run(shell, {"sh", "-c", "echo up; exec sleep 30", tag}, 15, path);
    ASSERT_TRUE(run.read_on([&] { return run.output == "up\n"; }));
    kill(run.pid, SIGKILL);
    run.end_beats();
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 8));
}

// These take seconds, so all hosts go through them at once.
void try_on_all_hosts(void (*trial)(const Words &shell, const std::string &path))
{
    std::vector<std::thread> threads;
    Words folders;
    for (const LoginHost &host : login_hosts) {
        g_autofree char *shell = g_find_program_in_path(host.shell[0].c_str());
        if (!shell)
            continue;
        folders.push_back(host.programs.empty() ? "" : make_path(host.programs));
        threads.emplace_back([&host, trial, path = folders.back()] {
            SCOPED_TRACE(host.name);
            trial(host.shell, path);
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    for (std::string &folder : folders)
        scratch_free(folder.empty() ? nullptr : g_strdup(folder.c_str()));
}
} // namespace

TEST(Lease, EndsTheCommandWhenBeatsStop)
{
    try_on_all_hosts(expect_end_when_beats_stop);
}

TEST(Lease, EndsTheCommandWhenTheWrapperIsKilled)
{
    try_on_all_hosts(expect_end_when_wrapper_is_killed);
}

TEST(Lease, EndsTheWholeGroupAndWhoDoesNotListen)
{
    std::string tag = make_tag();
    Trial run({"sh", "-c"}, {"sh", "-c", "trap '' TERM; sh -c 'sleep 30; :' $0 & echo up; sleep 30", tag}, 15);
    ASSERT_TRUE(run.read_on([&] { return run.output == "up\n"; }));
    run.end_beats();
    gint64 ended_us = g_get_monotonic_time();
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 137);
    EXPECT_NEAR(static_cast<double>(g_get_monotonic_time() - ended_us) / G_USEC_PER_SEC, 5.0, 2.0);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1));
}

TEST(Lease, EndsAStoppedCommand)
{
    std::string tag = make_tag();
    Trial run({"sh", "-c"}, {"sh", "-c", "kill -STOP $$; sleep 30", tag}, 15);
    ASSERT_TRUE(run.read_on([&] { return ffarm_lease_has_started(run.lease); }));
    run.end_beats();
    ASSERT_TRUE(run.read_on());
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1));
}

TEST(Lease, LeavesNoHelpersOfTheCommandBehind)
{
    std::string tag = make_tag();
    Trial run({"sh", "-c"}, {"sh", "-c", "sh -c 'sleep 30; :' $0 & exit 0", tag}, 15);
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 0);
    EXPECT_TRUE(processes_wait(tag.c_str(), FALSE, 1));
}

TEST(Lease, PassesManyBytesUnchanged)
{
    Trial run({"sh", "-c"}, {"sh", "-c", "head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2"}, 15);
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(run.output, std::string(5000000, '\0'));
    EXPECT_EQ(run.errors, std::string(3000000, '\0'));
    EXPECT_EQ(ffarm_lease_exit_status(run.lease), 0);
}

TEST(Lease, CostsAShortCommandLittle)
{
    gint64 best = G_MAXINT64;
    for (int i = 0; i < 10; i++) {
        Trial run({"sh", "-c"}, {"true"}, 15);
        ASSERT_TRUE(run.read_on());
        best = std::min(best, g_get_monotonic_time() - run.start_us);
    }
    EXPECT_LT(best, 90000) << "a wait in the wrapper shows, a busy machine does not";
}

TEST(Lease, AddsToThePathBehindWhatIsThere)
{
    Trial run({"sh", "-c"}, {"sh", "-c", "echo $PATH"}, 15, "/usr/bin:/bin");
    ASSERT_TRUE(run.read_on());
    EXPECT_EQ(run.output, "/usr/bin:/bin:/opt/homebrew/bin:/usr/local/bin:/opt/local/bin\n");
}

// ---- Windows, as far as a line can be judged without it

TEST(LeaseForWindows, IsAScriptThatNoShellCanMisread)
{
    const char *argv[] = {"C:\\ffmpeg\\ffmpeg.exe", "-i", "it's %PATH%\\", nullptr};
    for (FfarmShell shell : {FFARM_SHELL_POWERSHELL, FFARM_SHELL_CMD}) {
        g_autoptr(FfarmLease) lease = ffarm_lease_new(shell, FFARM_LEASE_POWERSHELL, argv, 15, "n0nce", nullptr);
        ASSERT_TRUE(lease);
        std::string line = ffarm_lease_peek_line(lease);
        EXPECT_EQ(line.find_first_of("%\\\n&|<>^"), std::string::npos) << line;
        g_autofree char *passed = windows_line_through_cmd(line.c_str());
        if (shell == FFARM_SHELL_CMD) {
            EXPECT_STREQ(passed, line.c_str());
        }
        size_t start = line.find("String('", line.find("FromBase64")) + 8;
        gsize length = 0;
        g_autofree guchar *decoded =
            g_base64_decode(line.substr(start, line.find('\'', start) - start).c_str(), &length);
        std::string script(reinterpret_cast<char *>(decoded), length);
        EXPECT_NE(script.find("'C:\\ffmpeg\\ffmpeg.exe','\"-i\" \"it''s %PATH%\\\\\"'"), std::string::npos) << script;
        EXPECT_NE(script.find("$m='@ffarm-n0nce'"), std::string::npos);
        EXPECT_NE(script.find("TotalSeconds -gt 15)"), std::string::npos);
    }
}

TEST(LeaseForWindows, ReportsThroughCmdAlone)
{
    const char *argv[] = {"ffmpeg", "-i", "a & b", nullptr};
    g_autoptr(FfarmLease) lease = ffarm_lease_new(FFARM_SHELL_CMD, FFARM_LEASE_CMD, argv, 15, "n0nce", nullptr);
    ASSERT_TRUE(lease);
    EXPECT_STREQ(ffarm_lease_peek_line(lease),
                 "echo @ffarm-n0nce-start&echo @ffarm-n0nce-start>&2&ffmpeg -i ^\"a ^& b^\" <nul&"
                 "call echo @ffarm-n0nce-end %^errorlevel% 0 >&2");
}

TEST(LeaseForWindows, RefusesWhatCannotBePassed)
{
    const char *argv[] = {"ffmpeg", "a\nb", nullptr};
    for (FfarmLeaseForm form : {FFARM_LEASE_POWERSHELL, FFARM_LEASE_CMD}) {
        g_autoptr(GError) error = nullptr;
        EXPECT_EQ(ffarm_lease_new(FFARM_SHELL_CMD, form, argv, 15, "n0nce", &error), nullptr);
        EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
    }
}
