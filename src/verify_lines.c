/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

/* Containers round times, and a film that begins with sound's run-up is moved by it. */
#define LINE_TOLERANCE_US (G_USEC_PER_SEC / 4)

/* TRUE if a line of the one becomes a line of the other when it is converted. */
static gboolean is_plain_text(const FfarmStream *stream)
{
    static const char *const codecs[] = {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", NULL};
    return stream->codec && g_strv_contains(codecs, stream->codec);
}

static int compare_times(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return (left > right) - (left < right);
}

/* When the lines of a stream that show something come, from the file's start, in order; those before @begin_us not. */
static GArray *gather_lines(const FfarmMeasured *measured, const FfarmStream *stream, gint64 begin_us)
{
    GArray *times = g_array_new(FALSE, FALSE, sizeof(gint64));
    const GArray *cues = measured->packets->cues;
    gint64 start_us = measured->media->start_us == G_MININT64 ? 0 : measured->media->start_us;
    for (guint i = 0; i < cues->len; i++) {
        const FfarmCue *cue = &g_array_index(cues, FfarmCue, i);
        gint64 time_us = cue->start_us - start_us;
        if (cue->stream == stream->index && !cue->is_blank && time_us >= begin_us)
            g_array_append_val(times, time_us);
    }
    g_array_sort(times, compare_times);
    return times;
}

/* Each line of the source has one of its own in the result. Returns: the time of the first that has none; -1. */
static gint64 find_lost_line(const GArray *before, const GArray *after, gint64 early_us, gint64 late_us)
{
    guint next = 0;
    for (guint i = 0; i < before->len; i++) {
        gint64 time_us = g_array_index(before, gint64, i);
        while (next < after->len && g_array_index(after, gint64, next) < time_us - early_us)
            next++;
        if (next == after->len || g_array_index(after, gint64, next) > time_us + late_us)
            return time_us;
        next++;
    }
    return -1;
}

gboolean verify_lines(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmMeasured *source = it->source, *result = it->result;
    if (!source->packets || !result->packets || !source->packets->has_all_cues || !result->packets->has_all_cues)
        return TRUE;
    if (source->decoded || !source->packets->reached_end)
        return TRUE;
    gint64 headless_us = verify_headless_us(source);
    g_autoptr(GArray) before = gather_lines(source, pair->planned, headless_us);
    g_autoptr(GArray) after = gather_lines(result, pair->got, G_MININT64);
    /* Pictures may come in more or fewer packets in another container. */
    gboolean is_text = is_plain_text(pair->planned) && is_plain_text(pair->got);
    if (!is_text && (!verify_is_copied(pair) || before->len != after->len))
        return TRUE;
    gint64 lost_us =
        find_lost_line(before, after, headless_us + LINE_TOLERANCE_US, verify_lead_us(source) + LINE_TOLERANCE_US);
    if (lost_us < 0)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "lacks the line that comes at %.2f s",
                                  (double)lost_us / G_USEC_PER_SEC);
}
