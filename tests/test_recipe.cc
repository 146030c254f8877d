// SPDX-License-Identifier: LGPL-2.1-or-later
// What `codec:` means on every engine, as words, and what the real ffmpeg makes of those for the CPU.
#include <string.h>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include <gtest/gtest.h>
#include "command.h"
#include "engine.h"
#include "output_options.h"
#include "profile_maker.h"
#include "profile_options.h"
#include "recipe.h"
#include "scratch.h"

namespace
{

const char *const codecs[] = {"h264", "hevc", "av1"};
const char *const muxers[] = {"matroska", "mp4"};

struct ProfileDeleter {
    void operator()(FfarmProfile *profile) const
    {
        ffarm_profile_free(profile);
    }
};
using Profile = std::unique_ptr<FfarmProfile, ProfileDeleter>;

Profile WithCodec(const char *codec, const char *bit_depth = nullptr, const char *speed = nullptr)
{
    Profile profile(ffarm_profile_new("p"));
    profile->codec = g_strdup(codec);
    profile->bit_depth = g_strdup(bit_depth);
    profile->speed = g_strdup(speed);
    return profile;
}

std::string Joined(char **words)
{
    g_autofree char *text = g_strjoinv(" ", words);
    return text;
}

Profile Fill(const FfarmProfile *profile, const char *engine, int depth = 8, const char *muxer = "matroska")
{
    g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, engine);
    return Profile(ffarm_recipe_fill(merged, engine, depth, muxer));
}

std::string Options(const FfarmProfile *profile, const char *engine, int depth = 8, const char *muxer = "matroska")
{
    g_auto(GStrv) words = ffarm_command_output_options(Fill(profile, engine, depth, muxer).get(), 0);
    return Joined(words);
}

int Count(char **words, const std::vector<std::string> &options)
{
    int count = 0;
    for (; *words; words++)
        count += std::count(options.begin(), options.end(), *words);
    return count;
}

std::string Obstacle(const FfarmProfile *profile, const char *engine, int depth)
{
    g_autofree char *obstacle = ffarm_recipe_obstacle(profile, engine, depth);
    return obstacle ? obstacle : "";
}

} // namespace

TEST(Recipe, EveryEngineCodecDepthAndContainerHasOneKnobItsFormatAndItsTag)
{
    const std::map<std::string, std::string> knob_of = {{"h264_nvenc", "-cq"},
                                                        {"hevc_nvenc", "-cq"},
                                                        {"av1_nvenc", "-cq"},
                                                        {"h264_qsv", "-global_quality"},
                                                        {"hevc_qsv", "-global_quality"},
                                                        {"av1_qsv", "-global_quality"},
                                                        {"h264_vaapi", "-qp"},
                                                        {"hevc_vaapi", "-qp"},
                                                        {"av1_vaapi", "-global_quality"},
                                                        {"h264_videotoolbox", "-q:v"},
                                                        {"hevc_videotoolbox", "-q:v"},
                                                        {"h264_amf", "-qp_i"},
                                                        {"hevc_amf", "-qp_i"},
                                                        {"av1_amf", "-qp_i"},
                                                        {"libx264", "-crf"},
                                                        {"libx265", "-crf"},
                                                        {"libsvtav1", "-crf"}};
    const std::vector<std::string> all_knobs = {"-crf", "-cq", "-qp", "-global_quality", "-q:v", "-qp_i"};
    int possible = 0;
    for (const char *const *engine = ffarm_engine_names(); *engine; engine++)
        for (const char *codec : codecs)
            for (int depth : {8, 10})
                for (const char *muxer : muxers) {
                    Profile profile = WithCodec(codec, depth == 10 ? "10" : "8");
                    if (!Obstacle(profile.get(), *engine, depth).empty())
                        continue;
                    possible++;
                    Profile filled = Fill(profile.get(), *engine, depth, muxer);
                    g_auto(GStrv) words = ffarm_command_output_options(filled.get(), 0);
                    SCOPED_TRACE(std::string(*engine) + " " + muxer + ": " + Joined(words));
                    const char *encoder = ffarm_output_options_encoder(filled.get(), FFARM_STREAM_VIDEO, 0);
                    EXPECT_STREQ(ffarm_engine_of_encoder(encoder), *engine);
                    EXPECT_EQ(Count(words, all_knobs), 1);
                    ASSERT_EQ(knob_of.count(encoder), 1u);
                    EXPECT_EQ(Count(words, {knob_of.at(encoder)}), 1);
                    std::string format = ffarm_output_options_pix_fmt(filled.get());
                    const std::vector<std::string> wanted =
                        depth == 10 ? std::vector<std::string>{"p010le", "p010", "yuv420p10le"}
                                    : std::vector<std::string>{"nv12", "yuv420p"};
                    EXPECT_EQ(std::count(wanted.begin(), wanted.end(), format), 1) << format;
                    EXPECT_EQ(Count(words, {"-pix_fmt"}), strcmp(*engine, "vaapi") == 0 ? 0 : 1);
                    bool is_due = strcmp(codec, "hevc") == 0 && strcmp(muxer, "mp4") == 0;
                    EXPECT_EQ(Joined(words).find("-tag:v hvc1") != std::string::npos, is_due);
                    bool is_main10 = strcmp(codec, "hevc") == 0 && depth == 10 && strcmp(*engine, "cpu") != 0;
                    EXPECT_EQ(Joined(words).find("-profile:v main10") != std::string::npos, is_main10);
                    bool uploads = strcmp(*engine, "vaapi") == 0;
                    EXPECT_EQ(Joined(words).find(",hwupload") != std::string::npos, uploads);
                    EXPECT_EQ(Joined(filled->sections[FFARM_SECTION_INPUT].words),
                              uploads ? "-vaapi_device /dev/dri/renderD128" : "");
                }
    EXPECT_EQ(possible, 2 * (17 + 10)) << "8 bits: all but AV1 of Apple; 10 bits: no H.264 but x264's, and no AMF";
}

