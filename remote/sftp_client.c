/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sftp_client.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

#define SILENCE_US (25 * G_USEC_PER_SEC)
#define MAX_STRAYS 1024 /* more than can be on their way to cancelled calls */
#define LINGER_US (700 * G_TIME_SPAN_MILLISECOND)

struct SftpClient {
    char *name;
    GPid pid;
    int input_fd;  /* of the child: we write */
    int output_fd; /* of the child: we read */
    GByteArray *outbox;
    gsize request_start; /* of the request that is being put together */
    GByteArray *inbox;
    gsize inbox_used; /* bytes at its beginning that belong to the last reply */
    guint32 last_id;
    gint64 heard_us;
    gint64 hurry_us; /* end of all patience; 0 = none */
    SftpAbility abilities;
    gint64 silence_us; /* how long an answer may take */
    guint n_strays;    /* replies in a row that nobody waited for */
    gboolean is_lost;
};

const char *sftp_client_peek_name(const SftpClient *client)
{
    return client->name;
}

/* ---- bytes ---- */

static gboolean set_lost(SftpClient *client, const char *how, GError **error)
{
    client->is_lost = TRUE;
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED, "%s: connection lost, %s", client->name,
                how);
    return FALSE;
}

static gboolean set_cancelled(const SftpClient *client, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", client->name);
    return FALSE;
}

static gboolean send_some(SftpClient *client)
{
    gssize count = child_write(client->input_fd, client->outbox->data, client->outbox->len);
    if (count > 0)
        g_byte_array_remove_range(client->outbox, 0, (guint)count);
    return count > 0 || errno == EAGAIN || errno == EINTR;
}

static gboolean receive_some(SftpClient *client)
{
    guint8 buffer[64 * 1024];
    ssize_t count = read(client->output_fd, buffer, sizeof buffer);
    if (count > 0) {
        g_byte_array_append(client->inbox, buffer, (guint)count);
        client->heard_us = g_get_monotonic_time();
    }
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Waits for something to happen and moves bytes both ways. @until_us: 0 = until the silence is too long. */
static gboolean move_bytes(SftpClient *client, gint64 until_us, GCancellable *cancellable, GError **error)
{
    gint64 give_up_us = client->heard_us + client->silence_us;
    if (until_us != 0)
        give_up_us = MIN(give_up_us, until_us);
    if (client->hurry_us != 0)
        give_up_us = MIN(give_up_us, client->hurry_us);
    gint64 now_us = g_get_monotonic_time();
    /* A server that talks all the time without saying anything is as good as a silent one. */
    if (client->hurry_us != 0 && now_us >= client->hurry_us)
        return set_lost(client, "nothing was moved for too long", error);
    gint64 left_ms = (give_up_us - now_us) / 1000 + 1;
    GPollFD cancel = {.fd = -1};
    gboolean has_cancel = cancellable && g_cancellable_make_pollfd(cancellable, &cancel);
    struct pollfd fds[3] = {{.fd = client->output_fd, .events = POLLIN},
                            {.fd = client->outbox->len > 0 ? client->input_fd : -1, .events = POLLOUT},
                            {.fd = has_cancel ? cancel.fd : -1, .events = POLLIN}};
    int ready = poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(left_ms, 0, G_MAXINT));
    if (has_cancel)
        g_cancellable_release_fd(cancellable);
    if (g_cancellable_is_cancelled(cancellable))
        return set_cancelled(client, error);
    if (ready == 0)
        return set_lost(client, "the other side fell silent", error);
    if (ready > 0 && fds[0].revents && !receive_some(client))
        return set_lost(client, "the file server there has ended", error);
    if (ready > 0 && fds[1].revents && !send_some(client))
        return set_lost(client, "the file server there has ended", error);
    return TRUE;
}

gboolean sftp_client_check_cancelled(const SftpClient *client, GCancellable *cancellable, GError **error)
{
    return !g_cancellable_is_cancelled(cancellable) || set_cancelled(client, error);
}

void sftp_client_hurry(SftpClient *client, gint64 patience_us)
{
    client->hurry_us = patience_us ? g_get_monotonic_time() + patience_us : 0;
}

