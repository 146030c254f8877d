/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker_private.h"

#include <string.h>

#include "codec.h"
#include "decode_proof.h"
#include "device_book.h"
#include "encode.h"
#include "error.h"
#include "here.h"
#include "job_error.h"
#include "meetings.h"
#include "misleading.h"
#include "descent.h"
#include "literal_engine.h"
#include "output_options.h"
#include "recipe.h"

static void on_progress(const FfarmProgress *progress, gpointer user_data)
{
    FfarmAttempt *attempt = user_data;
    attempt->encoded_bytes = MAX(attempt->encoded_bytes, progress->size_bytes);
    ffarm_stopwatch_note(&attempt->outcome->watch, progress, g_get_monotonic_time());
    ffarm_room_note_encoded(attempt->room, progress->size_bytes);
    attempt->work->on_progress(progress, attempt->work->user_data);
}

/* What a host finds wrong with files that lie here may be found from here, too, and then it is not the host's fault. */
static void look_from_here(const FfarmAttempt *attempt, GError **error)
{
    g_autoptr(GError) ours = NULL;
    if (attempt->placement->must_move || !g_error_matches(*error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST))
        return;
    gboolean is_good = (!ffarm_ffmpeg_log_peek_trouble(attempt->log, FFARM_TROUBLE_OUTPUT) ||
                        ffarm_attempt_can_write(attempt, &ours)) &&
                       (!ffarm_ffmpeg_log_peek_trouble(attempt->log, FFARM_TROUBLE_READING) ||
                        ffarm_here_can_read(attempt->source->path, attempt->cancellable, &ours));
    if (is_good)
        return;
    g_clear_error(error);
    *error = g_steal_pointer(&ours);
}

