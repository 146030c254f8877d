/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ffmpeg_log.h"
#include "media.h"
#include "progress.h"
#include "runner.h"

G_BEGIN_DECLS

/* encode.h — one ffmpeg on one host: run, watched, and its end judged.
 *
 * Threads: that of the runner. */

typedef struct {
    const char *const *argv;
    const char *input, *output; /* the files that @argv names */
    const FfarmMedia *source;
    double threshold, threshold_check; /* as in the profile */
    guint stall_ms;                    /* no progress for this long: stopped */
    gboolean may_be_damaged;           /* TRUE: complaints about the source are no failure where ffmpeg's status is 0 */
    gboolean shares_disk; /* the output lies where the film or its result is to be: where that is full no host does
                             better */
    void (*on_progress)(const FfarmProgress *progress, gpointer user_data); /* nullable; at most two a second */
    gpointer user_data;
} FfarmEncode;

/* Runs it to its end. What ffmpeg says goes to @log.
 * @is_hopeless: set to TRUE when it was stopped early because it would not save enough; TRUE is returned then.
 * Returns: FALSE with FFARM_JOB_ERROR (ENCODER, HOST, LACKING, DEVICE, STALLED, SOURCE, REPLACE for a full disk of the manager's),
 * FFARM_REMOTE_ERROR or G_IO_ERROR_CANCELLED. */
gboolean ffarm_encode_run(FfarmRunner *runner, const FfarmEncode *encode, FfarmFfmpegLog *log, gboolean *is_hopeless,
                          GCancellable *cancellable, GError **error);

/* What an exit status and a log mean: the host's fault, the source's, or that of file and options together. Status 0
 * with a complaint about the input is no success: ffmpeg ends a film early without failing. Pure. */
gboolean ffarm_encode_judge(const FfarmHost *host, const FfarmEncode *encode, int exit_status,
                            const FfarmFfmpegLog *log, GError **error);

G_END_DECLS
