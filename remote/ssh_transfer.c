/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_sftp_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "local_file.h"

/* Writing and reading whole files. Buffer sizes decide the speed over long lines: libssh2 keeps as much in flight as it
 * is offered, up to the server's window of 2 MiB, and reads ahead four times the length that it is asked for. */
#define PUT_BYTES ((gsize)4 * 1024 * 1024)
#define GET_BYTES ((gsize)1024 * 1024)
#define FULL_BYTES (1024 * 1024) /* with less than this free, "failure" means a full disk */
#define CLEAN_UP_US (5 * G_USEC_PER_SEC)

typedef struct {
    SshSftpCall call;
    LIBSSH2_SFTP_HANDLE *handle;
    char *buffer;
    const FfarmUpload *upload; /* or NULL */
    gint64 read_bytes;         /* of the file here, so far */
    gint64 done_bytes;
    int local_error; /* errno of a failed read; told when what was read before is through */
} Transfer;

static gboolean set_local_error(Transfer *transfer, int code)
{
    return local_file_set_error(transfer->call.session->link.name, "read", transfer->upload->local_path, code,
                                FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->call.error);
}

static gboolean is_cancelled(Transfer *transfer)
{
    if (!ssh_patience_is_cancelled(&transfer->call.patience))
        return FALSE;
    ssh_glue_set_cancelled(&transfer->call.session->link, transfer->call.error);
    return TRUE;
}

/* ---- the file there ---- */

static gboolean open_there(Transfer *transfer, unsigned long flags, const char *doing)
{
    SshSftpCall *call = &transfer->call;
    const char *path = call->path;
    while (!(transfer->handle =
                 libssh2_sftp_open_ex(call->sftp, path, (unsigned)strlen(path), flags, 0600, LIBSSH2_SFTP_OPENFILE))) {
        int code = libssh2_session_last_errno(call->session->link.session);
        if (code != LIBSSH2_ERROR_EAGAIN)
            return ssh_sftp_set_error(call, code, doing);
        if (!ssh_sftp_wait(call))
            return FALSE;
    }
    return TRUE;
}

/* Returns: 0 or libssh2's error. The handle is gone in any case. */
static int close_there(Transfer *transfer)
{
    int code;
    LIBSSH2_SFTP_HANDLE *handle = g_steal_pointer(&transfer->handle);
    while ((code = libssh2_sftp_close_handle(handle)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(&transfer->call))
            break;
    }
    return code;
}

/* Returns: FALSE with error set, also where the server doesn't say. */
static gboolean size_there(Transfer *transfer, gint64 *size_bytes)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes = {0};
    int code;
    while ((code = libssh2_sftp_fstat_ex(transfer->handle, &attributes, 0)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(&transfer->call))
            return FALSE;
    }
    if (code != 0)
        return ssh_sftp_set_error(&transfer->call, code, "ask for its size");
    *size_bytes =
        (attributes.flags & LIBSSH2_SFTP_ATTR_SIZE) ? (gint64)MIN(attributes.filesize, (guint64)G_MAXINT64) : -1;
    return TRUE;
}

static gboolean check_size(Transfer *transfer, const char *whose, gint64 found_bytes, gint64 wanted_bytes)
{
    if (found_bytes == wanted_bytes)
        return TRUE;
    g_set_error(transfer->call.error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                "%s: %s: %s %" G_GINT64_FORMAT " bytes where %" G_GINT64_FORMAT " were expected",
                transfer->call.session->link.name, transfer->call.path, whose, found_bytes, wanted_bytes);
    return FALSE;
}

/* Closes and, if @is_removed, removes the file there, as far as the connection still allows. Sets no error. */
static void abandon_there(Transfer *transfer, gboolean is_removed)
{
    GError *ignored = NULL;
    SshSftpCall *call = &transfer->call;
    GError **error = call->error;
    if (!transfer->handle)
        return;
    if (call->session->link.is_lost) { /* frees what was in flight; the socket is shut, so nothing waits */
        libssh2_sftp_close_handle(g_steal_pointer(&transfer->handle));
        return;
    }
    call->error = &ignored;
    ssh_sftp_touch(call, CLEAN_UP_US);
    if (close_there(transfer) != LIBSSH2_ERROR_EAGAIN && is_removed)
        ssh_sftp_unlink(call, call->path);
    call->error = error;
    g_clear_error(&ignored);
}

