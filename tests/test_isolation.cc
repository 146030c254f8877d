// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include "decode.h"
#include "isolation.h"
#include "media_maker.h"
#include "packets.h"
#include "processes.h"
#include "prober.h"
#include "sandbox.h"
#include "scratch.h"
#include "media_wire.h"
#include "worker_pool.h"

namespace
{

// On every command line of a worker, so that they can be counted.
std::string Tag()
{
    return "test-isolation-" + std::to_string(getpid());
}

std::string Double()
{
    return std::string(std::getenv("FFARM_BUILD_ROOT")) + "/tests/worker_double";
}

void Isolate(const char *mode)
{
    std::string program = Double(), tag = Tag();
    const char *argv[] = {program.c_str(), mode, tag.c_str(), nullptr};
    g_autoptr(GError) error = nullptr;
    ASSERT_TRUE(ffarm_probe_isolate(argv, &error)) << error->message;
}

std::string ProblemsOf(const FfarmMedia *media)
{
    std::string all;
    for (guint i = 0; i < media->problems->len; i++) {
        auto problem = static_cast<const FfarmProblem *>(g_ptr_array_index(media->problems, i));
        all += std::string(i ? "; " : "") + ffarm_problem_kind_name(problem->kind) + ": " + problem->text;
    }
    return all;
}

std::vector<pid_t> Workers()
{
    std::vector<pid_t> pids;
    for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
        g_autofree char *line = nullptr;
        gsize length = 0;
        std::string path = entry.path().string() + "/cmdline";
        if (g_file_get_contents(path.c_str(), &line, &length, nullptr) &&
            std::string(line, length).find(Tag()) != std::string::npos)
            pids.push_back(std::stoi(entry.path().filename().string()));
    }
    return pids;
}

double SecondsSince(gint64 start_us)
{
    return static_cast<double>(g_get_monotonic_time() - start_us) / G_USEC_PER_SEC;
}

// A media with all that it says, byte by byte.
std::string Everything(const FfarmMedia *media)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put(bytes, media);
    std::string file = std::string(media->path) + " " + std::to_string(media->size_bytes) + " " +
                       std::to_string(media->mtime_ns) + " " + std::to_string(media->inode) + " " +
                       std::to_string(media->device) + " " + std::to_string(media->links) + " ";
    return file + std::string(reinterpret_cast<const char *>(bytes->data), bytes->len);
}

std::string EverythingOfPackets(const char *path)
{
    g_autoptr(GError) error = nullptr;
    g_autoptr(FfarmPackets) packets = ffarm_packets_scan(path, 0, nullptr, &error);
    if (!packets)
        return error->message;
    // Words of the log hold addresses of memory.
    g_clear_pointer(&packets->first_complaint, g_free);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put_packets(bytes, packets);
    return std::string(packets->path) + std::string(reinterpret_cast<const char *>(bytes->data), bytes->len);
}

std::string EverythingOfDecoding(const char *path)
{
    g_autoptr(GError) error = nullptr;
    g_autoptr(FfarmDecoded) decoded = ffarm_decode_file(path, 1, 0, nullptr, &error);
    if (!decoded)
        return error->message;
    g_clear_pointer(&decoded->first_error, g_free);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put_decoded(bytes, decoded);
    return std::string(decoded->path) + std::string(reinterpret_cast<const char *>(bytes->data), bytes->len);
}

