/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deadline.h"
#include "encode.h"
#include "error.h"
#include "ffmpeg_log.h"
#include "file_names.h"
#include "here.h"
#include "job_error.h"
#include "keep_failed.h"
#include "nonce.h"
#include "replace.h"
#include "room.h"
#include "verify_result.h"

/* Cleaning up has to end soon, also after Ctrl-C and on a host that does not answer. */
#define CLEANUP_MS 8000
#define RESULT_ALLOWANCE_BYTES ((gint64)64 * 1024 * 1024)
#define TRANSFER_NEWS_US (G_USEC_PER_SEC / 2)

typedef struct {
    FfarmRunner *runner;
    const FfarmWork *work;
    const FfarmHost *host;
    const FfarmMedia *source;
    char *name;                /* of the attempt: JOB-ATTEMPT-NONCE */
    FfarmPlacement *placement; /* the choice's, under names of this attempt's own */
    char **argv;
    GCancellable *cancellable;
    FfarmFfmpegLog *log;
    FfarmOutcome *outcome;
    gint64 trace;          /* what the journal calls this attempt's traces */
    FfarmRoom *room;       /* what it may fill of which disk */
    gboolean has_folder;   /* something of ours is on the host */
    struct stat result;    /* as it came */
    gint64 told_us;        /* when a transfer was last told of */
    gint64 encoded_bytes;  /* what ffmpeg said that it has written */
    gboolean is_unsettled; /* a replacement could be neither finished nor undone: nothing more is removed */
} Attempt;

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

static void enter(const Attempt *attempt, FfarmJobState state)
{
    attempt->work->on_state(state, attempt->work->user_data);
}

static void tell_transfer(Attempt *attempt, gint64 done_bytes, gint64 total_bytes)
{
    gint64 now_us = g_get_monotonic_time();
    if (done_bytes < total_bytes && now_us - attempt->told_us < TRANSFER_NEWS_US)
        return;
    attempt->told_us = now_us;
    attempt->work->on_transfer(done_bytes, total_bytes, attempt->work->user_data);
}

static void on_upload(gint64 done_bytes, gint64 total_bytes, gpointer user_data)
{
    Attempt *attempt = user_data;
    ffarm_room_note_uploaded(attempt->room, done_bytes);
    tell_transfer(attempt, done_bytes, total_bytes);
}

static void on_download(gint64 done_bytes, gint64 total_bytes, gpointer user_data)
{
    Attempt *attempt = user_data;
    ffarm_room_note_downloaded(attempt->room, done_bytes);
    tell_transfer(attempt, done_bytes, total_bytes);
}

static void on_progress(const FfarmProgress *progress, gpointer user_data)
{
    Attempt *attempt = user_data;
    attempt->encoded_bytes = MAX(attempt->encoded_bytes, progress->size_bytes);
    ffarm_stopwatch_note(&attempt->outcome->watch, progress, g_get_monotonic_time());
    ffarm_room_note_encoded(attempt->room, progress->size_bytes);
    attempt->work->on_progress(progress, attempt->work->user_data);
}

static gboolean reserve_room(Attempt *attempt, GError **error)
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

static gboolean make_result_folder(const Attempt *attempt, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(attempt->placement->result);
    int failure = ffarm_folder_make(folder, 0777);
    if (failure == 0)
        return TRUE;
    g_autofree char *name = g_filename_display_name(folder);
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, name, "the folder can't be made: %s", g_strerror(failure));
}

/* Where no other host would do better. Fast storage of a local host's own is no such place. */
static gboolean lies_with_films(const Attempt *attempt)
{
    g_autofree char *folder = g_path_get_dirname(attempt->placement->result);
    g_autofree char *source = g_path_get_dirname(attempt->source->path);
    g_autofree char *destination = g_path_get_dirname(attempt->work->choice->destination);
    return g_strcmp0(folder, source) == 0 || g_strcmp0(folder, destination) == 0;
}

