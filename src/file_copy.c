/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "job_error.h"

#define COPY_BLOCK (1024 * 1024)

int ffarm_file_open(const char *path, struct stat *info, GError **error)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, path, "can't be opened: %s", g_strerror(errno));
        return -1;
    }
    if (fstat(fd, info) == 0 && S_ISREG(info->st_mode) && info->st_size > 0)
        return fd;
    ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, path, "is no file with content");
    close(fd);
    return -1;
}

int ffarm_file_create(const char *path, FfarmFileIdentity *identity, GError **error)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && fstat(fd, &info) == 0) {
        *identity = ffarm_file_identity(&info);
        identity->size_bytes = -1;
        return fd;
    }
    ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, path, "can't be made: %s", g_strerror(errno));
    if (fd >= 0) {
        unlink(path);
        close(fd);
    }
    return -1;
}

static gboolean write_all(int fd, const char *data, gsize length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FALSE;
        data += written;
        length -= (gsize)written;
    }
    return TRUE;
}

/* Reads @from to its end, and writes it to @to (below 0: nowhere). Returns: checksum; NULL with @error set. */
static char *read_through(int from, const char *from_name, int to, const char *to_name, GCancellable *cancellable,
                          GError **error)
{
    g_autofree char *block = g_malloc(COPY_BLOCK);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    off_t position = 0;
    for (;;) {
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return NULL;
        ssize_t got = pread(from, block, COPY_BLOCK, position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, from_name, "can't be read: %s", g_strerror(errno));
        if (got <= 0)
            break;
        g_checksum_update(checksum, (const guchar *)block, got);
        position += got;
        if (to >= 0 && !write_all(to, block, (gsize)got)) {
            ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, to_name, "can't be written: %s", g_strerror(errno));
            return NULL;
        }
    }
    return error && *error ? NULL : g_strdup(g_checksum_get_string(checksum));
}

static gboolean is_unchanged(int fd, const struct stat *before)
{
    struct stat now;
    FfarmFileIdentity identity = ffarm_file_identity(before);
    return fstat(fd, &now) == 0 && ffarm_file_identity_fits(&identity, &now);
}

gboolean ffarm_file_copy(int from, const char *from_name, int to, const char *to_name, GCancellable *cancellable,
                         GError **error)
{
    struct stat before;
    g_autoptr(GError) inner = NULL;
    if (fstat(from, &before) != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, from_name, "can't be read: %s", g_strerror(errno));
    g_autofree char *wanted = read_through(from, from_name, to, to_name, cancellable, &inner);
    if (wanted && fsync(to) != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, to_name, "can't be written to disk: %s",
                              g_strerror(errno));
    if (wanted && !is_unchanged(from, &before))
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, from_name, "was changed while it was copied");
    /* What is flushed may be let go of, so that the disk is asked and not the memory. */
    if (wanted)
        posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED);
    g_autofree char *got = wanted ? read_through(to, to_name, -1, NULL, cancellable, &inner) : NULL;
    if (!got) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    if (strcmp(wanted, got) == 0)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, to_name,
                          "what was written reads differently; check that disk and its cables");
}
