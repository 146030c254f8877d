/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cadence.h"

#include <stdlib.h>

#define FEWEST 8
#define TICKS_OF_ROUNDING 2

static int compare(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

gboolean cadence_is_variable(gint64 *timestamps, guint n_timestamps)
{
    if (n_timestamps < FEWEST)
        return FALSE;
    qsort(timestamps, n_timestamps, sizeof *timestamps, compare);

    guint n_pairs = n_timestamps - 2;
    g_autofree gint64 *sorted = g_new(gint64, n_pairs);
    for (guint i = 0; i < n_pairs; i++)
        sorted[i] = timestamps[i + 2] - timestamps[i];
    qsort(sorted, n_pairs, sizeof *sorted, compare);
    gint64 median = sorted[n_pairs / 2];

    guint uneven = 0;
    gint64 allowed = MAX(TICKS_OF_ROUNDING, median / 4);
    for (guint i = 0; i < n_pairs; i++)
        uneven += ABS(sorted[i] - median) > allowed;
    return uneven >= 3 && uneven * 25 > n_pairs;
}
