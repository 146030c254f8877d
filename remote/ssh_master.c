/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_master.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "runner.h"
#include "ssh_folder.h"

#define WORDS_LIMIT 8192
#define END_US (1 * G_USEC_PER_SEC)
#define READY "ffarm-ready"

struct SshMaster {
    char *name;
    SshFolder *folder;
    GPtrArray *call; /* the arguments common to all calls of ssh */
    char *destination;
    GPid pid;
    int output_fd, errors_fd;
    GString *words; /* what ssh said */
};

const char *ssh_master_peek_name(const SshMaster *master)
{
    return master->name;
}

/* ---- how ssh is called ---- */

static void add(GPtrArray *argv, const char *word)
{
    g_ptr_array_add(argv, g_strdup(word));
}

static void add_option(GPtrArray *argv, const char *option)
{
    add(argv, "-o");
    add(argv, option);
}

/* Options on the command line win over the user's configuration, from which all the rest comes. */
static GPtrArray *make_call(const FfarmHost *host)
{
    static const char *const options[] = {
        "BatchMode=yes",           "ControlPersist=no",
        "ServerAliveInterval=5",   "ServerAliveCountMax=3",
        "ClearAllForwardings=yes", "ForwardAgent=no",
        "ForwardX11=no",           "RemoteCommand=none",
        "RequestTTY=no",           "ForkAfterAuthentication=no",
        "LogLevel=ERROR",
    };
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    add(argv, host->ssh);
    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        add_option(argv, options[i]);
    add_option(argv, host->host_key == FFARM_HOST_KEY_ACCEPT_NEW ? "StrictHostKeyChecking=accept-new"
                                                                 : "StrictHostKeyChecking=yes");
    if (host->port) {
        add(argv, "-p");
        g_ptr_array_add(argv, g_strdup_printf("%u", host->port));
    }
    if (host->user) {
        add(argv, "-l");
        add(argv, host->user);
    }
    if (host->identity) {
        add(argv, "-i");
        add(argv, host->identity);
        add_option(argv, "IdentitiesOnly=yes");
    }
    return argv;
}

static GPtrArray *copy_call(const SshMaster *master)
{
    GPtrArray *argv = g_ptr_array_new();
    for (guint i = 0; i < master->call->len; i++)
        add(argv, g_ptr_array_index(master->call, i));
    add(argv, "-S");
    add(argv, ssh_folder_peek_socket(master->folder));
    return argv;
}

/* A call whose master is gone would connect by itself; the proxy that does nothing prevents that. */
char **ssh_master_argv(const SshMaster *master, const char *line)
{
    GPtrArray *argv = copy_call(master);
    add_option(argv, "ControlMaster=no");
    add_option(argv, "PermitLocalCommand=no");
    add_option(argv, "ProxyCommand=false");
    if (!line)
        add(argv, "-s");
    add(argv, "--");
    add(argv, master->destination);
    add(argv, line ? line : "sftp");
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

/* ssh runs the local command once the connection stands and others may use it. */
static char **master_argv(const SshMaster *master, gint64 deadline_us)
{
    GPtrArray *argv = g_ptr_array_new();
    gint64 left_s = MAX((deadline_us - g_get_monotonic_time()) / G_USEC_PER_SEC, 1);
    add(argv, g_ptr_array_index(master->call, 0));
    add_option(argv, "PermitLocalCommand=yes");
    add_option(argv, "LocalCommand=echo " READY);
    add_option(argv, "ControlMaster=yes");
    add_option(argv, "ExitOnForwardFailure=no");
    add(argv, "-o");
    g_ptr_array_add(argv, g_strdup_printf("ConnectTimeout=%" G_GINT64_FORMAT, left_s));
    for (guint i = 1; i < master->call->len; i++)
        add(argv, g_ptr_array_index(master->call, i));
    add(argv, "-S");
    add(argv, ssh_folder_peek_socket(master->folder));
    add(argv, "-N");
    add(argv, "--");
    add(argv, master->destination);
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

/* ---- beginning ---- */

static gboolean spawn(SshMaster *master, gint64 deadline_us, GError **error)
{
    int output[2] = {-1, -1}, errors[2] = {-1, -1};
    g_auto(GStrv) argv = master_argv(master, deadline_us);
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);
    g_autoptr(GError) reason = NULL;
    gboolean is_started = g_unix_open_pipe(output, FD_CLOEXEC, &reason) &&
                          g_unix_open_pipe(errors, FD_CLOEXEC, &reason) &&
                          g_unix_set_fd_nonblocking(errors[0], TRUE, &reason) &&
                          child_spawn((const char *const *)argv, (const char *const *)environment, -1, output[1],
                                      errors[1], &master->pid, &reason);
    if (output[1] >= 0)
        close(output[1]);
    if (errors[1] >= 0)
        close(errors[1]);
    master->output_fd = output[0];
    master->errors_fd = errors[0];
    if (!is_started)
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: could not run ssh: %s",
                    master->name, reason->message);
    return is_started;
}

