/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_result.h"

#include "job_error.h"
#include "picture_graph.h"
#include "prober.h"
#include "recipe.h"
#include "verify_parts.h"

/* A file and all that was measured of it. */
typedef struct {
    FfarmPackets *packets;
    gint64 *ends_us;
    FfarmDecoded *decoded; /* nullable */
} Measurement;

static void measurement_clear(Measurement *measurement)
{
    ffarm_packets_free(measurement->packets);
    g_free(measurement->ends_us);
    ffarm_decoded_free(measurement->decoded);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Measurement, measurement_clear)

/* Ends of all streams, measured from the media's start: ffmpeg moves a film to begin at 0. */
static gint64 *measure_ends(const FfarmMedia *media, const FfarmPackets *packets)
{
    gint64 start_us = media->start_us == G_MININT64 ? 0 : media->start_us;
    gint64 *ends_us = g_new0(gint64, MAX(media->streams->len, 1));
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmPacketsStream *stream = ffarm_packets_peek(packets, (int)i);
        if (stream && stream->last_us != G_MININT64)
            ends_us[i] = MAX(stream->end_us - start_us, 0);
    }
    return ends_us;
}

/* Passes on a cancellation; anything else is the file's fault, in words. Returns: FALSE. */
static gboolean fail_reading(GError **error, FfarmJobError code, const FfarmMedia *source, const char *what,
                             GError *problem, const char *failure)
{
    if (problem && g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_error_copy(problem));
        return FALSE;
    }
    return ffarm_job_fail(error, code, source->path, "%s (%s)", what, problem ? problem->message : failure);
}

static gboolean may_be_damaged(const FfarmVerifyParams *params)
{
    return params->proof.damaged == FFARM_DAMAGED_ENCODE;
}

static gboolean scan_source(const FfarmMedia *source, const FfarmVerifyParams *params, Measurement *measurement,
                            GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) inner = NULL;
    FfarmPackets *packets = measurement->packets = ffarm_packets_scan(source->path, 0, cancellable, &inner);
    if (!packets || (!packets->reached_end && !may_be_damaged(params)))
        return fail_reading(error, FFARM_JOB_ERROR_SOURCE, source, "the source can't be read to its end", inner,
                            packets ? packets->failure : NULL);
    measurement->ends_us = measure_ends(source, packets);
    return TRUE;
}

static gboolean scan_result(const FfarmMedia *result, const FfarmMedia *source, Measurement *measurement,
                            GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) inner = NULL;
    FfarmPackets *packets = measurement->packets = ffarm_packets_scan(result->path, 0, cancellable, &inner);
    if (!packets || !packets->reached_end)
        return fail_reading(error, FFARM_JOB_ERROR_MISMATCH, source, "the result can't be read to its end", inner,
                            packets ? packets->failure : NULL);
    measurement->ends_us = measure_ends(result, packets);
    return TRUE;
}

static gboolean decode(const char *path, const FfarmMedia *source, FfarmJobError code, const char *what,
                       const FfarmVerifyParams *params, Measurement *measurement, GCancellable *cancellable,
                       GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (measurement->decoded)
        return TRUE;
    measurement->decoded = ffarm_decode_file(path, 0, params->stall_ms, cancellable, &inner);
    return measurement->decoded || fail_reading(error, code, source, what, inner, NULL);
}

/* What ffmpeg complained of must be in the source itself, else the host read it wrongly. Only what can be decoded of a
 * source that is damaged has to be in the result. */
static gboolean examine_damage(const FfarmMedia *source, const FfarmVerifyParams *params, Measurement *measurement,
                               GCancellable *cancellable, GError **error)
{
    const FfarmPackets *packets = measurement->packets;
    gboolean shows_damage = !packets->reached_end || packets->complaints > 0 || verify_count_corrupt(packets) > 0;
    if (!may_be_damaged(params) || (!params->complaint && !shows_damage))
        return TRUE;
    if (!decode(source->path, source, FFARM_JOB_ERROR_SOURCE, "the source can't be decoded", params, measurement,
                cancellable, error))
        return FALSE;
    if (shows_damage || measurement->decoded->errors > 0)
        return TRUE;
    return ffarm_job_fail(error, FFARM_JOB_ERROR_HOST, source->path,
                          "ffmpeg complained of the source, which is sound here (%s)", params->complaint);
}

