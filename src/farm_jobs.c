/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include <string.h>
#include "error.h"
#include "runner.h"

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

void ffarm_farm_end_job(FfarmFarm *farm, FfarmJob *job, FfarmJobState state)
{
    ffarm_job_go(job, state);
    count_end(farm->summary, job);
    if (job->item->status == FFARM_PLAN_ENCODE)
        farm->unfinished--;
    ffarm_farm_note(farm, job);
    ffarm_farm_unlock(farm, job);
    FfarmEvent event = {.type = FFARM_EVENT_JOB, .job = job, .host = job->host};
    ffarm_farm_tell(farm, &event);
    event.type = FFARM_EVENT_RESULT;
    ffarm_farm_tell(farm, &event);
}

void ffarm_farm_set_error(FfarmJob *job, GError *error)
{
    g_clear_error(&job->error);
    job->error = error;
}

static void cancel_job(FfarmFarm *farm, FfarmJob *job, const char *words)
{
    if (words) {
        g_autofree char *name = g_filename_display_name(job->item->input->path);
        g_autofree char *text = job->error ? g_strdup_printf("%s: %s (%s)", name, words, job->error->message)
                                           : g_strdup_printf("%s: %s", name, words);
        ffarm_farm_set_error(job, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, text));
    }
    ffarm_farm_end_job(farm, job, FFARM_JOB_CANCELLED);
}

void ffarm_farm_cancel_waiting(FfarmFarm *farm, const char *words)
{
    static const FfarmAlarmType types[] = {FFARM_ALARM_RETRY, FFARM_ALARM_SETTLE};
    for (FfarmJob *job; (job = ffarm_dispatch_take_any(farm->dispatch));)
        cancel_job(farm, job, words);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GPtrArray) jobs = ffarm_alarms_list(farm->alarms, types[i]);
        for (guint k = 0; k < jobs->len; k++) {
            ffarm_alarms_clear(farm->alarms, types[i], g_ptr_array_index(jobs, k));
            cancel_job(farm, g_ptr_array_index(jobs, k), words);
        }
    }
}

void ffarm_farm_queue(FfarmFarm *farm, FfarmJob *job)
{
    ffarm_dispatch_queue(farm->dispatch, job, farm->ranks[job->item->id]);
}

void ffarm_farm_wake_retries(FfarmFarm *farm)
{
    g_autoptr(GPtrArray) jobs = ffarm_alarms_list(farm->alarms, FFARM_ALARM_RETRY);
    for (guint i = 0; i < jobs->len; i++) {
        FfarmJob *job = g_ptr_array_index(jobs, i);
        if (!ffarm_dispatch_has_fresh_host(farm->dispatch, job))
            continue;
        ffarm_alarms_clear(farm->alarms, FFARM_ALARM_RETRY, job);
        ffarm_farm_queue(farm, job);
    }
}

static guint stall_ms(const FfarmFarm *farm, const FfarmChoice *choice)
{
    if (farm->options->stall_ms)
        return farm->options->stall_ms;
    guint own_s = choice->profile->stall_timeout;
    return (own_s ? own_s : farm->plan->settings->stall_timeout) * 1000;
}

/* Which of the host's engines the choice does without, and why: once for all films of which the same is true. */
static void tell_passed_over(FfarmFarm *farm, const FfarmChoice *choice)
{
    if (!choice->passed_over)
        return;
    char *text = g_strdup_printf("%s: %s encodes (%s)", choice->host->name,
                                 strcmp(choice->engine, "cpu") == 0 ? "the CPU" : choice->engine, choice->passed_over);
    if (!g_hash_table_contains(farm->told, text))
        ffarm_farm_tell_message(farm, text, FALSE);
    g_hash_table_add(farm->told, text);
}

static void give(FfarmFarm *farm, FfarmMember *member, FfarmJob *job, FfarmChoice *choice)
{
    ffarm_roster_make_busy(farm->roster, member);
    member->job = job;
    ffarm_choice_free(member->choice);
    member->choice = choice;
    ffarm_farm_use_device(farm, member, choice);
    farm->running++;
    job->attempts++;
    job->host = member->crew->host;
    job->engine = choice->engine;
    g_free(job->passed_over);
    job->passed_over = g_strdup(choice->passed_over);
    g_free(job->profile);
    job->profile = g_strdup(choice->profile->name);
    g_free(job->fingerprint);
    job->fingerprint = g_strdup(choice->fingerprint);
    ffarm_farm_look_at_meetings(farm, job);
    tell_passed_over(farm, choice);
    ffarm_job_go(job, FFARM_JOB_CLAIMED);
    ffarm_farm_note(farm, job);
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, job, member);
    FfarmWork work = {
        .plan = farm->plan,
        .item = job->item,
        .choice = choice,
        .space = farm->space,
        .stall_ms = stall_ms(farm, choice),
        .keep_failed = farm->options->keep_failed,
        .attempt = job->attempts,
        .meetings = job->meetings,
        .journal = farm->options->journal,
    };
    ffarm_slot_give(member->slot, &work);
}

