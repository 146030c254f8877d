/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"

G_BEGIN_DECLS

/* media_input.h — private: a media file opened to be read to its end, for callers that want a GError.
 *
 * Threads: one at a time for each input. */

/* Opens @path as a file.
 * @timeout_ms:  for all reading from now on, until av_input_set_deadline(); 0: no limit
 * Returns: new input, free with av_input_free(); NULL with G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT, or
 * G_IO_ERROR_FAILED for what can't be opened. */
AvInput *media_input_open(const char *path, guint timeout_ms, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Finds out what the open file is, and its streams.
 * Returns: NULL, or in words why it can't be read as media; free with g_free(). */
char *media_input_find_streams(AvInput *input, const char *path) G_GNUC_WARN_UNUSED_RESULT;

/* @words: NULL, or why there is no result
 * Returns: FALSE with G_IO_ERROR_CANCELLED or G_IO_ERROR_TIMED_OUT if that ended the reading, with G_IO_ERROR_FAILED
 * if there are @words. */
gboolean media_input_has_result(AvInput *input, const char *path, const char *words, GError **error);

G_END_DECLS
