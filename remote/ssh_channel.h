/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"
#include "ssh_session.h"

G_BEGIN_DECLS

/* ssh_channel.h — one command on a session. Private to remote/.
 *
 * Threads: that of the session. */

/* As the exec() of runner_private.h. Where the command is still there when the drain limit has passed, the session is
 * given up: its slot on the server wouldn't come back otherwise. */
gboolean ssh_channel_exec(SshSession *session, const FfarmExec *exec, int *status, GCancellable *cancellable,
                          GError **error);

G_END_DECLS
