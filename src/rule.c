/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rule.h"

#include <string.h>
#include "diagnostic.h"
#include "error.h"
#include "number_test.h"
#include "rule_facts.h"

/* Steps the pattern matcher may take on one path. Enough for any honest pattern, and over in a blink: paths are made by
 * others, and patterns like (a+)+$ take longer than anyone lives on some. */
#define MATCH_LIMIT "(*LIMIT_MATCH=200000)"

struct FfarmCriterion {
    const FfarmFactKind *kind;
    char *asked;            /* as the configuration spells it */
    char **wanted;          /* names: one of these */
    char **unwanted;        /* names: none of these */
    FfarmNumberTest number; /* numbers */
    GRegex *pattern;        /* patterns */
    gboolean is_negated;    /* patterns */
    gboolean flag;          /* flags */
};

static void criterion_free(gpointer data)
{
    FfarmCriterion *criterion = data;
    g_free(criterion->asked);
    g_strfreev(criterion->wanted);
    g_strfreev(criterion->unwanted);
    g_clear_pointer(&criterion->pattern, g_regex_unref);
    g_free(criterion);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmCriterion, criterion_free)

FfarmRule *ffarm_rule_new(const char *name, const char *profile)
{
    FfarmRule *rule = g_new0(FfarmRule, 1);
    rule->name = g_strdup(name);
    rule->profile = g_strdup(profile);
    rule->criteria = g_ptr_array_new_with_free_func(criterion_free);
    return rule;
}

void ffarm_rule_free(FfarmRule *rule)
{
    if (!rule)
        return;
    g_free(rule->name);
    g_free(rule->profile);
    g_ptr_array_unref(rule->criteria);
    g_free(rule);
}

static gboolean read_names(FfarmCriterion *criterion, const char *const *values, GError **error)
{
    g_autoptr(GStrvBuilder) wanted = g_strv_builder_new();
    g_autoptr(GStrvBuilder) unwanted = g_strv_builder_new();
    for (guint i = 0; values[i]; i++) {
        g_autofree char *value = g_strstrip(g_strdup(values[i]));
        gboolean is_negated = value[0] == '!';
        const char *name = is_negated ? g_strchug(value + 1) : value;
        if (!*name) {
            g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                        "'%s' holds no name, expected one like 'hevc' or '!hevc'", values[i]);
            return FALSE;
        }
        g_strv_builder_add(is_negated ? unwanted : wanted, name);
    }
    criterion->wanted = g_strv_builder_end(wanted);
    criterion->unwanted = g_strv_builder_end(unwanted);
    return TRUE;
}

static gboolean read_flag(FfarmCriterion *criterion, const char *value, GError **error)
{
    static const struct {
        const char *word;
        gboolean flag;
    } words[] = {{"yes", TRUE}, {"true", TRUE}, {"on", TRUE}, {"no", FALSE}, {"false", FALSE}, {"off", FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(value, words[i].word) != 0)
            continue;
        criterion->flag = words[i].flag;
        return TRUE;
    }
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "'%s' is neither yes nor no", value);
    return FALSE;
}

/* The pattern is compiled twice, since the limit would turn up in the message about a pattern that can't be read. */
static gboolean read_pattern(FfarmCriterion *criterion, const char *value, GError **error)
{
    criterion->is_negated = value[0] == '!';
    const char *pattern = criterion->is_negated ? value + 1 : value;
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GRegex) tried = g_regex_new(pattern, G_REGEX_RAW, 0, &wrong);
    g_autofree char *limited = g_strconcat(MATCH_LIMIT, pattern, NULL);
    if (tried)
        criterion->pattern = g_regex_new(limited, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &wrong);
    if (criterion->pattern && *pattern)
        return TRUE;
    /* GLib repeats the pattern before it comes to the point. */
    const char *point = wrong ? strrchr(wrong->message, ':') : NULL;
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "'%s' is no pattern: %s", value,
                point ? point + 2 : "it is empty and would match every path");
    return FALSE;
}

static gboolean read_values(FfarmCriterion *criterion, const char *const *values, GError **error)
{
    if (criterion->kind->type == FFARM_FACT_NAMES)
        return read_names(criterion, values, error);
    if (values[1]) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "'%s' takes one value, not a list",
                    criterion->kind->key);
        return FALSE;
    }
    if (criterion->kind->type == FFARM_FACT_NUMBER)
        return ffarm_number_test_parse(values[0], &criterion->number, error);
    return criterion->kind->type == FFARM_FACT_FLAG ? read_flag(criterion, values[0], error)
                                                    : read_pattern(criterion, values[0], error);
}

