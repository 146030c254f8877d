/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "refusal.h"

#include <string.h>

#define PLAYLIST "a playlist or session description that refers to other files"
#define PICTURE "a picture"
#define TEXT "a text file"

static const struct {
    const char *demuxer, *words;
} refused[] = {
    {"apng", PICTURE},
    {"bin", TEXT},
    {"concat", PLAYLIST},
    {"dash", PLAYLIST},
    {"ffmetadata", TEXT},
    {"gif", PICTURE},
    {"hls", PLAYLIST},
    {"ico", PICTURE},
    {"image2", PICTURE},
    {"image2pipe", PICTURE},
    {"imf", PLAYLIST},
    {"jpegxl_anim", PICTURE},
    {"lavfi", PLAYLIST},
    {"rtsp", PLAYLIST},
    {"sdp", PLAYLIST},
    {"tty", TEXT},
    {"vapoursynth", PLAYLIST},
    {"webm_dash_manifest", PLAYLIST},
    {"xbin", TEXT},
};

static const char *const picture_brands[] = {"avif", "avis", "heic", "heix", "heim", "heis", "mif1", "msf1"};

const char *refusal_of_demuxer(const char *demuxer)
{
    g_auto(GStrv) names = g_strsplit(demuxer, ",", -1);
    if (g_str_has_suffix(names[0], "_pipe"))
        return PICTURE;
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        if (g_strv_contains((const char *const *)names, refused[i].demuxer))
            return refused[i].words;
    return NULL;
}

const char *refusal_of_brand(const char *brand)
{
    for (guint i = 0; brand && i < G_N_ELEMENTS(picture_brands); i++)
        if (strncmp(brand, picture_brands[i], 4) == 0)
            return PICTURE;
    return NULL;
}
