/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_sftp_private.h"

#include <string.h>

#include "host_space.h"

#define LINGER_MS 700
#define MAX_FOLDER_ENTRIES 100000

/* ---- calls ---- */

void ssh_sftp_touch(SshSftpCall *call, gint64 patience_us)
{
    call->patience.deadline_us = g_get_monotonic_time() + patience_us;
}

gboolean ssh_sftp_wait(SshSftpCall *call)
{
    return ssh_glue_wait(&call->session->link, &call->patience, call->error);
}

static gboolean open_sftp(SshSftpCall *call)
{
    SshLink *link = &call->session->link;
    while (!(call->session->sftp = libssh2_sftp_init(link->session))) {
        int code = libssh2_session_last_errno(link->session);
        if (code != LIBSSH2_ERROR_EAGAIN) {
            ssh_glue_set_error(link, code, FFARM_REMOTE_ERROR_TRANSFER,
                               "open SFTP (is there a Subsystem sftp in its sshd_config?)", call->error);
            return FALSE;
        }
        if (!ssh_sftp_wait(call))
            return FALSE;
    }
    return TRUE;
}

gboolean ssh_sftp_begin(SshSftpCall *call, SshSession *session, const char *path, GCancellable *cancellable,
                        GError **error)
{
    *call = (SshSftpCall){.session = session, .path = path, .error = error, .patience = ssh_patience(0, cancellable)};
    ssh_sftp_touch(call, SSH_SFTP_PATIENCE_US);
    if (g_cancellable_is_cancelled(cancellable)) {
        ssh_glue_set_cancelled(&session->link, error);
        return FALSE;
    }
    call->patience.linger_ms = LINGER_MS;
    if (!session->sftp && !open_sftp(call))
        return FALSE;
    call->sftp = session->sftp;
    return TRUE;
}

unsigned long ssh_sftp_status(SshSftpCall *call, int code)
{
    return code == LIBSSH2_ERROR_SFTP_PROTOCOL ? libssh2_sftp_last_error(call->sftp) : LIBSSH2_FX_OK;
}

static int meaning(unsigned long status)
{
    switch (status) {
    case LIBSSH2_FX_NO_SUCH_FILE:
    case LIBSSH2_FX_NO_SUCH_PATH:
        return FFARM_REMOTE_ERROR_NOT_FOUND;
    case LIBSSH2_FX_PERMISSION_DENIED:
    case LIBSSH2_FX_WRITE_PROTECT:
        return FFARM_REMOTE_ERROR_PERMISSION;
    case LIBSSH2_FX_FILE_ALREADY_EXISTS:
        return FFARM_REMOTE_ERROR_EXISTS;
    case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
    case LIBSSH2_FX_QUOTA_EXCEEDED:
        return FFARM_REMOTE_ERROR_NO_SPACE;
    default:
        return FFARM_REMOTE_ERROR_TRANSFER;
    }
}

static const char *describe(unsigned long status)
{
    switch (meaning(status)) {
    case FFARM_REMOTE_ERROR_NOT_FOUND:
        return "no such file or folder";
    case FFARM_REMOTE_ERROR_PERMISSION:
        return "permission denied";
    case FFARM_REMOTE_ERROR_EXISTS:
        return "exists already";
    case FFARM_REMOTE_ERROR_NO_SPACE:
        return "no space left there";
    default:
        return NULL;
    }
}

