// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace
{
const FfarmRunnerKind &kind = ffarm_runner_kind_ssh;

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
    bool put(const std::string &from, const std::string &to, Note note = {}, GCancellable *cancellable = nullptr)
    {
        return send(box, from, to, note, cancellable, failure);
    }
    bool get(const std::string &from, const std::string &to, Note note = {}, GCancellable *cancellable = nullptr)
    {
        return fetch(box, from, to, note, cancellable, failure);
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
        gint64 up = 0, down = 0;
        auto rising = [length](gint64 *last) {
            return [last, length](gint64 done, gint64 total) {
                EXPECT_GE(done, *last);
                EXPECT_EQ(total, static_cast<gint64>(length));
                *last = done;
            };
        };
        ASSERT_TRUE(put(here, there, rising(&up))) << length << " " << failure.text();
        ASSERT_TRUE(read_file(there) == bytes) << length;
        ASSERT_TRUE(get(there, back, rising(&down))) << length << " " << failure.text();
        ASSERT_TRUE(read_file(back) == bytes) << length;
        EXPECT_EQ(up, static_cast<gint64>(length));
        EXPECT_EQ(down, static_cast<gint64>(length));
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
    std::string c = folder / "made/c";
    EXPECT_FALSE(kind.rename(box.get(), a.c_str(), b.c_str(), nullptr, failure.out()));
    EXPECT_REMOTE_ERROR(failure, EXISTS);
    EXPECT_EQ(read_file(b), "second, longer");
    ASSERT_TRUE(kind.rename(box.get(), b.c_str(), c.c_str(), nullptr, failure.out())) << failure.text();
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
    EXPECT_EQ(read_file(c), "second, longer");
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

TEST_F(SshTransfer, CancellingUndoesAndKeepsTheSession)
{
    std::string here = write("here", noise(60000000)), there = folder / "there", back = folder / "back";
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    gint64 fired_us = 0;
    auto cancel = [&](gint64 done, gint64) {
        if (done >= 5000000 && !fired_us) {
            fired_us = g_get_monotonic_time();
            g_cancellable_cancel(cancellable);
        }
    };
    EXPECT_FALSE(put(here, there, cancel, cancellable));
    EXPECT_CANCELLED(failure);
    EXPECT_LT(g_get_monotonic_time() - fired_us, 1000000);
    EXPECT_FALSE(g_file_test(there.c_str(), G_FILE_TEST_EXISTS));
    fired_us = 0;
    g_cancellable_reset(cancellable);
    EXPECT_FALSE(get(here, back, cancel, cancellable));
    EXPECT_CANCELLED(failure);
    EXPECT_LT(g_get_monotonic_time() - fired_us, 1000000);
    EXPECT_TRUE(get(here, back)) << failure.text();
    EXPECT_TRUE(read_file(back) == read_file(here));
}

TEST_F(SshTransfer, LostConnectionShowsAtOnce)
{
    std::string here = write("here", noise(60000000)), there = folder / "there", back = folder / "back";
    Stopwatch watch;
    auto drop_once = [](bool *is_dropped) {
        return [is_dropped](gint64 done, gint64) {
            if (done >= 1000000 && !*is_dropped)
                sshd_drop_connections(sshd);
            *is_dropped = *is_dropped || done >= 1000000;
        };
    };
    bool is_dropped = false;
    EXPECT_FALSE(put(here, there, drop_once(&is_dropped)));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    EXPECT_FALSE(put(here, there));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    Connection again(host.get());
    is_dropped = false;
    EXPECT_FALSE(fetch(again, here, back, drop_once(&is_dropped), nullptr, failure));
    EXPECT_REMOTE_ERROR(failure, DISCONNECTED);
    EXPECT_LT(watch.seconds(), 3);
}

TEST_F(SshTransfer, FileThatShrinksIsNoticed)
{
    std::string here = write("here", noise(9000000));
    EXPECT_FALSE(put(here, folder / "there", [&](gint64, gint64) { EXPECT_EQ(truncate(here.c_str(), 7000000), 0); }));
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
    bool is_ok = box && send(box, here, there, {}, nullptr, failure) &&
                 run(box, "echo alive", &outputs, &status, &failure) && outputs.out == "alive\n" &&
                 fetch(box, there, back, {}, nullptr, failure) && read_file(back) == bytes;
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
