/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <libssh2.h>

G_BEGIN_DECLS

/* ssh_glue.h — the rim around libssh2: waiting, and its error codes in our words. Private to remote/.
 *
 * Every libssh2 session here is non-blocking. A call that answers LIBSSH2_ERROR_EAGAIN is followed by ssh_glue_wait()
 * and made again with the same arguments.
 *
 * Threads: a link belongs to one thread at a time. */

/* The connection below a libssh2 session. */
typedef struct {
    char *name;               /* the host's name; begins every message */
    LIBSSH2_SESSION *session; /* NULL before the handshake and after the end */
    int fd;                   /* socket, non-blocking; borrowed from its owner */
    gint64 received_us;       /* when the last bytes came */
    gsize unwatched_bytes;    /* that came since the last ssh_glue_poll() */
    gboolean is_keeping; /* TRUE: silence is answered with a question, and ends the connection if that has no answer */
    gboolean is_lost;    /* TRUE: nothing can be done any more but ssh_session_free() */
} SshLink;

/* How long one operation may wait. */
typedef struct {
    gint64 started_us;
    gint64 deadline_us;        /* 0 = none; of g_get_monotonic_time() */
    GCancellable *cancellable; /* nullable, borrowed */
    guint linger_ms; /* > 0: cancelling leaves it so much time to come to an end by itself, for libssh2 can't give up
                        half an SFTP operation; what isn't over then costs the connection */
    gint64 linger_until_us; /* set by the first wait that sees the cancellation */
} SshPatience;

/* What ended a wait. */
typedef enum {
    SSH_WAKE_SOCKET, /* call libssh2 again */
    SSH_WAKE_CANCELLED,
    SSH_WAKE_TIME,    /* @until_us has come */
    SSH_WAKE_SILENCE, /* the other side has been silent too long */
} SshWake;

/* Calls libssh2_init() once in this process. Threads: safe. */
void ssh_glue_init(void);

/* "libssh2 1.10.0", of the library that is loaded. Static. */
const char *ssh_glue_versions(void);

/* Makes a non-blocking libssh2 session on @link, which must stay where it is: libssh2 keeps its address. */
void ssh_glue_open(SshLink *link);

SshPatience ssh_patience(gint64 deadline_us, GCancellable *cancellable);
/* TRUE once cancelled; an operation that lingers asks between two libssh2 calls. */
gboolean ssh_patience_is_cancelled(const SshPatience *patience);

/* Waits for the socket in the direction that libssh2 wants, but no longer than until @until_us (0 = as long as it
 * takes). Silence counts from @since_us or from the last bytes, whichever is later. @cancellable: nullable. */
SshWake ssh_glue_poll(SshLink *link, gint64 since_us, gint64 until_us, GCancellable *cancellable);

/* The wait after LIBSSH2_ERROR_EAGAIN. Returns: FALSE with @error when waiting is of no use: G_IO_ERROR_CANCELLED, or
 * DISCONNECTED for the deadline or silence. In both cases the link is lost unless the operation had not begun to
 * linger. */
gboolean ssh_glue_wait(SshLink *link, SshPatience *patience, GError **error);

/* Sets @error for what libssh2 answered: DISCONNECTED (and marks the link lost) where @code is about the connection,
 * else @otherwise of FFARM_REMOTE_ERROR. @doing: what was tried, follows "could not". */
void ssh_glue_set_error(SshLink *link, int code, int otherwise, const char *doing, GError **error);
gboolean ssh_glue_is_connection_error(int code);

/* Takes the connection down for both sides, so that no libssh2 call on it can wait any more. */
void ssh_glue_cut(SshLink *link);

/* G_IO_ERROR_CANCELLED for this host. */
void ssh_glue_set_cancelled(const SshLink *link, GError **error);

G_END_DECLS
