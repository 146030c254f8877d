/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* So much at a time that cancelling is noticed within a fraction of a second on any disk. */
#define PIECE_BYTES ((gint64)4 * 1024 * 1024)

int local_file_meaning(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return FFARM_REMOTE_ERROR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return FFARM_REMOTE_ERROR_PERMISSION;
    case EEXIST:
        return FFARM_REMOTE_ERROR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return FFARM_REMOTE_ERROR_NO_SPACE;
    default:
        return FFARM_REMOTE_ERROR_TRANSFER;
    }
}

gboolean local_file_set_error(const char *host_name, const char *doing, const char *path, int code, int otherwise,
                              GError **error)
{
    int meaning = local_file_meaning(code);
    if (otherwise >= 0 && meaning != FFARM_REMOTE_ERROR_NO_SPACE)
        meaning = otherwise;
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(error, FFARM_REMOTE_ERROR, meaning, "%s: can't %s %s: %s", host_name, doing, shown, g_strerror(code));
    return FALSE;
}

int local_file_open(const char *path, gint64 *size_bytes)
{
    struct stat info;
    /* Without blocking, for somebody may have put a pipe there. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    int code = fstat(fd, &info) != 0 ? errno : S_ISREG(info.st_mode) ? 0 : S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    if (code != 0) {
        close(fd);
        errno = code;
        return -1;
    }
    *size_bytes = info.st_size;
    return fd;
}

static gboolean check_cancelled(const char *host_name, GCancellable *cancellable, GError **error)
{
    if (!g_cancellable_is_cancelled(cancellable))
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", host_name);
    return FALSE;
}

static gboolean set_changed(const char *host_name, const char *path, int code, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(error, FFARM_REMOTE_ERROR, code, "%s: %s changed while it was copied", host_name, shown);
    return FALSE;
}

/* ---- writing ---- */

/* Returns: FALSE with errno. */
static gboolean write_piece(int fd, const guint8 *data, gsize length, gint64 offset)
{
    for (gsize done = 0; done < length;) {
        ssize_t count = pwrite(fd, data + done, length - done, offset + (gint64)done);
        if (count < 0 && errno != EINTR)
            return FALSE;
        done += (gsize)MAX(count, 0);
    }
    return TRUE;
}

static gboolean write_all(const char *host_name, const FfarmUpload *upload, int to, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(PIECE_BYTES);
    for (gint64 done = upload->from_bytes; done < upload->to_bytes;) {
        if (!check_cancelled(host_name, upload->cancellable, error))
            return FALSE;
        ssize_t count = pread(upload->fd, buffer, (gsize)MIN(PIECE_BYTES, upload->to_bytes - done), done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return local_file_set_error(host_name, "read", upload->local_path, errno, FFARM_REMOTE_ERROR_LOCAL_FILE,
                                        error);
        if (count == 0)
            return set_changed(host_name, upload->local_path, FFARM_REMOTE_ERROR_LOCAL_FILE, error);
        if (!write_piece(to, buffer, (gsize)count, done))
            return local_file_set_error(host_name, "write", upload->remote_path, errno, -1, error);
        done += count;
        upload->moved(done, upload->user_data);
    }
    return check_cancelled(host_name, upload->cancellable, error);
}

static gboolean finish_write(const char *host_name, const FfarmUpload *upload, int to, GError **error)
{
    struct stat there;
    if (fsync(to) != 0 || fstat(to, &there) != 0)
        return local_file_set_error(host_name, "write", upload->remote_path, errno, -1, error);
    return there.st_size == upload->to_bytes ||
           set_changed(host_name, upload->remote_path, FFARM_REMOTE_ERROR_TRANSFER, error);
}

gboolean local_file_write(const char *host_name, const FfarmUpload *upload, GError **error)
{
    int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (upload->from_bytes == 0 ? O_CREAT | O_TRUNC : 0);
    int to = open(upload->remote_path, flags, 0600);
    if (to < 0)
        return local_file_set_error(host_name, "write", upload->remote_path, errno, -1, error);
    gboolean is_done = write_all(host_name, upload, to, error) && finish_write(host_name, upload, to, error);
    if (close(to) != 0 && is_done)
        is_done = local_file_set_error(host_name, "write", upload->remote_path, errno, -1, error);
    if (!is_done)
        unlink(upload->remote_path);
    return is_done;
}

/* ---- reading ---- */

static gboolean read_all(const char *host_name, const FfarmDownload *download, int from, gint64 total_bytes,
                         GError **error)
{
    g_autofree guint8 *buffer = g_malloc(PIECE_BYTES);
    for (gint64 done = download->from_bytes; done < total_bytes;) {
        if (!check_cancelled(host_name, download->cancellable, error))
            return FALSE;
        ssize_t count = pread(from, buffer, (gsize)MIN(PIECE_BYTES, total_bytes - done), done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return local_file_set_error(host_name, "read", download->remote_path, errno, -1, error);
        if (count == 0)
            return set_changed(host_name, download->remote_path, FFARM_REMOTE_ERROR_TRANSFER, error);
        if (!download->take(buffer, (gsize)count, download->user_data, error))
            return FALSE;
        done += count;
    }
    return check_cancelled(host_name, download->cancellable, error);
}

gboolean local_file_read(const char *host_name, const FfarmDownload *download, GError **error)
{
    gint64 total_bytes = 0;
    struct stat now;
    int from = local_file_open(download->remote_path, &total_bytes);
    if (from < 0)
        return local_file_set_error(host_name, "read", download->remote_path, errno, -1, error);
    posix_fadvise(from, 0, 0, POSIX_FADV_DONTNEED);
    gboolean is_done = download->begin(total_bytes, download->user_data, error) &&
                       read_all(host_name, download, from, total_bytes, error);
    if (is_done && (fstat(from, &now) != 0 || now.st_size != total_bytes))
        is_done = set_changed(host_name, download->remote_path, FFARM_REMOTE_ERROR_TRANSFER, error);
    close(from);
    return is_done;
}
