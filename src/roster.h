/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dispatch.h"
#include "error.h"
#include "slot.h"

G_BEGIN_DECLS

/* roster.h — the hosts of a run with their slots: who is free, who is away and why. Keeps the dispatch's seats in step.
 *
 * Threads: the farm's. */

typedef struct FfarmCrew FfarmCrew;

/* One slot, and what it is doing. */
typedef struct {
    FfarmCrew *crew; /* borrowed */
    guint seat;      /* of the dispatch */
    FfarmSlot *slot;
    FfarmJob *job;           /* borrowed; NULL: none */
    FfarmChoice *choice;     /* of the job */
    const FfarmChoice *rung; /* of the choice's ladder, that is used now; NULL: none */
    gboolean has_begun;      /* that rung has made a frame */
    gboolean is_idle;        /* waits in the roster's queue for a job */
    gboolean is_out;         /* gets none until it is brought back; what it is doing goes on */
} FfarmMember;

typedef enum {
    FFARM_CREW_AWAITED, /* has not answered yet */
    FFARM_CREW_HERE,    /* works */
    FFARM_CREW_AWAY,    /* gets no jobs, but is asked again: unreachable, lost or quarantined */
    FFARM_CREW_GONE,    /* is not asked any more */
} FfarmCrewState;

/* One host with its slots. */
struct FfarmCrew {
    const FfarmHost *host; /* borrowed */
    GPtrArray *members;    /* of FfarmMember, borrowed */
    FfarmCrewState state;
    gboolean was_usable;    /* was checked, and well, some time in this run */
    gboolean is_asked;      /* a check is going on */
    char *reason;           /* why it is away or gone; NULL: it is not */
    guint pauses;           /* how often it was left alone since a job last went well there */
    guint quarantines;      /* how many of them because of failures */
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

/* Has @member wait for a job; nothing if it does already, has one or is out. */
void ffarm_roster_make_idle(FfarmRoster *roster, FfarmMember *member);
/* Takes @member out of those that wait. */
void ffarm_roster_make_busy(FfarmRoster *roster, FfarmMember *member);

/* @member gets no job until its host is brought back. */
void ffarm_roster_take_out(FfarmRoster *roster, FfarmMember *member);
/* TRUE if a member of @crew is not out. */
gboolean ffarm_roster_has_member(const FfarmCrew *crew);
/* Takes all of @crew out, for @reason (copied). @state: AWAY, and jobs wait for it, or GONE, and they don't. */
void ffarm_roster_dismiss(FfarmRoster *roster, FfarmCrew *crew, FfarmCrewState state, const char *reason);
/* Jobs wait no longer for @crew, which is AWAY and remains so. */
void ffarm_roster_give_up(FfarmRoster *roster, const FfarmCrew *crew);
/* All of @crew is HERE; those that do nothing are idle. */
void ffarm_roster_bring_back(FfarmRoster *roster, FfarmCrew *crew);
/* Returns: a member over whose slot @crew's host can be asked how it is, borrowed; NULL while all are at work. */
FfarmMember *ffarm_roster_find_asker(const FfarmCrew *crew);
/* Returns: the crew of @host, borrowed. */
FfarmCrew *ffarm_roster_find_crew(const FfarmRoster *roster, const FfarmHost *host);

/* Notes how an attempt at @job on @crew's host ended: NONE for success, HOST for a failure that is the host's. Others
 * say nothing about it. Returns: TRUE when @max_misses different jobs in a row failed for the host's fault: something
 * is wrong with it. */
gboolean ffarm_roster_note_end(FfarmCrew *crew, const FfarmJob *job, FfarmFault fault, guint max_misses);

/* TRUE while some host has not answered. */
gboolean ffarm_roster_is_awaited(const FfarmRoster *roster);
/* TRUE if some host could be used in this run. */
gboolean ffarm_roster_was_usable(const FfarmRoster *roster);
/* Why hosts are away or gone, joined by "; ". @cluster: only that one's (NULL: those of no cluster) unless
 * @any_cluster. Returns: new string; "" if none is. */
char *ffarm_roster_reasons(const FfarmRoster *roster, gboolean any_cluster,
                           const char *cluster) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
