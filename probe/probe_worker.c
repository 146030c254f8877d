/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe_worker.h"
#include "probe_birth.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_US (30 * G_USEC_PER_SEC) /* a busy machine loads slowly */
#define READ_BYTES (64 * 1024)
#define BEATS_AT_ONCE 10 /* more than time has passed for */

struct ProbeWorker {
    pid_t pid;
    int socket;
    gboolean is_ready; /* has said hello: what happens now may be a film's doing */
    guint count;
    GByteArray *unread; /* bytes that came and are no whole frame yet */
};

/* Its end may have to wait for the kernel (a file on a server that is gone), which is nobody's to wait for. */
static gpointer bury(gpointer data)
{
    while (waitpid(GPOINTER_TO_INT(data), NULL, 0) < 0 && errno == EINTR) {
    }
    return NULL;
}

void probe_worker_free(ProbeWorker *worker)
{
    if (!worker)
        return;
    close(worker->socket);
    if (worker->pid > 0) {
        kill(worker->pid, SIGKILL);
        g_thread_unref(g_thread_new("probe-burial", bury, GINT_TO_POINTER(worker->pid)));
    }
    g_byte_array_unref(worker->unread);
    g_free(worker);
}

/* In words, how one ended that no film was given yet: the machine or the container does not let it be. */
static char *examine_stillbirth(gboolean is_known, int status)
{
    if (!is_known)
        return g_strdup("it ended before it could begin");
    if (!WIFSIGNALED(status))
        return g_strdup_printf("it ended before it could begin (status %d)", WEXITSTATUS(status));
    const char *meaning = WTERMSIG(status) == SIGSYS    ? ": a system call is forbidden here"
                          : WTERMSIG(status) == SIGKILL ? ": as happens when memory runs out"
                                                        : "";
    return g_strdup_printf("it ended before it could begin (signal %d%s)", WTERMSIG(status), meaning);
}

/* In words, how a worker ended that has closed its socket. */
static char *examine_end(ProbeWorker *worker)
{
    int status = 0;
    kill(worker->pid, SIGKILL);
    pid_t pid;
    while ((pid = waitpid(worker->pid, &status, 0)) < 0 && errno == EINTR) {
    }
    worker->pid = -1;
    if (!worker->is_ready)
        return examine_stillbirth(pid > 0, status);
    if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return g_strdup("the process that read it was killed (signal 9), as happens when memory runs out");
    if (pid > 0 && WIFSIGNALED(status))
        return g_strdup_printf("the demuxer crashed (signal %d)", WTERMSIG(status));
    if (pid > 0)
        return g_strdup_printf("the demuxer ended the process (status %d)", WEXITSTATUS(status));
    return g_strdup("the demuxer crashed");
}

/* Waits until there is something to read. */
static ProbeWorkerOutcome wait_for_more(const ProbeWorker *worker, gint64 deadline_us, GCancellable *cancellable)
{
    GPollFD cancel = {.fd = -1};
    gboolean has_cancel = cancellable && g_cancellable_make_pollfd(cancellable, &cancel);
    struct pollfd fds[2] = {{.fd = worker->socket, .events = POLLIN},
                            {.fd = has_cancel ? cancel.fd : -1, .events = POLLIN}};
    gint64 left_us = deadline_us - g_get_monotonic_time();
    int ready = poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(left_us / 1000 + 1, 0, G_MAXINT));
    if (has_cancel)
        g_cancellable_release_fd(cancellable);
    if (g_cancellable_is_cancelled(cancellable))
        return PROBE_WORKER_CANCELLED;
    if (ready == 0 && g_get_monotonic_time() >= deadline_us)
        return PROBE_WORKER_TIMED_OUT;
    return PROBE_WORKER_ANSWERED;
}

/* Returns: FALSE when the other side has closed. */
static gboolean read_more(ProbeWorker *worker)
{
    guint length = worker->unread->len;
    g_byte_array_set_size(worker->unread, length + READ_BYTES);
    ssize_t count = recv(worker->socket, worker->unread->data + length, READ_BYTES, MSG_DONTWAIT);
    int code = errno;
    g_byte_array_set_size(worker->unread, length + (guint)MAX(count, 0));
    return count > 0 || (count < 0 && (code == EAGAIN || code == EINTR));
}

typedef struct {
    gboolean is_whole;
    guint8 type;
    guint32 length; /* of its bytes, which are behind the header */
} Frame;

/* What is at the beginning of the unread bytes. Returns: FALSE if it is no frame of ours. */
static gboolean look_at_frame(const ProbeWorker *worker, Frame *frame)
{
    WireReader reader = {worker->unread->data, worker->unread->len, FALSE};
    *frame = (Frame){0};
    if (reader.left < PROBE_WORKER_HEADER)
        return TRUE;
    frame->length = wire_take_u32(&reader, PROBE_WORKER_MOST_ANSWER);
    frame->type = wire_take_u8(&reader, PROBE_FRAME_ANSWER);
    frame->is_whole = reader.left >= frame->length;
    return !reader.is_bad;
}

static void drop_frame(ProbeWorker *worker, const Frame *frame)
{
    g_byte_array_remove_range(worker->unread, 0, PROBE_WORKER_HEADER + frame->length);
}

