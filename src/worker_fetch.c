/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker_private.h"

#include <fcntl.h>
#include <unistd.h>

#include "error.h"
#include "job_error.h"

#define RESULT_ALLOWANCE_BYTES ((gint64)64 * 1024 * 1024)

static void on_download(gint64 done_bytes, gint64 total_bytes, gpointer user_data)
{
    FfarmAttempt *attempt = user_data;
    ffarm_room_note_downloaded(attempt->room, done_bytes);
    ffarm_attempt_tell_transfer(attempt, done_bytes, total_bytes);
}

/* Most results are smaller than their source. One that is much larger is taken if ffmpeg told of it while it was made,
 * as a lossless profile's is; a file that grew some other way only a broken or hostile host sends. */
static gint64 max_result_bytes(const FfarmAttempt *attempt)
{
    return MAX(2 * attempt->source->size_bytes, attempt->encoded_bytes) + RESULT_ALLOWANCE_BYTES;
}

static gboolean is_below_threshold(const FfarmAttempt *attempt)
{
    double threshold = attempt->rung->profile->threshold;
    double source = (double)attempt->source->size_bytes, result = (double)attempt->outcome->output_size;
    return threshold > 0 && source > 0 && 100 * (source - result) / source < threshold;
}

static gboolean download(FfarmAttempt *attempt, GError **error)
{
    ffarm_attempt_enter(attempt, FFARM_JOB_DOWNLOADING);
    if (!ffarm_room_check_result(attempt->room, attempt->outcome->output_size, attempt->cancellable, error))
        return FALSE;
    g_autoptr(GError) inner = NULL;
    if (ffarm_runner_get(attempt->runner, attempt->placement->host_output, attempt->placement->result,
                         max_result_bytes(attempt), on_download, attempt, attempt->cancellable, &inner))
        return TRUE;
    /* It is this machine's disk that is full; another host would only encode for nothing. */
    if (g_error_matches(inner, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NO_SPACE))
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, attempt->placement->result,
                              "the result does not fit here (%s)", inner->message);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* Both sides must see the same result: a wrong mapping, or a network file system that has not caught up. */
static gboolean check_mounted_output(const FfarmAttempt *attempt, gint64 size_bytes, GError **error)
{
    FfarmRemoteStat there;
    if (!ffarm_runner_stat(attempt->runner, attempt->placement->host_output, &there, attempt->cancellable, error))
        return FALSE;
    if (there.size_bytes == size_bytes)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_HOST, attempt->host->name,
                          "the result has %" G_GINT64_FORMAT " bytes there and %" G_GINT64_FORMAT " here",
                          there.size_bytes, size_bytes);
}

/* Opens it to look at it: only that makes a network file system ask its server anew. */
static gboolean look_at_result(const FfarmAttempt *attempt, struct stat *info)
{
    int fd = open(attempt->placement->result, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return FALSE;
    gboolean is_file = fstat(fd, info) == 0 && S_ISREG(info->st_mode);
    close(fd);
    return is_file;
}

gboolean ffarm_attempt_fetch(FfarmAttempt *attempt, gboolean *is_too_large, GError **error)
{
    gboolean must_move = attempt->placement->must_move;
    FfarmRemoteStat there = {0};
    if (must_move &&
        !ffarm_runner_stat(attempt->runner, attempt->placement->host_output, &there, attempt->cancellable, error))
        return FALSE;
    attempt->outcome->output_size = there.size_bytes;
    *is_too_large = must_move && is_below_threshold(attempt);
    if (*is_too_large || (must_move && !download(attempt, error)))
        return *is_too_large;
    if (!look_at_result(attempt, &attempt->result))
        return ffarm_job_fail(error, FFARM_JOB_ERROR_HOST, attempt->host->name,
                              "ffmpeg ended well, but its result is not here; check path-substitution");
    attempt->outcome->output_size = attempt->result.st_size;
    *is_too_large = is_below_threshold(attempt);
    if (!must_move && !ffarm_room_check_result(attempt->room, attempt->result.st_size, attempt->cancellable, error))
        return FALSE;
    return attempt->host->type != FFARM_HOST_MOUNTED || check_mounted_output(attempt, attempt->result.st_size, error);
}

gboolean ffarm_attempt_is_same(const FfarmAttempt *attempt, GError **error)
{
    struct stat now;
    const struct stat *before = &attempt->result;
    if (look_at_result(attempt, &now) && now.st_dev == before->st_dev && now.st_ino == before->st_ino &&
        now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_HOST, attempt->host->name,
                          "the result was changed while it was verified; something else writes to %s",
                          attempt->placement->result);
}
