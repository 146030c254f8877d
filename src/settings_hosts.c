/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "engine.h"
#include "settings_loader.h"

static void read_type(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const names[] = {"local", "mounted", "streaming", NULL}; /* in the order of FfarmHostType */
    int choice = ffarm_yaml_read_choice(reader, key, value, names);
    if (choice >= 0)
        *(FfarmHostType *)slot = (FfarmHostType)choice;
}

static void read_os(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const names[] = {"linux", "macos", "win10", "windows", NULL};
    static const FfarmOs meant[] = {FFARM_OS_LINUX, FFARM_OS_MACOS, FFARM_OS_WINDOWS, FFARM_OS_WINDOWS};
    int choice = ffarm_yaml_read_choice(reader, key, value, names);
    if (choice >= 0)
        *(FfarmOs *)slot = meant[choice];
}

static void read_host_key(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const names[] = {"strict", "accept-new", NULL}; /* in the order of FfarmHostKeyPolicy */
    int choice = ffarm_yaml_read_choice(reader, key, value, names);
    if (choice >= 0)
        *(FfarmHostKeyPolicy *)slot = (FfarmHostKeyPolicy)choice;
}

static void read_transport(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const names[] = {"auto", "libssh2", "openssh", NULL}; /* in the order of FfarmTransport */
    int choice = ffarm_yaml_read_choice(reader, key, value, names);
    if (choice >= 0)
        *(FfarmTransport *)slot = (FfarmTransport)choice;
}

static void read_status(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const names[] = {"disabled", "enabled", NULL};
    int choice = ffarm_yaml_read_choice(reader, key, value, names);
    if (choice >= 0)
        *(gboolean *)slot = choice == 1;
}

/* Blanks and control characters have no place in an address or a user's name, and a leading '-' would be an option to
 * ssh. */
static void read_word(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    gboolean is_word = value->text[0] != '-';
    for (const char *p = value->text; *p; p++)
        is_word = is_word && !g_ascii_isspace(*p) && !g_ascii_iscntrl(*p);
    if (is_word)
        ffarm_yaml_read_text(reader, key, value, slot);
    else
        ffarm_yaml_error(reader, value, "'%s' must not hold blanks or begin with '-'", key->text);
}

static void read_port(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    ffarm_yaml_read_integer(reader, key, value, 1, 65535, slot);
}

static void read_substitution(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *map,
                              FfarmHost *host)
{
    static const FfarmYamlField fields[] = {
        {"src", FFARM_YAML_TEXT, ffarm_yaml_read_text, G_STRUCT_OFFSET(FfarmSubstitution, src)},
        {"dest", FFARM_YAML_TEXT, ffarm_yaml_read_text, G_STRUCT_OFFSET(FfarmSubstitution, dest)},
        {NULL, 0, NULL, 0},
    };
    FfarmSubstitution substitution = {0};
    ffarm_yaml_read_map(reader, map, fields, &substitution);
    if (substitution.src && substitution.dest)
        ffarm_host_add_substitution(host, substitution.src, substitution.dest);
    else
        ffarm_yaml_error(reader, map, "'%s' needs both 'src' and 'dest'", key->text);
    g_free(substitution.src);
    g_free(substitution.dest);
}

static void read_substitution_text(FfarmYamlReader *reader, const FfarmYamlNode *item, FfarmHost *host)
{
    g_autofree char *text = g_strstrip(g_strdup(item->text));
    char *src_end = text + strcspn(text, " \t");
    char *dest = src_end + strspn(src_end, " \t");
    if (!*dest || dest[strcspn(dest, " \t")]) {
        ffarm_yaml_error(reader, item, "'%s' must be 'SRC DEST'; paths with blanks are written {src: ..., dest: ...}",
                         item->text);
        return;
    }
    *src_end = '\0';
    ffarm_host_add_substitution(host, text, dest);
}

static void read_one_substitution(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot)
{
    read_substitution(reader, key, value, slot);
}