TEST(Recipe, SaysWhatAnEngineLacks)
{
    EXPECT_EQ(Obstacle(WithCodec("av1").get(), "videotoolbox", 8), "videotoolbox has no encoder for av1");
    EXPECT_EQ(Obstacle(WithCodec("h264").get(), "cuda", 10), "cuda is not known to encode h264 with 10 bits");
    EXPECT_EQ(Obstacle(WithCodec("hevc").get(), "amf", 10), "amf is not known to encode hevc with 10 bits");
    EXPECT_EQ(Obstacle(WithCodec("hevc").get(), "amf", 8), "");
    EXPECT_EQ(Obstacle(WithCodec("copy").get(), "amf", 10), "");
    // Who names the encoder, or the format, answers for it.
    Profile own = WithCodec("av1");
    FfarmEngineOptions *engine = ffarm_profile_add_engine(own.get(), "videotoolbox");
    SetWords(&engine->sections[FFARM_SECTION_VIDEO], "-c:v av1_videotoolbox");
    EXPECT_EQ(Obstacle(own.get(), "videotoolbox", 8), "");
    Profile format = WithCodec("hevc");
    engine = ffarm_profile_add_engine(format.get(), "amf");
    SetWords(&engine->sections[FFARM_SECTION_VIDEO], "-pix_fmt p010le");
    EXPECT_EQ(Obstacle(format.get(), "amf", 10), "");
}

TEST(Recipe, DepthIsTheSourcesUnlessTheProfileSays)
{
    FfarmStream eight = {}, ten = {}, twelve = {}, hdr = {};
    eight.bit_depth = hdr.bit_depth = 8;
    ten.bit_depth = 10;
    twelve.bit_depth = 12;
    hdr.hdr = FFARM_HDR_HLG;
    for (const char *automatic : {(const char *)nullptr, "auto"}) {
        Profile hevc = WithCodec("hevc", automatic), h264 = WithCodec("h264", automatic);
        EXPECT_EQ(ffarm_recipe_depth(hevc.get(), nullptr), 8);
        EXPECT_EQ(ffarm_recipe_depth(hevc.get(), &eight), 8);
        EXPECT_EQ(ffarm_recipe_depth(hevc.get(), &ten), 10);
        EXPECT_EQ(ffarm_recipe_depth(hevc.get(), &twelve), 10);
        EXPECT_EQ(ffarm_recipe_depth(hevc.get(), &hdr), 10);
        EXPECT_EQ(ffarm_recipe_depth(h264.get(), &ten), 8);
    }
    EXPECT_EQ(ffarm_recipe_depth(WithCodec("hevc", "8").get(), &ten), 8);
    EXPECT_EQ(ffarm_recipe_depth(WithCodec("h264", "10").get(), &eight), 10);
}

