/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* file_names.h — changes names of files, and makes such changes last.
 *
 * All return 0 or an errno. What passes by itself (interrupted, busy, a stale handle of a network file system) is tried
 * again a few times within a second. An error says little: a network file system reports one for what it did carry out,
 * so that the caller has to look at the disk.
 *
 * Threads: safe. */

/* Renames @from to @to, which must not exist (EEXIST), also where the file system can't refuse by itself. */
int ffarm_name_move(const char *from, const char *to);
/* Renames @from to @to, in the place of what is there. */
int ffarm_name_move_over(const char *from, const char *to);
/* Gives each of two files the other's name in one step. Tried once, as a second time would turn it back: the caller
 * looks, and asks ffarm_name_may_heal(). */
int ffarm_name_exchange(const char *one, const char *other);
/* Gives the file @from the second name @to, which must not exist (EEXIST). ENOTSUP, and nothing is done, also where the
 * file system gives both names different inode numbers. */
int ffarm_name_link(const char *from, const char *to);
int ffarm_name_remove(const char *path);
/* Makes @folder, with all above it that are not there, each with @mode, and makes their names last. 0 also where it is
 * there already. */
int ffarm_folder_make(const char *folder, int mode);
/* Makes the names in @folder last. */
int ffarm_folder_flush(const char *folder);
/* The same for the folder that @path lies in. */
int ffarm_folder_flush_of(const char *path);

/* TRUE if the @nth try (from 0), which failed with @failure, is worth another one; waits a moment where waiting helps.
 */
gboolean ffarm_name_may_heal(int failure, guint nth);
/* TRUE if @failure means that this file system does not know such a thing, rather than that it went wrong. */
gboolean ffarm_name_is_unsupported(int failure);

G_END_DECLS
