/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quality.h"

#include <math.h>
#include <string.h>

#include "host.h"
#include "job_error.h"
#include "runner.h"

#define SAMPLE_US (2 * G_USEC_PER_SEC)
#define RUN_UP_US (5 * G_USEC_PER_SEC)
/* A picture this much like its source's needs no second look, whatever the bound. */
#define GOOD_SSIM 0.97
#define GOOD_VMAF 93
#define MAX_SAID (256 * 1024)
#define ASK_MS 20000

typedef struct {
    FfarmRunner *runner;
    const char *ffmpeg;
    const FfarmMedia *source, *result;
    gboolean is_vmaf;
    const char *filters; /* for the source's picture; nullable */
    gint64 length_us;    /* of a sample */
    gint64 half_frame_us;
    gint64 headless_us; /* how much of the source's begin is not in the result */
    guint stall_ms;
    GCancellable *cancellable;
} Comparer;

guint ffarm_quality_samples(gint64 duration_us, gint64 starts_us[FFARM_QUALITY_SAMPLES], gint64 *length_us)
{
    guint count = (guint)CLAMP(duration_us / (2 * SAMPLE_US), 1, FFARM_QUALITY_SAMPLES);
    *length_us = MIN(SAMPLE_US, MAX(duration_us, 0));
    for (guint i = 0; i < count; i++)
        starts_us[i] = MAX(duration_us * (2 * i + 1) / (2 * count) - *length_us / 2, 0);
    return count;
}

gboolean ffarm_quality_parse(const char *said, gboolean is_vmaf, double *value)
{
    const char *word = is_vmaf ? "VMAF score" : "SSIM ", *found = NULL;
    for (const char *at = said; (at = strstr(at, word)); at += strlen(word))
        found = at + strlen(word);
    if (found && !is_vmaf)
        found = strstr(found, "All:");
    if (!found)
        return FALSE;
    found += is_vmaf ? strspn(found, " :=") : strlen("All:");
    char *end = NULL;
    *value = g_ascii_strtod(found, &end);
    return end != found && isfinite(*value);
}

static const FfarmStream *film_of(const FfarmMedia *media)
{
    return ffarm_media_peek_video(media);
}

static gint64 half_frame_us(const FfarmMedia *media)
{
    double fps = film_of(media)->fps;
    return fps > 0 ? (gint64)(G_USEC_PER_SEC / fps / 2) : G_USEC_PER_SEC / 100;
}

/* How far the picture begins behind the file, which is where ffmpeg counts -ss from. */
static gint64 lead_us(const FfarmMedia *media)
{
    gint64 stream_us = film_of(media)->start_us;
    return stream_us == G_MININT64 || media->start_us == G_MININT64 ? 0 : MAX(stream_us - media->start_us, 0);
}

static char *seconds(gint64 time_us)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_formatd(text, sizeof text, "%.6f", (double)time_us / G_USEC_PER_SEC));
}

static void add(GPtrArray *words, const char *word)
{
    g_ptr_array_add(words, g_strdup(word));
}

/* Begins to read @media in time for a sample at @at_us. Where a demuxer has no index to seek by, the first frames after
 * it are rubbish, so there is a run-up, which the filters leave out. Returns: its length. */
static gint64 add_input(GPtrArray *words, const FfarmMedia *media, gint64 at_us)
{
    gint64 run_up_us = MIN(MAX(at_us, 0), RUN_UP_US);
    if (at_us > run_up_us) {
        add(words, "-ss");
        g_ptr_array_add(words, seconds(at_us - run_up_us));
    }
    add(words, "-i");
    g_ptr_array_add(words, g_strconcat("file:", media->path, NULL));
    return run_up_us;
}

/* "trim=start=..:end=..,setpts=.." that makes a sample begin at 0. Frames at its very edge belong to it on one side
 * only where times are rounded, so it begins half a frame early. */
static char *cut_sample(const Comparer *comparer, gint64 run_up_us)
{
    gint64 begin_us = MAX(run_up_us - comparer->half_frame_us, 0);
    g_autofree char *begin = seconds(begin_us), *end = seconds(begin_us + comparer->length_us);
    g_autofree char *zero = seconds(run_up_us);
    return g_strdup_printf("trim=start=%s:end=%s,setpts=PTS-%s/TB", begin, end, zero);
}

/* The result's frames are moved by half a frame: times are rounded differently by each container, and the filters take
 * the last frame before. */
