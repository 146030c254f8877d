/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "verify.h"

G_BEGIN_DECLS

/* verify_parts.h — private: the parts of the judgement, one file each. Pure; each returns FALSE with
 * FFARM_JOB_ERROR_MISMATCH, whose message starts with the source's name.
 *
 * Threads: safe. */

/* Streams are compared kind by kind, in order: a container may place cover art and attachments anywhere. */
typedef enum {
    VERIFY_VIDEO,
    VERIFY_PICTURE,
    VERIFY_AUDIO,
    VERIFY_SUBTITLE,
    VERIFY_ATTACHMENT,
    VERIFY_DATA,
    VERIFY_N_KINDS
} VerifyKind;

typedef struct {
    const FfarmMeasured *source, *result;
    const FfarmPromise *promise;
} Comparison;

/* A stream that was planned and what the result has for it. */
typedef struct {
    const FfarmStreamChoice *choice;
    const FfarmStream *planned; /* of the source */
    const FfarmStream *got;     /* of the result */
    guint nth;                  /* of its kind */
} Pair;

VerifyKind verify_kind(const FfarmStream *stream);
const char *verify_kind_name(VerifyKind kind); /* "cover art" */
gboolean verify_is_copied(const Pair *pair);   /* as it is, by plan or by the profile's options */

/* How much of the picture's beginning nobody can decode: a recording that was begun anywhere. ffmpeg leaves it out, and
 * may move all the rest to begin at 0. */
gint64 verify_headless_us(const FfarmMeasured *source);
gint64 verify_count_corrupt(const FfarmPackets *packets); /* packets that the demuxer took for damaged */

/* How far ahead of its beginning a source has packets. Only an edit list hides them, so a copy without one shows them,
 * and all the rest later. */
gint64 verify_lead_us(const FfarmMeasured *source);
/* How far the end of a stream of the source, which is at @end_us, may be from the result's. */
gint64 verify_tolerance_us(const FfarmStream *source, gint64 end_us);

/* Sets @error. Returns: FALSE. */
gboolean verify_mismatch(const Comparison *it, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same for a stream: "audio stream 1 of the result " comes before the text. */
gboolean verify_stream_mismatch(const Comparison *it, const Pair *pair, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* verify_length.c: where a stream ends, how much is in it, that its times go forward. */
gboolean verify_length(const Comparison *it, const Pair *pair, GError **error);
/* The same for a result whose streams nobody planned: the picture's length, and sound as long as it. */
gboolean verify_length_unmapped(const Comparison *it, GError **error);

/* What was counted of a stream; NULL: nothing. */
const FfarmPacketsStream *verify_counted(const FfarmMeasured *measured, const FfarmStream *stream);

/* verify_copy.c: are the packets and bytes of a counted copy there? A demuxer may cut sound into other packets, and a
 * container may frame it with fewer bytes; where both have the same form, the bytes must be the same.
 * @may_lack: packets at the beginning */
gboolean verify_copy(const Comparison *it, const Pair *pair, gint64 may_lack, GError **error);

/* verify_course.c: does video or sound begin where the source's does, and has it no gaps of its own? */
gboolean verify_course(const Comparison *it, const Pair *pair, GError **error);

/* verify_lines.c: has each line of a subtitle that shows something one of its own in the result? */
gboolean verify_lines(const Comparison *it, const Pair *pair, GError **error);

/* verify_tags.c: language, title and dispositions of a stream; name, type, size and bytes of an attachment. */
gboolean verify_tags(const Comparison *it, const Pair *pair, GError **error);
extern const char verify_metadata_hint[]; /* ends what is said of titles and dispositions */
/* Chapters and the title of the whole. */
gboolean verify_film_tags(const Comparison *it, GError **error);

/* verify_picture.c: size, aspect ratio, HDR metadata, colour tags, rotation and pixel format of a video stream. */
gboolean verify_picture(const Comparison *it, const Pair *pair, GError **error);
/* The pixel format that @profile (nullable) asks for, by its options or its recipe; NULL: none. */
const char *verify_asked_pix_fmt(const FfarmProfile *profile);
/* TRUE if either the stream itself or its container can tell how the picture is meant. */
gboolean verify_can_tell_colours(const Comparison *it, const FfarmStream *video);

G_END_DECLS
