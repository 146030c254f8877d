/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_code.h"
#include "ffarm.h"
#include "host_text.h"
#include "interrupt.h"
#include "isolate.h"
#include "load.h"
#include "plan_text.h"
#include "queue_list.h"
#include "run.h"
#include "run_view.h"
#include "term.h"
#include "verbs.h"

/* A long look at many files says how far it is this often. */
#define LOOKING_EVERY_US (10 * G_USEC_PER_SEC)
/* For so long files that are being written to are looked at again, once all others are done. */
#define PATIENCE_US (10 * 60 * G_USEC_PER_SEC)

typedef struct {
    const CliArgs *args;
    const FfarmSettings *settings;
    const CliEarlierRun *earlier; /* nullable */
    CliInterrupt *interrupt;
    CliQueueList *lists;
    FfarmJournal *journal; /* nullable */
    GPtrArray *inputs;     /* of FfarmInput */
    guint n_unreadable;    /* folders that could not be walked */
    gint64 last_said_us;
    CliRunView *view;
    GPtrArray *reports;    /* of FfarmHostReport, of a dry run; nullable */
    char *run_id;          /* NULL: nothing was executed */
    GHashTable *unsettled; /* items that were written to since they were looked at, as GUINT_TO_POINTER() */
} Run;

static int complain(const Run *run, const GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        if (cli_interrupt_came(run->interrupt))
            return CLI_EXIT_INTERRUPTED;
        cli_warn("stopped before anything had begun");
        return CLI_EXIT_DONE;
    }
    cli_complain("%s", error->message);
    return g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE) ? CLI_EXIT_NO_HOST
                                                                                      : CLI_EXIT_USAGE;
}

static gboolean add_file(Run *run, const CliFile *file, GPtrArray *warnings, GError **error)
{
    GCancellable *cancellable = cli_interrupt_either(run->interrupt);
    const char *const *mixins = (const char *const *)file->mixins;
    if (file->is_list)
        return cli_queue_list_read(run->lists, file->name, run->inputs, file->cluster, file->profile, mixins, warnings,
                                   cancellable, error);
    guint n_before = run->inputs->len;
    if (!ffarm_inputs_add(run->inputs, file->name, file->cluster, file->profile, mixins, warnings, cancellable, error))
        return FALSE;
    if (run->inputs->len == n_before && !run->args->quiet)
        cli_warn("no films in %s", file->name);
    return TRUE;
}

/* Without any FILE the queue file of the configuration is taken, with the options of the whole line. */
static gboolean add_default_queue(Run *run, GPtrArray *warnings, GError **error)
{
    const CliArgs *args = run->args;
    if (!run->settings->default_queue_file) {
        g_set_error_literal(
            error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
            "no FILE is given, and the configuration has no default_queue_file; 'ffarm help' shows the way");
        return FALSE;
    }
    const CliFile file = {run->settings->default_queue_file, TRUE, args->cluster, args->profile, args->mixins};
    return add_file(run, &file, warnings, error);
}

/* "ffarm prob film.mkv" would encode the film, and so would "ffarm report film.mkv". Nobody means that. */
static gboolean check_mistyped_verb(const CliArgs *args, GError **error)
{
    const CliFile *first = args->files->len > 0 ? g_ptr_array_index(args->files, 0) : NULL;
    struct stat info;
    if (!args->verb_is_implied || !first || first->is_list || lstat(first->name, &info) == 0)
        return TRUE;
    g_autofree const char **names = cli_verb_names();
    const char *nearest = ffarm_nearest_name(first->name, names);
    gboolean is_word = first->name[strspn(first->name, "abcdefghijklmnopqrstuvwxyz")] == '\0';
    if (!nearest && !is_word)
        return TRUE;
    if (!nearest) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "'%s' is neither a file nor a verb; 'ffarm help' lists the verbs", first->name);
        return FALSE;
    }
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                "'%s' is neither a file nor a verb, did you mean '%s'?", first->name, nearest);
    return FALSE;
}

