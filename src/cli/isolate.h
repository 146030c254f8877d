/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* isolate.h — the program as its own worker for files of strangers (isolation.h). Threads: the main one. */

/* The one argument that makes this program a worker. Not for people, so no help text has it. */
#define CLI_PROBE_WORKER "--probe-worker"

/* Has files looked at by copies of this program from now on; says so on stderr where that can't be. */
void cli_isolate(void);

/* Says so if files can't be looked at, whatever they are. Returns: FALSE then, and when cancelled. */
gboolean cli_can_look(GCancellable *cancellable);

G_END_DECLS
