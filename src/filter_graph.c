/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter_graph.h"

#include <string.h>

/* Returns: what follows the labels and blanks at @at. */
static const char *skip_labels(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        const char *end = *at == '[' ? strchr(at, ']') : NULL;
        if (!end)
            return at;
        at = end + 1;
    }
}

/* Returns: where the filter at @at ends: arguments may hold anything behind a backslash or in quotes. */
static const char *find_end(const char *at)
{
    while (*at && !strchr(",;[", *at)) {
        const char *quote = *at == '\'' ? strchr(at + 1, '\'') : NULL;
        gboolean is_escaped = *at == '\\' && at[1];
        at = quote ? quote + 1 : at + (is_escaped ? 2 : 1);
    }
    return at;
}

char **ffarm_filter_graph_split(const char *graph)
{
    GPtrArray *filters = g_ptr_array_new();
    const char *at = skip_labels(graph);
    while (*at) {
        const char *end = find_end(at);
        if (end > at)
            g_ptr_array_add(filters, g_strchomp(g_strndup(at, (gsize)(end - at))));
        at = *end == '[' && !strchr(end, ']') ? end + 1 : skip_labels(end);
        at += strspn(at, ",;");
        at = skip_labels(at);
    }
    g_ptr_array_add(filters, NULL);
    return (char **)g_ptr_array_free(filters, FALSE);
}

char *ffarm_filter_graph_name(const char *filter)
{
    return g_strndup(filter, strspn(filter, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_"));
}

gboolean ffarm_filter_graph_has(const char *graph, const char *const *names)
{
    g_auto(GStrv) filters = ffarm_filter_graph_split(graph);
    for (char **filter = filters; *filter; filter++) {
        g_autofree char *name = ffarm_filter_graph_name(*filter);
        if (g_strv_contains(names, name))
            return TRUE;
    }
    return FALSE;
}
