/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine.h"

#include <math.h>
#include <string.h>
#include "output_options.h"

static const char *const engine_names[] = {"cuda", "qsv", "vaapi", "videotoolbox", "amf", "cpu", NULL};

static const struct {
    const char *suffix;
    const char *engine;
} encoder_suffixes[] = {
    {"_nvenc", "cuda"}, {"_qsv", "qsv"}, {"_vaapi", "vaapi"}, {"_videotoolbox", "videotoolbox"}, {"_amf", "amf"},
};

const char *const *ffarm_engine_names(void)
{
    return engine_names;
}

const char *ffarm_engine_of_encoder(const char *encoder)
{
    for (guint i = 0; encoder && i < G_N_ELEMENTS(encoder_suffixes); i++)
        if (g_str_has_suffix(encoder, encoder_suffixes[i].suffix))
            return encoder_suffixes[i].engine;
    return "cpu";
}

const char *ffarm_engine_choose(const FfarmHost *host, const FfarmProfile *profile)
{
    for (char **wanted = host->engines; wanted && *wanted; wanted++)
        for (const char *const *name = engine_names; *name; name++)
            if (strcmp(*wanted, *name) == 0 && ffarm_profile_find_engine(profile, *name))
                return *name;
    return ffarm_engine_of_encoder(ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0));
}

/* How the neutral scale maps on an encoder's own. */
typedef enum {
    SCALE_SAME,         /* x265's */
    SCALE_NVENC,        /* x265 + 5 */
    SCALE_QP,           /* x265 + 3 */
    SCALE_AV1,          /* 0 to 63, by four points */
    SCALE_AV1_QUANT,    /* 0 to 255, five for one */
    SCALE_VIDEOTOOLBOX, /* 1 to 100, higher is better */
} Scale;

/* The one quality knob of each encoder: others are accepted by ffmpeg and silently without effect.
 * The words hold at most two numbers, the second of which is two more (P frames). */
static const struct {
    const char *prefix; /* of the encoder's name */
    Scale scale;
    const char *words; /* %d is the number, %p the same for P frames */
} knobs[] = {
    {"libx264", SCALE_SAME, "-crf %d"},
    {"libx265", SCALE_SAME, "-crf %d"},
    {"libsvtav1", SCALE_AV1, "-crf %d"},
    {"libaom-av1", SCALE_AV1, "-crf %d -b:v 0"},
    {"libvpx-vp9", SCALE_AV1, "-crf %d -b:v 0"},
    {"av1_nvenc", SCALE_AV1, "-rc vbr -cq %d -b:v 0"},
    {"h264_nvenc", SCALE_NVENC, "-rc vbr -cq %d -b:v 0"},
    {"hevc_nvenc", SCALE_NVENC, "-rc vbr -cq %d -b:v 0"},
    {"av1_qsv", SCALE_SAME, "-global_quality %d"},
    {"h264_qsv", SCALE_QP, "-global_quality %d"},
    {"hevc_qsv", SCALE_QP, "-global_quality %d"},
    {"av1_vaapi", SCALE_AV1_QUANT, "-rc_mode CQP -global_quality %d"},
    {"h264_vaapi", SCALE_QP, "-rc_mode CQP -qp %d"},
    {"hevc_vaapi", SCALE_QP, "-rc_mode CQP -qp %d"},
    {"h264_videotoolbox", SCALE_VIDEOTOOLBOX, "-q:v %d"},
    {"hevc_videotoolbox", SCALE_VIDEOTOOLBOX, "-q:v %d"},
    {"av1_amf", SCALE_AV1_QUANT, "-rc cqp -qp_i %d -qp_p %p"},
    {"h264_amf", SCALE_QP, "-rc cqp -qp_i %d -qp_p %p"},
    {"hevc_amf", SCALE_QP, "-rc cqp -qp_i %d -qp_p %p"},
};

/* Points of equal quality between x265 and SVT-AV1 as HandBrake's presets of equal names have them. */
static int av1_scale(int quality)
{
    static const struct {
        int from;
        double to;
    } points[] = {{0, 0}, {20, 25}, {22, 30.5}, {24, 34.5}, {26, 43}, {51, 63}};
    guint i = 1;
    while (i + 1 < G_N_ELEMENTS(points) && quality > points[i].from)
        i++;
    double share = (double)(quality - points[i - 1].from) / (points[i].from - points[i - 1].from);
    return (int)floor(points[i - 1].to + share * (points[i].to - points[i - 1].to));
}

static int scaled(Scale scale, int quality)
{
    switch (scale) {
    case SCALE_NVENC:
        return CLAMP(quality + 5, 1, 51);
    case SCALE_QP:
        return CLAMP(quality + 3, 1, 51);
    case SCALE_AV1:
        return av1_scale(quality);
    case SCALE_AV1_QUANT:
        return CLAMP(quality * 5, 1, 253);
    case SCALE_VIDEOTOOLBOX:
        return CLAMP((int)lround(60 - 2.5 * (quality - 22)), 1, 100);
    default:
        return quality;
    }
}

/* The neutral number for @quality, -1 if it is none. x264 needs a little less at the low end than x265. */
static int neutral_number(const char *encoder, const char *quality)
{
    if (strcmp(quality, "high") == 0)
        return 20;
    if (strcmp(quality, "medium") == 0)
        return 22;
    if (strcmp(quality, "low") == 0)
        return g_str_has_prefix(encoder, "libx264") ? 24 : 26;
    guint64 number;
    return g_ascii_string_to_unsigned(quality, 10, 0, 51, &number, NULL) ? (int)number : -1;
}

char **ffarm_engine_quality(const char *encoder, const char *quality)
{
    int number = encoder && quality ? neutral_number(encoder, quality) : -1;
    for (guint i = 0; number >= 0 && i < G_N_ELEMENTS(knobs); i++) {
        if (!g_str_has_prefix(encoder, knobs[i].prefix))
            continue;
        int own = scaled(knobs[i].scale, number);
        char **words = g_strsplit(knobs[i].words, " ", -1);
        for (char **word = words; *word; word++) {
            if ((*word)[0] != '%')
                continue;
            int value = (*word)[1] == 'p' ? own + 2 : own;
            g_free(*word);
            *word = g_strdup_printf("%d", value);
        }
        return words;
    }
    return g_new0(char *, 1);
}
