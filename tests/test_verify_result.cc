// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "error.h"
#include "media_maker.h"
#include "prober.h"
#include "profile_maker.h"
#include "scratch.h"
#include "verify.h"

#include <string>
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
        FfarmPromise promise = {streams, muxer, FFARM_VERIFY_ALL};
        g_clear_error(&error);
        return ffarm_verify_result(path.c_str(), source, &promise, nullptr, &error) != 0;
    }
    void ExpectMismatch(const std::string &path, const char *muxer = "matroska")
    {
        EXPECT_FALSE(Verify(path, muxer));
        EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH))
            << (error ? error->message : "accepted");
    }

    char *folder = nullptr;
    std::string film;
    FfarmMedia *source = nullptr;
    FfarmProfile *profile = nullptr;
    GError *error = nullptr;
};
} // namespace

TEST_F(VerifyResult, AcceptsAGoodResult)
{
    EXPECT_TRUE(Verify(Result("good.mkv", {"-map", "0", "-c", "copy"}))) << error->message;
    EXPECT_TRUE(Verify(Result("good.mp4", {"-map", "0", "-c", "copy"}), "mp4")) << error->message;
    EXPECT_TRUE(Verify(Result("fast.mp4", {"-map", "0", "-c", "copy", "-movflags", "+faststart"}), "mp4"))
        << error->message;
    EXPECT_TRUE(Verify(Result("ts.ts", {"-map", "0", "-c", "copy"}), "mpegts")) << error->message;
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
    EXPECT_NE(std::string(error->message).find("ends at 3."), std::string::npos) << error->message;
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
    EXPECT_NE(std::string(error->message).find("audio stream 0"), std::string::npos) << error->message;
}

TEST_F(VerifyResult, RefusesWhatIsNoFilm)
{
    g_autofree char *text = scratch_write(folder, "text.mkv", "not a film", -1);
    g_autofree char *empty = scratch_write(folder, "empty.mkv", "", 0);
    ExpectMismatch(text);
    ExpectMismatch(empty);
    ExpectMismatch(std::string(folder) + "/missing.mkv");
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
    FfarmPromise promise = {streams, "matroska", FFARM_VERIFY_ALL};
    EXPECT_FALSE(ffarm_verify_result(good.c_str(), source, &promise, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}
