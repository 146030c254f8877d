/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe_task.h"
#include "media_wire.h"
#include "worker_pool.h"

/* Who sets no limit waits for a file as long as it may sensibly take, not for a demuxer that runs in circles. */
#define LEAST_LIMIT_US (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC)
#define LEAST_BYTES_PER_US 1

/* Reading a file may wait for a disk that wakes up, or for the network; not for so long. */
#define SILENCE_US (120 * G_USEC_PER_SEC)

/* From the worker's own time limit to the end of our patience. */
#define GRACE_US G_USEC_PER_SEC

#define MOST_DECODER_THREADS 64

/* ---- asking ---- */

typedef struct {
    ProbeTask kind;
    AvInput *input;
    const char *path;
    GByteArray *needs; /* nullable: what the kind needs */
    guint silence_ms;  /* 0: as long as reading may take */
} Question;

static gint64 time_left_us(const AvInput *input)
{
    return MAX(input->deadline_us - g_get_monotonic_time(), 1000);
}

/* An extension counts, the rest of a name doesn't. */
static GByteArray *new_task(const Question *question)
{
    GByteArray *task = g_byte_array_new();
    const AvInput *input = question->input;
    gboolean is_limited = input->deadline_us != G_MAXINT64;
    g_autofree char *name = g_path_get_basename(question->path);
    g_autofree char *valid_name = g_utf8_make_valid(name, -1);
    wire_put_u8(task, (guint8)question->kind);
    wire_put_i64(task, is_limited ? time_left_us(input) / 1000 : 0);
    wire_put_i64(task, input->size_bytes);
    wire_put_text(task, valid_name);
    if (question->needs)
        g_byte_array_append(task, question->needs->data, question->needs->len);
    return task;
}

/* Asks a worker, and has @take read its answer. Afterwards there is a result, or the input is stopped, or @words say
 * what happened. */
static void ask(const Question *question, gboolean (*take)(WireReader *, gpointer), gpointer result, char **words)
{
    AvInput *input = question->input;
    gboolean is_limited = input->deadline_us != G_MAXINT64;
    g_autoptr(GByteArray) task = new_task(question);
    ProbeOrder order = {
        .task = task,
        .fd = input->fd,
        .limit_us =
            is_limited ? time_left_us(input) + GRACE_US : LEAST_LIMIT_US + input->size_bytes / LEAST_BYTES_PER_US,
        .silence_us = question->silence_ms ? question->silence_ms * G_TIME_SPAN_MILLISECOND + GRACE_US : SILENCE_US,
        .cancellable = input->cancellable,
        .take = take,
        .user_data = result,
    };
    ProbeWorkerOutcome outcome = worker_pool_ask(&order, words);
    input->deadline_us = G_MAXINT64; /* the worker has looked at the clock */
    if (outcome == PROBE_WORKER_CANCELLED)
        input->state = AV_INPUT_CANCELLED;
    else if (outcome == PROBE_WORKER_TIMED_OUT)
        input->state = AV_INPUT_TIMED_OUT;
    else if (outcome == PROBE_WORKER_FAILED)
        input->state = AV_INPUT_RUNNING;
}

/* What an answer may hold. */
typedef struct {
    AvInput *input;
    FfarmMedia *media;
    FfarmPackets *packets;
    FfarmDecoded *decoded;
    char *words;
} Result;

/* Only what the file itself said stays. */
static void empty(FfarmMedia *media)
{
    g_clear_pointer(&media->container, g_free);
    g_clear_pointer(&media->title, g_free);
    g_ptr_array_set_size(media->streams, 0);
    g_ptr_array_set_size(media->chapters, 0);
    g_ptr_array_set_size(media->problems, 0);
    media->duration_us = media->bitrate_bps = 0;
    media->start_us = G_MININT64;
    media->duration_from_packets = FALSE;
}

/* Callers count on a picture in what has no problems. */
static gboolean take_media(WireReader *reader, gpointer user_data)
{
    const Result *result = user_data;
    FfarmMedia *media = result->media;
    result->input->state = wire_take_u8(reader, AV_INPUT_TIMED_OUT);
    gboolean is_sane = media_wire_take(reader, media) && wire_reader_is_done(reader);
    if (is_sane && result->input->state == AV_INPUT_RUNNING && ffarm_media_is_valid(media))
        is_sane = media->container && ffarm_media_peek_video(media);
    if (!is_sane)
        empty(media);
    return is_sane;
}

void probe_task_examine(FfarmMedia *media, AvInput *input)
{
    g_autofree char *words = NULL;
    Result result = {.input = input, .media = media};
    const Question question = {.kind = PROBE_TASK_EXAMINE, .input = input, .path = media->path};
    ask(&question, take_media, &result, &words);
    if (words)
        ffarm_media_add_problem(media, FFARM_PROBLEM_CRASHED, "%s", words);
}

/* Returns: TRUE if a result comes next; else it was stopped, or there are words. */
static gboolean begins_result(WireReader *reader, Result *result)
{
    result->input->state = wire_take_u8(reader, AV_INPUT_TIMED_OUT);
    if (result->input->state != AV_INPUT_RUNNING)
        return FALSE;
    if (wire_take_u8(reader, 1))
        return TRUE;
    g_free(result->words);
    result->words = wire_take_text(reader, WIRE_LINE);
    reader->is_bad |= !result->words;
    return FALSE;
}