gboolean ssh_sftp_set_error(SshSftpCall *call, int code, const char *doing)
{
    SshLink *link = &call->session->link;
    if (code == LIBSSH2_ERROR_EAGAIN) /* the wait has said why */
        return FALSE;
    unsigned long status = ssh_sftp_status(call, code);
    const char *text = describe(status);
    if (code == LIBSSH2_ERROR_SFTP_PROTOCOL && status != LIBSSH2_FX_NO_CONNECTION &&
        status != LIBSSH2_FX_CONNECTION_LOST) {
        g_autofree char *number = g_strdup_printf("the server gives error %lu", status);
        g_set_error(call->error, FFARM_REMOTE_ERROR, meaning(status), "%s: %s: could not %s: %s", link->name,
                    call->path, doing, text ? text : number);
        return FALSE;
    }
    g_autofree char *what = g_strdup_printf("%s %s", doing, call->path);
    ssh_glue_set_error(link, code, FFARM_REMOTE_ERROR_TRANSFER, what, call->error);
    /* Anything that isn't the server's own word on a file leaves SFTP in an unknown state. */
    ssh_glue_cut(link);
    return FALSE;
}

static int stat_how(SshSftpCall *call, const char *path, int how, LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
    int code;
    memset(attributes, 0, sizeof(*attributes));
    while ((code = libssh2_sftp_stat_ex(call->sftp, path, (unsigned)strlen(path), how, attributes)) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(call))
            break;
    }
    return code;
}

int ssh_sftp_lstat(SshSftpCall *call, const char *path, LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
    return stat_how(call, path, LIBSSH2_SFTP_LSTAT, attributes);
}

int ssh_sftp_unlink(SshSftpCall *call, const char *path)
{
    int code;
    while ((code = libssh2_sftp_unlink_ex(call->sftp, path, (unsigned)strlen(path))) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(call))
            break;
    }
    return code;
}

static int statvfs_path(SshSftpCall *call, const char *path, LIBSSH2_SFTP_STATVFS *result)
{
    int code;
    memset(result, 0, sizeof(*result));
    while ((code = libssh2_sftp_statvfs(call->sftp, path, strlen(path), result)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(call))
            break;
    }
    return code;
}

static gint64 free_of(const LIBSSH2_SFTP_STATVFS *space)
{
    return host_space_bytes(space->f_bavail, space->f_blocks, space->f_frsize);
}

gint64 ssh_sftp_free_bytes(SshSftpCall *call, const char *path)
{
    GError *ignored = NULL;
    GError **error = call->error;
    LIBSSH2_SFTP_STATVFS space;
    call->error = &ignored;
    int code = statvfs_path(call, path, &space);
    call->error = error;
    g_clear_error(&ignored);
    return code == 0 ? free_of(&space) : -1;
}

/* The end of an operation that went well: only the cancellation can spoil it now. */
static gboolean finish(SshSftpCall *call)
{
    if (!ssh_patience_is_cancelled(&call->patience))
        return TRUE;
    ssh_glue_set_cancelled(&call->session->link, call->error);
    return FALSE;
}

/* ---- operations ---- */

gboolean ssh_sftp_stat(SshSession *session, const char *path, FfarmRemoteStat *result, GCancellable *cancellable,
                       GError **error)
{
    SshSftpCall call;
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    if (!ssh_sftp_begin(&call, session, path, cancellable, error))
        return FALSE;
    int code = stat_how(&call, path, LIBSSH2_SFTP_STAT, &attributes);
    if (code != 0)
        return ssh_sftp_set_error(&call, code, "look at it");
    gboolean has_mode = attributes.flags & LIBSSH2_SFTP_ATTR_PERMISSIONS;
    gboolean has_size = attributes.flags & LIBSSH2_SFTP_ATTR_SIZE;
    *result = (FfarmRemoteStat){.size_bytes = has_size ? (gint64)MIN(attributes.filesize, (guint64)G_MAXINT64) : 0,
                                .is_folder = has_mode && LIBSSH2_SFTP_S_ISDIR(attributes.permissions)};
    return finish(&call);
}

