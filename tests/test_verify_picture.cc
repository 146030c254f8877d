// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "error.h"
#include "profile_maker.h"
#include "verify.h"

#include <string>

namespace
{
// A film of one HDR10 picture and its result, the same until a test changes it.
class VerifyPicture : public testing::Test
{
  protected:
    void SetUp() override
    {
        before = Make(&source);
        after = Make(&result);
        plan.choices = g_ptr_array_new_with_free_func(g_free);
        plan.is_mapped = TRUE;
        choice = g_new0(FfarmStreamChoice, 1);
        choice->stream = before;
        g_ptr_array_add(plan.choices, choice);
        promise.streams = &plan;
        promise.muxer = "matroska";
    }
    void TearDown() override
    {
        g_ptr_array_unref(plan.choices);
        ffarm_media_free(source);
        ffarm_media_free(result);
        g_clear_error(&error);
    }
    static FfarmStream *Make(FfarmMedia **media)
    {
        *media = ffarm_media_new("/media/film.mkv");
        FfarmStream *video = AddStream(*media, FFARM_STREAM_VIDEO, "hevc");
        video->width = 1920;
        video->height = 1080;
        video->dovi_profile = video->dovi_compatibility = -1;
        video->hdr = FFARM_HDR_HDR10;
        video->color_primaries = g_strdup("bt2020");
        video->color_transfer = g_strdup("smpte2084");
        video->color_space = g_strdup("bt2020nc");
        video->color_range = g_strdup("tv");
        video->mastering = {TRUE, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329, TRUE, 0.005, 1000};
        video->max_cll = 1000;
        video->max_fall = 400;
        return video;
    }
    static void Set(char **field, const char *text)
    {
        g_free(*field);
        *field = g_strdup(text);
    }
    // "" if it was accepted, else what was said behind the stream's name.
    std::string Judge(FfarmVerifyFlags flags = FFARM_VERIFY_ALL)
    {
        g_clear_error(&error);
        promise.flags = flags;
        FfarmMeasured was = {source, nullptr, nullptr, nullptr}, is = {result, nullptr, nullptr, nullptr};
        if (ffarm_verify_judge(&was, &is, &promise, &error))
            return "";
        EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH));
        const std::string begin = "/media/film.mkv: video stream 0 of the result ", said = error->message;
        EXPECT_EQ(said.substr(0, begin.size()), begin);
        return said.substr(begin.size(), said.find(';') - begin.size());
    }
    // What the plan says of OPTIONS into MUXER: its warnings, or "no: " and why no result could be accepted.
    std::string Foresee(const char *options, const char *muxer = "matroska", FfarmProof proof = {})
    {
        g_autoptr(FfarmProfile) profile = MakeProfile("p", options);
        const bool is_copied = strstr(options, "copy") != nullptr;
        choice->codec = is_copied ? before->codec : nullptr;
        return Foresee(profile, muxer, proof);
    }
    std::string Foresee(const FfarmProfile *profile, const char *muxer = "matroska", FfarmProof proof = {})
    {
        FfarmPromise asked = {&plan, muxer, ffarm_verify_flags(profile, &proof), profile, FALSE};
        g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) refusal = nullptr;
        if (!ffarm_verify_foresee(source, &asked, warnings, &refusal))
            return std::string("no: ") + refusal->message;
        std::string all;
        for (guint i = 0; i < warnings->len; i++)
            all += std::string(i ? "\n" : "") + static_cast<char *>(g_ptr_array_index(warnings, i));
        return all;
    }
    static bool Has(const std::string &text, const char *part)
    {
        return text.find(part) != std::string::npos;
    }
    FfarmMedia *source = nullptr, *result = nullptr;
    FfarmStream *before = nullptr, *after = nullptr;
    FfarmStreamPlan plan = {};
    FfarmStreamChoice *choice = nullptr;
    FfarmPromise promise = {};
    GError *error = nullptr;
};
constexpr FfarmVerifyFlags AnyHdr = static_cast<FfarmVerifyFlags>(FFARM_VERIFY_NO_HDR | FFARM_VERIFY_NO_COLOUR);
} // namespace

TEST_F(VerifyPicture, AcceptsWhatWasKept)
{
    EXPECT_EQ(Judge(), "");
    after->mastering.red_x += 0.0009;
    after->mastering.min_luminance += 0.0001;
    after->mastering.max_luminance += 9;
    EXPECT_EQ(Judge(), "");
}

