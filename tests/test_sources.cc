// SPDX-License-Identifier: LGPL-2.1-or-later
// Sources that need something done to them: planned, encoded by the real ffmpeg on the CPU, and proved.
#include <string>
#include <vector>
#include <glib/gstdio.h>
#include "plan_maker.h"
#include "prober.h"
#include "verify_result.h"

namespace
{

const char *const configuration = R"(
profiles:
  hevc: {codec: hevc, speed: fast, extension: .mkv}
  tonemap: {codec: hevc, speed: fast, extension: .mkv, hdr: tonemap}
  ten: {codec: hevc, speed: fast, extension: .mkv, bit_depth: 10, hdr: tonemap}
  alike: {codec: hevc, speed: fast, extension: .mkv, hdr: tonemap, quality: 10, min_ssim: 0.97}
  leave: {codec: copy, extension: .mkv, hdr: skip}
  base: {codec: hevc, speed: fast, extension: .mkv, expect: {hdr: any}}
  own:
    codec: hevc
    speed: fast
    extension: .mkv
    engines:
      cpu: {output_options_video: '-vf scale=iw/2:ih/2'}
)";

class Sources : public PlanTest
{
  protected:
    void SetUp() override
    {
        PlanTest::SetUp();
        Configure(configuration);
        abilities = ffarm_abilities_new();
        abilities->os = FFARM_OS_LINUX;
        abilities->ffmpeg_version = 501; // whatever is here: what it keeps is proved, not believed
    }
    void TearDown() override
    {
        ffarm_choice_free(choice);
        ffarm_media_free(result);
        ffarm_abilities_unref(abilities);
        PlanTest::TearDown();
    }
    void Take(const std::string &name)
    {
        g_autofree char *corpus = media_corpus();
        g_autofree char *target = g_strconcat(corpus, "/good/", name.c_str(), nullptr);
        if (!g_file_test(Path(name).c_str(), G_FILE_TEST_EXISTS)) {
            ASSERT_EQ(symlink(target, Path(name).c_str()), 0);
        }
    }
    void Make(const std::string &name, const std::vector<std::string> &arguments)
    {
        std::vector<const char *> words;
        for (const std::string &argument : arguments)
            words.push_back(argument.c_str());
        words.push_back(nullptr);
        g_free(media_make(folder, name.c_str(), words.data()));
    }
    // "" or why not; the film's own words are in the place of its path.
    std::string Choose(const std::string &name, const char *profile)
    {
        Give(name, nullptr, profile);
        EXPECT_TRUE(Plan());
        g_clear_pointer(&choice, ffarm_choice_free);
        const FfarmConditions conditions = {abilities, nullptr, nullptr};
        g_auto(FfarmRefusal) refusal = {};
        choice = ffarm_plan_choose(plan, Item(0), Host(0), &conditions, &refusal);
        loses_hdr = refusal.loses_hdr;
        return choice ? "" : refusal.reason;
    }
    // Runs what was chosen. "" if the result was accepted.
    std::string Encode()
    {
        g_autofree char *said = nullptr;
        g_autoptr(GError) error = nullptr;
        int status = -1;
        if (!g_spawn_sync(nullptr, choice->argv, nullptr,
                          (GSpawnFlags)(G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL), nullptr, nullptr, nullptr,
                          &said, &status, &error))
            return error->message;
        if (status != 0)
            return said;
        FfarmVerifyParams params = {};
        params.promise.streams = choice->streams;
        params.promise.muxer = choice->muxer;
        params.promise.profile = choice->profile;
        params.promise.flags = ffarm_verify_flags(choice->profile, &choice->profile->proof);
        params.proof = choice->profile->proof;
        params.ffmpeg = "ffmpeg";
        FfarmQuality quality = {};
        g_clear_pointer(&result, ffarm_media_free);
        bool accepted =
            ffarm_verify_result(choice->placement->host_output, Item(0)->media, &params, &quality, nullptr, &error);
        result = ffarm_probe_file(choice->placement->host_output, 0, nullptr, nullptr);
        return accepted ? "" : error->message;
    }
    std::string Options()
    {
        g_autofree char *words = g_strjoinv(" ", choice->argv);
        return words;
    }
    const FfarmStream *Picture()
    {
        return ffarm_media_peek_video(result);
    }
    FfarmAbilities *abilities = nullptr;
    FfarmChoice *choice = nullptr;
    FfarmMedia *result = nullptr;
    bool loses_hdr = false;
};

} // namespace