gboolean ssh_sftp_make_dir(SshSession *session, const char *path, GCancellable *cancellable, GError **error)
{
    SshSftpCall call;
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    int code;
    if (!ssh_sftp_begin(&call, session, path, cancellable, error))
        return FALSE;
    while ((code = libssh2_sftp_mkdir_ex(call.sftp, path, (unsigned)strlen(path), 0700)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(&call))
            return FALSE;
    }
    if (code == 0)
        return finish(&call);
    /* Version 3 of the protocol has one code for every failure. */
    if (ssh_sftp_status(&call, code) == LIBSSH2_FX_FAILURE && ssh_sftp_lstat(&call, path, &attributes) == 0) {
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXISTS, "%s: %s: exists already", session->link.name,
                    path);
        return FALSE;
    }
    if (error && *error)
        return FALSE;
    return ssh_sftp_set_error(&call, code, "make the folder");
}

gboolean ssh_sftp_remove(SshSession *session, const char *path, GCancellable *cancellable, GError **error)
{
    SshSftpCall call;
    if (!ssh_sftp_begin(&call, session, path, cancellable, error))
        return FALSE;
    int code = ssh_sftp_unlink(&call, path);
    if (code != 0 && meaning(ssh_sftp_status(&call, code)) != FFARM_REMOTE_ERROR_NOT_FOUND)
        return ssh_sftp_set_error(&call, code, "remove it");
    return finish(&call);
}

static int rename_once(SshSftpCall *call, const char *from, const char *to)
{
    const long flags = LIBSSH2_SFTP_RENAME_OVERWRITE | LIBSSH2_SFTP_RENAME_ATOMIC | LIBSSH2_SFTP_RENAME_NATIVE;
    int code;
    while ((code = libssh2_sftp_rename_ex(call->sftp, from, (unsigned)strlen(from), to, (unsigned)strlen(to), flags)) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(call))
            break;
    }
    return code;
}

/* Version 3 of the protocol doesn't rename over an existing file, whatever the flags say, and libssh2 1.10 has no call
 * for OpenSSH's extension that does. */
gboolean ssh_sftp_rename(SshSession *session, const char *from, const char *to, GCancellable *cancellable,
                         GError **error)
{
    SshSftpCall call;
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    if (!ssh_sftp_begin(&call, session, from, cancellable, error))
        return FALSE;
    int code = rename_once(&call, from, to);
    if (code == 0)
        return finish(&call);
    unsigned long status = ssh_sftp_status(&call, code);
    gboolean may_be_there = status == LIBSSH2_FX_FAILURE || status == LIBSSH2_FX_FILE_ALREADY_EXISTS;
    if (may_be_there && ssh_sftp_lstat(&call, from, &attributes) == 0 && ssh_sftp_lstat(&call, to, &attributes) == 0) {
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXISTS, "%s: %s: exists already", session->link.name,
                    to);
        return FALSE;
    }
    return (error && *error) ? FALSE : ssh_sftp_set_error(&call, code, "rename it");
}

/* Reads the names of a folder. Returns: 0 or libssh2's error. A server's name with a slash in it could lead elsewhere,
 * and there could be no end of names. */
static int list_names(SshSftpCall *call, LIBSSH2_SFTP_HANDLE *handle, GPtrArray *names)
{
    char name[4096];
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    for (guint n_seen = 0; n_seen <= MAX_FOLDER_ENTRIES;) {
        int code = libssh2_sftp_readdir(handle, name, sizeof(name) - 1, &attributes);
        if (code == LIBSSH2_ERROR_EAGAIN) {
            if (!ssh_sftp_wait(call))
                return code;
        } else if (code <= 0) {
            return code;
        } else {
            name[code] = '\0';
            gboolean is_entry = strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strpbrk(name, "/\\");
            if (is_entry)
                g_ptr_array_add(names, g_strdup(name));
            n_seen++;
        }
    }
    g_set_error(call->error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                "%s: %s: there are too many files in the folder", call->session->link.name, call->path);
    return LIBSSH2_ERROR_EAGAIN; /* as ever when the error is set */
}

static int close_handle(SshSftpCall *call, LIBSSH2_SFTP_HANDLE *handle)
{
    int code;
    while ((code = libssh2_sftp_close_handle(handle)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(call))
            break;
    }
    return code;
}

