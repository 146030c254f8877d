/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host_text.h"
#include "plan_text.h"
#include "term.h"
#include "text.h"

/* A job that goes on as before says so this often. */
#define PROGRESS_EVERY_US (10 * G_USEC_PER_SEC)

struct CliRunView {
    const CliArgs *args;
    const FfarmPlan *plan;
    CliQueueList *lists;
    gboolean shows_progress;
    gint64 *last_said_us; /* for every item of the plan, when its job last had a line */
    GPtrArray *failures;  /* of char*: a line for the end, for each failed job */
};

CliRunView *cli_run_view_new(const CliArgs *args, const FfarmPlan *plan, CliQueueList *lists)
{
    CliRunView *view = g_new0(CliRunView, 1);
    view->args = args;
    view->plan = plan;
    view->lists = lists;
    view->shows_progress = !args->json && !args->quiet && args->progress != CLI_PROGRESS_NONE;
    view->last_said_us = g_new0(gint64, plan->items->len);
    view->failures = g_ptr_array_new_with_free_func(g_free);
    return view;
}

void cli_run_view_free(CliRunView *view)
{
    if (!view)
        return;
    g_free(view->last_said_us);
    g_ptr_array_unref(view->failures);
    g_free(view);
}

static void say(const FfarmPlanItem *item, CliStyle style, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void say(const FfarmPlanItem *item, CliStyle style, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *name = cli_text_path(item->input->path);
    g_autofree char *plain = cli_text_plain(message);
    const char *begin = cli_style(stderr, style);
    fprintf(stderr, "%s: %s%s%s\n", name, begin, plain, *begin ? cli_plain(stderr) : "");
}

void cli_run_view_begin(CliRunView *view)
{
    if (view->args->json) {
        g_autofree char *line = ffarm_json_start(view->plan);
        puts(line);
        cli_flush();
        return;
    }
    if (view->plan->settings->is_builtin && !view->args->quiet)
        cli_warn("no configuration was found: sources are kept, results lie %s",
                 view->plan->output_dir ? "in the folder given" : "beside them as NAME.EXT.tmp");
    cli_print_refused(view->plan);
}

static void on_host(CliRunView *view, const FfarmHostReport *report)
{
    g_autofree char *line = cli_host_report_line(report);
    if (!report->is_usable)
        cli_warn("%s", line);
    else if (view->shows_progress)
        fprintf(stderr, "%s\n", line);
}

/* Why @job is where it is, without its path; @otherwise where nothing is known. */
static const char *reason_of(const FfarmJob *job, const char *otherwise)
{
    return job->error ? cli_text_behind_path(job->error->message, job->item->input->path) : otherwise;
}

/* TRUE for the steps that are over in no time: only said to those who asked for more. */
static gboolean is_minor(FfarmJobState state)
{
    return state == FFARM_JOB_CLAIMED || state == FFARM_JOB_REPLACING;
}

static void on_job(CliRunView *view, const FfarmEvent *event)
{
    const FfarmJob *job = event->job;
    view->last_said_us[job->item->id] = g_get_monotonic_time();
    /* What gets lost or changed is said before it is. */
    if (job->state == FFARM_JOB_CLAIMED && job->attempts == 1 && job->item->reason && !view->args->quiet)
        say(job->item, CLI_STYLE_WARN, "note: %s", job->item->reason);
    if (!view->shows_progress || ffarm_job_state_is_end(job->state))
        return;
    if (job->state == FFARM_JOB_QUEUED) {
        if (job->attempts > 0)
            say(job->item, CLI_STYLE_WARN, "will be tried again: %s", reason_of(job, "host failed"));
        return;
    }
    if (is_minor(job->state) && view->args->verbose == 0)
        return;
    g_autofree char *host = event->host ? cli_host_name(event->host) : g_strdup("this machine");
    if (job->state == FFARM_JOB_ENCODING && event->choice)
        say(job->item, CLI_STYLE_NONE, "encoding on %s, profile %s, %s", host, event->choice->profile->name,
            event->choice->engine);
    else
        say(job->item, CLI_STYLE_NONE, "%s, %s", ffarm_job_state_name(job->state), host);
}

/* TRUE, and the clock set anew, if the job had no line for a while. */
static gboolean is_due(CliRunView *view, const FfarmJob *job)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 *last_us = &view->last_said_us[job->item->id];
    if (!view->shows_progress || now_us - *last_us < PROGRESS_EVERY_US)
        return FALSE;
    *last_us = now_us;
    return TRUE;
}

static void on_progress(CliRunView *view, const FfarmEvent *event)
{
    const FfarmProgress *progress = event->progress;
    if (!is_due(view, event->job))
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%.0f %%", progress->fraction * 100);
    if (progress->speed > 0)
        g_string_append_printf(text, ", %.*fx", progress->speed < 10 ? 1 : 0, progress->speed);
    if (progress->eta_us >= 0) {
        g_autofree char *eta = cli_text_duration(progress->eta_us);
        g_string_append_printf(text, ", %s left", eta);
    }
    if (!isnan(progress->saving))
        g_string_append_printf(text, ", %s %.0f %%", progress->saving < 0 ? "grows by" : "saves",
                               fabs(progress->saving));
    if (event->host) {
        g_autofree char *host = cli_host_name(event->host);
        g_string_append_printf(text, ", on %s", host);
    }
    say(event->job->item, CLI_STYLE_NONE, "%s", text->str);
}

