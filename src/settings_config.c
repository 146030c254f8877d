/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "settings_loader.h"

#define SLOT_LIMIT 1000       /* encodes at once in one queue; more than any machine bears */
#define COUNT_LIMIT 1000      /* failures in a row, which nobody has patience for */
#define SECONDS_LIMIT 1000000 /* eleven days: beyond it somebody meant milliseconds */

static void read_queue(FfarmYamlReader *reader, const FfarmYamlNode *name, const FfarmYamlNode *slots,
                       GPtrArray *queues)
{
    guint number = 0;
    if (!ffarm_yaml_read_integer(reader, name, slots, 1, SLOT_LIMIT, &number))
        return;
    FfarmQueue *queue = g_new0(FfarmQueue, 1);
    queue->name = strcmp(name->text, "default") == 0 ? NULL : g_strdup(name->text);
    queue->slots = number;
    g_ptr_array_add(queues, queue);
}

static void read_queue_map(FfarmYamlReader *reader, const FfarmYamlNode *map, GPtrArray *queues)
{
    for (guint i = 0; i < map->items->len; i++)
        read_queue(reader, g_ptr_array_index(map->items, i), g_ptr_array_index(map->values, i), queues);
}

void ffarm_settings_read_queues(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot)
{
    GPtrArray *queues = *(GPtrArray **)slot;
    if (value->kind == FFARM_YAML_MAP) {
        read_queue_map(reader, value, queues);
        return;
    }
    for (guint i = 0; i < value->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(value->items, i);
        if (ffarm_yaml_expect(reader, key, item, FFARM_YAML_MAP))
            read_queue_map(reader, item, queues);
    }
}

static void read_colorize(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    gboolean is_on = FALSE;
    FfarmTristate *colorize = slot;
    if (g_ascii_strcasecmp(value->text, "auto") == 0)
        *colorize = FFARM_TRISTATE_UNSET;
    else if (ffarm_yaml_parse_boolean(value->text, &is_on))
        *colorize = is_on ? FFARM_TRISTATE_YES : FFARM_TRISTATE_NO;
    else
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected yes, no or auto", key->text, value->text);
}

/* "address:port"; an IPv6 address stands in brackets. */
static void read_plex_server(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                             gpointer slot)
{
    const char *colon = strrchr(value->text, ':');
    gboolean has_address = colon && colon > value->text &&
                           (memchr(value->text, ':', (gsize)(colon - value->text)) == NULL || colon[-1] == ']');
    if (!has_address || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, NULL, NULL))
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected ADDRESS:PORT like 192.168.1.2:32400", key->text,
                         value->text);
    else
        ffarm_yaml_read_text(reader, key, value, slot);
}

static void read_count(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    ffarm_yaml_read_integer(reader, key, value, 1, COUNT_LIMIT, slot);
}

static void read_seconds(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    ffarm_yaml_read_integer(reader, key, value, 0, SECONDS_LIMIT, slot);
}

void ffarm_settings_read_stall_timeout(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                       gpointer slot)
{
    ffarm_yaml_read_integer(reader, key, value, 1, SECONDS_LIMIT, slot);
}

void ffarm_settings_read_config(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot)
{
    static const FfarmYamlField fields[] = {
        {"default_queue_file", FFARM_YAML_TEXT, ffarm_yaml_read_path,
         G_STRUCT_OFFSET(FfarmSettings, default_queue_file)},
        {"ffmpeg", FFARM_YAML_TEXT, ffarm_yaml_read_path, G_STRUCT_OFFSET(FfarmSettings, ffmpeg)},
        {"ssh", FFARM_YAML_TEXT, ffarm_yaml_read_path, G_STRUCT_OFFSET(FfarmSettings, ssh)},
        {"queues", FFARM_YAML_MAP | FFARM_YAML_LIST, ffarm_settings_read_queues,
         G_STRUCT_OFFSET(FfarmSettings, queues)},
        {"plex_server", FFARM_YAML_TEXT, read_plex_server, G_STRUCT_OFFSET(FfarmSettings, plex_server)},
        {"plex_token", FFARM_YAML_TEXT, ffarm_yaml_read_text, G_STRUCT_OFFSET(FfarmSettings, plex_token)},
        {"colorize", FFARM_YAML_TEXT, read_colorize, G_STRUCT_OFFSET(FfarmSettings, colorize)},
        {"automap", FFARM_YAML_TEXT, ffarm_yaml_read_boolean, G_STRUCT_OFFSET(FfarmSettings, automap)},
        {"originals", FFARM_YAML_TEXT, ffarm_settings_read_originals, G_STRUCT_OFFSET(FfarmSettings, originals)},
        {"trash_dir", FFARM_YAML_TEXT, ffarm_settings_read_trash_dir, G_STRUCT_OFFSET(FfarmSettings, trash_dir)},
        {"trash_days", FFARM_YAML_TEXT, ffarm_settings_read_trash_days, G_STRUCT_OFFSET(FfarmSettings, trash_days)},
        {"keep_times", FFARM_YAML_TEXT, ffarm_yaml_read_boolean, G_STRUCT_OFFSET(FfarmSettings, keep_times)},
        {"fls_path", FFARM_YAML_TEXT, ffarm_yaml_read_path, G_STRUCT_OFFSET(FfarmSettings, fls_path)},
        {"max_failures", FFARM_YAML_TEXT, read_count, G_STRUCT_OFFSET(FfarmSettings, max_failures)},
        {"stall_timeout", FFARM_YAML_TEXT, ffarm_settings_read_stall_timeout,
         G_STRUCT_OFFSET(FfarmSettings, stall_timeout)},
        {"settle_time", FFARM_YAML_TEXT, read_seconds, G_STRUCT_OFFSET(FfarmSettings, settle_time)},
        {"host_wait", FFARM_YAML_TEXT, read_seconds, G_STRUCT_OFFSET(FfarmSettings, host_wait)},
        {"verify", FFARM_YAML_TEXT, ffarm_settings_read_verify, G_STRUCT_OFFSET(FfarmSettings, proof.level)},
        {"min_ssim", FFARM_YAML_TEXT, ffarm_settings_read_min_ssim, G_STRUCT_OFFSET(FfarmSettings, proof.min_ssim)},
        {"min_vmaf", FFARM_YAML_TEXT, ffarm_settings_read_min_vmaf, G_STRUCT_OFFSET(FfarmSettings, proof.min_vmaf)},
        {"damaged", FFARM_YAML_TEXT, ffarm_settings_read_damaged, G_STRUCT_OFFSET(FfarmSettings, proof.damaged)},
        {"expect", FFARM_YAML_MAP, ffarm_settings_read_expect, G_STRUCT_OFFSET(FfarmSettings, proof)},
        {"clusters", FFARM_YAML_MAP, ffarm_settings_read_clusters, 0},
        {NULL, 0, NULL, 0},
    };
    ffarm_yaml_read_map(reader, value, fields, slot);
}
