/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe_birth.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    const char *const *argv;
    int socket; /* the child's end */
    pid_t pid;
    int code; /* an errno; -1: not started yet */
} Birth;

static struct {
    GMutex lock;
    GCond changed; /* a birth has its code */
} births;

/* Where libraries are and how they speak; nothing of the user's that a stranger's film could make known. */
static char **new_environment(void)
{
    static const char *const wanted[] = {"LD_", "LC_", "LANG", "ASAN_", "LSAN_", "TSAN_", "UBSAN_"};
    g_auto(GStrv) all = g_get_environ();
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();
    for (char **variable = all; *variable; variable++)
        for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
            if (g_str_has_prefix(*variable, wanted[i]))
                g_strv_builder_add(kept, *variable);
    return g_strv_builder_end(kept);
}

static int spawn(Birth *birth, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigemptyset(&none);
    g_auto(GStrv) environment = new_environment();
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_adddup2(actions, birth->socket, STDIN_FILENO);
    posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    return posix_spawn(&birth->pid, birth->argv[0], actions, attributes, (char *const *)birth->argv, environment);
}

static void give_birth(gpointer data, gpointer user_data)
{
    (void)user_data;
    Birth *birth = data;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int code = spawn(birth, &actions, &attributes);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    g_mutex_lock(&births.lock);
    birth->code = code;
    g_cond_broadcast(&births.changed);
    g_mutex_unlock(&births.lock);
}

/* Of the one thread: a pool of its own never lets it end. */
static GThreadPool *starter(void)
{
    static gsize pool;
    if (g_once_init_enter(&pool))
        g_once_init_leave(&pool, (gsize)g_thread_pool_new(give_birth, NULL, 1, TRUE, NULL));
    return (GThreadPool *)pool;
}

/* Which limit or permission it is, where that can be told. */
static const char *explain(int code)
{
    switch (code) {
    case EAGAIN:
        return "; the limit of processes is reached, of the user (ulimit -u) or of the container";
    case ENOMEM:
        return "; memory or its limit is used up";
    case EMFILE:
    case ENFILE:
        return "; the limit of open files is reached (ulimit -n)";
    case EACCES:
    case EPERM:
        return "; something forbids it to be run: its mode, a mount with noexec, or the container's rules";
    default:
        return "";
    }
}

pid_t probe_birth(const char *const *argv, int *socket, GError **error)
{
    int ends[2];
    Birth birth = {.argv = argv, .pid = -1, .code = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        birth.code = errno;
    } else {
        birth.socket = ends[1];
        g_thread_pool_push(starter(), &birth, NULL);
        g_mutex_lock(&births.lock);
        while (birth.code == -1)
            g_cond_wait(&births.changed, &births.lock);
        g_mutex_unlock(&births.lock);
        close(ends[1]);
        if (birth.code != 0)
            close(ends[0]);
    }
    if (birth.code == 0) {
        *socket = ends[0];
        return birth.pid;
    }
    g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(birth.code), "%s: can't be started: %s%s", argv[0],
                g_strerror(birth.code), explain(birth.code));
    return -1;
}
