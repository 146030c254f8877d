/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libnvcuvid.so.1, as far as ffmpeg needs it: a device that decodes nothing. */
#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/dynlink_nvcuvid.h>
#include <stdlib.h>

#define NOT_SUPPORTED ((CUresult)801)

tcuvidGetDecoderCaps cuvidGetDecoderCaps;
CUresult cuvidGetDecoderCaps(CUVIDDECODECAPS *caps)
{
    caps->bIsSupported = 0;
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
CANNOT(cuvidCreateDecoder)
CANNOT(cuvidDestroyDecoder)
CANNOT(cuvidDecodePicture)
CANNOT(cuvidGetDecodeStatus)
CANNOT(cuvidReconfigureDecoder)
CANNOT(cuvidMapVideoFrame64)
CANNOT(cuvidUnmapVideoFrame64)
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
