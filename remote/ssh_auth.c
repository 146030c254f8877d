/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_auth.h"

#include <stdlib.h>
#include <string.h>

#include "runner.h"
#include "ssh_agent.h"
#include "ssh_hostkey.h"
#include "ssh_key.h"

#define MAX_TRIES 5 /* per connection; OpenSSH's servers allow six */
#define AGENT_US (5 * G_USEC_PER_SEC)

/* A key that may be tried. */
typedef struct {
    char *path;         /* file; NULL: in the user's agent */
    char *label;        /* for messages */
    GBytes *blob;       /* nullable: known once the file is open */
    gboolean is_simple; /* libssh2 reads the file itself */
    guint rank;         /* lower is tried first */
} Candidate;

struct SshAuth {
    const FfarmHost *host;
    const SshConfig *config;
    SshAgent *agent; /* the user's; NULL if there is none */
    GPtrArray *candidates;
    guint next; /* index of the candidate to try next */
    gboolean is_listed;
    char *locked;     /* a file that needs a passphrase; nullable */
    char *unusable;   /* a key that only OpenSSH's client can use; nullable */
    GString *refused; /* labels of what the server didn't take, comma-separated */
    char *problem;    /* the last thing that went wrong with a key here; nullable */
};

enum { RANK_FILE = 1, RANK_RSA = 2, RANK_UNNAMED = 4, RANK_NOT_CHOSEN = 8 };

/* What signing needs while libssh2 calls back. */
typedef struct {
    SshAgent *agent;
    GBytes *blob;
    SshSignFlags flags;
    SshPatience patience;
    GError *error;
} Signer;

static void candidate_free(gpointer data)
{
    Candidate *candidate = data;
    g_free(candidate->path);
    g_free(candidate->label);
    g_clear_pointer(&candidate->blob, g_bytes_unref);
    g_free(candidate);
}

SshAuth *ssh_auth_new(const FfarmHost *host, const SshConfig *config)
{
    SshAuth *auth = g_new0(SshAuth, 1);
    auth->host = host;
    auth->config = config;
    auth->candidates = g_ptr_array_new_with_free_func(candidate_free);
    auth->refused = g_string_new(NULL);
    return auth;
}

void ssh_auth_free(SshAuth *auth)
{
    if (!auth)
        return;
    ssh_agent_free(auth->agent);
    g_ptr_array_unref(auth->candidates);
    g_free(auth->locked);
    g_free(auth->unusable);
    g_string_free(auth->refused, TRUE);
    g_free(auth->problem);
    g_free(auth);
}

/* ---- which keys, in which order ---- */

static gboolean has_blob(const SshAuth *auth, GBytes *blob)
{
    for (guint i = 0; blob && i < auth->candidates->len; i++) {
        const Candidate *candidate = g_ptr_array_index(auth->candidates, i);
        if (candidate->blob && g_bytes_equal(candidate->blob, blob))
            return TRUE;
    }
    return FALSE;
}

static void add_candidate(SshAuth *auth, const char *path, const char *label, GBytes *blob, const char *type,
                          guint rank)
{
    if (has_blob(auth, blob))
        return;
    Candidate *candidate = g_new0(Candidate, 1);
    candidate->path = g_strdup(path);
    candidate->label = g_strdup(label);
    candidate->blob = blob ? g_bytes_ref(blob) : NULL;
    candidate->rank = rank | (path ? RANK_FILE : 0) | (g_strcmp0(type, "ssh-rsa") == 0 ? RANK_RSA : 0);
    g_ptr_array_add(auth->candidates, candidate);
}

static void note_unusable(SshAuth *auth, const char *label, const char *type)
{
    if (!auth->unusable)
        auth->unusable = g_strdup_printf("%s (%s)", label, type ? type : "unknown type");
}

/* The identity files as far as they exist; with them what the configuration names among the agent's keys. */
static GArray *inspect_files(const SshConfig *config)
{
    GArray *keys = g_array_new(FALSE, TRUE, sizeof(SshKey));
    g_array_set_clear_func(keys, (GDestroyNotify)ssh_key_clear);
    for (char **path = config->identities; *path; path++) {
        SshKey key;
        ssh_key_inspect(&key, *path);
        g_array_append_val(keys, key);
    }
    return keys;
}

