/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"

G_BEGIN_DECLS

/* media_input.h — private: a media file opened to be read to its end, for callers that want a GError.
 *
 * Threads: one at a time for each input. */

/* Opens @path as what it is, its streams known.
 * @timeout_ms:  for all reading from now on, until av_input_set_deadline(); 0: no limit
 * Returns: new input, free with av_input_free(); NULL with G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT, or
 * G_IO_ERROR_FAILED for what can't be opened or is no media. */
AvInput *media_input_open(const char *path, guint timeout_ms, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: TRUE with G_IO_ERROR_CANCELLED or G_IO_ERROR_TIMED_OUT if that ended the reading. */
gboolean media_input_was_stopped(AvInput *input, const char *path, GError **error);

G_END_DECLS
