/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "runner.h"

#define MAX_ANSWER_BYTES (256 * 1024)
#define ASK_US (15 * G_USEC_PER_SEC) /* Match exec may run programs */

static const char default_answer[] = "identityfile ~/.ssh/id_ed25519\n"
                                     "identityfile ~/.ssh/id_ecdsa\n"
                                     "identityfile ~/.ssh/id_rsa\n"
                                     "userknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2\n"
                                     "globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2\n";

void ssh_config_free(SshConfig *config)
{
    if (!config)
        return;
    g_free(config->given);
    g_free(config->address);
    g_free(config->user);
    g_strfreev(config->identities);
    g_free(config->agent);
    g_free(config->known_as);
    g_strfreev(config->known_hosts);
    g_free(config->jump);
    g_free(config->command);
    g_free(config);
}

/* The value of a token of ssh_config(5); NULL for one that isn't known here. */
static const char *token_value(const SshConfig *config, char token, const char *home, const char *port)
{
    switch (token) {
    case '%':
        return "%";
    case 'd':
        return home;
    case 'h':
        return config->address;
    case 'p':
        return port;
    case 'r':
        return config->user;
    case 'u':
        return g_get_user_name();
    case 'k':
        return config->known_as ? config->known_as : config->given;
    case 'n':
        return config->given;
    default:
        return NULL;
    }
}

/* Returns: @text with tokens replaced; NULL when it has one that isn't known. */
static char *expand_tokens(const SshConfig *config, const char *text, const char *home)
{
    g_autoptr(GString) expanded = g_string_new(NULL);
    g_autofree char *port = g_strdup_printf("%u", config->port);
    for (const char *c = text; *c; c++) {
        if (*c != '%') {
            g_string_append_c(expanded, *c);
            continue;
        }
        const char *value = token_value(config, *++c, home, port);
        if (!value)
            return NULL;
        g_string_append(expanded, value);
    }
    return g_strdup(expanded->str);
}

/* Returns: an absolute path; NULL for "none" and for what can't be expanded. */
static char *expand_path(const SshConfig *config, const char *text, const char *home)
{
    if (strcmp(text, "none") == 0 || strcmp(text, "/dev/null") == 0)
        return NULL;
    g_autofree char *path = expand_tokens(config, text, home);
    if (!path)
        return NULL;
    if (g_str_has_prefix(path, "~/"))
        return g_build_filename(home, path + 2, NULL);
    return g_canonicalize_filename(path, NULL);
}

static void add_path(GPtrArray *paths, const SshConfig *config, const char *text, const char *home)
{
    char *path = expand_path(config, text, home);
    if (path)
        g_ptr_array_add(paths, path);
}

static char *find_agent(const SshConfig *config, const char *setting, const char *home)
{
    if (!setting || strcmp(setting, "SSH_AUTH_SOCK") == 0)
        return g_strdup(g_getenv("SSH_AUTH_SOCK"));
    if (setting[0] == '$') {
        g_autofree char *name = g_strdup(setting[1] == '{' ? setting + 2 : setting + 1);
        g_strdelimit(name, "}", '\0');
        return g_strdup(g_getenv(name));
    }
    return expand_path(config, setting, home);
}

/* What ssh -G printed, by keyword; only the one that may repeat keeps all its values. */
typedef struct {
    GHashTable *values;
    GPtrArray *identities;
} Answer;

static Answer split_answer(const char *text)
{
    Answer answer = {.values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                     .identities = g_ptr_array_new_with_free_func(g_free)};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *space = strchr(g_strchomp(*line), ' ');
        if (!space)
            continue;
        *space = '\0';
        if (strcmp(*line, "identityfile") == 0)
            g_ptr_array_add(answer.identities, g_strdup(space + 1));
        else if (!g_hash_table_contains(answer.values, *line))
            g_hash_table_insert(answer.values, g_strdup(*line), g_strdup(space + 1));
    }
    return answer;
}

static const char *value_of(const Answer *answer, const char *keyword)
{
    const char *value = g_hash_table_lookup(answer->values, keyword);
    return value && strcmp(value, "none") != 0 ? value : NULL;
}

static gboolean is_yes(const Answer *answer, const char *keyword)
{
    const char *value = value_of(answer, keyword);
    return value && (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0);
}

static void take_where(SshConfig *config, const FfarmHost *host, const Answer *answer)
{
    const char *address = value_of(answer, "hostname");
    const char *user = value_of(answer, "user");
    const char *port = value_of(answer, "port");
    const char *family = value_of(answer, "addressfamily");
    config->given = g_strdup(host->address);
    config->address = g_strdup(address ? address : host->address);
    config->user = g_strdup(host->user ? host->user : user ? user : g_get_user_name());
    config->port = host->port ? host->port : port ? (guint)g_ascii_strtoull(port, NULL, 10) : 22;
    config->known_as = g_strdup(value_of(answer, "hostkeyalias"));
    config->jump = g_strdup(value_of(answer, "proxyjump"));
    config->command = g_strdup(value_of(answer, "proxycommand"));
    config->address_family = g_strcmp0(family, "inet") == 0    ? AF_INET
                             : g_strcmp0(family, "inet6") == 0 ? AF_INET6
                                                               : AF_UNSPEC;
}

static void take_known_hosts(SshConfig *config, const Answer *answer, const char *home)
{
    static const char *const keywords[] = {"userknownhostsfile", "globalknownhostsfile"};
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(keywords); i++) {
        const char *value = value_of(answer, keywords[i]);
        g_auto(GStrv) names = g_strsplit(value ? value : "", " ", -1);
        for (char **name = names; *name; name++) {
            if (**name)
                add_path(paths, config, *name, home);
        }
        if (i == 0)
            config->n_user_known_hosts = paths->len;
    }
    g_ptr_array_add(paths, NULL);
    config->known_hosts = (char **)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
    config->is_hashing = is_yes(answer, "hashknownhosts");
}

