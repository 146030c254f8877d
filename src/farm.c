/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm.h"

#include "dispatch.h"
#include "error.h"
#include "notify.h"
#include "roster.h"
#include "runner.h"
#include "slot.h"

#define DEFAULT_STALL_MS 120000

typedef struct {
    const FfarmPlan *plan;
    const FfarmFarmOptions *options;
    FfarmSummary *summary;
    GAsyncQueue *news;  /* of FfarmNews, from the slots */
    GCancellable *stop; /* fires with the caller's cancellable, and at the end */
    FfarmDispatch *dispatch;
    GPtrArray *jobs; /* of FfarmJob, by item id */
    FfarmRoster *roster;
    guint *ranks; /* by item id: place in the order of handing out */
    guint unfinished, running;
    gboolean is_cancelled;
} Farm;

/* Telling. */

static void tell(const Farm *farm, const FfarmEvent *event)
{
    if (farm->options->on_event)
        farm->options->on_event(event, farm->options->user_data);
}

static void tell_message(const Farm *farm, const char *message, gboolean is_warning)
{
    FfarmEvent event = {.type = FFARM_EVENT_MESSAGE, .message = message, .is_warning = is_warning};
    tell(farm, &event);
}

static void tell_job(const Farm *farm, FfarmEventType type, const FfarmJob *job, const FfarmMember *member)
{
    FfarmEvent event = {.type = type, .job = job};
    if (member) {
        event.host = member->crew->host;
        event.choice = member->choice;
    }
    tell(farm, &event);
}

/* Ends of jobs. */

static void count_end(FfarmSummary *summary, const FfarmJob *job)
{
    guint *counters[] = {
        [FFARM_JOB_DONE] = &summary->done,       [FFARM_JOB_KEPT] = &summary->kept,
        [FFARM_JOB_SKIPPED] = &summary->skipped, [FFARM_JOB_BELOW_THRESHOLD] = &summary->below_threshold,
        [FFARM_JOB_FAILED] = &summary->failed,   [FFARM_JOB_CANCELLED] = &summary->cancelled,
    };
    (*counters[job->state])++;
    if (job->state == FFARM_JOB_DONE || job->state == FFARM_JOB_KEPT) {
        summary->source_bytes += job->item->media->size_bytes;
        summary->output_bytes += job->output_size;
    }
}

static void end_job(Farm *farm, FfarmJob *job, FfarmJobState state)
{
    ffarm_job_go(job, state);
    count_end(farm->summary, job);
    if (job->item->status == FFARM_PLAN_ENCODE)
        farm->unfinished--;
    FfarmEvent event = {.type = FFARM_EVENT_JOB, .job = job, .host = job->host};
    tell(farm, &event);
    event.type = FFARM_EVENT_RESULT;
    tell(farm, &event);
}

static void set_error(FfarmJob *job, GError *error)
{
    g_clear_error(&job->error);
    job->error = error;
}

/* Why nobody is left for @job: its own last failure, or what became of its cluster's hosts. */
static GError *explain_orphan(const Farm *farm, const FfarmJob *job)
{
    g_autofree char *name = g_filename_display_name(job->item->input->path);
    g_autofree char *reasons = ffarm_roster_reasons(farm->roster, FALSE, job->item->input->cluster);
    return g_error_new(FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: no host is left that may take it (%s)",
                       name, *reasons ? reasons : "all were tried");
}

static void fail_orphans(Farm *farm)
{
    for (FfarmJob *job; (job = ffarm_dispatch_take_orphan(farm->dispatch));) {
        if (!job->error)
            set_error(job, explain_orphan(farm, job));
        end_job(farm, job, FFARM_JOB_FAILED);
    }
}

static void cancel_waiting(Farm *farm)
{
    for (FfarmJob *job; (job = ffarm_dispatch_take_any(farm->dispatch));)
        end_job(farm, job, FFARM_JOB_CANCELLED);
}

/* Handing out. */

