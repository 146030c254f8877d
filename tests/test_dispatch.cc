// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "dispatch.h"
#include "profile_maker.h"

#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace
{
const char yaml[] = "config:\n"
                    "  clusters:\n"
                    "    home:\n"
                    "      any: {type: local}\n"
                    "      fast: {type: local, profiles: [short]}\n"
                    "      both: {type: local, queues: {cpu: 1, gpu: 1}}\n"
                    "      gpu: {type: local, engines: [cuda], devices: {cuda:0: 1, cuda:1: 1}}\n"
                    "    away:\n"
                    "      far: {type: local}\n"
                    "profiles:\n"
                    "  short: {output_options: -c copy}\n"
                    "  long: {output_options: -c copy}\n"
                    "  nvenc: {codec: h264}\n"
                    "  hard: {output_options: -c copy, queue: gpu}\n"
                    "  slow: {output_options: -c:v libx265}\n";

// A plan made by hand: the items need no files.
class Dispatch : public testing::Test
{
  protected:
    void SetUp() override
    {
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        settings = ffarm_settings_parse("test.yml", yaml, strlen(yaml), TRUE, diagnostics);
        ASSERT_NE(settings, nullptr);
        plan.settings = settings;
        plan.hosts = g_ptr_array_new();
        for (const char *name : {"home", "away"}) {
            const GPtrArray *hosts = ffarm_settings_cluster(settings, name)->hosts;
            for (guint i = 0; i < hosts->len; i++)
                g_ptr_array_add(plan.hosts, g_ptr_array_index(hosts, i));
        }
        plan.items = g_ptr_array_new();
        plan.run_id = const_cast<char *>("run");
        dispatch = ffarm_dispatch_new(&plan);
    }
    void TearDown() override
    {
        ffarm_dispatch_free(dispatch);
        for (FfarmJob *job : jobs) {
            auto *item = const_cast<FfarmPlanItem *>(job->item);
            ffarm_job_free(job);
            ffarm_media_free(item->media);
            ffarm_input_free(item->input);
            g_free(item->profile);
            g_free(item->job_id);
            g_free(item);
        }
        g_ptr_array_unref(plan.items);
        g_ptr_array_unref(plan.hosts);
        ffarm_settings_free(settings);
    }
    const FfarmHost *Host(const std::string &name) const
    {
        for (guint i = 0; i < plan.hosts->len; i++) {
            auto *host = static_cast<const FfarmHost *>(g_ptr_array_index(plan.hosts, i));
            if (name == host->name)
                return host;
        }
        return nullptr;
    }
    guint Seat(const std::string &host, const char *queue = nullptr)
    {
        ffarm_dispatch_add_seat(dispatch, Host(host), queue);
        return seats++;
    }
    FfarmJob *Job(const char *profile, const char *cluster = "home")
    {
        auto *item = g_new0(FfarmPlanItem, 1);
        std::string path = "/media/" + std::to_string(jobs.size()) + ".mkv";
        item->id = static_cast<guint>(jobs.size());
        item->input = ffarm_input_new(path.c_str(), cluster, nullptr, nullptr);
        item->media = ffarm_media_new(path.c_str());
        AddStream(item->media, FFARM_STREAM_VIDEO, "h264");
        item->status = FFARM_PLAN_ENCODE;
        item->profile = g_strdup(profile);
        item->job_id = g_strdup_printf("run-%u", item->id);
        g_ptr_array_add(plan.items, item);
        jobs.push_back(ffarm_job_new(item));
        return jobs.back();
    }
    FfarmJob *Queued(const char *profile, guint rank, const char *cluster = "home")
    {
        FfarmJob *job = Job(profile, cluster);
        ffarm_dispatch_queue(dispatch, job, rank);
        return job;
    }
    FfarmJob *Next(guint seat)
    {
        g_autoptr(FfarmChoice) choice = nullptr;
        FfarmJob *job = ffarm_dispatch_next(dispatch, seat, &choice);
        EXPECT_EQ(job != nullptr, choice != nullptr);
        return job;
    }

    FfarmSettings *settings = nullptr;
    FfarmPlan plan = {};
    FfarmDispatch *dispatch = nullptr;
    guint seats = 0;
    std::vector<FfarmJob *> jobs;
};
} // namespace

