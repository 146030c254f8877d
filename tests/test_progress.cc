// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cmath>
#include <string>
#include <gtest/gtest.h>
#include "progress.h"

static std::string Fixture(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("FFARM_SOURCE_ROOT"), "fixtures", "progress", name, nullptr);
    g_autofree char *text = nullptr;
    g_autoptr(GError) error = nullptr;
    g_file_get_contents(path, &text, nullptr, &error);
    EXPECT_EQ(error, nullptr) << path;
    return text ? text : "";
}

static FfarmProgress ReadAll(const std::string &text, gint64 duration_us, gint64 source_bytes, size_t step = 4096)
{
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(duration_us, source_bytes);
    for (size_t at = 0; at < text.size(); at += step)
        ffarm_progress_reader_feed(reader, text.data() + at, MIN(step, text.size() - at), 1000 + (gint64)at);
    return ffarm_progress_reader_get(reader);
}

TEST(ProgressReader, KnowsNothingAtFirst)
{
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(10, 10);
    FfarmProgress progress = ffarm_progress_reader_get(reader);
    EXPECT_EQ(progress.fraction, 0);
    EXPECT_EQ(progress.eta_us, -1);
    EXPECT_TRUE(std::isnan(progress.saving));
    EXPECT_FALSE(progress.is_end);
}

TEST(ProgressReader, ReadsAnEncodeInPiecesOfAnySize)
{
    std::string text = Fixture("encode.txt");
    for (size_t step : {1, 2, 3, 7, 64, 4096}) {
        FfarmProgress progress = ReadAll(text, 60000000, 3104372, step);
        EXPECT_TRUE(progress.is_end);
        EXPECT_EQ(progress.frame, 1500);
        EXPECT_EQ(progress.out_time_us, 60001000);
        EXPECT_EQ(progress.size_bytes, 1552186);
        EXPECT_EQ(progress.speed, 104);
        EXPECT_EQ(progress.fraction, 1);
        EXPECT_EQ(progress.eta_us, 0);
        EXPECT_NEAR(progress.saving, 50, 1e-9);
    }
}

TEST(ProgressReader, ExtrapolatesInTheMiddle)
{
    std::string text = Fixture("encode.txt");
    text.resize(text.find("progress=continue", text.find("24241000")) + strlen("progress=continue\n"));
    FfarmProgress progress = ReadAll(text, 60000000, 1297700);
    EXPECT_FALSE(progress.is_end);
    EXPECT_NEAR(progress.fraction, 24.241 / 60, 1e-9);
    EXPECT_NEAR((double)progress.eta_us, (60000000 - 24241000) / 79.3, 1);
    EXPECT_NEAR(progress.saving, 100 * (1 - 262144 / (24.241 / 60) / 1297700), 1e-6);
}

TEST(ProgressReader, SaysWhenABlockIsComplete)
{
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(0, 0);
    EXPECT_FALSE(ffarm_progress_reader_feed(reader, "frame=1\nprogress=cont", 21, 1));
    EXPECT_EQ(ffarm_progress_reader_get(reader).frame, 0);
    EXPECT_TRUE(ffarm_progress_reader_feed(reader, "inue\nframe=2\n", 13, 2));
    EXPECT_EQ(ffarm_progress_reader_get(reader).frame, 1);
}

TEST(ProgressReader, UnknownLengthAndSizeStayUnknown)
{
    FfarmProgress progress = ReadAll("out_time_us=5000000\ntotal_size=100\nspeed=1x\nprogress=continue\n", 0, 0);
    EXPECT_EQ(progress.fraction, 0);
    EXPECT_EQ(progress.eta_us, -1);
    EXPECT_TRUE(std::isnan(progress.saving));
    EXPECT_EQ(progress.size_bytes, 100);
}

TEST(ProgressReader, ReadsWhatDifferentJobsSay)
{
    FfarmProgress null = ReadAll(Fixture("null.txt"), 560000, 1000);
    EXPECT_TRUE(null.is_end);
    EXPECT_EQ(null.size_bytes, 0);
    EXPECT_TRUE(std::isnan(null.saving));
    FfarmProgress copy = ReadAll(Fixture("copy.txt"), 540000, 33000);
    EXPECT_EQ(copy.speed, 2270);
    EXPECT_GT(copy.saving, 49);
    FfarmProgress audio = ReadAll(Fixture("audio.txt"), 1300000, 0);
    EXPECT_TRUE(audio.is_end);
    EXPECT_EQ(audio.frame, 0);
    FfarmProgress nothing = ReadAll(Fixture("nothing.txt"), 560000, 1000);
    EXPECT_TRUE(nothing.is_end);
    EXPECT_EQ(nothing.out_time_us, 0);
}

TEST(ProgressReader, KeepsTheLastGoodValue)
{
    std::string good = "frame=5\nfps=25.5\ntotal_size=700\nout_time_us=1000\nspeed=2x\nprogress=continue\n";
    const char *bad[] = {"frame=N/A\nfps=nan\ntotal_size=N/A\nout_time_us=N/A\nout_time_ms=N/A\nspeed=N/A\n",
                         "frame=-1\nfps=-3\ntotal_size=-700\nout_time_us=-9223372036854775807\nspeed=-2x\n",
                         "frame=99999999999999999999\nfps=1e999\ntotal_size=9223372036854775807\nspeed=infx\n",
                         "frame=\nfps=\ntotal_size=\nout_time_us=\nspeed=\n",
                         "frame=5x\nfps=25fps\ntotal_size=1kB\nout_time_us=1s\nspeed=2\n",
                         "frame 6\n=\n==\nspeed\n\n"};
    for (const char *lines : bad) {
        FfarmProgress progress = ReadAll(good + lines + "progress=continue\n", 10000, 7000);
        EXPECT_EQ(progress.frame, 5) << lines;
        EXPECT_EQ(progress.fps, 25.5) << lines;
        EXPECT_EQ(progress.size_bytes, 700) << lines;
        EXPECT_EQ(progress.out_time_us, 1000) << lines;
        EXPECT_EQ(progress.speed, 2) << lines;
    }
}