static gboolean run_rung(FfarmAttempt *attempt, gboolean *is_hopeless, GError **error)
{
    const FfarmProfile *profile = attempt->rung->profile;
    g_auto(GStrv) argv = ffarm_choice_argv(attempt->rung, attempt->placement);
    FfarmEncode params = {
        .argv = (const char *const *)argv,
        .input = attempt->placement->host_input,
        .output = attempt->placement->host_output,
        .source = attempt->source,
        .threshold = profile->threshold,
        .threshold_check = profile->threshold_check,
        .stall_ms = attempt->work->stall_ms,
        .shares_disk = !attempt->placement->must_move && ffarm_attempt_lies_with_films(attempt),
        .may_be_damaged = ffarm_attempt_proof(attempt).damaged == FFARM_DAMAGED_ENCODE,
        .on_progress = on_progress,
        .user_data = attempt,
    };
    g_autoptr(GError) inner = NULL;
    attempt->outcome->watch = (FfarmStopwatch){0};
    if (ffarm_encode_run(attempt->runner, &params, attempt->log, is_hopeless, attempt->cancellable, &inner))
        return TRUE;
    look_from_here(attempt, &inner);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* --- down the ladder --- */

/* What failed, as the farm is to know of it. Nothing where it may have been the film. */
static void tell_finding(const FfarmAttempt *attempt, const FfarmDescent *step)
{
    const FfarmChoice *rung = attempt->rung;
    if (step->part == FFARM_DESCENT_DECODER || step->part == FFARM_DESCENT_EITHER || strcmp(rung->engine, "cpu") == 0)
        return;
    const char *encoder = ffarm_output_options_encoder(rung->profile, FFARM_STREAM_VIDEO, 0);
    const FfarmStream *video = ffarm_media_peek_video(attempt->source);
    FfarmCapability finding = {
        .engine = rung->engine,
        .device = rung->device,
        .codec = ffarm_codec_of_encoder(encoder),
        .depth =
            rung->profile->codec ? ffarm_recipe_depth(rung->profile, video) : ffarm_literal_depth(rung->profile, video),
        .class_ = step->class_,
        .words = step->words,
    };
    attempt->work->on_finding(&finding, attempt->work->user_data);
}

FfarmFfmpegLog *ffarm_attempt_log_new(const FfarmAttempt *attempt)
{
    FfarmFfmpegLog *log = ffarm_ffmpeg_log_new(attempt->placement->host_output);
    ffarm_ffmpeg_log_distrust(log, ffarm_misleading_list(attempt->source));
    return log;
}

static void stand_on(FfarmAttempt *attempt, const FfarmChoice *rung)
{
    attempt->rung = rung;
    attempt->outcome->choice = rung;
    attempt->encoded_bytes = 0;
    attempt->outcome->watch = (FfarmStopwatch){0};
    gsize length = 0;
    const char *said = ffarm_ffmpeg_log_peek_tail(attempt->log, &length);
    g_string_append_len(attempt->said, said, (gssize)length);
    ffarm_ffmpeg_log_free(attempt->log);
    attempt->log = ffarm_attempt_log_new(attempt);
}

/* Says why, and goes where @step leads. Returns: FALSE with @error if what the rung made can't be removed. */
static gboolean go_down(FfarmAttempt *attempt, const FfarmDescent *step, GError **error)
{
    const FfarmWork *work = attempt->work;
    g_autofree char *name = g_filename_display_name(attempt->source->path);
    g_autofree char *what = ffarm_descent_describe(attempt->rung, step);
    g_autofree char *text = g_strdup_printf("%s: %s: %s", attempt->host->name, name, what);
    g_autofree char *reason = ffarm_descent_reason(attempt->rung, step);
    work->on_message(text, work->user_data);
    if (!ffarm_attempt_drop_result(attempt, error))
        return FALSE;
    stand_on(attempt, step->next);
    work->on_rung(step->next, reason, work->user_data);
    return TRUE;
}

static gboolean fail_with(const FfarmAttempt *attempt, FfarmJobError code, const FfarmDescent *step, GError **error)
{
    g_autofree char *reason = ffarm_descent_reason(attempt->rung, step);
    return ffarm_job_fail(error, code, attempt->host->name, "%s", reason);
}

/* TRUE if the device may be free in a while, as far as this film is concerned. */
static gboolean is_worth_waiting(const FfarmAttempt *attempt, const FfarmDescent *step)
{
    const GPtrArray *meetings = attempt->work->meetings;
    g_autofree char *name = ffarm_device_name(attempt->rung->engine, attempt->rung->device);
    const FfarmMeeting *meeting = meetings ? ffarm_meetings_find_last(meetings, attempt->host, name) : NULL;
    gboolean is_too_large = meeting && step->next && ffarm_descent_is_of_memory(step);
    return !ffarm_descent_is_doubtful(step) && !is_too_large && !(meeting && meeting->others_begun);
}

/* The rung's device is in use, as it seems. Returns: as recover(). */
static gboolean on_in_use(FfarmAttempt *attempt, FfarmDescent *step, GError **error)
{
    if (is_worth_waiting(attempt, step)) {
        attempt->outcome->lacks_memory = ffarm_descent_is_of_memory(step);
        /* It is no fault of anybody's that all is taken. */
        return fail_with(attempt, FFARM_JOB_ERROR_BUSY, step, error);
    }
    if (ffarm_descent_is_doubtful(step) && !attempt->has_insisted) {
        attempt->has_insisted = TRUE;
        if (!ffarm_attempt_drop_result(attempt, error))
            return FALSE;
        stand_on(attempt, attempt->rung);
        return TRUE;
    }
    ffarm_descent_hurry(step);
    if (ffarm_descent_is_doubtful(step))
        tell_finding(attempt, step);
    return step->move == FFARM_DESCENT_STEP ? go_down(attempt, step, error)
                                            : fail_with(attempt, FFARM_JOB_ERROR_LACKING, step, error);
}

/* ffmpeg failed with @cause, which is taken over. Returns: TRUE if another rung's turn has come. */
static gboolean recover(FfarmAttempt *attempt, GError *cause, GError **error)
{
    g_autoptr(GError) inner = cause;
    g_auto(FfarmDescent) step = {0};
    ffarm_descent_judge_encode(attempt->rung, attempt->source, cause, attempt->log, &step);
    if (step.move == FFARM_DESCENT_WAIT)
        return on_in_use(attempt, &step, error);
    if (step.words)
        tell_finding(attempt, &step);
    gboolean is_stalled = g_error_matches(inner, FFARM_JOB_ERROR, FFARM_JOB_ERROR_STALLED);
    gboolean hangs_again = is_stalled && attempt->has_stalled;
    attempt->has_stalled |= is_stalled;
    if (step.move == FFARM_DESCENT_STEP && !hangs_again)
        return go_down(attempt, &step, error);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* What came of trying a decoder, as the farm is to know of it, if it says something of other films, too. */
static void tell_decoder(const FfarmAttempt *attempt, FfarmCapabilityClass class_, char *words)
{
    const FfarmChoice *rung = attempt->rung;
    const FfarmStream *video = ffarm_media_peek_video(attempt->source);
    const FfarmDecodeCapability found = {
        .engine = rung->decoder,
        .device = g_strcmp0(rung->decoder, rung->engine) == 0 ? rung->device : NULL,
        .codec = video->codec,
        .profile = video->profile,
        .pix_fmt = video->pix_fmt,
        .class_ = class_,
        .words = words,
    };
    if (ffarm_capability_is_lasting(class_) && class_ != FFARM_CAPABILITY_WRONG_PICTURE)
        attempt->work->on_decoder(&found, attempt->work->user_data);
}

/* Tries the rung's decoder on the film. */
static gboolean try_decoder(FfarmAttempt *attempt, FfarmDescent *step, GError **error)
{
    const FfarmChoice *rung = attempt->rung;
    const FfarmDecodeTrial trial = {
        .ffmpeg = attempt->host->ffmpeg,
        .options = (const char *const *)rung->proof_options,
        .input = attempt->placement->host_input,
        .source = attempt->source,
        .video = ffarm_media_peek_video(attempt->source),
    };
    step->part = FFARM_DESCENT_DECODER;
    if (!ffarm_decode_proof_run(attempt->runner, &trial, &step->class_, &step->words, attempt->cancellable, error))
        return FALSE;
    tell_decoder(attempt, step->class_, step->words);
    if (step->class_ == FFARM_CAPABILITY_PROVED)
        g_ptr_array_add(attempt->proved, (gpointer)rung->decoder);
    else
        step->next = ffarm_descent_without_decoder(rung);
    return TRUE;
}

/* A decoder that can't be counted on is tried before it is used; where it fails those rungs are passed over. */
static gboolean settle_decoder(FfarmAttempt *attempt, GError **error)
{
    while (attempt->rung->wants_proof && !g_ptr_array_find(attempt->proved, attempt->rung->decoder, NULL)) {
        g_auto(FfarmDescent) step = {0};
        if (!try_decoder(attempt, &step, error))
            return FALSE;
        if (step.class_ == FFARM_CAPABILITY_PROVED)
            return TRUE;
        if (!step.next) {
            g_autofree char *reason = ffarm_descent_reason(attempt->rung, &step);
            return ffarm_job_fail(error, FFARM_JOB_ERROR_LACKING, attempt->host->name, "%s", reason);
        }
        if (!go_down(attempt, &step, error))
            return FALSE;
    }
    return TRUE;
}

gboolean ffarm_attempt_encode(FfarmAttempt *attempt, gboolean *is_hopeless, GError **error)
{
    ffarm_attempt_enter(attempt, FFARM_JOB_ENCODING);
    for (;;) {
        g_autoptr(GError) inner = NULL;
        if (!settle_decoder(attempt, error))
            return FALSE;
        if (run_rung(attempt, is_hopeless, &inner))
            return TRUE;
        if (!recover(attempt, g_steal_pointer(&inner), error))
            return FALSE;
    }
}

gboolean ffarm_attempt_step_down(FfarmAttempt *attempt, const GError *cause, GError **error)
{
    g_auto(FfarmDescent) step = {0};
    ffarm_descent_judge_result(attempt->rung, attempt->source, cause, &step);
    if (step.words)
        tell_finding(attempt, &step);
    if (attempt->was_bad || step.move != FFARM_DESCENT_STEP)
        return FALSE;
    attempt->was_bad = TRUE;
    return go_down(attempt, &step, error);
}
