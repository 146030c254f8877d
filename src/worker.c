/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker_private.h"

#include "error.h"
#include "keep_failed.h"
#include "nonce.h"
#include "replace.h"
#include "verify_result.h"

#define TRANSFER_NEWS_US (G_USEC_PER_SEC / 2)

void ffarm_outcome_free(FfarmOutcome *outcome)
{
    if (!outcome)
        return;
    g_clear_error(&outcome->error);
    g_free(outcome->output);
    g_free(outcome->log);
    g_ptr_array_unref(outcome->remarks);
    g_free(outcome);
}

void ffarm_attempt_enter(const FfarmAttempt *attempt, FfarmJobState state)
{
    attempt->work->on_state(state, attempt->work->user_data);
}

void ffarm_attempt_tell_transfer(FfarmAttempt *attempt, gint64 done_bytes, gint64 total_bytes)
{
    gint64 now_us = g_get_monotonic_time();
    if (done_bytes < total_bytes && now_us - attempt->told_us < TRANSFER_NEWS_US)
        return;
    attempt->told_us = now_us;
    attempt->work->on_transfer(done_bytes, total_bytes, attempt->work->user_data);
}

FfarmProof ffarm_attempt_proof(const FfarmAttempt *attempt)
{
    return ffarm_proof_over(&attempt->work->plan->settings->proof, &attempt->rung->profile->proof);
}

/* Puts what is no proper result where a person can look at it, and says where that is. */
static void keep_failed(const FfarmAttempt *attempt, GError **error)
{
    const FfarmWork *work = attempt->work;
    if (!work->keep_failed || !g_error_matches(*error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH))
        return;
    g_autoptr(GError) inner = NULL;
    g_autofree char *path = ffarm_keep_failed(work->keep_failed, attempt->placement->result, attempt->source->path,
                                              work->choice->destination, attempt->name, attempt->cancellable, &inner);
    if (!path) {
        g_ptr_array_add(attempt->outcome->remarks, g_strdup(inner->message));
        return;
    }
    g_autofree char *name = g_filename_display_name(path);
    g_autofree char *message = g_strdup_printf("%s; the result is kept as %s", (*error)->message, name);
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&message);
}

static gboolean verify(const FfarmAttempt *attempt, GError **error)
{
    const FfarmChoice *rung = attempt->rung;
    FfarmVerifyParams params = {
        .promise = {.streams = rung->streams, .muxer = rung->muxer, .profile = rung->profile},
        .proof = ffarm_attempt_proof(attempt),
        .ffmpeg = attempt->work->plan->settings->ffmpeg,
        .complaint = ffarm_ffmpeg_log_peek_trouble(attempt->log, FFARM_TROUBLE_DAMAGED),
        .stall_ms = attempt->work->stall_ms,
    };
    params.promise.flags = ffarm_verify_flags(rung->profile, &params.proof);
    return ffarm_verify_result(attempt->placement->result, attempt->source, &params, &attempt->outcome->quality,
                               attempt->cancellable, error);
}

/* Whatever happens next, the journal knows how to end it. */
static gboolean on_replace_step(const FfarmReplaceRecord *record, gpointer user_data, GError **error)
{
    FfarmAttempt *attempt = user_data;
    const FfarmWork *work = attempt->work;
    gboolean is_undone = record->step == FFARM_REPLACE_UNDONE;
    attempt->is_unsettled = record->step == FFARM_REPLACE_FAILED;
    g_autofree char *text = is_undone ? NULL : ffarm_replace_record_format(record);
    return ffarm_journal_note_replacement(work->journal, work->plan->run_id, work->item->id, text, error);
}

static gboolean replace(FfarmAttempt *attempt, GError **error)
{
    const FfarmChoice *choice = attempt->work->choice;
    FfarmReplaceParams params = {
        .result = attempt->placement->result,
        .destination = choice->destination,
        .source = attempt->source,
        .keep_source = choice->originals == FFARM_ORIGINALS_KEEP,
        .trash_dir = choice->originals == FFARM_ORIGINALS_TRASH ? attempt->work->plan->settings->trash_dir : NULL,
        .keep_times = choice->keep_times,
        .remarks = attempt->outcome->remarks,
        .on_step = on_replace_step,
        .user_data = attempt,
    };
    ffarm_attempt_enter(attempt, FFARM_JOB_REPLACING);
    return ffarm_replace(&params, attempt->cancellable, error);
}