static char *build_graph(const Comparer *comparer, gint64 source_run_up_us, gint64 result_run_up_us)
{
    const FfarmStream *source = film_of(comparer->source);
    gboolean is_turned = source->rotation == 90 || source->rotation == 270;
    int width = is_turned ? source->height : source->width, height = is_turned ? source->width : source->height;
    g_autofree char *half_frame = seconds(comparer->half_frame_us);
    g_autofree char *cut_source = cut_sample(comparer, source_run_up_us);
    g_autofree char *cut_result = cut_sample(comparer, result_run_up_us);
    return g_strdup_printf(
        "[1:%d]%s,scale=%d:%d:flags=bicubic,setsar=1,setpts=PTS+%s/TB[r];[0:%d]%s%s%s,setsar=1[s];[r][s]%s",
        film_of(comparer->result)->index, cut_result, width, height, half_frame, source->index, cut_source,
        comparer->filters ? "," : "", comparer->filters ? comparer->filters : "",
        comparer->is_vmaf ? "libvmaf" : "ssim");
}

typedef struct {
    GString *said;
} Listener;

static gboolean on_stderr(const char *data, gsize length, gpointer user_data)
{
    Listener *listener = user_data;
    g_string_append_len(listener->said, data, (gssize)length);
    if (listener->said->len > 2 * MAX_SAID) /* the figure comes last */
        g_string_erase(listener->said, 0, (gssize)(listener->said->len - MAX_SAID));
    return TRUE;
}

/* Compares one sample. @value: NAN if no frame could be compared. */
static gboolean compare(const Comparer *comparer, gint64 start_us, gint64 shift_us, double *value, GError **error)
{
    static const char *const begin[] = {"-hide_banner", "-nostdin",  "-nostats", "-loglevel",
                                        "info",         "-progress", "pipe:1"};
    static const char *const end[] = {"-an", "-sn", "-dn", "-f", "null", "-"};
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    add(words, comparer->ffmpeg);
    for (guint i = 0; i < G_N_ELEMENTS(begin); i++)
        add(words, begin[i]);
    gint64 source_run_up_us = add_input(words, comparer->source, start_us + lead_us(comparer->source));
    gint64 result_run_up_us = add_input(words, comparer->result, start_us + lead_us(comparer->result) + shift_us);
    add(words, "-filter_complex");
    g_ptr_array_add(words, build_graph(comparer, source_run_up_us, result_run_up_us));
    for (guint i = 0; i < G_N_ELEMENTS(end); i++)
        add(words, end[i]);
    g_ptr_array_add(words, NULL);

    g_autoptr(GString) said = g_string_new(NULL);
    Listener listener = {said};
    FfarmCommand command = {
        .argv = (const char *const *)words->pdata,
        .stall_ms = comparer->stall_ms,
        .on_stderr = on_stderr,
        .user_data = &listener,
    };
    FfarmExit exit = {0};
    if (!ffarm_runner_run(comparer->runner, &command, &exit, comparer->cancellable, error))
        return FALSE;
    if (exit.exit_status != 0 || !ffarm_quality_parse(said->str, comparer->is_vmaf, value))
        *value = NAN;
    return TRUE;
}

/* An encoder's delay can move a film by some frames, which is no fault of its picture: the best fit counts. */
static gboolean compare_best(const Comparer *comparer, gint64 start_us, double *best, GError **error)
{
    gint64 frame_us = 2 * comparer->half_frame_us;
    const gint64 shifts_us[] = {0,
                                frame_us,
                                -frame_us,
                                -comparer->headless_us,
                                lead_us(comparer->source) - lead_us(comparer->result),
                                2 * frame_us,
                                -2 * frame_us};
    *best = NAN;
    for (guint i = 0; i < G_N_ELEMENTS(shifts_us); i++) {
        double value = NAN;
        if (i > 0 && shifts_us[i] == 0)
            continue;
        if (!compare(comparer, start_us, shifts_us[i], &value, error))
            return FALSE;
        if (isfinite(value) && (!isfinite(*best) || value > *best))
            *best = value;
        if (isfinite(*best) && *best >= (comparer->is_vmaf ? GOOD_VMAF : GOOD_SSIM))
            return TRUE;
    }
    return TRUE;
}

/* Measures all samples by one filter. @mean, and @quality's worst; -1: none could be measured. */
static gboolean measure(const Comparer *comparer, const gint64 *starts_us, guint n_starts, double *mean,
                        FfarmQuality *quality, GError **error)
{
    double sum = 0;
    guint count = 0;
    quality->worst = -1;
    for (guint i = 0; i < n_starts; i++) {
        double value;
        if (!compare_best(comparer, starts_us[i], &value, error))
            return FALSE;
        if (!isfinite(value))
            continue;
        sum += value;
        count++;
        if (quality->worst < 0 || value < quality->worst) {
            quality->worst = value;
            quality->worst_us = starts_us[i];
        }
    }
    quality->n_samples = count;
    *mean = count > 0 ? sum / count : -1;
    return TRUE;
}

