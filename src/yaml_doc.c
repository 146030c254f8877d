/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "yaml_doc.h"

#include <string.h>
#include <yaml.h>
#include "yaml_text.h"

#define LENGTH_LIMIT ((gsize)16 * 1024 * 1024)
#define NODE_LIMIT 200000 /* aliases counted as if they were written out, so that they can't multiply without end */

struct FfarmYamlDoc {
    char *name;
    FfarmYamlText *text; /* as given */
    GPtrArray *nodes;    /* all of them */
    FfarmYamlNode *root;
};

/* What goes on while a document is read. */
typedef struct {
    FfarmYamlDoc *doc;
    FfarmDiagnostics *diagnostics;
    GPtrArray *open;     /* the lists and maps that are not complete yet, the innermost last */
    GHashTable *anchors; /* name -> node */
    guint64 weight;      /* of all nodes so far */
    guint documents;
    gboolean has_failed; /* nothing after this can be told */
} Builder;

static void node_free(gpointer data)
{
    FfarmYamlNode *node = data;
    g_free(node->text);
    g_clear_pointer(&node->items, g_ptr_array_unref);
    g_clear_pointer(&node->values, g_ptr_array_unref);
    g_free(node);
}

static void report(const FfarmYamlDoc *doc, FfarmDiagnostics *diagnostics, guint line, guint column,
                   const char *message)
{
    g_autofree char *source = ffarm_yaml_text_line(doc->text, line);
    ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_ERROR, doc->name, line, column, source, "%s", message);
}

static void G_GNUC_PRINTF(3, 4) report_node(Builder *builder, const FfarmYamlNode *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    report(builder->doc, builder->diagnostics, node->line, node->column, message);
}

static void G_GNUC_PRINTF(3, 4) fail(Builder *builder, const yaml_event_t *event, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    builder->has_failed = TRUE;
    report(builder->doc, builder->diagnostics, (guint)event->start_mark.line + 1, (guint)event->start_mark.column + 1,
           message);
}

static gboolean weigh(Builder *builder, const yaml_event_t *event, guint weight)
{
    builder->weight += weight;
    if (builder->weight <= NODE_LIMIT)
        return TRUE;
    fail(builder, event, "the file holds more than %d values once its aliases are written out", NODE_LIMIT);
    return FALSE;
}

/* Puts @node where the document is just being read: into the innermost list or map, or at the root. */
static void place(Builder *builder, FfarmYamlNode *node)
{
    if (builder->open->len == 0) {
        builder->doc->root = node;
        return;
    }
    FfarmYamlNode *parent = g_ptr_array_index(builder->open, builder->open->len - 1);
    gboolean is_value = parent->kind == FFARM_YAML_MAP && parent->items->len > parent->values->len;
    g_ptr_array_add(is_value ? parent->values : parent->items, node);
}

static FfarmYamlNode *add_node(Builder *builder, const yaml_event_t *event, FfarmYamlKind kind,
                               const yaml_char_t *anchor)
{
    FfarmYamlNode *node = g_new0(FfarmYamlNode, 1);
    node->kind = kind;
    node->line = (guint)event->start_mark.line + 1;
    node->column = (guint)event->start_mark.column + 1;
    node->weight = 1;
    g_ptr_array_add(builder->doc->nodes, node);
    if (anchor)
        g_hash_table_replace(builder->anchors, g_strdup((const char *)anchor), node);
    place(builder, node);
    return node;
}

static gboolean is_null_text(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    return g_strv_contains(nulls, text);
}

/* "!hevc" without quotes is a tag with nothing behind it to YAML; what was meant is plain to see. */
static char *scalar_text(const yaml_event_t *event)
{
    const char *tag = (const char *)event->data.scalar.tag;
    const char *text = (const char *)event->data.scalar.value;
    gboolean is_bare = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !*text;
    return g_strdup(tag && tag[0] == '!' && is_bare ? tag : text);
}

static void read_scalar(Builder *builder, const yaml_event_t *event)
{
    yaml_scalar_style_t style = event->data.scalar.style;
    const char *tag = (const char *)event->data.scalar.tag;
    gboolean is_local_tag = tag && tag[0] == '!' && tag[1];
    if (event->data.scalar.length != strlen((const char *)event->data.scalar.value)) {
        fail(builder, event, "a value must not hold a NUL character");
        return;
    }
    if (is_local_tag && event->data.scalar.length > 0) {
        fail(builder, event, "'%s' is a tag, which means nothing here; put the value in quotes", tag);
        return;
    }
    FfarmYamlNode *node = add_node(builder, event, FFARM_YAML_TEXT, event->data.scalar.anchor);
    node->text = scalar_text(event);
    node->is_plain = style == YAML_PLAIN_SCALAR_STYLE && event->start_mark.line == event->end_mark.line;
    node->is_literal = style == YAML_LITERAL_SCALAR_STYLE;
    if (style == YAML_PLAIN_SCALAR_STYLE && !tag && is_null_text(node->text))
        node->kind = FFARM_YAML_NULL;
}