static void on_transfer(CliRunView *view, const FfarmEvent *event)
{
    if (event->total_bytes <= 0 || !is_due(view, event->job))
        return;
    g_autofree char *total = cli_text_size(event->total_bytes);
    say(event->job->item, CLI_STYLE_NONE, "%s, %.0f %% of %s", ffarm_job_state_name(event->job->state),
        (double)event->done_bytes * 100 / (double)event->total_bytes, total);
}

/* ", 1.4 GiB to 700 MiB (50 % saved)" */
static void append_saving(GString *text, gint64 source_bytes, gint64 output_bytes)
{
    g_autofree char *source = cli_text_size(source_bytes);
    g_autofree char *output = cli_text_size(output_bytes);
    if (source_bytes <= 0)
        return;
    double saved = 100 - 100.0 * (double)output_bytes / (double)source_bytes;
    g_string_append_printf(text, ", %s to %s (%.0f %% %s)", source, output, fabs(saved), saved < 0 ? "more" : "saved");
}

static void say_success(const FfarmJob *job)
{
    g_autofree char *elapsed = cli_text_duration(job->elapsed_us);
    g_autoptr(GString) text = g_string_new(ffarm_job_state_name(job->state));
    append_saving(text, job->item->media->size_bytes, job->output_size);
    g_string_append_printf(text, ", %s", elapsed);
    if (job->host) {
        g_autofree char *host = cli_host_name(job->host);
        g_string_append_printf(text, ", on %s", host);
    }
    if (job->output)
        g_string_append_printf(text, ": %s", job->output);
    say(job->item, CLI_STYLE_GOOD, "%s", text->str);
}

static void say_failure(CliRunView *view, const FfarmJob *job)
{
    const char *reason = reason_of(job, job->item->reason ? job->item->reason : "failed");
    g_autofree char *name = cli_text_path(job->item->input->path);
    g_autofree char *plain = cli_text_plain(reason);
    g_ptr_array_add(view->failures, g_strdup_printf("%s: %s", name, plain));
    if (cli_is_refused(job->item))
        return;
    say(job->item, CLI_STYLE_BAD, "failed: %s", reason);
    if (job->log)
        say(job->item, CLI_STYLE_NONE, "ffmpeg's words are in %s", job->log);
}

static void show_result(CliRunView *view, const FfarmJob *job)
{
    if (job->state == FFARM_JOB_FAILED) {
        say_failure(view, job);
        return;
    }
    if (view->args->quiet)
        return;
    const char *reason = reason_of(job, job->item->reason ? job->item->reason : "no reason given");
    if (job->state == FFARM_JOB_DONE || job->state == FFARM_JOB_KEPT)
        say_success(job);
    else if (job->state == FFARM_JOB_SKIPPED)
        say(job->item, CLI_STYLE_DIM, "skipped: %s", reason);
    else if (job->state == FFARM_JOB_BELOW_THRESHOLD)
        say(job->item, CLI_STYLE_DIM, "saves too little: the source is kept");
    else
        say(job->item, CLI_STYLE_WARN, "cancelled%s%s", job->error ? ": " : "", reason_of(job, ""));
}

static void on_result(CliRunView *view, const FfarmJob *job)
{
    g_autoptr(GError) error = NULL;
    /* What no rule matches still needs a rule, and stays on its list. */
    gboolean failed = job->state == FFARM_JOB_FAILED || job->state == FFARM_JOB_CANCELLED ||
                      job->item->status == FFARM_PLAN_UNMATCHED;
    if (!view->args->json)
        show_result(view, job);
    if (!cli_queue_list_settle(view->lists, job->item->id, failed, &error))
        cli_warn("%s", error->message);
}

void cli_run_view_event(const FfarmEvent *event, gpointer data)
{
    CliRunView *view = data;
    if (view->args->json) {
        g_autofree char *line = ffarm_json_event(event);
        if (line) {
            puts(line);
            cli_flush();
        }
    } else if (event->type == FFARM_EVENT_HOST) {
        on_host(view, event->report);
    } else if (event->type == FFARM_EVENT_JOB) {
        on_job(view, event);
    } else if (event->type == FFARM_EVENT_PROGRESS) {
        on_progress(view, event);
    } else if (event->type == FFARM_EVENT_TRANSFER) {
        on_transfer(view, event);
    }
    if (event->type == FFARM_EVENT_RESULT)
        on_result(view, event->job);
    else if (event->type == FFARM_EVENT_MESSAGE && (event->is_warning || !view->args->quiet))
        cli_warn("%s", event->message);
}

static void append_count(GString *text, guint count, const char *what)
{
    if (count > 0)
        g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", count, what);
}

void cli_run_view_end(CliRunView *view, const FfarmSummary *summary)
{
    if (view->args->json) {
        g_autofree char *line = ffarm_json_summary(view->plan, summary);
        puts(line);
        return;
    }
    if (view->args->quiet)
        return;
    g_autofree char *elapsed = cli_text_duration(summary->elapsed_us);
    g_autoptr(GString) text = g_string_new(NULL);
    append_count(text, summary->done, "done");
    append_count(text, summary->kept, "kept");
    append_count(text, summary->skipped, "skipped");
    append_count(text, summary->below_threshold, "saved too little");
    append_count(text, summary->failed, "failed");
    append_count(text, summary->cancelled, "cancelled");
    append_saving(text, summary->source_bytes, summary->output_bytes);
    printf("%s, %s\n", text->len > 0 ? text->str : "nothing to do", elapsed);
    for (guint i = 0; i < view->failures->len; i++)
        printf("  failed: %s\n", (const char *)g_ptr_array_index(view->failures, i));
}
