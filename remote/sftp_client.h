/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"
#include "sftp_packet.h"

G_BEGIN_DECLS

/* sftp_client.h — a conversation with a host's SFTP server over the stdin and stdout of a child process such as
 * `ssh -s HOST sftp`. That process only carries bytes: names need no quoting, errors come as codes, and one process
 * serves all files. What is said in it is the business of sftp_file.h and sftp_transfer.h. Private to remote/.
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

/* What the server said that it can do beyond version 3 of the protocol. */
typedef enum {
    SFTP_CAN_POSIX_RENAME = 1 << 0,
    SFTP_CAN_STATVFS = 1 << 1,
    SFTP_CAN_FSYNC = 1 << 2,
} SftpAbility;

gboolean sftp_client_can(const SftpClient *client, SftpAbility ability);

/* ---- requests and replies ---- */

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

/* The same with words of our own. Returns: FALSE. */
gboolean sftp_client_set_problem(const SftpClient *client, int code, const char *doing, const char *path,
                                 const char *why, GError **error);
/* Returns: FALSE with CANCELLED. */
gboolean sftp_client_check_cancelled(const SftpClient *client, GCancellable *cancellable, GError **error);

/* For those who receive replies themselves: whether somebody waited for this one. Returns: FALSE, with DISCONNECTED,
 * when too many in a row are nobody's. */
gboolean sftp_client_note_reply(SftpClient *client, gboolean is_stray, GError **error);

/* How long the server may take for an answer, from now on; 0 = as usual. */
void sftp_client_wait_long(SftpClient *client, gint64 silence_us);

/* From now on nothing may take longer than @patience_us altogether, else the connection counts as lost; 0 = as usual.
 * For cleaning up after a failure, where nobody wants to wait long. */
void sftp_client_hurry(SftpClient *client, gint64 patience_us);

G_END_DECLS
