/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"
#include "decode.h"
#include "packets.h"
#include "wire.h"

G_BEGIN_DECLS

/* probe_task.h — private: what a worker process is asked to do, from both sides.
 *
 * A task is a kind, a time limit, the file's size and last name (its extension counts), and what the kind needs; the
 * answer is how reading ended and what the kind has to say. The file itself comes along as a descriptor.
 *
 * Threads: safe. */

typedef enum {
    PROBE_TASK_EXAMINE, /* ffarm_probe_file() */
    PROBE_TASK_PACKETS, /* ffarm_packets_scan() */
    PROBE_TASK_DECODE,  /* ffarm_decode_file(); needs: threads, stall_ms */
} ProbeTask;

/* The asking side. @input has the file open, and its deadline and cancellable hold; how it went is in its state
 * afterwards, as if the work had been done in this process. As below, results are NULL with @words, or stopped. */

void probe_task_examine(FfarmMedia *media, AvInput *input);
FfarmPackets *probe_task_packets(AvInput *input, const char *path, char **words);
FfarmDecoded *probe_task_decode(AvInput *input, const char *path, guint threads, guint stall_ms, char **words);

/* The working side: does what @task (a frame's bytes) says with the open file @fd, which it closes.
 * @on_progress: called whenever it has got further
 * Returns: the answer; NULL if @task is none. */
GByteArray *probe_task_do(const GByteArray *task, int fd, void (*on_progress)(void));

/* The work itself, in whatever process, on an open file. */

/* Fills @media, new but for what the file system says, with streams, chapters and problems. */
void prober_examine(FfarmMedia *media, AvInput *input);
/* Return a new result; NULL with @words (free with g_free()), or stopped as @input's state says. */
FfarmPackets *packets_read(AvInput *input, const char *path, char **words);
FfarmDecoded *decode_read(AvInput *input, const char *path, guint threads, guint stall_ms, char **words);

G_END_DECLS