TEST_F(VerifyPicture, RefusesLostOrChangedHdr10)
{
    after->mastering.red_x += 0.002;
    EXPECT_EQ(Judge(), "has other mastering display primaries than the source");
    EXPECT_EQ(Judge(FFARM_VERIFY_NEW_HDR), "");
    after->mastering = before->mastering;
    after->mastering.max_luminance = 4000;
    EXPECT_EQ(Judge(), "has another mastering display luminance than the source");
    after->mastering = before->mastering;
    after->max_cll = after->max_fall = 0;
    EXPECT_EQ(Judge(), "has content light level 0,0, the source's is 1000,400");
    EXPECT_NE(Judge(FFARM_VERIFY_NEW_HDR), "");
    after->max_cll = 1;
    EXPECT_EQ(Judge(FFARM_VERIFY_NEW_HDR), "");
    after->max_cll = 1000;
    after->max_fall = 400;
    after->mastering = {};
    after->hdr = FFARM_HDR_PQ;
    EXPECT_EQ(Judge(), "has lost its mastering display metadata (HDR10)");
    EXPECT_NE(Judge(FFARM_VERIFY_NEW_HDR), "");
    EXPECT_EQ(Judge(FFARM_VERIFY_NO_HDR), "");
}

TEST_F(VerifyPicture, RefusesLostDynamicMetadata)
{
    before->hdr = FFARM_HDR_HDR10PLUS;
    EXPECT_EQ(Judge(), "has lost its dynamic metadata (HDR10+)");
    EXPECT_EQ(Judge(AnyHdr), "");
    before->hdr = FFARM_HDR_DOLBY_VISION;
    before->dovi_profile = 8;
    EXPECT_EQ(Judge(), "has lost its Dolby Vision (profile 8)");
    // What is encoded anew has no Dolby Vision, though ffmpeg says so.
    after->hdr = FFARM_HDR_DOLBY_VISION;
    EXPECT_EQ(Judge(), "has lost its Dolby Vision (profile 8)");
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-c:v libx265 -dolbyvision 1");
    promise.profile = profile;
    EXPECT_EQ(Judge(), "");
    promise.profile = nullptr;
    choice->codec = "hevc";
    EXPECT_EQ(Judge(), "");
    after->hdr = FFARM_HDR_HDR10;
    EXPECT_EQ(Judge(), "has lost its Dolby Vision (profile 8)");
    EXPECT_EQ(Judge(AnyHdr), "");
}

TEST_F(VerifyPicture, ForeseesWhatMayBecomeOfHdr10)
{
    FfarmProof any = {};
    any.hdr = FFARM_EXPECT_ANY;
    before->bit_depth = 10;
    EXPECT_TRUE(Has(Foresee("-c:v libx265"), "video 0:0 (hevc, und) may lose its HDR10 metadata, and the result is"));
    EXPECT_EQ(Foresee("-c:v libx265", "matroska", any), "");
    EXPECT_EQ(Foresee("-c:v libx265 -x265-params master-display=x:max-cll=1,1"), "");
    EXPECT_EQ(Foresee("-c:v copy"), "");
    EXPECT_EQ(Foresee("-c:v libx264 -vf zscale=t=linear,tonemap=hable"), "");
    EXPECT_EQ(Foresee("-c:v mpeg4", "avi"),
              "video 0:0 (hevc, und) loses its HDR transfer and colour tags: neither mpeg4 nor avi can hold them");
    EXPECT_TRUE(
        Has(Foresee("-c:v libx264 -pix_fmt yuv420p"), "becomes a picture of 8 bits, in which HDR shows banding"));
    EXPECT_FALSE(Has(Foresee("-c:v libx265 -pix_fmt yuv420p10le"), "bits"));
    before->hdr = FFARM_HDR_NONE;
    before->mastering = {};
    before->max_cll = before->max_fall = 0;
    EXPECT_EQ(Foresee("-c:v mpeg4", "avi"), "");
    EXPECT_EQ(Foresee("-c:v libx264 -pix_fmt yuv420p"), "");
}

TEST_F(VerifyPicture, WantsTheDepthOfTheProfile)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-c:v libx265");
    promise.profile = profile;
    profile->codec = g_strdup("hevc");
    Set(&after->pix_fmt, "yuv420p");
    EXPECT_EQ(Judge(), "") << "no depth is named";
    profile->bit_depth = g_strdup("10");
    EXPECT_EQ(Judge(), "has 8 bits, the profile asks for 10");
    Set(&after->pix_fmt, "yuv420p10le");
    EXPECT_EQ(Judge(), "");
    Set(&profile->bit_depth, "8");
    EXPECT_EQ(Judge(), "has 10 bits, the profile asks for 8");
    Set(&profile->bit_depth, "auto");
    EXPECT_EQ(Judge(), "");
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-pix_fmt p010le");
    Set(&after->pix_fmt, "yuv420p");
    EXPECT_EQ(Judge(), "has pixel format yuv420p, the profile asks for p010le");
}

