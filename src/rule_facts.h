/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"

G_BEGIN_DECLS

/* rule_facts.h — private: what rules may ask about a media, one row of a table for each. Pure. Threads: safe. */

typedef enum {
    FFARM_FACT_NAMES, /* one name or several: "hevc"; "eng", "ger" */
    FFARM_FACT_NUMBER,
    FFARM_FACT_FLAG,
    FFARM_FACT_TEXT, /* any bytes, to be searched with a pattern */
} FfarmFactType;

typedef struct {
    gboolean is_known;
    GPtrArray *names; /* of strings borrowed from the media; never NULL for FFARM_FACT_NAMES */
    double number;
    gboolean flag;
    char *text;
} FfarmFact;

typedef struct {
    const char *key;
    FfarmFactType type;
    void (*find)(const FfarmMedia *media, FfarmFact *fact); /* leaves is_known FALSE where the media does not say */
    gboolean (*is_same_name)(const char *asked, const char *found); /* for FFARM_FACT_NAMES */
} FfarmFactKind;

/* Returns: the row for a criterion's @key, static; NULL if there is none. */
const FfarmFactKind *ffarm_fact_kind(const char *key);

FfarmFact ffarm_fact_of(const FfarmFactKind *kind, const FfarmMedia *media);
void ffarm_fact_clear(FfarmFact *fact);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FfarmFact, ffarm_fact_clear)

/* The fact as a person reads it, "unknown" where it isn't known. Returns: new string. */
char *ffarm_fact_format(const FfarmFactKind *kind, const FfarmFact *fact) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
