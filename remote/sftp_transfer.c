/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sftp_transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "local_file.h"
#include "sftp_file.h"

/* 2 MiB in flight is the window of OpenSSH's server; more would only wait. */
#define PIECE_BYTES (32 * 1024)
#define MAX_IN_FLIGHT 64
#define CLEAN_UP_US (5 * G_USEC_PER_SEC)
#define FULL_BYTES (1024 * 1024) /* with less than this free, "failure" means a full disk */

/* A piece of the file that is on its way. */
typedef struct {
    guint32 id; /* of the request whose reply is awaited */
    guint32 length;
    guint32 done; /* bytes of it that are through */
    gint64 offset;
} Piece;

typedef struct {
    SftpClient *client;
    GBytes *handle; /* of the file there */
    const char *remote_path;
    gint64 next_offset, total_bytes;
    Piece pieces[MAX_IN_FLIGHT]; /* in the order of the file; a ring */
    guint first, n_pieces;
    guint8
        *buffer; /* of the ring, PIECE_BYTES each: replies come in any order, but are handed on in that of the file */
    GCancellable *cancellable;
    GError **error;
} Transfer;

static gboolean set_file_error(Transfer *transfer, int code, const char *path, const char *problem)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(transfer->error, FFARM_REMOTE_ERROR, code, "%s: %s %s", sftp_client_peek_name(transfer->client), shown,
                problem);
    return FALSE;
}

static guint slot(const Transfer *transfer, guint i)
{
    return (transfer->first + i) % MAX_IN_FLIGHT;
}

static Piece *find_piece(Transfer *transfer, guint32 id)
{
    for (guint i = 0; i < transfer->n_pieces; i++) {
        Piece *piece = &transfer->pieces[slot(transfer, i)];
        if (piece->id == id && piece->done < piece->length)
            return piece;
    }
    return NULL;
}

static gboolean has_room(const Transfer *transfer)
{
    return transfer->n_pieces < MAX_IN_FLIGHT && transfer->next_offset < transfer->total_bytes;
}

static Piece *add_piece(Transfer *transfer, guint32 length)
{
    Piece *piece = &transfer->pieces[slot(transfer, transfer->n_pieces++)];
    *piece = (Piece){.offset = transfer->next_offset, .length = length};
    transfer->next_offset += length;
    return piece;
}

/* Begins a READ or WRITE of what is left of the piece. */
static GByteArray *begin_request(Transfer *transfer, Piece *piece, guint8 type)
{
    GByteArray *packet;
    gsize handle_length;
    gconstpointer handle = g_bytes_get_data(transfer->handle, &handle_length);
    piece->id = sftp_client_begin(transfer->client, type, &packet);
    sftp_packet_put_data(packet, handle, handle_length);
    sftp_packet_put_u64(packet, (guint64)(piece->offset + piece->done));
    return packet;
}

/* Waits for the reply to one of the pieces; replies to others belong to cancelled calls. */
static gboolean receive_piece(Transfer *transfer, Piece **piece, SftpReply *reply)
{
    do {
        if (!sftp_client_receive(transfer->client, reply, transfer->cancellable, transfer->error))
            return FALSE;
        *piece = find_piece(transfer, reply->id);
        if (!sftp_client_note_reply(transfer->client, !*piece, transfer->error))
            return FALSE;
    } while (!*piece);
    sftp_client_hurry(transfer->client, FFARM_TRANSFER_STALL_US);
    return TRUE;
}

/* Lets go of the pieces at the beginning that are through. @download: nullable; gets them. */
static gboolean shift(Transfer *transfer, const FfarmDownload *download)
{
    while (transfer->n_pieces > 0) {
        const Piece *piece = &transfer->pieces[transfer->first];
        if (piece->done < piece->length)
            break;
        if (download && !download->take(transfer->buffer + (gsize)transfer->first * PIECE_BYTES, piece->length,
                                        download->user_data, transfer->error))
            return FALSE;
        transfer->first = slot(transfer, 1);
        transfer->n_pieces--;
    }
    return TRUE;
}

