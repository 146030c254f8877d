/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "ffarm.h"

/* Where the second column of a table starts. */
#define EXAMPLE_COLUMN 40
#define OPTION_COLUMN 26

char *cli_help_synopsis(const CliVerb *verb)
{
    const char *name = verb->bit == CLI_VERB_RUN ? "[run]" : verb->name;
    const char *options = verb->bit == CLI_VERB_HELP ? "" : " [OPTIONS]";
    return g_strdup_printf("ffarm %s%s%s%s", name, options, verb->arguments ? " " : "",
                           verb->arguments ? verb->arguments : "");
}

char *cli_help_option(const CliOption *option)
{
    GString *text = g_string_new(NULL);
    if (option->letter)
        g_string_append_printf(text, "-%c, ", option->letter);
    else
        g_string_append(text, "    ");
    g_string_append_printf(text, "--%s", option->name);
    if (option->value_name)
        g_string_append_printf(text, " %s", option->value_name);
    return g_string_free(text, FALSE);
}

/* Two columns; a left side that is too long gets a line of its own. */
static void append_row(GString *text, int column, const char *left, const char *right)
{
    int length = (int)g_utf8_strlen(left, -1);
    if (length + 2 > column)
        g_string_append_printf(text, "  %s\n  %*s%s\n", left, column, "", right);
    else
        g_string_append_printf(text, "  %-*s%s\n", column, left, right);
}

static void append_examples(GString *text, const CliExample *examples)
{
    for (; examples->line; examples++)
        append_row(text, EXAMPLE_COLUMN, examples->line, examples->what);
}

char *cli_help_verb(const CliVerb *verb)
{
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    g_autofree char *synopsis = cli_help_synopsis(verb);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s\n\n", synopsis);
    append_examples(text, verb->examples);
    g_string_append_printf(text, "\n%s\n", verb->text);
    for (guint i = 0; i < n_options; i++) {
        if (!(options[i].verbs & verb->bit))
            continue;
        g_autofree char *left = cli_help_option(&options[i]);
        append_row(text, OPTION_COLUMN, left, options[i].help);
    }
    return g_string_free(text, FALSE);
}

char *cli_help_overview(void)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    GString *text = g_string_new("ffarm encodes video files with ffmpeg, here or on a cluster of hosts over SSH.\n\n");
    append_examples(text, verbs[0].examples);
    append_row(text, EXAMPLE_COLUMN, "ffarm probe film.mkv", "what a file holds");
    g_string_append(text, "\n");
    for (guint i = 0; i < n_verbs; i++) {
        g_autofree char *synopsis = cli_help_synopsis(&verbs[i]);
        append_row(text, EXAMPLE_COLUMN, synopsis, verbs[i].summary);
    }
    g_string_append(text, "\n'ffarm help VERB' explains a verb; the manual is ffarm(1).\n");
    return g_string_free(text, FALSE);
}

char *cli_help_version(void)
{
    return g_strdup_printf("ffarm " FFARM_VERSION "\n%s\n%s\nGLib %u.%u.%u\n", ffarm_probe_versions(),
                           ffarm_runner_versions(), glib_major_version, glib_minor_version, glib_micro_version);
}
