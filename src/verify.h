/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "decode.h"
#include "media.h"
#include "packets.h"
#include "profile.h"
#include "streams.h"

G_BEGIN_DECLS

/* verify.h — is the result what the plan promised? Exit status 0 and header durations prove nothing: packets do. What
 * is measured for the judgement, and how, is in verify_result.h.
 *
 * Threads: safe. */

/* How far the end of a stream may lie from the source's: half a percent of its length, but at least half a second and
 * at most two (and never less than two frames). */
#define FFARM_VERIFY_TOLERANCE_RATIO 0.005
#define FFARM_VERIFY_TOLERANCE_MIN_US 500000
#define FFARM_VERIFY_TOLERANCE_MAX_US 2000000

/* What a profile changes on purpose, so that it is not compared. */
typedef enum {
    FFARM_VERIFY_ALL = 0,
    FFARM_VERIFY_NO_LENGTH = 1 << 0,       /* -ss, -t, -to, -shortest, ... */
    FFARM_VERIFY_NO_CHAPTERS = 1 << 1,     /* -map_chapters */
    FFARM_VERIFY_NO_LANGUAGE = 1 << 2,     /* -metadata:s... language=, -map_metadata */
    FFARM_VERIFY_NO_AUDIO = 1 << 3,        /* -an */
    FFARM_VERIFY_NO_SUBTITLES = 1 << 4,    /* -sn */
    FFARM_VERIFY_NO_VIDEO = 1 << 5,        /* -vn, which the plan allows only where the source is kept */
    FFARM_VERIFY_NO_FRAMES = 1 << 6,       /* -r, -fps_mode, -bsf, yadif, ...: packets are not counted */
    FFARM_VERIFY_NO_SYNC = 1 << 7,         /* setpts, -itsoffset, ...: sound need not last as long as the picture */
    FFARM_VERIFY_NO_TITLES = 1 << 8,       /* -metadata... title=, -map_metadata */
    FFARM_VERIFY_NO_DISPOSITIONS = 1 << 9, /* -disposition */
    FFARM_VERIFY_NO_HDR = 1 << 10,         /* tonemap, zscale, ...: HDR metadata may go */
    FFARM_VERIFY_NEW_HDR = 1 << 11,        /* master-display=...: must be there, with whatever values */
    FFARM_VERIFY_TONE_MAPPED = 1 << 12,    /* tonemap: HDR must be gone */
    FFARM_VERIFY_NO_COLOUR = 1 << 13,      /* -color_primaries, colorspace, ... */
    FFARM_VERIFY_NO_ROTATION = 1 << 14,    /* -noautorotate, transpose, ... */
} FfarmVerifyFlags;

/* What was promised. */
typedef struct {
    const FfarmStreamPlan *streams; /* may be unmapped: then only the picture's length, sound as long as it, and as many
                                       streams as the profile's -map asks for are compared */
    const char *muxer;              /* of the result; nullable */
    FfarmVerifyFlags flags;
    const FfarmProfile *profile; /* with mixins and engine applied, for the codecs and the pixel format it asks for;
                                    NULL: it asks for none */
    gboolean passes_hdr10; /* the encoder is known to pass on mastering display and light level: nothing needs to be
 said of it beforehand; only ffarm_verify_foresee() looks at it */
} FfarmPromise;

/* A file and what was measured of it by reading all its packets. */
typedef struct {
    const FfarmMedia *media;
    const gint64 *ends_us; /* one for each stream of @media by index: end of its last packet from the file's start; 0:
                              no packet with a time. NULL: not measured */
    const FfarmPackets *packets; /* of @media; NULL: not counted */
    const FfarmDecoded *decoded; /* of @media; NULL: not decoded. A source's means that it is known to be damaged: only
                                    what can be decoded of it must be there */
} FfarmMeasured;

/* What @profile (with mixins and engine applied) changes on purpose; what @proof expects overrides that. Pure. */
FfarmVerifyFlags ffarm_verify_flags(const FfarmProfile *profile, const FfarmProof *proof);

/* What the judgement will say of the picture before anything is encoded, as far as that is known. Pure. What may get
 * lost, or will be although it is accepted, is added to @warnings (array of char*, in words).
 * Returns: FALSE with FFARM_JOB_ERROR_MISMATCH if no result can be accepted; the message is as that of
 * ffarm_verify_judge(). */
gboolean ffarm_verify_foresee(const FfarmMedia *media, const FfarmPromise *promise, GPtrArray *warnings,
                              GError **error);

/* The judgement alone, pure: the result has no problems; streams as planned (number of each kind, codec, pixel format,
 * size and aspect ratio, language, title, dispositions, HDR metadata, colour tags, rotation, attachments with their
 * names, sizes and bytes) as far as the container holds that; title and chapters; video and each audio stream begin and
 * end where the source's do, without gaps of their own; no subtitle that lost a line; as many packets in a copied
 * stream, with the same bytes where both containers hold them in one form, and frames in encoded video, as the source
 * has (less where its packets are not just its frames); times that never go back; no damage that the source does not
 * have. A track of sound or subtitles without any packet may be missing. With FFARM_VERIFY_NO_LENGTH video must not be
 * empty, and sound that lasted as long as the picture must do so still.
 * Returns: FALSE with FFARM_JOB_ERROR_MISMATCH; the message starts with the source's name. */
gboolean ffarm_verify_judge(const FfarmMeasured *source, const FfarmMeasured *result, const FfarmPromise *promise,
                            GError **error);

/* TRUE if what encoded or decoded the picture may be to blame for @error, a mismatch of @source's result; FALSE for
 * what it has nothing to do with: other streams, titles, chapters, attachments. */
gboolean ffarm_verify_is_of_picture(const FfarmMedia *source, const GError *error);

G_END_DECLS