TEST_F(VerifyPicture, ForeseesWhatACodecsFormatCosts)
{
    before->hdr = FFARM_HDR_NONE;
    before->mastering = {};
    before->max_cll = before->max_fall = 0;
    auto foresee = [&](const char *format, const char *bit_depth, const char *words) {
        g_autoptr(FfarmProfile) profile = MakeProfile("p", words);
        profile->codec = g_strdup("hevc");
        profile->bit_depth = g_strdup(bit_depth);
        Set(&before->pix_fmt, format);
        return Foresee(profile);
    };
    EXPECT_EQ(foresee("yuv420p", nullptr, "-c:v libx265 -pix_fmt yuv420p"), "");
    EXPECT_EQ(foresee("yuv420p10le", nullptr, "-c:v libx265 -pix_fmt p010le"), "");
    EXPECT_EQ(foresee("yuv420p12le", nullptr, "-c:v libx265 -pix_fmt yuv420p10le"),
              "video 0:0 (hevc, und) becomes a picture of 10 bits, the source's has 12");
    EXPECT_EQ(foresee("yuv420p10le", "8", "-c:v libx265 -pix_fmt yuv420p"), "");
    EXPECT_EQ(foresee("yuv422p", nullptr, "-c:v libx265 -pix_fmt yuv420p"),
              "video 0:0 (hevc, und) becomes yuv420p, which has less colour than the source's yuv422p");
    EXPECT_EQ(foresee("gray", nullptr, "-c:v libx265 -pix_fmt yuv420p"), "");
    EXPECT_EQ(Foresee("-c:v libx265 -pix_fmt yuv420p"), "") << "was asked for in so many words";
}

TEST_F(VerifyPicture, ForeseesWhatMustBecomeOfDynamicMetadata)
{
    FfarmProof any = {};
    any.hdr = FFARM_EXPECT_ANY;
    before->hdr = FFARM_HDR_HDR10PLUS;
    EXPECT_TRUE(Has(Foresee("-c:v libx264"), "no: /media/film.mkv: video stream 0 of the result has lost its dynamic "
                                             "metadata (HDR10+)"));
    EXPECT_TRUE(Has(Foresee("-c:v libx265"), "may lose its dynamic metadata (HDR10+)"));
    EXPECT_EQ(Foresee("-c:v copy"), "");
    before->hdr = FFARM_HDR_DOLBY_VISION;
    before->dovi_profile = 8;
    EXPECT_TRUE(Has(Foresee("-c:v libx265"),
                    "no: /media/film.mkv: video stream 0 of the result has lost its Dolby Vision "
                    "(profile 8); copy the video"));
    EXPECT_FALSE(Has(Foresee("-c:v libx265 -dolbyvision 1"), "no: "));
    EXPECT_TRUE(Has(Foresee("-c:v libx264 -dolbyvision 1"), "no: "));
    EXPECT_FALSE(Has(Foresee("-c:v libx265", "matroska", any), "no: "));
    EXPECT_EQ(Foresee("-c:v copy"), "");
    EXPECT_TRUE(
        Has(Foresee("-c:v copy", "mp4"), "may lose its Dolby Vision, and the result is refused then: say -strict"));
    EXPECT_EQ(Foresee("-c:v copy -strict unofficial", "mp4"), "");
    EXPECT_TRUE(Has(Foresee("-c:v copy", "avi"), "no: "));
    plan.is_mapped = FALSE; // whose picture it will be is not known
    EXPECT_EQ(Foresee("-map 0:v -c:v libx265"), "");
}

TEST_F(VerifyPicture, ForeseesALostRotation)
{
    before->rotation = 90;
    EXPECT_EQ(Foresee("-c:v copy", "avi"),
              "video 0:0 (hevc, und) is copied, and avi may not hold that it is to be turned by 90 degrees");
    EXPECT_EQ(Foresee("-c:v copy", "mp4"), "");
    before->hdr = FFARM_HDR_NONE;
    before->mastering = {};
    before->max_cll = before->max_fall = 0;
    EXPECT_EQ(Foresee("-c:v libx264", "avi"), "");
}

