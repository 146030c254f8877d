// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "error.h"
#include "room.h"
#include "space.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace
{
// A disk of so many bytes, of which the test says how many are free.
class Space : public testing::Test
{
  protected:
    ~Space() override
    {
        ffarm_space_free(space);
        g_object_unref(cancellable);
        g_clear_error(&error);
    }
    static gboolean Ask(gint64 *free_bytes, gpointer user_data, GCancellable *, GError **error)
    {
        auto *self = static_cast<Space *>(user_data);
        if (self->is_broken) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "does not say");
            return FALSE;
        }
        *free_bytes = self->free_bytes;
        return TRUE;
    }
    static void Waits(const char *message, gpointer user_data)
    {
        auto *self = static_cast<Space *>(user_data);
        self->said = message;
        self->waits++;
    }
    FfarmSpaceNeed Need(gint64 bytes, const char *disk = "d")
    {
        FfarmSpaceNeed need = {};
        need.disk = disk;
        need.where = "the disk";
        need.need_bytes = bytes;
        need.ask = Ask;
        need.on_wait = Waits;
        need.user_data = this;
        need.error_code = FFARM_JOB_ERROR_ROOM;
        return need;
    }
    FfarmShare *Claim(gint64 bytes, const char *disk = "d")
    {
        g_clear_error(&error);
        FfarmSpaceNeed need = Need(bytes, disk);
        return ffarm_space_claim(space, &need, cancellable, &error);
    }
    FfarmSpace *space = ffarm_space_new();
    GCancellable *cancellable = g_cancellable_new();
    std::atomic<gint64> free_bytes{0};
    bool is_broken = false;
    std::string said;
    std::atomic<int> waits{0};
    GError *error = nullptr;
};
} // namespace

// Every combination of some sizes, against the same said in another way.
TEST(SpaceJudge, ComparesWhatIsFreeWithWhatIsPromised)
{
    const gint64 sizes[] = {-1, 0, 1, 2, 3, 7, 100, G_MAXINT64 - 1, G_MAXINT64};
    for (gint64 free_bytes : sizes)
        for (gint64 promised : sizes)
            for (gint64 need : sizes)
                for (guint others : {0u, 1u, 5u}) {
                    if (promised < 0)
                        continue;
                    SCOPED_TRACE(std::to_string(free_bytes) + " " + std::to_string(promised) + " " +
                                 std::to_string(need));
                    bool fits =
                        static_cast<guint64>(need) + static_cast<guint64>(promised) <= static_cast<guint64>(free_bytes);
                    FfarmRoomVerdict expected = free_bytes < 0 || need <= 0 || fits ? FFARM_ROOM_ENOUGH
                                                : others > 0                        ? FFARM_ROOM_LATER
                                                                                    : FFARM_ROOM_NONE;
                    EXPECT_EQ(ffarm_space_judge(free_bytes, promised, others, need), expected);
                }
}

TEST(RoomExpect, IsTheLargestResultThatIsWanted)
{
    EXPECT_EQ(ffarm_room_expect(1000, 0), 1000);
    EXPECT_EQ(ffarm_room_expect(1000, 25), 750);
    EXPECT_EQ(ffarm_room_expect(1000, 100), 0);
    EXPECT_EQ(ffarm_room_expect(0, 50), 0);
    EXPECT_EQ(ffarm_room_expect(1LL << 52, 50), 1LL << 51);
}

TEST_F(Space, GivesWhatIsThere)
{
    free_bytes = 100;
    g_autoptr(FfarmShare) one = Claim(60);
    ASSERT_NE(one, nullptr);
    g_autoptr(FfarmShare) other = Claim(100, "another disk");
    EXPECT_NE(other, nullptr);
    g_autoptr(FfarmShare) two = Claim(40);
    EXPECT_NE(two, nullptr);
    EXPECT_EQ(waits, 0);
}

