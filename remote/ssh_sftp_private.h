/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ssh_sftp.h"

G_BEGIN_DECLS

/* ssh_sftp_private.h — what ssh_sftp.c (single operations) and ssh_transfer.c (whole files) share.
 *
 * Each call here waits until libssh2 has an answer. They return libssh2's answer (>= 0, or an error that
 * ssh_sftp_set_error() puts into words), or LIBSSH2_ERROR_EAGAIN with @error set when waiting ended early. */

/* One operation: session, patience, and what it is about. */
typedef struct {
    SshSession *session;
    LIBSSH2_SFTP *sftp;
    SshPatience patience;
    const char *path; /* there; for messages */
    GError **error;
} SshSftpCall;

/* Starts an operation; opens SFTP if need be. @call is filled in any case. */
gboolean ssh_sftp_begin(SshSftpCall *call, SshSession *session, const char *path, GCancellable *cancellable,
                        GError **error);

/* Waits after LIBSSH2_ERROR_EAGAIN. Returns: FALSE with the call's error when that is of no use. */
gboolean ssh_sftp_wait(SshSftpCall *call);

/* Gives the operation a new span of time: something moved. */
void ssh_sftp_touch(SshSftpCall *call, gint64 patience_us);

int ssh_sftp_lstat(SshSftpCall *call, const char *path, LIBSSH2_SFTP_ATTRIBUTES *attributes);
int ssh_sftp_unlink(SshSftpCall *call, const char *path);
/* Returns: free bytes, or -1. Sets no error. */
gint64 ssh_sftp_free_bytes(SshSftpCall *call, const char *path);

/* Sets the call's error for what libssh2 answered, if it isn't set yet. @doing: follows "could not".
 * Returns: FALSE, always. */
gboolean ssh_sftp_set_error(SshSftpCall *call, int code, const char *doing);

/* What the server said of the last operation: LIBSSH2_FX_...; 0 when it isn't about that. */
unsigned long ssh_sftp_status(SshSftpCall *call, int code);

#define SSH_SFTP_PATIENCE_US (30 * G_USEC_PER_SEC) /* for one answer */
#define SSH_SFTP_FLUSH_US (600 * G_USEC_PER_SEC)   /* for gigabytes to reach a slow disk */

G_END_DECLS
