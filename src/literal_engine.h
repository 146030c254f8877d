/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "abilities.h"
#include "host.h"
#include "media.h"
#include "profile.h"

G_BEGIN_DECLS

/* literal_engine.h — private: what is known of an engine that a profile's own options name. They are run as they are.
 * Pure. Threads: safe. */

/* The device that @profile's options name, else the one that ffmpeg takes itself, if @host has a limit for that.
 * Returns: borrowed; NULL: the one that the engine takes itself. */
const char *ffarm_literal_device(const FfarmProfile *profile, const char *engine, const FfarmHost *host);

/* Bits with which @profile's options encode a source of @video (nullable): 8 or 10. */
int ffarm_literal_depth(const FfarmProfile *profile, const FfarmStream *video);

/* What a trial said of the encoder that @profile names, for a source of @video (nullable). @abilities, @device: NULL is
 * legal. Returns: borrowed; NULL: there is none that is about it. */
const FfarmCapability *ffarm_literal_trial(const FfarmAbilities *abilities, const FfarmProfile *profile,
                                           const char *engine, const char *device, const FfarmStream *video);

/* TRUE if @profile has neither a codec nor an option, so that ffmpeg would choose everything by itself. */
gboolean ffarm_literal_is_empty(const FfarmProfile *profile);

G_END_DECLS
