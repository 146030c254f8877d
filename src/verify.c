/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

#include <string.h>

#include "codec.h"
#include "container.h"
#include "error.h"
#include "output_options.h"

static const char *const kind_names[] = {"video", "cover art", "audio", "subtitle", "attachment", "data"};

VerifyKind verify_kind(const FfarmStream *stream)
{
    switch (stream->type) {
    case FFARM_STREAM_VIDEO:
        return ffarm_stream_is_picture(stream) ? VERIFY_PICTURE : VERIFY_VIDEO;
    case FFARM_STREAM_AUDIO:
        return VERIFY_AUDIO;
    case FFARM_STREAM_SUBTITLE:
        return VERIFY_SUBTITLE;
    case FFARM_STREAM_ATTACHMENT:
        return VERIFY_ATTACHMENT;
    default:
        return VERIFY_DATA;
    }
}

const char *verify_kind_name(VerifyKind kind)
{
    return kind_names[kind];
}

static gboolean set_mismatch(const Comparison *it, GError **error, const char *subject, const char *format,
                             va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    g_autofree char *name = g_filename_display_name(it->source->media->path);
    g_autofree char *line = g_strdup_printf("%s: %s%s", name, subject, text);
    g_set_error_literal(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH, line);
    return FALSE;
}

gboolean verify_mismatch(const Comparison *it, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_mismatch(it, error, "", format, arguments);
    va_end(arguments);
    return FALSE;
}

