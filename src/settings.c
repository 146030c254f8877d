/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include <string.h>
#include "settings_loader.h"

#define BUILTIN_NAME "(built-in)"

static void queue_free(gpointer data)
{
    FfarmQueue *queue = data;
    g_free(queue->name);
    g_free(queue);
}

static void cluster_free(gpointer data)
{
    ffarm_cluster_free(data);
}

static void profile_free(gpointer data)
{
    ffarm_profile_free(data);
}

static void rule_free(gpointer data)
{
    ffarm_rule_free(data);
}

static void draft_free(gpointer data)
{
    ffarm_profile_draft_free(data);
}

static FfarmSettings *settings_new(void)
{
    FfarmSettings *settings = g_new0(FfarmSettings, 1);
    settings->ffmpeg = g_strdup("ffmpeg");
    settings->ssh = g_strdup("ssh");
    settings->colorize = FFARM_TRISTATE_UNSET;
    settings->automap = TRUE;
    settings->originals = FFARM_ORIGINALS_REPLACE;
    settings->trash_dir = g_strdup(".ffarm-originals");
    settings->keep_times = TRUE;
    settings->max_failures = 3;
    settings->stall_timeout = 120;
    settings->settle_time = 10;
    settings->host_wait = 600;
    settings->queues = g_ptr_array_new_with_free_func(queue_free);
    settings->clusters = g_ptr_array_new_with_free_func(cluster_free);
    settings->profiles = g_ptr_array_new_with_free_func(profile_free);
    settings->rules = g_ptr_array_new_with_free_func(rule_free);
    return settings;
}

void ffarm_settings_free(FfarmSettings *settings)
{
    if (!settings)
        return;
    g_free(settings->path);
    g_free(settings->default_queue_file);
    g_free(settings->trash_dir);
    g_free(settings->ffmpeg);
    g_free(settings->ssh);
    g_free(settings->plex_server);
    g_free(settings->plex_token);
    g_free(settings->fls_path);
    g_ptr_array_unref(settings->queues);
    g_ptr_array_unref(settings->clusters);
    g_ptr_array_unref(settings->profiles);
    g_ptr_array_unref(settings->rules);
    g_free(settings);
}

char *ffarm_settings_find(void)
{
    char *candidates[] = {
        g_build_filename(g_get_user_config_dir(), "ffarm", "ffarm.yml", NULL),
        g_build_filename(g_get_home_dir(), ".config", "ffarm", "ffarm.yml", NULL),
        g_build_filename(g_get_home_dir(), ".transcode.yml", NULL),
    };
    char *found = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
        if (!found && g_file_test(candidates[i], G_FILE_TEST_EXISTS))
            found = g_steal_pointer(&candidates[i]);
        g_free(candidates[i]);
    }
    return found;
}

static const FfarmYamlField top_fields[] = {
    {"config", FFARM_YAML_MAP, ffarm_settings_read_config, 0},
    /* The guide prints a piece of configuration that begins with this key; it works on its own. */
    {"clusters", FFARM_YAML_MAP, ffarm_settings_read_clusters, 0},
    {"profiles", FFARM_YAML_MAP, ffarm_settings_read_profiles, 0},
    {"templates", FFARM_YAML_MAP, ffarm_settings_read_templates, 0},
    {"rules", FFARM_YAML_MAP, ffarm_settings_read_rules, G_STRUCT_OFFSET(FfarmSettings, rules)},
    {NULL, 0, NULL, 0},
};

/* Hosts get what the configuration says for all of them, whichever came first in the file. */
static void finish_hosts(FfarmSettings *settings)
{
    for (guint i = 0; i < settings->clusters->len; i++) {
        const FfarmCluster *cluster = g_ptr_array_index(settings->clusters, i);
        for (guint j = 0; j < cluster->hosts->len; j++) {
            FfarmHost *host = g_ptr_array_index(cluster->hosts, j);
            g_free(host->ssh);
            host->ssh = g_strdup(settings->ssh);
        }
    }
}