static gboolean judge(const Comparer *comparer, const char *name, const FfarmBound *bound, const FfarmQuality *quality,
                      GError **error)
{
    if (!bound->is_set || quality->worst >= bound->value)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_MISMATCH, comparer->source->path,
                          "%s of the picture is %.4g at %.0f s, the least is %.4g", name, quality->worst,
                          (double)quality->worst_us / G_USEC_PER_SEC, bound->value);
}

/* Neither libvmaf nor zscale, by which HDR becomes SDR, is in every ffmpeg. */
static gboolean find_filters(const Comparer *comparer, gboolean *has_vmaf, GError **error)
{
    const char *const argv[] = {comparer->ffmpeg, "-hide_banner", "-filters", NULL};
    g_autofree char *output = NULL;
    int status = 0;
    if (!ffarm_runner_ask(comparer->runner, argv, ASK_MS, MAX_SAID, &output, NULL, &status, comparer->cancellable,
                          error))
        return FALSE;
    *has_vmaf = status == 0 && strstr(output, " libvmaf ") != NULL;
    gboolean lacks_zscale =
        status == 0 && comparer->filters && strstr(comparer->filters, "zscale=") && !strstr(output, " zscale ");
    return !lacks_zscale ||
           ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, comparer->source->path,
                          "the picture can't be compared here, as %s has no zscale, which tone mapping needs",
                          comparer->ffmpeg);
}

/* SSIM, unless VMAF alone is asked for; VMAF where it is asked for, or nothing is and it is there. A libvmaf that fails
 * where SSIM can be measured is this machine's fault, not the picture's. */
static gboolean measure_all(Comparer *comparer, const FfarmProof *proof, FfarmQuality *quality, GError **error)
{
    gint64 starts_us[FFARM_QUALITY_SAMPLES];
    guint n_starts = ffarm_quality_samples(comparer->source->duration_us, starts_us, &comparer->length_us);
    gboolean has_vmaf = FALSE;
    if (!find_filters(comparer, &has_vmaf, error))
        return FALSE;
    if (proof->min_vmaf.is_set && !has_vmaf)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, comparer->source->path,
                              "min_vmaf can't be measured, as %s has no libvmaf; use min_ssim", comparer->ffmpeg);
    gboolean wants_vmaf = has_vmaf && (proof->min_vmaf.is_set || !proof->min_ssim.is_set);
    comparer->is_vmaf = TRUE;
    if (wants_vmaf && !measure(comparer, starts_us, n_starts, &quality->vmaf, quality, error))
        return FALSE;
    gboolean has_value = quality->vmaf >= 0;
    if (has_value && !judge(comparer, "VMAF", &proof->min_vmaf, quality, error))
        return FALSE;
    if (has_value && !proof->min_ssim.is_set)
        return TRUE;
    comparer->is_vmaf = FALSE;
    if (!measure(comparer, starts_us, n_starts, &quality->ssim, quality, error))
        return FALSE;
    if (quality->ssim < 0)
        return ffarm_job_fail(
            error, FFARM_JOB_ERROR_MISMATCH, comparer->source->path,
            "the result's picture can't be compared with the source's: ffmpeg found no frames in either");
    if (proof->min_vmaf.is_set && !has_value)
        return ffarm_job_fail(
            error, FFARM_JOB_ERROR_REPLACE, comparer->source->path,
            "min_vmaf can't be measured, as libvmaf of %s fails (its model may be missing); use min_ssim",
            comparer->ffmpeg);
    return judge(comparer, "SSIM", &proof->min_ssim, quality, error);
}

gboolean ffarm_quality_measure(const char *ffmpeg, const FfarmMedia *source, const FfarmMedia *result,
                               const FfarmProof *proof, const char *filters, gint64 headless_us, guint stall_ms,
                               FfarmQuality *quality, GCancellable *cancellable, GError **error)
{
    *quality = (FfarmQuality){.ssim = -1, .vmaf = -1, .worst = -1};
    if (!film_of(source) || !film_of(result))
        return TRUE;
    g_autoptr(FfarmHost) here = ffarm_host_new(NULL, "local", FFARM_HOST_LOCAL);
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(here);
    g_autoptr(GError) inner = NULL;
    Comparer comparer = {
        .runner = runner,
        .ffmpeg = ffmpeg,
        .source = source,
        .result = result,
        .filters = filters,
        .half_frame_us = half_frame_us(source),
        .headless_us = headless_us,
        .stall_ms = stall_ms,
        .cancellable = cancellable,
    };
    if (ffarm_runner_open(runner, ASK_MS, cancellable, &inner) && measure_all(&comparer, proof, quality, &inner))
        return TRUE;
    if (inner->domain == FFARM_JOB_ERROR || g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_propagate_error(error, g_steal_pointer(&inner));
    else
        ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, source->path, "the picture can't be compared here (%s)",
                       inner->message);
    return FALSE;
}
