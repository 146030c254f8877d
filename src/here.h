/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "error.h"

G_BEGIN_DECLS

/* here.h — this machine's own part of an attempt: to write where the result goes, and to read the film. Tells whether
 * what fails on a host would fail everywhere. Blocking. Threads: safe. */

/* Writes a little to a file in the folder of @result, which must be a name of ours alone, flushes it, and removes it
 * again; looks whether files can be made beside @destination, too.
 * Returns: FALSE with @code for @result, with FFARM_JOB_ERROR_REPLACE for @destination. */
gboolean ffarm_here_can_write(const char *result, FfarmJobError code, const char *destination, GError **error);

/* Reads all of @path. Returns: FALSE with FFARM_JOB_ERROR_SOURCE or G_IO_ERROR_CANCELLED. */
gboolean ffarm_here_can_read(const char *path, GCancellable *cancellable, GError **error);

G_END_DECLS
