/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ffmpeg_log.h — what ffmpeg says on stderr (under -loglevel level+info): the last of it for people, and the kinds of
 * trouble in it for decisions. Pure, incremental, bounded.
 *
 * Threads: one at a time. */

/* Only lines of level warning and worse count: what a film's title says is printed as info. */
typedef enum {
    FFARM_TROUBLE_SPACE, /* no space left, quota */
    FFARM_TROUBLE_MEMORY,
    FFARM_TROUBLE_ENCODER, /* the encoder is not there, or its device can't be opened */
    FFARM_TROUBLE_STOPPED, /* a signal told ffmpeg to end */
    FFARM_TROUBLE_OUTPUT,  /* the output can't be opened or written */
    FFARM_TROUBLE_READING, /* the input can't be opened or read: disk, network, permissions */
    FFARM_TROUBLE_DAMAGED, /* the input was read, but ends too early or can't be decoded everywhere */
    FFARM_N_TROUBLES,
} FfarmTrouble;

typedef struct FfarmFfmpegLog FfarmFfmpegLog;

FfarmFfmpegLog *ffarm_ffmpeg_log_new(void) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_ffmpeg_log_free(FfarmFfmpegLog *log); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmFfmpegLog, ffarm_ffmpeg_log_free)

/* Takes any piece of the output; lines may be cut anywhere. */
void ffarm_ffmpeg_log_feed(FfarmFfmpegLog *log, const char *data, gsize length);
/* The last line may have no line break: call this when the output has ended. */
void ffarm_ffmpeg_log_end(FfarmFfmpegLog *log);

/* The first line that told of @trouble, fit for an error message (valid UTF-8, no control characters, cut at 200
 * bytes). Borrowed; NULL: none did. */
const char *ffarm_ffmpeg_log_peek_trouble(const FfarmFfmpegLog *log, FfarmTrouble trouble);

/* The last line of level error or worse, in the same form; where there is none the last line. Borrowed; NULL: nothing
 * said. */
const char *ffarm_ffmpeg_log_peek_last(const FfarmFfmpegLog *log);

/* At most the last 64 KiB as they came. Borrowed, valid until more is fed; @length nullable. Ends in NUL. */
const char *ffarm_ffmpeg_log_peek_tail(FfarmFfmpegLog *log, gsize *length);

G_END_DECLS
