/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

/* Share of frames that may be missing from an encode, and for a source whose packets are not just its frames. */
#define FRAMES_TOLERANCE_RATIO 0.01
#define LOOSE_FRAMES_RATIO 0.45
/* A recording that was begun anywhere has its first key frame at most this late. */
#define HEADLESS_MAX_US (12 * G_USEC_PER_SEC)
#define LEAD_MAX_US (12 * G_USEC_PER_SEC) /* the same of what an edit list hides */

static double seconds(gint64 time_us)
{
    return (double)time_us / G_USEC_PER_SEC;
}

static gint64 start_of(const FfarmMedia *media)
{
    return media->start_us == G_MININT64 ? 0 : media->start_us;
}

static gint64 end_of(const FfarmMeasured *measured, const FfarmStream *stream)
{
    return measured->ends_us ? measured->ends_us[stream->index] : 0;
}

const FfarmPacketsStream *verify_counted(const FfarmMeasured *measured, const FfarmStream *stream)
{
    return measured->packets ? ffarm_packets_peek(measured->packets, stream->index) : NULL;
}

gint64 verify_tolerance_us(const FfarmStream *source, gint64 end_us)
{
    gint64 tolerance = (gint64)((double)end_us * FFARM_VERIFY_TOLERANCE_RATIO);
    tolerance = CLAMP(tolerance, FFARM_VERIFY_TOLERANCE_MIN_US, FFARM_VERIFY_TOLERANCE_MAX_US);
    gint64 two_frames = source->fps > 0 ? (gint64)(2 * G_USEC_PER_SEC / source->fps) : 0;
    return MAX(tolerance, two_frames);
}

/* The source's end, measured; for a stream whose packets carry no times what its container says is all there is. */
static gint64 expected_end_us(const FfarmMeasured *source, const FfarmStream *stream)
{
    gint64 end_us = end_of(source, stream);
    return end_us == 0 && stream->type == FFARM_STREAM_VIDEO ? source->media->duration_us : end_us;
}

gint64 verify_headless_us(const FfarmMeasured *source)
{
    const FfarmStream *video = ffarm_media_peek_video(source->media);
    const FfarmPacketsStream *packets = video ? verify_counted(source, video) : NULL;
    if (!packets || packets->first_us == G_MININT64 || packets->first_key_us == G_MININT64)
        return 0;
    return CLAMP(packets->first_key_us - packets->first_us, 0, HEADLESS_MAX_US);
}

gint64 verify_lead_us(const FfarmMeasured *source)
{
    gint64 lead_us = 0;
    for (guint i = 0; source->packets && i < source->packets->streams->len; i++) {
        const FfarmPacketsStream *stream = &g_array_index(source->packets->streams, FfarmPacketsStream, i);
        if (stream->first_us != G_MININT64)
            lead_us = MAX(lead_us, start_of(source->media) - stream->first_us);
    }
    return MIN(lead_us, LEAD_MAX_US);
}

/* What of a damaged source can't be decoded at its end is no loss. */
static gint64 undecodable_us(const FfarmMeasured *source, const FfarmStream *stream)
{
    const FfarmDecodedStream *decoded = source->decoded ? ffarm_decoded_peek(source->decoded, stream->index) : NULL;
    if (!decoded || !decoded->is_decoded || decoded->last_us == G_MININT64)
        return 0;
    return MAX(expected_end_us(source, stream) - (decoded->last_us - start_of(source->media)), 0);
}

/* TRUE if packets without times are all that a stream of the result can have: a raw stream. */
static gboolean is_timeless(const FfarmMeasured *result, const FfarmStream *got)
{
    const FfarmPacketsStream *packets = verify_counted(result, got);
    return packets && packets->packets > 0 && packets->last_us == G_MININT64;
}

/* A subtitle's last line may be shown in another way, or be followed by an empty one that ends it. */
static gboolean judge_last_line(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmPacketsStream *before = verify_counted(it->source, pair->planned),
                             *after = verify_counted(it->result, pair->got);
    if (!before || !after || before->last_us == G_MININT64 || after->last_us == G_MININT64)
        return TRUE;
    gint64 before_us = before->last_us - start_of(it->source->media) - verify_headless_us(it->source);
    gint64 after_us = MAX(after->last_us, after->end_us) - start_of(it->result->media);
    if (after_us >= before_us - verify_tolerance_us(pair->planned, before_us))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "ends at %.2f s, the source's last line comes at %.2f s",
                                  seconds(after_us), seconds(before_us));
}

