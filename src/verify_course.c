/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

static double seconds(gint64 time_us)
{
    return (double)time_us / G_USEC_PER_SEC;
}

/* When a stream begins, from the file's start. What an edit list hides before that is not shown. */
static gint64 begin_us(const FfarmMeasured *measured, const FfarmPacketsStream *stream)
{
    gint64 start_us = measured->media->start_us == G_MININT64 ? 0 : measured->media->start_us;
    return MAX(stream->first_us - start_us, 0);
}

/* Its end proves that it moves at the right pace, so a stream that begins later lacks its beginning, or comes at the
 * wrong time. */
static gboolean judge_begin(const Comparison *it, const Pair *pair, const FfarmPacketsStream *before,
                            const FfarmPacketsStream *after, gint64 tolerance_us, GError **error)
{
    gint64 expected_us = begin_us(it->source, before), got_us = begin_us(it->result, after);
    if (got_us <= expected_us + verify_headless_us(it->source) + verify_lead_us(it->source) + tolerance_us)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "begins at %.2f s, the source's at %.2f s", seconds(got_us),
                                  seconds(expected_us));
}

static gboolean judge_gaps(const Comparison *it, const Pair *pair, const FfarmPacketsStream *before,
                           const FfarmPacketsStream *after, gint64 tolerance_us, GError **error)
{
    if (after->long_gaps_us <= before->gaps_us + tolerance_us)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "has gaps of %.2f s in all, the source's of %.2f s",
                                  seconds(after->long_gaps_us), seconds(before->gaps_us));
}

gboolean verify_course(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmPacketsStream *before = verify_counted(it->source, pair->planned),
                             *after = verify_counted(it->result, pair->got);
    VerifyKind kind = verify_kind(pair->planned);
    if ((kind != VERIFY_VIDEO && kind != VERIFY_AUDIO) || (it->promise->flags & FFARM_VERIFY_NO_SYNC))
        return TRUE;
    if (!before || !after || before->first_us == G_MININT64 || after->first_us == G_MININT64)
        return TRUE;
    /* What is missing of a damaged source may be missing here. */
    if (it->source->decoded || !it->source->packets->reached_end)
        return TRUE;
    gint64 tolerance_us = verify_tolerance_us(pair->planned, it->source->media->duration_us);
    return judge_begin(it, pair, before, after, tolerance_us, error) &&
           ((it->promise->flags & FFARM_VERIFY_NO_FRAMES) || judge_gaps(it, pair, before, after, tolerance_us, error));
}
