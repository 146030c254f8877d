/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include "error.h"
#include "runner.h"

/* A folder of films that the host will be asked to reach. */
static char *find_media_folder(const FfarmFarm *farm, const FfarmHost *host)
{
    for (guint i = 0; i < farm->plan->items->len; i++) {
        const FfarmPlanItem *item = g_ptr_array_index(farm->plan->items, i);
        if (item->status == FFARM_PLAN_ENCODE && g_strcmp0(item->input->cluster, host->cluster) == 0)
            return g_path_get_dirname(item->input->path);
    }
    return NULL;
}

static void ask(FfarmFarm *farm, FfarmCrew *crew, const FfarmMember *member)
{
    g_autofree char *folder = find_media_folder(farm, crew->host);
    FfarmCheckNotes notes = {farm->options->journal, farm->plan->run_id};
    FfarmLearning learning = {.ffmpeg_here = farm->plan->settings->ffmpeg,
                              .journal = farm->options->journal,
                              .run_id = farm->plan->run_id,
                              .wants = farm->wants,
                              .pause_ms = farm->options->pause_ms};
    crew->is_asked = TRUE;
    ffarm_slot_check_host(member->slot, FFARM_CHECK_WRITES | FFARM_CHECK_MAPPING, folder, &notes, &learning);
}

/* All hosts are checked at once, each over the connection that its first slot keeps. */
void ffarm_farm_check_hosts(FfarmFarm *farm)
{
    ffarm_wants_add_plan(farm->wants, farm->plan);
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        ask(farm, crew, g_ptr_array_index(crew->members, 0));
    }
}

/* How long a host is left alone: one that only lost its connection may be back at once, others need longer. */
static const guint pauses_s[] = {2, 10, 30, 60, 120, 300, 600};
#define FIRST_LONG_PAUSE 2
/* As often a host is tried again on which everything fails. */
#define MAX_QUARANTINES 5

static gint64 pause_us(const FfarmFarm *farm, guint number)
{
    if (farm->options->pause_ms)
        return farm->options->pause_ms * G_TIME_SPAN_MILLISECOND;
    return pauses_s[MIN(number, G_N_ELEMENTS(pauses_s) - 1)] * G_USEC_PER_SEC;
}

/* The pause it is in; a job that went well on another slot of the host has set the count back. */
static gint64 last_pause_us(const FfarmFarm *farm, const FfarmCrew *crew)
{
    return pause_us(farm, MAX(crew->pauses, 1) - 1);
}

static void pause_crew(FfarmFarm *farm, FfarmCrew *crew, guint least)
{
    guint number = MAX(crew->pauses, least);
    crew->pauses = number + 1;
    ffarm_alarms_set(farm->alarms, FFARM_ALARM_HOST, crew, g_get_monotonic_time() + pause_us(farm, number));
}

/* "30 s", "2 min" */
static char *pause_text(gint64 us)
{
    double seconds = (double)us / G_USEC_PER_SEC;
    return seconds < 60 ? g_strdup_printf("%g s", seconds) : g_strdup_printf("%g min", seconds / 60);
}

static char *next_pause_text(const FfarmFarm *farm, const FfarmCrew *crew)
{
    return pause_text(last_pause_us(farm, crew));
}

static void leave_out(FfarmFarm *farm, FfarmCrew *crew, const char *reason)
{
    g_autofree char *text = g_strdup_printf("%s; the host is left out from here on", reason);
    ffarm_farm_tell_message(farm, text, TRUE);
    ffarm_alarms_clear(farm->alarms, FFARM_ALARM_HOST, crew);
    ffarm_roster_dismiss(farm->roster, crew, FFARM_CREW_GONE, reason);
}

void ffarm_farm_on_lost(FfarmFarm *farm, FfarmMember *member, const GError *error)
{
    FfarmCrew *crew = member->crew;
    ffarm_roster_take_out(farm->roster, member);
    if (farm->is_cancelled || crew->state != FFARM_CREW_HERE ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY)) {
        leave_out(farm, crew, error->message);
        return;
    }
    if (!crew->is_asked && ffarm_alarms_due_us(farm->alarms, FFARM_ALARM_HOST, crew) < 0)
        pause_crew(farm, crew, 0);
    gboolean is_last = !ffarm_roster_has_member(crew);
    g_autofree char *pause = next_pause_text(farm, crew);
    g_autofree char *text =
        g_strdup_printf("%s; %s until it answers, which it is asked to in %s", error->message,
                        is_last ? "the host gets no films" : "one of the host's slots gets no films", pause);
    ffarm_farm_tell_message(farm, text, TRUE);
    if (is_last)
        ffarm_roster_dismiss(farm->roster, crew, FFARM_CREW_AWAY, error->message);
}