/* ---- writing ---- */

static gboolean send_piece(Transfer *transfer, const FfarmUpload *upload)
{
    guint8 buffer[PIECE_BYTES];
    gsize wanted = (gsize)MIN((gint64)sizeof buffer, transfer->total_bytes - transfer->next_offset);
    ssize_t count = pread(upload->fd, buffer, wanted, transfer->next_offset);
    if (count < 0)
        return errno == EINTR ||
               local_file_set_error(sftp_client_peek_name(transfer->client), "read", upload->local_path, errno,
                                    FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->error);
    if (count == 0)
        return set_file_error(transfer, FFARM_REMOTE_ERROR_LOCAL_FILE, upload->local_path,
                              "changed while it was copied");
    GByteArray *packet = begin_request(transfer, add_piece(transfer, (guint32)count), SFTP_WRITE);
    sftp_packet_put_data(packet, buffer, (gsize)count);
    sftp_client_end(transfer->client);
    return TRUE;
}

/* A write that failed without a reason may have met a full disk. */
static gboolean set_write_error(Transfer *transfer, const SftpReply *reply)
{
    gint64 free_bytes = -1;
    SftpReply refusal = *reply;
    gboolean is_full = reply->status == SFTP_FAILURE &&
                       sftp_file_space(transfer->client, transfer->remote_path, &free_bytes, NULL, NULL) &&
                       free_bytes >= 0 && free_bytes < FULL_BYTES;
    if (is_full)
        return set_file_error(transfer, FFARM_REMOTE_ERROR_NO_SPACE, transfer->remote_path,
                              "could not be written, no space left there");
    return sftp_client_set_error(transfer->client, &refusal, "write", transfer->remote_path, transfer->error);
}

static gboolean send_all(Transfer *transfer, const FfarmUpload *upload)
{
    while (transfer->n_pieces > 0 || has_room(transfer)) {
        while (has_room(transfer)) {
            if (!send_piece(transfer, upload))
                return FALSE;
        }
        Piece *piece;
        SftpReply reply;
        if (!receive_piece(transfer, &piece, &reply))
            return FALSE;
        if (reply.type != SFTP_STATUS || reply.status != SFTP_OK)
            return set_write_error(transfer, &reply);
        piece->done = piece->length;
        shift(transfer, NULL);
        gint64 done_bytes = transfer->n_pieces > 0 ? transfer->pieces[transfer->first].offset : transfer->next_offset;
        upload->moved(done_bytes, upload->user_data);
    }
    return TRUE;
}

/* The file's size there now must be the one that it has to have. */
static gboolean check_size(Transfer *transfer, const char *problem)
{
    gint64 there_bytes = -1;
    if (!sftp_file_size(transfer->client, transfer->handle, transfer->remote_path, &there_bytes, transfer->cancellable,
                        transfer->error))
        return FALSE;
    return there_bytes == transfer->total_bytes ||
           set_file_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->remote_path, problem);
}

static gboolean write_all(Transfer *transfer, const FfarmUpload *upload)
{
    sftp_client_hurry(transfer->client, FFARM_TRANSFER_STALL_US);
    gboolean is_sent = send_all(transfer, upload);
    sftp_client_hurry(transfer->client, 0);
    return is_sent &&
           sftp_file_flush(transfer->client, transfer->handle, transfer->remote_path, transfer->cancellable,
                           transfer->error) &&
           check_size(transfer, "has another size than what was sent");
}

