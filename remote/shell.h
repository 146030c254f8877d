/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* shell.h — argv -> one command line for the shell on the other side. Nobody else quotes. Pure.
 *
 * Threads: safe. */

typedef enum {
    FFARM_SHELL_POSIX,      /* any Unix login shell: sh, bash, zsh, ksh, csh, tcsh, fish, busybox */
    FFARM_SHELL_CMD,        /* cmd.exe, and a program that splits its line by MSVCRT's rules */
    FFARM_SHELL_POWERSHELL, /* Windows PowerShell 5.1 or PowerShell 7 */
} FfarmShell;

/* Quotes @argv so that a program started by @shell from the returned line gets exactly these arguments: any bytes but NUL
 * for POSIX; for the Windows shells no line breaks.
 * Returns: new string; NULL with G_IO_ERROR_INVALID_ARGUMENT saying which argument can't be passed and why. */
char *ffarm_shell_quote(FfarmShell shell, const char *const *argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A line for a log or a screen, which a person can paste into a POSIX shell. Never executed by ffarm. */
char *ffarm_shell_display(const char *const *argv) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
