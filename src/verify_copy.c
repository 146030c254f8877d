/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

#include <string.h>

/* Share of a copy's packets that a muxer may leave out at its edges. */
#define COPY_TOLERANCE_RATIO 0.005

/* Containers that hold the same bytes of a codec: those of Matroska, mp4 and FLV give the lengths of NAL units, and
 * AAC without its headers; a transport stream has its own form of both. Names of demuxers. */
static const char *const framed[] = {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "flv", NULL};
static const char *const others[] = {"avi", "asf", "mpegts", "mpeg", NULL};
/* Codecs of sound and subtitles that are the same bytes in all of these. */
static const char *const verbatim[] = {"ac3", "eac3", "dts", "mp2", "mp3", "dvd_subtitle", NULL};

#define NO_TAG "[0][0][0][0]"

static gboolean is_one_of(const char *name, const char *const *names)
{
    return name && g_strv_contains(names, name);
}

/* TRUE if Matroska holds the picture as AVI would: muxers bring it into their own form. */
static gboolean is_of_avi(const Comparison *it, const Pair *pair)
{
    const char *tag = pair->planned->codec_tag;
    return pair->planned->type == FFARM_STREAM_VIDEO && g_strcmp0(it->source->media->container, framed[0]) == 0 &&
           tag && strcmp(tag, NO_TAG) != 0;
}

/* TRUE if a copy between the two containers has the very bytes of its source. */
static gboolean keeps_bytes(const Comparison *it, const Pair *pair)
{
    const char *from = it->source->media->container, *to = it->result->media->container;
    if (is_one_of(from, framed) && is_one_of(to, framed))
        return !is_of_avi(it, pair);
    gboolean is_known =
        (is_one_of(from, framed) || is_one_of(from, others)) && (is_one_of(to, framed) || is_one_of(to, others));
    return is_known && is_one_of(pair->planned->codec, verbatim);
}

/* TRUE if each packet of the source can be expected to be in a copy: a damaged one, or a picture that nobody can decode
 * at its beginning, may be left out. */
static gboolean is_whole(const FfarmMeasured *source, const Pair *pair)
{
    gboolean is_headless = pair->planned->type == FFARM_STREAM_VIDEO && verify_headless_us(source) > 0;
    return !source->decoded && source->packets->reached_end && source->packets->complaints == 0 &&
           verify_count_corrupt(source->packets) == 0 && !is_headless;
}

/* mp4 hides a last packet of sound whose length the source does not tell. */
static gboolean lacks_last_sound(const Comparison *it, const Pair *pair, const FfarmPacketsStream *before,
                                 const FfarmPacketsStream *after)
{
    return pair->planned->type == FFARM_STREAM_AUDIO && after->packets == before->packets - 1 &&
           g_strcmp0(it->result->media->container, framed[1]) == 0;
}

static gboolean judge_bytes(const Comparison *it, const Pair *pair, const FfarmPacketsStream *before,
                            const FfarmPacketsStream *after, GError **error)
{
    if (before->checksum == after->checksum || !is_whole(it->source, pair) || !keeps_bytes(it, pair) ||
        lacks_last_sound(it, pair, before, after))
        return TRUE;
    return verify_mismatch(it, error, "%s stream %u was copied, but holds other bytes than the source's",
                           verify_kind_name(verify_kind(pair->planned)), pair->nth);
}

gboolean verify_copy(const Comparison *it, const Pair *pair, gint64 may_lack, GError **error)
{
    const FfarmPacketsStream *before = verify_counted(it->source, pair->planned),
                             *after = verify_counted(it->result, pair->got);
    gint64 lost = before->packets - after->packets - may_lack;
    gboolean lost_bytes = (double)after->bytes < (double)before->bytes * (1 - COPY_TOLERANCE_RATIO);
    if (lost_bytes && lost > MAX(2, (gint64)((double)before->packets * COPY_TOLERANCE_RATIO)))
        return verify_mismatch(it, error,
                               "%s stream %u was copied, but the result has %" G_GINT64_FORMAT
                               " packets of it, the source %" G_GINT64_FORMAT,
                               verify_kind_name(verify_kind(pair->planned)), pair->nth, after->packets,
                               before->packets);
    return judge_bytes(it, pair, before, after, error);
}