static gboolean take_packets(WireReader *reader, gpointer user_data)
{
    Result *result = user_data;
    ffarm_packets_free(result->packets);
    result->packets = begins_result(reader, result) ? media_wire_take_packets(reader) : NULL;
    return wire_reader_is_done(reader);
}

static gboolean take_decoded(WireReader *reader, gpointer user_data)
{
    Result *result = user_data;
    ffarm_decoded_free(result->decoded);
    result->decoded = begins_result(reader, result) ? media_wire_take_decoded(reader) : NULL;
    return wire_reader_is_done(reader);
}

/* Returns: TRUE if the result may be used. */
static gboolean ask_for_result(const Question *question, gboolean (*take)(WireReader *, gpointer), Result *result,
                               char **words)
{
    ask(question, take, result, words);
    gboolean has_answer = !*words && question->input->state == AV_INPUT_RUNNING;
    if (has_answer && result->words)
        *words = g_steal_pointer(&result->words);
    g_free(result->words);
    return has_answer && !*words;
}

FfarmPackets *probe_task_packets(AvInput *input, const char *path, char **words)
{
    Result result = {.input = input};
    const Question question = {.kind = PROBE_TASK_PACKETS, .input = input, .path = path};
    gboolean is_usable = ask_for_result(&question, take_packets, &result, words);
    g_autoptr(FfarmPackets) packets = result.packets;
    if (!is_usable)
        return NULL;
    packets->path = g_strdup(path);
    return g_steal_pointer(&packets);
}

FfarmDecoded *probe_task_decode(AvInput *input, const char *path, guint threads, guint stall_ms, char **words)
{
    Result result = {.input = input};
    g_autoptr(GByteArray) needs = g_byte_array_new();
    wire_put_u32(needs, MIN(threads, MOST_DECODER_THREADS));
    wire_put_u32(needs, stall_ms);
    const Question question = {PROBE_TASK_DECODE, input, path, needs, stall_ms};
    input->deadline_us = G_MAXINT64; /* the limit is one on silence */
    gboolean is_usable = ask_for_result(&question, take_decoded, &result, words);
    g_autoptr(FfarmDecoded) decoded = result.decoded;
    if (!is_usable)
        return NULL;
    decoded->path = g_strdup(path);
    return g_steal_pointer(&decoded);
}

/* ---- working ---- */

typedef struct {
    AvInput *input;
    const char *name;
    WireReader *needs;
    GByteArray *answer;
} Work;

static gboolean do_examine(Work *work)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new(work->name);
    if (!wire_reader_is_done(work->needs))
        return FALSE;
    prober_examine(media, work->input);
    wire_put_u8(work->answer, (guint8)work->input->state);
    media_wire_put(work->answer, media);
    return TRUE;
}

/* Returns: TRUE if a result is to be put next. */
static gboolean begin_result(Work *work, gboolean has_result, const char *words)
{
    wire_put_u8(work->answer, (guint8)work->input->state);
    if (work->input->state != AV_INPUT_RUNNING)
        return FALSE;
    wire_put_u8(work->answer, has_result);
    if (!has_result)
        wire_put_text(work->answer, words);
    return has_result;
}

static gboolean do_packets(Work *work)
{
    g_autofree char *words = NULL;
    if (!wire_reader_is_done(work->needs))
        return FALSE;
    g_autoptr(FfarmPackets) packets = packets_read(work->input, work->name, &words);
    if (begin_result(work, packets != NULL, words))
        media_wire_put_packets(work->answer, packets);
    return TRUE;
}

static gboolean do_decode(Work *work)
{
    g_autofree char *words = NULL;
    guint threads = wire_take_u32(work->needs, MOST_DECODER_THREADS);
    guint stall_ms = wire_take_u32(work->needs, G_MAXUINT);
    if (!wire_reader_is_done(work->needs))
        return FALSE;
    av_input_set_deadline(work->input, stall_ms);
    g_autoptr(FfarmDecoded) decoded = decode_read(work->input, work->name, threads, stall_ms, &words);
    if (begin_result(work, decoded != NULL, words))
        media_wire_put_decoded(work->answer, decoded);
    return TRUE;
}

static gboolean (*const jobs[])(Work *work) = {
    [PROBE_TASK_EXAMINE] = do_examine,
    [PROBE_TASK_PACKETS] = do_packets,
    [PROBE_TASK_DECODE] = do_decode,
};

GByteArray *probe_task_do(const GByteArray *task, int fd, void (*on_progress)(void))
{
    WireReader reader = {task->data, task->len, FALSE};
    guint8 kind = wire_take_u8(&reader, G_N_ELEMENTS(jobs) - 1);
    gint64 limit_ms = wire_take_i64(&reader, 0, G_MAXINT64);
    gint64 size_bytes = wire_take_i64(&reader, 0, G_MAXINT64);
    g_autofree char *name = wire_take_text(&reader, WIRE_TEXT);
    g_autoptr(AvInput) input = av_input_new(0, NULL);
    av_input_set_deadline(input, (guint)MIN(limit_ms, G_MAXUINT));
    av_input_take_file(input, fd, size_bytes);
    input->on_progress = on_progress;
    g_autoptr(GByteArray) answer = g_byte_array_new();
    Work work = {input, name, &reader, answer};
    return !reader.is_bad && name && jobs[kind](&work) ? g_steal_pointer(&answer) : NULL;
}
