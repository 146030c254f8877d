/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libnvcuvid.so.1, as far as ffmpeg needs it: a device that decodes H.264 of 8 bits, by libavcodec, and nothing else.
 */
#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/dynlink_nvcuvid.h>
#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "h264_headers.h"
#include "sessions.h"
#include "state.h"

#define MAX_SURFACES 64
#define MOST_PIXELS 4096
#define PITCH 256

#define NO_MEMORY ((CUresult)2)
#define NOT_SUPPORTED ((CUresult)801)

typedef struct {
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;                  /* given out in an order that nobody asks for */
    AVFrame *surfaces[MAX_SURFACES]; /* what was decoded, by the index that ffmpeg gave it */
    int current;
    int width, height, pitch;
} Decoder;

tcuvidGetDecoderCaps cuvidGetDecoderCaps;
CUresult cuvidGetDecoderCaps(CUVIDDECODECAPS *caps)
{
    caps->bIsSupported = caps->eCodecType == cudaVideoCodec_H264 && caps->eChromaFormat == cudaVideoChromaFormat_420 &&
                         caps->nBitDepthMinus8 == 0 && state_number("decode", 1);
    caps->nMinWidth = caps->nMinHeight = (unsigned short)state_number("decode_min", 16);
    caps->nMaxWidth = caps->nMaxHeight = MOST_PIXELS;
    caps->nMaxMBCount = MOST_PIXELS * MOST_PIXELS / 256;
    caps->nOutputFormatMask = 1 << cudaVideoSurfaceFormat_NV12;
    return CUDA_SUCCESS;
}

/* What is decoded into this memory is kept, whenever it is given out. */
static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
    Decoder *decoder = codec->opaque;
    int status = avcodec_default_get_buffer2(codec, frame, flags);
    if (status < 0)
        return status;
    av_frame_free(&decoder->surfaces[decoder->current]);
    decoder->surfaces[decoder->current] = av_frame_clone(frame);
    return decoder->surfaces[decoder->current] ? 0 : AVERROR(ENOMEM);
}

tcuvidDestroyDecoder cuvidDestroyDecoder;
CUresult cuvidDestroyDecoder(CUvideodecoder handle)
{
    Decoder *decoder = handle;
    avcodec_free_context(&decoder->codec);
    av_packet_free(&decoder->packet);
    av_frame_free(&decoder->frame);
    for (int i = 0; i < MAX_SURFACES; i++)
        av_frame_free(&decoder->surfaces[i]);
    free(decoder);
    return CUDA_SUCCESS;
}

tcuvidCreateDecoder cuvidCreateDecoder;
CUresult cuvidCreateDecoder(CUvideodecoder *handle, CUVIDDECODECREATEINFO *info)
{
    if (info->CodecType != cudaVideoCodec_H264 || info->ulNumDecodeSurfaces > MAX_SURFACES)
        return NOT_SUPPORTED;
    Decoder *decoder = calloc(1, sizeof *decoder);
    decoder->width = (int)info->ulTargetWidth;
    decoder->height = (int)info->ulTargetHeight;
    decoder->pitch = (decoder->width + PITCH - 1) / PITCH * PITCH;
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    decoder->codec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (decoder->codec) {
        decoder->codec->opaque = decoder;
        decoder->codec->get_buffer2 = get_buffer;
        /* Decoded when the call ends. */
        decoder->codec->thread_count = 1;
        decoder->codec->thread_type = FF_THREAD_SLICE;
        decoder->codec->log_level_offset = AV_LOG_TRACE;
    }
    if (!decoder->codec || avcodec_open2(decoder->codec, codec, NULL) < 0) {
        cuvidDestroyDecoder(decoder);
        return NO_MEMORY;
    }
    sessions_note("decoder");
    *handle = decoder;
    return CUDA_SUCCESS;
}

