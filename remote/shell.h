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

/* Quotes @argv (at least a program) so that a program started by @shell from the returned line gets exactly these
 * arguments: any bytes but NUL for POSIX; for the Windows shells UTF-8 without line breaks.
 * Returns: new string; NULL with G_IO_ERROR_INVALID_ARGUMENT saying which argument can't be passed and why. */
char *ffarm_shell_quote(FfarmShell shell, const char *const *argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A script in PowerShell's language -> a line for @shell, FFARM_SHELL_CMD or FFARM_SHELL_POWERSHELL, that runs it.
 * Returns: new string; NULL with G_IO_ERROR_INVALID_ARGUMENT when it is too long for the shell. */
char *ffarm_shell_wrap_powershell(FfarmShell shell, const char *script, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The arguments behind the program, quoted by the rules by which MSVCRT and CommandLineToArgvW() split a command line.
 * Returns: new string. */
char *ffarm_shell_quote_crt(const char *const *arguments) G_GNUC_WARN_UNUSED_RESULT;

/* @text as a string literal of PowerShell. Returns: new string. */
char *ffarm_shell_powershell_literal(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @argv can be passed to a program on Windows at all: UTF-8 without line breaks.
 * FALSE: @error is G_IO_ERROR_INVALID_ARGUMENT. */
gboolean ffarm_shell_check_windows(const char *const *argv, GError **error);

/* A line for a log or a screen, which a person can paste into bash, zsh or ksh: control characters and bytes that are
 * not UTF-8 are shown as escapes, so that a file's name can't play tricks with the terminal. Never executed by ffarm.
 * Returns: new string. */
char *ffarm_shell_display(const char *const *argv) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
