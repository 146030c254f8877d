/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <errno.h>
#include <unistd.h>

#include "exit_code.h"
#include "find_run.h"
#include "load.h"
#include "run.h"
#include "term.h"
#include "verbs.h"

/* Which jobs of an earlier run are taken up, and what is said if there is none. */
typedef struct {
    gboolean (*is_wanted)(const FfarmJobRecord *job);
    CliRunTest is_meant; /* the run, when none is named */
    const char *nothing;
} Choice;

static gboolean is_open(const FfarmJobRecord *job)
{
    return !job->successor && (!ffarm_job_state_is_end(job->state) || job->state == FFARM_JOB_CANCELLED);
}

static gboolean is_failed(const FfarmJobRecord *job)
{
    return !job->successor && job->state == FFARM_JOB_FAILED;
}

static gboolean is_open_or_failed(const FfarmJobRecord *job)
{
    return is_open(job) || is_failed(job);
}

static gboolean has_failed(const FfarmRunRecord *record)
{
    return !record->is_live && record->counts[FFARM_JOB_FAILED] > 0;
}

static gboolean has_open_or_failed(const FfarmRunRecord *record)
{
    return ffarm_run_record_is_unfinished(record) || has_failed(record);
}

/* The line that began the run, with this line's wishes for what is said. */
static CliArgs *recall_args(const FfarmRunRecord *record, const CliArgs *now, GError **error)
{
    if (!record->argv || !record->argv[0]) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "the journal does not hold its command line; give its files to 'ffarm run' again");
        return NULL;
    }
    CliArgs *args = cli_args_parse((const char *const *)record->argv, NULL, error);
    if (!args)
        return NULL;
    args->verbose = now->verbose;
    args->quiet = now->quiet;
    args->json = now->json;
    args->progress = now->progress;
    args->color = now->color;
    return args;
}

/* Others that could be meant are named, so that nobody forgets them. */
static void name_others(const GPtrArray *runs, const FfarmRunRecord *taken, CliRunTest is_meant, const char *verb)
{
    for (guint i = 0; i < runs->len; i++) {
        const FfarmRunRecord *record = g_ptr_array_index(runs, i);
        if (record == taken || !is_meant(record))
            continue;
        g_autofree char *begin = cli_run_time(record->begin_us);
        cli_warn("there is also the run of %s: 'ffarm %s %s'", begin, verb, record->id);
    }
}

static int go_on_with(const CliArgs *now, FfarmJournal *journal, const FfarmRunRecord *record, const Choice *choice)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CliArgs) args = recall_args(record, now, &error);
    if (!args) {
        cli_complain("run %s can't be understood any more: %s", record->id, error->message);
        return CLI_EXIT_USAGE;
    }
    if (record->directory && chdir(record->directory) != 0) {
        cli_complain("%s: the folder in which run %s began can't be entered: %s", record->directory, record->id,
                     g_strerror(errno));
        return CLI_EXIT_USAGE;
    }
    if (!now->quiet) {
        g_autofree char *begin = cli_run_time(record->begin_us);
        cli_warn("going on with run %s of %s", record->id, begin);
    }
    CliEarlierRun earlier = {journal, record, choice->is_wanted, NULL};
    return cli_run(args, &earlier);
}

static int tidy_up(const CliArgs *args, FfarmJournal *journal)
{
    g_autoptr(FfarmSettings) settings = cli_load_settings(args);
    return settings ? cli_recover(journal, settings, args->quiet, NULL) : CLI_EXIT_USAGE;
}

static int go_on(const CliArgs *args, const Choice *choice)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmJournal) journal = cli_look_into_journal(&error);
    g_autoptr(GPtrArray) runs = journal ? ffarm_journal_runs(journal, &error) : NULL;
    const FfarmRunRecord *record = runs ? cli_find_run(args, runs, choice->is_meant, &error) : NULL;
    if (error) {
        cli_complain("%s", error->message);
        return CLI_EXIT_USAGE;
    }
    if (!record) {
        int status = tidy_up(args, journal);
        cli_warn("%s", choice->nothing);
        return status;
    }
    if (record->is_live) {
        cli_complain("run %s is still going on, as process %" G_GINT64_FORMAT, record->id, record->pid);
        return CLI_EXIT_USAGE;
    }
    if (args->files->len == 0)
        name_others(runs, record, choice->is_meant, args->verb->name);
    return go_on_with(args, journal, record, choice);
}

int cmd_resume(const CliArgs *args)
{
    static const Choice choice = {is_open, ffarm_run_record_is_unfinished, "there is no unfinished run"};
    return go_on(args, &choice);
}

int cmd_retry(const CliArgs *args)
{
    static const Choice failed = {is_failed, has_failed, "no run has failed files"};
    static const Choice all = {is_open_or_failed, has_open_or_failed, "no run left anything undone"};
    return go_on(args, args->failed ? &failed : &all);
}
