// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "alarms.h"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace
{
class Alarms : public testing::Test
{
  protected:
    ~Alarms() override
    {
        ffarm_alarms_free(alarms);
    }
    gpointer Take(gint64 now_us)
    {
        gpointer subject = nullptr;
        return ffarm_alarms_take(alarms, now_us, &type, &subject) ? subject : nullptr;
    }
    FfarmAlarms *alarms = ffarm_alarms_new();
    FfarmAlarmType type = FFARM_N_ALARMS;
    int a = 0, b = 0, c = 0;
};
} // namespace

TEST_F(Alarms, HaveNothingToSayAtFirst)
{
    EXPECT_EQ(ffarm_alarms_next_us(alarms), -1);
    EXPECT_EQ(Take(G_MAXINT64), nullptr);
    EXPECT_FALSE(ffarm_alarms_clear(alarms, FFARM_ALARM_HOST, &a));
    EXPECT_EQ(ffarm_alarms_due_us(alarms, FFARM_ALARM_HOST, &a), -1);
}

TEST_F(Alarms, ComeInTheOrderOfTimeAndNotBefore)
{
    ffarm_alarms_set(alarms, FFARM_ALARM_HOST, &a, 300);
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &b, 100);
    ffarm_alarms_set(alarms, FFARM_ALARM_SETTLE, &c, 200);
    EXPECT_EQ(ffarm_alarms_next_us(alarms), 100);
    EXPECT_EQ(Take(99), nullptr);
    EXPECT_EQ(Take(100), &b);
    EXPECT_EQ(type, FFARM_ALARM_RETRY);
    EXPECT_EQ(Take(250), &c);
    EXPECT_EQ(type, FFARM_ALARM_SETTLE);
    EXPECT_EQ(Take(250), nullptr);
    EXPECT_EQ(Take(9999), &a);
    EXPECT_EQ(type, FFARM_ALARM_HOST);
}

TEST_F(Alarms, OfOneMomentComeAsTheyWereSet)
{
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &b, 7);
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &a, 7);
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &c, 7);
    EXPECT_EQ(Take(7), &b);
    EXPECT_EQ(Take(7), &a);
    EXPECT_EQ(Take(7), &c);
}

TEST_F(Alarms, AreOneForEachTypeAndSubject)
{
    ffarm_alarms_set(alarms, FFARM_ALARM_HOST, &a, 10);
    ffarm_alarms_set(alarms, FFARM_ALARM_HOST, &a, 20);
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &a, 30);
    ffarm_alarms_set(alarms, FFARM_ALARM_GIVE_UP, nullptr, 40);
    EXPECT_EQ(ffarm_alarms_due_us(alarms, FFARM_ALARM_HOST, &a), 20);
    EXPECT_EQ(ffarm_alarms_due_us(alarms, FFARM_ALARM_GIVE_UP, nullptr), 40);
    EXPECT_EQ(ffarm_alarms_count(alarms, FFARM_ALARM_HOST), 1u);
    EXPECT_TRUE(ffarm_alarms_clear(alarms, FFARM_ALARM_HOST, &a));
    EXPECT_FALSE(ffarm_alarms_clear(alarms, FFARM_ALARM_HOST, &a));
    EXPECT_EQ(ffarm_alarms_count(alarms, FFARM_ALARM_RETRY), 1u);
    EXPECT_EQ(ffarm_alarms_next_us(alarms), 30);
}

TEST_F(Alarms, AreListedByTypeInTheOrderOfTime)
{
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &a, 3);
    ffarm_alarms_set(alarms, FFARM_ALARM_RETRY, &b, 1);
    ffarm_alarms_set(alarms, FFARM_ALARM_HOST, &c, 2);
    g_autoptr(GPtrArray) list = ffarm_alarms_list(alarms, FFARM_ALARM_RETRY);
    ASSERT_EQ(list->len, 2u);
    EXPECT_EQ(g_ptr_array_index(list, 0), &b);
    EXPECT_EQ(g_ptr_array_index(list, 1), &a);
    EXPECT_EQ(ffarm_alarms_count(alarms, FFARM_ALARM_RETRY), 2u);
}

// Against a plain map that does the same slowly.
TEST_F(Alarms, DoWhatAMapDoes)
{
    std::mt19937 random(7);
    std::vector<char> subjects(40);
    std::map<std::pair<int, gpointer>, gint64> model;
    gint64 now = 0;
    for (int i = 0; i < 20000; i++) {
        auto kind = static_cast<FfarmAlarmType>(random() % FFARM_N_ALARMS);
        gpointer subject = &subjects[random() % subjects.size()];
        if (random() % 4 == 0) {
            EXPECT_EQ(ffarm_alarms_clear(alarms, kind, subject) != 0, model.erase({kind, subject}) == 1);
        } else {
            gint64 due = now + static_cast<gint64>(random() % 100);
            ffarm_alarms_set(alarms, kind, subject, due);
            model[{kind, subject}] = due;
        }
        gint64 earliest = -1;
        for (const auto &[key, due] : model)
            earliest = earliest < 0 ? due : std::min(earliest, due);
        ASSERT_EQ(ffarm_alarms_next_us(alarms), earliest);
        now += static_cast<gint64>(random() % 10);
        while (gpointer taken = Take(now)) {
            auto found = model.find({type, taken});
            ASSERT_TRUE(found != model.end());
            ASSERT_LE(found->second, now);
            model.erase(found);
        }
    }
}
