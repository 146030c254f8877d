/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tsan_glib.c — lets ThreadSanitizer see GLib's synchronisation.
 *
 * Distributions build GLib without instrumentation and on bare futexes, so that everything handed from thread to thread
 * by its locks, queues and pools looks like a data race. The functions here take the place of GLib's in a test program:
 * each calls the real one and tells ThreadSanitizer what happens before what. Built for -Db_sanitize=thread only. */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

static void *find(void **address, const char *name)
{
    void *found = __atomic_load_n(address, __ATOMIC_RELAXED);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        __atomic_store_n(address, found, __ATOMIC_RELAXED);
    }
    return found;
}

/* Declares `real`, GLib's own function of that name and type. */
#define REAL(type, name, ...)                                                                                          \
    static void *address;                                                                                              \
    type (*real)(__VA_ARGS__);                                                                                         \
    *(void **)&real = find(&address, name)

void g_mutex_lock(GMutex *mutex)
{
    REAL(void, "g_mutex_lock", GMutex *);
    real(mutex);
    __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    REAL(gboolean, "g_mutex_trylock", GMutex *);
    gboolean locked = real(mutex);
    if (locked)
        __tsan_acquire(mutex);
    return locked;
}

void g_mutex_unlock(GMutex *mutex)
{
    REAL(void, "g_mutex_unlock", GMutex *);
    __tsan_release(mutex);
    real(mutex);
}

void g_rec_mutex_lock(GRecMutex *mutex)
{
    REAL(void, "g_rec_mutex_lock", GRecMutex *);
    real(mutex);
    __tsan_acquire(mutex);
}

void g_rec_mutex_unlock(GRecMutex *mutex)
{
    REAL(void, "g_rec_mutex_unlock", GRecMutex *);
    __tsan_release(mutex);
    real(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    REAL(void, "g_cond_wait", GCond *, GMutex *);
    __tsan_release(mutex);
    real(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    REAL(gboolean, "g_cond_wait_until", GCond *, GMutex *, gint64);
    __tsan_release(mutex);
    gboolean signalled = real(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return signalled;
}

gboolean(g_once_init_enter)(volatile void *location)
{
    REAL(gboolean, "g_once_init_enter", volatile void *);
    gboolean first = real(location);
    if (!first)
        __tsan_acquire((void *)location);
    return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
    REAL(void, "g_once_init_leave", volatile void *, gsize);
    __tsan_release((void *)location);
    real(location, result);
}

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    REAL(void, "g_async_queue_push", GAsyncQueue *, gpointer);
    __tsan_release(queue);
    real(queue, data);
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
    REAL(gpointer, "g_async_queue_pop", GAsyncQueue *);
    gpointer data = real(queue);
    __tsan_acquire(queue);
    return data;
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
    REAL(gpointer, "g_async_queue_try_pop", GAsyncQueue *);
    gpointer data = real(queue);
    __tsan_acquire(queue);
    return data;
}

gpointer g_async_queue_timeout_pop(GAsyncQueue *queue, guint64 timeout)
{
    REAL(gpointer, "g_async_queue_timeout_pop", GAsyncQueue *, guint64);
    gpointer data = real(queue, timeout);
    __tsan_acquire(queue);
    return data;
}

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    REAL(gboolean, "g_atomic_ref_count_dec", gatomicrefcount *);
    __tsan_release(count);
    gboolean last = real(count);
    if (last)
        __tsan_acquire(count);
    return last;
}

/* A pool's function, run on its threads between what was pushed and what waits for the pool's end. */
typedef struct {
    GFunc func;
    gpointer user_data;
} PoolFunc;

static void run_pool_func(gpointer data, gpointer user_data)
{
    PoolFunc *pool_func = user_data;
    __tsan_acquire(pool_func);
    pool_func->func(data, pool_func->user_data);
    __tsan_release(pool_func);
}

GThreadPool *g_thread_pool_new(GFunc func, gpointer user_data, gint max_threads, gboolean exclusive, GError **error)
{
    REAL(GThreadPool *, "g_thread_pool_new", GFunc, gpointer, gint, gboolean, GError **);
    PoolFunc *pool_func = g_new(PoolFunc, 1);
    *pool_func = (PoolFunc){func, user_data};
    __tsan_release(pool_func);
    return real(run_pool_func, pool_func, max_threads, exclusive, error);
}

/* A look into a pool is not for ThreadSanitizer's eyes: the last of its threads frees it, under a lock inside GLib. */
#define NO_TSAN __attribute__((no_sanitize("thread")))

NO_TSAN gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    REAL(gboolean, "g_thread_pool_push", GThreadPool *, gpointer, GError **);
    __tsan_release(pool->user_data);
    return real(pool, data, error);
}

/* The function's wrapper is freed only where nothing can run any more. */
NO_TSAN void g_thread_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait_)
{
    REAL(void, "g_thread_pool_free", GThreadPool *, gboolean, gboolean);
    PoolFunc *pool_func = pool->user_data;
    real(pool, immediate, wait_);
    __tsan_acquire(pool_func);
    if (wait_)
        g_free(pool_func);
}

/* A callback that another thread's main context will call. */
typedef struct {
    GSourceFunc func;
    gpointer data;
    GDestroyNotify notify;
} Callback;

static gboolean run_callback(gpointer data)
{
    Callback *callback = data;
    __tsan_acquire(callback);
    return callback->func(callback->data);
}

static void free_callback(gpointer data)
{
    Callback *callback = data;
    __tsan_acquire(callback);
    if (callback->notify)
        callback->notify(callback->data);
    g_free(callback);
}

static Callback *wrap_callback(GSourceFunc func, gpointer data, GDestroyNotify notify)
{
    Callback *callback = g_new(Callback, 1);
    *callback = (Callback){func, data, notify};
    __tsan_release(callback);
    return callback;
}

void g_main_context_invoke_full(GMainContext *context, gint priority, GSourceFunc func, gpointer data,
                                GDestroyNotify notify)
{
    REAL(void, "g_main_context_invoke_full", GMainContext *, gint, GSourceFunc, gpointer, GDestroyNotify);
    real(context, priority, run_callback, wrap_callback(func, data, notify), free_callback);
}

void g_main_context_invoke(GMainContext *context, GSourceFunc func, gpointer data)
{
    g_main_context_invoke_full(context, G_PRIORITY_DEFAULT, func, data, NULL);
}
