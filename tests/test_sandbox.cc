// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sandbox.h"
#include "scratch.h"

namespace
{

// What a worker has when it enters: a film open for reading, and a socket.
int film = -1;
int ends[2];

bool IsSanitized()
{
    return sandbox_memory_bytes() == 0;
}

// Does @act in a process that has entered the sandbox. Returns: its exit status, 128+N for a signal.
int InSandbox(const std::function<int()> &act)
{
    pid_t pid = fork();
    if (pid == 0) {
        sandbox_enter();
        _exit(act());
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// 0 if @result is a failure, 1 if the call worked.
int Failed(long result)
{
    return result < 0 ? 0 : 1;
}

class Sandbox : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        g_autofree char *path = scratch_write(folder, "film.mkv", "0123456789", -1);
        film = open(path, O_RDONLY | O_CLOEXEC);
        ASSERT_GE(film, 0);
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    }
    void TearDown() override
    {
        close(film);
        close(ends[0]);
        close(ends[1]);
        scratch_free(folder);
    }
    char *folder = nullptr;
};

void *Thread(void *)
{
    return nullptr;
}

} // namespace

TEST_F(Sandbox, IsEnteredWithEverythingThatThisKernelHas)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(static_cast<int>(sandbox_enter()));
    int status = 0;
    waitpid(pid, &status, 0);
    int parts = WEXITSTATUS(status);
    EXPECT_TRUE(parts & SANDBOX_LIMITS);
    EXPECT_EQ((parts & SANDBOX_MEMORY) != 0, !IsSanitized());
    EXPECT_TRUE(parts & SANDBOX_PRIVILEGES);
    EXPECT_TRUE(parts & SANDBOX_CALLS);
}

TEST_F(Sandbox, LeavesWhatReadingAFileTakes)
{
    EXPECT_EQ(InSandbox([] {
                  char bytes[4];
                  off_t length = lseek(film, 0, SEEK_END);
                  lseek(film, 2, SEEK_SET);
                  bool is_read = read(film, bytes, 2) == 2 && bytes[0] == '2' && pread(film, bytes, 1, 9) == 1;
                  struct stat info;
                  bool is_known = fstat(film, &info) == 0 && info.st_size == length;
                  bool is_said = send(ends[0], "x", 1, 0) == 1 && recv(ends[1], bytes, 1, 0) == 1;
                  return is_read && is_known && is_said && length == 10 ? 0 : 1;
              }),
              0);
}

TEST_F(Sandbox, LeavesThreadsAndMemory)
{
    EXPECT_EQ(InSandbox([] {
                  pthread_t thread;
                  if (pthread_create(&thread, nullptr, Thread, nullptr) != 0)
                      return 1;
                  pthread_join(thread, nullptr);
                  void *bytes = calloc(64, 1 << 20);
                  return bytes ? 0 : 2;
              }),
              0);
}

TEST_F(Sandbox, OpensNothing)
{
    EXPECT_EQ(InSandbox([] { return Failed(open("/etc/passwd", O_RDONLY)); }), 0);
    EXPECT_EQ(InSandbox([this] {
                  std::string path = std::string(folder) + "/new";
                  return Failed(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
              }),
              0);
    EXPECT_EQ(InSandbox([this] {
                  std::string path = std::string(folder) + "/film.mkv";
                  return Failed(unlink(path.c_str())) + Failed(rename(path.c_str(), "/tmp/x")) +
                         Failed(truncate(path.c_str(), 0)) + Failed(chmod(path.c_str(), 0777));
              }),
              0);
    EXPECT_EQ(InSandbox([] { return Failed(syscall(SYS_memfd_create, "x", 0)); }), 0);
}

TEST_F(Sandbox, WritesNothingToAFileThatIsOpenForIt)
{
    g_autofree char *path = scratch_write(folder, "open", "", 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(InSandbox([fd] {
                  signal(SIGXFSZ, SIG_IGN);
                  return Failed(write(fd, "x", 1));
              }),
              0);
    close(fd);
}

TEST_F(Sandbox, HasNoNetwork)
{
    EXPECT_EQ(InSandbox([] { return Failed(socket(AF_INET, SOCK_STREAM, 0)); }), 0);
    EXPECT_EQ(InSandbox([] { return Failed(socket(AF_UNIX, SOCK_STREAM, 0)); }), 0);
    EXPECT_EQ(InSandbox([] {
                  struct sockaddr_in address = {};
                  address.sin_family = AF_INET;
                  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                  return Failed(connect(ends[0], reinterpret_cast<struct sockaddr *>(&address), sizeof address)) +
                         Failed(listen(ends[0], 1)) + Failed(accept(ends[0], nullptr, nullptr));
              }),
              0);
}

TEST_F(Sandbox, StartsNoProgramAndNoProcess)
{
    EXPECT_EQ(InSandbox([] {
                  char program[] = "/bin/true";
                  char *argv[] = {program, nullptr};
                  execv(program, argv);
                  return errno == EPERM ? 0 : 1;
              }),
              0);
    EXPECT_EQ(InSandbox([] {
                  long pid = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0);
                  if (pid == 0)
                      _exit(0);
                  return Failed(pid);
              }),
              0);
}

TEST_F(Sandbox, TouchesNoOtherProcess)
{
    EXPECT_EQ(InSandbox([] { return Failed(kill(getppid(), 0)) + Failed(kill(getppid(), SIGTERM)); }), 0);
    EXPECT_EQ(InSandbox([] { return Failed(syscall(SYS_tgkill, getppid(), getppid(), SIGTERM)); }), 0);
    EXPECT_EQ(InSandbox([] { return Failed(ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr)); }), 0);
    EXPECT_EQ(InSandbox([] {
                  char byte;
                  struct iovec here = {&byte, 1}, there = {&byte, 1};
                  return Failed(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
              }),
              0);
}

TEST_F(Sandbox, MakesNoNewCode)
{
    EXPECT_EQ(
        InSandbox([] {
            void *code = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            void *data = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            return code == MAP_FAILED && data != MAP_FAILED && mprotect(data, 4096, PROT_READ | PROT_EXEC) != 0 ? 0 : 1;
        }),
        0);
}

TEST_F(Sandbox, CanNotBeLeft)
{
    EXPECT_EQ(InSandbox([] {
                  struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
                  return Failed(setrlimit(RLIMIT_FSIZE, &all)) + Failed(setrlimit(RLIMIT_NOFILE, &all)) +
                         Failed(prctl(PR_SET_DUMPABLE, 1)) + Failed(setuid(0)) + Failed(chroot("/"));
              }),
              0);
    // Another way into the kernel: a filter of its own can't make more of what there is.
    EXPECT_EQ(InSandbox([] {
                  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
                  struct sock_fprog program = {1, &allow};
                  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
                  return Failed(socket(AF_INET, SOCK_STREAM, 0));
              }),
              0);
}

TEST_F(Sandbox, BoundsMemory)
{
    if (IsSanitized())
        return; // the limit is left out: sanitizers need the addresses
    EXPECT_EQ(InSandbox([] {
                  void *bytes = mmap(nullptr, sandbox_memory_bytes(), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
                  return bytes == MAP_FAILED && errno == ENOMEM ? 0 : 1;
              }),
              0);
    EXPECT_GE(sandbox_memory_bytes(), G_GUINT64_CONSTANT(1) << 30);
    EXPECT_LE(sandbox_memory_bytes(), G_GUINT64_CONSTANT(4) << 30);
}

TEST_F(Sandbox, LeavesAbort)
{
    EXPECT_EQ(InSandbox([]() -> int { abort(); }), 128 + SIGABRT);
}
