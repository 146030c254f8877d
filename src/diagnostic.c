/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "diagnostic.h"

#include <string.h>

#define SOURCE_LIMIT 200 /* characters of a source line that are kept */
#define NAME_LIMIT 64    /* longer names have no nearest one: nobody mistypes those */

static void diagnostic_free(gpointer data)
{
    FfarmDiagnostic *diagnostic = data;
    g_free(diagnostic->file);
    g_free(diagnostic->message);
    g_free(diagnostic->source);
    g_free(diagnostic);
}

FfarmDiagnostics *ffarm_diagnostics_new(void)
{
    FfarmDiagnostics *diagnostics = g_new0(FfarmDiagnostics, 1);
    diagnostics->items = g_ptr_array_new_with_free_func(diagnostic_free);
    return diagnostics;
}

void ffarm_diagnostics_free(FfarmDiagnostics *diagnostics)
{
    if (!diagnostics)
        return;
    g_ptr_array_unref(diagnostics->items);
    g_free(diagnostics);
}

/* Messages and source lines carry what the file holds, and both reach a terminal: control characters would steer it.
 * Returns: valid UTF-8 of at most @limit characters (0: no limit) without control characters other than, if wanted,
 * tabs. */
static char *make_printable(const char *text, gsize limit, gboolean keeps_tabs)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    gsize count = 0;
    for (const char *p = valid; *p && (limit == 0 || count < limit); p = g_utf8_next_char(p), count++) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\t' && keeps_tabs)
            g_string_append_c(out, '\t');
        else if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
            g_string_append_c(out, '?');
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

void ffarm_diagnostics_add(FfarmDiagnostics *diagnostics, FfarmSeverity severity, const char *file, guint line,
                           guint column, const char *source, const char *format, ...)
{
    FfarmDiagnostic *diagnostic = g_new0(FfarmDiagnostic, 1);
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    diagnostic->severity = severity;
    diagnostic->file = g_strdup(file);
    diagnostic->line = line;
    diagnostic->column = column;
    diagnostic->message = make_printable(message, 0, FALSE);
    diagnostic->source = source ? make_printable(source, SOURCE_LIMIT, TRUE) : NULL;
    g_ptr_array_add(diagnostics->items, diagnostic);
    if (severity == FFARM_SEVERITY_ERROR)
        diagnostics->errors++;
    else
        diagnostics->warnings++;
}

static gint compare_places(gconstpointer a, gconstpointer b)
{
    const FfarmDiagnostic *first = *(const FfarmDiagnostic *const *)a, *second = *(const FfarmDiagnostic *const *)b;
    if (first->line != second->line)
        return first->line < second->line ? -1 : 1;
    if (first->column != second->column)
        return first->column < second->column ? -1 : 1;
    return strcmp(first->message, second->message);
}

void ffarm_diagnostics_sort(FfarmDiagnostics *diagnostics)
{
    g_ptr_array_sort(diagnostics->items, compare_places);
}

/* Blanks that end right before @column of @source: tabs stay tabs, so that the caret lines up however wide they are
 * shown. */
static void append_caret(GString *out, const char *source, guint column)
{
    const char *p = source;
    for (guint i = 1; i < column && *p; i++, p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\t')
            g_string_append_c(out, '\t');
        else if (!g_unichar_iszerowidth(c))
            g_string_append(out, g_unichar_iswide(c) ? "  " : " ");
    }
    g_string_append_c(out, '^');
}

char *ffarm_diagnostic_format(const FfarmDiagnostic *diagnostic)
{
    GString *out = g_string_new(diagnostic->file);
    if (diagnostic->line > 0)
        g_string_append_printf(out, ":%u:%u", diagnostic->line, diagnostic->column);
    g_string_append_printf(out, ": %s%s", diagnostic->severity == FFARM_SEVERITY_WARNING ? "warning: " : "",
                           diagnostic->message);
    if (!diagnostic->source || diagnostic->line == 0)
        return g_string_free(out, FALSE);
    g_string_append_printf(out, "\n%s", diagnostic->source);
    if (diagnostic->column > 0 && diagnostic->column <= (guint)g_utf8_strlen(diagnostic->source, -1) + 1) {
        g_string_append_c(out, '\n');
        append_caret(out, diagnostic->source, diagnostic->column);
    }
    return g_string_free(out, FALSE);
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost one each. Case is ignored.
 */
static guint edit_distance(const char *a, const char *b)
{
    guint rows[3][NAME_LIMIT + 1];
    guint *before = rows[0], *above = rows[1], *row = rows[2];
    gsize a_length = strlen(a), b_length = strlen(b);
    for (guint j = 0; j <= b_length; j++)
        above[j] = j;
    for (guint i = 1; i <= a_length; i++) {
        row[0] = i;
        for (guint j = 1; j <= b_length; j++) {
            char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
            row[j] = MIN(MIN(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && y == g_ascii_tolower(a[i - 2]))
                row[j] = MIN(row[j], before[j - 2] + 1);
        }
        guint *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

const char *ffarm_nearest_name(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    gsize length = strlen(name);
    guint least = (guint)(length / 3) + 1;
    if (length == 0 || length > NAME_LIMIT)
        return NULL;
    for (guint i = 0; names[i]; i++) {
        if (strlen(names[i]) > NAME_LIMIT)
            continue;
        guint distance = edit_distance(name, names[i]);
        if (distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
