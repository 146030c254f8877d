/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "progress.h"

G_BEGIN_DECLS

/* stopwatch.h — how fast an encode was, by what it said of itself while it ran. Pure. Threads: one at a time. */

typedef struct {
    gint64 begin_us, begin_frame; /* of the first word; begin_us 0: there was none yet */
    gint64 end_us, end_frame;     /* of the last; end_us 0: it did not say that it had come to its end */
} FfarmStopwatch;

/* @now_us: g_get_monotonic_time() or a test's own clock. What comes after the end is not counted. */
void ffarm_stopwatch_note(FfarmStopwatch *watch, const FfarmProgress *progress, gint64 now_us);
/* Frames per second between the first word and the end; 0 for an encode that was stopped, and for one too short to
 * tell: in five seconds or fifty frames, what encoders hold back before the first and let go with the last is no small
 * part. */
double ffarm_stopwatch_fps(const FfarmStopwatch *watch);

G_END_DECLS
