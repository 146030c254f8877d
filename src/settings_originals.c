/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "original.h"
#include "settings_loader.h"

#define DAY_LIMIT 36500

void ffarm_settings_read_originals(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot)
{
    for (FfarmOriginals one = FFARM_ORIGINALS_REPLACE; one <= FFARM_ORIGINALS_TRASH; one++) {
        if (strcmp(value->text, ffarm_originals_name(one)) == 0) {
            *(FfarmOriginals *)slot = one;
            return;
        }
    }
    ffarm_yaml_error(reader, value, "'%s' is '%s', expected replace, keep or trash", key->text, value->text);
}

/* A relative one has to be a folder of its own below the film's. */
void ffarm_settings_read_trash_dir(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot)
{
    g_auto(GStrv) parts = g_strsplit(value->text, "/", -1);
    const char *const *names = (const char *const *)parts;
    if (g_strv_contains(names, ".") || g_strv_contains(names, ".."))
        ffarm_yaml_error(reader, value, "'%s' must not go by '.' or '..', expected a folder's name or a whole path",
                         key->text);
    else
        ffarm_yaml_read_path(reader, key, value, slot);
}

void ffarm_settings_read_trash_days(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                    gpointer slot)
{
    ffarm_yaml_read_integer(reader, key, value, 0, DAY_LIMIT, slot);
}
