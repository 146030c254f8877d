/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_picture.h"

#include <math.h>

#include "decode.h"
#include "prober.h"
#include "runner.h"

#define READ_MS 15000
#define COMPARE_MS 15000
#define MAX_SAID (64 * 1024)

static gboolean was_cancelled(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Frames are counted, not timed: containers round times, and encoders delay them. */
static gboolean compare(const char *path, const char *ffmpeg, double *psnr, GCancellable *cancellable, GError **error)
{
    static const char graph[] = "[0:v:0]setpts=N/25/TB,format=yuv420p[a];[1:v:0]setpts=N/25/TB,format=yuv420p[b];"
                                "[a][b]psnr";
    g_autofree char *input = g_strconcat("file:", path, NULL);
    /* A demuxer that is named opens no other file, whatever the host sends. */
    const char *argv[] = {
        ffmpeg,  "-hide_banner", "-nostdin",         "-nostats",        "-f",  "matroska", "-i",   input, "-f",
        "lavfi", "-i",           FFARM_TRIAL_SOURCE, "-filter_complex", graph, "-f",       "null", "-",   NULL};
    g_autoptr(FfarmHost) here = ffarm_host_new(NULL, "local", FFARM_HOST_LOCAL);
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(here);
    g_autofree char *said = NULL;
    g_autoptr(GError) inner = NULL;
    int status = 0;
    *psnr = NAN;
    gboolean is_run = ffarm_runner_open(runner, 0, cancellable, &inner) &&
                      ffarm_runner_ask(runner, argv, COMPARE_MS, MAX_SAID, NULL, &said, &status, cancellable, &inner);
    if (was_cancelled(inner)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    if (is_run && status == 0 && !ffarm_capability_parse_psnr(said, psnr))
        *psnr = NAN;
    return TRUE;
}

/* Returns: FALSE if there is nothing to compare; with @error if that was cancelled. */
static gboolean count(const char *path, FfarmTrialPicture *picture, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmMedia) media = ffarm_probe_file(path, READ_MS, cancellable, error);
    const FfarmStream *film = media ? ffarm_media_peek_video(media) : NULL;
    if (!film)
        return FALSE;
    picture->width = film->width;
    picture->height = film->height;
    picture->pix_fmt = g_intern_string(film->pix_fmt);
    g_autoptr(GError) inner = NULL;
    g_autoptr(FfarmDecoded) decoded = ffarm_decode_file(path, 0, READ_MS, cancellable, &inner);
    if (was_cancelled(inner))
        g_propagate_error(error, g_steal_pointer(&inner));
    const FfarmDecodedStream *stream = decoded ? ffarm_decoded_peek(decoded, film->index) : NULL;
    picture->frames = stream && stream->errors == 0 ? stream->frames : 0;
    return picture->frames > 0;
}

gboolean ffarm_trial_picture_read(const char *path, const char *ffmpeg, FfarmTrialPicture *picture,
                                  GCancellable *cancellable, GError **error)
{
    *picture = (FfarmTrialPicture){.psnr = NAN};
    g_autoptr(GError) inner = NULL;
    if (count(path, picture, cancellable, &inner))
        return compare(path, ffmpeg, &picture->psnr, cancellable, error);
    if (!inner)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}
