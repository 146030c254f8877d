/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace_scene.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "file_names.h"
#include "job_error.h"

/* --- looking --- */

static gboolean is_link_to_go(const FfarmReplaceRecord *record, const struct stat *info)
{
    return S_ISLNK(info->st_mode) && (guint64)info->st_dev == record->link_id.device &&
           (guint64)info->st_ino == record->link_id.inode;
}

static FfarmOccupant look(const FfarmReplaceRecord *record, const char *path)
{
    struct stat info;
    FfarmFileState state = ffarm_file_look(path, &record->source_id, &info);
    gboolean is_link = record->link_id.inode != 0;
    if (state == FFARM_FILE_ABSENT)
        return FFARM_OCCUPANT_NOBODY;
    if (state == FFARM_FILE_UNKNOWN)
        return FFARM_OCCUPANT_UNKNOWN;
    if (is_link ? is_link_to_go(record, &info) : state == FFARM_FILE_THERE)
        return FFARM_OCCUPANT_SOURCE;
    return ffarm_file_identity_fits(&record->staged_id, &info) ? FFARM_OCCUPANT_RESULT : FFARM_OCCUPANT_STRANGER;
}

/* A copy's name exists before its identity could be written down: the file is empty then, and nobody else knows the
 * name. */
static gboolean is_blank_copy(const char *path, const FfarmFileIdentity *identity, struct stat *info)
{
    return identity->inode == 0 && lstat(path, info) == 0 && S_ISREG(info->st_mode) && info->st_size == 0;
}

FfarmReplaceScene ffarm_replace_scene(const FfarmReplaceRecord *record)
{
    FfarmReplaceScene scene = {
        .source = look(record, record->source),
        .destination = look(record, record->destination),
        .staged = look(record, record->staged),
        .aside = look(record, record->aside),
    };
    struct stat info;
    if (scene.staged == FFARM_OCCUPANT_STRANGER && is_blank_copy(record->staged, &record->staged_id, &info))
        scene.staged = FFARM_OCCUPANT_RESULT;
    /* Until the result is complete only its number tells it, which goes to somebody's new file once it is removed. */
    if (record->step < FFARM_REPLACE_PLACE && scene.source == FFARM_OCCUPANT_SOURCE &&
        scene.destination == FFARM_OCCUPANT_RESULT)
        scene.destination = FFARM_OCCUPANT_STRANGER;
    return scene;
}

gboolean ffarm_replace_is_moved(const FfarmReplaceRecord *record)
{
    return record->staged_id.device == record->result_id.device && record->staged_id.inode == record->result_id.inode;
}

/* --- judging --- */

static gboolean is_source_or_nobody(FfarmOccupant occupant)
{
    return occupant == FFARM_OCCUPANT_SOURCE || occupant == FFARM_OCCUPANT_NOBODY;
}

gboolean ffarm_replace_may_finish(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene)
{
    if (scene->destination != FFARM_OCCUPANT_RESULT)
        return FALSE;
    if (record->kind == FFARM_REPLACE_KEEP)
        return TRUE;
    if (record->kind == FFARM_REPLACE_SAME_NAME)
        return is_source_or_nobody(scene->staged) && is_source_or_nobody(scene->aside);
    if (scene->source == FFARM_OCCUPANT_STRANGER)
        return scene->aside == FFARM_OCCUPANT_SOURCE;
    return is_source_or_nobody(scene->source) && is_source_or_nobody(scene->aside);
}

static gboolean may_undo_same_name(const FfarmReplaceScene *scene)
{
    gboolean has_old = scene->staged == FFARM_OCCUPANT_SOURCE || scene->aside == FFARM_OCCUPANT_SOURCE;
    switch (scene->destination) {
    case FFARM_OCCUPANT_SOURCE:
        return TRUE;
    case FFARM_OCCUPANT_RESULT:
        return has_old;
    case FFARM_OCCUPANT_NOBODY:
        return has_old || scene->staged == FFARM_OCCUPANT_RESULT;
    case FFARM_OCCUPANT_STRANGER: /* not placed, and somebody else changed the source: his is left alone */
        return scene->staged == FFARM_OCCUPANT_RESULT && !has_old;
    default:
        return FALSE;
    }
}