gboolean sftp_transfer_write(SftpClient *client, const FfarmUpload *upload, GError **error)
{
    g_autoptr(GBytes) handle = NULL;
    guint32 flags = SFTP_OPEN_WRITE | (upload->from_bytes == 0 ? SFTP_OPEN_CREATE | SFTP_OPEN_TRUNCATE : 0);
    if (!sftp_file_open(client, upload->remote_path, flags, &handle, upload->cancellable, error))
        return FALSE;
    Transfer transfer = {.client = client,
                         .handle = handle,
                         .remote_path = upload->remote_path,
                         .next_offset = upload->from_bytes,
                         .total_bytes = upload->to_bytes,
                         .cancellable = upload->cancellable,
                         .error = error};
    gboolean is_done = write_all(&transfer, upload);
    sftp_client_hurry(client, is_done ? 0 : CLEAN_UP_US);
    gboolean is_closed = sftp_file_close(client, handle, upload->remote_path, is_done ? error : NULL);
    is_done = is_done && is_closed;
    if (!is_done)
        sftp_file_remove(client, upload->remote_path, NULL, NULL);
    sftp_client_hurry(client, 0);
    return is_done;
}

/* ---- reading ---- */

static void ask_for(Transfer *transfer, Piece *piece)
{
    GByteArray *packet = begin_request(transfer, piece, SFTP_READ);
    sftp_packet_put_u32(packet, piece->length - piece->done);
    sftp_client_end(transfer->client);
}

/* A server may give less than was asked for; the rest is asked for again. */
static gboolean take_reply(Transfer *transfer, Piece *piece, SftpReply *reply)
{
    gsize length = 0;
    if (reply->type == SFTP_STATUS && reply->status == SFTP_EOF)
        return set_file_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->remote_path,
                              "changed while it was copied");
    const guint8 *data = reply->type == SFTP_DATA ? sftp_reader_data(&reply->reader, &length) : NULL;
    if (!data || length == 0 || length > piece->length - piece->done)
        return sftp_client_set_error(transfer->client, reply, "read", transfer->remote_path, transfer->error);
    gsize index = (gsize)(piece - transfer->pieces);
    memcpy(transfer->buffer + index * PIECE_BYTES + piece->done, data, length);
    piece->done += (guint32)length;
    if (piece->done < piece->length)
        ask_for(transfer, piece);
    return TRUE;
}

static gboolean receive_all(Transfer *transfer, const FfarmDownload *download)
{
    while (transfer->n_pieces > 0 || has_room(transfer)) {
        while (has_room(transfer)) {
            guint32 length = (guint32)MIN(PIECE_BYTES, transfer->total_bytes - transfer->next_offset);
            ask_for(transfer, add_piece(transfer, length));
        }
        Piece *piece;
        SftpReply reply;
        if (!receive_piece(transfer, &piece, &reply) || !take_reply(transfer, piece, &reply) ||
            !shift(transfer, download))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_all(Transfer *transfer, const FfarmDownload *download)
{
    if (!sftp_file_size(transfer->client, transfer->handle, transfer->remote_path, &transfer->total_bytes,
                        transfer->cancellable, transfer->error))
        return FALSE;
    if (transfer->total_bytes < 0)
        return set_file_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->remote_path,
                              "can't be copied, the file server does not tell its size");
    if (!download->begin(transfer->total_bytes, download->user_data, transfer->error))
        return FALSE;
    g_autofree guint8 *buffer = g_malloc((gsize)MAX_IN_FLIGHT * PIECE_BYTES);
    transfer->buffer = buffer;
    sftp_client_hurry(transfer->client, FFARM_TRANSFER_STALL_US);
    gboolean is_received = receive_all(transfer, download);
    sftp_client_hurry(transfer->client, 0);
    return is_received && check_size(transfer, "changed while it was copied");
}

gboolean sftp_transfer_read(SftpClient *client, const FfarmDownload *download, GError **error)
{
    g_autoptr(GBytes) handle = NULL;
    if (!sftp_file_open(client, download->remote_path, SFTP_OPEN_READ, &handle, download->cancellable, error))
        return FALSE;
    Transfer transfer = {.client = client,
                         .handle = handle,
                         .remote_path = download->remote_path,
                         .next_offset = download->from_bytes,
                         .cancellable = download->cancellable,
                         .error = error};
    gboolean is_done = read_all(&transfer, download);
    sftp_client_hurry(client, CLEAN_UP_US);
    sftp_file_close(client, handle, download->remote_path, NULL);
    sftp_client_hurry(client, 0);
    return is_done;
}
