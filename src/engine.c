/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine.h"

#include <math.h>
#include <string.h>
#include "output_options.h"

/* A new engine is a row here and one for each of its encoders below; what opens its device is in decode_setup.c, and
 * what else is known of its encoders in engine_limits.c. */
static const FfarmEngine engines[] = {
    {"cuda", "_nvenc", NULL},        {"qsv", "_qsv", NULL},
    {"vaapi", "_vaapi", "hwupload"}, {"videotoolbox", "_videotoolbox", NULL},
    {"amf", "_amf", NULL},           {"cpu", NULL, NULL},
};

static const char *const engine_names[G_N_ELEMENTS(engines) + 1] = {"cuda", "qsv", "vaapi", "videotoolbox",
                                                                    "amf",  "cpu", NULL};

#define MAX_QP 51 /* of H.264 and HEVC; ffmpeg refuses more */

/* How the neutral scale maps on an encoder's own. */
typedef enum {
    SCALE_SAME,         /* x265's */
    SCALE_NVENC,        /* x265 + 5 */
    SCALE_QP,           /* x265 + 3 */
    SCALE_ICQ,          /* the same, from 1: 0 stands for not set */
    SCALE_AV1,          /* 1 to 63, by four points; 0 stands for not set */
    SCALE_AV1_QUANT,    /* 0 to 255, five for one */
    SCALE_VIDEOTOOLBOX, /* 1 to 100, higher is better */
} Scale;

typedef struct {
    FfarmEncoder encoder;
    Scale scale;
    const char *knob; /* the one that works; %d is the number, %p the same for P and B frames, two more */
} Row;

#define NVENC_PRESETS                                                                                                  \
    {                                                                                                                  \
        "-preset p2", "-preset p5", "-preset p7"                                                                       \
    }
/* Without the last, ffmpeg 6.0 asks cards for B frames as references that can't have them. */
#define NVENC_EXTRA "-tune hq -b_ref_mode 0"
#define QSV_PRESETS                                                                                                    \
    {                                                                                                                  \
        "-preset veryfast", "-preset medium", "-preset slower"                                                         \
    }
#define AMF_PRESETS                                                                                                    \
    {                                                                                                                  \
        "-quality speed", "-quality balanced", "-quality quality"                                                      \
    }
#define X26X_PRESETS                                                                                                   \
    {                                                                                                                  \
        "-preset faster", "-preset medium", "-preset slow"                                                             \
    }
#define NO_PRESETS                                                                                                     \
    {                                                                                                                  \
        NULL, NULL, NULL                                                                                               \
    }

/* Every encoder that ffarm knows; the first of an engine and a codec is the one that `codec:` takes. Knobs of others
 * are accepted by ffmpeg and silently without effect. 10 bits stand where ffmpeg and some hardware are known to have
 * them together: no H.264 but x264's, and AMF only in versions that nobody could name. */
