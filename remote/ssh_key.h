/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ssh_key.h — what a private key file is, as far as it can be told without opening it. Private to remote/.
 *
 * Threads: safe. */

typedef enum {
    SSH_KEY_ABSENT,   /* no such file, or unreadable */
    SSH_KEY_NONSENSE, /* not a key */
    SSH_KEY_PUBLIC,   /* a public key: names one that the agent holds */
    SSH_KEY_PRIVATE,
} SshKeyNature;

typedef struct {
    SshKeyNature nature;
    char *type;            /* "ssh-rsa"; NULL: can't be seen from outside */
    GBytes *blob;          /* public key as on the wire; NULL: can't be seen from outside */
    gboolean is_encrypted; /* needs a passphrase */
    gboolean is_simple; /* ed25519 as OpenSSH writes it: the one kind that libssh2 1.10 both signs with as servers want
                           it and reads without leaking memory (it does for ecdsa) */
} SshKey;

/* Looks at @path, and at @path.pub where the file itself doesn't say. Cleared with ssh_key_clear(). */
void ssh_key_inspect(SshKey *key, const char *path);
/* The same for the text of a key file; @public_text: nullable. Pure. */
void ssh_key_parse(SshKey *key, const char *text, const char *public_text);
void ssh_key_clear(SshKey *key);

/* TRUE for the types that libssh2 can sign with once it has a signature: ed25519, ecdsa and RSA, but no certificates
 * and no security keys. */
gboolean ssh_key_is_usable_type(const char *type);

G_END_DECLS
