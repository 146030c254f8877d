/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_progress.c — any bytes as ffmpeg's progress, in pieces whose size the first byte says: the figures stay figures.
 */
#include "progress.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    const gint64 duration_us = 60 * G_USEC_PER_SEC, source_bytes = 1000000;
    gsize step = length > 0 ? (gsize)data[0] + 1 : 1;
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(duration_us, source_bytes);
    for (gsize at = 0; at < length; at += step) {
        ffarm_progress_reader_feed(reader, (const char *)data + at, MIN(step, length - at), (gint64)at);
        FfarmProgress progress = ffarm_progress_reader_get(reader);
        g_assert_true(progress.fraction >= 0 && progress.fraction <= 1);
        g_assert_true(progress.speed >= 0 && isfinite(progress.speed));
        g_assert_true(progress.fps >= 0 && isfinite(progress.fps));
        g_assert_true(progress.frame >= 0 && progress.out_time_us >= 0 && progress.size_bytes >= 0);
        g_assert_true(progress.eta_us >= -1);
        g_assert_true(isnan(progress.saving) || progress.saving <= 100);
        ffarm_progress_is_hopeless(&progress, 20, 50);
    }
    return 0;
}
