/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "diagnostic.h"

G_BEGIN_DECLS

/* yaml_doc.h — private: a YAML document as a tree of nodes that know where they stand. libyaml stays behind it.
 *
 * Aliases are resolved (an alias and its anchor are one node) and merge keys applied; keys are unique. A document is
 * bounded in size, depth and, aliases counted as if written out, number of nodes. Threads: a document is immutable; may
 * be read from any thread. */

/* Kinds are bits, so that a field can accept several. */
typedef enum {
    FFARM_YAML_TEXT = 1 << 0,
    FFARM_YAML_LIST = 1 << 1,
    FFARM_YAML_MAP = 1 << 2,
    FFARM_YAML_NULL = 1 << 3, /* nothing, ~ or null, not in quotes */
} FfarmYamlKind;

typedef struct {
    FfarmYamlKind kind;
    guint line, column; /* from 1; the column in characters */
    char *text; /* of texts (never converted: "yes" and "08" stay as written) and, as written, of nulls; else NULL */
    gboolean is_literal; /* a text written as a literal block: | */
    gboolean is_plain;   /* a text written without quotes on one line */
    GPtrArray *items;    /* of FfarmYamlNode: a list's elements, a map's keys (each a text or null); else NULL */
    GPtrArray *values;   /* of FfarmYamlNode: a map's values, in step with its keys; else NULL */
    guint weight;        /* nodes in this tree, aliases written out */
    gboolean is_open;    /* while it is being read: what is inside can't refer to it */
} FfarmYamlNode;

typedef struct FfarmYamlDoc FfarmYamlDoc;

/* Reads @text; what is wrong goes to @diagnostics under @name.
 * Returns: new document, free with ffarm_yaml_doc_free(); NULL if the text is no YAML or too big. A document may be
 * returned along with errors (keys given twice), so that more of them can be found. */
FfarmYamlDoc *ffarm_yaml_doc_parse(const char *name, const char *text, gsize length,
                                   FfarmDiagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_yaml_doc_free(FfarmYamlDoc *doc); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmYamlDoc, ffarm_yaml_doc_free)

/* Returns: the outermost node, borrowed; NULL for an empty document. */
const FfarmYamlNode *ffarm_yaml_doc_root(const FfarmYamlDoc *doc);
const char *ffarm_yaml_doc_name(const FfarmYamlDoc *doc);

/* Returns: the line of the file as it stands there, without its end, free with g_free(); NULL if there is no such line.
 */
char *ffarm_yaml_doc_line(const FfarmYamlDoc *doc, guint line) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: the value that @map has for @key, borrowed; NULL if it has none or is no map. */
const FfarmYamlNode *ffarm_yaml_peek(const FfarmYamlNode *map, const char *key);

G_END_DECLS