/* ---- writing ---- */

/* Fills the buffer up behind @length bytes that are left in it. Returns: how many there are now. A failure ends the
 * file, for libssh2 may have sent half of what is there and wants to go on with it. */
static gsize fill(Transfer *transfer, gsize length, gboolean *is_end)
{
    const FfarmUpload *upload = transfer->upload;
    while (!*is_end && length < PUT_BYTES) {
        gsize wanted = (gsize)MIN((gint64)(PUT_BYTES - length), upload->to_bytes - transfer->read_bytes);
        ssize_t count = wanted ? pread(upload->fd, transfer->buffer + length, wanted, transfer->read_bytes) : 0;
        if (count < 0 && errno != EINTR)
            transfer->local_error = errno;
        *is_end = count == 0 || transfer->local_error != 0;
        length += (gsize)MAX(count, 0);
        transfer->read_bytes += MAX(count, 0);
    }
    return length;
}

/* A write that failed without a reason may have met a full disk. */
static gboolean set_write_error(Transfer *transfer, int code)
{
    SshSftpCall *call = &transfer->call;
    if (ssh_sftp_status(call, code) == LIBSSH2_FX_FAILURE) {
        gint64 free_bytes = ssh_sftp_free_bytes(call, call->path);
        if (free_bytes >= 0 && free_bytes < FULL_BYTES) {
            g_set_error(call->error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NO_SPACE,
                        "%s: %s: could not write it: no space left there", call->session->link.name, call->path);
            return FALSE;
        }
        g_set_error(call->error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                    "%s: %s: could not write it: the server gives error 4", call->session->link.name, call->path);
        return FALSE;
    }
    return ssh_sftp_set_error(call, code, "write it");
}

/* libssh2 returns from a write when a part has been acknowledged; it is called again with the rest of the same data, to
 * which more is added when half of the buffer is through. */
static gboolean send_all(Transfer *transfer)
{
    gsize start = 0, end = 0;
    gboolean is_end = FALSE;
    for (;;) {
        if (end - start <= PUT_BYTES / 2 && !is_end) {
            memmove(transfer->buffer, transfer->buffer + start, end - start);
            end = fill(transfer, end - start, &is_end);
            start = 0;
        }
        if (start == end)
            return TRUE;
        ssize_t count = libssh2_sftp_write(transfer->handle, transfer->buffer + start, end - start);
        if (count == LIBSSH2_ERROR_EAGAIN) {
            if (!ssh_sftp_wait(&transfer->call))
                return FALSE;
        } else if (count < 0) {
            return set_write_error(transfer, (int)count);
        } else {
            start += (gsize)count;
            transfer->done_bytes += count;
            ssh_sftp_touch(&transfer->call, FFARM_TRANSFER_STALL_US);
            transfer->upload->moved(transfer->done_bytes, transfer->upload->user_data);
            /* Once cancelled the rest of the buffer goes its way, for it may be half sent; no more is read. */
            is_end = is_end || ssh_patience_is_cancelled(&transfer->call.patience);
        }
    }
}

/* Not every server can, or may. */
static gboolean flush_there(Transfer *transfer)
{
    int code;
    ssh_sftp_touch(&transfer->call, SSH_SFTP_FLUSH_US);
    while ((code = libssh2_sftp_fsync(transfer->handle)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(&transfer->call))
            return FALSE;
    }
    unsigned long status = ssh_sftp_status(&transfer->call, code);
    if (code != 0 && status != LIBSSH2_FX_OP_UNSUPPORTED && status != LIBSSH2_FX_PERMISSION_DENIED)
        return set_write_error(transfer, code);
    return TRUE;
}

static gboolean finish_write(Transfer *transfer)
{
    gint64 there_bytes = -1;
    const FfarmUpload *upload = transfer->upload;
    if (is_cancelled(transfer))
        return FALSE;
    if (transfer->local_error != 0)
        return set_local_error(transfer, transfer->local_error);
    if (!flush_there(transfer) || !size_there(transfer, &there_bytes))
        return FALSE;
    if (transfer->done_bytes != upload->to_bytes) {
        g_autofree char *name = g_filename_display_name(upload->local_path);
        g_set_error(transfer->call.error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_LOCAL_FILE,
                    "%s: %s changed while it was copied", transfer->call.session->link.name, name);
        return FALSE;
    }
    if (!check_size(transfer, "has", there_bytes, upload->to_bytes))
        return FALSE;
    int code = close_there(transfer);
    return code == 0 || set_write_error(transfer, code);
}

