/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* lock.h — locks between processes that can't go stale: each is one byte of a file, and the kernel gives it back when
 * the process ends, however it ends. What is locked is a name; the byte is found by its hash.
 *
 * Threads: safe. */

typedef struct FfarmLocks FfarmLocks;

/* Opens the file of locks at @path, which is made if it is missing.
 * Returns: new locks, free with ffarm_locks_free(); NULL with G_IO_ERROR. */
FfarmLocks *ffarm_locks_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Gives all of them back. NULL is legal. */
void ffarm_locks_free(FfarmLocks *locks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmLocks, ffarm_locks_free)

/* Returns: FALSE if it is held already, by whomever. */
gboolean ffarm_locks_take(FfarmLocks *locks, const char *name);
/* Waits until it is free. Not for a name that this process holds. */
void ffarm_locks_wait(FfarmLocks *locks, const char *name);
void ffarm_locks_give_back(FfarmLocks *locks, const char *name);
/* TRUE if it is held, by whomever. */
gboolean ffarm_locks_is_held(FfarmLocks *locks, const char *name);

G_END_DECLS
