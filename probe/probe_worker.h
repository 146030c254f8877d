/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "wire.h"

G_BEGIN_DECLS

/* probe_worker.h — private: one worker process, as seen by the process that started it.
 *
 * Nothing that it says is trusted: frames and their number are bounded, and whatever is out of turn ends it.
 *
 * Threads: one at a time. */

#define PROBE_WORKER_MOST_ANSWER (16 * 1024 * 1024)

/* Frames are a length (32 bits, of what follows the type), a type (8 bits) and bytes. */
#define PROBE_WORKER_HEADER 5
#define PROBE_WORKER_MOST_TASK (64 * 1024)
#define PROBE_WORKER_PROTOCOL 3

typedef enum {
    PROBE_FRAME_HELLO = 1, /* by the worker, once: protocol (32 bits), SandboxParts (32 bits) */
    PROBE_FRAME_TASK,      /* to the worker: see probe_server.c; a descriptor comes along */
    PROBE_FRAME_BEAT,      /* by the worker, now and then: it has read some of the file */
    PROBE_FRAME_ANSWER,    /* by the worker */
} ProbeFrame;

typedef struct ProbeWorker ProbeWorker;

typedef enum {
    PROBE_WORKER_ANSWERED,
    PROBE_WORKER_CANCELLED,
    PROBE_WORKER_TIMED_OUT, /* by a limit of the order */
    PROBE_WORKER_FAILED,    /* ended or talked nonsense; in words what happened */
} ProbeWorkerOutcome;

/* A worker beats no more often than this. */
#define PROBE_WORKER_BEAT_US G_USEC_PER_SEC

/* What a worker is to do, and how long it may take. */
typedef struct {
    const GByteArray *task; /* a frame's bytes */
    int fd;                 /* the file; stays the caller's */
    gint64 limit_us;        /* from the moment it begins */
    gint64 silence_us;      /* without a sign of life */
    GCancellable *cancellable;
    /* Reads the answer. Returns: FALSE if no worker of ours would answer so. May be called again, with another one's.
     */
    gboolean (*take)(WireReader *answer, gpointer user_data);
    gpointer user_data;
} ProbeOrder;

/* Starts @argv and waits until it has given up its privileges. Returns: NULL with @error. */
ProbeWorker *probe_worker_new(const char *const *argv, GCancellable *cancellable, GError **error);
/* Ends the process, whatever it is at. NULL is legal. */
void probe_worker_free(ProbeWorker *worker);

/* Hands over the order, waits for the answer and has it read. Any outcome but ANSWERED: only probe_worker_free() is
 * left to do.
 * @words: set with FAILED; free with g_free() */
ProbeWorkerOutcome probe_worker_ask(ProbeWorker *worker, const ProbeOrder *order, char **words);

/* How many answers it has given. */
guint probe_worker_count(const ProbeWorker *worker);

G_END_DECLS
