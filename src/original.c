/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "original.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "destination.h"

const char *ffarm_originals_name(FfarmOriginals originals)
{
    static const char *const names[] = {NULL, "replace", "keep", "trash"};
    return names[originals];
}

/* Protected by chattr: TRUE for +i and +a. */
static gboolean is_protected(const char *path, int open_flags)
{
    int flags = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | open_flags);
    if (fd < 0)
        return FALSE;
    gboolean is_set = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0;
    close(fd);
    return is_set;
}

/* In a folder like /tmp only the owners of file and folder may take a name away. */
static gboolean is_someone_elses(const char *folder, const char *path)
{
    struct stat info, folder_info;
    uid_t user = geteuid();
    return user != 0 && stat(folder, &folder_info) == 0 && (folder_info.st_mode & S_ISVTX) != 0 &&
           folder_info.st_uid != user && lstat(path, &info) == 0 && info.st_uid != user;
}

static char *folder_obstacle(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_filename_display_name(folder);
    if (access(folder, W_OK | X_OK) != 0)
        return g_strdup_printf("the source's folder %s can't be written to: %s", name, g_strerror(errno));
    if (is_protected(folder, O_DIRECTORY))
        return g_strdup_printf("the source's folder %s is protected against changes (chattr)", name);
    if (is_someone_elses(folder, path))
        return g_strdup_printf("the source belongs to somebody else, and its folder %s lets only owners remove files",
                               name);
    return NULL;
}

char *ffarm_original_obstacle(const FfarmMedia *source, const char *trash)
{
    g_autofree char *real = realpath(source->path, NULL);
    char *reason = folder_obstacle(real ? real : source->path);
    if (!reason)
        reason = folder_obstacle(source->path);
    if (!reason && is_protected(source->path, 0))
        reason = g_strdup("the source is protected against changes (chattr)");
    g_autofree char *obstacle = !reason && trash ? ffarm_destination_obstacle(trash) : NULL;
    if (obstacle)
        reason = g_strdup_printf("the original can't go to the trash: %s", obstacle);
    return reason;
}

char *ffarm_original_remark(const FfarmMedia *source, gboolean keeps_name)
{
    struct stat info;
    if (!keeps_name && lstat(source->path, &info) == 0 && S_ISLNK(info.st_mode))
        return g_strdup("the source is a symbolic link: it is removed, and the film that it leads to stays");
    if (source->links < 2)
        return NULL;
    return g_strdup_printf("the source has %" G_GUINT64_FORMAT
                           " names (hard links): the others keep the old film, so that no space is saved",
                           source->links);
}
