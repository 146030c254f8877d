/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nonce.h"

#include <errno.h>
#include <unistd.h>

char *ffarm_nonce_new(void)
{
    guint64 number;
    /* GLib's own generator can be foretold by who has seen enough of it. */
    if (getentropy(&number, sizeof(number)) != 0)
        g_error("no random numbers: %s", g_strerror(errno));
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", number);
}