static ProbeWorkerOutcome refuse(char **words)
{
    *words = g_strdup("the demuxer gave an answer that makes no sense");
    return PROBE_WORKER_FAILED;
}

/* Waits for a whole frame, however the bytes come. */
static ProbeWorkerOutcome wait_for_frame(ProbeWorker *worker, gint64 deadline_us, GCancellable *cancellable,
                                         Frame *frame, char **words)
{
    for (;;) {
        if (!look_at_frame(worker, frame))
            return refuse(words);
        if (frame->is_whole)
            return PROBE_WORKER_ANSWERED;
        ProbeWorkerOutcome outcome = wait_for_more(worker, deadline_us, cancellable);
        if (outcome != PROBE_WORKER_ANSWERED)
            return outcome;
        if (!read_more(worker)) {
            *words = examine_end(worker);
            return PROBE_WORKER_FAILED;
        }
    }
}

static gboolean take_hello(ProbeWorker *worker, GCancellable *cancellable, char **words)
{
    Frame frame;
    ProbeWorkerOutcome outcome = wait_for_frame(worker, g_get_monotonic_time() + START_US, cancellable, &frame, words);
    if (outcome == PROBE_WORKER_CANCELLED)
        *words = g_strdup("cancelled");
    else if (outcome == PROBE_WORKER_TIMED_OUT)
        *words = g_strdup("it says nothing");
    if (outcome != PROBE_WORKER_ANSWERED)
        return FALSE;
    WireReader reader = {worker->unread->data + PROBE_WORKER_HEADER, frame.length, FALSE};
    guint32 protocol = wire_take_u32(&reader, G_MAXUINT32);
    guint32 parts = wire_take_u32(&reader, G_MAXUINT32);
    if (frame.type != PROBE_FRAME_HELLO || !wire_reader_is_done(&reader) || protocol != PROBE_WORKER_PROTOCOL) {
        *words = g_strdup("it is of another version, or no such program");
        return FALSE;
    }
    drop_frame(worker, &frame);
    worker->is_ready = TRUE;
    g_debug("worker %d gave up %#x", (int)worker->pid, parts);
    return TRUE;
}

ProbeWorker *probe_worker_new(const char *const *argv, GCancellable *cancellable, GError **error)
{
    g_autofree char *words = NULL;
    int socket;
    pid_t pid = probe_birth(argv, &socket, error);
    if (pid < 0)
        return NULL;
    ProbeWorker *worker = g_new0(ProbeWorker, 1);
    worker->pid = pid;
    worker->socket = socket;
    worker->unread = g_byte_array_new();
    if (take_hello(worker, cancellable, &words))
        return worker;
    gboolean is_cancelled = g_cancellable_is_cancelled(cancellable);
    g_set_error(error, G_IO_ERROR, is_cancelled ? G_IO_ERROR_CANCELLED : G_IO_ERROR_FAILED,
                "%s: can't be used to look at files: %s", argv[0], words);
    probe_worker_free(worker);
    return NULL;
}

/* In one piece: the worker waits for it, so there is room. */
static gboolean send_task(const ProbeWorker *worker, const GByteArray *task, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {.bytes = {0}};
    g_autoptr(GByteArray) frame = g_byte_array_new();
    wire_put_u32(frame, task->len);
    wire_put_u8(frame, PROBE_FRAME_TASK);
    g_byte_array_append(frame, task->data, task->len);
    struct iovec bytes = {frame->data, frame->len};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    return sendmsg(worker->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)frame->len;
}

/* Returns: FALSE if no worker of ours would say this now. */
static gboolean is_beat(const Frame *frame, gint64 beats, gint64 start_us)
{
    gint64 most = BEATS_AT_ONCE + (g_get_monotonic_time() - start_us) / PROBE_WORKER_BEAT_US;
    return frame->type == PROBE_FRAME_BEAT && frame->length == 0 && beats < most;
}

ProbeWorkerOutcome probe_worker_ask(ProbeWorker *worker, const ProbeOrder *order, char **words)
{
    Frame frame;
    gint64 start_us = g_get_monotonic_time();
    /* Nothing was asked yet, so nothing may have been said. */
    if (worker->unread->len > 0 || !send_task(worker, order->task, order->fd)) {
        *words = examine_end(worker);
        return PROBE_WORKER_FAILED;
    }
    for (gint64 beats = 0;; beats++) {
        gint64 silence_us = g_get_monotonic_time() + order->silence_us;
        ProbeWorkerOutcome outcome =
            wait_for_frame(worker, MIN(start_us + order->limit_us, silence_us), order->cancellable, &frame, words);
        if (outcome != PROBE_WORKER_ANSWERED)
            return outcome;
        if (frame.type == PROBE_FRAME_ANSWER)
            break;
        if (!is_beat(&frame, beats, start_us))
            return refuse(words);
        drop_frame(worker, &frame);
    }
    WireReader reader = {worker->unread->data + PROBE_WORKER_HEADER, frame.length, FALSE};
    if (!order->take(&reader, order->user_data))
        return refuse(words);
    drop_frame(worker, &frame);
    worker->count++;
    return PROBE_WORKER_ANSWERED;
}

guint probe_worker_count(const ProbeWorker *worker)
{
    return worker->count;
}