/* What an earlier run left to do, as it was asked for then. */
static gboolean take_earlier_inputs(Run *run, GError **error)
{
    const CliEarlierRun *earlier = run->earlier;
    g_autoptr(GPtrArray) jobs = ffarm_journal_jobs(run->journal, earlier->record->id, error);
    for (guint i = 0; jobs && i < jobs->len; i++) {
        const FfarmJobRecord *job = g_ptr_array_index(jobs, i);
        if (!earlier->is_wanted(job) ||
            (earlier->items && !g_hash_table_contains(earlier->items, GUINT_TO_POINTER(job->item))))
            continue;
        FfarmInput *input =
            ffarm_input_new(job->path, job->cluster, job->given_profile, (const char *const *)job->mixins);
        g_free(input->relative);
        input->relative = g_strdup(job->relative);
        input->list = g_strdup(job->list);
        input->list_name = g_strdup(job->list_name);
        g_ptr_array_add(run->inputs, input);
    }
    if (jobs)
        cli_queue_list_adopt(run->lists, run->inputs, jobs);
    return jobs != NULL;
}

static gboolean find_inputs(Run *run, GError **error)
{
    if (run->earlier)
        return take_earlier_inputs(run, error);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    if (run->args->files->len == 0 && !add_default_queue(run, warnings, error))
        return FALSE;
    for (guint i = 0; i < run->args->files->len; i++)
        if (!add_file(run, g_ptr_array_index(run->args->files, i), warnings, error))
            return FALSE;
    for (guint i = 0; i < warnings->len; i++)
        cli_warn("%s", (const char *)g_ptr_array_index(warnings, i));
    run->n_unreadable = warnings->len;
    return TRUE;
}

static void on_looked_at(guint done, guint total, gpointer user_data)
{
    Run *run = user_data;
    gint64 now_us = g_get_monotonic_time();
    if (run->args->quiet || run->args->progress == CLI_PROGRESS_NONE || now_us - run->last_said_us < LOOKING_EVERY_US)
        return;
    run->last_said_us = now_us;
    fprintf(stderr, "looked at %u of %u files\n", done, total);
}

static char *recall(const FfarmMedia *media, const char *fingerprint, gpointer journal)
{
    char *what = ffarm_journal_recall(journal, media->path, media->size_bytes, media->mtime_ns, fingerprint);
    if (!what)
        return NULL;
    g_autofree char *words = what;
    return g_strdup_printf("%s; --again does it once more", words);
}

/* A dry run tells what a run would do on the hosts as they are: it looks at them before it plans. */
static gboolean learn(const GPtrArray *hosts, GHashTable *abilities, gpointer user_data, GError **error)
{
    Run *run = user_data;
    GCancellable *cancellable = cli_interrupt_cancellable(run->interrupt);
    g_autoptr(FfarmWants) wants = ffarm_wants_new(run->settings);
    ffarm_wants_add_inputs(wants, run->inputs);
    FfarmLearning learning = {
        .ffmpeg_here = run->settings->ffmpeg, .journal = run->journal, .is_dry = TRUE, .wants = wants};
    run->reports = ffarm_host_check_all(hosts, FFARM_CHECK_READ_ONLY, NULL, cancellable, error);
    if (!run->reports || !ffarm_capability_learn_all(run->reports, &learning, cancellable, error))
        return FALSE;
    for (guint i = 0; i < run->reports->len; i++) {
        const FfarmHostReport *report = g_ptr_array_index(run->reports, i);
        FfarmAbilities *known = ffarm_journal_add_speeds(run->journal, report->host, report->abilities);
        g_hash_table_insert(abilities, (gpointer)report->host, known);
    }
    return TRUE;
}