/* Encodes and fetches. Returns: VERIFYING; BELOW_THRESHOLD; FAILED with @error. */
static FfarmJobState make_result(FfarmAttempt *attempt, GError **error)
{
    gboolean is_hopeless = FALSE;
    if (!ffarm_attempt_encode(attempt, &is_hopeless, error) ||
        (!is_hopeless && !ffarm_attempt_fetch(attempt, &is_hopeless, error)))
        return FFARM_JOB_FAILED;
    return is_hopeless ? FFARM_JOB_BELOW_THRESHOLD : FFARM_JOB_VERIFYING;
}

/* Makes a result that is good, if need be by another rung. Returns: as above, VERIFYING for a good one. */
static FfarmJobState make_good_result(FfarmAttempt *attempt, GError **error)
{
    for (;;) {
        FfarmJobState state = make_result(attempt, error);
        if (state != FFARM_JOB_VERIFYING)
            return state;
        g_autoptr(GError) inner = NULL;
        ffarm_attempt_enter(attempt, FFARM_JOB_VERIFYING);
        if (verify(attempt, &inner))
            return state;
        g_autoptr(GError) left = NULL;
        if (ffarm_attempt_step_down(attempt, inner, &left))
            continue;
        if (!left)
            keep_failed(attempt, &inner);
        g_propagate_error(error, left ? g_steal_pointer(&left) : g_steal_pointer(&inner));
        return FFARM_JOB_FAILED;
    }
}

/* Everything in order. Returns: the state it ended in; FAILED with @error. */
static FfarmJobState go_through(FfarmAttempt *attempt, GError **error)
{
    if (!ffarm_replace_check_source(attempt->source, error) || !ffarm_attempt_prepare(attempt, error))
        return FFARM_JOB_FAILED;
    FfarmJobState state = make_good_result(attempt, error);
    if (state != FFARM_JOB_VERIFYING)
        return state;
    if (!ffarm_attempt_is_same(attempt, error) || !replace(attempt, error))
        return FFARM_JOB_FAILED;
    attempt->outcome->output = g_strdup(attempt->work->choice->destination);
    return attempt->work->choice->originals == FFARM_ORIGINALS_KEEP && !attempt->work->plan->output_dir
               ? FFARM_JOB_KEPT
               : FFARM_JOB_DONE;
}

/* Names that nobody else knows: neither what an earlier attempt left running nor another user of the host can have laid
 * something there. */
static void place(FfarmAttempt *attempt)
{
    const FfarmWork *work = attempt->work;
    g_autofree char *nonce = ffarm_nonce_new();
    attempt->name = g_strdup_printf("%s-%u-%s", work->item->job_id, work->attempt, nonce);
    attempt->placement = ffarm_choice_place(work->choice, work->plan, work->item, attempt->name);
    attempt->rung = work->choice;
    attempt->outcome->choice = work->choice;
    attempt->log = ffarm_attempt_log_new(attempt);
    attempt->said = g_string_new(NULL);
    attempt->proved = g_ptr_array_new();
}

FfarmOutcome *ffarm_worker_do(FfarmRunner *runner, const FfarmWork *work, GCancellable *cancellable)
{
    FfarmOutcome *outcome = g_new0(FfarmOutcome, 1);
    outcome->remarks = g_ptr_array_new_with_free_func(g_free);
    outcome->quality = (FfarmQuality){.ssim = -1, .vmaf = -1, .worst = -1};
    FfarmAttempt attempt = {
        .runner = runner,
        .work = work,
        .host = ffarm_runner_peek_host(runner),
        .source = work->item->media,
        .cancellable = cancellable,
        .outcome = outcome,
    };
    gint64 begin_us = g_get_monotonic_time();
    place(&attempt);
    gboolean is_noted = ffarm_attempt_note_traces(&attempt, &outcome->error);
    outcome->state = is_noted ? go_through(&attempt, &outcome->error) : FFARM_JOB_FAILED;
    if (is_noted)
        ffarm_attempt_clean_up(&attempt, outcome->state == FFARM_JOB_DONE || outcome->state == FFARM_JOB_KEPT);
    if (g_error_matches(outcome->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        outcome->state = FFARM_JOB_CANCELLED;
    else if (outcome->state == FFARM_JOB_FAILED &&
             !g_error_matches(outcome->error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_BUSY))
        outcome->log = ffarm_attempt_save_log(&attempt);
    ffarm_ffmpeg_log_free(attempt.log);
    ffarm_room_free(attempt.room);
    ffarm_placement_free(attempt.placement);
    g_string_free(attempt.said, TRUE);
    g_ptr_array_unref(attempt.proved);
    g_free(attempt.name);
    outcome->elapsed_us = g_get_monotonic_time() - begin_us;
    return outcome;
}
