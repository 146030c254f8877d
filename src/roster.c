/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "roster.h"

/* A host on which this many jobs in a row failed for its own fault has something wrong that its check did not see. */
#define MAX_MISSES 3

static void crew_free(gpointer data)
{
    FfarmCrew *crew = data;
    g_ptr_array_unref(crew->members);
    g_free(crew->reason);
    g_free(crew);
}

static void member_free(gpointer data)
{
    FfarmMember *member = data;
    ffarm_slot_free(member->slot);
    ffarm_choice_free(member->choice);
    g_free(member);
}

FfarmRoster *ffarm_roster_new(FfarmDispatch *dispatch)
{
    FfarmRoster *roster = g_new0(FfarmRoster, 1);
    roster->dispatch = dispatch;
    roster->crews = g_ptr_array_new_with_free_func(crew_free);
    roster->members = g_ptr_array_new_with_free_func(member_free);
    roster->by_slot = g_hash_table_new(NULL, NULL);
    g_queue_init(&roster->idle);
    return roster;
}

void ffarm_roster_free(FfarmRoster *roster)
{
    if (!roster)
        return;
    g_queue_clear(&roster->idle);
    g_hash_table_unref(roster->by_slot);
    g_ptr_array_unref(roster->members);
    g_ptr_array_unref(roster->crews);
    g_free(roster);
}

void ffarm_roster_add(FfarmRoster *roster, const FfarmHost *host, GAsyncQueue *news, GCancellable *stop)
{
    FfarmCrew *crew = g_new0(FfarmCrew, 1);
    crew->host = host;
    crew->members = g_ptr_array_new();
    g_ptr_array_add(roster->crews, crew);
    for (guint i = 0; i < host->queues->len; i++) {
        const FfarmQueue *queue = g_ptr_array_index(host->queues, i);
        for (guint j = 0; j < queue->slots; j++) {
            FfarmMember *member = g_new0(FfarmMember, 1);
            member->crew = crew;
            member->seat = roster->members->len;
            member->slot = ffarm_slot_new(host, news, stop);
            g_ptr_array_add(roster->members, member);
            g_ptr_array_add(crew->members, member);
            g_hash_table_insert(roster->by_slot, member->slot, member);
            ffarm_dispatch_add_seat(roster->dispatch, host, queue->name);
        }
    }
}

FfarmMember *ffarm_roster_find(const FfarmRoster *roster, const FfarmSlot *slot)
{
    return g_hash_table_lookup(roster->by_slot, slot);
}

void ffarm_roster_make_idle(FfarmRoster *roster, FfarmMember *member)
{
    if (member->is_retired || member->is_idle)
        return;
    member->is_idle = TRUE;
    g_queue_push_tail(&roster->idle, member);
}

void ffarm_roster_make_busy(FfarmRoster *roster, FfarmMember *member)
{
    if (member->is_idle)
        g_queue_remove(&roster->idle, member);
    member->is_idle = FALSE;
}

void ffarm_roster_retire(FfarmRoster *roster, FfarmMember *member)
{
    member->is_retired = TRUE;
    ffarm_dispatch_drop_seat(roster->dispatch, member->seat);
    ffarm_roster_make_busy(roster, member);
}

void ffarm_roster_dismiss(FfarmRoster *roster, FfarmCrew *crew, const char *reason)
{
    crew->is_gone = TRUE;
    g_free(crew->reason);
    crew->reason = g_strdup(reason);
    for (guint i = 0; i < crew->members->len; i++)
        ffarm_roster_retire(roster, g_ptr_array_index(crew->members, i));
}

gboolean ffarm_roster_has_member_left(const FfarmCrew *crew)
{
    for (guint i = 0; i < crew->members->len; i++)
        if (!((const FfarmMember *)g_ptr_array_index(crew->members, i))->is_retired)
            return TRUE;
    return FALSE;
}

gboolean ffarm_roster_note_end(FfarmCrew *crew, const FfarmJob *job, FfarmFault fault)
{
    if (fault != FFARM_FAULT_HOST) {
        crew->misses = 0;
        crew->missed = NULL;
        return FALSE;
    }
    if (crew->missed != job)
        crew->misses++;
    crew->missed = job;
    return crew->misses >= MAX_MISSES;
}

gboolean ffarm_roster_is_in_doubt(const FfarmRoster *roster)
{
    gboolean is_awaited = FALSE;
    for (guint i = 0; i < roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(roster->crews, i);
        if (crew->is_usable)
            return FALSE;
        is_awaited = is_awaited || !crew->is_gone;
    }
    return is_awaited;
}

char *ffarm_roster_reasons(const FfarmRoster *roster, gboolean any_cluster, const char *cluster)
{
    GString *reasons = g_string_new(NULL);
    for (guint i = 0; i < roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(roster->crews, i);
        if (crew->reason && (any_cluster || g_strcmp0(crew->host->cluster, cluster) == 0))
            g_string_append_printf(reasons, "%s%s", reasons->len > 0 ? "; " : "", crew->reason);
    }
    return g_string_free(reasons, FALSE);
}