TEST(Recipe, WordsOfSomeRows)
{
    EXPECT_EQ(Options(WithCodec("hevc").get(), "cpu"),
              "-c:a copy -c:v libx265 -preset medium -pix_fmt yuv420p -crf 22");
    EXPECT_EQ(Options(WithCodec("hevc", nullptr, "best").get(), "cuda", 10),
              "-c:a copy -c:v hevc_nvenc -preset p7 -tune hq -b_ref_mode 0 -profile:v main10 -pix_fmt p010le -rc vbr "
              "-cq 27 -b:v 0");
    EXPECT_EQ(Options(WithCodec("hevc").get(), "vaapi", 10),
              "-c:a copy -c:v hevc_vaapi -profile:v main10 -vf format=p010,hwupload -rc_mode CQP -qp 25");
    EXPECT_EQ(Options(WithCodec("av1", nullptr, "fast").get(), "cpu"),
              "-c:a copy -c:v libsvtav1 -preset 10 -pix_fmt yuv420p -crf 30");
    EXPECT_EQ(Options(WithCodec("copy").get(), "cpu"), "-c:a copy -c:v copy");
}

TEST(Recipe, SpeedsDifferWhereTheEncoderHasPresets)
{
    for (const char *engine : {"cuda", "qsv", "amf", "cpu"})
        for (const char *codec : codecs) {
            std::string fast = Options(WithCodec(codec, nullptr, "fast").get(), engine),
                        balanced = Options(WithCodec(codec, nullptr, "balanced").get(), engine),
                        best = Options(WithCodec(codec, nullptr, "best").get(), engine);
            EXPECT_NE(fast, balanced) << engine << codec;
            EXPECT_NE(best, balanced) << engine << codec;
            EXPECT_EQ(balanced, Options(WithCodec(codec).get(), engine));
        }
}

TEST(Recipe, OptionsOfAnEngineWinOverTheTable)
{
    Profile profile = WithCodec("hevc");
    profile->quality = g_strdup("high");
    FfarmEngineOptions *cuda = ffarm_profile_add_engine(profile.get(), "cuda");
    SetWords(&cuda->sections[FFARM_SECTION_VIDEO], "-preset p6 -b:v 4M");
    EXPECT_EQ(Options(profile.get(), "cuda"), "-c:a copy -c:v hevc_nvenc -preset p6 -tune hq -b_ref_mode 0 -pix_fmt "
                                              "yuv420p -b:v 4M");
    FfarmEngineOptions *vaapi = ffarm_profile_add_engine(profile.get(), "vaapi");
    SetWords(&vaapi->sections[FFARM_SECTION_INPUT], "-vaapi_device /dev/dri/renderD129");
    SetWords(&vaapi->sections[FFARM_SECTION_VIDEO], "-filter:v format=nv12,hwupload,scale_vaapi=1280:720");
    EXPECT_EQ(Joined(Fill(profile.get(), "vaapi")->sections[FFARM_SECTION_INPUT].words),
              "-vaapi_device /dev/dri/renderD129");
    EXPECT_EQ(Options(profile.get(), "vaapi"),
              "-c:a copy -c:v hevc_vaapi -filter:v format=nv12,hwupload,scale_vaapi=1280:720 -rc_mode CQP -qp 23");
    Profile other = WithCodec("av1", "10");
    FfarmEngineOptions *cpu = ffarm_profile_add_engine(other.get(), "cpu");
    SetWords(&cpu->sections[FFARM_SECTION_VIDEO], "-c:v libaom-av1 -cpu-used 6");
    EXPECT_EQ(Options(other.get(), "cpu", 10),
              "-c:a copy -c:v libaom-av1 -pix_fmt yuv420p10le -cpu-used 6 -crf 30 -b:v 0");
}

