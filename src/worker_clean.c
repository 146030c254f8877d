/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker_private.h"

#include <errno.h>
#include <unistd.h>

#include "deadline.h"
#include "error.h"
#include "file_names.h"
#include "job_error.h"

/* Cleaning up has to end soon, also after Ctrl-C and on a host that does not answer. */
#define CLEANUP_MS 8000

gboolean ffarm_attempt_note_traces(FfarmAttempt *attempt, GError **error)
{
    const FfarmPlacement *placement = attempt->placement;
    FfarmTrace trace = {
        .run_id = attempt->work->plan->run_id,
        .item = attempt->work->item->id,
        .attempt = attempt->name,
        .cluster = attempt->host->cluster,
        .host = attempt->host->name,
        .here = placement->result,
        .is_folder = placement->must_move,
    };
    if (placement->must_move)
        trace.there = placement->host_folder;
    else if (attempt->host->type == FFARM_HOST_MOUNTED)
        trace.there = placement->host_output;
    return ffarm_journal_add_trace(attempt->work->journal, &trace, &attempt->trace, error);
}

static void strike_traces(FfarmAttempt *attempt, guint parts)
{
    g_autoptr(GError) error = NULL;
    if (!ffarm_journal_strike_trace(attempt->work->journal, attempt->trace, parts, &error))
        g_ptr_array_add(attempt->outcome->remarks, g_strdup(error->message));
}

static gboolean remove_from_host(FfarmAttempt *attempt, GCancellable *cancellable, GError **error)
{
    if (!ffarm_runner_open(attempt->runner, CLEANUP_MS, cancellable, error))
        return FALSE;
    if (attempt->placement->must_move)
        return ffarm_runner_remove_dir(attempt->runner, attempt->placement->host_folder, cancellable, error);
    return ffarm_runner_remove(attempt->runner, attempt->placement->host_output, cancellable, error);
}

/* The job's own cancellable may have fired already, so this has a clock of its own. Returns: TRUE if nothing is left.
 */
static gboolean clean_host(FfarmAttempt *attempt)
{
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(CLEANUP_MS, NULL);
    g_autoptr(GError) error = NULL;
    if (remove_from_host(attempt, ffarm_deadline_peek_cancellable(deadline), &error))
        return TRUE;
    const char *path =
        attempt->placement->must_move ? attempt->placement->host_folder : attempt->placement->host_output;
    g_autofree char *name = g_filename_display_name(path);
    const char *reason = ffarm_deadline_has_passed(deadline) ? "the host did not answer in time" : error->message;
    g_ptr_array_add(attempt->outcome->remarks,
                    g_strdup_printf("%s: %s may have been left there: %s", attempt->host->name, name, reason));
    return FALSE;
}

static gboolean is_gone(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 && errno == ENOENT;
}

void ffarm_attempt_clean_up(FfarmAttempt *attempt, gboolean is_placed)
{
    /* A mounted host's result is ours to remove here; it is asked only when it wrote somewhere else. */
    gboolean is_mounted = attempt->host->type == FFARM_HOST_MOUNTED;
    gboolean is_missing_here = !is_placed && is_mounted && access(attempt->placement->result, F_OK) != 0;
    gboolean is_gone_here =
        is_placed ? is_gone(attempt->placement->result)
                  : !attempt->is_unsettled && (unlink(attempt->placement->result) == 0 || errno == ENOENT);
    if (!is_gone_here && !is_placed && !attempt->is_unsettled)
        g_ptr_array_add(attempt->outcome->remarks,
                        g_strdup_printf("%s: could not be removed: %s", attempt->placement->result, g_strerror(errno)));
    /* Or a power loss could bring it back, with nobody left who knows of it. */
    is_gone_here = is_gone_here && ffarm_folder_flush_of(attempt->placement->result) == 0;
    gboolean must_clean = attempt->has_folder || (is_missing_here && ffarm_runner_is_open(attempt->runner));
    gboolean is_gone_there = !must_clean || clean_host(attempt);
    strike_traces(attempt, (is_gone_here ? FFARM_TRACE_HERE : 0) | (is_gone_there ? FFARM_TRACE_THERE : 0));
}

gboolean ffarm_attempt_drop_result(FfarmAttempt *attempt, GError **error)
{
    const FfarmPlacement *placement = attempt->placement;
    if (unlink(placement->result) != 0 && errno != ENOENT) {
        int failure = errno;
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, placement->result, "can't be removed: %s",
                              g_strerror(failure));
    }
    gboolean is_there = placement->must_move || attempt->host->type == FFARM_HOST_MOUNTED;
    return !is_there || ffarm_runner_remove(attempt->runner, placement->host_output, attempt->cancellable, error);
}

char *ffarm_attempt_save_log(const FfarmAttempt *attempt)
{
    gsize length = 0;
    const char *tail = ffarm_ffmpeg_log_peek_tail(attempt->log, &length);
    g_autoptr(GString) said = g_string_new_len(attempt->said->str, (gssize)attempt->said->len);
    g_string_append_len(said, tail, (gssize)length);
    if (said->len == 0)
        return NULL;
    g_autofree char *folder =
        g_build_filename(g_get_user_state_dir(), "ffarm", "logs", attempt->work->plan->run_id, NULL);
    g_autofree char *name = g_strdup_printf("%u-%u.log", attempt->work->item->id, attempt->work->attempt);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(folder, 0700) == 0 &&
        g_file_set_contents_full(path, said->str, (gssize)said->len, G_FILE_SET_CONTENTS_NONE, 0600, &error))
        return g_steal_pointer(&path);
    g_ptr_array_add(attempt->outcome->remarks, g_strdup_printf("%s: the log could not be kept: %s", path,
                                                               error ? error->message : g_strerror(errno)));
    return NULL;
}
