/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* ssh_folder.h — where the control socket of a call of ssh lies: a folder for us alone, with a name so short that the
 * kernel takes the socket's. It lies in $XDG_RUNTIME_DIR or the folder for temporary files. Whoever made it holds a
 * lock in it, which ends with the process, so that nobody else removes it before.
 *
 * Threads: safe. */

typedef struct SshFolder SshFolder;

/* Returns: new folder; NULL with FFARM_REMOTE_ERROR_UNREACHABLE. */
SshFolder *ssh_folder_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the folder and what ssh left in it. NULL is legal. */
void ssh_folder_free(SshFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshFolder, ssh_folder_free)

/* Where ssh is to make its socket: an absolute path. Borrowed. */
const char *ssh_folder_peek_socket(const SshFolder *folder);

/* Removes the folders of this user whose processes are gone. */
void ssh_folder_sweep(void);

G_END_DECLS
