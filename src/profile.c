/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "profile.h"

#include <string.h>

static void engine_options_free(gpointer data)
{
    FfarmEngineOptions *engine = data;
    g_free(engine->name);
    for (guint i = 0; i < FFARM_N_SECTIONS; i++)
        ffarm_options_clear(&engine->sections[i]);
    g_free(engine);
}

static FfarmOptions options_copy(const FfarmOptions *options)
{
    return (FfarmOptions){options->is_set, options->is_list, g_strdupv(options->words)};
}

static void options_replace(FfarmOptions *options, FfarmOptions by)
{
    ffarm_options_clear(options);
    *options = by;
}

static void sections_init(FfarmOptions *sections)
{
    for (guint i = 0; i < FFARM_N_SECTIONS; i++)
        sections[i].words = g_new0(char *, 1);
}

FfarmProfile *ffarm_profile_new(const char *name)
{
    FfarmProfile *profile = g_new0(FfarmProfile, 1);
    profile->name = g_strdup(name);
    profile->threshold_check = 100;
    profile->automap = FFARM_TRISTATE_UNSET;
    profile->keep_times = FFARM_TRISTATE_UNSET;
    profile->engines = g_ptr_array_new_with_free_func(engine_options_free);
    sections_init(profile->sections);
    return profile;
}

FfarmEngineOptions *ffarm_profile_add_engine(FfarmProfile *profile, const char *name)
{
    FfarmEngineOptions *engine = g_new0(FfarmEngineOptions, 1);
    engine->name = g_strdup(name);
    sections_init(engine->sections);
    g_ptr_array_add(profile->engines, engine);
    return engine;
}

static void languages_clear(FfarmLanguages *languages)
{
    g_strfreev(languages->include_languages);
    g_strfreev(languages->exclude_languages);
    g_free(languages->default_language);
}

static FfarmLanguages languages_copy(const FfarmLanguages *languages)
{
    return (FfarmLanguages){g_strdupv(languages->include_languages), g_strdupv(languages->exclude_languages),
                            g_strdup(languages->default_language)};
}

FfarmProfile *ffarm_profile_copy(const FfarmProfile *profile)
{
    FfarmProfile *copy = g_new0(FfarmProfile, 1);
    *copy = *profile;
    copy->name = g_strdup(profile->name);
    for (guint i = 0; i < FFARM_N_SECTIONS; i++)
        copy->sections[i] = options_copy(&profile->sections[i]);
    copy->extension = g_strdup(profile->extension);
    copy->queue = g_strdup(profile->queue);
    copy->audio = languages_copy(&profile->audio);
    copy->subtitle = languages_copy(&profile->subtitle);
    copy->codec = g_strdup(profile->codec);
    copy->speed = g_strdup(profile->speed);
    copy->bit_depth = g_strdup(profile->bit_depth);
    copy->hdr = g_strdup(profile->hdr);
    copy->quality = g_strdup(profile->quality);
    copy->laid.graph = g_strdup(profile->laid.graph);
    copy->laid.own = g_strdup(profile->laid.own);
    copy->engines = g_ptr_array_new_with_free_func(engine_options_free);
    for (guint i = 0; i < profile->engines->len; i++) {
        const FfarmEngineOptions *engine = g_ptr_array_index(profile->engines, i);
        FfarmEngineOptions *added = ffarm_profile_add_engine(copy, engine->name);
        for (guint j = 0; j < FFARM_N_SECTIONS; j++)
            options_replace(&added->sections[j], options_copy(&engine->sections[j]));
    }
    return copy;
}

