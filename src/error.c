/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include "runner.h"

G_DEFINE_QUARK(ffarm - config - error - quark, ffarm_config_error)
G_DEFINE_QUARK(ffarm - job - error - quark, ffarm_job_error)

static FfarmFault job_fault(int code)
{
    switch (code) {
    case FFARM_JOB_ERROR_HOST:
    case FFARM_JOB_ERROR_STALLED:
    case FFARM_JOB_ERROR_DEVICE:
        return FFARM_FAULT_HOST;
    case FFARM_JOB_ERROR_BUSY:
        return FFARM_FAULT_BUSY;
    case FFARM_JOB_ERROR_ROOM:
        return FFARM_FAULT_UNFIT;
    case FFARM_JOB_ERROR_SOURCE:
    case FFARM_JOB_ERROR_REPLACE:
    case FFARM_JOB_ERROR_UNSETTLED:
        return FFARM_FAULT_HERE;
    case FFARM_JOB_ERROR_LACKING:
        return FFARM_FAULT_LACKING;
    default:
        return FFARM_FAULT_JOB;
    }
}

FfarmFault ffarm_error_fault(const GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return FFARM_FAULT_NONE;
    if (error->domain == FFARM_JOB_ERROR)
        return job_fault(error->code);
    if (error->domain == FFARM_REMOTE_ERROR)
        return error->code == FFARM_REMOTE_ERROR_LOCAL_FILE ? FFARM_FAULT_HERE : FFARM_FAULT_HOST;
    return FFARM_FAULT_HERE;
}