TEST_F(VerifyPicture, RefusesOtherColours)
{
    const struct {
        char *FfarmStream::*field;
        const char *value, *said;
    } cases[] = {
        {&FfarmStream::color_primaries, "bt709", "has colour primaries bt709, the source's is bt2020"},
        {&FfarmStream::color_primaries, nullptr, "has colour primaries unknown, the source's is bt2020"},
        {&FfarmStream::color_transfer, "bt709", "has colour transfer bt709, the source's is smpte2084"},
        {&FfarmStream::color_space, "bt709", "has colour matrix bt709, the source's is bt2020nc"},
        {&FfarmStream::color_range, "pc", "has colour range pc, the source's is tv"},
        {&FfarmStream::color_range, nullptr, ""},
    };
    for (const auto &item : cases) {
        TearDown();
        SetUp();
        Set(&(after->*item.field), item.value);
        EXPECT_EQ(Judge(), item.said);
        EXPECT_EQ(Judge(AnyHdr), "");
        Set(&(before->*item.field), nullptr); // never said
        EXPECT_EQ(Judge(), "");
    }
}

TEST_F(VerifyPicture, TakesNamesOfTheSameColoursForOne)
{
    before->hdr = after->hdr = FFARM_HDR_NONE;
    for (FfarmStream *stream : {before, after}) {
        Set(&stream->color_primaries, stream == before ? "smpte170m" : "smpte240m");
        Set(&stream->color_transfer, stream == before ? "smpte170m" : "bt709");
        Set(&stream->color_space, stream == before ? "bt470bg" : "smpte170m");
    }
    EXPECT_EQ(Judge(), "");
    Set(&after->color_primaries, "bt470bg"); // PAL's are others
    EXPECT_NE(Judge(), "");
}

TEST_F(VerifyPicture, AsksOnlyWhatCanBeHeld)
{
    Set(&after->codec, "mpeg4");
    Set(&after->color_primaries, nullptr);
    after->mastering = {};
    EXPECT_NE(Judge(), "");
    promise.muxer = "avi";
    EXPECT_EQ(Judge(), "");
    Set(&after->codec, "hevc"); // holds it itself
    EXPECT_NE(Judge(), "");
}

TEST_F(VerifyPicture, WantsToneMappingToShow)
{
    auto flags = static_cast<FfarmVerifyFlags>(AnyHdr | FFARM_VERIFY_TONE_MAPPED);
    EXPECT_EQ(Judge(flags), "is still marked as HDR (smpte2084) though it was tone mapped");
    Set(&after->color_transfer, "bt709");
    EXPECT_EQ(Judge(flags), "");
    Set(&before->color_transfer, "bt709");
    Set(&after->color_transfer, "smpte2084");
    EXPECT_EQ(Judge(flags), "");
}

TEST_F(VerifyPicture, RefusesALostRotation)
{
    before->rotation = 90;
    EXPECT_EQ(Judge(), "is turned by 0 degrees, the source's by 90"); // and its sides are as they were
    std::swap(after->width, after->height);
    EXPECT_EQ(Judge(), ""); // turned upright by ffmpeg
    choice->codec = "hevc";
    promise.muxer = "mp4";
    EXPECT_NE(Judge(), ""); // a copy is not turned
    EXPECT_EQ(Judge(FFARM_VERIFY_NO_ROTATION), "");
    promise.muxer = "avi";
    EXPECT_EQ(Judge(), "");
    promise.muxer = "mp4";
    after->rotation = 90;
    EXPECT_EQ(Judge(), "");
    after->rotation = 270;
    EXPECT_NE(Judge(), "");
}

