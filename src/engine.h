/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "host.h"
#include "profile.h"

G_BEGIN_DECLS

/* engine.h — hardware (and the CPU) that encodes, as tables. Pure. Threads: safe. */

/* Names of all engines, NULL-terminated, static: "cuda", "qsv", "vaapi", "videotoolbox", "amf", "cpu". */
const char *const *ffarm_engine_names(void);

/* The engine that an encoder needs: "hevc_nvenc" -> "cuda", "libx265" -> "cpu", "copy" or NULL -> "cpu". Static. */
const char *ffarm_engine_of_encoder(const char *encoder);

/* Set-up of an engine, the same for all of its encoders. Static. */
typedef struct {
    const char *name;
    const char *suffix; /* of its encoders' names; NULL: none, everything that no other engine claims */
    const char *upload; /* filters behind a format filter that bring frames to the device; NULL: it takes them itself */
} FfarmEngine;

/* An encoder of an engine. Static; NULL where there is nothing to say. */
typedef struct {
    const char *engine;
    const char *codec;      /* "h264", "hevc", "av1", "vp9" */
    const char *name;       /* as -c:v takes it */
    const char *pix_fmt[2]; /* of the frames it gets, for 8 and 10 bits; NULL: can't, or nobody has seen it do so */
    const char *profile_10; /* -profile:v for 10 bits; for 8 bits the encoders' own choice is right */
    const char *presets[3]; /* words for fast, balanced, best */
    const char *extra;      /* words that it always needs */
    const char *since;      /* first version of ffmpeg that has it */
} FfarmEncoder;

/* Returns: the engine called @name; NULL if there is none. */
const FfarmEngine *ffarm_engine_find(const char *name);
/* The encoder of @engine for @codec ("h264", "hevc", "av1"). Returns: NULL if it has none. */
const FfarmEncoder *ffarm_engine_encoder(const char *engine, const char *codec);

/* The engine with which @host runs a @profile of literal options: the first of the host's engines for which the profile
 * has options of its own; else what the profile's video encoder needs. Static. */
const char *ffarm_engine_choose(const FfarmHost *host, const FfarmProfile *profile);

/* The options that stand for a neutral @quality ("low", "medium", "high", or a number on x265's CRF scale, 0 to 51)
 * with
 * @encoder. Returns: NULL-terminated words, free with g_strfreev(); empty for copy and for an encoder that is not
 * known. */
char **ffarm_engine_quality(const char *encoder, const char *quality) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
