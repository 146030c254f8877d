/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "journal.h"

G_BEGIN_DECLS

/* leftovers.h — what the journal says that runs left behind, for recovery to deal with. Private to recovery and
 * journal.
 *
 * Threads: as for journal.h. */

/* A FfarmTrace with what else is known, its own strings, and what became of it. */
typedef struct {
    gint64 id;
    char *run_id;
    guint item;
    char *attempt;
    char *cluster; /* nullable */
    char *host;
    char *here, *there; /* nullable */
    gboolean is_folder;
    gint64 source_size, source_mtime_ns; /* of the job's source; 0: unknown */
    gboolean is_kept;                    /* a replacement that is not over needs @here */
    guint gone;                          /* FfarmTracePart: what could be removed */
} FfarmLeftTrace;

/* FALSE for a trace that no ffarm noted: nothing may be done by what it says. */
gboolean ffarm_left_trace_is_believable(const FfarmLeftTrace *trace);
/* TRUE if @path, here or on a host, ends in a name of the attempt's (which is believable). */
gboolean ffarm_left_trace_is_ours(const FfarmLeftTrace *trace, const char *path);

typedef struct {
    char *run_id;
    guint item;
    char *path;   /* of the job's source; nullable */
    char *record; /* as noted */
} FfarmLeftReplacement;

/* What recovery has to do, of runs that this process has claimed. */
typedef struct {
    GPtrArray *runs;         /* of char*: claimed */
    GPtrArray *replacements; /* of FfarmLeftReplacement */
    GPtrArray *traces;       /* of FfarmLeftTrace */
} FfarmLeftovers;

/* Claims every run that is over or dead and left something, or did not come to an end: nobody else recovers it
 * meanwhile. Returns: new leftovers, free with ffarm_leftovers_free() after ffarm_leftovers_release(); NULL with
 * @error. */
FfarmLeftovers *ffarm_leftovers_claim(FfarmJournal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Gives the runs back; with @is_done those that had not ended are noted as such. */
gboolean ffarm_leftovers_release(FfarmLeftovers *leftovers, FfarmJournal *journal, gboolean is_done, GError **error);
void ffarm_leftovers_free(FfarmLeftovers *leftovers); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmLeftovers, ffarm_leftovers_free)

/* How a replacement came out. @state: DONE or KEPT (the result lies at @output), FAILED (for @reason), or QUEUED: it
 * was undone, and the job is as it was. @is_over: FALSE keeps the record for another time. */
gboolean ffarm_leftovers_settle(FfarmJournal *journal, const FfarmLeftReplacement *replacement, FfarmJobState state,
                                const char *output, const char *reason, gboolean is_over, GError **error);

G_END_DECLS
