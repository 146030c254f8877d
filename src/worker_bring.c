/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker_private.h"

#include "error.h"
#include "file_names.h"
#include "here.h"
#include "job_error.h"

static void on_upload(gint64 done_bytes, gint64 total_bytes, gpointer user_data)
{
    FfarmAttempt *attempt = user_data;
    ffarm_room_note_uploaded(attempt->room, done_bytes);
    ffarm_attempt_tell_transfer(attempt, done_bytes, total_bytes);
}

static gboolean reserve_room(FfarmAttempt *attempt, GError **error)
{
    const FfarmWork *work = attempt->work;
    const FfarmRoomParams params = {
        .space = work->space,
        .runner = attempt->runner,
        .placement = attempt->placement,
        .destination = work->choice->destination,
        .source_bytes = attempt->source->size_bytes,
        .threshold = work->choice->profile->threshold,
        .on_message = work->on_message,
        .user_data = work->user_data,
    };
    attempt->room = ffarm_room_reserve(&params, attempt->cancellable, error);
    return attempt->room != NULL;
}

static gboolean make_result_folder(const FfarmAttempt *attempt, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(attempt->placement->result);
    int failure = ffarm_folder_make(folder, 0777);
    if (failure == 0)
        return TRUE;
    g_autofree char *name = g_filename_display_name(folder);
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, name, "the folder can't be made: %s", g_strerror(failure));
}

gboolean ffarm_attempt_lies_with_films(const FfarmAttempt *attempt)
{
    g_autofree char *folder = g_path_get_dirname(attempt->placement->result);
    g_autofree char *source = g_path_get_dirname(attempt->source->path);
    g_autofree char *destination = g_path_get_dirname(attempt->work->choice->destination);
    return g_strcmp0(folder, source) == 0 || g_strcmp0(folder, destination) == 0;
}

gboolean ffarm_attempt_can_write(const FfarmAttempt *attempt, GError **error)
{
    FfarmJobError code = ffarm_attempt_lies_with_films(attempt) ? FFARM_JOB_ERROR_REPLACE : FFARM_JOB_ERROR_HOST;
    return ffarm_here_can_write(attempt->placement->result, code, attempt->work->choice->destination, error);
}

/* A folder that is there already is somebody else's, whoever that is: neither used nor removed. */
static gboolean make_host_folder(FfarmAttempt *attempt, GError **error)
{
    g_autoptr(GError) inner = NULL;
    gboolean is_made =
        ffarm_runner_make_dir(attempt->runner, attempt->placement->host_folder, attempt->cancellable, &inner);
    /* After a loss in between it may be there. */
    attempt->has_folder = is_made || !g_error_matches(inner, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXISTS);
    if (!is_made)
        g_propagate_error(error, g_steal_pointer(&inner));
    return is_made;
}

static gboolean upload(FfarmAttempt *attempt, GError **error)
{
    ffarm_attempt_enter(attempt, FFARM_JOB_UPLOADING);
    return make_host_folder(attempt, error) &&
           ffarm_runner_put(attempt->runner, attempt->source->path, attempt->placement->host_input, on_upload, attempt,
                            attempt->cancellable, error);
}

/* A mounted host must mean the same file by its path; anything else would encode one film into another's place. */
static gboolean check_mounted_input(const FfarmAttempt *attempt, GError **error)
{
    const char *path = attempt->placement->host_input;
    FfarmRemoteStat there;
    if (!ffarm_runner_stat(attempt->runner, path, &there, attempt->cancellable, error))
        return FALSE;
    if (!there.is_folder && there.size_bytes == attempt->source->size_bytes)
        return TRUE;
    g_autofree char *name = g_filename_display_name(path);
    return ffarm_job_fail(error, FFARM_JOB_ERROR_HOST, attempt->host->name,
                          "%s is another file there than here; check path-substitution", name);
}

static gboolean bring_input(FfarmAttempt *attempt, GError **error)
{
    if (attempt->placement->must_move)
        return upload(attempt, error);
    return attempt->host->type != FFARM_HOST_MOUNTED || check_mounted_input(attempt, error);
}

gboolean ffarm_attempt_prepare(FfarmAttempt *attempt, GError **error)
{
    return make_result_folder(attempt, error) && reserve_room(attempt, error) &&
           ffarm_attempt_can_write(attempt, error) && bring_input(attempt, error);
}
