/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slot.h"

#include "host_check_private.h"

/* After a loss the host gets some time to come back (a restarted sshd, a cable), in which others take the jobs. */
static const guint reopen_after_s[] = {0, 2, 10, 30};

typedef enum { ORDER_CHECK, ORDER_WORK, ORDER_QUIT } OrderType;

typedef struct {
    OrderType type;
    FfarmCheckFlags flags;
    char *media_folder;
    FfarmWork work;
} Order;

struct FfarmSlot {
    const FfarmHost *host;
    GAsyncQueue *orders; /* of Order */
    GAsyncQueue *news;
    GCancellable *stop;
    FfarmRunner *runner; /* the thread's alone */
    GThread *thread;
};

static void order_free(gpointer data)
{
    Order *order = data;
    if (order)
        g_free(order->media_folder);
    g_free(order);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_free)

void ffarm_news_free(FfarmNews *news)
{
    if (!news)
        return;
    ffarm_host_report_free(news->report);
    ffarm_outcome_free(news->outcome);
    g_clear_error(&news->error);
    g_free(news);
}

static FfarmNews *news_new(FfarmNewsType type, FfarmSlot *slot)
{
    FfarmNews *news = g_new0(FfarmNews, 1);
    news->type = type;
    news->slot = slot;
    return news;
}

static void post(FfarmSlot *slot, FfarmNewsType type)
{
    g_async_queue_push(slot->news, news_new(type, slot));
}

static void post_lost(FfarmSlot *slot, GError *error)
{
    FfarmNews *news = news_new(FFARM_NEWS_LOST, slot);
    news->error = error;
    g_async_queue_push(slot->news, news);
}

static void on_state(FfarmJobState state, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_STATE, slot);
    news->state = state;
    g_async_queue_push(slot->news, news);
}

static void on_progress(const FfarmProgress *progress, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_PROGRESS, slot);
    news->progress = *progress;
    g_async_queue_push(slot->news, news);
}

static void on_transfer(gint64 done_bytes, gint64 total_bytes, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_TRANSFER, slot);
    news->done_bytes = done_bytes;
    news->total_bytes = total_bytes;
    g_async_queue_push(slot->news, news);
}

/* Waits until it is worth another try. Returns: FALSE if the slot is to quit meanwhile; nobody gives it work while it
 * is away. */
static gboolean wait_before_reopening(FfarmSlot *slot, guint seconds)
{
    if (seconds == 0)
        return TRUE;
    g_autoptr(Order) order = g_async_queue_timeout_pop(slot->orders, (guint64)seconds * G_USEC_PER_SEC);
    return !order;
}

/* Returns: FALSE with @error when the connection is gone for good, without when the slot is to quit. */
static gboolean reopen(FfarmSlot *slot, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reopen_after_s); i++) {
        if (!wait_before_reopening(slot, reopen_after_s[i]))
            return FALSE;
        gboolean is_last = i + 1 == G_N_ELEMENTS(reopen_after_s);
        g_autoptr(GError) inner = NULL;
        if (ffarm_runner_open(slot->runner, 0, slot->stop, &inner))
            return TRUE;
        if (g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            return FALSE;
        if (is_last)
            g_propagate_error(error, g_steal_pointer(&inner));
    }
    return FALSE;
}

/* Returns: TRUE if the slot goes on. */
static gboolean do_check(FfarmSlot *slot, const Order *order)
{
    FfarmHostReport *report =
        ffarm_host_check_over(slot->runner, slot->host, order->flags, order->media_folder, slot->stop, NULL);
    if (!report)
        return FALSE;
    gboolean is_usable = report->is_usable;
    FfarmNews *news = news_new(FFARM_NEWS_CHECKED, slot);
    news->report = report;
    g_async_queue_push(slot->news, news);
    if (is_usable)
        post(slot, FFARM_NEWS_READY);
    return is_usable;
}

static gboolean do_work(FfarmSlot *slot, const Order *order)
{
    g_autoptr(GError) error = NULL;
    if (!ffarm_runner_open(slot->runner, 0, slot->stop, &error)) {
        post_lost(slot, g_steal_pointer(&error));
        post(slot, FFARM_NEWS_UNTOUCHED);
        return FALSE;
    }
    FfarmNews *news = news_new(FFARM_NEWS_FINISHED, slot);
    news->outcome = ffarm_worker_do(slot->runner, &order->work, slot->stop);
    g_async_queue_push(slot->news, news);
    if (!ffarm_runner_is_open(slot->runner) && !reopen(slot, &error)) {
        if (error)
            post_lost(slot, g_steal_pointer(&error));
        return FALSE;
    }
    post(slot, FFARM_NEWS_READY);
    return TRUE;
}

static gpointer run_slot(gpointer data)
{
    FfarmSlot *slot = data;
    slot->runner = ffarm_runner_new(slot->host);
    gboolean goes_on = TRUE;
    while (goes_on) {
        g_autoptr(Order) order = g_async_queue_pop(slot->orders);
        if (order->type == ORDER_CHECK)
            goes_on = do_check(slot, order);
        else if (order->type == ORDER_WORK)
            goes_on = do_work(slot, order);
        else
            goes_on = FALSE;
    }
    g_clear_pointer(&slot->runner, ffarm_runner_free);
    return NULL;
}

FfarmSlot *ffarm_slot_new(const FfarmHost *host, GAsyncQueue *news, GCancellable *stop)
{
    FfarmSlot *slot = g_new0(FfarmSlot, 1);
    slot->host = host;
    slot->orders = g_async_queue_new_full(order_free);
    slot->news = news;
    slot->stop = stop;
    return slot;
}

static void give_order(FfarmSlot *slot, Order *order)
{
    g_async_queue_push(slot->orders, order);
    if (!slot->thread)
        slot->thread = g_thread_new("slot", run_slot, slot);
}

void ffarm_slot_free(FfarmSlot *slot)
{
    if (!slot)
        return;
    if (slot->thread) {
        Order *order = g_new0(Order, 1);
        order->type = ORDER_QUIT;
        give_order(slot, order);
        g_thread_join(slot->thread);
    }
    g_async_queue_unref(slot->orders);
    g_free(slot);
}

void ffarm_slot_check_host(FfarmSlot *slot, FfarmCheckFlags flags, const char *media_folder)
{
    Order *order = g_new0(Order, 1);
    order->type = ORDER_CHECK;
    order->flags = flags;
    order->media_folder = g_strdup(media_folder);
    give_order(slot, order);
}

void ffarm_slot_give(FfarmSlot *slot, const FfarmWork *work)
{
    Order *order = g_new0(Order, 1);
    order->type = ORDER_WORK;
    order->work = *work;
    order->work.on_state = on_state;
    order->work.on_progress = on_progress;
    order->work.on_transfer = on_transfer;
    order->work.user_data = slot;
    give_order(slot, order);
}