/* The next job for @member that is as it was planned, and that no other process is working on. */
static FfarmJob *take_next(FfarmFarm *farm, const FfarmMember *member, FfarmChoice **choice)
{
    for (FfarmJob *job; (job = ffarm_dispatch_next(farm->dispatch, member->seat, choice));) {
        FfarmJobState state;
        GError *error = ffarm_farm_lock(farm, job, *choice, &state);
        if (!error)
            return job;
        g_clear_pointer(choice, ffarm_choice_free);
        ffarm_farm_set_error(job, error);
        ffarm_farm_end_job(farm, job, state);
    }
    return NULL;
}

static gint compare_rates(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const FfarmDispatch *dispatch = user_data;
    double left = ffarm_dispatch_peek_rate(dispatch, ((const FfarmMember *)a)->seat);
    double right = ffarm_dispatch_peek_rate(dispatch, ((const FfarmMember *)b)->seat);
    return left > right ? -1 : left < right;
}

/* Gives every idle slot what there is for it. Slots are asked in the order in which they became idle; where the longest
 * go first, the fastest are asked first. */
void ffarm_farm_hand_out(FfarmFarm *farm)
{
    g_autoptr(GList) idle = g_list_copy(farm->roster->idle.head);
    if (farm->plan->order == FFARM_ORDER_LONGEST)
        idle = g_list_sort_with_data(idle, compare_rates, farm->dispatch);
    for (const GList *link = idle; link && !farm->is_cancelled && !farm->is_draining; link = link->next) {
        if (farm->plan->sequential && farm->running > 0)
            return;
        FfarmMember *member = link->data;
        FfarmChoice *choice = NULL;
        FfarmJob *job = take_next(farm, member, &choice);
        if (!job)
            continue;
        give(farm, member, job, choice);
    }
}

/* Its choice, which an outcome borrows from, stays until it gets another. */
static FfarmJob *take_back(FfarmFarm *farm, FfarmMember *member)
{
    FfarmJob *job = member->job;
    member->job = NULL;
    ffarm_farm_use_device(farm, member, NULL);
    farm->running--;
    return job;
}

/* What went wrong on a host may need some time to pass. */
static gint64 retry_pause_us(const FfarmFarm *farm, const FfarmJob *job)
{
    static const guint pauses_s[] = {5, 15, 60, 120};
    if (farm->options->pause_ms)
        return farm->options->pause_ms * G_TIME_SPAN_MILLISECOND;
    return pauses_s[CLAMP(job->attempts, 1, G_N_ELEMENTS(pauses_s)) - 1] * G_USEC_PER_SEC;
}

/* HERE: not at once on the host where it failed. */
typedef enum { PAUSE_NEVER, PAUSE_HERE, PAUSE_ALWAYS } Pause;

static void queue_again(FfarmFarm *farm, FfarmJob *job, Pause pause)
{
    ffarm_job_go(job, FFARM_JOB_QUEUED);
    if (farm->is_cancelled || farm->is_draining) {
        cancel_job(farm, job, farm->is_cancelled ? NULL : "stopped before it was tried again");
        return;
    }
    ffarm_farm_note(farm, job);
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, job, NULL);
    if (pause == PAUSE_ALWAYS || (pause == PAUSE_HERE && !ffarm_dispatch_has_fresh_host(farm->dispatch, job)))
        ffarm_alarms_set(farm->alarms, FFARM_ALARM_RETRY, job, g_get_monotonic_time() + retry_pause_us(farm, job));
    else
        ffarm_farm_queue(farm, job);
}

/* A host's fault is worth as many more tries as were asked for, but what it lacks does not come by itself; a job's own
 * would be the same everywhere, which one other host may confirm. */
static gboolean is_worth_another_try(FfarmFarm *farm, const FfarmJob *job, FfarmFault fault)
{
    if (fault == FFARM_FAULT_HOST)
        return job->attempts <= farm->options->retries;
    gboolean may_help = fault == FFARM_FAULT_LACKING ? job->attempts <= farm->options->retries
                                                     : fault == FFARM_FAULT_JOB && job->failed_hosts->len < 2;
    return may_help && ffarm_dispatch_has_fresh_host(farm->dispatch, job);
}

static void add_host(GPtrArray *hosts, const FfarmHost *host)
{
    if (!g_ptr_array_find(hosts, host, NULL))
        g_ptr_array_add(hosts, (gpointer)host);
}

