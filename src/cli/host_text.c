/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host_text.h"

#include <stdio.h>

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