/* TRUE for what may be otherwise in a minute. A host that once did well may do so again, unless it is another now. */
static gboolean is_passing(const FfarmCrew *crew, const GError *cause)
{
    static const FfarmRemoteError passing[] = {FFARM_REMOTE_ERROR_UNREACHABLE, FFARM_REMOTE_ERROR_DISCONNECTED,
                                               FFARM_REMOTE_ERROR_TIMEOUT, FFARM_REMOTE_ERROR_NO_SPACE};
    if (crew->was_usable)
        return !g_error_matches(cause, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_HOST_KEY);
    for (gsize i = 0; i < G_N_ELEMENTS(passing); i++)
        if (g_error_matches(cause, FFARM_REMOTE_ERROR, (gint)passing[i]))
            return TRUE;
    return FALSE;
}

static void on_unwell(FfarmFarm *farm, FfarmCrew *crew, const FfarmHostReport *report)
{
    if (!is_passing(crew, report->cause)) {
        if (crew->was_usable)
            leave_out(farm, crew, report->error);
        else
            ffarm_roster_dismiss(farm->roster, crew, FFARM_CREW_GONE, report->error);
        return;
    }
    pause_crew(farm, crew, FIRST_LONG_PAUSE);
    if (crew->state == FFARM_CREW_AWAITED) {
        ffarm_roster_dismiss(farm->roster, crew, FFARM_CREW_AWAY, report->error);
    } else if (crew->state == FFARM_CREW_AWAY) {
        g_autofree char *old = crew->reason;
        crew->reason = g_strdup(report->error);
    }
}

static void welcome(FfarmFarm *farm, FfarmCrew *crew)
{
    if (crew->state == FFARM_CREW_AWAY) {
        g_autofree char *text = g_strdup_printf("%s: answers well and gets films again", crew->host->name);
        ffarm_farm_tell_message(farm, text, FALSE);
    }
    crew->was_usable = TRUE;
    ffarm_alarms_clear(farm->alarms, FFARM_ALARM_HOST, crew);
    ffarm_roster_bring_back(farm->roster, crew);
    ffarm_farm_wake_retries(farm);
}

void ffarm_farm_on_checked(FfarmFarm *farm, FfarmMember *member, const FfarmHostReport *report)
{
    FfarmCrew *crew = member->crew;
    FfarmEvent event = {.type = FFARM_EVENT_HOST, .report = report, .host = crew->host};
    crew->is_asked = FALSE;
    if (report->is_usable || g_strcmp0(report->error, crew->reason) != 0)
        ffarm_farm_tell(farm, &event);
    if (report->is_usable)
        ffarm_farm_know(farm, crew->host, report->abilities);
    if (crew->state == FFARM_CREW_GONE)
        return;
    if (report->is_usable)
        welcome(farm, crew);
    else
        on_unwell(farm, crew, report);
}

static gboolean has_work_for(const FfarmFarm *farm, const FfarmCrew *crew)
{
    for (guint i = 0; i < crew->members->len; i++) {
        const FfarmMember *member = g_ptr_array_index(crew->members, i);
        if (ffarm_dispatch_has_work_for(farm->dispatch, member->seat))
            return TRUE;
    }
    return ffarm_alarms_count(farm->alarms, FFARM_ALARM_RETRY) > 0;
}

void ffarm_farm_ask_again(FfarmFarm *farm, FfarmCrew *crew)
{
    const FfarmMember *asker = ffarm_roster_find_asker(crew);
    if (asker && has_work_for(farm, crew))
        ask(farm, crew, asker);
    else
        ffarm_alarms_set(farm->alarms, FFARM_ALARM_HOST, crew, g_get_monotonic_time() + last_pause_us(farm, crew));
}

/* It is tried again when it looks well, and the next failure sends it away for longer. */
static void quarantine(FfarmFarm *farm, FfarmCrew *crew)
{
    g_autofree char *reason = g_strdup_printf("%s: %u jobs in a row failed there", crew->host->name, crew->misses);
    crew->misses = farm->plan->settings->max_failures - 1;
    crew->missed = NULL;
    if (crew->quarantines++ >= MAX_QUARANTINES) {
        leave_out(farm, crew, reason);
        return;
    }
    pause_crew(farm, crew, FIRST_LONG_PAUSE);
    g_autofree char *pause = next_pause_text(farm, crew);
    g_autofree char *text = g_strdup_printf("%s, so it gets no more for %s", reason, pause);
    ffarm_farm_tell_message(farm, text, TRUE);
    ffarm_roster_dismiss(farm->roster, crew, FFARM_CREW_AWAY, reason);
}

