/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host_text.h"

#include <stdio.h>
#include <string.h>

#include "term.h"
#include "text.h"

char *cli_host_name(const FfarmHost *host)
{
    g_autofree char *name = host->cluster ? g_strconcat(host->cluster, "/", host->name, NULL) : g_strdup(host->name);
    return cli_text_plain(name);
}

static void print_fact(const char *label, const char *fact)
{
    g_autofree char *plain = cli_text_plain(fact);
    printf("  %-13s %s\n", label, plain);
}

/* "1" and "0" of the report's three-valued facts; -1, not asked, is not said. */
static const char *yes_or_no(int value)
{
    return value > 0 ? "yes" : "no";
}

static void print_working_dir(const FfarmHostReport *report)
{
    if (!report->host->working_dir)
        return;
    g_autoptr(GString) text = g_string_new(report->host->working_dir);
    if (report->working_dir_writable >= 0)
        g_string_append(text, report->working_dir_writable ? ", writable" : ", not writable");
    if (report->free_bytes >= 0) {
        g_autofree char *size = cli_text_size(report->free_bytes);
        g_string_append_printf(text, ", %s free", size);
    }
    print_fact("working_dir", text->str);
}

/* "h264, hevc 8-bit": the codecs of @engine that are proved. Returns: new string. */
static char *list_codecs(const GPtrArray *capabilities, const char *engine)
{
    static const char *const codecs[] = {"h264", "hevc", "av1"};
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < G_N_ELEMENTS(codecs); i++) {
        int depths = 0, depth = 0;
        for (guint k = 0; k < capabilities->len; k++) {
            const FfarmCapability *row = g_ptr_array_index(capabilities, k);
            if (g_strcmp0(row->codec, codecs[i]) != 0 || strcmp(row->engine, engine) != 0 ||
                row->class_ != FFARM_CAPABILITY_PROVED)
                continue;
            depths++;
            depth = row->depth;
        }
        g_autofree char *name = depths == 1 ? g_strdup_printf("%s %d-bit", codecs[i], depth) : g_strdup(codecs[i]);
        if (depths > 0)
            g_strv_builder_add(builder, name);
    }
    g_auto(GStrv) names = g_strv_builder_end(builder);
    return g_strjoinv(", ", names);
}

/* "no, driver missing (Cannot load libcuda.so.1)". Returns: new string. */
static char *describe_engine(const GPtrArray *capabilities, const FfarmCapability *row)
{
    FfarmCapabilityVerdict verdict = ffarm_capability_verdict(row->class_);
    g_autoptr(GString) text = g_string_new(ffarm_capability_verdict_name(verdict));
    if (verdict == FFARM_CAPABILITY_YES) {
        g_autofree char *codecs = list_codecs(capabilities, row->engine);
        g_string_append_printf(text, " (%s)", codecs);
        return g_string_free(g_steal_pointer(&text), FALSE);
    }
    g_string_append_printf(text, ", %s", ffarm_capability_class_words(row->class_));
    if (row->words)
        g_string_append_printf(text, " (%s)", row->words);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void print_engines(const GPtrArray *capabilities)
{
    const char *last = NULL;
    for (guint i = 0; i < capabilities->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(capabilities, i);
        if (g_strcmp0(row->engine, last) == 0)
            continue;
        last = row->engine;
        g_autofree char *text = describe_engine(capabilities, ffarm_capability_of_engine(capabilities, last));
        print_fact(last, text);
    }
}

void cli_print_host_report(const FfarmHostReport *report)
{
    g_autofree char *name = cli_host_name(report->host);
    printf("%s: %s%s%s\n", name, cli_style(stdout, report->is_usable ? CLI_STYLE_GOOD : CLI_STYLE_BAD),
           report->is_usable ? "usable" : "not usable", cli_plain(stdout));
    if (report->error)
        print_fact("reason", report->error);
    print_fact("type", ffarm_host_type_name(report->host->type));
    if (!report->is_reachable)
        return;
    g_autofree char *elapsed = g_strdup_printf("in %.2f s", (double)report->elapsed_us / G_USEC_PER_SEC);
    print_fact("reached", elapsed);
    print_fact("system", report->system ? report->system : ffarm_os_name(report->os));
    if (report->transport)
        print_fact("transport", report->transport);
    if (report->ffmpeg_version)
        print_fact("ffmpeg", report->ffmpeg_version);
    if (report->capabilities)
        print_engines(report->capabilities);
    print_working_dir(report);
    if (report->mapping_proved >= 0)
        print_fact("same files", yes_or_no(report->mapping_proved));
    else if (report->is_usable && report->host->type == FFARM_HOST_MOUNTED)
        print_fact("same files", "not tested here; 'ffarm hosts' and every run do");
}

char *cli_host_report_line(const FfarmHostReport *report)
{
    g_autofree char *name = cli_host_name(report->host);
    g_autofree char *line = NULL;
    /* The reason begins with the host's name. */
    if (!report->is_usable && report->error)
        line = g_strdup_printf("%s; left out", report->error);
    else if (!report->is_usable)
        line = g_strdup_printf("%s: not usable; left out", name);
    else
        line = g_strdup_printf("%s: usable, %s, ffmpeg %s", name,
                               report->system ? report->system : ffarm_os_name(report->os),
                               report->ffmpeg_version ? report->ffmpeg_version : "of unknown version");
    return cli_text_plain(line);
}

guint cli_print_host_reports(const GPtrArray *reports, gboolean is_json, gboolean is_quiet)
{
    guint n_usable = 0;
    for (guint i = 0; i < reports->len; i++) {
        const FfarmHostReport *report = g_ptr_array_index(reports, i);
        n_usable += report->is_usable;
        if (is_json) {
            g_autofree char *line = ffarm_json_host(report);
            puts(line);
        } else if (!is_quiet || !report->is_usable) {
            cli_print_host_report(report);
        }
    }
    return n_usable;
}
