/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* settle.h — films that somebody may still be writing. Pure. Threads: safe. */

/* How long a film last written at @mtime_ns must be left alone at @now_us (both since the epoch), so that it has not
 * changed for @settle_time seconds. A time that lies ahead is no reason to wait longer than that: clocks differ.
 * Returns: microseconds; 0: it may be taken. */
gint64 ffarm_settle_wait_us(gint64 mtime_ns, gint64 now_us, guint settle_time);

G_END_DECLS
