/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

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

/* Why nobody is left for @job: its own last failure, or what became of its cluster's hosts. */
static GError *explain_orphan(const FfarmFarm *farm, const FfarmJob *job)
{
    g_autofree char *name = g_filename_display_name(job->item->input->path);
    g_autofree char *reasons = ffarm_roster_reasons(farm->roster, FALSE, job->item->input->cluster);
    return g_error_new(FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "%s: no host is left that may take it (%s)",
                       name, *reasons ? reasons : "all were tried");
}

void ffarm_farm_fail_orphans(FfarmFarm *farm)
{
    for (FfarmJob *job; (job = ffarm_dispatch_take_orphan(farm->dispatch));) {
        if (!job->error)
            ffarm_farm_set_error(job, explain_orphan(farm, job));
        ffarm_farm_end_job(farm, job, FFARM_JOB_FAILED);
    }
}

void ffarm_farm_cancel_waiting(FfarmFarm *farm)
{
    for (FfarmJob *job; (job = ffarm_dispatch_take_any(farm->dispatch));)
        ffarm_farm_end_job(farm, job, FFARM_JOB_CANCELLED);
}

static guint stall_ms(const FfarmFarm *farm, const FfarmChoice *choice)
{
    if (farm->options->stall_ms)
        return farm->options->stall_ms;
    guint own_s = choice->profile->stall_timeout;
    return (own_s ? own_s : farm->plan->settings->stall_timeout) * 1000;
}

static void give(FfarmFarm *farm, FfarmMember *member, FfarmJob *job, FfarmChoice *choice)
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
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, job, member);
    FfarmWork work = {
        .plan = farm->plan,
        .item = job->item,
        .choice = choice,
        .stall_ms = stall_ms(farm, choice),
        .attempt = job->attempts,
    };
    ffarm_slot_give(member->slot, &work);
}

/* Gives every idle slot what there is for it. Slots are asked in the order in which they became idle. */
void ffarm_farm_hand_out(FfarmFarm *farm)
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

static FfarmJob *take_back(FfarmFarm *farm, FfarmMember *member)
{
    FfarmJob *job = member->job;
    member->job = NULL;
    g_clear_pointer(&member->choice, ffarm_choice_free);
    farm->running--;
    return job;
}

static void queue_again(FfarmFarm *farm, FfarmJob *job)
{
    ffarm_job_go(job, FFARM_JOB_QUEUED);
    if (farm->is_cancelled) {
        ffarm_farm_end_job(farm, job, FFARM_JOB_CANCELLED);
        return;
    }
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, job, NULL);
    ffarm_dispatch_queue(farm->dispatch, job, farm->ranks[job->item->id]);
    ffarm_farm_fail_orphans(farm);
    ffarm_farm_hand_out(farm);
}

/* A host's fault is worth as many more tries as were asked for; a job's own would be the same everywhere, which one
 * other host may confirm. */
static gboolean is_worth_another_try(FfarmFarm *farm, const FfarmJob *job, FfarmFault fault)
{
    if (fault == FFARM_FAULT_HOST)
        return job->attempts <= farm->options->retries;
    return fault == FFARM_FAULT_JOB && job->failed_hosts->len < 2 && ffarm_dispatch_has_fresh_host(farm->dispatch, job);
}

/* Leaves out a host on which nothing goes well. */
static void note_end(FfarmFarm *farm, FfarmCrew *crew, const FfarmJob *job, FfarmFault fault)
{
    if (!ffarm_roster_note_end(crew, job, fault) || crew->is_gone)
        return;
    g_autofree char *text = g_strdup_printf("%s: %u jobs in a row failed there, so it is left out from here on",
                                            crew->host->name, crew->misses);
    ffarm_farm_tell_message(farm, text, TRUE);
    ffarm_farm_dismiss(farm, crew, text);
}

static void on_failed(FfarmFarm *farm, FfarmCrew *crew, FfarmJob *job, FfarmOutcome *outcome)
{
    FfarmFault fault = ffarm_error_fault(outcome->error);
    ffarm_farm_set_error(job, g_steal_pointer(&outcome->error));
    g_free(job->log);
    job->log = g_steal_pointer(&outcome->log);
    if (!g_ptr_array_find(job->failed_hosts, crew->host, NULL))
        g_ptr_array_add(job->failed_hosts, (gpointer)crew->host);
    note_end(farm, crew, job, fault);
    if (is_worth_another_try(farm, job, fault)) {
        ffarm_farm_tell_message(farm, job->error->message, TRUE);
        queue_again(farm, job);
    } else {
        ffarm_farm_end_job(farm, job, FFARM_JOB_FAILED);
    }
}

static void on_succeeded(FfarmFarm *farm, FfarmCrew *crew, FfarmJob *job, FfarmOutcome *outcome)
{
    g_clear_error(&job->error);
    g_clear_pointer(&job->log, g_free);
    job->output = g_steal_pointer(&outcome->output);
    job->output_size = outcome->output_size;
    note_end(farm, crew, job, FFARM_FAULT_NONE);
    ffarm_farm_end_job(farm, job, outcome->state);
}

void ffarm_farm_on_finished(FfarmFarm *farm, FfarmMember *member, FfarmOutcome *outcome)
{
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
    ffarm_farm_hand_out(farm);
}

/* The slot had no connection to begin with: that is no attempt of the job's. */
void ffarm_farm_on_untouched(FfarmFarm *farm, FfarmMember *member)
{
    ffarm_roster_retire(farm->roster, member);
    FfarmJob *job = take_back(farm, member);
    job->attempts--;
    queue_again(farm, job);
}

void ffarm_farm_on_state(FfarmFarm *farm, FfarmMember *member, FfarmJobState state)
{
    ffarm_job_go(member->job, state);
    ffarm_farm_tell_job(farm, FFARM_EVENT_JOB, member->job, member);
}
