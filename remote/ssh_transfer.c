/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_sftp_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Put and get. Buffer sizes decide the speed over long lines: libssh2 keeps as much in flight as it is offered, up to
 * the server's window of 2 MiB, and reads ahead four times the length that it is asked for. */
#define PUT_BYTES ((gsize)4 * 1024 * 1024)
#define GET_BYTES ((gsize)1024 * 1024)
#define FULL_BYTES (1024 * 1024) /* with less than this free, "failure" means a full disk */
#define CLEAN_UP_US (5 * G_USEC_PER_SEC)
#define REPORT_US (100 * G_TIME_SPAN_MILLISECOND)

typedef struct {
    SshSftpCall call;
    LIBSSH2_SFTP_HANDLE *handle;
    int fd; /* the local file */
    const char *local_path;
    char *buffer;
    gint64 total_bytes;
    gint64 done_bytes;
    FfarmTransferFunc progress;
    gpointer user_data;
    gint64 reported_us;
    int local_error; /* errno of a failed read; told when what was read before is through */
} Transfer;

static void report(Transfer *transfer, gboolean is_end)
{
    gint64 now_us = g_get_monotonic_time();
    if (transfer->progress && (is_end || now_us - transfer->reported_us >= REPORT_US)) {
        transfer->reported_us = now_us;
        transfer->progress(transfer->done_bytes, transfer->total_bytes, transfer->user_data);
    }
}

static gboolean set_local_error(Transfer *transfer, int code, const char *doing)
{
    gboolean is_full = code == ENOSPC || code == EDQUOT;
    g_autofree char *name = g_filename_display_name(transfer->local_path);
    g_set_error(transfer->call.error, FFARM_REMOTE_ERROR,
                is_full ? FFARM_REMOTE_ERROR_NO_SPACE : FFARM_REMOTE_ERROR_LOCAL_FILE, "%s: can't %s %s here: %s",
                transfer->call.session->link.name, doing, name, g_strerror(code));
    return FALSE;
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
    g_clear_error(&ignored);
}

/* ---- put ---- */

/* Fills the buffer up behind @length bytes that are left in it. Returns: how many there are now. A failure ends the
 * file, for libssh2 may have sent half of what is there and wants to go on with it. */
static gsize fill(Transfer *transfer, gsize length, gboolean *is_end)
{
    while (!*is_end && length < PUT_BYTES) {
        ssize_t count = read(transfer->fd, transfer->buffer + length, PUT_BYTES - length);
        if (count < 0 && errno != EINTR)
            transfer->local_error = errno;
        *is_end = count == 0 || transfer->local_error != 0;
        length += (gsize)MAX(count, 0);
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
            ssh_sftp_touch(&transfer->call, SSH_SFTP_PATIENCE_US);
            report(transfer, FALSE);
            /* Once cancelled the rest of the buffer goes its way, for it may be half sent; no more is read. */
            is_end = is_end || ssh_patience_is_cancelled(&transfer->call.patience);
        }
    }
}

/* Not every server can; then the size must do. */
static gboolean flush_there(Transfer *transfer)
{
    int code;
    ssh_sftp_touch(&transfer->call, SSH_SFTP_FLUSH_US);
    while ((code = libssh2_sftp_fsync(transfer->handle)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(&transfer->call))
            return FALSE;
    }
    if (code != 0 && ssh_sftp_status(&transfer->call, code) != LIBSSH2_FX_OP_UNSUPPORTED)
        return set_write_error(transfer, code);
    return TRUE;
}

static gboolean finish_put(Transfer *transfer)
{
    gint64 there_bytes = -1;
    struct stat now;
    if (is_cancelled(transfer))
        return FALSE;
    if (transfer->local_error != 0 || fstat(transfer->fd, &now) != 0)
        return set_local_error(transfer, transfer->local_error ? transfer->local_error : errno, "read");
    if (!flush_there(transfer) || !size_there(transfer, &there_bytes))
        return FALSE;
    if (transfer->done_bytes != transfer->total_bytes || now.st_size != transfer->total_bytes) {
        g_autofree char *name = g_filename_display_name(transfer->local_path);
        g_set_error(transfer->call.error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_LOCAL_FILE,
                    "%s: %s changed while it was copied", transfer->call.session->link.name, name);
        return FALSE;
    }
    if (!check_size(transfer, "has", there_bytes, transfer->total_bytes))
        return FALSE;
    int code = close_there(transfer);
    if (code != 0)
        return set_write_error(transfer, code);
    report(transfer, TRUE);
    return TRUE;
}

