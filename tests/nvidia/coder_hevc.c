/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder.h"

#include <stdlib.h>
#include <string.h>
#include <x265.h>

/* One library of x265 holds an encoder for each depth. */
typedef struct {
    const x265_api *api;
    x265_param *param;
    x265_encoder *encoder;
    uint8_t *bytes;
    int depth;
} Hevc;

static void close_hevc(void *coder)
{
    Hevc *hevc = coder;
    if (hevc->encoder)
        hevc->api->encoder_close(hevc->encoder);
    if (hevc->param)
        hevc->api->param_free(hevc->param);
    free(hevc->bytes);
    free(hevc);
}

static void set_param(Hevc *hevc, const CoderAsk *ask)
{
    x265_param *param = hevc->param;
    param->sourceWidth = ask->width;
    param->sourceHeight = ask->height;
    param->internalCsp = X265_CSP_I420;
    param->fpsNum = (uint32_t)ask->fps_num;
    param->fpsDenom = (uint32_t)ask->fps_den;
    param->keyframeMax = ask->keyint;
    param->bOpenGOP = 0;
    param->bRepeatHeaders = ask->repeats_headers;
    param->bEmitInfoSEI = 0;
    param->bAnnexB = 1;
    param->logLevel = X265_LOG_ERROR;
    /* Its picture comes back from the call that sends it only with all of these. */
    param->frameNumThreads = 1;
    param->bframes = 0;
    param->lookaheadDepth = 0;
    param->rc.rateControlMode = ask->bitrate ? X265_RC_ABR : X265_RC_CRF;
    param->rc.bitrate = ask->bitrate;
    param->rc.rfConstant = ask->crf;
    param->vui.aspectRatioIdc = X265_EXTENDED_SAR;
    param->vui.sarWidth = ask->sar_num;
    param->vui.sarHeight = ask->sar_den;
    param->vui.bEnableVideoSignalTypePresentFlag = 1;
    param->vui.bEnableColorDescriptionPresentFlag = 1;
    param->vui.bEnableVideoFullRangeFlag = ask->is_full_range;
    param->vui.colorPrimaries = ask->primaries;
    param->vui.transferCharacteristics = ask->transfer;
    param->vui.matrixCoeffs = ask->matrix;
}

static void *open_hevc(const CoderAsk *ask)
{
    Hevc *hevc = calloc(1, sizeof *hevc);
    hevc->depth = ask->depth;
    hevc->api = x265_api_get(ask->depth);
    hevc->param = hevc->api ? hevc->api->param_alloc() : NULL;
    if (hevc->param && hevc->api->param_default_preset(hevc->param, "ultrafast", "zerolatency") == 0) {
        set_param(hevc, ask);
        hevc->api->param_parse(hevc->param, "pools", "none");
        hevc->encoder = hevc->api->encoder_open(hevc->param);
    }
    if (hevc->encoder)
        return hevc;
    close_hevc(hevc);
    return NULL;
}

static size_t size_of(const x265_nal *nals, uint32_t n_nals)
{
    size_t n_bytes = 0;
    for (uint32_t i = 0; i < n_nals; i++)
        n_bytes += nals[i].sizeBytes;
    return n_bytes;
}

static void join(const x265_nal *nals, uint32_t n_nals, uint8_t *bytes)
{
    for (uint32_t i = 0; i < n_nals; i++) {
        memcpy(bytes, nals[i].payload, nals[i].sizeBytes);
        bytes += nals[i].sizeBytes;
    }
}

static bool headers_hevc(void *coder, uint8_t *bytes, size_t size, size_t *n_bytes)
{
    Hevc *hevc = coder;
    x265_nal *nals;
    uint32_t n_nals = 0;
    if (hevc->api->encoder_headers(hevc->encoder, &nals, &n_nals) < 0)
        return false;
    *n_bytes = size_of(nals, n_nals);
    if (*n_bytes > size)
        return false;
    join(nals, n_nals, bytes);
    return true;
}

static bool encode_hevc(void *coder, const CoderPicture *picture, bool needs_idr, CoderOutput *output)
{
    Hevc *hevc = coder;
    x265_picture in, out;
    hevc->api->picture_init(hevc->param, &in);
    in.sliceType = needs_idr ? X265_TYPE_IDR : X265_TYPE_AUTO;
    in.bitDepth = hevc->depth;
    for (int i = 0; i < 3; i++) {
        in.planes[i] = picture->planes[i];
        in.stride[i] = picture->strides[i];
    }
    x265_nal *nals;
    uint32_t n_nals = 0;
    if (hevc->api->encoder_encode(hevc->encoder, &nals, &n_nals, &in, &out) <= 0)
        return false;
    size_t n_bytes = size_of(nals, n_nals);
    free(hevc->bytes);
    hevc->bytes = malloc(n_bytes);
    join(nals, n_nals, hevc->bytes);
    *output = (CoderOutput){
        .bytes = hevc->bytes,
        .n_bytes = n_bytes,
        .is_idr = out.sliceType == X265_TYPE_IDR,
        .is_intra = out.sliceType == X265_TYPE_IDR || out.sliceType == X265_TYPE_I,
        .qp = (int)out.frameData.qp,
    };
    return true;
}

const Coder coder_hevc = {open_hevc, headers_hevc, encode_hevc, close_hevc};
