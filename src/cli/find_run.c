/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find_run.h"

#include <string.h>

#include "verbs.h"

static const FfarmRunRecord *find_named(const GPtrArray *runs, const char *name, GError **error)
{
    const FfarmRunRecord *found = NULL;
    guint n_found = 0;
    for (guint i = 0; i < runs->len; i++) {
        const FfarmRunRecord *record = g_ptr_array_index(runs, i);
        if (strcmp(record->id, name) == 0)
            return record;
        if (g_str_has_prefix(record->id, name)) {
            found = record;
            n_found++;
        }
    }
    if (n_found == 1)
        return found;
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                n_found == 0 ? "run '%s' is not in the journal; 'ffarm history' lists the runs"
                             : "run '%s' may be several; 'ffarm history' lists the runs",
                name);
    return NULL;
}

const FfarmRunRecord *cli_find_run(const CliArgs *args, const GPtrArray *runs, CliRunTest is_meant, GError **error)
{
    if (args->files->len > 1) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "'%s' takes one RUN only", args->verb->name);
        return NULL;
    }
    if (args->files->len == 1)
        return find_named(runs, ((const CliFile *)g_ptr_array_index(args->files, 0))->name, error);
    for (guint i = 0; i < runs->len; i++)
        if (is_meant(g_ptr_array_index(runs, i)))
            return g_ptr_array_index(runs, i);
    return NULL;
}

char *cli_run_time(gint64 when_us)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(when_us / G_USEC_PER_SEC);
    return when ? g_date_time_format(when, "%Y-%m-%d %H:%M") : g_strdup("?");
}
