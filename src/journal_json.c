/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json_line.h"
#include "report_json.h"

static const char *name_run_state(const FfarmRunRecord *record)
{
    if (record->is_live)
        return "running";
    return ffarm_run_record_is_unfinished(record) ? "unfinished" : "ended";
}

char *ffarm_json_run(const FfarmRunRecord *record)
{
    JsonBuilder *builder = ffarm_json_line_begin("run");
    ffarm_json_add_string(builder, "run", record->id);
    ffarm_json_add_string(builder, "state", name_run_state(record));
    ffarm_json_add_moment(builder, "begin", record->begin_us);
    ffarm_json_add_moment(builder, "end", record->end_us);
    ffarm_json_add_integer(builder, "pid", record->pid);
    ffarm_json_add_strings(builder, "argv", record->argv);
    ffarm_json_add_string(builder, "directory", record->directory);
    ffarm_json_add_string(builder, "config", record->config);
    ffarm_json_begin_object(builder, "jobs");
    for (guint state = 0; state < G_N_ELEMENTS(record->counts); state++)
        ffarm_json_add_integer(builder, ffarm_job_state_name((FfarmJobState)state), record->counts[state]);
    json_builder_end_object(builder);
    ffarm_json_add_integer(builder, "taken_over", record->taken_over);
    ffarm_json_add_integer(builder, "source_size", record->source_bytes);
    ffarm_json_add_integer(builder, "output_size", record->output_bytes);
    return ffarm_json_line_end(builder);
}

char *ffarm_json_run_job(const char *run_id, const FfarmJobRecord *record)
{
    JsonBuilder *builder = ffarm_json_line_begin("file");
    ffarm_json_add_string(builder, "run", run_id);
    ffarm_json_add_file(builder, record->path);
    ffarm_json_add_string(builder, "state", ffarm_job_state_name(record->state));
    ffarm_json_add_string(builder, "successor", record->successor);
    ffarm_json_add_moment(builder, "changed", record->changed_us);
    ffarm_json_add_string(builder, "cluster", record->cluster);
    ffarm_json_add_string(builder, "host", record->host);
    ffarm_json_add_string(builder, "profile", record->profile);
    ffarm_json_add_string(builder, "engine", record->engine);
    ffarm_json_add_integer(builder, "attempts", record->attempts);
    ffarm_json_add_string(builder, "output", record->output);
    ffarm_json_add_integer(builder, "source_size", record->source_bytes);
    ffarm_json_add_size(builder, "output_size", record->output_bytes);
    ffarm_json_add_seconds(builder, "elapsed", record->elapsed_us);
    ffarm_json_add_string(builder, "reason", record->reason);
    ffarm_json_add_string(builder, "log", record->log);
    return ffarm_json_line_end(builder);
}
