/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "decode.h"
#include "av_facts.h"
#include "av_input.h"
#include "media_input.h"
#include "probe_task.h"
#include "timeline.h"
#include "worker_pool.h"

#define MOST_THREADS 8

/* A stream and its decoder. On the heap, as a decoder's threads write to the complaints. */
typedef struct {
    AVCodecContext *decoder; /* NULL: not decoded */
    AvComplaints complaints; /* of the decoder, from any of its threads */
} Lane;

typedef struct {
    AvInput *input;
    FfarmDecoded *decoded;
    GPtrArray *lanes; /* of Lane, one for each stream */
    AVFrame *frame;
    guint threads;
} Decoding;

void ffarm_decoded_free(FfarmDecoded *decoded)
{
    if (!decoded)
        return;
    g_free(decoded->path);
    g_array_unref(decoded->streams);
    g_free(decoded->failure);
    g_free(decoded->first_error);
    g_free(decoded);
}

const FfarmDecodedStream *ffarm_decoded_peek(const FfarmDecoded *decoded, int index)
{
    return index >= 0 && (guint)index < decoded->streams->len
               ? &g_array_index(decoded->streams, FfarmDecodedStream, index)
               : NULL;
}

static void lane_free(gpointer data)
{
    Lane *lane = data;
    avcodec_free_context(&lane->decoder); /* ends its threads, so nobody writes to the complaints any more */
    av_complaints_clear(&lane->complaints);
    g_free(lane);
}

static FfarmDecodedStream *stream_at(Decoding *decoding, int index)
{
    return &g_array_index(decoding->decoded->streams, FfarmDecodedStream, index);
}

/* @time_us: G_MININT64 for none. */
static void note_error(Decoding *decoding, int index, gint64 time_us, const char *words)
{
    FfarmDecodedStream *stream = stream_at(decoding, index);
    stream->errors++;
    if (decoding->decoded->first_error)
        return;
    g_autofree char *time =
        time_us == G_MININT64 ? NULL : g_strdup_printf(" at %.2f s", (double)time_us / G_USEC_PER_SEC);
    decoding->decoded->first_error =
        g_strdup_printf("%s stream %d%s: %s", ffarm_stream_type_name(stream->type), index, time ? time : "", words);
}

/* libavcodec conceals most damage: its log is the only place where it tells of it. */
static void take_complaints(Decoding *decoding, int index, gint64 time_us)
{
    Lane *lane = g_ptr_array_index(decoding->lanes, index);
    guint count = av_complaints_take(&lane->complaints);
    if (count == 0)
        return;
    note_error(decoding, index, time_us, av_complaints_peek_first(&lane->complaints));
    stream_at(decoding, index)->errors += count - 1;
}

static void note_time(FfarmDecodedStream *stream, const AVFrame *frame, AVRational time_base)
{
    if (frame->best_effort_timestamp == AV_NOPTS_VALUE || (frame->flags & AV_FRAME_FLAG_CORRUPT))
        return;
    stream->last_us = MAX(stream->last_us, av_rescale_q(frame->best_effort_timestamp, time_base, AV_TIME_BASE_Q));
}

static void take_frames(Decoding *decoding, int index, gint64 time_us)
{
    Lane *lane = g_ptr_array_index(decoding->lanes, index);
    FfarmDecodedStream *stream = stream_at(decoding, index);
    AVFrame *frame = decoding->frame;
    int status;
    while ((status = avcodec_receive_frame(lane->decoder, frame)) >= 0) {
        stream->frames++;
        if (stream->type == FFARM_STREAM_AUDIO)
            stream->samples += frame->nb_samples;
        note_time(stream, frame, decoding->input->format->streams[index]->time_base);
        if ((frame->flags & AV_FRAME_FLAG_CORRUPT) || frame->decode_error_flags != 0)
            note_error(decoding, index, time_us, "a damaged frame");
        av_frame_unref(frame);
    }
    if (status != AVERROR(EAGAIN) && status != AVERROR_EOF) {
        g_autofree char *words = av_glue_error_text(status);
        note_error(decoding, index, time_us, words);
    }
}

/* Gives @packet to the decoder, NULL to get its last frames. */
static void decode(Decoding *decoding, int index, const AVPacket *packet)
{
    Lane *lane = g_ptr_array_index(decoding->lanes, index);
    if (!lane->decoder)
        return;
    gint64 time_us = G_MININT64;
    if (packet && packet->pts != AV_NOPTS_VALUE)
        time_us = av_rescale_q(packet->pts, decoding->input->format->streams[index]->time_base, AV_TIME_BASE_Q);
    stream_at(decoding, index)->packets += packet != NULL;
    int status = avcodec_send_packet(lane->decoder, packet);
    if (status < 0 && status != AVERROR_EOF) {
        g_autofree char *words = av_glue_error_text(status);
        note_error(decoding, index, time_us, words);
    }
    take_frames(decoding, index, time_us);
    take_complaints(decoding, index, time_us);
}

