/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"
#include "system.h"

G_BEGIN_DECLS

/* runner_state.h — what a runner is, for the files that its calls are spread over. Private to remote/. */

struct FfarmRunner {
    FfarmHost *host;
    const FfarmRunnerKind *kind; /* NULL while closed */
    gpointer connection;
    System system;
    char *transport_reason; /* why auto didn't take libssh2; NULL */
    guint hash_tool;        /* host_hash.c: which one this host has, plus 1; 0 = not yet known */
};

/* At the beginning of every call. Returns: FALSE with CANCELLED, or DISCONNECTED on a closed runner. */
gboolean runner_begin(FfarmRunner *runner, GCancellable *cancellable, GError **error);
/* At its end: hands the verdict on, after closing a runner whose connection is lost. Takes @reason. Returns: @is_done.
 */
gboolean runner_end(FfarmRunner *runner, gboolean is_done, GError *reason, GError **error);

/* SFTP wants "/C:/x" for what Windows' programs call "C:/x" or "C:\x". Returns: new string. */
char *runner_file_path(const FfarmRunner *runner, const char *path) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
