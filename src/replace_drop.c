/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "file_attributes.h"
#include "file_copy.h"
#include "file_names.h"
#include "job_error.h"
#include "trash.h"

/* --- the trash --- */

static gboolean note(const FfarmReplaceRecord *record, const FfarmFileIdentity *identity, GError **error)
{
    gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;
    return ffarm_trash_note(record->trash_root, record->trash, identity, now_s, error);
}

gboolean ffarm_replacement_make_trash_folder(const FfarmReplaceRecord *record, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(record->trash);
    int failure = ffarm_folder_make(folder, 0777);
    return failure == 0 || ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, folder, "the trash folder can't be made: %s",
                                          g_strerror(failure));
}

/* Moves @from to record.trash, or to the next free name like it. Returns: 0, EXDEV, or -1 with @error set. */
static int move_into_trash(FfarmReplacement *replacement, const char *from, const FfarmFileIdentity *identity,
                           GError **error)
{
    FfarmReplaceRecord *record = &replacement->record;
    g_autofree char *wanted = g_strdup(record->trash);
    if (!ffarm_replacement_make_trash_folder(record, error))
        return -1;
    for (;;) {
        ffarm_replacement_set(&record->trash, ffarm_trash_free_name(wanted));
        if (!note(record, identity, error) || !ffarm_replacement_announce(replacement, record->step, error))
            return -1;
        int failure = ffarm_name_move(from, record->trash);
        FfarmFileState state = ffarm_file_look(record->trash, identity, NULL);
        if (state == FFARM_FILE_THERE || failure == EXDEV)
            return failure == EXDEV ? EXDEV : 0;
        if (failure == EEXIST && state == FFARM_FILE_OTHER)
            continue;
        ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->trash, "the old file can't be put in the trash: %s",
                       failure != 0 ? g_strerror(failure) : "the file system did something else");
        return -1;
    }
}

/* Makes the copy under its temporary name. @from, @to: open files. */
static gboolean fill_copy(FfarmReplacement *replacement, int from, const char *from_name, int to, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    struct stat info;
    if (!ffarm_replacement_announce(replacement, record->step, error) ||
        !ffarm_file_copy(from, from_name, to, record->trash_staged, replacement->cancellable, error))
        return FALSE;
    ffarm_attributes_copy(from, to, TRUE, record->trash, replacement->params->remarks);
    if (fsync(to) == 0 && fstat(to, &info) == 0) {
        replacement->record.trash_id = ffarm_file_identity(&info);
        return TRUE;
    }
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->trash_staged, "can't be written to disk: %s",
                          g_strerror(errno));
}

gboolean ffarm_replacement_copy_to_trash(FfarmReplacement *replacement, const char *from, GError **error)
{
    FfarmReplaceRecord *record = &replacement->record;
    struct stat info;
    int in = ffarm_replacement_make_trash_folder(record, error) ? ffarm_file_open(from, &info, error) : -1;
    if (in < 0)
        return FALSE;
    int out = ffarm_file_create(record->trash_staged, &record->trash_id, error);
    gboolean ok = out >= 0 && fill_copy(replacement, in, from, out, error);
    close(in);
    if (out >= 0 && close(out) != 0 && ok)
        ok = ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->trash_staged, "can't be written: %s",
                            g_strerror(errno));
    if (ok && !ffarm_file_identity_fits(&record->source_id, &info))
        ok = ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, from, "the source was changed since it was probed");
    /* Where the name was made by a link, the temporary one may be left. */
    if (!ok || move_into_trash(replacement, record->trash_staged, &record->trash_id, error) != 0 ||
        !ffarm_replace_remove_own(record->trash_staged, &record->trash_id, error))
        return FALSE;
    int failure = ffarm_folder_flush_of(record->trash);
    return failure == 0 || ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->trash,
                                          "its folder can't be written to disk: %s", g_strerror(failure));
}

/* --- the old file's end --- */

static gboolean fail_unreadable(const FfarmReplaceRecord *record, GError **error)
{
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->source,
                          "the source was changed or can't be read any more");
}

