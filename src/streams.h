/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"
#include "profile.h"

G_BEGIN_DECLS

/* streams.h — which streams of a source go into the result, and in which form. Pure.
 *
 * Threads: safe. */

typedef enum {
    FFARM_STREAM_ENCODE,  /* as the profile's options say (which may be copy) */
    FFARM_STREAM_COPY,    /* copied whatever the profile says: cover art, attachments */
    FFARM_STREAM_CONVERT, /* into a form that the container holds: text subtitles, and audio that the profile copies */
    FFARM_STREAM_DROP,
} FfarmStreamAction;

typedef struct {
    const FfarmStream *stream; /* borrowed from the media */
    FfarmStreamAction action;
    const char *codec;       /* of the result where that is known: the source's for a copy, what the encoder makes for
                                CONVERT; NULL: what the profile's options make. Static or borrowed from the media */
    char *encoder;           /* CONVERT: "mov_text", "srt", "libopus"; else NULL */
    char *reason;            /* why dropped or converted, in words; NULL: nothing to say */
    const char *attached_as; /* COPY: not mapped, but attached as a file of this MIME type ("image/jpeg"); NULL: mapped.
                                Static */
    gboolean make_default;   /* gets the default flag because a dropped stream carried it */
    int output_index;        /* among the result's streams of its type, from 0; -1 when dropped */
} FfarmStreamChoice;

typedef struct {
    gboolean
        is_mapped; /* FALSE: automap is off and the profile has its own -map or none: ffmpeg or the profile chooses */
    GPtrArray *choices;  /* of FfarmStreamChoice, in the source's order; complete, dropped ones too */
    GPtrArray *warnings; /* of char*: what is lost or changed, in words */
    char **arguments;    /* -map, per-stream -c and -disposition options, in this order; NULL-terminated, never NULL */
} FfarmStreamPlan;

/* Chooses for @media what @profile keeps in a container of @muxer ("matroska"; NULL: unknown, then everything is kept).
 * @profile: with mixins and engine applied. @automap: the configuration's; the profile's own overrides it. A profile
 * whose options hold a -map of their own is never mapped over. Returns: new plan, free with ffarm_stream_plan_free();
 * it borrows from @media. */
FfarmStreamPlan *ffarm_streams_choose(const FfarmMedia *media, const FfarmProfile *profile, const char *muxer,
                                      gboolean automap) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_stream_plan_free(FfarmStreamPlan *plan); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmStreamPlan, ffarm_stream_plan_free)

/* Kept streams of @type (cover art counts as video); 0 when not mapped. */
guint ffarm_stream_plan_count(const FfarmStreamPlan *plan, FfarmStreamType type);

G_END_DECLS
