/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* progress.h — ffmpeg's -progress output -> how far, how fast, how long yet, how small. Pure and incremental.
 *
 * Threads: one at a time. */

typedef struct {
    double fraction;     /* 0..1; 0 while unknown */
    double speed;        /* times real time; 0 unknown */
    double fps;
    gint64 frame;
    gint64 out_time_us;
    gint64 size_bytes;   /* of the output so far; 0 unknown */
    gint64 eta_us;       /* until the end, from what was measured so far; -1 unknown */
    double saving;       /* percent of the source that the result would save, extrapolated; NaN unknown, as in the first 15 s of output */
    gboolean is_end;     /* progress=end was seen */
} FfarmProgress;

typedef struct FfarmProgressReader FfarmProgressReader;

/* @duration_us, @source_bytes: of the source; 0 unknown. */
FfarmProgressReader *ffarm_progress_reader_new(gint64 duration_us, gint64 source_bytes) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_progress_reader_free(FfarmProgressReader *reader); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmProgressReader, ffarm_progress_reader_free)

/* Feeds any piece of the output. Lines may be cut anywhere; a line over 512 bytes is dropped.
 * @now_us: g_get_monotonic_time() or a test's own clock.
 * Returns: TRUE when a block was completed, so that ffarm_progress_reader_get() has news. */
gboolean ffarm_progress_reader_feed(FfarmProgressReader *reader, const char *data, gsize length, gint64 now_us);
FfarmProgress ffarm_progress_reader_get(const FfarmProgressReader *reader);

/* TRUE if the encode should be stopped: at least @threshold_check percent are done (and, below 100, at least 5 s of output are
 * behind it, so that a header or a slow start does not decide), and the extrapolated saving is below @threshold percent. */
gboolean ffarm_progress_is_hopeless(const FfarmProgress *progress, double threshold, double threshold_check);

G_END_DECLS
