/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "runner.h"

G_BEGIN_DECLS

/* capability_machine.h — which machine a host is, as far as what it encodes depends on it. Private to src/.
 *
 * Threads: one at a time for each runner. */

typedef struct {
    char *id;            /* the same as long as host, ffmpeg, driver and kernel are; never NULL */
    char *listing;       /* what `ffmpeg -encoders` printed; never NULL */
    GPtrArray *nodes;    /* of char: paths of render nodes, four at most */
    char *nvidia_driver; /* "535.113.01"; NULL: none, or not told */
} FfarmMachine;

/* Asks the host of the open @runner; all at once where it has a POSIX shell. What the host has no program for is left
 * out of its id.
 * Returns: new machine; NULL with FFARM_REMOTE_ERROR or G_IO_ERROR_CANCELLED. */
FfarmMachine *ffarm_machine_ask(FfarmRunner *runner, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_machine_free(FfarmMachine *machine); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmMachine, ffarm_machine_free)

G_END_DECLS
