/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libcuda.so.1, as far as ffmpeg needs it: memory of the device is memory of this machine, and nothing runs on it. */
#include <ffnvcodec/dynlink_cuda.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define MAX_DEVICES 8
#define PITCH 256

#define NO_MEMORY ((CUresult)2)
#define UNAVAILABLE ((CUresult)46)
#define NO_DEVICE ((CUresult)100)
#define INVALID_DEVICE ((CUresult)101)
#define NOT_SUPPORTED ((CUresult)801)
#define NOT_READY ((CUresult)802)
#define MISMATCH ((CUresult)803)

/* What its context points to is the number of the device. */
static CUdevice devices[MAX_DEVICES] = {0, 1, 2, 3, 4, 5, 6, 7};
static __thread CUcontext current;

tcuInit cuInit;
CUresult cuInit(unsigned flags)
{
    return (CUresult)state_number("init", CUDA_SUCCESS);
}

tcuDeviceGetCount cuDeviceGetCount;
CUresult cuDeviceGetCount(int *count)
{
    long told = state_number("devices", 1);
    *count = (int)(told < MAX_DEVICES ? told : MAX_DEVICES);
    return CUDA_SUCCESS;
}

tcuDeviceGet cuDeviceGet;
CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    int count;
    cuDeviceGetCount(&count);
    if (ordinal < 0 || ordinal >= count)
        return INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}

tcuDeviceGetAttribute cuDeviceGetAttribute;
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    *value = attribute == CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT ? PITCH : 0;
    return CUDA_SUCCESS;
}

tcuDeviceGetName cuDeviceGetName;
CUresult cuDeviceGetName(char *name, int size, CUdevice device)
{
    snprintf(name, (size_t)size, "Stand-in %d", device);
    return CUDA_SUCCESS;
}

tcuDeviceComputeCapability cuDeviceComputeCapability;
CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device)
{
    *major = 7;
    *minor = 5;
    return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version);
CUresult cuDriverGetVersion(int *version)
{
    *version = 12000;
    return CUDA_SUCCESS;
}

tcuCtxCreate_v2 cuCtxCreate_v2;
CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    *context = current = (CUcontext)&devices[device];
    return CUDA_SUCCESS;
}

tcuCtxPushCurrent_v2 cuCtxPushCurrent_v2;
CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    current = context;
    return CUDA_SUCCESS;
}

tcuCtxPopCurrent_v2 cuCtxPopCurrent_v2;
CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
    *context = current;
    return CUDA_SUCCESS;
}

tcuCtxDestroy_v2 cuCtxDestroy_v2;
CUresult cuCtxDestroy_v2(CUcontext context)
{
    return CUDA_SUCCESS;
}

tcuCtxSetLimit cuCtxSetLimit;
CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
    return CUDA_SUCCESS;
}

tcuCtxGetDevice cuCtxGetDevice;
CUresult cuCtxGetDevice(CUdevice *device)
{
    *device = current ? *(CUdevice *)current : 0;
    return CUDA_SUCCESS;
}

tcuDevicePrimaryCtxRetain cuDevicePrimaryCtxRetain;
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    *context = (CUcontext)&devices[device];
    return CUDA_SUCCESS;
}

tcuDevicePrimaryCtxRelease cuDevicePrimaryCtxRelease;
CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
    return CUDA_SUCCESS;
}

tcuDevicePrimaryCtxSetFlags cuDevicePrimaryCtxSetFlags;
CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned flags)
{
    return CUDA_SUCCESS;
}

tcuDevicePrimaryCtxGetState cuDevicePrimaryCtxGetState;
CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *is_active)
{
    *flags = 0;
    *is_active = 0;
    return CUDA_SUCCESS;
}

tcuMemAlloc_v2 cuMemAlloc_v2;
CUresult cuMemAlloc_v2(CUdeviceptr *memory, size_t size)
{
    void *taken = malloc(size);
    *memory = (CUdeviceptr)(uintptr_t)taken;
    return taken ? CUDA_SUCCESS : NO_MEMORY;
}

tcuMemAllocPitch_v2 cuMemAllocPitch_v2;
CUresult cuMemAllocPitch_v2(CUdeviceptr *memory, size_t *pitch, size_t width, size_t height, unsigned element)
{
    *pitch = (width + PITCH - 1) / PITCH * PITCH;
    return cuMemAlloc_v2(memory, *pitch * height);
}

