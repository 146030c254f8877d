/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify.h"

#include <string.h>

#include "container.h"
#include "error.h"
#include "prober.h"

/* Share of a copy's packets that a muxer may leave out at its edges. */
#define COPY_TOLERANCE_RATIO 0.005
/* Share of frames that may be missing from an encode, and for a source whose packets are not just its frames. */
#define FRAMES_TOLERANCE_RATIO 0.01
#define LOOSE_FRAMES_RATIO 0.45
/* A recording that was begun anywhere has its first key frame at most this late. */
#define HEADLESS_MAX_US (12 * G_USEC_PER_SEC)

/* Streams are compared kind by kind, in order: a container may place cover art and attachments anywhere. */
typedef enum { KIND_VIDEO, KIND_PICTURE, KIND_AUDIO, KIND_SUBTITLE, KIND_ATTACHMENT, KIND_DATA, N_KINDS } Kind;

static const char *const kind_names[] = {"video", "cover art", "audio", "subtitle", "attachment", "data"};

static Kind kind_of(const FfarmStream *stream)
{
    switch (stream->type) {
    case FFARM_STREAM_VIDEO:
        return ffarm_stream_is_picture(stream) ? KIND_PICTURE : KIND_VIDEO;
    case FFARM_STREAM_AUDIO:
        return KIND_AUDIO;
    case FFARM_STREAM_SUBTITLE:
        return KIND_SUBTITLE;
    case FFARM_STREAM_ATTACHMENT:
        return KIND_ATTACHMENT;
    default:
        return KIND_DATA;
    }
}

G_GNUC_PRINTF(3, 4)
static gboolean mismatch(GError **error, const FfarmMedia *source, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *name = g_filename_display_name(source->path);
    g_set_error(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH, "%s: %s", name, text);
    return FALSE;
}

/* Streams of one kind, in order. */
static void sort_by_kind(const FfarmMedia *media, GPtrArray *kinds[N_KINDS])
{
    for (guint i = 0; i < media->streams->len; i++) {
        FfarmStream *stream = g_ptr_array_index(media->streams, i);
        g_ptr_array_add(kinds[kind_of(stream)], stream);
    }
}

static void sort_choices_by_kind(const FfarmStreamPlan *streams, GPtrArray *kinds[N_KINDS])
{
    for (guint i = 0; i < streams->choices->len; i++) {
        FfarmStreamChoice *choice = g_ptr_array_index(streams->choices, i);
        if (choice->action != FFARM_STREAM_DROP)
            g_ptr_array_add(kinds[kind_of(choice->stream)], choice);
    }
}

static gboolean judge_codec(const FfarmMedia *source, const FfarmStreamChoice *choice, const FfarmStream *result,
                            guint nth, GError **error)
{
    const char *expected = choice->codec;
    if (!expected || g_strcmp0(expected, result->codec) == 0)
        return TRUE;
    return mismatch(error, source, "%s stream %u of the result is %s, %s was planned",
                    kind_names[kind_of(choice->stream)], nth, result->codec ? result->codec : "of no known codec",
                    expected);
}

/* Containers that carry no language, or only codes of three letters. */
static gboolean holds_language(const char *muxer, const char *language)
{
    static const char *const any[] = {"matroska", "webm", NULL};
    static const char *const three_letters[] = {"mp4", "mov", "ipod", "mpegts", NULL};
    if (!muxer)
        return FALSE;
    return g_strv_contains(any, muxer) || (strlen(language) == 3 && g_strv_contains(three_letters, muxer));
}

static gboolean judge_language(const FfarmMedia *source, const FfarmStream *planned, const FfarmStream *result,
                               guint nth, const char *muxer, GError **error)
{
    const char *before = ffarm_stream_language(planned), *after = ffarm_stream_language(result);
    if (ffarm_language_equal(before, "und") || ffarm_language_equal(before, after))
        return TRUE;
    if (ffarm_language_equal(after, "und") && !holds_language(muxer, before))
        return TRUE;
    return mismatch(error, source, "%s stream %u of the result is in language %s, the source's is %s",
                    kind_names[kind_of(planned)], nth, after, before);
}

