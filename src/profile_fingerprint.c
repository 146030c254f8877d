/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "profile.h"

#include <string.h>

/* Every value with its end, so that no two lists of values look alike. */
static void add(GChecksum *sum, const char *value)
{
    const char *text = value ? value : "\1";
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

static void add_words(GChecksum *sum, char **words)
{
    for (; words && *words; words++)
        add(sum, *words);
    add(sum, "\2");
}

static void add_sections(GChecksum *sum, const FfarmOptions *sections)
{
    for (guint i = 0; i < FFARM_N_SECTIONS; i++)
        add_words(sum, sections[i].words);
}

static void add_languages(GChecksum *sum, const FfarmLanguages *languages)
{
    add_words(sum, languages->include_languages);
    add_words(sum, languages->exclude_languages);
    add(sum, languages->default_language);
}

static void add_number(GChecksum *sum, double number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    add(sum, g_ascii_dtostr(text, sizeof(text), number));
}

char *ffarm_profile_fingerprint(const FfarmProfile *profile, gboolean automap)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    gboolean maps = profile->automap == FFARM_TRISTATE_UNSET ? automap : profile->automap == FFARM_TRISTATE_YES;
    add_sections(sum, profile->sections);
    add(sum, profile->extension);
    add_number(sum, profile->threshold);
    add(sum, maps ? "maps" : "");
    add_languages(sum, &profile->audio);
    add_languages(sum, &profile->subtitle);
    add(sum, profile->quality);
    if (profile->codec) {
        add(sum, profile->codec);
        add(sum, profile->speed);
        add(sum, profile->bit_depth);
    }
    if (profile->hdr && strcmp(profile->hdr, "keep") != 0)
        add(sum, profile->hdr);
    for (guint i = 0; i < profile->engines->len; i++) {
        const FfarmEngineOptions *engine = g_ptr_array_index(profile->engines, i);
        add(sum, engine->name);
        add_sections(sum, engine->sections);
    }
    char *text = g_strndup(g_checksum_get_string(sum), 32);
    g_checksum_free(sum);
    return text;
}
