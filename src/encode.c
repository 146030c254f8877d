/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "encode.h"

#include <signal.h>

#include "error.h"

#define NEWS_INTERVAL_US (G_USEC_PER_SEC / 2)
/* Muxers hold some of the film back, but not as much. */
#define UNWRITTEN_US (60 * G_USEC_PER_SEC)

typedef struct {
    const FfarmEncode *encode;
    FfarmFfmpegLog *log;
    FfarmProgressReader *reader;
    gint64 told_us;        /* when on_progress was last called */
    gint64 advanced_us;    /* when the encode last got further */
    gint64 position;       /* how far it was then */
    gint64 wrote_us;       /* when its output last changed in size */
    gint64 size_bytes;     /* its size then; 0 unknown */
    gint64 wrote_out_time; /* and how far it was */
    gboolean has_ended;    /* "progress=end" was seen, which ffmpeg says once */
    gboolean is_hopeless;
    gboolean is_stalled;
} Watch;

/* TRUE while there is hope. ffmpeg may go on talking without getting anywhere, which the runner can't know. */
static gboolean is_alive(Watch *watch, gint64 now_us)
{
    gint64 last_us = MIN(watch->advanced_us, watch->wrote_us);
    watch->is_stalled = now_us - last_us > (gint64)watch->encode->stall_ms * 1000;
    return !watch->is_stalled;
}

/* Time and frames tell how far it is; where ffmpeg counts neither, only the size is left. */
static gint64 position_of(const FfarmProgress *progress)
{
    gint64 position = progress->out_time_us + progress->frame;
    return position ? position : progress->size_bytes;
}

static void note_position(Watch *watch, const FfarmProgress *progress, gint64 now_us)
{
    gint64 position = position_of(progress);
    if (position != watch->position || (progress->is_end && !watch->has_ended))
        watch->advanced_us = now_us;
    watch->position = position;
    gboolean writes = progress->size_bytes != watch->size_bytes;
    /* It may go on counting while nothing arrives on the disk any more. */
    if (writes || progress->size_bytes == 0 || progress->out_time_us - watch->wrote_out_time < UNWRITTEN_US)
        watch->wrote_us = now_us;
    if (writes || watch->size_bytes == 0)
        watch->wrote_out_time = progress->out_time_us;
    watch->size_bytes = progress->size_bytes;
}

static gboolean on_stdout(const char *data, gsize length, gpointer user_data)
{
    Watch *watch = user_data;
    gint64 now_us = g_get_monotonic_time();
    if (!ffarm_progress_reader_feed(watch->reader, data, length, now_us))
        return is_alive(watch, now_us);
    FfarmProgress progress = ffarm_progress_reader_get(watch->reader);
    gboolean is_first_end = progress.is_end && !watch->has_ended;
    note_position(watch, &progress, now_us);
    watch->has_ended |= progress.is_end;
    gboolean is_due = is_first_end || now_us - watch->told_us >= NEWS_INTERVAL_US;
    if (is_due && watch->encode->on_progress) {
        watch->told_us = now_us;
        watch->encode->on_progress(&progress, watch->encode->user_data);
    }
    watch->is_hopeless =
        ffarm_progress_is_hopeless(&progress, watch->encode->threshold, watch->encode->threshold_check);
    return !watch->is_hopeless && is_alive(watch, now_us);
}

static gboolean on_stderr(const char *data, gsize length, gpointer user_data)
{
    Watch *watch = user_data;
    ffarm_ffmpeg_log_feed(watch->log, data, length);
    return is_alive(watch, g_get_monotonic_time());
}

G_GNUC_PRINTF(4, 5)
static gboolean fail(GError **error, FfarmJobError code, const char *subject, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, FFARM_JOB_ERROR, (gint)code, "%s: %s", subject, text);
    return FALSE;
}

static gboolean fail_stalled(GError **error, const FfarmHost *host, guint stall_ms)
{
    return fail(error, FFARM_JOB_ERROR_STALLED, host->name, "ffmpeg made no progress for %g s and was stopped",
                stall_ms / 1000.0);
}

/* When a trouble counts: ffmpeg also tells of devices and abilities that it then did without. */
typedef enum { COUNTS_ALWAYS, COUNTS_WITH_DAMAGE, COUNTS_WITH_STATUS } Weight;

/* Troubles that are somebody else's than the film's, in the order in which they explain the others. */
static const struct {
    FfarmTrouble trouble;
    Weight weight;
    FfarmJobError code;
    const char *text;
} host_troubles[] = {
    {FFARM_TROUBLE_SPACE, COUNTS_ALWAYS, FFARM_JOB_ERROR_HOST, "the disk is full"},
    {FFARM_TROUBLE_STOPPED, COUNTS_ALWAYS, FFARM_JOB_ERROR_HOST, "ffmpeg was told to stop"},
    {FFARM_TROUBLE_LACKING, COUNTS_WITH_STATUS, FFARM_JOB_ERROR_LACKING, "its ffmpeg or its hardware can't do that"},
    {FFARM_TROUBLE_DEVICE, COUNTS_WITH_DAMAGE, FFARM_JOB_ERROR_DEVICE, "the encoder can't be used there"},
    {FFARM_TROUBLE_MEMORY, COUNTS_ALWAYS, FFARM_JOB_ERROR_HOST, "there is not enough memory"},
    {FFARM_TROUBLE_OUTPUT, COUNTS_ALWAYS, FFARM_JOB_ERROR_HOST, "can't be written there"},
    {FFARM_TROUBLE_READING, COUNTS_ALWAYS, FFARM_JOB_ERROR_HOST, "can't be read there"},
};