static gboolean may_undo_other_name(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene)
{
    gboolean is_placed = scene->destination == FFARM_OCCUPANT_RESULT;
    /* Not placed, and nothing was taken from the source, whatever has become of that. */
    if (!is_placed && scene->aside == FFARM_OCCUPANT_NOBODY &&
        (scene->staged == FFARM_OCCUPANT_RESULT || record->step == FFARM_REPLACE_PREPARE))
        return TRUE;
    /* A result that is nowhere any more may be what lies at the destination, changed by somebody since. */
    if (scene->destination == FFARM_OCCUPANT_STRANGER && record->step >= FFARM_REPLACE_PLACE)
        return FALSE;
    if (scene->source == FFARM_OCCUPANT_SOURCE)
        return TRUE;
    return record->kind == FFARM_REPLACE_OTHER_NAME && scene->source == FFARM_OCCUPANT_NOBODY &&
           scene->aside == FFARM_OCCUPANT_SOURCE;
}

gboolean ffarm_replace_may_undo(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene)
{
    if (scene->destination == FFARM_OCCUPANT_UNKNOWN || scene->staged == FFARM_OCCUPANT_UNKNOWN ||
        scene->aside == FFARM_OCCUPANT_UNKNOWN)
        return FALSE;
    return record->kind == FFARM_REPLACE_SAME_NAME ? may_undo_same_name(scene) : may_undo_other_name(record, scene);
}

/* --- undoing --- */

gboolean ffarm_replace_remove_own(const char *path, const FfarmFileIdentity *identity, GError **error)
{
    FfarmFileState state = ffarm_file_look(path, identity, NULL);
    int failure = 0;
    if (state == FFARM_FILE_THERE) {
        failure = ffarm_name_remove(path);
        state = ffarm_file_look(path, identity, NULL);
    }
    if (state == FFARM_FILE_ABSENT || state == FFARM_FILE_OTHER)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, path, "could not be removed: %s",
                          failure != 0 ? g_strerror(failure) : "it can't be told what it is");
}

gboolean ffarm_replace_remove_copy(const char *path, const FfarmFileIdentity *identity, GError **error)
{
    struct stat info;
    FfarmFileIdentity own = *identity;
    if (is_blank_copy(path, identity, &info))
        own = ffarm_file_identity(&info);
    return own.inode == 0 || ffarm_replace_remove_own(path, &own, error);
}

/* Whatever an act said, the look at @path afterwards decides. */
static gboolean is_home(const FfarmReplaceRecord *record, const char *path, FfarmOccupant wanted, int failure,
                        GError **error)
{
    if (look(record, path) == wanted)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, path, "could not be put back: %s",
                          failure != 0 ? g_strerror(failure) : "something else is there");
}

static gboolean undo_same_name(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene, GError **error)
{
    const char *destination = record->destination;
    if (scene->destination == FFARM_OCCUPANT_SOURCE || scene->destination == FFARM_OCCUPANT_STRANGER)
        return TRUE;
    gboolean is_exchanged = scene->staged == FFARM_OCCUPANT_SOURCE;
    if (!is_exchanged && scene->aside != FFARM_OCCUPANT_SOURCE)
        return TRUE;
    const char *old = is_exchanged ? record->staged : record->aside;
    int failure;
    if (scene->destination == FFARM_OCCUPANT_NOBODY)
        failure = ffarm_name_move(old, destination);
    else if (is_exchanged)
        failure = ffarm_name_exchange(old, destination);
    else
        failure = ffarm_name_move_over(old, destination);
    return is_home(record, destination, FFARM_OCCUPANT_SOURCE, failure, error);
}

gboolean ffarm_replace_is_held(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size != 0)
        return FALSE;
    return (info.st_uid == geteuid() && (info.st_mode & 07777) == 0600) || ffarm_file_numbers_change(path);
}

static gboolean remove_claim(const FfarmReplaceRecord *record, GError **error)
{
    struct stat info;
    FfarmFileIdentity own = {0};
    if (record->step == FFARM_REPLACE_PLACE && ffarm_replace_is_held(record->destination) &&
        lstat(record->destination, &info) == 0)
        own = ffarm_file_identity(&info);
    return own.inode == 0 || ffarm_replace_remove_own(record->destination, &own, error);
}