/* The rank of a key by where it is named: by the host itself, by ssh's configuration, nowhere. */
static guint rank_of(const SshAuth *auth, GArray *files, GBytes *blob)
{
    for (guint i = 0; i < files->len; i++) {
        const SshKey *key = &g_array_index(files, SshKey, i);
        if (key->blob && g_bytes_equal(key->blob, blob))
            return i == 0 && auth->host->identity ? 0 : RANK_NOT_CHOSEN;
    }
    return RANK_NOT_CHOSEN | RANK_UNNAMED;
}

static void list_agent(SshAuth *auth, GArray *files, SshPatience patience)
{
    g_autoptr(GError) problem = NULL;
    gint64 limit_us = g_get_monotonic_time() + AGENT_US;
    patience.deadline_us = patience.deadline_us ? MIN(patience.deadline_us, limit_us) : limit_us;
    if (auth->config->agent)
        auth->agent = ssh_agent_open(auth->config->agent, NULL); /* a socket without agent is the same as none */
    g_autoptr(GPtrArray) identities = auth->agent ? ssh_agent_list(auth->agent, patience, &problem) : NULL;
    if (problem)
        auth->problem = g_strdup_printf("ssh-agent: %s", problem->message);
    for (guint i = 0; identities && i < identities->len; i++) {
        const SshIdentity *identity = g_ptr_array_index(identities, i);
        guint rank = rank_of(auth, files, identity->blob);
        if ((rank & RANK_UNNAMED) && auth->config->is_identities_only)
            continue;
        if (!ssh_key_is_usable_type(identity->type))
            note_unusable(auth, identity->comment, identity->type);
        else
            add_candidate(auth, NULL, identity->comment, identity->blob, identity->type, rank);
    }
}

static void list_file(SshAuth *auth, const char *path, const SshKey *key, gboolean is_chosen)
{
    if (key->nature != SSH_KEY_PRIVATE) {
        if (is_chosen && key->nature != SSH_KEY_PUBLIC && !auth->problem)
            auth->problem =
                g_strdup_printf("%s: %s", path, key->nature == SSH_KEY_ABSENT ? "can't be read" : "not a private key");
    } else if (key->type && !ssh_key_is_usable_type(key->type)) {
        note_unusable(auth, path, key->type);
    } else if (key->is_encrypted) {
        if (!auth->locked && !has_blob(auth, key->blob))
            auth->locked = g_strdup(path);
    } else {
        guint before = auth->candidates->len;
        add_candidate(auth, path, path, key->blob, key->type, is_chosen ? 0 : RANK_NOT_CHOSEN);
        if (auth->candidates->len > before)
            ((Candidate *)g_ptr_array_index(auth->candidates, before))->is_simple = key->is_simple;
    }
}

static int by_rank(gconstpointer a, gconstpointer b)
{
    const Candidate *first = *(Candidate *const *)a, *second = *(Candidate *const *)b;
    return (int)first->rank - (int)second->rank;
}

/* The host's own identity comes first, then keys that ssh's configuration names, then those that happen to be in the
 * agent; among them other types before RSA (which costs more and isn't taken everywhere), the agent before files. */
static void list_candidates(SshAuth *auth, const SshPatience *patience)
{
    if (auth->is_listed)
        return;
    auth->is_listed = TRUE;
    g_autoptr(GArray) files = inspect_files(auth->config);
    list_agent(auth, files, *patience);
    for (guint i = 0; i < files->len; i++)
        list_file(auth, auth->config->identities[i], &g_array_index(files, SshKey, i), i == 0 && auth->host->identity);
    g_ptr_array_sort(auth->candidates, by_rank);
}

/* ---- trying one ---- */

static int sign(LIBSSH2_SESSION *session, unsigned char **signature, size_t *signature_length,
                const unsigned char *data, size_t length, void **abstract)
{
    Signer *signer = *abstract;
    g_autoptr(GBytes) bytes =
        ssh_agent_sign(signer->agent, signer->blob, data, length, signer->flags, signer->patience, &signer->error);
    if (!bytes)
        return -1;
    *signature_length = g_bytes_get_size(bytes);
    *signature = malloc(MAX(*signature_length, 1)); /* libssh2 frees it with free() */
    if (!*signature)
        return -1;
    memcpy(*signature, g_bytes_get_data(bytes, NULL), *signature_length);
    return 0;
}

