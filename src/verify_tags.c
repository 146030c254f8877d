/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

#include <string.h>

#include "container.h"

/* How far a chapter may have moved: containers count time in different units, and a film's start is moved to 0. */
#define CHAPTER_TOLERANCE_US (G_USEC_PER_SEC / 4)
/* Some containers cut a chapter's title off. */
#define CHAPTER_TITLE_BYTES 200

const char verify_metadata_hint[] = "add 'expect: {metadata: any}' to the profile if that is meant";

static gboolean judge_language(const Comparison *it, const Pair *pair, GError **error)
{
    const char *before = ffarm_stream_language(pair->planned), *after = ffarm_stream_language(pair->got);
    if (it->promise->flags & FFARM_VERIFY_NO_LANGUAGE)
        return TRUE;
    if (ffarm_language_equal(before, "und") || ffarm_language_equal(before, after))
        return TRUE;
    if (ffarm_language_equal(after, "und") && !ffarm_container_holds_language(it->promise->muxer, before))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "is in language %s, the source's is %s", after, before);
}

static gboolean judge_title(const Comparison *it, const Pair *pair, GError **error)
{
    const char *before = pair->planned->title, *after = pair->got->title;
    if ((it->promise->flags & FFARM_VERIFY_NO_TITLES) || !before || g_strcmp0(before, after) == 0)
        return TRUE;
    if (!ffarm_container_keeps(it->promise->muxer, FFARM_CONTAINER_STREAM_TITLE))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "is titled '%s', the source's '%s'; %s", after ? after : "", before,
                                  verify_metadata_hint);
}

/* Two names that containers use for one thing. */
static guint plain_disposition(guint bits)
{
    if (bits & FFARM_DISPOSITION_CAPTIONS)
        bits |= FFARM_DISPOSITION_HEARING_IMPAIRED;
    if (bits & FFARM_DISPOSITION_DESCRIPTIONS)
        bits |= FFARM_DISPOSITION_VISUAL_IMPAIRED;
    return bits & ~(guint)(FFARM_DISPOSITION_CAPTIONS | FFARM_DISPOSITION_DESCRIPTIONS);
}

/* "default+forced" */
static char *name_dispositions(guint bits)
{
    GString *names = g_string_new(NULL);
    for (guint bit = 1; bit <= FFARM_DISPOSITION_STILL_IMAGE; bit <<= 1) {
        const char *name = bits & bit ? ffarm_disposition_name((FfarmDisposition)bit) : NULL;
        if (name)
            g_string_append_printf(names, "%s%s", names->len > 0 ? "+" : "", name);
    }
    return g_string_free(names, FALSE);
}

/* A default more is what ffmpeg gives the first stream where none has it; any other flag more is wrong. */
static gboolean judge_dispositions(const Comparison *it, const Pair *pair, GError **error)
{
    static const guint never_new = FFARM_DISPOSITION_FORCED | FFARM_DISPOSITION_COMMENT | FFARM_DISPOSITION_DUB |
                                   FFARM_DISPOSITION_ORIGINAL | FFARM_DISPOSITION_HEARING_IMPAIRED |
                                   FFARM_DISPOSITION_VISUAL_IMPAIRED;
    if (it->promise->flags & FFARM_VERIFY_NO_DISPOSITIONS)
        return TRUE;
    guint held = ffarm_container_dispositions(it->promise->muxer, pair->planned->type);
    guint source = pair->planned->disposition | (pair->choice->make_default ? FFARM_DISPOSITION_DEFAULT : 0);
    guint after = plain_disposition(pair->got->disposition);
    guint lost = plain_disposition(source & held) & ~after;
    guint added = after & never_new & ~plain_disposition(source);
    if (lost == 0 && added == 0)
        return TRUE;
    g_autofree char *names = name_dispositions(lost ? lost : added);
    return verify_stream_mismatch(it, pair, error, "is %s '%s', the source's is%s; %s", lost ? "not" : "marked", names,
                                  lost ? "" : " not", verify_metadata_hint);
}

