/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dispatch.h"
#include "error.h"
#include "slot.h"

G_BEGIN_DECLS

/* roster.h — the hosts of a run with their slots: who is free, who has left and why. Keeps the dispatch's seats in
 * step.
 *
 * Threads: the farm's. */

typedef struct FfarmCrew FfarmCrew;

/* One slot, and what it is doing. */
typedef struct {
    FfarmCrew *crew; /* borrowed */
    guint seat;      /* of the dispatch */
    FfarmSlot *slot;
    FfarmJob *job;       /* borrowed; NULL: none */
    FfarmChoice *choice; /* of the job */
    gboolean is_idle;    /* waits in the roster's queue for a job */
    gboolean is_retired; /* gets none any more */
} FfarmMember;

/* One host with its slots. */
struct FfarmCrew {
    const FfarmHost *host;  /* borrowed */
    GPtrArray *members;     /* of FfarmMember, borrowed */
    gboolean is_usable;     /* was checked, and well */
    gboolean is_gone;       /* could not be used, or not any more */
    char *reason;           /* why it is gone; NULL: it is not */
    guint misses;           /* different jobs in a row that failed for its fault */
    const FfarmJob *missed; /* the last of them */
};

typedef struct {
    GPtrArray *crews;   /* of FfarmCrew, in the plan's order */
    GPtrArray *members; /* of FfarmMember, by seat */
    GHashTable *by_slot;
    GQueue idle; /* of FfarmMember, borrowed, longest waiting first */
    FfarmDispatch *dispatch;
} FfarmRoster;

/* @dispatch: borrowed, and without seats yet. */
FfarmRoster *ffarm_roster_new(FfarmDispatch *dispatch) G_GNUC_WARN_UNUSED_RESULT;
/* Ends all slots (see ffarm_slot_free()). NULL is legal. */
void ffarm_roster_free(FfarmRoster *roster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmRoster, ffarm_roster_free)

/* Adds @host with all its slots; none of them is idle yet. @news, @stop: as for ffarm_slot_new(). */
void ffarm_roster_add(FfarmRoster *roster, const FfarmHost *host, GAsyncQueue *news, GCancellable *stop);
FfarmMember *ffarm_roster_find(const FfarmRoster *roster, const FfarmSlot *slot); /* borrowed */

/* Has @member wait for a job; nothing if it does already or is retired. */
void ffarm_roster_make_idle(FfarmRoster *roster, FfarmMember *member);
/* Takes @member out of those that wait. */
void ffarm_roster_make_busy(FfarmRoster *roster, FfarmMember *member);
/* @member gets no job any more; what it is doing goes on. */
void ffarm_roster_retire(FfarmRoster *roster, FfarmMember *member);
/* Retires all of @crew, for @reason (copied). */
void ffarm_roster_dismiss(FfarmRoster *roster, FfarmCrew *crew, const char *reason);
gboolean ffarm_roster_has_member_left(const FfarmCrew *crew);

/* Notes how an attempt at @job on @crew's host ended: @fault is NONE for success.
 * Returns: TRUE when so many different jobs in a row failed for the host's fault that something is wrong with it. */
gboolean ffarm_roster_note_end(FfarmCrew *crew, const FfarmJob *job, FfarmFault fault);

/* TRUE while all hosts that have answered were unusable and some have not answered. */
gboolean ffarm_roster_is_in_doubt(const FfarmRoster *roster);
/* Why hosts are gone, joined by "; ". @cluster: only that one's (NULL: those of no cluster) unless @any_cluster.
 * Returns: new string; "" if none is gone. */
char *ffarm_roster_reasons(const FfarmRoster *roster, gboolean any_cluster,
                           const char *cluster) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
