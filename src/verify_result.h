/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quality.h"
#include "verify.h"

G_BEGIN_DECLS

/* verify_result.h — measures a result and its source, and has them judged. Blocking.
 *
 * Threads: safe. */

typedef struct {
    FfarmPromise promise;
    FfarmProof proof;      /* the configuration's, the profile's laid over it */
    const char *ffmpeg;    /* on this machine, for FFARM_PROOF_QUALITY */
    const char *complaint; /* what ffmpeg complained of while it read the source, which is to be believed only if the
                              source itself shows damage; NULL: nothing */
    guint stall_ms;        /* no progress for so long in decoding or comparing pictures: given up; 0: no limit */
} FfarmVerifyParams;

/* Probes the file at @path, reads all packets of it and of @source, decodes or compares as the proof's level says, and
 * judges. Where the promise's profile had hardware decode a source that must not be damaged, the source is decoded,
 * too.
 * @quality: what was measured; untouched below FFARM_PROOF_QUALITY
 * Returns: FALSE with FFARM_JOB_ERROR_MISMATCH saying in words what differs, FFARM_JOB_ERROR_SOURCE if the source can't
 * be read or is damaged, FFARM_JOB_ERROR_HOST if ffmpeg complained of a source that is sound, FFARM_JOB_ERROR_REPLACE
 * if this machine can't make the comparison, or G_IO_ERROR_CANCELLED. */
gboolean ffarm_verify_result(const char *path, const FfarmMedia *source, const FfarmVerifyParams *params,
                             FfarmQuality *quality, GCancellable *cancellable, GError **error);

G_END_DECLS
