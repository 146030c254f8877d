/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"

G_BEGIN_DECLS

/* host_hash.h — SHA-256 of a file on a host, computed there where a program for it can be found, else here from what is
 * read back. Private to remote/.
 *
 * Threads: those of the runner. */

/* Programs, in the order in which they are looked for. OpenSSL uses what processors have for it, and is then four times
 * as fast as the others. */
typedef enum {
    HOST_HASH_OPENSSL,
    HOST_HASH_SHA256SUM,
    HOST_HASH_SHASUM,
    HOST_HASH_CERTUTIL, /* Windows */
    HOST_HASH_N_TOOLS,
} HostHashTool;

/* @remote_path: in the host's own spelling. @size_bytes: of the file; how long it may take depends on it, and reading
 * back stops there.
 * Returns: the sum in hexadecimal, new string; NULL with @error (not G_IO_ERROR: FFARM_REMOTE_ERROR or CANCELLED). */
char *host_hash_file(FfarmRunner *runner, const char *remote_path, gint64 size_bytes, GCancellable *cancellable,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The call of a program. Pure. Returns: new argv, free with g_strfreev(). */
char **host_hash_argv(HostHashTool tool, const char *remote_path) G_GNUC_WARN_UNUSED_RESULT;
/* What it printed -> 64 hexadecimal digits in lower case, new string; NULL when that is no answer. Pure. */
char *host_hash_parse(HostHashTool tool, const char *output) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
