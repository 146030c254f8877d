/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"

#define PREFIX "ffarm-ssh-"
#define PATTERN PREFIX "XXXXXX"
#define SOCKET "s"
#define LOCK "lock"
#define PARENT_LIMIT 60 /* ssh adds 17 characters to the socket's; the kernel takes 107 in all */
#define N_PARENTS 3
#define LOCK_S 60 /* from making a folder to taking its lock at the very most */

struct SshFolder {
    char *parent, *name; /* of the folder in it */
    char *socket;
    int lock_fd;
};

static void list_parents(const char *parents[N_PARENTS])
{
    parents[0] = g_getenv("XDG_RUNTIME_DIR");
    parents[1] = g_get_tmp_dir();
    parents[2] = "/tmp";
}

/* ssh expands % in the path. */
static gboolean is_fit(const char *parent)
{
    return parent && strlen(parent) <= PARENT_LIMIT && !strchr(parent, '%');
}

/* Takes the lock in the folder @fd. Returns: its descriptor; -1: somebody has it, or there is none and @is_new is
 * FALSE. */
static int take_lock(int fd, gboolean is_new)
{
    int lock = openat(fd, LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_EXCL : 0), 0600);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
        return lock;
    if (lock >= 0)
        close(lock);
    return -1;
}

static SshFolder *make(const char *parent)
{
    g_autoptr(SshFolder) folder = g_new0(SshFolder, 1);
    folder->lock_fd = -1;
    g_autofree char *path = g_build_filename(parent, PATTERN, NULL);
    if (!g_mkdtemp_full(path, 0700))
        return NULL;
    folder->parent = g_strdup(parent);
    folder->name = g_path_get_basename(path);
    folder->socket = g_build_filename(path, SOCKET, NULL);
    int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    folder->lock_fd = fd >= 0 ? take_lock(fd, TRUE) : -1;
    int code = errno;
    if (fd >= 0)
        close(fd);
    errno = code;
    return folder->lock_fd >= 0 ? g_steal_pointer(&folder) : NULL;
}

SshFolder *ssh_folder_new(GError **error)
{
    const char *parents[N_PARENTS];
    list_parents(parents);
    for (guint i = 0; i < N_PARENTS; i++) {
        SshFolder *folder = is_fit(parents[i]) ? make(parents[i]) : NULL;
        if (folder)
            return folder;
    }
    g_set_error(
        error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE,
        "could not make a folder for ssh's control socket: %s; set TMPDIR to a folder with a short name that can be "
        "written to",
        g_strerror(errno));
    return NULL;
}

const char *ssh_folder_peek_socket(const SshFolder *folder)
{
    return folder->socket;
}

/* The socket, and one that ssh had not yet given its name. */
static gboolean is_socket_name(int fd, const char *name)
{
    struct stat info;
    return g_str_has_prefix(name, SOCKET) && fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISSOCK(info.st_mode);
}

/* What is in the folder besides keeps it from being removed. */
static void empty(int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (is_socket_name(fd, entry->d_name))
            unlinkat(fd, entry->d_name, 0);
    if (dir)
        closedir(dir);
    else if (again >= 0)
        close(again);
    unlinkat(fd, LOCK, 0);
}

void ssh_folder_free(SshFolder *folder)
{
    if (!folder)
        return;
    int parent = folder->name ? open(folder->parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int fd = parent >= 0 ? openat(parent, folder->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd >= 0) {
        empty(fd);
        close(fd);
        unlinkat(parent, folder->name, AT_REMOVEDIR);
    }
    if (parent >= 0)
        close(parent);
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    g_free(folder->parent);
    g_free(folder->name);
    g_free(folder->socket);
    g_free(folder);
}

/* Anybody may make folders of such names: only what is ours, and nobody else's to write to, is touched. */
static void sweep_one(int parent, const char *name)
{
    struct stat info;
    int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    gboolean is_ours = fstat(fd, &info) == 0 && info.st_uid == geteuid() && (info.st_mode & 077) == 0;
    gboolean is_old = is_ours && info.st_mtim.tv_sec < g_get_real_time() / G_USEC_PER_SEC - LOCK_S;
    int lock = is_ours ? take_lock(fd, FALSE) : -1;
    if (lock >= 0) {
        empty(fd);
        unlinkat(parent, name, AT_REMOVEDIR);
        close(lock);
    } else if (is_old && faccessat(fd, LOCK, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
        unlinkat(parent, name, AT_REMOVEDIR);
    }
    close(fd);
}

void ssh_folder_sweep(void)
{
    const char *parents[N_PARENTS];
    list_parents(parents);
    for (guint i = 0; i < N_PARENTS; i++) {
        DIR *dir = is_fit(parents[i]) ? opendir(parents[i]) : NULL;
        for (const struct dirent *entry; dir && (entry = readdir(dir));)
            if (g_str_has_prefix(entry->d_name, PREFIX) && strlen(entry->d_name) == strlen(PATTERN))
                sweep_one(dirfd(dir), entry->d_name);
        if (dir)
            closedir(dir);
    }
}
