/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lease.h"
#include "runner_private.h"

G_BEGIN_DECLS

/* system.h — what is on the other side: operating system, login shell, and under which lease commands can run there.
 * Private to remote/.
 *
 * Threads: one at a time. */

typedef struct {
    FfarmOs os;
    FfarmShell shell;
    FfarmLeaseForm form;
    char *text; /* "Linux x86_64", "Windows (cmd.exe)" */
} System;

void system_clear(System *system);

/* Asks the other side, with two short commands at most on Unix and three on Windows. What @host says of its os is taken
 * as it is; then only Windows is still asked for its shell.
 * Returns: FALSE with @error of the kind's exec(), or EXEC when no shell that we know answers. */
gboolean system_detect(System *system, const FfarmRunnerKind *kind, gpointer connection, const FfarmHost *host,
                       gint64 deadline_us, GCancellable *cancellable, GError **error);

/* This machine. */
void system_init_local(System *system);

/* The judgements alone, on what the commands printed; whatever login scripts print comes before the answer. Pure.
 * Returns: FALSE when the output is no answer of that kind. */
gboolean system_take_uname(System *system, const char *output); /* of `uname -sm` */
gboolean system_take_echo(System *system, const char *output);  /* of `echo "%OS% $env:OS"` */

G_END_DECLS