static gboolean can_write_here(const Attempt *attempt, GError **error)
{
    FfarmJobError code = lies_with_films(attempt) ? FFARM_JOB_ERROR_REPLACE : FFARM_JOB_ERROR_HOST;
    return ffarm_here_can_write(attempt->placement->result, code, attempt->work->choice->destination, error);
}

/* A folder that is there already is somebody else's, whoever that is: neither used nor removed. */
static gboolean make_host_folder(Attempt *attempt, GError **error)
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

static gboolean upload(Attempt *attempt, GError **error)
{
    enter(attempt, FFARM_JOB_UPLOADING);
    return make_host_folder(attempt, error) &&
           ffarm_runner_put(attempt->runner, attempt->source->path, attempt->placement->host_input, on_upload, attempt,
                            attempt->cancellable, error);
}

/* A mounted host must mean the same file by its path; anything else would encode one film into another's place. */
static gboolean check_mounted_input(const Attempt *attempt, GError **error)
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

static gboolean bring_input(Attempt *attempt, GError **error)
{
    if (attempt->placement->must_move)
        return upload(attempt, error);
    return attempt->host->type != FFARM_HOST_MOUNTED || check_mounted_input(attempt, error);
}

static FfarmProof proof_of(const Attempt *attempt)
{
    return ffarm_proof_over(&attempt->work->plan->settings->proof, &attempt->work->choice->profile->proof);
}

/* What a host finds wrong with files that lie here may be found from here, too, and then it is not the host's fault. */
static void look_from_here(const Attempt *attempt, GError **error)
{
    g_autoptr(GError) ours = NULL;
    if (attempt->placement->must_move || !g_error_matches(*error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST))
        return;
    gboolean is_good =
        (!ffarm_ffmpeg_log_peek_trouble(attempt->log, FFARM_TROUBLE_OUTPUT) || can_write_here(attempt, &ours)) &&
        (!ffarm_ffmpeg_log_peek_trouble(attempt->log, FFARM_TROUBLE_READING) ||
         ffarm_here_can_read(attempt->source->path, attempt->cancellable, &ours));
    if (is_good)
        return;
    g_clear_error(error);
    *error = g_steal_pointer(&ours);
}