static gboolean judge_attachment(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    if (g_strcmp0(before->filename, after->filename) != 0)
        return verify_mismatch(it, error, "attachment %u of the result is named %s, the source's %s", pair->nth,
                               after->filename ? after->filename : "nothing",
                               before->filename ? before->filename : "nothing");
    if (before->mimetype && g_strcmp0(before->mimetype, after->mimetype) != 0)
        return verify_mismatch(it, error, "attachment %u of the result is of type %s, the source's of %s", pair->nth,
                               after->mimetype ? after->mimetype : "nothing", before->mimetype);
    if (before->attachment_bytes != after->attachment_bytes)
        return verify_mismatch(
            it, error, "attachment %u of the result has %" G_GINT64_FORMAT " bytes, the source's %" G_GINT64_FORMAT,
            pair->nth, after->attachment_bytes, before->attachment_bytes);
    return before->attachment_checksum == after->attachment_checksum ||
           verify_mismatch(it, error, "attachment %u of the result has other bytes than the source's", pair->nth);
}

gboolean verify_tags(const Comparison *it, const Pair *pair, GError **error)
{
    switch (verify_kind(pair->planned)) {
    case VERIFY_ATTACHMENT:
        return judge_attachment(it, pair, error);
    case VERIFY_VIDEO:
        return judge_title(it, pair, error) && judge_dispositions(it, pair, error);
    case VERIFY_AUDIO:
    case VERIFY_SUBTITLE:
        return judge_language(it, pair, error) && judge_title(it, pair, error) && judge_dispositions(it, pair, error);
    default:
        return TRUE;
    }
}

static gboolean is_same_chapter_title(const char *before, const char *after)
{
    return !before || g_strcmp0(before, after) == 0 ||
           (after && strlen(after) >= CHAPTER_TITLE_BYTES && g_str_has_prefix(before, after));
}

static gboolean judge_chapter(const Comparison *it, guint nth, GError **error)
{
    const FfarmMedia *source = it->source->media, *result = it->result->media;
    const FfarmChapter *before = g_ptr_array_index(source->chapters, nth),
                       *after = g_ptr_array_index(result->chapters, nth);
    gint64 start_us = source->start_us == G_MININT64 ? 0 : source->start_us;
    gint64 off_us = after->start_us - before->start_us;
    /* ffmpeg moves chapters together with the film where that does not begin at 0; some demuxers have done so before.
     */
    if (ABS(off_us) > CHAPTER_TOLERANCE_US && ABS(off_us + start_us) > CHAPTER_TOLERANCE_US)
        return verify_mismatch(it, error, "chapter %u of the result begins at %.2f s, the source's at %.2f s", nth + 1,
                               (double)after->start_us / G_USEC_PER_SEC, (double)before->start_us / G_USEC_PER_SEC);
    if ((it->promise->flags & FFARM_VERIFY_NO_TITLES) || is_same_chapter_title(before->title, after->title))
        return TRUE;
    return verify_mismatch(it, error, "chapter %u of the result is titled '%s', the source's '%s'; %s", nth + 1,
                           after->title ? after->title : "", before->title, verify_metadata_hint);
}

static gboolean judge_chapters(const Comparison *it, GError **error)
{
    const GPtrArray *before = it->source->media->chapters, *after = it->result->media->chapters;
    if (!it->promise->muxer || !ffarm_container_holds_chapters(it->promise->muxer))
        return TRUE;
    if (it->promise->flags & (FFARM_VERIFY_NO_CHAPTERS | FFARM_VERIFY_NO_LENGTH))
        return TRUE;
    if (after->len < before->len)
        return verify_mismatch(it, error, "the result has %u chapters, the source %u", after->len, before->len);
    for (guint i = 0; i < before->len; i++)
        if (!judge_chapter(it, i, error))
            return FALSE;
    return TRUE;
}

gboolean verify_film_tags(const Comparison *it, GError **error)
{
    const char *before = it->source->media->title, *after = it->result->media->title;
    gboolean must_match = before && !(it->promise->flags & FFARM_VERIFY_NO_TITLES) &&
                          ffarm_container_keeps(it->promise->muxer, FFARM_CONTAINER_TITLE);
    if (must_match && g_strcmp0(before, after) != 0)
        return verify_mismatch(it, error, "the result is titled '%s', the source '%s'; %s", after ? after : "", before,
                               verify_metadata_hint);
    return judge_chapters(it, error);
}
