/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sftp_client.h"

G_BEGIN_DECLS

/* sftp_file.h — single operations on a host's files and folders by SFTP: those of runner_private.h, and what
 * sftp_transfer.c needs of open files. Private to remote/.
 *
 * Threads: those of the client. */

gboolean sftp_file_rename(SftpClient *client, const char *from, const char *to, GCancellable *cancellable,
                          GError **error);
gboolean sftp_file_stat(SftpClient *client, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                        GError **error);
gboolean sftp_file_make_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error);
gboolean sftp_file_remove(SftpClient *client, const char *path, GCancellable *cancellable, GError **error);
gboolean sftp_file_remove_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error);
gboolean sftp_file_space(SftpClient *client, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                         GError **error);

/* *@handle: to be closed; new. */
gboolean sftp_file_open(SftpClient *client, const char *path, guint32 flags, GBytes **handle, GCancellable *cancellable,
                        GError **error);
gboolean sftp_file_close(SftpClient *client, GBytes *handle, const char *path, GError **error);
/* The size of an open file; -1 where the server doesn't say. */
gboolean sftp_file_size(SftpClient *client, GBytes *handle, const char *path, gint64 *size_bytes,
                        GCancellable *cancellable, GError **error);
/* Has the file flushed to the disk there, where the server can. */
gboolean sftp_file_flush(SftpClient *client, GBytes *handle, const char *path, GCancellable *cancellable,
                         GError **error);

G_END_DECLS
