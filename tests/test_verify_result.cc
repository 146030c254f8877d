// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "error.h"
#include "media_maker.h"
#include "prober.h"
#include "profile_maker.h"
#include "scratch.h"
#include "verify_result.h"

#include <string>
#include <sys/stat.h>
#include <vector>

namespace
{
using Arguments = std::vector<std::string>;

// A film of four seconds with an English and a German audio stream, and results of it as ffmpeg makes them.
class VerifyResult : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        film = Make("film.mkv", {"-f",
                                 "lavfi",
                                 "-i",
                                 "testsrc=size=64x64:rate=25:duration=4",
                                 "-f",
                                 "lavfi",
                                 "-i",
                                 "sine=duration=4",
                                 "-map",
                                 "0:v",
                                 "-map",
                                 "1:a",
                                 "-map",
                                 "1:a",
                                 "-c:v",
                                 "libx264",
                                 "-preset",
                                 "ultrafast",
                                 "-c:a",
                                 "aac",
                                 "-metadata:s:a:0",
                                 "language=eng",
                                 "-metadata:s:a:1",
                                 "language=ger"});
        source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
        profile = MakeProfile("copy", "-c copy");
    }
    void TearDown() override
    {
        ffarm_media_free(source);
        ffarm_profile_free(profile);
        g_clear_error(&error);
        scratch_free(folder);
    }
    std::string Make(const std::string &name, const Arguments &arguments)
    {
        std::vector<const char *> words;
        for (const std::string &argument : arguments)
            words.push_back(argument.c_str());
        words.push_back(nullptr);
        g_autofree char *path = media_make(folder, name.c_str(), words.data());
        return path;
    }
    std::string Result(const std::string &name, Arguments options)
    {
        Arguments arguments = {"-i", "file:" + film};
        arguments.insert(arguments.end(), options.begin(), options.end());
        return Make(name, arguments);
    }
    bool Verify(const std::string &path, const char *muxer = "matroska")
    {
        g_autoptr(FfarmStreamPlan) streams = ffarm_streams_choose(source, profile, muxer, TRUE);
        FfarmVerifyParams params = {};
        params.promise = {streams, muxer, ffarm_verify_flags(profile, &proof), profile, FALSE};
        params.proof = proof;
        params.ffmpeg = ffmpeg.c_str();
        params.complaint = complaint;
        g_clear_error(&error);
        return ffarm_verify_result(path.c_str(), source, &params, &quality, nullptr, &error) != 0;
    }
    // A result whose picture is whole, whatever becomes of the film.
    void Reencode()
    {
        ffarm_media_free(source);
        source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
        result = Result("result.mp4", {"-c:v", "libx264", "-preset", "ultrafast"});
    }
    void Decoding(const char *options)
    {
        ffarm_profile_free(profile);
        profile = MakeProfile("p", "-c:v libx264");
        profile->sections[FFARM_SECTION_INPUT].is_list = TRUE;
        g_strfreev(profile->sections[FFARM_SECTION_INPUT].words);
        profile->sections[FFARM_SECTION_INPUT].words = g_strsplit(options, " ", -1);
    }
    static void Overwrite(const std::string &path, long offset, int length)
    {
        FILE *file = fopen(path.c_str(), "r+b");
        ASSERT_NE(file, nullptr);
        fseek(file, offset, SEEK_SET);
        for (int i = 0; i < length; i++)
            fputc(1 + i * 37 % 200, file);
        fclose(file);
    }
    std::string Said() const
    {
        return error ? error->message : "accepted";
    }
    void ExpectMismatch(const std::string &path, const char *muxer = "matroska")
    {
        EXPECT_FALSE(Verify(path, muxer));
        EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH)) << Said();
    }

    char *folder = nullptr;
    std::string film, result;
    FfarmMedia *source = nullptr;
    FfarmProfile *profile = nullptr;
    FfarmProof proof = {};
    FfarmQuality quality = {};
    const char *complaint = nullptr;
    std::string ffmpeg = "ffmpeg";
    GError *error = nullptr;
};
} // namespace

