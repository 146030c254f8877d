/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hand_out_order.h"

/* What one slot would do in just that time is not to fail by the last digit of a number. */
#define ROUNDING 1.000001

static double done_by(const FfarmPace *paces, guint n, double seconds)
{
    double done = 0;
    for (guint i = 0; i < n; i++)
        done += paces[i].rate * MAX(seconds - paces[i].left_s, 0);
    return done;
}

/* When one slot has done @longest, whichever is the first to. */
static double end_of_one(const FfarmPace *paces, guint n, double longest)
{
    double end = 0;
    for (guint i = 0; i < n; i++) {
        if (paces[i].rate <= 0)
            continue;
        double own = paces[i].left_s + longest / paces[i].rate;
        end = end > 0 ? MIN(end, own) : own;
    }
    return end;
}

/* When all together have done @work: between the last moment at which a slot becomes free without that much being done,
 * and the next, they work at one rate. */
static double end_of_all(const FfarmPace *paces, guint n, double work)
{
    double begin = 0;
    for (guint i = 0; i < n; i++)
        if (paces[i].rate > 0 && paces[i].left_s > begin && done_by(paces, n, paces[i].left_s) < work)
            begin = paces[i].left_s;
    double rate = 0;
    for (guint i = 0; i < n; i++)
        if (paces[i].left_s <= begin)
            rate += paces[i].rate;
    return rate > 0 ? begin + (work - done_by(paces, n, begin)) / rate : 0;
}

double ffarm_hand_out_end(const FfarmPace *paces, guint n, double work, double longest)
{
    return MAX(end_of_all(paces, n, work), end_of_one(paces, n, longest));
}

guint ffarm_hand_out_pick(const double *works, guint n, double rate, double end)
{
    if (rate <= 0 || end <= 0)
        return 0;
    for (guint i = 0; i < n; i++)
        if (works[i] <= rate * end * ROUNDING)
            return i;
    return n - 1;
}
