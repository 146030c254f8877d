/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 5

gboolean ffarm_name_may_heal(int failure, guint nth)
{
    if (nth + 1 >= TRIES)
        return FALSE;
    if (failure == EINTR)
        return TRUE;
    if (failure != EAGAIN && failure != EBUSY && failure != ESTALE)
        return FALSE;
    g_usleep((gulong)(10000 << nth)); /* nothing tells when a file system has recovered */
    return TRUE;
}

typedef int (*Act)(const char *one, const char *other);

static int try_a_few_times(Act act, const char *one, const char *other)
{
    for (guint nth = 0;; nth++) {
        if (act(one, other) == 0)
            return 0;
        int failure = errno;
        if (!ffarm_name_may_heal(failure, nth))
            return failure;
    }
}

gboolean ffarm_name_is_unsupported(int failure)
{
    return failure == EINVAL || failure == ENOSYS || failure == ENOTSUP;
}

static int move_to_new(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

static int remove_name(const char *path, const char *unused)
{
    (void)unused;
    return unlink(path);
}

/* For file systems that can't refuse by themselves to overwrite, nor give a file two names: the name is claimed by an
 * empty file of ours, which is then renamed over. */
static int claim_and_move(const char *from, const char *to)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    int failure = ffarm_name_move_over(from, to);
    /* A failure that was none has left the file itself under that name. */
    struct stat info;
    if (failure != 0 && lstat(from, &info) == 0 && lstat(to, &info) == 0 && info.st_size == 0)
        unlink(to);
    return failure;
}

int ffarm_name_move(const char *from, const char *to)
{
    int failure = try_a_few_times(move_to_new, from, to);
    if (!ffarm_name_is_unsupported(failure))
        return failure;
    failure = ffarm_name_link(from, to);
    if (failure == 0)
        return ffarm_name_remove(from);
    return failure == EPERM || ffarm_name_is_unsupported(failure) ? claim_and_move(from, to) : failure;
}

int ffarm_name_move_over(const char *from, const char *to)
{
    return try_a_few_times(rename, from, to);
}

int ffarm_name_exchange(const char *one, const char *other)
{
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

/* Some file systems (sshfs, mergerfs) number names rather than files: nothing tells then that both are one. */
static gboolean has_other_number(const char *from, const char *to)
{
    struct stat one, other;
    return lstat(from, &one) == 0 && lstat(to, &other) == 0 && one.st_ino != other.st_ino &&
           one.st_size == other.st_size && one.st_mtim.tv_sec == other.st_mtim.tv_sec &&
           one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

int ffarm_name_link(const char *from, const char *to)
{
    int failure = try_a_few_times(link, from, to);
    if (failure != 0 || !has_other_number(from, to))
        return failure;
    failure = ffarm_name_remove(to);
    return failure == 0 ? ENOTSUP : failure;
}

int ffarm_name_remove(const char *path)
{
    return try_a_few_times(remove_name, path, NULL);
}

static int flush_folder(const char *folder, const char *unused)
{
    (void)unused;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    int failure = errno;
    close(fd);
    errno = failure;
    return result;
}

int ffarm_folder_flush(const char *folder)
{
    int failure = try_a_few_times(flush_folder, folder, NULL);
    /* Some network file systems flush folders on their own and refuse to be asked. */
    return failure == EINVAL || failure == ENOTSUP ? 0 : failure;
}

int ffarm_folder_flush_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    return ffarm_folder_flush(folder);
}

/* Flushed even if somebody else made it in this moment: nobody says whether he does. */
static int make_one(const char *folder, int mode)
{
    struct stat info;
    int failure = mkdir(folder, (mode_t)mode) == 0 ? 0 : errno;
    gboolean is_made = failure == 0;
    if (is_made || (stat(folder, &info) == 0 && S_ISDIR(info.st_mode)))
        failure = ffarm_folder_flush_of(folder);
    if (is_made && failure != 0)
        rmdir(folder); /* or the next one to look would take it for lasting */
    return failure;
}

int ffarm_folder_make(const char *folder, int mode)
{
    struct stat info;
    if (stat(folder, &info) == 0)
        return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    if (errno != ENOENT)
        return errno;
    g_autofree char *above = g_path_get_dirname(folder);
    int failure = strcmp(above, folder) == 0 ? ENOENT : ffarm_folder_make(above, mode);
    return failure == 0 ? make_one(folder, mode) : failure;
}
