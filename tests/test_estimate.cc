// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "estimate.h"
#include "forecast.h"
#include "profile_maker.h"
#include "stopwatch.h"

#include <string>
#include <vector>

namespace
{
// A film, a way to encode it and what is known of the host, all by hand.
class Estimate : public testing::Test
{
  protected:
    void SetUp() override
    {
        media = Film(1080, 60000);
        abilities = ffarm_abilities_new();
        profile = MakeProfile("p", "-c:v libx265");
        choice.profile = profile;
        choice.engine = "cpu";
    }
    void TearDown() override
    {
        ffarm_media_free(media);
        ffarm_abilities_unref(abilities);
        ffarm_profile_free(profile);
    }
    static FfarmMedia *Film(int height, gint64 frames)
    {
        FfarmMedia *film = ffarm_media_new("/a.mkv");
        FfarmStream *video = AddStream(film, FFARM_STREAM_VIDEO, "h264");
        video->height = height;
        video->frames = frames;
        return film;
    }
    void Speed(const char *engine, const char *decoder, const char *codec, int height, double fps, guint runs = 3)
    {
        const FfarmSpeed speed = {engine, decoder, codec, height, fps, runs};
        g_ptr_array_add(abilities->speeds, g_memdup2(&speed, sizeof speed));
    }
    std::string Text(const FfarmMedia *film = nullptr)
    {
        FfarmEstimate estimate = ffarm_estimate(film ? film : media, &choice, abilities);
        g_autofree char *text = ffarm_estimate_text(&estimate, "fast");
        return text ? text : "none";
    }

    FfarmMedia *media = nullptr;
    FfarmAbilities *abilities = nullptr;
    FfarmProfile *profile = nullptr;
    FfarmChoice choice = {};
};

std::string Duration(double seconds)
{
    g_autofree char *text = ffarm_estimate_duration_text(seconds);
    return text;
}
} // namespace

TEST_F(Estimate, IsFramesBySpeed)
{
    Speed("cpu", nullptr, "hevc", 1080, 100);
    EXPECT_EQ(Text(), "about 10 min on fast (by 3 encodes like it)");
    EXPECT_DOUBLE_EQ(ffarm_estimate(media, &choice, abilities).seconds, 600);
}

TEST_F(Estimate, KnowsOnlyWhatIsLikeIt)
{
    EXPECT_EQ(Text(), "none");
    Speed("cuda", nullptr, "hevc", 1080, 100);
    Speed("cpu", "cuda", "hevc", 1080, 100);
    Speed("cpu", nullptr, "av1", 1080, 100);
    EXPECT_EQ(Text(), "none");
    choice.decoder = "cuda";
    EXPECT_EQ(Text(), "about 10 min on fast (by 3 encodes like it)");
    EXPECT_DOUBLE_EQ(ffarm_estimate(media, &choice, nullptr).seconds, 0);
}

TEST_F(Estimate, ScalesByPixelsFromTheNearestSize)
{
    Speed("cpu", nullptr, "hevc", 480, 1000, 9);
    Speed("cpu", nullptr, "hevc", 1080, 100, 1);
    FfarmMedia *large = Film(1600, 60000);
    EXPECT_EQ(Text(large), "about 40 min on fast (by 1 encode, estimated from 1080p)");
    ffarm_media_free(large);
}

TEST_F(Estimate, HopesForTheFastestEngine)
{
    Speed("cpu", nullptr, "hevc", 1080, 10);
    Speed("cuda", "cuda", "hevc", 1080, 100);
    Speed("cuda", nullptr, "av1", 1080, 1000);
    double rate = ffarm_estimate_rate(media, &choice, abilities);
    EXPECT_GT(rate, 0);
    EXPECT_DOUBLE_EQ(ffarm_estimate_best_rate(media, &choice, abilities), 10 * rate);
    EXPECT_EQ(ffarm_estimate_best_rate(media, &choice, nullptr), 0);
}

TEST_F(Estimate, TakesFramesFromRateAndDuration)
{
    FfarmMedia *film = Film(1080, 0);
    EXPECT_EQ(ffarm_estimate_frames(film), 0);
    Speed("cpu", nullptr, "hevc", 1080, 100);
    EXPECT_EQ(Text(film), "none");
    film->duration_us = 60 * G_USEC_PER_SEC;
    const_cast<FfarmStream *>(ffarm_media_peek_video(film))->fps = 25;
    EXPECT_DOUBLE_EQ(ffarm_estimate_frames(film), 1500);
    ffarm_media_free(film);
    FfarmMedia *none = ffarm_media_new("/b.mkv");
    EXPECT_EQ(ffarm_estimate_work(none), 0);
    ffarm_media_free(none);
}

TEST_F(Estimate, OfACopyIsNotKnown)
{
    Speed("cpu", nullptr, "copy", 1080, 100);
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], "-c copy");
    EXPECT_EQ(ffarm_estimate_codec(&choice), nullptr);
    EXPECT_EQ(Text(), "none");
    g_free(profile->codec);
    profile->codec = g_strdup("copy");
    EXPECT_EQ(ffarm_estimate_codec(&choice), nullptr);
}

TEST(EstimateDurationText, IsCoarse)
{
    EXPECT_EQ(Duration(0.2), "1 s");
    EXPECT_EQ(Duration(89), "89 s");
    EXPECT_EQ(Duration(91), "2 min");
    EXPECT_EQ(Duration(3601), "1 h 1 min");
    EXPECT_EQ(Duration(7200), "2 h");
    EXPECT_EQ(Duration(3 * 86400 + 7200), "3 days 2 h");
    EXPECT_EQ(Duration(1e300).substr(0, 4), "1157");
}

