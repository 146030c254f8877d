/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>
#include "engine.h"
#include "settings_loader.h"

#define PROFILE_LIMIT 1000

static void read_extension(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    const char *text = value->text;
    if (text[0] != '.' && *text)
        ffarm_yaml_error(reader, value, "'%s' must begin with a dot: '.%s'", key->text, text);
    else if (strlen(text) < 2 || strlen(text) > 32 || strpbrk(text, "/\\ \t\r\n") || strchr(text + 1, '.'))
        ffarm_yaml_error(reader, value, "'%s' is no extension of a file name, expected one like '.mkv'", text);
    else
        ffarm_yaml_read_text(reader, key, value, slot);
}

static void read_percent(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    gboolean is_number = g_ascii_isdigit(value->text[0]) && strspn(value->text, "0123456789.") == strlen(value->text);
    char *end = NULL;
    double percent = g_ascii_strtod(value->text, &end);
    if (!is_number || percent > 100 || *end)
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected a number from 0 to 100", key->text, value->text);
    else
        *(double *)slot = percent;
}

static void read_quality(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const levels[] = {"low", "medium", "high", NULL};
    char **quality = slot;
    g_autofree char *word = g_ascii_strdown(value->text, -1);
    if (g_strv_contains(levels, word) || g_ascii_string_to_unsigned(word, 10, 0, 51, NULL, NULL)) {
        g_free(*quality);
        *quality = g_steal_pointer(&word);
    } else {
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected low, medium, high or a whole number from 0 to 51",
                         key->text, value->text);
    }
}

static void read_name_of(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                         const char *const *names, gpointer slot)
{
    char **name = slot;
    int found = ffarm_yaml_read_choice(reader, key, value, names);
    if (found < 0)
        return;
    g_free(*name);
    *name = g_strdup(names[found]);
}

static void read_codec(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    /* The last two are other names of what stands at the same place in front. */
    static const char *const codecs[] = {"h264", "hevc", "av1", "copy", "avc", "h265", NULL};
    char **codec = slot;
    int found = ffarm_yaml_read_choice(reader, key, value, codecs);
    if (found < 0)
        return;
    g_free(*codec);
    *codec = g_strdup(codecs[found % 4]);
}

static void read_speed(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const speeds[] = {"fast", "balanced", "best", NULL};
    read_name_of(reader, key, value, speeds, slot);
}

static void read_bit_depth(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const depths[] = {"auto", "8", "10", NULL};
    read_name_of(reader, key, value, depths, slot);
}

static void read_hdr(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const char *const modes[] = {"keep", "tonemap", "skip", NULL};
    read_name_of(reader, key, value, modes, slot);
}

static void read_tristate(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    gboolean is_on = FALSE;
    if (ffarm_yaml_parse_boolean(value->text, &is_on))
        *(FfarmTristate *)slot = is_on ? FFARM_TRISTATE_YES : FFARM_TRISTATE_NO;
    else
        ffarm_yaml_error(reader, value, "'%s' is '%s', expected yes or no", key->text, value->text);
}

/* The queue "default" is the one without a name. */
static void read_queue_name(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                            gpointer slot)
{
    if (strcmp(value->text, "default") == 0)
        return;
    ffarm_yaml_read_text(reader, key, value, slot);
    if (*value->text)
        ffarm_settings_refer(ffarm_settings_loader(reader), FFARM_REFERENCE_QUEUE, value, value->text);
}

static void read_languages(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const guint names = FFARM_YAML_LIST | FFARM_YAML_TEXT;
    static const FfarmYamlField fields[] = {
        {"include_languages", names, ffarm_yaml_read_names, G_STRUCT_OFFSET(FfarmLanguages, include_languages)},
        {"exclude_languages", names, ffarm_yaml_read_names, G_STRUCT_OFFSET(FfarmLanguages, exclude_languages)},
        {"default_language", FFARM_YAML_TEXT, ffarm_yaml_read_text, G_STRUCT_OFFSET(FfarmLanguages, default_language)},
        {NULL, 0, NULL, 0},
    };
    ffarm_yaml_read_map(reader, value, fields, slot);
}

#define OPTIONS (FFARM_YAML_TEXT | FFARM_YAML_LIST | FFARM_YAML_NULL)
#define SECTION(type, section) (G_STRUCT_OFFSET(type, sections) + (section) * sizeof(FfarmOptions))

