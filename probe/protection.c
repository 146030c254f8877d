/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protection.h"
#include "bytes.h"
#include "ebml.h"

#define MOST_TRACKS 1000
#define MOST_ASF_OBJECTS 200
#define SAMPLE_BYTES (2 * 1024 * 1024)
#define FEWEST_SCRAMBLED_PACKS 8

/* mp4 and mov: libavformat gives the codec behind "encv" and "enca", and keeps what it knows of the scheme beside it.
 */
static char *check_streams(const AVFormatContext *format)
{
    static const char *const tags[] = {"encv", "enca", "encs", "drmi", "drms"};
    for (guint i = 0; format && i < format->nb_streams; i++) {
        char fourcc[AV_FOURCC_MAX_STRING_SIZE];
        const AVStream *stream = format->streams[i];
        av_fourcc_make_string(fourcc, stream->codecpar->codec_tag);
        gboolean protected = av_glue_side_data(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, 0) != NULL;
        for (guint k = 0; k < G_N_ELEMENTS(tags); k++)
        protected |= strcmp(fourcc, tags[k]) == 0;
        if (protected)
            return g_strdup_printf("stream %u is encrypted (DRM)", i);
    }
    return NULL;
}

static gboolean track_is_encrypted(AvInput *input, const EbmlElement *track)
{
    EbmlElement encodings, encoding, encryption;
    gint64 end = track->content + track->size;
    return ebml_find(input, track->content, end, EBML_ID_CONTENT_ENCODINGS, &encodings) &&
           ebml_find(input, encodings.content, end, EBML_ID_CONTENT_ENCODING, &encoding) &&
           ebml_find(input, encoding.content, encoding.content + encoding.size, EBML_ID_CONTENT_ENCRYPTION,
                     &encryption);
}

static char *check_matroska(AvInput *input)
{
    EbmlElement header, segment, tracks, track;
    if (!ebml_read(input, 0, &header) || !ebml_read(input, header.content + header.size, &segment) ||
        !ebml_find(input, segment.content, G_MAXINT64, EBML_ID_TRACKS, &tracks))
        return NULL;
    gint64 offset = tracks.content, end = tracks.content + tracks.size;
    for (guint i = 0; i < MOST_TRACKS && ebml_find(input, offset, end, EBML_ID_TRACK_ENTRY, &track); i++) {
        if (track_is_encrypted(input, &track))
            return g_strdup_printf("track %u is encrypted (DRM)", i);
        offset = track.content + track.size;
    }
    return NULL;
}

/* Content encryption object, extended content encryption object. */
static const guint8 asf_encryption[2][16] = {
    {0xFB, 0xB3, 0x11, 0x22, 0x23, 0xBD, 0xD2, 0x11, 0xB4, 0xB7, 0x00, 0xA0, 0xC9, 0x55, 0xFC, 0x6E},
    {0x14, 0xE6, 0x8A, 0x29, 0x22, 0x26, 0x17, 0x4C, 0xB9, 0x35, 0xDA, 0xE0, 0x7E, 0xE9, 0x28, 0x9C},
};

static char *check_asf(AvInput *input)
{
    guint8 object[24];
    gint64 offset = 30;
    for (guint i = 0; i < MOST_ASF_OBJECTS && av_input_peek(input, offset, object, sizeof object); i++) {
        guint64 size = bytes_le64(object + 16);
        for (guint k = 0; k < G_N_ELEMENTS(asf_encryption); k++)
            if (memcmp(object, asf_encryption[k], 16) == 0)
                return g_strdup("the Windows Media content is encrypted (DRM)");
        if (size < sizeof object || size > (guint64)input->size_bytes)
            break;
        offset += (gint64)size;
    }
    return NULL;
}

/* Packets of @stride bytes, 0x47 at @start of each; scrambling control is in the upper two bits of the fourth byte. */
static gboolean transport_is_scrambled(const guint8 *bytes, gsize length, gsize start, gsize stride)
{
    guint scrambled = 0, payload = 0;
    for (gsize at = start; at + 188 <= length; at += stride) {
        const guint8 *packet = bytes + at;
        guint pid = (guint)(packet[1] & 0x1F) << 8 | packet[2];
        if (packet[0] != 0x47 || pid == 0x1FFF || !(packet[3] & 0x10))
            continue;
        payload++;
        scrambled += packet[3] >> 6 >= 2;
    }
    return scrambled * 2 > payload;
}

/* PES heads of video (1E0 to 1EF) whose scrambling control is not 0. Such a start code can't occur within video. */
static gboolean program_is_scrambled(const guint8 *bytes, gsize length)
{
    guint scrambled = 0;
    for (gsize at = 0; at + 7 <= length; at++)
        if (bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == 1 && (bytes[at + 3] & 0xF0) == 0xE0)
            scrambled += (bytes[at + 6] & 0xC0) == 0x80 && (bytes[at + 6] & 0x30) != 0;
    return scrambled >= FEWEST_SCRAMBLED_PACKS;
}

static char *check_broadcast(AvInput *input)
{
    gsize length = (gsize)MIN(input->size_bytes, SAMPLE_BYTES);
    g_autofree guint8 *bytes = g_malloc(length);
    if (length < 2 * 192 || !av_input_peek(input, 0, bytes, length))
        return NULL;
    gboolean scrambled = FALSE;
    if (bytes[0] == 0x47 && bytes[188] == 0x47)
        scrambled = transport_is_scrambled(bytes, length, 0, 188);
    else if (bytes[4] == 0x47 && bytes[196] == 0x47)
        scrambled = transport_is_scrambled(bytes, length, 4, 192);
    else if (bytes_be32(bytes) == 0x1BA)
        scrambled = program_is_scrambled(bytes, length);
    return scrambled ? g_strdup("the stream is scrambled: it was recorded without its key") : NULL;
}

char *protection_find(AvInput *input)
{
    guint8 head[8];
    char *words = check_streams(input->format);
    if (words || !av_input_peek(input, 0, head, sizeof head))
        return words;
    if (bytes_be32(head) == EBML_ID_HEADER)
        return check_matroska(input);
    if (bytes_be32(head) == 0x3026B275 && bytes_be32(head + 4) == 0x8E66CF11)
        return check_asf(input);
    return check_broadcast(input);
}