class Isolation : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        clip = media_make_clip(folder, "bad.mkv", 1);
        good = media_make_clip(folder, "good.mkv", 1);
    }
    void TearDown() override
    {
        ffarm_probe_isolate(nullptr, nullptr);
        EXPECT_TRUE(processes_wait(Tag().c_str(), FALSE, 10)) << "workers are left";
        g_free(clip);
        g_free(good);
        scratch_free(folder);
    }
    std::string Problems(const char *path, guint timeout_ms = 0)
    {
        g_autoptr(FfarmMedia) media = ffarm_probe_file(path, timeout_ms, nullptr, nullptr);
        struct stat info;
        EXPECT_EQ(stat(path, &info), 0);
        EXPECT_EQ(media->size_bytes, info.st_size);
        EXPECT_EQ(media->inode, info.st_ino);
        return ProblemsOf(media);
    }
    std::string ScanError(guint timeout_ms = 0)
    {
        g_autoptr(GError) error = nullptr;
        g_autoptr(FfarmPackets) packets = ffarm_packets_scan(clip, timeout_ms, nullptr, &error);
        if (packets)
            return "a result";
        std::string message = error->message;
        EXPECT_EQ(message.rfind(std::string(clip) + ": ", 0), 0u) << message;
        return message.substr(strlen(clip) + 2);
    }
    void ExpectTheNextIsFine()
    {
        EXPECT_EQ(Problems(good), "");
    }
    char *folder = nullptr;
    char *clip = nullptr;
    char *good = nullptr;
};

} // namespace

TEST_F(Isolation, GivesTheSameAnswersAsThisProcess)
{
    g_autofree char *corpus = media_corpus();
    std::vector<std::string> files;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(corpus))
        if (!entry.is_directory())
            files.push_back(entry.path().string());
    ASSERT_GT(files.size(), 90u);
    std::vector<std::string> here;
    for (const auto &file : files) {
        g_autoptr(FfarmMedia) media = ffarm_probe_file(file.c_str(), 0, nullptr, nullptr);
        here.push_back(Everything(media) + EverythingOfPackets(file.c_str()));
    }
    Isolate("honest");
    for (gsize i = 0; i < files.size(); i++) {
        g_autoptr(FfarmMedia) media = ffarm_probe_file(files[i].c_str(), 0, nullptr, nullptr);
        EXPECT_TRUE(Everything(media) + EverythingOfPackets(files[i].c_str()) == here[i]) << files[i];
    }
}

TEST_F(Isolation, DecodesAsThisProcessDoes)
{
    g_autofree char *cut = media_make_clip(folder, "cut.ts", 2);
    media_cut(cut, 50);
    g_autofree char *text = scratch_write(folder, "text.mkv", "no film", -1);
    const char *files[] = {clip, good, cut, text};
    std::vector<std::string> here;
    for (const char *file : files)
        here.push_back(EverythingOfDecoding(file));
    Isolate("honest");
    for (gsize i = 0; i < here.size(); i++)
        EXPECT_TRUE(EverythingOfDecoding(files[i]) == here[i]) << files[i];
    EXPECT_EQ(processes_count(Tag().c_str()), 1u);
}

TEST_F(Isolation, HasABoundedNumberOfWorkers)
{
    std::vector<std::string> names;
    std::vector<const char *> paths;
    for (int i = 0; i < 60; i++) {
        g_autofree char *path = media_make_clip(folder, (std::to_string(i) + ".mkv").c_str(), 1);
        names.push_back(path);
    }
    for (const auto &name : names)
        paths.push_back(name.c_str());
    Isolate("honest");
    guint seen = 0;
    auto count = [](FfarmMedia *media, guint, gpointer user_data) {
        EXPECT_EQ(ProblemsOf(media), "");
        ffarm_media_free(media);
        auto most = static_cast<guint *>(user_data);
        *most = std::max(*most, processes_count(Tag().c_str()));
    };
    ASSERT_TRUE(
        ffarm_probe_files(paths.data(), static_cast<guint>(paths.size()), 40, 0, count, &seen, nullptr, nullptr));
    EXPECT_GE(seen, 1u);
    EXPECT_LE(seen, MIN(2 * g_get_num_processors(), WORKER_POOL_MOST));
}

TEST_F(Isolation, TakesAFreshWorkerAfterManyFiles)
{
    Isolate("honest");
    std::vector<const char *> paths(WORKER_POOL_FILES + 5, clip);
    auto take = [](FfarmMedia *media, guint, gpointer) {
        EXPECT_EQ(ProblemsOf(media), "");
        ffarm_media_free(media);
    };
    ASSERT_TRUE(
        ffarm_probe_files(paths.data(), static_cast<guint>(paths.size()), 1, 0, take, nullptr, nullptr, nullptr));
    EXPECT_EQ(processes_count(Tag().c_str()), 1u);
}

