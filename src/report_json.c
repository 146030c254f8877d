/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report_json.h"

#include <math.h>
#include "capability.h"
#include "estimate.h"
#include "json_line.h"
#include "profile_options.h"

/* --- the plan --- */

static void add_trace(JsonBuilder *builder, const GPtrArray *trace)
{
    ffarm_json_begin_array(builder, "trace");
    for (guint i = 0; trace && i < trace->len; i++) {
        const FfarmVerdict *verdict = g_ptr_array_index(trace, i);
        ffarm_json_begin_object(builder, NULL);
        ffarm_json_add_string(builder, "rule", verdict->rule->name);
        ffarm_json_add_boolean(builder, "matches", verdict->matches);
        ffarm_json_begin_array(builder, "criteria");
        for (guint k = 0; k < verdict->findings->len; k++) {
            const FfarmFinding *finding = g_ptr_array_index(verdict->findings, k);
            ffarm_json_begin_object(builder, NULL);
            ffarm_json_add_string(builder, "criterion", finding->criterion);
            ffarm_json_add_string(builder, "asked", finding->asked);
            ffarm_json_add_string(builder, "found", finding->found);
            ffarm_json_add_boolean(builder, "holds", finding->holds);
            json_builder_end_object(builder);
        }
        json_builder_end_array(builder);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_warnings(JsonBuilder *builder, const FfarmStreamPlan *streams)
{
    ffarm_json_begin_array(builder, "warnings");
    for (guint i = 0; i < streams->warnings->len; i++) {
        g_autofree char *text = g_utf8_make_valid(g_ptr_array_index(streams->warnings, i), -1);
        json_builder_add_string_value(builder, text);
    }
    json_builder_end_array(builder);
}

static void add_host_names(JsonBuilder *builder, const FfarmHost *host)
{
    ffarm_json_add_string(builder, "cluster", host ? host->cluster : NULL);
    ffarm_json_add_string(builder, "host", host ? host->name : NULL);
}

static void add_way(JsonBuilder *builder, const FfarmChoice *choice)
{
    ffarm_json_add_string(builder, "engine", choice->engine);
    ffarm_json_add_string(builder, "device", choice->device);
    ffarm_json_add_string(builder, "decoder", choice->decoder);
    ffarm_json_add_boolean(builder, "within_device", choice->stays);
    ffarm_json_add_boolean(builder, "tries_decoder", choice->wants_proof);
}

static void add_fallbacks(JsonBuilder *builder, const FfarmChoice *choice)
{
    ffarm_json_begin_array(builder, "fallbacks");
    for (const FfarmChoice *next = choice->fallback; next; next = next->fallback) {
        ffarm_json_begin_object(builder, NULL);
        add_way(builder, next);
        ffarm_json_add_strings(builder, "argv", next->argv);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

/* @estimate: of that choice. */
static void add_choice(JsonBuilder *builder, const FfarmChoice *choice, const FfarmEstimate *estimate)
{
    ffarm_json_begin_object(builder, NULL);
    add_host_names(builder, choice->host);
    ffarm_json_add_string(builder, "type", ffarm_host_type_name(choice->host->type));
    add_way(builder, choice);
    ffarm_json_add_string(builder, "passed_over", choice->passed_over);
    add_fallbacks(builder, choice);
    ffarm_json_add_string(builder, "profile", choice->profile->name);
    ffarm_json_add_string(builder, "queue", choice->queue);
    ffarm_json_add_string(builder, "muxer", choice->muxer);
    ffarm_json_add_strings(builder, "argv", choice->argv);
    ffarm_json_add_string(builder, "input", choice->placement->host_input);
    ffarm_json_add_string(builder, "output", choice->placement->host_output);
    ffarm_json_add_string(builder, "destination", choice->destination);
    ffarm_json_add_string(builder, "originals", ffarm_originals_name(choice->originals));
    ffarm_json_add_string(builder, "trash", choice->trash);
    ffarm_json_add_real(builder, "estimated_seconds", estimate->seconds > 0 ? estimate->seconds : NAN);
    add_warnings(builder, choice->streams);
    json_builder_end_object(builder);
}

static void add_refusal(JsonBuilder *builder, const FfarmHost *host, const char *reason)
{
    ffarm_json_begin_object(builder, NULL);
    add_host_names(builder, host);
    ffarm_json_add_string(builder, "reason", reason);
    json_builder_end_object(builder);
}

/* The hosts that may take @item, or (@wants_refusals) those of its cluster that may not. */
static void add_hosts(JsonBuilder *builder, const char *key, const FfarmPlan *plan, const FfarmPlanItem *item,
                      gboolean wants_refusals)
{
    gboolean was_asked =
        item->status == FFARM_PLAN_ENCODE || (wants_refusals && item->status == FFARM_PLAN_UNASSIGNABLE);
    ffarm_json_begin_array(builder, key);
    for (guint i = 0; was_asked && i < plan->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->hosts, i);
        g_auto(FfarmRefusal) refusal = {0};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, item, host, NULL, &refusal);
        if (choice && !wants_refusals) {
            const FfarmAbilities *abilities = plan->abilities ? g_hash_table_lookup(plan->abilities, host) : NULL;
            FfarmEstimate estimate = ffarm_estimate(item->media, choice, abilities);
            add_choice(builder, choice, &estimate);
        } else if (!choice && wants_refusals && g_strcmp0(host->cluster, item->input->cluster) == 0)
            add_refusal(builder, host, refusal.reason);
    }
    json_builder_end_array(builder);
}

char *ffarm_json_plan_item(const FfarmPlan *plan, const FfarmPlanItem *item)
{
    JsonBuilder *builder = ffarm_json_line_begin("plan");
    ffarm_json_add_file(builder, item->input->path);
    ffarm_json_add_string(builder, "status", ffarm_plan_status_name(item->status));
    ffarm_json_add_string(builder, "reason", item->reason);
    ffarm_json_add_string(builder, "rule", item->rule ? item->rule->name : NULL);
    add_trace(builder, item->trace);
    ffarm_json_add_string(builder, "profile", item->profile);
    ffarm_json_add_string(builder, "estimated_size", NULL);
    add_hosts(builder, "hosts", plan, item, FALSE);
    add_hosts(builder, "refused", plan, item, TRUE);
    return ffarm_json_line_end(builder);
}

char *ffarm_json_start(const FfarmPlan *plan)
{
    static const FfarmPlanStatus statuses[] = {FFARM_PLAN_ENCODE, FFARM_PLAN_SKIP, FFARM_PLAN_UNMATCHED,
                                               FFARM_PLAN_INVALID, FFARM_PLAN_UNASSIGNABLE};
    JsonBuilder *builder = ffarm_json_line_begin("start");
    ffarm_json_add_time(builder);
    ffarm_json_add_string(builder, "version", FFARM_VERSION);
    ffarm_json_add_string(builder, "run", plan->run_id);
    g_autofree char *config = plan->settings->path ? ffarm_inputs_absolute_path(plan->settings->path) : NULL;
    ffarm_json_add_string(builder, "config", config);
    ffarm_json_add_boolean(builder, "keep", plan->keep);
    ffarm_json_add_string(builder, "output_dir", plan->output_dir);
    ffarm_json_add_integer(builder, "files", plan->items->len);
    for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
        ffarm_json_add_integer(builder, ffarm_plan_status_name(statuses[i]), ffarm_plan_count(plan, statuses[i]));
    ffarm_json_add_integer(builder, "hosts", plan->hosts->len);
    return ffarm_json_line_end(builder);
}

/* --- profiles --- */

static void add_profile_options(JsonBuilder *builder, const FfarmProfileOptions *options)
{
    ffarm_json_begin_object(builder, NULL);
    ffarm_json_add_string(builder, "engine", options->engine);
    ffarm_json_add_size(builder, "bit_depth", options->depth);
    ffarm_json_add_strings(builder, "input_options", options->input);
    ffarm_json_add_strings(builder, "output_options", options->output);
    ffarm_json_add_string(builder, "obstacle", options->obstacle);
    ffarm_json_add_string(builder, "since", options->since);
    json_builder_end_object(builder);
}

char *ffarm_json_profile(const FfarmProfile *profile)
{
    g_autoptr(GPtrArray) ways = ffarm_profile_options_list(profile);
    JsonBuilder *builder = ffarm_json_line_begin("profile");
    ffarm_json_add_string(builder, "profile", profile->name);
    ffarm_json_add_boolean(builder, "builtin", profile->line == 0);
    ffarm_json_add_string(builder, "codec", profile->codec);
    ffarm_json_add_string(builder, "quality", profile->quality);
    ffarm_json_add_string(builder, "speed", profile->speed);
    ffarm_json_add_string(builder, "bit_depth", profile->bit_depth);
    ffarm_json_add_string(builder, "hdr", profile->hdr);
    ffarm_json_add_string(builder, "extension", profile->extension);
    ffarm_json_add_string(builder, "queue", profile->queue);
    ffarm_json_begin_array(builder, "engines");
    for (guint i = 0; i < ways->len; i++)
        add_profile_options(builder, g_ptr_array_index(ways, i));
    json_builder_end_array(builder);
    return ffarm_json_line_end(builder);
}

/* --- hosts --- */

static void add_engines(JsonBuilder *builder, const FfarmHost *host)
{
    char automatic[] = "auto";
    char *const only_auto[] = {automatic, NULL};
    ffarm_json_add_strings(builder, "engines", host->engines ? host->engines : only_auto);
}

static void add_trials(JsonBuilder *builder, const FfarmAbilities *abilities)
{
    const GPtrArray *capabilities = abilities ? abilities->encoders : NULL;
    ffarm_json_begin_array(builder, "trials");
    for (guint i = 0; capabilities && i < capabilities->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(capabilities, i);
        ffarm_json_begin_object(builder, NULL);
        ffarm_json_add_string(builder, "engine", row->engine);
        ffarm_json_add_string(builder, "device", row->device);
        ffarm_json_add_string(builder, "driver", row->driver);
        ffarm_json_add_string(builder, "codec", row->codec);
        ffarm_json_add_size(builder, "depth", row->depth);
        ffarm_json_add_string(builder, "verdict", ffarm_capability_verdict_name(ffarm_capability_verdict(row->class_)));
        ffarm_json_add_string(builder, "class", ffarm_capability_class_name(row->class_));
        ffarm_json_add_string(builder, "words", row->words);
        ffarm_json_add_string(builder, "command", row->command);
        ffarm_json_add_seconds(builder, "elapsed", row->command ? row->elapsed_us : -1);
        ffarm_json_add_moment(builder, "tried", row->proved_us);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

char *ffarm_json_host(const FfarmHostReport *report)
{
    JsonBuilder *builder = ffarm_json_line_begin("host");
    const FfarmHost *host = report->host;
    add_host_names(builder, host);
    ffarm_json_add_string(builder, "type", ffarm_host_type_name(host->type));
    ffarm_json_add_string(builder, "address", host->address);
    ffarm_json_add_boolean(builder, "reachable", report->is_reachable);
    ffarm_json_add_boolean(builder, "usable", report->is_usable);
    ffarm_json_add_string(builder, "error", report->error);
    ffarm_json_add_seconds(builder, "elapsed", report->elapsed_us);
    ffarm_json_add_string(builder, "os", report->os == FFARM_OS_UNKNOWN ? NULL : ffarm_os_name(report->os));
    ffarm_json_add_string(builder, "system", report->system);
    ffarm_json_add_string(builder, "transport", report->transport);
    ffarm_json_add_string(builder, "ffmpeg_version", report->ffmpeg_version);
    add_engines(builder, host);
    add_trials(builder, report->abilities);
    ffarm_json_add_integer(builder, "slots", ffarm_host_count_slots(host));
    ffarm_json_add_string(builder, "working_dir", host->working_dir);
    ffarm_json_add_tristate(builder, "working_dir_writable", report->working_dir_writable);
    if (report->free_bytes < 0)
        ffarm_json_add_string(builder, "free", NULL);
    else
        ffarm_json_add_integer(builder, "free", report->free_bytes);
    ffarm_json_add_tristate(builder, "mapping_proved", report->mapping_proved);
    return ffarm_json_line_end(builder);
}

/* --- events --- */

static void add_job_names(JsonBuilder *builder, const FfarmJob *job, const FfarmHost *host)
{
    ffarm_json_add_file(builder, job->item->input->path);
    add_host_names(builder, host ? host : job->host);
    ffarm_json_add_string(builder, "profile", job->profile ? job->profile : job->item->profile);
    ffarm_json_add_string(builder, "engine", job->engine);
}

static char *job_line(const FfarmEvent *event)
{
    JsonBuilder *builder = ffarm_json_line_begin("job");
    const FfarmJob *job = event->job;
    ffarm_json_add_time(builder);
    add_job_names(builder, job, event->host);
    ffarm_json_add_string(builder, "state", ffarm_job_state_name(job->state));
    ffarm_json_add_string(builder, "passed_over", job->passed_over);
    ffarm_json_add_integer(builder, "attempt", job->attempts);
    ffarm_json_add_string(builder, "error", job->error ? job->error->message : NULL);
    return ffarm_json_line_end(builder);
}

static char *progress_line(const FfarmEvent *event)
{
    JsonBuilder *builder = ffarm_json_line_begin("progress");
    const FfarmProgress *progress = event->progress;
    add_job_names(builder, event->job, event->host);
    ffarm_json_add_real(builder, "fraction", progress->fraction);
    ffarm_json_add_real(builder, "speed", progress->speed > 0 ? progress->speed : NAN);
    ffarm_json_add_real(builder, "fps", progress->fps > 0 ? progress->fps : NAN);
    ffarm_json_add_integer(builder, "frame", progress->frame);
    ffarm_json_add_seconds(builder, "out_time", progress->out_time_us);
    ffarm_json_add_seconds(builder, "eta", progress->eta_us);
    ffarm_json_add_size(builder, "size", progress->size_bytes);
    ffarm_json_add_real(builder, "saving", progress->saving);
    return ffarm_json_line_end(builder);
}

/* A file that was never to be encoded has its reason from the plan. */
static const char *peek_error(const FfarmJob *job)
{
    if (job->error)
        return job->error->message;
    return job->state == FFARM_JOB_FAILED ? job->item->reason : NULL;
}

static char *result_line(const FfarmEvent *event)
{
    JsonBuilder *builder = ffarm_json_line_begin("result");
    const FfarmJob *job = event->job;
    ffarm_json_add_time(builder);
    add_job_names(builder, job, event->host);
    ffarm_json_add_string(builder, "output", job->output);
    ffarm_json_add_string(builder, "status", ffarm_job_state_name(job->state));
    ffarm_json_add_string(builder, "reason", job->item->reason);
    ffarm_json_add_integer(builder, "source_size", job->item->media->size_bytes);
    ffarm_json_add_size(builder, "output_size", job->output_size);
    ffarm_json_add_real(builder, "ssim", job->ssim > 0 ? job->ssim : NAN);
    ffarm_json_add_real(builder, "vmaf", job->vmaf > 0 ? job->vmaf : NAN);
    ffarm_json_add_seconds(builder, "elapsed", job->elapsed_us);
    ffarm_json_add_string(builder, "passed_over", job->passed_over);
    ffarm_json_add_integer(builder, "attempts", job->attempts);
    ffarm_json_add_string(builder, "error", peek_error(job));
    ffarm_json_add_string(builder, "log", job->log);
    return ffarm_json_line_end(builder);
}

char *ffarm_json_event(const FfarmEvent *event)
{
    switch (event->type) {
    case FFARM_EVENT_HOST:
        return ffarm_json_host(event->report);
    case FFARM_EVENT_JOB:
        return job_line(event);
    case FFARM_EVENT_PROGRESS:
        return progress_line(event);
    case FFARM_EVENT_RESULT:
        return result_line(event);
    default:
        return NULL;
    }
}

char *ffarm_json_summary(const FfarmPlan *plan, const FfarmSummary *summary)
{
    JsonBuilder *builder = ffarm_json_line_begin("summary");
    ffarm_json_add_time(builder);
    ffarm_json_add_string(builder, "run", plan->run_id);
    ffarm_json_add_integer(builder, "files", plan->items->len);
    ffarm_json_add_integer(builder, "done", summary->done);
    ffarm_json_add_integer(builder, "kept", summary->kept);
    ffarm_json_add_integer(builder, "skipped", summary->skipped);
    ffarm_json_add_integer(builder, "below_threshold", summary->below_threshold);
    ffarm_json_add_integer(builder, "failed", summary->failed);
    ffarm_json_add_integer(builder, "cancelled", summary->cancelled);
    ffarm_json_add_integer(builder, "source_size", summary->source_bytes);
    ffarm_json_add_integer(builder, "output_size", summary->output_bytes);
    ffarm_json_add_seconds(builder, "elapsed", summary->elapsed_us);
    ffarm_json_add_integer(builder, "hosts_usable", summary->hosts_usable);
    ffarm_json_add_integer(builder, "hosts_left_out", summary->hosts_left_out);
    return ffarm_json_line_end(builder);
}