TEST_F(VerifyResult, AcceptsAGoodResult)
{
    EXPECT_TRUE(Verify(Result("good.mkv", {"-map", "0", "-c", "copy"}))) << Said();
    EXPECT_TRUE(Verify(Result("good.mp4", {"-map", "0", "-c", "copy"}), "mp4")) << Said();
    EXPECT_TRUE(Verify(Result("fast.mp4", {"-map", "0", "-c", "copy", "-movflags", "+faststart"}), "mp4")) << Said();
    EXPECT_TRUE(Verify(Result("ts.ts", {"-map", "0", "-c", "copy"}), "mpegts")) << Said();
}

// The header still says four seconds.
TEST_F(VerifyResult, RefusesAFileCutOffOnItsWay)
{
    std::string mkv = Result("cut.mkv", {"-map", "0", "-c", "copy"});
    std::string mp4 = Result("cut.mp4", {"-map", "0", "-c", "copy"});
    std::string fast = Result("fast.mp4", {"-map", "0", "-c", "copy", "-movflags", "+faststart"});
    std::string ts = Result("cut.ts", {"-map", "0", "-c", "copy"});
    for (const std::string &path : {mkv, mp4, fast, ts})
        media_cut(path.c_str(), 60);
    ExpectMismatch(mkv);
    ExpectMismatch(mp4, "mp4");
    ExpectMismatch(fast, "mp4");
    ExpectMismatch(ts, "mpegts");
}

TEST_F(VerifyResult, RefusesAnEncodeThatEndedEarly)
{
    ExpectMismatch(Result("short.mkv", {"-map", "0", "-c", "copy", "-t", "3"}));
    EXPECT_NE(Said().find("ends at 3."), std::string::npos) << Said();
}

TEST_F(VerifyResult, RefusesWhatLostAStreamOrALanguage)
{
    ExpectMismatch(Result("one-audio.mkv", {"-map", "0:v", "-map", "0:a:0", "-c", "copy"}));
    ExpectMismatch(Result("swapped.mkv", {"-map", "0:v", "-map", "0:a:1", "-map", "0:a:0", "-c", "copy"}));
    ExpectMismatch(Result("no-language.mkv", {"-map", "0", "-c", "copy", "-metadata:s:a:1", "language="}));
    ExpectMismatch(Result("no-video.mkv", {"-map", "0:a", "-c", "copy"}));
}

TEST_F(VerifyResult, RefusesShortAudioUnderAFullPicture)
{
    ExpectMismatch(Make("short-audio.mkv", {"-i", "file:" + film, "-t", "2", "-i", "file:" + film, "-map", "0:v",
                                            "-map", "1:a", "-c", "copy"}));
    EXPECT_NE(Said().find("audio stream 0"), std::string::npos) << Said();
}