TEST_F(Dispatch, HandsOutByRankAcrossKinds)
{
    guint seat = Seat("any");
    FfarmJob *one = Queued("short", 0), *three = Queued("short", 2), *two = Queued("long", 1),
             *four = Queued("long", 3);
    EXPECT_EQ(Next(seat), one);
    EXPECT_EQ(Next(seat), two);
    EXPECT_EQ(Next(seat), three);
    EXPECT_EQ(Next(seat), four);
    EXPECT_EQ(Next(seat), nullptr);
}

TEST_F(Dispatch, GivesASeatOnlyWhatItMayTake)
{
    guint fast = Seat("fast"), cpu = Seat("both", "cpu"), gpu = Seat("both", "gpu"), far = Seat("far");
    FfarmJob *hard = Queued("hard", 0), *lengthy = Queued("long", 1), *brief = Queued("short", 2);
    FfarmJob *away = Queued("short", 3, "away");
    EXPECT_EQ(Next(fast), brief);
    EXPECT_EQ(Next(fast), nullptr);
    EXPECT_EQ(Next(cpu), lengthy);
    EXPECT_EQ(Next(cpu), nullptr);
    EXPECT_EQ(Next(gpu), hard);
    EXPECT_EQ(Next(gpu), nullptr);
    EXPECT_EQ(Next(far), away);
}

TEST_F(Dispatch, LetsAnotherHostTryFirst)
{
    guint any = Seat("any"), fast = Seat("fast");
    FfarmJob *job = Job("short");
    g_ptr_array_add(job->failed_hosts, const_cast<FfarmHost *>(Host("any")));
    EXPECT_TRUE(ffarm_dispatch_has_fresh_host(dispatch, job));
    ffarm_dispatch_queue(dispatch, job, 0);
    EXPECT_EQ(Next(any), nullptr);
    EXPECT_EQ(Next(fast), job);
}

TEST_F(Dispatch, ComesBackToAHostThatFailedWhenThereIsNoOther)
{
    guint any = Seat("any"), fast = Seat("fast");
    FfarmJob *job = Job("short");
    g_ptr_array_add(job->failed_hosts, const_cast<FfarmHost *>(Host("any")));
    ffarm_dispatch_queue(dispatch, job, 0);
    ffarm_dispatch_set_seat(dispatch, fast, FFARM_SEAT_GONE);
    EXPECT_FALSE(ffarm_dispatch_has_fresh_host(dispatch, job));
    EXPECT_EQ(Next(any), job);
    FfarmJob *lengthy = Job("long");
    g_ptr_array_add(lengthy->failed_hosts, const_cast<FfarmHost *>(Host("any")));
    EXPECT_FALSE(ffarm_dispatch_has_fresh_host(dispatch, lengthy));
}

TEST_F(Dispatch, NeverAsksAHostThatRefused)
{
    guint any = Seat("any");
    FfarmJob *job = Job("short");
    g_ptr_array_add(job->refused_by, const_cast<FfarmHost *>(Host("any")));
    ffarm_dispatch_queue(dispatch, job, 0);
    EXPECT_EQ(Next(any), nullptr);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), job);
}

TEST_F(Dispatch, FindsJobsThatNoSeatIsLeftFor)
{
    guint fast = Seat("fast"), gpu = Seat("both", "gpu");
    FfarmJob *hard = Queued("hard", 0), *brief = Queued("short", 1), *away = Queued("short", 2, "away");
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), away);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), nullptr);
    ffarm_dispatch_set_seat(dispatch, gpu, FFARM_SEAT_GONE);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), hard);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), nullptr);
    EXPECT_EQ(Next(fast), brief);
}

