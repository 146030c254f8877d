/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* ssh_hostkey.h — is the machine that answers the one we know? known_hosts as OpenSSH reads it: hashed names, wildcards
 * and negations, [host]:port, several types, @revoked. Private to remote/.
 *
 * Threads: safe; ssh_hostkey_append() also against other processes. */

/* An entry of a known_hosts file that is about the host in question. */
typedef struct {
    char *type;   /* "ssh-ed25519" */
    GBytes *blob; /* the key as the server sends it */
    char *file;
    guint line;
    gboolean is_revoked;   /* @revoked */
    gboolean is_authority; /* @cert-authority: says nothing of a plain key */
} SshKnownKey;

typedef enum {
    SSH_HOSTKEY_UNKNOWN, /* nothing is stored about this host */
    SSH_HOSTKEY_KNOWN,   /* exactly this key is stored */
    SSH_HOSTKEY_CHANGED, /* another key is stored */
    SSH_HOSTKEY_REVOKED,
} SshHostkeyVerdict;

/* Returns: the name that OpenSSH looks up: "host", "[host]:port" for another port than 22, or the alias as it is. */
char *ssh_hostkey_name(const char *address, guint port, const char *alias) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the entries of @text (of @file, for messages) that are about @name. Malformed lines are passed over. Pure. */
void ssh_hostkey_parse(GPtrArray *keys, const char *file, const char *text, const char *name);

/* Returns: (element-type SshKnownKey) the entries of all @files about @name; if there are none and @fallback isn't
 * NULL, those about @fallback. Files that can't be read count as empty. Free with g_ptr_array_unref(). */
GPtrArray *ssh_hostkey_find(const char *const *files, const char *name, const char *fallback) G_GNUC_WARN_UNUSED_RESULT;

/* Judges the key in @blob. @which: nullable; the entry that decided, borrowed. Pure. */
SshHostkeyVerdict ssh_hostkey_judge(GPtrArray *keys, GBytes *blob, const SshKnownKey **which);

/* Returns: the host key types to ask the server for, comma-separated, best first: those stored, or all that are good if
 * nothing is. NULL: only types are stored that libssh2 can't check. Pure. */
char *ssh_hostkey_methods(GPtrArray *keys) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: "SHA256:...", as ssh prints it. */
char *ssh_hostkey_fingerprint(GBytes *blob) G_GNUC_WARN_UNUSED_RESULT;
/* Returns: "ssh-ed25519", from the blob itself; "unknown" for nonsense. */
char *ssh_hostkey_type(GBytes *blob) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a line to the known_hosts file @path, which is made if need be (0600, its folder 0700), unless the name has got
 * an entry in the meantime. @is_hashed: hide the name. Flushed to disk. Returns: FALSE with a G_FILE_ERROR. @verdict:
 * what the file says of this key now. */
gboolean ssh_hostkey_append(const char *path, const char *name, GBytes *blob, gboolean is_hashed,
                            SshHostkeyVerdict *verdict, GError **error);

G_END_DECLS