static void read_engine(FfarmYamlReader *reader, const FfarmYamlNode *name, const FfarmYamlNode *map,
                        FfarmProfile *profile)
{
    static const FfarmYamlField fields[] = {
        {"input_options", OPTIONS, ffarm_settings_read_options, SECTION(FfarmEngineOptions, FFARM_SECTION_INPUT)},
        {"output_options", OPTIONS, ffarm_settings_read_options, SECTION(FfarmEngineOptions, FFARM_SECTION_OUTPUT)},
        {"output_options_audio", OPTIONS, ffarm_settings_read_options,
         SECTION(FfarmEngineOptions, FFARM_SECTION_AUDIO)},
        {"output_options_video", OPTIONS, ffarm_settings_read_options,
         SECTION(FfarmEngineOptions, FFARM_SECTION_VIDEO)},
        {"output_options_subtitle", OPTIONS, ffarm_settings_read_options,
         SECTION(FfarmEngineOptions, FFARM_SECTION_SUBTITLE)},
        {NULL, 0, NULL, 0},
    };
    if (!g_strv_contains(ffarm_engine_names(), name->text))
        ffarm_yaml_error_unknown(reader, name, "unknown engine", name->text, ffarm_engine_names());
    else if (ffarm_yaml_expect(reader, name, map, FFARM_YAML_MAP))
        ffarm_yaml_read_map(reader, map, fields, ffarm_profile_add_engine(profile, name->text));
}

static void read_profile_engines(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot)
{
    for (guint i = 0; i < value->items->len; i++)
        read_engine(reader, g_ptr_array_index(value->items, i), g_ptr_array_index(value->values, i), slot);
}

/* The profile being read is the last of the drafts. */
static void read_include(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    const GPtrArray *drafts = ffarm_settings_loader(reader)->drafts;
    FfarmProfileDraft *draft = g_ptr_array_index(drafts, drafts->len - 1);
    draft->include_node = value;
    ffarm_yaml_read_names(reader, key, value, &draft->includes);
}

static const FfarmYamlField profile_fields[] = {
    {"input_options", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_INPUT)},
    {"output_options", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_OUTPUT)},
    {"output_options_video", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_VIDEO)},
    {"output_options_audio", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_AUDIO)},
    {"output_options_subtitle", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_SUBTITLE)},
    {"output_options_subtitles", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_SUBTITLE)},
    {"include", FFARM_YAML_TEXT | FFARM_YAML_LIST, read_include, 0},
    {"extension", FFARM_YAML_TEXT, read_extension, G_STRUCT_OFFSET(FfarmProfile, extension)},
    {"threshold", FFARM_YAML_TEXT, read_percent, G_STRUCT_OFFSET(FfarmProfile, threshold)},
    {"threshold_check", FFARM_YAML_TEXT, read_percent, G_STRUCT_OFFSET(FfarmProfile, threshold_check)},
    {"queue", FFARM_YAML_TEXT, read_queue_name, G_STRUCT_OFFSET(FfarmProfile, queue)},
    {"stall_timeout", FFARM_YAML_TEXT, ffarm_settings_read_stall_timeout, G_STRUCT_OFFSET(FfarmProfile, stall_timeout)},
    {"automap", FFARM_YAML_TEXT, read_tristate, G_STRUCT_OFFSET(FfarmProfile, automap)},
    {"originals", FFARM_YAML_TEXT, ffarm_settings_read_originals, G_STRUCT_OFFSET(FfarmProfile, originals)},
    {"keep_times", FFARM_YAML_TEXT, read_tristate, G_STRUCT_OFFSET(FfarmProfile, keep_times)},
    {"audio", FFARM_YAML_MAP, read_languages, G_STRUCT_OFFSET(FfarmProfile, audio)},
    {"subtitle", FFARM_YAML_MAP, read_languages, G_STRUCT_OFFSET(FfarmProfile, subtitle)},
    {"codec", FFARM_YAML_TEXT, read_codec, G_STRUCT_OFFSET(FfarmProfile, codec)},
    {"speed", FFARM_YAML_TEXT, read_speed, G_STRUCT_OFFSET(FfarmProfile, speed)},
    {"bit_depth", FFARM_YAML_TEXT, read_bit_depth, G_STRUCT_OFFSET(FfarmProfile, bit_depth)},
    {"hdr", FFARM_YAML_TEXT, read_hdr, G_STRUCT_OFFSET(FfarmProfile, hdr)},
    {"quality", FFARM_YAML_TEXT, read_quality, G_STRUCT_OFFSET(FfarmProfile, quality)},
    {"engines", FFARM_YAML_MAP, read_profile_engines, 0},
    {"verify", FFARM_YAML_TEXT, ffarm_settings_read_verify, G_STRUCT_OFFSET(FfarmProfile, proof.level)},
    {"min_ssim", FFARM_YAML_TEXT, ffarm_settings_read_min_ssim, G_STRUCT_OFFSET(FfarmProfile, proof.min_ssim)},
    {"min_vmaf", FFARM_YAML_TEXT, ffarm_settings_read_min_vmaf, G_STRUCT_OFFSET(FfarmProfile, proof.min_vmaf)},
    {"damaged", FFARM_YAML_TEXT, ffarm_settings_read_damaged, G_STRUCT_OFFSET(FfarmProfile, proof.damaged)},
    {"expect", FFARM_YAML_MAP, ffarm_settings_read_expect, G_STRUCT_OFFSET(FfarmProfile, proof)},
    {NULL, 0, NULL, 0},
};