static gboolean encode(Attempt *attempt, gboolean *is_hopeless, GError **error)
{
    const FfarmWork *work = attempt->work;
    FfarmEncode params = {
        .argv = (const char *const *)attempt->argv,
        .input = attempt->placement->host_input,
        .output = attempt->placement->host_output,
        .source = attempt->source,
        .threshold = work->choice->profile->threshold,
        .threshold_check = work->choice->profile->threshold_check,
        .stall_ms = work->stall_ms,
        .shares_disk = !attempt->placement->must_move && lies_with_films(attempt),
        .may_be_damaged = proof_of(attempt).damaged == FFARM_DAMAGED_ENCODE,
        .on_progress = on_progress,
        .user_data = attempt,
    };
    g_autoptr(GError) inner = NULL;
    enter(attempt, FFARM_JOB_ENCODING);
    attempt->outcome->watch = (FfarmStopwatch){0};
    if (ffarm_encode_run(attempt->runner, &params, attempt->log, is_hopeless, attempt->cancellable, &inner))
        return TRUE;
    look_from_here(attempt, &inner);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* Most results are smaller than their source. One that is much larger is taken if ffmpeg told of it while it was made,
 * as a lossless profile's is; a file that grew some other way only a broken or hostile host sends. */
static gint64 max_result_bytes(const Attempt *attempt)
{
    return MAX(2 * attempt->source->size_bytes, attempt->encoded_bytes) + RESULT_ALLOWANCE_BYTES;
}

static gboolean is_below_threshold(const Attempt *attempt)
{
    double threshold = attempt->work->choice->profile->threshold;
    double source = (double)attempt->source->size_bytes, result = (double)attempt->outcome->output_size;
    return threshold > 0 && source > 0 && 100 * (source - result) / source < threshold;
}

static gboolean download(Attempt *attempt, GError **error)
{
    enter(attempt, FFARM_JOB_DOWNLOADING);
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
static gboolean check_mounted_output(const Attempt *attempt, gint64 size_bytes, GError **error)
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
static gboolean look_at_result(const Attempt *attempt, struct stat *info)
{
    int fd = open(attempt->placement->result, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return FALSE;
    gboolean is_file = fstat(fd, info) == 0 && S_ISREG(info->st_mode);
    close(fd);
    return is_file;
}

/* @is_too_large: it saves less than the threshold, and needn't be here for that */
static gboolean fetch_output(Attempt *attempt, gboolean *is_too_large, GError **error)
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

/* Puts what is no proper result where a person can look at it, and says where that is. */
static void keep_failed(const Attempt *attempt, GError **error)
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

static gboolean verify(const Attempt *attempt, GError **error)
{
    const FfarmChoice *choice = attempt->work->choice;
    FfarmVerifyParams params = {
        .promise = {.streams = choice->streams, .muxer = choice->muxer, .profile = choice->profile},
        .proof = proof_of(attempt),
        .ffmpeg = attempt->work->plan->settings->ffmpeg,
        .complaint = ffarm_ffmpeg_log_peek_trouble(attempt->log, FFARM_TROUBLE_DAMAGED),
        .stall_ms = attempt->work->stall_ms,
    };
    params.promise.flags = ffarm_verify_flags(choice->profile, &params.proof);
    g_autoptr(GError) inner = NULL;
    if (ffarm_verify_result(attempt->placement->result, attempt->source, &params, &attempt->outcome->quality,
                            attempt->cancellable, &inner))
        return TRUE;
    keep_failed(attempt, &inner);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* What was verified is what goes in the film's place, or nothing does. */
static gboolean check_result_is_same(const Attempt *attempt, GError **error)
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

/* Whatever happens next, the journal knows how to end it. */
static gboolean on_replace_step(const FfarmReplaceRecord *record, gpointer user_data, GError **error)
{
    Attempt *attempt = user_data;
    const FfarmWork *work = attempt->work;
    gboolean is_undone = record->step == FFARM_REPLACE_UNDONE;
    attempt->is_unsettled = record->step == FFARM_REPLACE_FAILED;
    g_autofree char *text = is_undone ? NULL : ffarm_replace_record_format(record);
    return ffarm_journal_note_replacement(work->journal, work->plan->run_id, work->item->id, text, error);
}

static gboolean replace(Attempt *attempt, GError **error)
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
    enter(attempt, FFARM_JOB_REPLACING);
    return ffarm_replace(&params, attempt->cancellable, error);
}

/* Everything in order. Returns: the state it ended in; FAILED with @error. */
static FfarmJobState go_through(Attempt *attempt, GError **error)
{
    gboolean is_hopeless = FALSE;
    if (!ffarm_replace_check_source(attempt->source, error) || !make_result_folder(attempt, error) ||
        !reserve_room(attempt, error) || !can_write_here(attempt, error) || !bring_input(attempt, error) ||
        !encode(attempt, &is_hopeless, error))
        return FFARM_JOB_FAILED;
    if (!is_hopeless && !fetch_output(attempt, &is_hopeless, error))
        return FFARM_JOB_FAILED;
    if (is_hopeless)
        return FFARM_JOB_BELOW_THRESHOLD;
    enter(attempt, FFARM_JOB_VERIFYING);
    if (!verify(attempt, error) || !check_result_is_same(attempt, error) || !replace(attempt, error))
        return FFARM_JOB_FAILED;
    attempt->outcome->output = g_strdup(attempt->work->choice->destination);
    return attempt->work->choice->originals == FFARM_ORIGINALS_KEEP && !attempt->work->plan->output_dir
               ? FFARM_JOB_KEPT
               : FFARM_JOB_DONE;
}

/* What the attempt is about to make, and where, so that the next start can remove it if nobody else does. */
static gboolean note_traces(Attempt *attempt, GError **error)
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

static void strike_traces(Attempt *attempt, guint parts)
{
    g_autoptr(GError) error = NULL;
    if (!ffarm_journal_strike_trace(attempt->work->journal, attempt->trace, parts, &error))
        g_ptr_array_add(attempt->outcome->remarks, g_strdup(error->message));
}

static gboolean remove_from_host(Attempt *attempt, GCancellable *cancellable, GError **error)
{
    if (!ffarm_runner_open(attempt->runner, CLEANUP_MS, cancellable, error))
        return FALSE;
    if (attempt->placement->must_move)
        return ffarm_runner_remove_dir(attempt->runner, attempt->placement->host_folder, cancellable, error);
    return ffarm_runner_remove(attempt->runner, attempt->placement->host_output, cancellable, error);
}

/* The job's own cancellable may have fired already, so this has a clock of its own. Returns: TRUE if nothing is left.
 */
static gboolean clean_host(Attempt *attempt)
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

/* Where the result was put in place by a copy, its original may not have let itself be removed. */
static void clean_up(Attempt *attempt, gboolean is_placed)
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

/* Keeps what ffmpeg said where only its user can read it, since it names his films. Returns: path; NULL if it can't be
 * kept. */
static char *save_log(const Attempt *attempt)
{
    gsize length = 0;
    const char *tail = ffarm_ffmpeg_log_peek_tail(attempt->log, &length);
    if (length == 0)
        return NULL;
    g_autofree char *folder =
        g_build_filename(g_get_user_state_dir(), "ffarm", "logs", attempt->work->plan->run_id, NULL);
    g_autofree char *name = g_strdup_printf("%u-%u.log", attempt->work->item->id, attempt->work->attempt);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(folder, 0700) == 0 &&
        g_file_set_contents_full(path, tail, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600, &error))
        return g_steal_pointer(&path);
    g_ptr_array_add(attempt->outcome->remarks, g_strdup_printf("%s: the log could not be kept: %s", path,
                                                               error ? error->message : g_strerror(errno)));
    return NULL;
}

/* Names that nobody else knows: neither what an earlier attempt left running nor another user of the host can have laid
 * something there. */
static void place(Attempt *attempt)
{
    const FfarmWork *work = attempt->work;
    g_autofree char *nonce = ffarm_nonce_new();
    attempt->name = g_strdup_printf("%s-%u-%s", work->item->job_id, work->attempt, nonce);
    attempt->placement = ffarm_choice_place(work->choice, work->plan, work->item, attempt->name);
    attempt->argv = ffarm_choice_argv(work->choice, attempt->placement);
    attempt->log = ffarm_ffmpeg_log_new(attempt->placement->host_output);
}

FfarmOutcome *ffarm_worker_do(FfarmRunner *runner, const FfarmWork *work, GCancellable *cancellable)
{
    FfarmOutcome *outcome = g_new0(FfarmOutcome, 1);
    outcome->remarks = g_ptr_array_new_with_free_func(g_free);
    outcome->quality = (FfarmQuality){.ssim = -1, .vmaf = -1, .worst = -1};
    Attempt attempt = {
        .runner = runner,
        .work = work,
        .host = ffarm_runner_peek_host(runner),
        .source = work->item->media,
        .cancellable = cancellable,
        .outcome = outcome,
    };
    gint64 begin_us = g_get_monotonic_time();
    place(&attempt);
    gboolean is_noted = note_traces(&attempt, &outcome->error);
    outcome->state = is_noted ? go_through(&attempt, &outcome->error) : FFARM_JOB_FAILED;
    if (is_noted)
        clean_up(&attempt, outcome->state == FFARM_JOB_DONE || outcome->state == FFARM_JOB_KEPT);
    if (g_error_matches(outcome->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        outcome->state = FFARM_JOB_CANCELLED;
    else if (outcome->state == FFARM_JOB_FAILED)
        outcome->log = save_log(&attempt);
    ffarm_ffmpeg_log_free(attempt.log);
    ffarm_room_free(attempt.room);
    ffarm_placement_free(attempt.placement);
    g_strfreev(attempt.argv);
    g_free(attempt.name);
    outcome->elapsed_us = g_get_monotonic_time() - begin_us;
    return outcome;
}
