/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"

G_BEGIN_DECLS

/* local_file.h — files of this machine as the two other kinds than libssh2 handle them. Private to remote/.
 *
 * Threads: safe. */

/* What errno says about a file on the host's side, as a code of FFARM_REMOTE_ERROR. */
int local_file_meaning(int code);

/* "HOST: can't DOING PATH: reason". @otherwise: FFARM_REMOTE_ERROR_LOCAL_FILE for a file on the manager's side
 * (NO_SPACE stays what it is), -1 for one on the host's. Returns: FALSE. */
gboolean local_file_set_error(const char *host_name, const char *doing, const char *path, int code, int otherwise,
                              GError **error);

/* Opens an existing plain file for reading. Returns: a descriptor; -1 with errno, EINVAL for what is no plain file. */
int local_file_open(const char *path, gint64 *size_bytes);

/* Where to copy from and to; the flags say which side is the manager's. */
typedef struct {
    const char *host_name;
    const char *from, *to;
    gboolean is_from_here;      /* the source is the manager's own file, else the target is */
    gboolean is_new;            /* the target must not exist, else it is overwritten */
    FfarmTransferFunc progress; /* nullable */
    gpointer user_data;
    GCancellable *cancellable; /* nullable */
} LocalCopy;

/* Copies, flushes and checks the size; on failure the target that it has made is removed. */
gboolean local_file_copy(const LocalCopy *copy, GError **error);

G_END_DECLS
