/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine_limits.h"

#include <string.h>
#include "abilities.h"

#define ALWAYS "0.1"

/* Least sizes are the largest that any device of the kind was seen to ask for; 0: nobody has found one. */
static const struct {
    const char *encoder;
    int min_width, min_height, max; /* max: of either side */
    const char *hdr10_since;        /* version of ffmpeg from which it passes on HDR10's metadata; NULL: none does */
} rows[] = {
    {"h264_nvenc", 145, 49, 4096, NULL},
    {"hevc_nvenc", 130, 48, 8192, "7.1"},
    {"av1_nvenc", 128, 80, 8192, "7.1"},
    {"h264_qsv", 128, 96, 4096, NULL},
    {"hevc_qsv", 176, 144, 8192, ALWAYS},
    {"av1_qsv", 176, 144, 8192, ALWAYS},
    {"h264_vaapi", 256, 128, 4096, NULL},
    {"hevc_vaapi", 256, 128, 8192, ALWAYS},
    {"av1_vaapi", 256, 128, 8192, ALWAYS},
    {"h264_videotoolbox", 0, 0, 4096, NULL},
    {"hevc_videotoolbox", 0, 0, 8192, NULL},
    {"h264_amf", 256, 128, 4096, NULL},
    {"hevc_amf", 256, 128, 8192, NULL},
    {"av1_amf", 512, 512, 8192, NULL},
    {"libx264", 16, 16, 0, NULL},
    {"libx265", 16, 16, 0, "7.0"},
    {"libsvtav1", 64, 64, 0, "7.0"},
};

static int find(const char *encoder)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].encoder, encoder) == 0)
            return (int)i;
    return -1;
}

char *ffarm_engine_limits_size(const char *encoder, int width, int height)
{
    int at = find(encoder);
    if (at < 0 || width <= 0 || height <= 0)
        return NULL;
    if (width < rows[at].min_width || height < rows[at].min_height)
        return g_strdup_printf("%s takes no picture of less than %dx%d, and this is %dx%d", encoder, rows[at].min_width,
                               rows[at].min_height, width, height);
    if (rows[at].max > 0 && MAX(width, height) > rows[at].max)
        return g_strdup_printf("%s takes no picture of more than %dx%d, and this is %dx%d", encoder, rows[at].max,
                               rows[at].max, width, height);
    return NULL;
}

guint64 ffarm_engine_limits_takers(int width, int height)
{
    guint64 takers = 0;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *why = ffarm_engine_limits_size(rows[i].encoder, width, height);
        takers |= (guint64)!why << i;
    }
    return takers;
}

FfarmKeeps ffarm_engine_limits_hdr10(const char *encoder, guint version, const char **since)
{
    int at = find(encoder);
    const char *first = at < 0 ? NULL : rows[at].hdr10_since;
    *since = first && strcmp(first, ALWAYS) != 0 ? first : NULL;
    if (!first)
        return FFARM_KEEPS_NO;
    if (!*since)
        return FFARM_KEEPS_YES;
    if (version == 0)
        return FFARM_KEEPS_UNKNOWN;
    return version >= ffarm_abilities_parse_version(first) ? FFARM_KEEPS_YES : FFARM_KEEPS_NO;
}
