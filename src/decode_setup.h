/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "host.h"
#include "media.h"

G_BEGIN_DECLS

/* decode_setup.h — ffmpeg's options before -i that open an engine's device and have it decode. Pure. Threads: safe. */

#define FFARM_FIRST_RENDER_NODE "/dev/dri/renderD128"

typedef struct {
    const char *engine;
    const char *node; /* render node, or number for cuda; NULL: the engine's first */
    FfarmOs os;       /* of the host; UNKNOWN: nothing that only one system has, but vaapi, which is Linux's */
} FfarmDecodeDevice;

/* TRUE if there are options by which the engine decodes a film coded as @codec (nullable) on that system. */
gboolean ffarm_decode_setup_exists(const FfarmDecodeDevice *device, const char *codec);

/* Options that open the device for filters and encoders; empty where the engine opens it itself.
 * Returns: NULL-terminated words, free with g_strfreev(). */
char **ffarm_decode_setup_device(const FfarmDecodeDevice *device) G_GNUC_WARN_UNUSED_RESULT;

/* Options by which it decodes @video, to stand behind those of the device.
 * @stays: the frames stay in the device; FALSE: they come to main memory
 * Returns: as above; empty if there are none. */
char **ffarm_decode_setup_options(const FfarmDecodeDevice *device, const FfarmStream *video,
                                  gboolean stays) G_GNUC_WARN_UNUSED_RESULT;

/* Both, for a trial that only succeeds where the frames really are in the device. */
char **ffarm_decode_setup_proof(const FfarmDecodeDevice *device, const FfarmStream *video) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