// Jobs wait for who is away, and not for who is gone; either gets what is there when it comes back.
TEST_F(Dispatch, WaitsForSeatsThatAreAway)
{
    guint fast = Seat("fast"), gpu = Seat("both", "gpu");
    EXPECT_FALSE(ffarm_dispatch_has_work_for(dispatch, gpu));
    FfarmJob *hard = Queued("hard", 0);
    EXPECT_TRUE(ffarm_dispatch_has_taker(dispatch));
    ffarm_dispatch_set_seat(dispatch, gpu, FFARM_SEAT_AWAY);
    EXPECT_FALSE(ffarm_dispatch_has_taker(dispatch));
    EXPECT_TRUE(ffarm_dispatch_has_work_for(dispatch, gpu));
    EXPECT_FALSE(ffarm_dispatch_has_work_for(dispatch, fast));
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), nullptr);
    FfarmJob *brief = Queued("short", 1);
    EXPECT_TRUE(ffarm_dispatch_has_taker(dispatch));
    EXPECT_EQ(Next(fast), brief);
    ffarm_dispatch_set_seat(dispatch, gpu, FFARM_SEAT_GONE);
    EXPECT_TRUE(ffarm_dispatch_has_work_for(dispatch, gpu));
    ffarm_dispatch_set_seat(dispatch, gpu, FFARM_SEAT_HERE);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), nullptr);
    EXPECT_EQ(Next(gpu), hard);
    EXPECT_FALSE(ffarm_dispatch_has_taker(dispatch));
    EXPECT_FALSE(ffarm_dispatch_has_work_for(dispatch, gpu));
}

// A fresh host that is away is no reason to let a job wait that the one where it failed may take.
TEST_F(Dispatch, CountsNobodyAsFreshWhoIsAway)
{
    guint any = Seat("any"), fast = Seat("fast");
    FfarmJob *job = Job("short");
    g_ptr_array_add(job->failed_hosts, const_cast<FfarmHost *>(Host("any")));
    ffarm_dispatch_queue(dispatch, job, 0);
    EXPECT_EQ(Next(any), nullptr);
    ffarm_dispatch_set_seat(dispatch, fast, FFARM_SEAT_AWAY);
    EXPECT_FALSE(ffarm_dispatch_has_fresh_host(dispatch, job));
    EXPECT_EQ(Next(any), job);
}

// An odd film first in the row says nothing about those behind it.
TEST_F(Dispatch, DoesNotJudgeAKindByAnotherKind)
{
    guint any = Seat("any");
    FfarmJob *odd = Job("short"), *plain = Job("short");
    auto *media = const_cast<FfarmMedia *>(odd->item->media);
    g_free(odd->item->input->path);
    const_cast<FfarmInput *>(odd->item->input)->path = g_strdup("/media/film.unheard-of");
    g_free(media->path);
    media->path = g_strdup("/media/film.unheard-of");
    ffarm_dispatch_queue(dispatch, odd, 0);
    ffarm_dispatch_queue(dispatch, plain, 1);
    EXPECT_EQ(Next(any), plain);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), odd);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), nullptr);
}

TEST_F(Dispatch, HasASeatWaitWhoseDevicesAreFull)
{
    guint one = Seat("gpu"), two = Seat("gpu");
    const char *some[] = {"cuda:0", nullptr}, *all[] = {"cuda:0", "cuda:1", nullptr};
    for (FfarmJob *job : {Job("nvenc"), Job("nvenc"), Job("nvenc")}) {
        FfarmStream *video = const_cast<FfarmStream *>(ffarm_media_peek_video(job->item->media));
        video->width = 1280;
        video->height = 720;
        ffarm_dispatch_queue(dispatch, job, job->item->id);
    }
    FfarmJob *copy = Queued("short", 10);
    ffarm_dispatch_set_full(dispatch, Host("gpu"), some, nullptr);
    g_autoptr(FfarmChoice) choice = nullptr;
    EXPECT_EQ(ffarm_dispatch_next(dispatch, one, &choice), jobs[0]);
    ASSERT_NE(choice, nullptr);
    EXPECT_STREQ(choice->device, "1");
    ffarm_dispatch_set_full(dispatch, Host("gpu"), all, nullptr);
    EXPECT_EQ(Next(two), copy) << "what needs no device goes on";
    EXPECT_EQ(Next(two), nullptr);
    EXPECT_EQ(Next(two), nullptr);
    EXPECT_TRUE(ffarm_dispatch_has_taker(dispatch));
    EXPECT_TRUE(ffarm_dispatch_has_work_for(dispatch, two));
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), nullptr);
    EXPECT_EQ(jobs[1]->refused_by->len, 0u);
    ffarm_dispatch_set_full(dispatch, Host("gpu"), nullptr, nullptr);
    EXPECT_EQ(Next(two), jobs[1]);
}