static gboolean judge_stream(const FfarmMedia *source, const FfarmStreamChoice *choice, const FfarmStream *result,
                             guint nth, const FfarmPromise *promise, GError **error)
{
    const FfarmStream *planned = choice->stream;
    if (!judge_codec(source, choice, result, nth, error))
        return FALSE;
    if (planned->type == FFARM_STREAM_ATTACHMENT)
        return g_strcmp0(planned->filename, result->filename) == 0 ||
               mismatch(error, source, "attachment %u of the result is named %s, the source's %s", nth,
                        result->filename ? result->filename : "nothing",
                        planned->filename ? planned->filename : "nothing");
    gboolean has_language = planned->type == FFARM_STREAM_AUDIO || planned->type == FFARM_STREAM_SUBTITLE;
    if (!has_language || (promise->flags & FFARM_VERIFY_NO_LANGUAGE))
        return TRUE;
    return judge_language(source, planned, result, nth, promise->muxer, error);
}

static gboolean is_exempt(Kind kind, FfarmVerifyFlags flags)
{
    return (kind == KIND_AUDIO && (flags & FFARM_VERIFY_NO_AUDIO)) ||
           (kind == KIND_SUBTITLE && (flags & FFARM_VERIFY_NO_SUBTITLES)) ||
           ((kind == KIND_VIDEO || kind == KIND_PICTURE) && (flags & FFARM_VERIFY_NO_VIDEO));
}

static gint64 end_of(const FfarmMeasured *measured, const FfarmStream *stream)
{
    return measured->ends_us ? measured->ends_us[stream->index] : 0;
}

static gint64 tolerance_us(const FfarmStream *source, gint64 end_us)
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

static gboolean judge_end(const FfarmMeasured *source, const FfarmStream *planned, const FfarmMeasured *result,
                          const FfarmStream *got, guint nth, GError **error)
{
    gint64 expected_us = expected_end_us(source, planned), end_us = end_of(result, got);
    if (!result->ends_us || expected_us == 0)
        return TRUE;
    const char *kind = kind_names[kind_of(planned)];
    if (end_us == 0)
        return mismatch(error, source->media, "%s stream %u of the result is empty", kind, nth);
    gint64 off_us = ABS(end_us - expected_us);
    if (planned->type == FFARM_STREAM_SUBTITLE || off_us <= tolerance_us(planned, expected_us))
        return TRUE;
    return mismatch(error, source->media, "%s stream %u of the result ends at %.2f s, the source's at %.2f s", kind,
                    nth, (double)end_us / G_USEC_PER_SEC, (double)expected_us / G_USEC_PER_SEC);
}

/* Where lengths can't be compared, sound must still last as long as the picture, if the source's did.
 * @short_us: how much sooner than the picture the source's sound ends */
static gboolean judge_sync(const FfarmMeasured *source, gint64 short_us, const FfarmMeasured *result,
                           const FfarmStream *got, guint nth, GError **error)
{
    const FfarmStream *video = ffarm_media_peek_video(result->media);
    if (!result->ends_us || !video)
        return TRUE;
    gint64 video_us = end_of(result, video), end_us = end_of(result, got);
    if (end_us >= video_us - short_us - tolerance_us(video, video_us))
        return TRUE;
    return mismatch(error, source->media, "audio stream %u of the result ends at %.2f s, its video at %.2f s", nth,
                    (double)end_us / G_USEC_PER_SEC, (double)video_us / G_USEC_PER_SEC);
}

/* How much sooner than its picture the sound of @source ends; 0 if that can't be told. */
static gint64 shortness_us(const FfarmMeasured *source, const FfarmStream *audio)
{
    const FfarmStream *video = ffarm_media_peek_video(source->media);
    return video ? MAX(expected_end_us(source, video) - end_of(source, audio), 0) : 0;
}

