/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_nodes.h"

#include <string.h>

#define ASK_MS 15000
#define MAX_LISTING 8192
#define MOST_NODES 4

void ffarm_nodes_parse(const char *listing, GPtrArray *nodes)
{
    static const char start[] = "renderD";
    g_auto(GStrv) lines = g_strsplit_set(listing, "\r\n", -1);
    for (char **line = lines; *line && nodes->len < MOST_NODES; line++) {
        const char *number = *line + strlen(start);
        if (g_str_has_prefix(*line, start) && *number && strspn(number, "0123456789") == strlen(number))
            g_ptr_array_add(nodes, g_strconcat("/dev/dri/", *line, NULL));
    }
}

/* Returns: FALSE if it could not be asked; with @error only if that was cancelled. */
static gboolean ask(FfarmRunner *runner, const char *const *argv, char **output, int *status, GCancellable *cancellable,
                    GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (ffarm_runner_ask(runner, argv, ASK_MS, MAX_LISTING, output, NULL, status, cancellable, &inner))
        return TRUE;
    if (g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

gboolean ffarm_nodes_find(FfarmRunner *runner, GPtrArray *nodes, GCancellable *cancellable, GError **error)
{
    const char *argv[] = {"ls", "/dev/dri", NULL};
    g_autofree char *listing = NULL;
    g_autoptr(GError) inner = NULL;
    int status = 0;
    if (ffarm_runner_os(runner) != FFARM_OS_LINUX)
        return TRUE;
    if (ask(runner, argv, &listing, &status, cancellable, &inner))
        ffarm_nodes_parse(listing, nodes);
    if (!inner)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

gboolean ffarm_nodes_explain(FfarmRunner *runner, const char *node, FfarmCapabilityClass *class_,
                             GCancellable *cancellable, GError **error)
{
    const char *argv[] = {"test", "-r", node, "-a", "-w", node, NULL};
    g_autoptr(GError) inner = NULL;
    int status = 0;
    if (ask(runner, argv, NULL, &status, cancellable, &inner) && status <= 1)
        *class_ = status == 0 ? FFARM_CAPABILITY_DRIVER_MISSING : FFARM_CAPABILITY_FORBIDDEN;
    if (!inner)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}
