/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json_line.h"

#include <math.h>
#include <string.h>

JsonBuilder *ffarm_json_line_begin(const char *event)
{
    JsonBuilder *builder = json_builder_new();
    json_builder_begin_object(builder);
    ffarm_json_add_string(builder, "event", event);
    return builder;
}

char *ffarm_json_line_end(JsonBuilder *builder)
{
    json_builder_end_object(builder);
    JsonNode *root = json_builder_get_root(builder);
    char *line = json_to_string(root, FALSE);
    json_node_free(root);
    g_object_unref(builder);
    return line;
}

static void add_value(JsonBuilder *builder, const char *value)
{
    if (!value) {
        json_builder_add_null_value(builder);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    json_builder_add_string_value(builder, valid);
}

void ffarm_json_add_string(JsonBuilder *builder, const char *key, const char *value)
{
    json_builder_set_member_name(builder, key);
    add_value(builder, value);
}

void ffarm_json_add_integer(JsonBuilder *builder, const char *key, gint64 value)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_int_value(builder, value);
}

void ffarm_json_add_size(JsonBuilder *builder, const char *key, gint64 value)
{
    json_builder_set_member_name(builder, key);
    if (value == 0)
        json_builder_add_null_value(builder);
    else
        json_builder_add_int_value(builder, value);
}

void ffarm_json_add_boolean(JsonBuilder *builder, const char *key, gboolean value)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_boolean_value(builder, value);
}

void ffarm_json_add_real(JsonBuilder *builder, const char *key, double value)
{
    json_builder_set_member_name(builder, key);
    if (isfinite(value))
        json_builder_add_double_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

void ffarm_json_add_seconds(JsonBuilder *builder, const char *key, gint64 value_us)
{
    ffarm_json_add_real(builder, key, value_us < 0 ? NAN : (double)value_us / G_USEC_PER_SEC);
}

void ffarm_json_add_tristate(JsonBuilder *builder, const char *key, int value)
{
    json_builder_set_member_name(builder, key);
    if (value == 0 || value == 1)
        json_builder_add_boolean_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

void ffarm_json_add_strings(JsonBuilder *builder, const char *key, char *const *values)
{
    ffarm_json_begin_array(builder, key);
    for (; values && *values; values++)
        add_value(builder, *values);
    json_builder_end_array(builder);
}

void ffarm_json_add_file(JsonBuilder *builder, const char *path)
{
    ffarm_json_add_string(builder, "file", path);
    if (g_utf8_validate(path, -1, NULL))
        return;
    g_autofree char *bytes = g_base64_encode((const guchar *)path, strlen(path));
    ffarm_json_add_string(builder, "file_bytes", bytes);
}

void ffarm_json_add_time(JsonBuilder *builder)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *text = g_date_time_format_iso8601(now);
    ffarm_json_add_string(builder, "time", text);
}

void ffarm_json_add_moment(JsonBuilder *builder, const char *key, gint64 when_us)
{
    g_autoptr(GDateTime) when = when_us > 0 ? g_date_time_new_from_unix_utc(when_us / G_USEC_PER_SEC) : NULL;
    g_autofree char *text = when ? g_date_time_format_iso8601(when) : NULL;
    ffarm_json_add_string(builder, key, text);
}

void ffarm_json_begin_array(JsonBuilder *builder, const char *key)
{
    json_builder_set_member_name(builder, key);
    json_builder_begin_array(builder);
}

void ffarm_json_begin_object(JsonBuilder *builder, const char *key)
{
    if (key)
        json_builder_set_member_name(builder, key);
    json_builder_begin_object(builder);
}
