// SPDX-License-Identifier: LGPL-2.1-or-later
// What a host can do, a film and a profile -> the ways of doing it, as words.
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>
#include <gtest/gtest.h>
#include "engine.h"
#include "ladder.h"
#include "profile_maker.h"
#include "recipe.h"

namespace
{

class Ladder : public testing::Test
{
  protected:
    void SetUp() override
    {
        host = ffarm_host_new("home", "box", FFARM_HOST_LOCAL);
        media = ffarm_media_new("/film.mkv");
        video = AddStream(media, FFARM_STREAM_VIDEO, "h264");
        video->profile = g_strdup("High");
        video->pix_fmt = g_strdup("yuv420p");
        video->bit_depth = 8;
        video->width = 1920;
        video->height = 1080;
        profile = ffarm_profile_new("p");
        profile->codec = g_strdup("hevc");
    }
    void TearDown() override
    {
        ffarm_host_free(host);
        ffarm_media_free(media);
        ffarm_profile_free(profile);
        ffarm_abilities_unref(abilities);
    }
    FfarmAbilities *Abilities()
    {
        if (!abilities) {
            abilities = ffarm_abilities_new();
            abilities->os = FFARM_OS_LINUX;
            abilities->encoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
        }
        return abilities;
    }
    void Encodes(const char *engine, const char *device, const char *codec, int depth,
                 FfarmCapabilityClass found = FFARM_CAPABILITY_PROVED, const char *words = nullptr)
    {
        auto *row = g_new0(FfarmCapability, 1);
        row->engine = ffarm_engine_find(engine)->name;
        row->device = g_strdup(device);
        row->codec = codec ? g_intern_string(codec) : nullptr;
        row->depth = depth;
        row->class_ = found;
        row->words = g_strdup(words);
        g_ptr_array_add(Abilities()->encoders, row);
    }
    void Decodes(const char *engine, const char *device, FfarmCapabilityClass found = FFARM_CAPABILITY_PROVED)
    {
        auto *row = g_new0(FfarmDecodeCapability, 1);
        row->engine = ffarm_engine_find(engine)->name;
        row->device = g_strdup(device);
        row->codec = g_strdup(video->codec);
        row->profile = g_strdup(video->profile);
        row->pix_fmt = g_strdup(video->pix_fmt);
        row->class_ = found;
        g_ptr_array_add(Abilities()->decoders, row);
    }
    void Speed(const char *engine, const char *decoder, double fps)
    {
        auto *row = g_new0(FfarmSpeed, 1);
        *row = {ffarm_engine_find(engine)->name,
                decoder ? ffarm_engine_find(decoder)->name : nullptr,
                "hevc",
                ffarm_abilities_height_class(video->height),
                fps,
                1};
        g_ptr_array_add(Abilities()->speeds, row);
    }
    void Engines(const char *names)
    {
        g_strfreev(host->engines);
        host->engines = names ? g_strsplit(names, " ", -1) : nullptr;
    }
    void Film(const char *codec, const char *its_profile, const char *pix_fmt, int depth)
    {
        g_free(video->codec);
        g_free(video->profile);
        g_free(video->pix_fmt);
        video->codec = g_strdup(codec);
        video->profile = g_strdup(its_profile);
        video->pix_fmt = g_strdup(pix_fmt);
        video->bit_depth = depth;
    }
    FfarmLadder *Make()
    {
        traits = ffarm_traits_of(media);
        std::vector<const char *> names;
        for (const std::string &one : full)
            names.push_back(one.c_str());
        names.push_back(nullptr);
        std::vector<const char *> others;
        for (const std::string &one : taken)
            others.push_back(one.c_str());
        others.push_back(nullptr);
        const FfarmLadderParams params = {
            host,    abilities,       names.data(), others.data(),
            profile, &profile->proof, &traits,      ffarm_recipe_depth(profile, traits.video)};
        return ffarm_ladder_new(&params);
    }
    static std::string Rung(const FfarmRung *rung)
    {
        std::string text = rung->engine;
        if (rung->device)
            text += std::string("@") + rung->device;
        if (rung->decoder)
            text += std::string("<") + rung->decoder;
        if (rung->stays)
            text += "=";
        if (rung->wants_proof)
            text += "?";
        return text;
    }
    // "cuda<cuda= cuda<cuda cuda cpu": "<" who decodes, "=" without leaving the device, "?" to be proved; behind "|"
    // who was passed over.
    std::string Chain()
    {
        g_autoptr(FfarmLadder) ladder = Make();
        std::string text;
        for (guint i = 0; i < ladder->rungs->len; i++)
            text += (i ? " " : "") + Rung(static_cast<FfarmRung *>(ladder->rungs->pdata[i]));
        if (ladder->is_busy)
            text += "busy";
        if (ladder->loss)
            text += "hdr";
        return text + (ladder->passed_over ? std::string(" | ") + ladder->passed_over : "");
    }