TEST(Recipe, SoundIsKeptUnlessTheProfileSpeaksOfIt)
{
    Profile profile = WithCodec("hevc");
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-c:a aac -b:a 128k");
    EXPECT_EQ(Options(profile.get(), "cpu"), "-c:a aac -b:a 128k -c:v libx265 -preset medium -pix_fmt yuv420p -crf 22");
    Profile silent = WithCodec("hevc");
    SetWords(&silent->sections[FFARM_SECTION_OUTPUT], "-an");
    EXPECT_EQ(Options(silent.get(), "cpu"), "-an -c:v libx265 -preset medium -pix_fmt yuv420p -crf 22");
}

TEST(Recipe, LiteralOptionsAreNotTouched)
{
    Profile profile(MakeProfile("p", "-c:v libx265 -crf 20"));
    EXPECT_EQ(Options(profile.get(), "cpu", 10, "mp4"), "-c:v libx265 -crf 20");
}

TEST(Recipe, MixinsReplaceCodecs)
{
    Profile literal(MakeProfile("literal", "-f mp4")), hevc = WithCodec("hevc", "10", "best"), av1 = WithCodec("av1");
    FfarmEngineOptions *cuda = ffarm_profile_add_engine(hevc.get(), "cuda");
    SetWords(&cuda->sections[FFARM_SECTION_VIDEO], "-b:v 4M");
    SetWords(&cuda->sections[FFARM_SECTION_AUDIO], "-c:a ac3");
    SetWords(&literal->sections[FFARM_SECTION_VIDEO], "-c:v libx264");
    auto mix = [](const Profile &base, const Profile &mixin) {
        const FfarmProfile *mixins[] = {mixin.get()};
        return Profile(ffarm_profile_with_mixins(base.get(), mixins, 1));
    };
    Profile a = mix(hevc, av1);
    EXPECT_STREQ(a->codec, "av1");
    EXPECT_STREQ(a->bit_depth, nullptr);
    EXPECT_STREQ(a->speed, nullptr);
    EXPECT_EQ(Options(a.get(), "cuda"),
              "-c:a ac3 -c:v av1_nvenc -preset p5 -tune hq -pix_fmt yuv420p -rc vbr -cq 30 -b:v 0");
    Profile b = mix(hevc, literal);
    EXPECT_EQ(b->codec, nullptr);
    EXPECT_EQ(Options(b.get(), "cpu"), "-c:v libx264");
    Profile c = mix(literal, av1);
    EXPECT_EQ(Options(c.get(), "cpu"), "-f mp4 -c:a copy -c:v libsvtav1 -preset 8 -pix_fmt yuv420p -crf 30");
}

TEST(Recipe, FingerprintsDifferByCodecSpeedAndDepth)
{
    std::vector<std::string> prints;
    auto add = [&](const Profile &profile) {
        g_autofree char *print = ffarm_profile_fingerprint(profile.get(), TRUE);
        prints.push_back(print);
    };
    add(Profile(ffarm_profile_new("none")));
    add(WithCodec("hevc"));
    add(WithCodec("av1"));
    add(WithCodec("hevc", "10"));
    add(WithCodec("hevc", "auto"));
    add(WithCodec("hevc", nullptr, "best"));
    Profile sdr = WithCodec("hevc"), kept = WithCodec("hevc");
    sdr->hdr = g_strdup("tonemap");
    add(sdr);
    kept->hdr = g_strdup("keep");
    g_autofree char *print = ffarm_profile_fingerprint(kept.get(), TRUE);
    EXPECT_EQ(prints[1], print) << "what is done anyway";
    std::sort(prints.begin(), prints.end());
    EXPECT_EQ(std::unique(prints.begin(), prints.end()), prints.end());
}

namespace
{

// The words before and behind -i of HEVC on @engine: "A | B".
std::string Words(const FfarmProfile *profile, FfarmWay way, const FfarmMedia *media)
{
    FfarmTraits traits = ffarm_traits_of(media);
    way.traits = &traits;
    g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, way.engine);
    Profile filled(ffarm_recipe_fill_way(merged, &way, "matroska"));
    g_auto(GStrv) words = ffarm_command_output_options(filled.get(), 0);
    std::string behind = Joined(words);
    const std::string begin = "-c:a copy -c:v ";
    EXPECT_EQ(behind.substr(0, begin.size()), begin);
    return Joined(filled->sections[FFARM_SECTION_INPUT].words) + " | " + behind.substr(begin.size());
}

} // namespace

