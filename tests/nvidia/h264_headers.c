/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "h264_headers.h"

#include <string.h>

#define PROFILE_HIGH 100
#define LEVEL_MOST 62
#define FLAT 16

typedef struct {
    uint8_t bytes[H264_MAX_HEADERS / 4];
    unsigned n_bits;
} Bits;

static void put(Bits *bits, unsigned value, int n_bits)
{
    for (int i = n_bits - 1; i >= 0; i--, bits->n_bits++)
        if (value >> i & 1)
            bits->bytes[bits->n_bits / 8] |= (uint8_t)(0x80 >> bits->n_bits % 8);
}

/* As the standard's ue(v). */
static void put_count(Bits *bits, int value)
{
    int n_bits = 0;
    while ((value + 1) >> (n_bits + 1))
        n_bits++;
    put(bits, 0, n_bits);
    put(bits, (unsigned)(value + 1), n_bits + 1);
}

/* se(v) */
static void put_signed(Bits *bits, int value)
{
    put_count(bits, value > 0 ? 2 * value - 1 : -2 * value);
}

static void put_sps(Bits *bits, const CUVIDPICPARAMS *params)
{
    const CUVIDH264PICPARAMS *h264 = &params->CodecSpecific.h264;
    put(bits, 0x67, 8);
    put(bits, PROFILE_HIGH, 8);
    put(bits, 0, 8);
    put(bits, LEVEL_MOST, 8);
    put_count(bits, 0);
    put_count(bits, 1); /* 4:2:0 */
    put_count(bits, 0);
    put_count(bits, 0);
    put(bits, h264->qpprime_y_zero_transform_bypass_flag, 1);
    put(bits, 0, 1);
    put_count(bits, h264->log2_max_frame_num_minus4);
    put_count(bits, h264->pic_order_cnt_type);
    if (h264->pic_order_cnt_type == 0)
        put_count(bits, h264->log2_max_pic_order_cnt_lsb_minus4);
    put_count(bits, h264->num_ref_frames);
    put(bits, 0, 1);
    put_count(bits, params->PicWidthInMbs - 1);
    put_count(bits, params->FrameHeightInMbs - 1);
    put(bits, 1, 1);
    put(bits, (unsigned)h264->direct_8x8_inference_flag, 1);
    put(bits, 0, 2); /* neither cropping nor VUI */
    put(bits, 1, 1);
}

static void put_pps(Bits *bits, const CUVIDH264PICPARAMS *h264)
{
    put(bits, 0x68, 8);
    put_count(bits, 0);
    put_count(bits, 0);
    put(bits, (unsigned)h264->entropy_coding_mode_flag, 1);
    put(bits, (unsigned)h264->pic_order_present_flag, 1);
    put_count(bits, 0);
    put_count(bits, h264->num_ref_idx_l0_active_minus1);
    put_count(bits, h264->num_ref_idx_l1_active_minus1);
    put(bits, (unsigned)h264->weighted_pred_flag, 1);
    put(bits, (unsigned)h264->weighted_bipred_idc, 2);
    put_signed(bits, h264->pic_init_qp_minus26);
    put_signed(bits, 0);
    put_signed(bits, h264->chroma_qp_index_offset);
    put(bits, (unsigned)h264->deblocking_filter_control_present_flag, 1);
    put(bits, (unsigned)h264->constrained_intra_pred_flag, 1);
    put(bits, (unsigned)h264->redundant_pic_cnt_present_flag, 1);
    put(bits, (unsigned)h264->transform_8x8_mode_flag, 1);
    put(bits, 0, 1);
    put_signed(bits, h264->second_chroma_qp_index_offset);
    put(bits, 1, 1);
}

/* With a start code, and with what keeps its bytes from looking like one. */
static size_t add(uint8_t *to, const Bits *bits)
{
    static const uint8_t start[] = {0, 0, 0, 1};
    memcpy(to, start, sizeof start);
    size_t n = sizeof start;
    int zeros = 0;
    for (unsigned i = 0; i < (bits->n_bits + 7) / 8; i++) {
        if (zeros >= 2 && bits->bytes[i] <= 3) {
            to[n++] = 3;
            zeros = 0;
        }
        zeros = bits->bytes[i] ? 0 : zeros + 1;
        to[n++] = bits->bytes[i];
    }
    return n;
}

static bool is_flat(const CUVIDH264PICPARAMS *h264)
{
    const unsigned char *small = &h264->WeightScale4x4[0][0], *large = &h264->WeightScale8x8[0][0];
    for (size_t i = 0; i < sizeof h264->WeightScale4x4; i++)
        if (small[i] != FLAT)
            return false;
    for (size_t i = 0; i < sizeof h264->WeightScale8x8; i++)
        if (large[i] != FLAT)
            return false;
    return true;
}

bool h264_write_headers(const CUVIDPICPARAMS *params, uint8_t bytes[H264_MAX_HEADERS], size_t *n_bytes)
{
    const CUVIDH264PICPARAMS *h264 = &params->CodecSpecific.h264;
    if (!h264->frame_mbs_only_flag || h264->pic_order_cnt_type == 1 || !is_flat(h264))
        return false;
    Bits sps = {0}, pps = {0};
    put_sps(&sps, params);
    put_pps(&pps, h264);
    *n_bytes = add(bytes, &sps);
    *n_bytes += add(bytes + *n_bytes, &pps);
    return true;
}
