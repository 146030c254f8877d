/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "abilities.h"
#include "host_check.h"

G_BEGIN_DECLS

/* capability.h — what a host's hardware really encodes. Nothing that a listing or a driver says of itself is believed:
 * ten frames are encoded there, brought here, and compared with what was asked for.
 *
 * Every encoder of h264, hevc and av1 that the host's ffmpeg lists is tried, one after the other, with 8 and 10 bits,
 * as several at once take each other's sessions; what is true of the whole engine (no driver) ends its trials.
 *
 * Threads:   safe; each host has a thread and a connection of its own.
 * Deadlines: 15 s for each encode, and for each comparison here.
 * Errors:    G_IO_ERROR_CANCELLED only. */

/* Tries all usable hosts of @reports (of FfarmHostReport) at once, and sets their capabilities.
 * @ffmpeg_here: this machine's, which compares the pictures
 * Returns: FALSE only with G_IO_ERROR_CANCELLED; some reports may have theirs then. */
gboolean ffarm_capability_prove_all(const GPtrArray *reports, const char *ffmpeg_here, GCancellable *cancellable,
                                    GError **error);

/* What is to be said of @engine as a whole: what is proved, else what may come, else what is sick, else the first
 * reason against it. @capabilities: of FfarmCapability. Returns: borrowed; NULL if there is nothing about it. */
const FfarmCapability *ffarm_capability_of_engine(const GPtrArray *capabilities, const char *engine);

G_END_DECLS