static gboolean undo_other_name(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene, GError **error)
{
    if (scene->source != FFARM_OCCUPANT_SOURCE && scene->aside == FFARM_OCCUPANT_SOURCE) {
        int failure = ffarm_name_move(record->aside, record->source);
        if (!is_home(record, record->source, FFARM_OCCUPANT_SOURCE, failure, error))
            return FALSE;
    }
    if (scene->destination != FFARM_OCCUPANT_RESULT)
        return remove_claim(record, error);
    int failure = ffarm_name_move(record->destination, record->staged);
    return is_home(record, record->staged, FFARM_OCCUPANT_RESULT, failure, error) &&
           ffarm_replace_remove_own(record->destination, &record->staged_id, error);
}

/* TRUE if both paths are one entry of one folder, by whatever way they lead there. */
static gboolean is_one_entry(const char *one, const char *other)
{
    struct stat folder, other_folder;
    g_autofree char *name = g_path_get_basename(one);
    g_autofree char *other_name = g_path_get_basename(other);
    g_autofree char *path = g_path_get_dirname(one);
    g_autofree char *other_path = g_path_get_dirname(other);
    return strcmp(name, other_name) == 0 && stat(path, &folder) == 0 && stat(other_path, &other_folder) == 0 &&
           folder.st_dev == other_folder.st_dev && folder.st_ino == other_folder.st_ino;
}

/* Both a copy of the source and a second name of it are meant; never its own. */
static gboolean empty_trash(const FfarmReplaceRecord *record, GError **error)
{
    if (is_one_entry(record->trash, record->source))
        return ffarm_replace_remove_copy(record->trash_staged, &record->trash_id, error);
    const FfarmFileIdentity *identity = record->trash_id.inode != 0 ? &record->trash_id : &record->source_id;
    return ffarm_replace_remove_own(record->trash, identity, error) &&
           ffarm_replace_remove_copy(record->trash_staged, &record->trash_id, error);
}

/* A copy of the result goes; the result itself is given back. */
static gboolean unstage(const FfarmReplaceRecord *record, GError **error)
{
    if (!ffarm_replace_is_moved(record))
        return ffarm_replace_remove_copy(record->staged, &record->staged_id, error);
    int failure = ffarm_name_move_over(record->staged, record->result);
    return is_home(record, record->result, FFARM_OCCUPANT_RESULT, failure, error) &&
           ffarm_replace_remove_own(record->staged, &record->staged_id, error);
}

/* The source has its name again, so that every other copy or name of it that was made can go. */
static gboolean remove_traces(const FfarmReplaceRecord *record, GError **error)
{
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    gboolean is_home = scene.source == FFARM_OCCUPANT_SOURCE;
    if (record->trash && is_home && !empty_trash(record, error))
        return FALSE;
    if (scene.aside == FFARM_OCCUPANT_SOURCE && is_home &&
        !ffarm_replace_remove_own(record->aside, &record->source_id, error))
        return FALSE;
    return scene.staged != FFARM_OCCUPANT_RESULT || unstage(record, error);
}

gboolean ffarm_replace_undo(const FfarmReplaceRecord *record, GError **error)
{
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    if (!ffarm_replace_may_undo(record, &scene))
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->source, "what lies there is not certain");
    gboolean is_home = record->kind == FFARM_REPLACE_SAME_NAME ? undo_same_name(record, &scene, error)
                                                               : undo_other_name(record, &scene, error);
    if (!is_home)
        return FALSE;
    int failure = ffarm_folder_flush_of(record->source);
    if (failure != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->source, "its folder can't be written to disk: %s",
                              g_strerror(failure));
    return remove_traces(record, error);
}

char *ffarm_replace_name_all(const FfarmReplaceRecord *record)
{
    const char *const paths[] = {record->source, record->destination, record->staged, record->aside, record->trash};
    gboolean is_same_name = record->kind == FFARM_REPLACE_SAME_NAME;
    GString *list = g_string_new(NULL);
    struct stat info;
    for (guint i = is_same_name ? 1 : 0; i < G_N_ELEMENTS(paths); i++) {
        if (!paths[i] || lstat(paths[i], &info) != 0)
            continue;
        g_autofree char *shown = g_filename_display_name(paths[i]);
        g_string_append_printf(list, "%s%s", list->len > 0 ? " and " : "", shown);
    }
    return g_string_free(list, FALSE);
}
