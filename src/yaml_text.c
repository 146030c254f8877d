/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "yaml_text.h"

#include <string.h>
#include <yaml.h>

#define DEPTH_LIMIT 64 /* of lists and maps in one another; libyaml's time grows with its square */

/* The bytes of the line break at @p, 0 if there is none. The same ones that libyaml counts, so that lines have its
 * numbers. */
static gsize break_length(const char *p, const char *end)
{
    if (*p == '\n')
        return 1;
    if (*p == '\r')
        return p + 1 < end && p[1] == '\n' ? 2 : 1;
    if (end - p >= 2 && memcmp(p, "\xc2\x85", 2) == 0)
        return 2;
    if (end - p >= 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
        return 3;
    return 0;
}

static GArray *find_lines(const char *text, gsize length)
{
    GArray *starts = g_array_new(FALSE, FALSE, sizeof(gsize));
    const char *end = text + length;
    gsize start = 0;
    g_array_append_val(starts, start);
    for (const char *p = text; p < end;) {
        gsize skip = break_length(p, end);
        p += skip ? skip : 1;
        if (skip) {
            start = (gsize)(p - text);
            g_array_append_val(starts, start);
        }
    }
    return starts;
}

static FfarmYamlText *text_take(char *text, gsize length)
{
    FfarmYamlText *result = g_new0(FfarmYamlText, 1);
    result->text = text;
    result->length = length;
    result->starts = find_lines(text, length);
    return result;
}

FfarmYamlText *ffarm_yaml_text_new(const char *text, gsize length)
{
    gboolean is_utf16 = length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
    gsize converted_length = 0;
    char *converted =
        is_utf16 ? g_convert(text, (gssize)length, "UTF-8", "UTF-16", NULL, &converted_length, NULL) : NULL;
    if (converted)
        return text_take(converted, converted_length);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    char *copy = g_malloc(length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return text_take(copy, length);
}

void ffarm_yaml_text_free(FfarmYamlText *text)
{
    if (!text)
        return;
    g_array_unref(text->starts);
    g_free(text->text);
    g_free(text);
}

char *ffarm_yaml_text_line(const FfarmYamlText *text, guint line)
{
    if (line == 0 || line > text->starts->len)
        return NULL;
    const char *end = text->text + text->length;
    const char *start = text->text + g_array_index(text->starts, gsize, line - 1);
    const char *p = start;
    while (p < end && break_length(p, end) == 0)
        p++;
    return g_strndup(start, (gsize)(p - start));
}

void ffarm_yaml_problem_free(FfarmYamlProblem *problem)
{
    if (!problem)
        return;
    g_free(problem->message);
    g_free(problem);
}

/* libyaml's reader counts bytes; people count lines and characters. */
static void place_by_offset(const FfarmYamlText *text, gsize offset, FfarmYamlProblem *problem)
{
    guint line = text->starts->len;
    while (line > 1 && g_array_index(text->starts, gsize, line - 1) > offset)
        line--;
    gsize start = g_array_index(text->starts, gsize, line - 1);
    g_autofree char *before = g_utf8_make_valid(text->text + start, (gssize)(MIN(offset, text->length) - start));
    problem->line = line;
    problem->column = (guint)g_utf8_strlen(before, -1) + 1;
}

/* YAML's own words say little to someone who has just written ">5000" or "*eng"; these are the usual reasons. */
static const char *hint_for(const char *message, const char *line, guint column)
{
    const char *at = column > 0 && column - 1 <= (guint)g_utf8_strlen(line, -1)
                         ? g_utf8_offset_to_pointer(line, (glong)column - 1)
                         : "";
    if (strstr(message, "block scalar") && strchr(line, '>'))
        return "; a value that begins with '>' must be in quotes";
    if (strstr(line, ": *") || strstr(line, "- *"))
        return "; a value that begins with '*' must be in quotes";
    if (*at == '\t')
        return "; indent with spaces, not with tabs";
    if (*at == '%' || *at == '@' || *at == '`')
        return "; a value that begins with this character must be in quotes";
    if (strstr(message, "mapping values are not allowed"))
        return "; a value that holds ': ' must be in quotes";
    return "";
}

static FfarmYamlProblem *describe_problem(const FfarmYamlText *text, const yaml_parser_t *parser)
{
    FfarmYamlProblem *problem = g_new0(FfarmYamlProblem, 1);
    if (parser->error == YAML_READER_ERROR) {
        place_by_offset(text, parser->problem_offset, problem);
        problem->message = g_strdup(parser->problem);
        return problem;
    }
    if (parser->context && strstr(parser->problem, "end of stream")) {
        /* The end of the file is where it was noticed, not where it is wrong. */
        problem->line = (guint)parser->context_mark.line + 1;
        problem->column = (guint)parser->context_mark.column + 1;
        problem->message = g_strdup_printf("what begins here is never closed (%s)", parser->context);
        return problem;
    }
    problem->line = (guint)parser->problem_mark.line + 1;
    problem->column = (guint)parser->problem_mark.column + 1;
    g_autofree char *line = ffarm_yaml_text_line(text, problem->line);
    g_autofree char *said =
        parser->context ? g_strdup_printf("%s %s", parser->problem, parser->context) : g_strdup(parser->problem);
    const char *hint = hint_for(said, line && g_utf8_validate(line, -1, NULL) ? line : "", problem->column);
    if (parser->context && parser->context_mark.line != parser->problem_mark.line)
        problem->message =
            g_strdup_printf("%s that began in line %u%s", said, (guint)parser->context_mark.line + 1, hint);
    else
        problem->message = g_strconcat(said, hint, NULL);
    return problem;
}

static int depth_change(yaml_event_type_t type)
{
    if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
        return 1;
    return type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT ? -1 : 0;
}

static FfarmYamlProblem *describe_depth(const yaml_mark_t *mark)
{
    FfarmYamlProblem *problem = g_new0(FfarmYamlProblem, 1);
    problem->line = (guint)mark->line + 1;
    problem->column = (guint)mark->column + 1;
    problem->message = g_strdup_printf("lists and maps are nested more than %d deep", DEPTH_LIMIT);
    return problem;
}

FfarmYamlProblem *ffarm_yaml_text_check(const FfarmYamlText *text)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        g_error("out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->text, text->length);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    FfarmYamlProblem *problem = NULL;
    int depth = 0;
    for (gboolean is_done = FALSE; !is_done && !problem;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            problem = describe_problem(text, &parser);
            continue;
        }
        depth += depth_change(event.type);
        if (depth > DEPTH_LIMIT)
            problem = describe_depth(&event.start_mark);
        is_done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return problem;
}

/* TRUE for a line of blanks, at least one of them a tab, with nothing or a comment behind them. */
static gboolean is_tab_line(const char *start, const char *end)
{
    const char *p = start;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    gboolean is_empty = p == end || *p == '#' || break_length(p, end) > 0;
    return is_empty && memchr(start, '\t', (gsize)(p - start)) != NULL;
}

FfarmYamlText *ffarm_yaml_text_without_tab_lines(const FfarmYamlText *text)
{
    g_autoptr(GString) out = g_string_sized_new(text->length);
    gboolean has_some = FALSE;
    for (guint i = 0; i < text->starts->len; i++) {
        gsize offset = g_array_index(text->starts, gsize, i);
        gsize next = i + 1 < text->starts->len ? g_array_index(text->starts, gsize, i + 1) : text->length;
        const char *start = text->text + offset, *end = text->text + next;
        if (!is_tab_line(start, end)) {
            g_string_append_len(out, start, end - start);
            continue;
        }
        has_some = TRUE;
        g_string_append(out, i + 1 < text->starts->len ? "\n" : "");
    }
    if (!has_some)
        return NULL;
    gsize length = out->len;
    return text_take(g_string_free(g_steal_pointer(&out), FALSE), length);
}