static void give(Farm *farm, FfarmMember *member, FfarmJob *job, FfarmChoice *choice)
{
    ffarm_roster_make_busy(farm->roster, member);
    member->job = job;
    member->choice = choice;
    farm->running++;
    job->attempts++;
    job->host = member->crew->host;
    job->engine = choice->engine;
    g_free(job->profile);
    job->profile = g_strdup(choice->profile->name);
    ffarm_job_go(job, FFARM_JOB_CLAIMED);
    tell_job(farm, FFARM_EVENT_JOB, job, member);
    FfarmWork work = {
        .plan = farm->plan,
        .item = job->item,
        .choice = choice,
        .stall_ms = farm->options->stall_ms ? farm->options->stall_ms : DEFAULT_STALL_MS,
        .attempt = job->attempts,
    };
    ffarm_slot_give(member->slot, &work);
}

/* Gives every idle slot what there is for it. Slots are asked in the order in which they became idle. */
static void hand_out(Farm *farm)
{
    GList *next;
    for (GList *link = farm->roster->idle.head; link && !farm->is_cancelled; link = next) {
        next = link->next;
        if (farm->plan->sequential && farm->running > 0)
            return;
        FfarmMember *member = link->data;
        FfarmChoice *choice = NULL;
        FfarmJob *job = ffarm_dispatch_next(farm->dispatch, member->seat, &choice);
        if (!job)
            continue;
        give(farm, member, job, choice);
    }
}

/* Leaving. */

/* No job goes to the host any more; those that run there end as they end. */
static void dismiss(Farm *farm, FfarmCrew *crew, const char *reason)
{
    ffarm_roster_dismiss(farm->roster, crew, reason);
    fail_orphans(farm);
}

