/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* faults.h — makes system calls that change the disk fail, or the process end, at a chosen point. The test program's
 * own rename(), link(), fsync() ... stand before those of the C library; all are counted only while it is on. Flushes
 * are not carried out, as nobody cuts the power.
 *
 * Threads: one. */

typedef enum {
    FAULT_NONE,
    FAULT_FAIL,      /* the call is not carried out and fails */
    FAULT_LIE,       /* it is carried out, and fails all the same */
    FAULT_STICKY,    /* it is not carried out and fails, and so do all of its kind after it */
    FAULT_DIE,       /* the process ends before the call */
    FAULT_DIE_AFTER, /* the process ends after it */
} FaultMode;

#define FAULT_EXIT 77 /* status of a process that ended by a fault */

typedef struct {
    FaultMode mode;
    const char *call;                /* the kind of call that counts; NULL: all of them */
    guint nth;                       /* which one, from 1 */
    int error;                       /* errno */
    gboolean no_exchange;            /* renameat2() knows no flags */
    gboolean no_link;                /* link() is refused */
    void (*watch)(const char *call); /* nullable; called after every call; nothing it does is counted */
} FaultPlan;

void fault_on(const FaultPlan *plan);
/* While it is on, no name is moved or linked into @folder or out of it, as if it were mounted. NULL: anywhere.
 * Borrowed. */
void fault_mount(const char *folder);
/* Returns: how many calls there were of the kind that counts. */
guint fault_off(void);

/* The kinds of call, NULL at the end. */
extern const char *const fault_calls[];

G_END_DECLS