void sftp_client_wait_long(SftpClient *client, gint64 silence_us)
{
    client->silence_us = silence_us ? silence_us : SILENCE_US;
}

gboolean sftp_client_can(const SftpClient *client, SftpAbility ability)
{
    return (client->abilities & ability) != 0;
}

gboolean sftp_client_note_reply(SftpClient *client, gboolean is_stray, GError **error)
{
    client->n_strays = is_stray ? client->n_strays + 1 : 0;
    return client->n_strays <= MAX_STRAYS || set_lost(client, "the file server answers what nobody asked", error);
}

/* ---- requests and replies ---- */

guint32 sftp_client_begin(SftpClient *client, guint8 type, GByteArray **packet)
{
    if (client->outbox->len == 0)
        client->heard_us = g_get_monotonic_time(); /* silence is what follows a question */
    client->request_start = client->outbox->len;
    sftp_packet_begin(client->outbox, type);
    if (type != SFTP_INIT)
        sftp_packet_put_u32(client->outbox, ++client->last_id);
    *packet = client->outbox;
    return client->last_id;
}

void sftp_client_end(SftpClient *client)
{
    sftp_packet_end(client->outbox, client->request_start);
}

/* Length of the next packet in the inbox, with its head; 0 while it isn't complete. */
static gsize complete_length(const SftpClient *client, gboolean *is_bad)
{
    SftpReader reader = {.data = client->inbox->data, .left = client->inbox->len};
    gsize length = (gsize)sftp_reader_u32(&reader);
    *is_bad = !reader.is_short && (length < 1 || length > SFTP_PACKET_LIMIT);
    return reader.is_short || *is_bad || reader.left < length ? 0 : sizeof(guint32) + length;
}

static gboolean receive(SftpClient *client, SftpReply *reply, gint64 until_us, GCancellable *cancellable,
                        GError **error)
{
    gboolean is_bad = FALSE;
    gsize length;
    if (client->is_lost)
        return set_lost(client, "so nothing more can be done", error);
    g_byte_array_remove_range(client->inbox, 0, (guint)client->inbox_used);
    client->inbox_used = 0;
    while ((length = complete_length(client, &is_bad)) == 0) {
        if (is_bad)
            return set_lost(client, "what comes is not SFTP; do login scripts there print something?", error);
        if (!move_bytes(client, until_us, cancellable, error))
            return FALSE;
    }
    client->inbox_used = length;
    *reply = (SftpReply){.reader = {.data = client->inbox->data + 4, .left = length - 4}};
    reply->type = sftp_reader_u8(&reply->reader);
    reply->id = sftp_reader_u32(&reply->reader);
    if (reply->type == SFTP_STATUS)
        reply->status = sftp_reader_u32(&reply->reader);
    return TRUE;
}

gboolean sftp_client_receive(SftpClient *client, SftpReply *reply, GCancellable *cancellable, GError **error)
{
    return receive(client, reply, 0, cancellable, error);
}

gboolean sftp_client_await(SftpClient *client, guint32 id, SftpReply *reply, GCancellable *cancellable, GError **error)
{
    gint64 until_us = 0; /* once cancelled */
    do {
        g_autoptr(GError) reason = NULL;
        if (receive(client, reply, until_us, until_us == 0 ? cancellable : NULL, &reason) &&
            sftp_client_note_reply(client, reply->id != id, &reason))
            continue;
        if (until_us != 0)
            return set_cancelled(client, error);
        if (client->is_lost) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return FALSE;
        }
        reply->id = id - 1;
        until_us = g_get_monotonic_time() + LINGER_US;
    } while (reply->id != id);
    return TRUE;
}

static int meaning(guint32 status)
{
    switch (status) {
    case SFTP_NO_SUCH_FILE:
        return FFARM_REMOTE_ERROR_NOT_FOUND;
    case SFTP_PERMISSION_DENIED:
        return FFARM_REMOTE_ERROR_PERMISSION;
    default:
        return FFARM_REMOTE_ERROR_TRANSFER;
    }
}