static void on_lost(Farm *farm, FfarmMember *member, const GError *error)
{
    ffarm_roster_retire(farm->roster, member);
    if (farm->is_cancelled || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    FfarmCrew *crew = member->crew;
    gboolean is_last = !ffarm_roster_has_member_left(crew);
    g_autofree char *text = g_strdup_printf(
        "%s; %s", error->message, is_last ? "the host is left out from here on" : "one of its slots is given up");
    tell_message(farm, text, TRUE);
    if (is_last && !crew->is_gone)
        dismiss(farm, crew, error->message);
    else
        fail_orphans(farm);
    hand_out(farm);
}

static void on_checked(Farm *farm, FfarmMember *member, const FfarmHostReport *report)
{
    FfarmCrew *crew = member->crew;
    FfarmEvent event = {.type = FFARM_EVENT_HOST, .report = report, .host = crew->host};
    tell(farm, &event);
    if (!report->is_usable) {
        dismiss(farm, crew, report->error);
        return;
    }
    crew->is_usable = TRUE;
    /* The slot that checked says READY itself; the others connect when they get their first job. */
    for (guint i = 0; i < crew->members->len; i++)
        if (g_ptr_array_index(crew->members, i) != member)
            ffarm_roster_make_idle(farm->roster, g_ptr_array_index(crew->members, i));
}

/* Attempts. */

static FfarmJob *take_back(Farm *farm, FfarmMember *member)
{
    FfarmJob *job = member->job;
    member->job = NULL;
    g_clear_pointer(&member->choice, ffarm_choice_free);
    farm->running--;
    return job;
}

static void queue_again(Farm *farm, FfarmJob *job)
{
    ffarm_job_go(job, FFARM_JOB_QUEUED);
    if (farm->is_cancelled) {
        end_job(farm, job, FFARM_JOB_CANCELLED);
        return;
    }
    tell_job(farm, FFARM_EVENT_JOB, job, NULL);
    ffarm_dispatch_queue(farm->dispatch, job, farm->ranks[job->item->id]);
    fail_orphans(farm);
    hand_out(farm);
}

/* A host's fault is worth as many more tries as were asked for; a job's own would be the same everywhere, which one
 * other host may confirm. */
static gboolean is_worth_another_try(Farm *farm, const FfarmJob *job, FfarmFault fault)
{
    if (fault == FFARM_FAULT_HOST)
        return job->attempts <= farm->options->retries;
    return fault == FFARM_FAULT_JOB && job->failed_hosts->len < 2 && ffarm_dispatch_has_fresh_host(farm->dispatch, job);
}

/* Leaves out a host on which nothing goes well. */
static void note_end(Farm *farm, FfarmCrew *crew, const FfarmJob *job, FfarmFault fault)
{
    if (!ffarm_roster_note_end(crew, job, fault) || crew->is_gone)
        return;
    g_autofree char *text = g_strdup_printf("%s: %u jobs in a row failed there, so it is left out from here on",
                                            crew->host->name, crew->misses);
    tell_message(farm, text, TRUE);
    dismiss(farm, crew, text);
}

static void on_failed(Farm *farm, FfarmCrew *crew, FfarmJob *job, FfarmOutcome *outcome)
{
    FfarmFault fault = ffarm_error_fault(outcome->error);
    set_error(job, g_steal_pointer(&outcome->error));
    g_free(job->log);
    job->log = g_steal_pointer(&outcome->log);
    if (!g_ptr_array_find(job->failed_hosts, crew->host, NULL))
        g_ptr_array_add(job->failed_hosts, (gpointer)crew->host);
    note_end(farm, crew, job, fault);
    if (is_worth_another_try(farm, job, fault)) {
        tell_message(farm, job->error->message, TRUE);
        queue_again(farm, job);
    } else {
        end_job(farm, job, FFARM_JOB_FAILED);
    }
}

static void on_succeeded(Farm *farm, FfarmCrew *crew, FfarmJob *job, FfarmOutcome *outcome)
{
    g_clear_error(&job->error);
    g_clear_pointer(&job->log, g_free);
    job->output = g_steal_pointer(&outcome->output);
    job->output_size = outcome->output_size;
    note_end(farm, crew, job, FFARM_FAULT_NONE);
    end_job(farm, job, outcome->state);
}

static void on_finished(Farm *farm, FfarmMember *member, FfarmOutcome *outcome)
{
    FfarmJob *job = take_back(farm, member);
    for (guint i = 0; i < outcome->remarks->len; i++)
        tell_message(farm, g_ptr_array_index(outcome->remarks, i), TRUE);
    job->elapsed_us = outcome->elapsed_us;
    if (outcome->state == FFARM_JOB_FAILED)
        on_failed(farm, member->crew, job, outcome);
    else if (outcome->state == FFARM_JOB_CANCELLED)
        end_job(farm, job, FFARM_JOB_CANCELLED);
    else
        on_succeeded(farm, member->crew, job, outcome);
    hand_out(farm);
}

/* The slot had no connection to begin with: that is no attempt of the job's. */
static void on_untouched(Farm *farm, FfarmMember *member)
{
    ffarm_roster_retire(farm->roster, member);
    FfarmJob *job = take_back(farm, member);
    job->attempts--;
    queue_again(farm, job);
}

static void on_state(Farm *farm, FfarmMember *member, FfarmJobState state)
{
    ffarm_job_go(member->job, state);
    tell_job(farm, FFARM_EVENT_JOB, member->job, member);
}

static void on_progress(Farm *farm, const FfarmMember *member, const FfarmProgress *progress)
{
    FfarmEvent event = {.type = FFARM_EVENT_PROGRESS,
                        .job = member->job,
                        .host = member->crew->host,
                        .choice = member->choice,
                        .progress = progress};
    tell(farm, &event);
}

static void on_transfer(Farm *farm, const FfarmMember *member, const FfarmNews *news)
{
    FfarmEvent event = {.type = FFARM_EVENT_TRANSFER,
                        .job = member->job,
                        .host = member->crew->host,
                        .choice = member->choice,
                        .done_bytes = news->done_bytes,
                        .total_bytes = news->total_bytes};
    tell(farm, &event);
}

static void on_cancelled(Farm *farm)
{
    farm->is_cancelled = TRUE;
    cancel_waiting(farm);
}

static void handle(Farm *farm, FfarmNews *news)
{
    FfarmMember *member = news->slot ? ffarm_roster_find(farm->roster, news->slot) : NULL;
    switch (news->type) {
    case FFARM_NEWS_CHECKED:
        on_checked(farm, member, news->report);
        break;
    case FFARM_NEWS_STATE:
        on_state(farm, member, news->state);
        break;
    case FFARM_NEWS_PROGRESS:
        on_progress(farm, member, &news->progress);
        break;
    case FFARM_NEWS_TRANSFER:
        on_transfer(farm, member, news);
        break;
    case FFARM_NEWS_FINISHED:
        on_finished(farm, member, news->outcome);
        break;
    case FFARM_NEWS_READY:
        ffarm_roster_make_idle(farm->roster, member);
        hand_out(farm);
        break;
    case FFARM_NEWS_UNTOUCHED:
        on_untouched(farm, member);
        break;
    case FFARM_NEWS_LOST:
        on_lost(farm, member, news->error);
        break;
    case FFARM_NEWS_CANCELLED:
        on_cancelled(farm);
        break;
    }
}

/* Beginning. */

static gint compare_length(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Farm *farm = user_data;
    const FfarmMedia *left = (*(FfarmJob *const *)a)->item->media, *right = (*(FfarmJob *const *)b)->item->media;
    gint64 difference = left->duration_us - right->duration_us;
    if (difference == 0)
        difference = left->size_bytes - right->size_bytes;
    int sign = difference < 0 ? -1 : difference > 0;
    return farm->plan->order == FFARM_ORDER_LONGEST ? -sign : sign;
}

/* Everything that is to be encoded waits, in the order asked for (equals as given); the rest is told of at once. */
static void queue_all(Farm *farm)
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
        ffarm_dispatch_queue(farm->dispatch, job, i);
        tell_job(farm, FFARM_EVENT_JOB, job, NULL);
    }
}

