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

/* The engine with which @host runs @profile: the first of the host's engines for which the profile has options of its own;
 * else what the profile's video encoder needs. Static. */
const char *ffarm_engine_choose(const FfarmHost *host, const FfarmProfile *profile);

/* The options that stand for a neutral @quality ("low", "medium", "high", or a number on x265's CRF scale, 0 to 51) with
 * @encoder. Returns: NULL-terminated words, free with g_strfreev(); empty for copy and for an encoder that is not known. */
char **ffarm_engine_quality(const char *encoder, const char *quality) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
