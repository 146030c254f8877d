/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into ffarm by tools/torture.sh. Numbers every act that changes the disk or the journal, once before it and
 * once after it, and strikes at one of these points. Environment, read once and taken away so that children are spared:
 *   TORTURE_POINT   number of the point; 0: none
 *   TORTURE_STRIKE  kill; signal:N; clock:SECONDS; pause (until a file "go" lies in TORTURE_FOLDER)
 *   TORTURE_FOLDER  where "struck" is made at the strike, and "acts" gets a line for every point
 *   TORTURE_PAUSE_AT  with strike pause: the first point whose line begins with this, in place of a number */

#include "calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

/* Writing and closing are passed over: what lies between two of them differs in nothing that recovery looks at. */
static int is_act(const Call *call)
{
    static const char *const passed[] = {"write", "pwrite", "ftruncate", "close", "syncfs", "symlink", "fremovexattr"};
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        if (strcmp(call->name, passed[i]) == 0)
            return 0;
    return call->changes;
}

int call_begins(Call *call)
{
    if (is_act(call))
        point("before", call->name, call->to ? call->to : call->path);
    return 0;
}

long call_ended(Call *call, long result)
{
    if (is_act(call))
        point("after", call->name, call->to ? call->to : call->path);
    return result;
}

/* --- what changes the journal --- */

/* ISO C knows no way from a data pointer to a function pointer but this. */
#define FIND(real, name)                                                                                               \
    do {                                                                                                               \
        if (!(real))                                                                                                   \
            *(void **)&(real) = dlsym(RTLD_NEXT, #name);                                                               \
    } while (0)

int sqlite3_step(void *statement);
int sqlite3_step(void *statement)
{
    static int (*is_readonly)(void *), (*real_step)(void *);
    FIND(is_readonly, sqlite3_stmt_readonly);
    FIND(real_step, sqlite3_step);
    if (is_readonly(statement))
        return real_step(statement);
    point("before", "sqlite3_step", NULL);
    int result = real_step(statement);
    point("after", "sqlite3_step", NULL);
    return result;
}

int sqlite3_exec(void *database, const char *sql, int (*callback)(void *, int, char **, char **), void *data,
                 char **error);
int sqlite3_exec(void *database, const char *sql, int (*callback)(void *, int, char **, char **), void *data,
                 char **error)
{
    static int (*real)(void *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    FIND(real, sqlite3_exec);
    point("before", "sqlite3_exec", sql);
    int result = real(database, sql, callback, data, error);
    point("after", "sqlite3_exec", sql);
    return result;
}

/* --- clocks --- */

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
