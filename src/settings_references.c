/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings_loader.h"

typedef struct {
    FfarmReferenceKind kind;
    const FfarmYamlNode *node;
    char *name;
} Reference;

void ffarm_settings_refer(FfarmSettingsLoader *loader, FfarmReferenceKind kind, const FfarmYamlNode *node,
                          const char *name)
{
    Reference *reference = g_new0(Reference, 1);
    reference->kind = kind;
    reference->node = node;
    reference->name = g_strdup(name);
    g_ptr_array_add(loader->references, reference);
}

void ffarm_settings_reference_free(gpointer data)
{
    Reference *reference = data;
    g_free(reference->name);
    g_free(reference);
}

static void add_queue_names(GHashTable *names, const GPtrArray *queues)
{
    for (guint i = 0; i < queues->len; i++) {
        const FfarmQueue *queue = g_ptr_array_index(queues, i);
        if (queue->name)
            g_hash_table_add(names, queue->name);
    }
}

static GHashTable *find_queues(const FfarmSettings *settings)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    add_queue_names(names, settings->queues);
    for (guint i = 0; i < settings->clusters->len; i++) {
        const FfarmCluster *cluster = g_ptr_array_index(settings->clusters, i);
        for (guint j = 0; j < cluster->hosts->len; j++)
            add_queue_names(names, ((const FfarmHost *)g_ptr_array_index(cluster->hosts, j))->queues);
    }
    return names;
}

static GHashTable *find_profiles(const FfarmSettings *settings)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < settings->profiles->len; i++)
        g_hash_table_add(names, ((const FfarmProfile *)g_ptr_array_index(settings->profiles, i))->name);
    return names;
}

static void check_profile(FfarmYamlReader *reader, const Reference *reference, GHashTable *profiles)
{
    g_autofree char **names = (char **)g_hash_table_get_keys_as_array(profiles, NULL);
    if (g_hash_table_contains(profiles, reference->name))
        return;
    if (reference->kind == FFARM_REFERENCE_PROFILE)
        ffarm_yaml_error_unknown(reader, reference->node, "unknown profile", reference->name,
                                 (const char *const *)names);
    else
        ffarm_yaml_doubt_unknown(reader, reference->node, "unknown profile", reference->name,
                                 (const char *const *)names);
}

void ffarm_settings_check_references(FfarmSettingsLoader *loader)
{
    g_autoptr(GHashTable) profiles = find_profiles(loader->settings);
    g_autoptr(GHashTable) queues = find_queues(loader->settings);
    for (guint i = 0; i < loader->references->len; i++) {
        const Reference *reference = g_ptr_array_index(loader->references, i);
        if (reference->kind != FFARM_REFERENCE_QUEUE)
            check_profile(&loader->reader, reference, profiles);
        else if (!g_hash_table_contains(queues, reference->name))
            ffarm_yaml_warn(&loader->reader, reference->node,
                            "no host has a queue '%s', nor has 'config.queues': nothing can run with this profile",
                            reference->name);
    }
}
