/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"
#include "ssh_session.h"

G_BEGIN_DECLS

/* ssh_sftp.h — files on the other side by SFTP: the file half of runner_private.h. Private to remote/.
 *
 * The SFTP channel is opened when first needed and kept. libssh2 can't give up half an operation: one that is cancelled
 * gets a moment to end by itself, and costs the connection if it doesn't.
 *
 * Threads: that of the session, one operation at a time. */

gboolean ssh_sftp_write(SshSession *session, const FfarmUpload *upload, GError **error);
gboolean ssh_sftp_read(SshSession *session, const FfarmDownload *download, GError **error);
gboolean ssh_sftp_rename(SshSession *session, const char *from, const char *to, GCancellable *cancellable,
                         GError **error);
gboolean ssh_sftp_stat(SshSession *session, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                       GError **error);
gboolean ssh_sftp_make_dir(SshSession *session, const char *path, GCancellable *cancellable, GError **error);
gboolean ssh_sftp_remove(SshSession *session, const char *path, GCancellable *cancellable, GError **error);
gboolean ssh_sftp_remove_dir(SshSession *session, const char *path, GCancellable *cancellable, GError **error);
gboolean ssh_sftp_space(SshSession *session, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                        GError **error);

G_END_DECLS
