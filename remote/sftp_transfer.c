/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sftp_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local_file.h"

/* 2 MiB in flight is the window of OpenSSH's server; more would only wait. */
#define PIECE_BYTES (32 * 1024)
#define MAX_IN_FLIGHT 64
#define CLEAN_UP_US (5 * G_USEC_PER_SEC)
#define REPORT_US (100 * G_TIME_SPAN_MILLISECOND)
#define FULL_BYTES (1024 * 1024) /* with less than this free, "failure" means a full disk */

/* A request whose reply is awaited. */
typedef struct {
    guint32 id;
    guint32 length; /* 0: none */
    gint64 offset;
} Piece;

typedef struct {
    SftpClient *client;
    GBytes *handle; /* of the file there */
    int fd;         /* of the file here */
    const char *local_path, *remote_path;
    gint64 total_bytes, done_bytes, next_offset;
    Piece pieces[MAX_IN_FLIGHT];
    guint n_pieces; /* in flight */
    FfarmTransferFunc progress;
    gpointer user_data;
    gint64 reported_us;
    GCancellable *cancellable;
    GError **error;
} Transfer;

static void report(Transfer *transfer, gboolean is_end)
{
    gint64 now_us = g_get_monotonic_time();
    if (transfer->progress && (is_end || now_us - transfer->reported_us >= REPORT_US)) {
        transfer->reported_us = now_us;
        transfer->progress(transfer->done_bytes, transfer->total_bytes, transfer->user_data);
    }
}

static gboolean set_local_error(Transfer *transfer, const char *doing, int code)
{
    return local_file_set_error(sftp_client_peek_name(transfer->client), doing, transfer->local_path, code,
                                FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->error);
}

static gboolean set_size_error(Transfer *transfer, int code, const char *path, const char *problem)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(transfer->error, FFARM_REMOTE_ERROR, code, "%s: %s %s", sftp_client_peek_name(transfer->client), shown,
                problem);
    return FALSE;
}

static Piece *find_piece(Transfer *transfer, guint32 id)
{
    for (guint i = 0; i < MAX_IN_FLIGHT; i++) {
        if (transfer->pieces[i].length > 0 && transfer->pieces[i].id == id)
            return &transfer->pieces[i];
    }
    return NULL;
}

static Piece *free_piece(Transfer *transfer)
{
    for (guint i = 0; i < MAX_IN_FLIGHT; i++) {
        if (transfer->pieces[i].length == 0)
            return &transfer->pieces[i];
    }
    return NULL;
}

/* Begins a READ or WRITE of the piece. */
static GByteArray *begin_piece(Transfer *transfer, Piece *piece, guint8 type, gint64 offset, guint32 length)
{
    GByteArray *packet;
    gsize handle_length;
    gconstpointer handle = g_bytes_get_data(transfer->handle, &handle_length);
    *piece = (Piece){.offset = offset, .length = length};
    piece->id = sftp_client_begin(transfer->client, type, &packet);
    sftp_packet_put_data(packet, handle, handle_length);
    sftp_packet_put_u64(packet, (guint64)offset);
    return packet;
}

/* Waits for the reply to one of the pieces; replies to others belong to cancelled calls. */
static gboolean receive_piece(Transfer *transfer, Piece **piece, SftpReply *reply)
{
    do {
        if (!sftp_client_receive(transfer->client, reply, transfer->cancellable, transfer->error))
            return FALSE;
        *piece = find_piece(transfer, reply->id);
    } while (!*piece);
    return TRUE;
}

/* ---- put ---- */

static gboolean send_piece(Transfer *transfer)
{
    guint8 buffer[PIECE_BYTES];
    ssize_t count = pread(transfer->fd, buffer, sizeof buffer, transfer->next_offset);
    if (count < 0)
        return errno == EINTR || set_local_error(transfer, "read", errno);
    if (count == 0)
        return set_size_error(transfer, FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->local_path,
                              "changed while it was copied");
    GByteArray *packet = begin_piece(transfer, free_piece(transfer), SFTP_WRITE, transfer->next_offset, (guint32)count);
    sftp_packet_put_data(packet, buffer, (gsize)count);
    sftp_client_end(transfer->client);
    transfer->next_offset += count;
    transfer->n_pieces++;
    return TRUE;
}

