/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* make_completions — writes what a shell needs to complete command lines: SHELL OUTPUT, with SHELL one of bash, zsh and
 * fish. All of it comes from the program's own tables. */

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "verbs.h"

/* What a value is, for its completion. */
typedef enum { VALUE_NONE, VALUE_WORDS, VALUE_FILE, VALUE_FOLDER, VALUE_OTHER } ValueKind;

static ValueKind value_kind(const CliOption *option)
{
    if (!option->value_name)
        return VALUE_NONE;
    if (option->kind == CLI_CHOICE)
        return VALUE_WORDS;
    if (strcmp(option->value_name, "FILE") == 0)
        return VALUE_FILE;
    return strcmp(option->value_name, "DIR") == 0 ? VALUE_FOLDER : VALUE_OTHER;
}

/* "given longest shortest" */
static char *choices(const CliOption *option)
{
    return g_strdelimit(g_strdup(option->value_name), "|", ' ');
}

/* The names of the verbs that take @option, or of those that don't, with @separator between them. */
static char *verbs_of(const CliOption *option, gboolean taking, const char *separator)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < n_verbs; i++)
        if (((option->verbs & verbs[i].bit) != 0) == taking)
            g_string_append_printf(names, "%s%s", names->len > 0 ? separator : "", verbs[i].name);
    return g_string_free(names, FALSE);
}

static char *all_verbs(const char *separator)
{
    g_autofree const char **names = cli_verb_names();
    return g_strjoinv(separator, (char **)names);
}

/* @text between single quotes, for all three shells: each ends the quotes, escapes the quote, and begins again. */
static char *quoted(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "'", -1);
    g_autofree char *inner = g_strjoinv("'\\''", parts);
    return g_strdup_printf("'%s'", inner);
}

/* --- bash --- */

/* The patterns of the last word after which a value of @option is due: "run:-c|run:--cluster". */
static char *bash_patterns(const CliOption *option)
{
    g_autofree char *names = verbs_of(option, TRUE, " ");
    g_auto(GStrv) verbs = g_strsplit(names, " ", -1);
    GString *patterns = g_string_new(NULL);
    for (guint i = 0; verbs[i]; i++) {
        g_string_append_printf(patterns, "%s%s:--%s", i > 0 ? "|" : "", verbs[i], option->name);
        if (option->letter)
            g_string_append_printf(patterns, "|%s:-%c", verbs[i], option->letter);
    }
    return g_string_free(patterns, FALSE);
}

static void append_bash_value(GString *out, const CliOption *option)
{
    ValueKind kind = value_kind(option);
    if (kind == VALUE_NONE)
        return;
    g_autofree char *patterns = bash_patterns(option);
    g_autofree char *words = choices(option);
    g_string_append_printf(out, "    %s) ", patterns);
    if (kind == VALUE_WORDS)
        g_string_append_printf(out, "COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", words);
    else if (kind == VALUE_FOLDER)
        g_string_append(out, "compopt -o dirnames +o default; return ;;\n");
    else
        g_string_append(out, kind == VALUE_FILE ? "return ;;\n" : "compopt +o default; return ;;\n");
}

static void append_bash_options(GString *out, const CliVerb *verb)
{
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    g_string_append_printf(out, "      %s) COMPREPLY=($(compgen -W '", verb->name);
    for (guint i = 0; i < n_options; i++)
        if (options[i].verbs & verb->bit)
            g_string_append_printf(out, "%s--%s", i > 0 ? " " : "", options[i].name);
    g_string_append(out, "' -- \"$word\")) ;;\n");
}

static void append_bash(GString *out)
{
    guint n_options = 0, n_verbs = 0;
    const CliOption *options = cli_options(&n_options);
    const CliVerb *verbs = cli_verbs(&n_verbs);
    g_autofree char *names = all_verbs("|"), *words = all_verbs(" ");
    g_string_append_printf(out,
                           "# bash completion for ffarm\n_ffarm() {\n"
                           "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=run\n"
                           "  COMPREPLY=()\n"
                           "  if [ \"$COMP_CWORD\" -gt 1 ]; then\n    case ${COMP_WORDS[1]} in\n"
                           "      %s) verb=${COMP_WORDS[1]} ;;\n    esac\n  fi\n  case $verb:$before in\n",
                           names);
    for (guint i = 0; i < n_options; i++)
        append_bash_value(out, &options[i]);
    g_string_append(out, "  esac\n  if [[ $word == -* ]]; then\n    case $verb in\n");
    for (guint i = 0; i < n_verbs; i++)
        append_bash_options(out, &verbs[i]);
    g_string_append_printf(out,
                           "    esac\n  elif [ \"$COMP_CWORD\" = 1 ]; then\n"
                           "    COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n  fi\n}\n"
                           "complete -o default -F _ffarm ffarm\n",
                           words);
}

/* --- zsh --- */

