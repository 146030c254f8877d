/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm.h"

#include "farm_private.h"
#include "error.h"
#include "estimate.h"
#include "notify.h"
#include "settle.h"
#include "trash.h"

static void on_cancelled(FfarmFarm *farm)
{
    farm->is_cancelled = TRUE;
    ffarm_farm_cancel_waiting(farm, NULL);
}

static void on_drained(FfarmFarm *farm)
{
    if (farm->is_cancelled)
        return;
    farm->is_draining = TRUE;
    g_autofree char *text =
        g_strdup_printf("stopping: nothing new starts, %u that run go on to their end", farm->running);
    ffarm_farm_tell_message(farm, text, FALSE);
    ffarm_farm_cancel_waiting(farm, "stopped before its turn");
}

static void handle(FfarmFarm *farm, FfarmNews *news)
{
    FfarmMember *member = news->slot ? ffarm_roster_find(farm->roster, news->slot) : NULL;
    switch (news->type) {
    case FFARM_NEWS_CHECKED:
        ffarm_farm_on_checked(farm, member, news->report);
        break;
    case FFARM_NEWS_STATE:
        ffarm_farm_on_state(farm, member, news->state);
        break;
    case FFARM_NEWS_PROGRESS:
        ffarm_farm_note_begun(farm, member, &news->progress);
        if (news->progress.eta_us >= 0)
            ffarm_dispatch_set_left(farm->dispatch, member->seat, (double)news->progress.eta_us / G_USEC_PER_SEC);
        ffarm_farm_tell_progress(farm, member, &news->progress);
        break;
    case FFARM_NEWS_TRANSFER:
        ffarm_farm_tell_transfer(farm, member, news);
        break;
    case FFARM_NEWS_MESSAGE:
        ffarm_farm_tell_message(farm, news->message, FALSE);
        break;
    case FFARM_NEWS_RUNG:
        ffarm_farm_on_rung(farm, member, news->choice, news->message);
        break;
    case FFARM_NEWS_FINDING:
        ffarm_farm_on_finding(farm, member, news->finding);
        break;
    case FFARM_NEWS_DECODER:
        ffarm_farm_on_decoder(farm, member, news->decoder);
        break;
    case FFARM_NEWS_FINISHED:
        ffarm_farm_on_finished(farm, member, news->outcome);
        break;
    case FFARM_NEWS_READY:
        ffarm_roster_make_idle(farm->roster, member);
        break;
    case FFARM_NEWS_UNTOUCHED:
        ffarm_farm_on_untouched(farm, member);
        break;
    case FFARM_NEWS_LOST:
        ffarm_farm_on_lost(farm, member, news->error);
        break;
    case FFARM_NEWS_CANCELLED:
        on_cancelled(farm);
        break;
    case FFARM_NEWS_DRAINED:
        on_drained(farm);
        break;
    }
}

/* Beginning. */

static gint compare_length(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const FfarmFarm *farm = user_data;
    const FfarmMedia *left = (*(FfarmJob *const *)a)->item->media, *right = (*(FfarmJob *const *)b)->item->media;
    double difference = ffarm_estimate_work(left) - ffarm_estimate_work(right);
    if (difference == 0)
        difference = (double)(left->duration_us - right->duration_us);
    if (difference == 0)
        difference = (double)(left->size_bytes - right->size_bytes);
    int sign = difference < 0 ? -1 : difference > 0;
    return farm->plan->order == FFARM_ORDER_LONGEST ? -sign : sign;
}

/* Somebody may still be writing @job's film: it waits until that is long enough ago. Whether it has changed since it
 * was probed is looked at when its turn comes. Returns: FALSE if it is old enough. */
static gboolean let_settle(FfarmFarm *farm, FfarmJob *job)
{
    gint64 wait_us =
        ffarm_settle_wait_us(job->item->media->mtime_ns, g_get_real_time(), farm->plan->settings->settle_time);
    if (wait_us == 0)
        return FALSE;
    ffarm_alarms_set(farm->alarms, FFARM_ALARM_SETTLE, job, g_get_monotonic_time() + wait_us);
    return TRUE;
}