TEST_F(Isolation, ACrashCostsOneVerdict)
{
    Isolate("crash");
    EXPECT_EQ(Problems(clip), "crashed: the demuxer crashed (signal 11)");
    ExpectTheNextIsFine();
    EXPECT_EQ(Problems(clip), "crashed: the demuxer crashed (signal 11)") << "a worker that had done another before";
    EXPECT_EQ(ScanError(), "the demuxer crashed (signal 11)");
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_decode_file(clip, 0, 0, nullptr, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_FAILED));
    ExpectTheNextIsFine();
}

TEST_F(Isolation, AWorkerThatLeavesCostsOneVerdict)
{
    Isolate("leave");
    EXPECT_EQ(Problems(clip), "crashed: the demuxer ended the process (status 3)");
    ExpectTheNextIsFine();
}

TEST_F(Isolation, NonsenseCostsOneVerdict)
{
    for (const char *mode : {"nonsense", "strange", "lie", "boast", "forge", "drum"}) {
        SCOPED_TRACE(mode);
        Isolate(mode);
        gint64 start_us = g_get_monotonic_time();
        EXPECT_EQ(Problems(clip), "crashed: the demuxer gave an answer that makes no sense");
        EXPECT_EQ(ScanError(), "the demuxer gave an answer that makes no sense");
        EXPECT_LT(SecondsSince(start_us), 20);
        ExpectTheNextIsFine();
    }
}

TEST_F(Isolation, HalfAnAnswerIsNone)
{
    Isolate("break-off");
    EXPECT_EQ(Problems(clip), "crashed: the demuxer crashed (signal 11)");
    ExpectTheNextIsFine();
}

TEST_F(Isolation, AnAnswerBeforeTheQuestionIsNone)
{
    Isolate("eager");
    EXPECT_NE(Problems(clip), "");
}

