// SPDX-License-Identifier: LGPL-2.1-or-later
#include "farm_fixture.h"
#include "prober.h"
#include "runner.h"
#include "sshd.h"

#include <csignal>
#include <fstream>
#include <sys/mount.h>
#include <thread>

namespace
{
using Names = std::vector<std::string>;

// Two hosts behind real servers. Both are this machine, so what they see by other paths are symbolic links.
class FarmSsh : public FarmTest
{
  protected:
    void SetUp() override
    {
        FarmTest::SetUp();
        a = sshd_start(nullptr);
        b = sshd_start(nullptr);
        // One ssh configuration serves both.
        std::ofstream(a->known_hosts, std::ios::app) << Read(b->known_hosts);
        for (const char *name : {"work-a", "work-b"})
            mkdir(In(name).c_str(), 0755);
        ASSERT_EQ(symlink(In("media").c_str(), In("films").c_str()), 0);
    }
    void TearDown() override
    {
        sshd_stop(a);
        sshd_stop(b);
        for (const std::string &mount : mounts)
            umount2(mount.c_str(), MNT_DETACH);
        FarmTest::TearDown();
    }

    std::string Host(const std::string &name, const Sshd *sshd, const std::string &lines,
                     const std::string &ffmpeg) const
    {
        return "      " + name + ":\n        ip: " + sshd->address + "\n        port: " + std::to_string(sshd->port) +
               "\n        user: " + sshd->user + "\n        identity: " + sshd->key + "\n        ffmpeg: " + ffmpeg +
               "\n" + lines;
    }
    std::string Streaming(const std::string &name, const Sshd *sshd, const std::string &ffmpeg = "ffmpeg") const
    {
        return Host(name, sshd, "        type: streaming\n        working_dir: " + In("work-" + name) + "\n", ffmpeg);
    }
    std::string Mounted(const std::string &name, const Sshd *sshd, const std::string &ffmpeg = "ffmpeg",
                        const std::string &dest = "films") const
    {
        return Host(name, sshd,
                    "        type: mounted\n        path-substitution:\n          src: " + In("media") +
                        "\n          dest: " + In(dest) + "\n",
                    ffmpeg);
    }
    std::string Yaml(const std::string &hosts) const
    {
        return "config:\n  ssh: " + std::string(a->ssh) + "\n  clusters:\n    home:\n" + hosts +
               "profiles:\n  copy:\n    output_options: -c copy\nrules:\n  all:\n    profile: copy\n";
    }
    // The real ffmpeg at the speed of the film, which tells its process id.
    std::string Slow(const std::string &name = "slow")
    {
        return StandIn(name, "echo $$ >>" + In("pids") + "; exec $ffmpeg -re \"$@\"");
    }
    // An ffmpeg whose host is ready later than others, so that those get the first film.
    std::string Late()
    {
        const char text[] = "#!/bin/sh\n[ \"$1\" = -version ] && sleep 1.5\nexec ffmpeg \"$@\"\n";
        g_autofree char *path = scratch_write(folder, "late", text, -1);
        chmod(path, 0755);
        return path;
    }
    std::vector<pid_t> Pids() const
    {
        std::vector<pid_t> found;
        std::ifstream pids(In("pids"));
        for (pid_t pid; pids >> pid;)
            found.push_back(pid);
        return found;
    }
    // The processes that serve the connections to @sshd.
    static std::vector<pid_t> Sessions(const Sshd *sshd)
    {
        std::vector<pid_t> found;
        std::string path = "/proc/" + std::to_string(sshd->pid) + "/task/" + std::to_string(sshd->pid) + "/children";
        std::ifstream children(path);
        for (pid_t pid; children >> pid;)
            found.push_back(pid);
        return found;
    }
    // Calls @action once, when host "a" has begun to encode something.
    void OnceEncodingOnA(std::function<void()> action)
    {
        hook = [action, done = false](const FfarmEvent *event) mutable {
            bool is_running = event->type == FFARM_EVENT_PROGRESS && event->progress->frame > 0;
            if (done || !is_running || std::string(event->host->name) != "a")
                return;
            done = true;
            action();
        };
    }
    void ExpectHostsEmpty()
    {
        EXPECT_EQ(Tree(In("work-a")), Names{});
        EXPECT_EQ(Tree(In("work-b")), Names{});
        EXPECT_TRUE(rmdir(In("work-a").c_str()) == 0 && rmdir(In("work-b").c_str()) == 0) << "folders left";
    }
    void ExpectAllDone()
    {
        Names names;
        for (const std::string &film : inputs) {
            ExpectDone(film);
            EXPECT_NE(Read(film), before[film]);
            ExpectPlays(film);
            names.push_back(film.substr(In("media/").size()));
        }
        std::sort(names.begin(), names.end());
        EXPECT_EQ(Tree(In("media")), names);
    }
    bool Mount(const std::string &name, const char *size)
    {
        std::string path = In(name);
        mkdir(path.c_str(), 0755);
        std::string data = std::string("size=") + size;
        if (mount("tmpfs", path.c_str(), "tmpfs", 0, data.c_str()) != 0)
            return false;
        mounts.push_back(path);
        return true;
    }
    // A film of more than a megabyte.
    std::string LargeFilm(const std::string &name)
    {
        const char *args[] = {"-f",   "lavfi", "-i",   "testsrc2=size=320x240:duration=5:rate=25", "-c:v", "mjpeg",
                              "-q:v", "2",     nullptr};
        g_autofree char *made = media_make(In("media").c_str(), name.c_str(), args);
        before[made] = Read(made);
        inputs.push_back(made);
        EXPECT_GT(before[made].size(), 1100000u);
        EXPECT_LT(before[made].size(), 1900000u);
        return made;
    }

