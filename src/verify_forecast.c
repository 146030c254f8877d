/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

#include <string.h>

#include "codec.h"
#include "container.h"
#include "output_options.h"

#define HDR_BITS 10

/* A picture of the result as it may come, and what follows if it is not accepted. */
typedef struct {
    const Comparison *it;
    const Pair *pair;
    GPtrArray *warnings;
} Forecast;

G_GNUC_PRINTF(2, 3)
static void warn(const Forecast *forecast, const char *format, ...)
{
    const FfarmStream *stream = forecast->pair->planned;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(forecast->warnings, g_strdup_printf("video 0:%d (%s, %s) %s", stream->index,
                                                        stream->codec ? stream->codec : "unknown codec",
                                                        ffarm_stream_language(stream), text));
}

static gboolean is_accepted(const Forecast *forecast, const FfarmStream *got)
{
    Pair pair = *forecast->pair;
    pair.got = got;
    return verify_picture(forecast->it, &pair, NULL);
}

static gboolean is_one_of(const char *name, const char *const *names)
{
    return name && g_strv_contains(names, name);
}

/* TRUE if a copy can say in this container that it has Dolby Vision. */
static gboolean may_hold_dolby_vision(const char *muxer)
{
    static const char *const muxers[] = {"matroska", "mp4", "mov", "ipod", "mpegts", NULL};
    return is_one_of(muxer, muxers);
}

/* What a recipe does to the picture; turning it is ffmpeg's own affair. */
static void foresee_laid(FfarmStream *best, const FfarmLaid *laid)
{
    if (laid->deinterlaces)
        best->is_interlaced = FALSE;
    if (laid->crops) {
        best->width &= ~1;
        best->height &= ~1;
    }
}

/* The best that can come of the picture: what no encoder of the codec can write, and no container can hold, is gone. */
static FfarmStream foresee_best(const Comparison *it, const Pair *pair, const char *codec)
{
    static const char *const dynamic[] = {"hevc", "av1", "vp9", "vvc", NULL};
    const FfarmProfile *profile = it->promise->profile;
    FfarmStream best = *pair->planned;
    gboolean is_copied = verify_is_copied(pair);
    const char *asked = is_copied ? NULL : verify_asked_pix_fmt(profile);
    best.codec = (char *)codec;
    best.pix_fmt = asked ? (char *)asked : best.pix_fmt;
    if (it->promise->flags & FFARM_VERIFY_TONE_MAPPED)
        best.color_transfer = best.color_primaries = best.color_space = (char *)"bt709";
    if (profile && !is_copied)
        foresee_laid(&best, &profile->laid);
    gboolean is_lost = is_copied ? best.hdr == FFARM_HDR_DOLBY_VISION && !may_hold_dolby_vision(it->promise->muxer)
                                 : best.hdr >= FFARM_HDR_HDR10PLUS && codec && !g_strv_contains(dynamic, codec);
    if (is_lost)
        best.hdr = FFARM_HDR_HDR10;
    return best;
}

/* What ffmpeg loses unless it is told, or is a recent one. */
static void foresee_likely(const Forecast *forecast, const FfarmStream *best)
{
    static const char *const strict[] = {"mp4", "mov", "ipod", NULL};
    const FfarmPromise *promise = forecast->it->promise;
    gboolean is_copied = verify_is_copied(forecast->pair);
    FfarmStream likely = *best;
    likely.mastering = (FfarmMasteringDisplay){0};
    likely.max_cll = likely.max_fall = 0;
    if (!is_copied && !promise->passes_hdr10 && !(promise->flags & FFARM_VERIFY_NEW_HDR) &&
        !is_accepted(forecast, &likely))
        warn(forecast, "may lose its HDR10 metadata, and the result is refused then: tell the encoder of it, or add "
                       "'expect: {hdr: any}' to the profile if it may be lost");
    likely = *best;
    likely.hdr = FFARM_HDR_HDR10;
    gboolean is_unsure = best->hdr == FFARM_HDR_HDR10PLUS ? !is_copied : is_one_of(promise->muxer, strict);
    gboolean is_told = promise->profile && ffarm_output_options_have(promise->profile, "-strict");
    if (best->hdr >= FFARM_HDR_HDR10PLUS && is_unsure && !is_told && !is_accepted(forecast, &likely))
        warn(forecast,
             "may lose its %s, and the result is refused then: %s, or add 'expect: {hdr: any}' to the profile "
             "if it may be lost",
             best->hdr == FFARM_HDR_HDR10PLUS ? "dynamic metadata (HDR10+)" : "Dolby Vision",
             best->hdr == FFARM_HDR_HDR10PLUS ? "tell the encoder of it" : "say -strict unofficial");
}

