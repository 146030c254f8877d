/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "windows_line.h"

#include <string.h>

/* First phase: variables. No name holds a quote; all other names are taken for defined. */
static char *expand_percents(const char *line)
{
    GString *text = g_string_new(NULL);
    for (const char *c = line; *c; c++) {
        const char *end = *c == '%' ? strchr(c + 1, '%') : NULL;
        if (end && end > c + 1 && !memchr(c + 1, '"', (gsize)(end - c - 1))) {
            g_string_append(text, "[expanded]");
            c = end;
        } else {
            g_string_append_c(text, *c);
        }
    }
    return g_string_free(text, FALSE);
}

char *windows_line_through_cmd(const char *line)
{
    g_autofree char *expanded = expand_percents(line);
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean is_quoted = FALSE;
    for (const char *c = expanded; *c; c++) {
        if (*c == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && *c == '^') {
            c++;
            if (!*c)
                break;
        } else if (!is_quoted && strchr("&|<>()", *c)) {
            return NULL;
        }
        g_string_append_c(text, *c);
    }
    return g_strdup(text->str);
}

/* The program's name knows no escapes: it ends at the next quote, or at a blank. */
static const char *split_program(const char *line, GPtrArray *argv)
{
    gboolean is_quoted = *line == '"';
    const char *start = is_quoted ? line + 1 : line;
    gsize length = strcspn(start, is_quoted ? "\"" : " \t");
    g_ptr_array_add(argv, g_strndup(start, length));
    return start + length + (is_quoted && start[length] == '"');
}

/* Takes backslashes and a quote behind them. Returns: TRUE when the quote is one that opens or closes. */
static gboolean take_backslashes(const char **c, GString *word)
{
    gsize count = strspn(*c, "\\");
    *c += count;
    if (**c != '"') {
        for (; count > 0; count--)
            g_string_append_c(word, '\\');
        return FALSE;
    }
    for (gsize i = 0; i < count / 2; i++)
        g_string_append_c(word, '\\');
    if (count % 2 == 0)
        return TRUE;
    g_string_append_c(word, '"');
    (*c)++;
    return FALSE;
}

static const char *split_argument(const char *c, GPtrArray *argv)
{
    GString *word = g_string_new(NULL);
    gboolean is_quoted = FALSE;
    while (*c && (is_quoted || !strchr(" \t", *c))) {
        if (*c == '\\' || *c == '"') {
            if (!take_backslashes(&c, word))
                continue;
            c++;
            if (is_quoted && *c == '"')
                g_string_append_c(word, *c++);
            is_quoted = !is_quoted;
        } else {
            g_string_append_c(word, *c++);
        }
    }
    g_ptr_array_add(argv, g_string_free(word, FALSE));
    return c;
}

char **windows_line_split(const char *line)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *c = split_program(line, argv);
    for (c += strspn(c, " \t"); *c; c += strspn(c, " \t"))
        c = split_argument(c, argv);
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_steal(argv, NULL);
}
