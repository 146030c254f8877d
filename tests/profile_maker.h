// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "media.h"
#include "profile.h"

// profile_maker.h — profiles and media by hand, for tests of what is decided from them.

static inline void SetWords(FfarmOptions *options, const char *words)
{
    g_strfreev(options->words);
    options->is_set = TRUE;
    options->words = g_strsplit(words, " ", -1);
}

// @output: words of output_options, separated by single spaces.
static inline FfarmProfile *MakeProfile(const char *name, const char *output)
{
    FfarmProfile *profile = ffarm_profile_new(name);
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], output);
    return profile;
}

static inline FfarmStream *AddStream(FfarmMedia *media, FfarmStreamType type, const char *codec,
                                     const char *language = nullptr, guint disposition = 0)
{
    FfarmStream *stream = ffarm_media_add_stream(media, type);
    stream->codec = g_strdup(codec);
    stream->language = g_strdup(language);
    stream->disposition = disposition;
    stream->is_text = g_strcmp0(codec, "subrip") == 0 || g_strcmp0(codec, "ass") == 0 ||
                      g_strcmp0(codec, "mov_text") == 0 || g_strcmp0(codec, "hdmv_text_subtitle") == 0;
    return stream;
}
