/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "args.h"
#include "options.h"

G_BEGIN_DECLS

/* verbs.h — the table of verbs: what each is called, does, and says of itself. A new verb is a new row. Static data. */

typedef struct {
    const char *line; /* as it is typed */
    const char *what; /* what it does; fits the same line of a screen */
} CliExample;

typedef struct CliVerb {
    const char *name;
    CliVerbBit bit;
    const char *arguments;           /* "FILE|DIR..."; NULL: takes none */
    gboolean needs_files;            /* TRUE: at least one */
    const char *summary;             /* one line, for the list of verbs */
    const char *text;                /* a paragraph or two, lines of at most 80 characters */
    const CliExample *examples;      /* ends with an empty row */
    int (*run)(const CliArgs *args); /* returns the exit status */
} CliVerb;

const CliVerb *cli_verbs(guint *n_verbs);
/* Returns: the verb; NULL if @name is none. */
const CliVerb *cli_verb_find(const char *name);
/* All names, NULL-terminated; free the array, not the names. */
const char **cli_verb_names(void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
