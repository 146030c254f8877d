/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ssh_config.h"
#include "ssh_glue.h"

G_BEGIN_DECLS

/* ssh_auth.h — logs in with the first key that the server takes: of the agent, then of files. Private to remote/.
 *
 * Servers hang up after some refused keys (six by default), so a login may need several connections: the list of keys
 * and how far it was tried lives in an SshAuth.
 *
 * Threads: one at a time. */

typedef struct SshAuth SshAuth;

typedef enum {
    SSH_AUTH_DONE,
    SSH_AUTH_RECONNECT, /* there are keys left, but this connection has no more tries */
    SSH_AUTH_FAILED,    /* with error: AUTH; UNSUPPORTED if a key was left out that OpenSSH's client could use;
                           DISCONNECTED;    G_IO_ERROR_CANCELLED */
} SshAuthOutcome;

/* Lists keys, opens nothing. Both arguments must outlive the result. */
SshAuth *ssh_auth_new(const FfarmHost *host, const SshConfig *config) G_GNUC_WARN_UNUSED_RESULT;
void ssh_auth_free(SshAuth *auth); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshAuth, ssh_auth_free)

/* Logs in on a connection whose handshake is done and whose host key has been checked. */
SshAuthOutcome ssh_auth_run(SshAuth *auth, SshLink *link, SshPatience *patience, GError **error);

G_END_DECLS
