/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libssh2_sftp.h>

#include "ssh_dial.h"
#include "ssh_glue.h"

G_BEGIN_DECLS

/* ssh_session.h — a logged-in libssh2 session: dialled, host key checked, authenticated. Private to remote/.
 *
 * Threads: one at a time. */

typedef struct {
    SshLink link;
    SshDial *dial;
    LIBSSH2_SFTP *sftp; /* opened by ssh_sftp.c when first needed; NULL before */
} SshSession;

/* Connects and logs in; tries again where a busy server turns the connection away, until @deadline_us (0 = 20 s).
 * Returns: NULL with UNREACHABLE, HOST_KEY, AUTH, UNSUPPORTED or G_IO_ERROR_CANCELLED. */
SshSession *ssh_session_open(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Says good-bye if the other side is there, frees everything. Doesn't wait for the network. NULL is legal. */
void ssh_session_free(SshSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshSession, ssh_session_free)

G_END_DECLS