static FfarmPlan *make_plan(Run *run, GError **error)
{
    static const FfarmOrder orders[] = {
        [CLI_ORDER_GIVEN] = FFARM_ORDER_GIVEN,
        [CLI_ORDER_LONGEST] = FFARM_ORDER_LONGEST,
        [CLI_ORDER_SHORTEST] = FFARM_ORDER_SHORTEST,
    };
    const CliArgs *args = run->args;
    g_autoptr(GPtrArray) hosts = g_ptr_array_new();
    for (guint i = 0; i < args->hosts->len; i++)
        g_ptr_array_add(hosts, g_ptr_array_index(args->hosts, i));
    g_ptr_array_add(hosts, NULL);
    FfarmPlanOptions options = {
        .keep = args->keep,
        .output_dir = args->output_dir,
        .only_hosts = args->hosts->len > 0 ? (const char *const *)hosts->pdata : NULL,
        .sequential = args->sequential,
        .order = orders[args->order],
        .recall = args->again ? NULL : recall,
        .recall_data = run->journal,
        .learn = args->dry_run ? learn : NULL,
        .learn_data = run,
    };
    run->last_said_us = g_get_monotonic_time();
    return ffarm_plan_new(run->settings, run->inputs, &options, on_looked_at, run, cli_interrupt_either(run->interrupt),
                          error);
}

static void print_plan_json(const FfarmPlan *plan)
{
    for (guint i = 0; i < plan->items->len; i++) {
        g_autofree char *line = ffarm_json_plan_item(plan, g_ptr_array_index(plan->items, i));
        puts(line);
    }
}

static guint count_refused(const FfarmPlan *plan)
{
    return ffarm_plan_count(plan, FFARM_PLAN_INVALID) + ffarm_plan_count(plan, FFARM_PLAN_UNASSIGNABLE);
}

/* Says what would happen, and whether the hosts are there for it. Writes nothing anywhere. */
static int dry_run(Run *run, const FfarmPlan *plan)
{
    if (run->args->json)
        print_plan_json(plan);
    else if (run->args->quiet)
        cli_print_refused(plan);
    else
        cli_print_plan(plan, run->args->verbose > 0);
    cli_flush();
    guint n_usable = cli_print_host_reports(run->reports, run->args->json, run->args->quiet);
    if (n_usable == 0 && ffarm_plan_count(plan, FFARM_PLAN_ENCODE) > 0)
        return CLI_EXIT_NO_HOST;
    return count_refused(plan) + run->n_unreadable > 0 ? CLI_EXIT_FAILED : CLI_EXIT_DONE;
}

/* Notes how the run was asked for; one that goes on with another was asked for like that. */
static gboolean begin_journal(const Run *run, const FfarmPlan *plan, GError **error)
{
    const CliEarlierRun *earlier = run->earlier;
    g_autofree char *directory = g_get_current_dir();
    g_autofree char *config = run->settings->path ? ffarm_inputs_absolute_path(run->settings->path) : NULL;
    FfarmRunOrigin origin = {(const char *const *)run->args->argv, directory, config};
    return ffarm_journal_begin_run(run->journal, plan, &origin, earlier ? earlier->record->id : NULL, error);
}

/* Says so if every host that files were given to is switched off: no file could be blamed for that. */
static gboolean has_only_disabled_hosts(const FfarmPlan *plan)
{
    if (plan->hosts->len > 0 || plan->disabled->len == 0 || ffarm_plan_count(plan, FFARM_PLAN_UNASSIGNABLE) == 0)
        return FALSE;
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < plan->disabled->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->disabled, i);
        if (!host->is_enabled)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", host->name);
    }
    cli_complain("no host is enabled; disabled in the configuration: %s", names->str);
    return TRUE;
}

static void on_event(const FfarmEvent *event, gpointer user_data)
{
    Run *run = user_data;
    if (event->type == FFARM_EVENT_RESULT &&
        g_error_matches(event->job->error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_UNSETTLED))
        g_hash_table_add(run->unsettled, GUINT_TO_POINTER(event->job->item->id));
    cli_run_view_event(event, run->view);
}

