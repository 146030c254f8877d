/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "yaml_reader.h"

#include <string.h>

static void say(FfarmYamlReader *reader, FfarmSeverity severity, const FfarmYamlNode *node, const char *message)
{
    g_autofree char *source = ffarm_yaml_doc_line(reader->doc, node->line);
    ffarm_diagnostics_add(reader->diagnostics, severity, ffarm_yaml_doc_name(reader->doc), node->line, node->column,
                          source, "%s", message);
}

void ffarm_yaml_error(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    say(reader, FFARM_SEVERITY_ERROR, node, message);
}

void ffarm_yaml_warn(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    say(reader, FFARM_SEVERITY_WARNING, node, message);
}

static char *name_unknown(const char *what, const char *name, const char *const *names)
{
    const char *nearest = ffarm_nearest_name(name, names);
    if (nearest)
        return g_strdup_printf("%s '%s', did you mean '%s'?", what, name, nearest);
    return g_strdup_printf("%s '%s'", what, name);
}

void ffarm_yaml_error_unknown(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *what, const char *name,
                              const char *const *names)
{
    g_autofree char *message = name_unknown(what, name, names);
    say(reader, FFARM_SEVERITY_ERROR, node, message);
}

void ffarm_yaml_doubt_unknown(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *what, const char *name,
                              const char *const *names)
{
    g_autofree char *message = name_unknown(what, name, names);
    say(reader, reader->is_strict ? FFARM_SEVERITY_ERROR : FFARM_SEVERITY_WARNING, node, message);
}

static void doubt_key(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlField *fields)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const FfarmYamlField *field = fields; field->key; field++)
        g_ptr_array_add(names, (char *)field->key);
    g_ptr_array_add(names, NULL);
    ffarm_yaml_doubt_unknown(reader, key, "unknown key", key->text, (const char *const *)names->pdata);
}

static const char *kind_name(guint kind)
{
    switch (kind) {
    case FFARM_YAML_TEXT:
        return "a single value";
    case FFARM_YAML_LIST:
        return "a list";
    case FFARM_YAML_MAP:
        return "a map of keys and values";
    default:
        return "empty";
    }
}

static char *kinds_names(guint kinds)
{
    GString *out = g_string_new(NULL);
    for (guint kind = FFARM_YAML_TEXT; kind <= FFARM_YAML_MAP; kind <<= 1)
        if (kinds & kind)
            g_string_append_printf(out, "%s%s", out->len ? " or " : "", kind_name(kind));
    return g_string_free(out, FALSE);
}

gboolean ffarm_yaml_expect(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *node, guint kinds)
{
    if (node->kind & kinds)
        return TRUE;
    g_autofree char *expected = kinds_names(kinds);
    ffarm_yaml_error(reader, node, "'%s' is %s, expected %s", key->text, kind_name(node->kind), expected);
    return FALSE;
}

static const FfarmYamlField *find_field(const FfarmYamlField *fields, const char *key)
{
    for (; fields->key; fields++)
        if (strcmp(fields->key, key) == 0)
            return fields;
    return NULL;
}

/* Keys at the top that hold what anchors elsewhere refer to, in the two spellings in use for them. */
static gboolean holds_anchors(const FfarmYamlReader *reader, const FfarmYamlNode *map, const char *key)
{
    return map == ffarm_yaml_doc_root(reader->doc) && (key[0] == '.' || g_str_has_prefix(key, "x-"));
}

void ffarm_yaml_read_map(FfarmYamlReader *reader, const FfarmYamlNode *map, const FfarmYamlField *fields,
                         gpointer target)
{
    for (guint i = 0; i < map->items->len; i++) {
        const FfarmYamlNode *key = g_ptr_array_index(map->items, i), *value = g_ptr_array_index(map->values, i);
        const FfarmYamlField *field = find_field(fields, key->text);
        if (!field && holds_anchors(reader, map, key->text))
            continue;
        if (!field)
            doubt_key(reader, key, fields);
        else if (value->kind == FFARM_YAML_NULL && !(field->kinds & FFARM_YAML_NULL))
            continue;
        else if (ffarm_yaml_expect(reader, key, value, field->kinds))
            field->read(reader, key, value, (char *)target + field->offset);
    }
}

void ffarm_yaml_read_text(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    char **text = slot;
    if (!*value->text) {
        ffarm_yaml_error(reader, value, "'%s' is empty", key->text);
        return;
    }
    g_free(*text);
    *text = g_strdup(value->text);
}

void ffarm_yaml_read_path(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    char **path = slot;
    ffarm_yaml_read_text(reader, key, value, slot);
    if (!*path || (*path)[0] != '~' || ((*path)[1] != '/' && (*path)[1] != '\0'))
        return;
    g_autofree char *written = *path;
    *path = g_strconcat(g_get_home_dir(), written + 1, NULL);
}

gboolean ffarm_yaml_parse_boolean(const char *text, gboolean *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) != 0)
            continue;
        *value = i % 2 == 1;
        return TRUE;
    }
    return FALSE;
}

void ffarm_yaml_read_boolean(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                             gpointer slot)
{
    if (!ffarm_yaml_parse_boolean(value->text, slot))
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected yes or no", key->text, value->text);
}

static void read_list_of_names(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *list,
                               GStrvBuilder *names)
{
    for (guint i = 0; i < list->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(list->items, i);
        if (item->kind != FFARM_YAML_TEXT || !*item->text)
            ffarm_yaml_error(reader, item, "'%s' is a list of names, expected one here", key->text);
        else
            g_strv_builder_add(names, item->text);
    }
}

void ffarm_yaml_read_names(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    char ***names = slot;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    if (value->kind == FFARM_YAML_LIST) {
        read_list_of_names(reader, key, value, builder);
    } else {
        g_auto(GStrv) words = g_strsplit_set(value->text, " \t\r\n", -1);
        for (guint i = 0; words[i]; i++)
            if (*words[i])
                g_strv_builder_add(builder, words[i]);
    }
    g_strfreev(*names);
    *names = g_strv_builder_end(builder);
}

gboolean ffarm_yaml_read_integer(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 guint least, guint most, guint *number)
{
    guint64 read = 0;
    if (value->kind == FFARM_YAML_TEXT && g_ascii_string_to_unsigned(value->text, 10, least, most, &read, NULL)) {
        *number = (guint)read;
        return TRUE;
    }
    ffarm_yaml_error(reader, value, "'%s' must be a whole number from %u to %u", key->text, least, most);
    return FALSE;
}

int ffarm_yaml_read_choice(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                           const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (g_ascii_strcasecmp(value->text, names[i]) == 0)
            return i;
    const char *nearest = ffarm_nearest_name(value->text, names);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    ffarm_yaml_error(reader, value, "'%s' is '%s', expected one of %s%s%s%s", key->text, value->text, all,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return -1;
}
