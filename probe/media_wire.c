/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media_wire.h"

#define ALL_DISPOSITIONS (2 * FFARM_DISPOSITION_STILL_IMAGE - 1)

#define CUE(member) G_STRUCT_OFFSET(FfarmCue, member)
#define DECODED(member) G_STRUCT_OFFSET(FfarmDecoded, member)
#define DECODED_STREAM(member) G_STRUCT_OFFSET(FfarmDecodedStream, member)
#define MEDIA(member) G_STRUCT_OFFSET(FfarmMedia, member)
#define STREAM(member) G_STRUCT_OFFSET(FfarmStream, member)
#define PACKETS(member) G_STRUCT_OFFSET(FfarmPackets, member)
#define PACKETS_STREAM(member) G_STRUCT_OFFSET(FfarmPacketsStream, member)

static const WireField media_fields[] = {
    {WIRE_NAME, MEDIA(container)},      {WIRE_INTEGER, MEDIA(duration_us), 0, G_MAXINT64},
    {WIRE_INTEGER, MEDIA(start_us)},    {WIRE_BOOL, MEDIA(duration_from_packets)},
    {WIRE_INTEGER, MEDIA(bitrate_bps)}, {WIRE_TEXT, MEDIA(title)},
};

static const WireField stream_fields[] = {
    {WIRE_INT, STREAM(index), 0, MEDIA_WIRE_MOST_STREAMS},
    {WIRE_INT, STREAM(type), 0, FFARM_STREAM_DATA},
    {WIRE_NAME, STREAM(codec)},
    {WIRE_NAME, STREAM(profile)},
    {WIRE_INT, STREAM(level)},
    {WIRE_TEXT, STREAM(codec_tag)},
    {WIRE_INT, STREAM(time_base_num)},
    {WIRE_INT, STREAM(time_base_den)},
    {WIRE_UINT, STREAM(disposition), 0, ALL_DISPOSITIONS},
    {WIRE_INTEGER, STREAM(bitrate_bps)},
    {WIRE_INTEGER, STREAM(start_us)},
    {WIRE_INTEGER, STREAM(duration_us), 0, G_MAXINT64},
    {WIRE_INTEGER, STREAM(frames)},
    {WIRE_TEXT, STREAM(language)},
    {WIRE_TEXT, STREAM(title)},
    {WIRE_INT, STREAM(width)},
    {WIRE_INT, STREAM(height)},
    {WIRE_INT, STREAM(sar_num)},
    {WIRE_INT, STREAM(sar_den)},
    {WIRE_NAME, STREAM(pix_fmt)},
    {WIRE_INT, STREAM(bit_depth)},
    {WIRE_REAL, STREAM(fps)},
    {WIRE_INT, STREAM(fps_num)},
    {WIRE_INT, STREAM(fps_den)},
    {WIRE_INT, STREAM(base_fps_num)},
    {WIRE_INT, STREAM(base_fps_den)},
    {WIRE_BOOL, STREAM(is_vfr)},
    {WIRE_NAME, STREAM(field_order)},
    {WIRE_BOOL, STREAM(is_interlaced)},
    {WIRE_INT, STREAM(rotation), 0, 359},
    {WIRE_INT, STREAM(hdr), 0, FFARM_HDR_DOLBY_VISION},
    {WIRE_NAME, STREAM(color_range)},
    {WIRE_NAME, STREAM(color_space)},
    {WIRE_NAME, STREAM(color_transfer)},
    {WIRE_NAME, STREAM(color_primaries)},
    {WIRE_NAME, STREAM(chroma_location)},
    {WIRE_BOOL, STREAM(mastering.has_primaries)},
    {WIRE_REAL, STREAM(mastering.red_x)},
    {WIRE_REAL, STREAM(mastering.red_y)},
    {WIRE_REAL, STREAM(mastering.green_x)},
    {WIRE_REAL, STREAM(mastering.green_y)},
    {WIRE_REAL, STREAM(mastering.blue_x)},
    {WIRE_REAL, STREAM(mastering.blue_y)},
    {WIRE_REAL, STREAM(mastering.white_x)},
    {WIRE_REAL, STREAM(mastering.white_y)},
    {WIRE_BOOL, STREAM(mastering.has_luminance)},
    {WIRE_REAL, STREAM(mastering.min_luminance)},
    {WIRE_REAL, STREAM(mastering.max_luminance)},
    {WIRE_INTEGER, STREAM(picture_at), 0, G_MAXINT64},
    {WIRE_INTEGER, STREAM(picture_bytes), 0, G_MAXINT64},
    {WIRE_UINT, STREAM(max_cll)},
    {WIRE_UINT, STREAM(max_fall)},
    {WIRE_INT, STREAM(dovi_profile), -1, G_MAXUINT8},
    {WIRE_INT, STREAM(dovi_level), -1, G_MAXUINT8},
    {WIRE_INT, STREAM(dovi_compatibility), -1, G_MAXUINT8},
    {WIRE_INT, STREAM(channels)},
    {WIRE_TEXT, STREAM(layout)},
    {WIRE_INT, STREAM(sample_rate)},
    {WIRE_NAME, STREAM(sample_fmt)},
    {WIRE_BOOL, STREAM(is_text)},
    {WIRE_TEXT, STREAM(filename)},
    {WIRE_TEXT, STREAM(mimetype)},
    {WIRE_INTEGER, STREAM(attachment_bytes), 0, G_MAXINT64},
    {WIRE_INTEGER, STREAM(attachment_checksum)},
};

