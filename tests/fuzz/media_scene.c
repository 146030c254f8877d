/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media_scene.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "placement.h"
#include "replace_private.h"
#include "scratch.h"

#define MEMORY "/dev/shm"

static const struct {
    const char *name, *content;
} files[] = {
    {"film0.mkv", "the first film"},
    {"film1.mp4", "another film"},
    {"sub/film2.mkv", "a film in a folder"},
    {".ffarm-run1-0-1-0123456789abcdef.mkv.tmp", "half of a result"},
    {".ffarm-0123456789abcdef-new.tmp", "a result"},
    {".ffarm-fedcba9876543210-old.tmp", "an old film"},
    {"empty.nfo", ""},
    {"film3.mkv", "a result in its place"},
    {".ffarm-run2-1-1-fedcba9876543210.mkv.tmp", "another half"},
    {".ffarm-00000000ffffffff-trash.tmp", ""},
};
#define N_FILES G_N_ELEMENTS(files)

struct MediaScene {
    char *root, *folder, *boot_id;
    char *paths[N_FILES];
    FfarmFileIdentity identities[N_FILES];
};

static MediaScene *only;

static void remove_all(void)
{
    scratch_free(only->root);
}

MediaScene *media_scene_new(void)
{
    only = g_new0(MediaScene, 1);
    only->root = g_strdup(MEMORY "/ffarm-fuzz-XXXXXX");
    if (g_access(MEMORY, W_OK) != 0 || !g_mkdtemp(only->root)) {
        g_free(only->root);
        only->root = scratch_new();
    }
    only->folder = g_build_filename(only->root, "media", NULL);
    only->boot_id = ffarm_replacement_boot_id();
    for (guint i = 0; i < N_FILES; i++)
        only->paths[i] = g_build_filename(only->folder, files[i].name, NULL);
    atexit(remove_all);
    return only;
}

const char *media_scene_folder(const MediaScene *scene)
{
    return scene->folder;
}

/* An identity tells all: whatever is written to a file changes its time. */
static gboolean is_there(const MediaScene *scene, guint i)
{
    struct stat info;
    return lstat(scene->paths[i], &info) == 0 && ffarm_file_identity_fits(&scene->identities[i], &info);
}

static guint count_entries(const char *folder)
{
    guint count = 0;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    while (dir && g_dir_read_name(dir))
        count++;
    return count;
}

void media_scene_reset(MediaScene *scene)
{
    struct stat info;
    guint n_there = 0;
    for (guint i = 0; i < N_FILES; i++)
        n_there += is_there(scene, i);
    if (n_there == N_FILES && count_entries(scene->folder) == N_FILES)
        return;
    scratch_free(g_strdup(scene->folder));
    for (guint i = 0; i < N_FILES; i++) {
        g_free(scratch_write(scene->folder, files[i].name, files[i].content, -1));
        g_assert_cmpint(lstat(scene->paths[i], &info), ==, 0);
        scene->identities[i] = ffarm_file_identity(&info);
    }
}

static void append_truth(const MediaScene *scene, GString *text, char kind, guint i)
{
    const FfarmFileIdentity *id = &scene->identities[i];
    if (kind == 'F')
        g_string_append(text, scene->paths[i]);
    else if (kind == 'Z')
        g_string_append_printf(text, "%" G_GINT64_FORMAT, id->size_bytes);
    else if (kind == 'N')
        g_string_append_printf(text, "%" G_GINT64_FORMAT, id->mtime_ns);
    else if (kind == 'I')
        g_string_append_printf(text,
                               "(uint64 %" G_GUINT64_FORMAT ", uint64 %" G_GUINT64_FORMAT ", int64 %" G_GINT64_FORMAT
                               ", int64 %" G_GINT64_FORMAT ")",
                               id->device, id->inode, id->size_bytes, id->mtime_ns);
}