static void tell_settling(const FfarmFarm *farm)
{
    g_autoptr(GPtrArray) jobs = ffarm_alarms_list(farm->alarms, FFARM_ALARM_SETTLE);
    if (jobs->len == 0)
        return;
    const FfarmJob *first = g_ptr_array_index(jobs, 0);
    g_autofree char *name = g_filename_display_name(first->item->input->path);
    g_autofree char *others = jobs->len > 1 ? g_strdup_printf(" and %u more", jobs->len - 1) : g_strdup("");
    g_autofree char *text =
        g_strdup_printf("%s%s: written to just now, so left alone for %u s, in case it is not complete", name, others,
                        farm->plan->settings->settle_time);
    ffarm_farm_tell_message(farm, text, FALSE);
}

/* Everything that is to be encoded waits, in the order asked for (equals as given); the rest is told of at once. */
static void queue_all(FfarmFarm *farm)
{
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    for (guint i = 0; i < farm->plan->items->len; i++) {
        FfarmJob *job = ffarm_job_new(g_ptr_array_index(farm->plan->items, i));
        g_ptr_array_add(farm->jobs, job);
        if (job->item->status == FFARM_PLAN_ENCODE)
            g_ptr_array_add(order, job);
    }
    if (farm->plan->order != FFARM_ORDER_GIVEN)
        g_ptr_array_sort_with_data(order, compare_length, farm);
    farm->unfinished = order->len;
    for (guint i = 0; i < order->len; i++) {
        FfarmJob *job = g_ptr_array_index(order, i);
        farm->ranks[job->item->id] = i;
        if (!let_settle(farm, job))
            ffarm_farm_queue(farm, job);
        ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, job, NULL);
    }
    tell_settling(farm);
}

/* TRUE for a film that ends too early, and was written to just now: the rest may still be on its way. */
static gboolean may_grow(const FfarmFarm *farm, const FfarmPlanItem *item)
{
    const FfarmMedia *media = item->media;
    gboolean is_short = FALSE;
    for (guint i = 0; i < media->problems->len; i++)
        is_short |= ((const FfarmProblem *)g_ptr_array_index(media->problems, i))->kind == FFARM_PROBLEM_TRUNCATED;
    return item->status == FFARM_PLAN_INVALID && is_short &&
           ffarm_settle_wait_us(media->mtime_ns, g_get_real_time(), farm->plan->settings->settle_time) > 0;
}

static void end_other(FfarmFarm *farm, FfarmJob *job)
{
    const FfarmPlanItem *item = job->item;
    if (item->status == FFARM_PLAN_SKIP || item->status == FFARM_PLAN_UNMATCHED) {
        ffarm_farm_end_job(farm, job, FFARM_JOB_SKIPPED);
        return;
    }
    gboolean grows = may_grow(farm, item);
    ffarm_farm_set_error(job, g_error_new_literal(FFARM_JOB_ERROR,
                                                  grows ? FFARM_JOB_ERROR_UNSETTLED : FFARM_JOB_ERROR_SOURCE,
                                                  item->reason ? item->reason : ffarm_plan_status_name(item->status)));
    ffarm_farm_end_job(farm, job, grows ? FFARM_JOB_CANCELLED : FFARM_JOB_FAILED);
}

static void end_others(FfarmFarm *farm)
{
    for (guint i = 0; i < farm->jobs->len; i++) {
        FfarmJob *job = g_ptr_array_index(farm->jobs, i);
        if (job->item->status != FFARM_PLAN_ENCODE)
            end_other(farm, job);
    }
}

