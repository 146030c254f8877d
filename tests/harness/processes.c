/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "processes.h"

#include <string.h>

guint processes_count(const char *tag)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    guint count = 0;
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename("/proc", name, "cmdline", NULL);
        g_autofree char *text = NULL;
        gsize length = 0;
        if (!g_ascii_isdigit(*name) || !g_file_get_contents(path, &text, &length, NULL))
            continue;
        for (gsize i = 0; i < length; i++) {
            if (text[i] == '\0')
                text[i] = ' ';
        }
        count += strstr(text, tag) != NULL;
    }
    return count;
}

gboolean processes_wait(const char *tag, gboolean is_wanted, double limit_s)
{
    gint64 limit_us = g_get_monotonic_time() + (gint64)(limit_s * G_USEC_PER_SEC);
    while ((processes_count(tag) > 0) != is_wanted) {
        if (g_get_monotonic_time() > limit_us)
            return FALSE;
        g_usleep(20000);
    }
    return TRUE;
}
