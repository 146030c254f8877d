/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into ffarm by tools/torture.sh. Numbers every act that changes the disk or the journal, once before it and
 * once after it, and strikes at one of these points. Transitions of the journal (a commit, the making of its tables, a
 * flush or the removal of its files) also have names, as their numbers differ from run to run. Environment, read once
 * and taken away so that children are spared:
 *   TORTURE_POINT       number of the point; 0: none
 *   TORTURE_TRANSITION  name of the transition, in place of a number; empty: none
 *   TORTURE_ACT         the first point of which the line begins with this behind its number, in place of one; empty:
 * none TORTURE_STRIKE      kill; clock:SECONDS; pause (until a file "go" lies in TORTURE_FOLDER) TORTURE_FOLDER where
 * "struck" is made at the strike; "acts" gets a line for every point, "transitions" one for every transition */

#include "calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#define LONGEST_NAME 128
#define MOST_NAMES 256

static atomic_int points;
static atomic_long clock_offset;
static atomic_int has_struck;
static int wanted;
static char strike[64], folder[256], wanted_transition[LONGEST_NAME], wanted_act[LONGEST_NAME];
static int acts_fd = -1, transitions_fd = -1;

static int open_list(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

__attribute__((constructor)) static void begin(void)
{
    const char *point = getenv("TORTURE_POINT"), *what = getenv("TORTURE_STRIKE"), *where = getenv("TORTURE_FOLDER");
    const char *transition = getenv("TORTURE_TRANSITION"), *act = getenv("TORTURE_ACT");
    if (point && what && where) {
        wanted = atoi(point);
        snprintf(wanted_transition, sizeof wanted_transition, "%s", transition ? transition : "");
        snprintf(wanted_act, sizeof wanted_act, "%s", act ? act : "");
        snprintf(strike, sizeof strike, "%s", what);
        snprintf(folder, sizeof folder, "%s", where);
        acts_fd = open_list("acts");
        transitions_fd = open_list("transitions");
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
    else if (strncmp(strike, "clock:", 6) == 0)
        atomic_store(&clock_offset, atol(strike + 6));
    else if (strcmp(strike, "pause") == 0)
        wait_for_go();
}

static void write_line(int fd, const char *line, int length, size_t size)
{
    syscall(SYS_write, fd, line, length < (int)size ? length : (int)size);
}

static void point(const char *when, const char *act, const char *what)
{
    if (acts_fd < 0)
        return;
    int saved = errno, number = atomic_fetch_add(&points, 1) + 1;
    char line[512];
    int length = snprintf(line, sizeof line, "%d %s %s %.400s\n", number, when, act, what ? what : "");
    write_line(acts_fd, line, length, sizeof line);
    if (number == wanted || (*wanted_act && strncmp(strchr(line, ' ') + 1, wanted_act, strlen(wanted_act)) == 0))
        strike_now();
    errno = saved;
}

/* --- transitions of the journal --- */

/* How often this name has come, with this time. */
static int count_name(const char *name)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static char names[MOST_NAMES][LONGEST_NAME];
    static int counts[MOST_NAMES];
    int at = 0, count = 0;
    pthread_mutex_lock(&mutex);
    while (at < MOST_NAMES && counts[at] > 0 && strcmp(names[at], name) != 0)
        at++;
    if (at < MOST_NAMES) {
        snprintf(names[at], sizeof names[at], "%s", name);
        count = ++counts[at];
    }
    pthread_mutex_unlock(&mutex);
    return count;
}

static void transition(const char *when, const char *act, const char *what)
{
    if (transitions_fd < 0)
        return;
    int saved = errno;
    char name[LONGEST_NAME], line[LONGEST_NAME + 16];
    snprintf(name, sizeof name - 8, "%s %s %.80s", when, act, what);
    int length = snprintf(line, sizeof line, "%s #%d", name, count_name(name));
    int is_wanted = *wanted_transition && strcmp(line, wanted_transition) == 0;
    line[length] = '\n';
    write_line(transitions_fd, line, length + 1, sizeof line);
    if (is_wanted)
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

/* "journal.db", "journal.db-wal" or "journal.db-shm" in @path; NULL: another file. */
static const char *name_in_journal(const char *path)
{
    return strstr(path, "journal.db");
}

static const char *name_open_file(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = '\0';
    return name_in_journal(path);
}

/* Flushes and removals are transitions; what else happens to these files is part of a commit. */
static void pass(const char *when, const Call *call)
{
    char path[512];
    int is_flush = strcmp(call->name, "fsync") == 0 || strcmp(call->name, "fdatasync") == 0;
    if (!is_act(call))
        return;
    point(when, call->name, call->to ? call->to : call->path);
    const char *file = is_flush ? name_open_file(call->fd, path, sizeof path) : NULL;
    if (strcmp(call->name, "unlink") == 0)
        file = name_in_journal(call->path);
    if (file)
        transition(when, call->name, file);
}

int call_begins(Call *call)
{
    pass("before", call);
    return 0;
}

long call_ended(Call *call, long result)
{
    int saved = errno;
    pass("after", call);
    errno = saved;
    return result;
}

/* --- what changes the journal --- */

/* ISO C knows no way from a data pointer to a function pointer but this. */
#define FIND(real, name)                                                                                               \
    do {                                                                                                               \
        if (!(real))                                                                                                   \
            *(void **)&(real) = dlsym(RTLD_NEXT, #name);                                                               \
    } while (0)

/* @name: of the transition that it is; NULL: none. */
static void change(const char *when, const char *act, const char *sql, const char *name)
{
    point(when, act, sql);
    if (name)
        transition(when, act, name);
}

/* A commit is called by the statement that its transaction began with, of which there is one at a time. */
static const char *name_commit(const char *sql)
{
    static char first[81];
    if (strcmp(sql, "COMMIT") == 0)
        return first;
    if (strncmp(sql, "BEGIN", 5) == 0)
        first[0] = '\0';
    else if (!first[0])
        snprintf(first, sizeof first, "%s", sql);
    return NULL;
}

int sqlite3_step(void *statement);
int sqlite3_step(void *statement)
{
    static int (*is_readonly)(void *), (*real_step)(void *);
    static const char *(*find_sql)(void *);
    FIND(is_readonly, sqlite3_stmt_readonly);
    FIND(find_sql, sqlite3_sql);
    FIND(real_step, sqlite3_step);
    const char *sql = find_sql(statement) ? find_sql(statement) : "";
    /* To SQLite neither a beginning nor an end of a transaction writes by itself. */
    if (is_readonly(statement) && strcmp(sql, "COMMIT") != 0 && strncmp(sql, "BEGIN", 5) != 0)
        return real_step(statement);
    const char *name = name_commit(sql);
    change("before", "sqlite3_step", sql, name);
    int result = real_step(statement);
    change("after", "sqlite3_step", sql, name);
    return result;
}

/* How commits are flushed, and questions, change nothing that stays. */
static const char *name_change(const char *sql)
{
    static const char *const idle[] = {"PRAGMA synchronous", "PRAGMA quick_check", "BEGIN", "SELECT"};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
        if (strncmp(sql, idle[i], strlen(idle[i])) == 0)
            return NULL;
    return strcmp(sql, "PRAGMA user_version") == 0 ? NULL : sql;
}

int sqlite3_exec(void *database, const char *sql, int (*callback)(void *, int, char **, char **), void *data,
                 char **error);
int sqlite3_exec(void *database, const char *sql, int (*callback)(void *, int, char **, char **), void *data,
                 char **error)
{
    static int (*real)(void *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    FIND(real, sqlite3_exec);
    change("before", "sqlite3_exec", sql, name_change(sql));
    int result = real(database, sql, callback, data, error);
    change("after", "sqlite3_exec", sql, name_change(sql));
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
