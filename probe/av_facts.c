/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av_facts.h"

#include <math.h>
#include <string.h>
#include <libavutil/display.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>

#define MAX_TEXT_BYTES 4096
#define MAX_CHAPTERS 10000

/* Text from a file: bounded, valid UTF-8; NULL where there is none. */
static char *clean_text(const char *text)
{
    return text && *text ? g_utf8_make_valid(text, (gssize)strnlen(text, MAX_TEXT_BYTES)) : NULL;
}

static char *tag(AVDictionary *metadata, const char *key)
{
    const AVDictionaryEntry *entry = av_dict_get(metadata, key, NULL, 0);
    return entry ? clean_text(entry->value) : NULL;
}

static gint64 to_us(gint64 timestamp, AVRational time_base, gint64 unknown)
{
    return timestamp == AV_NOPTS_VALUE ? unknown : av_rescale_q(timestamp, time_base, AV_TIME_BASE_Q);
}

static const struct {
    int av;
    FfarmDisposition ours;
} dispositions[] = {
    {AV_DISPOSITION_DEFAULT, FFARM_DISPOSITION_DEFAULT},
    {AV_DISPOSITION_DUB, FFARM_DISPOSITION_DUB},
    {AV_DISPOSITION_ORIGINAL, FFARM_DISPOSITION_ORIGINAL},
    {AV_DISPOSITION_COMMENT, FFARM_DISPOSITION_COMMENT},
    {AV_DISPOSITION_LYRICS, FFARM_DISPOSITION_LYRICS},
    {AV_DISPOSITION_KARAOKE, FFARM_DISPOSITION_KARAOKE},
    {AV_DISPOSITION_FORCED, FFARM_DISPOSITION_FORCED},
    {AV_DISPOSITION_HEARING_IMPAIRED, FFARM_DISPOSITION_HEARING_IMPAIRED},
    {AV_DISPOSITION_VISUAL_IMPAIRED, FFARM_DISPOSITION_VISUAL_IMPAIRED},
    {AV_DISPOSITION_CLEAN_EFFECTS, FFARM_DISPOSITION_CLEAN_EFFECTS},
    {AV_DISPOSITION_ATTACHED_PIC, FFARM_DISPOSITION_ATTACHED_PIC},
    {AV_DISPOSITION_TIMED_THUMBNAILS, FFARM_DISPOSITION_TIMED_THUMBNAILS},
    {AV_DISPOSITION_CAPTIONS, FFARM_DISPOSITION_CAPTIONS},
    {AV_DISPOSITION_DESCRIPTIONS, FFARM_DISPOSITION_DESCRIPTIONS},
    {AV_DISPOSITION_METADATA, FFARM_DISPOSITION_METADATA},
    {AV_DISPOSITION_DEPENDENT, FFARM_DISPOSITION_DEPENDENT},
    {AV_DISPOSITION_STILL_IMAGE, FFARM_DISPOSITION_STILL_IMAGE},
};

static guint disposition_bits(int av)
{
    guint bits = 0;
    for (guint i = 0; i < G_N_ELEMENTS(dispositions); i++)
        if (av & dispositions[i].av)
            bits |= dispositions[i].ours;
    return bits;
}

FfarmStreamType av_facts_stream_type(enum AVMediaType type)
{
    switch (type) {
    case AVMEDIA_TYPE_VIDEO:
        return FFARM_STREAM_VIDEO;
    case AVMEDIA_TYPE_AUDIO:
        return FFARM_STREAM_AUDIO;
    case AVMEDIA_TYPE_SUBTITLE:
        return FFARM_STREAM_SUBTITLE;
    case AVMEDIA_TYPE_ATTACHMENT:
        return FFARM_STREAM_ATTACHMENT;
    default:
        return FFARM_STREAM_DATA;
    }
}

