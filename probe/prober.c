/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prober.h"
#include "av_facts.h"
#include "av_input.h"
#include "film_end.h"
#include "first_frames.h"
#include "picture_place.h"
#include "probe_task.h"
#include "protection.h"
#include "refusal.h"
#include "structure.h"
#include "worker_pool.h"

#include <string.h>
#include <sys/stat.h>

/* A file may end this much before its header says, the larger of the two, before it counts as cut off. */
#define END_SLACK_US (5 * G_USEC_PER_SEC)
#define END_SLACK_PERCENT 5

typedef struct {
    FfarmMedia *media;
    AvInput *input;
} Probe;

/* Returns: TRUE if there is something to read. */
static gboolean open_file(Probe *probe)
{
    FfarmMedia *media = probe->media;
    struct stat info;
    g_autofree char *words = av_input_open_file(probe->input, media->path, &info);
    media->size_bytes = info.st_size;
    media->mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
    media->device = info.st_dev;
    media->inode = info.st_ino;
    media->links = info.st_nlink;
    if (words)
        ffarm_media_add_problem(media, FFARM_PROBLEM_OPEN, "%s", words);
    else if (info.st_size == 0)
        ffarm_media_add_problem(media, FFARM_PROBLEM_EMPTY, "is empty (0 bytes)");
    return !words && info.st_size > 0;
}

/* A file that libavformat can't make sense of: cut off, protected, or no media at all? */
static void explain_refusal(Probe *probe, int status)
{
    g_autofree char *missing = structure_find_missing(probe->input);
    g_autofree char *protection = protection_find(probe->input);
    g_autofree char *words = av_glue_error_text(status);
    if (missing)
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_TRUNCATED, "%s", missing);
    else if (protection)
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_ENCRYPTED, "%s", protection);
    else if (status == AVERROR(ENOMEM))
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_CRASHED, "%s", words);
    else if (status == AVERROR(EIO))
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_OPEN, "can't be read: %s", words);
    else
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_NOT_MEDIA, "is not media that libavformat can read: %s",
                                words);
}

static gboolean is_incomplete(const AVFormatContext *format)
{
    for (guint i = 0; i < format->nb_streams; i++) {
        const AVCodecParameters *par = format->streams[i]->codecpar;
        if (par->codec_type == AVMEDIA_TYPE_VIDEO && (par->width <= 0 || par->format < 0))
            return TRUE;
        if (par->codec_type == AVMEDIA_TYPE_AUDIO && par->sample_rate <= 0)
            return TRUE;
    }
    return FALSE;
}

/* Returns: TRUE if the streams are known. */
static gboolean open_format(Probe *probe)
{
    AvInput *input = probe->input;
    const char *path = probe->media->path;
    const AVInputFormat *demuxer = av_input_find_demuxer(input, path);
    if (av_input_must_stop(input))
        return FALSE;
    const char *refusal = demuxer ? refusal_of_demuxer(demuxer->name) : NULL;
    if (refusal) {
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_NOT_MEDIA, "is %s, not a film", refusal);
        return FALSE;
    }
    int status = demuxer ? av_input_open_format(input, path, demuxer, FALSE) : AVERROR_INVALIDDATA;
    if (status >= 0 && is_incomplete(input->format) && input->size_bytes > input->format->probesize)
        status = av_input_open_format(input, path, demuxer, TRUE);
    if (status < 0 && !av_input_must_stop(input))
        explain_refusal(probe, status);
    return status >= 0 && !av_input_must_stop(input);
}

/* Returns: TRUE if there is a film in it. */
static gboolean judge_streams(Probe *probe)
{
    FfarmMedia *media = probe->media;
    const AVDictionaryEntry *brand = av_dict_get(probe->input->format->metadata, "major_brand", NULL, 0);
    const char *refusal = refusal_of_brand(brand ? brand->value : NULL);
    guint n_video = ffarm_media_count_streams(media, FFARM_STREAM_VIDEO);
    guint n_audio = ffarm_media_count_streams(media, FFARM_STREAM_AUDIO);
    if (refusal)
        ffarm_media_add_problem(media, FFARM_PROBLEM_NOT_MEDIA, "is %s, not a film", refusal);
    else if (ffarm_media_peek_video(media))
        return TRUE;
    else if (n_video > 0 && n_audio > 0)
        ffarm_media_add_problem(media, FFARM_PROBLEM_NO_VIDEO, "holds no video, only audio with cover art");
    else if (n_audio > 0 && probe->input->probe_score <= AVPROBE_SCORE_RETRY)
        ffarm_media_add_problem(media, FFARM_PROBLEM_NOT_MEDIA, "is not media: nothing in it is certain");
    else if (n_audio > 0)
        ffarm_media_add_problem(media, FFARM_PROBLEM_NO_VIDEO, "holds no video, only audio");
    else if (n_video > 0)
        ffarm_media_add_problem(media, FFARM_PROBLEM_NO_VIDEO, "holds no video, only cover art");
    else if (ffarm_media_count_streams(media, FFARM_STREAM_SUBTITLE) > 0)
        ffarm_media_add_problem(media, FFARM_PROBLEM_NOT_MEDIA, "holds subtitles only");
    else
        ffarm_media_add_problem(media, FFARM_PROBLEM_NOT_MEDIA, "holds neither video nor audio");
    return FALSE;
}

