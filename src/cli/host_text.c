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

/* The trials of an engine, or of one of its devices that the configuration names. */
typedef struct {
    const GPtrArray *rows; /* of FfarmCapability */
    const char *engine;
    const char *device; /* NULL: any */
} Group;

static gboolean is_in(const Group *group, const FfarmCapability *row)
{
    return strcmp(row->engine, group->engine) == 0 && (!group->device || g_strcmp0(row->device, group->device) == 0);
}

/* "h264, hevc 8-bit": the codecs that are proved. Returns: new string. */
static char *list_codecs(const Group *group)
{
    static const char *const codecs[] = {"h264", "hevc", "av1"};
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < G_N_ELEMENTS(codecs); i++) {
        int depths = 0, depth = 0;
        for (guint k = 0; k < group->rows->len; k++) {
            const FfarmCapability *row = g_ptr_array_index(group->rows, k);
            if (!is_in(group, row) || g_strcmp0(row->codec, codecs[i]) != 0 || row->class_ != FFARM_CAPABILITY_PROVED)
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

/* The oldest of the trials that @best stands for; 0: there was none. */
static gint64 oldest_us(const Group *group, const FfarmCapability *best)
{
    gint64 oldest = best->proved_us;
    for (guint i = 0; i < group->rows->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(group->rows, i);
        if (is_in(group, row) && row->class_ == best->class_ && row->proved_us > 0)
            oldest = MIN(oldest, row->proved_us);
    }
    return oldest;
}

/* ", proved 2 days ago" where that was not just now. */
static void append_age(GString *text, gint64 when_us, const char *what)
{
    static const struct {
        gint64 span_us;
        const char *name;
    } units[] = {{G_TIME_SPAN_DAY, "day"}, {G_TIME_SPAN_HOUR, "hour"}, {G_TIME_SPAN_MINUTE, "minute"}};
    gint64 age_us = when_us > 0 ? g_get_real_time() - when_us : 0;
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        gint64 count = age_us / units[i].span_us;
        if (count == 0)
            continue;
        g_string_append_printf(text, ", %s %" G_GINT64_FORMAT " %s%s ago", what, count, units[i].name,
                               count == 1 ? "" : "s");
        return;
    }
}

/* "yes (h264, hevc) on /dev/dri/renderD128, Intel iHD driver, proved 2 days ago", "no, driver missing (Cannot load
 * libcuda.so.1)". Returns: new string. */
static char *describe(const Group *group)
{
    const FfarmCapability *best = ffarm_capability_of_engine(group->rows, group->engine, group->device);
    FfarmCapabilityVerdict verdict = ffarm_capability_verdict(best->class_);
    gboolean is_proved = verdict == FFARM_CAPABILITY_YES;
    g_autoptr(GString) text = g_string_new(ffarm_capability_verdict_name(verdict));
    g_autofree char *codecs = list_codecs(group);
    if (is_proved)
        g_string_append_printf(text, " (%s)", codecs);
    else
        g_string_append_printf(text, ", %s", ffarm_capability_class_words(best->class_));
    if (best->words)
        g_string_append_printf(text, " (%s)", best->words);
    if (is_proved && best->device && !group->device)
        g_string_append_printf(text, " on %s", best->device);
    if (is_proved && best->driver)
        g_string_append_printf(text, ", %s", best->driver);
    append_age(text, oldest_us(group, best), is_proved ? "proved" : "tried");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean is_named(const FfarmHost *host, const FfarmCapability *row)
{
    for (guint i = 0; row->device && i < host->devices->len; i++) {
        const FfarmDevice *device = g_ptr_array_index(host->devices, i);
        if (strcmp(device->engine, row->engine) == 0 && g_strcmp0(device->name, row->device) == 0)
            return TRUE;
    }
    return FALSE;
}

static void print_engines(const FfarmHost *host, const GPtrArray *rows)
{
    Group last = {rows, "", NULL};
    for (guint i = 0; i < rows->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(rows, i);
        Group group = {rows, row->engine, is_named(host, row) ? row->device : NULL};
        if (strcmp(group.engine, last.engine) == 0 && g_strcmp0(group.device, last.device) == 0)
            continue;
        last = group;
        g_autofree char *label = group.device ? g_strconcat(group.engine, ":", group.device, NULL) : NULL;
        g_autofree char *text = describe(&group);
        print_fact(label ? label : group.engine, text);
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
    if (report->abilities && report->abilities->encoders)
        print_engines(report->host, report->abilities->encoders);
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
