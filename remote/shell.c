/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shell.h"

#include <gio/gio.h>
#include <string.h>

#define CMD_LINE_LIMIT 8100 /* cmd.exe takes 8191 characters; the server puts its own call around ours */
/* Line breaks end a command in csh; the byte A0, part of many a letter in UTF-8, sends bsd-csh into an endless
 * loop. */
#define UNSAYABLE "\n\r\xa0"

#define WINDOWS_LINE_LIMIT 32000 /* CreateProcess takes 32767 */

/* Characters that no shell gives a meaning to, wherever they stand. */
static gboolean is_plain(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("_./+:,-", c));
}

static gboolean has_line_break(const char *text)
{
    return strpbrk(text, "\n\r") != NULL;
}

/* A backslash before every ASCII character that might mean something is the one way of quoting on which all login
 * shells agree: csh expands ! even in single quotes, fish reads \\ and \' there. Bytes above 127 stay as they are,
 * since a backslash would split a character of several bytes. What is
 * UNSAYABLE can't be said this way. */
static void append_backslashed(GString *line, const char *word)
{
    if (!*word)
        g_string_append(line, "''");
    for (const char *c = word; *c; c++) {
        if (!is_plain(*c) && !(*c & 0x80))
            g_string_append_c(line, '\\');
        g_string_append_c(line, *c);
    }
}

static char *quote_posix_plainly(const char *const *argv)
{
    GString *line = g_string_new(NULL);
    for (guint i = 0; argv[i]; i++) {
        if (i > 0)
            g_string_append_c(line, ' ');
        append_backslashed(line, argv[i]);
    }
    return g_string_free(line, FALSE);
}

/* Appends @word in single quotes, as sh (but not csh or fish) reads them. */
static void append_single_quoted(GString *line, const char *word)
{
    g_string_append_c(line, '\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            g_string_append(line, "'\\''");
        else
            g_string_append_c(line, *c);
    }
    g_string_append_c(line, '\'');
}

/* Says @text in the escapes of printf %b, without what can't be said to every login shell. */
static char *escape_for_printf(const char *text)
{
    GString *escaped = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        if (*c == '\\')
            g_string_append(escaped, "\\\\");
        else if (strchr(UNSAYABLE, *c))
            g_string_append_printf(escaped, "\\0%03o", (guchar)*c);
        else
            g_string_append_c(escaped, *c);
    }
    return g_string_free(escaped, FALSE);
}

/* The login shell only sees a call of sh whose last argument has nothing unsayable in it; sh unfolds that into a line
 * of its own language, where single quotes hold anything. */
static char *quote_posix_folded(const char *const *argv)
{
    g_autoptr(GString) script = g_string_new("exec");
    guint first = g_str_equal(argv[0], "exec") ? 1 : 0;
    for (guint i = first; argv[i]; i++) {
        g_string_append_c(script, ' ');
        append_single_quoted(script, argv[i]);
    }
    g_autofree char *folded = escape_for_printf(script->str);
    const char *outer[] = {"exec", "sh", "-c", "eval \"$(printf %b \"$1\")\"", "sh", folded, NULL};
    return quote_posix_plainly(outer);
}

static char *quote_posix(const char *const *argv)
{
    for (guint i = 0; argv[i]; i++) {
        if (strpbrk(argv[i], UNSAYABLE))
            return quote_posix_folded(argv);
    }
    return quote_posix_plainly(argv);
}

gboolean ffarm_shell_check_windows(const char *const *argv, GError **error)
{
    for (guint i = 0; argv[i]; i++) {
        const char *problem = NULL;
        if (!g_utf8_validate(argv[i], -1, NULL))
            problem = "is not valid UTF-8";
        else if (has_line_break(argv[i]))
            problem = "holds a line break";
        if (problem) {
            g_autofree char *shown = ffarm_shell_display((const char *[]){argv[i], NULL});
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "argument %u (%s) %s, which can't be passed to a program on Windows", i, shown, problem);
            return FALSE;
        }
    }
    return TRUE;
}

static void append_backslashes(GString *line, gsize count)
{
    for (; count > 0; count--)
        g_string_append_c(line, '\\');
}

