/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ffmpeg_log.h"
#include "plan.h"

G_BEGIN_DECLS

/* descent.h — what comes of a failure on hardware: the next way that the same host has of doing it, waiting, or the
 * end. A choice with its fallbacks is a ladder; each of them is a rung. Pure.
 *
 * Threads: safe. */

typedef enum {
    FFARM_DESCENT_STAY, /* it was not the engine's or the decoder's fault, or there is no other way: a failure */
    FFARM_DESCENT_WAIT, /* the device is in use: no failure at all */
    FFARM_DESCENT_STEP, /* to be done with another rung */
} FfarmDescentMove;

typedef enum {
    FFARM_DESCENT_ENCODER, /* the encoder, or its engine */
    FFARM_DESCENT_DECODER,
    FFARM_DESCENT_EITHER,
    FFARM_DESCENT_RESULT, /* either: what they made is wrong */
} FfarmDescentPart;

typedef struct {
    FfarmDescentMove move;
    char *words; /* why, one line; NULL: neither engine nor decoder had to do with it, the rest says nothing */
    FfarmDescentPart part; /* which failed */
    FfarmCapabilityClass class_;
    const FfarmChoice *next; /* of STEP: borrowed from the rung */
} FfarmDescent;
void ffarm_descent_clear(FfarmDescent *step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FfarmDescent, ffarm_descent_clear)

/* Whether @rung, with its encoder or decoder, needs any hardware. */
gboolean ffarm_descent_is_hardware(const FfarmChoice *rung);
/* The first rung below @rung without its decoder. Returns: borrowed; NULL if there is none. */
const FfarmChoice *ffarm_descent_without_decoder(const FfarmChoice *rung);

/* ffmpeg failed on @rung with @error (see ffarm_encode_run()) and said @log. What is the host's as a whole (a full
 * disk, a signal) or the film's is none of the ladder's business; but that a film is damaged is believed of the CPU
 * only, and a rung that hangs, or has no memory, may do so for its driver's sake. */
void ffarm_descent_judge_encode(const FfarmChoice *rung, const FfarmMedia *source, const GError *error,
                                const FfarmFfmpegLog *log, FfarmDescent *step);
/* TRUE if @step's WAIT is for memory of the device, of which the film may want more than there is. */
gboolean ffarm_descent_is_of_memory(const FfarmDescent *step);
/* TRUE if @step's WAIT is for what may be in use or may not be there at all: VideoToolbox has one word for both. */
gboolean ffarm_descent_is_doubtful(const FfarmDescent *step);
/* Nobody waits for what @step's WAIT is for: it becomes STEP, or STAY where there is no other way. What is doubtful is
 * not there then. */
void ffarm_descent_hurry(FfarmDescent *step);
/* The result of @rung failed its proof with @error: what encoded its picture, or decoded it, is not asked again.
 * Nothing where the picture is not what is wrong. */
void ffarm_descent_judge_result(const FfarmChoice *rung, const FfarmMedia *source, const GError *error,
                                FfarmDescent *step);

/* TRUE if what was found would be found with every film of that codec and depth; FALSE if this one's size, or anything
 * else of it, may be the reason. */
gboolean ffarm_descent_is_lasting(const FfarmCapability *finding);

/* "cuda can't encode it (10 bit encode not supported); the CPU does". Returns: new string. */
char *ffarm_descent_describe(const FfarmChoice *rung, const FfarmDescent *step) G_GNUC_WARN_UNUSED_RESULT;
/* The same without what comes next: "cuda: 10 bit encode not supported". Returns: new string. */
char *ffarm_descent_reason(const FfarmChoice *rung, const FfarmDescent *step) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
