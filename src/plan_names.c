/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan_names.h"

#include <string.h>
#include "error.h"

#define MAX_CHOICES 20 /* names in a message */

static void add_name(GPtrArray *names, const char *name)
{
    g_ptr_array_add(names, (gpointer)name);
}

/* "a, b and 7 more"; "none". The array ends in NULL. */
static char *join_names(const GPtrArray *names)
{
    guint length = names->len - 1;
    GString *text = g_string_new(length == 0 ? "none" : NULL);
    for (guint i = 0; i < MIN(length, MAX_CHOICES); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", (const char *)g_ptr_array_index(names, i));
    if (length > MAX_CHOICES)
        g_string_append_printf(text, " and %u more", length - MAX_CHOICES);
    return g_string_free(text, FALSE);
}

/* Sets an error for a @name that is not among @known (taken over). */
static gboolean fail_unknown(const FfarmSettings *settings, const char *kind, const char *name, GPtrArray *known,
                             GError **error)
{
    g_ptr_array_add(known, NULL);
    const char *nearest = ffarm_nearest_name(name, (const char *const *)known->pdata);
    const char *where = settings->path         ? settings->path
                        : settings->is_builtin ? "the built-in configuration"
                                               : "the configuration";
    g_autofree char *choices = join_names(known);
    if (nearest)
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "%s '%s' is not in %s, did you mean '%s'?",
                    kind, name, where, nearest);
    else
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "%s '%s' is not in %s, which has %s", kind,
                    name, where, choices);
    g_ptr_array_unref(known);
    return FALSE;
}

static gboolean check_profile_name(const FfarmSettings *settings, const char *kind, const char *name, GError **error)
{
    if (!name || ffarm_settings_profile(settings, name))
        return TRUE;
    GPtrArray *known = g_ptr_array_new();
    for (guint i = 0; i < settings->profiles->len; i++)
        add_name(known, ((const FfarmProfile *)g_ptr_array_index(settings->profiles, i))->name);
    return fail_unknown(settings, kind, name, known, error);
}

static gboolean check_cluster_name(const FfarmSettings *settings, const char *name, GError **error)
{
    if (!name || ffarm_settings_cluster(settings, name))
        return TRUE;
    GPtrArray *known = g_ptr_array_new();
    for (guint i = 0; i < settings->clusters->len; i++)
        add_name(known, ((const FfarmCluster *)g_ptr_array_index(settings->clusters, i))->name);
    return fail_unknown(settings, "cluster", name, known, error);
}

gboolean ffarm_plan_check_inputs(const FfarmSettings *settings, const GPtrArray *inputs, GError **error)
{
    for (guint i = 0; i < inputs->len; i++) {
        const FfarmInput *input = g_ptr_array_index(inputs, i);
        if (!check_cluster_name(settings, input->cluster, error) ||
            !check_profile_name(settings, "profile", input->profile, error))
            return FALSE;
        for (char **mixin = input->mixins; mixin && *mixin; mixin++)
            if (!check_profile_name(settings, "mixin", *mixin, error))
                return FALSE;
    }
    return TRUE;
}

/* A cluster that has the host @name; NULL: none has. */
static const FfarmCluster *find_cluster_of(const FfarmSettings *settings, const char *name)
{
    for (guint i = 0; i < settings->clusters->len; i++) {
        const FfarmCluster *cluster = g_ptr_array_index(settings->clusters, i);
        for (guint k = 0; k < cluster->hosts->len; k++)
            if (strcmp(((const FfarmHost *)g_ptr_array_index(cluster->hosts, k))->name, name) == 0)
                return cluster;
    }
    return NULL;
}

static gboolean fail_host(const FfarmPlan *plan, const char *name, GPtrArray *known, GError **error)
{
    const FfarmCluster *cluster = find_cluster_of(plan->settings, name);
    if (!cluster)
        return fail_unknown(plan->settings, "host", name, known, error);
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                "host '%s' is in cluster '%s', and no file is for that: put '-c %s' before the files", name,
                cluster->name, cluster->name);
    g_ptr_array_unref(known);
    return FALSE;
}

gboolean ffarm_plan_check_hosts(const FfarmPlan *plan, const char *const *only_hosts, GError **error)
{
    for (; only_hosts && *only_hosts; only_hosts++) {
        GPtrArray *known = g_ptr_array_new();
        for (guint i = 0; i < plan->hosts->len; i++)
            add_name(known, ((const FfarmHost *)g_ptr_array_index(plan->hosts, i))->name);
        for (guint i = 0; i < plan->disabled->len; i++)
            add_name(known, ((const FfarmHost *)g_ptr_array_index(plan->disabled, i))->name);
        gboolean is_known = g_ptr_array_find_with_equal_func(known, *only_hosts, g_str_equal, NULL);
        if (!is_known)
            return fail_host(plan, *only_hosts, known, error);
        g_ptr_array_unref(known);
    }
    return TRUE;
}
