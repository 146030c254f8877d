/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"

G_BEGIN_DECLS

/* rule.h — which profile a file gets: predicates over its facts, asked top-down, first match wins. Pure.
 *
 * Threads: rules are immutable once loaded; matching is safe from any thread. */

typedef struct FfarmCriterion FfarmCriterion;

typedef struct {
    char *name;          /* any text */
    char *profile;       /* a profile's or template's name; NULL: SKIP */
    GPtrArray *criteria; /* of FfarmCriterion, all of which must hold; empty: matches everything */
    guint line, column;
} FfarmRule;

FfarmRule *ffarm_rule_new(const char *name, const char *profile) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_rule_free(FfarmRule *rule); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmRule, ffarm_rule_free)

/* Adds the criterion @key with one or more @values (as the configuration spells them: "!hevc", ">=720", "yes"). Only names
 * take several: any of them must fit and none of those behind a '!'.
 * Returns: FALSE with FFARM_CONFIG_ERROR when the key is unknown (message names the nearest) or a value can't be read. */
gboolean ffarm_rule_add_criterion(FfarmRule *rule, const char *key, const char *const *values, GError **error);

/* The names of all criteria, NULL-terminated, static. */
const char *const *ffarm_rule_criteria_names(void);

/* One question and its answer, for people who wonder why. */
typedef struct {
    const char *criterion; /* "res_height"; borrowed from a static table */
    char *asked;           /* ">= 720" as written in the configuration */
    char *found;           /* what the file has, "1080", "h264", "eng, ger", or "unknown" */
    gboolean holds;
} FfarmFinding;

typedef struct {
    const FfarmRule *rule; /* borrowed from the rules that were asked */
    gboolean matches;
    GPtrArray *findings;   /* of FfarmFinding, every criterion, also after the first that failed */
} FfarmVerdict;

/* Asks one rule. A fact that is unknown (an unknown runtime, say) makes its criterion fail, negated or not, and is shown as
 * "unknown". Returns: new verdict, free with ffarm_verdict_free(). */
FfarmVerdict *ffarm_rule_ask(const FfarmRule *rule, const FfarmMedia *media) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_verdict_free(FfarmVerdict *verdict); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmVerdict, ffarm_verdict_free)

/* Asks @rules (of FfarmRule) in order until one matches.
 * @trace: nullable; gets an array of FfarmVerdict (element free function set) of all rules asked, free with g_ptr_array_unref().
 * Returns: the rule that matched, borrowed; NULL if none does. */
const FfarmRule *ffarm_rules_match(const GPtrArray *rules, const FfarmMedia *media, GPtrArray **trace);

G_END_DECLS