static int execute(Run *run, const FfarmPlan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CliRunView) view = cli_run_view_new(run->args, plan, run->lists);
    run->view = view;
    run->run_id = g_strdup(plan->run_id);
    FfarmFarmOptions options = {
        .retries = run->args->retries,
        .keep_failed = run->args->keep_failed,
        .drain = cli_interrupt_drain(run->interrupt),
        .journal = run->journal,
        .on_event = on_event,
        .user_data = run,
    };
    FfarmSummary summary = {0};
    if (!begin_journal(run, plan, &error))
        return complain(run, error);
    if (run->args->verbose > 0 && !run->args->json)
        cli_print_plan(plan, TRUE);
    cli_run_view_begin(view);
    gboolean is_run = ffarm_farm_run(plan, &options, &summary, cli_interrupt_cancellable(run->interrupt), &error);
    g_autoptr(GError) end_error = NULL;
    if (!ffarm_journal_end_run(run->journal, plan->run_id, &end_error))
        cli_warn("%s", end_error->message);
    if (!is_run)
        return complain(run, error);
    cli_run_view_end(view, &summary);
    if (summary.cancelled > 0 && run->journal && !run->args->quiet && !run->args->json)
        cli_warn("'ffarm resume' goes on with what was cancelled");
    if (cli_interrupt_came(run->interrupt))
        return CLI_EXIT_INTERRUPTED;
    return summary.failed + run->n_unreadable > 0 ? CLI_EXIT_FAILED : CLI_EXIT_DONE;
}

/* What that run left half-done is settled before it is asked what is left. */
static gboolean recover_for_earlier(Run *run, int *status)
{
    run->journal = run->earlier->journal;
    *status = cli_recover(run->journal, run->settings, run->args->quiet, cli_interrupt_cancellable(run->interrupt));
    return *status == CLI_EXIT_DONE;
}

/* A dry run looks into a journal that is there, and makes none. Returns: FALSE if nothing may be done without one. */
static gboolean open_journal(Run *run, FfarmJournal **opened, int *status)
{
    const CliArgs *args = run->args;
    gboolean replaces = !args->keep && !args->output_dir && !run->settings->is_builtin;
    *status = CLI_EXIT_DONE;
    if (run->earlier)
        return recover_for_earlier(run, status);
    if (args->dry_run)
        run->journal = *opened = ffarm_journal_exists(NULL) ? cli_look_into_journal(NULL) : NULL;
    else
        run->journal = *opened =
            cli_open_journal(run->settings, replaces, args->quiet, cli_interrupt_cancellable(run->interrupt), status);
    return *status == CLI_EXIT_DONE;
}

/* Before hours of encoding, not after. */
static gboolean check_keep_failed(const CliArgs *args, GError **error)
{
    const char *folder = args->keep_failed;
    if (!folder || args->dry_run || (g_mkdir_with_parents(folder, 0777) == 0 && access(folder, W_OK | X_OK) == 0))
        return TRUE;
    int failure = errno;
    g_autofree char *name = g_filename_display_name(folder);
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                "%s: what is refused can't be kept there (%s); give --keep-failed a folder that can be written to",
                name, g_strerror(failure));
    return FALSE;
}

static int run_with(Run *run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmJournal) opened = NULL;
    int status = CLI_EXIT_DONE;
    if ((!run->earlier && !check_mistyped_verb(run->args, &error)) || !check_keep_failed(run->args, &error))
        return complain(run, error);
    if (!open_journal(run, &opened, &status))
        return status;
    if (!find_inputs(run, &error))
        return complain(run, error);
    if (!cli_can_look(cli_interrupt_cancellable(run->interrupt)))
        return cli_interrupt_came(run->interrupt) ? CLI_EXIT_INTERRUPTED : CLI_EXIT_USAGE;
    g_autoptr(FfarmPlan) plan = make_plan(run, &error);
    if (!plan)
        return complain(run, error);
    if (has_only_disabled_hosts(plan))
        return CLI_EXIT_NO_HOST;
    return run->args->dry_run ? dry_run(run, plan) : execute(run, plan);
}

/* What is the same for all passes of a run, and what the last one left to look at again. */
typedef struct {
    const CliArgs *args;
    const FfarmSettings *settings;
    CliInterrupt *interrupt;
    char *run_id;
    GHashTable *unsettled;
} Passes;

