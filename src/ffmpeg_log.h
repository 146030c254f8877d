/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "ffmpeg_trouble.h"

G_BEGIN_DECLS

/* ffmpeg_log.h — what ffmpeg says on stderr (under -loglevel level+info): the last of it for people, and the kinds of
 * trouble in it for decisions. Pure, incremental, bounded.
 *
 * Threads: one at a time. */

typedef struct FfarmFfmpegLog FfarmFfmpegLog;

/* @output: the file that ffmpeg writes, as it is called there; copied; nullable. */
FfarmFfmpegLog *ffarm_ffmpeg_log_new(const char *output) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_ffmpeg_log_free(FfarmFfmpegLog *log); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmFfmpegLog, ffarm_ffmpeg_log_free)

/* Lines that hold any of @quotes (taken over; nullable) say nothing of the host: they are no complaints. To be called
 * before anything is fed. */
void ffarm_ffmpeg_log_distrust(FfarmFfmpegLog *log, char **quotes);

/* Takes any piece of the output; lines may be cut anywhere. */
void ffarm_ffmpeg_log_feed(FfarmFfmpegLog *log, const char *data, gsize length);
/* The last line may have no line break: call this when the output has ended. */
void ffarm_ffmpeg_log_end(FfarmFfmpegLog *log);

/* The first line of level warning or worse (what a film's title says is printed as info) that told of @trouble, fit for
 * an error message (valid UTF-8, no control characters, cut at 200 bytes). Borrowed; NULL: none did. */
const char *ffarm_ffmpeg_log_peek_trouble(const FfarmFfmpegLog *log, FfarmTrouble trouble);

/* The last line of level error or worse, in the same form; where there is none the last line. Borrowed; NULL: nothing
 * said. */
const char *ffarm_ffmpeg_log_peek_last(const FfarmFfmpegLog *log);

/* The last lines of level warning or worse, each with its line break, without what is distrusted: at most
 * 32 KiB. Borrowed, valid until more is
 * fed. */
const char *ffarm_ffmpeg_log_peek_complaints(const FfarmFfmpegLog *log);

/* At most the last 64 KiB as they came. Borrowed, valid until more is fed; @length nullable. Ends in NUL. */
const char *ffarm_ffmpeg_log_peek_tail(FfarmFfmpegLog *log, gsize *length);

G_END_DECLS
