/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "descent.h"

#include <string.h>
#include "device_book.h"
#include "error.h"
#include "filter_graph.h"
#include "output_options.h"
#include "picture_graph.h"
#include "verify.h"

void ffarm_descent_clear(FfarmDescent *step)
{
    g_clear_pointer(&step->words, g_free);
}

gboolean ffarm_descent_is_hardware(const FfarmChoice *rung)
{
    return rung->decoder || strcmp(rung->engine, "cpu") != 0;
}

static gboolean has_same_encoder(const FfarmChoice *rung, const FfarmChoice *other)
{
    return strcmp(rung->engine, other->engine) == 0 && g_strcmp0(rung->device, other->device) == 0;
}

static const FfarmChoice *without_encoder(const FfarmChoice *rung)
{
    const FfarmChoice *next = rung->fallback;
    while (next && has_same_encoder(rung, next))
        next = next->fallback;
    return next;
}

const FfarmChoice *ffarm_descent_without_decoder(const FfarmChoice *rung)
{
    const FfarmChoice *next = rung->fallback;
    while (next && g_strcmp0(next->decoder, rung->decoder) == 0)
        next = next->fallback;
    return next;
}

/* Neither encodes nor decodes as @rung does, as far as that is hardware; at least it decodes otherwise. */
static const FfarmChoice *without_both(const FfarmChoice *rung)
{
    gboolean encodes = strcmp(rung->engine, "cpu") != 0;
    const FfarmChoice *other = NULL;
    for (const FfarmChoice *next = rung->fallback; next; next = next->fallback) {
        gboolean decodes_alike = rung->decoder && g_strcmp0(next->decoder, rung->decoder) == 0;
        if (decodes_alike)
            continue;
        if (!encodes || !has_same_encoder(rung, next))
            return next;
        other = rung->decoder ? next : NULL;
    }
    return other;
}

/* What ffmpeg calls the part of it that said @words: "hevc_nvenc" of "[hevc_nvenc @ 0x55...] [error] ...". Returns: new
 * string; NULL if that is not known. */
static char *find_speaker(const char *complaints, const char *words)
{
    const char *begin = strstr(complaints, words);
    while (begin && begin > complaints && begin[-1] != '\n')
        begin--;
    return begin && *begin == '[' ? g_strndup(begin + 1, strcspn(begin + 1, " ]")) : NULL;
}

static gboolean is_of_decoder(const FfarmChoice *rung, const FfarmMedia *source, const char *speaker, const char *words)
{
    const FfarmStream *video = ffarm_media_peek_video(source);
    if (!rung->decoder || strcmp(rung->engine, "cpu") == 0)
        return rung->decoder != NULL;
    return strstr(words, "nvcuvid") || (speaker && video && g_strcmp0(speaker, video->codec) == 0);
}

static gboolean is_of_encoder(const FfarmChoice *rung, const FfarmDescent *step, const char *speaker)
{
    const char *encoder = ffarm_output_options_encoder(rung->profile, FFARM_STREAM_VIDEO, 0);
    return !rung->decoder || ffarm_capability_is_of_engine(step->class_) ||
           (speaker && encoder && strstr(speaker, encoder));
}

/* Who it was, and who is next. */
static void find_part(const FfarmChoice *rung, const FfarmMedia *source, const char *complaints, FfarmDescent *step)
{
    g_autofree char *speaker = find_speaker(complaints, step->words);
    if (is_of_decoder(rung, source, speaker, step->words)) {
        step->part = FFARM_DESCENT_DECODER;
        step->next = ffarm_descent_without_decoder(rung);
    } else if (is_of_encoder(rung, step, speaker)) {
        step->part = FFARM_DESCENT_ENCODER;
        step->next = without_encoder(rung);
    } else {
        step->part = FFARM_DESCENT_EITHER;
        step->next = rung->fallback;
    }
}

