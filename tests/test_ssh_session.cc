// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"

namespace
{
// One server for the tests that need nothing special of it.
class SshExec : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        sshd = sshd_start(nullptr);
    }
    static void TearDownTestSuite()
    {
        g_clear_pointer(&sshd, sshd_stop);
    }
    static Sshd *sshd;
    Host host = host_for(sshd);
    Failure failure;
    Outputs outputs;
    int status = -2;
};
Sshd *SshExec::sshd = nullptr;
} // namespace

TEST_F(SshExec, GivesOutputErrorAndStatus)
{
    Connection box(host.get());
    ASSERT_TRUE(box) << box.failure.text();
    EXPECT_NE(std::string(ffarm_runner_kind_ssh.peek_banner(box.get())).find("SSH-2.0-OpenSSH"), std::string::npos);
    ASSERT_TRUE(run(box, "echo hello; echo trouble >&2; exit 7", &outputs, &status, &failure)) << failure.text();
    EXPECT_EQ(outputs.out, "hello\n");
    EXPECT_EQ(outputs.err, "trouble\n");
    EXPECT_EQ(status, 7);
}

TEST_F(SshExec, ManyInARowOnOneSession)
{
    Connection box(host.get());
    ASSERT_TRUE(box) << box.failure.text();
    for (int i = 0; i < 25; i++) {
        Outputs each;
        std::string line = "echo " + std::to_string(i) + "; exit " + std::to_string(i);
        ASSERT_TRUE(run(box, line.c_str(), &each, &status, &failure)) << failure.text();
        ASSERT_EQ(each.out, std::to_string(i) + "\n");
        ASSERT_EQ(status, i);
    }
}

TEST_F(SshExec, DeathBySignalIs128AndNumber)
{
    Connection box(host.get());
    ASSERT_TRUE(run(box, "kill -KILL $$", &outputs, &status, &failure)) << failure.text();
    EXPECT_EQ(status, 137);
}

TEST_F(SshExec, BothOutputsAtOnceLoseNothing)
{
    Connection box(host.get());
    const char *line =
        "dd if=/dev/zero bs=30000 count=1000 2>/dev/null & dd if=/dev/zero bs=30000 count=1000 >&2 2>/dev/null; wait";
    ASSERT_TRUE(run(box, line, &outputs, &status, &failure)) << failure.text();
    EXPECT_EQ(outputs.n_out, 30000000u);
    EXPECT_EQ(outputs.n_err, 30000000u);
    EXPECT_EQ(status, 0);
}

TEST_F(SshExec, StdinIsEmptyWithoutBeat)
{
    Connection box(host.get());
    ASSERT_TRUE(run(box, "wc -c", &outputs, &status, &failure)) << failure.text();
    EXPECT_EQ(atoi(outputs.out.c_str()), 0);
}

TEST_F(SshExec, BeatsArriveOnStdin)
{
    Connection box(host.get());
    Stopwatch watch;
    ASSERT_TRUE(run(box, "head -c 4 | od -An -c", &outputs, &status, &failure, nullptr, 10, 100)) << failure.text();
    EXPECT_EQ(outputs.out, "  \\n  \\n  \\n  \\n\n");
    EXPECT_LT(watch.seconds(), 3);
}

TEST_F(SshExec, CallbackStopsByEndOfStdin)
{
    Connection box(host.get());
    outputs.stop_after = 1;
    Stopwatch watch;
    ASSERT_TRUE(run(box, "echo on; cat >/dev/null; echo off", &outputs, &status, &failure, nullptr, 0, 1000))
        << failure.text();
    EXPECT_EQ(outputs.out, "on\n");
    EXPECT_LT(watch.seconds(), 2);
    Outputs next;
    ASSERT_TRUE(run(box, "echo still there", &next, &status, &failure)) << failure.text();
    EXPECT_EQ(next.out, "still there\n");
}

TEST_F(SshExec, CancellingStops)
{
    Connection box(host.get());
    CancelSoon cancel(200);
    EXPECT_FALSE(run(box, "cat >/dev/null", &outputs, &status, &failure, cancel.cancellable, 0, 1000));
    EXPECT_CANCELLED(failure);
    EXPECT_LT(g_get_monotonic_time() - cancel.fired_us, 1000000);
    EXPECT_TRUE(run(box, "true", &outputs, &status, &failure)) << failure.text();
}

TEST_F(SshExec, LimitStops)
{
    Connection box(host.get());
    Stopwatch watch;
    EXPECT_FALSE(run(box, "cat >/dev/null", &outputs, &status, &failure, nullptr, 0.3, 1000));
    EXPECT_REMOTE_ERROR(failure, TIMEOUT);
    EXPECT_LT(watch.seconds(), 2);
}

TEST_F(SshExec, LetsGoOfWhatDoesNotStop)
{
    Connection box(host.get());
    Stopwatch watch;
    EXPECT_FALSE(run(box, "sleep 20", &outputs, &status, &failure, nullptr, 0.1, 1000));
    EXPECT_REMOTE_ERROR(failure, TIMEOUT);
    EXPECT_NEAR(watch.seconds(), FFARM_EXEC_DRAIN_MS / 1000.0, 1.0);
    EXPECT_FALSE(run(box, "true", &outputs, &status, &failure));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    watch = Stopwatch();
    box.close();
    EXPECT_LT(watch.seconds(), 0.5);
}

TEST_F(SshExec, LostConnectionIsNoExit)
{
    Connection box(host.get());
    GThread *thread = g_thread_new(
        "drop",
        [](gpointer) -> gpointer {
            g_usleep(300000);
            sshd_drop_connections(sshd);
            return nullptr;
        },
        nullptr);
    Stopwatch watch;
    EXPECT_FALSE(run(box, "sleep 20", &outputs, &status, &failure, nullptr, 0, 1000));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    EXPECT_LT(watch.seconds(), 2);
    g_thread_join(thread);
}
