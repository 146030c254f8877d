/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "ffarm.h"
#include "args.h"

G_BEGIN_DECLS

/* term.h — what goes to the terminal: colours, and the program's own complaints.
 *
 * Names of files and words of other machines pass through cli_text_plain() (text.h) before they get here, so that they
 * can't drive the terminal.
 *
 * Threads: lines are written whole; any thread. */

typedef enum { CLI_STYLE_NONE, CLI_STYLE_GOOD, CLI_STYLE_BAD, CLI_STYLE_WARN, CLI_STYLE_DIM } CliStyle;

/* Decides on colours, once: --color, else NO_COLOR, else the configuration's colorize, else whether it is a terminal.
 * May be called again when the configuration is known. */
void cli_term_set_color(CliColor choice, FfarmTristate configured);

/* The sequence that begins @style on @stream (stdout or stderr), and the one that ends it; "" without colours. Static.
 */
const char *cli_style(FILE *stream, CliStyle style);
const char *cli_plain(FILE *stream);

/* Hands on to its reader what was printed to stdout. Returns: FALSE if that can't be done, now or before. */
gboolean cli_flush(void);
/* errno of the first failure of cli_flush(); 0: there was none. EPIPE: the reader has gone. */
int cli_flush_error(void);

/* "ffarm: ..." on stderr, made harmless, in the colour of errors or of warnings. */
void cli_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);
void cli_warn(const char *format, ...) G_GNUC_PRINTF(1, 2);

G_END_DECLS
