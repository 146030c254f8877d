/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keep_failed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_copy.h"
#include "job_error.h"

#define MOST_NAME_BYTES 150 /* file systems have 255, of which job and number need some */
#define MOST_NAMES 100

/* The last part of @path before its extension, bounded, without control characters. */
static char *plain_name(const char *path)
{
    char *name = g_path_get_basename(path);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    if (strlen(name) > MOST_NAME_BYTES)
        name[MOST_NAME_BYTES] = '\0';
    for (char *c = name; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '_';
    return name;
}

static const char *extension_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash + 1) ? dot : "";
}

/* Copies @result to the new file @path, and removes it. */
static gboolean carry_over(const char *result, const char *path, GCancellable *cancellable, GError **error)
{
    struct stat info;
    FfarmFileIdentity identity;
    int from = ffarm_file_open(result, &info, error);
    int to = from < 0 ? -1 : ffarm_file_create(path, &identity, error);
    gboolean ok = to >= 0 && ffarm_file_copy(from, result, to, path, cancellable, error);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    if (to >= 0 && !ok)
        unlink(path);
    if (ok)
        unlink(result);
    return ok;
}

/* By a rename where that is possible, else by a copy: another file system, or one that can't refuse to overwrite. */
static gboolean move(const char *result, const char *path, GCancellable *cancellable, GError **error)
{
    return renameat2(AT_FDCWD, result, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
           carry_over(result, path, cancellable, error);
}

char *ffarm_keep_failed(const char *folder, const char *result, const char *source, const char *destination,
                        const char *job_id, GCancellable *cancellable, GError **error)
{
    g_autofree char *name = plain_name(source);
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, folder, "the folder can't be made: %s", g_strerror(errno));
        return NULL;
    }
    for (guint i = 1; i <= MOST_NAMES; i++) {
        struct stat there;
        g_autofree char *number = i == 1 ? g_strdup("") : g_strdup_printf("-%u", i);
        g_autofree char *file = g_strdup_printf("%s.%s%s%s", name, job_id, number, extension_of(destination));
        g_autofree char *path = g_build_filename(folder, file, NULL);
        if (lstat(path, &there) == 0)
            continue;
        return move(result, path, cancellable, error) ? g_steal_pointer(&path) : NULL;
    }
    ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, folder, "there are too many results of this name already");
    return NULL;
}
