/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (32 * 1024)

typedef struct Line Line;

/* One way of a connection, served by a thread of its own: neither waits for the other. */
typedef struct {
    Line *line;
    RelayWay way;
    GThread *thread;
} Lane;

/* A connection. Its sockets stay open until the relay ends, so that shutting them down is safe at any time. */
struct Line {
    Relay *relay;
    int fds[2]; /* by RelayWay: what leads there */
    gint64 passed[2];
    gboolean is_stalled, is_cut;
    Lane lanes[2];
};

struct Relay {
    GMutex mutex; /* everything below, and what the lines hold */
    GCond changed;
    GPtrArray *lines;
    RelayFault fault;
    RelayWay fault_way;
    gint64 fault_bytes;
    guint times; /* how often the fault is still to come */
    gint64 passed[2];
    gboolean is_refusing, is_stopping;
    /* Not guarded: the same as long as the relay lives. */
    int listen_fd;
    guint port;
    struct sockaddr_in target;
    GThread *thread;
};

static void cut(Line *line)
{
    line->is_cut = TRUE;
    shutdown(line->fds[RELAY_TO_SERVER], SHUT_RDWR);
    shutdown(line->fds[RELAY_TO_CLIENT], SHUT_RDWR);
    g_cond_broadcast(&line->relay->changed);
}

/* Lets the fault happen if it is time for it. Returns: how many of @length bytes may pass; -1: the line is dead. */
static gssize admit(Lane *lane, gsize length)
{
    Line *line = lane->line;
    Relay *relay = line->relay;
    gssize allowed = (gssize)length;
    g_mutex_lock(&relay->mutex);
    gint64 left = relay->fault_bytes - line->passed[lane->way];
    gboolean is_due = relay->times > 0 && !line->is_stalled && lane->way == relay->fault_way && left <= allowed;
    if (is_due) {
        relay->times--;
        allowed = (gssize)MAX(left, 0);
        line->is_stalled = TRUE;
    }
    while (line->is_stalled && !is_due && !line->is_cut)
        g_cond_wait(&relay->changed, &relay->mutex);
    if (line->is_cut)
        allowed = -1;
    line->passed[lane->way] += MAX(allowed, 0);
    relay->passed[lane->way] += MAX(allowed, 0);
    g_mutex_unlock(&relay->mutex);
    return allowed;
}

/* After the last bytes that could pass. */
static void follow_fault(Lane *lane)
{
    Relay *relay = lane->line->relay;
    g_mutex_lock(&relay->mutex);
    if (lane->line->is_stalled && relay->fault == RELAY_CUT)
        cut(lane->line);
    g_mutex_unlock(&relay->mutex);
}

static gboolean pass(int fd, const char *data, gsize length)
{
    for (gsize done = 0; done < length;) {
        ssize_t count = send(fd, data + done, length - done, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR)
            return FALSE;
        done += (gsize)MAX(count, 0);
    }
    return TRUE;
}

static gpointer run_lane(gpointer data)
{
    Lane *lane = data;
    Line *line = lane->line;
    int from = line->fds[lane->way == RELAY_TO_SERVER ? RELAY_TO_CLIENT : RELAY_TO_SERVER];
    g_autofree char *buffer = g_malloc(BUFFER_BYTES);
    for (;;) {
        ssize_t count = recv(from, buffer, BUFFER_BYTES, 0);
        if (count < 0 && errno == EINTR)
            continue;
        gssize allowed = count > 0 ? admit(lane, (gsize)count) : -1;
        if (allowed < 0 || !pass(line->fds[lane->way], buffer, (gsize)allowed))
            break;
        follow_fault(lane);
    }
    g_mutex_lock(&line->relay->mutex);
    cut(line);
    g_mutex_unlock(&line->relay->mutex);
    return NULL;
}

