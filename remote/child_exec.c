/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_clock.h"

#define BUFFER_BYTES (64 * 1024)
#define END_US (3 * G_USEC_PER_SEC) /* from the end of its outputs to that of the process */

/* A child in progress. */
typedef struct {
    ExecClock clock;
    char *buffer;
    GPid pid;
    int stdin_fd;     /* -1 once closed */
    int output_fd[2]; /* stdout and stderr; -1 at their ends */
    gint64 beat_us;   /* when the next beat is due */
} Run;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- start ---- */

static gboolean start(Run *run, const char *const *argv, GError **error)
{
    int ours[3] = {-1, -1, -1}, theirs[3] = {-1, -1, -1};
    gboolean is_started = FALSE;
    gboolean has_pipes = TRUE;
    for (int i = 0; i < 3 && has_pipes; i++) {
        int ends[2];
        has_pipes = g_unix_open_pipe(ends, FD_CLOEXEC, error);
        if (has_pipes) {
            ours[i] = ends[i == 0 ? 1 : 0];
            theirs[i] = ends[i == 0 ? 0 : 1];
        }
    }
    if (has_pipes && g_unix_set_fd_nonblocking(ours[0], TRUE, error))
        is_started = child_spawn(argv, NULL, theirs[0], theirs[1], theirs[2], &run->pid, error);
    for (int i = 0; i < 3; i++) {
        close_fd(&theirs[i]);
        if (!is_started)
            close_fd(&ours[i]);
    }
    run->stdin_fd = ours[0];
    run->output_fd[0] = ours[1];
    run->output_fd[1] = ours[2];
    return is_started;
}

/* ---- in progress ---- */

static void beat(Run *run)
{
    gint64 now_us = g_get_monotonic_time();
    if (run->stdin_fd < 0 || now_us < run->beat_us)
        return;
    /* A full pipe is none of our business: there are beats enough in it. */
    if (child_write(run->stdin_fd, "\n", 1) < 0 && errno == EPIPE)
        close_fd(&run->stdin_fd);
    run->beat_us = now_us + run->clock.exec->beat_ms * G_TIME_SPAN_MILLISECOND;
}

/* Reads once from one output that has something to say. */
static void read_output(Run *run, int i)
{
    ssize_t count = read(run->output_fd[i], run->buffer, BUFFER_BYTES);
    if (count < 0 && errno == EINTR)
        return;
    if (count <= 0) {
        close_fd(&run->output_fd[i]);
        return;
    }
    exec_clock_deliver(&run->clock, i != 0, run->buffer, (gsize)count);
}

static int time_left_ms(const Run *run)
{
    gint64 until_us = exec_clock_next_us(&run->clock);
    if (run->stdin_fd >= 0)
        until_us = until_us == 0 ? run->beat_us : MIN(until_us, run->beat_us);
    if (until_us == 0)
        return -1;
    return (int)CLAMP((until_us - g_get_monotonic_time()) / 1000 + 1, 0, G_MAXINT);
}

static void wait_for_more(Run *run)
{
    GPollFD cancel = {.fd = -1};
    GCancellable *cancellable = run->clock.state == EXEC_RUNNING ? run->clock.cancellable : NULL;
    gboolean has_cancel = cancellable && g_cancellable_make_pollfd(cancellable, &cancel);
    struct pollfd fds[3] = {{.fd = run->output_fd[0], .events = POLLIN},
                            {.fd = run->output_fd[1], .events = POLLIN},
                            {.fd = has_cancel ? cancel.fd : -1, .events = POLLIN}};
    int ready = poll(fds, G_N_ELEMENTS(fds), time_left_ms(run));
    if (has_cancel)
        g_cancellable_release_fd(cancellable);
    for (int i = 0; i < 2 && ready > 0; i++) {
        if (fds[i].fd >= 0 && fds[i].revents)
            read_output(run, i);
    }
}

/* ---- end ---- */

/* Returns: the exit status, 128+N for a signal, -1 when it had to be ended. */
static int reap(Run *run)
{
    int status = -1;
    close_fd(&run->stdin_fd);
    gboolean has_ended = run->output_fd[0] < 0 && run->output_fd[1] < 0 &&
                         child_wait(run->pid, g_get_monotonic_time() + END_US, NULL, &status);
    close_fd(&run->output_fd[0]);
    close_fd(&run->output_fd[1]);
    if (!has_ended) {
        child_end(run->pid);
        return -1;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

gboolean child_exec(const char *name, const char *const *argv, const FfarmExec *exec, int *status,
                    GCancellable *cancellable, GError **error)
{
    g_autofree char *buffer = g_malloc(BUFFER_BYTES);
    g_autoptr(GError) reason = NULL;
    Run run = {.clock = exec_clock(exec, cancellable), .buffer = buffer, .beat_us = g_get_monotonic_time()};
    *status = -1;
    if (!start(&run, argv, &reason)) {
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC, "%s: could not start a command: %s", name,
                    reason->message);
        return FALSE;
    }
    if (exec->beat_ms == 0)
        close_fd(&run.stdin_fd);
    while ((run.output_fd[0] >= 0 || run.output_fd[1] >= 0) && exec_clock_look(&run.clock)) {
        if (run.clock.state != EXEC_RUNNING)
            close_fd(&run.stdin_fd); /* this is what stops the command */
        beat(&run);
        wait_for_more(&run);
    }
    *status = reap(&run);
    return exec_clock_report(&run.clock, name, error);
}