/* A write that failed without a reason may have met a full disk. */
static gboolean set_write_error(Transfer *transfer, const SftpReply *reply)
{
    gint64 free_bytes = -1;
    SftpReply refusal = *reply;
    gboolean is_full = reply->status == SFTP_FAILURE &&
                       sftp_client_space(transfer->client, transfer->remote_path, &free_bytes, NULL, NULL) &&
                       free_bytes >= 0 && free_bytes < FULL_BYTES;
    if (is_full)
        return set_size_error(transfer, FFARM_REMOTE_ERROR_NO_SPACE, transfer->remote_path,
                              "could not be written, no space left there");
    return sftp_client_set_error(transfer->client, &refusal, "write", transfer->remote_path, transfer->error);
}

static gboolean send_all(Transfer *transfer)
{
    while (transfer->n_pieces > 0 || transfer->next_offset < transfer->total_bytes) {
        while (transfer->n_pieces < MAX_IN_FLIGHT && transfer->next_offset < transfer->total_bytes) {
            if (!send_piece(transfer))
                return FALSE;
        }
        Piece *piece;
        SftpReply reply;
        if (!receive_piece(transfer, &piece, &reply))
            return FALSE;
        if (reply.type != SFTP_STATUS || reply.status != SFTP_OK)
            return set_write_error(transfer, &reply);
        transfer->done_bytes += piece->length;
        piece->length = 0;
        transfer->n_pieces--;
        report(transfer, FALSE);
    }
    return TRUE;
}

static gboolean finish_put(Transfer *transfer)
{
    gint64 there_bytes = -1;
    struct stat now;
    if (!sftp_client_flush(transfer->client, transfer->handle, transfer->remote_path, transfer->cancellable,
                           transfer->error) ||
        !sftp_client_size(transfer->client, transfer->handle, transfer->remote_path, &there_bytes,
                          transfer->cancellable, transfer->error))
        return FALSE;
    if (fstat(transfer->fd, &now) != 0 || now.st_size != transfer->total_bytes)
        return set_size_error(transfer, FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->local_path,
                              "changed while it was copied");
    if (there_bytes != transfer->total_bytes)
        return set_size_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->remote_path,
                              "has another size than what was sent");
    report(transfer, TRUE);
    return TRUE;
}

gboolean sftp_transfer_put(SftpClient *client, const char *local_path, const char *remote_path,
                           FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error)
{
    g_autoptr(GBytes) handle = NULL;
    Transfer transfer = {.client = client,
                         .local_path = local_path,
                         .remote_path = remote_path,
                         .progress = progress,
                         .user_data = user_data,
                         .cancellable = cancellable,
                         .error = error};
    transfer.fd = local_file_open(local_path, &transfer.total_bytes);
    if (transfer.fd < 0)
        return set_local_error(&transfer, "read", errno);
    gboolean is_done = FALSE;
    guint32 flags = SFTP_OPEN_WRITE | SFTP_OPEN_CREATE | SFTP_OPEN_TRUNCATE;
    if (sftp_client_open(client, remote_path, flags, &handle, cancellable, error)) {
        transfer.handle = handle;
        is_done = send_all(&transfer) && finish_put(&transfer);
        sftp_client_hurry(client, is_done ? 0 : CLEAN_UP_US);
        gboolean is_closed = sftp_client_close(client, handle, remote_path, is_done ? error : NULL);
        is_done = is_done && is_closed;
        if (!is_done)
            sftp_client_remove(client, remote_path, NULL, NULL);
        sftp_client_hurry(client, 0);
    }
    close(transfer.fd);
    return is_done;
}

/* ---- get ---- */

static void ask_for(Transfer *transfer, Piece *piece, gint64 offset, guint32 length)
{
    GByteArray *packet = begin_piece(transfer, piece, SFTP_READ, offset, length);
    sftp_packet_put_u32(packet, length);
    sftp_client_end(transfer->client);
}

