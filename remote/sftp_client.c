/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sftp_client.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

#define SILENCE_US (25 * G_USEC_PER_SEC)
#define LINGER_US (700 * G_TIME_SPAN_MILLISECOND)
#define MAX_FOLDER_ENTRIES 100000

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
    gboolean has_posix_rename, has_statvfs, has_fsync;
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
    gint64 give_up_us = client->heard_us + SILENCE_US;
    if (until_us != 0)
        give_up_us = MIN(give_up_us, until_us);
    if (client->hurry_us != 0)
        give_up_us = MIN(give_up_us, client->hurry_us);
    gint64 left_ms = (give_up_us - g_get_monotonic_time()) / 1000 + 1;
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

void sftp_client_hurry(SftpClient *client, gint64 patience_us)
{
    client->hurry_us = patience_us ? g_get_monotonic_time() + patience_us : 0;
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
        if (receive(client, reply, until_us, until_us == 0 ? cancellable : NULL, &reason))
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

static gboolean set_error(SftpClient *client, int code, const char *doing, const char *path, const char *why,
                          GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_strdelimit(shown, "\r\n", '?');
    g_set_error(error, FFARM_REMOTE_ERROR, code, "%s: could not %s %s: %s", client->name, doing, shown, why);
    return FALSE;
}

gboolean sftp_client_set_error(SftpClient *client, const SftpReply *reply, const char *doing, const char *path,
                               GError **error)
{
    return set_error(client, meaning(reply->status), doing, path, describe(reply->status), error);
}

/* A request that takes a path or a handle, and its reply. */
static gboolean call_with_data(SftpClient *client, guint8 type, gconstpointer data, gsize length, SftpReply *reply,
                               GCancellable *cancellable, GError **error)
{
    GByteArray *packet;
    if (g_cancellable_is_cancelled(cancellable))
        return set_cancelled(client, error);
    guint32 id = sftp_client_begin(client, type, &packet);
    sftp_packet_put_data(packet, data, length);
    if (type == SFTP_MKDIR)
        sftp_packet_put_attributes(packet, 0700);
    sftp_client_end(client);
    return sftp_client_await(client, id, reply, cancellable, error);
}

static gboolean call_with_path(SftpClient *client, guint8 type, const char *path, SftpReply *reply,
                               GCancellable *cancellable, GError **error)
{
    return call_with_data(client, type, path, strlen(path), reply, cancellable, error);
}

static gboolean call_with_handle(SftpClient *client, guint8 type, GBytes *handle, SftpReply *reply,
                                 GCancellable *cancellable, GError **error)
{
    gsize length;
    gconstpointer data = g_bytes_get_data(handle, &length);
    return call_with_data(client, type, data, length, reply, cancellable, error);
}

/* An extension of OpenSSH's with one or two strings. */
static gboolean call_extension(SftpClient *client, const char *extension, GBytes *first, const char *second,
                               SftpReply *reply, GCancellable *cancellable, GError **error)
{
    GByteArray *packet;
    gsize length;
    gconstpointer data = g_bytes_get_data(first, &length);
    guint32 id = sftp_client_begin(client, SFTP_EXTENDED, &packet);
    sftp_packet_put_text(packet, extension);
    sftp_packet_put_data(packet, data, length);
    if (second)
        sftp_packet_put_text(packet, second);
    sftp_client_end(client);
    return sftp_client_await(client, id, reply, cancellable, error);
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
        client->has_posix_rename |= g_str_equal(text, "posix-rename@openssh.com");
        client->has_statvfs |= g_str_equal(text, "statvfs@openssh.com");
        client->has_fsync |= g_str_equal(text, "fsync@openssh.com");
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

/* ---- open files ---- */

static gboolean take_handle(SftpClient *client, SftpReply *reply, const char *doing, const char *path, GBytes **handle,
                            GError **error)
{
    gsize length = 0;
    const guint8 *data = reply->type == SFTP_HANDLE ? sftp_reader_data(&reply->reader, &length) : NULL;
    if (!data)
        return sftp_client_set_error(client, reply, doing, path, error);
    *handle = g_bytes_new(data, length);
    return TRUE;
}

gboolean sftp_client_open(SftpClient *client, const char *path, guint32 flags, GBytes **handle,
                          GCancellable *cancellable, GError **error)
{
    SftpReply reply;
    GByteArray *packet;
    if (g_cancellable_is_cancelled(cancellable))
        return set_cancelled(client, error);
    guint32 id = sftp_client_begin(client, SFTP_OPEN, &packet);
    sftp_packet_put_text(packet, path);
    sftp_packet_put_u32(packet, flags);
    sftp_packet_put_attributes(packet, flags & SFTP_OPEN_CREATE ? 0600 : 0);
    sftp_client_end(client);
    return sftp_client_await(client, id, &reply, cancellable, error) &&
           take_handle(client, &reply, flags & SFTP_OPEN_CREATE ? "make" : "open", path, handle, error);
}

gboolean sftp_client_close(SftpClient *client, GBytes *handle, const char *path, GError **error)
{
    SftpReply reply;
    if (!call_with_handle(client, SFTP_CLOSE, handle, &reply, NULL, error))
        return FALSE;
    return reply.status == SFTP_OK || sftp_client_set_error(client, &reply, "close", path, error);
}

gboolean sftp_client_size(SftpClient *client, GBytes *handle, const char *path, gint64 *size_bytes,
                          GCancellable *cancellable, GError **error)
{
    SftpReply reply;
    SftpAttributes attributes;
    if (!call_with_handle(client, SFTP_FSTAT, handle, &reply, cancellable, error))
        return FALSE;
    if (reply.type != SFTP_ATTRS)
        return sftp_client_set_error(client, &reply, "ask for the size of", path, error);
    sftp_reader_attributes(&reply.reader, &attributes);
    *size_bytes = attributes.has_size ? (gint64)MIN(attributes.size_bytes, (guint64)G_MAXINT64) : -1;
    return TRUE;
}

gboolean sftp_client_flush(SftpClient *client, GBytes *handle, const char *path, GCancellable *cancellable,
                           GError **error)
{
    SftpReply reply;
    if (!client->has_fsync)
        return TRUE;
    if (!call_extension(client, "fsync@openssh.com", handle, NULL, &reply, cancellable, error))
        return FALSE;
    return reply.status == SFTP_OK || reply.status == SFTP_UNSUPPORTED ||
           sftp_client_set_error(client, &reply, "write", path, error);
}

/* ---- whole files and folders ---- */

gboolean sftp_client_stat(SftpClient *client, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                          GError **error)
{
    SftpReply reply;
    SftpAttributes attributes;
    if (!call_with_path(client, SFTP_STAT, path, &reply, cancellable, error))
        return FALSE;
    if (reply.type != SFTP_ATTRS)
        return sftp_client_set_error(client, &reply, "look at", path, error);
    sftp_reader_attributes(&reply.reader, &attributes);
    *result = (FfarmRemoteStat){.size_bytes = (gint64)MIN(attributes.size_bytes, (guint64)G_MAXINT64),
                                .is_folder = attributes.has_mode && S_ISDIR(attributes.mode)};
    return TRUE;
}

/* Servers of version 3 have no word for "exists". */
static gboolean is_there(SftpClient *client, const char *path)
{
    SftpReply reply;
    return call_with_path(client, SFTP_LSTAT, path, &reply, NULL, NULL) && reply.type == SFTP_ATTRS;
}

gboolean sftp_client_make_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error)
{
    SftpReply reply;
    if (!call_with_path(client, SFTP_MKDIR, path, &reply, cancellable, error))
        return FALSE;
    if (reply.status == SFTP_OK)
        return TRUE;
    SftpReply refusal = reply;
    if (reply.status == SFTP_FAILURE && is_there(client, path))
        return set_error(client, FFARM_REMOTE_ERROR_EXISTS, "make the folder", path, "it is there already", error);
    return sftp_client_set_error(client, &refusal, "make the folder", path, error);
}

/* Removes without asking; a missing file is success. */
static gboolean remove_path(SftpClient *client, guint8 type, const char *path, GCancellable *cancellable,
                            GError **error)
{
    SftpReply reply;
    if (!call_with_path(client, type, path, &reply, cancellable, error))
        return FALSE;
    return reply.status == SFTP_OK || reply.status == SFTP_NO_SUCH_FILE ||
           sftp_client_set_error(client, &reply, "remove", path, error);
}

gboolean sftp_client_remove(SftpClient *client, const char *path, GCancellable *cancellable, GError **error)
{
    return remove_path(client, SFTP_REMOVE, path, cancellable, error);
}

gboolean sftp_client_rename(SftpClient *client, const char *from, const char *to, GCancellable *cancellable,
                            GError **error)
{
    SftpReply reply;
    GByteArray *packet;
    g_autoptr(GBytes) first = g_bytes_new(from, strlen(from));
    if (g_cancellable_is_cancelled(cancellable))
        return set_cancelled(client, error);
    if (client->has_posix_rename) {
        if (!call_extension(client, "posix-rename@openssh.com", first, to, &reply, cancellable, error))
            return FALSE;
    } else {
        if (!remove_path(client, SFTP_REMOVE, to, cancellable, error))
            return FALSE;
        guint32 id = sftp_client_begin(client, SFTP_RENAME, &packet);
        sftp_packet_put_text(packet, from);
        sftp_packet_put_text(packet, to);
        sftp_client_end(client);
        if (!sftp_client_await(client, id, &reply, cancellable, error))
            return FALSE;
    }
    return reply.status == SFTP_OK || sftp_client_set_error(client, &reply, "rename", from, error);
}

/* Takes the names of one SFTP_NAME reply. Returns: FALSE when there are too many. */
static gboolean take_names(SftpReply *reply, GPtrArray *names)
{
    for (guint32 count = sftp_reader_u32(&reply->reader); count > 0 && !reply->reader.is_short; count--) {
        gsize length, ignored;
        SftpAttributes attributes;
        const char *data = (const char *)sftp_reader_data(&reply->reader, &length);
        g_autofree char *name = g_strndup(data ? data : "", length);
        sftp_reader_data(&reply->reader, &ignored);
        sftp_reader_attributes(&reply->reader, &attributes);
        /* A hostile server might name a path; only what lies in this folder is meant. */
        gboolean is_entry = *name && !strchr(name, '/') && !g_str_equal(name, ".") && !g_str_equal(name, "..");
        if (is_entry)
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    return names->len <= MAX_FOLDER_ENTRIES;
}

static gboolean list(SftpClient *client, GBytes *handle, const char *path, GPtrArray *names, GCancellable *cancellable,
                     GError **error)
{
    SftpReply reply;
    for (;;) {
        if (!call_with_handle(client, SFTP_READDIR, handle, &reply, cancellable, error))
            return FALSE;
        if (reply.type == SFTP_STATUS && reply.status == SFTP_EOF)
            return TRUE;
        if (reply.type != SFTP_NAME || !take_names(&reply, names))
            return sftp_client_set_error(client, &reply, "list", path, error);
    }
}

gboolean sftp_client_remove_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error)
{
    SftpReply reply;
    g_autoptr(GBytes) handle = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    SftpAttributes attributes;
    if (!call_with_path(client, SFTP_LSTAT, path, &reply, cancellable, error))
        return FALSE;
    if (reply.type == SFTP_STATUS && reply.status == SFTP_NO_SUCH_FILE)
        return TRUE;
    if (reply.type != SFTP_ATTRS)
        return sftp_client_set_error(client, &reply, "look at", path, error);
    sftp_reader_attributes(&reply.reader, &attributes);
    if (!attributes.has_mode || !S_ISDIR(attributes.mode))
        return set_error(client, FFARM_REMOTE_ERROR_TRANSFER, "remove the folder", path, "it is none", error);
    if (!call_with_path(client, SFTP_OPENDIR, path, &reply, cancellable, error))
        return FALSE;
    if (!take_handle(client, &reply, "open the folder", path, &handle, error))
        return FALSE;
    gboolean is_listed = list(client, handle, path, names, cancellable, error);
    sftp_client_close(client, handle, path, NULL);
    for (guint i = 0; is_listed && i < names->len; i++) {
        g_autofree char *entry = g_strconcat(path, "/", g_ptr_array_index(names, i), NULL);
        if (!remove_path(client, SFTP_REMOVE, entry, cancellable, error))
            return FALSE;
    }
    return is_listed && remove_path(client, SFTP_RMDIR, path, cancellable, error);
}

gboolean sftp_client_space(SftpClient *client, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                           GError **error)
{
    SftpReply reply;
    g_autoptr(GBytes) first = g_bytes_new(path, strlen(path));
    *free_bytes = -1;
    if (!client->has_statvfs)
        return TRUE;
    if (g_cancellable_is_cancelled(cancellable))
        return set_cancelled(client, error);
    if (!call_extension(client, "statvfs@openssh.com", first, NULL, &reply, cancellable, error))
        return FALSE;
    if (reply.type != SFTP_EXTENDED_REPLY)
        return sftp_client_set_error(client, &reply, "ask for free space at", path, error);
    /* f_bsize, f_frsize, f_blocks, f_bfree, f_bavail */
    sftp_reader_u64(&reply.reader);
    guint64 unit_bytes = sftp_reader_u64(&reply.reader);
    sftp_reader_u64(&reply.reader);
    sftp_reader_u64(&reply.reader);
    guint64 free_units = sftp_reader_u64(&reply.reader);
    if (unit_bytes > 0)
        *free_bytes = (gint64)(MIN(free_units, (guint64)G_MAXINT64 / unit_bytes) * unit_bytes);
    return TRUE;
}
