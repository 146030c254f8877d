/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "surface.h"

#include <stdlib.h>
#include <string.h>

#define PITCH 64
#define P010_SHIFT 6

static int half(int n)
{
    return (n + 1) / 2;
}

static int sample_size(const Surface *surface)
{
    return surface->format == NV_ENC_BUFFER_FORMAT_YUV420_10BIT ? 2 : 1;
}

Surface *surface_wrap(NV_ENC_BUFFER_FORMAT format, int width, int height, int pitch, void *bytes)
{
    if (format != NV_ENC_BUFFER_FORMAT_NV12 && format != NV_ENC_BUFFER_FORMAT_YV12 &&
        format != NV_ENC_BUFFER_FORMAT_IYUV && format != NV_ENC_BUFFER_FORMAT_YUV420_10BIT)
        return NULL;
    Surface *surface = calloc(1, sizeof *surface);
    if (surface)
        *surface = (Surface){format, width, height, pitch, bytes, false};
    return surface;
}

Surface *surface_new(NV_ENC_BUFFER_FORMAT format, int width, int height)
{
    Surface *surface = surface_wrap(format, width, height, 0, NULL);
    if (!surface)
        return NULL;
    surface->pitch = (2 * half(width) * sample_size(surface) + PITCH - 1) / PITCH * PITCH;
    surface->bytes = calloc((size_t)surface->pitch, (size_t)(height + half(height)));
    surface->is_ours = true;
    if (surface->bytes)
        return surface;
    free(surface);
    return NULL;
}

void surface_free(Surface *surface)
{
    if (surface && surface->is_ours)
        free(surface->bytes);
    free(surface);
}

static void copy_plane(uint8_t *to, int to_stride, const uint8_t *from, int from_stride, int width, int height)
{
    for (int y = 0; y < height; y++)
        memcpy(to + y * to_stride, from + y * from_stride, (size_t)width);
}

static void split_chroma_8(const Surface *surface, CoderPicture *picture)
{
    const uint8_t *chroma = surface->bytes + surface->pitch * surface->height;
    for (int y = 0; y < half(surface->height); y++)
        for (int x = 0; x < half(surface->width); x++)
            for (int i = 0; i < 2; i++)
                picture->planes[1 + i][y * picture->strides[1 + i] + x] = chroma[y * surface->pitch + 2 * x + i];
}

/* The upper ten bits count. */
static void split_10(const Surface *surface, CoderPicture *picture)
{
    for (int y = 0; y < surface->height + half(surface->height); y++) {
        const uint16_t *from = (const uint16_t *)(const void *)(surface->bytes + y * surface->pitch);
        bool is_luma = y < surface->height;
        int row = is_luma ? y : y - surface->height;
        int n_samples = is_luma ? surface->width : 2 * half(surface->width);
        for (int x = 0; x < n_samples; x++) {
            int plane = is_luma ? 0 : 1 + x % 2;
            uint16_t *to = (uint16_t *)(void *)(picture->planes[plane] + row * picture->strides[plane]);
            to[is_luma ? x : x / 2] = from[x] >> P010_SHIFT;
        }
    }
}

static void copy_planes(const Surface *surface, CoderPicture *picture)
{
    const uint8_t *from = surface->bytes + surface->pitch * surface->height;
    bool v_first = surface->format == NV_ENC_BUFFER_FORMAT_YV12;
    for (int i = 0; i < 2; i++) {
        int plane = v_first ? 2 - i : 1 + i;
        copy_plane(picture->planes[plane], picture->strides[plane], from, surface->pitch / 2, half(surface->width),
                   half(surface->height));
        from += surface->pitch / 2 * half(surface->height);
    }
}

bool surface_split(const Surface *surface, CoderPicture *picture)
{
    for (int i = 0; i < 3; i++) {
        picture->strides[i] = sample_size(surface) * (i ? half(surface->width) : surface->width);
        if (!picture->planes[i])
            picture->planes[i] = malloc((size_t)picture->strides[i] * (size_t)surface->height);
        if (!picture->planes[i])
            return false;
    }
    if (surface->format == NV_ENC_BUFFER_FORMAT_YUV420_10BIT) {
        split_10(surface, picture);
        return true;
    }
    copy_plane(picture->planes[0], picture->strides[0], surface->bytes, surface->pitch, surface->width,
               surface->height);
    if (surface->format == NV_ENC_BUFFER_FORMAT_NV12)
        split_chroma_8(surface, picture);
    else
        copy_planes(surface, picture);
    return true;
}

void picture_blank(CoderPicture *picture, int height, int depth)
{
    for (int i = 0; i < 3; i++) {
        int n_bytes = picture->strides[i] * (i ? half(height) : height);
        for (int at = 0; at < n_bytes; at++)
            picture->planes[i][at] = depth == 8 ? 0x80 : at % 2 ? 0x02 : 0;
    }
}
