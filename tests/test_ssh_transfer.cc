// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace
{
const FfarmRunnerKind &kind = ffarm_runner_kind_ssh;

struct Progress {
    gint64 last = -1, total = -1;
    bool is_monotonic = true;
    size_t calls = 0;
};

void note_progress(gint64 done, gint64 total, gpointer user_data)
{
    auto *progress = static_cast<Progress *>(user_data);
    progress->is_monotonic = progress->is_monotonic && done >= progress->last && done <= total;
    progress->last = done;
    progress->total = total;
    progress->calls++;
}

class SshTransfer : public testing::Test
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
    std::string write(const std::string &name, const std::string &bytes)
    {
        std::string path = folder / name;
        g_autofree char *parent = g_path_get_dirname(path.c_str());
        g_mkdir_with_parents(parent, 0700);
        EXPECT_TRUE(g_file_set_contents(path.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr));
        return path;
    }
    bool put(const std::string &from, const std::string &to, Progress *progress = nullptr,
             GCancellable *cancellable = nullptr)
    {
        return kind.put(box.get(), from.c_str(), to.c_str(), progress ? note_progress : nullptr, progress, cancellable,
                        failure.out());
    }
    bool get(const std::string &from, const std::string &to, Progress *progress = nullptr,
             GCancellable *cancellable = nullptr)
    {
        return kind.get(box.get(), from.c_str(), to.c_str(), progress ? note_progress : nullptr, progress, cancellable,
                        failure.out());
    }
    static Sshd *sshd;
    Host host = host_for(sshd);
    Connection box{host.get()};
    Folder folder;
    Failure failure;
};
Sshd *SshTransfer::sshd = nullptr;
} // namespace

