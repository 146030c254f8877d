/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder.h"

#include <string.h>
#include <x264.h>

static void *open_h264(const CoderAsk *ask)
{
    x264_param_t param;
    if (ask->depth != 8 || x264_param_default_preset(&param, "ultrafast", "zerolatency") < 0)
        return NULL;
    param.i_width = ask->width;
    param.i_height = ask->height;
    param.i_csp = X264_CSP_I420;
    param.i_bitdepth = 8;
    param.i_threads = 1;
    param.i_log_level = X264_LOG_ERROR;
    param.i_fps_num = (uint32_t)ask->fps_num;
    param.i_fps_den = (uint32_t)ask->fps_den;
    param.b_vfr_input = 0;
    param.i_keyint_max = ask->keyint;
    param.b_repeat_headers = ask->repeats_headers;
    param.b_annexb = 1;
    param.rc.i_rc_method = ask->bitrate ? X264_RC_ABR : X264_RC_CRF;
    param.rc.i_bitrate = ask->bitrate;
    param.rc.f_rf_constant = ask->crf;
    param.vui.i_sar_width = ask->sar_num;
    param.vui.i_sar_height = ask->sar_den;
    param.vui.i_colorprim = ask->primaries;
    param.vui.i_transfer = ask->transfer;
    param.vui.i_colmatrix = ask->matrix;
    param.vui.b_fullrange = ask->is_full_range;
    return x264_encoder_open(&param);
}

static bool headers_h264(void *coder, uint8_t *bytes, size_t size, size_t *n_bytes)
{
    x264_nal_t *nals;
    int n_nals = 0;
    if (x264_encoder_headers(coder, &nals, &n_nals) < 0)
        return false;
    *n_bytes = 0;
    for (int i = 0; i < n_nals; i++) {
        if (nals[i].i_type != NAL_SPS && nals[i].i_type != NAL_PPS)
            continue;
        if (*n_bytes + (size_t)nals[i].i_payload > size)
            return false;
        memcpy(bytes + *n_bytes, nals[i].p_payload, (size_t)nals[i].i_payload);
        *n_bytes += (size_t)nals[i].i_payload;
    }
    return true;
}

static bool encode_h264(void *coder, const CoderPicture *picture, bool needs_idr, CoderOutput *output)
{
    x264_picture_t in, out;
    x264_picture_init(&in);
    in.i_type = needs_idr ? X264_TYPE_IDR : X264_TYPE_AUTO;
    in.img.i_csp = X264_CSP_I420;
    in.img.i_plane = 3;
    for (int i = 0; i < 3; i++) {
        in.img.plane[i] = picture->planes[i];
        in.img.i_stride[i] = picture->strides[i];
    }
    x264_nal_t *nals;
    int n_nals = 0;
    int n_bytes = x264_encoder_encode(coder, &nals, &n_nals, &in, &out);
    if (n_bytes <= 0)
        return false;
    *output = (CoderOutput){
        .bytes = nals[0].p_payload,
        .n_bytes = (size_t)n_bytes,
        .is_idr = out.b_keyframe,
        .is_intra = out.i_type == X264_TYPE_IDR || out.i_type == X264_TYPE_I,
        .qp = out.i_qpplus1 - 1,
    };
    return true;
}

static void close_h264(void *coder)
{
    x264_encoder_close(coder);
}

const Coder coder_h264 = {open_h264, headers_h264, encode_h264, close_h264};
