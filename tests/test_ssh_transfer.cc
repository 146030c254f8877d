// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

extern "C" __attribute__((weak)) GQuark ffarm_remote_error_quark(void)
{
    return g_quark_from_static_string("ffarm-remote-error");
}

namespace
{
const FfarmRunnerKind &kind = ffarm_runner_kind_ssh;

// Bytes that don't repeat within any block that might be lost or doubled.
std::string noise(size_t length, guint32 seed = 1)
{
    std::string bytes(length, '\0');
    guint32 state = seed;
    for (size_t i = 0; i < length; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = static_cast<char>(state >> 24);
    }
    return bytes;
}

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
        SshdOptions options = {};
        options.server_lines = "RekeyLimit 16M";
        sshd = sshd_start(&options);
    }
    static void TearDownTestSuite()
    {
        g_clear_pointer(&sshd, sshd_stop);
    }
    std::string write(const std::string &name, const std::string &bytes)
    {
        std::string path = folder / name;
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
    // Round the packet of 30000 bytes, the buffers, and with several rekeys on the way.
    for (size_t length :
         {0u, 1u, 29999u, 30000u, 30001u, 1048576u, 4194303u, 4194304u, 4194305u, 6300001u, 100000000u}) {
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
