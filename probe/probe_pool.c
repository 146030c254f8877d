/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prober.h"

/* Results that may wait for an earlier one, per thread. */
#define WINDOW_PER_THREAD 4
#define MOST_THREADS 16

typedef struct {
    FfarmMedia *media;
    gboolean is_done;
} Slot;

typedef struct {
    const char *const *paths;
    guint timeout_ms;
    GCancellable *cancellable;
    guint window;
    GMutex lock;
    GCond done;
    Slot *slots; /* of file N at N modulo window; protected by lock */
} Pool;

/* GThreadPool takes no NULL, so that positions travel as position + 1. */
static void probe_one(gpointer data, gpointer user_data)
{
    Pool *pool = user_data;
    guint position = GPOINTER_TO_UINT(data) - 1;
    FfarmMedia *media = ffarm_probe_file(pool->paths[position], pool->timeout_ms, pool->cancellable, NULL);
    g_mutex_lock(&pool->lock);
    pool->slots[position % pool->window] = (Slot){media, TRUE};
    g_cond_signal(&pool->done);
    g_mutex_unlock(&pool->lock);
}

/* Waits for the result of the file at @position. Returns: NULL if it was cancelled. */
static FfarmMedia *take_result(Pool *pool, guint position)
{
    g_mutex_lock(&pool->lock);
    Slot *slot = &pool->slots[position % pool->window];
    while (!slot->is_done)
        g_cond_wait(&pool->done, &pool->lock);
    FfarmMedia *media = g_steal_pointer(&slot->media);
    slot->is_done = FALSE;
    g_mutex_unlock(&pool->lock);
    return media;
}

gboolean ffarm_probe_files(const char *const *paths, guint n_paths, guint n_threads, guint timeout_ms,
                           FfarmProbeFunc func, gpointer user_data, GCancellable *cancellable, GError **error)
{
    guint threads = n_threads ? n_threads : MIN(g_get_num_processors(), MOST_THREADS);
    Pool pool = {
        .paths = paths, .timeout_ms = timeout_ms, .cancellable = cancellable, .window = threads * WINDOW_PER_THREAD};
    g_mutex_init(&pool.lock);
    g_cond_init(&pool.done);
    pool.slots = g_new0(Slot, pool.window);
    GThreadPool *workers = g_thread_pool_new(probe_one, &pool, (int)threads, FALSE, NULL);

    guint pushed = 0, taken = 0, delivered = 0;
    gboolean cancelled = FALSE;
    while (taken < pushed || (pushed < n_paths && !cancelled)) {
        while (pushed < n_paths && !cancelled && pushed - taken < pool.window)
            g_thread_pool_push(workers, GUINT_TO_POINTER(++pushed), NULL);
        FfarmMedia *media = take_result(&pool, taken);
        cancelled |= media == NULL;
        if (media && !cancelled)
            func(media, delivered++, user_data);
        else
            ffarm_media_free(media);
        taken++;
    }
    g_thread_pool_free(workers, FALSE, TRUE);
    g_free(pool.slots);
    g_cond_clear(&pool.done);
    g_mutex_clear(&pool.lock);
    if (cancelled)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "probing was cancelled after %u of %u files", delivered,
                    n_paths);
    return !cancelled;
}
