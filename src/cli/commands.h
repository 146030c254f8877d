/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "args.h"

G_BEGIN_DECLS

/* commands.h — what the verbs do. Each takes the command line and returns the exit status. Threads: the main one. */

int cmd_run(const CliArgs *args);
int cmd_probe(const CliArgs *args);
int cmd_hosts(const CliArgs *args);
int cmd_profiles(const CliArgs *args);
int cmd_check(const CliArgs *args);
int cmd_resume(const CliArgs *args);
int cmd_retry(const CliArgs *args);
int cmd_history(const CliArgs *args);
int cmd_stop(const CliArgs *args);
int cmd_help(const CliArgs *args);

G_END_DECLS
