/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "error.h"

#define COPY_BLOCK (1024 * 1024)

/* One replacement on its way. */
typedef struct {
    const FfarmReplaceParams *params;
    char *destination;  /* where the result goes: behind a symbolic link of the same name, its target */
    char *folder;       /* of @destination */
    char *staged;       /* name of the result that is renamed: @result itself, or its copy in @folder */
    struct stat source; /* as it is now */
    struct stat placed; /* the result's identity */
    gboolean is_same_name;
    gboolean is_copied;
} Replacement;

static void replacement_clear(Replacement *replacement)
{
    if (replacement->is_copied)
        unlink(replacement->staged);
    g_free(replacement->destination);
    g_free(replacement->folder);
    g_free(replacement->staged);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Replacement, replacement_clear)

G_GNUC_PRINTF(4, 5)
static gboolean fail(GError **error, FfarmJobError code, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *name = g_filename_display_name(path);
    g_set_error(error, FFARM_JOB_ERROR, (gint)code, "%s: %s", name, text);
    return FALSE;
}

static gint64 mtime_ns(const struct stat *info)
{
    return (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

static gboolean is_probed_file(const FfarmMedia *source, const struct stat *info)
{
    return S_ISREG(info->st_mode) && (guint64)info->st_dev == source->device &&
           (guint64)info->st_ino == source->inode && info->st_size == source->size_bytes &&
           mtime_ns(info) == source->mtime_ns;
}

static gboolean stat_source(const FfarmMedia *source, struct stat *info, GError **error)
{
    if (stat(source->path, info) != 0)
        return fail(error, FFARM_JOB_ERROR_SOURCE, source->path, "the source is gone: %s", g_strerror(errno));
    if (!is_probed_file(source, info))
        return fail(error, FFARM_JOB_ERROR_SOURCE, source->path,
                    "the source was changed since it was probed, so it is left alone");
    return TRUE;
}

gboolean ffarm_replace_check_source(const FfarmMedia *source, GError **error)
{
    struct stat info;
    return stat_source(source, &info, error);
}

/* TRUE if both are one entry of one folder: the same name, or, on a file system that ignores case, the same but for the
 * case of the extension. Another hard link of the source has another name and is somebody's own file. */
static gboolean is_same_entry(const char *source, const char *destination, const struct stat *info)
{
    if (strcmp(source, destination) == 0)
        return TRUE;
    struct stat there;
    return g_ascii_strcasecmp(source, destination) == 0 && lstat(destination, &there) == 0 &&
           there.st_dev == info->st_dev && there.st_ino == info->st_ino;
}

/* Finds out where the result really goes, and that it may. */
static gboolean find_destination(Replacement *replacement, GError **error)
{
    const FfarmReplaceParams *params = replacement->params;
    const char *source = params->source->path;
    replacement->is_same_name =
        !params->keep_source && is_same_entry(source, params->destination, &replacement->source);
    if (replacement->is_same_name) {
        char *real = realpath(params->destination, NULL);
        if (!real)
            return fail(error, FFARM_JOB_ERROR_SOURCE, source, "the source is gone: %s", g_strerror(errno));
        replacement->destination = g_strdup(real);
        free(real);
    } else {
        struct stat there;
        if (lstat(params->destination, &there) == 0)
            return fail(error, FFARM_JOB_ERROR_REPLACE, params->destination, "is there already and is not overwritten");
        replacement->destination = g_strdup(params->destination);
    }
    replacement->folder = g_path_get_dirname(replacement->destination);
    if (g_mkdir_with_parents(replacement->folder, 0777) != 0)
        return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->folder, "the folder can't be made: %s",
                    g_strerror(errno));
    return TRUE;
}

static gboolean write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FALSE;
        data += written;
        length -= (size_t)written;
    }
    return TRUE;
}

static gboolean copy_bytes(const Replacement *replacement, int from, int to, GCancellable *cancellable, GError **error)
{
    g_autofree char *block = g_malloc(COPY_BLOCK);
    for (;;) {
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        ssize_t got = read(from, block, COPY_BLOCK);
        if (got == 0)
            return TRUE;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->params->result, "can't be read: %s",
                        g_strerror(errno));
        if (!write_all(to, block, (size_t)got))
            return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->folder, "the result can't be written there: %s",
                        g_strerror(errno));
    }
}

