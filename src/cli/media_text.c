/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media_text.h"

#include "text.h"

static void append_name(GString *text, const char *prefix, const char *name, const char *suffix)
{
    if (!name || !*name)
        return;
    g_autofree char *plain = cli_text_plain(name);
    g_string_append_printf(text, "%s%s%s", prefix, plain, suffix);
}

static void append_bitrate(GString *text, gint64 bitrate_bps)
{
    if (bitrate_bps <= 0)
        return;
    g_autofree char *bitrate = cli_text_bitrate(bitrate_bps);
    g_string_append_printf(text, ", %s", bitrate);
}

static void append_video(GString *text, const FfarmStream *stream)
{
    g_string_append_printf(text, ", %dx%d", stream->width, stream->height);
    append_name(text, ", ", stream->pix_fmt, "");
    if (ffarm_stream_is_picture(stream)) {
        g_string_append(text, ", picture");
        return;
    }
    if (stream->fps > 0)
        g_string_append_printf(text, ", %.5g fps%s", stream->fps, stream->is_vfr ? " (variable)" : "");
    if (stream->is_interlaced)
        g_string_append(text, ", interlaced");
    if (stream->rotation != 0)
        g_string_append_printf(text, ", rotated by %d degrees", stream->rotation);
    if (stream->hdr != FFARM_HDR_NONE)
        g_string_append_printf(text, ", %s", ffarm_hdr_name(stream->hdr));
}

static void append_audio(GString *text, const FfarmStream *stream)
{
    if (stream->layout)
        append_name(text, ", ", stream->layout, "");
    else if (stream->channels > 0)
        g_string_append_printf(text, ", %d channels", stream->channels);
    if (stream->sample_rate > 0)
        g_string_append_printf(text, ", %d Hz", stream->sample_rate);
}

static void append_dispositions(GString *text, guint disposition)
{
    const char *separator = " [";
    for (guint bit = 1; bit && bit <= disposition; bit <<= 1) {
        const char *name = disposition & bit ? ffarm_disposition_name((FfarmDisposition)bit) : NULL;
        if (!name || bit == FFARM_DISPOSITION_ATTACHED_PIC)
            continue;
        g_string_append_printf(text, "%s%s", separator, name);
        separator = ", ";
    }
    if (separator[0] == ',')
        g_string_append_c(text, ']');
}

static void append_stream(GString *text, const FfarmStream *stream)
{
    g_string_append_printf(text, "  %d %s: ", stream->index, ffarm_stream_type_name(stream->type));
    append_name(text, "", stream->codec ? stream->codec : "unknown codec", "");
    append_name(text, " (", stream->profile, ")");
    if (stream->type == FFARM_STREAM_VIDEO)
        append_video(text, stream);
    else if (stream->type == FFARM_STREAM_AUDIO)
        append_audio(text, stream);
    append_bitrate(text, stream->bitrate_bps);
    append_name(text, ", ", stream->language, "");
    append_name(text, ", \"", stream->title, "\"");
    append_name(text, ", ", stream->filename, "");
    append_dispositions(text, stream->disposition);
    g_string_append_c(text, '\n');
}

static void append_container(GString *text, const FfarmMedia *media)
{
    g_autofree char *size = cli_text_size(media->size_bytes);
    append_name(text, "  ", media->container, "");
    if (media->duration_us > 0) {
        g_autofree char *duration = cli_text_duration(media->duration_us);
        g_string_append_printf(text, ", %s", duration);
    }
    g_string_append_printf(text, ", %s", size);
    append_bitrate(text, media->bitrate_bps);
    if (media->chapters->len > 0)
        g_string_append_printf(text, ", %u chapter%s", media->chapters->len, media->chapters->len == 1 ? "" : "s");
    append_name(text, ", \"", media->title, "\"");
    g_string_append_c(text, '\n');
}

char *cli_media_text(const FfarmMedia *media)
{
    GString *text = g_string_new(NULL);
    g_autofree char *name = cli_text_path(media->path);
    g_string_append_printf(text, "%s\n", name);
    if (media->container)
        append_container(text, media);
    for (guint i = 0; i < media->streams->len; i++)
        append_stream(text, g_ptr_array_index(media->streams, i));
    for (guint i = 0; i < media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(media->problems, i);
        append_name(text, "  can't be encoded: ", problem->text, "\n");
    }
    return g_string_free(text, FALSE);
}
