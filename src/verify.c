/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify.h"

#include <string.h>

#include "container.h"
#include "error.h"
#include "packets.h"
#include "prober.h"

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

/* An option that means @flag, with any stream specifier behind a ':'. */
static const struct {
    const char *option;
    FfarmVerifyFlags flag;
} exemptions[] = {
    {"-ss", FFARM_VERIFY_NO_LENGTH},
    {"-sseof", FFARM_VERIFY_NO_LENGTH},
    {"-t", FFARM_VERIFY_NO_LENGTH},
    {"-to", FFARM_VERIFY_NO_LENGTH},
    {"-fs", FFARM_VERIFY_NO_LENGTH},
    {"-shortest", FFARM_VERIFY_NO_LENGTH},
    {"-frames", FFARM_VERIFY_NO_LENGTH},
    {"-vframes", FFARM_VERIFY_NO_LENGTH},
    {"-itsscale", FFARM_VERIFY_NO_LENGTH},
    {"-itsoffset", FFARM_VERIFY_NO_LENGTH},
    {"-stream_loop", FFARM_VERIFY_NO_LENGTH},
    {"-map_chapters", FFARM_VERIFY_NO_CHAPTERS},
    {"-map_metadata", FFARM_VERIFY_NO_LANGUAGE},
    {"-metadata", FFARM_VERIFY_NO_LANGUAGE},
    {"-an", FFARM_VERIFY_NO_AUDIO},
    {"-sn", FFARM_VERIFY_NO_SUBTITLES},
    {"-vn", FFARM_VERIFY_NO_VIDEO},
};

/* Filters that change when things are shown; they stand inside an argument of -vf, -filter:v and the like. */
static const char *const timing_filters[] = {"setpts", "trim", "concat", "loop", "tpad", "atempo", "minterpolate"};

static FfarmVerifyFlags flags_of_word(const char *word)
{
    size_t length = strcspn(word, ":");
    for (gsize i = 0; i < G_N_ELEMENTS(exemptions); i++) {
        if (strlen(exemptions[i].option) == length && strncmp(word, exemptions[i].option, length) == 0)
            return exemptions[i].flag;
    }
    return FFARM_VERIFY_ALL;
}

static gboolean changes_timing(const char *filters)
{
    for (gsize i = 0; i < G_N_ELEMENTS(timing_filters); i++) {
        if (strstr(filters, timing_filters[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean is_filter_option(const char *word)
{
    return g_str_has_prefix(word, "-filter") || strcmp(word, "-vf") == 0 || strcmp(word, "-af") == 0 ||
           strcmp(word, "-lavfi") == 0;
}

FfarmVerifyFlags ffarm_verify_flags(const FfarmProfile *profile)
{
    FfarmVerifyFlags flags = FFARM_VERIFY_ALL;
    for (int section = 0; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        for (; words && *words; words++) {
            flags |= flags_of_word(*words);
            /* -r before -i gives the frames other times. */
            if (section == FFARM_SECTION_INPUT && strcmp(*words, "-r") == 0)
                flags |= FFARM_VERIFY_NO_LENGTH;
            if (is_filter_option(*words) && words[1] && changes_timing(words[1]))
                flags |= FFARM_VERIFY_NO_LENGTH;
        }
    }
    return flags;
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
        if (has_end && !(promise->flags & FFARM_VERIFY_NO_LENGTH) &&
            !judge_end(source, choice->stream, result, stream, i, error))
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

/* The profile chose the streams itself: nobody promised which, but a film has a picture, its length and its sound. */
static gboolean judge_unmapped(const FfarmMeasured *source, const FfarmMeasured *result, const FfarmPromise *promise,
                               GError **error)
{
    const FfarmStream *before = ffarm_media_peek_video(source->media), *after = ffarm_media_peek_video(result->media);
    if (!(promise->flags & FFARM_VERIFY_NO_LENGTH) && before && after &&
        !judge_end(source, before, result, after, 0, error))
        return FALSE;
    gboolean had_audio = ffarm_media_count_streams(source->media, FFARM_STREAM_AUDIO) > 0;
    gboolean has_audio = ffarm_media_count_streams(result->media, FFARM_STREAM_AUDIO) > 0;
    if (had_audio && !has_audio && !(promise->flags & FFARM_VERIFY_NO_AUDIO))
        return mismatch(error, source->media, "the result has no sound; add -an to the profile if that is meant");
    return TRUE;
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
    return ok && judge_chapters(source->media, result->media, promise, error);
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
    FfarmMeasured before = {source, source_ends}, after = {result, result_ends};
    return ffarm_verify_judge(&before, &after, promise, error);
}
