/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"

G_BEGIN_DECLS

/* local_file.h — files of this machine: those that the others are copied from and to, and those of the local host.
 * Private to remote/.
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

/* As those of runner_private.h on this machine. Reading asks the disk and not the memory, as far as the kernel heeds
 * such wishes: what has just been written is read back as it arrived there. */
gboolean local_file_write(const char *host_name, const FfarmUpload *upload, GError **error);
gboolean local_file_read(const char *host_name, const FfarmDownload *download, GError **error);

G_END_DECLS
