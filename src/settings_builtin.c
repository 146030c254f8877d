/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings_loader.h"

#include <math.h>
#include <string.h>

static const char builtin_yaml[] =
    "# What ffarm does where no configuration says otherwise. The first four profiles are always there, unless a\n"
    "# file has its own of that name. A file that has neither profiles nor templates gets all of them, and these\n"
    "# rules too if it has none of its own.\n"
    "profiles:\n"
    "  hevc: &hevc\n"
    "    codec: hevc\n"
    "    quality: medium\n"
    "    extension: .mkv\n"
    "  h264:\n"
    "    <<: *hevc\n"
    "    codec: h264\n"
    "  av1:\n"
    "    <<: *hevc\n"
    "    codec: av1\n"
    "  copy:\n"
    "    codec: copy\n"
    "  hevc_cuda: &hevc_cuda\n"
    "    output_options_video: [-c:v hevc_nvenc, -preset p5]\n"
    "    output_options_audio: [-c:a copy]\n"
    "    extension: .mkv\n"
    "    quality: medium\n"
    "  hevc_qsv: &hevc_qsv\n"
    "    output_options_video: [-c:v hevc_qsv, -preset medium]\n"
    "    output_options_audio: [-c:a copy]\n"
    "    extension: .mkv\n"
    "    quality: medium\n"
    "  cuda: *hevc_cuda\n"
    "  qsv: *hevc_qsv\n"
    "rules:\n"
    "  already as small as it gets (hevc or av1):\n"
    "    profile: SKIP\n"
    "    criteria:\n"
    "      vcodec: [hevc, av1]\n"
    "  everything else:\n"
    "    profile: hevc\n";

const char *ffarm_settings_builtin_yaml(void)
{
    return builtin_yaml;
}

static gboolean has_draft(const GPtrArray *drafts, const char *name)
{
    for (guint i = 0; i < drafts->len; i++)
        if (strcmp(((const FfarmProfileDraft *)g_ptr_array_index(drafts, i))->profile->name, name) == 0)
            return TRUE;
    return FALSE;
}

static void add_draft(GPtrArray *drafts, const FfarmProfile *profile)
{
    FfarmProfileDraft *draft = g_new0(FfarmProfileDraft, 1);
    draft->profile = ffarm_profile_copy(profile);
    draft->profile->threshold = draft->profile->threshold_check = NAN;
    draft->state = FFARM_DRAFT_MERGED;
    g_ptr_array_add(drafts, draft);
}

void ffarm_settings_add_builtin(FfarmSettingsLoader *loader)
{
    static const char *const always[] = {"hevc", "h264", "av1", "copy", NULL};
    if (loader->is_builtin)
        return;
    g_autoptr(FfarmSettings) builtin = ffarm_settings_parse_builtin(loader->reader.diagnostics);
    g_return_if_fail(builtin != NULL);
    /* A piece of configuration that names profiles but defines none, like those of the guide, means well-known ones. */
    gboolean has_none = loader->drafts->len == 0;
    for (guint i = 0; i < builtin->profiles->len; i++) {
        const FfarmProfile *profile = g_ptr_array_index(builtin->profiles, i);
        if ((has_none || g_strv_contains(always, profile->name)) && !has_draft(loader->drafts, profile->name))
            add_draft(loader->drafts, profile);
    }
    if (has_none && loader->settings->rules->len == 0)
        g_ptr_array_extend_and_steal(loader->settings->rules, g_ptr_array_ref(builtin->rules));
}
