/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"

G_BEGIN_DECLS

/* decode.h — can a media file be played to its end? All its video and audio is decoded once, and thrown away.
 *
 * Packets may all be there and hold rubbish: only a decoder finds that out. It takes about as long as playing the file
 * on an idle machine would take at full speed.
 *
 * Threads:   any number of calls may run at once; a result is immutable.
 * Ownership: a result owns its streams; strings inside are borrowed from it.
 * The path is always a file, as in prober.h. */

typedef struct {
    int index; /* as in ffmpeg's 0:INDEX */
    FfarmStreamType type;
    gboolean is_decoded; /* FALSE: neither video nor audio, cover art, or libavcodec has no decoder for it */
    gint64 packets;      /* given to the decoder */
    gint64 frames;       /* that came of them, damaged ones too: pictures, or pieces of sound */
    gint64 last_us;      /* presentation time of the last whole frame; G_MININT64: there was none with a time */
    gint64 samples;      /* of sound, per channel; 0 for video */
    gint64 errors; /* packets refused, frames marked as damaged, errors that the decoder logged; one fault may count
                      more than once */
} FfarmDecodedStream;

typedef struct {
    char *path;
    GArray *streams;      /* of FfarmDecodedStream, in index order */
    gboolean reached_end; /* FALSE: reading stopped at damage, see @failure */
    char *failure;        /* in words, one line; NULL if reached_end */
    gint64 errors;        /* of all streams */
    char *first_error;    /* one line that names the stream and the time; NULL if there is none */
} FfarmDecoded;

/* Decodes @path to its end.
 * @threads:     for each video stream; 0: one per processor, at most 8
 * @stall_ms:    when the reading has not got further for so long it is given up; 0 = no limit. What is inside
 * libavcodec is not interrupted.
 * @cancellable: nullable
 * Returns: a new result, free with ffarm_decoded_free(), also for a damaged file. NULL with @error set:
 * G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT, or G_IO_ERROR_FAILED for what can't be opened or is no media. */
FfarmDecoded *ffarm_decode_file(const char *path, guint threads, guint stall_ms, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_decoded_free(FfarmDecoded *decoded); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmDecoded, ffarm_decoded_free)

/* The stream with @index. Returns: borrowed; NULL if there is none. */
const FfarmDecodedStream *ffarm_decoded_peek(const FfarmDecoded *decoded, int index);

G_END_DECLS
