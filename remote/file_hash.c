/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file_hash.h"

#include <errno.h>
#include <unistd.h>

#define PIECE_BYTES ((gint64)1024 * 1024)

struct FileHash {
    int fd;
    GThread *thread;
    GMutex mutex; /* what follows */
    GCond changed;
    gint64 ready_bytes;
    gint64 hashed_bytes;
    int problem; /* errno that ended the thread; 0 */
    gboolean is_stopping, is_cancelled;
    /* The thread's own, until it has hashed what is asked for. */
    GChecksum *checksum;
};

/* Waits for work. Returns: how many bytes there are to hash now; 0 at the end. */
static gint64 wait_for_bytes(FileHash *hash)
{
    g_mutex_lock(&hash->mutex);
    while (!hash->is_stopping && hash->ready_bytes <= hash->hashed_bytes)
        g_cond_wait(&hash->changed, &hash->mutex);
    gint64 bytes = hash->is_stopping ? 0 : MIN(hash->ready_bytes - hash->hashed_bytes, PIECE_BYTES);
    g_mutex_unlock(&hash->mutex);
    return bytes;
}

static void note(FileHash *hash, gssize count, int problem)
{
    g_mutex_lock(&hash->mutex);
    hash->hashed_bytes += MAX(count, 0);
    hash->problem = problem;
    g_cond_broadcast(&hash->changed);
    g_mutex_unlock(&hash->mutex);
}

static gpointer run(gpointer data)
{
    FileHash *hash = data;
    g_autofree guint8 *buffer = g_malloc(PIECE_BYTES);
    gint64 offset = 0;
    for (gint64 wanted; (wanted = wait_for_bytes(hash)) > 0;) {
        ssize_t count = pread(hash->fd, buffer, (gsize)wanted, offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            note(hash, 0, count < 0 ? errno : ENODATA);
            break;
        }
        g_checksum_update(hash->checksum, buffer, count);
        offset += count;
        note(hash, count, 0);
    }
    return NULL;
}

FileHash *file_hash_new(int fd)
{
    FileHash *hash = g_new0(FileHash, 1);
    hash->fd = fd;
    hash->checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_mutex_init(&hash->mutex);
    g_cond_init(&hash->changed);
    hash->thread = g_thread_new("file hash", run, hash);
    return hash;
}

void file_hash_free(FileHash *hash)
{
    if (!hash)
        return;
    g_mutex_lock(&hash->mutex);
    hash->is_stopping = TRUE;
    g_cond_broadcast(&hash->changed);
    g_mutex_unlock(&hash->mutex);
    g_thread_join(hash->thread);
    g_checksum_free(hash->checksum);
    g_cond_clear(&hash->changed);
    g_mutex_clear(&hash->mutex);
    g_free(hash);
}

void file_hash_advance(FileHash *hash, gint64 bytes)
{
    g_mutex_lock(&hash->mutex);
    hash->ready_bytes = MAX(hash->ready_bytes, bytes);
    g_cond_broadcast(&hash->changed);
    g_mutex_unlock(&hash->mutex);
}

static void on_cancelled(GCancellable *cancellable, gpointer user_data)
{
    FileHash *hash = user_data;
    g_mutex_lock(&hash->mutex);
    hash->is_cancelled = TRUE;
    g_cond_broadcast(&hash->changed);
    g_mutex_unlock(&hash->mutex);
}

char *file_hash_finish(FileHash *hash, gint64 total_bytes, GCancellable *cancellable, GError **error)
{
    gulong handler = cancellable ? g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled), hash, NULL) : 0;
    file_hash_advance(hash, total_bytes);
    g_mutex_lock(&hash->mutex);
    while (hash->hashed_bytes < total_bytes && !hash->problem && !hash->is_cancelled)
        g_cond_wait(&hash->changed, &hash->mutex);
    gboolean is_done = hash->hashed_bytes == total_bytes;
    int problem = hash->problem;
    g_mutex_unlock(&hash->mutex);
    if (handler)
        g_cancellable_disconnect(cancellable, handler);
    if (is_done)
        return g_strdup(g_checksum_get_string(hash->checksum));
    if (problem)
        g_set_error_literal(error, G_IO_ERROR, (gint)g_io_error_from_errno(problem),
                            problem == ENODATA ? "it became shorter" : g_strerror(problem));
    else
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
    return NULL;
}
