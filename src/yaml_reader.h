/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "yaml_doc.h"

G_BEGIN_DECLS

/* yaml_reader.h — private: takes values out of a YAML document by tables of keys, and says what is wrong with them
 * where they stand. Every function goes on after an error, so that one run finds all of them.
 *
 * Threads: one reader at a time. */

typedef struct {
    const FfarmYamlDoc *doc;
    FfarmDiagnostics *diagnostics;
    gboolean is_strict; /* unknown keys are errors, not warnings */
} FfarmYamlReader;

/* Puts what @value says into @slot. @value has one of the kinds that the table allows. */
typedef void (*FfarmYamlRead)(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                              gpointer slot);

typedef struct {
    const char *key;
    guint kinds; /* FfarmYamlKind bits; where NULL is not among them a null value counts as absent */
    FfarmYamlRead read;
    gsize offset; /* of the slot in what is being filled */
} FfarmYamlField;

void ffarm_yaml_error(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);
void ffarm_yaml_warn(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Error "@what '@name' ...", with the nearest of @names behind it. */
void ffarm_yaml_error_unknown(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *what, const char *name,
                              const char *const *names);
/* The same for what does no harm: an error for a strict reader only, else a warning. */
void ffarm_yaml_doubt_unknown(FfarmYamlReader *reader, const FfarmYamlNode *node, const char *what, const char *name,
                              const char *const *names);

/* Reads every pair of @map by its row in @fields (the last row's key is NULL). */
void ffarm_yaml_read_map(FfarmYamlReader *reader, const FfarmYamlNode *map, const FfarmYamlField *fields,
                         gpointer target);

/* TRUE if @node has one of @kinds; else an error that names @key. */
gboolean ffarm_yaml_expect(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *node, guint kinds);

/* Readers of single values. What a slot held before is freed. */
void ffarm_yaml_read_text(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                          gpointer slot); /* char *; not empty */
void ffarm_yaml_read_path(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                          gpointer slot); /* char *; a leading ~ becomes the home directory */
void ffarm_yaml_read_boolean(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                             gpointer slot); /* gboolean, or FfarmTristate */
void ffarm_yaml_read_names(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                           gpointer slot); /* char **; a list of texts, or one text of names with blanks between them */

/* Reads a boolean as YAML 1.1 spells them. Returns: FALSE if @text is none. */
gboolean ffarm_yaml_parse_boolean(const char *text, gboolean *value);

/* A whole number from @least to @most. Returns: FALSE, with an error, if @value is none. */
gboolean ffarm_yaml_read_integer(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 guint least, guint most, guint *number);

/* The index of @value in @names (NULL-terminated, case ignored), or -1 with an error. */
int ffarm_yaml_read_choice(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                           const char *const *names);

G_END_DECLS