static void take_keys(SshConfig *config, const FfarmHost *host, const Answer *answer, const char *home)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    if (host->identity)
        add_path(paths, config, host->identity, home);
    for (guint i = 0; i < answer->identities->len && !host->identity; i++)
        add_path(paths, config, g_ptr_array_index(answer->identities, i), home);
    g_ptr_array_add(paths, NULL);
    config->identities = (char **)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
    config->is_identities_only = host->identity || is_yes(answer, "identitiesonly");
    const char *agent = g_hash_table_lookup(answer->values, "identityagent"); /* "none" has a meaning here */
    config->agent = find_agent(config, agent, home);
}

SshConfig *ssh_config_parse(const FfarmHost *host, const char *text, const char *home)
{
    SshConfig *config = g_new0(SshConfig, 1);
    Answer answer = split_answer(text);
    take_where(config, host, &answer);
    take_known_hosts(config, &answer, home);
    take_keys(config, host, &answer, home);
    g_hash_table_unref(answer.values);
    g_ptr_array_unref(answer.identities);
    return config;
}

/* The line of ssh's complaints that says most: the last one. */
static char *last_line(const char *errors)
{
    g_autofree char *text = g_strstrip(g_strdup(errors));
    char *line = strrchr(text, '\n');
    return g_strstrip(g_strdup(line ? line + 1 : text));
}

static char *ask(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    g_autofree char *port = g_strdup_printf("%u", host->port);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, host->ssh);
    g_ptr_array_add(argv, (gpointer) "-TG");
    if (host->port) {
        g_ptr_array_add(argv, (gpointer) "-p");
        g_ptr_array_add(argv, port);
    }
    if (host->user) {
        g_ptr_array_add(argv, (gpointer) "-l");
        g_ptr_array_add(argv, host->user);
    }
    g_ptr_array_add(argv, (gpointer) "--");
    g_ptr_array_add(argv, host->address);
    g_ptr_array_add(argv, NULL);

    gint64 limit_us = g_get_monotonic_time() + ASK_US;
    g_autofree char *output = NULL, *errors = NULL;
    int status = -1;
    if (!child_ask((const char *const *)argv->pdata, NULL, MAX_ANSWER_BYTES,
                   deadline_us ? MIN(deadline_us, limit_us) : limit_us, cancellable, &output, &errors, &status, error))
        return NULL;
    if (status != 0) {
        g_autofree char *reason = last_line(errors);
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: %s -G %s: %s", host->name,
                    host->ssh, host->address, *reason ? reason : "failed without a word");
        return NULL;
    }
    return g_steal_pointer(&output);
}

SshConfig *ssh_config_load(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *answer = ask(host, deadline_us, cancellable, &problem);
    if (!answer && g_error_matches(problem, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
        answer = g_strdup(default_answer);
    if (!answer) {
        if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", host->name);
        else if (problem->domain == FFARM_REMOTE_ERROR)
            g_propagate_error(error, g_steal_pointer(&problem));
        else
            g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE,
                        "%s: can't ask ssh for its configuration: %s", host->name, problem->message);
        return NULL;
    }
    return ssh_config_parse(host, answer, g_get_home_dir());
}

/* "user@host:port" is ambiguous to ssh, "ssh://user@host:port" isn't; nor does it take "user@[address]", which is how ssh -G
 * prints a hop that is an address, in any other form. */
static char *hop_address(const char *hop)
{
    gboolean is_plain = !strpbrk(hop, ":[") || g_str_has_prefix(hop, "ssh://");
    return is_plain ? g_strdup(hop) : g_strdup_printf("ssh://%s", hop);
}

static char **jump_argv(const SshConfig *config, const FfarmHost *host)
{
    const char *comma = strrchr(config->jump, ',');
    g_autofree char *before = comma ? g_strndup(config->jump, comma - config->jump) : NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    static const char *const options[] = {
        "-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"};
    g_ptr_array_add(argv, g_strdup(host->ssh));
    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        g_ptr_array_add(argv, g_strdup(options[i]));
    if (before) {
        g_ptr_array_add(argv, g_strdup("-J"));
        g_ptr_array_add(argv, g_steal_pointer(&before));
    }
    g_ptr_array_add(argv, g_strdup("-W"));
    g_ptr_array_add(argv, g_strdup_printf("[%s]:%u", config->address, config->port));
    g_ptr_array_add(argv, g_strdup("--"));
    g_ptr_array_add(argv, hop_address(comma ? comma + 1 : config->jump));
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

/* Names that mean nothing to a shell. */
static gboolean is_harmless(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@%+=-[]\\")] == '\0';
}

char **ssh_config_proxy(const SshConfig *config, const FfarmHost *host, GError **error)
{
    if (config->jump)
        return jump_argv(config, host);
    if (!config->command)
        return NULL;
    g_autofree char *command = expand_tokens(config, config->command, g_get_home_dir());
    if (!command || !is_harmless(config->given) || !is_harmless(config->address) || !is_harmless(config->user)) {
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE,
                    "%s: can't follow ProxyCommand %s: unknown token, or a host or user name with unusual characters",
                    host->name, config->command);
        return NULL;
    }
    g_autofree char *line = g_strdup_printf("exec %s", command);
    const char *const argv[] = {"sh", "-c", line, NULL};
    return g_strdupv((char **)argv);
}
