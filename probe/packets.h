/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"

G_BEGIN_DECLS

/* packets.h — what is really in a media file: every packet of it is read once, none is decoded.
 *
 * A header's duration proves nothing: a file that was cut off, or whose encoder gave up, still states the full length.
 * The last packet does not lie. Reading takes as long as reading the file.
 *
 * Threads:   any number of scans may run at once; a result is immutable.
 * Ownership: a result owns its streams; strings inside are borrowed from it.
 * The path is always a file, as in prober.h. */

/* Steps from one packet of a stream to the next that are gaps, if it is not like that anyway. Two lengths, so that what
 * is just above the one in a source is still below the other in what was made of it, where times are rounded. */
#define FFARM_PACKETS_GAP_US (G_USEC_PER_SEC / 4)
#define FFARM_PACKETS_LONG_GAP_US G_USEC_PER_SEC

/* All times are those after jumps of the file's clock were taken out, as ffmpeg does it. */
typedef struct {
    int index; /* as in ffmpeg's 0:INDEX */
    FfarmStreamType type;
    gboolean is_picture; /* cover art or a thumbnail: one packet, which says nothing about the length */
    gint64 packets;      /* 0: the stream is empty */
    gint64 bytes;        /* of all its packets */
    gint64 first_us;     /* earliest presentation time; G_MININT64: no packet had a time */
    gint64 first_key_us; /* time of the first packet that can be decoded alone; G_MININT64: none has a time */
    gint64 last_us;      /* latest presentation time; G_MININT64 the same */
    gint64 end_us;  /* latest end of a packet. One of sound without a duration lasts as long as the step from the one
                       before; of other streams it ends when it begins */
    gint64 gaps_us; /* sum of the steps of more than FFARM_PACKETS_GAP_US, in the order of decoding */
    gint64 long_gaps_us; /* sum of those of more than FFARM_PACKETS_LONG_GAP_US */
    gint64 backward_dts; /* packets whose decoding time is before their predecessor's */
    gint64 corrupt;      /* packets that the demuxer itself marked as damaged */
    gint64 checksum;     /* of the bytes of all packets but blank lines, wherever one packet ends and the next begins.
                            It tells faults, not forgeries */
} FfarmPacketsStream;

#define FFARM_PACKETS_MOST_CUES 400000 /* of all streams of a file */

/* A packet of a subtitle that has a time. */
typedef struct {
    int stream; /* index */
    gint64 start_us;
    gboolean is_blank; /* a text without anything to read: only markup, a drawing, or what ends the line before */
} FfarmCue;

typedef struct {
    char *path;
    GArray *streams;       /* of FfarmPacketsStream, in index order */
    GArray *cues;          /* of FfarmCue, in the order of the file */
    gboolean has_all_cues; /* FALSE: there are more than FFARM_PACKETS_MOST_CUES */
    gboolean reached_end;  /* FALSE: reading stopped at damage, see @failure */
    char *failure;         /* in words, one line; NULL if reached_end */
    guint complaints; /* errors and warnings that libavformat logged while it read: resynchronised, ended prematurely */
    char *first_complaint; /* one line; NULL if there is none */
} FfarmPackets;

/* Reads @path to its end.
 * @timeout_ms:  0 = no limit
 * @cancellable: nullable
 * Returns: a new result, free with ffarm_packets_free(), also for a damaged file. NULL with @error set:
 * G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT, or G_IO_ERROR_FAILED for what can't be opened or is no media. */
FfarmPackets *ffarm_packets_scan(const char *path, guint timeout_ms, GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: a new result without any stream. */
FfarmPackets *ffarm_packets_new(void) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_packets_free(FfarmPackets *packets); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmPackets, ffarm_packets_free)

/* The stream with @index. Returns: borrowed; NULL if there is none. */
const FfarmPacketsStream *ffarm_packets_peek(const FfarmPackets *packets, int index);

/* Returns: from the first to the end of the last packet of all streams of @type, in microseconds, pictures left out; 0
 * if there are no packets with times. */
gint64 ffarm_packets_length_us(const FfarmPackets *packets, FfarmStreamType type);

G_END_DECLS