tcuMemFree_v2 cuMemFree_v2;
CUresult cuMemFree_v2(CUdeviceptr memory)
{
    free((void *)(uintptr_t)memory);
    return CUDA_SUCCESS;
}

tcuMemcpy2D_v2 cuMemcpy2D_v2;
CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy)
{
    const char *from =
        copy->srcMemoryType == CU_MEMORYTYPE_HOST ? copy->srcHost : (const char *)(uintptr_t)copy->srcDevice;
    char *to = copy->dstMemoryType == CU_MEMORYTYPE_HOST ? copy->dstHost : (char *)(uintptr_t)copy->dstDevice;
    from += copy->srcY * copy->srcPitch + copy->srcXInBytes;
    to += copy->dstY * copy->dstPitch + copy->dstXInBytes;
    for (size_t line = 0; line < copy->Height; line++)
        memcpy(to + line * copy->dstPitch, from + line * copy->srcPitch, copy->WidthInBytes);
    return CUDA_SUCCESS;
}

tcuMemcpy2DAsync_v2 cuMemcpy2DAsync_v2;
CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream)
{
    return cuMemcpy2D_v2(copy);
}

tcuStreamSynchronize cuStreamSynchronize;
CUresult cuStreamSynchronize(CUstream stream)
{
    return CUDA_SUCCESS;
}

static const struct {
    CUresult result;
    const char *name, *words;
} errors[] = {
    {NO_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {NOT_READY, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {MISMATCH, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

tcuGetErrorName cuGetErrorName;
CUresult cuGetErrorName(CUresult result, const char **name)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].result == result)
            *name = errors[i].name;
    return CUDA_SUCCESS;
}

tcuGetErrorString cuGetErrorString;
CUresult cuGetErrorString(CUresult result, const char **words)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].result == result)
            *words = errors[i].words;
    return CUDA_SUCCESS;
}

/* ffmpeg loads nothing unless these are there as well. Kernels above all can't be run here. */
#define CANNOT(name)                                                                                                   \
    CUresult name(void);                                                                                               \
    CUresult name(void)                                                                                                \
    {                                                                                                                  \
        return NOT_SUPPORTED;                                                                                          \
    }
CANNOT(cuMemAllocManaged)
CANNOT(cuMemsetD8Async)
CANNOT(cuMemcpy)
CANNOT(cuMemcpyAsync)
CANNOT(cuMemcpyHtoD_v2)
CANNOT(cuMemcpyHtoDAsync_v2)
CANNOT(cuMemcpyDtoH_v2)
CANNOT(cuMemcpyDtoHAsync_v2)
CANNOT(cuMemcpyDtoD_v2)
CANNOT(cuMemcpyDtoDAsync_v2)
CANNOT(cuDevicePrimaryCtxReset)
CANNOT(cuStreamCreate)
CANNOT(cuStreamQuery)
CANNOT(cuStreamDestroy_v2)
CANNOT(cuStreamAddCallback)
CANNOT(cuEventCreate)
CANNOT(cuEventDestroy_v2)
CANNOT(cuEventSynchronize)
CANNOT(cuEventQuery)
CANNOT(cuEventRecord)
CANNOT(cuLaunchKernel)
CANNOT(cuLinkCreate)
CANNOT(cuLinkAddData)
CANNOT(cuLinkComplete)
CANNOT(cuLinkDestroy)
CANNOT(cuModuleLoadData)
CANNOT(cuModuleUnload)
CANNOT(cuModuleGetFunction)
CANNOT(cuModuleGetGlobal)
CANNOT(cuTexObjectCreate)
CANNOT(cuTexObjectDestroy)
CANNOT(cuGLGetDevices_v2)
CANNOT(cuGraphicsGLRegisterImage)
CANNOT(cuGraphicsUnregisterResource)
CANNOT(cuGraphicsMapResources)
CANNOT(cuGraphicsUnmapResources)
CANNOT(cuGraphicsSubResourceGetMappedArray)
CANNOT(cuGraphicsResourceGetMappedPointer_v2)
CANNOT(cuArray3DCreate_v2)
CANNOT(cuArrayDestroy)