TEST_F(Sources, OddSidesAreMadeEvenAndNothingElse)
{
    Make("odd.mkv", {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.4", "-vf", "scale=65:63", "-pix_fmt", "yuv420p",
                     "-c:v", "ffv1"});
    EXPECT_EQ(Choose("odd.mkv", "hevc"), "");
    EXPECT_EQ(Encode(), "") << Options();
    EXPECT_EQ(Picture()->width, 64);
    EXPECT_EQ(Picture()->height, 62);
    EXPECT_EQ(Choose("odd.mkv", "own"), "");
    EXPECT_NE(Options().find(" -vf scale=iw/2:ih/2,crop=trunc(iw/2)*2:trunc(ih/2)*2 "), std::string::npos) << Options();
    EXPECT_EQ(Encode(), "");
    EXPECT_EQ(Picture()->width, 32);
    EXPECT_EQ(Picture()->height, 30);
    // A result of other sides than these is no result.
    EXPECT_EQ(Choose("odd.mkv", "hevc"), "");
    for (char **word = choice->argv; *word; word++)
        if (g_str_has_prefix(*word, "crop=")) {
            g_free(*word);
            *word = g_strdup("crop=60:62");
        }
    EXPECT_NE(Encode().find("is 60x62, the source's is 65x63, and the profile does not more than make that even"),
              std::string::npos);
}

TEST_F(Sources, InterlacedOnesBecomeProgressive)
{
    for (const char *name : {"interlaced.mkv", "interlaced.mp4", "interlaced-mpeg2.mpg"}) {
        Take(name);
        EXPECT_EQ(Choose(name, "hevc"), "");
        EXPECT_TRUE(ffarm_media_peek_video(Item(0)->media)->is_interlaced) << name;
        EXPECT_NE(Options().find("-vf bwdif=mode=send_frame"), std::string::npos) << Options();
        EXPECT_EQ(Encode(), "") << Options();
        EXPECT_FALSE(Picture()->is_interlaced) << name;
        ASSERT_EQ(choice->streams->warnings->len, 1u);
        EXPECT_STREQ(static_cast<char *>(choice->streams->warnings->pdata[0]), "the picture is deinterlaced");
    }
    EXPECT_EQ(Choose("interlaced.mkv", "own"), "");
    EXPECT_NE(Options().find("deint=interlaced,scale=iw/2:ih/2 "), std::string::npos) << Options();
    for (int rotation : {90, 180, 270}) {
        const_cast<FfarmStream *>(ffarm_media_peek_video(Item(0)->media))->rotation = rotation;
        g_auto(FfarmRefusal) refusal = {};
        EXPECT_EQ(ffarm_plan_choose(plan, Item(0), Host(0), nullptr, &refusal), nullptr) << rotation;
        EXPECT_STREQ(refusal.reason, "it is interlaced and turned, which can't be undone together");
    }
}

TEST_F(Sources, TurnedOnesComeOutUpright)
{
    for (const char *name : {"rotated-90.mp4", "rotated-180.mp4"}) {
        Take(name);
        EXPECT_EQ(Choose(name, "hevc"), "");
        EXPECT_EQ(Encode(), "") << Options();
        EXPECT_EQ(Picture()->rotation, 0);
    }
}

TEST_F(Sources, ChromaAndDepthAreWhatThePlanSays)
{
    Make("422.mkv", {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.4", "-pix_fmt", "yuv422p10le", "-c:v", "libx264",
                     "-preset", "ultrafast"});
    EXPECT_EQ(Choose("422.mkv", "hevc"), "");
    EXPECT_EQ(choice->streams->warnings->len, 1u) << "less colour";
    EXPECT_EQ(Encode(), "") << Options();
    EXPECT_STREQ(Picture()->pix_fmt, "yuv420p10le");
    Take("h264-444.mp4");
    EXPECT_EQ(Choose("h264-444.mp4", "hevc"), "");
    EXPECT_EQ(Encode(), "") << Options();
    EXPECT_STREQ(Picture()->pix_fmt, "yuv420p");
}