static void read_substitutions(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                               gpointer slot)
{
    for (guint i = 0; i < value->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(value->items, i);
        if (!ffarm_yaml_expect(reader, key, item, FFARM_YAML_TEXT | FFARM_YAML_MAP))
            continue;
        if (item->kind == FFARM_YAML_MAP)
            read_substitution(reader, key, item, slot);
        else
            read_substitution_text(reader, item, slot);
    }
}

static void read_profile(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    ffarm_yaml_read_text(reader, key, value, slot);
    ffarm_settings_refer(ffarm_settings_loader(reader), FFARM_REFERENCE_PROFILE, value, value->text);
}

/* The element of a list that says @name, or the text with all the names. */
static const FfarmYamlNode *item_node(const FfarmYamlNode *value, const char *name)
{
    for (guint i = 0; value->kind == FFARM_YAML_LIST && i < value->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(value->items, i);
        if (g_strcmp0(item->text, name) == 0)
            return item;
    }
    return value;
}

static void read_profiles(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    char ***names = slot;
    ffarm_yaml_read_names(reader, key, value, slot);
    for (guint i = 0; (*names)[i]; i++)
        ffarm_settings_refer(ffarm_settings_loader(reader), FFARM_REFERENCE_ALLOWED_PROFILE,
                             item_node(value, (*names)[i]), (*names)[i]);
    if (!(*names)[0])
        g_clear_pointer(names, g_strfreev);
}

static void read_engines(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    char ***names = slot;
    if (value->kind == FFARM_YAML_TEXT && g_ascii_strcasecmp(value->text, "auto") == 0)
        return;
    ffarm_yaml_read_names(reader, key, value, slot);
    for (guint i = 0; (*names)[i]; i++)
        if (!g_strv_contains(ffarm_engine_names(), (*names)[i]))
            ffarm_yaml_error_unknown(reader, item_node(value, (*names)[i]), "unknown engine", (*names)[i],
                                     ffarm_engine_names());
    if (!(*names)[0])
        g_clear_pointer(names, g_strfreev);
}

static const FfarmYamlField host_fields[] = {
    {"type", FFARM_YAML_TEXT, read_type, G_STRUCT_OFFSET(FfarmHost, type)},
    {"os", FFARM_YAML_TEXT, read_os, G_STRUCT_OFFSET(FfarmHost, os)},
    {"ip", FFARM_YAML_TEXT, read_word, G_STRUCT_OFFSET(FfarmHost, address)},
    {"port", FFARM_YAML_TEXT, read_port, G_STRUCT_OFFSET(FfarmHost, port)},
    {"user", FFARM_YAML_TEXT, read_word, G_STRUCT_OFFSET(FfarmHost, user)},
    {"identity", FFARM_YAML_TEXT, ffarm_yaml_read_path, G_STRUCT_OFFSET(FfarmHost, identity)},
    {"host_key", FFARM_YAML_TEXT, read_host_key, G_STRUCT_OFFSET(FfarmHost, host_key)},
    {"transport", FFARM_YAML_TEXT, read_transport, G_STRUCT_OFFSET(FfarmHost, transport)},
    {"ffmpeg", FFARM_YAML_TEXT, ffarm_yaml_read_text, G_STRUCT_OFFSET(FfarmHost, ffmpeg)},
    {"working_dir", FFARM_YAML_TEXT, ffarm_yaml_read_text, G_STRUCT_OFFSET(FfarmHost, working_dir)},
    {"path-substitution", FFARM_YAML_MAP, read_one_substitution, 0},
    {"path-substitutions", FFARM_YAML_LIST, read_substitutions, 0},
    {"profile", FFARM_YAML_TEXT, read_profile, G_STRUCT_OFFSET(FfarmHost, profile)},
    {"profiles", FFARM_YAML_LIST | FFARM_YAML_TEXT, read_profiles, G_STRUCT_OFFSET(FfarmHost, profiles)},
    {"queues", FFARM_YAML_MAP | FFARM_YAML_LIST, ffarm_settings_read_queues, G_STRUCT_OFFSET(FfarmHost, queues)},
    {"engines", FFARM_YAML_LIST | FFARM_YAML_TEXT, read_engines, G_STRUCT_OFFSET(FfarmHost, engines)},
    {"devices", FFARM_YAML_MAP, ffarm_settings_read_devices, 0},
    {"status", FFARM_YAML_TEXT, read_status, G_STRUCT_OFFSET(FfarmHost, is_enabled)},
    {NULL, 0, NULL, 0},
};

