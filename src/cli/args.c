/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "args.h"

#include <string.h>

#include "ffarm.h"
#include "options.h"
#include "verbs.h"

#define DEFAULT_RETRIES 2
#define NUMBER_MAX 1000

typedef struct {
    CliArgs *args;
    const char *const *rest; /* arguments not yet looked at */
    const char *pending;     /* option that holds for FILEs, and none came since; nullable */
} Parser;

static void file_free(gpointer data)
{
    CliFile *file = data;
    g_free(file->name);
    g_free(file->cluster);
    g_free(file->profile);
    g_strfreev(file->mixins);
    g_free(file);
}

static CliArgs *args_new(const CliVerb *verb)
{
    CliArgs *args = g_new0(CliArgs, 1);
    args->verb = verb;
    args->files = g_ptr_array_new_with_free_func(file_free);
    args->clusters = g_ptr_array_new_with_free_func(g_free);
    args->hosts = g_ptr_array_new_with_free_func(g_free);
    args->retries = DEFAULT_RETRIES;
    return args;
}

void cli_args_free(CliArgs *args)
{
    if (!args)
        return;
    g_strfreev(args->argv);
    g_ptr_array_unref(args->files);
    g_ptr_array_unref(args->clusters);
    g_ptr_array_unref(args->hosts);
    g_free(args->cluster);
    g_free(args->profile);
    g_strfreev(args->mixins);
    g_free(args->config);
    g_free(args->output_dir);
    g_free(args->keep_failed);
    g_free(args);
}

static void add_file(Parser *parser, const char *name, gboolean is_list)
{
    CliFile *file = g_new0(CliFile, 1);
    file->name = g_strdup(name);
    file->is_list = is_list;
    file->cluster = g_strdup(parser->args->cluster);
    file->profile = g_strdup(parser->args->profile);
    file->mixins = g_strdupv(parser->args->mixins);
    g_ptr_array_add(parser->args->files, file);
    parser->pending = NULL;
}

static gboolean set_choice(guint *field, const CliOption *option, const char *value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(option->value_name, "|", -1);
    for (guint i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0) {
            *field = i;
            return TRUE;
        }
    }
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "option '--%s' takes one of %s, not '%s'",
                option->name, option->value_name, value);
    return FALSE;
}

static gboolean set_number(guint *field, const CliOption *option, const char *value, GError **error)
{
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(value, 10, 0, NUMBER_MAX, &number, NULL)) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "option '--%s' takes a number from 0 to %d, not '%s'", option->name, NUMBER_MAX, value);
        return FALSE;
    }
    *field = (guint)number;
    return TRUE;
}

/* An empty value is most likely a shell variable that is not set: taking it for "none" would encode with other settings
 * than meant. */
static gboolean check_value(const CliOption *option, const char *value, GError **error)
{
    if (value && *value)
        return TRUE;
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "option '--%s' needs a value: --%s %s",
                option->name, option->name, option->value_name);
    return FALSE;
}

static gboolean apply(Parser *parser, const CliOption *option, const char *value, GError **error)
{
    gpointer field = G_STRUCT_MEMBER_P(parser->args, option->offset);
    if (option->value_name && !check_value(option, value, error))
        return FALSE;
    if (option->holds)
        parser->pending = option->name;
    switch (option->kind) {
    case CLI_FLAG:
        *(gboolean *)field = TRUE;
        break;
    case CLI_COUNT:
        ++*(guint *)field;
        break;
    case CLI_TEXT:
        g_free(*(char **)field);
        *(char **)field = g_strdup(value);
        break;
    case CLI_WORDS:
        g_strfreev(*(char ***)field);
        *(char ***)field = g_strsplit(value, ",", -1);
        break;
    case CLI_TEXTS:
        g_ptr_array_add(*(GPtrArray **)field, g_strdup(value));
        break;
    case CLI_CHOICE:
        return set_choice(field, option, value, error);
    case CLI_NUMBER:
        return set_number(field, option, value, error);
    case CLI_LIST:
        add_file(parser, value, TRUE);
        break;
    }
    return TRUE;
}

/* Finds by @name, or by @letter where that is given. @other: gets an option of the name that the verb does not take. */
static const CliOption *find_option(const CliVerb *verb, const char *name, char letter, const CliOption **other)
{
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    *other = NULL;
    for (guint i = 0; i < n_options; i++) {
        if (letter ? options[i].letter != letter : strcmp(options[i].name, name) != 0)
            continue;
        if (options[i].verbs & verb->bit)
            return &options[i];
        *other = &options[i];
    }
    return NULL;
}

/* @typed: the option; @argument: all of what it stands in, which may have been meant for a file. */
static void set_unknown(const CliVerb *verb, const char *typed, const char *argument, const CliOption *other,
                        GError **error)
{
    if (other) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "option '%s' does not belong to '%s'", typed,
                    verb->name);
        return;
    }
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < n_options; i++)
        if (options[i].verbs & verb->bit)
            g_ptr_array_add(names, (gpointer)options[i].name);
    g_ptr_array_add(names, NULL);
    const char *nearest =
        g_str_has_prefix(typed, "--") ? ffarm_nearest_name(typed + 2, (const char *const *)names->pdata) : NULL;
    if (nearest)
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "option '%s' is unknown, did you mean '--%s'?", typed, nearest);
    else
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "option '%s' is unknown; for a file of that name write './%s', or put '--' before it", typed,
                    argument);
}