TEST(ProgressReader, TakesCarriageReturnsAndSpaces)
{
    FfarmProgress progress = ReadAll("frame=  12 \r\nspeed=  1.5x\r\nout_time_ms= 7\r\nprogress=end\r\n", 0, 0);
    EXPECT_EQ(progress.frame, 12);
    EXPECT_EQ(progress.speed, 1.5);
    EXPECT_EQ(progress.out_time_us, 7);
    EXPECT_TRUE(progress.is_end);
}

TEST(ProgressReader, PassesOverLongAndBinaryLines)
{
    std::string longest = "frame=" + std::string(505, '0'); // 511 bytes: still a line
    std::string text = "frame=3\n" + std::string(100000, 'x') + "frame=4\n" + std::string("frame=5\0\n", 9) +
                       "\xff\xfe=7\nprogress=continue\n";
    EXPECT_EQ(ReadAll(text, 0, 0).frame, 3);
    EXPECT_EQ(ReadAll("frame=3\n" + longest + "\nprogress=continue\n", 0, 0).frame, 0);
    EXPECT_EQ(ReadAll("frame=3\n" + longest + "0\nprogress=continue\n", 0, 0).frame, 3);
}

TEST(ProgressReader, TakesNothingHeldBackForASaving)
{
    const auto saving = [](const std::string &out_time, const std::string &size, const char *state) {
        return ReadAll("out_time_us=" + out_time + "\ntotal_size=" + size + "\nprogress=" + state + "\n", 100000000,
                       1000)
            .saving;
    };
    EXPECT_TRUE(std::isnan(saving("5000000", "1", "continue")));
    EXPECT_TRUE(std::isnan(saving("14999999", "1", "continue")));
    EXPECT_NEAR(saving("15000000", "75", "continue"), 50, 1e-9);
    EXPECT_NEAR(saving("5000000", "100", "continue"), -100, 1e-9); // what is written can only become more
    EXPECT_NEAR(saving("5000000", "500", "end"), 50, 1e-9);        // all is written
}

TEST(ProgressReader, NeverSaysMoreThanAll)
{
    FfarmProgress progress =
        ReadAll("out_time_us=20000000\ntotal_size=100\nspeed=1x\nprogress=continue\n", 10000000, 200);
    EXPECT_EQ(progress.fraction, 1);
    EXPECT_EQ(progress.eta_us, 0);
    EXPECT_NEAR(progress.saving, 50, 1e-9);
}

TEST(ProgressReader, MeasuresTheSpeedItselfWhereFfmpegDoesNot)
{
    g_autoptr(FfarmProgressReader) reader = ffarm_progress_reader_new(10000000, 0);
    const char *first = "out_time_us=1000000\nspeed=N/A\nprogress=continue\n";
    const char *second = "out_time_us=3000000\nspeed=N/A\nprogress=continue\n";
    ffarm_progress_reader_feed(reader, first, strlen(first), 5000000);
    EXPECT_EQ(ffarm_progress_reader_get(reader).eta_us, -1);
    ffarm_progress_reader_feed(reader, second, strlen(second), 6000000);
    EXPECT_EQ(ffarm_progress_reader_get(reader).eta_us, 3500000);
}

TEST(ProgressIsHopeless, AsksOnlyOnceEnoughIsDone)
{
    FfarmProgress progress = {};
    progress.fraction = 0.2;
    progress.out_time_us = 10 * G_USEC_PER_SEC;
    progress.saving = 5;
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 20, 50));
    EXPECT_TRUE(ffarm_progress_is_hopeless(&progress, 20, 20));
    EXPECT_TRUE(ffarm_progress_is_hopeless(&progress, 20, 0));
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 20, 100));
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 5, 20));
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 0, 20));
    progress.saving = -30; // grows
    EXPECT_TRUE(ffarm_progress_is_hopeless(&progress, 1, 20));
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 0, 20));
    progress.saving = NAN;
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 20, 20));
}

TEST(ProgressIsHopeless, DoesNotJudgeByAHeader)
{
    FfarmProgress progress = {};
    progress.fraction = 0.5;
    progress.saving = -1000;
    progress.out_time_us = 4999999;
    EXPECT_FALSE(ffarm_progress_is_hopeless(&progress, 20, 10));
    progress.out_time_us = 5000000;
    EXPECT_TRUE(ffarm_progress_is_hopeless(&progress, 20, 10));
    progress.out_time_us = 1000000; // a short clip that is finished has shown its size
    progress.fraction = 1;
    progress.is_end = TRUE;
    EXPECT_TRUE(ffarm_progress_is_hopeless(&progress, 20, 10));
    EXPECT_TRUE(ffarm_progress_is_hopeless(&progress, 20, 100));
}
