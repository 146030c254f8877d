/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media_input.h"
#include "refusal.h"

#include <sys/stat.h>

char *media_input_find_streams(AvInput *input, const char *path)
{
    const AVInputFormat *demuxer = av_input_find_demuxer(input, path);
    if (!demuxer || refusal_of_demuxer(demuxer->name))
        return g_strdup("is not media that libavformat can read");
    int status = av_input_open_format(input, path, demuxer, FALSE);
    if (status >= 0)
        return NULL;
    g_autofree char *text = av_glue_error_text(status);
    return g_strdup_printf("can't be read as %s: %s", demuxer->name, text);
}

gboolean media_input_has_result(AvInput *input, const char *path, const char *words, GError **error)
{
    av_input_must_stop(input);
    if (input->state == AV_INPUT_CANCELLED)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: reading it was cancelled", path);
    else if (input->state == AV_INPUT_TIMED_OUT)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s: could not be read to its end in time", path);
    else if (words)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, words);
    return input->state == AV_INPUT_RUNNING && !words;
}

AvInput *media_input_open(const char *path, guint timeout_ms, GCancellable *cancellable, GError **error)
{
    struct stat info;
    av_glue_init();
    g_autoptr(AvInput) input = av_input_new(timeout_ms, cancellable);
    av_input_set_deadline(input, timeout_ms);
    g_autofree char *words = av_input_open_file(input, path, &info);
    return media_input_has_result(input, path, words, error) ? g_steal_pointer(&input) : NULL;
}