    FfarmHost *host = nullptr;
    FfarmMedia *media = nullptr;
    FfarmStream *video = nullptr;
    FfarmProfile *profile = nullptr;
    FfarmAbilities *abilities = nullptr;
    FfarmTraits traits = {};
    std::vector<std::string> full, taken;
};

} // namespace

TEST_F(Ladder, NothingKnown)
{
    EXPECT_EQ(Chain(), "cpu");
    Engines("cuda cpu");
    EXPECT_EQ(Chain(), "cuda cpu") << "a list is believed, but nobody is thought to decode";
    Engines("videotoolbox cpu");
    g_free(profile->codec);
    profile->codec = g_strdup("av1");
    EXPECT_EQ(Chain(), "cpu | videotoolbox has no encoder for av1");
    Engines("videotoolbox");
    EXPECT_EQ(Chain(), " | videotoolbox has no encoder for av1");
}

TEST_F(Ladder, WhatWasProvedIsUsedFastestFirst)
{
    Encodes("cuda", nullptr, nullptr, 0, FFARM_CAPABILITY_DRIVER_MISSING, "Cannot load libcuda.so.1");
    Encodes("vaapi", "/dev/dri/renderD129", "hevc", 8);
    EXPECT_EQ(Chain(), "vaapi@/dev/dri/renderD129<vaapi=? vaapi@/dev/dri/renderD129<vaapi? vaapi@/dev/dri/renderD129 "
                       "cpu | cuda: driver missing (Cannot load libcuda.so.1); qsv: was not tried there");
    Decodes("vaapi", "/dev/dri/renderD129");
    EXPECT_EQ(Chain(), "vaapi@/dev/dri/renderD129<vaapi= vaapi@/dev/dri/renderD129<vaapi vaapi@/dev/dri/renderD129 "
                       "cpu | cuda: driver missing (Cannot load libcuda.so.1); qsv: was not tried there");
    Encodes("qsv", "/dev/dri/renderD129", "hevc", 8);
    Decodes("qsv", "/dev/dri/renderD129", FFARM_CAPABILITY_CAP_MISSING);
    Engines("vaapi qsv");
    EXPECT_EQ(Chain(), "vaapi@/dev/dri/renderD129<vaapi= vaapi@/dev/dri/renderD129<vaapi vaapi@/dev/dri/renderD129 "
                       "qsv@/dev/dri/renderD129");
    Engines(nullptr);
    Speed("vaapi", "vaapi", 300);
    Speed("qsv", nullptr, 200);
    Speed("cpu", nullptr, 250);
    std::string chain = Chain();
    EXPECT_EQ(
        chain.find("vaapi@/dev/dri/renderD129<vaapi= vaapi@/dev/dri/renderD129<vaapi vaapi@/dev/dri/renderD129 cpu |"),
        0u)
        << chain;
}