/* Returns: 0 or libssh2's error. */
static int list_folder(SshSftpCall *call, GPtrArray *names)
{
    LIBSSH2_SFTP_HANDLE *handle;
    while (!(handle = libssh2_sftp_open_ex(call->sftp, call->path, (unsigned)strlen(call->path), 0, 0,
                                           LIBSSH2_SFTP_OPENDIR))) {
        int code = libssh2_session_last_errno(call->session->link.session);
        if (code != LIBSSH2_ERROR_EAGAIN || !ssh_sftp_wait(call))
            return code;
    }
    int code = list_names(call, handle, names);
    if (code == LIBSSH2_ERROR_EAGAIN)
        return code;
    int closed = close_handle(call, handle);
    return code != 0 ? code : closed;
}

/* TRUE for a real folder. Opening a folder follows a link, and in a place where everybody may write such a link can
 * have been laid by anybody. */
static gboolean check_is_folder(SshSftpCall *call, const LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
    gboolean has_mode = attributes->flags & LIBSSH2_SFTP_ATTR_PERMISSIONS;
    if (has_mode && LIBSSH2_SFTP_S_ISDIR(attributes->permissions))
        return TRUE;
    g_set_error(call->error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                "%s: %s: could not remove the folder: it is none", call->session->link.name, call->path);
    return FALSE;
}

/* Returns: 0 or libssh2's error. */
static int empty_folder(SshSftpCall *call)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    int code = list_folder(call, names);
    for (guint i = 0; i < names->len && code == 0; i++) {
        g_autofree char *entry = g_strconcat(call->path, "/", g_ptr_array_index(names, i), NULL);
        ssh_sftp_touch(call, SSH_SFTP_PATIENCE_US);
        code = ssh_patience_is_cancelled(&call->patience) ? 0 : ssh_sftp_unlink(call, entry);
        if (code != 0 && meaning(ssh_sftp_status(call, code)) == FFARM_REMOTE_ERROR_NOT_FOUND)
            code = 0;
    }
    return code;
}

gboolean ssh_sftp_remove_dir(SshSession *session, const char *path, GCancellable *cancellable, GError **error)
{
    SshSftpCall call;
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    if (!ssh_sftp_begin(&call, session, path, cancellable, error))
        return FALSE;
    int code = ssh_sftp_lstat(&call, path, &attributes);
    if (code != 0 && meaning(ssh_sftp_status(&call, code)) == FFARM_REMOTE_ERROR_NOT_FOUND)
        return finish(&call);
    if (code != 0)
        return ssh_sftp_set_error(&call, code, "look at the folder");
    if (!check_is_folder(&call, &attributes))
        return FALSE;
    code = empty_folder(&call);
    if (code != 0)
        return ssh_sftp_set_error(&call, code, "remove what is in the folder");
    if (!finish(&call))
        return FALSE;
    while ((code = libssh2_sftp_rmdir_ex(call.sftp, path, (unsigned)strlen(path))) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_sftp_wait(&call))
            return FALSE;
    }
    return code == 0 ? finish(&call) : ssh_sftp_set_error(&call, code, "remove the folder");
}

gboolean ssh_sftp_space(SshSession *session, const char *path, gint64 *free_bytes, GCancellable *cancellable,
                        GError **error)
{
    SshSftpCall call;
    LIBSSH2_SFTP_STATVFS space;
    if (!ssh_sftp_begin(&call, session, path, cancellable, error))
        return FALSE;
    int code = statvfs_path(&call, path, &space);
    /* A server that has been told not to answer this says that it is not permitted. */
    unsigned long status = ssh_sftp_status(&call, code);
    gboolean is_unsupported = status == LIBSSH2_FX_OP_UNSUPPORTED || status == LIBSSH2_FX_PERMISSION_DENIED;
    if (code != 0 && !is_unsupported)
        return ssh_sftp_set_error(&call, code, "ask for free space");
    *free_bytes = code == 0 ? free_of(&space) : -1;
    return finish(&call);
}