static const Row rows[] = {
    {{"cuda", "h264", "h264_nvenc", {"yuv420p", NULL}, NULL, NVENC_PRESETS, NVENC_EXTRA, NULL},
     SCALE_NVENC,
     "-rc vbr -cq %d -b:v 0"},
    {{"cuda", "hevc", "hevc_nvenc", {"yuv420p", "p010le"}, "main10", NVENC_PRESETS, NVENC_EXTRA, NULL},
     SCALE_NVENC,
     "-rc vbr -cq %d -b:v 0"},
    {{"cuda", "av1", "av1_nvenc", {"yuv420p", "p010le"}, NULL, NVENC_PRESETS, "-tune hq", "6.0"},
     SCALE_AV1,
     "-rc vbr -cq %d -b:v 0"},
    {{"qsv", "h264", "h264_qsv", {"nv12", NULL}, NULL, QSV_PRESETS, NULL, NULL}, SCALE_QP, "-global_quality %d"},
    {{"qsv", "hevc", "hevc_qsv", {"nv12", "p010le"}, "main10", QSV_PRESETS, NULL, NULL},
     SCALE_QP,
     "-global_quality %d"},
    {{"qsv", "av1", "av1_qsv", {"nv12", "p010le"}, NULL, QSV_PRESETS, NULL, "6.0"}, SCALE_ICQ, "-global_quality %d"},
    {{"vaapi", "h264", "h264_vaapi", {"nv12", NULL}, NULL, NO_PRESETS, NULL, NULL}, SCALE_QP, "-rc_mode CQP -qp %d"},
    {{"vaapi", "hevc", "hevc_vaapi", {"nv12", "p010"}, "main10", NO_PRESETS, NULL, NULL},
     SCALE_QP,
     "-rc_mode CQP -qp %d"},
    {{"vaapi", "av1", "av1_vaapi", {"nv12", "p010"}, NULL, NO_PRESETS, NULL, "6.1"},
     SCALE_AV1_QUANT,
     "-rc_mode CQP -global_quality %d"},
    {{"videotoolbox", "h264", "h264_videotoolbox", {"nv12", NULL}, NULL, NO_PRESETS, NULL, "4.4"},
     SCALE_VIDEOTOOLBOX,
     "-q:v %d"},
    {{"videotoolbox", "hevc", "hevc_videotoolbox", {"nv12", "p010le"}, "main10", NO_PRESETS, NULL, "4.4"},
     SCALE_VIDEOTOOLBOX,
     "-q:v %d"},
    {{"amf", "h264", "h264_amf", {"nv12", NULL}, NULL, AMF_PRESETS, NULL, "4.0"},
     SCALE_QP,
     "-rc cqp -qp_i %d -qp_p %p -qp_b %p"},
    {{"amf", "hevc", "hevc_amf", {"nv12", NULL}, NULL, AMF_PRESETS, NULL, "4.0"},
     SCALE_QP,
     "-rc cqp -qp_i %d -qp_p %p"},
    {{"amf", "av1", "av1_amf", {"nv12", NULL}, NULL, AMF_PRESETS, NULL, NULL},
     SCALE_AV1_QUANT,
     "-rc cqp -qp_i %d -qp_p %p"},
    {{"cpu", "h264", "libx264", {"yuv420p", "yuv420p10le"}, NULL, X26X_PRESETS, NULL, NULL}, SCALE_SAME, "-crf %d"},
    {{"cpu", "hevc", "libx265", {"yuv420p", "yuv420p10le"}, NULL, X26X_PRESETS, NULL, NULL}, SCALE_SAME, "-crf %d"},
    {{"cpu",
      "av1",
      "libsvtav1",
      {"yuv420p", "yuv420p10le"},
      NULL,
      {"-preset 10", "-preset 8", "-preset 5"},
      NULL,
      NULL},
     SCALE_AV1,
     "-crf %d"},
    {{"cpu", "av1", "libaom-av1", {"yuv420p", "yuv420p10le"}, NULL, NO_PRESETS, NULL, NULL},
     SCALE_AV1,
     "-crf %d -b:v 0"},
    {{"cpu", "vp9", "libvpx-vp9", {"yuv420p", "yuv420p10le"}, NULL, NO_PRESETS, NULL, NULL},
     SCALE_AV1,
     "-crf %d -b:v 0"},
};

const char *const *ffarm_engine_names(void)
{
    return engine_names;
}

const FfarmEngine *ffarm_engine_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(engines); i++)
        if (g_strcmp0(engines[i].name, name) == 0)
            return &engines[i];
    return NULL;
}

const FfarmEncoder *ffarm_engine_encoder(const char *engine, const char *codec)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].encoder.engine, engine) == 0 && g_strcmp0(rows[i].encoder.codec, codec) == 0)
            return &rows[i].encoder;
    return NULL;
}

const char *ffarm_engine_of_encoder(const char *encoder)
{
    for (guint i = 0; encoder && i < G_N_ELEMENTS(engines); i++)
        if (engines[i].suffix && g_str_has_suffix(encoder, engines[i].suffix))
            return engines[i].name;
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
    return MAX(1, (int)floor(points[i - 1].to + share * (points[i].to - points[i - 1].to)));
}

static int scaled(Scale scale, int quality)
{
    switch (scale) {
    case SCALE_NVENC:
        return CLAMP(quality + 5, 1, 51);
    case SCALE_QP:
        return CLAMP(quality + 3, 1, MAX_QP);
    case SCALE_ICQ:
        return CLAMP(quality, 1, MAX_QP);
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

/* For the frames that lean on one of @number. */
static int beside(Scale scale, int number)
{
    return scale == SCALE_QP ? MIN(number + 2, MAX_QP) : number + 2;
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
    for (guint i = 0; number >= 0 && i < G_N_ELEMENTS(rows); i++) {
        if (!g_str_has_prefix(encoder, rows[i].encoder.name))
            continue;
        int own = scaled(rows[i].scale, number);
        char **words = g_strsplit(rows[i].knob, " ", -1);
        for (char **word = words; *word; word++) {
            if ((*word)[0] != '%')
                continue;
            int value = (*word)[1] == 'p' ? beside(rows[i].scale, own) : own;
            g_free(*word);
            *word = g_strdup_printf("%d", value);
        }
        return words;
    }
    return g_new0(char *, 1);
}
