/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/* file_identity.h — which file it is that lies under a name. Threads: safe. */

typedef struct {
    guint64 device, inode; /* inode 0: no such file (yet) */
    gint64 size_bytes;     /* below 0: it is still being written, so that size and time say nothing */
    gint64 mtime_ns;       /* time of change of the content, since 1970 */
} FfarmFileIdentity;

FfarmFileIdentity ffarm_file_identity(const struct stat *info);

/* TRUE if @info is a regular file, and that which @identity names. */
gboolean ffarm_file_identity_fits(const FfarmFileIdentity *identity, const struct stat *info);

/* TRUE if the file system of @path numbers a file anew once the kernel has forgotten it (FAT, exFAT, SMB, much of what
 * FUSE mounts): the same file may have another inode number after some hours. FALSE where that can't be told. */
gboolean ffarm_file_numbers_change(const char *path);

typedef enum {
    FFARM_FILE_ABSENT,  /* nothing has this name */
    FFARM_FILE_THERE,   /* exactly the file that was meant */
    FFARM_FILE_OTHER,   /* something else: another file, the file with another content, a link */
    FFARM_FILE_UNKNOWN, /* nobody can tell: input/output error, no permission, a folder that can't be reached */
} FfarmFileState;

/* Opens @path to see what lies there, as a network file system may answer a mere look from what it remembers. A link is
 * not followed. @info: filled if something could be looked at, else all zero; nullable. */
FfarmFileState ffarm_file_look(const char *path, const FfarmFileIdentity *identity, struct stat *info);

G_END_DECLS
