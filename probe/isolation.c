/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "isolation.h"
#include "worker_pool.h"

#include <errno.h>
#include <unistd.h>

gboolean ffarm_probe_isolate(const char *const *argv, GError **error)
{
    g_return_val_if_fail(!argv || argv[0], FALSE);
    if (argv && access(argv[0], X_OK) != 0) {
        g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(errno), "%s: can't be started to look at files: %s",
                    argv[0], g_strerror(errno));
        return FALSE;
    }
    worker_pool_set(argv);
    return TRUE;
}

gboolean ffarm_probe_check(GCancellable *cancellable, GError **error)
{
    return !worker_pool_is_on() || worker_pool_try(cancellable, error);
}