    Sshd *a = nullptr, *b = nullptr;
    std::vector<std::string> mounts;
};
} // namespace

TEST_F(FarmSsh, StreamsToTwoHostsAndBack)
{
    for (const char *name :
         {"one.mkv", "it's \"two\" $(touch PWNED).mkv", "deep/-three; four\n.mkv", "not\xFFutf8: x.mkv"})
        Film(name);
    EXPECT_TRUE(Run(Yaml(Streaming("a", a) + Streaming("b", b)))) << error->message;
    ExpectAllDone();
    EXPECT_EQ(states[inputs[0]],
              (Names{"queued", "claimed", "uploading", "encoding", "downloading", "verifying", "replacing", "done"}));
    EXPECT_EQ(summary.hosts_usable, 2u);
    ExpectHostsEmpty();
}

TEST_F(FarmSsh, EncodesInPlaceOnAMountedHost)
{
    for (const char *name : {"one.mkv", "it's \"two\" $(touch PWNED).mkv", "deep/three.mkv"})
        Film(name);
    std::string yaml = Yaml(Mounted("a", a));
    EXPECT_TRUE(Run(yaml)) << error->message;
    ExpectAllDone();
    EXPECT_EQ(states[inputs[0]], (Names{"queued", "claimed", "encoding", "verifying", "replacing", "done"}));
}

TEST_F(FarmSsh, ProvesTheMappingOfAMountedHost)
{
    Film("one.mkv");
    mkdir(In("elsewhere").c_str(), 0755);
    EXPECT_TRUE(Run(Yaml(Mounted("a", a, "ffmpeg", "elsewhere") + Streaming("b", b)))) << error->message;
    EXPECT_EQ(
        reports["a"].rfind("a: what is written to " + In("media") + " here does not appear in " + In("elsewhere"), 0),
        0u)
        << reports["a"];
    ExpectAllDone();
    EXPECT_EQ(Of(inputs[0]).host, "b");
    EXPECT_EQ(Tree(In("elsewhere")), Names{});
}