/* Judges a result whose length is not the source's on purpose. */
static gboolean judge_new_length(const FfarmMeasured *source, const FfarmStream *planned, const FfarmMeasured *result,
                                 const FfarmStream *got, guint nth, const FfarmPromise *promise, GError **error)
{
    if (planned->type == FFARM_STREAM_VIDEO && result->ends_us && end_of(result, got) == 0)
        return mismatch(error, source->media, "video stream %u of the result is empty", nth);
    if (planned->type != FFARM_STREAM_AUDIO || !source->ends_us || (promise->flags & FFARM_VERIFY_NO_SYNC))
        return TRUE;
    gint64 short_us = shortness_us(source, planned);
    const FfarmStream *video = ffarm_media_peek_video(source->media);
    gboolean reached_end = video && short_us <= tolerance_us(video, expected_end_us(source, video));
    return !reached_end || judge_sync(source, short_us, result, got, nth, error);
}

static const FfarmPacketsStream *counted(const FfarmMeasured *measured, const FfarmStream *stream)
{
    return measured->packets ? ffarm_packets_peek(measured->packets, stream->index) : NULL;
}

/* Packets that may be missing at the begin: what comes before the first picture that stands alone is no use to anybody.
 */
static gint64 headless_packets(const FfarmMeasured *source, const FfarmStream *planned,
                               const FfarmPacketsStream *before, const FfarmMeasured *result,
                               const FfarmPacketsStream *after)
{
    if (before->first_us == G_MININT64 || after->first_us == G_MININT64 || planned->type != FFARM_STREAM_VIDEO)
        return 0;
    gint64 source_start = source->media->start_us == G_MININT64 ? 0 : source->media->start_us;
    gint64 result_start = result->media->start_us == G_MININT64 ? 0 : result->media->start_us;
    gint64 later_us = (after->first_us - result_start) - (before->first_us - source_start);
    return (gint64)((double)CLAMP(later_us, 0, HEADLESS_MAX_US) * planned->fps / G_USEC_PER_SEC);
}

/* Both the packets and the bytes of a copy must be there: a demuxer may cut sound into other packets, and a container
 * may frame it with fewer bytes. */
static gboolean judge_copy(const FfarmMeasured *source, const FfarmStream *planned, const FfarmMeasured *result,
                           const FfarmStream *got, guint nth, GError **error)
{
    const FfarmPacketsStream *before = counted(source, planned), *after = counted(result, got);
    gint64 lost = before->packets - after->packets - headless_packets(source, planned, before, result, after);
    gboolean lost_bytes = (double)after->bytes < (double)before->bytes * (1 - COPY_TOLERANCE_RATIO);
    if (!lost_bytes || lost <= MAX(2, (gint64)((double)before->packets * COPY_TOLERANCE_RATIO)))
        return TRUE;
    return mismatch(error, source->media,
                    "%s stream %u was copied, but the result has %" G_GINT64_FORMAT
                    " packets of it, the source %" G_GINT64_FORMAT,
                    kind_names[kind_of(planned)], nth, after->packets, before->packets);
}

/* TRUE if each packet of the stream is one frame that is shown: no pairs of fields, hidden frames (VP8), or empty ones
 * (AVI). */
static gboolean is_frame_a_packet(const FfarmMedia *media, const FfarmStream *video)
{
    static const char *const codecs[] = {"h264", "hevc", "av1", "vp9", "mpeg1video", "mpeg2video", NULL};
    return g_strcmp0(media->container, "avi") != 0 && video->codec && g_strv_contains(codecs, video->codec) &&
           !video->is_vfr && !video->is_interlaced && g_strcmp0(video->field_order, "progressive") == 0;
}

/* Frames that @video has by count or by its rate, whichever is less: those before an edit list's start are not shown.
 */