/* The host is well, but can't do this one: that is no attempt. */
static void on_unfit(FfarmFarm *farm, FfarmCrew *crew, FfarmJob *job)
{
    add_host(job->refused_by, crew->host);
    job->attempts--;
    queue_again(farm, job, PAUSE_NEVER);
}

/* Nobody's fault, and no attempt. What others of ours leave too little memory for waits alone: they are well there. */
static void on_busy(FfarmFarm *farm, const FfarmCrew *crew, FfarmJob *job, const FfarmOutcome *outcome)
{
    const FfarmChoice *rung = outcome->choice;
    ffarm_farm_note_meeting(farm, crew->host, job, rung);
    gboolean is_alone =
        outcome->lacks_memory && ffarm_device_book_is_used(farm->devices, crew->host, rung->engine, rung->device);
    if (!is_alone)
        ffarm_farm_note_busy(farm, crew, rung);
    job->attempts--;
    queue_again(farm, job, is_alone ? PAUSE_ALWAYS : PAUSE_NEVER);
}

static void on_failed(FfarmFarm *farm, FfarmCrew *crew, FfarmJob *job, FfarmOutcome *outcome)
{
    FfarmFault fault = ffarm_error_fault(outcome->error);
    if (fault == FFARM_FAULT_BUSY) {
        on_busy(farm, crew, job, outcome);
        return;
    }
    ffarm_farm_set_error(job, g_steal_pointer(&outcome->error));
    g_free(job->log);
    job->log = g_steal_pointer(&outcome->log);
    if (fault == FFARM_FAULT_UNFIT) {
        ffarm_farm_tell_message(farm, job->error->message, TRUE);
        on_unfit(farm, crew, job);
        return;
    }
    add_host(job->failed_hosts, crew->host);
    ffarm_farm_note_end(farm, crew, job, fault);
    if (is_worth_another_try(farm, job, fault)) {
        ffarm_farm_tell_message(farm, job->error->message, TRUE);
        queue_again(farm, job, PAUSE_HERE);
    } else {
        ffarm_farm_end_job(farm, job, FFARM_JOB_FAILED);
    }
}

/* What may have been the film's fault went well elsewhere, so it was the host's. */
static void blame_host(FfarmFarm *farm, const FfarmJob *job)
{
    FfarmFault fault = job->error ? ffarm_error_fault(job->error) : FFARM_FAULT_NONE;
    if ((fault != FFARM_FAULT_JOB && fault != FFARM_FAULT_LACKING) || job->failed_hosts->len == 0)
        return;
    const FfarmHost *host = g_ptr_array_index(job->failed_hosts, job->failed_hosts->len - 1);
    ffarm_farm_note_end(farm, ffarm_roster_find_crew(farm->roster, host), job, FFARM_FAULT_HOST);
}

static void on_succeeded(FfarmFarm *farm, FfarmCrew *crew, FfarmJob *job, FfarmOutcome *outcome)
{
    blame_host(farm, job);
    g_clear_error(&job->error);
    g_clear_pointer(&job->log, g_free);
    job->output = g_steal_pointer(&outcome->output);
    job->output_size = outcome->output_size;
    job->ssim = MAX(outcome->quality.ssim, 0);
    job->vmaf = MAX(outcome->quality.vmaf, 0);
    ffarm_farm_note_end(farm, crew, job, FFARM_FAULT_NONE);
    ffarm_farm_note_good(farm, crew->host, outcome->choice);
    ffarm_farm_end_job(farm, job, outcome->state);
}

void ffarm_farm_on_finished(FfarmFarm *farm, FfarmMember *member, FfarmOutcome *outcome)
{
    ffarm_farm_note_speed(farm, member->job, outcome);
    FfarmJob *job = take_back(farm, member);
    for (guint i = 0; i < outcome->remarks->len; i++)
        ffarm_farm_tell_message(farm, g_ptr_array_index(outcome->remarks, i), TRUE);
    job->elapsed_us = outcome->elapsed_us;
    if (outcome->state == FFARM_JOB_FAILED)
        on_failed(farm, member->crew, job, outcome);
    else if (outcome->state == FFARM_JOB_CANCELLED)
        ffarm_farm_end_job(farm, job, FFARM_JOB_CANCELLED);
    else
        on_succeeded(farm, member->crew, job, outcome);
}

/* The slot had no connection to begin with: that is no attempt of the job's. */
void ffarm_farm_on_untouched(FfarmFarm *farm, FfarmMember *member)
{
    FfarmJob *job = take_back(farm, member);
    job->attempts--;
    queue_again(farm, job, PAUSE_NEVER);
}

void ffarm_farm_on_state(FfarmFarm *farm, FfarmMember *member, FfarmJobState state)
{
    ffarm_job_go(member->job, state);
    ffarm_farm_note(farm, member->job);
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, member->job, member);
}