static const WireField packets_fields[] = {
    {WIRE_BOOL, PACKETS(reached_end)},     {WIRE_LINE, PACKETS(failure)},      {WIRE_UINT, PACKETS(complaints)},
    {WIRE_LINE, PACKETS(first_complaint)}, {WIRE_BOOL, PACKETS(has_all_cues)},
};

static const WireField packets_stream_fields[] = {
    {WIRE_INT, PACKETS_STREAM(index), 0, MEDIA_WIRE_MOST_STREAMS},
    {WIRE_INT, PACKETS_STREAM(type), 0, FFARM_STREAM_DATA},
    {WIRE_BOOL, PACKETS_STREAM(is_picture)},
    {WIRE_INTEGER, PACKETS_STREAM(packets), 0, G_MAXINT64},
    {WIRE_INTEGER, PACKETS_STREAM(bytes), 0, G_MAXINT64},
    {WIRE_INTEGER, PACKETS_STREAM(first_us)},
    {WIRE_INTEGER, PACKETS_STREAM(first_key_us)},
    {WIRE_INTEGER, PACKETS_STREAM(last_us)},
    {WIRE_INTEGER, PACKETS_STREAM(end_us)},
    {WIRE_INTEGER, PACKETS_STREAM(gaps_us), 0, G_MAXINT64},
    {WIRE_INTEGER, PACKETS_STREAM(long_gaps_us), 0, G_MAXINT64},
    {WIRE_INTEGER, PACKETS_STREAM(backward_dts), 0, G_MAXINT64},
    {WIRE_INTEGER, PACKETS_STREAM(corrupt), 0, G_MAXINT64},
    {WIRE_INTEGER, PACKETS_STREAM(checksum)},
};

static const WireField cue_fields[] = {
    {WIRE_INT, CUE(stream), 0, MEDIA_WIRE_MOST_STREAMS},
    {WIRE_INTEGER, CUE(start_us)},
    {WIRE_BOOL, CUE(is_blank)},
};

static const WireField decoded_fields[] = {
    {WIRE_BOOL, DECODED(reached_end)},
    {WIRE_LINE, DECODED(failure)},
    {WIRE_INTEGER, DECODED(errors), 0, G_MAXINT64},
    {WIRE_LINE, DECODED(first_error)},
};

static const WireField decoded_stream_fields[] = {
    {WIRE_INT, DECODED_STREAM(index), 0, MEDIA_WIRE_MOST_STREAMS},
    {WIRE_INT, DECODED_STREAM(type), 0, FFARM_STREAM_DATA},
    {WIRE_BOOL, DECODED_STREAM(is_decoded)},
    {WIRE_INTEGER, DECODED_STREAM(packets), 0, G_MAXINT64},
    {WIRE_INTEGER, DECODED_STREAM(frames), 0, G_MAXINT64},
    {WIRE_INTEGER, DECODED_STREAM(last_us)},
    {WIRE_INTEGER, DECODED_STREAM(samples), 0, G_MAXINT64},
    {WIRE_INTEGER, DECODED_STREAM(errors), 0, G_MAXINT64},
};

