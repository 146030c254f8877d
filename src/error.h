/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* error.h — error domains of the trunk, and whose fault an error is. Threads: safe. */

#define FFARM_CONFIG_ERROR (ffarm_config_error_quark())
GQuark ffarm_config_error_quark(void);
typedef enum {
    FFARM_CONFIG_ERROR_INVALID, /* the configuration or the command line asks for something that can't be; exit status 2
                                 */
} FfarmConfigError;

#define FFARM_JOB_ERROR (ffarm_job_error_quark())
GQuark ffarm_job_error_quark(void);
typedef enum {
    FFARM_JOB_ERROR_ENCODER, /* ffmpeg ended with a status other than 0 for a reason that lies in file or options */
    FFARM_JOB_ERROR_HOST, /* ffmpeg failed for a reason that lies in the host: killed, disk full, encoder can't open */
    FFARM_JOB_ERROR_ROOM, /* the host has not enough room for this film */
    FFARM_JOB_ERROR_STALLED,   /* no progress for too long */
    FFARM_JOB_ERROR_MISMATCH,  /* the result is not what was planned */
    FFARM_JOB_ERROR_SOURCE,    /* the source vanished, changed meanwhile, is damaged, or another process has it */
    FFARM_JOB_ERROR_REPLACE,   /* the result could not be put in place; the source is untouched */
    FFARM_JOB_ERROR_LACKING,   /* the host's ffmpeg, or its device, has not what this film's encode needs */
    FFARM_JOB_ERROR_DEVICE,    /* the device that should encode or decode there is not to be had, or its driver fails */
    FFARM_JOB_ERROR_BUSY,      /* that device is in use by others */
    FFARM_JOB_ERROR_UNSETTLED, /* the source was written to since it was looked at: worth a new plan in a while */
} FfarmJobError;

typedef enum {
    FFARM_FAULT_NONE,  /* nobody's: cancelled */
    FFARM_FAULT_JOB,   /* the same everywhere: fail the job (once tried on a second host) */
    FFARM_FAULT_HOST,  /* this host's: give the job to another */
    FFARM_FAULT_UNFIT, /* nobody's: this host can't do this job, which another may; neither of them is the worse for it
                        */
    FFARM_FAULT_BUSY,  /* nobody's: this host, or another, can do it when a device is free again */
    FFARM_FAULT_HERE,  /* the manager's: its disk, its permissions, the source; no other host would do better */
    FFARM_FAULT_LACKING, /* the host's, as it seems, and for good: give the job to another, but not to this one again */
} FfarmFault;

/* The one answer to "is it worth a retry, and whose fault is it?". */
FfarmFault ffarm_error_fault(const GError *error);

G_END_DECLS
