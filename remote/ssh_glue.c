/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_glue.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "runner.h"

/* Silence: after ASK a question is sent that every server answers, after GIVE_UP the connection counts as dead. */
#define ASK_US (8 * G_USEC_PER_SEC)
#define GIVE_UP_US (25 * G_USEC_PER_SEC)
#define UNWATCHED_BYTES (256 * 1024)

void ssh_glue_init(void)
{
    static gsize is_ready = 0;
    if (g_once_init_enter(&is_ready)) {
        int status = libssh2_init(0);
        if (status != 0)
            g_error("libssh2 can't be initialised (%d)", status);
        g_once_init_leave(&is_ready, 1);
    }
}

const char *ssh_glue_versions(void)
{
    static gsize text = 0;
    if (g_once_init_enter(&text))
        g_once_init_leave(&text, (gsize)g_strdup_printf("libssh2 %s", libssh2_version(0)));
    return (const char *)text;
}

/* libssh2 reads through this, so that we know when the other side was last heard. It reads on as long as there is
 * something, for ever from a server that sends nothing but what is to be ignored; so now and then it is told that there
 * is nothing, which brings it back to us and our clocks. */
static ssize_t receive(libssh2_socket_t fd, void *buffer, size_t length, int flags, void **abstract)
{
    SshLink *link = *abstract;
    if (link->unwatched_bytes >= UNWATCHED_BYTES && !link->is_lost)
        return -EAGAIN;
    ssize_t count = recv(fd, buffer, length, flags | MSG_NOSIGNAL);
    if (count < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    if (count > 0) {
        link->received_us = g_get_monotonic_time();
        link->unwatched_bytes += (gsize)count;
    }
    return count;
}

/* libssh2 takes callbacks of every shape as void pointers. */
typedef union {
    ssize_t (*function)(libssh2_socket_t, void *, size_t, int, void **);
    void *pointer;
} ReceiveCallback;

void ssh_glue_open(SshLink *link)
{
    ssh_glue_init();
    ReceiveCallback callback = {.function = receive};
    link->session = libssh2_session_init_ex(NULL, NULL, NULL, link);
    g_assert(link->session); /* fails for want of memory only */
    libssh2_session_callback_set(link->session, LIBSSH2_CALLBACK_RECV, callback.pointer);
    libssh2_session_set_blocking(link->session, 0);
    libssh2_keepalive_config(link->session, 1, 2);
    link->received_us = g_get_monotonic_time();
}

SshPatience ssh_patience(gint64 deadline_us, GCancellable *cancellable)
{
    return (SshPatience){.started_us = g_get_monotonic_time(), .deadline_us = deadline_us, .cancellable = cancellable};
}

gboolean ssh_patience_is_cancelled(const SshPatience *patience)
{
    return g_cancellable_is_cancelled(patience->cancellable);
}

static gint64 earlier(gint64 a_us, gint64 b_us)
{
    if (a_us == 0)
        return b_us;
    return b_us == 0 ? a_us : MIN(a_us, b_us);
}

/* Sends the question where it is time for it. Returns: when to look again. A packet that libssh2 has half sent must not
 * be disturbed by another one; then the socket is full, and the kernel's own limit finds out about the peer. */
static gint64 keep_alive(SshLink *link, gint64 silent_since_us)
{
    gint64 now_us = g_get_monotonic_time();
    if (now_us - silent_since_us < ASK_US)
        return silent_since_us + ASK_US;
    if (!(libssh2_session_block_directions(link->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND)) {
        int seconds_to_next = 0;
        libssh2_keepalive_send(link->session, &seconds_to_next);
    }
    return MIN(now_us + ASK_US, silent_since_us + GIVE_UP_US);
}

static int remaining_ms(gint64 until_us)
{
    if (until_us == 0)
        return -1;
    gint64 left_us = until_us - g_get_monotonic_time();
    return left_us <= 0 ? 0 : (int)MIN(left_us / 1000 + 1, G_MAXINT);
}

static SshWake poll_once(SshLink *link, gint64 until_us, GCancellable *cancellable)
{
    GPollFD cancel = {.fd = -1};
    gboolean has_cancel = cancellable && g_cancellable_make_pollfd(cancellable, &cancel);
    int directions = link->session ? libssh2_session_block_directions(link->session) : 0;
    struct pollfd fds[2] = {
        {.fd = link->fd, .events = (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) ? POLLIN | POLLOUT : POLLIN},
        {.fd = has_cancel ? cancel.fd : -1, .events = POLLIN},
    };
    if ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) && !(directions & LIBSSH2_SESSION_BLOCK_INBOUND))
        fds[0].events = POLLOUT;
    int count = poll(fds, 2, remaining_ms(until_us));
    if (has_cancel)
        g_cancellable_release_fd(cancellable);
    if (g_cancellable_is_cancelled(cancellable))
        return SSH_WAKE_CANCELLED;
    return count == 0 ? SSH_WAKE_TIME : SSH_WAKE_SOCKET;
}

