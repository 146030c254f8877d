/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* processes.h — are processes still there? A test gives those that it starts a word of their own on the command line.
 * Threads: safe. */

/* How many processes of this machine have @tag somewhere in their command line. */
guint processes_count(const char *tag);

/* Waits until there are some (@is_wanted) or none. Returns: FALSE when @limit_s passed before. */
gboolean processes_wait(const char *tag, gboolean is_wanted, double limit_s);

G_END_DECLS