TEST(Stopwatch, CountsWhatIsBetween)
{
    FfarmStopwatch watch = {};
    FfarmProgress progress = {};
    const gint64 second = G_USEC_PER_SEC;
    EXPECT_EQ(ffarm_stopwatch_fps(&watch), 0);
    progress.frame = 10;
    ffarm_stopwatch_note(&watch, &progress, 100 * second);
    progress.frame = 500;
    ffarm_stopwatch_note(&watch, &progress, 109 * second);
    EXPECT_EQ(ffarm_stopwatch_fps(&watch), 0) << "not at its end yet";
    progress.frame = 510;
    progress.is_end = TRUE;
    ffarm_stopwatch_note(&watch, &progress, 110 * second);
    ffarm_stopwatch_note(&watch, &progress, 200 * second);
    EXPECT_DOUBLE_EQ(ffarm_stopwatch_fps(&watch), 50);
}

TEST(Stopwatch, BelievesNoShortEncode)
{
    const gint64 second = G_USEC_PER_SEC;
    const FfarmStopwatch brief = {second, 0, 5 * second, 1000}, few = {second, 0, 100 * second, 49};
    EXPECT_EQ(ffarm_stopwatch_fps(&brief), 0);
    EXPECT_EQ(ffarm_stopwatch_fps(&few), 0);
    const FfarmStopwatch enough = {second, 0, 6 * second, 50};
    EXPECT_DOUBLE_EQ(ffarm_stopwatch_fps(&enough), 10);
}

namespace
{
// Two hosts of a cluster, one with two slots; ways and estimates by hand.
class Forecast : public testing::Test
{
  protected:
    void SetUp() override
    {
        plan.hosts = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_host_free);
        for (const char *name : {"one", "two"}) {
            FfarmHost *host = ffarm_host_new("home", name, FFARM_HOST_LOCAL);
            ffarm_host_add_queue(host, nullptr, name[0] == 't' ? 2 : 1);
            g_ptr_array_add(plan.hosts, host);
        }
        forecast = ffarm_forecast_new(&plan);
    }
    void TearDown() override
    {
        ffarm_forecast_free(forecast);
        for (FfarmPlanItem *item : items) {
            ffarm_media_free(item->media);
            ffarm_input_free(item->input);
            g_free(item);
        }
        g_ptr_array_unref(plan.hosts);
    }
    // A film that takes so long on each host; 0: it may, but for how long is not known; below: it may not.
    void File(double one_s, double two_s, gint64 frames = 100)
    {
        auto *item = g_new0(FfarmPlanItem, 1);
        item->input = ffarm_input_new("/a.mkv", "home", nullptr, nullptr);
        item->media = ffarm_media_new("/a.mkv");
        AddStream(item->media, FFARM_STREAM_VIDEO, "h264")->frames = frames;
        items.push_back(item);
        const double seconds[] = {one_s, two_s};
        for (guint i = 0; i < 2; i++) {
            FfarmChoice choice = {};
            choice.host = static_cast<const FfarmHost *>(g_ptr_array_index(plan.hosts, i));
            const FfarmEstimate estimate = {seconds[i], 1, 0};
            if (seconds[i] >= 0)
                ffarm_forecast_add(forecast, item, &choice, &estimate);
        }
    }
    double Finish(guint expect_unknown = 0, const char *cluster = "home")
    {
        double seconds = 0;
        guint n_unknown = 99;
        n_files = ffarm_forecast_finish(forecast, cluster, &seconds, &n_unknown);
        EXPECT_EQ(n_unknown, expect_unknown);
        return seconds;
    }

    FfarmPlan plan = {};
    FfarmForecast *forecast = nullptr;
    std::vector<FfarmPlanItem *> items;
    guint n_files = 0;
};
} // namespace

TEST_F(Forecast, UsesAllSlots)
{
    for (int i = 0; i < 3; i++)
        File(10, 20);
    EXPECT_EQ(Finish(), 20);
    File(10, 20);
    EXPECT_EQ(Finish(), 20);
    EXPECT_EQ(n_files, 4u);
    EXPECT_EQ(Finish(0, "away"), 0);
    EXPECT_EQ(n_files, 0u);
}

TEST_F(Forecast, KeepsToTheHostsThatMay)
{
    for (int i = 0; i < 3; i++)
        File(10, -1);
    EXPECT_EQ(Finish(), 30);
}

TEST_F(Forecast, CountsWhatIsNotKnown)
{
    File(10, 20);
    File(0, 0);
    EXPECT_EQ(Finish(1), 0);
    EXPECT_EQ(n_files, 2u);
}

TEST_F(Forecast, GoesByTheKnownHostsWhereSomeAreNot)
{
    File(0, 20);
    EXPECT_EQ(Finish(), 20);
}

TEST_F(Forecast, ReckonsWithTheOrder)
{
    File(10, 15, 100);
    File(10, 15, 100);
    File(100, 1000, 1000);
    EXPECT_EQ(Finish(), 1000);
    plan.order = FFARM_ORDER_LONGEST;
    EXPECT_EQ(Finish(), 100);
    plan.order = FFARM_ORDER_GIVEN;
    plan.sequential = TRUE;
    EXPECT_EQ(Finish(), 120);
}