/* "FILE can't be read there" */
static char *describe(const FfarmEncode *encode, FfarmTrouble trouble, const char *text)
{
    if (trouble != FFARM_TROUBLE_OUTPUT && trouble != FFARM_TROUBLE_READING)
        return g_strdup(text);
    g_autofree char *name = g_filename_display_name(trouble == FFARM_TROUBLE_OUTPUT ? encode->output : encode->input);
    return g_strdup_printf("%s %s", name, text);
}

static gboolean judge_host(const FfarmHost *host, const FfarmEncode *encode, int exit_status, const FfarmFfmpegLog *log,
                           GError **error)
{
    gboolean is_damaged = ffarm_ffmpeg_log_peek_trouble(log, FFARM_TROUBLE_DAMAGED) != NULL;
    Weight least = exit_status != 0 ? COUNTS_WITH_STATUS : is_damaged ? COUNTS_WITH_DAMAGE : COUNTS_ALWAYS;
    for (gsize i = 0; i < G_N_ELEMENTS(host_troubles); i++) {
        FfarmTrouble trouble = host_troubles[i].trouble;
        const char *line = ffarm_ffmpeg_log_peek_trouble(log, trouble);
        if (!line || host_troubles[i].weight > least)
            continue;
        gboolean is_ours = encode->shares_disk && trouble == FFARM_TROUBLE_SPACE;
        g_autofree char *text = describe(encode, trouble, host_troubles[i].text);
        return fail(error, is_ours ? FFARM_JOB_ERROR_REPLACE : host_troubles[i].code, host->name, "%s (%s)", text,
                    line);
    }
    return TRUE;
}

/* Signals that come from outside; one like SIGSEGV is ffmpeg's own answer to the film. */
static gboolean is_killed(int exit_status)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGKILL, SIGTERM};
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        if (exit_status == 128 + signals[i])
            return TRUE;
    }
    return FALSE;
}

gboolean ffarm_encode_judge(const FfarmHost *host, const FfarmEncode *encode, int exit_status,
                            const FfarmFfmpegLog *log, GError **error)
{
    if (is_killed(exit_status))
        return fail(error, FFARM_JOB_ERROR_HOST, host->name, "ffmpeg was killed by signal %d", exit_status - 128);
    if (!judge_host(host, encode, exit_status, log, error))
        return FALSE;
    g_autofree char *name = g_filename_display_name(encode->source->path);
    const char *damage = ffarm_ffmpeg_log_peek_trouble(log, FFARM_TROUBLE_DAMAGED);
    if (damage && !(encode->may_be_damaged && exit_status == 0))
        return fail(error, FFARM_JOB_ERROR_SOURCE, name, "the source is damaged, so it is left alone (%s)", damage);
    if (exit_status == 0)
        return TRUE;
    const char *last = ffarm_ffmpeg_log_peek_last(log);
    return fail(error, FFARM_JOB_ERROR_ENCODER, name, "ffmpeg failed with status %d on %s (%s)", exit_status,
                host->name, last ? last : "it said nothing");
}

static gboolean run_watched(FfarmRunner *runner, Watch *watch, FfarmExit *end, GCancellable *cancellable,
                            GError **error)
{
    FfarmCommand command = {
        .argv = watch->encode->argv,
        .stall_ms = watch->encode->stall_ms,
        .on_stdout = on_stdout,
        .on_stderr = on_stderr,
        .user_data = watch,
    };
    g_autoptr(GError) inner = NULL;
    gboolean ok = ffarm_runner_run(runner, &command, end, cancellable, &inner);
    ffarm_ffmpeg_log_end(watch->log);
    if (watch->is_stalled || g_error_matches(inner, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT))
        return fail_stalled(error, ffarm_runner_peek_host(runner), watch->encode->stall_ms);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&inner));
    return ok;
}

gboolean ffarm_encode_run(FfarmRunner *runner, const FfarmEncode *encode, FfarmFfmpegLog *log, gboolean *is_hopeless,
                          GCancellable *cancellable, GError **error)
{
    const FfarmMedia *source = encode->source;
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(source->duration_us, source->size_bytes);
    gint64 now_us = g_get_monotonic_time();
    Watch watch = {.encode = encode, .log = log, .reader = reader, .advanced_us = now_us, .wrote_us = now_us};
    FfarmExit end = {0};
    if (!run_watched(runner, &watch, &end, cancellable, error))
        return FALSE;
    *is_hopeless = watch.is_hopeless;
    if (watch.is_hopeless)
        return TRUE;
    return ffarm_encode_judge(ffarm_runner_peek_host(runner), encode, end.exit_status, log, error);
}
