/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <signal.h>
#include <stdio.h>

#include "exit_code.h"
#include "find_run.h"
#include "run.h"
#include "term.h"

static gboolean is_live(const FfarmRunRecord *record)
{
    return record->is_live;
}

/* What it is doing, and what becomes of that. */
static void say(const FfarmRunRecord *record, gboolean now)
{
    guint n_running = 0, n_waiting = record->counts[FFARM_JOB_QUEUED];
    for (guint state = FFARM_JOB_CLAIMED; state < FFARM_JOB_DONE; state++)
        n_running += record->counts[state];
    printf("run %s (process %" G_GINT64_FORMAT "): %u running, %u waiting; %s\n", record->id, record->pid, n_running,
           n_waiting,
           now ? "what runs is stopped, sources stay as they were" : "what runs is finished, nothing new starts");
}

static gboolean stop(FfarmJournal *journal, const FfarmRunRecord *record, const CliArgs *args)
{
    g_autoptr(GError) error = NULL;
    if (ffarm_journal_signal_run(journal, record, args->now ? SIGTERM : SIGUSR1, &error)) {
        if (!args->quiet)
            say(record, args->now);
        return TRUE;
    }
    cli_complain("%s", error->message);
    return FALSE;
}

static gboolean stop_all(FfarmJournal *journal, const GPtrArray *runs, const CliArgs *args)
{
    gboolean is_good = TRUE;
    guint n_live = 0;
    for (guint i = 0; i < runs->len; i++) {
        const FfarmRunRecord *record = g_ptr_array_index(runs, i);
        if (!is_live(record))
            continue;
        n_live++;
        is_good = stop(journal, record, args) && is_good;
    }
    if (n_live == 0)
        cli_warn("no run is going on");
    return is_good;
}

int cmd_stop(const CliArgs *args)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmJournal) journal = cli_look_into_journal(&error);
    g_autoptr(GPtrArray) runs = journal ? ffarm_journal_runs(journal, &error) : NULL;
    const FfarmRunRecord *named = runs && args->files->len > 0 ? cli_find_run(args, runs, is_live, &error) : NULL;
    if (error) {
        cli_complain("%s", error->message);
        return CLI_EXIT_USAGE;
    }
    gboolean is_good = named ? stop(journal, named, args) : stop_all(journal, runs, args);
    return is_good ? CLI_EXIT_DONE : CLI_EXIT_FAILED;
}
