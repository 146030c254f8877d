/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ffarm.h"

G_BEGIN_DECLS

/* host_text.h — what was found out about a host, as people read it. Prints to stdout. Threads: the main one. */

/* "household/workstation: usable" and a line for each thing known. */
void cli_print_host_report(const FfarmHostReport *report);
/* The same host in one line, for runs. Returns: new string, harmless for a terminal. */
char *cli_host_report_line(const FfarmHostReport *report) G_GNUC_WARN_UNUSED_RESULT;
/* "household/workstation", or the name alone for this machine. Returns: new string, harmless for a terminal. */
char *cli_host_name(const FfarmHost *host) G_GNUC_WARN_UNUSED_RESULT;

/* Prints @reports (of FfarmHostReport) as text, or as JSON Lines.
 * Returns: how many of them are usable. */
guint cli_print_host_reports(const GPtrArray *reports, gboolean is_json, gboolean is_quiet);

G_END_DECLS