static gint64 expected_frames(const FfarmStream *video, const FfarmPacketsStream *packets, gint64 end_us)
{
    gint64 by_rate = (gint64)((double)end_us * video->fps / G_USEC_PER_SEC);
    return by_rate > 0 ? MIN(by_rate, packets->packets) : packets->packets;
}

/* More frames than the source has are no loss. */
static gboolean judge_frames(const FfarmMeasured *source, const FfarmStream *planned, const FfarmMeasured *result,
                             const FfarmStream *got, guint nth, GError **error)
{
    const FfarmPacketsStream *before = counted(source, planned), *after = counted(result, got);
    gint64 expected = expected_frames(planned, before, end_of(source, planned));
    gint64 least = (gint64)((double)expected * LOOSE_FRAMES_RATIO) - 2;
    if (is_frame_a_packet(source->media, planned))
        least = expected - MAX(2, (gint64)((double)expected * FRAMES_TOLERANCE_RATIO));
    least -= headless_packets(source, planned, before, result, after);
    if (after->packets >= least)
        return TRUE;
    return mismatch(error, source->media,
                    "video stream %u of the result has %" G_GINT64_FORMAT " frames, the source %" G_GINT64_FORMAT
                    "; add -fps_mode to the profile if that is meant",
                    nth, after->packets, expected);
}

static gboolean is_copy(const FfarmStreamChoice *choice)
{
    return choice->action != FFARM_STREAM_CONVERT && choice->codec &&
           g_strcmp0(choice->codec, choice->stream->codec) == 0;
}

/* Judges what lies between the two ends of a stream. */
static gboolean judge_content(const FfarmMeasured *source, const FfarmStreamChoice *choice, const FfarmMeasured *result,
                              const FfarmStream *got, guint nth, const FfarmPromise *promise, GError **error)
{
    const FfarmStream *planned = choice->stream;
    gboolean is_av = planned->type == FFARM_STREAM_AUDIO || planned->type == FFARM_STREAM_VIDEO;
    if (!is_av || !counted(source, planned) || !counted(result, got) || (promise->flags & FFARM_VERIFY_NO_FRAMES))
        return TRUE;
    if (is_copy(choice))
        return judge_copy(source, planned, result, got, nth, error);
    return planned->type != FFARM_STREAM_VIDEO || judge_frames(source, planned, result, got, nth, error);
}

/* Judges how long a stream is and that nothing is missing in it. */
static gboolean judge_length(const FfarmMeasured *source, const FfarmStreamChoice *choice, const FfarmMeasured *result,
                             const FfarmStream *got, guint nth, const FfarmPromise *promise, GError **error)
{
    if (promise->flags & FFARM_VERIFY_NO_LENGTH)
        return judge_new_length(source, choice->stream, result, got, nth, promise, error);
    return judge_end(source, choice->stream, result, got, nth, error) &&
           (ffarm_stream_is_picture(choice->stream) || judge_content(source, choice, result, got, nth, promise, error));
}

/* A data stream more than planned is one that a muxer made (chapter titles, a time code). */
static gboolean is_number_right(Kind kind, guint planned, guint got)
{
    return kind == KIND_DATA ? got >= planned : got == planned;
}

