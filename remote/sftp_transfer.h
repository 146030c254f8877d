/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner_private.h"
#include "sftp_client.h"

G_BEGIN_DECLS

/* sftp_transfer.h — whole files over an SftpClient, with many requests in flight. Private to remote/.
 *
 * Threads: those of the client. */

gboolean sftp_transfer_write(SftpClient *client, const FfarmUpload *upload, GError **error);
gboolean sftp_transfer_read(SftpClient *client, const FfarmDownload *download, GError **error);

G_END_DECLS