TEST_F(Sources, HdrBecomesSdrWhereThatIsAskedFor)
{
    for (const char *name : {"hdr10.mkv", "hlg.mkv"}) {
        Take(name);
        EXPECT_EQ(Choose(name, "tonemap"), "");
        ASSERT_EQ(choice->streams->warnings->len, 1u);
        EXPECT_STREQ(static_cast<char *>(choice->streams->warnings->pdata[0]), "HDR is mapped to SDR");
        EXPECT_EQ(Encode(), "") << Options();
        EXPECT_EQ(Picture()->hdr, FFARM_HDR_NONE);
        EXPECT_EQ(Picture()->bit_depth, 8);
        EXPECT_STREQ(Picture()->color_transfer, "bt709");
        EXPECT_EQ(Choose(name, "ten"), "");
        EXPECT_EQ(Encode(), "") << Options();
        EXPECT_EQ(Picture()->bit_depth, 10);
        EXPECT_STREQ(Picture()->color_primaries, "bt709");
        EXPECT_STREQ(Picture()->color_space, "bt709");
    }
    // One that is still marked as HDR is no result.
    EXPECT_EQ(Choose("hlg.mkv", "tonemap"), "");
    for (char **word = choice->argv; *word; word++)
        if (g_str_has_prefix(*word, "zscale=")) {
            g_free(*word);
            *word = g_strdup("null");
        } else if (strcmp(*word, "-color_trc") == 0) {
            g_free(word[1]);
            word[1] = g_strdup("arib-std-b67");
        }
    EXPECT_NE(Encode().find("still marked as HDR"), std::string::npos);
}

// The source's picture is brought to where the result's is before they are compared.
TEST_F(Sources, WhatWasDoneToThePictureIsNotHeldAgainstIt)
{
    for (const char *name : {"hdr10.mkv", "interlaced.mkv"}) {
        Take(name);
        EXPECT_EQ(Choose(name, "alike"), "");
        EXPECT_EQ(Encode(), "") << Options();
    }
}

TEST_F(Sources, HdrIsKeptOrLeftAlone)
{
    Take("hdr10.mkv");
    const std::string lost = "libx265 would lose the HDR10 metadata, which it passes on since ffmpeg 7.0: 'expect: "
                             "{hdr: any}' lets that go, 'hdr: tonemap' makes it SDR";
    EXPECT_EQ(Choose("hdr10.mkv", "hevc"), lost);
    EXPECT_TRUE(loses_hdr);
    EXPECT_EQ(Choose("hdr10.mkv", "leave"), "it is HDR (hdr10), and profile 'leave' says hdr: skip");
    EXPECT_EQ(Fate(0), "skip: it is HDR (hdr10), and profile 'leave' says hdr: skip");
    EXPECT_EQ(Choose("hdr10.mkv", "base"), "");
    EXPECT_EQ(Encode(), "");
    abilities->ffmpeg_version = 700;
    EXPECT_EQ(Choose("hdr10.mkv", "hevc"), "");
    EXPECT_EQ(choice->streams->warnings->len, 0u);
    std::string why = Encode();
    EXPECT_TRUE(why.empty() ? Picture()->mastering.has_luminance : why.find("mastering display") != std::string::npos)
        << "the proof believes no version: " << why;
    abilities->ffmpeg_version = 0;
    EXPECT_EQ(Choose("hdr10.mkv", "hevc"), "");
    EXPECT_EQ(choice->streams->warnings->len, 1u) << "may be lost";
    // The plan, when it knows.
    abilities->ffmpeg_version = 501;
    options.learn_data = abilities;
    options.learn = [](const GPtrArray *hosts, GHashTable *found, gpointer data, GError **) -> gboolean {
        g_hash_table_insert(found, hosts->pdata[0], ffarm_abilities_ref(static_cast<FfarmAbilities *>(data)));
        return TRUE;
    };
    Give("hdr10.mkv", nullptr, "hevc");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "skip: " + lost);
}

TEST_F(Sources, DynamicHdrIsNotLostByAccident)
{
    Take("dolby-vision.mp4");
    EXPECT_EQ(Choose("dolby-vision.mp4", "hevc").rfind("encoding it anew would lose its Dolby Vision (profile 8)", 0),
              0u);
    EXPECT_TRUE(loses_hdr);
    EXPECT_EQ(Choose("dolby-vision.mp4", "base"), "");
    EXPECT_EQ(Encode(), "");
    auto *video = const_cast<FfarmStream *>(ffarm_media_peek_video(Item(0)->media));
    video->dovi_profile = 5;
    g_auto(FfarmRefusal) refusal = {};
    EXPECT_EQ(ffarm_plan_choose(plan, Item(0), Host(0), nullptr, &refusal), nullptr);
    EXPECT_NE(strstr(refusal.reason, "profile 5"), nullptr);
    EXPECT_TRUE(refusal.loses_hdr);
    video->hdr = FFARM_HDR_HDR10PLUS;
    g_autoptr(FfarmChoice) base = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    EXPECT_NE(base, nullptr);
    EXPECT_EQ(Choose("dolby-vision.mp4", "leave").rfind("it is HDR", 0), 0u);
}