TEST_F(FarmSsh, KeepsFilmsOfOneNameApart)
{
    std::string first = Film("s1/e01.mkv", 2), second = Film("s2/e01.mkv", 5);
    std::string yaml = Yaml(Streaming("a", a) + "        queues: {q: 2}\n");
    EXPECT_TRUE(Run(yaml)) << error->message;
    ExpectAllDone();
    g_autoptr(FfarmMedia) one = ffarm_probe_file(first.c_str(), 0, nullptr, nullptr);
    g_autoptr(FfarmMedia) two = ffarm_probe_file(second.c_str(), 0, nullptr, nullptr);
    EXPECT_NEAR(one->duration_us / 1e6, 2, 0.2);
    EXPECT_NEAR(two->duration_us / 1e6, 5, 0.2);
    ExpectHostsEmpty();
}

TEST_F(FarmSsh, GivesAKilledEncodeToTheOtherHost)
{
    std::string slow = Slow();
    struct {
        bool is_mounted;
        int signal;
    } cases[] = {{false, SIGKILL}, {false, SIGTERM}, {true, SIGKILL}, {true, SIGTERM}};
    Film("film.mkv", 20);
    for (const auto &[is_mounted, number] : cases) {
        SCOPED_TRACE(std::string(is_mounted ? "mounted " : "streaming ") + strsignal(number));
        before[inputs[0]] = Read(inputs[0]);
        unlink(In("pids").c_str());
        results.clear();
        messages.clear();
        OnceEncodingOnA([&, number = number] { kill(Pids().back(), number); });
        std::string first = is_mounted ? Mounted("a", a, slow) : Streaming("a", a, slow);
        EXPECT_TRUE(Run(Yaml(first + Streaming("b", b, Late()))));
        EXPECT_EQ(Of(inputs[0]).host, "b");
        EXPECT_EQ(Of(inputs[0]).attempts, 2u);
        EXPECT_TRUE(Said("a: ffmpeg was "));
        ExpectAllDone();
    }
    ExpectHostsEmpty();
}

TEST_F(FarmSsh, KeepsTheFilmWhenTheOnlyHostsEncodeIsKilled)
{
    Film("film.mkv", 20);
    options.retries = 0;
    for (int number : {SIGKILL, SIGTERM}) {
        results.clear();
        OnceEncodingOnA([&] { kill(Pids().back(), number); });
        EXPECT_TRUE(Run(Yaml(Streaming("a", a, Slow()))));
        EXPECT_EQ(Of(inputs[0]).state, FFARM_JOB_FAILED);
        ExpectUntouched();
    }
    ExpectHostsEmpty();
}

TEST_F(FarmSsh, GivesTheFilmsOfALostHostToTheOther)
{
    for (int i = 0; i < 4; i++)
        Film("film" + std::to_string(i) + ".mkv", 20);
    OnceEncodingOnA([&] { sshd_stop(g_steal_pointer(&a)); });
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, Slow()) + Streaming("b", b, Late()))));
    ExpectAllDone();
    for (const std::string &film : inputs)
        EXPECT_EQ(Of(film).host, "b");
    EXPECT_TRUE(Said("may have been left there"));
    EXPECT_EQ(Tree(In("work-b")), Names{});
}

TEST_F(FarmSsh, ComesBackToAHostThatDroppedTheConnection)
{
    Film("film.mkv", 20);
    OnceEncodingOnA([&] {
        StandIn("slow", "exec $ffmpeg \"$@\"");
        sshd_drop_connections(a);
    });
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, Slow())))) << error->message;
    ExpectAllDone();
    EXPECT_EQ(Of(inputs[0]).attempts, 2u);
    EXPECT_EQ(Tree(In("work-a")), Names{});
    ExpectHostsEmpty();
}

