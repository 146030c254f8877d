/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* yaml_text.h — private: the text of a YAML file before it becomes a tree: its encoding, its lines, its syntax.
 * Threads: safe. */

typedef struct {
    char *text; /* UTF-8, ends in NUL */
    gsize length;
    GArray *starts; /* of gsize: where each line begins */
} FfarmYamlText;

/* Takes @text over from UTF-8 (with or without byte order mark) or UTF-16 (with one). Returns: free with _free(). */
FfarmYamlText *ffarm_yaml_text_new(const char *text, gsize length) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_yaml_text_free(FfarmYamlText *text); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmYamlText, ffarm_yaml_text_free)

/* Returns: the line, from 1, without its end; NULL past the last one. */
char *ffarm_yaml_text_line(const FfarmYamlText *text, guint line) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    char *message;
    guint line, column;
} FfarmYamlProblem;

/* What libyaml has to say against the text; also that it nests too deep.
 * Returns: NULL if it is well-formed, else free with ffarm_yaml_problem_free(). */
FfarmYamlProblem *ffarm_yaml_text_check(const FfarmYamlText *text) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_yaml_problem_free(FfarmYamlProblem *problem); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmYamlProblem, ffarm_yaml_problem_free)

/* libyaml refuses tabs at the beginning of lines that hold nothing but them or a comment, which YAML allows.
 * Returns: the text with such lines emptied, the others where they were; NULL if there are none. */
FfarmYamlText *ffarm_yaml_text_without_tab_lines(const FfarmYamlText *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
