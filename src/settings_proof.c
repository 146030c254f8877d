/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "proof.h"
#include "settings_loader.h"

/* The place of @value among @words, from 1: enums here have UNSET for 0. */
static void read_word(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                      const char *const *words, guint *slot)
{
    for (guint i = 0; words[i]; i++) {
        if (strcmp(value->text, words[i]) == 0) {
            *slot = i + 1;
            return;
        }
    }
    g_autofree char *list = g_strjoinv(" or ", (char **)words);
    ffarm_yaml_error(reader, value, "'%s' is '%s', expected %s", key->text, value->text, list);
}

void ffarm_settings_read_verify(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot)
{
    static const char *const words[] = {"packets", "decode", "quality", NULL};
    guint level = *(FfarmProofLevel *)slot;
    read_word(reader, key, value, words, &level);
    *(FfarmProofLevel *)slot = level;
}

void ffarm_settings_read_damaged(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot)
{
    static const char *const words[] = {"skip", "encode", NULL};
    guint damaged = *(FfarmDamaged *)slot;
    read_word(reader, key, value, words, &damaged);
    *(FfarmDamaged *)slot = damaged;
}

static void read_expectation(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                             gpointer slot)
{
    static const char *const words[] = {"any", "same", NULL};
    guint expect = *(FfarmExpect *)slot;
    read_word(reader, key, value, words, &expect);
    *(FfarmExpect *)slot = expect;
}

void ffarm_settings_read_expect(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot)
{
    static const FfarmYamlField fields[] = {
        {"frames", FFARM_YAML_TEXT, read_expectation, G_STRUCT_OFFSET(FfarmProof, frames)},
        {"duration", FFARM_YAML_TEXT, read_expectation, G_STRUCT_OFFSET(FfarmProof, duration)},
        {"hdr", FFARM_YAML_TEXT, read_expectation, G_STRUCT_OFFSET(FfarmProof, hdr)},
        {"metadata", FFARM_YAML_TEXT, read_expectation, G_STRUCT_OFFSET(FfarmProof, metadata)},
        {NULL, 0, NULL, 0},
    };
    ffarm_yaml_read_map(reader, value, fields, slot);
}

static void read_bound(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, guint most,
                       FfarmBound *bound)
{
    gboolean is_number = g_ascii_isdigit(value->text[0]) && strspn(value->text, "0123456789.") == strlen(value->text);
    char *end = NULL;
    double number = g_ascii_strtod(value->text, &end);
    if (!is_number || number > most || *end)
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected a number from 0 to %u", key->text, value->text, most);
    else
        *bound = (FfarmBound){TRUE, number};
}

void ffarm_settings_read_min_ssim(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot)
{
    read_bound(reader, key, value, 1, slot);
}

void ffarm_settings_read_min_vmaf(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot)
{
    read_bound(reader, key, value, 100, slot);
}
