/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "error.h"

G_BEGIN_DECLS

/* job_error.h — sets an error of FFARM_JOB_ERROR that begins with the name of a file. Threads: safe. */

/* Sets @error (nullable) to "PATH: " and what @format gives; @path in any encoding. Returns: FALSE. */
gboolean ffarm_job_fail(GError **error, FfarmJobError code, const char *path, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

G_END_DECLS
