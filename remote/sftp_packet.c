/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sftp_packet.h"

#include <string.h>

enum { HAS_SIZE = 0x1, HAS_OWNER = 0x2, HAS_MODE = 0x4, HAS_TIMES = 0x8 };
#define HAS_EXTENSIONS 0x80000000u

void sftp_packet_put_u32(GByteArray *packet, guint32 value)
{
    guint32 wire = GUINT32_TO_BE(value);
    g_byte_array_append(packet, (const guint8 *)&wire, sizeof wire);
}

void sftp_packet_put_u64(GByteArray *packet, guint64 value)
{
    guint64 wire = GUINT64_TO_BE(value);
    g_byte_array_append(packet, (const guint8 *)&wire, sizeof wire);
}

void sftp_packet_put_data(GByteArray *packet, gconstpointer data, gsize length)
{
    sftp_packet_put_u32(packet, (guint32)length);
    g_byte_array_append(packet, data, (guint)length);
}

void sftp_packet_put_text(GByteArray *packet, const char *text)
{
    sftp_packet_put_data(packet, text, strlen(text));
}

void sftp_packet_put_attributes(GByteArray *packet, guint32 mode)
{
    sftp_packet_put_u32(packet, mode ? HAS_MODE : 0);
    if (mode)
        sftp_packet_put_u32(packet, mode);
}

void sftp_packet_begin(GByteArray *packet, guint8 type)
{
    sftp_packet_put_u32(packet, 0);
    g_byte_array_append(packet, &type, 1);
}

void sftp_packet_end(GByteArray *packet, gsize start)
{
    guint32 length = GUINT32_TO_BE((guint32)(packet->len - start - sizeof length));
    memcpy(packet->data + start, &length, sizeof length);
}

/* Returns: @length bytes of the packet, NULL when there are fewer. */
static const guint8 *take(SftpReader *reader, gsize length)
{
    if (reader->left < length) {
        reader->is_short = TRUE;
        reader->left = 0;
        return NULL;
    }
    const guint8 *data = reader->data;
    reader->data += length;
    reader->left -= length;
    return data;
}

guint8 sftp_reader_u8(SftpReader *reader)
{
    const guint8 *data = take(reader, 1);
    return data ? *data : 0;
}

guint32 sftp_reader_u32(SftpReader *reader)
{
    guint32 wire = 0;
    const guint8 *data = take(reader, sizeof wire);
    if (data)
        memcpy(&wire, data, sizeof wire);
    return GUINT32_FROM_BE(wire);
}

guint64 sftp_reader_u64(SftpReader *reader)
{
    guint64 wire = 0;
    const guint8 *data = take(reader, sizeof wire);
    if (data)
        memcpy(&wire, data, sizeof wire);
    return GUINT64_FROM_BE(wire);
}

const guint8 *sftp_reader_data(SftpReader *reader, gsize *length)
{
    guint32 announced = sftp_reader_u32(reader);
    const guint8 *data = reader->is_short ? NULL : take(reader, announced);
    *length = data ? announced : 0;
    return data;
}

void sftp_reader_attributes(SftpReader *reader, SftpAttributes *attributes)
{
    *attributes = (SftpAttributes){0};
    guint32 flags = sftp_reader_u32(reader);
    if (flags & HAS_SIZE) {
        attributes->has_size = TRUE;
        attributes->size_bytes = sftp_reader_u64(reader);
    }
    if (flags & HAS_OWNER)
        sftp_reader_u64(reader);
    if (flags & HAS_MODE) {
        attributes->has_mode = TRUE;
        attributes->mode = sftp_reader_u32(reader);
    }
    if (flags & HAS_TIMES)
        sftp_reader_u64(reader);
    if (flags & HAS_EXTENSIONS) {
        gsize length;
        for (guint32 count = sftp_reader_u32(reader); count > 0 && !reader->is_short; count--) {
            sftp_reader_data(reader, &length);
            sftp_reader_data(reader, &length);
        }
    }
}