TEST_F(Ladder, WhatTheSourceNeedsTakesTheFramesOutOfTheDevice)
{
    Engines("cuda");
    Encodes("cuda", nullptr, "hevc", 8);
    Encodes("cuda", nullptr, "hevc", 10);
    Decodes("cuda", nullptr);
    const std::string all = "cuda<cuda= cuda<cuda cuda", download = "cuda<cuda cuda";
    EXPECT_EQ(Chain(), all);
    video->is_interlaced = TRUE;
    EXPECT_EQ(Chain(), download);
    video->is_interlaced = FALSE;
    video->rotation = 180;
    EXPECT_EQ(Chain(), download);
    video->rotation = 0;
    video->width = 1919;
    EXPECT_EQ(Chain(), download);
    video->width = 1920;
    profile->bit_depth = g_strdup("10");
    EXPECT_EQ(Chain(), all) << "scale_cuda makes ten bits of eight";
    g_clear_pointer(&profile->bit_depth, g_free);
    FfarmEngineOptions *cuda = ffarm_profile_add_engine(profile, "cuda");
    SetWords(&cuda->sections[FFARM_SECTION_VIDEO], "-vf scale=1280:720");
    EXPECT_EQ(Chain(), download);
    SetWords(&cuda->sections[FFARM_SECTION_VIDEO], "-preset p7");
    SetWords(&cuda->sections[FFARM_SECTION_INPUT], "-hwaccel cuda");
    EXPECT_EQ(Chain(), "cuda") << "who says how to decode is not told otherwise";
}

TEST_F(Ladder, DoubtfulSourcesAreDecodedByTheCpuUnlessProved)
{
    const struct {
        const char *codec, *profile, *pix_fmt;
        int depth;
        const char *chain, *proved;
    } cases[] = {
        {"h264", "High", "yuv420p", 8, "cuda<cuda=? cuda<cuda? cuda", "cuda<cuda= cuda<cuda cuda"},
        {"hevc", "Main 10", "yuv420p10le", 10, "cuda<cuda=? cuda<cuda? cuda", "cuda<cuda= cuda<cuda cuda"},
        {"av1", "Main", "yuv420p", 8, "cuda<cuda=? cuda<cuda? cuda", "cuda<cuda= cuda<cuda cuda"},
        {"h264", "High 10", "yuv420p10le", 10, "cuda", "cuda<cuda= cuda<cuda cuda"},
        {"h264", "High 4:2:2", "yuv422p10le", 10, "cuda", "cuda<cuda cuda"},
        {"h264", "High 4:4:4 Predictive", "yuv420p", 8, "cuda", "cuda<cuda= cuda<cuda cuda"},
        {"hevc", "Rext", "yuv422p10le", 10, "cuda", "cuda<cuda cuda"},
        {"hevc", "Rext", "yuv420p12le", 12, "cuda", "cuda<cuda cuda"},
        {"mpeg4", "Advanced Simple Profile", "yuv420p", 8, "cuda", "cuda<cuda= cuda<cuda cuda"},
        {"ffv1", nullptr, "yuv420p", 8, "cuda", "cuda<cuda= cuda<cuda cuda"},
    };
    Engines("cuda");
    Encodes("cuda", nullptr, "hevc", 8);
    Encodes("cuda", nullptr, "hevc", 10);
    for (const auto &one : cases) {
        Film(one.codec, one.profile, one.pix_fmt, one.depth);
        EXPECT_EQ(Chain(), one.chain) << one.codec << " " << one.pix_fmt;
        Decodes("cuda", nullptr);
        EXPECT_EQ(Chain(), one.proved) << one.codec << " " << one.pix_fmt;
        g_ptr_array_set_size(abilities->decoders, 0);
        Decodes("cuda", nullptr, FFARM_CAPABILITY_CAP_MISSING);
        EXPECT_EQ(Chain(), "cuda");
        g_ptr_array_set_size(abilities->decoders, 0);
    }
}

TEST_F(Ladder, ACardWithoutEncoderRelievesTheCpu)
{
    Encodes("cuda", nullptr, "hevc", 8, FFARM_CAPABILITY_NO_ENCODER, "OpenEncodeSessionEx failed: unsupported device");
    const std::string why = " | cuda: no encoder in the device (OpenEncodeSessionEx failed: unsupported device); qsv: "
                            "was not tried there; vaapi: was not tried there; videotoolbox: was not tried there; amf: "
                            "was not tried there";
    EXPECT_EQ(Chain(), "cpu<cuda? cpu" + why);
    Decodes("cuda", nullptr);
    EXPECT_EQ(Chain(), "cpu<cuda cpu" + why);
    video->height = 576;
    EXPECT_EQ(Chain(), "cpu" + why);
    Speed("cpu", nullptr, 40);
    Speed("cpu", "cuda", 50);
    EXPECT_EQ(Chain(), "cpu<cuda cpu" + why);
    g_ptr_array_set_size(abilities->speeds, 0);
    video->height = 1080;
    Speed("cpu", nullptr, 50);
    EXPECT_EQ(Chain(), "cpu<cuda cpu" + why) << "not measured yet";
    Speed("cpu", "cuda", 40);
    EXPECT_EQ(Chain(), "cpu" + why);
}