static gboolean open_target(Transfer *transfer)
{
    unsigned long flags = LIBSSH2_FXF_WRITE;
    if (transfer->upload->from_bytes == 0)
        flags |= LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC;
    if (!open_there(transfer, flags, "make it"))
        return FALSE;
    libssh2_sftp_seek64(transfer->handle, (libssh2_uint64_t)transfer->upload->from_bytes);
    return TRUE;
}

gboolean ssh_sftp_write(SshSession *session, const FfarmUpload *upload, GError **error)
{
    g_autofree char *buffer = g_malloc(PUT_BYTES);
    Transfer transfer = {
        .upload = upload, .buffer = buffer, .read_bytes = upload->from_bytes, .done_bytes = upload->from_bytes};
    gboolean is_ok = ssh_sftp_begin(&transfer.call, session, upload->remote_path, upload->cancellable, error) &&
                     open_target(&transfer) && send_all(&transfer) && finish_write(&transfer);
    if (!is_ok)
        abandon_there(&transfer, TRUE);
    return is_ok;
}

/* ---- reading ---- */

/* Reads to the end, but never more than was promised: a file that grows without end must not fill the disk. */
static gboolean receive_all(Transfer *transfer, const FfarmDownload *download, gint64 total_bytes)
{
    while (transfer->done_bytes < total_bytes) {
        gsize wanted = (gsize)MIN((gint64)GET_BYTES, total_bytes - transfer->done_bytes);
        ssize_t count = libssh2_sftp_read(transfer->handle, transfer->buffer, wanted);
        if (count == LIBSSH2_ERROR_EAGAIN) {
            if (!ssh_sftp_wait(&transfer->call))
                return FALSE;
            continue;
        }
        if (count < 0)
            return ssh_sftp_set_error(&transfer->call, (int)count, "read it");
        if (is_cancelled(transfer))
            return FALSE;
        if (count == 0)
            return TRUE;
        if (!download->take((const guint8 *)transfer->buffer, (gsize)count, download->user_data, transfer->call.error))
            return FALSE;
        transfer->done_bytes += count;
        ssh_sftp_touch(&transfer->call, FFARM_TRANSFER_STALL_US);
    }
    return TRUE;
}

static gboolean check_is_known(Transfer *transfer, gint64 total_bytes)
{
    if (total_bytes < 0)
        g_set_error(transfer->call.error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                    "%s: %s: can't be copied, the file server does not tell its size",
                    transfer->call.session->link.name, transfer->call.path);
    return total_bytes >= 0;
}

static gboolean read_all(Transfer *transfer, const FfarmDownload *download)
{
    gint64 total_bytes = -1, there_bytes = -1;
    if (!size_there(transfer, &total_bytes) || !check_is_known(transfer, total_bytes) ||
        !download->begin(total_bytes, download->user_data, transfer->call.error))
        return FALSE;
    libssh2_sftp_seek64(transfer->handle, (libssh2_uint64_t)transfer->done_bytes);
    return receive_all(transfer, download, total_bytes) && size_there(transfer, &there_bytes) &&
           check_size(transfer, "now has", there_bytes, total_bytes) &&
           check_size(transfer, "gave", transfer->done_bytes, total_bytes);
}

gboolean ssh_sftp_read(SshSession *session, const FfarmDownload *download, GError **error)
{
    g_autofree char *buffer = g_malloc(GET_BYTES);
    Transfer transfer = {.buffer = buffer, .done_bytes = download->from_bytes};
    gboolean is_ok = ssh_sftp_begin(&transfer.call, session, download->remote_path, download->cancellable, error) &&
                     open_there(&transfer, LIBSSH2_FXF_READ, "open it") && read_all(&transfer, download);
    abandon_there(&transfer, FALSE);
    return is_ok && !is_cancelled(&transfer);
}
