/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace_private.h"

#include <errno.h>
#include <string.h>

#include "file_names.h"
#include "job_error.h"

static gboolean fail_placing(const FfarmReplaceRecord *record, int failure, GError **error)
{
    if (failure == EEXIST)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->destination,
                              "is there already and is not overwritten");
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->destination, "the result can't be put there: %s",
                          failure != 0 ? g_strerror(failure) : "the file system did something else");
}

static gboolean fail_changed(const FfarmReplaceRecord *record, GError **error)
{
    return ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, record->source,
                          "the source was changed since it was probed, so it is left alone");
}

static gboolean place_under_new_name(const FfarmReplaceRecord *record, GError **error)
{
    int failure = ffarm_name_move(record->staged, record->destination);
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    /* Where the name was made by a link, the temporary one may be left. */
    if (scene.destination == FFARM_OCCUPANT_RESULT)
        return scene.staged != FFARM_OCCUPANT_RESULT ||
               ffarm_replace_remove_own(record->staged, &record->staged_id, error);
    return fail_placing(record, failure, error);
}

/* What came out of the exchange is not the probed film: somebody put another one there in the last moment. */
static gboolean exchange_back(const FfarmReplaceRecord *record, GError **error)
{
    int failure = ffarm_name_exchange(record->staged, record->destination);
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    if (scene.staged == FFARM_OCCUPANT_RESULT)
        return fail_changed(record, error);
    return fail_placing(record, failure, error);
}

/* For file systems that can't exchange: the old file gets a second name first where that is possible, or a copy where
 * it is wanted in the trash. */
static gboolean place_over(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    int failure = ffarm_name_link(record->destination, record->aside);
    gboolean has_second_name = failure == 0 || failure == EEXIST;
    gboolean needs_copy = !has_second_name && record->trash && record->trash_id.inode == 0;
    if (needs_copy && !ffarm_replacement_copy_to_trash(replacement, record->source, error))
        return FALSE;
    FfarmReplaceScene scene = ffarm_replace_scene(record);
    if (scene.destination != FFARM_OCCUPANT_SOURCE || (has_second_name && scene.aside != FFARM_OCCUPANT_SOURCE))
        return fail_changed(record, error);
    failure = ffarm_name_move_over(record->staged, record->destination);
    scene = ffarm_replace_scene(record);
    if (scene.destination == FFARM_OCCUPANT_RESULT)
        return TRUE;
    return fail_placing(record, failure, error);
}

static gboolean place_under_same_name(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    FfarmReplaceScene scene;
    int failure;
    guint nth = 0;
    do {
        failure = ffarm_name_exchange(record->staged, record->destination);
        if (ffarm_name_is_unsupported(failure))
            return place_over(replacement, error);
        scene = ffarm_replace_scene(record);
    } while (scene.destination == FFARM_OCCUPANT_SOURCE && scene.staged == FFARM_OCCUPANT_RESULT &&
             ffarm_name_may_heal(failure, nth++));
    if (scene.destination == FFARM_OCCUPANT_RESULT && scene.staged == FFARM_OCCUPANT_SOURCE)
        return TRUE;
    if (scene.destination == FFARM_OCCUPANT_RESULT && scene.staged == FFARM_OCCUPANT_STRANGER)
        return exchange_back(record, error);
    return fail_placing(record, failure, error);
}

gboolean ffarm_replacement_place(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    gboolean is_placed = record->kind == FFARM_REPLACE_SAME_NAME ? place_under_same_name(replacement, error)
                                                                 : place_under_new_name(record, error);
    if (!is_placed)
        return FALSE;
    int failure = ffarm_folder_flush_of(record->destination);
    if (failure != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->destination,
                              "its folder can't be written to disk: %s", g_strerror(failure));
    return TRUE;
}
