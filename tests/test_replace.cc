// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <gio/gio.h>
#include "error.h"
#include "replace.h"
#include "scratch.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <cstddef>
#include <fcntl.h>
#include <functional>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

namespace
{
// What unlink() and fsync() do instead while a test has set it: 0, or the errno that they fail with.
std::function<int(const char *)> faulty_unlink;
std::function<int(int)> faulty_fsync;
// What happens right before names are exchanged, once.
std::function<void()> before_exchange;

int Fail(int failure)
{
    errno = failure;
    return failure == 0 ? 0 : -1;
}
} // namespace

extern "C" int unlink(const char *path) noexcept
{
    return faulty_unlink ? Fail(faulty_unlink(path)) : unlinkat(AT_FDCWD, path, 0);
}

extern "C" int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) noexcept
{
    if (flags == RENAME_EXCHANGE && before_exchange) {
        before_exchange();
        before_exchange = nullptr;
    }
    return static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

extern "C" int fsync(int fd)
{
    return faulty_fsync ? Fail(faulty_fsync(fd)) : fdatasync(fd);
}

namespace
{
class Replace : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        remarks = g_ptr_array_new_with_free_func(g_free);
        other = g_build_filename("/dev/shm", "ffarm-test-XXXXXX", nullptr);
        ASSERT_NE(g_mkdtemp(other), nullptr);
    }
    void TearDown() override
    {
        faulty_unlink = nullptr;
        faulty_fsync = nullptr;
        before_exchange = nullptr;
        g_ptr_array_unref(remarks);
        scratch_free(folder);
        scratch_free(other);
        ffarm_media_free(source);
        g_clear_error(&error);
    }

    std::string Write(const std::string &name, const std::string &text)
    {
        g_autofree char *path = scratch_write(folder, name.c_str(), text.data(), static_cast<gssize>(text.size()));
        return path;
    }
    static std::string Read(const std::string &path)
    {
        g_autofree char *text = nullptr;
        gsize length = 0;
        if (!g_file_get_contents(path.c_str(), &text, &length, nullptr))
            return "(none)";
        return std::string(text, length);
    }
    static bool Exists(const std::string &path)
    {
        struct stat info;
        return lstat(path.c_str(), &info) == 0;
    }
    std::string In(const std::string &name) const
    {
        return std::string(folder) + "/" + name;
    }
    // The name of an old file on its way out.
    static bool IsOld(const std::string &path)
    {
        return g_str_has_suffix(path.c_str(), "-old.tmp") != 0;
    }
    // What the prober would have said of the file's identity.
    void Probe(const std::string &path)
    {
        struct stat info;
        ASSERT_EQ(stat(path.c_str(), &info), 0);
        ffarm_media_free(source);
        source = ffarm_media_new(path.c_str());
        source->device = info.st_dev;
        source->inode = info.st_ino;
        source->size_bytes = info.st_size;
        source->mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
    }
    bool Run(const std::string &result, const std::string &destination, bool keep = false,
             GCancellable *cancellable = nullptr)
    {
        FfarmReplaceParams params = {};
        params.result = result.c_str();
        params.destination = destination.c_str();
        params.source = source;
        params.keep_source = keep;
        params.keep_times = keep_times;
        params.trash_dir = trash_dir.empty() ? nullptr : trash_dir.c_str();
        params.remarks = remarks;
        params.on_step = OnStep;
        params.user_data = this;
        g_clear_error(&error);
        return ffarm_replace(&params, cancellable, &error) != 0;
    }
    static gboolean OnStep(const FfarmReplaceRecord *record, gpointer user_data, GError **error)
    {
        auto *test = static_cast<Replace *>(user_data);
        test->last_step = record->step;
        if (static_cast<int>(record->step) != test->refused_step)
            return TRUE;
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the journal is full");
        return FALSE;
    }
    // The source as it was, nothing at the destination (unless that is the source), nothing else in the folder.
    void ExpectUntouched(const std::string &path, const std::string &text, FfarmJobError code)
    {
        EXPECT_EQ(Read(path), text);
        ASSERT_NE(error, nullptr);
        EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, code)) << error->message;
    }
    std::vector<std::string> Names(const std::string &path)
    {
        std::vector<std::string> names;
        g_autoptr(GDir) dir = g_dir_open(path.c_str(), 0, nullptr);
        for (const char *name; dir && (name = g_dir_read_name(dir));)
            names.push_back(name);
        std::sort(names.begin(), names.end());
        return names;
    }

    char *folder = nullptr, *other = nullptr;
    FfarmMedia *source = nullptr;
    GError *error = nullptr;
    GPtrArray *remarks = nullptr;
    bool keep_times = true;
    std::string trash_dir;
    int refused_step = -1;
    FfarmReplaceStep last_step = FFARM_REPLACE_DONE;
};