static void end_others(Farm *farm)
{
    for (guint i = 0; i < farm->jobs->len; i++) {
        FfarmJob *job = g_ptr_array_index(farm->jobs, i);
        FfarmPlanStatus status = job->item->status;
        if (status == FFARM_PLAN_ENCODE)
            continue;
        gboolean is_skipped = status == FFARM_PLAN_SKIP || status == FFARM_PLAN_UNMATCHED;
        if (!is_skipped)
            set_error(job, g_error_new_literal(FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE,
                                               job->item->reason ? job->item->reason : ffarm_plan_status_name(status)));
        end_job(farm, job, is_skipped ? FFARM_JOB_SKIPPED : FFARM_JOB_FAILED);
    }
}

/* A folder of films that the host will be asked to reach. */
static char *find_media_folder(const Farm *farm, const FfarmHost *host)
{
    for (guint i = 0; i < farm->plan->items->len; i++) {
        const FfarmPlanItem *item = g_ptr_array_index(farm->plan->items, i);
        if (item->status == FFARM_PLAN_ENCODE && g_strcmp0(item->input->cluster, host->cluster) == 0)
            return g_path_get_dirname(item->input->path);
    }
    return NULL;
}

/* All hosts are checked at once, each over the connection that its first slot keeps. */
static void check_hosts(Farm *farm)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        const FfarmMember *first = g_ptr_array_index(crew->members, 0);
        g_autofree char *folder = find_media_folder(farm, crew->host);
        ffarm_slot_check_host(first->slot, FFARM_CHECK_WRITES | FFARM_CHECK_MAPPING, folder);
    }
}

static void farm_init(Farm *farm, const FfarmPlan *plan, const FfarmFarmOptions *options, FfarmSummary *summary)
{
    *summary = (FfarmSummary){0};
    farm->plan = plan;
    farm->options = options;
    farm->summary = summary;
    farm->news = g_async_queue_new_full((GDestroyNotify)ffarm_news_free);
    farm->stop = g_cancellable_new();
    farm->dispatch = ffarm_dispatch_new(plan);
    farm->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_job_free);
    farm->roster = ffarm_roster_new(farm->dispatch);
    farm->ranks = g_new0(guint, MAX(plan->items->len, 1));
}