static void read_alias(Builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    FfarmYamlNode *node = g_hash_table_lookup(builder->anchors, name);
    if (!node)
        fail(builder, event, "no anchor '&%s' stands before this; a value that begins with '*' must be in quotes",
             name);
    else if (node->is_open)
        fail(builder, event, "'*%s' stands inside of what it refers to", name);
    else if (weigh(builder, event, node->weight))
        place(builder, node);
}

static void open_node(Builder *builder, const yaml_event_t *event, FfarmYamlKind kind, const yaml_char_t *anchor)
{
    FfarmYamlNode *node = add_node(builder, event, kind, anchor);
    node->is_open = TRUE;
    node->items = g_ptr_array_new();
    node->values = kind == FFARM_YAML_MAP ? g_ptr_array_new() : NULL;
    g_ptr_array_add(builder->open, node);
}

static guint weight_of(const GPtrArray *nodes)
{
    guint weight = 0;
    for (guint i = 0; nodes && i < nodes->len; i++)
        weight += ((const FfarmYamlNode *)g_ptr_array_index(nodes, i))->weight;
    return weight;
}

static gboolean is_merge_key(const FfarmYamlNode *key)
{
    return key->kind == FFARM_YAML_TEXT && key->is_plain && strcmp(key->text, "<<") == 0;
}

/* Returns: FALSE if there is a key with that text already; the first one is the one that counts. */
static gboolean remember(GHashTable *seen, FfarmYamlNode *key)
{
    return !g_hash_table_contains(seen, key->text) && g_hash_table_insert(seen, key->text, key);
}

/* A map's keys and values while they are sorted out. */
typedef struct {
    GHashTable *seen; /* text -> key */
    GPtrArray *keys, *values;
} Pairs;

static void take_pair(Pairs *pairs, gpointer key, gpointer value)
{
    g_ptr_array_add(pairs->keys, key);
    g_ptr_array_add(pairs->values, value);
}

/* Takes over from @from what the map does not have itself. */
static void merge_map(Pairs *pairs, const FfarmYamlNode *from)
{
    for (guint i = 0; i < from->items->len; i++)
        if (remember(pairs->seen, g_ptr_array_index(from->items, i)))
            take_pair(pairs, g_ptr_array_index(from->items, i), g_ptr_array_index(from->values, i));
}

static void merge_value(Builder *builder, Pairs *pairs, const FfarmYamlNode *value)
{
    if (value->kind == FFARM_YAML_MAP) {
        merge_map(pairs, value);
        return;
    }
    for (guint i = 0; value->kind == FFARM_YAML_LIST && i < value->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(value->items, i);
        if (item->kind == FFARM_YAML_MAP)
            merge_map(pairs, item);
        else
            report_node(builder, item, "only maps can be merged with '<<'");
    }
    if (value->kind != FFARM_YAML_LIST)
        report_node(builder, value, "'<<' merges a map or a list of maps, like '<<: *name'");
}

/* Sorts out what was read as the keys and values of @map: nothing but texts for keys, each once, merge keys last. */
static void close_map(Builder *builder, FfarmYamlNode *map)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Pairs pairs = {seen, g_ptr_array_new(), g_ptr_array_new()};
    const FfarmYamlNode *merged = NULL;
    for (guint i = 0; i < map->items->len; i++) {
        FfarmYamlNode *key = g_ptr_array_index(map->items, i), *value = g_ptr_array_index(map->values, i);
        if (!key->text)
            report_node(builder, key, "a key must be a text, not a list or a map");
        else if (!remember(seen, key))
            report_node(builder, key, "key '%s' is given twice, first in line %u", key->text,
                        ((const FfarmYamlNode *)g_hash_table_lookup(seen, key->text))->line);
        else if (is_merge_key(key))
            merged = value;
        else
            take_pair(&pairs, key, value);
    }
    if (merged)
        merge_value(builder, &pairs, merged);
    g_ptr_array_unref(map->items);
    g_ptr_array_unref(map->values);
    map->items = pairs.keys;
    map->values = pairs.values;
}

