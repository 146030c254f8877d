/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "decode_proof.h"

#include <signal.h>
#include "misleading.h"
#include "progress.h"

#define LIMIT_MS 15000
#define FIRST_SIGNAL 129
#define LAST_SIGNAL 159

static void add(GPtrArray *argv, const char *const *words)
{
    for (; words && *words; words++)
        g_ptr_array_add(argv, g_strdup(*words));
}

/* Surfaces hold one format only, by the depth of what was decoded. */
static const char *surface_format(const FfarmStream *video)
{
    if (video->bit_depth <= 8)
        return "nv12";
    return video->bit_depth <= 10 ? "p010le" : "p016le";
}

char **ffarm_decode_proof_argv(const FfarmDecodeTrial *trial)
{
    static const char *const head[] = {"-nostdin",  "-hide_banner", "-loglevel", "level+info",
                                       "-progress", "pipe:1",       "-nostats",  NULL};
    /* Turning the picture upright would need a filter before ours that takes no such frames. */
    static const char *const input[] = {"-noautorotate", "-i", NULL};
    static const char *const tail[] = {"-f", "null", "-", NULL};
    GPtrArray *argv = g_ptr_array_new();
    g_ptr_array_add(argv, g_strdup(trial->ffmpeg));
    add(argv, head);
    add(argv, trial->options);
    add(argv, input);
    g_ptr_array_add(argv, g_strconcat("file:", trial->input, NULL));
    g_ptr_array_add(argv, g_strdup("-map"));
    g_ptr_array_add(argv, g_strdup_printf("0:%d", trial->video->index));
    g_ptr_array_add(argv, g_strdup("-frames:v"));
    g_ptr_array_add(argv, g_strdup_printf("%d", FFARM_DECODE_PROOF_FRAMES));
    g_ptr_array_add(argv, g_strdup("-vf"));
    g_ptr_array_add(argv, g_strconcat("hwdownload,format=", surface_format(trial->video), NULL));
    add(argv, tail);
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

gint64 ffarm_decode_proof_expect(const FfarmDecodeTrial *trial)
{
    double whole = (double)trial->source->duration_us / G_USEC_PER_SEC * trial->video->fps;
    /* A container's length may take in half a frame that is none. */
    return whole > 0 && whole < FFARM_DECODE_PROOF_FRAMES + 1 ? MAX((gint64)whole - 1, 1) : FFARM_DECODE_PROOF_FRAMES;
}

static gboolean is_killed(int exit_status)
{
    int number = exit_status - FIRST_SIGNAL + 1;
    return number == SIGHUP || number == SIGINT || number == SIGKILL || number == SIGTERM;
}

static FfarmCapabilityClass judge_failure(int exit_status, const FfarmFfmpegLog *log, char **words)
{
    FfarmCapabilityClass class_ = ffarm_capability_class_of(ffarm_ffmpeg_log_peek_complaints(log), words);
    gboolean is_signal = exit_status >= FIRST_SIGNAL && exit_status <= LAST_SIGNAL;
    if (is_killed(exit_status))
        class_ = FFARM_CAPABILITY_LOST;
    else if (is_signal && class_ == FFARM_CAPABILITY_UNKNOWN)
        class_ = FFARM_CAPABILITY_CRASHED;
    /* Frames that are in no device are what that filter can't convert. */
    else if (class_ == FFARM_CAPABILITY_BAD_PROBE)
        class_ = FFARM_CAPABILITY_CAP_MISSING;
    const char *last = ffarm_ffmpeg_log_peek_last(log);
    if (!*words && !is_signal && last)
        *words = g_strdup(last);
    else if (!*words)
        *words = g_strdup_printf(is_signal ? "signal %d" : "status %d",
                                 is_signal ? exit_status - FIRST_SIGNAL + 1 : exit_status);
    return class_;
}

FfarmCapabilityClass ffarm_decode_proof_judge(int exit_status, gint64 frames, gint64 expected,
                                              const FfarmFfmpegLog *log, char **words)
{
    *words = NULL;
    if (exit_status != 0)
        return judge_failure(exit_status, log, words);
    if (frames >= expected)
        return FFARM_CAPABILITY_PROVED;
    *words = g_strdup_printf("ffmpeg ended well, and %" G_GINT64_FORMAT " frames of %" G_GINT64_FORMAT " came", frames,
                             expected);
    return FFARM_CAPABILITY_WRONG_PICTURE;
}

typedef struct {
    FfarmProgressReader *reader;
    FfarmFfmpegLog *log;
    gint64 frames;
} Catch;

static gboolean on_stdout(const char *data, gsize length, gpointer user_data)
{
    Catch *caught = user_data;
    if (ffarm_progress_reader_feed(caught->reader, data, length, g_get_monotonic_time()))
        caught->frames = ffarm_progress_reader_get(caught->reader).frame;
    return TRUE;
}

static gboolean on_stderr(const char *data, gsize length, gpointer user_data)
{
    Catch *caught = user_data;
    ffarm_ffmpeg_log_feed(caught->log, data, length);
    return TRUE;
}

/* That the host does not answer says nothing of its hardware. */
static gboolean take_error(GError *error, FfarmCapabilityClass *class_, char **words, GError **out)
{
    gboolean is_slow = g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT);
    if (!is_slow && !g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC)) {
        g_propagate_error(out, error);
        return FALSE;
    }
    *class_ = is_slow ? FFARM_CAPABILITY_TOO_SLOW : FFARM_CAPABILITY_UNKNOWN;
    *words = g_strdup(error->message);
    g_error_free(error);
    return TRUE;
}

gboolean ffarm_decode_proof_run(FfarmRunner *runner, const FfarmDecodeTrial *trial, FfarmCapabilityClass *class_,
                                char **words, GCancellable *cancellable, GError **error)
{
    g_auto(GStrv) argv = ffarm_decode_proof_argv(trial);
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(0, 0);
    g_autoptr(FfarmFfmpegLog) log = ffarm_ffmpeg_log_new(NULL);
    ffarm_ffmpeg_log_distrust(log, ffarm_misleading_list(trial->source));
    Catch caught = {reader, log, 0};
    const FfarmCommand command = {.argv = (const char *const *)argv,
                                  .timeout_ms = LIMIT_MS,
                                  .on_stdout = on_stdout,
                                  .on_stderr = on_stderr,
                                  .user_data = &caught};
    FfarmExit end = {0};
    GError *inner = NULL;
    *words = NULL;
    if (!ffarm_runner_run(runner, &command, &end, cancellable, &inner))
        return take_error(inner, class_, words, error);
    ffarm_ffmpeg_log_end(log);
    *class_ = ffarm_decode_proof_judge(end.exit_status, caught.frames, ffarm_decode_proof_expect(trial), log, words);
    return TRUE;
}