static void farm_init(FfarmFarm *farm, const FfarmPlan *plan, const FfarmFarmOptions *options, FfarmSummary *summary)
{
    *summary = (FfarmSummary){0};
    farm->plan = plan;
    farm->options = options;
    farm->summary = summary;
    farm->news = g_async_queue_new_full((GDestroyNotify)ffarm_news_free);
    farm->stop = g_cancellable_new();
    farm->alarms = ffarm_alarms_new();
    farm->space = ffarm_space_new();
    farm->devices = ffarm_device_book_new();
    farm->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    farm->misses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    farm->wants = ffarm_wants_new(plan->settings);
    farm->dispatch = ffarm_dispatch_new(plan);
    farm->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_job_free);
    farm->roster = ffarm_roster_new(farm->dispatch);
    farm->ranks = g_new0(guint, MAX(plan->items->len, 1));
}

static void farm_clear(FfarmFarm *farm)
{
    ffarm_roster_free(farm->roster);
    g_ptr_array_unref(farm->jobs);
    ffarm_dispatch_free(farm->dispatch);
    ffarm_alarms_free(farm->alarms);
    ffarm_space_free(farm->space);
    ffarm_device_book_free(farm->devices);
    g_hash_table_unref(farm->told);
    g_hash_table_unref(farm->misses);
    ffarm_wants_free(farm->wants);
    g_async_queue_unref(farm->news);
    g_object_unref(farm->stop);
    g_free(farm->ranks);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FfarmFarm, farm_clear)

static void post_to_self(FfarmFarm *farm, FfarmNewsType type)
{
    FfarmNews *news = g_new0(FfarmNews, 1);
    news->type = type;
    g_async_queue_push(farm->news, news);
}

/* On whichever thread cancels: stops the slots, and wakes the farm to call off what waits. */
static void on_cancellable(GCancellable *cancellable, gpointer user_data)
{
    FfarmFarm *farm = user_data;
    /* First the word, then the deed: what the slots say of being stopped is read as that. */
    post_to_self(farm, FFARM_NEWS_CANCELLED);
    g_cancellable_cancel(farm->stop);
}

static void on_drain(GCancellable *drain, gpointer user_data)
{
    post_to_self(user_data, FFARM_NEWS_DRAINED);
}

/* Waits for news until the next alarm. Returns: NULL when it is time for that. */
static FfarmNews *wait_for_news(FfarmFarm *farm)
{
    gint64 due_us = ffarm_alarms_next_us(farm->alarms);
    if (due_us < 0)
        return g_async_queue_pop(farm->news);
    gint64 left_us = due_us - g_get_monotonic_time();
    return left_us > 0 ? g_async_queue_timeout_pop(farm->news, (guint64)left_us) : g_async_queue_try_pop(farm->news);
}

/* Returns: TRUE if anything was due. */
static gboolean ring(FfarmFarm *farm)
{
    gboolean has_rung = FALSE;
    FfarmAlarmType type;
    gpointer subject;
    while (ffarm_alarms_take(farm->alarms, g_get_monotonic_time(), &type, &subject)) {
        if (type == FFARM_ALARM_HOST)
            ffarm_farm_ask_again(farm, subject);
        else if (type == FFARM_ALARM_DEVICE)
            ffarm_farm_look_at_devices(farm);
        else if (type == FFARM_ALARM_GIVE_UP)
            ffarm_farm_give_up_hosts(farm);
        else
            ffarm_farm_queue(farm, subject);
        has_rung = TRUE;
    }
    return has_rung;
}

/* TRUE for what changes nothing about who may do what. */
static gboolean is_small_talk(const FfarmNews *news)
{
    return news->type == FFARM_NEWS_PROGRESS || news->type == FFARM_NEWS_TRANSFER || news->type == FFARM_NEWS_STATE;
}

static void do_next(FfarmFarm *farm)
{
    g_autoptr(FfarmNews) news = wait_for_news(farm);
    if (news)
        handle(farm, news);
    if (farm->is_cancelled || farm->is_draining)
        return;
    gboolean has_rung = ring(farm);
    if (!has_rung && news && is_small_talk(news))
        return;
    ffarm_farm_hand_out(farm);
    ffarm_farm_watch_standstill(farm);
}