/* Takes what ssh has said so far. Returns: FALSE at the end. */
static gboolean read_words(SshMaster *master)
{
    char buffer[4096];
    ssize_t count;
    while ((count = read(master->errors_fd, buffer, sizeof buffer)) > 0) {
        g_string_append_len(master->words, buffer, count);
        if (master->words->len > WORDS_LIMIT)
            g_string_erase(master->words, 0, (gssize)(master->words->len - WORDS_LIMIT));
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
}

typedef enum {
    WAIT_READY,
    WAIT_ENDED,
    WAIT_TIME,
    WAIT_CANCELLED,
} Wait;

/* Returns: whether the first output says that all is ready. */
static gboolean read_ready(SshMaster *master, GString *output, gboolean *is_over)
{
    char buffer[256];
    ssize_t count = read(master->output_fd, buffer, sizeof buffer);
    *is_over = count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
    g_string_append_len(output, buffer, MAX(count, 0));
    return strstr(output->str, READY) != NULL;
}

static Wait wait_for_ready(SshMaster *master, gint64 deadline_us, GCancellable *cancellable)
{
    g_autoptr(GString) output = g_string_new(NULL);
    GPollFD cancel = {.fd = -1};
    gboolean has_cancel = cancellable && g_cancellable_make_pollfd(cancellable, &cancel);
    Wait result = WAIT_TIME;
    for (gboolean is_over = FALSE; result == WAIT_TIME && !is_over;) {
        struct pollfd fds[3] = {{.fd = master->output_fd, .events = POLLIN},
                                {.fd = master->errors_fd, .events = POLLIN},
                                {.fd = cancel.fd, .events = POLLIN}};
        gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000 + 1;
        int ready = poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(left_ms, 0, G_MAXINT));
        if (g_cancellable_is_cancelled(cancellable))
            result = WAIT_CANCELLED;
        else if (ready > 0 && fds[0].revents && read_ready(master, output, &is_over))
            result = WAIT_READY;
        else if (is_over || (ready > 0 && fds[1].revents && !read_words(master)))
            result = WAIT_ENDED;
        else if (ready == 0)
            is_over = TRUE;
    }
    if (has_cancel)
        g_cancellable_release_fd(cancellable);
    return result;
}

/* ---- what ssh says ---- */

int ssh_master_judge(const char *words)
{
    static const struct {
        const char *part;
        int code;
    } table[] = {
        {"REMOTE HOST IDENTIFICATION HAS CHANGED", FFARM_REMOTE_ERROR_HOST_KEY},
        {"Host key verification failed", FFARM_REMOTE_ERROR_HOST_KEY},
        {"host key is known for", FFARM_REMOTE_ERROR_HOST_KEY},
        {"Permission denied", FFARM_REMOTE_ERROR_AUTH},
        {"Too many authentication failures", FFARM_REMOTE_ERROR_AUTH},
        {"No supported authentication methods", FFARM_REMOTE_ERROR_AUTH},
    };
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strstr(words, table[i].part))
            return table[i].code;
    }
    return FFARM_REMOTE_ERROR_UNREACHABLE;
}

/* The last line that isn't a mere consequence; new string. */
static char *last_words(const char *words)
{
    g_autofree char *valid = g_utf8_make_valid(words, -1);
    g_auto(GStrv) lines = g_strsplit_set(valid, "\r\n", -1);
    const char *last = "ssh said nothing";
    for (guint i = 0; lines[i]; i++) {
        if (*g_strstrip(lines[i]) && !g_str_has_prefix(lines[i], "Connection closed by"))
            last = lines[i];
    }
    return g_strdup(last);
}

static void set_host_key_error(const SshMaster *master, GError **error)
{
    if (strstr(master->words->str, "HAS CHANGED"))
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY,
                    "%s: its host key has changed; if that is meant, remove the old one with ssh-keygen -R and accept "
                    "the new one with ssh %s",
                    master->name, master->destination);
    else
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY,
                    "%s: its host key is not known here; compare and accept it with ssh %s, or set host_key: "
                    "accept-new",
                    master->name, master->destination);
}

static void set_connect_error(SshMaster *master, Wait wait, GError **error)
{
    read_words(master);
    g_autofree char *said = last_words(master->words->str);
    int code = ssh_master_judge(master->words->str);
    if (wait == WAIT_CANCELLED)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", master->name);
    else if (code == FFARM_REMOTE_ERROR_HOST_KEY)
        set_host_key_error(master, error);
    else if (wait == WAIT_TIME)
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: no connection in time",
                    master->name);
    else
        g_set_error(error, FFARM_REMOTE_ERROR, code, "%s: ssh could not connect: %s", master->name, said);
}

gboolean ssh_master_has_ended(SshMaster *master, GError **error)
{
    int status;
    if (master->pid > 0 && !child_wait(master->pid, g_get_monotonic_time() + END_US, NULL, &status))
        return FALSE;
    master->pid = 0;
    read_words(master);
    g_autofree char *said = last_words(master->words->str);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED, "%s: connection lost: %s", master->name,
                said);
    return TRUE;
}

SshMaster *ssh_master_new(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    g_autoptr(SshMaster) master = g_new0(SshMaster, 1);
    master->name = g_strdup(host->name);
    master->destination = g_strdup(host->address);
    master->output_fd = master->errors_fd = -1;
    master->words = g_string_new(NULL);
    master->call = make_call(host);
    master->folder = ssh_folder_new(error);
    if (!master->folder) {
        g_prefix_error(error, "%s: ", host->name);
        return NULL;
    }
    if (!spawn(master, deadline_us, error))
        return NULL;
    Wait wait = wait_for_ready(master, deadline_us, cancellable);
    if (wait == WAIT_READY)
        return g_steal_pointer(&master);
    set_connect_error(master, wait, error);
    return NULL;
}

void ssh_master_free(SshMaster *master)
{
    if (!master)
        return;
    child_end(master->pid);
    if (master->output_fd >= 0)
        close(master->output_fd);
    if (master->errors_fd >= 0)
        close(master->errors_fd);
    ssh_folder_free(master->folder);
    g_ptr_array_unref(master->call);
    g_string_free(master->words, TRUE);
    g_free(master->name);
    g_free(master->destination);
    g_free(master);
}
