/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hdr_policy.h"

#include <string.h>
#include "engine_limits.h"
#include "verify.h"

/* Without the base layer's colours, which are those of no screen. */
#define DOVI_PROFILE_WITHOUT_BASE 5

static gboolean is_hdr(const FfarmStream *video)
{
    return video && video->hdr != FFARM_HDR_NONE;
}

static gboolean is_mode(const FfarmProfile *profile, const char *mode)
{
    return g_strcmp0(profile->hdr, mode) == 0;
}

static gboolean is_encoded(const FfarmProfile *profile)
{
    return profile->codec && strcmp(profile->codec, "copy") != 0;
}

gboolean ffarm_hdr_is_tone_mapped(const FfarmProfile *profile, const FfarmStream *video)
{
    return is_hdr(video) && is_encoded(profile) && is_mode(profile, "tonemap");
}

/* The words that let the rest go where only the base is kept. */
#define WAY_OUT "'expect: {hdr: any}' keeps only what is below it, 'hdr: tonemap' makes it SDR"

static char *obstacle_of_dynamic(const FfarmProfile *profile, const FfarmProof *proof, const FfarmStream *video)
{
    if (video->hdr == FFARM_HDR_DOLBY_VISION && video->dovi_profile == DOVI_PROFILE_WITHOUT_BASE)
        return g_strdup("it is Dolby Vision of profile 5, which can't be encoded anew without false colours: only "
                        "'codec: copy' keeps it");
    if (is_mode(profile, "tonemap") || proof->hdr == FFARM_EXPECT_ANY)
        return NULL;
    if (video->hdr == FFARM_HDR_DOLBY_VISION)
        return g_strdup_printf("encoding it anew would lose its Dolby Vision (profile %d): %s", video->dovi_profile,
                               WAY_OUT);
    if (video->hdr == FFARM_HDR_HDR10PLUS)
        return g_strdup_printf("encoding it anew would lose its dynamic metadata (HDR10+): %s", WAY_OUT);
    return NULL;
}

char *ffarm_hdr_obstacle(const FfarmProfile *profile, const FfarmProof *proof, const FfarmStream *video)
{
    if (!is_hdr(video))
        return NULL;
    if (is_mode(profile, "skip"))
        return g_strdup_printf("it is HDR (%s), and profile '%s' says hdr: skip", ffarm_hdr_name(video->hdr),
                               profile->name);
    return is_encoded(profile) ? obstacle_of_dynamic(profile, proof, video) : NULL;
}

static gboolean has_static_metadata(const FfarmStream *video)
{
    return video->mastering.has_primaries || video->mastering.has_luminance || video->max_cll || video->max_fall;
}

char *ffarm_hdr_loss(const FfarmProfile *profile, const FfarmProof *proof, const FfarmStream *video,
                     const char *encoder, guint version, int depth)
{
    if (!is_hdr(video) || !is_encoded(profile) || is_mode(profile, "tonemap") ||
        (ffarm_verify_flags(profile, proof) & FFARM_VERIFY_NO_HDR))
        return NULL;
    if (depth < 10)
        return g_strdup_printf("%s with %d bits would lose the HDR", encoder, depth);
    const char *since = NULL;
    if (!has_static_metadata(video) || (ffarm_verify_flags(profile, proof) & FFARM_VERIFY_NEW_HDR) ||
        ffarm_engine_limits_hdr10(encoder, version, &since) != FFARM_KEEPS_NO)
        return NULL;
    if (since)
        return g_strdup_printf("%s would lose the HDR10 metadata, which it passes on since ffmpeg %s", encoder, since);
    return g_strdup_printf("%s would lose the HDR10 metadata", encoder);
}