TEST_F(SshTransfer, EverySizeThereAndBack)
{
    ASSERT_TRUE(box) << box.failure.text();
    // Round the packet of 30000 bytes and the buffers.
    for (size_t length :
         {0u, 1u, 29999u, 30000u, 30001u, 1048576u, 4194303u, 4194304u, 4194305u, 6300001u, 20000000u}) {
        std::string bytes = noise(length, static_cast<guint32>(length) + 1);
        std::string here = write("here", bytes), there = folder / "there", back = folder / "back";
        Progress up, down;
        ASSERT_TRUE(put(here, there, &up)) << length << " " << failure.text();
        ASSERT_TRUE(read_file(there) == bytes) << length;
        ASSERT_TRUE(get(there, back, &down)) << length << " " << failure.text();
        ASSERT_TRUE(read_file(back) == bytes) << length;
        for (const Progress &progress : {up, down}) {
            EXPECT_EQ(progress.last, static_cast<gint64>(length));
            EXPECT_EQ(progress.total, static_cast<gint64>(length));
            EXPECT_TRUE(progress.is_monotonic);
        }
        struct stat status;
        ASSERT_EQ(stat(back.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 077, 0u);
        unlink(back.c_str());
    }
}

TEST_F(SshTransfer, MissingFileIsNotFound)
{
    EXPECT_FALSE(get(folder / "absent", folder / "back"));
    EXPECT_REMOTE_ERROR(failure, NOT_FOUND);
    EXPECT_TRUE(failure.says("box: ")) << failure.text();
    EXPECT_FALSE(g_file_test((folder / "back").c_str(), G_FILE_TEST_EXISTS));
    FfarmRemoteStat found;
    EXPECT_FALSE(kind.stat(box.get(), (folder / "absent").c_str(), &found, nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, NOT_FOUND);
    EXPECT_FALSE(put(write("here", "x"), folder / "no/such/folder"));
    EXPECT_REMOTE_ERROR(failure, NOT_FOUND);
}

TEST_F(SshTransfer, LocalFileErrors)
{
    EXPECT_FALSE(put(folder / "absent", folder / "there"));
    EXPECT_REMOTE_ERROR(failure, LOCAL_FILE);
    EXPECT_FALSE(put(folder / "", folder / "there"));
    EXPECT_REMOTE_ERROR(failure, LOCAL_FILE);
    std::string there = write("there", "x"), taken = write("taken", "keep me");
    EXPECT_FALSE(get(there, taken));
    EXPECT_REMOTE_ERROR(failure, LOCAL_FILE);
    EXPECT_EQ(read_file(taken), "keep me");
    ASSERT_EQ(symlink((folder / "elsewhere").c_str(), (folder / "link").c_str()), 0);
    EXPECT_FALSE(get(there, folder / "link"));
    EXPECT_FALSE(g_file_test((folder / "elsewhere").c_str(), G_FILE_TEST_EXISTS));
    EXPECT_TRUE(get(there, folder / "back")) << failure.text();
}

TEST_F(SshTransfer, StatFoldersRenameRemove)
{
    std::string dir = folder / "made";
    FfarmRemoteStat found;
    ASSERT_TRUE(kind.make_dir(box.get(), dir.c_str(), nullptr, failure.out())) << failure.text();
    EXPECT_FALSE(kind.make_dir(box.get(), dir.c_str(), nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, EXISTS);
    struct stat status;
    ASSERT_EQ(stat(dir.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    ASSERT_TRUE(kind.stat(box.get(), dir.c_str(), &found, nullptr, failure.out()));
    EXPECT_TRUE(found.is_folder);

    std::string a = write("made/a", "first"), b = write("made/b", "second, longer");
    ASSERT_TRUE(kind.rename(box.get(), a.c_str(), b.c_str(), nullptr, failure.out())) << failure.text();
    EXPECT_EQ(read_file(b), "first");
    ASSERT_TRUE(kind.stat(box.get(), b.c_str(), &found, nullptr, failure.out()));
    EXPECT_FALSE(found.is_folder);
    EXPECT_EQ(found.size_bytes, 5);
    EXPECT_FALSE(kind.rename(box.get(), a.c_str(), b.c_str(), nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, NOT_FOUND);
    EXPECT_EQ(read_file(b), "first");

    EXPECT_TRUE(kind.remove(box.get(), b.c_str(), nullptr, failure.out())) << failure.text();
    EXPECT_TRUE(kind.remove(box.get(), b.c_str(), nullptr, failure.out())) << failure.text();
    EXPECT_FALSE(g_file_test(b.c_str(), G_FILE_TEST_EXISTS));
}

TEST_F(SshTransfer, RemoveDirTakesFilesAndLinksButFollowsNone)
{
    std::string keep = write("keep/film", "terabytes");
    write("job/in.mkv", "x");
    write("job/name with 'quotes' and \n.mkv", "x");
    ASSERT_EQ(symlink((folder / "keep").c_str(), (folder / "job/link").c_str()), 0);
    for (int i = 0; i < 300; i++)
        write("job/file" + std::to_string(i), "");
    std::string dir = folder / "job";
    ASSERT_TRUE(kind.remove_dir(box.get(), dir.c_str(), nullptr, failure.out())) << failure.text();
    EXPECT_FALSE(g_file_test(dir.c_str(), G_FILE_TEST_EXISTS));
    EXPECT_EQ(read_file(keep), "terabytes");
    EXPECT_TRUE(kind.remove_dir(box.get(), dir.c_str(), nullptr, failure.out())) << failure.text();
    write("outer/inner/film", "x");
    EXPECT_FALSE(kind.remove_dir(box.get(), (folder / "outer").c_str(), nullptr, failure.out()));
    EXPECT_EQ(read_file(folder / "outer/inner/film"), "x");
}

TEST_F(SshTransfer, SpaceIsWhatTheFileSystemSays)
{
    gint64 free_bytes = -5;
    ASSERT_TRUE(kind.space(box.get(), (folder / "").c_str(), &free_bytes, nullptr, failure.out())) << failure.text();
    EXPECT_GT(free_bytes, 0);
    EXPECT_FALSE(kind.space(box.get(), (folder / "absent").c_str(), &free_bytes, nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, NOT_FOUND);
}

TEST_F(SshTransfer, FullDiskIsNoSpace)
{
    std::string small = folder / "small";
    ASSERT_EQ(mkdir(small.c_str(), 0700), 0);
    if (mount("none", small.c_str(), "tmpfs", 0, "size=4m") != 0)
        GTEST_SKIP() << "can't mount a small file system";
    std::string here = write("here", noise(20000000));
    Stopwatch watch;
    EXPECT_FALSE(put(here, small + "/there"));
    EXPECT_REMOTE_ERROR(failure, NO_SPACE);
    EXPECT_FALSE(g_file_test((small + "/there").c_str(), G_FILE_TEST_EXISTS));
    EXPECT_FALSE(get(here, small + "/back"));
    EXPECT_REMOTE_ERROR(failure, NO_SPACE);
    EXPECT_FALSE(g_file_test((small + "/back").c_str(), G_FILE_TEST_EXISTS));
    EXPECT_LT(watch.seconds(), 5);
    std::string tiny = write("tiny", "fits");
    EXPECT_TRUE(put(tiny, small + "/there")) << failure.text();
    EXPECT_EQ(umount(small.c_str()), 0);
}

TEST_F(SshTransfer, WhatIsNotAllowedIsPermission)
{
    // Not even root may.
    EXPECT_FALSE(kind.remove(box.get(), "/proc/version", nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, PERMISSION);
}

namespace
{
// Cancels in the midst of a transfer.
struct CancelAt {
    GCancellable *cancellable = g_cancellable_new();
    gint64 at_bytes = 0, fired_us = 0;
    ~CancelAt()
    {
        g_object_unref(cancellable);
    }
};

void cancel_at(gint64 done, gint64, gpointer user_data)
{
    auto *cancel = static_cast<CancelAt *>(user_data);
    if (done >= cancel->at_bytes && !cancel->fired_us) {
        cancel->fired_us = g_get_monotonic_time();
        g_cancellable_cancel(cancel->cancellable);
    }
}

void drop_at(gint64 done, gint64, gpointer user_data)
{
    auto **sshd = static_cast<Sshd **>(user_data);
    if (done >= 1000000 && *sshd) {
        sshd_drop_connections(*sshd);
        *sshd = nullptr;
    }
}
} // namespace

TEST_F(SshTransfer, CancellingUndoesAndKeepsTheSession)
{
    std::string here = write("here", noise(60000000)), there = folder / "there", back = folder / "back";
    CancelAt up, down;
    up.at_bytes = down.at_bytes = 5000000;
    EXPECT_FALSE(kind.put(box.get(), here.c_str(), there.c_str(), cancel_at, &up, up.cancellable, failure.out()));
    EXPECT_CANCELLED(failure);
    EXPECT_LT(g_get_monotonic_time() - up.fired_us, 1000000);
    EXPECT_FALSE(g_file_test(there.c_str(), G_FILE_TEST_EXISTS));
    EXPECT_FALSE(kind.get(box.get(), here.c_str(), back.c_str(), cancel_at, &down, down.cancellable, failure.out()));
    EXPECT_CANCELLED(failure);
    EXPECT_LT(g_get_monotonic_time() - down.fired_us, 1000000);
    EXPECT_FALSE(g_file_test(back.c_str(), G_FILE_TEST_EXISTS));
    EXPECT_TRUE(get(here, back)) << failure.text();
    EXPECT_TRUE(read_file(back) == read_file(here));
}

TEST_F(SshTransfer, LostConnectionShowsAtOnce)
{
    std::string here = write("here", noise(60000000)), there = folder / "there", back = folder / "back";
    Sshd *victim = sshd;
    Stopwatch watch;
    EXPECT_FALSE(kind.put(box.get(), here.c_str(), there.c_str(), drop_at, &victim, nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    EXPECT_FALSE(put(here, there));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    Connection again(host.get());
    victim = sshd;
    EXPECT_FALSE(kind.get(again.get(), here.c_str(), back.c_str(), drop_at, &victim, nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    EXPECT_FALSE(g_file_test(back.c_str(), G_FILE_TEST_EXISTS));
    EXPECT_LT(watch.seconds(), 3);
}

TEST_F(SshTransfer, FileThatShrinksIsNoticed)
{
    std::string here = write("here", noise(9000000));
    EXPECT_FALSE(kind.put(
        box.get(), here.c_str(), (folder / "there").c_str(),
        [](gint64, gint64, gpointer path) { EXPECT_EQ(truncate(static_cast<const char *>(path), 7000000), 0); },
        const_cast<char *>(here.c_str()), nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, LOCAL_FILE);
    EXPECT_FALSE(g_file_test((folder / "there").c_str(), G_FILE_TEST_EXISTS));
}

namespace
{
gpointer transfer_alone(gpointer data)
{
    auto *host = static_cast<const FfarmHost *>(data);
    Folder folder;
    Connection box(host);
    Failure failure;
    std::string bytes = noise(3000000, GPOINTER_TO_UINT(&folder));
    std::string here = folder / "here", there = folder / "there", back = folder / "back";
    g_file_set_contents(here.c_str(), bytes.data(), static_cast<gssize>(bytes.size()), nullptr);
    Outputs outputs;
    int status = -1;
    bool is_ok = box && kind.put(box.get(), here.c_str(), there.c_str(), nullptr, nullptr, nullptr, failure.out()) &&
                 run(box, "echo alive", &outputs, &status, &failure) && outputs.out == "alive\n" &&
                 kind.get(box.get(), there.c_str(), back.c_str(), nullptr, nullptr, nullptr, failure.out()) &&
                 read_file(back) == bytes;
    if (!is_ok)
        g_printerr("%s %s\n", box.failure.text().c_str(), failure.text().c_str());
    return GINT_TO_POINTER(is_ok);
}
} // namespace

TEST_F(SshTransfer, ManySessionsAtOnce)
{
    std::vector<GThread *> threads;
    for (int i = 0; i < 12; i++)
        threads.push_back(g_thread_new("transfer", transfer_alone, host.get()));
    for (GThread *thread : threads)
        EXPECT_TRUE(GPOINTER_TO_INT(g_thread_join(thread)));
}
