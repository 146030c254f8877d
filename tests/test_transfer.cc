// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "relay.h"
#include "ssh_fixture.h"

// Copies over a line that breaks, and copies that come out wrong. What all kinds do when nothing goes wrong is held by
// test_runner.cc.

namespace
{
void call_note(gint64 done, gint64 total, gpointer data)
{
    (*static_cast<const Note *>(data))(done, total);
}

void flip(const std::string &path, gint64 offset)
{
    int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    char byte = 0;
    EXPECT_EQ(pread(fd, &byte, 1, offset), 1) << path;
    byte = static_cast<char>(byte ^ 1);
    EXPECT_EQ(pwrite(fd, &byte, 1, offset), 1);
    close(fd);
}

// A host behind a relay.
struct Box {
    Box(const Sshd *sshd, FfarmTransport transport)
        : relay(relay_start(sshd->address, sshd->port)), host(host_for(sshd)), runner(nullptr)
    {
        sshd_know_port(sshd, relay_port(relay));
        host->port = relay_port(relay);
        host->transport = transport;
        runner = ffarm_runner_new(host.get());
    }
    ~Box()
    {
        ffarm_runner_free(runner);
        relay_stop(relay);
    }
    bool open()
    {
        return ffarm_runner_open(runner, 0, nullptr, failure.out());
    }
    bool put(const std::string &from, const std::string &to, const Note &note = ignore,
             GCancellable *cancellable = nullptr)
    {
        return ffarm_runner_put(runner, from.c_str(), to.c_str(), call_note, const_cast<Note *>(&note), cancellable,
                                failure.out());
    }
    bool get(const std::string &from, const std::string &to, const Note &note = ignore,
             GCancellable *cancellable = nullptr)
    {
        return ffarm_runner_get(runner, from.c_str(), to.c_str(), 0, call_note, const_cast<Note *>(&note), cancellable,
                                failure.out());
    }
    static const Note ignore;
    Relay *relay;
    Host host;
    FfarmRunner *runner;
    Failure failure;
};
const Note Box::ignore = [](gint64, gint64) {};

const size_t LENGTH = 1500000;

class Transfer : public testing::TestWithParam<FfarmTransport>
{
  protected:
    static void SetUpTestSuite()
    {
        if (!sshd)
            sshd = sshd_start(nullptr);
    }
    static void TearDownTestSuite()
    {
        g_clear_pointer(&sshd, sshd_stop);
    }
    void SetUp() override
    {
        ASSERT_TRUE(g_file_set_contents(here.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr));
        ASSERT_TRUE(box.open()) << box.failure.text();
    }
    void expect_nothing_left(bool is_put)
    {
        EXPECT_FALSE(g_file_test((there + ".part").c_str(), G_FILE_TEST_EXISTS));
        EXPECT_TRUE(is_put || !g_file_test(back.c_str(), G_FILE_TEST_EXISTS));
    }
    // Cuts the line after each of some numbers of bytes, from the first one to the last one of a whole copy.
    void cut_everywhere(RelayWay way, const std::function<bool()> &copy, const std::string &result)
    {
        gint64 before = relay_bytes(box.relay, way);
        ASSERT_TRUE(copy()) << box.failure.text();
        gint64 whole = relay_bytes(box.relay, way) - before;
        // OpenSSH's client takes longer to connect, and is the same where it isn't about the file server.
        const std::vector<gint64> few = {1, whole / 3, whole - 400};
        const std::vector<gint64> many = {1, 300, whole / 3, whole - 1500, whole - 400, whole - 1};
        for (gint64 after : GetParam() == FFARM_TRANSPORT_OPENSSH ? few : many) {
            SCOPED_TRACE(after);
            unlink(result.c_str());
            // A new connection, so that its bytes are counted from its beginning.
            ffarm_runner_close(box.runner);
            before = relay_bytes(box.relay, way);
            ASSERT_TRUE(box.open()) << box.failure.text();
            gint64 opening = relay_bytes(box.relay, way) - before;
            guint connections = relay_connections(box.relay);
            relay_fail_after(box.relay, RELAY_CUT, way, opening + after, 1);
            EXPECT_TRUE(copy()) << box.failure.text();
            EXPECT_TRUE(read_file(result) == bytes);
            relay_fail_after(box.relay, RELAY_CUT, way, 0, 0);
            EXPECT_LE(relay_connections(box.relay), connections + 1);
            if (after < whole - 1500) {
                EXPECT_EQ(relay_connections(box.relay), connections + 1);
            }
            expect_nothing_left(true);
        }
    }
    static Sshd *sshd;
    Box box{sshd, GetParam()};
    Folder folder;
    std::string bytes = noise(LENGTH), here = folder / "here", there = folder / "there", back = folder / "back";
};
Sshd *Transfer::sshd = nullptr;
} // namespace