static gboolean is_given(const FfarmYamlNode *map, const char *key)
{
    const FfarmYamlNode *value = ffarm_yaml_peek(map, key);
    return value && value->kind != FFARM_YAML_NULL;
}

/* What must be given depends on how the host gets at its files. */
static void check_host(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *map,
                       const FfarmHost *host)
{
    if (!is_given(map, "type"))
        ffarm_yaml_error(reader, key, "host '%s' has no 'type', expected local, mounted or streaming", host->name);
    else if (host->type != FFARM_HOST_LOCAL && !is_given(map, "ip"))
        ffarm_yaml_error(reader, key, "host '%s' has no 'ip', expected its address or name", host->name);
    if (host->type == FFARM_HOST_STREAMING && !is_given(map, "working_dir"))
        ffarm_yaml_error(reader, key, "host '%s' has no 'working_dir', expected a directory there for temporary files",
                         host->name);
    const FfarmYamlNode *devices = ffarm_yaml_peek(map, "devices");
    if (devices && devices->kind == FFARM_YAML_MAP)
        ffarm_settings_check_devices(reader, devices, host);
    if (is_given(map, "profile") && is_given(map, "profiles"))
        ffarm_yaml_warn(reader, key,
                        "host '%s' has both 'profile' and 'profiles'; 'profile' is used for everything on it",
                        host->name);
}

/* As many encodes as its devices take together; one where they aren't given. */
static guint count_device_slots(const FfarmHost *host)
{
    guint slots = 0;
    for (guint i = 0; i < host->devices->len; i++)
        slots += ((const FfarmDevice *)g_ptr_array_index(host->devices, i))->slots;
    return MAX(slots, 1);
}

static void read_host(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *map,
                      FfarmCluster *cluster)
{
    FfarmHost *host = ffarm_host_new(cluster->name, key->text, FFARM_HOST_LOCAL);
    g_ptr_array_add(cluster->hosts, host);
    ffarm_yaml_read_map(reader, map, host_fields, host);
    check_host(reader, key, map, host);
    if (host->queues->len == 0)
        ffarm_host_add_queue(host, NULL, count_device_slots(host));
}

static void host_free(gpointer data)
{
    ffarm_host_free(data);
}

void ffarm_cluster_free(FfarmCluster *cluster)
{
    if (!cluster)
        return;
    g_free(cluster->name);
    g_ptr_array_unref(cluster->hosts);
    g_free(cluster);
}

void ffarm_settings_read_clusters(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot)
{
    FfarmSettings *settings = slot;
    for (guint i = 0; i < value->items->len; i++) {
        const FfarmYamlNode *name = g_ptr_array_index(value->items, i), *hosts = g_ptr_array_index(value->values, i);
        if (ffarm_settings_cluster(settings, name->text)) {
            ffarm_yaml_error(reader, name, "cluster '%s' is given twice", name->text);
            continue;
        }
        if (!ffarm_yaml_expect(reader, name, hosts, FFARM_YAML_MAP))
            continue;
        FfarmCluster *cluster = g_new0(FfarmCluster, 1);
        cluster->name = g_strdup(name->text);
        cluster->hosts = g_ptr_array_new_with_free_func(host_free);
        g_ptr_array_add(settings->clusters, cluster);
        for (guint j = 0; j < hosts->items->len; j++) {
            const FfarmYamlNode *host = g_ptr_array_index(hosts->items, j), *map = g_ptr_array_index(hosts->values, j);
            if (ffarm_yaml_expect(reader, host, map, FFARM_YAML_MAP))
                read_host(reader, host, map, cluster);
        }
    }
}
