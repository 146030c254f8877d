/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "isolate.h"

#include "ffarm.h"
#include "term.h"

void cli_isolate(void)
{
    /* This very file, even if an update has put another in its place since. */
    static const char *const argv[] = {"/proc/self/exe", CLI_PROBE_WORKER, NULL};
    g_autoptr(GError) error = NULL;
    if (!ffarm_probe_isolate(argv, &error))
        cli_warn("files are looked at without the protection of worker processes: %s", error->message);
}

gboolean cli_can_look(GCancellable *cancellable)
{
    g_autoptr(GError) error = NULL;
    if (ffarm_probe_check(cancellable, &error))
        return TRUE;
    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        cli_complain("no file can be looked at, which is done by processes of their own: %s", error->message);
    return FALSE;
}
