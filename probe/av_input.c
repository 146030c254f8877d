/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av_input.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libavutil/mem.h>

#define IO_BUFFER_BYTES (256 * 1024)
#define MAX_STREAMS 1000 /* libavformat's own limit, said aloud */
#define THOROUGH_PROBE_BYTES (50 * 1000 * 1000)
#define THOROUGH_ANALYZE_US (60 * G_USEC_PER_SEC)

AvInput *av_input_new(guint timeout_ms, GCancellable *cancellable)
{
    AvInput *input = g_new0(AvInput, 1);
    input->fd = -1;
    input->deadline_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    input->budget_bytes = G_MAXINT64;
    input->cancellable = cancellable;
    return input;
}

static void close_format(AvInput *input)
{
    if (!input->format)
        return;
    AVIOContext *io = input->format->pb;
    avformat_close_input(&input->format);
    if (io)
        av_freep(&io->buffer);
    avio_context_free(&io);
}

void av_input_free(AvInput *input)
{
    if (!input)
        return;
    close_format(input);
    if (input->fd >= 0)
        close(input->fd);
    g_free(input);
}

static const char *kind_of_file(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a named pipe";
    return "a device or socket";
}

char *av_input_open_file(AvInput *input, const char *path, struct stat *info)
{
    memset(info, 0, sizeof *info);
    input->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (input->fd < 0)
        return g_strdup_printf("can't be opened: %s", g_strerror(errno));
    if (fstat(input->fd, info) != 0)
        return g_strdup_printf("can't be examined: %s", g_strerror(errno));
    if (!S_ISREG(info->st_mode))
        return g_strdup_printf("is %s, not a file", kind_of_file(info->st_mode));
    input->size_bytes = info->st_size;
    return NULL;
}

void av_input_take_file(AvInput *input, int fd, gint64 size_bytes)
{
    input->fd = fd;
    input->size_bytes = size_bytes;
}

gboolean av_input_must_stop(AvInput *input)
{
    if (input->state != AV_INPUT_RUNNING)
        return TRUE;
    if (g_cancellable_is_cancelled(input->cancellable))
        input->state = AV_INPUT_CANCELLED;
    else if (g_get_monotonic_time() >= input->deadline_us)
        input->state = AV_INPUT_TIMED_OUT;
    else if (input->budget_bytes <= 0)
        input->state = AV_INPUT_OVER_BUDGET;
    return input->state != AV_INPUT_RUNNING;
}

void av_input_note_progress(AvInput *input)
{
    if (input->on_progress)
        input->on_progress();
}

static int interrupt_asked(void *opaque)
{
    return av_input_must_stop(opaque);
}

static int read_bytes(void *opaque, uint8_t *buffer, int length)
{
    AvInput *input = opaque;
    if (av_input_must_stop(input))
        return AVERROR_EXIT;
    ssize_t count;
    do
        count = read(input->fd, buffer, (gsize)length);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return AVERROR(errno);
    input->budget_bytes -= count;
    if (count > 0)
        av_input_note_progress(input);
    return count == 0 ? AVERROR_EOF : (int)count;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    AvInput *input = opaque;
    if (whence == AVSEEK_SIZE)
        return input->size_bytes;
    off_t position = lseek(input->fd, offset, whence & ~AVSEEK_FORCE);
    return position < 0 ? AVERROR(errno) : position;
}

static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    *io = NULL;
    return AVERROR(EPERM);
}

static AVIOContext *new_io(AvInput *input)
{
    unsigned char *buffer = av_malloc(IO_BUFFER_BYTES);
    g_assert(buffer);
    AVIOContext *io = avio_alloc_context(buffer, IO_BUFFER_BYTES, 0, input, read_bytes, NULL, seek_bytes);
    g_assert(io);
    return io;
}

static AVFormatContext *new_format(AvInput *input)
{
    AVFormatContext *format = avformat_alloc_context();
    g_assert(format);
    format->pb = new_io(input);
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->interrupt_callback = (AVIOInterruptCB){interrupt_asked, input};
    format->io_open = refuse_open;
    format->protocol_whitelist = av_strdup("none");
    format->max_streams = MAX_STREAMS;
    return format;
}

const AVInputFormat *av_input_find_demuxer(AvInput *input, const char *path)
{
    const AVInputFormat *demuxer = NULL;
    if (lseek(input->fd, 0, SEEK_SET) != 0)
        return NULL;
    AVIOContext *io = new_io(input);
    input->probe_score = av_probe_input_buffer2(io, &demuxer, path, NULL, 0, 0);
    av_freep(&io->buffer);
    avio_context_free(&io);
    return demuxer;
}

/* Bounds what libavformat itself decodes while it looks for the streams' parameters. */
static int find_streams(AVFormatContext *format)
{
    guint count = format->nb_streams;
    g_autofree AVDictionary **options = g_new0(AVDictionary *, count + 1);
    for (guint i = 0; i < count; i++)
        av_dict_set_int(&options[i], "max_pixels", AV_INPUT_MAX_PIXELS, 0);
    int status = avformat_find_stream_info(format, options);
    for (guint i = 0; i < count; i++)
        av_dict_free(&options[i]);
    return status;
}

int av_input_open_format(AvInput *input, const char *path, const AVInputFormat *demuxer, gboolean thorough)
{
    close_format(input);
    if (lseek(input->fd, 0, SEEK_SET) != 0)
        return AVERROR(errno);
    AVFormatContext *format = new_format(input);
    AVIOContext *io = format->pb;
    if (thorough) {
        format->probesize = THOROUGH_PROBE_BYTES;
        format->max_analyze_duration = THOROUGH_ANALYZE_US;
    }
    int status = avformat_open_input(&format, path, demuxer, NULL);
    if (status < 0) { /* the context is freed by now, our reader is not */
        av_freep(&io->buffer);
        avio_context_free(&io);
        return status;
    }
    input->format = format;
    return find_streams(format);
}

void av_input_set_deadline(AvInput *input, guint timeout_ms)
{
    input->deadline_us = timeout_ms == 0 ? G_MAXINT64 : g_get_monotonic_time() + (gint64)timeout_ms * 1000;
}

void av_input_set_budget(AvInput *input, gint64 bytes)
{
    input->budget_bytes = bytes;
    if (input->state == AV_INPUT_OVER_BUDGET)
        input->state = AV_INPUT_RUNNING;
}

gboolean av_input_peek(AvInput *input, gint64 offset, void *buffer, gsize length)
{
    gsize done = 0;
    while (done < length) {
        ssize_t count = pread(input->fd, (char *)buffer + done, length - done, offset + (gint64)done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return FALSE;
        done += (gsize)count;
    }
    return TRUE;
}
