/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"

G_BEGIN_DECLS

/* replace.h — puts a verified result in its place by renames only: new in, flushed, then old out. At no instant is neither
 * the source nor the result complete under its name.
 *
 * Threads: safe for different files. */

typedef struct {
    const char *result;      /* temporary name of the verified result */
    const char *destination; /* where it belongs */
    const FfarmMedia *source; /* as probed for the plan: path, device, inode, size, mtime */
    gboolean keep_source;    /* TRUE: the source is not touched (-k, -o); @destination must not exist then */
} FfarmReplaceParams;

/* Moves @result into @destination's folder if it is on another file system (copy, fsync, size checked), checks that the source
 * is still the file that was probed, gives the result the source's mode and owner (as far as allowed), flushes file and
 * folder, renames, and removes the source when it has another name than the destination.
 * Missing folders of @destination are made. An existing file at @destination that is not the source is never overwritten.
 * Errors: FFARM_JOB_ERROR_SOURCE (changed or gone meanwhile), FFARM_JOB_ERROR_REPLACE, G_IO_ERROR_CANCELLED; in each case the
 * source is as it was and @result is left for the caller to remove. */
gboolean ffarm_replace(const FfarmReplaceParams *params, GCancellable *cancellable, GError **error);

G_END_DECLS