/* Appends @word so that cmd.exe hands it on untouched and the program's run-time library takes it for one argument.
 *
 * The double quotes themselves are escaped, so cmd never is inside quotes, and each of its special characters gets a
 * caret of its own. A percent sign can't be escaped on cmd's command line at all; but standing between a quote that
 * closes and one that opens again it has a quote for a neighbour on both sides, and no variable has a name like that.
 * For the library, backslashes count only in front of a quote: there they are doubled. */
static void append_for_cmd(GString *line, const char *word)
{
    g_string_append(line, "^\"");
    gsize backslashes = 0;
    for (const char *c = word; *c; c++) {
        if (*c == '\\') {
            backslashes++;
            g_string_append_c(line, '\\');
            continue;
        }
        if (*c == '"' || *c == '%')
            append_backslashes(line, backslashes);
        backslashes = 0;
        if (*c == '"')
            g_string_append(line, "\\^\"");
        else if (*c == '%')
            g_string_append(line, "^\"%^\"");
        else
            g_string_append_printf(line, strchr("()!^<>&|", *c) ? "^%c" : "%c", *c);
    }
    append_backslashes(line, backslashes);
    g_string_append(line, "^\"");
}

static gboolean is_bare_for_cmd(const char *word)
{
    const char *c = word;
    while (g_ascii_isalnum(*c) || (*c && strchr("_./\\:+-", *c)))
        c++;
    return c > word && !*c;
}

/* Windows' sshd takes lines that begin like this for calls of its own programs, and rewrites them. */
static gboolean is_rewritten_by_server(const char *program)
{
    static const char *const prefixes[] = {"scp", "sftp-server", "internal-sftp"};
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_ascii_strncasecmp(program, prefixes[i], strlen(prefixes[i])) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The program's name is looked up by cmd itself, which wants it bare or in real quotes, and with backslashes. */
static gboolean append_program_for_cmd(GString *line, const char *program, GError **error)
{
    if (!*program || strpbrk(program, "%\"")) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "the program's name (%s) is empty or holds a %% or a \", which cmd.exe can't be given", program);
        return FALSE;
    }
    g_autofree char *path = g_strdelimit(g_strdup(program), "/", '\\');
    gboolean is_bare = is_bare_for_cmd(path) && !is_rewritten_by_server(path);
    g_string_append_printf(line, is_bare ? "%s" : "\"%s\"", path);
    return TRUE;
}

static char *quote_cmd(const char *const *argv, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    if (!ffarm_shell_check_windows(argv, error) || !append_program_for_cmd(line, argv[0], error))
        return NULL;
    for (guint i = 1; argv[i]; i++) {
        g_string_append_c(line, ' ');
        if (is_bare_for_cmd(argv[i]))
            g_string_append(line, argv[i]);
        else
            append_for_cmd(line, argv[i]);
    }
    if (line->len > CMD_LINE_LIMIT) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "the command is %" G_GSIZE_FORMAT " characters long, cmd.exe takes %d", line->len, CMD_LINE_LIMIT);
        return NULL;
    }
    return g_strdup(line->str);
}

char *ffarm_shell_quote_crt(const char *const *arguments)
{
    GString *line = g_string_new(NULL);
    for (guint i = 0; arguments[i]; i++) {
        if (i > 0)
            g_string_append_c(line, ' ');
        g_string_append_c(line, '"');
        gsize backslashes = 0;
        for (const char *c = arguments[i];; c++) {
            if (*c == '\\') {
                backslashes++;
                continue;
            }
            gboolean is_quote_next = *c == '"' || !*c;
            append_backslashes(line, is_quote_next ? 2 * backslashes : backslashes);
            backslashes = 0;
            if (!*c)
                break;
            g_string_append_printf(line, *c == '"' ? "\\%c" : "%c", *c);
        }
        g_string_append_c(line, '"');
    }
    return g_string_free(line, FALSE);
}

/* PowerShell also takes the typographic single quotes for quotes, so those are doubled as well. */
char *ffarm_shell_powershell_literal(const char *text)
{
    GString *literal = g_string_new("'");
    for (const char *c = text; *c; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        gboolean is_quote = character == '\'' || (character >= 0x2018 && character <= 0x201b);
        if (is_quote)
            g_string_append_unichar(literal, character);
        g_string_append_unichar(literal, character);
    }
    g_string_append_c(literal, '\'');
    return g_string_free(literal, FALSE);
}