/* libssh2 1.10 takes the name of the signature from the first string of the blob, and knows only SHA-1 for "ssh-rsa".
 * OpenSSH's servers also find the key under the name of the newer signature, so the blob is sent with that. */
static GBytes *rename_rsa(GBytes *blob)
{
    static const char old_name[] = "ssh-rsa", new_name[] = "rsa-sha2-512";
    gsize size = 0;
    const guchar *data = g_bytes_get_data(blob, &size);
    gsize skipped = 4 + strlen(old_name);
    guint32 length = GUINT32_TO_BE((guint32)strlen(new_name));
    g_autoptr(GByteArray) renamed = g_byte_array_new();
    g_byte_array_append(renamed, (const guint8 *)&length, 4);
    g_byte_array_append(renamed, (const guint8 *)new_name, (guint)strlen(new_name));
    g_byte_array_append(renamed, data + skipped, (guint)(size - skipped));
    return g_byte_array_free_to_bytes(g_steal_pointer(&renamed));
}

static gboolean is_openssh(const SshLink *link)
{
    const char *banner = libssh2_session_banner_get(link->session);
    return banner && strstr(banner, "OpenSSH");
}

/* Returns: libssh2's answer; LIBSSH2_ERROR_EAGAIN with @error when waiting ended. */
static int try_with_agent(SshAuth *auth, SshLink *link, SshAgent *agent, GBytes *blob, SshPatience *patience,
                          GError **error)
{
    g_autofree char *type = ssh_hostkey_type(blob);
    gboolean is_renamed = strcmp(type, "ssh-rsa") == 0 && is_openssh(link);
    g_autoptr(GBytes) sent = is_renamed ? rename_rsa(blob) : g_bytes_ref(blob);
    Signer signer = {.agent = agent,
                     .blob = blob,
                     .flags = is_renamed ? SSH_SIGN_RSA_SHA2_512 : SSH_SIGN_DEFAULT,
                     .patience = *patience};
    void *abstract = &signer;
    gsize length = 0;
    const guchar *data = g_bytes_get_data(sent, &length);
    int code;
    while ((code = libssh2_userauth_publickey(link->session, auth->config->user, data, length, sign, &abstract)) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_glue_wait(link, patience, error))
            break;
    }
    if (signer.error && !auth->problem)
        auth->problem = g_strdup_printf("ssh-agent: %s", signer.error->message);
    g_clear_error(&signer.error);
    return code;
}

static int try_simple_file(SshAuth *auth, SshLink *link, const char *path, SshPatience *patience, GError **error)
{
    const char *user = auth->config->user;
    int code;
    while ((code = libssh2_userauth_publickey_fromfile_ex(link->session, user, (unsigned)strlen(user), NULL, path,
                                                          "")) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_glue_wait(link, patience, error))
            break;
    }
    return code;
}

/* Files that libssh2 can't use by itself: an agent of our own opens them. */
static int try_other_file(SshAuth *auth, SshLink *link, const Candidate *candidate, SshPatience *patience,
                          GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SshAgent) agent = ssh_agent_start(candidate->path, *patience, &problem);
    g_autoptr(GPtrArray) identities = agent ? ssh_agent_list(agent, *patience, &problem) : NULL;
    if (ssh_patience_is_cancelled(patience)) {
        ssh_glue_set_cancelled(link, error);
        return LIBSSH2_ERROR_EAGAIN;
    }
    if (!identities || identities->len == 0) {
        g_free(auth->problem);
        auth->problem = g_strdup_printf("%s: %s", candidate->path, problem ? problem->message : "holds no key");
        return LIBSSH2_ERROR_FILE;
    }
    const SshIdentity *identity = g_ptr_array_index(identities, 0);
    return try_with_agent(auth, link, agent, identity->blob, patience, error);
}

static int try_candidate(SshAuth *auth, SshLink *link, const Candidate *candidate, SshPatience *patience,
                         GError **error)
{
    if (!candidate->path)
        return try_with_agent(auth, link, auth->agent, candidate->blob, patience, error);
    if (candidate->is_simple)
        return try_simple_file(auth, link, candidate->path, patience, error);
    return try_other_file(auth, link, candidate, patience, error);
}