/* TRUE if ffmpeg was built without a filter that each rung needs, as that which maps tones. */
static gboolean is_of_build(const FfarmChoice *rung, const FfarmFfmpegLog *log)
{
    static const char begin[] = "No such filter: '";
    const char *at = strstr(ffarm_ffmpeg_log_peek_complaints(log), begin);
    g_autofree char *filter = at ? ffarm_filter_graph_name(at + strlen(begin)) : NULL;
    const char *const names[] = {filter, NULL};
    for (const FfarmChoice *next = rung; filter && next; next = next->fallback) {
        const char *graph = ffarm_picture_graph_find_own(next->profile);
        if (!graph || !ffarm_filter_graph_has(graph, names))
            return FALSE;
    }
    return filter != NULL;
}

/* Drivers say of surfaces what others say of memory. */
static gboolean lacks_memory(const GError *error, const FfarmFfmpegLog *log)
{
    return g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST) &&
           ffarm_ffmpeg_log_peek_trouble(log, FFARM_TROUBLE_MEMORY) &&
           !ffarm_ffmpeg_log_peek_trouble(log, FFARM_TROUBLE_SPACE) &&
           !ffarm_ffmpeg_log_peek_trouble(log, FFARM_TROUBLE_STOPPED);
}

static gboolean is_of_hardware(const FfarmChoice *rung, const GError *error, const FfarmFfmpegLog *log)
{
    static const FfarmJobError codes[] = {FFARM_JOB_ERROR_ENCODER, FFARM_JOB_ERROR_LACKING, FFARM_JOB_ERROR_DEVICE,
                                          FFARM_JOB_ERROR_STALLED};
    if (!ffarm_descent_is_hardware(rung))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        if (g_error_matches(error, FFARM_JOB_ERROR, (gint)codes[i]))
            return TRUE;
    return lacks_memory(error, log) ||
           (rung->decoder && g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE));
}

/* A driver that hangs says nothing, and another of its ways would hang as long. */
static void judge_stalled(const FfarmChoice *rung, const GError *error, FfarmDescent *step)
{
    const char *colon = strstr(error->message, ": ");
    step->class_ = FFARM_CAPABILITY_UNKNOWN;
    step->words = g_strdup(colon ? colon + strlen(": ") : error->message);
    step->part = rung->decoder ? FFARM_DESCENT_EITHER : FFARM_DESCENT_ENCODER;
    step->next = without_both(rung);
    if (step->next)
        step->move = FFARM_DESCENT_STEP;
}

void ffarm_descent_judge_encode(const FfarmChoice *rung, const FfarmMedia *source, const GError *error,
                                const FfarmFfmpegLog *log, FfarmDescent *step)
{
    *step = (FfarmDescent){.move = FFARM_DESCENT_STAY};
    if (!is_of_hardware(rung, error, log) || is_of_build(rung, log))
        return;
    if (g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_STALLED)) {
        judge_stalled(rung, error, step);
        return;
    }
    const char *complaints = ffarm_ffmpeg_log_peek_complaints(log), *last = ffarm_ffmpeg_log_peek_last(log);
    gboolean is_damage = g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE);
    step->class_ = is_damage ? FFARM_CAPABILITY_UNKNOWN : ffarm_capability_class_of(complaints, &step->words);
    if (is_damage)
        last = ffarm_ffmpeg_log_peek_trouble(log, FFARM_TROUBLE_DAMAGED);
    if (!step->words)
        step->words = g_strdup(last ? last : error->message);
    find_part(rung, source, complaints, step);
    if (is_damage) {
        step->part = FFARM_DESCENT_DECODER;
        step->next = ffarm_descent_without_decoder(rung);
    }
    if (step->class_ == FFARM_CAPABILITY_IN_USE)
        step->move = FFARM_DESCENT_WAIT;
    else if (step->next)
        step->move = FFARM_DESCENT_STEP;
}

gboolean ffarm_descent_is_of_memory(const FfarmDescent *step)
{
    return step->words && strstr(step->words, "CUDA_ERROR_OUT_OF_MEMORY");
}

gboolean ffarm_descent_is_doubtful(const FfarmDescent *step)
{
    return step->words && strstr(step->words, "create compression session");
}

