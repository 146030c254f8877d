/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job_error.h"

gboolean ffarm_job_fail(GError **error, FfarmJobError code, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *name = g_filename_display_name(path);
    g_set_error(error, FFARM_JOB_ERROR, (gint)code, "%s: %s", name, text);
    return FALSE;
}
