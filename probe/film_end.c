/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film_end.h"

#define INDEX_BYTES (64 * 1024 * 1024)

typedef struct {
    gint64 last_us;     /* latest end of a packet that has a time; G_MININT64: none */
    gint64 *counted_us; /* per stream: sum of durations, for streams without times */
} End;

static void note_packet(End *end, const AVPacket *packet, const AVStream *stream)
{
    gint64 start = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    gint64 duration_us = av_rescale_q(packet->duration, stream->time_base, AV_TIME_BASE_Q);
    end->counted_us[stream->index] += duration_us;
    if (start != AV_NOPTS_VALUE && stream->codecpar->codec_type != AVMEDIA_TYPE_ATTACHMENT)
        end->last_us = MAX(end->last_us, av_rescale_q(start, stream->time_base, AV_TIME_BASE_Q) + duration_us);
}

/* Returns: FALSE if reading was stopped before the file's end. */
static gboolean read_to_end(AvInput *input, End *end)
{
    AVFormatContext *format = input->format;
    g_autoptr(AVPacket) packet = av_packet_alloc();
    guint n_streams = format->nb_streams;
    int status;
    while (!av_input_must_stop(input) && ((status = av_read_frame(format, packet)) >= 0 || status == AVERROR(EAGAIN))) {
        if (status >= 0 && (guint)packet->stream_index < n_streams)
            note_packet(end, packet, format->streams[packet->stream_index]);
        av_packet_unref(packet);
    }
    return input->state == AV_INPUT_RUNNING;
}

static gint64 find_end(AvInput *input)
{
    AVFormatContext *format = input->format;
    guint n_streams = format->nb_streams;
    g_autofree gint64 *counted_us = g_new0(gint64, n_streams + 1);
    End end = {.last_us = G_MININT64, .counted_us = counted_us};
    for (guint i = 0; i < n_streams; i++)
        format->streams[i]->discard = AVDISCARD_DEFAULT;
    if (!read_to_end(input, &end))
        return 0;
    gint64 longest_us = 0;
    for (guint i = 0; i < n_streams; i++)
        longest_us = MAX(longest_us, counted_us[i]);
    if (end.last_us == G_MININT64)
        return longest_us;
    gint64 start_us = format->start_time == AV_NOPTS_VALUE ? 0 : format->start_time;
    return MAX(end.last_us - start_us, 0);
}

gint64 film_end_by_index(AvInput *input, gint64 duration_us)
{
    gint64 start_us = input->format->start_time == AV_NOPTS_VALUE ? 0 : input->format->start_time;
    av_input_set_budget(input, INDEX_BYTES);
    gint64 end_us = 0;
    if (av_seek_frame(input->format, -1, start_us + duration_us, AVSEEK_FLAG_BACKWARD) >= 0)
        end_us = find_end(input);
    av_input_set_budget(input, G_MAXINT64);
    return end_us;
}

gint64 film_end_by_reading(AvInput *input, const char *path)
{
    gint64 deadline_us = input->deadline_us;
    input->deadline_us -= (deadline_us - g_get_monotonic_time()) / 2;
    gint64 end_us = av_input_open_format(input, path, input->format->iformat, FALSE) >= 0 ? find_end(input) : 0;
    input->deadline_us = deadline_us;
    if (input->state == AV_INPUT_TIMED_OUT && g_get_monotonic_time() < deadline_us)
        input->state = AV_INPUT_RUNNING;
    return end_us;
}
