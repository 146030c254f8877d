/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "packets.h"
#include "av_facts.h"
#include "cue.h"
#include "media_input.h"
#include "probe_task.h"
#include "timeline.h"
#include "worker_pool.h"

#include <libavutil/mem.h>
#include <libavutil/murmur3.h>

/* Forged times stay far enough from where their difference overflows. */
#define MOST_US (G_MAXINT64 / 4)
/* No packet of sound is longer. */
#define MOST_SOUND_US (2 * G_USEC_PER_SEC)

/* What is known of one stream while it is read. */
typedef struct {
    gint64 last_dts;  /* of the packet before; AV_NOPTS_VALUE: none */
    gint64 latest_us; /* of any packet before; G_MININT64: none */
    gint64 step_us;   /* from the packet before to this one; 0: not known */
    struct AVMurMur3 *sum;
} Reading;

void ffarm_packets_free(FfarmPackets *packets)
{
    if (!packets)
        return;
    g_free(packets->path);
    g_array_unref(packets->streams);
    g_array_unref(packets->cues);
    g_free(packets->failure);
    g_free(packets->first_complaint);
    g_free(packets);
}

FfarmPackets *ffarm_packets_new(void)
{
    FfarmPackets *packets = g_new0(FfarmPackets, 1);
    packets->streams = g_array_new(FALSE, TRUE, sizeof(FfarmPacketsStream));
    packets->cues = g_array_new(FALSE, FALSE, sizeof(FfarmCue));
    packets->has_all_cues = TRUE;
    return packets;
}

const FfarmPacketsStream *ffarm_packets_peek(const FfarmPackets *packets, int index)
{
    return index >= 0 && (guint)index < packets->streams->len
               ? &g_array_index(packets->streams, FfarmPacketsStream, index)
               : NULL;
}

gint64 ffarm_packets_length_us(const FfarmPackets *packets, FfarmStreamType type)
{
    gint64 first_us = G_MAXINT64, end_us = G_MININT64;
    for (guint i = 0; i < packets->streams->len; i++) {
        const FfarmPacketsStream *stream = &g_array_index(packets->streams, FfarmPacketsStream, i);
        if (stream->type != type || stream->is_picture || stream->first_us == G_MININT64)
            continue;
        first_us = MIN(first_us, stream->first_us);
        end_us = MAX(end_us, stream->end_us);
    }
    return end_us > first_us ? end_us - first_us : 0;
}

/* One entry for each stream there is by now; transport streams may show more later. */
static void add_streams(FfarmPackets *packets, const AVFormatContext *format)
{
    for (guint i = packets->streams->len; i < format->nb_streams; i++) {
        const AVStream *av = format->streams[i];
        FfarmPacketsStream stream = {
            .index = (int)i,
            .type = av_facts_stream_type(av->codecpar->codec_type),
            .is_picture = (av->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) != 0,
            .first_us = G_MININT64,
            .first_key_us = G_MININT64,
            .last_us = G_MININT64,
            .end_us = G_MININT64,
        };
        g_array_append_val(packets->streams, stream);
    }
}

/* Decoding times, since those of presentation go to and fro. */
static void note_step(FfarmPacketsStream *stream, const AVPacket *packet, AVRational time_base, Reading *reading)
{
    gint64 time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
    gint64 time_us = time == AV_NOPTS_VALUE ? G_MININT64 : av_rescale_q(time, time_base, AV_TIME_BASE_Q);
    if (time_us < -MOST_US || time_us > MOST_US)
        return;
    reading->step_us = reading->latest_us == G_MININT64 ? 0 : MAX(time_us - reading->latest_us, 0);
    reading->latest_us = MAX(reading->latest_us, time_us);
    if (reading->step_us > FFARM_PACKETS_GAP_US)
        stream->gaps_us += reading->step_us;
    if (reading->step_us > FFARM_PACKETS_LONG_GAP_US)
        stream->long_gaps_us += reading->step_us;
}

static gint64 length_of(const FfarmPacketsStream *stream, const AVPacket *packet, AVRational time_base,
                        const Reading *reading)
{
    if (packet->duration > 0)
        return av_rescale_q(packet->duration, time_base, AV_TIME_BASE_Q);
    return stream->type == FFARM_STREAM_AUDIO ? MIN(reading->step_us, MOST_SOUND_US) : 0;
}

static void note_time(FfarmPacketsStream *stream, const AVPacket *packet, AVRational time_base, const Reading *reading)
{
    gint64 time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (time == AV_NOPTS_VALUE)
        return;
    gint64 start_us = av_rescale_q(time, time_base, AV_TIME_BASE_Q);
    gint64 length_us = length_of(stream, packet, time_base, reading);
    stream->first_us = stream->first_us == G_MININT64 ? start_us : MIN(stream->first_us, start_us);
    if (stream->first_key_us == G_MININT64 && (packet->flags & AV_PKT_FLAG_KEY))
        stream->first_key_us = start_us;
    stream->last_us = MAX(stream->last_us, start_us);
    if (start_us < G_MAXINT64 - length_us)
        stream->end_us = MAX(stream->end_us, start_us + length_us);
}

