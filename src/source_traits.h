/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"

G_BEGIN_DECLS

/* source_traits.h — what of a film's picture decides who can decode it, and what has to be done to it before it is
 * encoded. Pure. Threads: safe. */

/* Borrows from the media. */
typedef struct {
    const FfarmStream *video; /* the film; NULL: there is none */
    guint films;              /* video streams that are no pictures */
    int width, height;        /* of the picture that the encoder gets: turned upright, and even */
    int depth;                /* 8 or more; 0: not known */
    gboolean is_odd;          /* a side is: encoders of 4:2:0 don't take it */
    gboolean is_interlaced;
    gboolean is_rotated;  /* ffmpeg turns it, which needs frames in main memory */
    gboolean is_sideways; /* by a quarter */
    gboolean is_420;      /* 4:2:0, or not known */
} FfarmTraits;

FfarmTraits ffarm_traits_of(const FfarmMedia *media);

/* Why hardware is not believed to decode @video unless that was proved: codecs, profiles and pixel formats that few
 * devices know, and ffmpeg falls back silently for. Returns: static string; NULL: there is no reason. */
const char *ffarm_traits_decode_doubt(const FfarmStream *video);

/* Adds to @key what of @media the choice of engines and filters depends on: equal for films that every host treats
 * alike. */
void ffarm_traits_append_key(GString *key, const FfarmMedia *media);

G_END_DECLS
