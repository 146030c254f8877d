/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Makes the call, which is the expression behind the type, between the two functions of the module. */
#define MAKE(type, call, ...)                                                                                          \
    do {                                                                                                               \
        int failure = call_begins(call);                                                                               \
        long result = -1;                                                                                              \
        if (failure == 0)                                                                                              \
            result = (long)(__VA_ARGS__);                                                                              \
        else                                                                                                           \
            errno = failure;                                                                                           \
        return (type)call_ended(call, result);                                                                         \
    } while (0)

#define ON_PATH(called, ...)                                                                                           \
    Call call = {.name = called, .changes = 1, .folder = AT_FDCWD, .to_folder = AT_FDCWD, .fd = -1, __VA_ARGS__}
#define ON_FD(called, ...)                                                                                             \
    Call call = {                                                                                                      \
        .name = called, .changes = 1, .folder = AT_FDCWD, .to_folder = AT_FDCWD, .fd = fd, .offset = -1, __VA_ARGS__}

/* --- names --- */

static int make_rename(const char *name, int folder, const char *from, int to_folder, const char *to, int flags)
{
    ON_PATH(name, .path = from, .to = to, .flags = flags);
    call.folder = folder;
    call.to_folder = to_folder;
    MAKE(int, &call, syscall(SYS_renameat2, call.folder, call.path, call.to_folder, call.to, (unsigned)call.flags));
}

