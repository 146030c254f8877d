/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "settings_loader.h"

/* Reads the values of one criterion: a single one or a list. */
static void read_criterion(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                           FfarmRule *rule)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) values = NULL;
    const FfarmYamlNode *place = value;
    const char *name = key->text;
    if (!g_strv_contains(ffarm_rule_criteria_names(), name)) {
        ffarm_yaml_error_unknown(reader, key, "unknown criterion", name, ffarm_rule_criteria_names());
        return;
    }
    if (!ffarm_yaml_expect(reader, key, value, FFARM_YAML_TEXT | FFARM_YAML_LIST))
        return;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; value->kind == FFARM_YAML_LIST && i < value->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(value->items, i);
        if (!ffarm_yaml_expect(reader, key, item, FFARM_YAML_TEXT))
            return;
        g_strv_builder_add(builder, item->text);
    }
    if (value->kind == FFARM_YAML_TEXT)
        g_strv_builder_add(builder, value->text);
    values = g_strv_builder_end(builder);
    if (!ffarm_rule_add_criterion(rule, name, (const char *const *)values, &error))
        ffarm_yaml_error(reader, place, "%s", error->message);
}

static void read_criteria_map(FfarmYamlReader *reader, const FfarmYamlNode *map, FfarmRule *rule)
{
    for (guint i = 0; i < map->items->len; i++)
        read_criterion(reader, g_ptr_array_index(map->items, i), g_ptr_array_index(map->values, i), rule);
}

static void read_criteria(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                          FfarmRule *rule)
{
    if (value->kind == FFARM_YAML_NULL || !ffarm_yaml_expect(reader, key, value, FFARM_YAML_MAP | FFARM_YAML_LIST))
        return;
    if (value->kind == FFARM_YAML_MAP) {
        read_criteria_map(reader, value, rule);
        return;
    }
    for (guint i = 0; i < value->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(value->items, i);
        if (ffarm_yaml_expect(reader, key, item, FFARM_YAML_MAP))
            read_criteria_map(reader, item, rule);
    }
}

static void read_profile(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, FfarmRule *rule)
{
    if (!ffarm_yaml_expect(reader, key, value, FFARM_YAML_TEXT) || g_ascii_strcasecmp(value->text, "SKIP") == 0)
        return;
    rule->profile = g_strdup(value->text);
    ffarm_settings_refer(ffarm_settings_loader(reader), FFARM_REFERENCE_PROFILE, value, value->text);
}

/* Unknown keys are errors here even in a run: a rule that lost its criteria to a slip of the pen would take every file.
 */
static void read_rule(FfarmYamlReader *reader, const FfarmYamlNode *name, const FfarmYamlNode *map, FfarmRule *rule)
{
    static const char *const keys[] = {"profile", "criteria", "rules", NULL};
    const FfarmYamlNode *criteria_key = NULL, *profile = NULL;
    for (guint i = 0; i < map->items->len; i++) {
        const FfarmYamlNode *key = g_ptr_array_index(map->items, i), *value = g_ptr_array_index(map->values, i);
        if (strcmp(key->text, "profile") == 0) {
            profile = value;
            read_profile(reader, key, value, rule);
        } else if (!g_strv_contains(keys, key->text)) {
            ffarm_yaml_error_unknown(reader, key, "unknown key", key->text, keys);
        } else if (criteria_key) {
            ffarm_yaml_error(reader, key, "'%s' says again what '%s' in line %u says, expected one of them", key->text,
                             criteria_key->text, criteria_key->line);
        } else {
            criteria_key = key;
            read_criteria(reader, key, value, rule);
        }
    }
    if (!profile)
        ffarm_yaml_error(reader, name, "rule '%s' has no 'profile', expected a profile's name or SKIP", rule->name);
}

void ffarm_settings_read_rules(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                               gpointer slot)
{
    GPtrArray *rules = *(GPtrArray **)slot;
    const FfarmRule *catch_all = NULL;
    for (guint i = 0; i < value->items->len; i++) {
        const FfarmYamlNode *name = g_ptr_array_index(value->items, i), *map = g_ptr_array_index(value->values, i);
        if (!ffarm_yaml_expect(reader, name, map, FFARM_YAML_MAP))
            continue;
        FfarmRule *rule = ffarm_rule_new(name->text, NULL);
        rule->line = name->line;
        rule->column = name->column;
        g_ptr_array_add(rules, rule);
        guint errors = reader->diagnostics->errors;
        read_rule(reader, name, map, rule);
        if (catch_all)
            ffarm_yaml_warn(reader, name, "rule '%s' is never asked: rule '%s' in line %u matches everything",
                            rule->name, catch_all->name, catch_all->line);
        else if (rule->criteria->len == 0 && errors == reader->diagnostics->errors)
            catch_all = rule;
    }
}
