/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan_text.h"

#include <stdio.h>

#include "host_text.h"
#include "term.h"
#include "text.h"

/* Prints @format, whose arguments may hold anything, and ends the line. */
static void G_GNUC_PRINTF(1, 2) print_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *plain = cli_text_plain(line);
    puts(plain);
}

static CliStyle status_style(FfarmPlanStatus status)
{
    switch (status) {
    case FFARM_PLAN_ENCODE:
        return CLI_STYLE_GOOD;
    case FFARM_PLAN_INVALID:
    case FFARM_PLAN_UNASSIGNABLE:
        return CLI_STYLE_BAD;
    default:
        return CLI_STYLE_DIM;
    }
}

static void print_verdict(const FfarmVerdict *verdict)
{
    print_line("    rule '%s': %s", verdict->rule->name, verdict->matches ? "matches" : "does not match");
    for (guint i = 0; i < verdict->findings->len; i++) {
        const FfarmFinding *finding = g_ptr_array_index(verdict->findings, i);
        print_line("      %-3s %s: asked for %s, found %s", finding->holds ? "yes" : "no", finding->criterion,
                   finding->asked, finding->found);
    }
}

/* "cuda:1, decoded on cuda, within the device". */
static char *name_way(const FfarmChoice *choice)
{
    GString *text = g_string_new(choice->engine);
    if (choice->device)
        g_string_append_printf(text, ":%s", choice->device);
    if (choice->decoder)
        g_string_append_printf(text, ", decoded on %s%s%s", choice->decoder, choice->stays ? ", within the device" : "",
                               choice->wants_proof ? ", if it proves able to" : "");
    return g_string_free(text, FALSE);
}

/* What its host would do where that fails, in order; and what is better, but can't be done there. */
static void print_ladder(const FfarmChoice *choice)
{
    if (choice->passed_over)
        print_line("    passed over: %s", choice->passed_over);
    for (const FfarmChoice *next = choice->fallback; next; next = next->fallback) {
        g_autofree char *way = name_way(next);
        print_line("    if that fails: %s", way);
    }
}

static void print_estimate(const FfarmEstimate *estimate, const char *host)
{
    g_autofree char *text = ffarm_estimate_text(estimate, host);
    if (text)
        print_line("    %s", text);
}

static void print_choice(const FfarmChoice *choice, gboolean with_ladder, const FfarmEstimate *estimate,
                         GHashTable *said)
{
    g_autofree char *name = cli_host_name(choice->host);
    g_autofree char *command = ffarm_shell_display((const char *const *)choice->argv);
    g_autofree char *way = name_way(choice);
    print_line("  on %s (%s, profile %s, %s)", name, ffarm_host_type_name(choice->host->type), choice->profile->name,
               way);
    print_line("    %s", command);
    if (with_ladder)
        print_ladder(choice);
    print_estimate(estimate, name);
    print_line("    result: %s", choice->destination);
    if (choice->trash)
        print_line("    original: goes to %s", choice->trash);
    else
        print_line("    original: %s", choice->originals == FFARM_ORIGINALS_KEEP ? "stays" : "removed");
    /* Most warnings are the same for every host. */
    for (guint i = 0; i < choice->streams->warnings->len; i++) {
        const char *warning = g_ptr_array_index(choice->streams->warnings, i);
        if (g_hash_table_add(said, g_strdup(warning)))
            print_line("    note: %s", warning);
    }
}

static void print_hosts(const FfarmPlan *plan, const FfarmPlanItem *item, gboolean with_reasons,
                        FfarmForecast *forecast)
{
    g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < plan->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->hosts, i);
        g_auto(FfarmRefusal) refusal = {0};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, item, host, NULL, &refusal);
        if (choice) {
            const FfarmAbilities *abilities = g_hash_table_lookup(plan->abilities, host);
            FfarmEstimate estimate = ffarm_estimate(item->media, choice, abilities);
            ffarm_forecast_add(forecast, item, choice, &estimate);
            print_choice(choice, with_reasons, &estimate, said);
        } else if (with_reasons) {
            g_autofree char *name = cli_host_name(host);
            print_line("  not on %s: %s", name, refusal.reason);
        }
    }
}