void ffarm_profile_free(FfarmProfile *profile)
{
    if (!profile)
        return;
    for (guint i = 0; i < FFARM_N_SECTIONS; i++)
        ffarm_options_clear(&profile->sections[i]);
    languages_clear(&profile->audio);
    languages_clear(&profile->subtitle);
    g_ptr_array_unref(profile->engines);
    g_free(profile->name);
    g_free(profile->extension);
    g_free(profile->queue);
    g_free(profile->codec);
    g_free(profile->speed);
    g_free(profile->bit_depth);
    g_free(profile->hdr);
    g_free(profile->quality);
    g_free(profile->laid.graph);
    g_free(profile->laid.own);
    g_free(profile);
}

/* A null section says nothing: it is there, but neither replaces nor adds. */
static gboolean options_say_something(const FfarmOptions *options)
{
    return options->is_set && (!options->is_list || options->words[0]);
}

static void replace_text(char **text, const char *by)
{
    g_free(*text);
    *text = g_strdup(by);
}

/* What @mixin says of the picture takes the place of what @mixed says of it, in either of the two ways. */
static void mix_codec(FfarmProfile *mixed, const FfarmProfile *mixin)
{
    replace_text(&mixed->codec, mixin->codec);
    replace_text(&mixed->speed, mixin->speed);
    replace_text(&mixed->bit_depth, mixin->bit_depth);
    if (mixin->codec && mixin->quality)
        replace_text(&mixed->quality, mixin->quality);
    if (mixin->codec && mixin->hdr)
        replace_text(&mixed->hdr, mixin->hdr);
}

/* Takes @section of @mixin, which the user asked for by name: no engine's options are laid over it. */
static void mix_section(FfarmProfile *mixed, const FfarmProfile *mixin, FfarmSection section)
{
    options_replace(&mixed->sections[section], options_copy(&mixin->sections[section]));
    for (guint i = 0; i < mixed->engines->len; i++) {
        FfarmEngineOptions *engine = g_ptr_array_index(mixed->engines, i);
        options_replace(&engine->sections[section], (FfarmOptions){.words = g_new0(char *, 1)});
    }
    if (section == FFARM_SECTION_VIDEO)
        mix_codec(mixed, mixin);
}

FfarmProfile *ffarm_profile_with_mixins(const FfarmProfile *profile, const FfarmProfile *const *mixins, guint n_mixins)
{
    static const FfarmSection mixable[] = {FFARM_SECTION_AUDIO, FFARM_SECTION_VIDEO, FFARM_SECTION_SUBTITLE};
    FfarmProfile *mixed = ffarm_profile_copy(profile);
    for (guint i = 0; i < G_N_ELEMENTS(mixable); i++) {
        for (guint j = 0; j < n_mixins; j++) {
            gboolean has_codec = mixable[i] == FFARM_SECTION_VIDEO && mixins[j]->codec;
            if (!has_codec && !options_say_something(&mixins[j]->sections[mixable[i]]))
                continue;
            mix_section(mixed, mixins[j], mixable[i]);
            break;
        }
    }
    return mixed;
}

FfarmEngineOptions *ffarm_profile_find_engine(const FfarmProfile *profile, const char *name)
{
    for (guint i = 0; i < profile->engines->len; i++) {
        FfarmEngineOptions *engine = g_ptr_array_index(profile->engines, i);
        if (g_strcmp0(engine->name, name) == 0)
            return engine;
    }
    return NULL;
}

FfarmProfile *ffarm_profile_for_engine(const FfarmProfile *profile, const char *engine)
{
    FfarmProfile *merged = ffarm_profile_copy(profile);
    const FfarmEngineOptions *options = engine ? ffarm_profile_find_engine(profile, engine) : NULL;
    for (guint i = 0; options && i < FFARM_N_SECTIONS; i++)
        options_replace(&merged->sections[i], ffarm_options_merge(&profile->sections[i], &options->sections[i]));
    g_ptr_array_set_size(merged->engines, 0);
    return merged;
}

static gboolean is_option(const char *word)
{
    if (word[0] != '-' || word[1] == '\0')
        return FALSE;
    char *end = NULL;
    g_ascii_strtod(word, &end);
    return *end != '\0';
}

