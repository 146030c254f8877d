// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <vector>
#include "cadence.h"

namespace
{

// Times of @count frames in ticks, shuffled as B-frames are.
bool Varies(guint count, const std::function<double(guint)> &time)
{
    std::vector<gint64> times;
    for (guint i = 0; i < count; i++)
        times.push_back(std::lround(time(i)));
    std::shuffle(times.begin(), times.end(), std::mt19937(1));
    return cadence_is_variable(times.data(), count);
}

} // namespace

TEST(CadenceIsVariable, NotByRounding)
{
    for (double rate : {23.976, 24.0, 25.0, 29.97, 50.0, 59.94, 119.88, 240.0}) {
        EXPECT_FALSE(Varies(120, [=](guint i) { return i * 1000 / rate; })) << rate << " in milliseconds";
        EXPECT_FALSE(Varies(120, [=](guint i) { return i * 90000 / rate; })) << rate << " in 90 kHz";
        EXPECT_FALSE(Varies(120, [=](guint i) { return i; })) << rate << " in frames";
    }
}

TEST(CadenceIsVariable, NotByTelecine)
{
    const auto fields = [](guint i) { return i / 2 * 5 + i % 2 * 2; };
    EXPECT_FALSE(Varies(120, [=](guint i) { return fields(i) * 16.683; }));
    EXPECT_FALSE(Varies(120, [=](guint i) { return fields(i) * 1501.5; }));
    // Video in between: three frames in ten have two fields each.
    EXPECT_FALSE(Varies(120, [=](guint i) { return (fields(i) - (i > 60 ? (i - 60) / 2 : 0)) * 16.683; }));
}

TEST(CadenceIsVariable, NotByADroppedFrame)
{
    EXPECT_FALSE(Varies(120, [](guint i) { return (i + (i > 50)) * 40.0; }));
    EXPECT_FALSE(Varies(2000, [](guint i) { return (i + i / 100) * 40.0; }));
}

TEST(CadenceIsVariable, ByTwoRates)
{
    EXPECT_TRUE(Varies(120, [](guint i) { return i < 60 ? i * 33.0 : 60 * 33.0 + (i - 60) * 66.0; }));
    EXPECT_TRUE(Varies(120, [](guint i) { return i < 100 ? i * 33.0 : 100 * 33.0 + (i - 100) * 100.0; }));
}

TEST(CadenceIsVariable, ByManyDroppedFrames)
{
    EXPECT_TRUE(Varies(120, [](guint i) { return (i + i / 10) * 40.0; }));
}

TEST(CadenceIsVariable, ByTimesWithoutAnyOrder)
{
    std::mt19937 random(7);
    double now = 0;
    EXPECT_TRUE(Varies(120, [&](guint) { return now += 10 + random() % 90; }));
}

TEST(CadenceIsVariable, NotWhereThereAreTooFewToSay)
{
    EXPECT_FALSE(Varies(0, [](guint) { return 0; }));
    EXPECT_FALSE(Varies(7, [](guint i) { return i * i * 100.0; }));
}