TEST_F(VerifyPicture, WantsTheShapeThatTheProfileDoesNotChange)
{
    choice->action = FFARM_STREAM_ENCODE;
    FfarmProfile *profile = MakeProfile("p", "-c:v libx265 -crf 20");
    promise.profile = profile;
    after->height = 1088; // whole blocks
    EXPECT_EQ(Judge(), "");
    after->height = 1072;
    EXPECT_EQ(Judge(), "is 1920x1072, the source's is 1920x1080, and the profile does not scale");
    after->width = 640;
    after->height = 360;
    EXPECT_EQ(Judge(), "is 640x360, the source's is 1920x1080, and the profile does not scale");
    after->width = 1920;
    after->height = 1080;
    before->sar_num = 4;
    before->sar_den = 3;
    EXPECT_EQ(Judge(), "is shown as 1.78:1, the source's as 2.37:1");
    after->sar_num = 133;
    after->sar_den = 100;
    EXPECT_EQ(Judge(), "");
    before->rotation = 90;
    EXPECT_NE(Judge(), "");
    std::swap(after->width, after->height);
    after->sar_num = 3;
    after->sar_den = 4;
    EXPECT_EQ(Judge(), "");
    ffarm_profile_free(profile);
    promise.profile = profile = MakeProfile("p", "-c:v hevc_vaapi -vf format=p010,hwupload");
    before->rotation = 0;
    EXPECT_EQ(Judge(), "is 1080x1920, the source's is 1920x1080, and the profile does not scale");
    ffarm_profile_free(profile);
    for (const char *options :
         {"-c:v libx265 -vf scale=-2:720", "-c:v hevc_vaapi -vf format=nv12,hwupload,scale_vaapi=9",
          "-c:v libx265 -filter:v:0 crop=9:9", "-c:v libx265 -s 1x1", "-c:v libx265 -x265-params sar=1"}) {
        SCOPED_TRACE(options);
        promise.profile = profile = MakeProfile("p", options);
        before->rotation = 0;
        EXPECT_EQ(Judge(), "");
        ffarm_profile_free(profile);
    }
    promise.profile = nullptr;
}

// What a recipe did is expected as such, and is no licence to do anything else.
TEST_F(VerifyPicture, FiltersOfARecipeAreNoLicence)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-vf bwdif,crop=2 -c:v libx265");
    profile->codec = g_strdup("hevc");
    profile->laid.graph = g_strdup("bwdif,crop=2");
    profile->laid.crops = profile->laid.deinterlaces = TRUE;
    promise.profile = profile;
    FfarmProof proof = {};
    EXPECT_EQ(ffarm_verify_flags(profile, &proof), FFARM_VERIFY_ALL);
    before->width = 1919;
    after->width = 1918;
    EXPECT_EQ(Judge(), "");
    EXPECT_EQ(Foresee(profile).rfind("no: ", 0), std::string::npos);
    after->is_interlaced = TRUE;
    EXPECT_EQ(Judge(), "is marked as interlaced, though it was to be deinterlaced");
    after->is_interlaced = FALSE;
    after->height = 1088; // as cards do whose blocks are larger than the picture
    EXPECT_EQ(Judge(), "is 1918x1088, the source's is 1919x1080, and the profile does not more than make that even");
    after->height = 1080;
    after->width = 1919;
    EXPECT_NE(Judge(), "");
    // The profile's own part of the graph counts as before.
    profile->laid.own = g_strdup("yadif,scale=640:480");
    EXPECT_EQ(ffarm_verify_flags(profile, &proof), FFARM_VERIFY_NO_FRAMES);
    EXPECT_EQ(Judge(), "");
}

TEST_F(VerifyPicture, AToneMapOfARecipeEndsInBt709)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-vf tonemap -c:v libx265");
    profile->codec = g_strdup("hevc");
    profile->laid.graph = g_strdup("tonemap");
    profile->laid.tone_maps = TRUE;
    promise.profile = profile;
    FfarmProof proof = {};
    FfarmVerifyFlags flags = ffarm_verify_flags(profile, &proof);
    EXPECT_EQ(Judge(flags), "is still marked as HDR (smpte2084) though it was tone mapped");
    Set(&after->color_transfer, "bt709");
    EXPECT_EQ(Judge(flags), "was to be tone mapped to bt709, and is marked as bt2020");
    Set(&after->color_primaries, "bt709");
    Set(&after->color_space, nullptr);
    EXPECT_EQ(Judge(flags), "was to be tone mapped to bt709, and is marked as nothing");
    Set(&after->color_space, "bt709");
    EXPECT_EQ(Judge(flags), "");
    EXPECT_EQ(Foresee(profile).rfind("no: ", 0), std::string::npos);
    profile->laid = {profile->laid.graph, nullptr, nullptr, FALSE, FALSE, FALSE};
    EXPECT_NE(Judge(FFARM_VERIFY_ALL), "") << "without that, HDR is to be kept";
}

// In a device there is no option that names the format, but it is known.
TEST_F(VerifyPicture, AFormatThatNoOptionNames)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-c:v hevc_nvenc");
    profile->codec = g_strdup("hevc");
    profile->laid.pix_fmt = "p010le";
    promise.profile = profile;
    Set(&after->pix_fmt, "yuv420p10le");
    EXPECT_EQ(Judge(), "");
    Set(&after->pix_fmt, "yuv420p");
    EXPECT_EQ(Judge(), "has pixel format yuv420p, the profile asks for p010le");
}
