/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* notify.h — tells a Plex server that files were replaced. Threads: safe. */

/* Asks @server ("ADDRESS:PORT") to refresh all of its library sections, with @token (nullable).
 * Plain HTTP, at most 10 s. Errors: G_IO_ERROR; the message starts with the server's address. */
gboolean ffarm_notify_plex(const char *server, const char *token, GCancellable *cancellable, GError **error);

G_END_DECLS