/* Returns: what is wrong with the film's picture, new string; NULL: nothing. */
static char *find_fault(const FfarmMedia *source, const FfarmDecoded *decoded)
{
    for (guint i = 0; i < source->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(source->streams, i);
        const FfarmDecodedStream *seen = ffarm_decoded_peek(decoded, stream->index);
        if (stream->type != FFARM_STREAM_VIDEO || ffarm_stream_is_picture(stream))
            continue;
        if (!seen || !seen->is_decoded)
            return g_strdup_printf("its video stream %d needs a decoder that is not there", stream->index);
        if (seen->errors > 0)
            return g_strdup_printf("its video stream %d has errors: %" G_GINT64_FORMAT " (the film's first: %s)",
                                   stream->index, seen->errors, decoded->first_error);
    }
    return NULL;
}

/* Hardware that decodes makes up what is missing of a picture and says nothing, so the film is decoded here, too. */
static gboolean find_hidden_damage(const FfarmMedia *source, const FfarmVerifyParams *params, GCancellable *cancellable,
                                   GError **error)
{
    g_auto(Measurement) here = {0};
    if (may_be_damaged(params) || !ffarm_recipe_hides_damage(params->promise.profile))
        return TRUE;
    if (!decode(source->path, source, FFARM_JOB_ERROR_SOURCE, "the source can't be decoded", params, &here, cancellable,
                error))
        return FALSE;
    g_autofree char *fault = find_fault(source, here.decoded);
    return !fault ||
           ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, source->path,
                          "the source is damaged, so what hardware made of it does not count: decoded here, %s", fault);
}

/* The source is decoded only where its faults may be those of the result. */
static gboolean decode_result(const FfarmMedia *result, const FfarmMedia *source, const FfarmVerifyParams *params,
                              Measurement *before, Measurement *after, GCancellable *cancellable, GError **error)
{
    if (ffarm_proof_level(&params->proof) < FFARM_PROOF_DECODE)
        return TRUE;
    if (!decode(result->path, source, FFARM_JOB_ERROR_MISMATCH, "the result can't be decoded", params, after,
                cancellable, error))
        return FALSE;
    return after->decoded->errors == 0 || decode(source->path, source, FFARM_JOB_ERROR_SOURCE,
                                                 "the source can't be decoded", params, before, cancellable, error);
}

gboolean ffarm_verify_result(const char *path, const FfarmMedia *source, const FfarmVerifyParams *params,
                             FfarmQuality *quality, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmMedia) result = ffarm_probe_file(path, 0, cancellable, error);
    if (!result)
        return FALSE;
    g_auto(Measurement) before = {0}, after = {0};
    if (!scan_result(result, source, &after, cancellable, error) ||
        !scan_source(source, params, &before, cancellable, error) ||
        !examine_damage(source, params, &before, cancellable, error) ||
        !find_hidden_damage(source, params, cancellable, error) ||
        !decode_result(result, source, params, &before, &after, cancellable, error))
        return FALSE;
    FfarmMeasured was = {source, before.ends_us, before.packets, before.decoded};
    FfarmMeasured is = {result, after.ends_us, after.packets, after.decoded};
    if (!ffarm_verify_judge(&was, &is, &params->promise, error))
        return FALSE;
    g_autofree char *filters = ffarm_picture_graph_of_source(params->promise.profile);
    return ffarm_proof_level(&params->proof) < FFARM_PROOF_QUALITY ||
           ffarm_quality_measure(params->ffmpeg, source, result, &params->proof, filters, verify_headless_us(&was),
                                 params->stall_ms, quality, cancellable, error);
}