static gboolean judge_kind(const FfarmMeasured *source, const FfarmMeasured *result, Kind kind, GPtrArray *planned,
                           GPtrArray *got, const FfarmPromise *promise, GError **error)
{
    if (!is_number_right(kind, planned->len, got->len))
        return mismatch(error, source->media, "the result has %u %s stream%s, %u %s planned", got->len,
                        kind_names[kind], got->len == 1 ? "" : "s", planned->len, planned->len == 1 ? "was" : "were");
    gboolean has_end = kind == KIND_VIDEO || kind == KIND_AUDIO || kind == KIND_SUBTITLE;
    for (guint i = 0; i < planned->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(planned, i);
        const FfarmStream *stream = g_ptr_array_index(got, i);
        if (!judge_stream(source->media, choice, stream, i, promise, error))
            return FALSE;
        if (has_end && !judge_length(source, choice, result, stream, i, promise, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean judge_mapped(const FfarmMeasured *source, const FfarmMeasured *result, const FfarmPromise *promise,
                             GError **error)
{
    GPtrArray *planned[N_KINDS], *got[N_KINDS];
    for (int kind = 0; kind < N_KINDS; kind++) {
        planned[kind] = g_ptr_array_new();
        got[kind] = g_ptr_array_new();
    }
    sort_choices_by_kind(promise->streams, planned);
    sort_by_kind(result->media, got);
    gboolean ok = TRUE;
    for (int kind = 0; kind < N_KINDS; kind++) {
        if (ok && !is_exempt(kind, promise->flags))
            ok = judge_kind(source, result, kind, planned[kind], got[kind], promise, error);
        g_ptr_array_unref(planned[kind]);
        g_ptr_array_unref(got[kind]);
    }
    return ok;
}

/* Which stream of the source a stream of sound was made of is not known: none may end sooner than the shortest did. */
static gboolean judge_unmapped_sound(const FfarmMeasured *source, const FfarmMeasured *result, GError **error)
{
    gint64 short_us = 0;
    const FfarmStream *audio;
    for (guint i = 0; (audio = ffarm_media_peek_stream(source->media, FFARM_STREAM_AUDIO, i)); i++)
        short_us = MAX(short_us, shortness_us(source, audio));
    for (guint i = 0; (audio = ffarm_media_peek_stream(result->media, FFARM_STREAM_AUDIO, i)); i++) {
        if (!judge_sync(source, short_us, result, audio, i, error))
            return FALSE;
    }
    return TRUE;
}

/* The profile chose the streams itself: nobody promised which, but a film has a picture, its length and its sound. */
static gboolean judge_unmapped(const FfarmMeasured *source, const FfarmMeasured *result, const FfarmPromise *promise,
                               GError **error)
{
    const FfarmStream *before = ffarm_media_peek_video(source->media), *after = ffarm_media_peek_video(result->media);
    gboolean has_new_length = (promise->flags & FFARM_VERIFY_NO_LENGTH) != 0;
    if (before && after && has_new_length && !judge_new_length(source, before, result, after, 0, promise, error))
        return FALSE;
    if (before && after && !has_new_length && !judge_end(source, before, result, after, 0, error))
        return FALSE;
    gboolean had_audio = ffarm_media_count_streams(source->media, FFARM_STREAM_AUDIO) > 0;
    gboolean has_audio = ffarm_media_count_streams(result->media, FFARM_STREAM_AUDIO) > 0;
    if (had_audio && !has_audio && !(promise->flags & FFARM_VERIFY_NO_AUDIO))
        return mismatch(error, source->media, "the result has no sound; add -an to the profile if that is meant");
    if (!source->ends_us || (promise->flags & (FFARM_VERIFY_NO_SYNC | FFARM_VERIFY_NO_AUDIO)))
        return TRUE;
    return judge_unmapped_sound(source, result, error);
}

static gboolean judge_chapters(const FfarmMedia *source, const FfarmMedia *result, const FfarmPromise *promise,
                               GError **error)
{
    if (!promise->muxer || !ffarm_container_holds_chapters(promise->muxer))
        return TRUE;
    if (promise->flags & (FFARM_VERIFY_NO_CHAPTERS | FFARM_VERIFY_NO_LENGTH))
        return TRUE;
    if (result->chapters->len >= source->chapters->len)
        return TRUE;
    return mismatch(error, source, "the result has %u chapters, the source %u", result->chapters->len,
                    source->chapters->len);
}

static gint64 count_corrupt(const FfarmPackets *packets)
{
    gint64 corrupt = 0;
    for (guint i = 0; i < packets->streams->len; i++)
        corrupt += g_array_index(packets->streams, FfarmPacketsStream, i).corrupt;
    return corrupt;
}

/* What is wrong with the source may be copied, but nothing may be added. */
static gboolean judge_damage(const FfarmMeasured *source, const FfarmMeasured *result, GError **error)
{
    const FfarmPackets *before = source->packets, *after = result->packets;
    if (!before || !after)
        return TRUE;
    if (!after->reached_end)
        return mismatch(error, source->media, "the result can't be read to its end (%s)", after->failure);
    if (count_corrupt(after) > count_corrupt(before))
        return mismatch(error, source->media, "the result has %" G_GINT64_FORMAT " damaged packets",
                        count_corrupt(after));
    if (after->complaints > before->complaints)
        return mismatch(error, source->media, "the result is damaged: %s", after->first_complaint);
    return TRUE;
}

gboolean ffarm_verify_judge(const FfarmMeasured *source, const FfarmMeasured *result, const FfarmPromise *promise,
                            GError **error)
{
    gboolean needs_video = !(promise->flags & FFARM_VERIFY_NO_VIDEO);
    for (guint i = 0; i < result->media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(result->media->problems, i);
        if (needs_video || problem->kind != FFARM_PROBLEM_NO_VIDEO)
            return mismatch(error, source->media, "the result is unusable: %s", problem->text);
    }
    if (needs_video && !ffarm_media_peek_video(result->media))
        return mismatch(error, source->media, "the result has no video");
    gboolean ok = promise->streams->is_mapped ? judge_mapped(source, result, promise, error)
                                              : judge_unmapped(source, result, promise, error);
    return ok && judge_chapters(source->media, result->media, promise, error) && judge_damage(source, result, error);
}

/* Ends of all streams, measured from the media's start: ffmpeg moves a film to begin at 0. */
static gint64 *measure_ends(const FfarmMedia *media, const FfarmPackets *packets)
{
    gint64 start_us = media->start_us == G_MININT64 ? 0 : media->start_us;
    gint64 *ends_us = g_new0(gint64, MAX(media->streams->len, 1));
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmPacketsStream *stream = ffarm_packets_peek(packets, (int)i);
        if (stream && stream->last_us != G_MININT64)
            ends_us[i] = MAX(stream->end_us - start_us, 0);
    }
    return ends_us;
}

static gboolean scan_source(const FfarmMedia *source, FfarmPackets **packets, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) inner = NULL;
    *packets = ffarm_packets_scan(source->path, 0, cancellable, &inner);
    if (*packets && (*packets)->reached_end)
        return TRUE;
    if (g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    g_autofree char *name = g_filename_display_name(source->path);
    g_set_error(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE, "%s: the source can't be read to its end (%s)", name,
                inner ? inner->message : (*packets)->failure);
    return FALSE;
}

static gboolean scan_result(const char *path, const FfarmMedia *source, FfarmPackets **packets,
                            GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) inner = NULL;
    *packets = ffarm_packets_scan(path, 0, cancellable, &inner);
    if (*packets && (*packets)->reached_end)
        return TRUE;
    if (!g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return mismatch(error, source, "the result can't be read to its end (%s)",
                        inner ? inner->message : (*packets)->failure);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

gboolean ffarm_verify_result(const char *path, const FfarmMedia *source, const FfarmPromise *promise,
                             GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmMedia) result = ffarm_probe_file(path, 0, cancellable, error);
    if (!result)
        return FALSE;
    g_autoptr(FfarmPackets) result_packets = NULL;
    if (!scan_result(path, source, &result_packets, cancellable, error))
        return FALSE;
    g_autoptr(FfarmPackets) source_packets = NULL;
    if (!scan_source(source, &source_packets, cancellable, error))
        return FALSE;
    g_autofree gint64 *source_ends = measure_ends(source, source_packets);
    g_autofree gint64 *result_ends = measure_ends(result, result_packets);
    FfarmMeasured before = {source, source_ends, source_packets}, after = {result, result_ends, result_packets};
    return ffarm_verify_judge(&before, &after, promise, error);
}
