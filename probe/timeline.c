/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline.h"

#include <libavutil/common.h>

/* ffmpeg's -dts_delta_threshold, and how far it lets a stream go back. */
#define JUMP_US (10 * G_USEC_PER_SEC)
#define BACK_US (G_USEC_PER_SEC / 10)
/* Forged times stay far enough from where sums of them overflow. */
#define MOST_US (G_MAXINT64 / 8)
#define NEVER G_MININT64

typedef struct {
    gint64 last_us; /* decoding time of the packet before; NEVER: none */
    gint64 next_us; /* when the next one is due */
} Lane;

struct Timeline {
    gint64 offset_us; /* what is added to all times by now */
    gint64 last_us;   /* decoding time of the packet before, of whichever stream */
    GArray *lanes;    /* of Lane, one for each stream */
};

Timeline *timeline_new(void)
{
    Timeline *timeline = g_new0(Timeline, 1);
    timeline->last_us = NEVER;
    timeline->lanes = g_array_new(FALSE, FALSE, sizeof(Lane));
    return timeline;
}

void timeline_free(Timeline *timeline)
{
    if (!timeline)
        return;
    g_array_unref(timeline->lanes);
    g_free(timeline);
}

static Lane *lane_at(Timeline *timeline, guint index)
{
    static const Lane empty = {NEVER, NEVER};
    while (timeline->lanes->len <= index)
        g_array_append_val(timeline->lanes, empty);
    return &g_array_index(timeline->lanes, Lane, index);
}

/* How far @time_us is from where it should be; 0: near enough. */
static gint64 jump_of(const Timeline *timeline, const Lane *lane, gint64 time_us)
{
    gint64 due_us = lane->last_us == NEVER ? timeline->last_us : lane->next_us;
    if (due_us == NEVER)
        return 0;
    gint64 delta_us = time_us - due_us;
    gboolean goes_back = lane->last_us != NEVER && time_us + BACK_US < lane->last_us;
    return goes_back || ABS(delta_us) > JUMP_US ? delta_us : 0;
}

static void shift(AVPacket *packet, AVRational time_base, gint64 offset_us)
{
    gint64 offset = av_rescale_q(offset_us, AV_TIME_BASE_Q, time_base);
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts = av_sat_add64(packet->pts, offset);
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts = av_sat_add64(packet->dts, offset);
}

/* Returns: NEVER where @packet has no decoding time, or one that nobody can reckon with. */
static gint64 decoding_us(const AVPacket *packet, AVRational time_base)
{
    gint64 time_us = packet->dts == AV_NOPTS_VALUE ? NEVER : av_rescale_q(packet->dts, time_base, AV_TIME_BASE_Q);
    return ABS(time_us / 2) < MOST_US / 2 ? time_us : NEVER;
}

void timeline_straighten(Timeline *timeline, const AVFormatContext *format, AVPacket *packet)
{
    const AVStream *av = format->streams[packet->stream_index];
    enum AVMediaType type = av->codecpar->codec_type;
    gboolean is_film = type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO;
    gint64 time_us = decoding_us(packet, av->time_base);
    Lane *lane = lane_at(timeline, (guint)packet->stream_index);
    if (!(format->iformat->flags & AVFMT_TS_DISCONT))
        return;
    if (is_film && time_us != NEVER && ABS(timeline->offset_us) < MOST_US)
        timeline->offset_us -= jump_of(timeline, lane, time_us + timeline->offset_us);
    shift(packet, av->time_base, timeline->offset_us);
    if (time_us == NEVER)
        return;
    lane->last_us = timeline->last_us = time_us + timeline->offset_us;
    lane->next_us = lane->last_us + CLAMP(av_rescale_q(packet->duration, av->time_base, AV_TIME_BASE_Q), 0, JUMP_US);
}
