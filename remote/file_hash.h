/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* file_hash.h — SHA-256 of a file of this machine that is on its way, computed behind the transfer by a thread of its
 * own. What is hashed is read from the file itself, so that the sum speaks for the file and not for a buffer that was
 * meant to become it. Private to remote/.
 *
 * Threads: the functions belong to one thread at a time. */

typedef struct FileHash FileHash;

/* @fd: open for reading; stays the caller's and open as long as the hash lives. Its position is left alone. */
FileHash *file_hash_new(int fd) G_GNUC_WARN_UNUSED_RESULT;
void file_hash_free(FileHash *hash); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileHash, file_hash_free)

/* The file's first @bytes won't change any more and may be hashed. A number below an earlier one is legal. */
void file_hash_advance(FileHash *hash, gint64 bytes);

/* Waits until the first @total_bytes are hashed; to be called once.
 * Returns: their sum in hexadecimal, new string; NULL with a G_IO_ERROR when the file can't be read or is shorter, or
 * G_IO_ERROR_CANCELLED. */
char *file_hash_finish(FileHash *hash, gint64 total_bytes, GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