TEST_P(Transfer, PutSurvivesACutAnywhere)
{
    cut_everywhere(
        RELAY_TO_SERVER, [this] { return box.put(here, there); }, there);
}

TEST_P(Transfer, GetSurvivesACutAnywhere)
{
    cut_everywhere(
        RELAY_TO_CLIENT, [this] { return unlink(back.c_str()), box.get(here, back); }, back);
}

// Whoever starts again from the beginning needs 36 million bytes; what is on its way when the line breaks is lost.
TEST_P(Transfer, GoesOnWhereItBrokeOff)
{
    bytes = noise(20000000);
    ASSERT_TRUE(g_file_set_contents(here.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr));
    relay_fail_after(box.relay, RELAY_CUT, RELAY_TO_SERVER, 8000000, 2);
    ASSERT_TRUE(box.put(here, there)) << box.failure.text();
    EXPECT_TRUE(read_file(there) == bytes);
    EXPECT_EQ(relay_connections(box.relay), 3u);
    EXPECT_LT(relay_bytes(box.relay, RELAY_TO_SERVER), 30000000);
    gint64 before = relay_bytes(box.relay, RELAY_TO_CLIENT);
    relay_fail_after(box.relay, RELAY_CUT, RELAY_TO_CLIENT, 8000000, 2);
    ASSERT_TRUE(box.get(there, back)) << box.failure.text();
    EXPECT_TRUE(read_file(back) == bytes);
    EXPECT_LT(relay_bytes(box.relay, RELAY_TO_CLIENT) - before, 30000000);
}

TEST_P(Transfer, GivesUpALineThatBreaksAgainAndAgain)
{
    relay_fail_after(box.relay, RELAY_CUT, RELAY_TO_SERVER, 12000, 1000);
    EXPECT_FALSE(box.put(here, there));
    EXPECT_REMOTE_ERROR(box.failure, DISCONNECTED);
    EXPECT_FALSE(ffarm_runner_is_open(box.runner));
    EXPECT_FALSE(g_file_test(there.c_str(), G_FILE_TEST_EXISTS));
    relay_fail_after(box.relay, RELAY_CUT, RELAY_TO_CLIENT, 0, 0);
    EXPECT_TRUE(box.open()) << box.failure.text();
    EXPECT_TRUE(box.put(here, there)) << box.failure.text();
}

TEST_P(Transfer, CanBeCancelledWhileItWaitsForTheLine)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    GThread *canceller = nullptr;
    gint64 start_us = 0;
    auto fail = [&](gint64, gint64) {
        if (canceller)
            return;
        relay_refuse(box.relay, TRUE);
        relay_cut_now(box.relay);
        start_us = g_get_monotonic_time();
        canceller = g_thread_new(
            "canceller",
            [](gpointer data) -> gpointer {
                g_usleep(1000000);
                g_cancellable_cancel(static_cast<GCancellable *>(data));
                return nullptr;
            },
            cancellable);
    };
    EXPECT_FALSE(box.get(here, back, fail, cancellable));
    EXPECT_CANCELLED(box.failure);
    EXPECT_LT(g_get_monotonic_time() - start_us, 4 * G_USEC_PER_SEC);
    EXPECT_FALSE(g_file_test(back.c_str(), G_FILE_TEST_EXISTS));
    g_thread_join(canceller);
}

TEST_P(Transfer, CanBeCancelledWithItsLastByte)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    auto cancel = [&](gint64 done, gint64 total) {
        if (done == total)
            g_cancellable_cancel(cancellable);
    };
    EXPECT_FALSE(box.get(here, back, cancel, cancellable));
    EXPECT_CANCELLED(box.failure);
    EXPECT_FALSE(g_file_test(back.c_str(), G_FILE_TEST_EXISTS));
}

// ---- Copies that come out wrong

TEST_P(Transfer, RefusesAnAlteredCopy)
{
    bool is_flipped = false;
    EXPECT_FALSE(box.put(here, there, [&](gint64 done, gint64 total) {
        if (done == total)
            flip(there + ".part", 777);
    }));
    EXPECT_REMOTE_ERROR(box.failure, TRANSFER);
    EXPECT_TRUE(box.failure.says("was altered")) << box.failure.text();
    EXPECT_FALSE(g_file_test(there.c_str(), G_FILE_TEST_EXISTS));
    expect_nothing_left(true);
    EXPECT_FALSE(box.get(here, back, [&](gint64, gint64) {
        if (!is_flipped)
            flip(here, 5);
        is_flipped = true;
    }));
    EXPECT_REMOTE_ERROR(box.failure, TRANSFER);
    expect_nothing_left(false);
    EXPECT_TRUE(box.get(here, back)) << box.failure.text();
}