TEST_F(Ladder, SizesThatAnEncoderDoesNotTake)
{
    Engines("cuda cpu");
    Encodes("cuda", nullptr, "hevc", 8);
    Encodes("cuda", nullptr, "h264", 8);
    video->width = 120;
    video->height = 90;
    EXPECT_EQ(Chain(), "cpu | cuda: hevc_nvenc takes no picture of less than 130x48, and this is 120x90");
    g_free(profile->codec);
    profile->codec = g_strdup("h264");
    video->width = 5120;
    video->height = 2160;
    EXPECT_EQ(Chain(), "cpu | cuda: h264_nvenc takes no picture of more than 4096x4096, and this is 5120x2160");
}

TEST_F(Ladder, VersionsOfFfmpeg)
{
    Engines("cuda cpu");
    g_free(profile->codec);
    profile->codec = g_strdup("av1");
    Encodes("cpu", nullptr, "h264", 8);
    abilities->ffmpeg_version = 501;
    EXPECT_EQ(Chain(), "cpu | cuda: av1_nvenc needs ffmpeg 6.0, there it is 5.1");
    abilities->ffmpeg_version = 600;
    EXPECT_EQ(Chain(), "cuda<cuda=? cuda<cuda? cuda cpu");
    abilities->ffmpeg_version = 0;
    EXPECT_EQ(Chain(), "cuda<cuda=? cuda<cuda? cuda cpu");
}

TEST_F(Ladder, TroubleOfTheMoment)
{
    Encodes("cuda", nullptr, "hevc", 8, FFARM_CAPABILITY_IN_USE, "out of memory (10)");
    EXPECT_EQ(Chain().substr(0, 32), "cuda<cuda=? cuda<cuda? cuda cpu");
    g_ptr_array_set_size(abilities->encoders, 0);
    Encodes("cuda", nullptr, "hevc", 8, FFARM_CAPABILITY_TOO_SLOW, "no end");
    EXPECT_EQ(Chain().substr(0, 29), "cpu | cuda: too slow (no end)");
    Engines("cuda");
    EXPECT_EQ(Chain(), "cuda<cuda=? cuda<cuda? cuda");
    g_ptr_array_set_size(abilities->encoders, 0);
    Encodes("cuda", nullptr, "hevc", 8, FFARM_CAPABILITY_BROKEN, "CUDA_ERROR_UNKNOWN");
    EXPECT_EQ(Chain(), " | cuda: driver fails (CUDA_ERROR_UNKNOWN)");
}

TEST_F(Ladder, FullDevicesAreLeftForOthersOfTheSameEngine)
{
    Engines("cuda vaapi cpu");
    Encodes("cuda", nullptr, "hevc", 8);
    Encodes("vaapi", "/dev/dri/renderD128", "hevc", 8);
    Film("ffv1", nullptr, "yuv420p", 8);
    full = {"cuda"};
    EXPECT_EQ(Chain(), "busy | cuda: is full; vaapi: is not among the host's devices; cpu: is not among the host's "
                       "devices")
        << "never to the CPU because hardware is full";
    ffarm_host_add_device(host, "cuda", nullptr, 1);
    ffarm_host_add_device(host, "cuda", "1", 1);
    EXPECT_EQ(Chain(), "cuda@1 vaapi@/dev/dri/renderD128 cpu");
    full = {"cuda", "cuda:1"};
    EXPECT_EQ(Chain().substr(0, 4), "busy");
    ffarm_host_add_device(host, "vaapi", "/dev/dri/renderD128", 1);
    EXPECT_EQ(Chain(), "vaapi@/dev/dri/renderD128 | cuda: is full");
    full.push_back("vaapi:/dev/dri/renderD128");
    EXPECT_EQ(Chain().substr(0, 4), "busy");
    ffarm_host_add_device(host, "cpu", nullptr, 1);
    EXPECT_EQ(Chain(), "cpu | cuda: is full; vaapi: is full");
    full.push_back("cpu");
    EXPECT_EQ(Chain(), "busy | cuda: is full; vaapi: is full; cpu: is full");
}