static int run_pass(Passes *passes, const CliEarlierRun *earlier)
{
    g_autoptr(CliQueueList) lists = cli_queue_list_new(passes->args->is_null);
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_input_free);
    Run run = {.args = passes->args,
               .settings = passes->settings,
               .earlier = earlier,
               .interrupt = passes->interrupt,
               .lists = lists,
               .inputs = inputs,
               .unsettled = g_hash_table_new(NULL, NULL)};
    int status = run_with(&run);
    g_clear_pointer(&run.reports, g_ptr_array_unref);
    g_clear_pointer(&passes->unsettled, g_hash_table_unref);
    g_free(passes->run_id);
    passes->unsettled = run.unsettled;
    passes->run_id = run.run_id;
    return status;
}

/* Returns: FALSE if nothing more is to be done. */
static gboolean wait_to_settle(const Passes *passes, guint wait_s)
{
    GCancellable *either = cli_interrupt_either(passes->interrupt);
    GPollFD fd;
    if (g_cancellable_is_cancelled(either) || !g_cancellable_make_pollfd(either, &fd))
        return FALSE;
    g_poll(&fd, 1, (gint)MIN(wait_s, G_MAXINT / 1000) * 1000);
    g_cancellable_release_fd(either);
    return !g_cancellable_is_cancelled(either);
}

static gboolean is_not_taken_over(const FfarmJobRecord *job)
{
    return !job->successor;
}

static int look_again(Passes *passes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmJournal) journal = ffarm_journal_open(NULL, NULL, &error);
    g_autoptr(GPtrArray) runs = journal ? ffarm_journal_runs(journal, &error) : NULL;
    for (guint i = 0; runs && i < runs->len; i++) {
        const FfarmRunRecord *record = g_ptr_array_index(runs, i);
        g_autoptr(GHashTable) items = g_hash_table_ref(passes->unsettled);
        CliEarlierRun earlier = {journal, record, is_not_taken_over, items};
        if (strcmp(record->id, passes->run_id) == 0)
            return run_pass(passes, &earlier);
    }
    cli_complain("files that were written to can't be looked at again: %s", error ? error->message : "no journal");
    g_clear_pointer(&passes->unsettled, g_hash_table_unref);
    return CLI_EXIT_FAILED;
}

static guint count_unsettled(const Passes *passes)
{
    return passes->unsettled ? g_hash_table_size(passes->unsettled) : 0;
}

/* Others are not held up: what is being written to is looked at again when they are done. */
static int run_passes(Passes *passes, const CliEarlierRun *earlier)
{
    int status = run_pass(passes, earlier);
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
    guint step_s = MAX(passes->settings->settle_time, 1), wait_s = step_s;
    for (; count_unsettled(passes) > 0 && g_get_monotonic_time() < until_us; wait_s += step_s) {
        guint count = count_unsettled(passes);
        if (!passes->args->quiet)
            cli_warn("%u file%s written to meanwhile: looked at again in %u s", count, count == 1 ? " was" : "s were",
                     wait_s);
        if (!wait_to_settle(passes, wait_s))
            return cli_interrupt_came(passes->interrupt) ? CLI_EXIT_INTERRUPTED : status;
        int next = look_again(passes);
        status = next == CLI_EXIT_DONE ? status : next;
    }
    guint count = count_unsettled(passes);
    if (count == 0)
        return status;
    cli_complain("%u file%s still being written to: 'ffarm resume' takes %s up", count, count == 1 ? " is" : "s are",
                 count == 1 ? "it" : "them");
    return CLI_EXIT_FAILED;
}

int cli_run(const CliArgs *args, const CliEarlierRun *earlier)
{
    g_autoptr(FfarmSettings) settings =
        earlier ? cli_load_config(earlier->record->config, args) : cli_load_settings(args);
    if (!settings)
        return CLI_EXIT_USAGE;
    g_autoptr(CliInterrupt) interrupt = cli_interrupt_start();
    Passes passes = {.args = args, .settings = settings, .interrupt = interrupt};
    int status = run_passes(&passes, earlier);
    g_clear_pointer(&passes.unsettled, g_hash_table_unref);
    g_free(passes.run_id);
    return status;
}

int cmd_run(const CliArgs *args)
{
    return cli_run(args, NULL);
}
