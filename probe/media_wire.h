/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "decode.h"
#include "media.h"
#include "packets.h"
#include "wire.h"

G_BEGIN_DECLS

/* media_wire.h — private: what a worker process found out about a file, as bytes.
 *
 * The file's path, size, times and identity do not travel: who reads has them from the file itself. Counts are bounded;
 * a media that breaks the prober's own promises (stream numbers, kinds, languages of enums) is bad. Pure.
 *
 * A new member of these structs needs a row in media_wire.c; tests/test_media_wire.cc finds it missing.
 *
 * Threads: one at a time. */

#define MEDIA_WIRE_MOST_STREAMS 1024
#define MEDIA_WIRE_MOST_CHAPTERS 10000
#define MEDIA_WIRE_MOST_PROBLEMS 16

void media_wire_put(GByteArray *bytes, const FfarmMedia *media);
/* Fills @media, new and empty but for what does not travel. Returns: FALSE if it is bad; free @media then. */
gboolean media_wire_take(WireReader *reader, FfarmMedia *media);

void media_wire_put_packets(GByteArray *bytes, const FfarmPackets *packets);
/* Returns: a new result without path, free with ffarm_packets_free(); NULL if it is bad. */
FfarmPackets *media_wire_take_packets(WireReader *reader) G_GNUC_WARN_UNUSED_RESULT;

void media_wire_put_decoded(GByteArray *bytes, const FfarmDecoded *decoded);
/* Returns: a new result without path, free with ffarm_decoded_free(); NULL if it is bad. */
FfarmDecoded *media_wire_take_decoded(WireReader *reader) G_GNUC_WARN_UNUSED_RESULT;

/* The rows, for the test that looks for members without one. */
const WireField *media_wire_stream_fields(gsize *n_fields);
const WireField *media_wire_packets_stream_fields(gsize *n_fields);
const WireField *media_wire_decoded_stream_fields(gsize *n_fields);

G_END_DECLS
