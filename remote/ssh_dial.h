/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ssh_config.h"

G_BEGIN_DECLS

/* ssh_dial.h — a byte stream to a host's SSH port: directly, or through ProxyJump and ProxyCommand. Private to remote/.
 *
 * Threads: a dial belongs to one thread at a time. */

typedef struct {
    int fd;                        /* non-blocking socket */
    GSocketConnection *connection; /* owner of fd for a direct one, else NULL */
    GPid proxy_pid;                /* 0 for a direct one */
    int proxy_errors_fd;           /* what the proxy complained about; -1 for a direct one */
} SshDial;

/* Every address of the name is tried. Returns: NULL with UNREACHABLE or G_IO_ERROR_CANCELLED. */
SshDial *ssh_dial_open(const FfarmHost *host, const SshConfig *config, gint64 deadline_us, GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes and reaps; at most half a second. NULL is legal. */
void ssh_dial_free(SshDial *dial);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshDial, ssh_dial_free)

/* Returns: the last line of what the proxy complained about, free with g_free(); NULL if it didn't or there is none. */
char *ssh_dial_complaint(const SshDial *dial) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
