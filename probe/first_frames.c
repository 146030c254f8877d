/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "first_frames.h"
#include "av_facts.h"
#include "cadence.h"

#define WANTED_FRAMES 4       /* enough to see SEI messages and interlacing */
#define WANTED_TIMESTAMPS 120 /* for the cadence */
#define CADENCE_BYTES (16 * 1024 * 1024)
#define MOST_INDEX_ENTRIES 20000

typedef struct {
    AvInput *input;
    AVStream *av;
    FfarmStream *stream;
    AVCodecContext *decoder; /* NULL: none, or no more frames wanted */
    AVFrame *frame;
    GArray *pts, *dts; /* of gint64 */
    gint64 bytes;      /* of the stream's packets */
    FirstFrames *result;
} Reader;

void first_frames_clear(FirstFrames *frames)
{
    g_clear_pointer(&frames->failure, g_free);
}

static void set_failure(FirstFrames *result, int status)
{
    g_free(result->failure);
    result->failure = av_glue_error_text(status);
}

static AVCodecContext *new_decoder(const AVStream *stream, FirstFrames *result)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    if (!codec) {
        result->failure =
            g_strdup_printf("libavcodec has no decoder for %s", avcodec_get_name(stream->codecpar->codec_id));
        return NULL;
    }
    g_autoptr(AVCodecContext) decoder = avcodec_alloc_context3(codec);
    g_assert(decoder);
    int status = avcodec_parameters_to_context(decoder, stream->codecpar);
    decoder->thread_count = 1;
    decoder->max_pixels = AV_INPUT_MAX_PIXELS;
    decoder->pkt_timebase = stream->time_base;
    if (status >= 0)
        status = avcodec_open2(decoder, codec, NULL);
    if (status >= 0)
        return g_steal_pointer(&decoder);
    set_failure(result, status);
    return NULL;
}

static gboolean is_good(const AVFrame *frame)
{
    return !(frame->flags & AV_FRAME_FLAG_CORRUPT) && frame->decode_error_flags == 0;
}

static void take_frames(Reader *reader)
{
    int status;
    while ((status = avcodec_receive_frame(reader->decoder, reader->frame)) >= 0) {
        if (is_good(reader->frame)) {
            av_facts_add_frame(reader->stream, reader->frame);
            reader->result->good_frames++;
        }
        av_frame_unref(reader->frame);
    }
    if (status != AVERROR(EAGAIN) && status != AVERROR_EOF)
        set_failure(reader->result, status);
}

/* Gives @packet to the decoder, NULL to get its last frames, and takes the frames that come of it. */
static void decode(Reader *reader, const AVPacket *packet)
{
    if (!reader->decoder)
        return;
    int status = avcodec_send_packet(reader->decoder, packet);
    if (status < 0 && status != AVERROR(EAGAIN))
        set_failure(reader->result, status);
    take_frames(reader);
    if (reader->result->good_frames >= WANTED_FRAMES)
        g_clear_pointer(&reader->decoder, av_glue_decoder_free);
}

static void note_packet(Reader *reader, const AVPacket *packet)
{
    reader->result->packets++;
    reader->bytes += packet->size;
    if (packet->pts != AV_NOPTS_VALUE)
        g_array_append_val(reader->pts, packet->pts);
    if (packet->dts != AV_NOPTS_VALUE)
        g_array_append_val(reader->dts, packet->dts);
    if (av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, NULL))
        reader->result->is_encrypted = TRUE;
}

static gboolean has_enough(const Reader *reader)
{
    const FirstFrames *result = reader->result;
    gboolean wants_frames = reader->decoder && result->packets < FIRST_FRAMES_PACKETS;
    gboolean wants_times = result->packets < WANTED_TIMESTAMPS && reader->bytes < CADENCE_BYTES;
    return result->is_encrypted || (!wants_frames && !wants_times);
}

static void read_packets(Reader *reader)
{
    g_autoptr(AVPacket) packet = av_packet_alloc();
    int status = 0;
    while (!has_enough(reader) && !av_input_must_stop(reader->input)) {
        status = av_read_frame(reader->input->format, packet);
        if (status == AVERROR(EAGAIN))
            continue;
        if (status < 0)
            break;
        if (packet->stream_index == reader->av->index) {
            note_packet(reader, packet);
            decode(reader, packet);
        }
        av_packet_unref(packet);
    }
    decode(reader, NULL);
    if (reader->result->packets == 0 && !reader->result->failure && status < 0)
        set_failure(reader->result, status);
}

/* Containers with an index of samples (mp4) show the cadence of the whole film; others that of its beginning. */
static gboolean is_variable(Reader *reader)
{
    int n_index = avformat_index_get_entries_count(reader->av);
    if (n_index > (int)reader->dts->len && g_str_has_prefix(reader->input->format->iformat->name, "mov,")) {
        g_array_set_size(reader->dts, 0);
        for (int i = 0; i < MIN(n_index, MOST_INDEX_ENTRIES); i++) {
            const AVIndexEntry *entry = avformat_index_get_entry(reader->av, i);
            g_array_append_val(reader->dts, entry->timestamp);
        }
        return cadence_is_variable((gint64 *)reader->dts->data, reader->dts->len);
    }
    /* Presentation times, unless the container has none for some packets. */
    GArray *times = reader->pts->len == reader->result->packets ? reader->pts : reader->dts;
    return cadence_is_variable((gint64 *)times->data, times->len);
}

void first_frames_read(AvInput *input, FfarmStream *stream, FirstFrames *frames)
{
    g_autoptr(AVFrame) frame = av_frame_alloc();
    g_autoptr(GArray) pts = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GArray) dts = g_array_new(FALSE, FALSE, sizeof(gint64));
    Reader reader = {.input = input, .stream = stream, .frame = frame, .pts = pts, .dts = dts, .result = frames};

    *frames = (FirstFrames){0};
    for (guint i = 0; i < input->format->nb_streams; i++)
        input->format->streams[i]->discard = (int)i == stream->index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    reader.av = input->format->streams[stream->index];
    reader.decoder = new_decoder(reader.av, frames);
    av_input_set_budget(input, FIRST_FRAMES_BYTES);
    read_packets(&reader);
    av_input_set_budget(input, G_MAXINT64);
    stream->is_vfr = is_variable(&reader);
    if (frames->good_frames > 0)
        g_clear_pointer(&frames->failure, g_free);
    else if (!frames->failure)
        frames->failure = g_strdup(frames->packets ? "no complete picture in it" : "it has no packets");
    g_clear_pointer(&reader.decoder, av_glue_decoder_free);
}
