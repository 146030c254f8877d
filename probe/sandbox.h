/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* sandbox.h — private: a process gives up what it does not need to look at a file that it was handed open.
 *
 * Threads: before there is a second one. */

/* What a process has given up; what the kernel does not know is missing. */
typedef enum {
    SANDBOX_LIMITS = 1 << 0,     /* resource limits: no file written, no core, few descriptors */
    SANDBOX_MEMORY = 1 << 1,     /* limit on address space; not in programs built with sanitizers */
    SANDBOX_PRIVILEGES = 1 << 2, /* no capabilities, and no program that it starts can get any */
    SANDBOX_FILES = 1 << 3,      /* landlock: no file can be opened, whatever its name */
    SANDBOX_CALLS = 1 << 4,      /* seccomp: only the system calls of sandbox_filter.h */
} SandboxParts;

/* Gives up all that can be given up; for good, and for all threads and programs that are started later. Also makes this
 * the process that the kernel ends first when memory runs out.
 * Returns: what has been given up. */
SandboxParts sandbox_enter(void);

/* Bytes of address space that sandbox_enter() leaves: half of the memory, between 1 and 4 GiB; 0: no limit. */
guint64 sandbox_memory_bytes(void);

G_END_DECLS
