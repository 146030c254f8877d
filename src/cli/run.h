/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "args.h"
#include "ffarm.h"

G_BEGIN_DECLS

/* run.h — one run from the command line to the exit status, also one that goes on with what another left. Threads: the
 * main one. */

/* What an earlier run left to do. */
typedef struct {
    FfarmJournal *journal;        /* borrowed */
    const FfarmRunRecord *record; /* how that run was asked for */
    gboolean (*is_wanted)(const FfarmJobRecord *job);
    GHashTable *items; /* nullable: only the jobs whose item is in this set, as GUINT_TO_POINTER() */
} CliEarlierRun;

/* @args: of the verb run. @earlier: nullable; its jobs are taken instead of the FILEs of @args, and its configuration.
 * Files that were written to since they were looked at are looked at again, in a run that takes them over, until they
 * stay as they are, for 10 minutes at most. Returns: the exit status. */
int cli_run(const CliArgs *args, const CliEarlierRun *earlier);

/* Recovers what earlier runs left half-done, saying so. Returns: CLI_EXIT_DONE, or the exit status with which nothing
 * more may be done. */
int cli_recover(FfarmJournal *journal, const FfarmSettings *settings, gboolean is_quiet, GCancellable *cancellable);

/* Opens the journal, and says so where a damaged one had to be begun anew: with it goes what half-done replacements
 * left. Returns: new journal; NULL with @error (nullable). */
FfarmJournal *cli_look_into_journal(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Opens the journal and recovers what earlier runs left half-done, saying so.
 * @must_have: without it, all that goes wrong is said, and NULL is returned with @status left alone.
 * Returns: new journal; NULL with *@status set where nothing may be done without it. */
FfarmJournal *cli_open_journal(const FfarmSettings *settings, gboolean must_have, gboolean is_quiet,
                               GCancellable *cancellable, int *status) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
