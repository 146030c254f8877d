/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <stdio.h>

#include "exit_code.h"
#include "ffarm.h"
#include "help.h"
#include "term.h"

static int say_unknown(const char *name)
{
    g_autofree const char **names = cli_verb_names();
    const char *nearest = ffarm_nearest_name(name, names);
    if (nearest)
        cli_complain("verb '%s' is unknown, did you mean '%s'?", name, nearest);
    else
        cli_complain("verb '%s' is unknown; 'ffarm help' lists them all", name);
    return CLI_EXIT_USAGE;
}

int cmd_help(const CliArgs *args)
{
    if (args->files->len == 0) {
        g_autofree char *overview = cli_help_overview();
        fputs(overview, stdout);
        return CLI_EXIT_DONE;
    }
    for (guint i = 0; i < args->files->len; i++) {
        const CliFile *file = g_ptr_array_index(args->files, i);
        const CliVerb *verb = cli_verb_find(file->name);
        if (!verb)
            return say_unknown(file->name);
        g_autofree char *text = cli_help_verb(verb);
        fputs(text, stdout);
    }
    return CLI_EXIT_DONE;
}
