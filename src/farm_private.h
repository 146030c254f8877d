/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dispatch.h"
#include "farm.h"
#include "roster.h"
#include "slot.h"

G_BEGIN_DECLS

/* farm_private.h — one run of a plan, and the parts of the farm that work on it. Private to src/farm*.c.
 *
 * Threads: the farm's. */

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
} FfarmFarm;

/* farm_tell.c: events. */
void ffarm_farm_tell(const FfarmFarm *farm, const FfarmEvent *event);
void ffarm_farm_tell_message(const FfarmFarm *farm, const char *message, gboolean is_warning);
/* @member: nullable. */
void ffarm_farm_tell_job(const FfarmFarm *farm, FfarmEventType type, const FfarmJob *job, const FfarmMember *member);
void ffarm_farm_tell_progress(const FfarmFarm *farm, const FfarmMember *member, const FfarmProgress *progress);
void ffarm_farm_tell_transfer(const FfarmFarm *farm, const FfarmMember *member, const FfarmNews *news);

/* farm_jobs.c: what becomes of jobs. */
void ffarm_farm_end_job(FfarmFarm *farm, FfarmJob *job, FfarmJobState state);
/* Takes @error over. */
void ffarm_farm_set_error(FfarmJob *job, GError *error);
/* Ends the waiting jobs that no host is left for. */
void ffarm_farm_fail_orphans(FfarmFarm *farm);
void ffarm_farm_cancel_waiting(FfarmFarm *farm);
/* Gives every idle slot what there is for it. */
void ffarm_farm_hand_out(FfarmFarm *farm);
void ffarm_farm_on_state(FfarmFarm *farm, FfarmMember *member, FfarmJobState state);
void ffarm_farm_on_finished(FfarmFarm *farm, FfarmMember *member, FfarmOutcome *outcome);
void ffarm_farm_on_untouched(FfarmFarm *farm, FfarmMember *member);

/* farm_hosts.c: who can be given work. */
void ffarm_farm_check_hosts(FfarmFarm *farm);
/* No job goes to the host any more; those that run there end as they end. */
void ffarm_farm_dismiss(FfarmFarm *farm, FfarmCrew *crew, const char *reason);
void ffarm_farm_on_checked(FfarmFarm *farm, FfarmMember *member, const FfarmHostReport *report);
void ffarm_farm_on_lost(FfarmFarm *farm, FfarmMember *member, const GError *error);
/* Counts the hosts. Returns: FALSE with FFARM_REMOTE_ERROR_UNREACHABLE if none could be used. */
gboolean ffarm_farm_sum_up_hosts(const FfarmFarm *farm, GError **error);

G_END_DECLS