TEST_F(Dispatch, GivesToAnotherHostWhatWaitsForADevice)
{
    guint gpu = Seat("gpu"), any = Seat("any");
    const char *full[] = {"cuda:0", "cuda:1", nullptr};
    FfarmJob *job = Job("nvenc");
    FfarmStream *video = const_cast<FfarmStream *>(ffarm_media_peek_video(job->item->media));
    video->width = 1280;
    video->height = 720;
    ffarm_dispatch_queue(dispatch, job, 0);
    ffarm_dispatch_set_full(dispatch, Host("gpu"), full, nullptr);
    EXPECT_EQ(Next(gpu), nullptr);
    EXPECT_EQ(Next(any), job);
}

TEST_F(Dispatch, AsksNoHostForWhatItsHardwareFailedAt)
{
    guint gpu = Seat("gpu");
    FfarmJob *job = Job("nvenc");
    FfarmStream *video = const_cast<FfarmStream *>(ffarm_media_peek_video(job->item->media));
    video->width = 1280;
    video->height = 720;
    ffarm_dispatch_queue(dispatch, job, 0);
    FfarmCapability finding = {};
    finding.engine = "cuda";
    finding.codec = "h264";
    finding.depth = 8;
    finding.class_ = FFARM_CAPABILITY_BROKEN;
    g_autoptr(FfarmAbilities) fewer =
        ffarm_abilities_with_encoder(ffarm_dispatch_peek_abilities(dispatch, Host("gpu")), &finding);
    ffarm_dispatch_set_abilities(dispatch, Host("gpu"), fewer);
    EXPECT_EQ(Next(gpu), nullptr);
    EXPECT_EQ(ffarm_dispatch_take_orphan(dispatch), job);
}

TEST_F(Dispatch, EmptiesItself)
{
    std::set<FfarmJob *> taken;
    for (guint i = 0; i < 5; i++)
        Queued(i % 2 ? "short" : "long", i);
    while (FfarmJob *job = ffarm_dispatch_take_any(dispatch))
        taken.insert(job);
    EXPECT_EQ(taken.size(), 5u);
    EXPECT_EQ(ffarm_dispatch_take_any(dispatch), nullptr);
}

// A library of films: handing all out costs about as much per job as handing out one.
TEST_F(Dispatch, IsNotSlowedByALibrary)
{
    constexpr guint n = 20000;
    std::vector<guint> all;
    for (guint i = 0; i < 40; i++)
        all.push_back(Seat("any"));
    for (guint i = 0; i < n; i++)
        Queued(i % 3 ? "short" : "long", i);
    gint64 begin_us = g_get_monotonic_time();
    guint given = 0;
    for (bool more = true; more;) {
        more = false;
        for (guint seat : all)
            if (Next(seat)) {
                more = true;
                given++;
            }
    }
    EXPECT_EQ(given, n);
    EXPECT_LT(g_get_monotonic_time() - begin_us, 20 * G_USEC_PER_SEC);
}

namespace
{
// Longest first, and hosts whose speeds are known.
class LongestFirst : public Dispatch
{
  protected:
    void SetUp() override
    {
        Dispatch::SetUp();
        plan.order = FFARM_ORDER_LONGEST;
    }
    void Speed(const char *host, double fps, const char *engine = "cpu", bool is_tried = true)
    {
        FfarmAbilities *abilities = ffarm_abilities_new();
        const FfarmSpeed speed = {engine, nullptr, "hevc", 480, fps, 1};
        if (is_tried)
            abilities->encoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
        g_ptr_array_add(abilities->speeds, g_memdup2(&speed, sizeof speed));
        ffarm_dispatch_set_abilities(dispatch, Host(host), abilities);
        ffarm_abilities_unref(abilities);
    }
    FfarmJob *Film(gint64 frames, const char *profile = "slow")
    {
        FfarmJob *job = Job(profile);
        const_cast<FfarmStream *>(ffarm_media_peek_video(job->item->media))->frames = frames;
        ffarm_dispatch_queue(dispatch, job, rank++);
        return job;
    }
    guint rank = 0;
};
} // namespace

