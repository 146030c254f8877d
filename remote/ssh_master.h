/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host.h"

G_BEGIN_DECLS

/* ssh_master.h — one connection of the system's OpenSSH client, over which further calls of ssh are multiplexed. The
 * client does all that it can do: its configuration, its keys, jump hosts, hardware tokens. It is never asked anything
 * (BatchMode), and it ends when this process does. Private to remote/.
 *
 * Threads: one at a time. */

typedef struct SshMaster SshMaster;

/* Connects and authenticates.
 * Returns: NULL with @error: FFARM_REMOTE_ERROR_UNREACHABLE, HOST_KEY or AUTH with what ssh said, or CANCELLED. */
SshMaster *ssh_master_new(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error);
void ssh_master_free(SshMaster *master); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshMaster, ssh_master_free)

const char *ssh_master_peek_name(const SshMaster *master);

/* The call of ssh that has @line executed over this connection, or, with NULL, starts the SFTP subsystem.
 * Returns: new argv, free with g_strfreev(). It fails at once when the connection is gone. */
char **ssh_master_argv(const SshMaster *master, const char *line) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the connection has ended; a call of ssh over it may know a moment earlier, so this waits a moment. If so
 * @error (nullable) is set to FFARM_REMOTE_ERROR_DISCONNECTED with what ssh said. */
gboolean ssh_master_has_ended(SshMaster *master, GError **error);

/* What ssh said about a connection that didn't come about -> code of FFARM_REMOTE_ERROR. Pure. */
int ssh_master_judge(const char *words);

G_END_DECLS
