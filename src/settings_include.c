/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>
#include "settings_loader.h"

#define DEPTH_LIMIT 64

void ffarm_profile_draft_free(FfarmProfileDraft *draft)
{
    if (!draft)
        return;
    ffarm_profile_free(draft->profile);
    g_strfreev(draft->includes);
    g_free(draft);
}

static void merge_sections(FfarmOptions *sections, const FfarmOptions *over)
{
    for (guint i = 0; i < FFARM_N_SECTIONS; i++) {
        FfarmOptions merged = ffarm_options_merge(&sections[i], &over[i]);
        ffarm_options_clear(&sections[i]);
        sections[i] = merged;
    }
}

static void merge_engines(FfarmProfile *profile, const FfarmProfile *over)
{
    for (guint i = 0; i < over->engines->len; i++) {
        const FfarmEngineOptions *engine = g_ptr_array_index(over->engines, i);
        FfarmEngineOptions *own = ffarm_profile_find_engine(profile, engine->name);
        merge_sections((own ? own : ffarm_profile_add_engine(profile, engine->name))->sections, engine->sections);
    }
}

static void replace_text(char **text, const char *over)
{
    if (!over)
        return;
    g_free(*text);
    *text = g_strdup(over);
}

static void replace_languages(FfarmLanguages *languages, const FfarmLanguages *over)
{
    g_strfreev(languages->include_languages);
    g_strfreev(languages->exclude_languages);
    g_free(languages->default_language);
    languages->include_languages = g_strdupv(over->include_languages);
    languages->exclude_languages = g_strdupv(over->exclude_languages);
    languages->default_language = g_strdup(over->default_language);
}

/* Lays @over onto @under: what it says wins, lists of options are merged, languages are taken as a whole. */
static void lay_over(FfarmProfileDraft *under, const FfarmProfileDraft *over)
{
    FfarmProfile *profile = under->profile;
    const FfarmProfile *top = over->profile;
    merge_sections(profile->sections, top->sections);
    merge_engines(profile, top);
    replace_text(&profile->extension, top->extension);
    replace_text(&profile->queue, top->queue);
    replace_text(&profile->codec, top->codec);
    replace_text(&profile->speed, top->speed);
    replace_text(&profile->bit_depth, top->bit_depth);
    replace_text(&profile->hdr, top->hdr);
    replace_text(&profile->quality, top->quality);
    if (top->stall_timeout)
        profile->stall_timeout = top->stall_timeout;
    if (!isnan(top->threshold))
        profile->threshold = top->threshold;
    if (!isnan(top->threshold_check))
        profile->threshold_check = top->threshold_check;
    if (top->automap != FFARM_TRISTATE_UNSET)
        profile->automap = top->automap;
    if (top->originals != FFARM_ORIGINALS_UNSET)
        profile->originals = top->originals;
    if (top->keep_times != FFARM_TRISTATE_UNSET)
        profile->keep_times = top->keep_times;
    profile->proof = ffarm_proof_over(&profile->proof, &top->proof);
    if (over->has_audio)
        replace_languages(&profile->audio, &top->audio);
    if (over->has_subtitle)
        replace_languages(&profile->subtitle, &top->subtitle);
    under->has_audio |= over->has_audio;
    under->has_subtitle |= over->has_subtitle;
}

static FfarmProfileDraft *find_draft(const GPtrArray *drafts, const char *name)
{
    for (guint i = 0; i < drafts->len; i++) {
        FfarmProfileDraft *draft = g_ptr_array_index(drafts, i);
        if (strcmp(draft->profile->name, name) == 0)
            return draft;
    }
    return NULL;
}

/* "a -> b -> c", from the outermost profile that is being merged. */
static char *format_chain(const GPtrArray *chain, const char *last)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < chain->len; i++)
        g_string_append_printf(out, "%s -> ", ((const FfarmProfileDraft *)g_ptr_array_index(chain, i))->profile->name);
    g_string_append(out, last);
    return g_string_free(out, FALSE);
}

static void report_unknown(FfarmSettingsLoader *loader, const GPtrArray *chain, const FfarmProfileDraft *draft,
                           const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < loader->drafts->len; i++)
        g_ptr_array_add(names, ((const FfarmProfileDraft *)g_ptr_array_index(loader->drafts, i))->profile->name);
    g_ptr_array_add(names, NULL);
    const char *nearest = ffarm_nearest_name(name, (const char *const *)names->pdata);
    g_autofree char *text = format_chain(chain, name);
    ffarm_yaml_error(&loader->reader, draft->include_node, "unknown profile '%s' is included (%s)%s%s%s", name, text,
                     nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static void merge_draft(FfarmSettingsLoader *loader, FfarmProfileDraft *draft, GPtrArray *chain);

/* Lays the profile @name, which @draft includes, onto @merged. */
static void include_one(FfarmSettingsLoader *loader, FfarmProfileDraft *draft, const char *name,
                        FfarmProfileDraft *merged, GPtrArray *chain)
{
    FfarmProfileDraft *parent = find_draft(loader->drafts, name);
    g_autofree char *text = format_chain(chain, name);
    if (!parent) {
        report_unknown(loader, chain, draft, name);
    } else if (parent->state == FFARM_DRAFT_OPEN) {
        ffarm_yaml_error(&loader->reader, draft->include_node, "profile '%s' includes itself: %s", name, text);
    } else if (chain->len >= DEPTH_LIMIT) {
        ffarm_yaml_error(&loader->reader, draft->include_node, "profiles include one another more than %d deep: %s",
                         DEPTH_LIMIT, text);
    } else {
        merge_draft(loader, parent, chain);
        lay_over(merged, parent);
    }
}

static void merge_draft(FfarmSettingsLoader *loader, FfarmProfileDraft *draft, GPtrArray *chain)
{
    if (draft->state == FFARM_DRAFT_MERGED)
        return;
    draft->state = FFARM_DRAFT_OPEN;
    g_ptr_array_add(chain, draft);
    FfarmProfileDraft merged = {.profile = ffarm_profile_new(draft->profile->name)};
    merged.profile->threshold = merged.profile->threshold_check = NAN;
    for (guint i = 0; draft->includes && draft->includes[i]; i++)
        include_one(loader, draft, draft->includes[i], &merged, chain);
    lay_over(&merged, draft);
    merged.profile->is_template = draft->profile->is_template;
    merged.profile->line = draft->profile->line;
    merged.profile->column = draft->profile->column;
    ffarm_profile_free(draft->profile);
    draft->profile = merged.profile;
    draft->has_audio = merged.has_audio;
    draft->has_subtitle = merged.has_subtitle;
    g_ptr_array_set_size(chain, (gint)chain->len - 1);
    draft->state = FFARM_DRAFT_MERGED;
}

void ffarm_settings_resolve_includes(FfarmSettingsLoader *loader)
{
    g_autoptr(GPtrArray) chain = g_ptr_array_new();
    for (guint i = 0; i < loader->drafts->len; i++)
        merge_draft(loader, g_ptr_array_index(loader->drafts, i), chain);
    ffarm_settings_check_codecs(loader);
    for (guint i = 0; i < loader->drafts->len; i++) {
        FfarmProfileDraft *draft = g_ptr_array_index(loader->drafts, i);
        FfarmProfile *profile = g_steal_pointer(&draft->profile);
        profile->threshold = isnan(profile->threshold) ? 0 : profile->threshold;
        profile->threshold_check = isnan(profile->threshold_check) ? 100 : profile->threshold_check;
        g_ptr_array_add(loader->settings->profiles, profile);
    }
    g_ptr_array_set_size(loader->drafts, 0);
}
