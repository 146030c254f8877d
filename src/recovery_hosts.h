/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "leftovers.h"
#include "settings.h"

G_BEGIN_DECLS

/* recovery_hosts.h — ends what still runs on hosts for runs that are gone, and removes what they left there. */

/* Asks the hosts of all @traces (of FfarmLeftTrace, whose @gone is filled in) at once; hosts are found in @settings.
 * Waits @timeout_ms at most.
 * Returns: new array of char*: a line in words for each host where something is left, and one for all those that
 * @settings does not name. */
GPtrArray *ffarm_recovery_clean_hosts(const GPtrArray *traces, const FfarmSettings *settings, guint timeout_ms,
                                      GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;

/* The command that ends every process of this user whose command line names a file or folder of the run, and waits
 * until they are gone: by SIGTERM, 5 s later by SIGKILL. For POSIX hosts. Returns: new string array. */
char **ffarm_recovery_stop_argv(const char *run_id) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
