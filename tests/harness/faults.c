/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

const char *const fault_calls[] = {"rename", "renameat2", "link",   "unlink",   "fsync",    "open",  "read", "write",
                                   "close",  "fchmod",    "fchown", "futimens", "setxattr", "mkdir", NULL};

static FaultPlan plan;
static gboolean is_on;
static guint n_calls;
static const char *mounted;

void fault_on(const FaultPlan *wanted)
{
    plan = *wanted;
    n_calls = 0;
    is_on = TRUE;
}

void fault_mount(const char *folder)
{
    mounted = folder;
}

guint fault_off(void)
{
    is_on = FALSE;
    return n_calls;
}

/* Begins a call. Returns: TRUE if it is not to be carried out; errno is set then. */
static gboolean begin(const char *call, gboolean *is_hit)
{
    *is_hit = FALSE;
    if (!is_on || (plan.call && strcmp(plan.call, call) != 0))
        return FALSE;
    n_calls++;
    *is_hit = n_calls == plan.nth || (plan.mode == FAULT_STICKY && n_calls > plan.nth);
    if (*is_hit && plan.mode == FAULT_DIE)
        _exit(FAULT_EXIT);
    if (!*is_hit || (plan.mode != FAULT_FAIL && plan.mode != FAULT_STICKY))
        return FALSE;
    errno = plan.error;
    return TRUE;
}

/* Ends a call that gave @result. */
static long end(const char *call, gboolean is_hit, long result)
{
    int failure = errno;
    if (is_hit && plan.mode == FAULT_DIE_AFTER)
        _exit(FAULT_EXIT);
    if (is_on && plan.watch) {
        is_on = FALSE;
        plan.watch(call);
        is_on = TRUE;
    }
    errno = failure;
    if (!is_hit || plan.mode != FAULT_LIE)
        return result;
    errno = plan.error;
    return -1;
}

/* Carries out the call @name, which is the expression behind it, unless it is to fail. */
#define CALL(type, name, ...)                                                                                          \
    do {                                                                                                               \
        gboolean is_hit;                                                                                               \
        long result = begin(name, &is_hit) ? -1 : (long)(__VA_ARGS__);                                                 \
        return (type)end(name, is_hit, result);                                                                        \
    } while (0)

static long refuse(int failure)
{
    errno = failure;
    return -1;
}

/* TRUE if the one is on the mount and the other is not. */
static gboolean is_apart(const char *from, const char *to)
{
    return is_on && mounted && g_str_has_prefix(from, mounted) != g_str_has_prefix(to, mounted);
}

int rename(const char *from, const char *to)
{
    CALL(int, "rename", is_apart(from, to) ? refuse(EXDEV) : syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags)
{
    CALL(int, "renameat2",
         is_on &&plan.no_exchange &&flags != 0 ? refuse(EINVAL)
         : is_apart(from, to)                  ? refuse(EXDEV)
                                               : syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to)
{
    CALL(int, "link",
         is_on &&plan.no_link ? refuse(EPERM)
         : is_apart(from, to) ? refuse(EXDEV)
                              : syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char *path)
{
    CALL(int, "unlink", syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int fsync(int fd)
{
    (void)fd;
    CALL(int, "fsync", 0);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    gboolean is_hit;
    long result = begin("open", &is_hit) ? -1 : syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int fd = (int)end("open", is_hit, result);
    int failure = errno;
    if (fd < 0 && result >= 0)
        syscall(SYS_close, result); /* carried out and denied */
    errno = failure;
    return fd;
}

int close(int fd)
{
    gboolean is_hit;
    gboolean is_failed = begin("close", &is_hit);
    int failure = errno;
    long result = syscall(SYS_close, fd); /* it is gone whatever is said */
    errno = failure;
    return (int)end("close", is_hit, is_failed ? -1 : result);
}

int fchmod(int fd, mode_t mode)
{
    CALL(int, "fchmod", syscall(SYS_fchmod, fd, mode));
}

int fchown(int fd, uid_t user, gid_t group)
{
    CALL(int, "fchown", syscall(SYS_fchown, fd, user, group));
}

int futimens(int fd, const struct timespec times[2])
{
    CALL(int, "futimens", syscall(SYS_utimensat, fd, NULL, times, 0));
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    CALL(int, "setxattr", syscall(SYS_fsetxattr, fd, name, value, size, flags));
}

int mkdir(const char *path, mode_t mode)
{
    CALL(int, "mkdir", syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

ssize_t pread(int fd, void *data, size_t size, off_t position)
{
    CALL(ssize_t, "read", syscall(SYS_pread64, fd, data, size, position));
}

ssize_t write(int fd, const void *data, size_t size)
{
    CALL(ssize_t, "write", syscall(SYS_write, fd, data, size));
}
