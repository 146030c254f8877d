/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sftp_file.h"

#include <string.h>
#include <sys/stat.h>

#include "host_space.h"

#define MAX_FOLDER_ENTRIES 100000
#define MAX_HANDLE_BYTES 256            /* the protocol has no longer ones */
#define FLUSH_US (600 * G_USEC_PER_SEC) /* for gigabytes to reach a slow disk */

/* ---- calls ---- */

/* A request that takes a path or a handle, and its reply. */
static gboolean call_with_data(SftpClient *client, guint8 type, gconstpointer data, gsize length, SftpReply *reply,
                               GCancellable *cancellable, GError **error)
{
    GByteArray *packet;
    if (!sftp_client_check_cancelled(client, cancellable, error))
        return FALSE;
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

/* ---- open files ---- */

static gboolean take_handle(SftpClient *client, SftpReply *reply, const char *doing, const char *path, GBytes **handle,
                            GError **error)
{
    gsize length = 0;
    const guint8 *data = reply->type == SFTP_HANDLE ? sftp_reader_data(&reply->reader, &length) : NULL;
    if (!data || length > MAX_HANDLE_BYTES)
        return sftp_client_set_error(client, reply, doing, path, error);
    *handle = g_bytes_new(data, length);
    return TRUE;
}

gboolean sftp_file_open(SftpClient *client, const char *path, guint32 flags, GBytes **handle, GCancellable *cancellable,
                        GError **error)
{
    SftpReply reply;
    GByteArray *packet;
    if (!sftp_client_check_cancelled(client, cancellable, error))
        return FALSE;
    guint32 id = sftp_client_begin(client, SFTP_OPEN, &packet);
    sftp_packet_put_text(packet, path);
    sftp_packet_put_u32(packet, flags);
    sftp_packet_put_attributes(packet, flags & SFTP_OPEN_CREATE ? 0600 : 0);
    sftp_client_end(client);
    return sftp_client_await(client, id, &reply, cancellable, error) &&
           take_handle(client, &reply, flags & SFTP_OPEN_CREATE ? "make" : "open", path, handle, error);
}

gboolean sftp_file_close(SftpClient *client, GBytes *handle, const char *path, GError **error)
{
    SftpReply reply;
    if (!call_with_handle(client, SFTP_CLOSE, handle, &reply, NULL, error))
        return FALSE;
    return reply.status == SFTP_OK || sftp_client_set_error(client, &reply, "close", path, error);
}

gboolean sftp_file_size(SftpClient *client, GBytes *handle, const char *path, gint64 *size_bytes,
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

gboolean sftp_file_flush(SftpClient *client, GBytes *handle, const char *path, GCancellable *cancellable,
                         GError **error)
{
    SftpReply reply;
    if (!sftp_client_can(client, SFTP_CAN_FSYNC))
        return TRUE;
    sftp_client_wait_long(client, FLUSH_US);
    gboolean is_answered = call_extension(client, "fsync@openssh.com", handle, NULL, &reply, cancellable, error);
    sftp_client_wait_long(client, 0);
    if (!is_answered)
        return FALSE;
    return reply.status == SFTP_OK || reply.status == SFTP_UNSUPPORTED ||
           sftp_client_set_error(client, &reply, "write", path, error);
}

/* ---- whole files and folders ---- */

gboolean sftp_file_stat(SftpClient *client, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
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

gboolean sftp_file_make_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error)
{
    SftpReply reply;
    if (!call_with_path(client, SFTP_MKDIR, path, &reply, cancellable, error))
        return FALSE;
    if (reply.status == SFTP_OK)
        return TRUE;
    SftpReply refusal = reply;
    if (reply.status == SFTP_FAILURE && is_there(client, path))
        return sftp_client_set_problem(client, FFARM_REMOTE_ERROR_EXISTS, "make the folder", path,
                                       "it is there already", error);
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

gboolean sftp_file_remove(SftpClient *client, const char *path, GCancellable *cancellable, GError **error)
{
    return remove_path(client, SFTP_REMOVE, path, cancellable, error);
}

gboolean sftp_file_rename(SftpClient *client, const char *from, const char *to, GCancellable *cancellable,
                          GError **error)
{
    SftpReply reply;
    GByteArray *packet;
    g_autoptr(GBytes) first = g_bytes_new(from, strlen(from));
    if (!sftp_client_check_cancelled(client, cancellable, error))
        return FALSE;
    if (sftp_client_can(client, SFTP_CAN_POSIX_RENAME)) {
        if (!call_extension(client, "posix-rename@openssh.com", first, to, &reply, cancellable, error))
            return FALSE;
    } else {
        guint32 id = sftp_client_begin(client, SFTP_RENAME, &packet);
        sftp_packet_put_text(packet, from);
        sftp_packet_put_text(packet, to);
        sftp_client_end(client);
        if (!sftp_client_await(client, id, &reply, cancellable, error))
            return FALSE;
    }
    if (reply.status == SFTP_OK && reply.type == SFTP_STATUS)
        return TRUE;
    SftpReply refusal = reply;
    if (reply.status == SFTP_FAILURE && is_there(client, from) && is_there(client, to))
        return sftp_client_set_problem(client, FFARM_REMOTE_ERROR_EXISTS, "rename", from,
                                       "there is a file of the new name already", error);
    return sftp_client_set_error(client, &refusal, "rename", from, error);
}

/* Takes the names of one SFTP_NAME reply. *@n_seen counts them all, and the reply itself: a server could go on for ever
 * with names that we skip, or with none. Returns: FALSE when there are too many. */
static gboolean take_names(SftpReply *reply, GPtrArray *names, guint *n_seen)
{
    ++*n_seen;
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
        ++*n_seen;
    }
    return *n_seen <= MAX_FOLDER_ENTRIES;
}

static gboolean list(SftpClient *client, GBytes *handle, const char *path, GPtrArray *names, GCancellable *cancellable,
                     GError **error)
{
    SftpReply reply;
    guint n_seen = 0;
    for (;;) {
        if (!call_with_handle(client, SFTP_READDIR, handle, &reply, cancellable, error))
            return FALSE;
        if (reply.type == SFTP_STATUS && reply.status == SFTP_EOF)
            return TRUE;
        if (reply.type != SFTP_NAME)
            return sftp_client_set_error(client, &reply, "list", path, error);
        if (!take_names(&reply, names, &n_seen))
            return sftp_client_set_problem(client, FFARM_REMOTE_ERROR_TRANSFER, "list", path,
                                           "there are too many files in it", error);
    }
}

gboolean sftp_file_remove_dir(SftpClient *client, const char *path, GCancellable *cancellable, GError **error)
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
        return sftp_client_set_problem(client, FFARM_REMOTE_ERROR_TRANSFER, "remove the folder", path, "it is none",
                                       error);
    if (!call_with_path(client, SFTP_OPENDIR, path, &reply, cancellable, error))
        return FALSE;
    if (!take_handle(client, &reply, "open the folder", path, &handle, error))
        return FALSE;
    gboolean is_listed = list(client, handle, path, names, cancellable, error);
    sftp_file_close(client, handle, path, NULL);
    for (guint i = 0; is_listed && i < names->len; i++) {
        g_autofree char *entry = g_strconcat(path, "/", g_ptr_array_index(names, i), NULL);
        if (!remove_path(client, SFTP_REMOVE, entry, cancellable, error))
            return FALSE;
    }
    return is_listed && remove_path(client, SFTP_RMDIR, path, cancellable, error);
}

gboolean sftp_file_space(SftpClient *client, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                         GError **error)
{
    SftpReply reply;
    g_autoptr(GBytes) first = g_bytes_new(path, strlen(path));
    *free_bytes = -1;
    if (!sftp_client_can(client, SFTP_CAN_STATVFS))
        return TRUE;
    if (!sftp_client_check_cancelled(client, cancellable, error))
        return FALSE;
    if (!call_extension(client, "statvfs@openssh.com", first, NULL, &reply, cancellable, error))
        return FALSE;
    if (reply.type != SFTP_EXTENDED_REPLY)
        return sftp_client_set_error(client, &reply, "ask for free space at", path, error);
    /* f_bsize, f_frsize, f_blocks, f_bfree, f_bavail */
    sftp_reader_u64(&reply.reader);
    guint64 unit_bytes = sftp_reader_u64(&reply.reader);
    guint64 total_units = sftp_reader_u64(&reply.reader);
    sftp_reader_u64(&reply.reader);
    guint64 free_units = sftp_reader_u64(&reply.reader);
    *free_bytes = host_space_bytes(free_units, total_units, unit_bytes);
    return TRUE;
}
