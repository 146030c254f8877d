// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "settle.h"

TEST(Settle, LeavesFreshFilmsAloneForAWhile)
{
    const gint64 now = 1800000000LL * G_USEC_PER_SEC;
    const struct {
        gint64 age_ms;
        guint settle_s;
        gint64 wait_ms;
    } cases[] = {
        {0, 10, 10000},
        {1, 10, 9999},
        {4000, 10, 6000},
        {9999, 10, 1},
        {10000, 10, 0},
        {10001, 10, 0},
        {1LL << 40, 10, 0},
        {0, 0, 0},
        {-5000, 0, 0},
        {-1, 10, 10000},
        {-86400000, 10, 10000},
        {-(1LL << 42), 10, 10000},
        {0, 1000000, 1000000000LL},
        {500, 1, 500},
    };
    for (const auto &[age_ms, settle_s, wait_ms] : cases)
        EXPECT_EQ(ffarm_settle_wait_us((now - age_ms * 1000) * 1000, now, settle_s), wait_ms * 1000)
            << age_ms << " " << settle_s;
}
