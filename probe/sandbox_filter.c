/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

#define STAT_OPEN_FILE 0x1000 /* AT_EMPTY_PATH: fstat() as the C library says it */
#define MOST_STEPS 512

typedef enum {
    ALWAYS,
    IF_EQUAL,    /* the argument, a number of 32 bits, is the value */
    IF_NULL,     /* the argument, a pointer, is NULL */
    IF_ALL_SET,  /* the argument has all bits of the value */
    IF_NONE_SET, /* the argument has no bit of the value */
    IF_SELF,     /* the argument is this process */
} Condition;

typedef struct {
    int call;
    Condition condition;
    int argument;
    guint32 value;
} Allowed;

static const Allowed allowed[] = {
    /* the file, and the socket to whoever asked for it */
    {SYS_read},
    {SYS_readv},
    {SYS_pread64},
    {SYS_lseek},
    {SYS_fstat},
    {SYS_newfstatat, IF_EQUAL, 3, STAT_OPEN_FILE},
    {SYS_write},
    {SYS_writev},
    {SYS_close},
    {SYS_sendto},
    {SYS_sendmsg},
    {SYS_recvfrom},
    {SYS_recvmsg},
    {SYS_ppoll},
#ifdef SYS_poll
    {SYS_poll},
#endif
    /* memory, but no new code */
    {SYS_brk},
    {SYS_mmap, IF_NONE_SET, 2, PROT_EXEC},
    {SYS_mprotect, IF_NONE_SET, 2, PROT_EXEC},
    {SYS_mremap},
    {SYS_munmap},
    {SYS_madvise},
    /* threads, but no processes */
    {SYS_clone, IF_ALL_SET, 0, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND},
    {SYS_set_robust_list},
    {SYS_rseq},
    {SYS_futex},
    {SYS_sched_yield},
    {SYS_sched_getaffinity},
    {SYS_prctl, IF_EQUAL, 0, PR_SET_NAME},
    {SYS_exit},
    {SYS_exit_group},
    /* signals to itself: abort() */
    {SYS_rt_sigaction},
    {SYS_rt_sigprocmask},
    {SYS_rt_sigreturn},
    {SYS_sigaltstack},
    {SYS_tgkill, IF_SELF, 0},
    /* what everybody may know */
    {SYS_getpid},
    {SYS_gettid},
    {SYS_getppid},
    {SYS_getuid},
    {SYS_geteuid},
    {SYS_getgid},
    {SYS_getegid},
    {SYS_getcpu},
    {SYS_getrandom},
    {SYS_getrusage},
    {SYS_prlimit64, IF_NULL, 2},
    {SYS_sysinfo},
    {SYS_uname},
    {SYS_clock_gettime},
    {SYS_clock_getres},
    {SYS_clock_nanosleep},
    {SYS_nanosleep},
    {SYS_gettimeofday},
    {SYS_restart_syscall},
};

typedef struct {
    struct sock_filter steps[MOST_STEPS];
    gushort count;
} Filter;

static void add(Filter *filter, struct sock_filter step)
{
    g_assert(filter->count < MOST_STEPS);
    filter->steps[filter->count++] = step;
}

static void add_load(Filter *filter, gsize offset)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (guint32)offset));
}

/* Goes on with the next step if the loaded word is @value; else passes @skipped steps over. */
static void add_unless_equal_skip(Filter *filter, guint32 value, guint8 skipped)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}

static void add_answer(Filter *filter, guint32 answer)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

#define REFUSED(code) (SECCOMP_RET_ERRNO | ((code)&SECCOMP_RET_DATA))

/* Ends in the two answers: no, then yes. Both kinds of processor are little-endian: an argument's low word is first. */
static void add_condition(Filter *filter, const Allowed *row)
{
    gsize offset = offsetof(struct seccomp_data, args) + (gsize)row->argument * sizeof(guint64);
    guint32 wanted = row->condition == IF_SELF ? (guint32)getpid() : row->value;
    if (row->condition == IF_NULL) {
        add_load(filter, offset + sizeof(guint32));
        add_unless_equal_skip(filter, 0, 2);
    }
    add_load(filter, offset);
    if (row->condition == IF_ALL_SET || row->condition == IF_NONE_SET)
        add(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row->value));
    if (row->condition == IF_NONE_SET)
        wanted = 0;
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 1, 0));
}

static void add_row(Filter *filter, const Allowed *row)
{
    gushort start = filter->count;
    add_unless_equal_skip(filter, (guint32)row->call, 0);
    if (row->condition != ALWAYS) {
        add_condition(filter, row);
        add_answer(filter, REFUSED(EPERM));
    }
    add_answer(filter, SECCOMP_RET_ALLOW);
    filter->steps[start].jf = (guint8)(filter->count - start - 1);
}

static void build(Filter *filter)
{
    add_load(filter, offsetof(struct seccomp_data, arch));
    add_unless_equal_skip(filter, ARCHITECTURE, 1);
    add(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
    add_answer(filter, SECCOMP_RET_KILL_PROCESS);
    add_load(filter, offsetof(struct seccomp_data, nr));
    for (guint i = 0; i < G_N_ELEMENTS(allowed); i++)
        add_row(filter, &allowed[i]);
    /* So the C library falls back on clone(), whose flags can be looked at. */
    add_unless_equal_skip(filter, SYS_clone3, 1);
    add_answer(filter, REFUSED(ENOSYS));
    add_answer(filter, REFUSED(EPERM));
}

gboolean sandbox_filter_install(void)
{
    Filter filter = {.count = 0};
    build(&filter);
    const struct sock_fprog program = {filter.count, filter.steps};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

#else

gboolean sandbox_filter_install(void)
{
    return FALSE;
}

#endif
