/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <stdio.h>

#include "exit_code.h"
#include "ffarm.h"
#include "host_text.h"
#include "interrupt.h"
#include "load.h"
#include "run.h"
#include "term.h"

typedef struct {
    const CliArgs *args;
    GPtrArray *hosts;    /* of FfarmHost, borrowed: to be checked */
    GPtrArray *disabled; /* likewise: only named */
    const char *ffmpeg;  /* of this machine */
} Selection;

static gboolean is_wanted(const CliArgs *args, const char *name)
{
    return args->hosts->len == 0 || g_ptr_array_find_with_equal_func(args->hosts, name, g_str_equal, NULL);
}

static void select_cluster(Selection *selection, const FfarmCluster *cluster)
{
    for (guint i = 0; i < cluster->hosts->len; i++) {
        FfarmHost *host = g_ptr_array_index(cluster->hosts, i);
        if (is_wanted(selection->args, host->name))
            g_ptr_array_add(host->is_enabled ? selection->hosts : selection->disabled, host);
    }
}

static gboolean complain_about_name(const char *kind, const char *name, GPtrArray *known)
{
    g_ptr_array_add(known, NULL);
    const char *nearest = ffarm_nearest_name(name, (const char *const *)known->pdata);
    if (nearest)
        cli_complain("%s '%s' is unknown, did you mean '%s'?", kind, name, nearest);
    else
        cli_complain("%s '%s' is not in the configuration", kind, name);
    return FALSE;
}

static gboolean select_clusters(Selection *selection, const FfarmSettings *settings)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < settings->clusters->len; i++) {
        const FfarmCluster *cluster = g_ptr_array_index(settings->clusters, i);
        g_ptr_array_add(known, cluster->name);
        if (selection->args->clusters->len == 0)
            select_cluster(selection, cluster);
    }
    for (guint i = 0; i < selection->args->clusters->len; i++) {
        const char *name = g_ptr_array_index(selection->args->clusters, i);
        const FfarmCluster *cluster = ffarm_settings_cluster(settings, name);
        if (!cluster)
            return complain_about_name("cluster", name, known);
        select_cluster(selection, cluster);
    }
    return TRUE;
}

static gboolean has_host(const GPtrArray *hosts, const char *name)
{
    for (guint i = 0; i < hosts->len; i++)
        if (g_str_equal(((const FfarmHost *)g_ptr_array_index(hosts, i))->name, name))
            return TRUE;
    return FALSE;
}

static gboolean check_host_names(const Selection *selection, const FfarmSettings *settings)
{
    for (guint i = 0; i < selection->args->hosts->len; i++) {
        const char *name = g_ptr_array_index(selection->args->hosts, i);
        if (has_host(selection->hosts, name) || has_host(selection->disabled, name))
            continue;
        g_autoptr(GPtrArray) known = g_ptr_array_new();
        for (guint c = 0; c < settings->clusters->len; c++) {
            const FfarmCluster *cluster = g_ptr_array_index(settings->clusters, c);
            for (guint h = 0; h < cluster->hosts->len; h++)
                g_ptr_array_add(known, ((FfarmHost *)g_ptr_array_index(cluster->hosts, h))->name);
        }
        return complain_about_name("host", name, known);
    }
    return TRUE;
}

static void print_disabled(const GPtrArray *disabled)
{
    for (guint i = 0; i < disabled->len; i++) {
        g_autofree char *name = cli_host_name(g_ptr_array_index(disabled, i));
        printf("%s: %sdisabled%s\n", name, cli_style(stdout, CLI_STYLE_DIM), cli_plain(stdout));
    }
}

/* Where there is no journal all is tried, and forgotten. */
static FfarmJournal *open_cache(void)
{
    g_autoptr(GError) error = NULL;
    FfarmJournal *journal = cli_look_into_journal(&error);
    if (!journal)
        cli_warn("%s; what the hosts can do is not remembered", error->message);
    return journal;
}

static int check_hosts(const Selection *selection)
{
    g_autoptr(CliInterrupt) interrupt = cli_interrupt_start();
    GCancellable *cancellable = cli_interrupt_cancellable(interrupt);
    const CliArgs *args = selection->args;
    g_autoptr(GPtrArray) reports =
        ffarm_host_check_all(selection->hosts, FFARM_CHECK_WRITES | FFARM_CHECK_MAPPING, NULL, cancellable, NULL);
    g_autoptr(FfarmJournal) journal = open_cache();
    FfarmLearning learning = {.ffmpeg_here = selection->ffmpeg, .journal = journal, .is_fresh = args->refresh};
    if (!reports || !ffarm_capability_learn_all(reports, &learning, cancellable, NULL))
        return CLI_EXIT_INTERRUPTED;
    guint n_usable = cli_print_host_reports(reports, args->json, args->quiet);
    if (!args->json && !args->quiet)
        print_disabled(selection->disabled);
    if (n_usable == 0)
        return CLI_EXIT_NO_HOST;
    return n_usable < reports->len ? CLI_EXIT_FAILED : CLI_EXIT_DONE;
}

int cmd_hosts(const CliArgs *args)
{
    g_autoptr(FfarmSettings) settings = cli_load_settings(args);
    if (!settings)
        return CLI_EXIT_USAGE;
    g_autoptr(GPtrArray) hosts = g_ptr_array_new();
    g_autoptr(GPtrArray) disabled = g_ptr_array_new();
    /* Without clusters, runs use this machine: that is the host to look at. */
    g_autoptr(FfarmHost) here = ffarm_host_new(NULL, "local", FFARM_HOST_LOCAL);
    g_free(here->ffmpeg);
    here->ffmpeg = g_strdup(settings->ffmpeg);
    Selection selection = {args, hosts, disabled, settings->ffmpeg};
    if (!select_clusters(&selection, settings))
        return CLI_EXIT_USAGE;
    if (settings->clusters->len == 0 && is_wanted(args, here->name))
        g_ptr_array_add(hosts, here);
    if (!check_host_names(&selection, settings))
        return CLI_EXIT_USAGE;
    return check_hosts(&selection);
}