gboolean verify_stream_mismatch(const Comparison *it, const Pair *pair, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *subject =
        g_strdup_printf("%s stream %u of the result ", kind_names[verify_kind(pair->planned)], pair->nth);
    set_mismatch(it, error, subject, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* The encoder that the profile's options name for a stream; NULL if the plan chose, or nobody did. */
static const char *named_encoder(const Comparison *it, const Pair *pair)
{
    const FfarmProfile *profile = it->promise->profile;
    if (!profile || pair->choice->action != FFARM_STREAM_ENCODE || pair->choice->output_index < 0)
        return NULL;
    return ffarm_output_options_encoder(profile, pair->planned->type, (guint)pair->choice->output_index);
}

gboolean verify_is_copied(const Pair *pair)
{
    /* Of what the profile's options make the plan knows the codec only where they say copy. */
    const FfarmStreamChoice *choice = pair->choice;
    return choice->action == FFARM_STREAM_COPY || (choice->action == FFARM_STREAM_ENCODE && choice->codec);
}

/* mp4's demuxer takes all three layers of MPEG audio for one. */
static gboolean is_same_codec(const char *expected, const char *got)
{
    static const char *const layers[] = {"mp1", "mp2", "mp3", NULL};
    return g_strcmp0(expected, got) == 0 || (got && g_strv_contains(layers, expected) && g_strv_contains(layers, got));
}

static gboolean judge_codec(const Comparison *it, const Pair *pair, GError **error)
{
    const char *encoder = named_encoder(it, pair), *expected = pair->choice->codec, *got = pair->got->codec;
    if (!expected && encoder)
        expected = ffarm_codec_of_encoder(encoder);
    if (!expected || is_same_codec(expected, got))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "is %s, %s was planned", got ? got : "of no known codec", expected);
}

/* Bytes and lengths come last: where a stream is not the one that was planned, its language or its picture says so
 * better.
 */
static gboolean judge_pair(const Comparison *it, const Pair *pair, GError **error)
{
    if (!judge_codec(it, pair, error) || !verify_tags(it, pair, error))
        return FALSE;
    if (verify_kind(pair->planned) == VERIFY_VIDEO && !verify_picture(it, pair, error))
        return FALSE;
    return verify_length(it, pair, error);
}

static gboolean is_exempt(VerifyKind kind, FfarmVerifyFlags flags)
{
    return (kind == VERIFY_AUDIO && (flags & FFARM_VERIFY_NO_AUDIO)) ||
           (kind == VERIFY_SUBTITLE && (flags & FFARM_VERIFY_NO_SUBTITLES)) ||
           ((kind == VERIFY_VIDEO || kind == VERIFY_PICTURE) && (flags & FFARM_VERIFY_NO_VIDEO));
}

/* A data stream more than planned is one that a muxer made (chapter titles, a time code). */
static gboolean is_number_right(VerifyKind kind, guint planned, guint got)
{
    return kind == VERIFY_DATA ? got >= planned : got == planned;
}

static gboolean judge_kind(const Comparison *it, VerifyKind kind, const GPtrArray *planned, const GPtrArray *got,
                           GError **error)
{
    if (!is_number_right(kind, planned->len, got->len))
        return verify_mismatch(it, error, "the result has %u %s stream%s, %u %s planned", got->len, kind_names[kind],
                               got->len == 1 ? "" : "s", planned->len, planned->len == 1 ? "was" : "were");
    for (guint i = 0; i < planned->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(planned, i);
        Pair pair = {choice, choice->stream, g_ptr_array_index(got, i), i};
        if (!judge_pair(it, &pair, error))
            return FALSE;
    }
    return TRUE;
}

/* The choices that are kept, or (@streams NULL) the streams of @media, of one kind, in order. */
static GPtrArray *pick_kind(const FfarmStreamPlan *streams, const FfarmMedia *media, VerifyKind kind)
{
    GPtrArray *picked = g_ptr_array_new();
    for (guint i = 0; streams && i < streams->choices->len; i++) {
        FfarmStreamChoice *choice = g_ptr_array_index(streams->choices, i);
        if (choice->action != FFARM_STREAM_DROP && verify_kind(choice->stream) == kind)
            g_ptr_array_add(picked, choice);
    }
    for (guint i = 0; !streams && i < media->streams->len; i++) {
        FfarmStream *stream = g_ptr_array_index(media->streams, i);
        if (verify_kind(stream) == kind)
            g_ptr_array_add(picked, stream);
    }
    return picked;
}

static gboolean has_packets(const Comparison *it, const FfarmStreamChoice *choice)
{
    const FfarmPacketsStream *packets = verify_counted(it->source, choice->stream);
    return !packets || packets->packets > 0 || !it->source->packets->reached_end;
}

/* Some muxers leave out a track in which there is nothing: then nobody has to miss it. */
static void forget_empty(const Comparison *it, GPtrArray *planned, guint got)
{
    guint full = 0;
    for (guint i = 0; i < planned->len; i++)
        full += has_packets(it, g_ptr_array_index(planned, i));
    for (guint i = planned->len; full == got && i-- > 0;)
        if (!has_packets(it, g_ptr_array_index(planned, i)))
            g_ptr_array_remove_index(planned, i);
}

static gboolean judge_mapped(const Comparison *it, GError **error)
{
    for (VerifyKind kind = 0; kind < VERIFY_N_KINDS; kind++) {
        if (is_exempt(kind, it->promise->flags))
            continue;
        g_autoptr(GPtrArray) planned = pick_kind(it->promise->streams, NULL, kind);
        g_autoptr(GPtrArray) got = pick_kind(NULL, it->result->media, kind);
        if (kind == VERIFY_AUDIO || kind == VERIFY_SUBTITLE)
            forget_empty(it, planned, got->len);
        if (!judge_kind(it, kind, planned, got, error))
            return FALSE;
    }
    return TRUE;
}

/* The profile chose the streams itself: a film has a picture, its length and its sound, and what -map asks for. */
static gboolean judge_unmapped(const Comparison *it, GError **error)
{
    static const FfarmStreamType types[] = {FFARM_STREAM_VIDEO, FFARM_STREAM_AUDIO, FFARM_STREAM_SUBTITLE,
                                            FFARM_STREAM_ATTACHMENT};
    const FfarmMedia *source = it->source->media, *result = it->result->media;
    gboolean had_audio = ffarm_media_count_streams(source, FFARM_STREAM_AUDIO) > 0;
    gboolean has_audio = ffarm_media_count_streams(result, FFARM_STREAM_AUDIO) > 0;
    if (had_audio && !has_audio && !(it->promise->flags & FFARM_VERIFY_NO_AUDIO))
        return verify_mismatch(it, error, "the result has no sound; add -an to the profile if that is meant");
    for (guint i = 0; it->promise->profile && i < G_N_ELEMENTS(types); i++) {
        guint least = ffarm_output_options_count_mapped(it->promise->profile, source, types[i]);
        guint got = ffarm_media_count_streams(result, types[i]);
        if (got < least)
            return verify_mismatch(it, error, "the result has %u %s stream%s, -map asks for %u", got,
                                   ffarm_stream_type_name(types[i]), got == 1 ? "" : "s", least);
    }
    return verify_length_unmapped(it, error);
}

gint64 verify_count_corrupt(const FfarmPackets *packets)
{
    gint64 corrupt = 0;
    for (guint i = 0; i < packets->streams->len; i++)
        corrupt += g_array_index(packets->streams, FfarmPacketsStream, i).corrupt;
    return corrupt;
}

/* What is wrong with the source may be copied, but nothing may be added. */
static gboolean judge_damage(const Comparison *it, GError **error)
{
    const FfarmPackets *before = it->source->packets, *after = it->result->packets;
    if (!before || !after)
        return TRUE;
    if (!after->reached_end)
        return verify_mismatch(it, error, "the result can't be read to its end (%s)", after->failure);
    if (verify_count_corrupt(after) > verify_count_corrupt(before))
        return verify_mismatch(it, error, "the result has %" G_GINT64_FORMAT " damaged packets",
                               verify_count_corrupt(after));
    if (after->complaints > before->complaints)
        return verify_mismatch(it, error, "the result is damaged: %s", after->first_complaint);
    return TRUE;
}

static gboolean judge_decoding(const Comparison *it, GError **error)
{
    const FfarmDecoded *before = it->source->decoded, *after = it->result->decoded;
    if (!after)
        return TRUE;
    if (!after->reached_end)
        return verify_mismatch(it, error, "the result can't be decoded to its end (%s)", after->failure);
    if (after->errors <= (before ? before->errors : 0))
        return TRUE;
    return verify_mismatch(it, error, "the result can't be decoded without errors (%s)", after->first_error);
}

gboolean ffarm_verify_judge(const FfarmMeasured *source, const FfarmMeasured *result, const FfarmPromise *promise,
                            GError **error)
{
    Comparison it = {source, result, promise};
    gboolean needs_video = !(promise->flags & FFARM_VERIFY_NO_VIDEO);
    for (guint i = 0; i < result->media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(result->media->problems, i);
        if (needs_video || problem->kind != FFARM_PROBLEM_NO_VIDEO)
            return verify_mismatch(&it, error, "the result is unusable: %s", problem->text);
    }
    if (needs_video && !ffarm_media_peek_video(result->media))
        return verify_mismatch(&it, error, "the result has no video");
    gboolean ok = promise->streams->is_mapped ? judge_mapped(&it, error) : judge_unmapped(&it, error);
    return ok && verify_film_tags(&it, error) && judge_damage(&it, error) && judge_decoding(&it, error);
}

/* Behind "the result has 2 ": streams and chapters, of which the encoder of the picture knows nothing. */
static gboolean tells_of_number(const char *words)
{
    static const char start[] = "the result has ";
    const char *number = g_str_has_prefix(words, start) ? words + strlen(start) : "";
    size_t digits = strspn(number, "0123456789");
    return digits > 0 && !g_str_has_prefix(number + digits, " damaged");
}

gboolean ffarm_verify_is_of_picture(const FfarmMedia *source, const GError *error)
{
    static const char *const of_container[] = {"chapter ", "the result is titled ", "the result has no sound",
                                               "attachment "};
    g_autofree char *name = g_filename_display_name(source->path);
    const char *words = error->message;
    if (g_str_has_prefix(words, name))
        words += strlen(name) + strspn(words + strlen(name), ": ");
    for (gsize i = 0; i < G_N_ELEMENTS(of_container); i++)
        if (g_str_has_prefix(words, of_container[i]))
            return FALSE;
    for (VerifyKind kind = VERIFY_PICTURE; kind < VERIFY_N_KINDS; kind++) {
        g_autofree char *start = g_strconcat(kind_names[kind], " stream ", NULL);
        if (g_str_has_prefix(words, start))
            return FALSE;
    }
    return !tells_of_number(words) && !g_str_has_suffix(words, verify_metadata_hint);
}
