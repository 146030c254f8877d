/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "args.h"
#include "ffarm.h"

G_BEGIN_DECLS

/* find_run.h — which run of the journal is meant. Threads: the main one. */

/* TRUE for the runs that are asked for when none is named. */
typedef gboolean (*CliRunTest)(const FfarmRunRecord *record);

/* The run that @args names (all of its id, or as much as only one begins with), else the last of @runs (of
 * FfarmRunRecord, the last first) that @is_meant.
 * Returns: borrowed; NULL, with @error (FFARM_CONFIG_ERROR_INVALID) if one was named that is not there. */
const FfarmRunRecord *cli_find_run(const CliArgs *args, const GPtrArray *runs, CliRunTest is_meant, GError **error);

/* "2026-11-22 20:13" in local time. Returns: new string. */
char *cli_run_time(gint64 when_us) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