TEST_F(VerifyResult, RefusesSoundWithAHoleOrOutOfTime)
{
    ffarm_profile_free(profile);
    profile = MakeProfile("p", "-c:v copy -c:a ac3");
    EXPECT_TRUE(Verify(Result("good.mkv", {"-map", "0", "-c:v", "copy", "-c:a", "ac3"}))) << Said();
    ExpectMismatch(Result(
        "hole.mkv", {"-map", "0", "-c:v", "copy", "-c:a", "ac3", "-filter:a:0", "aselect='not(between(t,1,3))'"}));
    EXPECT_NE(Said().find("audio stream 0 of the result has gaps of 2."), std::string::npos) << Said();
    ExpectMismatch(Make("late.mkv", {"-i", "file:" + film, "-itsoffset", "1.5", "-t", "2.5", "-i", "file:" + film,
                                     "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "ac3"}));
    EXPECT_NE(Said().find("audio stream 0 of the result begins at 1."), std::string::npos) << Said();
}

// mp4's edit list hides a last packet whose length Matroska does not tell.
TEST_F(VerifyResult, AllowsACopyInMp4ToEndAPacketEarly)
{
    film = Result("alac.mkv", {"-c:v", "copy", "-c:a", "alac"});
    ffarm_media_free(source);
    source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
    EXPECT_TRUE(Verify(Result("alac.mp4", {"-map", "0", "-c", "copy"}), "mp4")) << Said();
}

TEST_F(VerifyResult, RefusesWhatIsNoFilm)
{
    g_autofree char *text = scratch_write(folder, "text.mkv", "not a film", -1);
    g_autofree char *empty = scratch_write(folder, "empty.mkv", "", 0);
    ExpectMismatch(text);
    ExpectMismatch(empty);
    ExpectMismatch(std::string(folder) + "/missing.mkv");
}

// Lines at the same time, in one another, of nothing but markup, and close together at the end.
static const char lines[] = "1\n00:00:00,500 --> 00:00:02,000\nOne\n\n2\n00:00:01,000 --> 00:00:01,500\n<i>Two</i>\n\n"
                            "3\n00:00:01,000 --> 00:00:01,700\nThree\n\n4\n00:00:01,800 --> 00:00:01,900\n{\\an8}\n\n"
                            "5\n00:00:03,000 --> 00:00:03,100\nFour\n\n";
static const char last_line[] = "6\n00:00:03,100 --> 00:00:03,900\nFive\n\n";

TEST_F(VerifyResult, WantsEachLineOfConvertedSubtitles)
{
    g_autofree char *all = scratch_write(folder, "all.srt", (std::string(lines) + last_line).c_str(), -1);
    g_autofree char *most = scratch_write(folder, "most.srt", lines, -1);
    const std::string plain = film;
    const auto with = [&](const std::string &name, const char *subtitle, const char *codec) {
        return Make(name,
                    {"-i", "file:" + plain, "-i", subtitle, "-map", "0", "-map", "1", "-c", "copy", "-c:s", codec});
    };
    const struct {
        const char *from, *encoder, *to, *muxer;
    } cases[] = {{"srt", "ass", "ass.mkv", "matroska"},
                 {"ass", "srt", "srt.mkv", "matroska"},
                 {"srt", "mov_text", "text.mp4", "mp4"},
                 {"ass", "mov_text", "text.mp4", "mp4"}};
    for (const auto &item : cases) {
        SCOPED_TRACE(std::string(item.from) + " to " + item.encoder);
        film = with("lines.mkv", all, item.from);
        ffarm_media_free(source);
        source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
        std::string words = std::string("-c copy -c:s ") + item.encoder;
        ffarm_profile_free(profile);
        profile = MakeProfile("p", words.c_str());
        EXPECT_TRUE(Verify(Result(item.to, {"-map", "0", "-c", "copy", "-c:s", item.encoder}), item.muxer)) << Said();
        ExpectMismatch(with(item.to, most, item.encoder), item.muxer);
        EXPECT_NE(Said().find("lacks the line that comes at 3.10 s"), std::string::npos) << Said();
    }
}

TEST_F(VerifyResult, WantsTheTextOfCopiedSubtitles)
{
    std::string text = std::string(lines) + last_line;
    g_autofree char *good = scratch_write(folder, "good.srt", text.c_str(), -1);
    text.replace(text.find("Three"), 5, "Drei!");
    g_autofree char *bad = scratch_write(folder, "bad.srt", text.c_str(), -1);
    const std::string plain = film;
    const auto with = [&](const std::string &name, const char *subtitle, const char *codec) {
        return Make(name,
                    {"-i", "file:" + plain, "-i", subtitle, "-map", "0", "-map", "1", "-c", "copy", "-c:s", codec});
    };
    const struct {
        const char *film, *codec, *muxer;
    } cases[] = {{"a.mkv", "srt", "matroska"}, {"a.mp4", "mov_text", "mp4"}};
    for (const auto &item : cases) {
        film = with(item.film, good, item.codec);
        ffarm_media_free(source);
        source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
        EXPECT_TRUE(Verify(Result(std::string("good-") + item.film, {"-map", "0", "-c", "copy"}), item.muxer))
            << Said();
        ExpectMismatch(with(std::string("bad-") + item.film, bad, item.codec), item.muxer);
        EXPECT_NE(Said().find("subtitle stream 0 was copied, but holds other bytes"), std::string::npos) << Said();
    }
}

// Real films of the corpus, and results of them that lack one thing each.
TEST_F(VerifyResult, RefusesWhatLostOneThing)
{
    const Arguments all = {"-map", "0", "-c", "copy"};
    const auto with = [&all](Arguments more) {
        more.insert(more.begin(), all.begin(), all.end());
        return more;
    };
    const struct {
        const char *film;
        Arguments good, bad;
        const char *said;
    } cases[] = {
        {"languages.mkv", all, with({"-map", "-0:s:1"}), "the result has 1 subtitle stream, 2 were planned"},
        {"languages.mkv", all, with({"-metadata:s:s:1", "language=eng"}), "is in language eng, the source's is fre"},
        {"languages.mkv", all, with({"-metadata:s:a:0", "title="}), "is titled '', the source's 'Surround'"},
        {"languages.mkv", all, with({"-metadata", "title=Other"}), "the result is titled 'Other', the source"},
        {"languages.mkv", all, with({"-disposition:s:1", "0"}), "subtitle stream 1 of the result is not 'forced'"},
        {"languages.mkv", all, with({"-disposition:a:0", "comment"}), "is not 'default', the source's is"},
        {"fonts.mkv", all, with({"-map", "-0:t:1"}), "the result has 1 attachment stream, 2 were planned"},
        {"fonts.mkv", all, with({"-metadata:s:t:0", "filename=x.ttf"}), "attachment 0 of the result is named x.ttf"},
        {"fonts.mkv", all, with({"-metadata:s:t:1", "mimetype=application/x-font"}), "is of type application/x-font"},
        {"chapters.mkv", all, with({"-map_chapters", "-1"}), "the result has 0 chapters, the source 2"},
        {"hdr10.mkv",
         all,
         {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"},
         "has lost its mastering display metadata (HDR10)"},
        {"bt709-full.mp4",
         all,
         {"-c:v", "libx264", "-preset", "ultrafast", "-vf", "setparams=color_primaries=bt470bg"},
         "has colour primaries bt470bg, the source's is bt709"},
    };
    g_autofree char *corpus = media_corpus();
    for (const auto &item : cases) {
        SCOPED_TRACE(item.said);
        std::string path = std::string(corpus) + "/good/" + item.film;
        ffarm_profile_free(profile);
        profile = MakeProfile("p", item.bad[0] == "-c:v" ? "-x 1" : "-c copy");
        if (film != path) {
            film = path;
            ffarm_media_free(source);
            source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
            EXPECT_TRUE(Verify(Result("good.mkv", item.good))) << Said();
        }
        ExpectMismatch(Result("bad.mkv", item.bad));
        EXPECT_NE(Said().find(item.said), std::string::npos) << Said();
    }
}

TEST_F(VerifyResult, AcceptsHdr10ThatTheEncoderWasToldOf)
{
    g_autofree char *corpus = media_corpus();
    film = std::string(corpus) + "/good/hdr10.mkv";
    ffarm_media_free(source);
    source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
    ffarm_profile_free(profile);
    profile = MakeProfile("p", "-c:v libx265");
    const char *params = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none:max-cll=1000,400:"
                         "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)";
    EXPECT_TRUE(Verify(Result("good.mkv", {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", params})))
        << Said();
}

// All packets are where they should be, and one holds rubbish: copied ones are compared, what is encoded is not.
TEST_F(VerifyResult, FindsRubbishOfAnEncodeOnlyByDecoding)
{
    film = Make("sound.mp4", {"-i", "file:" + film, "-map", "0", "-c", "copy"});
    ffarm_media_free(source);
    source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
    std::string good = Result("good.mp4", {"-map", "0", "-c", "copy"});
    std::string bad = Result("bad.mp4", {"-map", "0", "-c", "copy"});
    Overwrite(bad, 20000, 1000);
    ExpectMismatch(bad, "mp4");
    EXPECT_NE(Said().find("was copied, but holds other bytes than the source's"), std::string::npos) << Said();
    ffarm_profile_free(profile);
    profile = MakeProfile("p", "-x 1");
    EXPECT_TRUE(Verify(bad, "mp4")) << Said();
    proof.level = FFARM_PROOF_DECODE;
    EXPECT_TRUE(Verify(good, "mp4")) << Said();
    ExpectMismatch(bad, "mp4");
    EXPECT_NE(Said().find("can't be decoded without errors"), std::string::npos);
}

TEST_F(VerifyResult, MeasuresThePicture)
{
    ffarm_profile_free(profile);
    profile = MakeProfile("p", "-c:v libx264 -c:a copy");
    proof.level = FFARM_PROOF_QUALITY;
    std::string good = Result("good.mkv", {"-map", "0", "-c:a", "copy", "-c:v", "libx264", "-crf", "10"});
    std::string bad = Result(
        "bad.mkv", {"-map", "0", "-c:a", "copy", "-c:v", "libx264", "-crf", "51", "-vf", "scale=8:8,scale=64:64"});
    EXPECT_TRUE(Verify(good)) << Said();
    EXPECT_GT(quality.ssim, 0.97);
    EXPECT_GE(quality.n_samples, 1u);
    proof.level = FFARM_PROOF_UNSET;
    proof.min_ssim = {TRUE, 0.9};
    ExpectMismatch(bad);
    EXPECT_NE(Said().find(": SSIM of the picture is 0."), std::string::npos) << Said();
    EXPECT_LT(quality.ssim, 0.8);
}

// ffmpeg as it would be with libvmaf: the words are the real filter's, the pictures are compared by SSIM.
TEST_F(VerifyResult, GoesByVmafWhereItIsThere)
{
    const std::string good = Result("good.mkv", {"-map", "0", "-c", "copy"});
    g_autofree char *real = g_find_program_in_path("ffmpeg");
    const auto stand_in = [&](const char *body) {
        const std::string text =
            std::string("#!/bin/bash\nreal=") + real +
            "\ncase $* in\n*-filters*) echo ' ... libvmaf           VV->V      Calculate the VMAF';;\n"
            "*libvmaf*) " +
            body + ";;\n*) exec $real \"$@\";;\nesac\n";
        g_autofree char *path = scratch_write(folder, "ffmpeg", text.c_str(), -1);
        EXPECT_EQ(chmod(path, 0755), 0);
        ffmpeg = path;
    };
    stand_in("$real \"${@//libvmaf/ssim}\" && echo '[Parsed_libvmaf_7 @ 0x5562] VMAF score: 96.250000' >&2");
    proof.level = FFARM_PROOF_QUALITY;
    EXPECT_TRUE(Verify(good)) << Said();
    EXPECT_DOUBLE_EQ(quality.vmaf, 96.25);
    EXPECT_LT(quality.ssim, 0);
    proof.min_vmaf = {TRUE, 97};
    ExpectMismatch(good);
    EXPECT_NE(Said().find("VMAF of the picture is 96.25"), std::string::npos) << Said();

    stand_in("echo 'Error loading model (.pkl): Trouble reading the file' >&2; exit 1");
    EXPECT_FALSE(Verify(good));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE)) << Said();
    EXPECT_NE(Said().find("its model may be missing"), std::string::npos) << Said();
    proof.min_vmaf.is_set = FALSE;
    EXPECT_TRUE(Verify(good)) << Said();
    EXPECT_GT(quality.ssim, 0.9);

    profile->laid.tone_maps = TRUE; // the listing has no zscale
    EXPECT_FALSE(Verify(good));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE)) << Said();
    EXPECT_NE(Said().find(" has no zscale, which tone mapping needs"), std::string::npos) << Said();
}

TEST_F(VerifyResult, DoesNotBelieveComplaintsAboutASoundSource)
{
    std::string good = Result("good.mkv", {"-map", "0", "-c", "copy"});
    proof.damaged = FFARM_DAMAGED_ENCODE;
    EXPECT_TRUE(Verify(good)) << Said();
    complaint = "[error] corrupt decoded frame";
    EXPECT_FALSE(Verify(good));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST)) << Said();
}

TEST_F(VerifyResult, TakesWhatIsLeftOfADamagedSource)
{
    media_cut(film.c_str(), 60);
    ffarm_media_free(source);
    source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
    std::string rest = Result("rest.mkv", {"-map", "0", "-c", "copy"});
    std::string less = Result("less.mkv", {"-map", "0", "-c", "copy", "-t", "0.5"});
    complaint = "[error] File ended prematurely";
    proof.damaged = FFARM_DAMAGED_ENCODE;
    EXPECT_TRUE(Verify(rest)) << Said();
    ExpectMismatch(less);
}

// What is broken in the source's picture is found without ffmpeg's help where hardware decoded it.
TEST_F(VerifyResult, FindsDamageThatHardwareHides)
{
    const std::string sound = film;
    film = Make("film.mp4", {"-i", "file:" + sound, "-map", "0:v", "-c", "copy"});
    Reencode();
    proof.damaged = FFARM_DAMAGED_UNSET;
    for (const char *options : {"-hwaccel cuda", "-c:0 h264_qsv", "-c:v h264_cuvid"}) {
        Decoding(options);
        EXPECT_TRUE(Verify(result, "mp4")) << Said();
    }
    Overwrite(film, 6000, 1500);
    ffarm_media_free(source);
    source = ffarm_probe_file(film.c_str(), 0, nullptr, nullptr);
    for (const char *options : {"-hwaccel cuda", "-c:0 h264_qsv", "-c:v h264_cuvid"}) {
        Decoding(options);
        EXPECT_FALSE(Verify(result, "mp4")) << options;
        EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE)) << Said();
        EXPECT_NE(
            Said().find("the source is damaged, so what hardware made of it does not count: decoded here, its video "
                        "stream 0 has errors: "),
            std::string::npos)
            << Said();
    }
    proof.damaged = FFARM_DAMAGED_ENCODE;
    EXPECT_TRUE(Verify(result, "mp4")) << Said();
    proof.damaged = FFARM_DAMAGED_SKIP;
    Decoding("-c:a aac");
    EXPECT_TRUE(Verify(result, "mp4")) << "ffmpeg itself would have said so: " << Said();
}

TEST_F(VerifyResult, BlamesASourceThatIsGone)
{
    std::string good = Result("good.mkv", {"-map", "0", "-c", "copy"});
    g_autofree char *moved = g_build_filename(folder, "moved", nullptr);
    ASSERT_EQ(rename(film.c_str(), moved), 0);
    EXPECT_FALSE(Verify(good));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE));
}

TEST_F(VerifyResult, EndsWhenItIsCancelled)
{
    std::string good = Result("good.mkv", {"-map", "0", "-c", "copy"});
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    g_autoptr(FfarmStreamPlan) streams = ffarm_streams_choose(source, profile, "matroska", TRUE);
    FfarmVerifyParams params = {};
    params.promise = {streams, "matroska", FFARM_VERIFY_ALL, nullptr, FALSE};
    EXPECT_FALSE(ffarm_verify_result(good.c_str(), source, &params, &quality, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}
