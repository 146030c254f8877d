/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slot.h"

typedef enum { ORDER_CHECK, ORDER_WORK, ORDER_QUIT } OrderType;

typedef struct {
    OrderType type;
    FfarmCheckFlags flags;
    char *media_folder;
    FfarmCheckNotes notes;
    FfarmLearning learning;
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
    ffarm_capability_free(news->finding);
    ffarm_decode_capability_free(news->decoder);
    g_free(news->message);
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

static void on_message(const char *message, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_MESSAGE, slot);
    news->message = g_strdup(message);
    g_async_queue_push(slot->news, news);
}

static void on_rung(const FfarmChoice *rung, const char *reason, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_RUNG, slot);
    news->choice = rung;
    news->message = g_strdup(reason);
    g_async_queue_push(slot->news, news);
}

static void on_finding(const FfarmCapability *finding, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_FINDING, slot);
    news->finding = ffarm_capability_copy(finding);
    g_async_queue_push(slot->news, news);
}

static void on_decoder(const FfarmDecodeCapability *found, gpointer user_data)
{
    FfarmSlot *slot = user_data;
    FfarmNews *news = news_new(FFARM_NEWS_DECODER, slot);
    news->decoder = ffarm_decode_capability_copy(found);
    g_async_queue_push(slot->news, news);
}

static void do_check(FfarmSlot *slot, const Order *order)
{
    g_autoptr(FfarmHostReport) report = ffarm_host_check_over(slot->runner, slot->host, order->flags,
                                                              order->media_folder, &order->notes, slot->stop, NULL);
    gboolean is_usable = report && report->is_usable;
    if (is_usable)
        report->abilities = ffarm_capability_learn(slot->runner, report, &order->learning, slot->stop, NULL);
    if (!report || (is_usable && !report->abilities))
        return;
    FfarmNews *news = news_new(FFARM_NEWS_CHECKED, slot);
    news->report = g_steal_pointer(&report);
    g_async_queue_push(slot->news, news);
    if (is_usable)
        post(slot, FFARM_NEWS_READY);
}

/* TRUE if there is a connection: it costs little to make one at once that was only dropped. */
static gboolean is_there(FfarmSlot *slot)
{
    GError *error = NULL;
    if (ffarm_runner_open(slot->runner, 0, slot->stop, &error))
        return TRUE;
    post_lost(slot, error);
    return FALSE;
}

static void do_work(FfarmSlot *slot, const Order *order)
{
    if (!is_there(slot)) {
        post(slot, FFARM_NEWS_UNTOUCHED);
        return;
    }
    FfarmNews *news = news_new(FFARM_NEWS_FINISHED, slot);
    news->outcome = ffarm_worker_do(slot->runner, &order->work, slot->stop);
    g_async_queue_push(slot->news, news);
    if (is_there(slot))
        post(slot, FFARM_NEWS_READY);
}

static gpointer run_slot(gpointer data)
{
    FfarmSlot *slot = data;
    slot->runner = ffarm_runner_new(slot->host);
    for (gboolean is_over = FALSE; !is_over;) {
        g_autoptr(Order) order = g_async_queue_pop(slot->orders);
        if (order->type == ORDER_CHECK)
            do_check(slot, order);
        else if (order->type == ORDER_WORK)
            do_work(slot, order);
        else
            is_over = TRUE;
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

void ffarm_slot_check_host(FfarmSlot *slot, FfarmCheckFlags flags, const char *media_folder,
                           const FfarmCheckNotes *notes, const FfarmLearning *learning)
{
    Order *order = g_new0(Order, 1);
    order->type = ORDER_CHECK;
    order->flags = flags;
    order->media_folder = g_strdup(media_folder);
    order->notes = *notes;
    order->learning = *learning;
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
    order->work.on_message = on_message;
    order->work.on_rung = on_rung;
    order->work.on_finding = on_finding;
    order->work.on_decoder = on_decoder;
    order->work.user_data = slot;
    give_order(slot, order);
}
