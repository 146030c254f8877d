/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "engine.h"
#include "settings_loader.h"

#define MAX_SLOTS 64

/* What an engine's devices are called: their number, or the path of a render node; engines that aren't here have one
 * device only. */
static const struct {
    const char *engine;
    gboolean is_number;
    const char *example;
} namings[] = {
    {"cuda", TRUE, "a number, as in cuda:1"},
    {"qsv", FALSE, "a path, as in qsv:/dev/dri/renderD129"},
    {"vaapi", FALSE, "a path, as in vaapi:/dev/dri/renderD129"},
};

static gboolean is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name) && strlen(name) <= 3;
}

static gboolean is_node(const char *name)
{
    if (*name != '/')
        return FALSE;
    for (const char *p = name; *p; p++)
        if (g_ascii_isspace(*p) || g_ascii_iscntrl(*p))
            return FALSE;
    return TRUE;
}

/* @name: nullable */
static gboolean check_name(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *engine, const char *name)
{
    if (!name)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(namings); i++) {
        if (strcmp(namings[i].engine, engine) != 0)
            continue;
        if (namings[i].is_number ? is_number(name) : is_node(name))
            return TRUE;
        ffarm_yaml_error(reader, node, "'%s' names no device of %s, expected %s", node->text, engine,
                         namings[i].example);
        return FALSE;
    }
    ffarm_yaml_error(reader, node, "'%s': %s has one device, which has no name", node->text, engine);
    return FALSE;
}

static void read_device(FfarmYamlReader *reader, const FfarmYamlNode *node, const FfarmYamlNode *value, FfarmHost *host)
{
    const char *colon = strchr(node->text, ':'), *name = colon ? colon + 1 : NULL;
    g_autofree char *engine = colon ? g_strndup(node->text, (gsize)(colon - node->text)) : g_strdup(node->text);
    guint slots = 0;
    if (!g_strv_contains(ffarm_engine_names(), engine))
        ffarm_yaml_error_unknown(reader, node, "unknown engine", engine, ffarm_engine_names());
    else if (check_name(reader, node, engine, name) && ffarm_yaml_expect(reader, node, value, FFARM_YAML_TEXT) &&
             ffarm_yaml_read_integer(reader, node, value, 1, MAX_SLOTS, &slots))
        ffarm_host_add_device(host, engine, name, slots);
}

void ffarm_settings_read_devices(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot)
{
    for (guint i = 0; i < value->items->len; i++)
        read_device(reader, g_ptr_array_index(value->items, i), g_ptr_array_index(value->values, i), slot);
}

void ffarm_settings_check_devices(FfarmYamlReader *reader, const FfarmYamlNode *devices, const FfarmHost *host)
{
    for (guint i = 0; host->engines && i < devices->items->len; i++) {
        const FfarmYamlNode *node = g_ptr_array_index(devices->items, i);
        g_autofree char *engine = g_strndup(node->text, strcspn(node->text, ":"));
        if (g_strv_contains(ffarm_engine_names(), engine) &&
            !g_strv_contains((const char *const *)host->engines, engine))
            ffarm_yaml_error(reader, node, "'%s' is a device of %s, which is not among the host's engines", node->text,
                             engine);
    }
}
