/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into ffarm by tools/torture.sh. Numbers every act that changes the disk or the journal, once before it and
 * once after it, and strikes at one of these points. Environment, read once and taken away so that children are spared:
 *   TORTURE_POINT   number of the point; 0: none
 *   TORTURE_STRIKE  kill; signal:N; clock:SECONDS; pause (until a file "go" lies in TORTURE_FOLDER)
 *   TORTURE_FOLDER  where "struck" is made at the strike, and "acts" gets a line for every point
 *   TORTURE_PAUSE_AT  with strike pause: the first point whose line begins with this, in place of a number */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 5
#define LONGEST_PAUSE_MS 20000

static atomic_int points;
static atomic_long clock_offset;
static atomic_int has_struck;
static int wanted;
static char strike[64], folder[256], pause_at[64];
static int acts_fd = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *point = getenv("TORTURE_POINT"), *what = getenv("TORTURE_STRIKE"), *where = getenv("TORTURE_FOLDER");
    const char *pause = getenv("TORTURE_PAUSE_AT");
    if (point && what && where) {
        wanted = atoi(point);
        snprintf(strike, sizeof strike, "%s", what);
        snprintf(folder, sizeof folder, "%s", where);
        snprintf(pause_at, sizeof pause_at, "%s", pause ? pause : "");
        char path[300];
        snprintf(path, sizeof path, "%s/acts", folder);
        acts_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }
    unsetenv("LD_PRELOAD");
    unsetenv("TORTURE_POINT");
}

static void leave_mark(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        syscall(SYS_close, fd);
}

static void wait_for_go(void)
{
    char path[300];
    struct stat info;
    snprintf(path, sizeof path, "%s/go", folder);
    for (int waited = 0; waited < LONGEST_PAUSE_MS && stat(path, &info) != 0; waited += PAUSE_MS)
        usleep(PAUSE_MS * 1000);
}

static void strike_now(void)
{
    if (atomic_exchange(&has_struck, 1))
        return;
    leave_mark("struck");
    if (strcmp(strike, "kill") == 0)
        syscall(SYS_kill, getpid(), SIGKILL);
    else if (strncmp(strike, "signal:", 7) == 0)
        syscall(SYS_kill, getpid(), atoi(strike + 7));
    else if (strncmp(strike, "clock:", 6) == 0)
        atomic_store(&clock_offset, atol(strike + 6));
    else if (strcmp(strike, "pause") == 0)
        wait_for_go();
}

static void point(const char *when, const char *act, const char *what)
{
    if (acts_fd < 0)
        return;
    int saved = errno, number = atomic_fetch_add(&points, 1) + 1;
    char line[512];
    int length = snprintf(line, sizeof line, "%d %s %s %s\n", number, when, act, what ? what : "");
    syscall(SYS_write, acts_fd, line, length < (int)sizeof line ? length : (int)sizeof line);
    const char *name = strchr(line, ' ') + 1;
    if (number == wanted || (*pause_at && strncmp(name, pause_at, strlen(pause_at)) == 0))
        strike_now();
    errno = saved;
}

/* ISO C knows no way from a data pointer to a function pointer but this. */
#define FIND(real, name)                                                                                               \
    do {                                                                                                               \
        if (!(real))                                                                                                   \
            *(void **)&(real) = dlsym(RTLD_NEXT, #name);                                                               \
    } while (0)

/* Runs CALL of the real function between two points. */
#define ACT(type, name, what, call)                                                                                    \
    do {                                                                                                               \
        static __typeof__(&name) real;                                                                                 \
        FIND(real, name);                                                                                              \
        point("before", #name, what);                                                                                  \
        type result = real call;                                                                                       \
        point("after", #name, what);                                                                                   \
        return result;                                                                                                 \
    } while (0)

int rename(const char *from, const char *to)
{
    ACT(int, rename, to, (from, to));
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    ACT(int, renameat, to, (from_fd, from, to_fd, to));
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
    ACT(int, renameat2, to, (from_fd, from, to_fd, to, flags));
}

int link(const char *from, const char *to)
{
    ACT(int, link, to, (from, to));
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    ACT(int, linkat, to, (from_fd, from, to_fd, to, flags));
}

int unlink(const char *path)
{
    ACT(int, unlink, path, (path));
}

int unlinkat(int fd, const char *path, int flags)
{
    ACT(int, unlinkat, path, (fd, path, flags));
}

int rmdir(const char *path)
{
    ACT(int, rmdir, path, (path));
}

int mkdir(const char *path, mode_t mode)
{
    ACT(int, mkdir, path, (path, mode));
}

int fsync(int fd)
{
    ACT(int, fsync, NULL, (fd));
}

int fdatasync(int fd)
{
    ACT(int, fdatasync, NULL, (fd));
}

int fchmod(int fd, mode_t mode)
{
    ACT(int, fchmod, NULL, (fd, mode));
}

int fchown(int fd, uid_t owner, gid_t group)
{
    ACT(int, fchown, NULL, (fd, owner, group));
}

int futimens(int fd, const struct timespec times[2])
{
    ACT(int, futimens, NULL, (fd, times));
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    ACT(int, fsetxattr, name, (fd, name, value, size, flags));
}

/* What changes the journal. */
int sqlite3_step(void *statement);
int sqlite3_step(void *statement)
{
    static int (*is_readonly)(void *), (*real_step)(void *);
    FIND(is_readonly, sqlite3_stmt_readonly);
    FIND(real_step, sqlite3_step);
    if (is_readonly(statement))
        return real_step(statement);
    ACT(int, sqlite3_step, NULL, (statement));
}

int sqlite3_exec(void *database, const char *sql, int (*callback)(void *, int, char **, char **), void *data,
                 char **error);
int sqlite3_exec(void *database, const char *sql, int (*callback)(void *, int, char **, char **), void *data,
                 char **error)
{
    ACT(int, sqlite3_exec, sql, (database, sql, callback, data, error));
}

static int is_new_file(int flags)
{
    return (flags & O_CREAT) != 0;
}

#define OPEN_MODE(flags)                                                                                               \
    mode_t mode = 0;                                                                                                   \
    if (is_new_file(flags)) {                                                                                          \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode = va_arg(arguments, mode_t);                                                                              \
        va_end(arguments);                                                                                             \
    }

#define OPEN_ACT(name, path, flags, call)                                                                              \
    do {                                                                                                               \
        static __typeof__(&name) real_open;                                                                            \
        FIND(real_open, name);                                                                                         \
        if (!is_new_file(flags))                                                                                       \
            return real_open call;                                                                                     \
        ACT(int, name, path, call);                                                                                    \
    } while (0)

int open(const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    OPEN_ACT(open, path, flags, (path, flags, mode));
}

int open64(const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    OPEN_ACT(open64, path, flags, (path, flags, mode));
}

int openat(int fd, const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    OPEN_ACT(openat, path, flags, (fd, path, flags, mode));
}

int openat64(int fd, const char *path, int flags, ...)
{
    OPEN_MODE(flags)
    OPEN_ACT(openat64, path, flags, (fd, path, flags, mode));
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += atomic_load(&clock_offset);
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int result = (int)syscall(SYS_gettimeofday, now, zone);
    now->tv_sec += atomic_load(&clock_offset);
    return result;
}

time_t time(time_t *where)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where)
        *where = now.tv_sec;
    return now.tv_sec;
}
