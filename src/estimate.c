/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "estimate.h"

#include <math.h>
#include <string.h>

#include "codec.h"
#include "output_options.h"

const char *ffarm_estimate_codec(const FfarmChoice *choice)
{
    const char *codec = choice->profile->codec;
    if (codec)
        return strcmp(codec, "copy") == 0 ? NULL : codec;
    const char *encoder = ffarm_output_options_encoder(choice->profile, FFARM_STREAM_VIDEO, 0);
    if (!encoder || strcmp(encoder, "copy") == 0)
        return NULL;
    return ffarm_codec_of_encoder(encoder);
}

double ffarm_estimate_frames(const FfarmMedia *media)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    if (!video)
        return 0;
    if (video->frames > 0)
        return (double)video->frames;
    double duration_us = (double)MAX(media->duration_us, 0);
    return isfinite(video->fps) && video->fps > 0 ? duration_us / G_USEC_PER_SEC * video->fps : 0;
}

/* Of pictures of one shape, which is all that is compared. */
static double pixels_of(int height)
{
    return (double)height * height * 16 / 9;
}

static int class_of(const FfarmMedia *media)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    return ffarm_abilities_height_class(video ? video->height : 0);
}

double ffarm_estimate_work(const FfarmMedia *media)
{
    return ffarm_estimate_frames(media) * pixels_of(class_of(media));
}

static gboolean is_like(const FfarmSpeed *speed, const FfarmChoice *choice, const char *codec)
{
    return g_strcmp0(speed->engine, choice->engine) == 0 && g_strcmp0(speed->decoder, choice->decoder) == 0 &&
           g_strcmp0(speed->codec, codec) == 0 && speed->fps > 0;
}

/* The speed of encodes in the way of @choice whose sources came nearest to @height. */
static const FfarmSpeed *find_speed(const FfarmAbilities *abilities, const FfarmChoice *choice, int height)
{
    const char *codec = ffarm_estimate_codec(choice);
    const FfarmSpeed *best = NULL;
    double best_distance = 0;
    for (guint i = 0; codec && abilities && i < abilities->speeds->len; i++) {
        const FfarmSpeed *speed = g_ptr_array_index(abilities->speeds, i);
        double distance = fabs(log((double)speed->height / height));
        if (!is_like(speed, choice, codec) || (best && distance >= best_distance))
            continue;
        best = speed;
        best_distance = distance;
    }
    return best;
}

double ffarm_estimate_rate(const FfarmMedia *media, const FfarmChoice *choice, const FfarmAbilities *abilities)
{
    const FfarmSpeed *speed = find_speed(abilities, choice, class_of(media));
    return speed ? speed->fps * pixels_of(speed->height) : 0;
}

double ffarm_estimate_best_rate(const FfarmMedia *media, const FfarmChoice *choice, const FfarmAbilities *abilities)
{
    double best = 0;
    for (guint i = 0; abilities && i < abilities->speeds->len; i++) {
        const FfarmSpeed *speed = g_ptr_array_index(abilities->speeds, i);
        const FfarmChoice other = {.profile = choice->profile, .engine = speed->engine, .decoder = speed->decoder};
        best = MAX(best, ffarm_estimate_rate(media, &other, abilities));
    }
    return best;
}

FfarmEstimate ffarm_estimate(const FfarmMedia *media, const FfarmChoice *choice, const FfarmAbilities *abilities)
{
    int height = class_of(media);
    const FfarmSpeed *speed = find_speed(abilities, choice, height);
    double work = ffarm_estimate_work(media);
    if (!speed || work <= 0)
        return (FfarmEstimate){0};
    return (FfarmEstimate){
        .seconds = work / (speed->fps * pixels_of(speed->height)),
        .runs = speed->runs,
        .height = speed->height == height ? 0 : speed->height,
    };
}

char *ffarm_estimate_duration_text(double seconds)
{
    if (seconds < 90)
        return g_strdup_printf("%.0f s", MAX(ceil(seconds), 1));
    gint64 minutes = (gint64)ceil(MIN(seconds, 1e12) / 60);
    if (minutes < 60)
        return g_strdup_printf("%d min", (int)minutes);
    gint64 hours = minutes / 60, days = hours / 24;
    if (days < 2)
        return minutes % 60 ? g_strdup_printf("%d h %d min", (int)hours, (int)(minutes % 60))
                            : g_strdup_printf("%d h", (int)hours);
    return hours % 24 ? g_strdup_printf("%" G_GINT64_FORMAT " days %d h", days, (int)(hours % 24))
                      : g_strdup_printf("%" G_GINT64_FORMAT " days", days);
}

char *ffarm_estimate_text(const FfarmEstimate *estimate, const char *host)
{
    if (estimate->seconds <= 0)
        return NULL;
    g_autofree char *duration = ffarm_estimate_duration_text(estimate->seconds);
    const char *plural = estimate->runs == 1 ? "" : "s";
    if (estimate->height > 0)
        return g_strdup_printf("about %s on %s (by %u encode%s, estimated from %dp)", duration, host, estimate->runs,
                               plural, estimate->height);
    return g_strdup_printf("about %s on %s (by %u encode%s like it)", duration, host, estimate->runs, plural);
}