static gboolean judge_end(const Comparison *it, const Pair *pair, GError **error)
{
    gint64 expected_us = expected_end_us(it->source, pair->planned), end_us = end_of(it->result, pair->got);
    if (!it->result->ends_us || expected_us == 0 || is_timeless(it->result, pair->got))
        return TRUE;
    if (end_us == 0)
        return verify_stream_mismatch(it, pair, error, "is empty");
    if (pair->planned->type == FFARM_STREAM_SUBTITLE)
        return judge_last_line(it, pair, error) && verify_lines(it, pair, error);
    gint64 least_us = expected_us - verify_headless_us(it->source) - undecodable_us(it->source, pair->planned);
    gint64 most_us = expected_us + (verify_is_copied(pair) ? verify_lead_us(it->source) : 0);
    gint64 tolerance = verify_tolerance_us(pair->planned, expected_us);
    if (end_us >= least_us - tolerance && end_us <= most_us + tolerance)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "ends at %.2f s, the source's at %.2f s", seconds(end_us),
                                  seconds(expected_us));
}

/* Where lengths can't be compared, sound must still last as long as the picture, if the source's did.
 * @short_us: how much sooner than the picture the source's sound ends */
static gboolean judge_sync(const Comparison *it, gint64 short_us, const FfarmStream *got, guint nth, GError **error)
{
    const FfarmStream *video = ffarm_media_peek_video(it->result->media);
    if (!it->result->ends_us || !video || is_timeless(it->result, video))
        return TRUE;
    gint64 video_us = end_of(it->result, video), end_us = end_of(it->result, got);
    if (end_us >= video_us - short_us - verify_tolerance_us(video, video_us))
        return TRUE;
    return verify_mismatch(it, error, "audio stream %u of the result ends at %.2f s, its video at %.2f s", nth,
                           seconds(end_us), seconds(video_us));
}

/* How much sooner than its picture the sound of @source ends; 0 if that can't be told. */
static gint64 shortness_us(const FfarmMeasured *source, const FfarmStream *audio)
{
    const FfarmStream *video = ffarm_media_peek_video(source->media);
    return video ? MAX(expected_end_us(source, video) - end_of(source, audio), 0) : 0;
}

/* Judges a stream whose length is not the source's on purpose. */
static gboolean judge_new_length(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmMeasured *source = it->source;
    gboolean is_video = pair->planned->type == FFARM_STREAM_VIDEO;
    if (is_video && it->result->ends_us && end_of(it->result, pair->got) == 0 && !is_timeless(it->result, pair->got))
        return verify_stream_mismatch(it, pair, error, "is empty");
    if (pair->planned->type != FFARM_STREAM_AUDIO || !source->ends_us || (it->promise->flags & FFARM_VERIFY_NO_SYNC))
        return TRUE;
    gint64 short_us = shortness_us(source, pair->planned);
    const FfarmStream *video = ffarm_media_peek_video(source->media);
    gboolean reached_end = video && short_us <= verify_tolerance_us(video, expected_end_us(source, video));
    return !reached_end || judge_sync(it, short_us, pair->got, pair->nth, error);
}

/* Packets that may be missing at the beginning: what comes before the first picture that stands alone is no use to
 * anybody.
 */
static gint64 headless_packets(const Comparison *it, const Pair *pair)
{
    const FfarmPacketsStream *before = verify_counted(it->source, pair->planned),
                             *after = verify_counted(it->result, pair->got);
    if (before->first_us == G_MININT64 || after->first_us == G_MININT64 || pair->planned->type != FFARM_STREAM_VIDEO)
        return 0;
    gint64 later_us =
        (after->first_us - start_of(it->result->media)) - (before->first_us - start_of(it->source->media));
    later_us = MAX(later_us, verify_headless_us(it->source));
    return (gint64)((double)CLAMP(later_us, 0, HEADLESS_MAX_US) * pair->planned->fps / G_USEC_PER_SEC);
}

/* TRUE if each packet of the stream is one frame that is shown: no pairs of fields, hidden frames (VP8), or empty ones
 * (AVI). */
static gboolean is_frame_a_packet(const FfarmMedia *media, const FfarmStream *video)
{
    static const char *const codecs[] = {"h264", "hevc", "av1", "vp9", "mpeg1video", "mpeg2video", NULL};
    return g_strcmp0(media->container, "avi") != 0 && video->codec && g_strv_contains(codecs, video->codec) &&
           !video->is_vfr && !video->is_interlaced && g_strcmp0(video->field_order, "progressive") == 0;
}

/* Frames that a source has by count or by its rate, whichever is less: those before an edit list's start are not shown.
 * Of a damaged one only those that can be decoded count. */