/* A template's languages: "*eng ger", the default one with a star. A single one is the default anyway. */
static void read_starred_languages(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot)
{
    FfarmLanguages *languages = slot;
    ffarm_yaml_read_names(reader, key, value, &languages->include_languages);
    char **names = languages->include_languages;
    for (guint i = 0; names[i]; i++) {
        if (names[i][0] != '*')
            continue;
        g_free(languages->default_language);
        memmove(names[i], names[i] + 1, strlen(names[i]));
        languages->default_language = g_strdup(names[i]);
    }
    if (names[0] && !names[1] && !languages->default_language)
        languages->default_language = g_strdup(names[0]);
}

static gboolean decides_how_to_encode(const char *name)
{
    static const char *const names[] = {"codec", "quality", "speed", "bit_depth", "hdr", "engines", "include", NULL};
    return strstr(name, "options") || g_strv_contains(names, name);
}

/* Every unknown key that is most likely one of these: ffmpeg would run without it and choose by itself how to encode,
 * which is no harmless mistake. A strict reader has said it already.
 * @counts: whether a name is one of these; NULL: all are */
static void refuse_misspelt_options(FfarmYamlReader *reader, const FfarmYamlNode *map, const FfarmYamlField *fields,
                                    gboolean (*counts)(const char *name))
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const FfarmYamlField *field = fields; field->key; field++)
        g_ptr_array_add(known, (char *)field->key);
    g_ptr_array_add(known, NULL);
    const char *const *names = (const char *const *)known->pdata;
    for (guint i = 0; i < map->items->len && !reader->is_strict; i++) {
        const FfarmYamlNode *key = g_ptr_array_index(map->items, i);
        const char *nearest = ffarm_nearest_name(key->text, names);
        if (nearest && (!counts || counts(nearest)) && !g_strv_contains(names, key->text))
            ffarm_yaml_error(reader, key, "without '%s' ffmpeg would choose by itself how to encode", nearest);
    }
}

static void read_cli(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value, gpointer slot)
{
    static const FfarmYamlField fields[] = {
        {"input-options", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_INPUT)},
        {"video-codec", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_VIDEO)},
        {"audio-codec", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_AUDIO)},
        {"subtitles", OPTIONS, ffarm_settings_read_options, SECTION(FfarmProfile, FFARM_SECTION_SUBTITLE)},
        {NULL, 0, NULL, 0},
    };
    ffarm_yaml_read_map(reader, value, fields, slot);
    refuse_misspelt_options(reader, value, fields, NULL);
}

