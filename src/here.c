/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "here.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "job_error.h"

#define PIECE_BYTES (1024 * 1024)

static gboolean write_little(int fd)
{
    static const char block[4096] = {0};
    for (size_t done = 0; done < sizeof block;) {
        ssize_t count = write(fd, block + done, sizeof block - done);
        if (count < 0 && errno != EINTR)
            return FALSE;
        done += (size_t)MAX(count, 0);
    }
    return fsync(fd) == 0 || errno == EINVAL;
}

/* A file without a name, which changes nothing in the folder; where there are none, one of the name @path. */
static int make_file(const char *path, const char *folder, gboolean *has_name)
{
    int fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    *has_name = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    if (!*has_name)
        return fd;
    /* What an encode may have left there belongs to whoever ran it. */
    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Returns: 0 or an errno. */
static int try_to_write(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    gboolean has_name = FALSE;
    int fd = make_file(path, folder, &has_name);
    if (fd < 0)
        return errno;
    int code = write_little(fd) ? 0 : errno;
    if (close(fd) != 0 && code == 0)
        code = errno;
    if (has_name && unlink(path) != 0 && code == 0)
        code = errno;
    return code;
}

static gboolean fail_folder(const char *path, FfarmJobError code, int reason, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    return ffarm_job_fail(error, code, folder, "nothing can be written there: %s", g_strerror(reason));
}

gboolean ffarm_here_can_write(const char *result, FfarmJobError code, const char *destination, GError **error)
{
    int reason = try_to_write(result);
    if (reason != 0)
        return fail_folder(result, code, reason, error);
    g_autofree char *folder = g_path_get_dirname(destination);
    if (access(folder, W_OK | X_OK) != 0 && errno != ENOENT)
        return fail_folder(destination, FFARM_JOB_ERROR_REPLACE, errno, error);
    return TRUE;
}

static gboolean read_all(int fd, GCancellable *cancellable)
{
    g_autofree char *buffer = g_malloc(PIECE_BYTES);
    for (ssize_t count = 1; count != 0 && !g_cancellable_is_cancelled(cancellable);) {
        count = read(fd, buffer, PIECE_BYTES);
        if (count < 0 && errno != EINTR)
            return FALSE;
    }
    return TRUE;
}

gboolean ffarm_here_can_read(const char *path, GCancellable *cancellable, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    gboolean is_good = fd >= 0 && read_all(fd, cancellable);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (!is_good)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, path, "can't be read: %s", g_strerror(reason));
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}
