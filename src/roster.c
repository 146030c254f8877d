/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "roster.h"

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

FfarmCrew *ffarm_roster_find_crew(const FfarmRoster *roster, const FfarmHost *host)
{
    for (guint i = 0; i < roster->crews->len; i++) {
        FfarmCrew *crew = g_ptr_array_index(roster->crews, i);
        if (crew->host == host)
            return crew;
    }
    return NULL;
}

void ffarm_roster_make_idle(FfarmRoster *roster, FfarmMember *member)
{
    if (member->is_out || member->is_idle || member->job)
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

static void take_out(FfarmRoster *roster, FfarmMember *member, FfarmSeatState seat)
{
    member->is_out = TRUE;
    ffarm_dispatch_set_seat(roster->dispatch, member->seat, seat);
    ffarm_roster_make_busy(roster, member);
}

void ffarm_roster_take_out(FfarmRoster *roster, FfarmMember *member)
{
    take_out(roster, member, FFARM_SEAT_AWAY);
}

gboolean ffarm_roster_has_member(const FfarmCrew *crew)
{
    for (guint i = 0; i < crew->members->len; i++)
        if (!((const FfarmMember *)g_ptr_array_index(crew->members, i))->is_out)
            return TRUE;
    return FALSE;
}

void ffarm_roster_dismiss(FfarmRoster *roster, FfarmCrew *crew, FfarmCrewState state, const char *reason)
{
    FfarmSeatState seat = state == FFARM_CREW_AWAY ? FFARM_SEAT_AWAY : FFARM_SEAT_GONE;
    crew->state = state;
    g_autofree char *old = crew->reason;
    crew->reason = g_strdup(reason);
    for (guint i = 0; i < crew->members->len; i++)
        take_out(roster, g_ptr_array_index(crew->members, i), seat);
}

void ffarm_roster_give_up(FfarmRoster *roster, const FfarmCrew *crew)
{
    for (guint i = 0; i < crew->members->len; i++)
        take_out(roster, g_ptr_array_index(crew->members, i), FFARM_SEAT_GONE);
}

void ffarm_roster_bring_back(FfarmRoster *roster, FfarmCrew *crew)
{
    crew->state = FFARM_CREW_HERE;
    g_clear_pointer(&crew->reason, g_free);
    for (guint i = 0; i < crew->members->len; i++) {
        FfarmMember *member = g_ptr_array_index(crew->members, i);
        member->is_out = FALSE;
        ffarm_dispatch_set_seat(roster->dispatch, member->seat, FFARM_SEAT_HERE);
        ffarm_roster_make_idle(roster, member);
    }
}

FfarmMember *ffarm_roster_find_asker(const FfarmCrew *crew)
{
    for (guint i = 0; i < crew->members->len; i++) {
        FfarmMember *member = g_ptr_array_index(crew->members, i);
        if (member->is_out && !member->job)
            return member;
    }
    return NULL;
}

gboolean ffarm_roster_note_end(FfarmCrew *crew, const FfarmJob *job, FfarmFault fault, guint max_misses)
{
    if (fault == FFARM_FAULT_NONE) {
        crew->misses = 0;
        crew->missed = NULL;
        crew->pauses = 0;
        crew->quarantines = 0;
    }
    if (fault != FFARM_FAULT_HOST)
        return FALSE;
    if (crew->missed != job)
        crew->misses++;
    crew->missed = job;
    return crew->misses >= max_misses;
}

gboolean ffarm_roster_is_awaited(const FfarmRoster *roster)
{
    for (guint i = 0; i < roster->crews->len; i++)
        if (((const FfarmCrew *)g_ptr_array_index(roster->crews, i))->state == FFARM_CREW_AWAITED)
            return TRUE;
    return FALSE;
}

gboolean ffarm_roster_was_usable(const FfarmRoster *roster)
{
    for (guint i = 0; i < roster->crews->len; i++)
        if (((const FfarmCrew *)g_ptr_array_index(roster->crews, i))->was_usable)
            return TRUE;
    return FALSE;
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
