/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host.h"

G_BEGIN_DECLS

/* meetings.h — how often one job met which device in use. A device that takes others meanwhile is not in use: it is the
 * film that it does not take. No I/O.
 *
 * Threads: one at a time. */

/* So often in a row a job waits without a second thought. */
#define FFARM_MEETINGS_PATIENCE 2

typedef struct {
    const FfarmHost *host; /* borrowed, told from others by cluster and name */
    char *device;          /* "cuda", "cuda:1" */
    guint times;
    guint begun;           /* how many encodes had ever begun on the device when it was first met in use */
    gboolean others_begun; /* more have begun since */
} FfarmMeeting;

/* Returns: new array of FfarmMeeting. */
GPtrArray *ffarm_meetings_new(void) G_GNUC_WARN_UNUSED_RESULT;
/* The device was met in use. @begun: how many encodes have ever begun there. */
void ffarm_meetings_note(GPtrArray *meetings, const FfarmHost *host, const char *device, guint begun);
/* A meeting with the device after which it need not be waited for again. Returns: borrowed; NULL: there was none. */
FfarmMeeting *ffarm_meetings_find_last(const GPtrArray *meetings, const FfarmHost *host, const char *device);

G_END_DECLS
