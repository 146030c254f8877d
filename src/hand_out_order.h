/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* hand_out_order.h — which of many waiting jobs a slot takes when the longest go first and slots are not alike. Pure.
 *
 * A slow slot that takes the longest film may be the one that all others wait for in the end. So it takes the longest
 * that it would have done by the time at which everything will be, and leaves those above to the fast ones. No slot
 * stays without work: where nothing is short enough, it takes the shortest.
 *
 * Threads: safe. */

/* A slot, as far as this goes. */
typedef struct {
    double rate;   /* work that it does in a second; 0: not known */
    double left_s; /* until it is free */
} FfarmPace;

/* In how many seconds @work can be done at the earliest if it could be divided at will among @paces (@n of them; those
 * with no rate do nothing), and @longest of it not at all. 0: none of them is known to do anything. */
double ffarm_hand_out_end(const FfarmPace *paces, guint n, double work, double longest);

/* Which of the waiting jobs a slot that does @rate a second takes. @works: what each of the @n jobs (one at least)
 * comes to, falling; @end: seconds until everything is done, as above. Returns: its place among @works; 0, the longest,
 * where @rate or @end is not known. */
guint ffarm_hand_out_pick(const double *works, guint n, double rate, double end);

G_END_DECLS