/* ---- all of them ---- */

/* Returns: the methods that the server offers; NULL with @is_done when none is needed, NULL with @error otherwise. */
static char *ask_methods(SshAuth *auth, SshLink *link, SshPatience *patience, gboolean *is_done, GError **error)
{
    const char *user = auth->config->user;
    char *methods;
    *is_done = FALSE;
    while (!(methods = libssh2_userauth_list(link->session, user, (unsigned)strlen(user)))) {
        int code = libssh2_session_last_errno(link->session);
        if (libssh2_userauth_authenticated(link->session)) {
            *is_done = TRUE;
            return NULL;
        }
        if (code != LIBSSH2_ERROR_EAGAIN) {
            ssh_glue_set_error(link, code, FFARM_REMOTE_ERROR_DISCONNECTED, "ask how to log in", error);
            return NULL;
        }
        if (!ssh_glue_wait(link, patience, error))
            return NULL;
    }
    return methods;
}

/* ssh-copy-id's line that lets a key in; Windows has no such thing. */
static void append_remedy(const SshAuth *auth, GString *text)
{
    if (auth->host->os == FFARM_OS_WINDOWS)
        return;
    g_autofree char *login = g_strdup_printf("%s@%s", auth->config->user, auth->host->address);
    g_autofree char *quoted = g_shell_quote(login);
    g_string_append_printf(text, "; let a key in with: ssh-copy-id -p %u %s", auth->config->port, quoted);
}

static void set_failure(SshAuth *auth, const char *methods, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!strstr(methods, "publickey"))
        g_string_append_printf(text, "takes no keys, only %s", methods);
    else if (auth->refused->len)
        g_string_append_printf(text, "refused every key for user %s (%s)", auth->config->user, auth->refused->str);
    else
        g_string_append_printf(text, "there is no key to log in with as user %s", auth->config->user);
    if (auth->locked)
        g_string_append_printf(text, "; %s needs a passphrase: run ssh-add %s first", auth->locked, auth->locked);
    if (auth->problem)
        g_string_append_printf(text, "; %s", auth->problem);
    if (auth->unusable)
        g_string_append_printf(text, "; libssh2 can't use %s", auth->unusable);
    if (strstr(methods, "publickey") && !auth->locked && !auth->problem && !auth->unusable)
        append_remedy(auth, text);
    g_set_error(error, FFARM_REMOTE_ERROR, auth->unusable ? FFARM_REMOTE_ERROR_UNSUPPORTED : FFARM_REMOTE_ERROR_AUTH,
                "%s: %s", auth->host->name, text->str);
}

SshAuthOutcome ssh_auth_run(SshAuth *auth, SshLink *link, SshPatience *patience, GError **error)
{
    gboolean is_done = FALSE;
    list_candidates(auth, patience);
    const char *methods = ask_methods(auth, link, patience, &is_done, error);
    if (!methods)
        return is_done ? SSH_AUTH_DONE : SSH_AUTH_FAILED;
    gboolean takes_keys = strstr(methods, "publickey") != NULL;
    g_autofree char *offered = g_strdup(methods); /* libssh2's goes with the next call */
    for (guint tries = 0; takes_keys && auth->next < auth->candidates->len; tries++) {
        if (tries == MAX_TRIES)
            return SSH_AUTH_RECONNECT;
        const Candidate *candidate = g_ptr_array_index(auth->candidates, auth->next++);
        g_autoptr(GError) problem = NULL;
        int code = try_candidate(auth, link, candidate, patience, &problem);
        if (code == 0)
            return SSH_AUTH_DONE;
        if (problem) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return SSH_AUTH_FAILED;
        }
        if (code == LIBSSH2_ERROR_FILE) { /* the server hasn't seen anything of it */
            tries--;
            continue;
        }
        g_string_append_printf(auth->refused, "%s%s", auth->refused->len ? ", " : "", candidate->label);
        if (code != LIBSSH2_ERROR_AUTHENTICATION_FAILED && code != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
            return SSH_AUTH_RECONNECT; /* hung up, or in a state that can't be trusted */
    }
    set_failure(auth, offered, error);
    return SSH_AUTH_FAILED;
}
