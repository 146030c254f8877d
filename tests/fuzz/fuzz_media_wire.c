/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_media_wire.c — any bytes as what a worker process answers: refused, or a result that is the same once more when
 * it is written and read again. */
#include "media_wire.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void try_media(const guint8 *data, gsize size)
{
    WireReader reader = {data, size, FALSE};
    g_autoptr(FfarmMedia) media = ffarm_media_new("film.mkv");
    if (!media_wire_take(&reader, media) || !wire_reader_is_done(&reader))
        return;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put(bytes, media);
    g_assert_cmpmem(bytes->data, bytes->len, data, size);
}

static void try_packets(const guint8 *data, gsize size)
{
    WireReader reader = {data, size, FALSE};
    g_autoptr(FfarmPackets) packets = media_wire_take_packets(&reader);
    if (!packets || !wire_reader_is_done(&reader))
        return;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put_packets(bytes, packets);
    g_assert_cmpmem(bytes->data, bytes->len, data, size);
}

static void try_decoded(const guint8 *data, gsize size)
{
    WireReader reader = {data, size, FALSE};
    g_autoptr(FfarmDecoded) decoded = media_wire_take_decoded(&reader);
    if (!decoded || !wire_reader_is_done(&reader))
        return;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put_decoded(bytes, decoded);
    g_assert_cmpmem(bytes->data, bytes->len, data, size);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    try_media(data, size);
    try_packets(data, size);
    try_decoded(data, size);
    return 0;
}