tcuvidDecodePicture cuvidDecodePicture;
CUresult cuvidDecodePicture(CUvideodecoder handle, CUVIDPICPARAMS *params)
{
    Decoder *decoder = handle;
    uint8_t headers[H264_MAX_HEADERS];
    size_t n_headers = 0;
    if (params->CurrPicIdx >= MAX_SURFACES || !h264_write_headers(params, headers, &n_headers))
        return NOT_SUPPORTED;
    if (av_new_packet(decoder->packet, (int)(n_headers + params->nBitstreamDataLen)) < 0)
        return NO_MEMORY;
    memcpy(decoder->packet->data, headers, n_headers);
    memcpy(decoder->packet->data + n_headers, params->pBitstreamData, params->nBitstreamDataLen);
    decoder->current = params->CurrPicIdx;
    int status = avcodec_send_packet(decoder->codec, decoder->packet);
    av_packet_unref(decoder->packet);
    while (avcodec_receive_frame(decoder->codec, decoder->frame) == 0)
        av_frame_unref(decoder->frame);
    return status < 0 ? CUDA_ERROR_UNKNOWN : CUDA_SUCCESS;
}

static void write_nv12(const Decoder *decoder, const AVFrame *frame, uint8_t *to)
{
    for (int y = 0; y < decoder->height; y++)
        memcpy(to + y * decoder->pitch, frame->data[0] + y * frame->linesize[0], (size_t)decoder->width);
    to += decoder->pitch * decoder->height;
    for (int y = 0; y < decoder->height / 2; y++)
        for (int x = 0; x < decoder->width / 2; x++)
            for (int i = 0; i < 2; i++)
                to[y * decoder->pitch + 2 * x + i] = frame->data[1 + i][y * frame->linesize[1 + i] + x];
}

tcuvidMapVideoFrame64 cuvidMapVideoFrame64;
CUresult cuvidMapVideoFrame64(CUvideodecoder handle, int index, unsigned long long *memory, unsigned *pitch,
                              CUVIDPROCPARAMS *params)
{
    const Decoder *decoder = handle;
    const AVFrame *frame = index < MAX_SURFACES ? decoder->surfaces[index] : NULL;
    if (!frame || frame->width != decoder->width || frame->height != decoder->height)
        return CUDA_ERROR_UNKNOWN;
    uint8_t *bytes = malloc((size_t)(decoder->pitch * decoder->height * 3 / 2));
    if (!bytes)
        return NO_MEMORY;
    write_nv12(decoder, frame, bytes);
    *memory = (uintptr_t)bytes;
    *pitch = (unsigned)decoder->pitch;
    return CUDA_SUCCESS;
}

tcuvidUnmapVideoFrame64 cuvidUnmapVideoFrame64;
CUresult cuvidUnmapVideoFrame64(CUvideodecoder handle, unsigned long long memory)
{
    free((void *)(uintptr_t)memory);
    return CUDA_SUCCESS;
}

tcuvidCtxLockCreate cuvidCtxLockCreate;
CUresult cuvidCtxLockCreate(CUvideoctxlock *lock, CUcontext context)
{
    *lock = NULL;
    return CUDA_SUCCESS;
}

tcuvidCtxLockDestroy cuvidCtxLockDestroy;
CUresult cuvidCtxLockDestroy(CUvideoctxlock lock)
{
    return CUDA_SUCCESS;
}

#define CANNOT(name)                                                                                                   \
    CUresult name(void);                                                                                               \
    CUresult name(void)                                                                                                \
    {                                                                                                                  \
        return NOT_SUPPORTED;                                                                                          \
    }
CANNOT(cuvidGetDecodeStatus)
CANNOT(cuvidReconfigureDecoder)
CANNOT(cuvidCtxLock)
CANNOT(cuvidCtxUnlock)
CANNOT(cuvidCreateVideoSource)
CANNOT(cuvidCreateVideoSourceW)
CANNOT(cuvidDestroyVideoSource)
CANNOT(cuvidSetVideoSourceState)
CANNOT(cuvidGetVideoSourceState)
CANNOT(cuvidGetSourceVideoFormat)
CANNOT(cuvidGetSourceAudioFormat)
CANNOT(cuvidCreateVideoParser)
CANNOT(cuvidParseVideoData)
CANNOT(cuvidDestroyVideoParser)