static gboolean goes_on(const FfarmFarm *farm)
{
    if (farm->unfinished > 0 || farm->is_cancelled || farm->is_draining)
        return farm->unfinished > 0;
    /* With no job left it may still be open whether any host can be used, which the exit status tells. */
    return ffarm_roster_is_awaited(farm->roster) && !ffarm_roster_was_usable(farm->roster);
}

static gulong listen(GCancellable *cancellable, GCallback callback, FfarmFarm *farm)
{
    return cancellable ? g_cancellable_connect(cancellable, callback, farm, NULL) : 0;
}

static void run_to_the_end(FfarmFarm *farm, GCancellable *cancellable)
{
    gulong cancelled = listen(cancellable, G_CALLBACK(on_cancellable), farm);
    gulong drained = listen(farm->options->drain, G_CALLBACK(on_drain), farm);
    ffarm_farm_check_hosts(farm);
    while (goes_on(farm))
        do_next(farm);
    g_cancellable_disconnect(farm->options->drain, drained);
    g_cancellable_disconnect(cancellable, cancelled);
    g_cancellable_cancel(farm->stop);
}

static void notify(const FfarmFarm *farm, GCancellable *cancellable)
{
    const FfarmSettings *settings = farm->plan->settings;
    gboolean is_replaced = farm->summary->done > 0 && !farm->plan->output_dir;
    if (!is_replaced || !settings->plex_server || farm->is_cancelled)
        return;
    g_autoptr(GError) error = NULL;
    if (!ffarm_notify_plex(settings->plex_server, settings->plex_token, cancellable, &error))
        ffarm_farm_tell_message(farm, error->message, TRUE);
}

/* Removes what has been in the trash for longer than the configuration says. */
static void empty_trash(const FfarmFarm *farm)
{
    const FfarmSettings *settings = farm->plan->settings;
    if (settings->trash_days == 0)
        return;
    g_autoptr(GPtrArray) sources = g_ptr_array_new();
    g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < farm->plan->items->len; i++)
        g_ptr_array_add(sources, ((const FfarmPlanItem *)g_ptr_array_index(farm->plan->items, i))->input->path);
    guint n_removed = ffarm_trash_empty_all(settings->trash_dir, sources, settings->trash_days,
                                            g_get_real_time() / G_USEC_PER_SEC, remarks);
    for (guint i = 0; i < remarks->len; i++)
        ffarm_farm_tell_message(farm, g_ptr_array_index(remarks, i), TRUE);
    g_autofree char *text =
        g_strdup_printf("%u original%s removed from the trash", n_removed, n_removed == 1 ? "" : "s");
    if (n_removed > 0)
        ffarm_farm_tell_message(farm, text, FALSE);
}

gboolean ffarm_farm_run(const FfarmPlan *plan, const FfarmFarmOptions *options, FfarmSummary *summary,
                        GCancellable *cancellable, GError **error)
{
    gint64 begin_us = g_get_monotonic_time();
    g_auto(FfarmFarm) farm = {0};
    farm_init(&farm, plan, options, summary);
    empty_trash(&farm);
    queue_all(&farm);
    end_others(&farm);
    gboolean ok = TRUE;
    if (farm.unfinished > 0) {
        for (guint i = 0; i < plan->hosts->len; i++) {
            ffarm_roster_add(farm.roster, g_ptr_array_index(plan->hosts, i), farm.news, farm.stop);
            ffarm_farm_know(&farm, g_ptr_array_index(plan->hosts, i), NULL);
        }
        ffarm_farm_end_orphans(&farm);
        run_to_the_end(&farm, cancellable);
        ok = ffarm_farm_sum_up_hosts(&farm, error);
        notify(&farm, cancellable);
    }
    summary->elapsed_us = g_get_monotonic_time() - begin_us;
    return ok;
}