const WireField *media_wire_stream_fields(gsize *n_fields)
{
    *n_fields = G_N_ELEMENTS(stream_fields);
    return stream_fields;
}

const WireField *media_wire_packets_stream_fields(gsize *n_fields)
{
    *n_fields = G_N_ELEMENTS(packets_stream_fields);
    return packets_stream_fields;
}

const WireField *media_wire_decoded_stream_fields(gsize *n_fields)
{
    *n_fields = G_N_ELEMENTS(decoded_stream_fields);
    return decoded_stream_fields;
}

static void put_streams(GByteArray *bytes, const GPtrArray *streams)
{
    wire_put_u32(bytes, streams->len);
    for (guint i = 0; i < streams->len; i++)
        wire_put_fields(bytes, g_ptr_array_index(streams, i), stream_fields, G_N_ELEMENTS(stream_fields));
}

static void put_chapters(GByteArray *bytes, const GPtrArray *chapters)
{
    wire_put_u32(bytes, chapters->len);
    for (guint i = 0; i < chapters->len; i++) {
        const FfarmChapter *chapter = g_ptr_array_index(chapters, i);
        wire_put_i64(bytes, chapter->start_us);
        wire_put_i64(bytes, chapter->end_us);
        wire_put_text(bytes, chapter->title);
    }
}

static void put_problems(GByteArray *bytes, const GPtrArray *problems)
{
    wire_put_u32(bytes, problems->len);
    for (guint i = 0; i < problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(problems, i);
        wire_put_u8(bytes, (guint8)problem->kind);
        wire_put_text(bytes, problem->text);
    }
}

void media_wire_put(GByteArray *bytes, const FfarmMedia *media)
{
    wire_put_fields(bytes, media, media_fields, G_N_ELEMENTS(media_fields));
    put_streams(bytes, media->streams);
    put_chapters(bytes, media->chapters);
    put_problems(bytes, media->problems);
}

static void take_streams(WireReader *reader, FfarmMedia *media)
{
    guint32 count = wire_take_u32(reader, MEDIA_WIRE_MOST_STREAMS);
    for (guint i = 0; i < count && !reader->is_bad; i++) {
        FfarmStream *stream = ffarm_media_add_stream(media, FFARM_STREAM_DATA);
        wire_take_fields(reader, stream, stream_fields, G_N_ELEMENTS(stream_fields));
        reader->is_bad |= stream->index != (int)i;
    }
}

static void take_chapters(WireReader *reader, FfarmMedia *media)
{
    guint32 count = wire_take_u32(reader, MEDIA_WIRE_MOST_CHAPTERS);
    for (guint i = 0; i < count && !reader->is_bad; i++) {
        gint64 start_us = wire_take_i64(reader, G_MININT64, G_MAXINT64);
        gint64 end_us = wire_take_i64(reader, G_MININT64, G_MAXINT64);
        g_autofree char *title = wire_take_text(reader, WIRE_TEXT);
        ffarm_media_add_chapter(media, start_us, end_us, title);
    }
}

static void take_problems(WireReader *reader, FfarmMedia *media)
{
    guint32 count = wire_take_u32(reader, MEDIA_WIRE_MOST_PROBLEMS);
    for (guint i = 0; i < count && !reader->is_bad; i++) {
        FfarmProblemKind kind = wire_take_u8(reader, FFARM_PROBLEM_CRASHED);
        g_autofree char *text = wire_take_text(reader, WIRE_LINE);
        reader->is_bad |= !text;
        ffarm_media_add_problem(media, kind, "%s", text ? text : "");
    }
}

