/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_dial.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "runner.h"

/* One attempt to connect on a main context of its own. */
typedef struct {
    GCancellable *inner; /* fires for the caller's cancellation and for the deadline */
    gboolean is_late;
    gboolean is_done;
    GSocketConnection *connection;
    GError *error;
} Attempt;

static void on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Attempt *attempt = user_data;
    attempt->connection = g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(source), result, &attempt->error);
    attempt->is_done = TRUE;
}

static gboolean on_late(gpointer user_data)
{
    Attempt *attempt = user_data;
    attempt->is_late = TRUE;
    g_cancellable_cancel(attempt->inner);
    return G_SOURCE_REMOVE;
}

static gboolean on_cancelled(gint fd, GIOCondition condition, gpointer user_data)
{
    Attempt *attempt = user_data;
    g_cancellable_cancel(attempt->inner);
    return G_SOURCE_REMOVE;
}

static void attach(GSource *source, GSourceFunc function, gpointer user_data, GMainContext *context)
{
    g_source_set_callback(source, function, user_data, NULL);
    g_source_attach(source, context);
}

/* Resolves and connects; the addresses compete as RFC 8305 has it. The caller's cancellable fires on another thread, at
 * the end of a run for one, so it is listened to by its descriptor: a source of GLib's own may outlive its context then
 * (in 2.74), and whoever fires it waits forever. */
static void attempt_run(Attempt *attempt, const SshConfig *config, gint64 deadline_us, GCancellable *cancellable)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_main_context_push_thread_default(context);
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_socket_client_set_enable_proxy(client, FALSE);
    if (config->address_family != AF_UNSPEC)
        g_socket_client_set_family(client, (GSocketFamily)config->address_family);
    g_autoptr(GSource) late = NULL;
    g_autoptr(GSource) cancelled = NULL;
    if (deadline_us) {
        late = g_timeout_source_new((guint)CLAMP((deadline_us - g_get_monotonic_time()) / 1000, 0, G_MAXINT));
        attach(late, on_late, attempt, context);
    }
    GPollFD fd;
    if (cancellable && g_cancellable_make_pollfd(cancellable, &fd)) {
        cancelled = g_unix_fd_source_new((gint)fd.fd, G_IO_IN);
        attach(cancelled, G_SOURCE_FUNC(on_cancelled), attempt, context);
    }
    g_socket_client_connect_to_host_async(client, config->address, (guint16)config->port, attempt->inner, on_connected,
                                          attempt);
    while (!attempt->is_done)
        g_main_context_iteration(context, TRUE);
    if (late)
        g_source_destroy(late);
    if (cancelled) {
        g_source_destroy(cancelled);
        g_cancellable_release_fd(cancellable);
    }
    g_main_context_pop_thread_default(context);
}

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value)); /* a socket without it works as well, only less promptly */
}

static SshDial *dial_direct(const FfarmHost *host, const SshConfig *config, gint64 deadline_us,
                            GCancellable *cancellable, GError **error)
{
    Attempt attempt = {.inner = g_cancellable_new()};
    attempt_run(&attempt, config, deadline_us, cancellable);
    g_object_unref(attempt.inner);
    g_autoptr(GError) problem = attempt.error;
    if (!attempt.connection) {
        if (g_cancellable_is_cancelled(cancellable))
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", host->name);
        else if (attempt.is_late)
            g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE,
                        "%s: no answer from %s port %u in time", host->name, config->address, config->port);
        else
            g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: port %u: %s", host->name,
                        config->port, problem->message);
        return NULL;
    }
    int fd = g_socket_get_fd(g_socket_connection_get_socket(attempt.connection));
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 5);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 15000);
    SshDial *dial = g_new0(SshDial, 1);
    *dial = (SshDial){.fd = fd, .connection = attempt.connection, .proxy_errors_fd = -1};
    return dial;
}

static SshDial *dial_proxy(const FfarmHost *host, char **argv, GError **error)
{
    g_autoptr(SshDial) dial = g_new0(SshDial, 1);
    int ends[2] = {-1, -1};
    dial->fd = -1;
    dial->proxy_errors_fd = memfd_create("proxy-errors", MFD_CLOEXEC);
    if (dial->proxy_errors_fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: can't make a socket for %s",
                    host->name, argv[0]);
        return NULL;
    }
    dial->fd = ends[0];
    g_autoptr(GError) problem = NULL;
    gboolean is_ok = g_unix_set_fd_nonblocking(ends[0], TRUE, &problem) &&
                     child_spawn((const char *const *)argv, NULL, ends[1], ends[1], dial->proxy_errors_fd,
                                 &dial->proxy_pid, &problem);
    close(ends[1]);
    if (!is_ok) {
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: can't start %s: %s", host->name,
                    argv[0], problem->message);
        return NULL;
    }
    return g_steal_pointer(&dial);
}

SshDial *ssh_dial_open(const FfarmHost *host, const SshConfig *config, gint64 deadline_us, GCancellable *cancellable,
                       GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_auto(GStrv) argv = ssh_config_proxy(config, host, &problem);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    return argv ? dial_proxy(host, argv, error) : dial_direct(host, config, deadline_us, cancellable, error);
}

void ssh_dial_free(SshDial *dial)
{
    if (!dial)
        return;
    if (dial->connection)
        g_object_unref(dial->connection);
    else if (dial->fd >= 0)
        close(dial->fd);
    child_end(dial->proxy_pid);
    if (dial->proxy_errors_fd >= 0)
        close(dial->proxy_errors_fd);
    g_free(dial);
}

char *ssh_dial_complaint(const SshDial *dial)
{
    char text[1024] = "";
    if (dial->proxy_errors_fd < 0)
        return NULL;
    off_t length = lseek(dial->proxy_errors_fd, 0, SEEK_END);
    off_t start = MAX(length - (off_t)sizeof(text) + 1, 0);
    ssize_t count = pread(dial->proxy_errors_fd, text, sizeof(text) - 1, start);
    if (count <= 0)
        return NULL;
    text[count] = '\0';
    g_strstrip(text);
    char *line = strrchr(text, '\n');
    g_autofree char *complaint = g_strstrip(g_strdup(line ? line + 1 : text));
    return *complaint ? g_utf8_make_valid(complaint, -1) : NULL;
}
