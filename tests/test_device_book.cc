// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "device_book.h"

#include <string>

namespace
{
constexpr gint64 second = G_USEC_PER_SEC;

class DeviceBook : public testing::Test
{
  protected:
    void TearDown() override
    {
        ffarm_device_book_free(book);
        ffarm_host_free(host);
        ffarm_host_free(other);
    }
    void Take(guint count = 1, const char *engine = "cuda", const char *device = nullptr)
    {
        for (guint i = 0; i < count; i++)
            ffarm_device_book_take(book, host, engine, device);
    }
    void End(guint count = 1, const char *engine = "cuda", const char *device = nullptr)
    {
        for (guint i = 0; i < count; i++)
            ffarm_device_book_give_back(book, host, engine, device);
    }
    void EndWell(guint count)
    {
        for (guint i = 0; i < count; i++) {
            Take();
            End();
            ffarm_device_book_note_good(book, host, "cuda", nullptr);
        }
    }
    // One more of ours is refused. "limit 2", or "closed for 5 s, 1".
    std::string Refuse()
    {
        Take();
        End();
        FfarmDeviceBusy busy = ffarm_device_book_note_busy(book, host, "cuda", nullptr, now_us, 0);
        if (busy.limit > 0)
            return "limit " + std::to_string(busy.limit);
        return "closed for " + std::to_string((busy.until_us - now_us) / second) + " s, " + std::to_string(busy.tries);
    }
    std::string Full(const FfarmHost *of = nullptr)
    {
        g_auto(GStrv) names = ffarm_device_book_full(book, of ? of : host, now_us);
        g_autofree char *text = names ? g_strjoinv(" ", names) : g_strdup("");
        return text;
    }
    FfarmHost *host = ffarm_host_new("c", "a", FFARM_HOST_LOCAL), *other = ffarm_host_new("c", "b", FFARM_HOST_LOCAL);
    FfarmDeviceBook *book = ffarm_device_book_new();
    gint64 now_us = 1000 * second;
};
} // namespace

TEST_F(DeviceBook, LimitsNothingOfWhichNothingIsKnown)
{
    EXPECT_EQ(Full(), "");
    Take(50);
    EXPECT_EQ(Full(), "");
    EXPECT_EQ(ffarm_device_book_next_us(book, now_us), -1);
}

TEST_F(DeviceBook, KeepsToTheConfiguration)
{
    ffarm_host_add_device(host, "cuda", "0", 2);
    ffarm_host_add_device(host, "cuda", "1", 1);
    ffarm_host_add_device(host, "cpu", nullptr, 1);
    Take(1, "cuda", "0");
    Take(1, "cuda", "1");
    EXPECT_EQ(Full(), "cuda:1");
    Take(1, "cuda", "0");
    Take(1, "cpu");
    EXPECT_EQ(Full(), "cuda:0 cuda:1 cpu");
    EXPECT_EQ(Full(other), "");
    End(1, "cuda", "0");
    EXPECT_EQ(Full().find("cuda:0"), std::string::npos);
}

TEST_F(DeviceBook, KnowsTheFirstGpuByBothItsNames)
{
    ffarm_host_add_device(host, "cuda", nullptr, 2);
    ffarm_host_add_device(host, "cuda", "0", 3);
    Take(1, "cuda", "0");
    EXPECT_EQ(Full(), "");
    Take(1, "cuda");
    EXPECT_EQ(Full(), "cuda:0 cuda");
    End(1, "cuda", "0");
    EXPECT_EQ(Full(), "");
    EXPECT_TRUE(ffarm_device_book_is_used(book, host, "cuda", "0"));
    EXPECT_FALSE(ffarm_device_book_is_used(book, host, "cuda", "1"));
}

TEST_F(DeviceBook, LearnsFromSessionsOfOursHowManyThereAre)
{
    Take(2);
    EXPECT_EQ(Refuse(), "limit 2");
    EXPECT_EQ(Full(), "cuda");
    EXPECT_EQ(ffarm_device_book_next_us(book, now_us), -1);
    End();
    EXPECT_EQ(Full(), "");
    Take();
    EXPECT_EQ(Full(), "cuda");
}

TEST_F(DeviceBook, TriesOneMoreWhenSomeWentWellAndLessOftenEachTime)
{
    Take(2);
    EXPECT_EQ(Refuse(), "limit 2");
    End();
    for (int goods : {3, 6, 12, 24, 48, 96, 96}) {
        EndWell(goods - 1);
        Take();
        EXPECT_EQ(Full(), "cuda") << goods;
        End();
        EndWell(1);
        Take();
        EXPECT_EQ(Full(), "") << goods;
        EXPECT_EQ(Refuse(), "limit 2");
        EXPECT_EQ(Full(), "cuda") << goods;
        End();
    }
}

