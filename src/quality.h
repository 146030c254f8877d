/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"
#include "proof.h"

G_BEGIN_DECLS

/* quality.h — how much a result's picture is like its source's: SSIM, or VMAF where ffmpeg has libvmaf, of short
 * samples spread over the film, measured by the ffmpeg of this machine.
 *
 * Threads: safe. */

typedef struct {
    double ssim;     /* 0 to 1, the mean of the samples; -1: not measured */
    double vmaf;     /* 0 to 100, the mean of the samples; -1: not measured */
    double worst;    /* of the samples, in whichever was measured; -1: not measured */
    gint64 worst_us; /* where in the film the worst sample begins */
    guint n_samples;
} FfarmQuality;

/* Compares the first video streams of @source and @result, the result's picture brought to the source's size.
 * @ffmpeg:   program
 * @filters:  that the source's picture went through on purpose, so that it does here; nullable
 * @headless_us: how much at the source's begin can't be decoded and may be missing in the result
 * @stall_ms: no news from ffmpeg for so long: given up; 0: no limit
 * Returns: FALSE with FFARM_JOB_ERROR_MISMATCH if the worst sample is below a bound of @proof, or there is nothing to
 * compare; FFARM_JOB_ERROR_REPLACE if ffmpeg can't be run or can't measure what @proof asks for; G_IO_ERROR_CANCELLED.
 */
gboolean ffarm_quality_measure(const char *ffmpeg, const FfarmMedia *source, const FfarmMedia *result,
                               const FfarmProof *proof, const char *filters, gint64 headless_us, guint stall_ms,
                               FfarmQuality *quality, GCancellable *cancellable, GError **error);

/* Where the samples begin and how long each is, for a film of @duration_us. Pure.
 * Returns: number of samples, at most FFARM_QUALITY_SAMPLES. */
#define FFARM_QUALITY_SAMPLES 5
guint ffarm_quality_samples(gint64 duration_us, gint64 starts_us[FFARM_QUALITY_SAMPLES], gint64 *length_us);

/* Finds the figure in what ffmpeg's ssim or libvmaf filter says at its end. Pure.
 * Returns: FALSE if there is none. */
gboolean ffarm_quality_parse(const char *said, gboolean is_vmaf, double *value);

G_END_DECLS
