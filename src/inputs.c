/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inputs.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "placement.h"
#include "prober.h"
#include "trash.h"

char *ffarm_inputs_absolute_path(const char *path)
{
    g_autofree char *current = g_path_is_absolute(path) ? NULL : g_get_current_dir();
    g_autofree char *joined = current ? g_strconcat(current, "/", path, NULL) : g_strdup(path);
    g_auto(GStrv) parts = g_strsplit(joined, "/", -1);
    GString *clean = g_string_new(NULL);
    for (char **part = parts; *part; part++)
        if (**part != '\0' && strcmp(*part, ".") != 0)
            g_string_append_printf(clean, "/%s", *part);
    if (clean->len == 0)
        g_string_append_c(clean, '/');
    return g_string_free(clean, FALSE);
}

FfarmInput *ffarm_input_new(const char *path, const char *cluster, const char *profile, const char *const *mixins)
{
    FfarmInput *input = g_new0(FfarmInput, 1);
    input->path = ffarm_inputs_absolute_path(path);
    input->relative = g_path_get_basename(input->path);
    input->cluster = g_strdup(cluster);
    input->profile = g_strdup(profile);
    input->mixins = g_strdupv((char **)mixins);
    return input;
}

void ffarm_input_free(FfarmInput *input)
{
    if (!input)
        return;
    g_free(input->path);
    g_free(input->relative);
    g_free(input->cluster);
    g_free(input->profile);
    g_strfreev(input->mixins);
    g_free(input->list);
    g_free(input->list_name);
    g_free(input);
}

/* --- folders --- */

typedef struct {
    GPtrArray *inputs;
    FfarmInput *like;    /* what was said of the folder */
    GHashTable *visited; /* "device:inode" of every folder entered */
    GPtrArray *warnings; /* nullable */
    GCancellable *cancellable;
} Walk;

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in @folder in the order of their bytes; NULL with errno's words in the warnings. */
static GPtrArray *list_folder(const Walk *walk, const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    if (!dir) {
        if (walk->warnings)
            g_ptr_array_add(walk->warnings, g_strdup(error->message));
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    while ((name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

static gboolean is_first_visit(Walk *walk, const struct stat *info)
{
    return g_hash_table_add(walk->visited,
                            g_strdup_printf("%ju:%ju", (uintmax_t)info->st_dev, (uintmax_t)info->st_ino));
}

static void take_file(Walk *walk, const char *path, const char *relative)
{
    FfarmInput *input =
        ffarm_input_new(path, walk->like->cluster, walk->like->profile, (const char *const *)walk->like->mixins);
    g_free(input->relative);
    input->relative = g_strdup(relative);
    g_ptr_array_add(walk->inputs, input);
}

static gboolean walk_folder(Walk *walk, const char *folder, const char *relative, GError **error);

static gboolean take_entry(Walk *walk, const char *folder, const char *relative, const char *name, GError **error)
{
    struct stat info;
    if (g_cancellable_set_error_if_cancelled(walk->cancellable, error))
        return FALSE;
    if (name[0] == '.' || ffarm_placement_is_temporary(name))
        return TRUE;
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *below = *relative ? g_strconcat(relative, "/", name, NULL) : g_strdup(name);
    if (stat(path, &info) != 0) {
        if (walk->warnings)
            g_ptr_array_add(walk->warnings, g_strdup_printf("%s: passed over: %s", path, g_strerror(errno)));
        return TRUE;
    }
    if (S_ISDIR(info.st_mode))
        return !is_first_visit(walk, &info) || walk_folder(walk, path, below, error);
    if (S_ISREG(info.st_mode) && ffarm_probe_may_be_video(path, walk->cancellable))
        take_file(walk, path, below);
    return TRUE;
}

static gboolean walk_folder(Walk *walk, const char *folder, const char *relative, GError **error)
{
    if (ffarm_trash_is(folder))
        return TRUE;
    g_autoptr(GPtrArray) names = list_folder(walk, folder);
    for (guint i = 0; names && i < names->len; i++)
        if (!take_entry(walk, folder, relative, g_ptr_array_index(names, i), error))
            return FALSE;
    return TRUE;
}

gboolean ffarm_inputs_add(GPtrArray *inputs, const char *argument, const char *cluster, const char *profile,
                          const char *const *mixins, GPtrArray *warnings, GCancellable *cancellable, GError **error)
{
    struct stat info;
    g_autoptr(FfarmInput) given = ffarm_input_new(argument, cluster, profile, mixins);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    if (stat(given->path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        g_ptr_array_add(inputs, g_steal_pointer(&given));
        return TRUE;
    }
    g_autoptr(GHashTable) visited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Walk walk = {inputs, given, visited, warnings, cancellable};
    is_first_visit(&walk, &info);
    return walk_folder(&walk, given->path, "", error);
}
