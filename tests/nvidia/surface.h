/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ffnvcodec/nvEncodeAPI.h>
#include <stdbool.h>

#include "coder.h"

/* surface.h — a picture as it is handed to the encoder: memory of the stand-in, or of its "device". */

typedef struct {
    NV_ENC_BUFFER_FORMAT format; /* NV12, YV12, IYUV or YUV420_10BIT */
    int width, height;
    int pitch; /* bytes; of the chroma planes of YV12 and IYUV it is half of that */
    uint8_t *bytes;
    bool is_ours;
} Surface;

/* Returns: a surface with memory of its own; NULL: no such format, or no memory. */
Surface *surface_new(NV_ENC_BUFFER_FORMAT format, int width, int height);
/* The same around @bytes. */
Surface *surface_wrap(NV_ENC_BUFFER_FORMAT format, int width, int height, int pitch, void *bytes);
void surface_free(Surface *surface);

/* Copies it into three planes, allocated on first use (@picture all zero), to be freed by the caller. */
bool surface_split(const Surface *surface, CoderPicture *picture);
/* Makes it grey. */
void picture_blank(CoderPicture *picture, int height, int depth);
