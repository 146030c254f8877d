/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "abilities.h"
#include "media.h"
#include "plan.h"

G_BEGIN_DECLS

/* estimate.h — how long an encode will take, by what was measured of others like it. Pure.
 *
 * A speed is what one slot gets: where several encodes run on a host at once they share it, and so does what was
 * measured of them. Copies there and back, the proof and the replacement come on top. Profiles' speeds ("fast", "best")
 * are not told apart: the figure follows whatever ran last.
 *
 * Threads: safe. */

typedef struct {
    double seconds; /* of encoding, in one slot; 0: not known, and nothing is guessed */
    guint runs;     /* encodes that it goes by */
    int height; /* 0: they were of sources like this one; else the class (see FfarmSpeed) that they were of, scaled by
                   the number of pixels */
} FfarmEstimate;

/* How long @choice will take for @media (of which the choice was made) on a host with @abilities (NULL is legal). */
FfarmEstimate ffarm_estimate(const FfarmMedia *media, const FfarmChoice *choice, const FfarmAbilities *abilities);
/* "about 12 min on HOST (by 3 encodes like it)", "... (by 1 encode, estimated from 1080p)". @host: its name as it is to
 * be shown. Returns: new string; NULL for an estimate that is not known. */
char *ffarm_estimate_text(const FfarmEstimate *estimate, const char *host) G_GNUC_WARN_UNUSED_RESULT;
/* "40 s", "12 min", "3 h 20 min", "2 days 5 h". Returns: new string. */
char *ffarm_estimate_duration_text(double seconds) G_GNUC_WARN_UNUSED_RESULT;

/* The codec that @choice makes, as FfarmSpeed has it. Borrowed or static; NULL: none is known, or it only copies. */
const char *ffarm_estimate_codec(const FfarmChoice *choice);
/* Frames of @media's film; 0: not known. */
double ffarm_estimate_frames(const FfarmMedia *media);
/* How much there is to encode in @media: its frames times their pixels, as its height class has them; 0: not known. */
double ffarm_estimate_work(const FfarmMedia *media);
/* How much of that a slot does in a second in the way of @choice for @media; 0: not known. */
double ffarm_estimate_rate(const FfarmMedia *media, const FfarmChoice *choice, const FfarmAbilities *abilities);
/* The same with whichever engine was the fastest there to make that codec: what may be hoped for while nobody has
 * looked yet what the host can do today. */
double ffarm_estimate_best_rate(const FfarmMedia *media, const FfarmChoice *choice, const FfarmAbilities *abilities);

G_END_DECLS
