/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"

G_BEGIN_DECLS

/* host_space.h — free space on a host by its own programs, where its file server can't say. Private to remote/.
 *
 * Threads: those of the runner. */

/* *@free_bytes: -1 where no program says it. Returns: FALSE with @error when cancelled or disconnected. */
gboolean host_space_ask(FfarmRunner *runner, const char *remote_path, gint64 *free_bytes, GCancellable *cancellable,
                        GError **error);

/* What statvfs says, here or there -> bytes. -1 for a file system without a size of its own, which says nothing; 0
 * where less than nothing is free, which comes as a huge number. Pure. */
gint64 host_space_bytes(guint64 free_units, guint64 total_units, guint64 unit_bytes);
/* What `df -Pk` printed -> bytes, -1 when that is no answer. Pure. */
gint64 host_space_parse_df(const char *output);
/* A number of bytes, alone or behind a '=' as wmic prints it -> bytes, -1 when there is none. Pure. */
gint64 host_space_parse_number(const char *output);

G_END_DECLS
