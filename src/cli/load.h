/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "args.h"
#include "ffarm.h"

G_BEGIN_DECLS

/* load.h — the configuration that the command line asks for, and everything that is wrong with it. Threads: the main
 * one. */

/* Where it is: --config, else where ffarm_settings_find() finds one. Returns: new string; NULL for the built-in one. */
char *cli_config_path(const CliArgs *args) G_GNUC_WARN_UNUSED_RESULT;

/* Prints what is wrong to @stream, with line and caret. @with_warnings: not only errors. */
void cli_print_diagnostics(const FfarmDiagnostics *diagnostics, gboolean with_warnings, FILE *stream);

/* Loads for a run and prints what is wrong to stderr (errors only under -q); colours are set as the configuration says.
 * Returns: new settings; NULL if there was an error, exit status CLI_EXIT_USAGE. */
FfarmSettings *cli_load_settings(const CliArgs *args) G_GNUC_WARN_UNUSED_RESULT;
/* The same for the configuration at @path; NULL: the built-in one. */
FfarmSettings *cli_load_config(const char *path, const CliArgs *args) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
