/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* options.h — every option as a row: how it is parsed, and what help and manual say of it. Static data. */

/* Who takes an option: one bit for each verb. */
typedef enum {
    CLI_VERB_RUN = 1 << 0,
    CLI_VERB_PROBE = 1 << 1,
    CLI_VERB_HOSTS = 1 << 2,
    CLI_VERB_CHECK = 1 << 3,
    CLI_VERB_HELP = 1 << 4,
    CLI_VERB_RESUME = 1 << 5,
    CLI_VERB_RETRY = 1 << 6,
    CLI_VERB_HISTORY = 1 << 7,
    CLI_VERB_STOP = 1 << 8,
    CLI_VERB_PROFILES = 1 << 9,
    CLI_VERB_ALL = (1 << 10) - 1,
} CliVerbBit;

/* What becomes of the value, and the type of the field of CliArgs it goes to. */
typedef enum {
    CLI_FLAG,   /* gboolean */
    CLI_COUNT,  /* guint: how often */
    CLI_TEXT,   /* char *: the last one counts */
    CLI_WORDS,  /* char **: separated by commas; the last one counts */
    CLI_TEXTS,  /* GPtrArray of char *: each one counts */
    CLI_CHOICE, /* guint: place of the value among the words of value_name, which '|' separates */
    CLI_NUMBER, /* guint: 0 to 1000 */
    CLI_LIST,   /* a CliFile, in its place among the FILEs */
} CliOptionKind;

typedef struct {
    char letter;            /* 0: long form only */
    const char *name;       /* without the dashes */
    const char *value_name; /* NULL: takes no value */
    guint verbs;            /* CliVerbBit */
    CliOptionKind kind;
    gsize offset;        /* of the field of CliArgs */
    gboolean holds;      /* TRUE: holds for the FILEs after it */
    const char *help;    /* one line */
    const char *details; /* what only the manual has room for; nullable */
} CliOption;

/* All options, in the order in which help lists them. */
const CliOption *cli_options(guint *n_options);

G_END_DECLS
