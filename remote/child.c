/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_AFTER_US (500 * G_TIME_SPAN_MILLISECOND)

/* One order for the forking thread; lives on the stack of the one who waits for it. */
typedef struct {
    const char *const *argv;
    const char *const *environment;
    int fds[3];
    GPid pid;
    GError *error;
    gboolean is_done;
} Order;

static GMutex order_mutex;
static GCond order_cond;

/* Between fork and exec: only calls that are safe there. */
static void die_with_parent(gpointer user_data)
{
    setsid(); /* what the keyboard sends to the foreground (^C) is for us to judge, not for our helpers */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != GPOINTER_TO_INT(user_data))
        _exit(127);
}

static void spawn(Order *order)
{
    GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH;
    if (order->fds[1] < 0)
        flags |= G_SPAWN_STDOUT_TO_DEV_NULL;
    if (order->fds[2] < 0)
        flags |= G_SPAWN_STDERR_TO_DEV_NULL;
    g_spawn_async_with_pipes_and_fds(NULL, order->argv, order->environment, flags, die_with_parent,
                                     GINT_TO_POINTER(getpid()), order->fds[0], order->fds[1], order->fds[2], NULL, NULL,
                                     0, &order->pid, NULL, NULL, NULL, &order->error);
}

static gpointer serve(gpointer user_data)
{
    GAsyncQueue *orders = user_data;
    for (;;) {
        Order *order = g_async_queue_pop(orders);
        spawn(order);
        g_mutex_lock(&order_mutex);
        order->is_done = TRUE;
        g_cond_broadcast(&order_cond);
        g_mutex_unlock(&order_mutex);
    }
    return NULL;
}

static GAsyncQueue *peek_orders(void)
{
    static gsize orders = 0;
    if (g_once_init_enter(&orders)) {
        GAsyncQueue *queue = g_async_queue_new();
        g_thread_unref(g_thread_new("ffarm-children", serve, queue));
        g_once_init_leave(&orders, (gsize)queue);
    }
    return (GAsyncQueue *)orders;
}

gboolean child_spawn(const char *const *argv, const char *const *environment, int stdin_fd, int stdout_fd,
                     int stderr_fd, GPid *pid, GError **error)
{
    Order order = {.argv = argv, .environment = environment, .fds = {stdin_fd, stdout_fd, stderr_fd}};
    g_async_queue_push(peek_orders(), &order);
    g_mutex_lock(&order_mutex);
    while (!order.is_done)
        g_cond_wait(&order_cond, &order_mutex);
    g_mutex_unlock(&order_mutex);
    if (order.error) {
        g_propagate_error(error, order.error);
        return FALSE;
    }
    *pid = order.pid;
    return TRUE;
}

/* Holds the signal back in this thread, and takes away the one that the write may have caused. */
gssize child_write(int fd, gconstpointer data, gsize length)
{
    sigset_t pipe_signal, pending, old_mask;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old_mask);
    gssize count = write(fd, data, length);
    int code = errno;
    if (count < 0 && code == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const struct timespec no_time = {0};
        while (sigtimedwait(&pipe_signal, NULL, &no_time) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &old_mask, NULL);
    errno = code;
    return count;
}

static int timeout_ms(gint64 deadline_us)
{
    if (deadline_us == 0)
        return -1;
    return (int)CLAMP((deadline_us - g_get_monotonic_time()) / 1000 + 1, 0, G_MAXINT);
}

/* Polls @fds; their last one is taken for the cancellation. Returns: FALSE when there's no more waiting. */
static gboolean poll_until(struct pollfd *fds, guint count, gint64 deadline_us, GCancellable *cancellable)
{
    GPollFD cancel = {.fd = -1};
    gboolean has_cancel = cancellable && g_cancellable_make_pollfd(cancellable, &cancel);
    fds[count - 1] = (struct pollfd){.fd = has_cancel ? cancel.fd : -1, .events = POLLIN};
    int ready = poll(fds, count, timeout_ms(deadline_us));
    if (has_cancel)
        g_cancellable_release_fd(cancellable);
    return (ready > 0 || (ready < 0 && errno == EINTR)) && !g_cancellable_is_cancelled(cancellable);
}

