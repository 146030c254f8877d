/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "ssh_glue.h"

G_BEGIN_DECLS

/* ssh_agent.h — a client of ssh-agent's protocol, and a private agent for one key file. Private to remote/.
 *
 * Why not libssh2's own: it can't ask for SHA-2 signatures with RSA keys, which today's servers insist on.
 *
 * Threads: an agent belongs to one thread at a time. */

typedef struct SshAgent SshAgent;

typedef struct {
    GBytes *blob; /* public key */
    char *type;   /* "ssh-rsa" */
    char *comment;
} SshIdentity;

typedef enum {
    SSH_SIGN_DEFAULT = 0,
    SSH_SIGN_RSA_SHA2_512 = 4,
} SshSignFlags;

/* Connects to the agent at the socket @path. Returns: NULL with G_IO_ERROR. */
SshAgent *ssh_agent_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts an agent of our own that holds the key of @key_path, which needs no passphrase, until ssh_agent_free() or the
 * end of this process. Returns: NULL with G_IO_ERROR saying why the key can't be read, or that OpenSSH isn't installed.
 */
SshAgent *ssh_agent_start(const char *key_path, SshPatience patience, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void ssh_agent_free(SshAgent *agent); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshAgent, ssh_agent_free)

/* Returns: (element-type SshIdentity) what it holds; NULL with G_IO_ERROR. Free with g_ptr_array_unref(). */
GPtrArray *ssh_agent_list(SshAgent *agent, SshPatience patience, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Signs @data with the key of @blob. Its owner may be asked, so this can take long.
 * Returns: the bare signature, without the name of its kind; NULL with G_IO_ERROR. */
GBytes *ssh_agent_sign(SshAgent *agent, GBytes *blob, const guchar *data, gsize length, SshSignFlags flags,
                       SshPatience patience, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
