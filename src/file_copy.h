/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "file_identity.h"

G_BEGIN_DECLS

/* file_copy.h — copies that are proved. Errors: FFARM_JOB_ERROR_REPLACE, G_IO_ERROR_CANCELLED. Threads: safe. */

/* Opens the regular file @path with content for reading, not through a link.
 * Returns: file descriptor, with @info filled; -1 with @error set. */
int ffarm_file_open(const char *path, struct stat *info, GError **error);

/* Makes the new file @path that only its owner can read. Returns: file descriptor for reading and writing, with
 * @identity filled as of a file that is still being written; -1 with @error set. */
int ffarm_file_create(const char *path, FfarmFileIdentity *identity, GError **error);

/* Copies the content of @from to the empty file @to, has it flushed to the disk, and reads it back from there: what was
 * read and what lies there now must have one SHA-256, and the source must not have changed meanwhile. Both are read
 * from the beginning, whatever their position. The names are for errors. */
gboolean ffarm_file_copy(int from, const char *from_name, int to, const char *to_name, GCancellable *cancellable,
                         GError **error);

G_END_DECLS
