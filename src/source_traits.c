/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source_traits.h"

#include <string.h>
#include "abilities.h"
#include "engine_limits.h"

static int even(int size)
{
    return size & ~1;
}

FfarmTraits ffarm_traits_of(const FfarmMedia *media)
{
    FfarmTraits traits = {.video = ffarm_media_peek_video(media), .is_420 = TRUE};
    const FfarmStream *video = traits.video;
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(media->streams, i);
        traits.films += stream->type == FFARM_STREAM_VIDEO && !ffarm_stream_is_picture(stream);
    }
    if (!video)
        return traits;
    traits.is_sideways = video->rotation == 90 || video->rotation == 270;
    traits.width = even(traits.is_sideways ? video->height : video->width);
    traits.height = even(traits.is_sideways ? video->width : video->height);
    traits.depth = video->bit_depth;
    traits.is_odd = (video->width | video->height) & 1;
    traits.is_interlaced = video->is_interlaced;
    traits.is_rotated = video->rotation != 0;
    traits.is_420 = !video->pix_fmt || strstr(video->pix_fmt, "420") || g_str_has_prefix(video->pix_fmt, "nv12") ||
                    g_str_has_prefix(video->pix_fmt, "p010");
    return traits;
}

static gboolean has_depth(const FfarmStream *video, int depth)
{
    return video->bit_depth == depth || (video->pix_fmt && depth == 10 && g_str_has_suffix(video->pix_fmt, "10le"));
}

static gboolean has_more_colour(const FfarmStream *video)
{
    static const char *const marks[] = {"422", "444", "440", "gbr", "rgb"};
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        if (video->pix_fmt && strstr(video->pix_fmt, marks[i]))
            return TRUE;
    return FALSE;
}

static const char *doubt_h264(const FfarmStream *video)
{
    const char *profile = video->profile ? video->profile : "";
    if (has_depth(video, 10) || g_str_has_prefix(profile, "High 10"))
        return "H.264 with 10 bits is decoded by hardware only where that was proved";
    /* The profile can lie above the format. */
    if (has_more_colour(video) || strstr(profile, "4:2:2") || strstr(profile, "4:4:4"))
        return "H.264 with 4:2:2 or 4:4:4 is decoded by hardware only where that was proved";
    return NULL;
}

const char *ffarm_traits_decode_doubt(const FfarmStream *video)
{
    static const char *const known[] = {"h264", "hevc", "av1", "vp9", "vp8", "mpeg2video", "vc1", NULL};
    if (!video || !video->codec || !g_strv_contains(known, video->codec))
        return "this codec is decoded by hardware only where that was proved";
    if (strcmp(video->codec, "h264") == 0)
        return doubt_h264(video);
    if (has_more_colour(video) || video->bit_depth > 10 || (video->profile && strcmp(video->profile, "Rext") == 0))
        return "4:2:2, 4:4:4 and more than 10 bits are decoded by hardware only where that was proved";
    return NULL;
}

void ffarm_traits_append_key(GString *key, const FfarmMedia *media)
{
    const FfarmTraits traits = ffarm_traits_of(media);
    const FfarmStream *video = traits.video;
    if (!video)
        return;
    gboolean has_metadata =
        video->mastering.has_primaries || video->mastering.has_luminance || video->max_cll || video->max_fall;
    g_string_append_printf(key, "%s\x1e%s\x1e%d", video->profile ? video->profile : "",
                           video->pix_fmt ? video->pix_fmt : "", video->bit_depth);
    g_string_append_printf(key, "\x1e%" G_GINT64_MODIFIER "x\x1e%d",
                           ffarm_engine_limits_takers(traits.width, traits.height),
                           ffarm_abilities_height_class(video->height));
    g_string_append_printf(key, "\x1e%d%d%d%d\x1e%d %d %d\x1f", traits.is_odd, traits.is_interlaced, traits.is_sideways,
                           traits.is_rotated, (int)video->hdr, has_metadata, video->dovi_profile);
}