/* ffmpeg has several names for some options: "-codec:a" and "-acodec" are "-c:a" to it and to us. Returns: new string.
 */
static char *canonical_option(const char *word)
{
    static const char *const names[][2] = {{"-vcodec", "-c:v"}, {"-acodec", "-c:a"}, {"-scodec", "-c:s"},
                                           {"-vb", "-b:v"},     {"-ab", "-b:a"},     {"-codec", "-c"},
                                           {"-vf", "-filter:v"}};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(word, names[i][0]) == 0)
            return g_strdup(names[i][1]);
    if (g_str_has_prefix(word, "-codec:"))
        return g_strconcat("-c:", word + strlen("-codec:"), NULL);
    return g_strdup(word);
}

static gboolean is_same_option(const char *a, const char *b)
{
    g_autofree char *a_name = canonical_option(a);
    g_autofree char *b_name = canonical_option(b);
    return strcmp(a_name, b_name) == 0;
}

/* The number of words of the unit that begins at words[0]: an option with its values, or the values before any option.
 */
static guint unit_length(char *const *words)
{
    guint length = 1;
    while (words[length] && !is_option(words[length]))
        length++;
    return length;
}

static gboolean has_option(char *const *words, const char *option)
{
    for (; *words; words++)
        if (is_option(*words) && is_same_option(*words, option))
            return TRUE;
    return FALSE;
}

static void append_unit(GPtrArray *out, char *const *words)
{
    guint length = unit_length(words);
    for (guint i = 0; i < length; i++)
        g_ptr_array_add(out, g_strdup(words[i]));
}

/* Every unit of @words that is about @option: an option given twice ("-map") stays given twice. */
static void append_units_of(GPtrArray *out, char *const *words, const char *option)
{
    for (; *words; words += unit_length(words))
        if (is_option(*words) && is_same_option(*words, option))
            append_unit(out, words);
}

/* TRUE when an earlier unit than the one at words[index] is about the same option. */
static gboolean is_repeated(char *const *words, guint index)
{
    for (guint i = 0; i < index; i++)
        if (is_option(words[i]) && is_same_option(words[i], words[index]))
            return TRUE;
    return FALSE;
}

static char **merge_lists(char *const *parent, char *const *child)
{
    GPtrArray *out = g_ptr_array_new();
    for (guint i = 0; parent[i]; i += unit_length(parent + i)) {
        if (!is_option(parent[i]) || !has_option(child, parent[i]))
            append_unit(out, parent + i);
        else if (!is_repeated(parent, i))
            append_units_of(out, child, parent[i]);
    }
    for (guint i = 0; child[i]; i += unit_length(child + i))
        if (!is_option(child[i]) || !has_option(parent, child[i]))
            append_unit(out, child + i);
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

FfarmOptions ffarm_options_merge(const FfarmOptions *parent, const FfarmOptions *child)
{
    if (!options_say_something(child))
        return options_copy(parent->is_set ? parent : child);
    if (!parent->is_set || !parent->is_list || !child->is_list)
        return options_copy(child);
    return (FfarmOptions){TRUE, TRUE, merge_lists(parent->words, child->words)};
}

void ffarm_options_clear(FfarmOptions *options)
{
    g_clear_pointer(&options->words, g_strfreev);
    options->is_set = options->is_list = FALSE;
}

const char *ffarm_profile_peek_option(const FfarmProfile *profile, FfarmSection section, const char *option)
{
    const char *value = NULL;
    char *const *words = profile->sections[section].words;
    for (; *words; words++)
        if (is_option(*words) && is_same_option(*words, option))
            value = words[1] && !is_option(words[1]) ? words[1] : NULL;
    return value;
}

const char *ffarm_section_key(FfarmSection section)
{
    static const char *const keys[] = {"input_options", "output_options", "output_options_audio",
                                       "output_options_video", "output_options_subtitle"};
    return keys[section];
}
