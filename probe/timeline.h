/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libavformat/avformat.h>

G_BEGIN_DECLS

/* timeline.h — private: the times of packets where a file's clock jumps. Recordings that were joined and discs whose
 * cells count anew begin again in the middle; ffmpeg lets them go on where they were, and what it makes of them can
 * only be compared with times that do the same.
 *
 * Threads: a timeline is one thread's. */

typedef struct Timeline Timeline;

Timeline *timeline_new(void) G_GNUC_WARN_UNUSED_RESULT;
void timeline_free(Timeline *timeline); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Timeline, timeline_free)

/* Gives the next packet of @format the times that it has once all jumps before it are taken out. Only where the
 * container's clock may jump at all: transport and program streams, Ogg. */
void timeline_straighten(Timeline *timeline, const AVFormatContext *format, AVPacket *packet);

G_END_DECLS