// Nothing comes from the host any more, and nothing says that it has gone.
TEST_F(FarmSsh, NoticesAHostThatFallsSilent)
{
    Film("film.mkv", 20);
    std::vector<pid_t> stopped;
    OnceEncodingOnA([&] {
        for (pid_t pid : Sessions(a))
            if (kill(pid, SIGSTOP) == 0)
                stopped.push_back(pid);
        kill(Pids().back(), SIGSTOP);
    });
    options.stall_ms = 3000;
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, Slow()) + Streaming("b", b, Late()))));
    EXPECT_FALSE(stopped.empty());
    for (pid_t pid : stopped)
        kill(pid, SIGCONT);
    kill(Pids().back(), SIGKILL);
    ExpectAllDone();
    EXPECT_EQ(Of(inputs[0]).host, "b");
}

// A host that could not be reached at first is asked again, and gets what nobody else may take.
TEST_F(FarmSsh, TakesInAHostThatComesLater)
{
    for (int i = 0; i < 3; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string slow = StandIn("slow", "sleep 0.5; exec $ffmpeg \"$@\"");
    sshd_switch_off(b);
    options.pause_ms = 300;
    hook = [&, is_on = false](const FfarmEvent *event) mutable {
        if (!is_on && event->type == FFARM_EVENT_HOST && !event->report->is_usable) {
            is_on = true;
            sshd_switch_on(b);
        }
    };
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, slow) + Streaming("b", b)))) << error->message;
    ExpectAllDone();
    EXPECT_TRUE(Said("b: answers well and gets films again"));
    EXPECT_EQ(reports["b"], "");
    EXPECT_EQ(summary.hosts_left_out, 0u);
    ExpectHostsEmpty();
}

// The only host goes away in the middle of an encode and comes back: the film is done all the same.
TEST_F(FarmSsh, WaitsForTheOnlyHost)
{
    Film("film.mkv", 20);
    options.pause_ms = 300;
    OnceEncodingOnA([&] {
        StandIn("slow", "exec $ffmpeg \"$@\"");
        sshd_switch_off(a);
    });
    bool is_back = false;
    auto encoding = hook;
    hook = [&, encoding](const FfarmEvent *event) {
        encoding(event);
        if (!is_back && event->type == FFARM_EVENT_MESSAGE && strstr(event->message, "for hosts that are away")) {
            is_back = true;
            sshd_switch_on(a);
        }
    };
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, Slow())))) << error->message;
    EXPECT_TRUE(Said("1 file waits for hosts that are away, for 10 min at most"));
    EXPECT_TRUE(Said("a: answers well and gets films again"));
    ExpectAllDone();
    EXPECT_EQ(Of(inputs[0]).attempts, 2u);
}

TEST_F(FarmSsh, DoesNotWaitForAHostForEver)
{
    Film("film.mkv", 20);
    options.pause_ms = 300;
    OnceEncodingOnA([&] { sshd_switch_off(a); });
    std::string yaml = Yaml(Streaming("a", a, Slow()));
    EXPECT_TRUE(Run("config:\n  host_wait: 1\n" + yaml.substr(8)));
    EXPECT_EQ(Of(inputs[0]).state, FFARM_JOB_FAILED);
    ExpectUntouched();
}

TEST_F(FarmSsh, WaitsForNobodyWhenNoHostWasEverThere)
{
    Film("film.mkv");
    std::string yaml = Yaml(Streaming("a", a));
    sshd_switch_off(a);
    gint64 begin_us = g_get_monotonic_time();
    EXPECT_FALSE(Run(yaml));
    EXPECT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE));
    EXPECT_LT(g_get_monotonic_time() - begin_us, 10 * G_USEC_PER_SEC);
    ExpectUntouched();
}

