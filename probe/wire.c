/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire.h"

#include <math.h>
#include <string.h>

#define NO_TEXT G_MAXUINT32 /* in the place of a length */

void wire_put_u8(GByteArray *bytes, guint8 value)
{
    g_byte_array_append(bytes, &value, sizeof value);
}

void wire_put_u32(GByteArray *bytes, guint32 value)
{
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

void wire_put_i64(GByteArray *bytes, gint64 value)
{
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

static void put_real(GByteArray *bytes, double value)
{
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

/* Where to cut @text so that no character is split. */
static gsize cut_length(const char *text)
{
    gsize length = strnlen(text, WIRE_MOST_TEXT + 1);
    if (length <= WIRE_MOST_TEXT)
        return length;
    length = WIRE_MOST_TEXT;
    while (length > 0 && ((guchar)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

void wire_put_text(GByteArray *bytes, const char *text)
{
    gsize length = text ? cut_length(text) : 0;
    wire_put_u32(bytes, text ? (guint32)length : NO_TEXT);
    g_byte_array_append(bytes, (const guint8 *)(text ? text : ""), (guint)length);
}

static void put_field(GByteArray *bytes, gconstpointer member, WireType type)
{
    switch (type) {
    case WIRE_BOOL:
        wire_put_u8(bytes, *(const gboolean *)member != FALSE);
        break;
    case WIRE_INT:
        wire_put_i64(bytes, *(const int *)member);
        break;
    case WIRE_UINT:
        wire_put_i64(bytes, *(const guint *)member);
        break;
    case WIRE_INTEGER:
        wire_put_i64(bytes, *(const gint64 *)member);
        break;
    case WIRE_REAL:
        put_real(bytes, *(const double *)member);
        break;
    default:
        wire_put_text(bytes, *(char *const *)member);
    }
}

void wire_put_fields(GByteArray *bytes, gconstpointer object, const WireField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++)
        put_field(bytes, (const char *)object + fields[i].offset, fields[i].type);
}

static void set_bad(WireReader *reader)
{
    reader->is_bad = TRUE;
    reader->left = 0;
}

/* Returns: @length bytes, NULL if there are fewer. */
static const guint8 *take(WireReader *reader, gsize length)
{
    if (reader->is_bad || reader->left < length) {
        set_bad(reader);
        return NULL;
    }
    const guint8 *data = reader->data;
    reader->data += length;
    reader->left -= length;
    return data;
}

guint8 wire_take_u8(WireReader *reader, guint8 most)
{
    const guint8 *data = take(reader, 1);
    if (data && *data <= most)
        return *data;
    set_bad(reader);
    return 0;
}

guint32 wire_take_u32(WireReader *reader, guint32 most)
{
    guint32 value = 0;
    const guint8 *data = take(reader, sizeof value);
    if (data)
        memcpy(&value, data, sizeof value);
    if (value <= most)
        return value;
    set_bad(reader);
    return 0;
}

gint64 wire_take_i64(WireReader *reader, gint64 least, gint64 most)
{
    gint64 value = 0;
    const guint8 *data = take(reader, sizeof value);
    if (!data)
        return 0;
    memcpy(&value, data, sizeof value);
    if (value >= least && value <= most)
        return value;
    set_bad(reader);
    return 0;
}

static double take_real(WireReader *reader)
{
    double value = 0;
    const guint8 *data = take(reader, sizeof value);
    if (data)
        memcpy(&value, data, sizeof value);
    if (isfinite(value))
        return value;
    set_bad(reader);
    return 0;
}

static gboolean is_name(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isprint(text[i]))
            return FALSE;
    return length <= WIRE_MOST_NAME;
}

static gboolean is_line(const char *text, gsize length)
{
    for (const char *c = text; c < text + length; c = g_utf8_next_char(c))
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            return FALSE;
    return TRUE;
}

static gboolean is_text_of_type(const char *text, gsize length, WireType type)
{
    if (type == WIRE_NAME)
        return is_name(text, length);
    return g_utf8_validate_len(text, length, NULL) && (type != WIRE_LINE || is_line(text, length));
}

char *wire_take_text(WireReader *reader, WireType type)
{
    guint32 length = wire_take_u32(reader, G_MAXUINT32);
    if (reader->is_bad || length == NO_TEXT)
        return NULL;
    const char *text = length <= WIRE_MOST_TEXT ? (const char *)take(reader, length) : NULL;
    if (text && is_text_of_type(text, length, type))
        return g_strndup(text, length);
    set_bad(reader);
    return NULL;
}

static void take_field(WireReader *reader, gpointer member, const WireField *field)
{
    gboolean is_free = field->least == 0 && field->most == 0;
    switch (field->type) {
    case WIRE_BOOL:
        *(gboolean *)member = wire_take_u8(reader, 1);
        break;
    case WIRE_INT:
        *(int *)member =
            (int)wire_take_i64(reader, is_free ? G_MININT : field->least, is_free ? G_MAXINT : field->most);
        break;
    case WIRE_UINT:
        *(guint *)member = (guint)wire_take_i64(reader, 0, is_free ? G_MAXUINT : field->most);
        break;
    case WIRE_INTEGER:
        *(gint64 *)member =
            wire_take_i64(reader, is_free ? G_MININT64 : field->least, is_free ? G_MAXINT64 : field->most);
        break;
    case WIRE_REAL:
        *(double *)member = take_real(reader);
        break;
    default:
        *(char **)member = wire_take_text(reader, field->type);
    }
}

void wire_take_fields(WireReader *reader, gpointer object, const WireField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++)
        take_field(reader, (char *)object + fields[i].offset, &fields[i]);
}

gboolean wire_reader_is_done(const WireReader *reader)
{
    return !reader->is_bad && reader->left == 0;
}
