/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pause.h"

gboolean pause_until(gint64 until_us, GCancellable *cancellable)
{
    GPollFD cancel;
    guint n_fds = cancellable && g_cancellable_make_pollfd(cancellable, &cancel) ? 1 : 0;
    g_poll(&cancel, n_fds, (int)CLAMP((until_us - g_get_monotonic_time()) / 1000, 0, G_MAXINT));
    if (n_fds)
        g_cancellable_release_fd(cancellable);
    return !g_cancellable_is_cancelled(cancellable);
}

gint64 pause_random_end_us(guint wait_ms)
{
    gint64 chosen_ms = g_random_int_range((gint32)wait_ms / 2, (gint32)wait_ms * 3 / 2 + 1);
    return g_get_monotonic_time() + chosen_ms * G_TIME_SPAN_MILLISECOND;
}
