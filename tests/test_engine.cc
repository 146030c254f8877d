// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <gtest/gtest.h>
#include "engine.h"
#include "profile_maker.h"

static std::string Quality(const char *encoder, const char *quality)
{
    g_auto(GStrv) words = ffarm_engine_quality(encoder, quality);
    g_autofree char *joined = g_strjoinv(" ", words);
    return joined;
}

TEST(EngineOfEncoder, FollowsTheName)
{
    EXPECT_STREQ(ffarm_engine_of_encoder("hevc_nvenc"), "cuda");
    EXPECT_STREQ(ffarm_engine_of_encoder("av1_qsv"), "qsv");
    EXPECT_STREQ(ffarm_engine_of_encoder("h264_vaapi"), "vaapi");
    EXPECT_STREQ(ffarm_engine_of_encoder("hevc_videotoolbox"), "videotoolbox");
    EXPECT_STREQ(ffarm_engine_of_encoder("hevc_amf"), "amf");
    EXPECT_STREQ(ffarm_engine_of_encoder("libx265"), "cpu");
    EXPECT_STREQ(ffarm_engine_of_encoder("copy"), "cpu");
    EXPECT_STREQ(ffarm_engine_of_encoder(nullptr), "cpu");
}

TEST(EngineNames, EndInTheCpu)
{
    const char *const *names = ffarm_engine_names();
    EXPECT_EQ(g_strv_length((char **)names), 6u);
    EXPECT_STREQ(names[5], "cpu");
}

TEST(EngineQuality, AnchorsOfTheNeutralScale)
{
    EXPECT_EQ(Quality("libx265", "high"), "-crf 20");
    EXPECT_EQ(Quality("libx265", "medium"), "-crf 22");
    EXPECT_EQ(Quality("libx265", "low"), "-crf 26");
    EXPECT_EQ(Quality("libx264", "low"), "-crf 24");
    EXPECT_EQ(Quality("libsvtav1", "high"), "-crf 25");
    EXPECT_EQ(Quality("libsvtav1", "medium"), "-crf 30");
    EXPECT_EQ(Quality("libsvtav1", "low"), "-crf 43");
    EXPECT_EQ(Quality("hevc_nvenc", "medium"), "-rc vbr -cq 27 -b:v 0");
    EXPECT_EQ(Quality("hevc_nvenc", "low"), "-rc vbr -cq 31 -b:v 0");
    EXPECT_EQ(Quality("hevc_qsv", "medium"), "-global_quality 25");
    EXPECT_EQ(Quality("hevc_vaapi", "high"), "-rc_mode CQP -qp 23");
    EXPECT_EQ(Quality("hevc_amf", "medium"), "-rc cqp -qp_i 25 -qp_p 27");
    EXPECT_EQ(Quality("hevc_videotoolbox", "high"), "-q:v 65");
    EXPECT_EQ(Quality("hevc_videotoolbox", "medium"), "-q:v 60");
    EXPECT_EQ(Quality("hevc_videotoolbox", "low"), "-q:v 50");
    EXPECT_EQ(Quality("av1_qsv", "24"), "-global_quality 24");
}

TEST(EngineQuality, StaysInRangeAndInOrder)
{
    const char *encoders[] = {"libx264",  "libx265",   "libsvtav1",  "libaom-av1", "hevc_nvenc", "av1_nvenc",
                              "h264_qsv", "av1_vaapi", "h264_vaapi", "hevc_amf",   "av1_amf",    "hevc_videotoolbox"};
    for (const char *encoder : encoders) {
        bool is_reversed = g_str_has_suffix(encoder, "_videotoolbox");
        long before = is_reversed ? 101 : -1;
        for (int quality = 0; quality <= 51; quality++) {
            std::string words = Quality(encoder, std::to_string(quality).c_str());
            long number = strtol(words.c_str() + words.find_first_of("0123456789"), nullptr, 10);
            if (g_str_has_prefix(encoder, "libx")) {
                EXPECT_EQ(number, quality);
            }
            EXPECT_TRUE(is_reversed ? number <= before : number >= before) << encoder << " " << quality;
            EXPECT_LE(number, 255);
            EXPECT_GE(number, g_str_has_prefix(encoder, "libx") ? 0 : 1) << "0 means unset to all others";
            before = number;
        }
    }
}

TEST(EngineQuality, EndsOfTheScaleAreTakenByTheEncoders)
{
    EXPECT_EQ(Quality("h264_amf", "medium"), "-rc cqp -qp_i 25 -qp_p 27 -qp_b 27");
    EXPECT_EQ(Quality("h264_amf", "51"), "-rc cqp -qp_i 51 -qp_p 51 -qp_b 51");
    EXPECT_EQ(Quality("hevc_amf", "47"), "-rc cqp -qp_i 50 -qp_p 51");
    EXPECT_EQ(Quality("av1_amf", "51"), "-rc cqp -qp_i 253 -qp_p 255");
    EXPECT_EQ(Quality("libsvtav1", "0"), "-crf 1");
    EXPECT_EQ(Quality("av1_nvenc", "0"), "-rc vbr -cq 1 -b:v 0");
    EXPECT_EQ(Quality("av1_qsv", "0"), "-global_quality 1");
}

TEST(EngineQuality, SaysNothingWhereItKnowsNothing)
{
    EXPECT_EQ(Quality("copy", "high"), "");
    EXPECT_EQ(Quality(nullptr, "high"), "");
    EXPECT_EQ(Quality("libx265", nullptr), "");
    EXPECT_EQ(Quality("libx265", "best"), "");
    EXPECT_EQ(Quality("libx265", "52"), "");
    EXPECT_EQ(Quality("libx265", "-1"), "");
    EXPECT_EQ(Quality("mpeg4", "high"), "");
}

class EngineChoose : public testing::Test
{
  protected:
    void SetUp() override
    {
        host = ffarm_host_new("home", "box", FFARM_HOST_LOCAL);
        profile = MakeProfile("hevc", "-c:v hevc_qsv");
    }
    void TearDown() override
    {
        ffarm_host_free(host);
        ffarm_profile_free(profile);
    }
    void SetEngines(const char *names)
    {
        g_strfreev(host->engines);
        host->engines = g_strsplit(names, " ", -1);
    }
    FfarmHost *host = nullptr;
    FfarmProfile *profile = nullptr;
};

TEST_F(EngineChoose, TakesWhatTheEncoderNeeds)
{
    EXPECT_STREQ(ffarm_engine_choose(host, profile), "qsv");
    ffarm_profile_add_engine(profile, "cuda");
    EXPECT_STREQ(ffarm_engine_choose(host, profile), "qsv");
}

TEST_F(EngineChoose, TakesTheFirstOfTheHostsEnginesThatTheProfileKnows)
{
    ffarm_profile_add_engine(profile, "cpu");
    ffarm_profile_add_engine(profile, "cuda");
    SetEngines("vaapi cuda cpu");
    EXPECT_STREQ(ffarm_engine_choose(host, profile), "cuda");
    SetEngines("vaapi cpu cuda");
    EXPECT_STREQ(ffarm_engine_choose(host, profile), "cpu");
    SetEngines("vaapi");
    EXPECT_STREQ(ffarm_engine_choose(host, profile), "qsv");
}
