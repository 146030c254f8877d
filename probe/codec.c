/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec.h"
#include "av_glue.h"

#include <string.h>
#include <libavutil/pixdesc.h>

/* Encoders that this libavcodec may lack and whose names tell nothing. */
static const struct {
    const char *encoder, *codec;
} encoders[] = {
    {"libx264", "h264"},     {"libx264rgb", "h264"}, {"libopenh264", "h264"},    {"libx265", "hevc"},
    {"libkvazaar", "hevc"},  {"libvvenc", "vvc"},    {"libaom-av1", "av1"},      {"libsvtav1", "av1"},
    {"librav1e", "av1"},     {"libvpx", "vp8"},      {"libvpx-vp9", "vp9"},      {"libxvid", "mpeg4"},
    {"libtheora", "theora"}, {"libopus", "opus"},    {"libvorbis", "vorbis"},    {"libmp3lame", "mp3"},
    {"libshine", "mp3"},     {"libfdk_aac", "aac"},  {"libtwolame", "mp2"},      {"aac_at", "aac"},
    {"ac3_fixed", "ac3"},    {"dca", "dts"},         {"prores_ks", "prores"},    {"prores_aw", "prores"},
    {"srt", "subrip"},       {"ssa", "ass"},         {"dvdsub", "dvd_subtitle"}, {"dvbsub", "dvb_subtitle"},
};

/* "h264_nvenc": the codec comes before the underscore, where what follows is hardware. */
static const char *codec_of_hardware(const char *encoder)
{
    static const char *const suffixes[] = {"_nvenc", "_qsv",     "_vaapi", "_amf",    "_videotoolbox",
                                           "_mf",    "_v4l2m2m", "_omx",   "_vulkan", "_mediacodec"};
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        if (!g_str_has_suffix(encoder, suffixes[i]))
            continue;
        g_autofree char *name = g_strndup(encoder, strlen(encoder) - strlen(suffixes[i]));
        const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name(name);
        return codec ? codec->name : NULL;
    }
    return NULL;
}

const char *ffarm_codec_of_encoder(const char *encoder)
{
    g_return_val_if_fail(encoder != NULL, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(encoders); i++)
        if (strcmp(encoder, encoders[i].encoder) == 0)
            return encoders[i].codec;
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder);
    const AVCodecDescriptor *descriptor =
        codec ? avcodec_descriptor_get(codec->id) : avcodec_descriptor_get_by_name(encoder);
    return descriptor ? descriptor->name : codec_of_hardware(encoder);
}

gboolean ffarm_pix_fmt_is_like(const char *got, const char *asked)
{
    enum AVPixelFormat a = asked ? av_get_pix_fmt(asked) : AV_PIX_FMT_NONE,
                       g = got ? av_get_pix_fmt(got) : AV_PIX_FMT_NONE;
    const AVPixFmtDescriptor *wanted = av_pix_fmt_desc_get(a), *found = av_pix_fmt_desc_get(g);
    if (!wanted || !found || ((wanted->flags | found->flags) & AV_PIX_FMT_FLAG_HWACCEL))
        return TRUE;
    return wanted->comp[0].depth == found->comp[0].depth && wanted->log2_chroma_w == found->log2_chroma_w &&
           wanted->log2_chroma_h == found->log2_chroma_h;
}

int ffarm_pix_fmt_depth(const char *name)
{
    const AVPixFmtDescriptor *format = name ? av_pix_fmt_desc_get(av_get_pix_fmt(name)) : NULL;
    return format && !(format->flags & AV_PIX_FMT_FLAG_HWACCEL) ? format->comp[0].depth : 0;
}

gboolean ffarm_pix_fmt_has_more_colour(const char *a, const char *b)
{
    const AVPixFmtDescriptor *left = a ? av_pix_fmt_desc_get(av_get_pix_fmt(a)) : NULL;
    const AVPixFmtDescriptor *right = b ? av_pix_fmt_desc_get(av_get_pix_fmt(b)) : NULL;
    if (!left || !right || ((left->flags | right->flags) & AV_PIX_FMT_FLAG_HWACCEL) || left->nb_components < 3)
        return FALSE;
    return left->log2_chroma_w < right->log2_chroma_w || left->log2_chroma_h < right->log2_chroma_h;
}