static void farm_clear(Farm *farm)
{
    ffarm_roster_free(farm->roster);
    g_ptr_array_unref(farm->jobs);
    ffarm_dispatch_free(farm->dispatch);
    g_async_queue_unref(farm->news);
    g_object_unref(farm->stop);
    g_free(farm->ranks);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Farm, farm_clear)

/* On whichever thread cancels: stops the slots, and wakes the farm to call off what waits. */
static void on_cancellable(GCancellable *cancellable, gpointer user_data)
{
    Farm *farm = user_data;
    FfarmNews *news = g_new0(FfarmNews, 1);
    news->type = FFARM_NEWS_CANCELLED;
    /* First the word, then the deed: what the slots say of being stopped is read as that. */
    g_async_queue_push(farm->news, news);
    g_cancellable_cancel(farm->stop);
}

static void run_to_the_end(Farm *farm, GCancellable *cancellable)
{
    gulong handler = cancellable ? g_cancellable_connect(cancellable, G_CALLBACK(on_cancellable), farm, NULL) : 0;
    check_hosts(farm);
    /* With no job left it may still be open whether any host can be used, which the exit status tells. */
    while (farm->unfinished > 0 || (!farm->is_cancelled && ffarm_roster_is_in_doubt(farm->roster))) {
        g_autoptr(FfarmNews) news = g_async_queue_pop(farm->news);
        handle(farm, news);
    }
    g_cancellable_disconnect(cancellable, handler);
    g_cancellable_cancel(farm->stop);
}

static void tell_unanswered(const Farm *farm, const FfarmCrew *crew)
{
    g_autofree char *text = g_strdup_printf("%s: all was done before it answered", crew->host->name);
    tell_message(farm, text, FALSE);
}

/* Counted, and why none could be used. */
static gboolean sum_up_hosts(const Farm *farm, GError **error)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        if (crew->is_usable)
            farm->summary->hosts_usable++;
        else if (!crew->is_gone && !farm->is_cancelled)
            tell_unanswered(farm, crew);
        if (crew->is_gone)
            farm->summary->hosts_left_out++;
    }
    if (farm->summary->hosts_usable > 0 || farm->is_cancelled)
        return TRUE;
    g_autofree char *reasons = ffarm_roster_reasons(farm->roster, TRUE, NULL);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "no host can be used: %s", reasons);
    return FALSE;
}

static void notify(const Farm *farm, GCancellable *cancellable)
{
    const FfarmSettings *settings = farm->plan->settings;
    gboolean is_replaced = farm->summary->done > 0 && !farm->plan->output_dir;
    if (!is_replaced || !settings->plex_server || farm->is_cancelled)
        return;
    g_autoptr(GError) error = NULL;
    if (!ffarm_notify_plex(settings->plex_server, settings->plex_token, cancellable, &error))
        tell_message(farm, error->message, TRUE);
}

gboolean ffarm_farm_run(const FfarmPlan *plan, const FfarmFarmOptions *options, FfarmSummary *summary,
                        GCancellable *cancellable, GError **error)
{
    gint64 begin_us = g_get_monotonic_time();
    g_auto(Farm) farm = {0};
    farm_init(&farm, plan, options, summary);
    queue_all(&farm);
    end_others(&farm);
    gboolean ok = TRUE;
    if (farm.unfinished > 0) {
        for (guint i = 0; i < plan->hosts->len; i++)
            ffarm_roster_add(farm.roster, g_ptr_array_index(plan->hosts, i), farm.news, farm.stop);
        fail_orphans(&farm);
        run_to_the_end(&farm, cancellable);
        ok = sum_up_hosts(&farm, error);
        notify(&farm, cancellable);
    }
    summary->elapsed_us = g_get_monotonic_time() - begin_us;
    return ok;
}
