/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"
#include "streams.h"

G_BEGIN_DECLS

/* verify.h — is the result what the plan promised? Exit status 0 and header durations prove nothing: packets do.
 *
 * Threads: safe. */

/* How far the result's length may lie from the source's: half a second or half a percent, whichever is more. */
#define FFARM_VERIFY_TOLERANCE_US 500000
#define FFARM_VERIFY_TOLERANCE_RATIO 0.005

/* Probes @path and compares it with the plan: opens as media, no problems, streams as planned (count, type, codec where it was
 * copied, language), attachments, chapters where the container holds them, video length by its last packet.
 * @streams: the plan's choice; may be unmapped, then only video, length and the presence of audio are compared.
 * @encoder_changes_length: the profile trims (-ss, -t, -to, ...): length is not compared.
 * Returns: FALSE with FFARM_JOB_ERROR_MISMATCH saying in words what differs, or G_IO_ERROR_CANCELLED. */
gboolean ffarm_verify_result(const char *path, const FfarmMedia *source, const FfarmStreamPlan *streams, const char *muxer,
                             gboolean encoder_changes_length, GCancellable *cancellable, GError **error);

/* The judgement alone, pure: for tests and for callers that have probed already.
 * @video_end_us: end of the last video packet of each, measured; 0 unknown. */
gboolean ffarm_verify_judge(const FfarmMedia *source, gint64 source_end_us, const FfarmMedia *result, gint64 result_end_us,
                            const FfarmStreamPlan *streams, const char *muxer, gboolean encoder_changes_length,
                            GError **error);

G_END_DECLS
