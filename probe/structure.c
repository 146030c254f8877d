/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "structure.h"
#include "bytes.h"
#include "ebml.h"

#include <string.h>

#define MOST_BOXES 200000
#define MOST_ASF_OBJECTS 200
/* Old AVI writers are off by a few bytes in the last size. */
#define RIFF_SLACK_BYTES 64

static char *too_short(AvInput *input, gint64 promised_bytes)
{
    return g_strdup_printf("ends at byte %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " were promised: the file is cut off",
                           input->size_bytes, promised_bytes);
}

typedef struct {
    gboolean has_index;    /* moov */
    gboolean has_samples;  /* mdat */
    gint64 promised_bytes; /* the end of a box that matters, past the file's; 0: none */
} Boxes;

static gboolean is_box_type(const guint8 *type)
{
    for (guint i = 0; i < 4; i++)
        if (type[i] != 0xA9 && !g_ascii_isprint((char)type[i]))
            return FALSE;
    return TRUE;
}

/* Notes the box at @offset. Returns: the next one's offset; 0 at the end, or where there are no boxes any more. */
static gint64 walk_box(AvInput *input, gint64 offset, Boxes *boxes)
{
    guint8 head[16];
    if (!av_input_peek(input, offset, head, 8) || !is_box_type(head + 4))
        return 0;
    guint64 size = bytes_be32(head);
    if (size == 1) {
        if (!av_input_peek(input, offset, head, 16))
            return 0;
        size = bytes_be64(head + 8);
    }
    gboolean is_index = memcmp(head + 4, "moov", 4) == 0, is_samples = memcmp(head + 4, "mdat", 4) == 0;
    boxes->has_index |= is_index;
    boxes->has_samples |= is_samples;
    if (size < 8 || size > G_MAXINT64 / 2) /* 0: as far as the file goes */
        return 0;
    gint64 end = offset + (gint64)size;
    if (end <= input->size_bytes)
        return end;
    if (is_index || is_samples || memcmp(head + 4, "moof", 4) == 0)
        boxes->promised_bytes = end;
    return 0;
}

static char *check_iso(AvInput *input)
{
    Boxes boxes = {0};
    gint64 offset = 0;
    guint count = 0;
    do
        offset = walk_box(input, offset, &boxes);
    while (offset > 0 && offset < input->size_bytes && ++count < MOST_BOXES && !av_input_must_stop(input));
    if (boxes.promised_bytes)
        return too_short(input, boxes.promised_bytes);
    if (boxes.has_samples && !boxes.has_index && count < MOST_BOXES)
        return g_strdup("has no index (moov): its recording was not finished, or its end is cut off");
    return NULL;
}

static char *check_matroska(AvInput *input)
{
    EbmlElement header, segment;
    if (!ebml_read(input, 0, &header) || header.id != EBML_ID_HEADER || header.size == EBML_SIZE_UNKNOWN)
        return NULL;
    if (!ebml_read(input, header.content + header.size, &segment))
        return g_strdup("ends within its header: the file is cut off");
    if (segment.id != EBML_ID_SEGMENT || segment.size == EBML_SIZE_UNKNOWN)
        return NULL;
    gint64 end = segment.content + segment.size;
    return end > input->size_bytes ? too_short(input, end) : NULL;
}

/* One RIFF chunk after another: the first of type "AVI ", then OpenDML's "AVIX". */
static char *check_riff(AvInput *input)
{
    guint8 head[12];
    gint64 offset = 0;
    while (av_input_peek(input, offset, head, sizeof head) && memcmp(head, "RIFF", 4) == 0) {
        guint32 size = bytes_le32(head + 4);
        if (memcmp(head + 8, "AVI", 3) != 0 || size == 0 || size == G_MAXUINT32)
            return NULL;
        gint64 end = offset + 8 + (gint64)size;
        if (end > input->size_bytes + RIFF_SLACK_BYTES)
            return too_short(input, end);
        offset = end + (end & 1);
    }
    return NULL;
}

static const guint8 asf_header[16] = {0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11,
                                      0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C};
static const guint8 asf_file_properties[16] = {0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11,
                                               0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65};

/* The file properties object: its head of 24 bytes, a GUID, the file's size, ..., flags (1: broadcast) at 88. */
static char *check_asf(AvInput *input)
{
    guint8 object[92];
    gint64 offset = 30;
    for (guint i = 0; i < MOST_ASF_OBJECTS && av_input_peek(input, offset, object, 24); i++) {
        guint64 size = bytes_le64(object + 16);
        if (memcmp(object, asf_file_properties, 16) == 0 && av_input_peek(input, offset, object, sizeof object)) {
            guint64 promised = bytes_le64(object + 40);
            gboolean is_broadcast = object[88] & 1;
            return !is_broadcast && promised < G_MAXINT64 && (gint64)promised > input->size_bytes
                       ? too_short(input, (gint64)promised)
                       : NULL;
        }
        if (size < 24 || size > (guint64)input->size_bytes)
            return NULL;
        offset += (gint64)size;
    }
    return NULL;
}

char *structure_find_missing(AvInput *input)
{
    guint8 head[16];
    if (!av_input_peek(input, 0, head, sizeof head))
        return NULL;
    if (memcmp(head, "RIFF", 4) == 0)
        return check_riff(input);
    if (memcmp(head, asf_header, sizeof asf_header) == 0)
        return check_asf(input);
    if (memcmp(head, "\x1A\x45\xDF\xA3", 4) == 0)
        return check_matroska(input);
    if (memcmp(head + 4, "ftyp", 4) == 0 || memcmp(head + 4, "moov", 4) == 0 || memcmp(head + 4, "mdat", 4) == 0)
        return check_iso(input);
    return NULL;
}
