/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture_place.h"
#include "bytes.h"
#include "ebml.h"

#include <string.h>

#define PIECE_BYTES 65536
#define MOST_FILES 1000

static gboolean has_bytes_at(AvInput *input, gint64 offset, const AVPacket *picture)
{
    g_autofree guint8 *piece = g_malloc(PIECE_BYTES);
    if (offset <= 0 || picture->size <= 0 || offset > input->size_bytes - picture->size)
        return FALSE;
    for (int done = 0; done < picture->size;) {
        gsize length = (gsize)MIN(PIECE_BYTES, picture->size - done);
        if (!av_input_peek(input, offset + done, piece, length) || memcmp(piece, picture->data + done, length) != 0)
            return FALSE;
        done += (int)length;
    }
    return TRUE;
}

/* Looks among the attachments from @offset to @end. Returns: the picture's offset; 0 if it is not there. */
static gint64 find_in_attachments(AvInput *input, gint64 offset, gint64 end, const AVPacket *picture)
{
    EbmlElement file, data;
    for (guint i = 0; i < MOST_FILES && ebml_find(input, offset, end, EBML_ID_ATTACHED_FILE, &file); i++) {
        if (file.size == EBML_SIZE_UNKNOWN)
            return 0;
        offset = file.content + file.size;
        if (ebml_find(input, file.content, offset, EBML_ID_FILE_DATA, &data) && data.size == picture->size &&
            has_bytes_at(input, data.content, picture))
            return data.content;
    }
    return 0;
}

/* The place that one entry of a SeekHead gives for attachments, from the beginning of the segment's content; 0: it is
 * about something else. */
static gint64 read_seek(AvInput *input, const EbmlElement *seek)
{
    EbmlElement id, place;
    guint8 bytes[8] = {0};
    gint64 end = seek->content + seek->size;
    if (!ebml_find(input, seek->content, end, EBML_ID_SEEK_ID, &id) || id.size != 4 ||
        !av_input_peek(input, id.content, bytes, 4) || bytes_be32(bytes) != EBML_ID_ATTACHMENTS)
        return 0;
    memset(bytes, 0, sizeof bytes);
    if (!ebml_find(input, seek->content, end, EBML_ID_SEEK_POSITION, &place) || place.size < 1 || place.size > 8 ||
        !av_input_peek(input, place.content, bytes + 8 - place.size, (gsize)place.size))
        return 0;
    return (gint64)MIN(bytes_be64(bytes), G_MAXINT64 / 2);
}

/* Attachments that were added later lie behind the film. */
static gboolean find_by_seek_head(AvInput *input, const EbmlElement *segment, EbmlElement *attachments)
{
    EbmlElement head, seek;
    if (!ebml_find(input, segment->content, G_MAXINT64, EBML_ID_SEEK_HEAD, &head) || head.size == EBML_SIZE_UNKNOWN)
        return FALSE;
    gint64 offset = head.content, end = head.content + head.size;
    for (guint i = 0; i < MOST_FILES && ebml_find(input, offset, end, EBML_ID_SEEK, &seek); i++) {
        if (seek.size == EBML_SIZE_UNKNOWN)
            return FALSE;
        gint64 place = read_seek(input, &seek);
        if (place > 0)
            return ebml_read(input, segment->content + place, attachments) && attachments->id == EBML_ID_ATTACHMENTS;
        offset = seek.content + seek.size;
    }
    return FALSE;
}

static gint64 find_in_matroska(AvInput *input, const AVPacket *picture)
{
    EbmlElement header, segment, attachments;
    if (!ebml_read(input, 0, &header) || header.id != EBML_ID_HEADER || header.size == EBML_SIZE_UNKNOWN ||
        !ebml_read(input, header.content + header.size, &segment) || segment.id != EBML_ID_SEGMENT)
        return 0;
    if (!ebml_find(input, segment.content, G_MAXINT64, EBML_ID_ATTACHMENTS, &attachments) &&
        !find_by_seek_head(input, &segment, &attachments))
        return 0;
    if (attachments.size == EBML_SIZE_UNKNOWN)
        return 0;
    return find_in_attachments(input, attachments.content, attachments.content + attachments.size, picture);
}

void picture_place_find(FfarmMedia *media, AvInput *input)
{
    for (guint i = 0; i < media->streams->len && i < input->format->nb_streams; i++) {
        FfarmStream *stream = g_ptr_array_index(media->streams, i);
        const AVPacket *picture = &input->format->streams[i]->attached_pic;
        if (picture->size <= 0 || !(stream->disposition & FFARM_DISPOSITION_ATTACHED_PIC))
            continue;
        gint64 offset = has_bytes_at(input, picture->pos, picture) ? picture->pos : 0;
        if (offset == 0 && g_str_has_prefix(input->format->iformat->name, "matroska"))
            offset = find_in_matroska(input, picture);
        stream->picture_at = offset;
        stream->picture_bytes = offset > 0 ? picture->size : 0;
    }
}