static int open_result(const char *path, struct stat *info, GError **error)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fail(error, FFARM_JOB_ERROR_REPLACE, path, "the result can't be opened: %s", g_strerror(errno));
        return -1;
    }
    if (fstat(fd, info) == 0 && S_ISREG(info->st_mode) && info->st_size > 0)
        return fd;
    fail(error, FFARM_JOB_ERROR_REPLACE, path, "the result is no file with content");
    close(fd);
    return -1;
}

/* Copies the result into the destination's folder, from where a rename can put it in place. */
static gboolean copy_result(Replacement *replacement, GCancellable *cancellable, GError **error)
{
    struct stat info;
    int from = open_result(replacement->params->result, &info, error);
    if (from < 0)
        return FALSE;
    g_autofree char *name = g_path_get_basename(replacement->params->result);
    g_autofree char *path = g_build_filename(replacement->folder, name, NULL);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0) {
        fail(error, FFARM_JOB_ERROR_REPLACE, replacement->folder, "the result can't be written there: %s",
             g_strerror(errno));
        close(from);
        return FALSE;
    }
    g_free(replacement->staged);
    replacement->staged = g_steal_pointer(&path);
    replacement->is_copied = TRUE;
    gboolean ok = copy_bytes(replacement, from, to, cancellable, error);
    struct stat copied = {0};
    if (ok && (fsync(to) != 0 || fstat(to, &copied) != 0 || copied.st_size != info.st_size))
        ok = fail(error, FFARM_JOB_ERROR_REPLACE, replacement->folder,
                  "the result could not be written there completely");
    close(from);
    if (close(to) != 0 && ok)
        ok = fail(error, FFARM_JOB_ERROR_REPLACE, replacement->folder, "the result could not be written there: %s",
                  g_strerror(errno));
    return ok;
}

static gboolean is_on_other_device(const Replacement *replacement)
{
    struct stat result, folder;
    return lstat(replacement->params->result, &result) == 0 && stat(replacement->folder, &folder) == 0 &&
           result.st_dev != folder.st_dev;
}

/* Gives the result the source's owner and mode and makes it last. The owner first, as a change of it takes mode bits
 * away. Neither can be had everywhere (not root, SMB shares), and a film is worth more than its mode. */
static gboolean finish_file(Replacement *replacement, GError **error)
{
    int fd = open_result(replacement->staged, &replacement->placed, error);
    if (fd < 0)
        return FALSE;
    const struct stat *source = &replacement->source;
    const struct stat *placed = &replacement->placed;
    gboolean is_owned = placed->st_uid == source->st_uid && placed->st_gid == source->st_gid;
    if (!is_owned && fchown(fd, source->st_uid, source->st_gid) != 0)
        g_debug("%s: keeps owner %u:%u", replacement->staged, (guint)placed->st_uid, (guint)placed->st_gid);
    if (fchmod(fd, source->st_mode & 0777) != 0)
        g_debug("%s: keeps mode %o", replacement->staged, (guint)placed->st_mode & 0777);
    int saved = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    if (saved != 0)
        return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->staged, "can't be written to disk: %s",
                    g_strerror(saved));
    return TRUE;
}

/* Returns: 0 or an errno. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some network file systems flush folders on their own and refuse to be asked. */
    gboolean ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP);
    int saved = ok ? 0 : errno;
    if (fd >= 0)
        close(fd);
    return saved;
}

/* rename() to a name that must not exist. Returns 0 or an errno. */
static int rename_to_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return errno;
    /* This file system can't refuse by itself: the name is claimed by an empty file of ours, which is then renamed
     * over. */
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    if (rename(from, to) == 0)
        return 0;
    int saved = errno;
    unlink(to);
    return saved;
}

static int rename_into_place(const Replacement *replacement)
{
    if (!replacement->is_same_name)
        return rename_to_new(replacement->staged, replacement->destination);
    return rename(replacement->staged, replacement->destination) == 0 ? 0 : errno;
}

/* Everything up to the rename that makes the result the film. The source is looked at last, so that nothing slow stands
 * between the look and the rename. */