static void check_frames(Probe *probe, FfarmStream *video)
{
    g_auto(FirstFrames) frames = {0};
    first_frames_read(probe->input, video, &frames);
    if (av_input_must_stop(probe->input))
        return;
    if (frames.is_encrypted)
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_ENCRYPTED, "stream %d is encrypted (DRM)", video->index);
    else if (frames.good_frames == 0)
        ffarm_media_add_problem(probe->media, FFARM_PROBLEM_UNDECODABLE,
                                "the video (stream %d, %s) can't be decoded: %s", video->index,
                                video->codec ? video->codec : video->codec_tag, frames.failure);
}

/* Only where the header states a duration on its own word and an index leads to the end; mp4, AVI and ASF have been
 * measured by their structure, and transport streams state nothing. */
static gboolean states_its_end(const AVFormatContext *format)
{
    return g_str_has_prefix(format->iformat->name, "matroska") || strcmp(format->iformat->name, "flv") == 0;
}

/* What was cut out of something longer, its times as they were, may state when it ends instead of how long it is. */
static gboolean counts_from_zero(const FfarmMedia *media, gint64 end_us, gint64 slack_us)
{
    gint64 ahead_us = media->start_us == G_MININT64 ? 0 : media->duration_us - end_us - media->start_us;
    return media->start_us > slack_us && ABS(ahead_us) <= slack_us;
}

static void check_end(Probe *probe)
{
    FfarmMedia *media = probe->media;
    AvInput *input = probe->input;
    if (media->duration_us == 0) {
        media->duration_us = film_end_by_reading(input, media->path);
        media->duration_from_packets = media->duration_us > 0;
        return;
    }
    if (!states_its_end(input->format))
        return;
    gint64 end_us = film_end_by_index(input, media->duration_us);
    gint64 slack_us = MAX(END_SLACK_US, media->duration_us / 100 * END_SLACK_PERCENT);
    if (end_us == 0 || end_us + slack_us >= media->duration_us)
        return;
    if (counts_from_zero(media, end_us, slack_us))
        media->duration_us = end_us;
    else
        ffarm_media_add_problem(media, FFARM_PROBLEM_TRUNCATED,
                                "ends at %.1f s, its header promises %.1f s: the file is incomplete",
                                (double)end_us / 1e6, (double)media->duration_us / 1e6);
}

void prober_examine(FfarmMedia *media, AvInput *input)
{
    Probe *probe = &(Probe){media, input};
    if (!open_format(probe))
        return;
    av_facts_fill(media, input->format);
    picture_place_find(media, input);
    if (!judge_streams(probe))
        return;
    g_autofree char *protection = protection_find(input);
    g_autofree char *missing = structure_find_missing(input);
    if (protection)
        ffarm_media_add_problem(media, FFARM_PROBLEM_ENCRYPTED, "%s", protection);
    if (missing)
        ffarm_media_add_problem(media, FFARM_PROBLEM_TRUNCATED, "%s", missing);
    if (protection)
        return;
    check_frames(probe, (FfarmStream *)ffarm_media_peek_video(media));
    if (ffarm_media_is_valid(media))
        check_end(probe);
}

FfarmMedia *ffarm_probe_file(const char *path, guint timeout_ms, GCancellable *cancellable, GError **error)
{
    g_return_val_if_fail(path != NULL, NULL);
    av_glue_init();
    guint limit_ms = timeout_ms ? timeout_ms : FFARM_PROBE_TIMEOUT_MS;
    g_autoptr(FfarmMedia) media = ffarm_media_new(path);
    g_autoptr(AvInput) input = av_input_new(limit_ms, cancellable);
    if (!av_input_must_stop(input) && open_file(&(Probe){media, input}))
        (worker_pool_is_on() ? probe_task_examine : prober_examine)(media, input);
    av_input_must_stop(input);
    if (input->state == AV_INPUT_CANCELLED) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: probing was cancelled", path);
        return NULL;
    }
    if (input->state == AV_INPUT_TIMED_OUT)
        ffarm_media_add_problem(media, FFARM_PROBLEM_TIMEOUT, "could not be probed within %.1f s", limit_ms / 1000.0);
    return g_steal_pointer(&media);
}