static const char *field_order_name(enum AVFieldOrder order)
{
    static const char *const names[] = {
        [AV_FIELD_PROGRESSIVE] = "progressive",
        [AV_FIELD_TT] = "tt",
        [AV_FIELD_BB] = "bb",
        [AV_FIELD_TB] = "tb",
        [AV_FIELD_BT] = "bt",
    };
    return (guint)order < G_N_ELEMENTS(names) ? names[order] : NULL;
}

/* libav counts counter-clockwise; a player turns the picture the other way to show it upright. */
static int rotation_of(const AVStream *stream)
{
    const int32_t *matrix = av_glue_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
    double degrees = matrix ? av_display_rotation_get(matrix) : 0;
    if (isnan(degrees))
        return 0;
    int clockwise = (int)lround(-degrees) % 360;
    return clockwise < 0 ? clockwise + 360 : clockwise;
}

/* A forged one may have nothing below the line. */
static double ratio_of(AVRational value)
{
    return value.den ? av_q2d(value) : 0;
}

static void set_mastering(FfarmMasteringDisplay *display, const AVMasteringDisplayMetadata *metadata)
{
    if (metadata->has_primaries) {
        display->has_primaries = TRUE;
        display->red_x = ratio_of(metadata->display_primaries[0][0]);
        display->red_y = ratio_of(metadata->display_primaries[0][1]);
        display->green_x = ratio_of(metadata->display_primaries[1][0]);
        display->green_y = ratio_of(metadata->display_primaries[1][1]);
        display->blue_x = ratio_of(metadata->display_primaries[2][0]);
        display->blue_y = ratio_of(metadata->display_primaries[2][1]);
        display->white_x = ratio_of(metadata->white_point[0]);
        display->white_y = ratio_of(metadata->white_point[1]);
    }
    if (metadata->has_luminance) {
        display->has_luminance = TRUE;
        display->min_luminance = ratio_of(metadata->min_luminance);
        display->max_luminance = ratio_of(metadata->max_luminance);
    }
}

static void set_light_level(FfarmStream *stream, const AVContentLightMetadata *level)
{
    stream->max_cll = level->MaxCLL;
    stream->max_fall = level->MaxFALL;
}

/* The strongest claim wins; called again when a frame has told more. */
static void judge_hdr(FfarmStream *stream, gboolean has_dynamic)
{
    gboolean has_static =
        stream->mastering.has_primaries || stream->mastering.has_luminance || stream->max_cll || stream->max_fall;
    FfarmHdr hdr = FFARM_HDR_NONE;
    if (stream->dovi_profile >= 0)
        hdr = FFARM_HDR_DOLBY_VISION;
    else if (has_dynamic)
        hdr = FFARM_HDR_HDR10PLUS;
    else if (g_strcmp0(stream->color_transfer, "smpte2084") == 0)
        hdr = has_static ? FFARM_HDR_HDR10 : FFARM_HDR_PQ;
    else if (g_strcmp0(stream->color_transfer, "arib-std-b67") == 0)
        hdr = FFARM_HDR_HLG;
    stream->hdr = MAX(stream->hdr, hdr);
}

static void fill_hdr(FfarmStream *ours, const AVStream *stream)
{
    const AVMasteringDisplayMetadata *mastering =
        av_glue_side_data(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, sizeof *mastering);
    const AVContentLightMetadata *level = av_glue_side_data(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, sizeof *level);
    const AVDOVIDecoderConfigurationRecord *dovi = av_glue_side_data(stream, AV_PKT_DATA_DOVI_CONF, sizeof *dovi);
    if (mastering)
        set_mastering(&ours->mastering, mastering);
    if (level)
        set_light_level(ours, level);
    if (dovi) {
        ours->dovi_profile = dovi->dv_profile;
        ours->dovi_level = dovi->dv_level;
        ours->dovi_compatibility = dovi->dv_bl_signal_compatibility_id;
    }
    judge_hdr(ours, av_glue_side_data(stream, AV_PKT_DATA_DYNAMIC_HDR10_PLUS, 1) != NULL);
}