static gboolean write_here(Transfer *transfer, const guint8 *data, gsize length, gint64 offset)
{
    for (gsize done = 0; done < length;) {
        ssize_t count = pwrite(transfer->fd, data + done, length - done, offset + (gint64)done);
        if (count < 0 && errno != EINTR)
            return set_local_error(transfer, "write", errno);
        done += (gsize)MAX(count, 0);
    }
    return TRUE;
}

/* A server may give less than was asked for; the rest is asked for again. */
static gboolean take_piece(Transfer *transfer, Piece *piece, SftpReply *reply)
{
    gsize length = 0;
    if (reply->type == SFTP_STATUS && reply->status == SFTP_EOF)
        return set_size_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->remote_path,
                              "changed while it was copied");
    const guint8 *data = reply->type == SFTP_DATA ? sftp_reader_data(&reply->reader, &length) : NULL;
    if (!data || length == 0 || length > piece->length)
        return sftp_client_set_error(transfer->client, reply, "read", transfer->remote_path, transfer->error);
    if (!write_here(transfer, data, length, piece->offset))
        return FALSE;
    transfer->done_bytes += (gint64)length;
    if (length < piece->length) {
        ask_for(transfer, piece, piece->offset + (gint64)length, piece->length - (guint32)length);
        return TRUE;
    }
    piece->length = 0;
    transfer->n_pieces--;
    return TRUE;
}

static gboolean receive_all(Transfer *transfer)
{
    while (transfer->n_pieces > 0 || transfer->next_offset < transfer->total_bytes) {
        while (transfer->n_pieces < MAX_IN_FLIGHT && transfer->next_offset < transfer->total_bytes) {
            guint32 length = (guint32)MIN(PIECE_BYTES, transfer->total_bytes - transfer->next_offset);
            ask_for(transfer, free_piece(transfer), transfer->next_offset, length);
            transfer->next_offset += length;
            transfer->n_pieces++;
        }
        Piece *piece;
        SftpReply reply;
        if (!receive_piece(transfer, &piece, &reply) || !take_piece(transfer, piece, &reply))
            return FALSE;
        report(transfer, FALSE);
    }
    return TRUE;
}

static gboolean finish_get(Transfer *transfer)
{
    gint64 there_bytes = -1;
    if (!sftp_client_size(transfer->client, transfer->handle, transfer->remote_path, &there_bytes,
                          transfer->cancellable, transfer->error))
        return FALSE;
    if (there_bytes != transfer->total_bytes)
        return set_size_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->remote_path,
                              "changed while it was copied");
    if (fsync(transfer->fd) != 0)
        return set_local_error(transfer, "write", errno);
    report(transfer, TRUE);
    return TRUE;
}

/* Makes the file here and fills it; on failure it is removed. */
static gboolean get_into_file(Transfer *transfer)
{
    transfer->fd = open(transfer->local_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (transfer->fd < 0)
        return set_local_error(transfer, "make", errno);
    gboolean is_done = receive_all(transfer) && finish_get(transfer);
    if (close(transfer->fd) != 0 && is_done)
        is_done = set_local_error(transfer, "write", errno);
    if (!is_done)
        unlink(transfer->local_path);
    return is_done;
}

gboolean sftp_transfer_get(SftpClient *client, const char *remote_path, const char *local_path,
                           FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error)
{
    g_autoptr(GBytes) handle = NULL;
    Transfer transfer = {.client = client,
                         .local_path = local_path,
                         .remote_path = remote_path,
                         .progress = progress,
                         .user_data = user_data,
                         .cancellable = cancellable,
                         .error = error};
    if (!sftp_client_open(client, remote_path, SFTP_OPEN_READ, &handle, cancellable, error))
        return FALSE;
    transfer.handle = handle;
    gboolean is_done = sftp_client_size(client, handle, remote_path, &transfer.total_bytes, cancellable, error);
    if (is_done && transfer.total_bytes < 0)
        is_done = set_size_error(&transfer, FFARM_REMOTE_ERROR_TRANSFER, remote_path,
                                 "can't be copied, the file server does not tell its size");
    is_done = is_done && get_into_file(&transfer);
    sftp_client_hurry(client, CLEAN_UP_US);
    sftp_client_close(client, handle, remote_path, NULL);
    sftp_client_hurry(client, 0);
    return is_done;
}