TEST(Recipe, WaysOfEveryEngine)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("/film.mkv");
    FfarmStream *video = AddStream(media, FFARM_STREAM_VIDEO, "h264");
    video->bit_depth = 8;
    video->width = 1920;
    video->height = 1080;
    Profile profile = WithCodec("hevc");
    const char *const node = "/dev/dri/renderD129";
    const std::string nvenc = "hevc_nvenc -preset p5 -tune hq -b_ref_mode 0 ", knob = "-rc vbr -cq 27 -b:v 0",
                      qsv =
                          "-init_hw_device vaapi=va:/dev/dri/renderD129 -init_hw_device qsv=qs@va -filter_hw_device qs";
    const struct {
        FfarmWay way;
        std::string words;
    } cases[] = {
        {{"cuda", nullptr, "cuda", nullptr, TRUE, FFARM_OS_LINUX, 8, nullptr},
         "-hwaccel cuda -hwaccel_output_format cuda -threads 1 -extra_hw_frames 16 | " + nvenc + knob},
        {{"cuda", "1", "cuda", nullptr, TRUE, FFARM_OS_LINUX, 10, nullptr},
         "-hwaccel cuda -hwaccel_device 1 -hwaccel_output_format cuda -threads 1 -extra_hw_frames 16 | " + nvenc +
             "-profile:v main10 -gpu 1 -vf scale_cuda=format=p010le " + knob},
        {{"cuda", "1", "cuda", nullptr, FALSE, FFARM_OS_LINUX, 10, nullptr},
         "-hwaccel cuda -hwaccel_device 1 | " + nvenc + "-profile:v main10 -gpu 1 -pix_fmt p010le " + knob},
        {{"cuda", "1", nullptr, nullptr, FALSE, FFARM_OS_WINDOWS, 8, nullptr},
         " | " + nvenc + "-gpu 1 -pix_fmt yuv420p " + knob},
        {{"qsv", node, "qsv", nullptr, TRUE, FFARM_OS_LINUX, 8, nullptr},
         qsv + " -hwaccel qsv -hwaccel_output_format qsv -c:0 h264_qsv | hevc_qsv -preset medium -global_quality 25"},
        {{"qsv", node, "qsv", nullptr, FALSE, FFARM_OS_LINUX, 8, nullptr},
         qsv + " -c:0 h264_qsv | hevc_qsv -preset medium -pix_fmt nv12 -global_quality 25"},
        {{"qsv", node, nullptr, nullptr, FALSE, FFARM_OS_LINUX, 10, nullptr},
         qsv + " | hevc_qsv -preset medium -profile:v main10 -pix_fmt p010le -global_quality 25"},
        {{"qsv", nullptr, "qsv", nullptr, TRUE, FFARM_OS_WINDOWS, 8, nullptr},
         "-init_hw_device qsv=qs -filter_hw_device qs -hwaccel qsv -hwaccel_output_format qsv -c:0 h264_qsv | hevc_qsv "
         "-preset medium -global_quality 25"},
        {{"vaapi", node, "vaapi", nullptr, TRUE, FFARM_OS_LINUX, 8, nullptr},
         "-vaapi_device /dev/dri/renderD129 -hwaccel vaapi -hwaccel_output_format vaapi | hevc_vaapi -rc_mode CQP -qp "
         "25"},
        {{"vaapi", node, "vaapi", nullptr, FALSE, FFARM_OS_LINUX, 8, nullptr},
         "-vaapi_device /dev/dri/renderD129 -hwaccel vaapi | hevc_vaapi -vf format=nv12,hwupload -rc_mode CQP -qp 25"},
        {{"videotoolbox", nullptr, "videotoolbox", nullptr, FALSE, FFARM_OS_MACOS, 10, nullptr},
         "-hwaccel videotoolbox | hevc_videotoolbox -profile:v main10 -pix_fmt p010le -q:v 60"},
        {{"amf", nullptr, "amf", nullptr, FALSE, FFARM_OS_WINDOWS, 8, nullptr},
         "-hwaccel d3d11va | hevc_amf -quality balanced -pix_fmt nv12 -rc cqp -qp_i 25 -qp_p 27"},
        {{"cpu", nullptr, "cuda", nullptr, FALSE, FFARM_OS_LINUX, 8, nullptr},
         "-hwaccel cuda | libx265 -preset medium -pix_fmt yuv420p -crf 22"},
        {{"cpu", nullptr, "vaapi", node, FALSE, FFARM_OS_LINUX, 8, nullptr},
         "-vaapi_device /dev/dri/renderD129 -hwaccel vaapi | libx265 -preset medium -pix_fmt yuv420p -crf 22"},
    };
    for (const auto &one : cases)
        EXPECT_EQ(Words(profile.get(), one.way, media), one.words);
}