/* What nobody asked for in so many words: a codec's options bring every picture to one format. */
static void foresee_format(const Forecast *forecast, const FfarmStream *best)
{
    const FfarmProfile *profile = forecast->it->promise->profile;
    const FfarmStream *before = forecast->pair->planned;
    if (!profile || !profile->codec || verify_is_copied(forecast->pair))
        return;
    int bits = ffarm_pix_fmt_depth(best->pix_fmt), had = ffarm_pix_fmt_depth(before->pix_fmt);
    gboolean is_asked = profile->bit_depth && strcmp(profile->bit_depth, "auto") != 0;
    if (bits < had && !is_asked && before->hdr == FFARM_HDR_NONE)
        warn(forecast, "becomes a picture of %d bits, the source's has %d", bits, had);
    if (ffarm_pix_fmt_has_more_colour(before->pix_fmt, best->pix_fmt))
        warn(forecast, "becomes %s, which has less colour than the source's %s", best->pix_fmt, before->pix_fmt);
}

/* What the proof lets pass, since nothing could be done about it. */
static void foresee_silent(const Forecast *forecast, const FfarmStream *best)
{
    const FfarmPromise *promise = forecast->it->promise;
    const FfarmStream *before = forecast->pair->planned;
    gboolean is_copied = verify_is_copied(forecast->pair);
    gboolean is_plain = before->hdr == FFARM_HDR_NONE || (promise->flags & FFARM_VERIFY_NO_HDR);
    if (!is_plain && best->codec && !verify_can_tell_colours(forecast->it, best))
        warn(forecast, "loses its HDR transfer and colour tags: neither %s nor %s can hold them", best->codec,
             promise->muxer ? promise->muxer : "the container");
    int bits = is_copied ? HDR_BITS : ffarm_pix_fmt_depth(best->pix_fmt);
    if (!is_plain && bits > 0 && bits < MIN(HDR_BITS, before->bit_depth))
        warn(forecast, "becomes a picture of %d bits, in which HDR shows banding", bits);
    if (is_copied && before->rotation != 0 && !(promise->flags & FFARM_VERIFY_NO_ROTATION) &&
        !ffarm_container_keeps(promise->muxer, FFARM_CONTAINER_ROTATION))
        warn(forecast, "is copied, and %s may not hold that it is to be turned by %d degrees",
             promise->muxer ? promise->muxer : "the container", before->rotation);
}

/* The codec of the result; NULL: ffmpeg's affair. */
static const char *foresee_codec(const Comparison *it, const FfarmStreamChoice *choice)
{
    if (choice->codec)
        return choice->codec;
    const char *encoder =
        it->promise->profile && choice->output_index >= 0
            ? ffarm_output_options_encoder(it->promise->profile, FFARM_STREAM_VIDEO, (guint)choice->output_index)
            : NULL;
    return encoder ? ffarm_codec_of_encoder(encoder) : NULL;
}

gboolean ffarm_verify_foresee(const FfarmMedia *media, const FfarmPromise *promise, GPtrArray *warnings, GError **error)
{
    const FfarmMeasured source = {.media = media};
    const Comparison it = {&source, &source, promise};
    guint nth = 0;
    for (guint i = 0; promise->streams->is_mapped && i < promise->streams->choices->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(promise->streams->choices, i);
        if (choice->action == FFARM_STREAM_DROP || verify_kind(choice->stream) != VERIFY_VIDEO)
            continue;
        Pair pair = {choice, choice->stream, NULL, nth++};
        FfarmStream best = foresee_best(&it, &pair, foresee_codec(&it, choice));
        pair.got = &best;
        if (!verify_picture(&it, &pair, error))
            return FALSE;
        const Forecast forecast = {&it, &pair, warnings};
        foresee_likely(&forecast, &best);
        foresee_format(&forecast, &best);
        foresee_silent(&forecast, &best);
    }
    return TRUE;
}