static const char *describe(guint32 status)
{
    switch (status) {
    case SFTP_OK:
        return "the file server gave an answer of the wrong kind";
    case SFTP_NO_SUCH_FILE:
        return "no such file or folder there";
    case SFTP_PERMISSION_DENIED:
        return "not allowed there";
    case SFTP_UNSUPPORTED:
        return "the file server can't do that";
    default:
        return "the file server says that it failed";
    }
}

gboolean sftp_client_set_problem(const SftpClient *client, int code, const char *doing, const char *path,
                                 const char *why, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_strdelimit(shown, "\r\n", '?');
    g_set_error(error, FFARM_REMOTE_ERROR, code, "%s: could not %s %s: %s", client->name, doing, shown, why);
    return FALSE;
}

gboolean sftp_client_set_error(SftpClient *client, const SftpReply *reply, const char *doing, const char *path,
                               GError **error)
{
    return sftp_client_set_problem(client, meaning(reply->status), doing, path, describe(reply->status), error);
}

/* ---- begin and end ---- */

static gboolean start(SftpClient *client, const char *const *argv, GError **error)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    gboolean is_started = g_unix_open_pipe(input, FD_CLOEXEC, error) && g_unix_open_pipe(output, FD_CLOEXEC, error) &&
                          g_unix_set_fd_nonblocking(input[1], TRUE, error) &&
                          g_unix_set_fd_nonblocking(output[0], TRUE, error) &&
                          child_spawn(argv, NULL, input[0], output[1], -1, &client->pid, error);
    if (input[0] >= 0)
        close(input[0]);
    if (output[1] >= 0)
        close(output[1]);
    client->input_fd = input[1];
    client->output_fd = output[0];
    return is_started;
}

static void take_extensions(SftpClient *client, SftpReader *reader)
{
    while (reader->left > 0 && !reader->is_short) {
        gsize name_length, data_length;
        const char *name = (const char *)sftp_reader_data(reader, &name_length);
        sftp_reader_data(reader, &data_length);
        g_autofree char *text = g_strndup(name ? name : "", name_length);
        if (g_str_equal(text, "posix-rename@openssh.com"))
            client->abilities |= SFTP_CAN_POSIX_RENAME;
        if (g_str_equal(text, "statvfs@openssh.com"))
            client->abilities |= SFTP_CAN_STATVFS;
        if (g_str_equal(text, "fsync@openssh.com"))
            client->abilities |= SFTP_CAN_FSYNC;
    }
}

static gboolean shake_hands(SftpClient *client, GCancellable *cancellable, GError **error)
{
    SftpReply reply;
    GByteArray *packet;
    sftp_client_begin(client, SFTP_INIT, &packet);
    sftp_packet_put_u32(packet, 3);
    sftp_client_end(client);
    /* The answer carries the version where others have their id. */
    if (!receive(client, &reply, 0, cancellable, error))
        return FALSE;
    if (reply.type != SFTP_VERSION)
        return set_lost(client, "the file server does not shake hands", error);
    take_extensions(client, &reply.reader);
    return TRUE;
}

SftpClient *sftp_client_new(const char *name, const char *const *argv, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(SftpClient) client = g_new0(SftpClient, 1);
    client->name = g_strdup(name);
    client->outbox = g_byte_array_new();
    client->inbox = g_byte_array_new();
    client->input_fd = client->output_fd = -1;
    client->silence_us = SILENCE_US;
    if (start(client, argv, &reason) && shake_hands(client, cancellable, &reason))
        return g_steal_pointer(&client);
    if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_propagate_error(error, g_steal_pointer(&reason));
    else
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                    "%s: could not open SFTP, does its sshd_config have a Subsystem sftp?", name);
    return NULL;
}

void sftp_client_free(SftpClient *client)
{
    if (!client)
        return;
    if (client->input_fd >= 0)
        close(client->input_fd);
    if (client->output_fd >= 0)
        close(client->output_fd);
    child_end(client->pid);
    g_byte_array_unref(client->outbox);
    g_byte_array_unref(client->inbox);
    g_free(client->name);
    g_free(client);
}