TEST_P(Transfer, RefusesAShortenedCopy)
{
    EXPECT_FALSE(box.put(here, there, [&](gint64 done, gint64 total) {
        if (done == total) {
            EXPECT_EQ(truncate((there + ".part").c_str(), total - 1), 0);
        }
    }));
    EXPECT_REMOTE_ERROR(box.failure, TRANSFER);
    expect_nothing_left(true);
    EXPECT_FALSE(box.get(here, back, [&](gint64, gint64) { EXPECT_EQ(truncate(here.c_str(), LENGTH - 1), 0); }));
    EXPECT_REMOTE_ERROR(box.failure, TRANSFER);
    expect_nothing_left(false);
}

TEST_P(Transfer, RefusesASourceThatChanges)
{
    // Of the same size, after it has been read.
    EXPECT_FALSE(box.put(here, there, [&](gint64 done, gint64 total) {
        if (done == total)
            flip(here, 9);
    }));
    EXPECT_REMOTE_ERROR(box.failure, LOCAL_FILE);
    expect_nothing_left(true);
    // Another one under its name.
    EXPECT_FALSE(box.put(here, there, [&](gint64 done, gint64 total) {
        if (done == total)
            g_file_set_contents(here.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr);
    }));
    EXPECT_REMOTE_ERROR(box.failure, LOCAL_FILE);
    expect_nothing_left(true);
    EXPECT_TRUE(box.put(here, there)) << box.failure.text();
}

// A host that went down may come back without what it had written last, or with something else.
TEST_P(Transfer, CopiesAnewWhatIsNoLongerThatThere)
{
    for (const bool is_at_end : {false, true}) {
        SCOPED_TRACE(is_at_end);
        bool is_cut = false;
        EXPECT_TRUE(box.put(here, there, [&](gint64 done, gint64) {
            if (is_cut || done < 600000)
                return;
            is_cut = true;
            flip(there + ".part", is_at_end ? done - 1 : 0);
            relay_cut_now(box.relay);
        })) << box.failure.text();
        EXPECT_TRUE(is_cut);
        EXPECT_TRUE(read_file(there) == bytes);
    }
}

TEST_P(Transfer, CopiesAnewWhatChangedHereInBetween)
{
    bool is_cut = false;
    EXPECT_TRUE(box.get(here, back, [&](gint64 done, gint64) {
        if (is_cut || done < 600000)
            return;
        is_cut = true;
        flip(here, 0);
        relay_cut_now(box.relay);
    })) << box.failure.text();
    EXPECT_TRUE(is_cut);
    EXPECT_TRUE(read_file(back) == read_file(here));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Transfer, testing::Values(FFARM_TRANSPORT_LIBSSH2, FFARM_TRANSPORT_OPENSSH),
                         [](const testing::TestParamInfo<FfarmTransport> &info) {
                             return std::string(info.param == FFARM_TRANSPORT_LIBSSH2 ? "Libssh2" : "Openssh");
                         });

// ---- A line that falls silent: it takes its time to notice, so all kinds wait together

namespace
{
struct Silence {
    Silence(const Sshd *sshd, FfarmTransport transport) : box(sshd, transport) {}
    static gpointer run(gpointer data)
    {
        auto *self = static_cast<Silence *>(data);
        self->is_done = self->box.put(self->here, self->there);
        return nullptr;
    }
    Box box;
    std::string here, there;
    bool is_done = false;
};
} // namespace

TEST(TransferSilence, IsOverInTimeAndTheCopyGoesOn)
{
    Folder folder;
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    const std::string bytes = noise(LENGTH), here = folder / "here";
    ASSERT_TRUE(g_file_set_contents(here.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr));
    Silence silences[] = {{sshd, FFARM_TRANSPORT_LIBSSH2}, {sshd, FFARM_TRANSPORT_OPENSSH}};
    Stopwatch watch;
    std::vector<GThread *> threads;
    for (Silence &silence : silences) {
        silence.here = here;
        silence.there = folder / std::to_string(threads.size());
        ASSERT_TRUE(silence.box.open()) << silence.box.failure.text();
        relay_fail_after(silence.box.relay, RELAY_STALL, RELAY_TO_SERVER, 500000, 1);
        threads.push_back(g_thread_new("silence", Silence::run, &silence));
    }
    for (GThread *thread : threads)
        g_thread_join(thread);
    EXPECT_LT(watch.seconds(), 40);
    for (const Silence &silence : silences) {
        EXPECT_TRUE(silence.is_done) << silence.box.failure.text();
        EXPECT_EQ(relay_connections(silence.box.relay), 2u);
        EXPECT_TRUE(read_file(silence.there) == bytes);
    }
}