TEST_F(DeviceBook, KeepsAHigherLimitThatHolds)
{
    Take();
    EXPECT_EQ(Refuse(), "limit 1");
    End();
    EndWell(3);
    Take(2);
    EXPECT_EQ(Full(), "cuda");
    End(2);
    EndWell(3);
    Take(2);
    EXPECT_EQ(Full(), "");
    Take();
    EXPECT_EQ(Full(), "cuda");
}

TEST_F(DeviceBook, LeavesADeviceAloneThatOthersUseForLongerEachTime)
{
    guint tries = 0;
    gint64 begin_us = now_us;
    for (int pause : {5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300}) {
        EXPECT_EQ(Full(), "");
        EXPECT_EQ(Refuse(), "closed for " + std::to_string(pause) + " s, " + std::to_string(++tries));
        EXPECT_EQ(Full(), "cuda");
        EXPECT_EQ(Full(other), "");
        EXPECT_EQ(ffarm_device_book_next_us(book, now_us), now_us + pause * second);
        now_us += pause * second - 1;
        EXPECT_EQ(Full(), "cuda");
        now_us++;
        EXPECT_EQ(ffarm_device_book_next_us(book, now_us), -1);
    }
    EXPECT_EQ(tries, FFARM_DEVICE_MAX_TRIES - 1u);
    EXPECT_GE(now_us - begin_us, 3600 * second);
}

TEST_F(DeviceBook, SaysWhatOthersHaveHadForLong)
{
    auto taken = [this]() {
        g_auto(GStrv) names = ffarm_device_book_taken(book, host);
        g_autofree char *text = names ? g_strjoinv(" ", names) : g_strdup("");
        return std::string(text);
    };
    for (guint i = 0; i + 1 < FFARM_DEVICE_PATIENT_TRIES; i++)
        Refuse();
    EXPECT_EQ(taken(), "");
    Refuse();
    EXPECT_EQ(taken(), "cuda");
    now_us += 301 * second;
    EXPECT_EQ(Full(), "") << "it is tried again";
    Take();
    ffarm_device_book_note_begun(book, host, "cuda", nullptr);
    EXPECT_EQ(taken(), "");
    End();
}

TEST_F(DeviceBook, TriesAClosedDeviceWithOneBeforeTheOthers)
{
    Refuse();
    now_us += 5 * second;
    Take();
    EXPECT_EQ(Full(), "cuda");
    EXPECT_TRUE(ffarm_device_book_note_begun(book, host, "cuda", nullptr));
    EXPECT_EQ(Full(), "");
    EXPECT_FALSE(ffarm_device_book_note_begun(book, host, "cuda", nullptr));
    End();
    EXPECT_EQ(Refuse(), "closed for 5 s, 1") << "it begins anew";
}

TEST_F(DeviceBook, ClosesADeviceWhoseSessionsWereAllRefused)
{
    Take(2);
    End();
    EXPECT_EQ(ffarm_device_book_note_busy(book, host, "cuda", nullptr, now_us, 0).limit, 1u);
    End();
    FfarmDeviceBusy busy = ffarm_device_book_note_busy(book, host, "cuda", nullptr, now_us, 0);
    EXPECT_EQ(busy.limit, 0u);
    EXPECT_EQ(busy.until_us, now_us + 5 * second);
}

TEST_F(DeviceBook, TellsDevicesAndHostsApart)
{
    Take(1, "cuda", "0");
    FfarmDeviceBusy busy = ffarm_device_book_note_busy(book, host, "cuda", "0", now_us, 0);
    EXPECT_EQ(busy.limit, 1u);
    EXPECT_EQ(Full(), "cuda:0");
    ffarm_device_book_take(book, host, "cuda", "1");
    ffarm_device_book_take(book, other, "cuda", "0");
    ffarm_device_book_take(book, host, "vaapi", "0");
    EXPECT_EQ(Full(), "cuda:0");
    EXPECT_EQ(Full(other), "");
}

TEST_F(DeviceBook, TakesAPauseOfTheTestsOwn)
{
    FfarmDeviceBusy busy = ffarm_device_book_note_busy(book, host, "cuda", nullptr, now_us, 7);
    EXPECT_EQ(busy.until_us, now_us + 7);
}
