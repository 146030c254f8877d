/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "term.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* Set once at the start, before there are other threads; read by all. */
static gboolean out_has_color, err_has_color;

static gboolean wants_color(FILE *stream, CliColor choice, FfarmTristate configured)
{
    const char *no_color = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");
    if (choice != CLI_COLOR_AUTO)
        return choice == CLI_COLOR_ALWAYS;
    if (no_color && *no_color)
        return FALSE;
    if (configured != FFARM_TRISTATE_UNSET)
        return configured == FFARM_TRISTATE_YES && isatty(fileno(stream));
    return isatty(fileno(stream)) && term && strcmp(term, "dumb") != 0;
}

void cli_term_set_color(CliColor choice, FfarmTristate configured)
{
    out_has_color = wants_color(stdout, choice, configured);
    err_has_color = wants_color(stderr, choice, configured);
}

const char *cli_style(FILE *stream, CliStyle style)
{
    static const char *const sequences[] = {"", "\033[32m", "\033[31m", "\033[33m", "\033[2m"};
    return (stream == stdout ? out_has_color : err_has_color) ? sequences[style] : "";
}

const char *cli_plain(FILE *stream)
{
    return (stream == stdout ? out_has_color : err_has_color) ? "\033[0m" : "";
}

static int flush_error; /* main thread only */

gboolean cli_flush(void)
{
    if (flush_error == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        flush_error = errno;
    return flush_error == 0;
}

int cli_flush_error(void)
{
    return flush_error;
}

static void say(CliStyle style, const char *format, va_list args)
{
    g_autofree char *message = g_strdup_vprintf(format, args);
    g_autofree char *plain = cli_text_plain(message);
    fprintf(stderr, "%sffarm:%s %s\n", cli_style(stderr, style), cli_plain(stderr), plain);
}

void cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(CLI_STYLE_BAD, format, args);
    va_end(args);
}

void cli_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(CLI_STYLE_WARN, format, args);
    va_end(args);
}