static void clear_reading(gpointer data)
{
    av_freep(&((Reading *)data)->sum);
}

static void add_readings(GArray *readings, guint count)
{
    while (readings->len < count) {
        Reading reading = {.last_dts = AV_NOPTS_VALUE, .latest_us = G_MININT64, .sum = av_murmur3_alloc()};
        if (reading.sum)
            av_murmur3_init(reading.sum);
        g_array_append_val(readings, reading);
    }
}

static void note_cue(FfarmPackets *packets, const FfarmPacketsStream *stream, const AVPacket *packet,
                     AVRational time_base, gboolean is_blank)
{
    gint64 time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (stream->type != FFARM_STREAM_SUBTITLE || time == AV_NOPTS_VALUE || !packets->has_all_cues)
        return;
    const FfarmCue cue = {stream->index, av_rescale_q(time, time_base, AV_TIME_BASE_Q), is_blank};
    packets->has_all_cues = packets->cues->len < FFARM_PACKETS_MOST_CUES;
    if (packets->has_all_cues)
        g_array_append_val(packets->cues, cue);
}

/* Blank lines come and go with the container, so they are not summed up. */
static void note_packet(FfarmPackets *packets, const AVStream *av, const AVPacket *packet, Reading *reading)
{
    FfarmPacketsStream *stream = &g_array_index(packets->streams, FfarmPacketsStream, packet->stream_index);
    gboolean is_blank = cue_is_blank(av->codecpar->codec_id, packet->data, (gsize)packet->size);
    stream->packets++;
    stream->bytes += packet->size;
    stream->corrupt += (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
    if (!is_blank && reading->sum)
        av_murmur3_update(reading->sum, packet->data, (size_t)packet->size);
    note_step(stream, packet, av->time_base, reading);
    note_time(stream, packet, av->time_base, reading);
    note_cue(packets, stream, packet, av->time_base, is_blank);
    if (packet->dts == AV_NOPTS_VALUE)
        return;
    stream->backward_dts += reading->last_dts != AV_NOPTS_VALUE && packet->dts < reading->last_dts;
    reading->last_dts = packet->dts;
}

static void sum_up(FfarmPackets *packets, const GArray *readings)
{
    for (guint i = 0; i < readings->len; i++) {
        guint8 sum[16] = {0};
        if (g_array_index(readings, Reading, i).sum)
            av_murmur3_final(g_array_index(readings, Reading, i).sum, sum);
        memcpy(&g_array_index(packets->streams, FfarmPacketsStream, i).checksum, sum, sizeof(gint64));
    }
}

/* Returns: the AVERROR that ended the reading. */
static int read_packets(FfarmPackets *packets, AvInput *input, GArray *readings)
{
    AVFormatContext *format = input->format;
    g_autoptr(AVPacket) packet = av_packet_alloc();
    g_autoptr(Timeline) timeline = timeline_new();
    for (;;) {
        int status = av_input_must_stop(input) ? AVERROR_EXIT : av_read_frame(format, packet);
        if (status == AVERROR(EAGAIN))
            continue;
        if (status < 0)
            return status == AVERROR_EOF && format->pb->error < 0 ? format->pb->error : status;
        av_input_note_progress(input);
        add_streams(packets, format);
        add_readings(readings, packets->streams->len);
        timeline_straighten(timeline, format, packet);
        int index = packet->stream_index;
        note_packet(packets, format->streams[index], packet, &g_array_index(readings, Reading, index));
        av_packet_unref(packet);
    }
}

FfarmPackets *packets_read(AvInput *input, const char *path, char **words)
{
    *words = media_input_find_streams(input, path);
    if (*words || av_input_must_stop(input))
        return NULL;
    FfarmPackets *packets = ffarm_packets_new();
    packets->path = g_strdup(path);
    g_autoptr(GArray) readings = g_array_new(FALSE, FALSE, sizeof(Reading));
    g_array_set_clear_func(readings, clear_reading);
    add_streams(packets, input->format);
    AvComplaints complaints = {0};
    av_glue_listen(&complaints);
    int status = read_packets(packets, input, readings);
    av_glue_listen(NULL);
    sum_up(packets, readings);
    packets->complaints = complaints.count;
    packets->first_complaint = complaints.first;
    packets->reached_end = status == AVERROR_EOF;
    if (!packets->reached_end)
        packets->failure = av_glue_error_text(status);
    return packets;
}

FfarmPackets *ffarm_packets_scan(const char *path, guint timeout_ms, GCancellable *cancellable, GError **error)
{
    g_return_val_if_fail(path != NULL, NULL);
    g_autoptr(AvInput) input = media_input_open(path, timeout_ms, cancellable, error);
    if (!input)
        return NULL;
    g_autofree char *words = NULL;
    g_autoptr(FfarmPackets) packets = (worker_pool_is_on() ? probe_task_packets : packets_read)(input, path, &words);
    return media_input_has_result(input, path, words, error) ? g_steal_pointer(&packets) : NULL;
}
