/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* inputs.h — the files that a run is about: what the command line says of each, folders walked.
 *
 * Threads: one at a time.
 * Errors:  G_IO_ERROR_CANCELLED, where there is a cancellable, and G_FILE_ERROR for list files; those begin with the
 *          list's name. A file or folder that is missing or can't be read is no error here: the plan says so. */

/* One file to look at, and what was said of it. */
typedef struct {
    char *path;      /* absolute, any bytes but NUL; not resolved through symbolic links */
    char *relative;  /* path below the folder that was given, or the base name: where -o DIR puts it */
    char *cluster;   /* -c; NULL: this machine */
    char *profile;   /* -p or -t; nullable */
    char **mixins;   /* -m; nullable */
    char *list;      /* absolute path of the list file that named it; NULL: none that anything could be struck from */
    char *list_name; /* the name on that list: its own, or that of a folder above it; nullable */
} FfarmInput;

/* @path made absolute, without empty and "." parts. ".." stays: behind a symbolic link only the kernel knows where it leads.
 * Returns: new string, free with g_free(). */
char *ffarm_inputs_absolute_path(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: an input for the file @path as given (relative to the current folder or absolute); others are copied. */
FfarmInput *ffarm_input_new(const char *path, const char *cluster, const char *profile, const char *const *mixins)
    G_GNUC_WARN_UNUSED_RESULT;
void ffarm_input_free(FfarmInput *input); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmInput, ffarm_input_free)

/* Appends @argument to @inputs (array of FfarmInput, free function set). A file is taken as it is, also one that does not
 * exist: the plan will say so. A folder is walked, sorted by name, subfolders too; files that are films by their name, or by what
 * is in them (ffarm_probe_may_be_video()), are taken; hidden files, ffarm's own temporaries and what was reached already (symbolic link loops) are passed over.
 * A subfolder that can't be read is reported through @warnings (array of char*, nullable) and passed over.
 * Returns: FALSE only with G_IO_ERROR_CANCELLED. */
gboolean ffarm_inputs_add(GPtrArray *inputs, const char *argument, const char *cluster, const char *profile,
                          const char *const *mixins, GPtrArray *warnings, GCancellable *cancellable, GError **error);

/* Reads a list of names, one a line (or NUL-separated when @is_null); "-" is standard input. Empty lines are passed over.
 * Returns: names, NULL-terminated, free with g_strfreev(); NULL with @error (G_FILE_ERROR). */
char **ffarm_inputs_read_list(const char *path, gboolean is_null, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @name off the list file @path, atomically (new file beside it, fsync, rename); other lines stay byte for byte.
 * Several processes may strike names from one list at once. */
gboolean ffarm_inputs_strike(const char *path, gboolean is_null, const char *name, GError **error);

G_END_DECLS
