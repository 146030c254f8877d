/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_session.h"

#include <string.h>
#include <sys/socket.h>

#include "pause.h"
#include "runner.h"
#include "ssh_auth.h"
#include "ssh_hostkey.h"

#define DEFAULT_TIMEOUT_US (20 * G_USEC_PER_SEC)
#define MAX_DIALS 9 /* when turned away; the waits between them add up to some ten seconds */
#define MAX_ROUNDS 100
#define FIRST_WAIT_MS 50
#define LONGEST_WAIT_MS 3000

/* What is known of a host before and while connecting to it. */
typedef struct {
    const FfarmHost *host;
    SshConfig *config;
    char *known_as; /* its name in known_hosts */
    GPtrArray *known;
    char *methods; /* host key types to ask for */
} Plan;

static void plan_clear(Plan *plan)
{
    ssh_config_free(plan->config);
    g_free(plan->known_as);
    g_clear_pointer(&plan->known, g_ptr_array_unref);
    g_free(plan->methods);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

static gboolean plan_make(Plan *plan, const FfarmHost *host, const SshPatience *patience, GError **error)
{
    *plan = (Plan){.host = host};
    plan->config = ssh_config_load(host, patience->deadline_us, patience->cancellable, error);
    if (!plan->config)
        return FALSE;
    const SshConfig *config = plan->config;
    const char *const *files = (const char *const *)config->known_hosts;
    plan->known_as = ssh_hostkey_name(config->address, config->port, config->known_as);
    g_autofree char *plain = ssh_hostkey_name(config->address, 22, config->known_as);
    plan->known = ssh_hostkey_find(files, plan->known_as, strcmp(plain, plan->known_as) == 0 ? NULL : plain);
    plan->methods = ssh_hostkey_methods(plan->known);
    if (!plan->methods) {
        const SshKnownKey *key = g_ptr_array_index(plan->known, 0);
        g_set_error(
            error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNSUPPORTED,
            "%s: %s has only a key of a kind that libssh2 can't check (%s, line %u); add another with ssh-keyscan -t "
            "ed25519 -p %u %s",
            host->name, key->file, key->type, key->line, config->port, config->address);
    }
    return plan->methods != NULL;
}

/* ---- host key ---- */

static const char *first_known_hosts(const SshConfig *config)
{
    return config->n_user_known_hosts > 0 ? config->known_hosts[0] : NULL;
}

static void set_unknown(const Plan *plan, GBytes *blob, GError **error)
{
    const SshConfig *config = plan->config;
    const char *file = first_known_hosts(config);
    g_autofree char *type = ssh_hostkey_type(blob);
    g_autofree char *print = ssh_hostkey_fingerprint(blob);
    g_autofree char *quoted = g_shell_quote(file ? file : "~/.ssh/known_hosts");
    gboolean is_scannable = !config->jump && !config->command && !config->known_as;
    g_autofree char *how =
        is_scannable
            ? g_strdup_printf("ssh-keyscan -t %s -p %u %s >> %s", g_str_has_prefix(type, "ecdsa") ? "ecdsa" : "ed25519",
                              config->port, config->address, quoted)
            : g_strdup_printf("%s -p %u %s@%s exit", plan->host->ssh, config->port, config->user, plan->host->address);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY,
                "%s: unknown host key %s %s of %s; if it is the right one accept it with: %s", plan->host->name, type,
                print, plan->known_as, how);
}

static void set_refused(const Plan *plan, GBytes *blob, const char *what, const char *file, guint line, GError **error)
{
    g_autofree char *type = ssh_hostkey_type(blob);
    g_autofree char *print = ssh_hostkey_fingerprint(blob);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY,
                "%s: host key of %s %s (now %s %s; see %s line %u), so this may be another machine; not connected",
                plan->host->name, plan->known_as, what, type, print, file, line);
}

/* First contact: known from now on. */
static gboolean accept_new(const Plan *plan, GBytes *blob, GError **error)
{
    const char *file = first_known_hosts(plan->config);
    SshHostkeyVerdict verdict = SSH_HOSTKEY_UNKNOWN;
    g_autoptr(GError) problem = NULL;
    if (file && ssh_hostkey_append(file, plan->known_as, blob, plan->config->is_hashing, &verdict, &problem) &&
        verdict == SSH_HOSTKEY_KNOWN)
        return TRUE;
    if (verdict == SSH_HOSTKEY_CHANGED || verdict == SSH_HOSTKEY_REVOKED)
        set_refused(plan, blob, "is not the one that was just stored", file, 0, error);
    else
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY, "%s: can't store its host key: %s",
                    plan->host->name, problem ? problem->message : "ssh's configuration names no UserKnownHostsFile");
    return FALSE;
}

static gboolean check_host_key(const Plan *plan, SshLink *link, GError **error)
{
    size_t length = 0;
    int kind = 0;
    const char *data = libssh2_session_hostkey(link->session, &length, &kind);
    g_autoptr(GBytes) blob = g_bytes_new(data, data ? length : 0);
    const SshKnownKey *which = NULL;
    switch (ssh_hostkey_judge(plan->known, blob, &which)) {
    case SSH_HOSTKEY_KNOWN:
        return TRUE;
    case SSH_HOSTKEY_CHANGED:
        set_refused(plan, blob, "has changed", which->file, which->line, error);
        return FALSE;
    case SSH_HOSTKEY_REVOKED:
        set_refused(plan, blob, "is revoked", which->file, which->line, error);
        return FALSE;
    case SSH_HOSTKEY_UNKNOWN:
        break;
    }
    if (plan->host->host_key == FFARM_HOST_KEY_ACCEPT_NEW)
        return accept_new(plan, blob, error);
    set_unknown(plan, blob, error);
    return FALSE;
}

