/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runner_private.h"

#include "ssh_channel.h"
#include "ssh_session.h"
#include "ssh_sftp.h"

/* The contract of runner_private.h over libssh2. A lost session answers everything with DISCONNECTED. */

static gboolean is_usable(const SshSession *session, GError **error)
{
    if (!session->link.is_lost)
        return TRUE;
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED, "%s: the connection is gone",
                session->link.name);
    return FALSE;
}

static gpointer connect_ssh(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    return ssh_session_open(host, deadline_us, cancellable, error);
}

static void disconnect_ssh(gpointer connection)
{
    ssh_session_free(connection);
}

static const char *peek_banner(gpointer connection)
{
    SshSession *session = connection;
    return libssh2_session_banner_get(session->link.session);
}

static gboolean exec_ssh(gpointer connection, const FfarmExec *exec, int *status, GCancellable *cancellable,
                         GError **error)
{
    return is_usable(connection, error) && ssh_channel_exec(connection, exec, status, cancellable, error);
}

static gboolean write_file(gpointer connection, const FfarmUpload *upload, GError **error)
{
    return is_usable(connection, error) && ssh_sftp_write(connection, upload, error);
}

static gboolean read_file(gpointer connection, const FfarmDownload *download, GError **error)
{
    return is_usable(connection, error) && ssh_sftp_read(connection, download, error);
}

static gboolean rename_file(gpointer connection, const char *from, const char *to, GCancellable *cancellable,
                            GError **error)
{
    return is_usable(connection, error) && ssh_sftp_rename(connection, from, to, cancellable, error);
}

static gboolean stat_file(gpointer connection, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                          GError **error)
{
    return is_usable(connection, error) && ssh_sftp_stat(connection, path, result, cancellable, error);
}

static gboolean make_dir(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    return is_usable(connection, error) && ssh_sftp_make_dir(connection, path, cancellable, error);
}

static gboolean remove_file(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    return is_usable(connection, error) && ssh_sftp_remove(connection, path, cancellable, error);
}

static gboolean remove_dir(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    return is_usable(connection, error) && ssh_sftp_remove_dir(connection, path, cancellable, error);
}

static gboolean space(gpointer connection, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                      GError **error)
{
    return is_usable(connection, error) && ssh_sftp_space(connection, path, free_bytes, cancellable, error);
}

const FfarmRunnerKind ffarm_runner_kind_ssh = {
    .transport = "libssh2",
    .connect = connect_ssh,
    .disconnect = disconnect_ssh,
    .peek_banner = peek_banner,
    .exec = exec_ssh,
    .write = write_file,
    .read = read_file,
    .rename = rename_file,
    .stat = stat_file,
    .make_dir = make_dir,
    .remove = remove_file,
    .remove_dir = remove_dir,
    .space = space,
};