TEST_F(FarmSsh, NamesAHostThatIsGoneFromTheStart)
{
    for (int i = 0; i < 3; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string yaml = Yaml(Streaming("a", a) + Streaming("b", b));
    sshd_stop(g_steal_pointer(&b));
    EXPECT_TRUE(Run(yaml)) << error->message;
    ExpectAllDone();
    EXPECT_EQ(reports["b"].rfind("b: ", 0), 0u) << reports["b"];
    EXPECT_EQ(summary.hosts_left_out, 1u);
}

TEST_F(FarmSsh, NamesAHostWithoutItsWorkingDir)
{
    Film("film.mkv");
    std::string yaml = Yaml(Streaming("a", a) + Streaming("b", b));
    rmdir(In("work-a").c_str());
    EXPECT_TRUE(Run(yaml)) << error->message;
    ExpectAllDone();
    EXPECT_EQ(reports["a"], "a: working_dir " + In("work-a") + " does not exist there");
}

TEST_F(FarmSsh, LeavesAHostWhoseWorkingDirIsFull)
{
    if (!Mount("work-a", "64k"))
        GTEST_SKIP() << "needs root to mount a small file system";
    Film("film.mkv");
    EXPECT_TRUE(Run(Yaml(Streaming("a", a) + Streaming("b", b)))) << error->message;
    ExpectAllDone();
    EXPECT_EQ(reports["a"], "a: working_dir " + In("work-a") + " is full");
}

TEST_F(FarmSsh, GivesAwayWhatDoesNotFitThere)
{
    if (!Mount("work-a", "2m"))
        GTEST_SKIP() << "needs root to mount a small file system";
    LargeFilm("film.mkv");
    options.retries = 0;
    EXPECT_TRUE(Run(Yaml(Streaming("a", a) + Streaming("b", b, Late())))) << error->message;
    ExpectAllDone();
    EXPECT_EQ(Of(inputs[0]).host, "b");
    EXPECT_EQ(Of(inputs[0]).attempts, 1u);
    EXPECT_TRUE(Said("a: working_dir " + In("work-a") + " has 2.0"));
    EXPECT_EQ(Tree(In("work-a")), Names{});
    EXPECT_EQ(Tree(In("work-b")), Names{});
}

TEST_F(FarmSsh, FailsAFilmThatFitsNowhere)
{
    if (!Mount("work-a", "2m"))
        GTEST_SKIP() << "needs root to mount a small file system";
    std::string film = LargeFilm("film.mkv"), small = Film("small.mkv");
    EXPECT_TRUE(Run(Yaml(Streaming("a", a)))) << error->message;
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("are needed"), std::string::npos) << Of(film).error;
    ExpectDone(small);
    EXPECT_EQ(Tree(In("work-a")), Names{});
}

// Two at once don't fit, one after the other they do: the second waits for the first.
TEST_F(FarmSsh, WaitsForRoomThatAnotherEncodeGivesBack)
{
    if (!Mount("work-a", "5m"))
        GTEST_SKIP() << "needs root to mount a small file system";
    LargeFilm("one.mkv");
    LargeFilm("two.mkv");
    std::string late = StandIn("slow", "sleep 0.5; exec $ffmpeg \"$@\"");
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, late) + "        queues: {q: 2}\n"))) << error->message;
    ExpectAllDone();
    EXPECT_TRUE(Said("are needed: waiting for other encodes to end"));
    EXPECT_EQ(Of(inputs[0]).attempts, 1u);
    EXPECT_EQ(Of(inputs[1]).attempts, 1u);
}

// The result is larger than anybody could foresee.
TEST_F(FarmSsh, GivesAwayWhatDoesNotFitWhileEncoding)
{
    if (!Mount("work-a", "4m"))
        GTEST_SKIP() << "needs root to mount a small file system";
    LargeFilm("film.mkv");
    std::string full = StandIn("full", "exec $ffmpeg -v level+info -f lavfi -i nullsrc=size=640x480:rate=25:duration=9 "
                                       "-c:v rawvideo -f matroska -y \"$out\"");
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, full) + Streaming("b", b, Late())))) << error->message;
    ExpectAllDone();
    EXPECT_EQ(Of(inputs[0]).host, "b");
    EXPECT_TRUE(Said("No space left")) << messages.size();
    EXPECT_EQ(Tree(In("work-a")), Names{});
}