char *media_scene_expand(const MediaScene *scene, const char *text, gsize length, gsize *expanded)
{
    GString *all = g_string_new(NULL);
    for (gsize i = 0; i < length; i++) {
        char kind = text[i] == '@' && i + 1 < length ? text[i + 1] : '\0';
        gboolean has_number = kind && i + 2 < length && g_ascii_isdigit(text[i + 2]);
        if (kind == 'M' || kind == 'B') {
            g_string_append(all, kind == 'M' ? scene->folder : scene->boot_id);
            i++;
        } else if (has_number && strchr("FIZN", kind)) {
            append_truth(scene, all, kind, (guint)(text[i + 2] - '0'));
            i += 2;
        } else {
            g_string_append_c(all, text[i]);
        }
    }
    *expanded = all->len;
    return g_string_free(all, FALSE);
}

/* --- judging --- */

static gboolean is_file(const char *path, const FfarmFileIdentity *identity)
{
    struct stat info;
    return lstat(path, &info) == 0 && ffarm_file_identity_fits(identity, &info);
}

/* TRUE if @noted names the file that @real is. */
static gboolean fits(const FfarmFileIdentity *noted, const FfarmFileIdentity *real)
{
    return noted->inode == real->inode && noted->device == real->device &&
           (noted->size_bytes < 0 || (noted->size_bytes == real->size_bytes && noted->mtime_ns == real->mtime_ns));
}

/* The source of a replacement whose result is in its place; a result, or a copy in the trash, whose source is there. */
static gboolean may_go(const FfarmReplaceRecord *record, const FfarmFileIdentity *identity)
{
    if (fits(&record->source_id, identity) && is_file(record->destination, &record->staged_id))
        return TRUE;
    return (fits(&record->staged_id, identity) || fits(&record->trash_id, identity)) &&
           is_file(record->source, &record->source_id);
}

static gboolean names(const FfarmReplaceRecord *record, const FfarmFileIdentity *identity)
{
    return fits(&record->source_id, identity) || fits(&record->result_id, identity) ||
           fits(&record->staged_id, identity) || fits(&record->trash_id, identity) ||
           (identity->size_bytes == 0 && (record->staged_id.inode == 0 || record->trash_id.inode == 0));
}

static gboolean is_of_attempt(const FfarmLeftTrace *trace, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *here = trace->here ? g_path_get_basename(trace->here) : NULL;
    return trace->attempt && strlen(trace->attempt) >= 8 && strstr(name, trace->attempt) && g_strcmp0(name, here) == 0;
}

static gboolean may_be_gone(const MediaScene *scene, const MediaClaims *claims, guint i)
{
    g_autofree char *name = g_path_get_basename(files[i].name);
    gboolean is_temporary = ffarm_placement_is_temporary(name);
    for (guint k = 0; is_temporary && k < claims->traces->len; k++)
        if (is_of_attempt(g_ptr_array_index(claims->traces, k), scene->paths[i]))
            return TRUE;
    for (guint k = 0; k < claims->records->len; k++) {
        const FfarmReplaceRecord *record = g_ptr_array_index(claims->records, k);
        if (is_temporary ? names(record, &scene->identities[i]) : may_go(record, &scene->identities[i]))
            return TRUE;
    }
    return FALSE;
}

void media_scene_check(const MediaScene *scene, const MediaClaims *claims)
{
    for (guint i = 0; i < N_FILES; i++)
        if (!is_there(scene, i) && !may_be_gone(scene, claims, i))
            g_error("%s is gone or changed, and nothing allowed that", scene->paths[i]);
}

static void list(const char *folder, GString *text)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        struct stat info;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (lstat(path, &info) != 0)
            continue;
        g_string_append_printf(text, "%s %lu %ld\n", path, (gulong)info.st_ino,
                               S_ISDIR(info.st_mode) ? 0L : (glong)info.st_size);
        if (S_ISDIR(info.st_mode))
            list(path, text);
    }
}

char *media_scene_list(const MediaScene *scene)
{
    GString *text = g_string_new(NULL);
    list(scene->folder, text);
    return g_string_free(text, FALSE);
}
