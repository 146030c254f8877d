/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* coder.h — the encoders behind the stand-in: x264 and x265, a picture in, its bytes out at once. No B-frames. */

typedef struct {
    int width, height;
    int depth; /* 8 or 10 */
    int fps_num, fps_den;
    int sar_num, sar_den;
    int keyint;  /* frames */
    float crf;   /* of x264 or x265 */
    int bitrate; /* kbit/s; 0: by crf */
    bool repeats_headers;
    /* As the standards number them; 2: not told. */
    int primaries, transfer, matrix;
    bool is_full_range;
} CoderAsk;

/* A picture in three planes; samples of more than 8 bits have two bytes each. */
typedef struct {
    uint8_t *planes[3];
    int strides[3]; /* bytes */
} CoderPicture;

/* What came of a picture. */
typedef struct {
    const uint8_t *bytes; /* until the next call */
    size_t n_bytes;
    bool is_idr;
    bool is_intra;
    int qp;
} CoderOutput;

typedef struct {
    void *(*open)(const CoderAsk *ask); /* NULL: can't */
    bool (*headers)(void *coder, uint8_t *bytes, size_t size, size_t *n_bytes);
    bool (*encode)(void *coder, const CoderPicture *picture, bool needs_idr, CoderOutput *output);
    void (*close)(void *coder);
} Coder;

extern const Coder coder_h264;
extern const Coder coder_hevc; /* 8 and 10 bits */