/* Names of colour properties; libav's words for "not said" are NULL here. */
static char *colour_name(const char *name, int value, int unspecified)
{
    return value == unspecified ? NULL : g_strdup(name);
}

static void fill_colour(FfarmStream *ours, const AVCodecParameters *par)
{
    ours->color_range = colour_name(av_color_range_name(par->color_range), par->color_range, AVCOL_RANGE_UNSPECIFIED);
    ours->color_space = colour_name(av_color_space_name(par->color_space), par->color_space, AVCOL_SPC_UNSPECIFIED);
    ours->color_transfer = colour_name(av_color_transfer_name(par->color_trc), par->color_trc, AVCOL_TRC_UNSPECIFIED);
    ours->color_primaries =
        colour_name(av_color_primaries_name(par->color_primaries), par->color_primaries, AVCOL_PRI_UNSPECIFIED);
    ours->chroma_location =
        colour_name(av_chroma_location_name(par->chroma_location), par->chroma_location, AVCHROMA_LOC_UNSPECIFIED);
}

static void fill_video(FfarmStream *ours, AVFormatContext *format, AVStream *stream)
{
    const AVCodecParameters *par = stream->codecpar;
    const AVPixFmtDescriptor *pixel = av_pix_fmt_desc_get(par->format);
    AVRational sar = av_guess_sample_aspect_ratio(format, stream, NULL);
    ours->width = par->width;
    ours->height = par->height;
    ours->sar_num = sar.num;
    ours->sar_den = sar.num ? sar.den : 1;
    ours->pix_fmt = g_strdup(pixel ? pixel->name : NULL);
    ours->bit_depth = pixel ? pixel->comp[0].depth : 0;
    ours->fps_num = stream->avg_frame_rate.num;
    ours->fps_den = stream->avg_frame_rate.den;
    ours->fps = ours->fps_den ? av_q2d(stream->avg_frame_rate) : 0;
    ours->base_fps_num = stream->r_frame_rate.num;
    ours->base_fps_den = stream->r_frame_rate.den;
    ours->field_order = g_strdup(field_order_name(par->field_order));
    ours->is_interlaced = par->field_order > AV_FIELD_PROGRESSIVE;
    ours->rotation = rotation_of(stream);
    fill_colour(ours, par);
    fill_hdr(ours, stream);
}

static void fill_audio(FfarmStream *ours, const AVCodecParameters *par)
{
    char layout[128];
    ours->channels = par->ch_layout.nb_channels;
    ours->sample_rate = par->sample_rate;
    ours->sample_fmt = g_strdup(av_get_sample_fmt_name(par->format));
    if (par->ch_layout.order != AV_CHANNEL_ORDER_UNSPEC &&
        av_channel_layout_describe(&par->ch_layout, layout, sizeof layout) > 0)
        ours->layout = g_utf8_make_valid(layout, -1);
}

static void fill_codec(FfarmStream *ours, const AVCodecParameters *par)
{
    char fourcc[AV_FOURCC_MAX_STRING_SIZE];
    const AVCodecDescriptor *codec = avcodec_descriptor_get(par->codec_id);
    ours->codec = g_strdup(codec ? codec->name : NULL);
    ours->profile = g_strdup(avcodec_profile_name(par->codec_id, par->profile));
    ours->level = par->level;
    ours->codec_tag = g_utf8_make_valid(av_fourcc_make_string(fourcc, par->codec_tag), -1);
    ours->bitrate_bps = par->bit_rate;
    ours->is_text = codec && (codec->props & AV_CODEC_PROP_TEXT_SUB) != 0;
}

