/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <math.h>
#include <stdio.h>

#include "exit_code.h"
#include "find_run.h"
#include "run.h"
#include "term.h"
#include "text.h"

static gboolean is_any(const FfarmRunRecord *record)
{
    return TRUE;
}

static void append(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void append(GString *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (text->len > 0)
        g_string_append(text, ", ");
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
}

/* "1.4 GiB to 700 MiB (50 % saved)" */
static void append_saving(GString *text, gint64 source_bytes, gint64 output_bytes)
{
    if (source_bytes <= 0 || output_bytes <= 0)
        return;
    g_autofree char *source = cli_text_size(source_bytes);
    g_autofree char *output = cli_text_size(output_bytes);
    double saved = 100 - 100.0 * (double)output_bytes / (double)source_bytes;
    append(text, "%s to %s (%.0f %% %s)", source, output, fabs(saved), saved < 0 ? "more" : "saved");
}

static const char *say_state(const FfarmRunRecord *record)
{
    if (record->is_live)
        return "running";
    return ffarm_run_record_is_unfinished(record) ? "unfinished" : "ended";
}

static void print_run(const FfarmRunRecord *record)
{
    static const struct {
        FfarmJobState state;
        const char *word;
    } words[] = {{FFARM_JOB_DONE, "done"},
                 {FFARM_JOB_KEPT, "kept"},
                 {FFARM_JOB_SKIPPED, "skipped"},
                 {FFARM_JOB_BELOW_THRESHOLD, "saved too little"},
                 {FFARM_JOB_FAILED, "failed"}};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *begin = cli_run_time(record->begin_us);
    guint n_open = record->counts[FFARM_JOB_CANCELLED];
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (record->counts[words[i].state] > 0)
            append(text, "%u %s", record->counts[words[i].state], words[i].word);
    for (guint state = 0; state < FFARM_JOB_DONE; state++)
        n_open += record->counts[state];
    if (n_open > 0)
        append(text, "%u %s", n_open, record->is_live ? "to come" : "not done");
    if (record->taken_over > 0)
        append(text, "%u taken over by another run", record->taken_over);
    append_saving(text, record->source_bytes, record->output_bytes);
    printf("%s  %s  %-10s  %s\n", record->id, begin, say_state(record), text->len > 0 ? text->str : "nothing to do");
}

static CliStyle style_of(FfarmJobState state)
{
    if (state == FFARM_JOB_FAILED)
        return CLI_STYLE_BAD;
    return state == FFARM_JOB_DONE || state == FFARM_JOB_KEPT ? CLI_STYLE_GOOD : CLI_STYLE_NONE;
}

static void print_job(const FfarmJobRecord *record)
{
    g_autofree char *name = cli_text_path(record->path);
    g_autoptr(GString) text = g_string_new(NULL);
    append_saving(text, record->source_bytes, record->output_bytes);
    if (record->attempts > 0 && record->elapsed_us > 0) {
        g_autofree char *elapsed = cli_text_duration(record->elapsed_us);
        append(text, "%s", elapsed);
    }
    if (record->host)
        append(text, "on %s%s%s", record->cluster ? record->cluster : "", record->cluster ? "/" : "", record->host);
    if (record->successor)
        append(text, "taken over by run %s", record->successor);
    if (record->reason && record->state != FFARM_JOB_DONE && record->state != FFARM_JOB_KEPT)
        append(text, "%s", cli_text_behind_path(record->reason, record->path));
    g_autofree char *plain = cli_text_plain(text->str);
    printf("%s: %s%s%s%s%s\n", name, cli_style(stdout, style_of(record->state)), ffarm_job_state_name(record->state),
           cli_plain(stdout), *plain ? ", " : "", plain);
}

static void show_run(const CliArgs *args, const FfarmRunRecord *record)
{
    if (args->failed && record->counts[FFARM_JOB_FAILED] == 0)
        return;
    if (!args->json) {
        print_run(record);
        return;
    }
    g_autofree char *line = ffarm_json_run(record);
    puts(line);
}

static void show_jobs(const CliArgs *args, const char *run_id, const GPtrArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++) {
        const FfarmJobRecord *record = g_ptr_array_index(jobs, i);
        if (args->failed && record->state != FFARM_JOB_FAILED)
            continue;
        if (!args->json) {
            print_job(record);
            continue;
        }
        g_autofree char *line = ffarm_json_run_job(run_id, record);
        puts(line);
    }
}

/* One run with its files if it is named, else all runs. */
static gboolean show(const CliArgs *args, FfarmJournal *journal, GError **error)
{
    g_autoptr(GPtrArray) runs = ffarm_journal_runs(journal, error);
    if (!runs)
        return FALSE;
    if (args->files->len == 0) {
        for (guint i = 0; i < runs->len; i++)
            show_run(args, g_ptr_array_index(runs, i));
        return TRUE;
    }
    const FfarmRunRecord *record = cli_find_run(args, runs, is_any, error);
    g_autoptr(GPtrArray) jobs = record ? ffarm_journal_jobs(journal, record->id, error) : NULL;
    if (!jobs)
        return FALSE;
    show_run(args, record);
    show_jobs(args, record->id, jobs);
    return TRUE;
}

int cmd_history(const CliArgs *args)
{
    g_autoptr(GError) error = NULL;
    if (args->files->len == 0 && !ffarm_journal_exists(NULL))
        return CLI_EXIT_DONE;
    g_autoptr(FfarmJournal) journal = cli_look_into_journal(&error);
    if (journal && show(args, journal, &error))
        return CLI_EXIT_DONE;
    cli_complain("%s", error->message);
    return CLI_EXIT_USAGE;
}
