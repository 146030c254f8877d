/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker_pool.h"

typedef struct {
    GMutex lock;
    GCond changed; /* a worker is free, or a call was cancelled */
    gboolean is_on;
    GStrv argv;       /* stays when workers are switched off, for calls on their way */
    guint generation; /* counts changes of argv: workers of older ones are not taken back */
    GQueue idle;      /* of ProbeWorker */
    guint n_workers;  /* idle and lent */
} Pool;

static Pool pool = {.idle = G_QUEUE_INIT}; /* all protected by its lock */

typedef struct {
    ProbeWorker *worker; /* NULL: still to be started */
    GStrv argv;
    guint generation;
} Loan;

gboolean worker_pool_is_on(void)
{
    g_mutex_lock(&pool.lock);
    gboolean is_on = pool.is_on;
    g_mutex_unlock(&pool.lock);
    return is_on;
}

static guint most_workers(void)
{
    return MIN(2 * g_get_num_processors(), WORKER_POOL_MOST);
}

void worker_pool_set(const char *const *argv)
{
    g_mutex_lock(&pool.lock);
    GQueue old = pool.idle;
    g_queue_init(&pool.idle);
    pool.n_workers -= old.length;
    pool.is_on = argv != NULL;
    if (argv) {
        g_strfreev(pool.argv);
        pool.argv = g_strdupv((char **)argv);
    }
    pool.generation++;
    g_cond_broadcast(&pool.changed);
    g_mutex_unlock(&pool.lock);
    g_queue_clear_full(&old, (GDestroyNotify)probe_worker_free);
}

static void wake_up(void)
{
    g_mutex_lock(&pool.lock);
    g_cond_broadcast(&pool.changed);
    g_mutex_unlock(&pool.lock);
}

/* Waits until there is a worker, or room for one. Returns: FALSE when cancelled. */
static gboolean borrow(Loan *loan, GCancellable *cancellable)
{
    gulong waker = cancellable ? g_cancellable_connect(cancellable, G_CALLBACK(wake_up), NULL, NULL) : 0;
    g_mutex_lock(&pool.lock);
    while (!g_cancellable_is_cancelled(cancellable) && pool.idle.length == 0 && pool.n_workers >= most_workers())
        g_cond_wait(&pool.changed, &pool.lock);
    gboolean is_cancelled = g_cancellable_is_cancelled(cancellable);
    if (!is_cancelled) {
        *loan = (Loan){g_queue_pop_head(&pool.idle), g_strdupv(pool.argv), pool.generation};
        pool.n_workers += loan->worker == NULL;
    }
    g_mutex_unlock(&pool.lock);
    g_cancellable_disconnect(cancellable, waker);
    return !is_cancelled;
}

/* @outcome: of the last task. */
static void give_back(Loan *loan, ProbeWorkerOutcome outcome)
{
    g_mutex_lock(&pool.lock);
    gboolean is_wanted = outcome == PROBE_WORKER_ANSWERED && loan->generation == pool.generation &&
                         probe_worker_count(loan->worker) < WORKER_POOL_FILES;
    if (is_wanted)
        g_queue_push_head(&pool.idle, g_steal_pointer(&loan->worker));
    else
        pool.n_workers--;
    g_cond_signal(&pool.changed);
    g_mutex_unlock(&pool.lock);
    probe_worker_free(loan->worker);
    g_strfreev(loan->argv);
}

/* Lets the borrowed worker, or a new one in its place, carry out @order. */
static ProbeWorkerOutcome try_order(Loan *loan, const ProbeOrder *order, char **words)
{
    g_autoptr(GError) error = NULL;
    if (!loan->worker)
        loan->worker = probe_worker_new((const char *const *)loan->argv, order->cancellable, &error);
    if (!loan->worker && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return PROBE_WORKER_CANCELLED;
    if (!loan->worker) {
        *words = g_strdup_printf("there is no process to look at it, %s", error->message);
        return PROBE_WORKER_FAILED;
    }
    return probe_worker_ask(loan->worker, order, words);
}

ProbeWorkerOutcome worker_pool_ask(const ProbeOrder *order, char **words)
{
    Loan loan;
    if (!borrow(&loan, order->cancellable))
        return PROBE_WORKER_CANCELLED;
    gboolean was_used = loan.worker && probe_worker_count(loan.worker) > 0;
    ProbeWorkerOutcome outcome = try_order(&loan, order, words);
    if (outcome == PROBE_WORKER_FAILED && was_used) {
        g_clear_pointer(&loan.worker, probe_worker_free);
        g_clear_pointer(words, g_free);
        outcome = try_order(&loan, order, words);
    }
    give_back(&loan, outcome);
    return outcome;
}

gboolean worker_pool_try(GCancellable *cancellable, GError **error)
{
    Loan loan;
    if (!borrow(&loan, cancellable)) {
        g_cancellable_set_error_if_cancelled(cancellable, error);
        return FALSE;
    }
    if (!loan.worker)
        loan.worker = probe_worker_new((const char *const *)loan.argv, cancellable, error);
    gboolean is_there = loan.worker != NULL;
    give_back(&loan, is_there ? PROBE_WORKER_ANSWERED : PROBE_WORKER_FAILED);
    return is_there;
}
