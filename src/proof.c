/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proof.h"

static FfarmExpect expect_over(FfarmExpect under, FfarmExpect over)
{
    return over == FFARM_EXPECT_UNSET ? under : over;
}

FfarmProof ffarm_proof_over(const FfarmProof *under, const FfarmProof *over)
{
    return (FfarmProof){
        .level = over->level == FFARM_PROOF_UNSET ? under->level : over->level,
        .min_ssim = over->min_ssim.is_set ? over->min_ssim : under->min_ssim,
        .min_vmaf = over->min_vmaf.is_set ? over->min_vmaf : under->min_vmaf,
        .damaged = over->damaged == FFARM_DAMAGED_UNSET ? under->damaged : over->damaged,
        .frames = expect_over(under->frames, over->frames),
        .duration = expect_over(under->duration, over->duration),
        .hdr = expect_over(under->hdr, over->hdr),
        .metadata = expect_over(under->metadata, over->metadata),
    };
}

FfarmProofLevel ffarm_proof_level(const FfarmProof *proof)
{
    if (proof->min_ssim.is_set || proof->min_vmaf.is_set)
        return FFARM_PROOF_QUALITY;
    return proof->level == FFARM_PROOF_UNSET ? FFARM_PROOF_PACKETS : proof->level;
}