/* Takes the source from its name to one that nobody knows, where nobody can put another file in its place between the
 * look and the end. */
static gboolean take_aside(const FfarmReplaceRecord *record, GError **error)
{
    /* A failed undoing may have left two names of one file, and a rename does nothing with such. */
    if (!ffarm_replace_remove_own(record->aside, &record->source_id, error))
        return FALSE;
    int failure = ffarm_name_move_over(record->source, record->aside);
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    if (scene.aside == FFARM_OCCUPANT_SOURCE && scene.source != FFARM_OCCUPANT_SOURCE)
        return TRUE;
    if (scene.aside == FFARM_OCCUPANT_STRANGER && scene.source == FFARM_OCCUPANT_NOBODY)
        ffarm_name_move(record->aside, record->source);
    if (failure != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->source, "the source can't be removed: %s",
                              g_strerror(failure));
    return fail_unreadable(record, error);
}

/* A copy counts when it is complete and seen under its name, not when it was begun. */
static FfarmFileState look_in_trash(const FfarmReplaceRecord *record)
{
    const FfarmFileIdentity *identity = record->trash_id.inode != 0 ? &record->trash_id : &record->source_id;
    return identity->size_bytes < 0 ? FFARM_FILE_ABSENT : ffarm_file_look(record->trash, identity, NULL);
}

static gboolean put_in_trash(FfarmReplacement *replacement, const char *old, GError **error)
{
    FfarmReplaceRecord *record = &replacement->record;
    FfarmFileState state = look_in_trash(record);
    if (state == FFARM_FILE_THERE)
        return ffarm_replace_remove_own(record->trash_staged, &record->trash_id, error);
    /* A copy was noted there. Without that list it is not the trash, but the folder that its disk is mounted on. */
    if (state == FFARM_FILE_UNKNOWN || (record->trash_id.inode != 0 && !ffarm_trash_is(record->trash_root)))
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->trash_root,
                              "this trash can't be read, or its disk is not mounted");
    if (!ffarm_replace_remove_copy(record->trash_staged, &record->trash_id, error))
        return FALSE;
    record->trash_id = (FfarmFileIdentity){0};
    int failure = move_into_trash(replacement, old, &record->source_id, error);
    return failure == 0 || (failure == EXDEV && ffarm_replacement_copy_to_trash(replacement, old, error));
}

/* Whether an act failed says little: a network file system reports an error for what it did carry out. What is there
 * afterwards decides. */
static gboolean end_old(FfarmReplacement *replacement, const char *old, GError **error)
{
    FfarmReplaceRecord *record = &replacement->record;
    if (record->trash && !put_in_trash(replacement, old, error))
        return FALSE;
    int failure = ffarm_name_remove(old);
    struct stat info;
    if (lstat(old, &info) != 0 && errno == ENOENT)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->source, "the source can't be removed: %s",
                          failure != 0 ? g_strerror(failure) : "it is still there");
}

gboolean ffarm_replacement_drop(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    if (!ffarm_replace_may_finish(record, &scene))
        return fail_unreadable(record, error);
    if (scene.staged == FFARM_OCCUPANT_SOURCE && !end_old(replacement, record->staged, error))
        return FALSE;
    if (record->kind == FFARM_REPLACE_OTHER_NAME && scene.source == FFARM_OCCUPANT_SOURCE && !take_aside(record, error))
        return FALSE;
    scene = ffarm_replace_scene(record);
    /* Nothing may pass for gone that merely can't be seen. */
    if (!ffarm_replace_may_finish(record, &scene))
        return fail_unreadable(record, error);
    if (scene.aside == FFARM_OCCUPANT_SOURCE && !end_old(replacement, record->aside, error))
        return FALSE;
    /* The worst that can come of a failure here is that the old film is there again. */
    int failure = ffarm_folder_flush_of(record->source);
    if (failure != 0)
        g_debug("%s: its folder can't be written to disk: %s", record->source, g_strerror(failure));
    return TRUE;
}