static gboolean place(Replacement *replacement, GCancellable *cancellable, GError **error)
{
    if (!finish_file(replacement, error))
        return FALSE;
    int failure = sync_folder(replacement->folder);
    if (failure != 0)
        return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->folder, "the folder can't be written to disk: %s",
                    g_strerror(failure));
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    if (!stat_source(replacement->params->source, &replacement->source, error))
        return FALSE;
    failure = rename_into_place(replacement);
    if (failure == EXDEV && !replacement->is_copied)
        return copy_result(replacement, cancellable, error) && place(replacement, cancellable, error);
    if (failure == EEXIST)
        return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->destination,
                    "is there already and is not overwritten");
    if (failure != 0)
        return fail(error, FFARM_JOB_ERROR_REPLACE, replacement->destination, "the result can't be put there: %s",
                    g_strerror(failure));
    replacement->is_copied = FALSE;
    return TRUE;
}

typedef enum { SOURCE_THERE, SOURCE_GONE, SOURCE_IN_DOUBT } SourceState;

/* It is opened, as a network file system may answer a mere stat() from what it remembers. */
static SourceState look_at_source(const FfarmMedia *source)
{
    int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        struct stat link; /* a link that leads nowhere is still there */
        return errno == ENOENT && lstat(source->path, &link) != 0 && errno == ENOENT ? SOURCE_GONE : SOURCE_IN_DOUBT;
    }
    struct stat info;
    gboolean is_there = fstat(fd, &info) == 0 && info.st_nlink > 0 && is_probed_file(source, &info);
    close(fd);
    return is_there ? SOURCE_THERE : SOURCE_IN_DOUBT;
}

static gboolean is_in_place(const Replacement *replacement)
{
    struct stat there;
    return lstat(replacement->destination, &there) == 0 && there.st_dev == replacement->placed.st_dev &&
           there.st_ino == replacement->placed.st_ino;
}

/* Ends what can't be completed although place() is done. The result is taken back only if the source is certainly
 * there: otherwise it may be all that is left of the film. */
static gboolean give_up(const Replacement *replacement, const char *path, const char *reason, GError **error)
{
    const char *source = replacement->params->source->path;
    gboolean is_certain = look_at_source(replacement->params->source) == SOURCE_THERE;
    if (is_certain && is_in_place(replacement) && unlink(replacement->destination) == 0)
        return fail(error, FFARM_JOB_ERROR_REPLACE, path, "%s", reason);
    g_autofree char *old_name = g_filename_display_name(source);
    g_autofree char *new_name = g_filename_display_name(replacement->destination);
    return fail(error, FFARM_JOB_ERROR_REPLACE, path,
                "%s; nothing more was removed: look at %s and at the result, %s, and remove the one you don't want",
                reason, old_name, new_name);
}

/* Whether unlink() failed says little: a network file system reports an error for what it did carry out. What is there
 * afterwards decides. */
static gboolean remove_source(const Replacement *replacement, GError **error)
{
    const FfarmMedia *source = replacement->params->source;
    if (look_at_source(source) != SOURCE_THERE)
        return give_up(replacement, source->path, "the source was changed or can't be read any more", error);
    if (unlink(source->path) != 0) {
        g_autofree char *reason = g_strdup_printf("the source can't be removed: %s", g_strerror(errno));
        if (look_at_source(source) != SOURCE_GONE || !is_in_place(replacement))
            return give_up(replacement, source->path, reason, error);
        g_debug("%s: %s, but it is gone", source->path, reason);
    }
    g_autofree char *folder = g_path_get_dirname(source->path);
    int failure = sync_folder(folder); /* the worst that can come of it is that the old film is there again */
    if (failure != 0)
        g_debug("%s: can't be written to disk: %s", folder, g_strerror(failure));
    return TRUE;
}

gboolean ffarm_replace(const FfarmReplaceParams *params, GCancellable *cancellable, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    g_auto(Replacement) replacement = {.params = params, .staged = g_strdup(params->result)};
    if (!stat_source(params->source, &replacement.source, error) || !find_destination(&replacement, error))
        return FALSE;
    if (is_on_other_device(&replacement) && !copy_result(&replacement, cancellable, error))
        return FALSE;
    if (!place(&replacement, cancellable, error))
        return FALSE;
    int failure = sync_folder(replacement.folder);
    if (failure != 0 && !replacement.is_same_name) {
        g_autofree char *reason = g_strdup_printf("the folder can't be written to disk: %s", g_strerror(failure));
        return give_up(&replacement, replacement.folder, reason, error);
    }
    gboolean is_source_left = params->keep_source || replacement.is_same_name;
    if (!is_source_left && !remove_source(&replacement, error))
        return FALSE;
    if (strcmp(replacement.staged, params->result) != 0)
        unlink(params->result);
    return TRUE;
}