static gint64 expected_frames(const FfarmMeasured *source, const FfarmStream *video)
{
    const FfarmDecodedStream *decoded = source->decoded ? ffarm_decoded_peek(source->decoded, video->index) : NULL;
    gint64 frames = verify_counted(source, video)->packets;
    gint64 by_rate = (gint64)((double)end_of(source, video) * video->fps / G_USEC_PER_SEC);
    if (by_rate > 0)
        frames = MIN(frames, by_rate);
    return decoded && decoded->is_decoded ? MIN(frames, decoded->frames) : frames;
}

/* More frames than the source has are no loss. */
static gboolean judge_frames(const Comparison *it, const Pair *pair, GError **error)
{
    gint64 expected = expected_frames(it->source, pair->planned), got = verify_counted(it->result, pair->got)->packets;
    gint64 least = (gint64)((double)expected * LOOSE_FRAMES_RATIO) - 2;
    if (is_frame_a_packet(it->source->media, pair->planned))
        least = expected - MAX(2, (gint64)((double)expected * FRAMES_TOLERANCE_RATIO));
    if (got >= least - headless_packets(it, pair))
        return TRUE;
    return verify_stream_mismatch(it, pair, error,
                                  "has %" G_GINT64_FORMAT " frames, the source %" G_GINT64_FORMAT
                                  "; add 'expect: {frames: any}' to the profile if that is meant",
                                  got, expected);
}

/* Judges what lies between the two ends of a stream. */
static gboolean judge_content(const Comparison *it, const Pair *pair, GError **error)
{
    gboolean is_copied = verify_is_copied(pair);
    VerifyKind kind = verify_kind(pair->planned);
    if (!verify_counted(it->source, pair->planned) || !verify_counted(it->result, pair->got))
        return TRUE;
    if ((it->promise->flags & FFARM_VERIFY_NO_FRAMES) && (kind == VERIFY_VIDEO || kind == VERIFY_AUDIO))
        return TRUE;
    if (is_copied)
        return verify_copy(it, pair, headless_packets(it, pair), error);
    return kind != VERIFY_VIDEO || judge_frames(it, pair, error);
}

/* Times that go back make players stop. What a copy has of its source is nobody's fault. */
static gboolean judge_order(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmPacketsStream *before = verify_counted(it->source, pair->planned),
                             *after = verify_counted(it->result, pair->got);
    gint64 allowed = before && verify_is_copied(pair) ? before->backward_dts : 0;
    if (!after || after->backward_dts <= allowed)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "has %" G_GINT64_FORMAT " packets whose times go back",
                                  after->backward_dts);
}

gboolean verify_length(const Comparison *it, const Pair *pair, GError **error)
{
    VerifyKind kind = verify_kind(pair->planned);
    if (kind != VERIFY_VIDEO && kind != VERIFY_AUDIO && kind != VERIFY_SUBTITLE)
        return kind != VERIFY_PICTURE || judge_content(it, pair, error);
    if (!judge_order(it, pair, error))
        return FALSE;
    if (it->promise->flags & FFARM_VERIFY_NO_LENGTH)
        return judge_new_length(it, pair, error);
    return judge_end(it, pair, error) && verify_course(it, pair, error) && judge_content(it, pair, error);
}

/* Which stream of the source a stream of sound was made of is not known: none may end sooner than the shortest did. */
static gboolean judge_unmapped_sound(const Comparison *it, GError **error)
{
    gint64 short_us = 0;
    const FfarmStream *audio;
    for (guint i = 0; (audio = ffarm_media_peek_stream(it->source->media, FFARM_STREAM_AUDIO, i)); i++)
        short_us = MAX(short_us, shortness_us(it->source, audio));
    for (guint i = 0; (audio = ffarm_media_peek_stream(it->result->media, FFARM_STREAM_AUDIO, i)); i++)
        if (!judge_sync(it, short_us, audio, i, error))
            return FALSE;
    return TRUE;
}

gboolean verify_length_unmapped(const Comparison *it, GError **error)
{
    const FfarmStream *before = ffarm_media_peek_video(it->source->media);
    const FfarmStream *after = ffarm_media_peek_video(it->result->media);
    FfarmStreamChoice choice = {.stream = before, .action = FFARM_STREAM_ENCODE};
    Pair pair = {&choice, before, after, 0};
    gboolean has_new_length = (it->promise->flags & FFARM_VERIFY_NO_LENGTH) != 0;
    if (before && after && has_new_length && !judge_new_length(it, &pair, error))
        return FALSE;
    if (before && after && !has_new_length && (!judge_end(it, &pair, error) || !verify_course(it, &pair, error)))
        return FALSE;
    if (!it->source->ends_us || (it->promise->flags & (FFARM_VERIFY_NO_SYNC | FFARM_VERIFY_NO_AUDIO)))
        return TRUE;
    return judge_unmapped_sound(it, error);
}
