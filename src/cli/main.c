/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ffarm — the command line. Understands the arguments and hands over to a verb; the verbs are in verbs.c. */

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "args.h"
#include "exit_code.h"
#include "ffarm.h"
#include "help.h"
#include "isolate.h"
#include "term.h"
#include "verbs.h"

/* What libraries log goes to stderr, so that stdout carries results only. */
static void set_up_log(const CliArgs *args)
{
    g_log_writer_default_set_use_stderr(TRUE);
    if (args->verbose > 1)
        g_log_set_debug_enabled(TRUE);
}

/* Results that did not reach their reader are a failure, unless he went away on purpose (ffarm ... | head). */
static int finish(int status)
{
    if (cli_flush() || cli_flush_error() == EPIPE)
        return status;
    cli_complain("standard output can't be written to: %s", g_strerror(cli_flush_error()));
    return status == CLI_EXIT_DONE ? CLI_EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
    if (argc == 2 && g_str_equal(argv[1], CLI_PROBE_WORKER))
        return ffarm_probe_serve();

    g_autoptr(GError) error = NULL;
    const CliVerb *verb = NULL;

    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    cli_term_set_color(CLI_COLOR_AUTO, FFARM_TRISTATE_UNSET);
    g_autoptr(CliArgs) args = cli_args_parse((const char *const *)argv, &verb, &error);
    if (!args) {
        cli_complain("%s", error->message);
        fprintf(stderr, "'ffarm help %s' shows what is possible\n", verb->name);
        return CLI_EXIT_USAGE;
    }
    cli_term_set_color(args->color, FFARM_TRISTATE_UNSET);
    set_up_log(args);
    if (args->version || args->help) {
        /* "ffarm --help" asks about the program, "ffarm run --help" about the verb. */
        gboolean named = argc > 1 && cli_verb_find(argv[1]);
        g_autofree char *text = args->version ? cli_help_version()
                                : named       ? cli_help_verb(args->verb)
                                              : cli_help_overview();
        fputs(text, stdout);
        return finish(CLI_EXIT_DONE);
    }
    cli_isolate();
    return finish(args->verb->run(args));
}