static gboolean open_source(Transfer *transfer)
{
    struct stat status;
    transfer->fd = open(transfer->local_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (transfer->fd < 0 || fstat(transfer->fd, &status) != 0)
        return set_local_error(transfer, errno, "read");
    if (!S_ISREG(status.st_mode))
        return set_local_error(transfer, S_ISDIR(status.st_mode) ? EISDIR : EINVAL, "read");
    transfer->total_bytes = status.st_size;
    return TRUE;
}

gboolean ssh_sftp_put(SshSession *session, const char *local_path, const char *remote_path, FfarmTransferFunc progress,
                      gpointer user_data, GCancellable *cancellable, GError **error)
{
    g_autofree char *buffer = g_malloc(PUT_BYTES);
    Transfer transfer = {
        .fd = -1, .local_path = local_path, .buffer = buffer, .progress = progress, .user_data = user_data};
    gboolean is_ok = ssh_sftp_begin(&transfer.call, session, remote_path, cancellable, error) &&
                     open_source(&transfer) &&
                     open_there(&transfer, LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC, "make it") &&
                     send_all(&transfer) && finish_put(&transfer);
    if (!is_ok)
        abandon_there(&transfer, TRUE);
    if (transfer.fd >= 0)
        close(transfer.fd);
    return is_ok;
}

/* ---- get ---- */

static gboolean write_here(Transfer *transfer, gsize length)
{
    for (gsize written = 0; written < length;) {
        ssize_t count = write(transfer->fd, transfer->buffer + written, length - written);
        if (count < 0 && errno != EINTR)
            return set_local_error(transfer, errno, "write");
        written += (gsize)MAX(count, 0);
    }
    return TRUE;
}

/* Reads to the end, but never more than was promised: a file that grows without end must not fill the disk. */
static gboolean receive_all(Transfer *transfer)
{
    while (transfer->done_bytes <= transfer->total_bytes) {
        ssize_t count = libssh2_sftp_read(transfer->handle, transfer->buffer, GET_BYTES);
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
        if (!write_here(transfer, (gsize)count))
            return FALSE;
        transfer->done_bytes += count;
        ssh_sftp_touch(&transfer->call, SSH_SFTP_PATIENCE_US);
        report(transfer, FALSE);
    }
    return TRUE;
}

static gboolean finish_get(Transfer *transfer)
{
    gint64 there_bytes = -1;
    if (!size_there(transfer, &there_bytes) || !check_size(transfer, "now has", there_bytes, transfer->total_bytes) ||
        !check_size(transfer, "gave", transfer->done_bytes, transfer->total_bytes))
        return FALSE;
    if (fsync(transfer->fd) != 0)
        return set_local_error(transfer, errno, "write");
    int fd = transfer->fd;
    transfer->fd = -1;
    if (close(fd) != 0)
        return set_local_error(transfer, errno, "write");
    abandon_there(transfer, FALSE);
    report(transfer, TRUE);
    return !is_cancelled(transfer);
}

static gboolean open_target(Transfer *transfer)
{
    transfer->fd = open(transfer->local_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return transfer->fd >= 0 || set_local_error(transfer, errno, "make");
}

gboolean ssh_sftp_get(SshSession *session, const char *remote_path, const char *local_path, FfarmTransferFunc progress,
                      gpointer user_data, GCancellable *cancellable, GError **error)
{
    g_autofree char *buffer = g_malloc(GET_BYTES);
    Transfer transfer = {
        .fd = -1, .local_path = local_path, .buffer = buffer, .progress = progress, .user_data = user_data};
    gboolean is_there = ssh_sftp_begin(&transfer.call, session, remote_path, cancellable, error) &&
                        open_there(&transfer, LIBSSH2_FXF_READ, "open it") &&
                        size_there(&transfer, &transfer.total_bytes);
    gboolean is_made = is_there && open_target(&transfer);
    gboolean is_ok = is_made && receive_all(&transfer) && finish_get(&transfer);
    if (!is_ok)
        abandon_there(&transfer, FALSE);
    if (transfer.fd >= 0)
        close(transfer.fd);
    if (is_made && !is_ok)
        unlink(local_path);
    return is_ok;
}