TEST_F(Ladder, WhatOthersHaveForLongIsWaitedForWhereNothingElseIsLeft)
{
    Engines("cuda cpu");
    Encodes("cuda", nullptr, "hevc", 8);
    Film("ffv1", nullptr, "yuv420p", 8);
    full = taken = {"cuda"};
    EXPECT_EQ(Chain(), "cpu | cuda: has been in use by others for some minutes");
    Engines("cuda");
    EXPECT_EQ(Chain(), "busy | cuda: has been in use by others for some minutes");
    full = {};
    EXPECT_EQ(Chain(), "cuda") << "it is tried again";
    // One that is only full with ours is worth waiting for.
    Engines("cuda cpu");
    ffarm_host_add_device(host, "cuda", nullptr, 1);
    ffarm_host_add_device(host, "cuda", "1", 1);
    full = {"cuda", "cuda:1"};
    EXPECT_EQ(Chain().substr(0, 4), "busy");
}

TEST_F(Ladder, ProvedDevicesShareTheLoad)
{
    Engines("vaapi");
    Film("ffv1", nullptr, "yuv420p", 8);
    Encodes("vaapi", "/dev/dri/renderD128", "hevc", 8, FFARM_CAPABILITY_CAP_MISSING, "no");
    Encodes("vaapi", "/dev/dri/renderD129", "hevc", 8);
    Encodes("vaapi", "/dev/dri/renderD130", "hevc", 8);
    EXPECT_EQ(Chain(), "vaapi@/dev/dri/renderD129");
    full = {"vaapi:/dev/dri/renderD129"};
    EXPECT_EQ(Chain(), "vaapi@/dev/dri/renderD130");
}

TEST_F(Ladder, HdrIsNotLost)
{
    Film("hevc", "Main 10", "yuv420p10le", 10);
    video->hdr = FFARM_HDR_HDR10;
    video->mastering.has_luminance = TRUE;
    Engines("cuda videotoolbox cpu");
    Encodes("cuda", nullptr, "hevc", 10);
    Encodes("videotoolbox", nullptr, "hevc", 10);
    abilities->ffmpeg_version = 700;
    EXPECT_EQ(Chain(), "cpu | cuda: hevc_nvenc would lose the HDR10 metadata, which it passes on since ffmpeg 7.1; "
                       "videotoolbox: hevc_videotoolbox would lose the HDR10 metadata");
    abilities->ffmpeg_version = 701;
    EXPECT_EQ(Chain(), "cuda<cuda=? cuda<cuda? cuda cpu") << "Apple's would lose it, so it is no way out either";
    abilities->ffmpeg_version = 501;
    EXPECT_EQ(Chain().substr(0, 6), "hdr | ");
    abilities->ffmpeg_version = 0;
    EXPECT_EQ(Chain(), "cuda<cuda=? cuda<cuda? cuda cpu") << "the proof of the result will tell";
    video->hdr = FFARM_HDR_HLG;
    video->mastering.has_luminance = FALSE;
    abilities->ffmpeg_version = 501;
    EXPECT_EQ(Chain(), "cuda<cuda=? cuda<cuda? cuda videotoolbox cpu");
    profile->bit_depth = g_strdup("8");
    EXPECT_EQ(Chain().substr(0, 6), "hdr | ");
    profile->hdr = g_strdup("tonemap");
    EXPECT_EQ(Chain(), "cuda<cuda? cuda videotoolbox cpu") << "the CPU maps tones";
}

