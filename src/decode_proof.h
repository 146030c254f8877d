/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "capability_class.h"
#include "ffmpeg_log.h"
#include "media.h"
#include "runner.h"

G_BEGIN_DECLS

/* decode_proof.h — whether a host's hardware really decodes a film: its first frames, taken out of the device's memory
 * by a filter that accepts them from nowhere else. ffmpeg decodes on the CPU without a word where the hardware can't,
 * and ends well.
 *
 * Threads: that of the runner. */

#define FFARM_DECODE_PROOF_FRAMES 10

typedef struct {
    const char *ffmpeg;         /* there */
    const char *const *options; /* before -i: see FfarmChoice.proof_options */
    const char *input;          /* the film, as it lies there */
    const FfarmMedia *source;   /* the same, as it was probed */
    const FfarmStream *video;   /* of it */
} FfarmDecodeTrial;

/* ffmpeg's arguments for it. Pure. Returns: free with g_strfreev(). */
char **ffarm_decode_proof_argv(const FfarmDecodeTrial *trial) G_GNUC_WARN_UNUSED_RESULT;
/* How many frames have to come: fewer where the film is that short. Pure. */
gint64 ffarm_decode_proof_expect(const FfarmDecodeTrial *trial);
/* What came of it: @frames were counted of @expected. Only frames give PROVED, neither a status nor any text does.
 * Pure.
 * @words: out: why not; new string, NULL with PROVED */
FfarmCapabilityClass ffarm_decode_proof_judge(int exit_status, gint64 frames, gint64 expected,
                                              const FfarmFfmpegLog *log, char **words);

/* Makes it, in 15 s at most.
 * Returns: FALSE with FFARM_REMOTE_ERROR (no connection) or G_IO_ERROR_CANCELLED; nothing is known then. */
gboolean ffarm_decode_proof_run(FfarmRunner *runner, const FfarmDecodeTrial *trial, FfarmCapabilityClass *class_,
                                char **words, GCancellable *cancellable, GError **error);

G_END_DECLS