TEST_F(FarmSsh, KeepsTheFilmWhenTheResultDoesNotFitHere)
{
    if (!Mount("media", "2m"))
        GTEST_SKIP() << "needs root to mount a small file system";
    LargeFilm("film.mkv");
    EXPECT_TRUE(Run(Yaml(Streaming("a", a) + Streaming("b", b))));
    EXPECT_EQ(Of(inputs[0]).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Of(inputs[0]).attempts, 1u) << Of(inputs[0]).error;
    EXPECT_NE(Of(inputs[0]).error.find("are needed"), std::string::npos) << Of(inputs[0]).error;
    EXPECT_EQ(states[inputs[0]], (Names{"queued", "claimed", "failed"}));
    ExpectUntouched();
    ExpectHostsEmpty();
}

// An ffmpeg that pads its result far beyond twice the source, and says so or not.
TEST_F(FarmSsh, TakesALargeResultThatFfmpegToldOf)
{
    Film("film.mp4");
    // A "free" box, which readers of mp4 pass over.
    const std::string pad = "$ffmpeg \"$@\" >/dev/null || exit 1; printf '\\004\\260\\000\\000free' >>\"$out\"; "
                            "truncate -s +78643192 \"$out\"; ";
    std::string big = StandIn("big", pad + "echo frame=25; echo out_time_us=1000000; echo total_size=80000000; "
                                           "echo progress=end");
    std::string sly = StandIn("sly", pad);
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, sly))));
    EXPECT_EQ(Of(inputs[0]).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(inputs[0]).error.find("that it may have"), std::string::npos) << Of(inputs[0]).error;
    ExpectUntouched();
    results.clear();
    EXPECT_TRUE(Run(Yaml(Streaming("a", a, big))));
    ExpectDone(inputs[0]);
    EXPECT_GT(Of(inputs[0]).output_size, 78643200);
}

TEST_F(FarmSsh, DoesNotFetchWhatSavesTooLittle)
{
    Film("film.mkv");
    std::string yaml = Yaml(Streaming("a", a));
    const std::string copy = "    output_options: -c copy\n";
    yaml.insert(yaml.find(copy) + copy.size(), "    threshold: 50\n");
    EXPECT_TRUE(Run(yaml));
    EXPECT_EQ(Of(inputs[0]).state, FFARM_JOB_BELOW_THRESHOLD) << Of(inputs[0]).error;
    const Names &seen = states[inputs[0]];
    EXPECT_EQ(std::count(seen.begin(), seen.end(), "downloading"), 0);
    ExpectUntouched();
    ExpectHostsEmpty();
}

TEST_F(FarmSsh, StopsEverythingOnTheHostsWhenCancelled)
{
    for (int i = 0; i < 3; i++)
        Film("film" + std::to_string(i) + ".mkv", 20);
    std::string slow = Slow();
    std::map<std::string, bool> running;
    std::thread canceller;
    hook = [&](const FfarmEvent *event) {
        if (event->type != FFARM_EVENT_PROGRESS || running.size() == 2)
            return;
        running[event->host->name] = true;
        if (running.size() == 2)
            canceller = std::thread([this] { g_cancellable_cancel(cancellable); });
    };
    std::string yaml = Yaml(Streaming("a", a, slow) + Mounted("b", b, slow));
    EXPECT_TRUE(Run(yaml));
    ASSERT_TRUE(canceller.joinable());
    canceller.join();
    EXPECT_EQ(summary.cancelled, 3u);
    ExpectUntouched();
    ExpectHostsEmpty();
    for (pid_t pid : Pids())
        EXPECT_EQ(kill(pid, 0), -1) << pid;
}