// Every engine list, state of the encoders, of the decoder, and film: the ladder ends, has no rung twice, ends in the
// CPU where that may be used, never decodes where that was found not to work, and every engine before the first has a
// reason.
TEST_F(Ladder, HoldsForEveryMixture)
{
    const char *const lists[] = {
        nullptr, "cuda", "cuda cpu", "vaapi cuda cpu", "cpu cuda", "qsv vaapi", "amf videotoolbox cpu"};
    const FfarmCapabilityClass states[] = {FFARM_CAPABILITY_PROVED, FFARM_CAPABILITY_IN_USE, FFARM_CAPABILITY_BROKEN,
                                           FFARM_CAPABILITY_NO_ENCODER};
    const struct {
        const char *codec, *profile, *pix_fmt;
        int depth;
    } films[] = {
        {"h264", "High", "yuv420p", 8}, {"hevc", "Main 10", "yuv420p10le", 10}, {"mpeg4", nullptr, "yuv420p", 8}};
    int ladders = 0;
    for (const char *list : lists)
        for (FfarmCapabilityClass state : states)
            for (FfarmCapabilityClass decoder : states)
                for (const auto &film : films)
                    for (int busy = 0; busy < 2; busy++)
                        for (int turned = 0; turned < 2; turned++) {
                            g_clear_pointer(&abilities, ffarm_abilities_unref);
                            Engines(list);
                            Film(film.codec, film.profile, film.pix_fmt, film.depth);
                            video->rotation = turned ? 90 : 0;
                            full = busy ? std::vector<std::string>{"cuda", "vaapi:/dev/dri/renderD128"}
                                        : std::vector<std::string>{};
                            Encodes("cuda", nullptr, "hevc", film.depth, state, "words");
                            Encodes("vaapi", "/dev/dri/renderD128", "hevc", film.depth, state, "words");
                            Decodes("cuda", nullptr, decoder);
                            g_autoptr(FfarmLadder) ladder = Make();
                            SCOPED_TRACE(Chain());
                            std::set<std::string> seen;
                            for (guint i = 0; i < ladder->rungs->len; i++) {
                                auto *rung = static_cast<FfarmRung *>(ladder->rungs->pdata[i]);
                                EXPECT_TRUE(seen.insert(Rung(rung)).second) << "twice";
                                EXPECT_TRUE(!rung->stays || rung->decoder == rung->engine);
                                EXPECT_FALSE(rung->stays && turned);
                                if (g_strcmp0(rung->decoder, "cuda") == 0) {
                                    EXPECT_LE(ffarm_capability_verdict(decoder), FFARM_CAPABILITY_BUSY);
                                }
                                if (i == 0 && busy) {
                                    EXPECT_STRNE(rung->engine, "cuda");
                                }
                            }
                            if (ladder->rungs->len == 0) {
                                EXPECT_NE(ladder->passed_over, nullptr);
                            } else {
                                auto *first = static_cast<FfarmRung *>(ladder->rungs->pdata[0]);
                                g_auto(GStrv) names =
                                    list ? g_strsplit(list, " ", -1) : g_strdupv((char **)ffarm_engine_names());
                                for (char **name = names; *name && strcmp(*name, first->engine) != 0; name++)
                                    EXPECT_NE(strstr(ladder->passed_over, *name), nullptr) << *name;
                            }
                            ladders++;
                        }
    EXPECT_EQ(ladders, 7 * 4 * 4 * 3 * 2 * 2);
}

TEST_F(Ladder, FilmsThatAreTreatedAlikeHaveOneKey)
{
    auto key = [&] {
        g_autoptr(GString) text = g_string_new(nullptr);
        ffarm_traits_append_key(text, media);
        return std::string(text->str);
    };
    std::set<std::string> keys = {key()};
    video->width = 1918;
    EXPECT_EQ(keys.count(key()), 1u) << "no encoder tells these sizes apart";
    auto is_new = [&](const char *what) { EXPECT_TRUE(keys.insert(key()).second) << what; };
    video->width = 1919;
    is_new("odd");
    video->width = 100;
    is_new("small");
    video->width = 5000;
    is_new("large");
    video->width = 1920;
    video->height = 576;
    is_new("lines, for speeds");
    video->height = 1080;
    video->is_interlaced = TRUE;
    is_new("interlaced");
    video->rotation = 90;
    is_new("turned");
    video->hdr = FFARM_HDR_PQ;
    is_new("HDR");
    video->max_cll = 1000;
    is_new("with metadata");
    Film("h264", "High 10", "yuv420p10le", 10);
    is_new("another profile");
    Film("h264", "High 10", "yuv422p10le", 10);
    is_new("another format");
}
