/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <string.h>

/* Control, format (direction marks, zero width), surrogate and private characters, line and paragraph separators. The
 * joiner U+200D is a format character too, but emoji are made with it and it drives nothing. */
static gboolean is_harmless(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return FALSE;
    case G_UNICODE_FORMAT:
        return c == 0x200d;
    default:
        return TRUE;
    }
}

static void append_escape(GString *result, gunichar c)
{
    if (c == '\n')
        g_string_append(result, "\\n");
    else if (c == '\t')
        g_string_append(result, "\\t");
    else if (c == '\r')
        g_string_append(result, "\\r");
    else if (c < 0x80)
        g_string_append_printf(result, "\\x%02x", c);
    else
        g_string_append_printf(result, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

static char *make_plain(const char *text, const char *allowed)
{
    GString *result = g_string_new(NULL);
    for (const char *p = text; *p;) {
        gunichar c = g_utf8_get_char_validated(p, -1);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(result, "\\x%02x", (guchar)*p++);
            continue;
        }
        if (is_harmless(c) || (c < 0x80 && strchr(allowed, (int)c)))
            g_string_append_unichar(result, c);
        else
            append_escape(result, c);
        p = g_utf8_next_char(p);
    }
    return g_string_free(result, FALSE);
}

char *cli_text_plain(const char *text)
{
    return make_plain(text, "");
}

char *cli_text_plain_lines(const char *text)
{
    return make_plain(text, "\n\t");
}

char *cli_text_path(const char *path)
{
    g_autofree char *folder = g_get_current_dir();
    gsize length = strlen(folder);
    gboolean is_below = length > 1 && strncmp(path, folder, length) == 0 && path[length] == '/';
    return cli_text_plain(is_below ? path + length + 1 : path);
}

const char *cli_text_behind_path(const char *message, const char *path)
{
    g_autofree char *name = g_filename_display_name(path);
    gsize length = strlen(name);
    gboolean begins_with_it = strncmp(message, name, length) == 0 && strncmp(message + length, ": ", 2) == 0;
    return begins_with_it ? message + length + 2 : message;
}

static char *scale(double value, double step, const char *const *units)
{
    guint unit = 0;
    /* 999.95 would print as 1000.0: the next unit reads better. */
    while (value >= step * 0.99995 && units[unit + 1]) {
        value /= step;
        unit++;
    }
    return g_strdup_printf(unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

char *cli_text_size(gint64 bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL};
    return bytes < 0 ? g_strdup("?") : scale((double)bytes, 1024, units);
}

char *cli_text_bitrate(gint64 bits)
{
    static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", NULL};
    return scale((double)bits, 1000, units);
}

char *cli_text_duration(gint64 duration_us)
{
    gint64 seconds = (MAX(duration_us, 0) + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
    gint64 hours = seconds / 3600, minutes = seconds / 60 % 60;
    if (hours > 0)
        return g_strdup_printf("%" G_GINT64_FORMAT ":%02d:%02d", hours, (int)minutes, (int)(seconds % 60));
    return g_strdup_printf("%d:%02d", (int)minutes, (int)(seconds % 60));
}
