/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit_code.h"
#include "run.h"
#include "term.h"

static void say(const char *message, gboolean is_warning, gpointer is_quiet)
{
    if (is_warning || !*(gboolean *)is_quiet)
        cli_warn("%s", message);
}

int cli_recover(FfarmJournal *journal, const FfarmSettings *settings, gboolean is_quiet, GCancellable *cancellable)
{
    g_autoptr(GError) error = NULL;
    if (ffarm_recovery_run(journal, settings, say, &is_quiet, cancellable, &error))
        return CLI_EXIT_DONE;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return CLI_EXIT_INTERRUPTED;
    cli_complain("%s", error->message);
    return CLI_EXIT_USAGE;
}

FfarmJournal *cli_look_into_journal(GError **error)
{
    g_autofree char *notice = NULL;
    FfarmJournal *journal = ffarm_journal_open(NULL, &notice, error);
    if (notice)
        cli_warn("%s", notice);
    return journal;
}

FfarmJournal *cli_open_journal(const FfarmSettings *settings, gboolean must_have, gboolean is_quiet,
                               GCancellable *cancellable, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmJournal) journal = cli_look_into_journal(&error);
    if (journal && ffarm_recovery_run(journal, settings, say, &is_quiet, cancellable, &error))
        return g_steal_pointer(&journal);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        *status = CLI_EXIT_INTERRUPTED;
    } else if (must_have) {
        cli_complain("%s; no film is replaced without a journal, as a crash could not be mended then: "
                     "set XDG_STATE_HOME to a folder where it can be, or keep the sources (-k, -o)",
                     error->message);
        *status = CLI_EXIT_USAGE;
    } else {
        cli_warn("%s; this run goes on without a journal, as it replaces nothing", error->message);
    }
    return NULL;
}
