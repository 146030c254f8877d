/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "isolation.h"
#include "probe_task.h"
#include "probe_worker.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKER STDIN_FILENO

static gint64 next_beat_us;

static gboolean send_frame(ProbeFrame type, const GByteArray *payload)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    wire_put_u32(frame, payload ? payload->len : 0);
    wire_put_u8(frame, (guint8)type);
    if (payload)
        g_byte_array_append(frame, payload->data, payload->len);
    for (gsize done = 0; done < frame->len;) {
        ssize_t count = send(ASKER, frame->data + done, frame->len - done, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR)
            return FALSE;
        done += (gsize)MAX(count, 0);
    }
    return TRUE;
}

static void beat(void)
{
    gint64 now_us = g_get_monotonic_time();
    if (now_us < next_beat_us)
        return;
    next_beat_us = now_us + PROBE_WORKER_BEAT_US;
    send_frame(PROBE_FRAME_BEAT, NULL);
}

/* Returns: the descriptor that came along, -1 for none. */
static int descriptor_of(struct msghdr *message)
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return fd;
}

/* A task comes in one piece, as the asker waits with the next. Returns: NULL when nobody asks any more. */
static GByteArray *receive_task(int *fd)
{
    char control[CMSG_SPACE(sizeof(int))];
    g_autoptr(GByteArray) frame = g_byte_array_new();
    g_byte_array_set_size(frame, PROBE_WORKER_MOST_TASK);
    struct iovec bytes = {frame->data, frame->len};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t count;
    do
        count = recvmsg(ASKER, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < PROBE_WORKER_HEADER)
        return NULL;
    *fd = descriptor_of(&message);
    g_byte_array_set_size(frame, (guint)count);
    g_byte_array_remove_range(frame, 0, PROBE_WORKER_HEADER);
    return g_steal_pointer(&frame);
}

static gboolean serve_one(void)
{
    int fd = -1;
    g_autoptr(GByteArray) task = receive_task(&fd);
    if (!task || fd < 0)
        return FALSE;
    next_beat_us = g_get_monotonic_time() + PROBE_WORKER_BEAT_US;
    g_autoptr(GByteArray) answer = probe_task_do(task, fd, beat);
    return answer && send_frame(PROBE_FRAME_ANSWER, answer);
}

/* What a library prints is not for the user's terminal: a film may have chosen the words. Sanitizers are heard. */
static void be_quiet(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDERR_FILENO);
#endif
    close_range(STDERR_FILENO + 1, G_MAXUINT, 0);
}

/* Every film takes the same few megabytes: giving them back in between costs as much as looking at it. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
}

/* Ends with whoever started it, even while a demuxer is running. If he is gone already, his socket says so. */
static gboolean prepare(void)
{
    be_quiet();
    prctl(PR_SET_NAME, "ffarm-probe");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    av_glue_init();
    keep_memory();
    SandboxParts parts = sandbox_enter();
    g_autoptr(GByteArray) hello = g_byte_array_new();
    wire_put_u32(hello, PROBE_WORKER_PROTOCOL);
    wire_put_u32(hello, parts);
    return send_frame(PROBE_FRAME_HELLO, hello);
}

int ffarm_probe_serve(void)
{
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(ASKER, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) {
        fputs("this is for ffarm to call, not for people: 'ffarm help' shows what is for people\n", stderr);
        return 2;
    }
    gboolean goes_on = prepare();
    while (goes_on)
        goes_on = serve_one();
    _exit(0);
}