static void fill_attachment(FfarmStream *ours, const AVCodecParameters *parameters)
{
    guint8 digest[16];
    gsize length = sizeof digest;
    if (parameters->extradata_size <= 0)
        return;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
    g_checksum_update(checksum, parameters->extradata, parameters->extradata_size);
    g_checksum_get_digest(checksum, digest, &length);
    memcpy(&ours->attachment_checksum, digest, sizeof ours->attachment_checksum);
    ours->attachment_bytes = parameters->extradata_size;
}

static void fill_stream(FfarmStream *ours, AVFormatContext *format, AVStream *stream)
{
    fill_codec(ours, stream->codecpar);
    ours->time_base_num = stream->time_base.num;
    ours->time_base_den = stream->time_base.den;
    ours->disposition = disposition_bits(stream->disposition);
    ours->start_us = to_us(stream->start_time, stream->time_base, G_MININT64);
    ours->duration_us = MAX(to_us(stream->duration, stream->time_base, 0), 0);
    ours->frames = stream->nb_frames;
    ours->language = tag(stream->metadata, "language");
    ours->title = tag(stream->metadata, "title");
    ours->filename = tag(stream->metadata, "filename");
    ours->mimetype = tag(stream->metadata, "mimetype");
    if (ours->type == FFARM_STREAM_VIDEO)
        fill_video(ours, format, stream);
    else if (ours->type == FFARM_STREAM_AUDIO)
        fill_audio(ours, stream->codecpar);
    else if (ours->type == FFARM_STREAM_ATTACHMENT)
        fill_attachment(ours, stream->codecpar);
}

static void fill_chapters(FfarmMedia *media, AVFormatContext *format)
{
    for (guint i = 0; i < MIN(format->nb_chapters, MAX_CHAPTERS); i++) {
        const AVChapter *chapter = format->chapters[i];
        g_autofree char *title = tag(chapter->metadata, "title");
        ffarm_media_add_chapter(media, to_us(chapter->start, chapter->time_base, 0),
                                to_us(chapter->end, chapter->time_base, 0), title);
    }
}

/* The container's duration, if it or a stream of it says one; not libavformat's guess from the bit rate. */
static gint64 stated_duration_us(AVFormatContext *format)
{
    gboolean guessed = format->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
    return guessed || format->duration == AV_NOPTS_VALUE ? 0 : MAX(format->duration, 0);
}

void av_facts_fill(FfarmMedia *media, AVFormatContext *format)
{
    g_free(media->container);
    media->container = g_strdup(format->iformat->name);
    media->duration_us = stated_duration_us(format);
    media->start_us = to_us(format->start_time, AV_TIME_BASE_Q, G_MININT64);
    media->bitrate_bps = format->bit_rate;
    media->title = tag(format->metadata, "title");
    gint64 longest_us = 0;
    for (guint i = 0; i < format->nb_streams; i++) {
        AVStream *stream = format->streams[i];
        FfarmStream *ours = ffarm_media_add_stream(media, av_facts_stream_type(stream->codecpar->codec_type));
        fill_stream(ours, format, stream);
        longest_us = MAX(longest_us, ours->duration_us);
    }
    if (media->duration_us == 0)
        media->duration_us = longest_us;
    fill_chapters(media, format);
}

void av_facts_add_frame(FfarmStream *stream, const AVFrame *frame)
{
    const AVFrameSideData *mastering = av_frame_get_side_data(frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
    const AVFrameSideData *level = av_frame_get_side_data(frame, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
    if (mastering && !stream->mastering.has_primaries && !stream->mastering.has_luminance)
        set_mastering(&stream->mastering, (const AVMasteringDisplayMetadata *)mastering->data);
    if (level && !stream->max_cll && !stream->max_fall)
        set_light_level(stream, (const AVContentLightMetadata *)level->data);
    if (av_glue_frame_is_interlaced(frame))
        stream->is_interlaced = TRUE;
    judge_hdr(stream, av_frame_get_side_data(frame, AV_FRAME_DATA_DYNAMIC_HDR_PLUS) != NULL);
}