/* "--name", "--name=value", "--name value" */
static gboolean parse_long(Parser *parser, const char *argument, GError **error)
{
    const char *equals = strchr(argument, '=');
    g_autofree char *name = equals ? g_strndup(argument + 2, (gsize)(equals - argument - 2)) : g_strdup(argument + 2);
    const CliOption *other = NULL;
    const CliOption *option = find_option(parser->args->verb, name, 0, &other);
    if (!option) {
        g_autofree char *typed = g_strconcat("--", name, NULL);
        set_unknown(parser->args->verb, typed, argument, other, error);
        return FALSE;
    }
    if (!option->value_name && equals) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "option '--%s' takes no value", name);
        return FALSE;
    }
    const char *value = equals ? equals + 1 : NULL;
    if (option->value_name && !equals && *parser->rest)
        value = *parser->rest++;
    return apply(parser, option, value, error);
}

/* "-k", "-kv", "-c NAME", "-cNAME" */
static gboolean parse_letters(Parser *parser, const char *argument, GError **error)
{
    for (const char *letter = argument + 1; *letter; letter++) {
        const CliOption *other = NULL;
        const CliOption *option = find_option(parser->args->verb, NULL, *letter, &other);
        if (!option) {
            /* A letter may be the first byte of several; what was typed is shown then. */
            g_autofree char *typed = (guchar)*letter < 0x80 ? g_strdup_printf("-%c", *letter) : g_strdup(argument);
            set_unknown(parser->args->verb, typed, argument, other, error);
            return FALSE;
        }
        if (!option->value_name) {
            if (!apply(parser, option, NULL, error))
                return FALSE;
            continue;
        }
        const char *value = letter[1] ? letter + 1 : *parser->rest ? *parser->rest++ : NULL;
        return apply(parser, option, value, error);
    }
    return TRUE;
}

/* "ffarm --json probe FILE": taken at its word, "probe" would be a file; nobody means that. */
static gboolean check_misplaced_verb(const Parser *parser, const char *argument, GError **error)
{
    if (parser->args->files->len > 0 || parser->args->cluster || parser->args->profile || !cli_verb_find(argument))
        return TRUE;
    g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                "verb '%s' must come first; for a file of that name write './%s'", argument, argument);
    return FALSE;
}

static gboolean parse_all(Parser *parser, GError **error)
{
    gboolean options_ended = FALSE;
    while (*parser->rest) {
        const char *argument = *parser->rest++;
        gboolean ok = TRUE;
        if (options_ended || argument[0] != '-' || argument[1] == '\0') {
            if (!options_ended && parser->args->verb_is_implied)
                ok = check_misplaced_verb(parser, argument, error);
            if (ok)
                add_file(parser, argument, FALSE);
        } else if (strcmp(argument, "--") == 0) {
            options_ended = TRUE;
        } else if (argument[1] == '-') {
            ok = parse_long(parser, argument, error);
        } else {
            ok = parse_letters(parser, argument, error);
        }
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

static gboolean check_whole(const Parser *parser, GError **error)
{
    const CliArgs *args = parser->args;
    if (args->help || args->version)
        return TRUE;
    if (!args->verb->arguments && args->files->len > 0) {
        const CliFile *first = g_ptr_array_index(args->files, 0);
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "argument '%s': '%s' takes options only",
                    first->name, args->verb->name);
        return FALSE;
    }
    if (args->verb->needs_files && args->files->len == 0) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID, "'%s' needs %s", args->verb->name,
                    args->verb->arguments);
        return FALSE;
    }
    /* Without any FILE the options hold for the queue file of the configuration. */
    if (parser->pending && args->files->len > 0) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "option '--%s' holds for the files after it, and none comes after it", parser->pending);
        return FALSE;
    }
    if (args->quiet && args->verbose > 0) {
        g_set_error_literal(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                            "options '--quiet' and '--verbose' contradict each other");
        return FALSE;
    }
    return TRUE;
}

CliArgs *cli_args_parse(const char *const *argv, const CliVerb **verb, GError **error)
{
    const CliVerb *found = argv[0] && argv[1] ? cli_verb_find(argv[1]) : NULL;
    g_autoptr(CliArgs) args = args_new(found ? found : cli_verb_find("run"));
    args->argv = g_strdupv((char **)argv);
    Parser parser = {.args = args, .rest = argv + (argv[0] ? 1 : 0) + (found ? 1 : 0)};
    args->verb_is_implied = !found;
    if (verb)
        *verb = args->verb;
    if (!parse_all(&parser, error) || !check_whole(&parser, error))
        return NULL;
    return g_steal_pointer(&args);
}
