/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "av_glue.h"

struct stat;

G_BEGIN_DECLS

/* av_input.h — private: one regular file, opened by descriptor and read by libavformat under limits.
 *
 * libavformat gets the file's name for its extension only: all reading goes through our descriptor, and whatever else a
 * demuxer asks to be opened is refused. Every read looks at the deadline, the cancellable and the budget.
 *
 * Threads: one at a time. */

/* No film is larger; a forged header may claim to be. For every decoder that is opened. */
#define AV_INPUT_MAX_PIXELS (16384 * 16384)

typedef enum {
    AV_INPUT_RUNNING,
    AV_INPUT_CANCELLED,
    AV_INPUT_TIMED_OUT,
    AV_INPUT_OVER_BUDGET, /* read as many bytes as av_input_set_budget() allowed */
} AvInputState;

typedef struct {
    int fd; /* -1: not open */
    gint64 size_bytes;
    gint64 deadline_us;        /* on the monotonic clock */
    gint64 budget_bytes;       /* still to be read */
    GCancellable *cancellable; /* nullable, borrowed */
    void (*on_progress)(void); /* nullable: see av_input_note_progress() */
    AvInputState state;        /* why reading stopped; stays, once it is not RUNNING */
    AVFormatContext *format;   /* NULL until av_input_open_format() */
    int probe_score;           /* how sure libavformat was, 0 to AVPROBE_SCORE_MAX */
} AvInput;

/* Makes an input without a file, to be stopped at @timeout_ms from now. Returns: free with av_input_free(). */
AvInput *av_input_new(guint timeout_ms, GCancellable *cancellable);
void av_input_free(AvInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AvInput, av_input_free)

/* Opens @path for reading, a regular file or a link to one, and fills @info. Never waits for a pipe's other end.
 * Returns: NULL, or in words what is wrong; free with g_free(). */
char *av_input_open_file(AvInput *input, const char *path, struct stat *info) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @fd, a regular file that is open for reading, as the input's own. */
void av_input_take_file(AvInput *input, int fd, gint64 size_bytes);

/* Finds the demuxer, by content and by the extension of @path. Returns: borrowed; NULL if none wants the file. */
const AVInputFormat *av_input_find_demuxer(AvInput *input, const char *path);

/* Reads header and first packets, until libavformat knows the streams. @thorough looks ten times as far as it does by
 * itself, for files whose streams begin late. Closes what was open before. Returns: 0, or an AVERROR. */
int av_input_open_format(AvInput *input, const char *path, const AVInputFormat *demuxer, gboolean thorough);

/* Stops the reading at @timeout_ms from now; 0: never. */
void av_input_set_deadline(AvInput *input, guint timeout_ms);

/* Somebody may wait for signs of life. Reading gives them by itself; who works long on what was read does so too. */
void av_input_note_progress(AvInput *input);

/* Allows @bytes to be read from now on; G_MAXINT64 for all. Ends AV_INPUT_OVER_BUDGET. */
void av_input_set_budget(AvInput *input, gint64 bytes);

/* Returns: TRUE if reading must end: looks at the clock and the cancellable now. */
gboolean av_input_must_stop(AvInput *input);

/* Reads @length bytes at @offset, past libavformat and its position. Returns: FALSE if there are not so many. */
gboolean av_input_peek(AvInput *input, gint64 offset, void *buffer, gsize length);

G_END_DECLS