TEST_F(Space, SaysWhatIsMissing)
{
    free_bytes = 5 * 1024;
    EXPECT_EQ(Claim(6 * 1024), nullptr);
    ASSERT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_ROOM));
    EXPECT_EQ(std::string(error->message), "the disk has 5.0\u00a0KiB free, and up to 6.0\u00a0KiB are needed");
    is_broken = true;
    EXPECT_EQ(Claim(1), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BUSY));
    // What nobody knows is no reason to stop.
    is_broken = false;
    free_bytes = -1;
    g_autoptr(FfarmShare) share = Claim(G_MAXINT64);
    EXPECT_NE(share, nullptr);
}

// What is written is missing in what is free: it must not be counted twice.
TEST_F(Space, CountsNothingTwice)
{
    free_bytes = 100;
    g_autoptr(FfarmShare) one = Claim(60);
    ffarm_share_note_written(one, 50);
    free_bytes = 50;
    g_autoptr(FfarmShare) two = Claim(40);
    EXPECT_NE(two, nullptr);
    EXPECT_EQ(waits, 0);
    ffarm_share_note_written(one, 70); // more than it had claimed
    free_bytes = 41;
    g_autoptr(FfarmShare) three = Claim(1);
    EXPECT_NE(three, nullptr);
}

TEST_F(Space, WaitsUntilOthersHaveEnded)
{
    free_bytes = 100;
    FfarmShare *one = Claim(80), *two = Claim(20);
    FfarmShare *three = nullptr;
    std::thread waiter([&] { three = Claim(90); });
    while (waits == 0)
        g_usleep(1000);
    EXPECT_NE(said.find("of it for other encodes, and up to 90 bytes are needed: waiting for other encodes to end"),
              std::string::npos)
        << said;
    ffarm_share_free(two); // not enough yet
    g_usleep(20000);
    EXPECT_EQ(three, nullptr);
    ffarm_share_free(one);
    waiter.join();
    EXPECT_NE(three, nullptr);
    EXPECT_EQ(waits, 1);
    ffarm_share_free(three);
}

// When the others have ended and it is still not enough, nobody will make more room.
TEST_F(Space, WaitsForNobodyInVain)
{
    free_bytes = 100;
    FfarmShare *one = Claim(80);
    FfarmShare *two = nullptr;
    std::thread waiter([&] { two = Claim(120); });
    while (waits == 0)
        g_usleep(1000);
    ffarm_share_free(one);
    waiter.join();
    EXPECT_EQ(two, nullptr);
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_ROOM));
}

TEST_F(Space, WaitsNoLongerWhenCancelled)
{
    free_bytes = 100;
    g_autoptr(FfarmShare) one = Claim(80);
    FfarmShare *two = nullptr;
    std::thread waiter([&] { two = Claim(50); });
    while (waits == 0)
        g_usleep(1000);
    g_cancellable_cancel(cancellable);
    waiter.join();
    EXPECT_EQ(two, nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

TEST_F(Space, CanTakeMoreOrLess)
{
    free_bytes = 100;
    g_autoptr(FfarmShare) one = Claim(50);
    g_autoptr(FfarmShare) two = Claim(30);
    FfarmSpaceNeed more = Need(71), less = Need(10), most = Need(90);
    EXPECT_FALSE(ffarm_share_resize(one, &more, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_ROOM));
    EXPECT_TRUE(ffarm_share_resize(two, &less, cancellable, nullptr));
    EXPECT_TRUE(ffarm_share_resize(one, &most, cancellable, nullptr));
    EXPECT_EQ(waits, 0);
}

// Many at once, on a disk for three: none is ever given more than there is.
TEST_F(Space, NeverPromisesMoreThanThereIs)
{
    free_bytes = 300;
    std::atomic<int> inside{0}, most{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 12; i++)
        threads.emplace_back([&] {
            FfarmSpaceNeed need = Need(100);
            need.on_wait = nullptr;
            for (int k = 0; k < 30; k++) {
                g_autoptr(FfarmShare) share = ffarm_space_claim(space, &need, nullptr, nullptr);
                ASSERT_NE(share, nullptr);
                int now = ++inside;
                for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                }
                g_usleep(100);
                inside--;
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_LE(most, 3);
    EXPECT_GE(most, 1);
}
