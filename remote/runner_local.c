/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "child_exec.h"
#include "host_space.h"
#include "local_file.h"
#include "runner_private.h"

/* The contract of runner_private.h on this machine: commands by sh under the same lease as elsewhere, files by copying.
 * A connection is the host's name, for the messages. */

static gpointer connect_local(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    if (g_cancellable_is_cancelled(cancellable)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", host->name);
        return NULL;
    }
    return g_strdup(host->name);
}

static void disconnect_local(gpointer connection)
{
    g_free(connection);
}

static gboolean exec_local(gpointer connection, const FfarmExec *exec, int *status, GCancellable *cancellable,
                           GError **error)
{
    const char *argv[] = {"sh", "-c", exec->line, NULL};
    return child_exec(connection, argv, exec, status, cancellable, error);
}

static gboolean write_file(gpointer connection, const FfarmUpload *upload, GError **error)
{
    return local_file_write(connection, upload, error);
}

static gboolean read_file(gpointer connection, const FfarmDownload *download, GError **error)
{
    return local_file_read(connection, download, error);
}

static gboolean answer(gpointer connection, int result, const char *doing, const char *path, GError **error)
{
    return result == 0 || local_file_set_error(connection, doing, path, errno, -1, error);
}

static gboolean rename_file(gpointer connection, const char *from, const char *to, GCancellable *cancellable,
                            GError **error)
{
    return answer(connection, rename(from, to), "rename", from, error);
}

static gboolean stat_file(gpointer connection, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                          GError **error)
{
    struct stat info;
    if (!answer(connection, stat(path, &info), "look at", path, error))
        return FALSE;
    *result = (FfarmRemoteStat){.size_bytes = info.st_size, .is_folder = S_ISDIR(info.st_mode)};
    return TRUE;
}

static gboolean make_dir(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    return answer(connection, mkdir(path, 0700), "make the folder", path, error);
}

static gboolean remove_file(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    return answer(connection, unlink(path) != 0 && errno != ENOENT, "remove", path, error);
}

/* Removes what is in the folder. Returns: 0 or -1 with errno. */
static int empty_dir(DIR *folder)
{
    for (const struct dirent *entry; (entry = readdir(folder));) {
        gboolean is_itself = g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, "..");
        if (!is_itself && unlinkat(dirfd(folder), entry->d_name, 0) != 0 && errno != ENOENT)
            return -1;
    }
    return 0;
}

static gboolean remove_dir(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return TRUE;
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder)
        return answer(connection, -1, "open the folder", path, error);
    int result = empty_dir(folder);
    int code = errno;
    closedir(folder);
    errno = code;
    return answer(connection, result, "empty the folder", path, error) &&
           answer(connection, rmdir(path), "remove the folder", path, error);
}

static gboolean space(gpointer connection, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                      GError **error)
{
    struct statvfs info;
    if (!answer(connection, statvfs(path, &info), "ask for free space at", path, error))
        return FALSE;
    *free_bytes = host_space_bytes(info.f_bavail, info.f_blocks, info.f_frsize);
    return TRUE;
}

const FfarmRunnerKind ffarm_runner_kind_local = {
    .transport = "local",
    .connect = connect_local,
    .disconnect = disconnect_local,
    .exec = exec_local,
    .write = write_file,
    .read = read_file,
    .rename = rename_file,
    .stat = stat_file,
    .make_dir = make_dir,
    .remove = remove_file,
    .remove_dir = remove_dir,
    .space = space,
};
