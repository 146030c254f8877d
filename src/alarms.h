/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* alarms.h — what is to be done later, and when. Keeps no clock: whoever waits asks when to wake, and what is due then.
 *
 * Threads: one at a time. */

typedef enum {
    FFARM_ALARM_HOST,    /* ask a host again */
    FFARM_ALARM_RETRY,   /* a job that failed may be tried again */
    FFARM_ALARM_SETTLE,  /* look whether a film is still being written to */
    FFARM_ALARM_DEVICE,  /* a device that was in use may be free */
    FFARM_ALARM_GIVE_UP, /* hosts that are away have been waited for long enough */
    FFARM_N_ALARMS,
} FfarmAlarmType;

typedef struct FfarmAlarms FfarmAlarms;

FfarmAlarms *ffarm_alarms_new(void) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_alarms_free(FfarmAlarms *alarms); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmAlarms, ffarm_alarms_free)

/* Sets the one alarm of @type for @subject (borrowed, may be NULL) to @due_us, whatever it was set to before. */
void ffarm_alarms_set(FfarmAlarms *alarms, FfarmAlarmType type, gpointer subject, gint64 due_us);
/* Returns: when that one is due; -1 if it is not set. */
gint64 ffarm_alarms_due_us(const FfarmAlarms *alarms, FfarmAlarmType type, gconstpointer subject);
/* Returns: FALSE if there was none. */
gboolean ffarm_alarms_clear(FfarmAlarms *alarms, FfarmAlarmType type, gconstpointer subject);

/* Returns: how many of @type are set. */
guint ffarm_alarms_count(const FfarmAlarms *alarms, FfarmAlarmType type);
/* Returns: when the next one of any type is due; -1: there is none. */
gint64 ffarm_alarms_next_us(const FfarmAlarms *alarms);
/* Takes the earliest of those that are due at @now_us; of two for the same moment the one that was set first.
 * Returns: FALSE if none is due. */
gboolean ffarm_alarms_take(FfarmAlarms *alarms, gint64 now_us, FfarmAlarmType *type, gpointer *subject);
/* Returns: the subjects of all alarms of @type, the earliest first: new array, borrowed elements. */
GPtrArray *ffarm_alarms_list(const FfarmAlarms *alarms, FfarmAlarmType type) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