/* ---- connection ---- */

/* A failed handshake. What is wrong with the path to the host says the proxy, if there is one. */
static void set_handshake_error(SshSession *session, const Plan *plan, int code, GError **error)
{
    char *text = NULL;
    libssh2_session_last_error(session->link.session, &text, NULL, 0);
    if (!ssh_glue_is_connection_error(code)) {
        g_set_error(
            error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNSUPPORTED,
            "%s: libssh2 %s has no key exchange, host key type (asked for: %s), cipher or MAC in common with the "
            "server (%s)",
            plan->host->name, libssh2_version(0), plan->methods, text);
        return;
    }
    g_autofree char *complaint = ssh_dial_complaint(session->dial);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: port %u: %s", plan->host->name,
                plan->config->port,
                complaint       ? complaint
                : text && *text ? text
                                : "connection closed");
}

/* @is_turned_away: the other end hung up before it said who it is, as servers do that have too many logins at once. */
static gboolean shake_hands(SshSession *session, const Plan *plan, SshPatience *patience, gboolean *is_turned_away,
                            GError **error)
{
    SshLink *link = &session->link;
    int code;
    ssh_glue_open(link);
    libssh2_session_method_pref(link->session, LIBSSH2_METHOD_HOSTKEY, plan->methods);
    while ((code = libssh2_session_handshake(link->session, link->fd)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_glue_wait(link, patience, error)) {
            if (error && g_error_matches(*error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED))
                (*error)->code = FFARM_REMOTE_ERROR_UNREACHABLE;
            return FALSE;
        }
    }
    if (code == 0)
        return TRUE;
    *is_turned_away = ssh_glue_is_connection_error(code) && !session->dial->proxy_pid;
    set_handshake_error(session, plan, code, error);
    return FALSE;
}

static SshSession *connect_once(const Plan *plan, SshPatience *patience, gboolean *is_turned_away, GError **error)
{
    *is_turned_away = FALSE;
    g_autoptr(SshSession) session = g_new0(SshSession, 1);
    session->link.name = g_strdup(plan->host->name);
    session->dial = ssh_dial_open(plan->host, plan->config, patience->deadline_us, patience->cancellable, error);
    if (!session->dial)
        return NULL;
    session->link.fd = session->dial->fd;
    if (!shake_hands(session, plan, patience, is_turned_away, error) || !check_host_key(plan, &session->link, error))
        return NULL;
    return g_steal_pointer(&session);
}

/* Connects; where turned away again after a while, which is random lest all slots come back at the same time. */
static SshSession *connect_patiently(const Plan *plan, SshPatience *patience, GError **error)
{
    guint wait_ms = FIRST_WAIT_MS;
    for (guint dials = 1;; dials++) {
        gboolean is_turned_away = FALSE;
        g_autoptr(GError) problem = NULL;
        SshSession *session = connect_once(plan, patience, &is_turned_away, &problem);
        if (session)
            return session;
        gint64 until_us = pause_random_end_us(2 * wait_ms);
        if (!is_turned_away || dials == MAX_DIALS || until_us >= patience->deadline_us) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
        if (!pause_until(until_us, patience->cancellable)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", plan->host->name);
            return NULL;
        }
        wait_ms = MIN(wait_ms * 2, LONGEST_WAIT_MS / 3);
    }
}

SshSession *ssh_session_open(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    g_auto(Plan) plan = {NULL};
    SshPatience patience =
        ssh_patience(deadline_us ? deadline_us : g_get_monotonic_time() + DEFAULT_TIMEOUT_US, cancellable);
    if (!plan_make(&plan, host, &patience, error))
        return NULL;
    g_autoptr(SshAuth) auth = ssh_auth_new(host, plan.config);
    for (;;) {
        g_autoptr(SshSession) session = connect_patiently(&plan, &patience, error);
        if (!session)
            return NULL;
        switch (ssh_auth_run(auth, &session->link, &patience, error)) {
        case SSH_AUTH_DONE:
            session->link.is_keeping = TRUE;
            return g_steal_pointer(&session);
        case SSH_AUTH_FAILED:
            return NULL;
        case SSH_AUTH_RECONNECT:
            break;
        }
    }
}

void ssh_session_free(SshSession *session)
{
    if (!session)
        return;
    SshLink *link = &session->link;
    if (link->session) {
        if (!link->is_lost)
            libssh2_session_disconnect(link->session, "done");
        ssh_glue_cut(link);
        /* With the socket shut nothing waits any more; a few rounds let every half-done operation end. */
        for (guint rounds = 0; session->sftp && rounds < MAX_ROUNDS; rounds++) {
            if (libssh2_sftp_shutdown(session->sftp) != LIBSSH2_ERROR_EAGAIN)
                session->sftp = NULL;
        }
        for (guint rounds = 0; rounds < MAX_ROUNDS && libssh2_session_free(link->session) == LIBSSH2_ERROR_EAGAIN;
             rounds++)
            continue;
    }
    ssh_dial_free(session->dial);
    g_free(link->name);
    g_free(session);
}
