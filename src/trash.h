/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "file_identity.h"

G_BEGIN_DECLS

/* trash.h — folders that old files go to, and what is in them by ffarm's doing.
 *
 * A trash folder is absolute, and then holds the folders of its files too (/trash/media/films/a.mkv for
 * /media/films/a.mkv), or relative: then every folder with films has one of its own. Each keeps a ledger,
 * ".ffarm-trash", of what ffarm put there; nothing else is ever removed from it, and walks pass over folders that have
 * one.
 *
 * Threads: safe; processes take turns at a ledger. */

/* TRUE if @folder is a trash folder. */
gboolean ffarm_trash_is(const char *folder);

/* The trash folder for @source (absolute path). Pure. Returns: new string. */
char *ffarm_trash_root(const char *trash_dir, const char *source) G_GNUC_WARN_UNUSED_RESULT;
/* Where @source comes to lie in it. Pure. Returns: new string. */
char *ffarm_trash_path(const char *trash_dir, const char *source) G_GNUC_WARN_UNUSED_RESULT;
/* The first of "a.mkv", "a (2).mkv", "a (3).mkv" ... for @path that is free just now. Returns: new string. */
char *ffarm_trash_free_name(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/* Notes durably that the file @identity lies (or is about to lie) at @path below @root, since @now_s (seconds since
 * 1970). FALSE with FFARM_JOB_ERROR_REPLACE. */
gboolean ffarm_trash_note(const char *root, const char *path, const FfarmFileIdentity *identity, gint64 now_s,
                          GError **error);

/* Removes files that ffarm put below @root, last of all more than @days (above 0) before @now_s, if they are exactly as
 * they were then, and folders that become empty by that. One noted before its own time of change was put there by a
 * clock that was wrong: its days begin at @now_s. No link is followed. What is gone or was changed is forgotten and
 * left alone. Without a ledger nothing is done.
 * @remarks: of char*; nullable; what could not be done, in words
 * Returns: how many files were removed. */
guint ffarm_trash_empty(const char *root, guint days, gint64 now_s, GPtrArray *remarks);

/* The same for the trash folders of all @sources (of char*, absolute paths) by @trash_dir. */
guint ffarm_trash_empty_all(const char *trash_dir, const GPtrArray *sources, guint days, gint64 now_s,
                            GPtrArray *remarks);

G_END_DECLS
