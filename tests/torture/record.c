/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into ffarm by the program powerloss: writes down every call that changes or flushes files, in order.
 * Environment, read once and taken away so that children are spared:
 *   RECORD_FOLDERS  only calls about files below these count, separated by ':'
 *   RECORD_TO       the record, a line for each call that was carried out, with tabs between the words
 *   RECORD_DATA     what was written, one piece behind the other */

#include "where.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE_MAX (2 * WHERE_MAX + 128)

static int record = -1, data = -1;
static long data_length;
/* Held from before a call until it is written down, so that the order is the true one. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int is_recorded, was_there;
static _Thread_local char path[WHERE_MAX];

static int open_to_append(const char *variable)
{
    const char *name = getenv(variable);
    int fd = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    unsetenv(variable);
    return fd;
}

__attribute__((constructor)) static void begin(void)
{
    record = open_to_append("RECORD_TO");
    data = open_to_append("RECORD_DATA");
    where_begin("RECORD_FOLDERS");
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    syscall(SYS_write, record, line, length);
}

static int is(const Call *call, const char *name)
{
    return strcmp(call->name, name) == 0;
}

static struct stat look(int fd)
{
    struct stat info = {0};
    syscall(SYS_fstat, fd, &info);
    return info;
}

static long long time_of(const struct stat *info)
{
    return (long long)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

static void note_open(const Call *call, int fd)
{
    struct stat info = look(fd);
    if (call->flags & O_CREAT && !was_there)
        note("create\t%lu:%lu\t%s\t%lld", info.st_dev, info.st_ino, path, time_of(&info));
    else if (call->flags & O_TRUNC)
        note("cut\t%lu:%lu\t0\t%lld", info.st_dev, info.st_ino, time_of(&info));
}

static void note_written(const Call *call, size_t written)
{
    struct stat info = look(call->fd);
    off_t end = call->offset < 0 ? (off_t)syscall(SYS_lseek, call->fd, 0, SEEK_CUR) : 0;
    off_t offset = call->offset < 0 ? end - (off_t)written : call->offset;
    syscall(SYS_write, data, call->data, written);
    note("write\t%lu:%lu\t%ld\t%zu\t%ld\t%lld", info.st_dev, info.st_ino, (long)offset, written, data_length,
         time_of(&info));
    data_length += (long)written;
}

static void note_on_fd(const Call *call, long result)
{
    struct stat info = look(call->fd);
    if (is(call, "write") || is(call, "pwrite"))
        note_written(call, (size_t)result);
    else if (is(call, "ftruncate"))
        note("cut\t%lu:%lu\t%ld\t%lld", info.st_dev, info.st_ino, (long)call->offset, time_of(&info));
    else if (is(call, "fsync") || is(call, "fdatasync"))
        note("%s\t%lu:%lu\t%s", S_ISDIR(info.st_mode) ? "flush-folder" : "flush", info.st_dev, info.st_ino, path);
    else if (is(call, "syncfs"))
        note("flush-all");
    else if (is(call, "futimens"))
        note("time\t%lu:%lu\t%lld", info.st_dev, info.st_ino, time_of(&info));
}

#define EXCHANGE 2 /* RENAME_EXCHANGE */

static void note_on_names(const Call *call)
{
    char to[WHERE_MAX];
    if (call->to)
        where_to(call, to);
    if (is(call, "mkdir"))
        note("mkdir\t%s", path);
    else if (is(call, "rmdir") || (is(call, "unlinkat") && call->flags & AT_REMOVEDIR))
        note("rmdir\t%s", path);
    else if (is(call, "unlink") || is(call, "unlinkat"))
        note("unlink\t%s", path);
    else if (is(call, "link"))
        note("link\t%s\t%s", path, to);
    else if (strncmp(call->name, "rename", 6) == 0)
        note("%s\t%s\t%s", call->flags & EXCHANGE ? "exchange" : "rename", path, to);
    else
        note("unknown\t%s", call->name);
}

int call_begins(Call *call)
{
    int saved = errno;
    is_recorded = call->changes && !is(call, "close") && record >= 0 && where_is(call, path) >= 0;
    if (is_recorded) {
        struct stat info;
        pthread_mutex_lock(&mutex);
        was_there = call->path && syscall(SYS_newfstatat, AT_FDCWD, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
    }
    errno = saved;
    return 0;
}

long call_ended(Call *call, long result)
{
    if (!is_recorded)
        return result;
    int saved = errno;
    if (result >= 0 && is(call, "open"))
        note_open(call, (int)result);
    else if (result >= 0 && call->path)
        note_on_names(call);
    else if (result >= 0)
        note_on_fd(call, result);
    is_recorded = 0;
    pthread_mutex_unlock(&mutex);
    errno = saved;
    return result;
}
