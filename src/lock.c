/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct FfarmLocks {
    int fd;
    GMutex mutex;
    GHashTable *held; /* of names: the kernel never sets one open file against itself */
};

FfarmLocks *ffarm_locks_open(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        int code = errno;
        g_autofree char *name = g_filename_display_name(path);
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(code), "%s: can't be opened: %s", name,
                    g_strerror(code));
        return NULL;
    }
    FfarmLocks *locks = g_new0(FfarmLocks, 1);
    locks->fd = fd;
    g_mutex_init(&locks->mutex);
    locks->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return locks;
}

void ffarm_locks_free(FfarmLocks *locks)
{
    if (!locks)
        return;
    close(locks->fd);
    g_hash_table_unref(locks->held);
    g_mutex_clear(&locks->mutex);
    g_free(locks);
}

/* Two names share a byte once in 2^61 pairs, and would then wait for each other, no more. */
static off_t find_byte(const char *name)
{
    guint8 digest[32];
    gsize length = sizeof(digest);
    guint64 number;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)name, (gssize)strlen(name));
    g_checksum_get_digest(checksum, digest, &length);
    g_checksum_free(checksum);
    memcpy(&number, digest, sizeof(number));
    return (off_t)(number >> 2);
}

static gboolean ask_kernel(const FfarmLocks *locks, int command, short type, const char *name, struct flock *answer)
{
    *answer = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = find_byte(name), .l_len = 1};
    int result;
    do {
        result = fcntl(locks->fd, command, answer);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

gboolean ffarm_locks_take(FfarmLocks *locks, const char *name)
{
    struct flock answer;
    g_mutex_lock(&locks->mutex);
    gboolean is_taken =
        !g_hash_table_contains(locks->held, name) && ask_kernel(locks, F_OFD_SETLK, F_WRLCK, name, &answer);
    if (is_taken)
        g_hash_table_add(locks->held, g_strdup(name));
    g_mutex_unlock(&locks->mutex);
    return is_taken;
}

void ffarm_locks_wait(FfarmLocks *locks, const char *name)
{
    struct flock answer;
    ask_kernel(locks, F_OFD_SETLKW, F_WRLCK, name, &answer);
    g_mutex_lock(&locks->mutex);
    g_hash_table_add(locks->held, g_strdup(name));
    g_mutex_unlock(&locks->mutex);
}

void ffarm_locks_give_back(FfarmLocks *locks, const char *name)
{
    struct flock answer;
    g_mutex_lock(&locks->mutex);
    if (g_hash_table_remove(locks->held, name))
        ask_kernel(locks, F_OFD_SETLK, F_UNLCK, name, &answer);
    g_mutex_unlock(&locks->mutex);
}

gboolean ffarm_locks_is_held(FfarmLocks *locks, const char *name)
{
    struct flock answer;
    g_mutex_lock(&locks->mutex);
    gboolean is_held = g_hash_table_contains(locks->held, name) ||
                       (ask_kernel(locks, F_OFD_GETLK, F_WRLCK, name, &answer) && answer.l_type != F_UNLCK);
    g_mutex_unlock(&locks->mutex);
    return is_held;
}
