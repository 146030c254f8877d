// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "deadline.h"

#include <poll.h>

namespace
{
bool FiresWithin(GCancellable *cancellable, int timeout_ms)
{
    pollfd fd = {g_cancellable_get_fd(cancellable), POLLIN, 0};
    bool fired = poll(&fd, 1, timeout_ms) == 1;
    g_cancellable_release_fd(cancellable);
    return fired;
}
} // namespace

TEST(Deadline, FiresWhenItsTimeIsUp)
{
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(30, nullptr);
    EXPECT_TRUE(FiresWithin(ffarm_deadline_peek_cancellable(deadline), 5000));
    EXPECT_TRUE(ffarm_deadline_has_passed(deadline));
}

TEST(Deadline, FiresWithItsParentAndSaysSo)
{
    g_autoptr(GCancellable) parent = g_cancellable_new();
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(60000, parent);
    EXPECT_FALSE(g_cancellable_is_cancelled(ffarm_deadline_peek_cancellable(deadline)));
    g_cancellable_cancel(parent);
    EXPECT_TRUE(g_cancellable_is_cancelled(ffarm_deadline_peek_cancellable(deadline)));
    EXPECT_FALSE(ffarm_deadline_has_passed(deadline));
}

TEST(Deadline, OfAFiredParentHasFired)
{
    g_autoptr(GCancellable) parent = g_cancellable_new();
    g_cancellable_cancel(parent);
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(60000, parent);
    EXPECT_TRUE(g_cancellable_is_cancelled(ffarm_deadline_peek_cancellable(deadline)));
}

TEST(Deadline, IsFreedAtOnceAndLeavesTheParentAlone)
{
    g_autoptr(GCancellable) parent = g_cancellable_new();
    gint64 begin_us = g_get_monotonic_time();
    ffarm_deadline_free(ffarm_deadline_new(60000, parent));
    EXPECT_LT(g_get_monotonic_time() - begin_us, 5 * G_USEC_PER_SEC);
    EXPECT_FALSE(g_cancellable_is_cancelled(parent));
    ffarm_deadline_free(nullptr);
}
