/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_sftp.c — any bytes as a packet of an SFTP server, read as each kind of answer: nothing is read past its end, and
 * what is not there reads as nothing. */
#include "sftp_packet.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check(const SftpReader *reader, const guint8 *data, gsize size)
{
    g_assert_true(reader->left <= size);
    g_assert_true(!reader->is_short || reader->left == 0);
    g_assert_true(reader->data >= data && reader->data <= data + size);
}

/* A name, its long form and attributes, as often as the packet says. */
static void read_names(const guint8 *data, gsize size)
{
    SftpReader reader = {data, size, FALSE};
    for (guint32 count = sftp_reader_u32(&reader); count > 0 && !reader.is_short; count--) {
        gsize length;
        SftpAttributes attributes;
        const guint8 *name = sftp_reader_data(&reader, &length);
        g_assert_true(length == 0 || (name >= data && name + length <= data + size));
        sftp_reader_data(&reader, &length);
        sftp_reader_attributes(&reader, &attributes);
    }
    check(&reader, data, size);
}

static void read_attributes(const guint8 *data, gsize size)
{
    SftpReader reader = {data, size, FALSE};
    SftpAttributes attributes;
    sftp_reader_attributes(&reader, &attributes);
    g_assert_true(attributes.has_size || attributes.size_bytes == 0);
    g_assert_true(attributes.has_mode || attributes.mode == 0);
    check(&reader, data, size);
}

static void read_status(const guint8 *data, gsize size)
{
    SftpReader reader = {data, size, FALSE};
    gsize length;
    sftp_reader_u8(&reader);
    sftp_reader_u32(&reader);
    sftp_reader_u32(&reader);
    sftp_reader_data(&reader, &length);
    sftp_reader_u64(&reader);
    check(&reader, data, size);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    read_names(data, size);
    read_attributes(data, size);
    read_status(data, size);
    return 0;
}
