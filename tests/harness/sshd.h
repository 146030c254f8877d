/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

/* sshd.h — a real OpenSSH server for one test, with keys and files of its own. Works as root and as any other user (who
 * then can only log in as himself). Several may run at once, also from several test programs.
 *
 * Threads: one. The thread that starts a server must outlive it: the kernel kills the server when that thread ends.
 * Failure: these are test tools, so whatever can't be set up aborts with the reason and the server's log. */

typedef struct {
    const char *address;       /* NULL: 127.0.0.1 */
    const char *netns;         /* nullable: network namespace to run in (root only) */
    const char *host_key_type; /* NULL: "ed25519"; also "ecdsa", "rsa" */
    const char *server_lines;  /* nullable: lines that go to the top of sshd_config, where the first value counts */
    const char *client_lines;  /* nullable: lines (Host blocks, say) that go to the top of ssh_config */
    const char
        *wait_command; /* NULL: "exit 0"; what the trial login runs; "" = don't try to log in, only wait for the port */
} SshdOptions;

typedef struct {
    char *folder; /* all files of this server; gone after sshd_stop() */
    char *address;
    guint port;
    char *user;        /* who may log in */
    char *key;         /* private key file; the public one has .pub behind it */
    char *host_key;    /* as well */
    char *authorized;  /* authorized_keys: tests may append to it */
    char *known_hosts; /* holds this server's key */
    char *client_config;
    char *ssh; /* program that is ssh with -F client_config: knows key, known_hosts and client_lines */
    char *log; /* what the server says */
    pid_t pid;
} Sshd;

/* Returns: a server that has let the key log in once; give it to sshd_stop().
 * @options: NULL = all defaults. */
Sshd *sshd_start(const SshdOptions *options);
/* Ends the server and every process below it, and removes its files. NULL is legal. */
void sshd_stop(Sshd *sshd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sshd, sshd_stop)

/* Kills the processes that serve the present connections (not the commands they started): the client sees its
 * connection lost. New connections go on to be accepted. */
void sshd_drop_connections(Sshd *sshd);

/* Ends the server and every process below it, as if its machine were switched off; its files stay. */
void sshd_switch_off(Sshd *sshd);
/* Starts it again, on the port that it had. */
void sshd_switch_on(Sshd *sshd);

/* Makes the server's key known under another port of 127.0.0.1 as well, that of a relay to it. */
void sshd_know_port(const Sshd *sshd, guint port);

/* TRUE when sshd, ssh and ssh-keygen are installed. */
gboolean sshd_is_available(void);

G_END_DECLS
