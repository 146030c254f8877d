/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "host_check.h"
#include "job.h"
#include "journal.h"
#include "plan.h"
#include "progress.h"

G_BEGIN_DECLS

/* farm.h — executes a plan: the only owner of job state. Hands jobs to slots, gives a failed host's job to another,
 * stops.
 *
 * Threads: ffarm_farm_run() works on the calling thread and touches job state there and nowhere else. A slot is a
 * thread with a runner of its own; jobs go out and news comes in by queues, and nothing else is shared. The event
 * function is called on the calling thread. Several farms may run at once on different threads. */

typedef enum {
    FFARM_EVENT_HOST,     /* a host was checked: report */
    FFARM_EVENT_JOB,      /* a job changed state: job, host, choice */
    FFARM_EVENT_PROGRESS, /* a running job has news: job, host, progress; at most two a second for each slot */
    FFARM_EVENT_TRANSFER, /* bytes moved in UPLOADING and DOWNLOADING: job, host, done_bytes, total_bytes */
    FFARM_EVENT_RESULT,   /* a job came to its end: job */
    FFARM_EVENT_MESSAGE,  /* something to tell a person: message, is_warning */
} FfarmEventType;

typedef struct {
    FfarmEventType type;
    const FfarmHostReport *report;
    const FfarmJob *job;
    const FfarmHost *host;
    const FfarmChoice *choice;
    const FfarmProgress *progress;
    gint64 done_bytes, total_bytes;
    const char *message;
    gboolean is_warning;
} FfarmEvent;

/* Everything in @event is borrowed and valid during the call. */
typedef void (*FfarmEventFunc)(const FfarmEvent *event, gpointer user_data);

typedef struct {
    guint retries;  /* how often a job whose host failed is given to another; the command line's default is 2 */
    guint stall_ms; /* no progress for this long: stopped and retried; 0 = as profile and configuration say */
    guint pause_ms; /* before a host is asked again, or a job is given to the host where it failed; 0 = 2 s to 10 min */
    const char *keep_failed; /* folder where results that fail their proof are kept; NULL: they are removed */
    GCancellable *drain;     /* nullable; when it fires nothing new starts, and what runs goes on to its end */
    FfarmJournal
        *journal; /* where everything is noted; the run has begun there (ffarm_journal_begin_run()); NULL: nowhere,
                     so that nobody can tidy up after a crash, and other processes may take the same films */
    FfarmEventFunc on_event; /* nullable */
    gpointer user_data;
} FfarmFarmOptions;

typedef struct {
    guint done, kept, skipped, below_threshold, failed, cancelled;
    gint64 source_bytes, output_bytes; /* of done and kept jobs */
    gint64 elapsed_us;
    guint hosts_usable, hosts_left_out;
} FfarmSummary;

/* Runs @plan to its end: checks the hosts (those that can't be used are named and left out), encodes, verifies,
 * replaces. Items that are not to be encoded get their RESULT event too (skipped; failed for invalid and unassignable
 * ones). When @cancellable fires: nothing new starts, running encodes are stopped on their hosts, temporaries are
 * removed on both sides, sources stay as they were; the rest is CANCELLED, and TRUE is returned with what was done in
 * @summary. Draining makes the jobs that have not begun CANCELLED, with an error that says so.
 *
 * A host that is lost, or on which max_failures different jobs in a row failed for its own fault, gets no jobs but is
 * asked again with growing pauses, as is one that could not be reached at first. Jobs that nobody else may take wait
 * for it; when nothing else is left to do they wait for the configuration's host_wait, and fail then. Returns: FALSE
 * with FFARM_REMOTE_ERROR_UNREACHABLE if there is something to encode and no host was ever usable. */
gboolean ffarm_farm_run(const FfarmPlan *plan, const FfarmFarmOptions *options, FfarmSummary *summary,
                        GCancellable *cancellable, GError **error);

G_END_DECLS
