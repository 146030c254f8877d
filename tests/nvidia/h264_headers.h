/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/dynlink_nvcuvid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* h264_headers.h — a device gets slices and a struct of what the headers said; a decoder wants the headers. */

#define H264_MAX_HEADERS 256

/* Writes SPS and PPS, each behind a start code. Returns: FALSE for what the stand-in does not do: fields, scaling
 * matrices, order counts of type 1. */
bool h264_write_headers(const CUVIDPICPARAMS *params, uint8_t bytes[H264_MAX_HEADERS], size_t *n_bytes);