// ---- Hosts that have one program for sums, or another, or none

namespace
{
// Folder of links to all programs but those for sums, of which only @tool is there.
void link_programs(const std::string &folder, const std::string &tool)
{
    ASSERT_EQ(g_mkdir_with_parents(folder.c_str(), 0700), 0);
    g_autoptr(GDir) dir = g_dir_open("/usr/bin", 0, nullptr);
    for (const char *name; (name = g_dir_read_name(dir));) {
        std::string program = name;
        bool is_for_sums = program == "sha256sum" || program == "shasum" || program == "openssl";
        if (!is_for_sums || program == tool) {
            EXPECT_EQ(symlink(("/usr/bin/" + program).c_str(), (folder + "/" + program).c_str()), 0);
        }
    }
}
} // namespace

TEST(TransferProof, TakesWhateverTheHostHas)
{
    Folder folder;
    std::string here = folder / "here", there = folder / "there", back = folder / "back";
    std::string bytes = noise(300000);
    ASSERT_TRUE(g_file_set_contents(here.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr));
    for (const char *tool : {"sha256sum", "shasum", "openssl", ""}) {
        SCOPED_TRACE(tool);
        std::string programs = folder / (std::string("bin ") + tool);
        link_programs(programs, tool);
        std::string line = "SetEnv HOME=/nonexistent \"PATH=" + programs + "\"";
        SshdOptions options = {};
        options.server_lines = line.c_str();
        g_autoptr(Sshd) sshd = sshd_start(&options);
        Box box(sshd, FFARM_TRANSPORT_LIBSSH2);
        ASSERT_TRUE(box.open()) << box.failure.text();
        ASSERT_TRUE(box.put(here, there)) << box.failure.text();
        // Only who has no program has it all read back.
        EXPECT_EQ(relay_bytes(box.relay, RELAY_TO_CLIENT) > 300000, *tool == '\0');
        ASSERT_TRUE(box.get(there, back)) << box.failure.text();
        EXPECT_TRUE(read_file(back) == bytes);
        unlink(back.c_str());
        EXPECT_FALSE(box.put(here, there, [&](gint64 done, gint64 total) {
            if (done == total)
                flip(there + ".part", 100);
        }));
        EXPECT_REMOTE_ERROR(box.failure, TRANSFER);
    }
}

// ---- File servers that know less than others

namespace
{
class PoorServer : public testing::TestWithParam<FfarmTransport>
{
};
} // namespace

TEST_P(PoorServer, SpaceAndReplacingWorkAllTheSame)
{
    SshdOptions options = {};
    options.server_lines = "Subsystem sftp /usr/lib/openssh/sftp-server -P statvfs,posix-rename,fsync";
    g_autoptr(Sshd) sshd = sshd_start(&options);
    Box box(sshd, GetParam());
    Folder folder;
    std::string here = folder / "here", there = folder / "there";
    ASSERT_TRUE(g_file_set_contents(here.c_str(), "new", -1, nullptr));
    ASSERT_TRUE(g_file_set_contents(there.c_str(), "older", -1, nullptr));
    ASSERT_TRUE(box.open()) << box.failure.text();
    gint64 free_bytes = -2;
    EXPECT_TRUE(ffarm_runner_space(box.runner, there.c_str(), &free_bytes, nullptr, box.failure.out()))
        << box.failure.text();
    EXPECT_GT(free_bytes, 0);
    ASSERT_TRUE(box.put(here, there)) << box.failure.text();
    EXPECT_EQ(read_file(there), "new");
    EXPECT_TRUE(ffarm_runner_is_open(box.runner));
    g_autoptr(GDir) dir = g_dir_open((folder / "").c_str(), 0, nullptr);
    guint n_files = 0;
    while (g_dir_read_name(dir))
        n_files++;
    EXPECT_EQ(n_files, 2u) << "nothing stays aside";
    // A folder doesn't step aside.
    ASSERT_EQ(g_mkdir_with_parents((folder / "folder").c_str(), 0700), 0);
    EXPECT_FALSE(box.put(here, folder / "folder"));
    EXPECT_TRUE(g_file_test((folder / "folder").c_str(), G_FILE_TEST_IS_DIR));
    EXPECT_FALSE(g_file_test((folder / "folder.part").c_str(), G_FILE_TEST_EXISTS));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PoorServer, testing::Values(FFARM_TRANSPORT_LIBSSH2, FFARM_TRANSPORT_OPENSSH),
                         [](const testing::TestParamInfo<FfarmTransport> &info) {
                             return std::string(info.param == FFARM_TRANSPORT_LIBSSH2 ? "Libssh2" : "Openssh");
                         });