// From here on renameat2() of this process refuses flags, as it does on file systems that don't know them.
void RefuseRenameFlags()
{
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[4])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog code = {G_N_ELEMENTS(program), program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &code) != 0)
        _exit(99);
}

// Runs @body in a child and returns what it returned.
template <typename Body> int InChild(Body body)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

mode_t ModeOf(const std::string &path)
{
    struct stat info = {};
    stat(path.c_str(), &info);
    return info.st_mode & 07777;
}
} // namespace

TEST_F(Replace, TakesThePlaceUnderTheSameName)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    EXPECT_TRUE(Run(result, film)) << error->message;
    EXPECT_EQ(Read(film), "new");
    EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv"}));
}

TEST_F(Replace, RemovesTheSourceWhenTheNameChanges)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
    EXPECT_EQ(Read(In("film.mkv")), "new");
    EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv"}));
}

TEST_F(Replace, KeepsTheSourceWhenAsked)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    EXPECT_TRUE(Run(result, In("out/deep/film.mkv"), true)) << error->message;
    EXPECT_EQ(Read(film), "old");
    EXPECT_EQ(Read(In("out/deep/film.mkv")), "new");
}

TEST_F(Replace, NeverOverwritesTheSourceThatIsKept)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    EXPECT_FALSE(Run(result, film, true));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(Read(result), "new");
}

TEST_F(Replace, NeverOverwritesAnotherFile)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    std::string bystander = Write("film.mkv", "another film");
    Probe(film);
    EXPECT_FALSE(Run(result, bystander));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(Read(bystander), "another film");
    EXPECT_EQ(std::string(error->message), bystander + ": is there already and is not overwritten");
}

TEST_F(Replace, NeverOverwritesALinkThatLeadsNowhere)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(symlink("/nowhere", In("film.mkv").c_str()), 0);
    Probe(film);
    EXPECT_FALSE(Run(result, In("film.mkv")));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
}

TEST_F(Replace, NeverOverwritesAHardLinkOfTheSource)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(link(film.c_str(), In("film.mkv").c_str()), 0);
    Probe(film);
    EXPECT_FALSE(Run(result, In("film.mkv")));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(Read(In("film.mkv")), "old");
}

TEST_F(Replace, LeavesAChangedSourceAlone)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    source->mtime_ns -= 1;
    EXPECT_FALSE(Run(result, film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_SOURCE);
    Write("film.mkv", "longer than before");
    source->mtime_ns += 1;
    EXPECT_FALSE(Run(result, film));
    ExpectUntouched(film, "longer than before", FFARM_JOB_ERROR_SOURCE);
}

TEST_F(Replace, LeavesAnotherFileOfTheSameNameAlone)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    struct stat before;
    ASSERT_EQ(stat(film.c_str(), &before), 0);
    std::string swap = Write("swap", "OLD");
    const timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, swap.c_str(), times, 0), 0);
    ASSERT_EQ(rename(swap.c_str(), film.c_str()), 0);
    EXPECT_FALSE(Run(result, film));
    ExpectUntouched(film, "OLD", FFARM_JOB_ERROR_SOURCE);
}

TEST_F(Replace, MakesNothingOfASourceThatIsGone)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    ASSERT_EQ(unlink(film.c_str()), 0);
    EXPECT_FALSE(Run(result, In("film.mkv")));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE));
    EXPECT_FALSE(Exists(In("film.mkv")));
}