TEST_F(Isolation, AHangEndsWithTheDeadline)
{
    for (const char *mode : {"hang", "circle"}) {
        SCOPED_TRACE(mode);
        Isolate(mode);
        gint64 start_us = g_get_monotonic_time();
        EXPECT_EQ(Problems(clip, 300), "timeout: could not be probed within 0.3 s");
        EXPECT_LT(SecondsSince(start_us), 10);
        ExpectTheNextIsFine();
    }
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_packets_scan(clip, 100, nullptr, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

TEST_F(Isolation, ADecoderThatStallsIsGivenUp)
{
    Isolate("hang");
    g_autoptr(GError) error = nullptr;
    gint64 start_us = g_get_monotonic_time();
    EXPECT_EQ(ffarm_decode_file(clip, 0, 300, nullptr, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
    EXPECT_LT(SecondsSince(start_us), 10);
}

TEST_F(Isolation, MemoryHungerCostsOneVerdict)
{
    if (sandbox_memory_bytes() == 0)
        return; // sanitizers need the addresses
    Isolate("devour");
    EXPECT_EQ(Problems(clip), "crashed: the demuxer crashed (signal 11)");
    ExpectTheNextIsFine();
}

TEST_F(Isolation, CancellingIsPrompt)
{
    for (const char *mode : {"hang", "mute"}) {
        SCOPED_TRACE(mode);
        Isolate(mode);
        g_autoptr(GCancellable) cancellable = g_cancellable_new();
        std::thread canceller([&] {
            g_usleep(300000);
            g_cancellable_cancel(cancellable);
        });
        g_autoptr(GError) error = nullptr;
        gint64 start_us = g_get_monotonic_time();
        EXPECT_EQ(ffarm_probe_file(clip, 0, cancellable, &error), nullptr);
        EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
        EXPECT_LT(SecondsSince(start_us), 3);
        canceller.join();
        EXPECT_TRUE(processes_wait(Tag().c_str(), FALSE, 10)) << "it is replaced, not left";
    }
}

TEST_F(Isolation, WaitingForAFreeWorkerCanBeCancelled)
{
    Isolate("hang");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    std::vector<std::thread> threads;
    std::atomic<guint> cancelled{0};
    for (guint i = 0; i < MIN(2 * g_get_num_processors(), WORKER_POOL_MOST) + 3; i++)
        threads.emplace_back([&] {
            g_autoptr(GError) error = nullptr;
            g_autoptr(FfarmMedia) media = ffarm_probe_file(clip, 0, cancellable, &error);
            cancelled += g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        });
    g_usleep(500000);
    gint64 start_us = g_get_monotonic_time();
    g_cancellable_cancel(cancellable);
    for (auto &thread : threads)
        thread.join();
    EXPECT_EQ(cancelled, threads.size());
    EXPECT_LT(SecondsSince(start_us), 3);
}

TEST_F(Isolation, AWorkerThatIsKilledIsReplaced)
{
    Isolate("honest");
    ASSERT_EQ(Problems(good), "");
    for (pid_t pid : Workers())
        kill(pid, SIGKILL);
    EXPECT_TRUE(processes_wait(Tag().c_str(), FALSE, 10));
    EXPECT_EQ(Problems(clip), "");
}

TEST_F(Isolation, AWorkerOfAnotherVersionIsNotUsed)
{
    Isolate("old");
    EXPECT_NE(Problems(clip).find("is of another version"), std::string::npos) << Problems(clip);
}

TEST_F(Isolation, AProgramThatIsNotThereIsRefused)
{
    const char *argv[] = {"/nowhere/worker", nullptr};
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_probe_isolate(argv, &error));
    EXPECT_STREQ(error->message, "/nowhere/worker: can't be started to look at files: No such file or directory");
    EXPECT_EQ(Problems(clip), "") << "all is as it was";
}

TEST_F(Isolation, AProgramThatIsNoWorkerSaysSo)
{
    const char *argv[] = {"/bin/true", nullptr};
    ASSERT_TRUE(ffarm_probe_isolate(argv, nullptr));
    EXPECT_NE(Problems(clip).find("/bin/true: can't be used to look at files"), std::string::npos) << Problems(clip);
}

// Where there can be no worker, that is known before any film is looked at, and why.
TEST_F(Isolation, ChecksThatThereCanBeWorkers)
{
    EXPECT_TRUE(ffarm_probe_check(nullptr, nullptr)) << "none are wanted";
    Isolate("honest");
    EXPECT_TRUE(ffarm_probe_check(nullptr, nullptr));
    EXPECT_TRUE(ffarm_probe_check(nullptr, nullptr));
    EXPECT_EQ(Workers().size(), 1U) << "the same one";
    EXPECT_EQ(Problems(clip), "");
    const char *argv[] = {"/bin/true", nullptr};
    ASSERT_TRUE(ffarm_probe_isolate(argv, nullptr));
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_probe_check(nullptr, &error));
    EXPECT_STREQ(error->message,
                 "/bin/true: can't be used to look at files: it ended before it could begin (status 0)");
}

TEST_F(Isolation, SaysWhichLimitLeavesNoRoomForWorkers)
{
    Isolate("honest");
    rlimit before;
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = {0, before.rlim_max};
    g_autoptr(GError) error = nullptr;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_FALSE(ffarm_probe_check(nullptr, &error));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_NE(error, nullptr);
    EXPECT_NE(strstr(error->message, "the limit of open files is reached (ulimit -n)"), nullptr) << error->message;
    EXPECT_TRUE(ffarm_probe_check(nullptr, nullptr)) << "it may be otherwise later";
}

TEST_F(Isolation, EndsWithItsMaker)
{
    std::string program = Double(), tag = Tag();
    const char *argv[] = {program.c_str(), "maker", tag.c_str(), clip, nullptr};
    GPid pid = 0;
    ASSERT_TRUE(g_spawn_async(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_DO_NOT_REAP_CHILD, nullptr, nullptr,
                              &pid, nullptr));
    gint64 limit_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (processes_count(Tag().c_str()) < 2 && g_get_monotonic_time() < limit_us)
        g_usleep(20000);
    ASSERT_EQ(processes_count(Tag().c_str()), 2u);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    EXPECT_TRUE(processes_wait(Tag().c_str(), FALSE, 10));
}
