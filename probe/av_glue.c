/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av_glue.h"
#include "prober.h"

#include <string.h>

#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
#define SIDE_DATA_IS_IN_CODECPAR 1
#endif
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
#define INTERLACED_IS_A_FLAG 1
#endif

/* A hostile file can make libav complain without end; what is worse than this is worth formatting. */
#define LOG_LEVEL AV_LOG_WARNING

static _Thread_local AvComplaints *listener;

void av_glue_listen(AvComplaints *complaints)
{
    listener = complaints;
}

void av_glue_listen_to_decoder(AVCodecContext *decoder, AvComplaints *complaints)
{
    decoder->opaque = complaints;
}

guint av_complaints_take(AvComplaints *complaints)
{
    guint count;
    do
        count = (guint)g_atomic_int_get(&complaints->count);
    while (!g_atomic_int_compare_and_exchange((int *)&complaints->count, (int)count, 0));
    return count;
}

const char *av_complaints_peek_first(AvComplaints *complaints)
{
    return g_atomic_pointer_get(&complaints->first);
}

void av_complaints_clear(AvComplaints *complaints)
{
    g_clear_pointer(&complaints->first, g_free);
    complaints->count = 0;
}

/* The words come before the number: who sees a number finds them. */
static void note(AvComplaints *complaints, const char *line)
{
    if (!g_atomic_pointer_get(&complaints->first)) {
        char *words = g_utf8_make_valid(line, -1);
        if (!g_atomic_pointer_compare_and_exchange(&complaints->first, NULL, words))
            g_free(words);
    }
    g_atomic_int_inc((int *)&complaints->count);
}

/* A decoder's own complaints, wherever @object is a decoder that is listened to. A decoder's threads have copies of it,
 * whose opaque pointers are the same. */
static AvComplaints *complaints_of(void *object)
{
    gboolean is_codec = object && *(const AVClass **)object == avcodec_get_class();
    return is_codec ? ((AVCodecContext *)object)->opaque : NULL;
}

static void log_to_glib(void *object, int level, const char *format, va_list args)
{
    char line[1024];
    int with_prefix = 1;
    if (level > LOG_LEVEL)
        return;
    av_log_format_line2(object, level, format, args, line, sizeof line, &with_prefix);
    g_strchomp(line);
    for (char *c = line; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    AvComplaints *decoders = complaints_of(object);
    if (decoders && level <= AV_LOG_ERROR)
        note(decoders, line);
    else if (!decoders && listener)
        note(listener, line);
    g_log("ffarm-probe", G_LOG_LEVEL_DEBUG, "%s", line);
}

void av_glue_init(void)
{
    static gsize done;
    if (g_once_init_enter(&done)) {
        av_log_set_callback(log_to_glib);
        g_once_init_leave(&done, 1);
    }
}

char *av_glue_error_text(int code)
{
    if (code == AVERROR(ENOMEM))
        return g_strdup("asks for more memory than there is for it");
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, text, sizeof text);
    return g_strdup(text);
}

const void *av_glue_side_data(const AVStream *stream, enum AVPacketSideDataType type, gsize min_size)
{
#ifdef SIDE_DATA_IS_IN_CODECPAR
    const AVPacketSideData *all = stream->codecpar->coded_side_data;
    int count = stream->codecpar->nb_coded_side_data;
#else
    const AVPacketSideData *all = stream->side_data;
    int count = stream->nb_side_data;
#endif
    for (int i = 0; i < count; i++)
        if (all[i].type == type && all[i].size >= min_size)
            return all[i].data;
    return NULL;
}

gboolean av_glue_frame_is_interlaced(const AVFrame *frame)
{
#ifdef INTERLACED_IS_A_FLAG
    return (frame->flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
    return frame->interlaced_frame != 0;
#endif
}

static char *version_text(const char *name, unsigned version)
{
    return g_strdup_printf("%s %u.%u.%u", name, AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                           AV_VERSION_MICRO(version));
}

const char *ffarm_probe_versions(void)
{
    static gsize versions;
    if (g_once_init_enter(&versions)) {
        g_autofree char *format = version_text("libavformat", avformat_version());
        g_autofree char *codec = version_text("libavcodec", avcodec_version());
        g_autofree char *util = version_text("libavutil", avutil_version());
        g_once_init_leave(&versions, (gsize)g_strjoin(", ", format, codec, util, NULL));
    }
    return (const char *)versions;
}
