/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "verbs.h"

G_BEGIN_DECLS

/* help.h — what the program says of itself, made from the tables of verbs and options. Pure. */

char *cli_help_overview(void) G_GNUC_WARN_UNUSED_RESULT;
char *cli_help_verb(const CliVerb *verb) G_GNUC_WARN_UNUSED_RESULT;
/* "ffarm 0.1.0" and a line for each library in use. */
char *cli_help_version(void) G_GNUC_WARN_UNUSED_RESULT;

/* "-c, --cluster NAME" */
char *cli_help_option(const CliOption *option) G_GNUC_WARN_UNUSED_RESULT;
/* "ffarm probe [OPTIONS] FILE|DIR..." */
char *cli_help_synopsis(const CliVerb *verb) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
