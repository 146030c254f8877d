/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* make_man — writes the manual: TEMPLATE OUTPUT. Lines of the template that are "@VERBS@", "@EXAMPLES@" or "@OPTIONS@"
 * are replaced by what the program's own tables say. */

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "verbs.h"

#define LINE_MAX_BYTES 78

/* For mdoc: a line must not begin with '.' or '\'', backslashes are its own, and '-' is a hyphen unless escaped. */
static char *escape(const char *text)
{
    GString *result = g_string_new(*text == '.' || *text == '\'' ? "\\&" : NULL);
    for (; *text; text++) {
        if (*text == '\\')
            g_string_append(result, "\\e");
        else if (*text == '-')
            g_string_append(result, "\\-");
        else
            g_string_append_c(result, *text);
    }
    return g_string_free(result, FALSE);
}

/* Appends the words of @sentence, escaped, in lines that fit a page of source. */
static void append_sentence(GString *page, const char *sentence)
{
    g_auto(GStrv) words = g_strsplit(sentence, " ", -1);
    gsize length = 0;
    for (guint i = 0; words[i]; i++) {
        g_autofree char *word = escape(words[i]);
        if (i > 0)
            g_string_append_c(page, length + strlen(word) >= LINE_MAX_BYTES ? '\n' : ' ');
        if (i > 0 && length + strlen(word) >= LINE_MAX_BYTES)
            length = 0;
        g_string_append(page, word);
        length += strlen(word) + 1;
    }
}

/* Prose: each sentence begins a line, as the format wants it. Texts have no abbreviations that end in a full stop. */
static void append_prose(GString *page, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *joined = g_strjoinv(" ", lines);
    g_auto(GStrv) sentences = g_strsplit(g_strstrip(joined), ". ", -1);
    for (guint i = 0; sentences[i]; i++) {
        append_sentence(page, sentences[i]);
        g_string_append(page, sentences[i + 1] ? ".\n" : "\n");
    }
}

static void append_verbs(GString *page)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    g_string_append(page, ".Bl -tag -width Ds\n");
    for (guint i = 0; i < n_verbs; i++) {
        g_autofree char *synopsis = cli_help_synopsis(&verbs[i]);
        g_autofree char *title = escape(synopsis);
        g_string_append_printf(page, ".It Cm \"%s\"\n", title);
        append_prose(page, verbs[i].text);
    }
    g_string_append(page, ".El\n");
}

static void append_examples(GString *page)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    g_string_append(page, ".Bl -tag -width Ds\n");
    for (guint i = 0; i < n_verbs; i++) {
        for (const CliExample *example = verbs[i].examples; example->line; example++) {
            g_autofree char *line = escape(example->line);
            g_autofree char *what = escape(example->what);
            g_string_append_printf(page, ".It Li \"%s\"\n%s\n", line, what);
        }
    }
    g_string_append(page, ".El\n");
}

/* "run, hosts" */
static char *verbs_of(const CliOption *option)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < n_verbs; i++)
        if (option->verbs & verbs[i].bit)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", verbs[i].name);
    return g_string_free(names, FALSE);
}

static void append_options(GString *page)
{
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    g_string_append(page, ".Bl -tag -width Ds\n");
    for (guint i = 0; i < n_options; i++) {
        const CliOption *option = &options[i];
        g_autofree char *names = verbs_of(option);
        g_autofree char *help = escape(option->help);
        if (option->letter)
            g_string_append_printf(page, ".It Fl %c , Fl \\-%s", option->letter, option->name);
        else
            g_string_append_printf(page, ".It Fl \\-%s", option->name);
        if (option->value_name)
            g_string_append_printf(page, " Ar %s", option->value_name);
        g_string_append_printf(page, "\n.Pq %s\n%c%s.\n", names, g_ascii_toupper(help[0]), help + 1);
        if (option->details)
            append_prose(page, option->details);
    }
    g_string_append(page, ".El\n");
}

static char *fill(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *page = g_string_new(NULL);
    for (guint i = 0; lines[i]; i++) {
        if (strcmp(lines[i], "@VERBS@") == 0)
            append_verbs(page);
        else if (strcmp(lines[i], "@EXAMPLES@") == 0)
            append_examples(page);
        else if (strcmp(lines[i], "@OPTIONS@") == 0)
            append_options(page);
        else if (lines[i + 1])
            g_string_append_printf(page, "%s\n", lines[i]);
    }
    return g_string_free(page, FALSE);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: make_man TEMPLATE OUTPUT\n");
        return 2;
    }
    if (!g_file_get_contents(argv[1], &text, NULL, &error)) {
        fprintf(stderr, "make_man: %s\n", error->message);
        return 1;
    }
    g_autofree char *page = fill(text);
    if (!g_file_set_contents(argv[2], page, -1, &error)) {
        fprintf(stderr, "make_man: %s\n", error->message);
        return 1;
    }
    return 0;
}
