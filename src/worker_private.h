/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/stat.h>

#include "ffmpeg_log.h"
#include "room.h"
#include "worker.h"

G_BEGIN_DECLS

/* worker_private.h — one attempt, and the parts of the worker that make it. Private to src/worker*.c.
 *
 * Threads: that of the runner. */

typedef struct {
    FfarmRunner *runner;
    const FfarmWork *work;
    const FfarmHost *host;
    const FfarmMedia *source;
    char *name;                /* of the attempt: JOB-ATTEMPT-NONCE */
    FfarmPlacement *placement; /* the choice's, under names of this attempt's own */
    const FfarmChoice *rung;   /* of the choice's ladder, where the attempt stands now */
    gboolean was_bad;          /* a rung's result failed its proof already, and the next one's turn came */
    gboolean has_insisted;     /* what may be in use or not there at all was tried again */
    gboolean has_stalled;      /* a rung hung already */
    GPtrArray *proved;         /* of const char*: engines that were found to decode the source */
    GCancellable *cancellable;
    FfarmFfmpegLog *log; /* of the rung */
    GString *said;       /* the last words of the rungs before it */
    FfarmOutcome *outcome;
    gint64 trace;          /* what the journal calls this attempt's traces */
    FfarmRoom *room;       /* what it may fill of which disk */
    gboolean has_folder;   /* something of ours is on the host */
    struct stat result;    /* as it came */
    gint64 told_us;        /* when a transfer was last told of */
    gint64 encoded_bytes;  /* what ffmpeg said that it has written */
    gboolean is_unsettled; /* a replacement could be neither finished nor undone: nothing more is removed */
} FfarmAttempt;

/* worker.c */
void ffarm_attempt_enter(const FfarmAttempt *attempt, FfarmJobState state);
void ffarm_attempt_tell_transfer(FfarmAttempt *attempt, gint64 done_bytes, gint64 total_bytes);
FfarmProof ffarm_attempt_proof(const FfarmAttempt *attempt);

/* worker_bring.c: what has to be there before ffmpeg can begin. */
gboolean ffarm_attempt_prepare(FfarmAttempt *attempt, GError **error);
/* Whether the result can be written where it is to lie. */
gboolean ffarm_attempt_can_write(const FfarmAttempt *attempt, GError **error);
/* Where no other host would do better. Fast storage of a local host's own is no such place. */
gboolean ffarm_attempt_lies_with_films(const FfarmAttempt *attempt);

/* worker_encode.c: ffmpeg, down the ladder. */
FfarmFfmpegLog *ffarm_attempt_log_new(const FfarmAttempt *attempt) G_GNUC_WARN_UNUSED_RESULT;
/* Encodes with the rung that the attempt stands on; where engine or decoder fail, with those below it.
 * @is_hopeless: set to TRUE when it was stopped as it would save too little; TRUE is returned then */
gboolean ffarm_attempt_encode(FfarmAttempt *attempt, gboolean *is_hopeless, GError **error);
/* The result has failed its proof for @cause. Returns: TRUE if the attempt stands on a lower rung now that is to encode
 * anew; FALSE if it has failed for good, or with @error if the result can't be removed. */
gboolean ffarm_attempt_step_down(FfarmAttempt *attempt, const GError *cause, GError **error);

/* worker_fetch.c: the result, brought here. */
/* @is_too_large: it saves less than the threshold, and needn't be here for that */
gboolean ffarm_attempt_fetch(FfarmAttempt *attempt, gboolean *is_too_large, GError **error);
/* What was verified is what goes in the film's place, or nothing does. */
gboolean ffarm_attempt_is_same(const FfarmAttempt *attempt, GError **error);

/* worker_clean.c: what is left behind. */
/* What the attempt is about to make, and where, so that the next start can remove it if nobody else does. */
gboolean ffarm_attempt_note_traces(FfarmAttempt *attempt, GError **error);
/* @is_placed: the result is where it is to be. Where it was put there by a copy, its original may not have let itself
 * be removed. */
void ffarm_attempt_clean_up(FfarmAttempt *attempt, gboolean is_placed);
/* Removes what a rung made, on both sides, so that the next one begins anew. */
gboolean ffarm_attempt_drop_result(FfarmAttempt *attempt, GError **error);
/* Keeps what ffmpeg said where only its user can read it, since it names his films. Returns: path; NULL if it can't be
 * kept. */
char *ffarm_attempt_save_log(const FfarmAttempt *attempt);

G_END_DECLS