/* "[help]:NAME:action", quoted; brackets and colons are the format's own. */
static char *zsh_spec(const CliOption *option, const char *name)
{
    g_autofree char *words = option->value_name ? choices(option) : NULL;
    GString *spec = g_string_new("*");
    g_string_append_printf(spec, "%s[", name);
    for (const char *c = option->help; *c; c++)
        g_string_append_printf(spec, "%s%c", strchr("[]:\\", *c) ? "\\" : "", *c);
    g_string_append_c(spec, ']');
    switch (value_kind(option)) {
    case VALUE_NONE:
        break;
    case VALUE_WORDS:
        g_string_append_printf(spec, ":value:(%s)", words);
        break;
    case VALUE_FILE:
        g_string_append(spec, ":file:_files");
        break;
    case VALUE_FOLDER:
        g_string_append(spec, ":folder:_files -/");
        break;
    case VALUE_OTHER:
        g_string_append_printf(spec, ":%s: ", option->value_name);
        break;
    }
    g_autofree char *text = g_string_free(spec, FALSE);
    return quoted(text);
}

static void append_zsh_options(GString *out, const CliVerb *verb)
{
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    g_string_append_printf(out, "    (%s) options=(\n", verb->name);
    for (guint i = 0; i < n_options; i++) {
        if (!(options[i].verbs & verb->bit))
            continue;
        g_autofree char *name = g_strdup_printf("--%s%s", options[i].name, options[i].value_name ? "=" : "");
        g_autofree char *spec = zsh_spec(&options[i], name);
        g_string_append_printf(out, "      %s\n", spec);
        if (options[i].letter) {
            char letter[] = {'-', options[i].letter, '\0'};
            g_autofree char *short_spec = zsh_spec(&options[i], letter);
            g_string_append_printf(out, "      %s\n", short_spec);
        }
    }
    g_string_append(out, "    ) ;;\n");
}

static void append_zsh(GString *out)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    g_autofree char *names = all_verbs("|");
    g_string_append(out, "#compdef ffarm\n\n_ffarm_first() {\n  local -a verbs=(\n");
    for (guint i = 0; i < n_verbs; i++) {
        g_autofree char *text = g_strdup_printf("%s:%s", verbs[i].name, verbs[i].summary);
        g_autofree char *row = quoted(text);
        g_string_append_printf(out, "    %s\n", row);
    }
    g_string_append_printf(out,
                           "  )\n  _describe verb verbs\n  _files\n}\n\n_ffarm() {\n  local verb=run\n"
                           "  local -a options\n  (( CURRENT > 2 )) && case $words[2] in\n"
                           "    (%s) verb=$words[2] ;;\n  esac\n  case $verb in\n",
                           names);
    for (guint i = 0; i < n_verbs; i++)
        append_zsh_options(out, &verbs[i]);
    g_string_append(out,
                    "  esac\n  _arguments -s -S $options '1: :_ffarm_first' '*:file:_files'\n}\n\n_ffarm \"$@\"\n");
}

/* --- fish --- */

static void append_fish_option(GString *out, const CliOption *option)
{
    gboolean runs = (option->verbs & CLI_VERB_RUN) != 0; /* the verb that may be left out */
    g_autofree char *verbs = verbs_of(option, !runs, " ");
    g_autofree char *help = quoted(option->help);
    ValueKind kind = value_kind(option);
    g_string_append(out, "complete -c ffarm");
    if (*verbs)
        g_string_append_printf(out, " -n '%s__fish_seen_subcommand_from %s'", runs ? "not " : "", verbs);
    if (option->letter)
        g_string_append_printf(out, " -s %c", option->letter);
    g_string_append_printf(out, " -l %s -d %s", option->name, help);
    if (kind == VALUE_WORDS) {
        g_autofree char *words = choices(option);
        g_string_append_printf(out, " -x -a '%s'", words);
    } else if (kind == VALUE_FOLDER) {
        g_string_append(out, " -x -a '(__fish_complete_directories)'");
    } else if (kind != VALUE_NONE) {
        g_string_append(out, kind == VALUE_FILE ? " -r -F" : " -x");
    }
    g_string_append_c(out, '\n');
}

static void append_fish(GString *out)
{
    guint n_options = 0, n_verbs = 0;
    const CliOption *options = cli_options(&n_options);
    const CliVerb *verbs = cli_verbs(&n_verbs);
    g_string_append(out, "# fish completion for ffarm\n");
    for (guint i = 0; i < n_verbs; i++) {
        g_autofree char *summary = quoted(verbs[i].summary);
        g_string_append_printf(out, "complete -c ffarm -n __fish_use_subcommand -a %s -d %s\n", verbs[i].name, summary);
    }
    for (guint i = 0; i < n_options; i++)
        append_fish_option(out, &options[i]);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    if (argc == 3 && strcmp(argv[1], "bash") == 0)
        append_bash(out);
    else if (argc == 3 && strcmp(argv[1], "zsh") == 0)
        append_zsh(out);
    else if (argc == 3 && strcmp(argv[1], "fish") == 0)
        append_fish(out);
    if (out->len == 0) {
        fprintf(stderr, "usage: make_completions bash|zsh|fish OUTPUT\n");
        return 2;
    }
    if (!g_file_set_contents(argv[2], out->str, -1, &error)) {
        fprintf(stderr, "make_completions: %s\n", error->message);
        return 1;
    }
    return 0;
}
