/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"
#include "sftp_packet.h"

G_BEGIN_DECLS

/* sftp_client.h — files on a host by SFTP, over the stdin and stdout of a child process such as `ssh -s HOST sftp`.
 * That process only carries bytes: names need no quoting, errors come as codes, and one process serves all files.
 * Private to remote/.
 *
 * Errors:  as those of the functions of the same name in runner.h. After DISCONNECTED only sftp_client_free() is left.
 * Threads: one at a time. */

typedef struct SftpClient SftpClient;

/* Starts @argv and shakes hands. @name: the host's; begins every message.
 * Returns: NULL with @error: CANCELLED, or TRANSFER when no file server answers. */
SftpClient *sftp_client_new(const char *name, const char *const *argv, GCancellable *cancellable, GError **error);
void sftp_client_free(SftpClient *client); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SftpClient, sftp_client_free)

const char *sftp_client_peek_name(const SftpClient *client);

gboolean sftp_client_rename(SftpClient *client, const char *from, const char *to, GCancellable *cancellable,
                            GError **error);
gboolean sftp_client_stat(SftpClient *client, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                          GError **error);
gboolean sftp_client_make_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error);
gboolean sftp_client_remove(SftpClient *client, const char *path, GCancellable *cancellable, GError **error);
gboolean sftp_client_remove_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error);
gboolean sftp_client_space(SftpClient *client, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                           GError **error);

/* ---- for sftp_transfer.c: requests and replies ---- */

typedef struct {
    guint32 id;
    guint8 type;
    SftpReader reader; /* behind the id; borrowed until the next reply */
    guint32 status;    /* of an SFTP_STATUS, else SFTP_OK */
} SftpReply;

/* Begins a request; put the rest into *@packet, then end it. Returns: its id. */
guint32 sftp_client_begin(SftpClient *client, guint8 type, GByteArray **packet);
void sftp_client_end(SftpClient *client);

/* Sends what is to be sent and waits for the next reply, whosever it is. FALSE: CANCELLED (the request stands), or
 * DISCONNECTED. */
gboolean sftp_client_receive(SftpClient *client, SftpReply *reply, GCancellable *cancellable, GError **error);
/* The reply to @id; those to requests of cancelled calls before it are dropped. A server that doesn't answer soon after
 * the cancellation costs the connection. */
gboolean sftp_client_await(SftpClient *client, guint32 id, SftpReply *reply, GCancellable *cancellable, GError **error);

/* Returns: FALSE, with "NAME: could not DOING PATH: reason" for the reply. */
gboolean sftp_client_set_error(SftpClient *client, const SftpReply *reply, const char *doing, const char *path,
                               GError **error);

/* From now on nothing may take longer than @patience_us altogether, else the connection counts as lost; 0 = as usual.
 * For cleaning up after a failure, where nobody wants to wait long. */
void sftp_client_hurry(SftpClient *client, gint64 patience_us);

gboolean sftp_client_open(SftpClient *client, const char *path, guint32 flags, GBytes **handle,
                          GCancellable *cancellable, GError **error);
gboolean sftp_client_close(SftpClient *client, GBytes *handle, const char *path, GError **error);
/* The size of an open file; -1 where the server doesn't say. */
gboolean sftp_client_size(SftpClient *client, GBytes *handle, const char *path, gint64 *size_bytes,
                          GCancellable *cancellable, GError **error);
/* Has the file flushed to the disk there, where the server can. */
gboolean sftp_client_flush(SftpClient *client, GBytes *handle, const char *path, GCancellable *cancellable,
                           GError **error);

G_END_DECLS
