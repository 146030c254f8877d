/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host.h"

G_BEGIN_DECLS

/* ssh_config.h — what ~/.ssh/config and its companions say about a host, asked from OpenSSH's client itself (ssh -G),
 * so that Include, Match and tokens mean here what they mean there. Private to remote/.
 *
 * Threads: safe. */

typedef struct {
    char *given;   /* the name that was asked for */
    char *address; /* HostName */
    guint port;
    char *user;
    char **identities; /* IdentityFile, absolute; many may not exist */
    gboolean is_identities_only;
    char *agent;        /* socket of the agent; NULL: there is none */
    char *known_as;     /* HostKeyAlias; NULL: address and port */
    char **known_hosts; /* files, absolute; the user's first, he owns the first n_user_known_hosts */
    guint n_user_known_hosts;
    gboolean is_hashing; /* HashKnownHosts: new entries hide the name */
    char *jump;          /* ProxyJump; nullable */
    char *command;       /* ProxyCommand with its tokens; nullable */
    int address_family;  /* AF_UNSPEC, AF_INET or AF_INET6 */
} SshConfig;

void ssh_config_free(SshConfig *config); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshConfig, ssh_config_free)

/* Reads the output of ssh -G. @home: for ~ and %d. Pure but for $SSH_AUTH_SOCK. */
SshConfig *ssh_config_parse(const FfarmHost *host, const char *text, const char *home) G_GNUC_WARN_UNUSED_RESULT;

/* Asks @host's ssh; where there is none, goes on with what OpenSSH would do without any configuration.
 * Returns: NULL with UNREACHABLE (ssh refuses its configuration, or gives no answer) or G_IO_ERROR_CANCELLED. */
SshConfig *ssh_config_load(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The command that connects its stdin and stdout with the host's SSH port, for hosts behind another one.
 * Returns: argv, free with g_strfreev(); NULL without @error when the host is reached directly, NULL with UNREACHABLE
 * when the configuration can't be followed. */
char **ssh_config_proxy(const SshConfig *config, const FfarmHost *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
