/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settle.h"

gint64 ffarm_settle_wait_us(gint64 mtime_ns, gint64 now_us, guint settle_time)
{
    gint64 settle_us = (gint64)settle_time * G_USEC_PER_SEC;
    gint64 age_us = now_us - mtime_ns / 1000;
    return CLAMP(settle_us - age_us, 0, settle_us);
}