static void set_promptness(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void add_line(Relay *relay, int client_fd, int server_fd)
{
    Line *line = g_new0(Line, 1);
    line->relay = relay;
    line->fds[RELAY_TO_CLIENT] = client_fd;
    line->fds[RELAY_TO_SERVER] = server_fd;
    set_promptness(client_fd);
    set_promptness(server_fd);
    g_mutex_lock(&relay->mutex);
    g_ptr_array_add(relay->lines, line);
    for (int way = 0; way < 2; way++) {
        line->lanes[way] = (Lane){.line = line, .way = (RelayWay)way};
        line->lanes[way].thread = g_thread_new("relay lane", run_lane, &line->lanes[way]);
    }
    g_mutex_unlock(&relay->mutex);
}

static gpointer run(gpointer data)
{
    Relay *relay = data;
    for (;;) {
        int client_fd = accept4(relay->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (client_fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client_fd < 0)
            return NULL;
        g_mutex_lock(&relay->mutex);
        gboolean is_refused = relay->is_refusing || relay->is_stopping;
        g_mutex_unlock(&relay->mutex);
        int server_fd = is_refused ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (server_fd >= 0 && connect(server_fd, (struct sockaddr *)&relay->target, sizeof relay->target) == 0) {
            add_line(relay, client_fd, server_fd);
            continue;
        }
        close(client_fd);
        if (server_fd >= 0)
            close(server_fd);
    }
}

Relay *relay_start(const char *address, guint port)
{
    Relay *relay = g_new0(Relay, 1);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    g_mutex_init(&relay->mutex);
    g_cond_init(&relay->changed);
    relay->lines = g_ptr_array_new();
    relay->target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((guint16)port)};
    g_assert_cmpint(inet_pton(AF_INET, address, &relay->target.sin_addr), ==, 1);
    relay->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(relay->listen_fd, (struct sockaddr *)&name, sizeof name), ==, 0);
    g_assert_cmpint(listen(relay->listen_fd, 16), ==, 0);
    g_assert_cmpint(getsockname(relay->listen_fd, (struct sockaddr *)&name, &length), ==, 0);
    relay->port = ntohs(name.sin_port);
    relay->thread = g_thread_new("relay", run, relay);
    return relay;
}

static void free_line(Line *line)
{
    for (int way = 0; way < 2; way++)
        g_thread_join(line->lanes[way].thread);
    close(line->fds[0]);
    close(line->fds[1]);
    g_free(line);
}

void relay_stop(Relay *relay)
{
    if (!relay)
        return;
    g_mutex_lock(&relay->mutex);
    relay->is_stopping = TRUE;
    g_mutex_unlock(&relay->mutex);
    shutdown(relay->listen_fd, SHUT_RDWR);
    g_thread_join(relay->thread);
    relay_cut_now(relay);
    for (guint i = 0; i < relay->lines->len; i++)
        free_line(g_ptr_array_index(relay->lines, i));
    close(relay->listen_fd);
    g_ptr_array_unref(relay->lines);
    g_cond_clear(&relay->changed);
    g_mutex_clear(&relay->mutex);
    g_free(relay);
}

guint relay_port(const Relay *relay)
{
    return relay->port;
}

void relay_fail_after(Relay *relay, RelayFault fault, RelayWay way, gint64 bytes, guint times)
{
    g_mutex_lock(&relay->mutex);
    relay->fault = fault;
    relay->fault_way = way;
    relay->fault_bytes = bytes;
    relay->times = times;
    g_mutex_unlock(&relay->mutex);
}

void relay_cut_now(Relay *relay)
{
    g_mutex_lock(&relay->mutex);
    for (guint i = 0; i < relay->lines->len; i++)
        cut(g_ptr_array_index(relay->lines, i));
    g_mutex_unlock(&relay->mutex);
}

void relay_refuse(Relay *relay, gboolean is_refusing)
{
    g_mutex_lock(&relay->mutex);
    relay->is_refusing = is_refusing;
    g_mutex_unlock(&relay->mutex);
}

guint relay_connections(Relay *relay)
{
    g_mutex_lock(&relay->mutex);
    guint count = relay->lines->len;
    g_mutex_unlock(&relay->mutex);
    return count;
}

gint64 relay_bytes(Relay *relay, RelayWay way)
{
    g_mutex_lock(&relay->mutex);
    gint64 bytes = relay->passed[way];
    g_mutex_unlock(&relay->mutex);
    return bytes;
}