/* Base64 keeps the script out of reach of every layer of quoting in between: what is left has neither a double quote
 * nor a backslash nor a percent sign in it. */
char *ffarm_shell_wrap_powershell(FfarmShell shell, const char *script, GError **error)
{
    gboolean is_cmd = shell == FFARM_SHELL_CMD;
    gsize limit = is_cmd ? CMD_LINE_LIMIT : WINDOWS_LINE_LIMIT;
    g_autofree char *encoded = g_base64_encode((const guchar *)script, strlen(script));
    g_autofree char *call =
        g_strdup_printf("iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('%s')))", encoded);
    g_autofree char *line = NULL;
    if (is_cmd)
        line = g_strdup_printf("powershell -NoLogo -NoProfile -NonInteractive -InputFormat None -Command \"%s\"", call);
    else
        line = g_steal_pointer(&call);
    if (strlen(line) > limit) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "the command makes a line of %" G_GSIZE_FORMAT
                    " characters, the shell there takes %" G_GSIZE_FORMAT,
                    strlen(line), limit);
        return NULL;
    }
    return g_steal_pointer(&line);
}

/* PowerShell's versions differ in how they pass arguments on, so the process is started through .NET, which takes the
 * finished line; that also gives the true exit status, where `powershell -c` only knows 0 and 1. */
static char *quote_powershell(const char *const *argv, GError **error)
{
    if (!ffarm_shell_check_windows(argv, error))
        return NULL;
    g_autofree char *arguments = ffarm_shell_quote_crt(argv + 1);
    g_autofree char *program_literal = ffarm_shell_powershell_literal(argv[0]);
    g_autofree char *arguments_literal = ffarm_shell_powershell_literal(arguments);
    g_autofree char *script =
        g_strdup_printf("$p=New-Object Diagnostics.ProcessStartInfo %s,%s;$p.UseShellExecute=$false;"
                        "$x=[Diagnostics.Process]::Start($p);$x.WaitForExit();exit $x.ExitCode",
                        program_literal, arguments_literal);
    return ffarm_shell_wrap_powershell(FFARM_SHELL_POWERSHELL, script, error);
}

char *ffarm_shell_quote(FfarmShell shell, const char *const *argv, GError **error)
{
    g_return_val_if_fail(argv && argv[0], NULL);
    switch (shell) {
    case FFARM_SHELL_CMD:
        return quote_cmd(argv, error);
    case FFARM_SHELL_POWERSHELL:
        return quote_powershell(argv, error);
    case FFARM_SHELL_POSIX:
    default:
        return quote_posix(argv);
    }
}

static gboolean is_printable(const char *word)
{
    if (!g_utf8_validate(word, -1, NULL))
        return FALSE;
    for (const char *c = word; *c; c = g_utf8_next_char(c)) {
        if (!g_unichar_isprint(g_utf8_get_char(c)))
            return FALSE;
    }
    return TRUE;
}

/* Appends one character of @c as $'…' says it. Returns: its length in bytes. */
static gsize append_escaped(GString *line, const char *c)
{
    gunichar character = g_utf8_get_char_validated(c, -1);
    gboolean is_valid = character != (gunichar)-1 && character != (gunichar)-2;
    if (is_valid && g_unichar_isprint(character)) {
        if (*c == '\'' || *c == '\\')
            g_string_append_c(line, '\\');
        g_string_append_unichar(line, character);
        return (gsize)(g_utf8_next_char(c) - c);
    }
    if (*c == '\n')
        g_string_append(line, "\\n");
    else
        g_string_append_printf(line, "\\%03o", (guchar)*c);
    return 1;
}

char *ffarm_shell_display(const char *const *argv)
{
    GString *line = g_string_new(NULL);
    for (guint i = 0; argv[i]; i++) {
        if (i > 0)
            g_string_append_c(line, ' ');
        const char *c = argv[i];
        while (is_plain(*c))
            c++;
        if (*argv[i] && !*c) {
            g_string_append(line, argv[i]);
        } else if (is_printable(argv[i])) {
            append_single_quoted(line, argv[i]);
        } else {
            g_string_append(line, "$'");
            for (c = argv[i]; *c;)
                c += append_escaped(line, c);
            g_string_append_c(line, '\'');
        }
    }
    return g_string_free(line, FALSE);
}
