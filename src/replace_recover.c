/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace_private.h"

#include <string.h>

#include "file_names.h"
#include "job_error.h"

/* Numbers of devices are given out anew when a machine starts: then a file has to be on the device that its folder is
 * on now, and everything else has to fit as ever. */
static void let_device_go(FfarmFileIdentity *identity, const char *path)
{
    struct stat info;
    g_autofree char *folder = g_path_get_dirname(path);
    if (stat(folder, &info) == 0)
        identity->device = (guint64)info.st_dev;
}

static void let_devices_go(FfarmReplaceRecord *record)
{
    g_autofree char *boot_id = ffarm_replacement_boot_id();
    if (strcmp(boot_id, record->boot_id) == 0)
        return;
    let_device_go(&record->source_id, record->source);
    let_device_go(&record->link_id, record->source);
    let_device_go(&record->result_id, record->result);
    let_device_go(&record->staged_id, record->staged);
    if (record->trash)
        let_device_go(&record->trash_id, record->trash);
}

/* The source has to be seen, or something in its place: an empty mount point shows nothing at all. */
static gboolean may_undo(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene)
{
    gboolean has_old = scene->source == FFARM_OCCUPANT_SOURCE || scene->source == FFARM_OCCUPANT_STRANGER ||
                       scene->staged == FFARM_OCCUPANT_SOURCE || scene->aside == FFARM_OCCUPANT_SOURCE;
    return has_old && ffarm_replace_may_undo(record, scene);
}

/* TRUE if the old file went where it should and the result was changed by somebody since. */
static gboolean is_over(const FfarmReplaceRecord *record, const FfarmReplaceScene *scene)
{
    return record->step == FFARM_REPLACE_DROP && scene->destination == FFARM_OCCUPANT_STRANGER &&
           scene->staged == FFARM_OCCUPANT_NOBODY && scene->aside == FFARM_OCCUPANT_NOBODY &&
           (record->kind == FFARM_REPLACE_SAME_NAME || scene->source == FFARM_OCCUPANT_NOBODY);
}

/* TRUE if @path is a second name with a number of its own, see ffarm_name_link(), which a kill left there. */
static gboolean is_second_name(const char *path, FfarmFileIdentity identity)
{
    struct stat info;
    if (identity.inode == 0 || identity.size_bytes < 0 || lstat(path, &info) != 0)
        return FALSE;
    identity.inode = (guint64)info.st_ino;
    return ffarm_file_identity_fits(&identity, &info) && ffarm_file_numbers_change(path);
}

/* What was tried before a name could be given goes, as long as the film itself is there. */
static void let_tries_go(const FfarmReplaceRecord *record)
{
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    gboolean is_unplaced = record->step == FFARM_REPLACE_PLACE && record->kind != FFARM_REPLACE_SAME_NAME &&
                           scene.staged == FFARM_OCCUPANT_RESULT && scene.destination == FFARM_OCCUPANT_STRANGER;
    if (is_unplaced &&
        (ffarm_replace_is_held(record->destination) || is_second_name(record->destination, record->staged_id)))
        ffarm_name_remove(record->destination);
    if (scene.source == FFARM_OCCUPANT_SOURCE && scene.aside == FFARM_OCCUPANT_STRANGER &&
        is_second_name(record->aside, record->source_id))
        ffarm_name_remove(record->aside);
    if (record->step != FFARM_REPLACE_PREPARE && record->trash && ffarm_replace_is_held(record->trash))
        ffarm_name_remove(record->trash);
}

static gboolean remove_result(const FfarmReplaceRecord *record, GError **error)
{
    gboolean is_moved = ffarm_replace_is_moved(record);
    return ffarm_replace_remove_own(record->result, is_moved ? &record->staged_id : &record->result_id, error);
}

static gboolean finish(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    /* A new name may have been made by a link, which leaves the old one. */
    if (!ffarm_replace_remove_own(record->staged, &record->staged_id, error))
        return FALSE;
    if (record->kind != FFARM_REPLACE_KEEP && !ffarm_replacement_drop(replacement, error))
        return FALSE;
    return remove_result(record, error);
}

static FfarmReplaceRecovery leave(const FfarmReplaceRecord *record, const GError *reason, GError **error)
{
    g_autofree char *names = ffarm_replace_name_all(record);
    ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->source,
                   "its replacement was interrupted and nothing more was removed%s%s: look at %s",
                   reason ? ", as " : "", reason ? reason->message : "",
                   *names ? names : "whether its disk is mounted");
    return FFARM_REPLACE_RECOVERED_UNCLEAR;
}

FfarmReplaceRecovery ffarm_replace_recover(const FfarmReplaceRecord *interrupted, FfarmReplaceStepFunc on_step,
                                           gpointer user_data, GError **error)
{
    if (interrupted->step == FFARM_REPLACE_DONE)
        return FFARM_REPLACE_RECOVERED_FINISHED;
    const FfarmReplaceParams params = {.on_step = on_step, .user_data = user_data};
    g_auto(FfarmReplacement) replacement = {.params = &params};
    FfarmReplaceRecord *record = &replacement.record;
    ffarm_replace_record_copy(interrupted, record);
    let_devices_go(record);
    let_tries_go(record);
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    g_autoptr(GError) inner = NULL;
    if (is_over(record, &scene))
        return FFARM_REPLACE_RECOVERED_FINISHED;
    if (ffarm_replace_may_finish(record, &scene)) {
        if (finish(&replacement, &inner))
            return FFARM_REPLACE_RECOVERED_FINISHED;
    } else if (may_undo(record, &scene)) {
        if (ffarm_replace_undo(record, &inner) && remove_result(record, &inner))
            return FFARM_REPLACE_RECOVERED_UNDONE;
    }
    return leave(record, inner, error);
}