gboolean child_wait(GPid pid, gint64 deadline_us, GCancellable *cancellable, int *status)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}};
    gboolean is_over = pidfd < 0;
    while (!is_over && poll_until(fds, 2, deadline_us, cancellable))
        is_over = fds[0].revents != 0;
    if (pidfd >= 0)
        close(pidfd);
    if (!is_over)
        return FALSE;
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) {
            *status = -1;
            break;
        }
    }
    return TRUE;
}

int child_end(GPid pid)
{
    int status = -1;
    if (pid <= 0)
        return status;
    kill(pid, SIGTERM);
    if (!child_wait(pid, g_get_monotonic_time() + KILL_AFTER_US, NULL, &status)) {
        kill(pid, SIGKILL);
        child_wait(pid, 0, NULL, &status);
    }
    return status;
}

/* Takes what can be read. Returns: FALSE at the end. */
static gboolean drain(int fd, GString *into, gsize max_bytes)
{
    char buffer[4096];
    ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count > 0)
        g_string_append_len(into, buffer, (gssize)MIN((gsize)count, max_bytes - into->len));
    return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Reads both outputs to their ends. Returns: FALSE when time or patience ran out before. */
static gboolean collect(const int fds[2], GString *texts[2], gsize max_bytes, gint64 deadline_us,
                        GCancellable *cancellable)
{
    struct pollfd polled[3] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        if (!poll_until(polled, 3, deadline_us, cancellable))
            return FALSE;
        for (int i = 0; i < 2; i++) {
            if (polled[i].fd >= 0 && polled[i].revents && !drain(polled[i].fd, texts[i], max_bytes))
                polled[i].fd = -1;
        }
    }
    return TRUE;
}

static gboolean run_to_end(const char *const *argv, const char *const *environment, GString *texts[2], gsize max_bytes,
                           gint64 deadline_us, GCancellable *cancellable, int *status, GError **error)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    GPid pid = 0;
    gboolean is_over = FALSE;
    if (g_unix_open_pipe(out, FD_CLOEXEC, error) && g_unix_open_pipe(err, FD_CLOEXEC, error) &&
        child_spawn(argv, environment, -1, out[1], err[1], &pid, error)) {
        close(out[1]);
        close(err[1]);
        out[1] = err[1] = -1;
        is_over = collect((int[2]){out[0], err[0]}, texts, max_bytes, deadline_us, cancellable) &&
                  child_wait(pid, deadline_us, cancellable, status);
        if (!is_over) {
            child_end(pid);
            gboolean is_cancelled = g_cancellable_is_cancelled(cancellable);
            g_set_error(error, G_IO_ERROR, is_cancelled ? G_IO_ERROR_CANCELLED : G_IO_ERROR_TIMED_OUT, "%s: %s",
                        argv[0], is_cancelled ? "cancelled" : "took too long");
        }
    }
    for (int i = 0; i < 2; i++) {
        if (out[i] >= 0)
            close(out[i]);
        if (err[i] >= 0)
            close(err[i]);
    }
    return is_over;
}

gboolean child_ask(const char *const *argv, const char *const *environment, gsize max_bytes, gint64 deadline_us,
                   GCancellable *cancellable, char **output, char **errors, int *exit_status, GError **error)
{
    GString *texts[2] = {g_string_new(NULL), g_string_new(NULL)};
    int status = -1;
    gboolean is_over = run_to_end(argv, environment, texts, max_bytes, deadline_us, cancellable, &status, error);
    char *strings[2] = {g_string_free(texts[0], FALSE), g_string_free(texts[1], FALSE)};
    if (is_over) {
        *output = g_steal_pointer(&strings[0]);
        *errors = g_steal_pointer(&strings[1]);
        *exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    g_free(strings[0]);
    g_free(strings[1]);
    return is_over;
}
