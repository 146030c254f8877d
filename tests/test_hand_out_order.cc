// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "hand_out_order.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

TEST(HandOutEnd, SharesTheWorkAmongAll)
{
    const FfarmPace paces[] = {{1, 0}, {3, 0}};
    EXPECT_DOUBLE_EQ(ffarm_hand_out_end(paces, 2, 40, 1), 10);
    EXPECT_DOUBLE_EQ(ffarm_hand_out_end(paces, 2, 40, 36), 12) << "one film is not divided";
}

TEST(HandOutEnd, WaitsForThoseAtWork)
{
    const FfarmPace paces[] = {{1, 0}, {3, 5}, {7, 100}};
    EXPECT_DOUBLE_EQ(ffarm_hand_out_end(paces, 3, 25, 1), 10);
    EXPECT_DOUBLE_EQ(ffarm_hand_out_end(paces, 3, 4, 1), 4);
}

TEST(HandOutEnd, KnowsNothingOfTheUnknown)
{
    const FfarmPace paces[] = {{0, 0}, {2, 0}};
    EXPECT_DOUBLE_EQ(ffarm_hand_out_end(paces, 2, 10, 1), 5);
    EXPECT_EQ(ffarm_hand_out_end(paces, 1, 10, 1), 0);
    EXPECT_EQ(ffarm_hand_out_end(nullptr, 0, 10, 1), 0);
}

TEST(HandOutPick, TakesTheLongestThatIsDoneInTime)
{
    const double works[] = {100, 40, 20, 10};
    EXPECT_EQ(ffarm_hand_out_pick(works, 4, 10, 10), 0u);
    EXPECT_EQ(ffarm_hand_out_pick(works, 4, 2, 10), 2u);
    EXPECT_EQ(ffarm_hand_out_pick(works, 4, 0.5, 10), 3u) << "rather the shortest than nothing";
}

TEST(HandOutPick, TakesTheLongestWhereNothingIsKnown)
{
    const double works[] = {100, 40};
    EXPECT_EQ(ffarm_hand_out_pick(works, 2, 0, 10), 0u);
    EXPECT_EQ(ffarm_hand_out_pick(works, 2, 1, 0), 0u);
}

TEST(HandOutPick, GivesTheFastestTheLongestInSpiteOfRounding)
{
    for (double rate = 0.1; rate < 50; rate += 0.37) {
        const FfarmPace pace = {rate, 0};
        const double works[] = {1 / 3.0, 0.1};
        EXPECT_EQ(ffarm_hand_out_pick(works, 2, rate, ffarm_hand_out_end(&pace, 1, works[0], works[0])), 0u) << rate;
    }
}

namespace
{
using Random = std::mt19937;

/* When the last of @works is done on slots of these @rates, in parts of the least time that is possible at all.
 * @by_rule: slots choose by hand_out_order; else each takes the longest. */
double Makespan(std::vector<double> works, const std::vector<double> &rates, bool by_rule)
{
    std::sort(works.begin(), works.end(), std::greater<>());
    double sum = std::accumulate(works.begin(), works.end(), 0.0), total = 0;
    for (double rate : rates)
        total += rate;
    double least = std::max(sum / total, works[0] / *std::max_element(rates.begin(), rates.end())), last = 0;
    std::vector<double> free_s(rates.size());
    while (!works.empty()) {
        size_t slot = 0;
        for (size_t i = 1; i < rates.size(); i++)
            if (free_s[i] < free_s[slot] || (free_s[i] == free_s[slot] && rates[i] > rates[slot]))
                slot = i;
        std::vector<FfarmPace> paces;
        for (size_t i = 0; i < rates.size(); i++)
            paces.push_back({rates[i], free_s[i] - free_s[slot]});
        auto n = static_cast<guint>(works.size());
        double end = ffarm_hand_out_end(paces.data(), static_cast<guint>(paces.size()), sum, works[0]);
        guint pick = by_rule ? ffarm_hand_out_pick(works.data(), n, rates[slot], end) : 0;
        free_s[slot] += works[pick] / rates[slot];
        last = std::max(last, free_s[slot]);
        sum -= works[pick];
        works.erase(works.begin() + pick);
    }
    return last / least;
}

/* The mean of 1000 random farms and lots of films: longest first, and by the rule. */
std::pair<double, double> Compare(const std::function<double(Random &)> &rate)
{
    Random random(5);
    std::lognormal_distribution<double> length(0, 0.8);
    double plain = 0, ours = 0;
    for (int i = 0; i < 1000; i++) {
        std::vector<double> rates(2 + random() % 7), works(2 + random() % 59);
        std::generate(rates.begin(), rates.end(), [&] { return rate(random); });
        std::generate(works.begin(), works.end(), [&] { return length(random); });
        plain += Makespan(works, rates, false) / 1000;
        ours += Makespan(works, rates, true) / 1000;
    }
    return {plain, ours};
}

double Unit(Random &random)
{
    return std::uniform_real_distribution<double>(0, 1)(random);
}
} // namespace

TEST(HandOutOrder, IsNoWorseAmongAlike)
{
    auto [plain, ours] = Compare([](Random &random) { return 1 + Unit(random) / 5; });
    EXPECT_NEAR(plain, 1.010, 0.005);
    EXPECT_LT(ours, plain + 0.002);
}

TEST(HandOutOrder, IsBetterAmongUnlike)
{
    auto [plain, ours] = Compare([](Random &random) { return 1 + 9 * Unit(random); });
    EXPECT_NEAR(plain, 1.11, 0.02);
    EXPECT_LT(ours, 1.07);
}

TEST(HandOutOrder, IsBetterWithAFewFastOnes)
{
    auto [plain, ours] = Compare([](Random &random) { return random() % 4 == 0 ? 8.0 : 1.0 + (random() % 2); });
    EXPECT_NEAR(plain, 1.24, 0.03);
    EXPECT_LT(ours, 1.20);
}
