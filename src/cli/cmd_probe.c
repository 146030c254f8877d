/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "exit_code.h"
#include "ffarm.h"
#include "interrupt.h"
#include "isolate.h"
#include "media_text.h"
#include "term.h"

typedef struct {
    const CliArgs *args;
    GCancellable *cancellable;
    guint n_invalid;
} Probe;

static void show(FfarmMedia *media, guint position, gpointer user_data)
{
    (void)position;
    g_autoptr(FfarmMedia) owned = media;
    Probe *probe = user_data;
    gboolean is_valid = ffarm_media_is_valid(owned);
    probe->n_invalid += !is_valid;
    if (probe->args->json) {
        g_autofree char *line = ffarm_json_media(owned);
        puts(line);
    } else if (!probe->args->quiet || !is_valid) {
        g_autofree char *text = cli_media_text(owned);
        fputs(text, stdout);
    }
    /* Whoever reads has gone: no need to look at the rest. */
    if (!cli_flush())
        g_cancellable_cancel(probe->cancellable);
}

/* Adds the files behind @argument to @paths, spelled as it was given: what lies in a folder has its spelling in front.
 */
static gboolean add_paths(GPtrArray *paths, const char *argument, GPtrArray *warnings, GCancellable *cancellable)
{
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_input_free);
    g_autofree char *absolute = ffarm_inputs_absolute_path(argument);
    gsize length = strlen(absolute);
    if (!ffarm_inputs_add(inputs, argument, NULL, NULL, NULL, warnings, cancellable, NULL))
        return FALSE;
    for (guint i = 0; i < inputs->len; i++) {
        const char *path = ((const FfarmInput *)g_ptr_array_index(inputs, i))->path;
        g_ptr_array_add(paths, path[length] ? g_build_filename(argument, path + length, NULL) : g_strdup(argument));
    }
    return TRUE;
}

/* Returns: array of paths; NULL when interrupted. @n_warnings: folders that can't be read. */
static GPtrArray *find_files(const CliArgs *args, GCancellable *cancellable, guint *n_warnings)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < args->files->len; i++) {
        const CliFile *file = g_ptr_array_index(args->files, i);
        guint n_before = paths->len;
        if (!add_paths(paths, file->name, warnings, cancellable))
            return NULL;
        if (paths->len == n_before && !args->quiet)
            cli_warn("no films in %s", file->name);
    }
    for (guint i = 0; i < warnings->len; i++)
        cli_warn("%s", (const char *)g_ptr_array_index(warnings, i));
    *n_warnings = warnings->len;
    return g_steal_pointer(&paths);
}

int cmd_probe(const CliArgs *args)
{
    g_autoptr(CliInterrupt) interrupt = cli_interrupt_start();
    Probe probe = {.args = args, .cancellable = cli_interrupt_cancellable(interrupt)};
    guint n_warnings = 0;
    g_autoptr(GPtrArray) paths = find_files(args, probe.cancellable, &n_warnings);
    if (!paths)
        return CLI_EXIT_INTERRUPTED;
    if (!cli_can_look(probe.cancellable))
        return cli_interrupt_came(interrupt) ? CLI_EXIT_INTERRUPTED : CLI_EXIT_USAGE;
    if (!ffarm_probe_files((const char *const *)paths->pdata, paths->len, 0, 0, show, &probe, probe.cancellable, NULL))
        return cli_flush_error() ? CLI_EXIT_DONE : CLI_EXIT_INTERRUPTED;
    return probe.n_invalid + n_warnings > 0 ? CLI_EXIT_FAILED : CLI_EXIT_DONE;
}