TEST_F(LongestFirst, LeavesLongFilmsToFastSeats)
{
    guint slow = Seat("any"), fast = Seat("both", "cpu");
    Speed("any", 10);
    Speed("both", 100);
    FfarmJob *longest = Film(10000), *middle = Film(1000), *shorter = Film(900), *least = Film(300);
    EXPECT_EQ(Next(slow), middle) << "done in 100 s, and the fast one needs as long for the longest";
    EXPECT_EQ(Next(fast), longest);
    EXPECT_EQ(Next(slow), shorter) << "done before the fast one is free again";
    ffarm_dispatch_set_left(dispatch, fast, 1);
    EXPECT_EQ(Next(slow), least) << "not done in time, but there is nothing shorter, and it does not wait";
}

TEST_F(LongestFirst, ReckonsWithTheTimeThatSeatsStillNeed)
{
    guint slow = Seat("any"), fast = Seat("both", "cpu");
    Speed("any", 10);
    Speed("both", 100);
    FfarmJob *longest = Film(10000), *other = Film(9000);
    EXPECT_EQ(Next(fast), longest);
    ffarm_dispatch_set_left(dispatch, fast, 2000);
    FfarmJob *last = Film(100);
    EXPECT_EQ(Next(slow), other);
    EXPECT_EQ(Next(slow), last);
}

TEST_F(LongestFirst, ReckonsWithOtherLines)
{
    guint slow = Seat("any"), fast = Seat("both", "cpu");
    Speed("any", 10);
    Speed("both", 100);
    FfarmJob *longest = Film(10000);
    Film(1000);
    FfarmJob *other = Job("slow");
    AddStream(other->item->media, FFARM_STREAM_SUBTITLE, "subrip");
    const_cast<FfarmStream *>(ffarm_media_peek_video(other->item->media))->frames = 100000;
    ffarm_dispatch_queue(dispatch, other, rank++);
    EXPECT_EQ(Next(slow), longest) << "it is done in 1000 s, and all the others take that long at least";
    (void)fast;
}

TEST_F(LongestFirst, GoesByRankWhereNothingIsKnown)
{
    guint unknown = Seat("any"), fast = Seat("both", "cpu"), far = Seat("far");
    Speed("both", 100);
    FfarmJob *longest = Film(10000), *middle = Film(1000);
    EXPECT_EQ(ffarm_dispatch_peek_rate(dispatch, unknown), 0);
    EXPECT_GT(ffarm_dispatch_peek_rate(dispatch, fast), 0);
    EXPECT_EQ(ffarm_dispatch_peek_rate(dispatch, far), 0) << "there is nothing for it";
    EXPECT_EQ(Next(unknown), longest);
    EXPECT_EQ(Next(fast), middle);
}

TEST_F(LongestFirst, HopesForTheBestOfHostsThatWereNotLookedAtYet)
{
    guint slow = Seat("any"), fast = Seat("both", "cpu");
    Speed("any", 10);
    Speed("both", 100, "cuda", false);
    FfarmJob *longest = Film(10000), *middle = Film(1000);
    EXPECT_EQ(Next(slow), middle);
    Speed("both", 100, "cuda", true);
    EXPECT_EQ(ffarm_dispatch_peek_rate(dispatch, fast), 0) << "its GPU is not what it would use";
    EXPECT_EQ(Next(fast), longest);
}

TEST_F(LongestFirst, DoesNotChangeTheGivenOrder)
{
    plan.order = FFARM_ORDER_GIVEN;
    guint slow = Seat("any"), fast = Seat("both", "cpu");
    Speed("any", 10);
    Speed("both", 100);
    FfarmJob *longest = Film(10000);
    Film(1000);
    EXPECT_EQ(Next(slow), longest);
    (void)fast;
}