TEST(Recipe, FiltersAreJoined)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("/film.mkv");
    FfarmStream *video = AddStream(media, FFARM_STREAM_VIDEO, "mpeg2video");
    video->width = 719;
    video->height = 576;
    video->is_interlaced = TRUE;
    const std::string even = "crop=trunc(iw/2)*2:trunc(ih/2)*2", upload = "format=nv12,hwupload",
                      fields = "bwdif=mode=send_frame:parity=auto:deint=interlaced";
    const struct {
        const char *engine, *own;
        std::string graph;
    } cases[] = {
        {"cpu", nullptr, fields + "," + even},
        {"cpu", "-vf hqdn3d", fields + ",hqdn3d," + even},
        {"cpu", "-filter:v yadif", "yadif," + even},
        {"vaapi", nullptr, fields + "," + even + "," + upload},
        {"vaapi", "-vf hqdn3d", fields + ",hqdn3d," + even + "," + upload},
        {"vaapi", "-vf format=nv12,hwupload,scale_vaapi=640:480",
         fields + "," + even + ",format=nv12,hwupload,scale_vaapi=640:480"},
        {"vaapi", "-vf subtitles=/films/my_vt.srt", fields + ",subtitles=/films/my_vt.srt," + even + "," + upload},
        {"cpu", "-vf subtitles=/yadif/film.srt", fields + ",subtitles=/yadif/film.srt," + even},
        {"cpu", "-vf subtitles='a,yadif',hqdn3d", fields + ",subtitles='a,yadif',hqdn3d," + even},
        {"cpu", "-vf [in]scale=2:2[a];[a]bwdif@late=1[out]", "[in]scale=2:2[a];[a]bwdif@late=1[out]," + even},
        {"cuda", "-vf hwupload_cuda,yadif_cuda=0", even + ",hwupload_cuda,yadif_cuda=0"},
        {"cpu", "-filter_complex [0:v]hqdn3d", ""},
    };
    for (const auto &one : cases) {
        Profile profile = WithCodec("hevc");
        if (one.own)
            SetWords(&ffarm_profile_add_engine(profile.get(), one.engine)->sections[FFARM_SECTION_VIDEO], one.own);
        FfarmWay way = {one.engine, nullptr, nullptr, nullptr, FALSE, FFARM_OS_LINUX, 8, nullptr};
        std::string words = Words(profile.get(), way, media);
        std::string wanted = one.graph.empty() ? "libx265" : one.graph;
        EXPECT_NE((words + " ").find(" " + wanted + " "), std::string::npos) << words << "\n" << wanted;
        EXPECT_EQ(words.find("bwdif"), words.rfind("bwdif")) << "once";
    }
}

