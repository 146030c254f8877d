// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "quality.h"

namespace
{
constexpr gint64 Second = G_USEC_PER_SEC;
} // namespace

TEST(QualitySamples, AreSpreadOverTheFilmAndLieInIt)
{
    for (gint64 duration : {gint64(0), Second / 10, Second, 3 * Second, 9 * Second, 60 * Second, 3 * 3600 * Second}) {
        SCOPED_TRACE(duration);
        gint64 starts[FFARM_QUALITY_SAMPLES], length = 0;
        guint count = ffarm_quality_samples(duration, starts, &length);
        ASSERT_GE(count, 1u);
        ASSERT_LE(count, static_cast<guint>(FFARM_QUALITY_SAMPLES));
        EXPECT_LE(length, 2 * Second);
        for (guint i = 0; i < count; i++) {
            EXPECT_GE(starts[i], i ? starts[i - 1] + length : 0);
            EXPECT_LE(starts[i] + length, duration);
        }
    }
    gint64 starts[FFARM_QUALITY_SAMPLES], length = 0;
    EXPECT_EQ(ffarm_quality_samples(100 * Second, starts, &length), 5u);
    EXPECT_EQ(starts[0], 9 * Second);
    EXPECT_EQ(starts[4], 89 * Second);
}

TEST(QualityParse, FindsTheFigure)
{
    double value = 0;
    EXPECT_TRUE(ffarm_quality_parse("x\n[Parsed_ssim_4 @ 0x5] [info] SSIM Y:0.90 (9.8) U:0.91 (10.1) V:0.92 (10.5) "
                                    "All:0.912345 (10.1)\n",
                                    FALSE, &value));
    EXPECT_DOUBLE_EQ(value, 0.912345);
    EXPECT_TRUE(ffarm_quality_parse("SSIM Y:1.000000 (inf) All:1.000000 (inf)", FALSE, &value));
    EXPECT_DOUBLE_EQ(value, 1);
    EXPECT_TRUE(ffarm_quality_parse("[libvmaf @ 0x5] VMAF score: 93.25\n", TRUE, &value));
    EXPECT_DOUBLE_EQ(value, 93.25);
    EXPECT_TRUE(ffarm_quality_parse("VMAF score = 1.5\nVMAF score = 12.5\n", TRUE, &value));
    EXPECT_DOUBLE_EQ(value, 12.5);
    for (const char *said : {"", "SSIM", "SSIM Y:0.9", "SSIM All:x", "SSIM All:nan (nan)", "VMAF score: 93"})
        EXPECT_FALSE(ffarm_quality_parse(said, FALSE, &value)) << said;
    EXPECT_FALSE(ffarm_quality_parse("SSIM All:0.9 (1)", TRUE, &value));
}
