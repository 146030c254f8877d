/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alarms.h"
#include "device_book.h"
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
    guint *ranks;        /* by item id: place in the order of handing out */
    FfarmAlarms *alarms; /* of crews and jobs */
    FfarmDeviceBook *devices;
    GHashTable *told;   /* char*: messages that are said once */
    GHashTable *misses; /* host, engine, device, codec, depth -> the last FfarmJob with which that failed */
    FfarmSpace *space;  /* of the slots that work */
    FfarmWants *wants;  /* what hosts are tried for */
    guint unfinished, running;
    gboolean is_cancelled, is_draining;
    gboolean is_journal_broken; /* and that was told */
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
/* Ends everything that does not run. @words: nullable; why, for each job's error. */
void ffarm_farm_cancel_waiting(FfarmFarm *farm, const char *words);
/* Has @job wait in its line. */
void ffarm_farm_queue(FfarmFarm *farm, FfarmJob *job);
/* Jobs that pause because no other host was there need not do so any longer when there is one. */
void ffarm_farm_wake_retries(FfarmFarm *farm);
/* Gives every idle slot what there is for it. */
void ffarm_farm_hand_out(FfarmFarm *farm);
void ffarm_farm_on_state(FfarmFarm *farm, FfarmMember *member, FfarmJobState state);
void ffarm_farm_on_finished(FfarmFarm *farm, FfarmMember *member, FfarmOutcome *outcome);
void ffarm_farm_on_untouched(FfarmFarm *farm, FfarmMember *member);

/* farm_devices.c: what hosts' hardware turns out to do. */
/* @member begins with @rung, or goes on with it; NULL: it is done. Keeps count of who uses what. */
void ffarm_farm_use_device(FfarmFarm *farm, FfarmMember *member, const FfarmChoice *rung);
/* @member's job gets further: what it uses is not in use by others. */
void ffarm_farm_note_begun(FfarmFarm *farm, FfarmMember *member, const FfarmProgress *progress);
/* @rung's device turned out to be in use when a job of ours wanted it. */
void ffarm_farm_note_busy(FfarmFarm *farm, const FfarmCrew *crew, const FfarmChoice *rung);
/* @job met @rung's device in use; and what has become of such devices since, as its next attempt is to know. */
void ffarm_farm_note_meeting(FfarmFarm *farm, const FfarmHost *host, FfarmJob *job, const FfarmChoice *rung);
void ffarm_farm_look_at_meetings(const FfarmFarm *farm, FfarmJob *job);
/* Devices that were left alone for a while can be tried again. */
void ffarm_farm_look_at_devices(FfarmFarm *farm);
/* An encoder failed on @member's host, with its job: whether it is counted on any longer. */
void ffarm_farm_on_finding(FfarmFarm *farm, const FfarmMember *member, const FfarmCapability *finding);
/* A decoder was tried on @member's host. */
void ffarm_farm_on_decoder(FfarmFarm *farm, const FfarmMember *member, const FfarmDecodeCapability *found);
/* @rung did well on @host: what looked like its fault was the films'. */
void ffarm_farm_note_good(FfarmFarm *farm, const FfarmHost *host, const FfarmChoice *rung);
/* @member's job is done by @rung from here on. */
void ffarm_farm_on_rung(FfarmFarm *farm, FfarmMember *member, const FfarmChoice *rung, const char *reason);

/* farm_orphans.c */
/* Ends the waiting jobs that no host is left for: SKIPPED where every host was heard and HDR is what stands
 * against it, else FAILED; either says why, host by host. */
void ffarm_farm_end_orphans(FfarmFarm *farm);

/* farm_notes.c: the journal. */
/* Notes @job as it stands. A journal that can't be written to is told of once. */
void ffarm_farm_note(FfarmFarm *farm, const FfarmJob *job);
/* Locks @job's source, and the result that @choice would make, against other processes. Nothing if they are already.
 * Returns: NULL; or a new error that says why nothing is to be done. @state is then what the job ends in: SKIPPED if
 * another process did it; CANCELLED if one has it (which may come to nothing there), or if the source was written to
 * since it was looked at (FFARM_JOB_ERROR_UNSETTLED): both can be taken up later. */
GError *ffarm_farm_lock(FfarmFarm *farm, FfarmJob *job, const FfarmChoice *choice,
                        FfarmJobState *state) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_farm_unlock(FfarmFarm *farm, FfarmJob *job);

/* farm_speeds.c: how fast hosts are. */
/* From here on @host's @abilities (nullable) are known, with the speeds that the journal has of it. */
void ffarm_farm_know(FfarmFarm *farm, const FfarmHost *host, const FfarmAbilities *abilities);
/* Remembers how fast the encode of @job was in the way that @outcome names, if it went well and tells that. */
void ffarm_farm_note_speed(FfarmFarm *farm, const FfarmJob *job, const FfarmOutcome *outcome);

/* farm_hosts.c: who can be given work. */
void ffarm_farm_check_hosts(FfarmFarm *farm);
void ffarm_farm_on_checked(FfarmFarm *farm, FfarmMember *member, const FfarmHostReport *report);
void ffarm_farm_on_lost(FfarmFarm *farm, FfarmMember *member, const GError *error);
/* The pause of @crew is over. */
void ffarm_farm_ask_again(FfarmFarm *farm, FfarmCrew *crew);
/* An attempt at @job ended on @crew's host, and @fault says by whose fault: may quarantine it, or bring it back. */
void ffarm_farm_note_end(FfarmFarm *farm, FfarmCrew *crew, const FfarmJob *job, FfarmFault fault);
/* Jobs wait no longer for hosts that are away. */
void ffarm_farm_give_up_hosts(FfarmFarm *farm);
/* Looks whether anything can still go on, and sets a limit to the wait where only hosts that are away could. */
void ffarm_farm_watch_standstill(FfarmFarm *farm);
/* Counts the hosts. Returns: FALSE with FFARM_REMOTE_ERROR_UNREACHABLE if none could be used. */
gboolean ffarm_farm_sum_up_hosts(const FfarmFarm *farm, GError **error);

G_END_DECLS
