/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "destination.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *ffarm_destination_extension(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : path + strlen(path);
}

static char *with_extension(const char *path, const char *extension)
{
    const char *own = ffarm_destination_extension(path);
    if (!extension || g_ascii_strcasecmp(own, extension) == 0)
        return g_strdup(path);
    g_autofree char *stem = g_strndup(path, (gsize)(own - path));
    return g_strconcat(stem, extension, NULL);
}

char *ffarm_destination_path(const FfarmDestinationParams *params)
{
    if (params->output_dir) {
        g_autofree char *below = g_build_filename(params->output_dir, params->relative, NULL);
        return with_extension(below, params->extension);
    }
    g_autofree char *beside = with_extension(params->source, params->extension);
    return params->keep ? g_strconcat(beside, ".tmp", NULL) : g_steal_pointer(&beside);
}

/* The folder @path lies in, or the nearest one above that exists. */
static char *nearest_folder(const char *path)
{
    struct stat info;
    char *folder = g_path_get_dirname(path);
    while (stat(folder, &info) != 0 && errno == ENOENT && strcmp(folder, "/") != 0) {
        char *above = g_path_get_dirname(folder);
        g_free(folder);
        folder = above;
    }
    return folder;
}

char *ffarm_destination_obstacle(const char *path)
{
    struct stat info;
    g_autofree char *name = g_path_get_basename(path);
    if (strlen(name) > NAME_MAX)
        return g_strdup_printf("the result's name would be %zu bytes long, and no more than %d are allowed",
                               strlen(name), NAME_MAX);
    g_autofree char *folder = nearest_folder(path);
    if (stat(folder, &info) != 0)
        return g_strdup_printf("the result's folder %s can't be reached: %s", folder, g_strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return g_strdup_printf("the result's folder can't be made: %s is a file", folder);
    if (access(folder, W_OK | X_OK) == 0)
        return NULL;
    int reason = errno;
    g_autofree char *asked = g_path_get_dirname(path);
    if (strcmp(folder, asked) == 0)
        return g_strdup_printf("the result's folder %s can't be written to: %s", folder, g_strerror(reason));
    return g_strdup_printf("the folder %s can't be made, as %s can't be written to: %s", asked, folder,
                           g_strerror(reason));
}