static void print_item(const FfarmPlan *plan, const FfarmPlanItem *item, gboolean with_trace, FfarmForecast *forecast)
{
    g_autofree char *name = cli_text_path(item->input->path);
    printf("%s: %s%s%s\n", name, cli_style(stdout, status_style(item->status)), ffarm_plan_status_name(item->status),
           cli_plain(stdout));
    if (item->reason)
        print_line("  %s", item->reason);
    if (item->rule)
        print_line("  rule '%s'", item->rule->name);
    if (item->profile)
        print_line("  profile %s", item->profile);
    if (with_trace && item->trace)
        for (guint i = 0; i < item->trace->len; i++)
            print_verdict(g_ptr_array_index(item->trace, i));
    if (item->status == FFARM_PLAN_ENCODE)
        print_hosts(plan, item, with_trace, forecast);
}

/* "home: all is encoded in about 3 h 20 min"; nothing where nothing is known. */
static void print_finish(const FfarmForecast *forecast, const char *cluster)
{
    double seconds;
    guint n_unknown, n_files = ffarm_forecast_finish(forecast, cluster, &seconds, &n_unknown);
    const char *name = cluster ? cluster : "this machine";
    g_autofree char *duration = ffarm_estimate_duration_text(seconds);
    if (n_unknown == 0 && n_files > 0)
        print_line("%s: all is encoded in about %s", name, duration);
    else if (n_unknown < n_files)
        print_line("%s: how long %u of %u files will take is not known: nothing like them was encoded there yet", name,
                   n_unknown, n_files);
}

/* Hosts of a cluster stand together in a plan. */
static void print_finishes(const FfarmPlan *plan, const FfarmForecast *forecast)
{
    const FfarmHost *last = NULL;
    for (guint i = 0; i < plan->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->hosts, i);
        if (!last || g_strcmp0(last->cluster, host->cluster) != 0)
            print_finish(forecast, host->cluster);
        last = host;
    }
}

void cli_print_plan(const FfarmPlan *plan, gboolean with_trace)
{
    g_autoptr(FfarmForecast) forecast = ffarm_forecast_new(plan);
    for (guint i = 0; i < plan->items->len; i++)
        print_item(plan, g_ptr_array_index(plan->items, i), with_trace, forecast);
    printf("%u file%s:", plan->items->len, plan->items->len == 1 ? "" : "s");
    const char *separator = " ";
    for (int status = FFARM_PLAN_ENCODE; status <= FFARM_PLAN_UNASSIGNABLE; status++) {
        guint count = ffarm_plan_count(plan, (FfarmPlanStatus)status);
        if (count == 0)
            continue;
        printf("%s%u %s", separator, count, ffarm_plan_status_name((FfarmPlanStatus)status));
        separator = ", ";
    }
    putchar('\n');
    print_finishes(plan, forecast);
}

gboolean cli_is_refused(const FfarmPlanItem *item)
{
    return item->status == FFARM_PLAN_INVALID || item->status == FFARM_PLAN_UNASSIGNABLE;
}

void cli_print_refused(const FfarmPlan *plan)
{
    for (guint i = 0; i < plan->items->len; i++) {
        const FfarmPlanItem *item = g_ptr_array_index(plan->items, i);
        if (!cli_is_refused(item))
            continue;
        g_autofree char *name = cli_text_path(item->input->path);
        g_autofree char *reason = cli_text_plain(item->reason);
        fprintf(stderr, "%s: %scan't be encoded: %s%s\n", name, cli_style(stderr, CLI_STYLE_BAD), reason,
                cli_plain(stderr));
    }
}
