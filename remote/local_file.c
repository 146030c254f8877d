/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* So much at a time that cancelling is noticed within a fraction of a second on any disk. */
#define PIECE_BYTES (4 * 1024 * 1024)

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

/* Moves one piece by the kernel alone where it can (copies on one file system may share blocks), else through memory.
 * Returns: bytes moved, 0 at the end, -1 with errno; *@is_write tells whose failure it was. */
static ssize_t move_piece(int from, int to, char **buffer, gboolean *is_write)
{
    *is_write = FALSE;
    if (!*buffer) {
        ssize_t count = copy_file_range(from, NULL, to, NULL, PIECE_BYTES, 0);
        /* An end at once may be a file system that doesn't know better, such as /proc. */
        if (count > 0)
            return count;
        *buffer = g_malloc(PIECE_BYTES);
    }
    ssize_t count = read(from, *buffer, PIECE_BYTES);
    for (ssize_t done = 0; done < count;) {
        ssize_t written = write(to, *buffer + done, (gsize)(count - done));
        if (written < 0 && errno != EINTR) {
            *is_write = TRUE;
            return -1;
        }
        done += MAX(written, 0);
    }
    return count;
}

static gboolean set_read_error(const LocalCopy *copy, int code, GError **error)
{
    return local_file_set_error(copy->host_name, "read", copy->from, code,
                                copy->is_from_here ? FFARM_REMOTE_ERROR_LOCAL_FILE : -1, error);
}

static gboolean set_write_error(const LocalCopy *copy, int code, GError **error)
{
    return local_file_set_error(copy->host_name, "write", copy->to, code,
                                copy->is_from_here ? -1 : FFARM_REMOTE_ERROR_LOCAL_FILE, error);
}

static gboolean move_all(const LocalCopy *copy, int from, int to, gint64 total_bytes, gint64 *done_bytes,
                         GError **error)
{
    g_autofree char *buffer = NULL;
    for (;;) {
        if (g_cancellable_is_cancelled(copy->cancellable)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", copy->host_name);
            return FALSE;
        }
        gboolean is_write = FALSE;
        ssize_t count = move_piece(from, to, &buffer, &is_write);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return is_write ? set_write_error(copy, errno, error) : set_read_error(copy, errno, error);
        if (count == 0)
            return TRUE;
        *done_bytes += count;
        if (copy->progress)
            copy->progress(*done_bytes, total_bytes, copy->user_data);
    }
}

static gboolean fill_and_check(const LocalCopy *copy, int from, int to, gint64 total_bytes, GError **error)
{
    gint64 done_bytes = 0;
    struct stat now, there;
    if (!move_all(copy, from, to, total_bytes, &done_bytes, error))
        return FALSE;
    if (fsync(to) != 0 || fstat(to, &there) != 0)
        return set_write_error(copy, errno, error);
    if (fstat(from, &now) != 0)
        return set_read_error(copy, errno, error);
    if (done_bytes == total_bytes && now.st_size == total_bytes && there.st_size == total_bytes)
        return TRUE;
    g_autofree char *shown = g_filename_display_name(copy->from);
    g_set_error(error, FFARM_REMOTE_ERROR,
                copy->is_from_here ? FFARM_REMOTE_ERROR_LOCAL_FILE : FFARM_REMOTE_ERROR_TRANSFER,
                "%s: %s changed while it was copied", copy->host_name, shown);
    return FALSE;
}

gboolean local_file_copy(const LocalCopy *copy, GError **error)
{
    gint64 total_bytes = 0;
    int from = local_file_open(copy->from, &total_bytes);
    if (from < 0)
        return set_read_error(copy, errno, error);
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (copy->is_new ? O_EXCL : O_TRUNC);
    int to = open(copy->to, flags, 0600);
    gboolean is_made = to >= 0;
    gboolean is_done =
        is_made ? fill_and_check(copy, from, to, total_bytes, error) : set_write_error(copy, errno, error);
    close(from);
    if (is_made && close(to) != 0 && is_done)
        is_done = set_write_error(copy, errno, error);
    if (is_made && !is_done)
        unlink(copy->to);
    return is_done;
}
