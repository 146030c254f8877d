/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_nodes.h"

#include <string.h>

#define ASK_MS 15000
#define MOST_NODES 4
#define MOST_DIGITS 4 /* of the number of a node: the kernel ends at 191 */

void ffarm_nodes_parse(const char *listing, GPtrArray *nodes)
{
    static const char start[] = "renderD";
    g_auto(GStrv) lines = g_strsplit_set(listing, "\r\n", -1);
    for (char **line = lines; *line && nodes->len < MOST_NODES; line++) {
        const char *blank = strrchr(*line, ' '), *name = blank ? blank + 1 : *line;
        const char *number = g_str_has_prefix(name, start) ? name + strlen(start) : "";
        if (*number && strlen(number) <= MOST_DIGITS && strspn(number, "0123456789") == strlen(number))
            g_ptr_array_add(nodes, g_strconcat("/dev/dri/", name, NULL));
    }
}

gboolean ffarm_nodes_explain(FfarmRunner *runner, const char *node, FfarmCapabilityClass *class_,
                             GCancellable *cancellable, GError **error)
{
    const char *argv[] = {"test", "-r", node, "-a", "-w", node, NULL};
    g_autoptr(GError) inner = NULL;
    int status = 0;
    if (ffarm_runner_ask(runner, argv, ASK_MS, 0, NULL, NULL, &status, cancellable, &inner) && status <= 1)
        *class_ = status == 0 ? FFARM_CAPABILITY_DRIVER_MISSING : FFARM_CAPABILITY_FORBIDDEN;
    if (!g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}
