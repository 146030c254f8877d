/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "decode_setup.h"

#include <string.h>

/* NVENC keeps frames until those have come that they wait for: without surfaces to spare the decoder drops what
 * follows, and ffmpeg's status is 0. The device has 32 at most, and each thread of the decoder would take one. */
#define NVDEC_SURFACES "-threads 1 -extra_hw_frames 16"

static gboolean is_engine(const FfarmDecodeDevice *device, const char *engine)
{
    return g_strcmp0(device->engine, engine) == 0;
}

/* Quick Sync has decoders of its own, called by name. */
static const char *qsv_decoder(const char *codec)
{
    static const char *const decoders[][2] = {{"h264", "h264_qsv"},        {"hevc", "hevc_qsv"}, {"av1", "av1_qsv"},
                                              {"mpeg2video", "mpeg2_qsv"}, {"vc1", "vc1_qsv"},   {"vp8", "vp8_qsv"},
                                              {"vp9", "vp9_qsv"}};
    for (guint i = 0; i < G_N_ELEMENTS(decoders); i++)
        if (g_strcmp0(decoders[i][0], codec) == 0)
            return decoders[i][1];
    return NULL;
}

gboolean ffarm_decode_setup_exists(const FfarmDecodeDevice *device, const char *codec)
{
    if (is_engine(device, "qsv"))
        return (device->os == FFARM_OS_LINUX || device->os == FFARM_OS_WINDOWS) && qsv_decoder(codec);
    if (is_engine(device, "vaapi"))
        return device->os == FFARM_OS_LINUX || device->os == FFARM_OS_UNKNOWN;
    if (is_engine(device, "videotoolbox"))
        return device->os == FFARM_OS_MACOS || device->os == FFARM_OS_UNKNOWN;
    if (is_engine(device, "amf"))
        return device->os == FFARM_OS_WINDOWS;
    return is_engine(device, "cuda");
}

static void add(GPtrArray *words, const char *text)
{
    g_auto(GStrv) split = g_strsplit(text, " ", -1);
    for (char **word = split; *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
}

static char **end(GPtrArray *words)
{
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

char **ffarm_decode_setup_device(const FfarmDecodeDevice *device)
{
    GPtrArray *words = g_ptr_array_new();
    const char *node = device->node ? device->node : FFARM_FIRST_RENDER_NODE;
    if (is_engine(device, "vaapi")) {
        add(words, "-vaapi_device");
        g_ptr_array_add(words, g_strdup(node));
    } else if (is_engine(device, "qsv") && device->os == FFARM_OS_LINUX) {
        add(words, "-init_hw_device");
        g_ptr_array_add(words, g_strconcat("vaapi=va:", node, NULL));
        add(words, "-init_hw_device qsv=qs@va -filter_hw_device qs");
    } else if (is_engine(device, "qsv") && device->os == FFARM_OS_WINDOWS) {
        add(words, "-init_hw_device qsv=qs -filter_hw_device qs");
    }
    return end(words);
}

/* The decoder is named for the film alone: its name would turn a copied picture beside it into another codec. Without
 * a hwaccel it gives frames in main memory; with one, older versions take -hwaccel_output_format for granted. */
static void add_qsv(GPtrArray *words, const FfarmStream *video, gboolean stays)
{
    if (stays)
        add(words, "-hwaccel qsv -hwaccel_output_format qsv");
    g_ptr_array_add(words, g_strdup_printf("-c:%d", video->index));
    add(words, qsv_decoder(video->codec));
}

char **ffarm_decode_setup_options(const FfarmDecodeDevice *device, const FfarmStream *video, gboolean stays)
{
    GPtrArray *words = g_ptr_array_new();
    if (!ffarm_decode_setup_exists(device, video->codec))
        return end(words);
    if (is_engine(device, "qsv")) {
        add_qsv(words, video, stays);
        return end(words);
    }
    const char *hwaccel = is_engine(device, "amf") ? "d3d11va" : device->engine;
    add(words, "-hwaccel");
    add(words, hwaccel);
    if (is_engine(device, "cuda") && device->node) {
        add(words, "-hwaccel_device");
        g_ptr_array_add(words, g_strdup(device->node));
    }
    if (stays) {
        add(words, "-hwaccel_output_format");
        add(words, is_engine(device, "videotoolbox") ? "videotoolbox_vld"
                   : is_engine(device, "amf")        ? "d3d11"
                                                     : hwaccel);
    }
    if (stays && is_engine(device, "cuda"))
        add(words, NVDEC_SURFACES);
    return end(words);
}

char **ffarm_decode_setup_proof(const FfarmDecodeDevice *device, const FfarmStream *video)
{
    GPtrArray *words = g_ptr_array_new();
    g_autofree char **opening = ffarm_decode_setup_device(device);
    g_autofree char **decoding = ffarm_decode_setup_options(device, video, TRUE);
    for (char **word = opening; *word; word++)
        g_ptr_array_add(words, *word);
    for (char **word = decoding; *word; word++)
        g_ptr_array_add(words, *word);
    return end(words);
}
