/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* nonce.h — words that nobody can guess, for names in places where everybody may write. Threads: safe. */

/* Returns: 16 characters [0-9a-f], 64 bits from the kernel's generator; new string, free with g_free(). Ends the
 * process on a kernel that has none. */
char *ffarm_nonce_new(void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
