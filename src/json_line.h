/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* json_line.h — one object on one line of JSON. Private to the reports.
 *
 * Strings may hold any bytes: what is not UTF-8 becomes U+FFFD. What is unknown becomes null, so that every key is
 * always there.
 *
 * Threads: one at a time for each builder. */

/* Returns: a builder inside an open object whose "event" is @event; end it with ffarm_json_line_end(). */
JsonBuilder *ffarm_json_line_begin(const char *event) G_GNUC_WARN_UNUSED_RESULT;
/* Closes the object and frees @builder. Returns: the line, without a line break; free with g_free(). */
char *ffarm_json_line_end(JsonBuilder *builder) G_GNUC_WARN_UNUSED_RESULT;

/* One member each. @value: NULL is null. */
void ffarm_json_add_string(JsonBuilder *builder, const char *key, const char *value);
void ffarm_json_add_integer(JsonBuilder *builder, const char *key, gint64 value);
/* The same where 0 means unknown. */
void ffarm_json_add_size(JsonBuilder *builder, const char *key, gint64 value);
void ffarm_json_add_boolean(JsonBuilder *builder, const char *key, gboolean value);
/* NaN and infinities are null. */
void ffarm_json_add_real(JsonBuilder *builder, const char *key, double value);
/* Microseconds, written as seconds; negative is null. */
void ffarm_json_add_seconds(JsonBuilder *builder, const char *key, gint64 value_us);
/* 1, 0 or anything else: true, false, null. */
void ffarm_json_add_tristate(JsonBuilder *builder, const char *key, int value);
/* @values: NULL-terminated; NULL is an empty array. */
void ffarm_json_add_strings(JsonBuilder *builder, const char *key, char *const *values);

/* "file", and "file_bytes" in base64 when @path is not UTF-8. */
void ffarm_json_add_file(JsonBuilder *builder, const char *path);
/* "time": now, RFC 3339 in UTC. */
void ffarm_json_add_time(JsonBuilder *builder);
/* The same of @when_us, since 1970; 0: null. */
void ffarm_json_add_moment(JsonBuilder *builder, const char *key, gint64 when_us);

/* Open an array, an object; close them with json_builder_end_array() and json_builder_end_object(). */
void ffarm_json_begin_array(JsonBuilder *builder, const char *key);
void ffarm_json_begin_object(JsonBuilder *builder, const char *key); /* @key NULL: an element of an array */

G_END_DECLS
