/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* keep_failed.h — puts a result that failed its proof where a person can look at it.
 *
 * Threads: safe. */

/* Moves @result into @folder, which is made where it is missing, as NAME.JOB_ID.EXT: name and extension of @source and
 * @destination, without what a terminal would stumble over, cut where they are long. Nothing is overwritten; across
 * file systems it is copied, flushed and removed. Returns: new path, free with g_free(); NULL with
 * FFARM_JOB_ERROR_REPLACE or G_IO_ERROR_CANCELLED, and @result is where it was. */
char *ffarm_keep_failed(const char *folder, const char *result, const char *source, const char *destination,
                        const char *job_id, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
