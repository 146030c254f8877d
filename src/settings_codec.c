/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include "codec.h"
#include "output_options.h"
#include "settings_loader.h"

/* TRUE if some other profile builds on @draft, which need not make sense by itself then. */
static gboolean is_included(const GPtrArray *drafts, const FfarmProfileDraft *draft)
{
    for (guint i = 0; i < drafts->len; i++) {
        const FfarmProfileDraft *other = g_ptr_array_index(drafts, i);
        if (other->includes && g_strv_contains((const char *const *)other->includes, draft->profile->name))
            return TRUE;
    }
    return FALSE;
}

/* The section in which @profile says itself how the picture is encoded; NULL: it does not. */
static const char *own_video_options(const FfarmProfile *profile)
{
    static const char *const options[] = {"-pix_fmt", "-vf", "-filter:v", "-preset", "-profile:v", "-vn"};
    if (profile->sections[FFARM_SECTION_VIDEO].words[0])
        return ffarm_section_key(FFARM_SECTION_VIDEO);
    gboolean has_some = ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0) != NULL ||
                        ffarm_output_options_have_quality(profile);
    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        has_some |= ffarm_output_options_have(profile, options[i]);
    return has_some ? ffarm_section_key(FFARM_SECTION_OUTPUT) : NULL;
}

/* An encoder that @profile names for an engine has to make what the profile says. */
static void check_encoders(FfarmSettingsLoader *loader, const FfarmProfileDraft *draft)
{
    const FfarmProfile *profile = draft->profile;
    for (guint i = 0; i < profile->engines->len; i++) {
        const FfarmEngineOptions *engine = g_ptr_array_index(profile->engines, i);
        g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, engine->name);
        const char *encoder = ffarm_output_options_encoder(merged, FFARM_STREAM_VIDEO, 0);
        const char *codec = encoder ? ffarm_codec_of_encoder(encoder) : NULL;
        if (encoder && g_strcmp0(codec ? codec : encoder, profile->codec) != 0)
            ffarm_yaml_error(&loader->reader, draft->node, "profile '%s' is to make %s, but for engine %s it names %s",
                             profile->name, profile->codec, engine->name, encoder);
    }
}

/* A key that says how the codec encodes; NULL: none is there. Who keeps or skips HDR needn't encode. */
static const char *key_of_codec(const FfarmProfile *profile)
{
    if (profile->bit_depth)
        return "bit_depth";
    if (profile->speed)
        return "speed";
    return g_strcmp0(profile->hdr, "tonemap") == 0 ? "hdr: tonemap" : NULL;
}

static void check_codec(FfarmSettingsLoader *loader, const FfarmProfileDraft *draft)
{
    const FfarmProfile *profile = draft->profile;
    const char *key = key_of_codec(profile);
    const char *section = profile->codec ? own_video_options(profile) : NULL;
    if (key && !profile->codec && !is_included(loader->drafts, draft))
        ffarm_yaml_error(&loader->reader, draft->node, "profile '%s' has a '%s', which means nothing without 'codec'",
                         profile->name, key);
    else if (key && g_strcmp0(profile->codec, "copy") == 0)
        ffarm_yaml_error(&loader->reader, draft->node, "profile '%s' has a '%s', which means nothing for a copy",
                         profile->name, key);
    else if (section)
        ffarm_yaml_error(&loader->reader, draft->node,
                         "profile '%s' has both a 'codec' and video options in '%s': leave out one of them, or put "
                         "options for an engine below 'engines'",
                         profile->name, section);
    else if (profile->codec)
        check_encoders(loader, draft);
}

void ffarm_settings_check_codecs(FfarmSettingsLoader *loader)
{
    for (guint i = 0; i < loader->drafts->len; i++) {
        const FfarmProfileDraft *draft = g_ptr_array_index(loader->drafts, i);
        if (draft->node)
            check_codec(loader, draft);
    }
}
