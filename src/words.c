/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include <string.h>

/* Each of these stands on a quote or backslash, appends what it stands for, and returns what follows; NULL if it is
 * open. */

static const char *take_single_quoted(const char *p, GString *word)
{
    const char *end = strchr(p + 1, '\'');
    if (!end)
        return NULL;
    g_string_append_len(word, p + 1, end - p - 1);
    return end + 1;
}

static const char *take_double_quoted(const char *p, GString *word)
{
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1] && strchr("\"\\$`\n", p[1])) {
            if (*++p != '\n')
                g_string_append_c(word, *p);
        } else {
            g_string_append_c(word, *p);
        }
    }
    return *p ? p + 1 : NULL;
}

static const char *take_escaped(const char *p, GString *word)
{
    if (!p[1])
        return NULL;
    if (p[1] != '\n')
        g_string_append_c(word, p[1]);
    return p + 2;
}

static const char *take_word(const char *p, GString *word, const char **wrong)
{
    while (p && *p && !g_ascii_isspace(*p)) {
        *wrong = p;
        if (*p == '\'')
            p = take_single_quoted(p, word);
        else if (*p == '"')
            p = take_double_quoted(p, word);
        else if (*p == '\\')
            p = take_escaped(p, word);
        else
            g_string_append_c(word, *p++);
    }
    return p;
}

/* Blanks, escaped line breaks and, where they count, comments. */
static const char *skip_to_word(const char *p, gboolean has_comments)
{
    for (;;) {
        if (g_ascii_isspace(*p))
            p++;
        else if (p[0] == '\\' && p[1] == '\n')
            p += 2;
        else if (*p == '#' && has_comments)
            p += strcspn(p, "\n");
        else
            return p;
    }
}

char **ffarm_words_split(const char *text, gboolean has_comments, gsize *wrong_offset)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    for (const char *p = skip_to_word(text, has_comments); *p; p = skip_to_word(p, has_comments)) {
        g_autoptr(GString) word = g_string_new(NULL);
        const char *wrong = p;
        p = take_word(p, word, &wrong);
        if (!p) {
            *wrong_offset = (gsize)(wrong - text);
            return NULL;
        }
        g_strv_builder_add(words, word->str);
    }
    return g_strv_builder_end(words);
}
