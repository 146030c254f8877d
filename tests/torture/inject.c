/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into ffarm by the program inject: makes one call fail, or all from one on. Environment, read once and taken
 * away so that children are spared:
 *   INJECT_FOLDERS  only calls about files below these count, separated by ':'; each stands for one disk
 *   INJECT_LIST     a file that gets a line for every such call, "CALL CHANGES FOLDER PATH NUMBER": the number counts
 *                   those that are alike, as threads take turns differently from run to run
 *   INJECT_AT       the line of the call that fails
 *   INJECT_HOW      fail; lie: it is carried out and fails all the same; short: half is written; disk, all: it fails,
 *                   and so does what comes after it, on its disk or on all
 *   INJECT_ERRNO    with which number
 *   INJECT_STRUCK   a file that is made when it has failed */

#include "where.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_LINES 4096
#define LINE_MAX (WHERE_MAX + 64)

static int list = -1, failure;
static char at[LINE_MAX], how[16], struck[WHERE_MAX];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int struck_disk = -1;

static void take(const char *variable, char *value, size_t size)
{
    const char *given = getenv(variable);
    snprintf(value, size, "%s", given ? given : "");
    unsetenv(variable);
}

__attribute__((constructor)) static void begin(void)
{
    char path[WHERE_MAX], number[16];
    take("INJECT_LIST", path, sizeof path);
    if (*path)
        list = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    take("INJECT_AT", at, sizeof at);
    take("INJECT_HOW", how, sizeof how);
    take("INJECT_STRUCK", struck, sizeof struck);
    take("INJECT_ERRNO", number, sizeof number);
    failure = atoi(number);
    where_begin("INJECT_FOLDERS");
}

/* Names of temporaries, and the folders of runs side by side, differ in long numbers only. */
static void make_plain(char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (char *from = text, *to = text;;) {
        size_t length = strspn(from, digits);
        if (length >= 8) {
            *to++ = '*';
            from += length;
        } else {
            memmove(to, from, length);
            from += length;
            to += length;
            if ((*to++ = *from++) == '\0')
                return;
        }
    }
}

/* Returns: how many calls of this line there were, this one too. */
static unsigned count(const char *line)
{
    static struct {
        unsigned long hash;
        unsigned n;
    } counted[MOST_LINES];
    unsigned long hash = 5381;
    for (const char *c = line; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    pthread_mutex_lock(&mutex);
    unsigned i = 0;
    while (i < MOST_LINES - 1 && counted[i].n > 0 && counted[i].hash != hash)
        i++;
    counted[i].hash = hash;
    unsigned n = ++counted[i].n;
    pthread_mutex_unlock(&mutex);
    return n;
}

static void describe(const Call *call, int disk, char *path, char *line)
{
    make_plain(path);
    int is_made = strcmp(call->name, "open") == 0 && (call->flags & O_CREAT);
    int length =
        snprintf(line, LINE_MAX - 16, "%s%s %d %d %s", call->name, is_made ? "+" : "", call->changes, disk, path);
    snprintf(line + length, 16, " %u", count(line));
}

static void write_line(int fd, const char *line)
{
    char text[LINE_MAX + 1];
    int length = snprintf(text, sizeof text, "%s\n", line);
    if (fd >= 0)
        syscall(SYS_write, fd, text, length);
}

static void mark(void)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, struck, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        syscall(SYS_close, fd);
}

static int is(const Call *call, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(call->name, *names) == 0)
            return 1;
    return 0;
}

/* What a disk in that state refuses, when everything goes on failing. */
static int is_refused(const Call *call)
{
    static const char *const takes_room[] = {"write",   "pwrite", "ftruncate", "mkdir",     "link",
                                             "symlink", "fsync",  "fdatasync", "fsetxattr", NULL};
    static const char *const goes_on[] = {"close", "fsync", "fdatasync", "syncfs", NULL};
    if (failure == ENOSPC || failure == EDQUOT)
        return is(call, takes_room) || (call->flags & O_CREAT && strcmp(call->name, "open") == 0);
    if (failure == EROFS)
        return call->changes && !is(call, goes_on);
    return 1;
}

static int goes_on_failing(void)
{
    return strcmp(how, "all") == 0 || strcmp(how, "disk") == 0;
}

/* TRUE if it is this call's turn. */
static int is_hit(const Call *call)
{
    char path[WHERE_MAX], line[LINE_MAX];
    int disk = where_is(call, path);
    if (disk < 0)
        return 0;
    describe(call, disk, path, line);
    write_line(list, line);
    if (strcmp(line, at) == 0) {
        atomic_store(&struck_disk, disk);
        mark();
        return 1;
    }
    int struck_on = atomic_load(&struck_disk);
    return struck_on >= 0 && goes_on_failing() && is_refused(call) && (strcmp(how, "all") == 0 || disk == struck_on);
}

static _Thread_local int denies; /* the call that is under way has to be reported as failed */

int call_begins(Call *call)
{
    int saved = errno;
    int hit = is_hit(call);
    errno = saved;
    denies = hit && (strcmp(how, "lie") == 0 || strcmp(call->name, "close") == 0);
    if (!hit || denies)
        return 0;
    if (strcmp(how, "short") != 0)
        return failure;
    call->size /= 2;
    return 0;
}

long call_ended(Call *call, long result)
{
    if (!denies)
        return result;
    denies = 0;
    if (result >= 0 && strcmp(call->name, "open") == 0)
        syscall(SYS_close, result);
    errno = failure;
    return -1;
}
