/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Not in every linux/magic.h. */
#define MAGIC_EXFAT 0x2011bab0
#define MAGIC_CIFS 0xff534d42
#define MAGIC_SMB2 0xfe534d42
#define MAGIC_FUSE 0x65735546

FfarmFileIdentity ffarm_file_identity(const struct stat *info)
{
    FfarmFileIdentity identity = {
        .device = (guint64)info->st_dev,
        .inode = (guint64)info->st_ino,
        .size_bytes = (gint64)info->st_size,
        .mtime_ns = (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec,
    };
    return identity;
}

gboolean ffarm_file_identity_fits(const FfarmFileIdentity *identity, const struct stat *info)
{
    FfarmFileIdentity there = ffarm_file_identity(info);
    gboolean is_same = S_ISREG(info->st_mode) && identity->inode != 0 && there.device == identity->device &&
                       there.inode == identity->inode;
    return is_same && (identity->size_bytes < 0 ||
                       (there.size_bytes == identity->size_bytes && there.mtime_ns == identity->mtime_ns));
}

gboolean ffarm_file_numbers_change(const char *path)
{
    struct statfs info;
    if (statfs(path, &info) != 0)
        return FALSE;
    switch ((guint32)info.f_type) {
    case MSDOS_SUPER_MAGIC:
    case MAGIC_EXFAT:
    case MAGIC_CIFS:
    case MAGIC_SMB2:
    case MAGIC_FUSE:
        return TRUE;
    default:
        return FALSE;
    }
}

FfarmFileState ffarm_file_look(const char *path, const FfarmFileIdentity *identity, struct stat *info)
{
    struct stat own;
    struct stat *there = info ? info : &own;
    *there = (struct stat){0};
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        int failure = errno;
        if (lstat(path, there) == 0)
            return S_ISREG(there->st_mode) ? FFARM_FILE_UNKNOWN : FFARM_FILE_OTHER;
        *there = (struct stat){0};
        return failure == ENOENT && errno == ENOENT ? FFARM_FILE_ABSENT : FFARM_FILE_UNKNOWN;
    }
    gboolean is_known = fstat(fd, there) == 0;
    close(fd);
    /* Without a link it is a file that was removed while the file system had not noticed. */
    if (!is_known || (S_ISREG(there->st_mode) && there->st_nlink == 0))
        return FFARM_FILE_UNKNOWN;
    return ffarm_file_identity_fits(identity, there) ? FFARM_FILE_THERE : FFARM_FILE_OTHER;
}