int rename(const char *from, const char *to)
{
    return make_rename("rename", AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int folder, const char *from, int to_folder, const char *to)
{
    return make_rename("renameat", folder, from, to_folder, to, 0);
}

int renameat2(int folder, const char *from, int to_folder, const char *to, unsigned int flags)
{
    return make_rename("renameat2", folder, from, to_folder, to, (int)flags);
}

int linkat(int folder, const char *from, int to_folder, const char *to, int flags)
{
    ON_PATH("link", .path = from, .to = to, .flags = flags);
    call.folder = folder;
    call.to_folder = to_folder;
    MAKE(int, &call, syscall(SYS_linkat, call.folder, call.path, call.to_folder, call.to, call.flags));
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlink(const char *target, const char *path)
{
    ON_PATH("symlink", .path = path);
    MAKE(int, &call, syscall(SYS_symlinkat, target, call.folder, call.path));
}

static int make_unlink(const char *name, int folder, const char *path, int flags)
{
    ON_PATH(name, .path = path, .flags = flags);
    call.folder = folder;
    MAKE(int, &call, syscall(SYS_unlinkat, call.folder, call.path, call.flags));
}

int unlink(const char *path)
{
    return make_unlink("unlink", AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    return make_unlink("unlinkat", folder, path, flags);
}

int rmdir(const char *path)
{
    return make_unlink("rmdir", AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    ON_PATH("mkdir", .path = path, .mode = mode);
    call.folder = folder;
    MAKE(int, &call, syscall(SYS_mkdirat, call.folder, call.path, call.mode));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* --- opening and closing --- */

static int make_open(int folder, const char *path, int flags, mode_t mode)
{
    ON_PATH("open", .path = path, .flags = flags, .mode = mode);
    call.folder = folder;
    call.changes = (flags & (O_CREAT | O_TRUNC)) != 0;
    MAKE(int, &call, syscall(SYS_openat, call.folder, call.path, call.flags, call.mode));
}

#define OPEN_MODE(flags)                                                                                               \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                             \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode = va_arg(arguments, mode_t);                                                                              \
        va_end(arguments);                                                                                             \
    }

int open(const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    return make_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    return make_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    return make_open(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    return make_open(folder, path, flags | O_LARGEFILE, mode);
}

int close(int fd)
{
    ON_FD("close");
    MAKE(int, &call, syscall(SYS_close, call.fd));
}

/* --- what is in files --- */

ssize_t read(int fd, void *data, size_t size)
{
    ON_FD("read", .size = size);
    call.changes = 0;
    MAKE(ssize_t, &call, syscall(SYS_read, call.fd, data, call.size));
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    ON_FD("pread", .size = size);
    call.changes = 0;
    MAKE(ssize_t, &call, syscall(SYS_pread64, call.fd, data, call.size, offset));
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset)
{
    return pread(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
    ON_FD("write", .data = data, .size = size);
    MAKE(ssize_t, &call, syscall(SYS_write, call.fd, call.data, call.size));
}

static ssize_t make_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    ON_FD("pwrite", .data = data, .size = size);
    call.offset = offset;
    MAKE(ssize_t, &call, syscall(SYS_pwrite64, call.fd, call.data, call.size, call.offset));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return make_pwrite(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return make_pwrite(fd, data, size, offset);
}

static int make_truncate(int fd, off_t length)
{
    ON_FD("ftruncate");
    call.offset = length;
    MAKE(int, &call, syscall(SYS_ftruncate, call.fd, call.offset));
}

int ftruncate(int fd, off_t length)
{
    return make_truncate(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return make_truncate(fd, length);
}

/* --- what is promised --- */

int fsync(int fd)
{
    ON_FD("fsync");
    MAKE(int, &call, syscall(SYS_fsync, call.fd));
}

int fdatasync(int fd)
{
    ON_FD("fdatasync");
    MAKE(int, &call, syscall(SYS_fdatasync, call.fd));
}

int syncfs(int fd)
{
    ON_FD("syncfs");
    MAKE(int, &call, syscall(SYS_syncfs, call.fd));
}

/* --- attributes --- */

int fchmod(int fd, mode_t mode)
{
    ON_FD("fchmod", .mode = mode);
    MAKE(int, &call, syscall(SYS_fchmod, call.fd, call.mode));
}

int fchown(int fd, uid_t owner, gid_t group)
{
    ON_FD("fchown");
    MAKE(int, &call, syscall(SYS_fchown, call.fd, owner, group));
}

int futimens(int fd, const struct timespec times[2])
{
    ON_FD("futimens");
    MAKE(int, &call, syscall(SYS_utimensat, call.fd, NULL, times, 0));
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    ON_FD("fsetxattr");
    MAKE(int, &call, syscall(SYS_fsetxattr, call.fd, name, value, size, flags));
}

int fremovexattr(int fd, const char *name);
int fremovexattr(int fd, const char *name)
{
    ON_FD("fremovexattr");
    MAKE(int, &call, syscall(SYS_fremovexattr, call.fd, name));
}

/* --- looking --- */

static int make_stat(const char *name, int folder, const char *path, struct stat *info, int flags)
{
    ON_PATH(name, .path = path, .flags = flags, .info = info);
    call.folder = folder;
    call.changes = 0;
    MAKE(int, &call, syscall(SYS_newfstatat, call.folder, call.path, call.info, call.flags));
}

static int make_fstat(int fd, struct stat *info)
{
    ON_FD("fstat", .info = info);
    call.changes = 0;
    MAKE(int, &call, syscall(SYS_fstat, call.fd, call.info));
}

int stat(const char *restrict path, struct stat *restrict info)
{
    return make_stat("stat", AT_FDCWD, path, info, 0);
}

int stat64(const char *restrict path, struct stat64 *restrict info)
{
    return make_stat("stat", AT_FDCWD, path, (struct stat *)info, 0);
}

int lstat(const char *restrict path, struct stat *restrict info)
{
    return make_stat("lstat", AT_FDCWD, path, info, AT_SYMLINK_NOFOLLOW);
}

int lstat64(const char *restrict path, struct stat64 *restrict info)
{
    return make_stat("lstat", AT_FDCWD, path, (struct stat *)info, AT_SYMLINK_NOFOLLOW);
}

int fstatat(int folder, const char *restrict path, struct stat *restrict info, int flags)
{
    return make_stat("fstatat", folder, path, info, flags);
}

int fstatat64(int folder, const char *restrict path, struct stat64 *restrict info, int flags)
{
    return make_stat("fstatat", folder, path, (struct stat *)info, flags);
}

int fstat(int fd, struct stat *info)
{
    return make_fstat(fd, info);
}

int fstat64(int fd, struct stat64 *info)
{
    return make_fstat(fd, (struct stat *)info);
}

/* Only whether it fails is seen to; the answer comes from the C library's other function. */
static int look_at_space(const char *path, struct statvfs *info)
{
    ON_PATH("statvfs", .path = path);
    call.changes = 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
    int failure = call_begins(&call);
    int result = failure == 0 && fd >= 0 ? fstatvfs(fd, info) : -1;
    if (failure != 0)
        errno = failure;
    failure = errno;
    if (fd >= 0)
        syscall(SYS_close, fd);
    errno = failure;
    return (int)call_ended(&call, result);
}

int statvfs(const char *restrict path, struct statvfs *restrict info)
{
    return look_at_space(path, info);
}

int statvfs64(const char *restrict path, struct statvfs64 *restrict info)
{
    return look_at_space(path, (struct statvfs *)info);
}
