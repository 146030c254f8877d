/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sftp_client.h"

G_BEGIN_DECLS

/* sftp_transfer.h — whole files over an SftpClient, many requests in flight. Private to remote/.
 *
 * Threads: that of the client. */

/* As put() and get() of runner_private.h. */
gboolean sftp_transfer_put(SftpClient *client, const char *local_path, const char *remote_path,
                           FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error);
gboolean sftp_transfer_get(SftpClient *client, const char *remote_path, const char *local_path,
                           FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error);

G_END_DECLS
