/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "settings_loader.h"
#include "words.h"

#define WORD_LIMIT 1000 /* of one section; ffmpeg's line must stay below what a command line may hold */

/* Where the character at @offset of the text of @value stands in the file: exact for literal blocks and for texts on
 * one line, else where the text begins. */
static FfarmYamlNode place_in_text(const FfarmYamlReader *reader, const FfarmYamlNode *value, gsize offset)
{
    FfarmYamlNode place = *value;
    const char *line_start = value->text;
    if (!value->is_literal) {
        place.column += value->is_plain ? (guint)g_utf8_strlen(value->text, (gssize)offset) : 0;
        return place;
    }
    place.line++;
    for (const char *p = value->text; p < value->text + offset; p++) {
        if (*p != '\n')
            continue;
        place.line++;
        line_start = p + 1;
    }
    g_autofree char *source = ffarm_yaml_doc_line(reader->doc, place.line);
    gsize indentation = source ? strspn(source, " ") : 0;
    gsize inner = strspn(line_start, " ");
    place.column = (guint)(indentation - MIN(inner, indentation)) + 1 +
                   (guint)g_utf8_strlen(line_start, value->text + offset - line_start);
    return place;
}

static void add_words(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, GPtrArray *words)
{
    gsize wrong = 0;
    g_auto(GStrv) split = ffarm_words_split(value->text, value->is_literal, &wrong);
    if (!split) {
        FfarmYamlNode place = place_in_text(reader, value, wrong);
        ffarm_yaml_error(reader, &place, "'%s' %s", key->text,
                         value->text[wrong] == '\\' ? "ends in a backslash with nothing behind it"
                                                    : "has a quote that is never closed");
        return;
    }
    for (guint i = 0; split[i]; i++)
        g_ptr_array_add(words, g_strdup(split[i]));
}

static void add_items(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *list, GPtrArray *words)
{
    for (guint i = 0; i < list->items->len; i++) {
        const FfarmYamlNode *item = g_ptr_array_index(list->items, i);
        if (item->kind == FFARM_YAML_TEXT)
            add_words(reader, key, item, words);
        else if (item->kind != FFARM_YAML_NULL)
            ffarm_yaml_error(reader, item, "'%s' is a list of ffmpeg options, expected one like '-c:v copy' here",
                             key->text);
    }
}

void ffarm_settings_read_options(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot)
{
    FfarmOptions *options = slot;
    GPtrArray *words = g_ptr_array_new();
    if (value->kind == FFARM_YAML_LIST)
        add_items(reader, key, value, words);
    else if (value->kind == FFARM_YAML_TEXT)
        add_words(reader, key, value, words);
    if (words->len > WORD_LIMIT)
        ffarm_yaml_error(reader, value, "'%s' has more than %d words", key->text, WORD_LIMIT);
    g_ptr_array_add(words, NULL);
    ffarm_options_clear(options);
    options->is_set = TRUE;
    options->is_list = value->kind != FFARM_YAML_TEXT;
    options->words = (char **)g_ptr_array_free(words, FALSE);
}