SshWake ssh_glue_poll(SshLink *link, gint64 since_us, gint64 until_us, GCancellable *cancellable)
{
    link->unwatched_bytes = 0;
    for (;;) {
        if (g_cancellable_is_cancelled(cancellable))
            return SSH_WAKE_CANCELLED;
        gint64 now_us = g_get_monotonic_time();
        gint64 silent_since_us = MAX(link->received_us, since_us);
        if (link->is_keeping && now_us - silent_since_us >= GIVE_UP_US)
            return SSH_WAKE_SILENCE;
        if (until_us != 0 && now_us >= until_us)
            return SSH_WAKE_TIME;
        gint64 look_us = link->is_keeping ? keep_alive(link, silent_since_us) : 0;
        SshWake wake = poll_once(link, earlier(until_us, look_us), cancellable);
        if (wake != SSH_WAKE_TIME)
            return wake;
    }
}

gboolean ssh_glue_wait(SshLink *link, SshPatience *patience, GError **error)
{
    gboolean is_cancelled = ssh_patience_is_cancelled(patience);
    if (is_cancelled && patience->linger_ms > 0 && patience->linger_until_us == 0)
        patience->linger_until_us = g_get_monotonic_time() + patience->linger_ms * G_TIME_SPAN_MILLISECOND;
    gint64 until_us = earlier(patience->deadline_us, patience->linger_until_us);
    GCancellable *cancellable = patience->linger_until_us == 0 ? patience->cancellable : NULL;
    SshWake wake = ssh_glue_poll(link, patience->started_us, until_us, cancellable);
    if (wake == SSH_WAKE_SOCKET || (wake == SSH_WAKE_CANCELLED && patience->linger_ms > 0))
        return TRUE;
    ssh_glue_cut(link);
    if (wake == SSH_WAKE_CANCELLED || ssh_patience_is_cancelled(patience))
        ssh_glue_set_cancelled(link, error);
    else
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED, "%s: gave no answer for %d seconds",
                    link->name, (int)((g_get_monotonic_time() - patience->started_us) / G_USEC_PER_SEC));
    return FALSE;
}

gboolean ssh_glue_is_connection_error(int code)
{
    switch (code) {
    case LIBSSH2_ERROR_SOCKET_NONE:
    case LIBSSH2_ERROR_BANNER_RECV:
    case LIBSSH2_ERROR_BANNER_SEND:
    case LIBSSH2_ERROR_INVALID_MAC:
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_TIMEOUT:
    case LIBSSH2_ERROR_DECRYPT:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_PROTO:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
    case LIBSSH2_ERROR_BAD_USE:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_ENCRYPT:
    case LIBSSH2_ERROR_BAD_SOCKET:
        return TRUE;
    default:
        return FALSE;
    }
}

/* Whether the other end has hung up. For operations of several steps libssh2 tells which step failed, not why. */
static gboolean has_ended(const SshLink *link)
{
    char byte;
    ssize_t count = recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

void ssh_glue_set_error(SshLink *link, int code, int otherwise, const char *doing, GError **error)
{
    char *text = NULL;
    libssh2_session_last_error(link->session, &text, NULL, 0);
    gboolean has_text = text && *text;
    if (ssh_glue_is_connection_error(code) || has_ended(link)) {
        ssh_glue_cut(link);
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED,
                    "%s: connection lost, could not %s (libssh2 %d%s%s)", link->name, doing, code, has_text ? ": " : "",
                    has_text ? text : "");
    } else {
        g_set_error(error, FFARM_REMOTE_ERROR, otherwise, "%s: could not %s (libssh2 %d%s%s)", link->name, doing, code,
                    has_text ? ": " : "", has_text ? text : "");
    }
}

void ssh_glue_cut(SshLink *link)
{
    link->is_lost = TRUE;
    shutdown(link->fd, SHUT_RDWR);
}

void ssh_glue_set_cancelled(const SshLink *link, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", link->name);
}
