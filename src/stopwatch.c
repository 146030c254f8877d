/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stopwatch.h"

#define MIN_US (5 * G_USEC_PER_SEC)
#define MIN_FRAMES 50

void ffarm_stopwatch_note(FfarmStopwatch *watch, const FfarmProgress *progress, gint64 now_us)
{
    if (watch->begin_us == 0) {
        watch->begin_us = now_us;
        watch->begin_frame = progress->frame;
    }
    if (progress->is_end && watch->end_us == 0) {
        watch->end_us = now_us;
        watch->end_frame = progress->frame;
    }
}

double ffarm_stopwatch_fps(const FfarmStopwatch *watch)
{
    gint64 frames = watch->end_frame - watch->begin_frame, elapsed_us = watch->end_us - watch->begin_us;
    if (watch->end_us == 0 || frames < MIN_FRAMES || elapsed_us < MIN_US)
        return 0;
    return (double)frames * G_USEC_PER_SEC / (double)elapsed_us;
}