static void close_node(Builder *builder)
{
    FfarmYamlNode *node = g_ptr_array_index(builder->open, builder->open->len - 1);
    g_ptr_array_set_size(builder->open, (gint)builder->open->len - 1);
    node->weight = 1 + weight_of(node->items) + weight_of(node->values);
    if (node->kind == FFARM_YAML_MAP)
        close_map(builder, node);
    node->is_open = FALSE;
}

static void read_event(Builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->documents++ > 0)
            fail(builder, event, "a second document begins here, expected only one in a file");
        break;
    case YAML_SCALAR_EVENT:
        if (weigh(builder, event, 1))
            read_scalar(builder, event);
        break;
    case YAML_ALIAS_EVENT:
        read_alias(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        if (weigh(builder, event, 1))
            open_node(builder, event, FFARM_YAML_LIST, event->data.sequence_start.anchor);
        break;
    case YAML_MAPPING_START_EVENT:
        if (weigh(builder, event, 1))
            open_node(builder, event, FFARM_YAML_MAP, event->data.mapping_start.anchor);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_node(builder);
        break;
    default:
        break;
    }
}

/* Builds the tree of a text that libyaml has found well-formed. */
static gboolean build(FfarmYamlDoc *doc, const FfarmYamlText *text, FfarmDiagnostics *diagnostics)
{
    g_autoptr(GPtrArray) open = g_ptr_array_new();
    g_autoptr(GHashTable) anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Builder builder = {.doc = doc, .diagnostics = diagnostics, .open = open, .anchors = anchors};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        g_error("out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->text, text->length);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_event_t event;
    for (gboolean is_done = FALSE; !is_done && !builder.has_failed && yaml_parser_parse(&parser, &event);) {
        read_event(&builder, &event);
        is_done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return !builder.has_failed;
}

static gboolean read_text(FfarmYamlDoc *doc, FfarmDiagnostics *diagnostics)
{
    g_autoptr(FfarmYamlProblem) problem = ffarm_yaml_text_check(doc->text);
    if (!problem)
        return build(doc, doc->text, diagnostics);
    g_autoptr(FfarmYamlText) without_tabs = ffarm_yaml_text_without_tab_lines(doc->text);
    g_autoptr(FfarmYamlProblem) other = without_tabs ? ffarm_yaml_text_check(without_tabs) : NULL;
    if (without_tabs && !other)
        return build(doc, without_tabs, diagnostics);
    const FfarmYamlProblem *said = other ? other : problem;
    report(doc, diagnostics, said->line, said->column, said->message);
    return FALSE;
}

FfarmYamlDoc *ffarm_yaml_doc_parse(const char *name, const char *text, gsize length, FfarmDiagnostics *diagnostics)
{
    if (length > LENGTH_LIMIT) {
        ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_ERROR, name, 1, 1, NULL,
                              "is larger than %" G_GSIZE_FORMAT " MiB, which no configuration is", LENGTH_LIMIT >> 20);
        return NULL;
    }
    g_autoptr(FfarmYamlDoc) doc = g_new0(FfarmYamlDoc, 1);
    doc->name = g_strdup(name);
    doc->text = ffarm_yaml_text_new(text, length);
    doc->nodes = g_ptr_array_new_with_free_func(node_free);
    return read_text(doc, diagnostics) ? g_steal_pointer(&doc) : NULL;
}

void ffarm_yaml_doc_free(FfarmYamlDoc *doc)
{
    if (!doc)
        return;
    g_free(doc->name);
    ffarm_yaml_text_free(doc->text);
    g_ptr_array_unref(doc->nodes);
    g_free(doc);
}

const FfarmYamlNode *ffarm_yaml_doc_root(const FfarmYamlDoc *doc)
{
    return doc->root;
}

const char *ffarm_yaml_doc_name(const FfarmYamlDoc *doc)
{
    return doc->name;
}

char *ffarm_yaml_doc_line(const FfarmYamlDoc *doc, guint line)
{
    return ffarm_yaml_text_line(doc->text, line);
}

const FfarmYamlNode *ffarm_yaml_peek(const FfarmYamlNode *map, const char *key)
{
    for (guint i = 0; map->kind == FFARM_YAML_MAP && i < map->items->len; i++)
        if (strcmp(((const FfarmYamlNode *)g_ptr_array_index(map->items, i))->text, key) == 0)
            return g_ptr_array_index(map->values, i);
    return NULL;
}
