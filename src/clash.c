/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clash.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct FfarmClashes {
    GHashTable *sources; /* "device:inode" -> const FfarmMedia*, borrowed */
    GHashTable *results; /* key of a destination -> const FfarmMedia*, borrowed */
    GHashTable *folders; /* path of a folder -> its key */
};

FfarmClashes *ffarm_clashes_new(void)
{
    FfarmClashes *clashes = g_new0(FfarmClashes, 1);
    clashes->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    clashes->results = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    clashes->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return clashes;
}

void ffarm_clashes_free(FfarmClashes *clashes)
{
    if (!clashes)
        return;
    g_hash_table_unref(clashes->sources);
    g_hash_table_unref(clashes->results);
    g_hash_table_unref(clashes->folders);
    g_free(clashes);
}

/* A file with one link has one name, so that another path to it goes over a symbolic link. With several, the resolved
 * paths tell. */
static gboolean is_hard_link(const FfarmMedia *media, const FfarmMedia *first)
{
    if (media->links < 2)
        return FALSE;
    g_autofree char *own = realpath(media->path, NULL);
    g_autofree char *other = realpath(first->path, NULL);
    return g_strcmp0(own, other) != 0;
}

char *ffarm_clashes_add_source(FfarmClashes *clashes, const FfarmMedia *media, gboolean *is_covered)
{
    *is_covered = FALSE;
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, media->device, media->inode);
    const FfarmMedia *first = g_hash_table_lookup(clashes->sources, key);
    if (!first) {
        g_hash_table_insert(clashes->sources, g_steal_pointer(&key), (gpointer)media);
        return NULL;
    }
    if (strcmp(media->path, first->path) == 0)
        return g_strdup("given twice");
    *is_covered = !is_hard_link(media, first);
    return g_strdup_printf("the same file as %s, by a %s link", first->path, *is_covered ? "symbolic" : "hard");
}

/* --- destinations --- */

/* @name with the case of its ASCII letters turned round; NULL where that makes no difference. */
static char *swap_case(const char *name)
{
    gboolean has_letters = FALSE;
    char *swapped = g_strdup(name);
    for (char *c = swapped; *c; c++) {
        if (!g_ascii_isalpha(*c))
            continue;
        has_letters = TRUE;
        *c = g_ascii_isupper(*c) ? g_ascii_tolower(*c) : g_ascii_toupper(*c);
    }
    if (!has_letters)
        g_clear_pointer(&swapped, g_free);
    return swapped;
}

/* TRUE if the file at @path also answers to its name in other letters. */
static gboolean is_case_blind(const char *path)
{
    struct stat own, other;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *swapped = swap_case(name);
    if (!swapped || lstat(path, &own) != 0)
        return FALSE;
    g_autofree char *other_path = g_build_filename(folder, swapped, NULL);
    return lstat(other_path, &other) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino &&
           own.st_nlink == 1;
}

/* What identifies @folder: its inode, or, while it is still to be made, that of the nearest one above and the rest. */
static char *identify_folder(const char *folder)
{
    struct stat info;
    if (stat(folder, &info) == 0)
        return g_strdup_printf("%ju:%ju", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    if (strcmp(folder, "/") == 0 || strcmp(folder, ".") == 0)
        return g_strdup(folder);
    g_autofree char *above = g_path_get_dirname(folder);
    g_autofree char *name = g_path_get_basename(folder);
    g_autofree char *above_key = identify_folder(above);
    return g_strconcat(above_key, "/", name, NULL);
}

/* The same for two paths that lead to the same place. */
static char *destination_key(FfarmClashes *clashes, const FfarmMedia *source, const char *destination)
{
    g_autofree char *folder = g_path_get_dirname(destination);
    g_autofree char *name = g_path_get_basename(destination);
    const char *folder_key = g_hash_table_lookup(clashes->folders, folder);
    if (!folder_key) {
        char *key = identify_folder(folder);
        g_hash_table_insert(clashes->folders, g_steal_pointer(&folder), key);
        folder_key = key;
    }
    if (!is_case_blind(source->path))
        return g_strconcat(folder_key, "/", name, NULL);
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_autofree char *folded = g_utf8_casefold(valid, -1);
    return g_strconcat(folder_key, "/", folded, NULL);
}

/* TRUE if @destination, which exists, is nothing but the name of @source, perhaps in other letters. */
static gboolean is_source_itself(const FfarmMedia *source, const char *destination, const struct stat *info)
{
    if (info->st_dev != source->device || info->st_ino != source->inode)
        return FALSE;
    return strcmp(source->path, destination) == 0 || g_ascii_strcasecmp(source->path, destination) == 0;
}

static char *check_existing(const FfarmMedia *source, const char *destination, gboolean replaces)
{
    struct stat link_info, info;
    if (lstat(destination, &link_info) != 0)
        return NULL;
    gboolean is_reachable = stat(destination, &info) == 0;
    if (replaces && is_reachable && is_source_itself(source, destination, &info))
        return NULL;
    if (strcmp(source->path, destination) == 0)
        return g_strdup("the result would overwrite the source, which is to be kept");
    if (is_reachable && info.st_dev == source->device && info.st_ino == source->inode)
        return g_strdup_printf("the result would overwrite %s, which is another name of the source", destination);
    return g_strdup_printf("the result would overwrite the existing %s", destination);
}

char *ffarm_clashes_check_result(FfarmClashes *clashes, const FfarmMedia *source, const char *destination,
                                 gboolean replaces)
{
    char *reason = check_existing(source, destination, replaces);
    if (reason)
        return reason;
    g_autofree char *key = destination_key(clashes, source, destination);
    const FfarmMedia *owner = g_hash_table_lookup(clashes->results, key);
    if (!owner || owner == source)
        return NULL;
    return g_strdup_printf("its result %s would be that of %s too", destination, owner->path);
}

void ffarm_clashes_reserve(FfarmClashes *clashes, const FfarmMedia *source, const char *destination)
{
    g_hash_table_insert(clashes->results, destination_key(clashes, source, destination), (gpointer)source);
}