TEST(ProfileOptions, ListsEveryEngineAndDepth)
{
    g_autoptr(GPtrArray) hevc = ffarm_profile_options_list(WithCodec("hevc").get());
    ASSERT_EQ(hevc->len, 12u);
    auto *first = static_cast<FfarmProfileOptions *>(hevc->pdata[0]);
    EXPECT_STREQ(first->engine, "cuda");
    EXPECT_EQ(first->depth, 8);
    auto *amf = static_cast<FfarmProfileOptions *>(hevc->pdata[9]);
    EXPECT_STREQ(amf->obstacle, "amf is not known to encode hevc with 10 bits");
    EXPECT_EQ(amf->output[0], nullptr);
    g_autoptr(GPtrArray) h264 = ffarm_profile_options_list(WithCodec("h264").get());
    EXPECT_EQ(h264->len, 6u);
    g_autoptr(GPtrArray) copy = ffarm_profile_options_list(WithCodec("copy").get());
    EXPECT_EQ(copy->len, 1u);
    g_autoptr(GPtrArray) av1 = ffarm_profile_options_list(WithCodec("av1", "8").get());
    ASSERT_EQ(av1->len, 6u);
    EXPECT_STREQ(static_cast<FfarmProfileOptions *>(av1->pdata[0])->since, "6.0");
    Profile literal(MakeProfile("p", "-c:v libx265"));
    ffarm_profile_add_engine(literal.get(), "cuda");
    g_autoptr(GPtrArray) ways = ffarm_profile_options_list(literal.get());
    ASSERT_EQ(ways->len, 2u);
    EXPECT_STREQ(static_cast<FfarmProfileOptions *>(ways->pdata[0])->engine, "cpu");
    EXPECT_STREQ(static_cast<FfarmProfileOptions *>(ways->pdata[1])->engine, "cuda");
}

// --- the CPU's rows, in earnest ---

static std::string Spawn(std::vector<std::string> words, int *status)
{
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    g_autofree char *out = nullptr, *err = nullptr;
    g_autoptr(GError) error = nullptr;
    EXPECT_TRUE(
        g_spawn_sync(nullptr, argv.data(), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &out, &err, status, &error))
        << (error ? error->message : "");
    return std::string(out ? out : "") + (err ? err : "");
}

static bool HasEncoder(const char *encoder)
{
    int status = 0;
    return Spawn({"ffmpeg", "-hide_banner", "-encoders"}, &status).find(std::string(" ") + encoder + " ") !=
           std::string::npos;
}

class RecipeInEarnest : public testing::TestWithParam<const char *>
{
};

TEST_P(RecipeInEarnest, FfmpegTakesEveryWordAndMakesWhatIsAsked)
{
    const char *codec = GetParam(), *encoder = ffarm_engine_encoder("cpu", codec)->name;
    if (!HasEncoder(encoder))
        GTEST_SKIP() << "this ffmpeg has no " << encoder;
    char *folder = scratch_new();
    for (int depth : {8, 10})
        for (const char *muxer : muxers) {
            Profile profile = WithCodec(codec, depth == 10 ? "10" : "8", "fast");
            g_auto(GStrv) options = ffarm_command_output_options(Fill(profile.get(), "cpu", depth, muxer).get(), 0);
            std::string file = std::string(folder) + "/x";
            std::vector<std::string> words = {
                "ffmpeg", "-nostdin", "-y", "-v", "warning", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.2"};
            for (char **word = options; *word; word++)
                words.push_back(*word);
            words.insert(words.end(), {"-f", muxer, file});
            int status = 0;
            std::string said = Spawn(words, &status);
            SCOPED_TRACE(Joined(options) + "\n" + said);
            EXPECT_EQ(status, 0);
            EXPECT_EQ(said.find("has not been used for any stream"), std::string::npos);
            std::string got = Spawn({"ffprobe", "-v", "error", "-show_entries",
                                     "stream=codec_name,codec_tag_string,pix_fmt", "-of", "csv=p=0:nk=1", file},
                                    &status);
            std::string format = depth == 10 ? "yuv420p10le" : "yuv420p";
            EXPECT_EQ(got.substr(0, strlen(codec)), codec);
            EXPECT_NE(got.find("," + format + "\n"), std::string::npos) << got;
            bool is_due = strcmp(codec, "hevc") == 0 && strcmp(muxer, "mp4") == 0;
            EXPECT_EQ(got.find("hvc1") != std::string::npos, is_due) << got;
        }
    scratch_free(folder);
}

INSTANTIATE_TEST_SUITE_P(Codecs, RecipeInEarnest, testing::ValuesIn(codecs),
                         [](const auto &info) { return std::string(info.param); });