gboolean media_wire_take(WireReader *reader, FfarmMedia *media)
{
    wire_take_fields(reader, media, media_fields, G_N_ELEMENTS(media_fields));
    take_streams(reader, media);
    take_chapters(reader, media);
    take_problems(reader, media);
    /* Callers of the prober count on a picture in what has no problems. */
    reader->is_bad |= ffarm_media_is_valid(media) && (!media->container || !ffarm_media_peek_video(media));
    return !reader->is_bad;
}

static void put_cues(GByteArray *bytes, const GArray *cues)
{
    wire_put_u32(bytes, cues->len);
    for (guint i = 0; i < cues->len; i++)
        wire_put_fields(bytes, &g_array_index(cues, FfarmCue, i), cue_fields, G_N_ELEMENTS(cue_fields));
}

static void take_cues(WireReader *reader, FfarmPackets *packets)
{
    guint32 count = wire_take_u32(reader, FFARM_PACKETS_MOST_CUES);
    for (guint i = 0; i < count && !reader->is_bad; i++) {
        FfarmCue cue = {0};
        wire_take_fields(reader, &cue, cue_fields, G_N_ELEMENTS(cue_fields));
        reader->is_bad |= (guint)cue.stream >= packets->streams->len;
        g_array_append_val(packets->cues, cue);
    }
}

void media_wire_put_packets(GByteArray *bytes, const FfarmPackets *packets)
{
    wire_put_fields(bytes, packets, packets_fields, G_N_ELEMENTS(packets_fields));
    wire_put_u32(bytes, packets->streams->len);
    for (guint i = 0; i < packets->streams->len; i++)
        wire_put_fields(bytes, &g_array_index(packets->streams, FfarmPacketsStream, i), packets_stream_fields,
                        G_N_ELEMENTS(packets_stream_fields));
    put_cues(bytes, packets->cues);
}

FfarmPackets *media_wire_take_packets(WireReader *reader)
{
    g_autoptr(FfarmPackets) packets = ffarm_packets_new();
    wire_take_fields(reader, packets, packets_fields, G_N_ELEMENTS(packets_fields));
    guint32 count = wire_take_u32(reader, MEDIA_WIRE_MOST_STREAMS);
    for (guint i = 0; i < count && !reader->is_bad; i++) {
        FfarmPacketsStream stream = {0};
        wire_take_fields(reader, &stream, packets_stream_fields, G_N_ELEMENTS(packets_stream_fields));
        reader->is_bad |= stream.index != (int)i;
        g_array_append_val(packets->streams, stream);
    }
    take_cues(reader, packets);
    reader->is_bad |= packets->reached_end != (packets->failure == NULL);
    return reader->is_bad ? NULL : g_steal_pointer(&packets);
}

void media_wire_put_decoded(GByteArray *bytes, const FfarmDecoded *decoded)
{
    wire_put_fields(bytes, decoded, decoded_fields, G_N_ELEMENTS(decoded_fields));
    wire_put_u32(bytes, decoded->streams->len);
    for (guint i = 0; i < decoded->streams->len; i++)
        wire_put_fields(bytes, &g_array_index(decoded->streams, FfarmDecodedStream, i), decoded_stream_fields,
                        G_N_ELEMENTS(decoded_stream_fields));
}

FfarmDecoded *media_wire_take_decoded(WireReader *reader)
{
    g_autoptr(FfarmDecoded) decoded = g_new0(FfarmDecoded, 1);
    decoded->streams = g_array_new(FALSE, FALSE, sizeof(FfarmDecodedStream));
    wire_take_fields(reader, decoded, decoded_fields, G_N_ELEMENTS(decoded_fields));
    guint32 count = wire_take_u32(reader, MEDIA_WIRE_MOST_STREAMS);
    for (guint i = 0; i < count && !reader->is_bad; i++) {
        FfarmDecodedStream stream = {0};
        wire_take_fields(reader, &stream, decoded_stream_fields, G_N_ELEMENTS(decoded_stream_fields));
        reader->is_bad |= stream.index != (int)i;
        g_array_append_val(decoded->streams, stream);
    }
    reader->is_bad |= decoded->reached_end != (decoded->failure == NULL);
    reader->is_bad |= (decoded->errors > 0) != (decoded->first_error != NULL);
    return reader->is_bad ? NULL : g_steal_pointer(&decoded);
}
