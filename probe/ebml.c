/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ebml.h"

#define MOST_CHILDREN 1000

/* A number of 1 to 8 bytes: as many as the first byte has leading zero bits, plus one.
 * Returns: its length, 0 if it is none. */
static guint read_number(const guint8 *bytes, guint available, gboolean keep_marker, guint64 *value)
{
    guint length = 1;
    while (length <= 8 && !(bytes[0] & (0x80 >> (length - 1))))
        length++;
    if (length > 8 || length > available)
        return 0;
    *value = keep_marker ? bytes[0] : bytes[0] & (0xFF >> length);
    for (guint i = 1; i < length; i++)
        *value = *value << 8 | bytes[i];
    return length;
}

gboolean ebml_read(AvInput *input, gint64 offset, EbmlElement *element)
{
    guint8 head[12] = {0};
    guint64 id, size;
    guint available = (guint)CLAMP(input->size_bytes - offset, 0, (gint64)sizeof head);
    if (available < 2 || !av_input_peek(input, offset, head, available))
        return FALSE;
    guint id_length = read_number(head, MIN(available, 4), TRUE, &id);
    if (id_length == 0 || id_length == available)
        return FALSE;
    guint size_length = read_number(head + id_length, available - id_length, FALSE, &size);
    if (size_length == 0)
        return FALSE;
    gboolean unknown = size == (G_GUINT64_CONSTANT(1) << (7 * size_length)) - 1;
    element->id = (guint32)id;
    element->content = offset + id_length + size_length;
    element->size = unknown ? EBML_SIZE_UNKNOWN : (gint64)size;
    return TRUE;
}

gboolean ebml_find(AvInput *input, gint64 offset, gint64 end, guint32 id, EbmlElement *element)
{
    for (guint i = 0; i < MOST_CHILDREN && offset < end && !av_input_must_stop(input); i++) {
        if (!ebml_read(input, offset, element))
            return FALSE;
        if (element->id == id)
            return TRUE;
        if (element->size == EBML_SIZE_UNKNOWN || element->id == EBML_ID_CLUSTER)
            return FALSE;
        offset = element->content + element->size;
    }
    return FALSE;
}
