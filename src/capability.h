/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "abilities.h"
#include "capability_wants.h"
#include "host_check.h"
#include "journal.h"
#include "runner.h"

G_BEGIN_DECLS

/* capability.h — what a host's hardware really encodes. Nothing that a listing or a driver says of itself is believed:
 * ten frames are encoded there, brought here, and compared with what was asked for.
 *
 * What the journal knows of the host, with the same ffmpeg, driver and kernel, is not tried again. The rest is, one
 * after the other, as several at once take each other's sessions; what is true of the whole engine (no driver) ends its
 * trials. An encoder that the host's ffmpeg does not list needs none. Where the configuration names an engine's devices
 * each of them is tried.
 *
 * Threads:   safe; each host has a thread and a connection of its own.
 * Deadlines: 20 s to ask which machine it is, 15 s for each encode, and for each comparison here. A device that is in
 *            use is tried four times within 7 s.
 * Errors:    G_IO_ERROR_CANCELLED only. */

typedef struct {
    const char *ffmpeg_here; /* this machine's, which compares the pictures */
    FfarmJournal *journal;   /* nullable: nothing is known, nothing is kept */
    const char *run_id;      /* of the run, to which temporary files on this machine belong; NULL: none is noted */
    gboolean is_dry;         /* the journal is only read */
    gboolean is_fresh;       /* the journal is not asked: all is tried anew */
    const FfarmWants *wants; /* what is tried; NULL: every encoder of h264, hevc and av1, with 8 and 10 bits */
    guint pause_ms;          /* before a device that is in use is tried again; 0: 1 s, 2 s, 4 s */
} FfarmLearning;

/* Finds out what the host of @runner can do, which is open since @report was made. Where nothing is wanted of its
 * hardware it is asked nothing, and only what the report has is told.
 * Returns: new abilities; NULL only with G_IO_ERROR_CANCELLED. */
FfarmAbilities *ffarm_capability_learn(FfarmRunner *runner, const FfarmHostReport *report,
                                       const FfarmLearning *learning, GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Learns of all usable hosts of @reports (of FfarmHostReport) at once, and sets their abilities.
 * Returns: FALSE only with G_IO_ERROR_CANCELLED; some reports may have theirs then. */
gboolean ffarm_capability_learn_all(const GPtrArray *reports, const FfarmLearning *learning, GCancellable *cancellable,
                                    GError **error);

/* What is to be said of @engine as a whole: what is proved, else what may come, else what is sick, else the first
 * reason against it. @capabilities: of FfarmCapability; @device: only that one of the engine's; NULL: any.
 * Returns: borrowed; NULL if there is nothing about it. */
const FfarmCapability *ffarm_capability_of_engine(const GPtrArray *capabilities, const char *engine,
                                                  const char *device);

G_END_DECLS