static const FfarmYamlField template_fields[] = {
    {"cli", FFARM_YAML_MAP, read_cli, 0},
    {"audio-lang", FFARM_YAML_TEXT | FFARM_YAML_LIST, read_starred_languages, G_STRUCT_OFFSET(FfarmProfile, audio)},
    {"subtitle-lang", FFARM_YAML_TEXT | FFARM_YAML_LIST, read_starred_languages,
     G_STRUCT_OFFSET(FfarmProfile, subtitle)},
    {"threshold", FFARM_YAML_TEXT, read_percent, G_STRUCT_OFFSET(FfarmProfile, threshold)},
    {"threshold_check", FFARM_YAML_TEXT, read_percent, G_STRUCT_OFFSET(FfarmProfile, threshold_check)},
    {"extension", FFARM_YAML_TEXT, read_extension, G_STRUCT_OFFSET(FfarmProfile, extension)},
    {"queue", FFARM_YAML_TEXT, read_queue_name, G_STRUCT_OFFSET(FfarmProfile, queue)},
    {"stall_timeout", FFARM_YAML_TEXT, ffarm_settings_read_stall_timeout, G_STRUCT_OFFSET(FfarmProfile, stall_timeout)},
    {NULL, 0, NULL, 0},
};

/* TRUE if a profile may have this name: profiles and templates share one set of them. */
static gboolean check_name(FfarmYamlReader *reader, const FfarmYamlNode *name)
{
    const GPtrArray *drafts = ffarm_settings_loader(reader)->drafts;
    if (g_ascii_strcasecmp(name->text, "SKIP") == 0) {
        ffarm_yaml_error(reader, name, "a profile can't be called '%s', which tells rules to skip a file", name->text);
        return FALSE;
    }
    if (!*name->text) {
        ffarm_yaml_error(reader, name, "a profile needs a name");
        return FALSE;
    }
    for (guint i = 0; i < drafts->len; i++) {
        const FfarmProfileDraft *draft = g_ptr_array_index(drafts, i);
        if (strcmp(draft->profile->name, name->text) != 0)
            continue;
        ffarm_yaml_error(reader, name, "there is already a %s '%s' in line %u",
                         draft->profile->is_template ? "template" : "profile", name->text, draft->node->line);
        return FALSE;
    }
    return TRUE;
}

static FfarmProfileDraft *add_draft(FfarmSettingsLoader *loader, const FfarmYamlNode *name)
{
    FfarmProfileDraft *draft = g_new0(FfarmProfileDraft, 1);
    draft->profile = ffarm_profile_new(name->text);
    draft->profile->threshold = draft->profile->threshold_check = NAN;
    draft->profile->line = name->line;
    draft->profile->column = name->column;
    draft->node = name;
    g_ptr_array_add(loader->drafts, draft);
    return draft;
}

static gboolean has_languages(const FfarmLanguages *languages)
{
    return languages->include_languages || languages->exclude_languages || languages->default_language;
}

static void read_all(FfarmYamlReader *reader, const FfarmYamlNode *value, gboolean is_template)
{
    FfarmSettingsLoader *loader = ffarm_settings_loader(reader);
    for (guint i = 0; i < value->items->len; i++) {
        const FfarmYamlNode *name = g_ptr_array_index(value->items, i), *map = g_ptr_array_index(value->values, i);
        if (!check_name(reader, name) || !ffarm_yaml_expect(reader, name, map, FFARM_YAML_MAP | FFARM_YAML_NULL))
            continue;
        if (loader->drafts->len >= PROFILE_LIMIT) {
            ffarm_yaml_error(reader, name, "there are more than %d profiles", PROFILE_LIMIT);
            return;
        }
        FfarmProfileDraft *draft = add_draft(loader, name);
        FfarmProfile *profile = draft->profile;
        profile->is_template = is_template;
        if (map->kind == FFARM_YAML_MAP)
            ffarm_yaml_read_map(reader, map, is_template ? template_fields : profile_fields, profile);
        if (map->kind == FFARM_YAML_MAP && !is_template)
            refuse_misspelt_options(reader, map, profile_fields, decides_how_to_encode);
        if (is_template && !ffarm_yaml_peek(map, "cli"))
            ffarm_yaml_error(reader, name, "template '%s' has no 'cli'", name->text);
        draft->has_audio = has_languages(&profile->audio);
        draft->has_subtitle = has_languages(&profile->subtitle);
    }
}

void ffarm_settings_read_profiles(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot)
{
    read_all(reader, value, FALSE);
}

void ffarm_settings_read_templates(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot)
{
    read_all(reader, value, TRUE);
}