void ffarm_farm_note_end(FfarmFarm *farm, FfarmCrew *crew, const FfarmJob *job, FfarmFault fault)
{
    gboolean is_sick = ffarm_roster_note_end(crew, job, fault, farm->plan->settings->max_failures);
    if (is_sick && crew->state == FFARM_CREW_HERE)
        quarantine(farm, crew);
    else if (fault == FFARM_FAULT_NONE && crew->state == FFARM_CREW_AWAY)
        welcome(farm, crew);
}

void ffarm_farm_give_up_hosts(FfarmFarm *farm)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        if (crew->state == FFARM_CREW_AWAY)
            ffarm_roster_give_up(farm->roster, crew);
    }
}

/* TRUE if nothing runs, and nothing will before a host comes back. */
static gboolean is_at_standstill(const FfarmFarm *farm)
{
    return farm->unfinished > 0 && farm->running == 0 && !ffarm_dispatch_has_taker(farm->dispatch) &&
           ffarm_alarms_count(farm->alarms, FFARM_ALARM_RETRY) == 0 &&
           ffarm_alarms_count(farm->alarms, FFARM_ALARM_SETTLE) == 0;
}

/* While everybody waits for them, hosts that are away are asked as often as at first. */
static void hurry(FfarmFarm *farm)
{
    gint64 soon_us = g_get_monotonic_time() + pause_us(farm, FIRST_LONG_PAUSE);
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        if (crew->quarantines > 0 || ffarm_alarms_due_us(farm->alarms, FFARM_ALARM_HOST, crew) <= soon_us)
            continue;
        crew->pauses = FIRST_LONG_PAUSE + 1;
        ffarm_alarms_set(farm->alarms, FFARM_ALARM_HOST, crew, soon_us);
    }
}

/* No host was ever there: that need not wait for anything. */
static void give_up_all(FfarmFarm *farm)
{
    g_autoptr(GPtrArray) jobs = ffarm_alarms_list(farm->alarms, FFARM_ALARM_SETTLE);
    for (guint i = 0; i < jobs->len; i++) {
        ffarm_alarms_clear(farm->alarms, FFARM_ALARM_SETTLE, g_ptr_array_index(jobs, i));
        ffarm_farm_queue(farm, g_ptr_array_index(jobs, i));
    }
    ffarm_farm_give_up_hosts(farm);
}

void ffarm_farm_watch_standstill(FfarmFarm *farm)
{
    if (!ffarm_roster_is_awaited(farm->roster) && !ffarm_roster_was_usable(farm->roster))
        give_up_all(farm);
    ffarm_farm_end_orphans(farm);
    if (!is_at_standstill(farm)) {
        ffarm_alarms_clear(farm->alarms, FFARM_ALARM_GIVE_UP, NULL);
        return;
    }
    if (ffarm_alarms_due_us(farm->alarms, FFARM_ALARM_GIVE_UP, NULL) >= 0)
        return;
    gint64 wait_us = farm->plan->settings->host_wait * G_USEC_PER_SEC;
    g_autofree char *pause = pause_text(wait_us);
    g_autofree char *text = g_strdup_printf("%u file%s for hosts that are away, for %s at most", farm->unfinished,
                                            farm->unfinished == 1 ? " waits" : "s wait", pause);
    ffarm_farm_tell_message(farm, text, TRUE);
    ffarm_alarms_set(farm->alarms, FFARM_ALARM_GIVE_UP, NULL, g_get_monotonic_time() + wait_us);
    hurry(farm);
}

static void tell_unanswered(const FfarmFarm *farm, const FfarmCrew *crew)
{
    g_autofree char *text = g_strdup_printf("%s: all was done before it answered", crew->host->name);
    ffarm_farm_tell_message(farm, text, FALSE);
}

/* Counted, and why none could be used. */
gboolean ffarm_farm_sum_up_hosts(const FfarmFarm *farm, GError **error)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        if (crew->was_usable)
            farm->summary->hosts_usable++;
        if (crew->state == FFARM_CREW_AWAITED && !farm->is_cancelled)
            tell_unanswered(farm, crew);
        if (crew->state == FFARM_CREW_AWAY || crew->state == FFARM_CREW_GONE)
            farm->summary->hosts_left_out++;
    }
    if (farm->summary->hosts_usable > 0 || farm->is_cancelled || farm->is_draining)
        return TRUE;
    g_autofree char *reasons = ffarm_roster_reasons(farm->roster, TRUE, NULL);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "no host can be used: %s", reasons);
    return FALSE;
}
