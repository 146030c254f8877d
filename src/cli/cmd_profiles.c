/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <stdio.h>

#include "exit_code.h"
#include "ffarm.h"
#include "load.h"
#include "term.h"
#include "text.h"

static void print_way(const FfarmProfileOptions *way)
{
    g_autofree char *depth = way->depth > 0 ? g_strdup_printf(" %d bit", way->depth) : g_strdup("");
    g_autofree char *label = g_strconcat(way->engine, depth, NULL);
    g_autofree char *input = ffarm_shell_display((const char *const *)way->input);
    g_autofree char *output = ffarm_shell_display((const char *const *)way->output);
    g_autofree char *line = way->obstacle ? g_strdup_printf("not possible: %s", way->obstacle)
                                          : g_strdup_printf("%s%s-i FILE %s", input, *input ? " " : "", output);
    g_autofree char *plain = cli_text_plain(line);
    printf("  %-20s %s\n", label, plain);
    if (way->since && !way->obstacle)
        printf("  %-20s needs ffmpeg %s or newer\n", "", way->since);
}

static void print_profile(const FfarmProfile *profile)
{
    g_autoptr(GPtrArray) ways = ffarm_profile_options_list(profile);
    g_autofree char *name = cli_text_plain(profile->name);
    printf("%s:%s%s%s\n", name, cli_style(stdout, CLI_STYLE_DIM), profile->line == 0 ? " built-in" : "",
           cli_plain(stdout));
    for (guint i = 0; i < ways->len; i++)
        print_way(g_ptr_array_index(ways, i));
}

int cmd_profiles(const CliArgs *args)
{
    g_autoptr(FfarmSettings) settings = cli_load_settings(args);
    if (!settings)
        return CLI_EXIT_USAGE;
    for (guint i = 0; i < settings->profiles->len; i++) {
        const FfarmProfile *profile = g_ptr_array_index(settings->profiles, i);
        if (!args->json) {
            print_profile(profile);
            continue;
        }
        g_autofree char *line = ffarm_json_profile(profile);
        puts(line);
    }
    return CLI_EXIT_DONE;
}