static void read_document(FfarmSettingsLoader *loader, const FfarmYamlDoc *doc)
{
    FfarmYamlReader *reader = &loader->reader;
    const FfarmYamlNode *root = ffarm_yaml_doc_root(doc);
    if (root && root->kind == FFARM_YAML_MAP)
        ffarm_yaml_read_map(reader, root, top_fields, loader->settings);
    else if (root && root->kind != FFARM_YAML_NULL)
        ffarm_yaml_error(reader, root, "expected a map of the keys config, profiles, templates and rules");
    ffarm_settings_add_builtin(loader);
    ffarm_settings_resolve_includes(loader);
    finish_hosts(loader->settings);
    ffarm_settings_check_references(loader);
}

static FfarmSettings *parse(const char *name, const char *text, gsize length, gboolean is_strict, gboolean is_builtin,
                            FfarmDiagnostics *diagnostics)
{
    guint errors = diagnostics->errors;
    g_autoptr(FfarmSettings) settings = settings_new();
    g_autoptr(FfarmYamlDoc) doc = ffarm_yaml_doc_parse(name, text, length, diagnostics);
    if (doc) {
        g_autoptr(GPtrArray) drafts = g_ptr_array_new_with_free_func(draft_free);
        g_autoptr(GPtrArray) references = g_ptr_array_new_with_free_func(ffarm_settings_reference_free);
        FfarmSettingsLoader loader = {{doc, diagnostics, is_strict}, settings, drafts, references, is_builtin};
        read_document(&loader, doc);
    }
    if (!settings->plex_token)
        settings->plex_token = g_strdup(g_getenv("PLEX_TOKEN"));
    ffarm_diagnostics_sort(diagnostics);
    return diagnostics->errors == errors ? g_steal_pointer(&settings) : NULL;
}

FfarmSettings *ffarm_settings_parse(const char *name, const char *text, gsize length, gboolean is_strict,
                                    FfarmDiagnostics *diagnostics)
{
    return parse(name, text, length, is_strict, FALSE, diagnostics);
}

FfarmSettings *ffarm_settings_parse_builtin(FfarmDiagnostics *diagnostics)
{
    const char *yaml = ffarm_settings_builtin_yaml();
    FfarmSettings *settings = parse(BUILTIN_NAME, yaml, strlen(yaml), TRUE, TRUE, diagnostics);
    for (guint i = 0; i < settings->profiles->len; i++) {
        FfarmProfile *profile = g_ptr_array_index(settings->profiles, i);
        profile->line = profile->column = 0;
    }
    return settings;
}

FfarmSettings *ffarm_settings_load(const char *path, gboolean is_strict, FfarmDiagnostics *diagnostics)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    if (!path) {
        FfarmSettings *builtin = ffarm_settings_parse_builtin(diagnostics);
        builtin->is_builtin = TRUE;
        return builtin;
    }
    if (!g_file_get_contents(path, &text, &length, &error)) {
        /* GLib's message names the file again before it comes to the point. */
        const char *point = strrchr(error->message, ':');
        ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_ERROR, path, 0, 0, NULL, "can't be read: %s",
                              point ? point + 2 : error->message);
        return NULL;
    }
    FfarmSettings *settings = ffarm_settings_parse(path, text, length, is_strict, diagnostics);
    if (settings)
        settings->path = g_strdup(path);
    return settings;
}

const FfarmCluster *ffarm_settings_cluster(const FfarmSettings *settings, const char *name)
{
    for (guint i = 0; i < settings->clusters->len; i++) {
        const FfarmCluster *cluster = g_ptr_array_index(settings->clusters, i);
        if (strcmp(cluster->name, name) == 0)
            return cluster;
    }
    return NULL;
}

const FfarmProfile *ffarm_settings_profile(const FfarmSettings *settings, const char *name)
{
    for (guint i = 0; i < settings->profiles->len; i++) {
        const FfarmProfile *profile = g_ptr_array_index(settings->profiles, i);
        if (strcmp(profile->name, name) == 0)
            return profile;
    }
    return NULL;
}