gboolean ffarm_rule_add_criterion(FfarmRule *rule, const char *key, const char *const *values, GError **error)
{
    const FfarmFactKind *kind = ffarm_fact_kind(key);
    if (!kind) {
        const char *nearest = ffarm_nearest_name(key, ffarm_rule_criteria_names());
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "unknown criterion '%s'%s%s%s", key,
                    nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        return FALSE;
    }
    if (!values[0]) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "'%s' has no value to compare with", key);
        return FALSE;
    }
    g_autoptr(FfarmCriterion) criterion = g_new0(FfarmCriterion, 1);
    criterion->kind = kind;
    criterion->asked = g_strjoinv(", ", (char **)values);
    if (!read_values(criterion, values, error))
        return FALSE;
    g_ptr_array_add(rule->criteria, g_steal_pointer(&criterion));
    return TRUE;
}

static gboolean has_any(const FfarmFactKind *kind, char *const *asked, const FfarmFact *fact)
{
    for (; *asked; asked++)
        for (guint i = 0; i < fact->names->len; i++)
            if (kind->is_same_name(*asked, g_ptr_array_index(fact->names, i)))
                return TRUE;
    return FALSE;
}

/* Any of the wanted names, where there are some, and none of the unwanted ones. */
static gboolean names_hold(const FfarmCriterion *criterion, const FfarmFact *fact)
{
    return (!criterion->wanted[0] || has_any(criterion->kind, criterion->wanted, fact)) &&
           !has_any(criterion->kind, criterion->unwanted, fact);
}

/* A path on which the matcher gives up fits neither the pattern nor its negation. */
static gboolean pattern_holds(const FfarmCriterion *criterion, const FfarmFact *fact)
{
    g_autoptr(GError) error = NULL;
    gboolean matches = g_regex_match_full(criterion->pattern, fact->text, -1, 0, 0, NULL, &error);
    return !error && matches != criterion->is_negated;
}

static gboolean criterion_holds(const FfarmCriterion *criterion, const FfarmFact *fact)
{
    if (!fact->is_known)
        return FALSE;
    switch (criterion->kind->type) {
    case FFARM_FACT_NAMES:
        return names_hold(criterion, fact);
    case FFARM_FACT_NUMBER:
        return ffarm_number_test_holds(&criterion->number, fact->number);
    case FFARM_FACT_FLAG:
        return fact->flag == criterion->flag;
    default:
        return pattern_holds(criterion, fact);
    }
}

static void finding_free(gpointer data)
{
    FfarmFinding *finding = data;
    g_free(finding->asked);
    g_free(finding->found);
    g_free(finding);
}

FfarmVerdict *ffarm_rule_ask(const FfarmRule *rule, const FfarmMedia *media)
{
    FfarmVerdict *verdict = g_new0(FfarmVerdict, 1);
    verdict->rule = rule;
    verdict->matches = TRUE;
    verdict->findings = g_ptr_array_new_with_free_func(finding_free);
    for (guint i = 0; i < rule->criteria->len; i++) {
        const FfarmCriterion *criterion = g_ptr_array_index(rule->criteria, i);
        g_auto(FfarmFact) fact = ffarm_fact_of(criterion->kind, media);
        FfarmFinding *finding = g_new0(FfarmFinding, 1);
        finding->criterion = criterion->kind->key;
        finding->asked = g_strdup(criterion->asked);
        finding->found = ffarm_fact_format(criterion->kind, &fact);
        finding->holds = criterion_holds(criterion, &fact);
        verdict->matches = verdict->matches && finding->holds;
        g_ptr_array_add(verdict->findings, finding);
    }
    return verdict;
}

void ffarm_verdict_free(FfarmVerdict *verdict)
{
    if (!verdict)
        return;
    g_ptr_array_unref(verdict->findings);
    g_free(verdict);
}

static void verdict_free(gpointer data)
{
    ffarm_verdict_free(data);
}

const FfarmRule *ffarm_rules_match(const GPtrArray *rules, const FfarmMedia *media, GPtrArray **trace)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func(verdict_free);
    const FfarmRule *matching = NULL;
    for (guint i = 0; i < rules->len && !matching; i++) {
        FfarmVerdict *verdict = ffarm_rule_ask(g_ptr_array_index(rules, i), media);
        g_ptr_array_add(verdicts, verdict);
        if (verdict->matches)
            matching = verdict->rule;
    }
    if (trace)
        *trace = g_steal_pointer(&verdicts);
    return matching;
}
