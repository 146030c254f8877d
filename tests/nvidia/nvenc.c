/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libnvidia-encode.so.1, as far as ffmpeg needs it: the interface before x264 and x265. */
#include <ffnvcodec/nvEncodeAPI.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coder.h"
#include "sessions.h"
#include "state.h"
#include "surface.h"

#define DEFAULT_CRF 23
#define DEFAULT_GOP 250
#define MAX_B_FRAMES 4

/* An encoded picture, in what ffmpeg takes for a buffer of the device. */
typedef struct {
    uint8_t *bytes;
    size_t n_bytes;
    uint64_t timestamp;
    bool is_idr, is_intra;
    int qp;
} Bitstream;

typedef struct {
    int place;
    const Coder *coder;
    void *encoder;
    CoderPicture picture;
    int height, depth;
    int interval; /* frames from one P to the next, 1: no B-frames were asked for */
    long n_frames;
    const char *trouble;
} Session;

static bool is_same(const GUID *one, const GUID *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

static NVENCSTATUS open_session(NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS *params, void **encoder)
{
    long told = state_number("open", NV_ENC_SUCCESS);
    if (told != NV_ENC_SUCCESS)
        return (NVENCSTATUS)told;
    int place = sessions_take();
    if (place < 0)
        return NV_ENC_ERR_OUT_OF_MEMORY;
    Session *session = calloc(1, sizeof *session);
    session->place = place;
    session->trouble = "";
    *encoder = session;
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS destroy(void *encoder)
{
    Session *session = encoder;
    if (session->encoder)
        session->coder->close(session->encoder);
    for (int i = 0; i < 3; i++)
        free(session->picture.planes[i]);
    close(session->place);
    free(session);
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS get_guids(void *encoder, GUID *guids, uint32_t size, uint32_t *count)
{
    *count = 0;
    if (state_number("h264", 1) && *count < size)
        guids[(*count)++] = NV_ENC_CODEC_H264_GUID;
    if (state_number("hevc", 1) && *count < size)
        guids[(*count)++] = NV_ENC_CODEC_HEVC_GUID;
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS count_guids(void *encoder, uint32_t *count)
{
    GUID guids[2];
    return get_guids(encoder, guids, 2, count);
}

static NVENCSTATUS get_caps(void *encoder, GUID guid, NV_ENC_CAPS_PARAM *param, int *value)
{
    bool is_hevc = is_same(&guid, &NV_ENC_CODEC_HEVC_GUID);
    *value = 0;
    switch (param->capsToQuery) {
    case NV_ENC_CAPS_WIDTH_MAX:
    case NV_ENC_CAPS_HEIGHT_MAX:
        *value = (int)state_number("max_width", is_hevc ? 8192 : 4096);
        break;
    case NV_ENC_CAPS_NUM_MAX_BFRAMES:
        *value = (int)state_number("b_frames", MAX_B_FRAMES);
        break;
    case NV_ENC_CAPS_SUPPORT_BFRAME_REF_MODE:
        *value = state_number("b_frames", MAX_B_FRAMES) ? 3 : 0;
        break;
    case NV_ENC_CAPS_SUPPORT_10BIT_ENCODE:
        *value = is_hevc && state_number("ten_bit", 1);
        break;
    case NV_ENC_CAPS_SUPPORT_LOOKAHEAD:
    case NV_ENC_CAPS_SUPPORT_TEMPORAL_AQ:
    case NV_ENC_CAPS_SUPPORT_CABAC:
        *value = 1;
        break;
    default:
        break;
    }
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS get_preset(void *encoder, GUID codec, GUID preset, NV_ENC_TUNING_INFO tuning,
                              NV_ENC_PRESET_CONFIG *config)
{
    config->presetCfg.gopLength = DEFAULT_GOP;
    config->presetCfg.frameIntervalP = (int32_t)state_number("interval", 1);
    return NV_ENC_SUCCESS;
}

static void set_rate(CoderAsk *ask, const NV_ENC_RC_PARAMS *rate)
{
    ask->crf = DEFAULT_CRF;
    if (rate->rateControlMode == NV_ENC_PARAMS_RC_CONSTQP)
        ask->crf = (float)rate->constQP.qpInterP;
    else if (rate->targetQuality)
        ask->crf = rate->targetQuality;
    else
        ask->bitrate = (int)(rate->averageBitRate / 1000);
}

static int gcd(int a, int b)
{
    return b ? gcd(b, a % b) : a;
}

static CoderAsk make_ask(const NV_ENC_INITIALIZE_PARAMS *params, bool is_hevc)
{
    const NV_ENC_CONFIG *config = params->encodeConfig;
    const NV_ENC_CONFIG_HEVC *hevc = &config->encodeCodecConfig.hevcConfig;
    const NV_ENC_CONFIG_H264 *h264 = &config->encodeCodecConfig.h264Config;
    const NV_ENC_CONFIG_H264_VUI_PARAMETERS *vui = is_hevc ? &hevc->hevcVUIParameters : &h264->h264VUIParameters;
    CoderAsk ask = {
        .width = (int)params->encodeWidth,
        .height = (int)params->encodeHeight,
        .depth = is_hevc ? 8 + (int)hevc->pixelBitDepthMinus8 : 8,
        .fps_num = (int)params->frameRateNum,
        .fps_den = (int)params->frameRateDen,
        .sar_num = (int)(params->darWidth * params->encodeHeight),
        .sar_den = (int)(params->darHeight * params->encodeWidth),
        .keyint = (int)config->gopLength,
        .repeats_headers = is_hevc ? hevc->repeatSPSPPS : h264->repeatSPSPPS,
        .primaries = (int)vui->colourPrimaries,
        .transfer = (int)vui->transferCharacteristics,
        .matrix = (int)vui->colourMatrix,
        .is_full_range = vui->videoFullRangeFlag,
    };
    int divisor = gcd(ask.sar_num, ask.sar_den);
    ask.sar_num /= divisor;
    ask.sar_den /= divisor;
    set_rate(&ask, &config->rcParams);
    return ask;
}

static NVENCSTATUS refuse(Session *session, NVENCSTATUS status, const char *trouble)
{
    session->trouble = trouble;
    return status;
}

static NVENCSTATUS initialize(void *encoder, NV_ENC_INITIALIZE_PARAMS *params)
{
    Session *session = encoder;
    long told = state_number("initialize", NV_ENC_SUCCESS);
    if (told != NV_ENC_SUCCESS)
        return refuse(session, (NVENCSTATUS)told, "the stand-in was told to fail");
    if (params->encodeWidth < state_number("min_width", 0))
        return refuse(session, NV_ENC_ERR_INVALID_PARAM, "Frame Dimension less than the minimum supported value.");
    bool is_hevc = is_same(&params->encodeGUID, &NV_ENC_CODEC_HEVC_GUID);
    CoderAsk ask = make_ask(params, is_hevc);
    session->coder = is_hevc ? &coder_hevc : &coder_h264;
    session->encoder = session->coder->open(&ask);
    session->height = ask.height;
    session->depth = ask.depth;
    session->interval = params->encodeConfig->frameIntervalP > 1 ? params->encodeConfig->frameIntervalP : 1;
    return session->encoder ? NV_ENC_SUCCESS : refuse(session, NV_ENC_ERR_GENERIC, "x264 or x265 can't do it");
}

static NVENCSTATUS get_headers(void *encoder, NV_ENC_SEQUENCE_PARAM_PAYLOAD *payload)
{
    Session *session = encoder;
    size_t n_bytes = 0;
    if (!session->coder->headers(session->encoder, payload->spsppsBuffer, payload->inBufferSize, &n_bytes))
        return refuse(session, NV_ENC_ERR_GENERIC, "no headers");
    *payload->outSPSPPSPayloadSize = (uint32_t)n_bytes;
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS set_streams(void *encoder, NV_ENC_CUSTREAM_PTR input, NV_ENC_CUSTREAM_PTR output)
{
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS create_input(void *encoder, NV_ENC_CREATE_INPUT_BUFFER *params)
{
    params->inputBuffer = surface_new(params->bufferFmt, (int)params->width, (int)params->height);
    return params->inputBuffer ? NV_ENC_SUCCESS : refuse(encoder, NV_ENC_ERR_UNSUPPORTED_PARAM, "no such format");
}

static NVENCSTATUS destroy_input(void *encoder, NV_ENC_INPUT_PTR input)
{
    surface_free(input);
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS lock_input(void *encoder, NV_ENC_LOCK_INPUT_BUFFER *params)
{
    const Surface *surface = params->inputBuffer;
    params->bufferDataPtr = surface->bytes;
    params->pitch = (uint32_t)surface->pitch;
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS unlock_input(void *encoder, NV_ENC_INPUT_PTR input)
{
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS register_resource(void *encoder, NV_ENC_REGISTER_RESOURCE *params)
{
    params->registeredResource = surface_wrap(params->bufferFormat, (int)params->width, (int)params->height,
                                              (int)params->pitch, params->resourceToRegister);
    return params->registeredResource ? NV_ENC_SUCCESS
                                      : refuse(encoder, NV_ENC_ERR_UNSUPPORTED_PARAM, "no such format");
}

static NVENCSTATUS map_resource(void *encoder, NV_ENC_MAP_INPUT_RESOURCE *params)
{
    const Surface *surface = params->registeredResource;
    params->mappedResource = params->registeredResource;
    params->mappedBufferFmt = surface->format;
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS create_bitstream(void *encoder, NV_ENC_CREATE_BITSTREAM_BUFFER *params)
{
    params->bitstreamBuffer = calloc(1, sizeof(Bitstream));
    return params->bitstreamBuffer ? NV_ENC_SUCCESS : NV_ENC_ERR_OUT_OF_MEMORY;
}

static NVENCSTATUS destroy_bitstream(void *encoder, NV_ENC_OUTPUT_PTR output)
{
    Bitstream *bitstream = output;
    free(bitstream->bytes);
    free(bitstream);
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS keep(Bitstream *bitstream, const CoderOutput *output, uint64_t timestamp)
{
    free(bitstream->bytes);
    *bitstream = (Bitstream){
        .bytes = malloc(output->n_bytes),
        .n_bytes = output->n_bytes,
        .timestamp = timestamp,
        .is_idr = output->is_idr,
        .is_intra = output->is_intra,
        .qp = output->qp,
    };
    if (!bitstream->bytes)
        return NV_ENC_ERR_OUT_OF_MEMORY;
    memcpy(bitstream->bytes, output->bytes, output->n_bytes);
    return NV_ENC_SUCCESS;
}

/* Where B-frames were asked for, pictures are given out in groups, as a device does that waits for the next P. */
static NVENCSTATUS encode(void *encoder, NV_ENC_PIC_PARAMS *params)
{
    Session *session = encoder;
    if (params->encodePicFlags & NV_ENC_PIC_FLAG_EOS)
        return NV_ENC_SUCCESS;
    long last = state_number("crash_after", -1);
    if (last >= 0 && session->n_frames >= last)
        raise(SIGSEGV);
    last = state_number("fail_after", -1);
    if (last >= 0 && session->n_frames >= last)
        return refuse(session, NV_ENC_ERR_GENERIC, "the stand-in was told to fail");
    usleep((useconds_t)state_number("frame_ms", 0) * 1000);
    if (!surface_split(params->inputBuffer, &session->picture))
        return NV_ENC_ERR_OUT_OF_MEMORY;
    if (!state_number("picture", 1))
        picture_blank(&session->picture, session->height, session->depth);
    bool needs_idr = params->encodePicFlags & NV_ENC_PIC_FLAG_FORCEIDR;
    CoderOutput output;
    if (!session->coder->encode(session->encoder, &session->picture, needs_idr, &output))
        return refuse(session, NV_ENC_ERR_GENERIC, "x264 or x265 gave no picture");
    NVENCSTATUS status = keep(params->outputBitstream, &output, params->inputTimeStamp);
    session->n_frames++;
    return status == NV_ENC_SUCCESS && session->n_frames % session->interval ? NV_ENC_ERR_NEED_MORE_INPUT : status;
}

static NVENCSTATUS lock_bitstream(void *encoder, NV_ENC_LOCK_BITSTREAM *params)
{
    const Bitstream *bitstream = params->outputBitstream;
    params->bitstreamBufferPtr = bitstream->bytes;
    params->bitstreamSizeInBytes = (uint32_t)bitstream->n_bytes;
    params->outputTimeStamp = bitstream->timestamp;
    params->pictureType = bitstream->is_idr     ? NV_ENC_PIC_TYPE_IDR
                          : bitstream->is_intra ? NV_ENC_PIC_TYPE_I
                                                : NV_ENC_PIC_TYPE_P;
    params->frameAvgQP = (uint32_t)bitstream->qp;
    return NV_ENC_SUCCESS;
}

static NVENCSTATUS unlock_bitstream(void *encoder, NV_ENC_OUTPUT_PTR output)
{
    return NV_ENC_SUCCESS;
}

static const char *get_trouble(void *encoder)
{
    return ((Session *)encoder)->trouble;
}

static NVENCSTATUS reconfigure(void *encoder, NV_ENC_RECONFIGURE_PARAMS *params)
{
    return refuse(encoder, NV_ENC_ERR_UNIMPLEMENTED, "the stand-in can't");
}

NVENCSTATUS NVENCAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *version);
NVENCSTATUS NVENCAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *version)
{
    unsigned major = NVENCAPI_MAJOR_VERSION, minor = NVENCAPI_MINOR_VERSION;
    char text[32];
    if (state_text("api", text, sizeof text))
        sscanf(text, "%u.%u", &major, &minor);
    *version = major << 4 | minor;
    return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI NvEncodeAPICreateInstance(NV_ENCODE_API_FUNCTION_LIST *list);
NVENCSTATUS NVENCAPI NvEncodeAPICreateInstance(NV_ENCODE_API_FUNCTION_LIST *list)
{
    list->nvEncOpenEncodeSessionEx = open_session;
    list->nvEncDestroyEncoder = destroy;
    list->nvEncGetEncodeGUIDCount = count_guids;
    list->nvEncGetEncodeGUIDs = get_guids;
    list->nvEncGetEncodeCaps = get_caps;
    list->nvEncGetEncodePresetConfigEx = get_preset;
    list->nvEncInitializeEncoder = initialize;
    list->nvEncGetSequenceParams = get_headers;
    list->nvEncSetIOCudaStreams = set_streams;
    list->nvEncCreateInputBuffer = create_input;
    list->nvEncDestroyInputBuffer = destroy_input;
    list->nvEncLockInputBuffer = lock_input;
    list->nvEncUnlockInputBuffer = unlock_input;
    list->nvEncRegisterResource = register_resource;
    list->nvEncUnregisterResource = destroy_input;
    list->nvEncMapInputResource = map_resource;
    list->nvEncUnmapInputResource = unlock_input;
    list->nvEncCreateBitstreamBuffer = create_bitstream;
    list->nvEncDestroyBitstreamBuffer = destroy_bitstream;
    list->nvEncEncodePicture = encode;
    list->nvEncLockBitstream = lock_bitstream;
    list->nvEncUnlockBitstream = unlock_bitstream;
    list->nvEncGetLastErrorString = get_trouble;
    list->nvEncReconfigureEncoder = reconfigure;
    return NV_ENC_SUCCESS;
}
