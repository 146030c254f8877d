/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* windows_line.h — how cmd.exe and MSVCRT take a command line apart, for tests of quoting without Windows. It is
 * stricter than cmd: every name between two percent signs counts as a variable, and a live operator (&, |, <, >) is an
 * error, since quoted arguments must not have any. Threads: safe. */

/* What cmd.exe would make of `cmd /c "LINE"`: the line for the program, percent names expanded, carets gone.
 * Returns: new string; NULL when cmd would see an operator. */
char *windows_line_through_cmd(const char *line);

/* Splits as CommandLineToArgvW() does. Returns: new argv, free with g_strfreev(). */
char **windows_line_split(const char *line);

G_END_DECLS
