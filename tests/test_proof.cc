// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstring>
#include <gtest/gtest.h>
#include "proof.h"
#include "settings.h"

namespace
{
FfarmProof Proof(FfarmProofLevel level, FfarmDamaged damaged, FfarmExpect all)
{
    FfarmProof proof = {};
    proof.level = level;
    proof.damaged = damaged;
    proof.frames = proof.duration = proof.hdr = proof.metadata = all;
    return proof;
}
} // namespace

TEST(ProofOver, ShowsWhatIsBelowOnlyWhereNothingIsSaid)
{
    FfarmProof nothing = {}, below = Proof(FFARM_PROOF_DECODE, FFARM_DAMAGED_ENCODE, FFARM_EXPECT_ANY);
    below.min_ssim = {TRUE, 0.9};
    FfarmProof over = ffarm_proof_over(&below, &nothing);
    EXPECT_EQ(over.level, FFARM_PROOF_DECODE);
    EXPECT_EQ(over.damaged, FFARM_DAMAGED_ENCODE);
    EXPECT_EQ(over.hdr, FFARM_EXPECT_ANY);
    EXPECT_DOUBLE_EQ(over.min_ssim.value, 0.9);
    EXPECT_FALSE(over.min_vmaf.is_set);
    FfarmProof above = Proof(FFARM_PROOF_PACKETS, FFARM_DAMAGED_SKIP, FFARM_EXPECT_SAME);
    above.min_ssim = {TRUE, 0};
    above.min_vmaf = {TRUE, 80};
    over = ffarm_proof_over(&below, &above);
    EXPECT_EQ(over.level, FFARM_PROOF_PACKETS);
    EXPECT_EQ(over.damaged, FFARM_DAMAGED_SKIP);
    for (FfarmExpect expect : {over.frames, over.duration, over.hdr, over.metadata})
        EXPECT_EQ(expect, FFARM_EXPECT_SAME);
    EXPECT_TRUE(over.min_ssim.is_set);
    EXPECT_DOUBLE_EQ(over.min_ssim.value, 0);
    EXPECT_DOUBLE_EQ(over.min_vmaf.value, 80);
}

TEST(ProofLevel, IsQualityWhereThereIsABound)
{
    FfarmProof proof = {};
    EXPECT_EQ(ffarm_proof_level(&proof), FFARM_PROOF_PACKETS);
    proof.level = FFARM_PROOF_DECODE;
    EXPECT_EQ(ffarm_proof_level(&proof), FFARM_PROOF_DECODE);
    proof.min_vmaf = {TRUE, 90};
    EXPECT_EQ(ffarm_proof_level(&proof), FFARM_PROOF_QUALITY);
    proof = {};
    proof.min_ssim = {TRUE, 0};
    EXPECT_EQ(ffarm_proof_level(&proof), FFARM_PROOF_QUALITY);
}

TEST(ProofSettings, AreReadMergedAndInherited)
{
    const char *text = "config: {verify: decode, damaged: encode, expect: {hdr: any}}\n"
                       "profiles:\n"
                       "  base: {verify: quality, min_ssim: 0.97, expect: {frames: any, metadata: same}}\n"
                       "  p: {include: base, min_ssim: 0.5, min_vmaf: 91, damaged: skip, expect: {frames: same}}\n";
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings = ffarm_settings_parse("a.yml", text, strlen(text), TRUE, diagnostics);
    ASSERT_NE(settings, nullptr);
    EXPECT_EQ(settings->proof.level, FFARM_PROOF_DECODE);
    EXPECT_EQ(settings->proof.damaged, FFARM_DAMAGED_ENCODE);
    EXPECT_EQ(settings->proof.hdr, FFARM_EXPECT_ANY);
    EXPECT_EQ(settings->proof.frames, FFARM_EXPECT_UNSET);
    FfarmProof proof = ffarm_settings_profile(settings, "p")->proof;
    EXPECT_EQ(proof.level, FFARM_PROOF_QUALITY);
    EXPECT_DOUBLE_EQ(proof.min_ssim.value, 0.5);
    EXPECT_DOUBLE_EQ(proof.min_vmaf.value, 91);
    EXPECT_EQ(proof.damaged, FFARM_DAMAGED_SKIP);
    EXPECT_EQ(proof.frames, FFARM_EXPECT_SAME);
    EXPECT_EQ(proof.metadata, FFARM_EXPECT_SAME);
    EXPECT_EQ(proof.duration, FFARM_EXPECT_UNSET);
}