TEST_F(Replace, RefusesAResultThatIsEmptyOrALinkOrAPipe)
{
    std::string film = Write("film.mkv", "old"), secret = Write("secret", "key");
    Probe(film);
    EXPECT_FALSE(Run(Write("empty.tmp", ""), film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    ASSERT_EQ(symlink(secret.c_str(), In("link.tmp").c_str()), 0);
    EXPECT_FALSE(Run(In("link.tmp"), film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    ASSERT_EQ(mkfifo(In("pipe.tmp").c_str(), 0600), 0);
    EXPECT_FALSE(Run(In("pipe.tmp"), film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_FALSE(Run(In("missing.tmp"), film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
}

TEST_F(Replace, GivesTheResultModeAndOwnerOfTheSource)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    bool is_root = geteuid() == 0;
    if (is_root) {
        ASSERT_EQ(chown(film.c_str(), 4321, 1234), 0);
    }
    ASSERT_EQ(chmod(film.c_str(), 0640), 0);
    ASSERT_EQ(chmod(result.c_str(), 0600), 0);
    Probe(film);
    EXPECT_TRUE(Run(result, film)) << error->message;
    struct stat info;
    ASSERT_EQ(stat(film.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, 0640u);
    EXPECT_EQ(info.st_uid, is_root ? 4321u : geteuid());
    EXPECT_EQ(info.st_gid, is_root ? 1234u : getegid());
}

TEST_F(Replace, CopiesFromAnotherFileSystem)
{
    std::string film = Write("film.avi", "old");
    std::string content(3 * 1024 * 1024 + 17, 'n');
    g_autofree char *result =
        scratch_write(other, ".ffarm-1.mkv.tmp", content.data(), static_cast<gssize>(content.size()));
    struct stat here, there;
    ASSERT_EQ(stat(folder, &here), 0);
    ASSERT_EQ(stat(other, &there), 0);
    if (here.st_dev == there.st_dev)
        GTEST_SKIP() << "temporary folder and /dev/shm are one file system";
    chmod(film.c_str(), 0604);
    Probe(film);
    EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
    EXPECT_EQ(Read(In("film.mkv")), content);
    EXPECT_EQ(ModeOf(In("film.mkv")), 0604u);
    EXPECT_FALSE(Exists(result));
    EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv"}));
}

// A quota or full disk: the write of the copy fails.
TEST_F(Replace, LeavesNothingBehindWhenTheCopyDoesNotFit)
{
    std::string film = Write("film.mkv", "old");
    std::string content(256 * 1024, 'n');
    g_autofree char *result =
        scratch_write(other, ".ffarm-1.mkv.tmp", content.data(), static_cast<gssize>(content.size()));
    Probe(film);
    int status = InChild([&] {
        signal(SIGXFSZ, SIG_IGN);
        rlimit limit = {100 * 1024, 100 * 1024};
        setrlimit(RLIMIT_FSIZE, &limit);
        return !Run(result, film) && g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE) ? 0 : 1;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(Read(film), "old");
    EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv"}));
    EXPECT_EQ(Read(result), content);
}

TEST_F(Replace, LeavesNothingBehindOnAFullDisk)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "needs root to mount a small file system";
    std::string small = In("small");
    ASSERT_EQ(mkdir(small.c_str(), 0755), 0);
    ASSERT_EQ(mount("tmpfs", small.c_str(), "tmpfs", 0, "size=64k"), 0) << g_strerror(errno);
    std::string film = Write("small/film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", std::string(256 * 1024, 'n'));
    Probe(film);
    EXPECT_FALSE(Run(result, film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_NE(std::string(error->message).find("No space left"), std::string::npos) << error->message;
    EXPECT_EQ(Names(small), (std::vector<std::string>{"film.mkv"}));
    ASSERT_EQ(mount("tmpfs", small.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
    EXPECT_FALSE(Run(result, film));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(umount(small.c_str()), 0);
}

TEST_F(Replace, FailsInAFolderThatMayNotBeWritten)
{
    std::string film = Write("closed/film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    ASSERT_EQ(chmod(folder, 0777), 0);
    ASSERT_EQ(chmod(In("closed").c_str(), 0555), 0);
    int status = InChild([&] {
        if (geteuid() == 0 && setuid(65534) != 0)
            return 2;
        return !Run(result, In("closed/film.mkv")) && g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE)
                   ? 0
                   : 1;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(Names(In("closed")), (std::vector<std::string>{"film.avi"}));
    EXPECT_EQ(Read(film), "old");
    chmod(In("closed").c_str(), 0755);
}

// The folder of the source can be read but not written, the destination's can: what was put there is taken back.
TEST_F(Replace, WithdrawsTheResultWhenTheSourceCanNotBeRemoved)
{
    std::string film = Write("closed/film.avi", "old"), result = Write("open/.ffarm-1.mkv.tmp", "new");
    Probe(film);
    ASSERT_EQ(chmod(folder, 0777), 0);
    ASSERT_EQ(chmod(In("open").c_str(), 0777), 0);
    ASSERT_EQ(chmod(result.c_str(), 0666), 0);
    ASSERT_EQ(chmod(In("closed").c_str(), 0555), 0);
    int status = InChild([&] {
        if (geteuid() == 0 && setuid(65534) != 0)
            return 2;
        return !Run(result, In("open/film.mkv")) && g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE)
                   ? 0
                   : 1;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(Read(film), "old");
    EXPECT_FALSE(Exists(In("open/film.mkv")));
    chmod(In("closed").c_str(), 0755);
}

// A resent request of a network file system: the first one did it, the second one finds nothing.
TEST_F(Replace, TakesASourceThatIsGoneForRemoved)
{
    for (int failure : {ENOENT, EIO, ESTALE}) {
        std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
        Probe(film);
        faulty_unlink = [&](const char *path) {
            unlinkat(AT_FDCWD, path, 0);
            return IsOld(path) ? failure : 0;
        };
        EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
        EXPECT_EQ(Read(In("film.mkv")), "new");
        EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv"}));
        ASSERT_EQ(unlinkat(AT_FDCWD, In("film.mkv").c_str(), 0), 0);
    }
}

TEST_F(Replace, WithdrawsTheResultWhenTheSourceIsCertainlyThere)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    faulty_unlink = [&](const char *path) { return IsOld(path) ? EIO : unlinkat(AT_FDCWD, path, 0); };
    EXPECT_FALSE(Run(result, In("film.mkv")));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(Names(folder), (std::vector<std::string>{".ffarm-1.mkv.tmp", "film.avi"}));
}

// The source became another file while the result was put in place: the result may be all that is left of the film.
TEST_F(Replace, LeavesBothInDoubt)
{
    std::string aside;
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    faulty_unlink = [&](const char *path) {
        if (!IsOld(path))
            return unlinkat(AT_FDCWD, path, 0);
        aside = path;
        Write("film.avi", "something else");
        return EIO;
    };
    EXPECT_FALSE(Run(result, In("film.mkv")));
    ExpectUntouched(film, "something else", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(Read(In("film.mkv")), "new");
    EXPECT_EQ(Read(aside), "old");
    EXPECT_NE(std::string(error->message).find(In("film.mkv")), std::string::npos) << error->message;
    EXPECT_NE(std::string(error->message).find(aside), std::string::npos) << error->message;
}

// The folder is flushed once before and once after the rename; at the second time @meanwhile happens and it fails.
TEST_F(Replace, LooksForTheSourceBeforeItWithdrawsFromAFolderThatCanNotBeFlushed)
{
    std::function<void()> meanwhile;
    int flushes = 0;
    faulty_fsync = [&](int fd) {
        struct stat info = {};
        fstat(fd, &info);
        if (!S_ISDIR(info.st_mode) || ++flushes < 2)
            return 0;
        meanwhile();
        return EIO;
    };
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    meanwhile = [] {};
    EXPECT_FALSE(Run(result, In("film.mkv")));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_FALSE(Exists(In("film.mkv")));

    result = Write(".ffarm-1.mkv.tmp", "new");
    flushes = 0;
    meanwhile = [&] { unlinkat(AT_FDCWD, film.c_str(), 0); };
    EXPECT_FALSE(Run(result, In("film.mkv")));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE));
    EXPECT_EQ(Read(In("film.mkv")), "new");
}

TEST_F(Replace, LeavesTheResultWhenSomebodyElseRemovedTheSourceMeanwhile)
{
    int flushes = 0;
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    faulty_fsync = [&](int fd) {
        struct stat info = {};
        fstat(fd, &info);
        if (S_ISDIR(info.st_mode) && ++flushes == 2)
            unlinkat(AT_FDCWD, film.c_str(), 0);
        return 0;
    };
    Probe(film);
    EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
    EXPECT_EQ(Read(In("film.mkv")), "new");
}

TEST_F(Replace, KeepsALinkAndReplacesWhatItLeadsTo)
{
    std::string film = Write("store/real.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(symlink("store/real.mkv", In("film.mkv").c_str()), 0);
    Probe(In("film.mkv"));
    EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
    EXPECT_TRUE(g_file_test(In("film.mkv").c_str(), G_FILE_TEST_IS_SYMLINK));
    EXPECT_EQ(Read(film), "new");
    EXPECT_FALSE(Exists(result));
}

TEST_F(Replace, RemovesTheLinkAloneWhenTheNameChanges)
{
    std::string film = Write("store/real.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(symlink("store/real.avi", In("film.avi").c_str()), 0);
    Probe(In("film.avi"));
    EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
    EXPECT_EQ(Read(In("film.mkv")), "new");
    EXPECT_FALSE(Exists(In("film.avi")));
    EXPECT_EQ(Read(film), "old");
}

TEST_F(Replace, LeavesTheOtherNamesOfAHardLinkedSource)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(link(film.c_str(), In("seed.mkv").c_str()), 0);
    Probe(film);
    EXPECT_TRUE(Run(result, film)) << error->message;
    EXPECT_EQ(Read(film), "new");
    EXPECT_EQ(Read(In("seed.mkv")), "old");
}

TEST_F(Replace, TakesNamesAsTheyAre)
{
    const std::string names[] = {
        "a b.mkv",   "it's \"quoted\".mkv",  "$(touch PWNED).mkv", "`x`;&%#*.mkv", "new\nline.mkv",
        "-dash.mkv", "\xF0\x9F\x8E\xAC.mkv", "not\xFFutf8.mkv",    "Movie: x.mkv", std::string(240, 'x') + ".mkv"};
    for (const std::string &name : names) {
        std::string film = Write(name, "old"), result = Write(".ffarm-1.mkv.tmp", "new");
        Probe(film);
        EXPECT_TRUE(Run(result, film)) << error->message;
        EXPECT_EQ(Read(film), "new");
    }
    EXPECT_EQ(Names(folder).size(), G_N_ELEMENTS(names));
}

TEST_F(Replace, DoesNothingOnceCancelled)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    EXPECT_FALSE(Run(result, film, false, cancellable));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_EQ(Read(film), "old");
    EXPECT_EQ(Read(result), "new");
}

TEST_F(Replace, GetsByWithoutTheFileSystemsHelp)
{
    std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    std::string taken = Write("taken.mkv", "another film");
    Probe(film);
    int status = InChild([&] {
        RefuseRenameFlags();
        if (renameat2(AT_FDCWD, film.c_str(), AT_FDCWD, taken.c_str(), RENAME_NOREPLACE) == 0 || errno != EINVAL)
            return 3;
        if (Run(result, taken) || Read(taken) != "another film" || Read(film) != "old")
            return 4;
        return Run(result, In("film.mkv")) ? 0 : 5;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(Read(In("film.mkv")), "new");
    EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv", "taken.mkv"}));
}

// The case of the extension is all that changes: where the file system tells cases apart these are two names like any
// other.
TEST_F(Replace, TellsCasesApartWhereTheFileSystemDoes)
{
    std::string film = Write("film.MKV", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    Probe(film);
    EXPECT_TRUE(Run(result, In("film.mkv"))) << error->message;
    EXPECT_EQ(Read(In("film.mkv")), "new");
    EXPECT_EQ(Names(folder).size(), 1u);
}

TEST_F(Replace, KeepsTimesUnlessTheyAreNotWanted)
{
    for (bool keep : {true, false}) {
        std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
        const timespec times[] = {{1, 0}, {1234567890, 123456789}};
        ASSERT_EQ(utimensat(AT_FDCWD, film.c_str(), times, 0), 0);
        Probe(film);
        keep_times = keep;
        EXPECT_TRUE(Run(result, film)) << error->message;
        struct stat info;
        ASSERT_EQ(stat(film.c_str(), &info), 0);
        EXPECT_EQ(info.st_mtim.tv_sec == 1234567890 && info.st_mtim.tv_nsec == 123456789, keep);
    }
}

// As a mounted host makes it that logs in as somebody else: only an owner may give times and modes away.
TEST_F(Replace, MakesAResultOfAnotherUserItsOwn)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "needs root to be two users";
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    const timespec times[2] = {{1000000, 0}, {1000000, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, film.c_str(), times, 0), 0);
    ASSERT_EQ(chown(film.c_str(), 65534, 65534) + chmod(film.c_str(), 0640) + chown(folder, 65534, 65534), 0);
    ASSERT_EQ(chmod(result.c_str(), 0644), 0);
    Probe(film);
    int status = InChild([&] {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            return 2;
        return Run(result, film) && remarks->len == 0 ? 0 : 1;
    });
    EXPECT_EQ(status, 0);
    struct stat info;
    ASSERT_EQ(stat(film.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 65534u);
    EXPECT_EQ(info.st_mode & 07777, 0640u);
    EXPECT_EQ(info.st_mtim.tv_sec, 1000000);
    EXPECT_EQ(Read(film), "new");
    EXPECT_EQ(Names(folder), (std::vector<std::string>{"film.mkv"}));
}

TEST_F(Replace, KeepsAttributesAndSaysWhatItCanNot)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    if (setxattr(film.c_str(), "user.rating", "five", 4, 0) != 0)
        GTEST_SKIP() << "this file system has no extended attributes";
    Probe(film);
    EXPECT_TRUE(Run(result, film)) << error->message;
    char value[8] = {};
    EXPECT_EQ(getxattr(film.c_str(), "user.rating", value, sizeof(value)), 4);
    EXPECT_STREQ(value, "five");
    EXPECT_EQ(remarks->len, 0u);
    if (geteuid() != 0)
        return;
    result = Write(".ffarm-1.mkv.tmp", "newer");
    ASSERT_EQ(chown(film.c_str(), 4321, 1234), 0);
    ASSERT_EQ(chmod(film.c_str(), 0666), 0);
    ASSERT_EQ(chown(result.c_str(), 65534, 65534), 0);
    ASSERT_EQ(chmod(folder, 0777), 0);
    Probe(film);
    int status = InChild([&] {
        if (setuid(65534) != 0 || !Run(result, film) || remarks->len == 0)
            return 1;
        const char *remark = static_cast<char *>(remarks->pdata[0]);
        return strstr(remark, "the owner 4321:1234 could not be kept") ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(Read(film), "newer");
}

// A journal that can't be written stops everything before it is done.
TEST_F(Replace, DoesNothingThatItMayNotTellOf)
{
    for (FfarmReplaceStep refused : {FFARM_REPLACE_PREPARE, FFARM_REPLACE_PLACE, FFARM_REPLACE_DROP})
        for (const char *name : {"film.avi", "film.mkv"}) {
            std::string film = Write("film.avi", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
            Probe(film);
            refused_step = refused;
            last_step = FFARM_REPLACE_DONE;
            EXPECT_FALSE(Run(result, In(name)));
            EXPECT_EQ(std::string(error->message), "the journal is full");
            EXPECT_EQ(last_step, FFARM_REPLACE_UNDONE);
            EXPECT_EQ(Read(film), "old");
            EXPECT_EQ(Names(folder), (std::vector<std::string>{".ffarm-1.mkv.tmp", "film.avi"}));
        }
}

TEST_F(Replace, TellsHardLinksFromCasesThatDoNotCount)
{
    std::string film = Write("film.MKV", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(link(film.c_str(), In("film.mkv").c_str()), 0);
    Probe(film);
    EXPECT_FALSE(Run(result, In("film.mkv")));
    ExpectUntouched(film, "old", FFARM_JOB_ERROR_REPLACE);
    EXPECT_EQ(Read(In("film.mkv")), "old");
}

// Somebody else's file, put there in the last moment, comes out of the exchange and goes back.
TEST_F(Replace, GivesBackWhatWasPutThereInTheLastMoment)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    std::string other = Write("other", "the director's cut");
    Probe(film);
    before_exchange = [&] { rename(other.c_str(), film.c_str()); };
    EXPECT_FALSE(Run(result, film));
    ExpectUntouched(film, "the director's cut", FFARM_JOB_ERROR_SOURCE);
    EXPECT_EQ(Names(folder), (std::vector<std::string>{".ffarm-1.mkv.tmp", "film.mkv"}));
}

// A trash that leads back to the film's own folder: what is undone there is not the film.
TEST_F(Replace, KeepsAFilmThatItsTrashLeadsTo)
{
    std::string film = Write("film.mkv", "old"), result = Write(".ffarm-1.mkv.tmp", "new");
    ASSERT_EQ(symlink(".", In("trash").c_str()), 0);
    Probe(film);
    trash_dir = "trash";
    refused_step = FFARM_REPLACE_PLACE;
    EXPECT_FALSE(Run(result, film));
    EXPECT_EQ(Read(film), "old");
    refused_step = -1;
    EXPECT_TRUE(Run(result, film)) << error->message;
    EXPECT_EQ(Read(film), "new");
    EXPECT_EQ(Read(In("film (2).mkv")), "old");
}
