/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "child_exec.h"
#include "runner_private.h"
#include "sftp_file.h"
#include "sftp_transfer.h"
#include "ssh_master.h"

/* The contract of runner_private.h through the system's OpenSSH client: what libssh2 can't do. One master connection,
 * and over it one call of ssh for each command and one for all files. */

#define SSH_FAILED 255 /* its own failures, not those of the command: the lease ends with 0 */

typedef struct {
    SshMaster *master;
    SftpClient *files; /* NULL until first needed */
} Connection;

static gpointer connect_openssh(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    SshMaster *master = ssh_master_new(host, deadline_us, cancellable, error);
    if (!master)
        return NULL;
    Connection *connection = g_new0(Connection, 1);
    connection->master = master;
    return connection;
}

static void disconnect_openssh(gpointer data)
{
    Connection *connection = data;
    sftp_client_free(connection->files);
    ssh_master_free(connection->master);
    g_free(connection);
}

static gboolean exec_openssh(gpointer data, const FfarmExec *exec, int *status, GCancellable *cancellable,
                             GError **error)
{
    Connection *connection = data;
    g_auto(GStrv) argv = ssh_master_argv(connection->master, exec->line);
    const char *name = ssh_master_peek_name(connection->master);
    if (!child_exec(name, (const char *const *)argv, exec, status, cancellable, error))
        return FALSE;
    return *status != SSH_FAILED || !ssh_master_has_ended(connection->master, error);
}

/* Returns: the file server's client, started if need be; NULL with @error. */
static SftpClient *need_files(Connection *connection, GCancellable *cancellable, GError **error)
{
    if (connection->files)
        return connection->files;
    g_autoptr(GError) reason = NULL;
    g_auto(GStrv) argv = ssh_master_argv(connection->master, NULL);
    const char *name = ssh_master_peek_name(connection->master);
    connection->files = sftp_client_new(name, (const char *const *)argv, cancellable, &reason);
    if (connection->files)
        return connection->files;
    if (!g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER) ||
        !ssh_master_has_ended(connection->master, error))
        g_propagate_error(error, g_steal_pointer(&reason));
    return NULL;
}

static gboolean write_file(gpointer connection, const FfarmUpload *upload, GError **error)
{
    SftpClient *files = need_files(connection, upload->cancellable, error);
    return files && sftp_transfer_write(files, upload, error);
}

static gboolean read_file(gpointer connection, const FfarmDownload *download, GError **error)
{
    SftpClient *files = need_files(connection, download->cancellable, error);
    return files && sftp_transfer_read(files, download, error);
}

static gboolean rename_file(gpointer connection, const char *from, const char *to, GCancellable *cancellable,
                            GError **error)
{
    SftpClient *files = need_files(connection, cancellable, error);
    return files && sftp_file_rename(files, from, to, cancellable, error);
}

static gboolean stat_file(gpointer connection, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                          GError **error)
{
    SftpClient *files = need_files(connection, cancellable, error);
    return files && sftp_file_stat(files, path, result, cancellable, error);
}

static gboolean make_dir(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    SftpClient *files = need_files(connection, cancellable, error);
    return files && sftp_file_make_dir(files, path, cancellable, error);
}

static gboolean remove_file(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    SftpClient *files = need_files(connection, cancellable, error);
    return files && sftp_file_remove(files, path, cancellable, error);
}

static gboolean remove_dir(gpointer connection, const char *path, GCancellable *cancellable, GError **error)
{
    SftpClient *files = need_files(connection, cancellable, error);
    return files && sftp_file_remove_dir(files, path, cancellable, error);
}

static gboolean space(gpointer connection, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                      GError **error)
{
    SftpClient *files = need_files(connection, cancellable, error);
    return files && sftp_file_space(files, path, free_bytes, cancellable, error);
}

const FfarmRunnerKind ffarm_runner_kind_openssh = {
    .transport = "openssh",
    .connect = connect_openssh,
    .disconnect = disconnect_openssh,
    .exec = exec_openssh,
    .write = write_file,
    .read = read_file,
    .rename = rename_file,
    .stat = stat_file,
    .make_dir = make_dir,
    .remove = remove_file,
    .remove_dir = remove_dir,
    .space = space,
};