void ffarm_descent_hurry(FfarmDescent *step)
{
    step->class_ = ffarm_descent_is_doubtful(step) ? FFARM_CAPABILITY_CAP_MISSING : FFARM_CAPABILITY_UNKNOWN;
    step->move = step->next ? FFARM_DESCENT_STEP : FFARM_DESCENT_STAY;
}

void ffarm_descent_judge_result(const FfarmChoice *rung, const FfarmMedia *source, const GError *error,
                                FfarmDescent *step)
{
    *step = (FfarmDescent){.move = FFARM_DESCENT_STAY};
    /* Complaints about a source that is sound, or none about one that is not. */
    gboolean is_of_reading = rung->decoder && (g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST) ||
                                               g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE));
    gboolean is_bad =
        g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH) && ffarm_verify_is_of_picture(source, error);
    if (!ffarm_descent_is_hardware(rung) || !(is_bad || is_of_reading))
        return;
    g_autofree char *name = g_filename_display_name(source->path);
    gsize skip = g_str_has_prefix(error->message, name) ? strlen(name) + strlen(": ") : 0;
    step->part = is_bad ? FFARM_DESCENT_RESULT : FFARM_DESCENT_DECODER;
    step->class_ = FFARM_CAPABILITY_WRONG_PICTURE;
    step->words = g_strdup(error->message + skip);
    step->next = is_bad ? without_both(rung) : ffarm_descent_without_decoder(rung);
    if (step->next)
        step->move = FFARM_DESCENT_STEP;
}

gboolean ffarm_descent_is_lasting(const FfarmCapability *finding)
{
    static const char *const of_film[] = {" exceeds ", "Interlaced", "Max B-frames", "YUV4", "resolution", "size"};
    /* A driver that was reset in the middle of a film is well with the next one. */
    if (finding->class_ == FFARM_CAPABILITY_BROKEN)
        return FALSE;
    if (ffarm_capability_is_of_engine(finding->class_) || finding->class_ == FFARM_CAPABILITY_BUILD_LACKS)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(of_film); i++)
        if (finding->words && strstr(finding->words, of_film[i]))
            return FALSE;
    return finding->class_ == FFARM_CAPABILITY_CAP_MISSING;
}

/* "the CPU", "cuda", "cuda:1" */
static char *name_of(const char *engine, const char *device)
{
    if (!engine || strcmp(engine, "cpu") == 0)
        return g_strdup("the CPU");
    return ffarm_device_name(engine, device);
}

/* Whoever failed. */
static char *name_of_part(const FfarmChoice *rung, FfarmDescentPart part)
{
    gboolean decodes = part == FFARM_DESCENT_DECODER || strcmp(rung->engine, "cpu") == 0;
    return decodes ? name_of(rung->decoder, NULL) : name_of(rung->engine, rung->device);
}

static char *describe_next(const FfarmChoice *rung, const FfarmChoice *next)
{
    g_autofree char *encoder = name_of(next->engine, next->device), *decoder = name_of(next->decoder, NULL);
    if (!has_same_encoder(rung, next))
        return g_strconcat(encoder, " does", NULL);
    if (g_strcmp0(rung->decoder, next->decoder) != 0)
        return g_strconcat(decoder, " decodes", NULL);
    return g_strdup("its frames take the way through memory");
}

char *ffarm_descent_describe(const FfarmChoice *rung, const FfarmDescent *step)
{
    static const char *const formats[] = {
        [FFARM_DESCENT_ENCODER] = "can't encode it",
        [FFARM_DESCENT_DECODER] = "can't decode it",
        [FFARM_DESCENT_EITHER] = "can't do it",
        [FFARM_DESCENT_RESULT] = "made a bad result",
    };
    g_autofree char *name = name_of_part(rung, step->part);
    g_autofree char *next = step->next ? describe_next(rung, step->next) : g_strdup("there is no other way");
    return g_strdup_printf("%s %s (%s); %s", name, formats[step->part], step->words, next);
}

char *ffarm_descent_reason(const FfarmChoice *rung, const FfarmDescent *step)
{
    g_autofree char *name = name_of_part(rung, step->part);
    return g_strdup_printf("%s: %s", name, step->words);
}
