/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"
#include "profile.h"
#include "proof.h"

G_BEGIN_DECLS

/* hdr_policy.h — what a profile's `hdr` means for a film: HDR is kept, or turned into SDR on purpose, or the film is
 * left alone. Pure. Threads: safe. */

/* TRUE if @profile turns the HDR of @video (nullable) into SDR. */
gboolean ffarm_hdr_is_tone_mapped(const FfarmProfile *profile, const FfarmStream *video);

/* Why @profile does not encode @video (nullable) at all, whatever the engine. @proof: the configuration's, the
 * profile's laid over it. Returns: new string; NULL: it does. */
char *ffarm_hdr_obstacle(const FfarmProfile *profile, const FfarmProof *proof,
                         const FfarmStream *video) G_GNUC_WARN_UNUSED_RESULT;

/* What @encoder of an ffmpeg of @version (0: not known) is sure to lose of @video's HDR with @depth bits, where
 * @profile, which has a codec and the engine applied, keeps it. Returns: new string; NULL: nothing. */
char *ffarm_hdr_loss(const FfarmProfile *profile, const FfarmProof *proof, const FfarmStream *video,
                     const char *encoder, guint version, int depth) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
