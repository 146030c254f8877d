/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_recipe.h"

#include <string.h>

#include "capability_picture.h"

#define CPU_8 "-pix_fmt yuv420p"
#define CPU_10 "-pix_fmt yuv420p10le"
#define NV12 "-pix_fmt nv12"
#define P010 "-pix_fmt p010le"
#define MAIN10 " -profile:v main10"
#define UPLOAD_8 "-vf format=nv12,hwupload"
#define UPLOAD_10 "-vf format=p010,hwupload"
#define VAAPI "-vaapi_device %"
#define QSV "-init_hw_device vaapi=va:% -init_hw_device qsv=qs@va"
#define QSV_ELSEWHERE "-init_hw_device qsv=qs"
/* B-frames are left out: some devices that encode well have none. */
#define NVENC "-preset p4 -rc vbr -cq 27 -b:v 0 -bf 0 -b_ref_mode 0"
#define ICQ "-preset medium -global_quality 25"
#define CQP "-rc_mode CQP -qp 25"
#define APPLE "-allow_sw 0 -q:v 60"
#define APPLE_BITRATE "-allow_sw 0 -b:v 4M" /* Macs without Apple's own processor */
#define AMF "-rc cqp -qp_i 25 -qp_p 27"

static const FfarmRecipe recipes[] = {
    {"cuda", "h264", "h264_nvenc", NULL, CPU_8, P010, NVENC, NULL},
    {"cuda", "hevc", "hevc_nvenc", NULL, CPU_8, P010 MAIN10, NVENC, NULL},
    {"cuda", "av1", "av1_nvenc", NULL, CPU_8, P010, NVENC, NULL},
    {"qsv", "h264", "h264_qsv", QSV, NV12, P010, ICQ, NULL},
    {"qsv", "hevc", "hevc_qsv", QSV, NV12, P010 MAIN10, ICQ, NULL},
    {"qsv", "av1", "av1_qsv", QSV, NV12, P010, ICQ, NULL},
    {"vaapi", "h264", "h264_vaapi", VAAPI, UPLOAD_8, UPLOAD_10, CQP, NULL},
    {"vaapi", "hevc", "hevc_vaapi", VAAPI, UPLOAD_8, UPLOAD_10 MAIN10, CQP, NULL},
    {"vaapi", "av1", "av1_vaapi", VAAPI, UPLOAD_8, UPLOAD_10, "-rc_mode CQP -global_quality 110", NULL},
    {"videotoolbox", "h264", "h264_videotoolbox", NULL, NV12, P010, APPLE, APPLE_BITRATE},
    {"videotoolbox", "hevc", "hevc_videotoolbox", NULL, NV12, P010 MAIN10, APPLE, APPLE_BITRATE},
    {"amf", "h264", "h264_amf", NULL, NV12, P010, AMF, NULL},
    {"amf", "hevc", "hevc_amf", NULL, NV12, P010, AMF, NULL},
    {"amf", "av1", "av1_amf", NULL, NV12, P010, AMF, NULL},
    {"cpu", "h264", "libx264", NULL, CPU_8, CPU_10, "-preset ultrafast -crf 23", NULL},
    {"cpu", "hevc", "libx265", NULL, CPU_8, CPU_10, "-preset ultrafast -crf 23", NULL},
    {"cpu", "av1", "libsvtav1", NULL, CPU_8, CPU_10, "-preset 8 -crf 35", NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const FfarmRecipe *ffarm_recipes(void)
{
    return recipes;
}

static const char *device_of(const FfarmRecipe *recipe, FfarmOs os)
{
    return strcmp(recipe->engine, "qsv") == 0 && os != FFARM_OS_LINUX ? QSV_ELSEWHERE : recipe->device;
}

gboolean ffarm_recipe_needs_node(const FfarmRecipe *recipe, FfarmOs os)
{
    const char *device = device_of(recipe, os);
    return device && strchr(device, '%') != NULL;
}

/* Adds @text word by word, with @node for "%". */
static void add(GStrvBuilder *builder, const char *text, const char *node)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        g_auto(GStrv) parts = g_strsplit(*word, "%", -1);
        g_autofree char *whole = g_strjoinv(node, parts);
        g_strv_builder_add(builder, whole);
    }
}

char **ffarm_recipe_argv(const FfarmRecipe *recipe, const char *ffmpeg, FfarmOs os, const char *device, int depth,
                         gboolean is_second)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_strv_builder_add(builder, ffmpeg);
    /* At "error" the reason would be missing. */
    add(builder, "-hide_banner -nostdin -nostats -v verbose", "");
    if (device_of(recipe, os))
        add(builder, device_of(recipe, os), device ? device : "");
    add(builder, "-f lavfi -i " FFARM_TRIAL_SOURCE, "");
    add(builder, depth == 10 ? recipe->options_10 : recipe->options_8, "");
    g_strv_builder_add_many(builder, "-c:v", recipe->encoder, NULL);
    add(builder, is_second ? recipe->other_knob : recipe->knob, "");
    if (device && strcmp(recipe->engine, "cuda") == 0)
        g_strv_builder_add_many(builder, "-gpu", device, NULL);
    add(builder, "-f matroska pipe:1", "");
    return g_strv_builder_end(builder);
}
