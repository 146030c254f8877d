/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"
#include "plan.h"

G_BEGIN_DECLS

/* dispatch.h — which of the waiting jobs a free slot gets. No I/O.
 *
 * Jobs that the same hosts may take wait in one line, so that asking costs as many steps as there are kinds of jobs
 * (cluster, profile, codecs), not as there are jobs. A job that failed on a host joins the line of those that failed
 * there.
 *
 * Threads: one at a time. */

typedef struct FfarmDispatch FfarmDispatch;

/* @plan outlives it. */
FfarmDispatch *ffarm_dispatch_new(const FfarmPlan *plan) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_dispatch_free(FfarmDispatch *dispatch); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmDispatch, ffarm_dispatch_free)

/* A seat is a slot as the dispatch sees it: @host and the queue it belongs to (NULL: default). Seats are numbered from
 * 0. */
void ffarm_dispatch_add_seat(FfarmDispatch *dispatch, const FfarmHost *host, const char *queue);
/* What is known of @host from now on; NULL: nothing. */
void ffarm_dispatch_set_abilities(FfarmDispatch *dispatch, const FfarmHost *host, const FfarmAbilities *abilities);
/* The devices of @host that can take nothing now (see FfarmConditions; copied, nullable), until it is told otherwise:
 * jobs that need them wait, as do the seats that would take them. */
void ffarm_dispatch_set_full(FfarmDispatch *dispatch, const FfarmHost *host, const char *const *full,
                             const char *const *taken);
/* Returns: what is known of @host now; borrowed, nullable. */
const FfarmAbilities *ffarm_dispatch_peek_abilities(const FfarmDispatch *dispatch, const FfarmHost *host);
typedef enum {
    FFARM_SEAT_HERE, /* comes for work, now or when it has ended what it is doing; so is every new one */
    FFARM_SEAT_AWAY, /* does not come, but may be back: jobs wait for it that nobody else may take */
    FFARM_SEAT_GONE, /* nobody waits for it; it may come back all the same */
} FfarmSeatState;
void ffarm_dispatch_set_seat(FfarmDispatch *dispatch, guint seat, FfarmSeatState state);

/* Puts @job (borrowed) at the end of its line. Lines are served in the order of @rank of their first jobs, so that
 * queuing all jobs by rising rank hands them out in that order; one that comes back keeps its rank. */
void ffarm_dispatch_queue(FfarmDispatch *dispatch, FfarmJob *job, guint rank);

/* How soon @seat will be free again, where that is known better than by its speed. */
void ffarm_dispatch_set_left(FfarmDispatch *dispatch, guint seat, double seconds);
/* How fast @seat is at what it would be given now (see ffarm_estimate_rate()); 0: not known, or there is nothing. */
double ffarm_dispatch_peek_rate(const FfarmDispatch *dispatch, guint seat);

/* The next job for @seat: the first of its line; of those with FFARM_ORDER_LONGEST, where speeds are known, the longest
 * that does not keep everybody waiting in the end (see hand_out_order.h). A host where a job has failed gets it again
 * only when no other seat that is here may take it.
 * @choice: how it is to be done there, free with ffarm_choice_free().
 * Returns: the job, which waits no longer; NULL if there is nothing for this seat now. */
FfarmJob *ffarm_dispatch_next(FfarmDispatch *dispatch, guint seat, FfarmChoice **choice);

/* A waiting job that only seats that are gone may take, one by one; it waits no longer. Returns: NULL if there is none.
 */
FfarmJob *ffarm_dispatch_take_orphan(FfarmDispatch *dispatch);
/* Any waiting job, one by one, when everything is called off. */
FfarmJob *ffarm_dispatch_take_any(FfarmDispatch *dispatch);

/* TRUE if a seat is here on a host where @job has not failed and that may take it. */
gboolean ffarm_dispatch_has_fresh_host(FfarmDispatch *dispatch, const FfarmJob *job);
/* TRUE if some job waits that a seat that is here may take. */
gboolean ffarm_dispatch_has_taker(FfarmDispatch *dispatch);
/* TRUE if some job waits that @seat may take, wherever that is. */
gboolean ffarm_dispatch_has_work_for(FfarmDispatch *dispatch, guint seat);

G_END_DECLS
