/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media_input.h"
#include "refusal.h"

#include <sys/stat.h>

static gboolean open_as_media(AvInput *input, const char *path, GError **error)
{
    struct stat info;
    g_autofree char *words = av_input_open_file(input, path, &info);
    if (words) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, words);
        return FALSE;
    }
    const AVInputFormat *demuxer = av_input_find_demuxer(input, path);
    if (!demuxer || refusal_of_demuxer(demuxer->name)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: is not media that libavformat can read", path);
        return FALSE;
    }
    int status = av_input_open_format(input, path, demuxer, FALSE);
    if (status < 0) {
        g_autofree char *text = av_glue_error_text(status);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: can't be read as %s: %s", path, demuxer->name, text);
    }
    return status >= 0;
}

gboolean media_input_was_stopped(AvInput *input, const char *path, GError **error)
{
    av_input_must_stop(input);
    if (input->state == AV_INPUT_CANCELLED)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: reading it was cancelled", path);
    else if (input->state == AV_INPUT_TIMED_OUT)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s: could not be read to its end in time", path);
    return input->state != AV_INPUT_RUNNING;
}

AvInput *media_input_open(const char *path, guint timeout_ms, GCancellable *cancellable, GError **error)
{
    av_glue_init();
    g_autoptr(AvInput) input = av_input_new(timeout_ms, cancellable);
    g_autoptr(GError) problem = NULL;
    av_input_set_deadline(input, timeout_ms);
    gboolean is_open = open_as_media(input, path, &problem);
    if (media_input_was_stopped(input, path, error))
        return NULL;
    if (is_open)
        return g_steal_pointer(&input);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}