/* Returns: NULL if the stream is not decoded. */
static AVCodecContext *new_decoder(const AVStream *av, guint threads, AvComplaints *complaints)
{
    const AVCodecParameters *par = av->codecpar;
    gboolean is_film = par->codec_type == AVMEDIA_TYPE_VIDEO || par->codec_type == AVMEDIA_TYPE_AUDIO;
    const AVCodec *codec = is_film ? avcodec_find_decoder(par->codec_id) : NULL;
    if (!codec || (av->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)))
        return NULL;
    g_autoptr(AVCodecContext) decoder = avcodec_alloc_context3(codec);
    g_assert(decoder);
    if (avcodec_parameters_to_context(decoder, par) < 0)
        return NULL;
    decoder->thread_count = par->codec_type == AVMEDIA_TYPE_VIDEO ? (int)threads : 1;
    decoder->max_pixels = AV_INPUT_MAX_PIXELS;
    decoder->pkt_timebase = av->time_base;
    av_glue_listen_to_decoder(decoder, complaints);
    return avcodec_open2(decoder, codec, NULL) >= 0 ? g_steal_pointer(&decoder) : NULL;
}

/* One entry for each stream there is by now; transport streams may show more later. */
static void add_streams(Decoding *decoding)
{
    const AVFormatContext *format = decoding->input->format;
    for (guint i = decoding->lanes->len; i < format->nb_streams; i++) {
        Lane *lane = g_new0(Lane, 1);
        lane->decoder = new_decoder(format->streams[i], decoding->threads, &lane->complaints);
        g_ptr_array_add(decoding->lanes, lane);
        FfarmDecodedStream stream = {
            .index = (int)i,
            .type = av_facts_stream_type(format->streams[i]->codecpar->codec_type),
            .is_decoded = lane->decoder != NULL,
            .last_us = G_MININT64,
        };
        g_array_append_val(decoding->decoded->streams, stream);
    }
}

/* Returns: the AVERROR that ended the reading. */
static int decode_packets(Decoding *decoding, guint stall_ms)
{
    AvInput *input = decoding->input;
    g_autoptr(AVPacket) packet = av_packet_alloc();
    g_autoptr(Timeline) timeline = timeline_new();
    for (;;) {
        av_input_set_deadline(input, stall_ms);
        int status = av_input_must_stop(input) ? AVERROR_EXIT : av_read_frame(input->format, packet);
        if (status == AVERROR(EAGAIN))
            continue;
        if (status < 0)
            return status == AVERROR_EOF && input->format->pb->error < 0 ? input->format->pb->error : status;
        av_input_note_progress(input);
        add_streams(decoding);
        timeline_straighten(timeline, input->format, packet);
        decode(decoding, packet->stream_index, packet);
        av_packet_unref(packet);
    }
}

static void decode_all(AvInput *input, FfarmDecoded *decoded, guint threads, guint stall_ms)
{
    g_autoptr(AVFrame) frame = av_frame_alloc();
    g_autoptr(GPtrArray) lanes = g_ptr_array_new_with_free_func(lane_free);
    Decoding decoding = {.input = input, .decoded = decoded, .lanes = lanes, .frame = frame, .threads = threads};
    add_streams(&decoding);
    int status = decode_packets(&decoding, stall_ms);
    for (guint i = 0; i < lanes->len; i++)
        decode(&decoding, (int)i, NULL);
    decoded->reached_end = status == AVERROR_EOF;
    if (!decoded->reached_end)
        decoded->failure = av_glue_error_text(status);
    for (guint i = 0; i < decoded->streams->len; i++)
        decoded->errors += g_array_index(decoded->streams, FfarmDecodedStream, i).errors;
}

FfarmDecoded *decode_read(AvInput *input, const char *path, guint threads, guint stall_ms, char **words)
{
    *words = media_input_find_streams(input, path);
    if (*words || av_input_must_stop(input))
        return NULL;
    FfarmDecoded *decoded = g_new0(FfarmDecoded, 1);
    decoded->path = g_strdup(path);
    decoded->streams = g_array_new(FALSE, FALSE, sizeof(FfarmDecodedStream));
    decode_all(input, decoded, threads ? threads : MIN(g_get_num_processors(), MOST_THREADS), stall_ms);
    return decoded;
}

FfarmDecoded *ffarm_decode_file(const char *path, guint threads, guint stall_ms, GCancellable *cancellable,
                                GError **error)
{
    g_return_val_if_fail(path != NULL, NULL);
    g_autoptr(AvInput) input = media_input_open(path, stall_ms, cancellable, error);
    if (!input)
        return NULL;
    g_autofree char *words = NULL;
    g_autoptr(FfarmDecoded) decoded =
        (worker_pool_is_on() ? probe_task_decode : decode_read)(input, path, threads, stall_ms, &words);
    return media_input_has_result(input, path, words, error) ? g_steal_pointer(&decoded) : NULL;
}
