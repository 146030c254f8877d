// SPDX-License-Identifier: LGPL-2.1-or-later
#include "farm_fixture.h"
#include "device_book.h"
#include "prober.h"
#include "runner.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <linux/capability.h>
#include <set>
#include <sstream>
#include <sys/syscall.h>
#include <thread>

namespace
{
using Names = std::vector<std::string>;

// A folder in which this thread, and those it starts from here on, can make no file as long as this lives: neither can
// root, without the capability that lets it.
class ReadOnly
{
  public:
    explicit ReadOnly(const std::string &folder) : folder(folder)
    {
        SetOverride(false);
        chmod(folder.c_str(), 0555);
    }
    ~ReadOnly()
    {
        chmod(folder.c_str(), 0755);
        SetOverride(true);
    }
    void Open() const
    {
        chmod(folder.c_str(), 0755);
    }

  private:
    static void SetOverride(bool has)
    {
        __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct data[2] = {};
        syscall(SYS_capget, &header, data);
        data[0].effective = has ? data[0].permitted : data[0].effective & ~(1U << CAP_DAC_OVERRIDE);
        syscall(SYS_capset, &header, data);
    }
    std::string folder;
};

const char copy_profile[] = "profiles:\n"
                            "  copy:\n"
                            "    output_options: -c copy\n"
                            "rules:\n"
                            "  all:\n"
                            "    profile: copy\n";

class Farm : public FarmTest
{
  protected:
    // A cluster "home" of local hosts, each with an ffmpeg of its own and, where given, more lines of its block.
    static std::string Cluster(const std::vector<std::pair<std::string, std::string>> &hosts,
                               const std::string &more = "", const std::string &rest = copy_profile)
    {
        std::string yaml = "config:\n  clusters:\n    home:\n";
        for (const auto &[name, ffmpeg] : hosts)
            yaml += "      " + name + ":\n        type: local\n        ffmpeg: " + ffmpeg + "\n" + more;
        return yaml + rest;
    }
    static std::string Profile(const std::string &lines)
    {
        return "profiles:\n  copy:\n    output_options: -c copy\n" + lines + "rules:\n  all:\n    profile: copy\n";
    }
    const std::string copies = "exec $ffmpeg \"$@\"";
};
} // namespace

TEST_F(Farm, ReplacesFilmsByWhatFfmpegMade)
{
    std::string one = Film("one.mkv"), two = Film("deep/it's $(touch PWNED); two.mkv");
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}))) << error->message;
    ExpectDone(one);
    ExpectDone(two);
    EXPECT_EQ(Tree(In("media")), (Names{"deep/it's $(touch PWNED); two.mkv", "one.mkv"}));
    EXPECT_NE(Read(one), before[one]);
    ExpectPlays(one);
    ExpectPlays(two);
    EXPECT_EQ(states[one], (Names{"queued", "claimed", "encoding", "verifying", "replacing", "done"}));
    EXPECT_EQ(summary.done, 2u);
    EXPECT_EQ(summary.hosts_usable, 1u);
    EXPECT_GT(summary.output_bytes, 0);
    EXPECT_EQ(Of(one).output, one);
    EXPECT_EQ(Of(one).attempts, 1u);
}

TEST_F(Farm, GivesTheResultItsOwnExtension)
{
    std::string film = Film("film.mkv");
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "", Profile("    extension: .mp4\n"))));
    ExpectDone(film);
    EXPECT_EQ(Tree(In("media")), (Names{"film.mp4"}));
    EXPECT_EQ(Read(In("media/film.mp4")).substr(4, 4), "ftyp");
    ExpectPlays(In("media/film.mp4"));
}

TEST_F(Farm, KeepsTheSourceWhenAsked)
{
    std::string film = Film("film.mkv");
    plan_options.keep = TRUE;
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_KEPT) << Of(film).error;
    EXPECT_EQ(Read(film), before[film]);
    EXPECT_EQ(Tree(In("media")), (Names{"film.mkv", "film.mkv.tmp"}));
    EXPECT_EQ(summary.kept, 1u);
}

TEST_F(Farm, WritesBelowAnOutputFolder)
{
    std::string film = Film("film.mkv"), out = In("out");
    plan_options.output_dir = out.c_str();
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    ExpectDone(film);
    EXPECT_EQ(Tree(out), (Names{"film.mkv"}));
    ExpectUntouched();
}

TEST_F(Farm, EncodesOnFastStorageAndMovesFromThere)
{
    std::string film = Film("film.mkv");
    g_autofree char *fast = g_strdup("/dev/shm/ffarm-test-XXXXXX");
    ASSERT_NE(g_mkdtemp(fast), nullptr);
    std::string yaml = "config:\n  fls_path: " + std::string(fast) + "\n" + Cluster({{"a", "ffmpeg"}}).substr(8);
    EXPECT_TRUE(Run(yaml));
    ExpectDone(film);
    EXPECT_EQ(Tree(In("media")), (Names{"film.mkv"}));
    EXPECT_EQ(Tree(fast), Names{});
    ExpectPlays(film);
    scratch_free(g_steal_pointer(&fast));
}

TEST_F(Farm, FailsAJobWhoseEncoderFailsAndKeepsTheLog)
{
    std::string film = Film("film.mkv");
    std::string fails = StandIn("fails", "echo 'half a film' >\"$out\"; echo '[error] Something is wrong' >&2; exit 1");
    EXPECT_TRUE(Run(Cluster({{"a", fails}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Of(film).error, film + ": ffmpeg failed with status 1 on a ([error] Something is wrong)");
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Read(Of(film).log), "[error] Something is wrong\n");
    struct stat info;
    ASSERT_EQ(stat(Of(film).log.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0600u);
    ExpectUntouched();
    EXPECT_EQ(summary.failed, 1u);
}

TEST_F(Farm, KeepsAResultThatIsNotTheFilmWhereItWasTold)
{
    std::string film = Film("film.mkv", 4), kept = In("kept");
    options.keep_failed = kept.c_str();
    std::string half = StandIn("half", "exec $ffmpeg -y -i \"$in\" -map 0 -c copy -t 1 -f matroska \"$last\"");
    EXPECT_TRUE(Run(Cluster({{"a", half}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    ExpectUntouched();
    ASSERT_EQ(Tree(kept).size(), 1u);
    std::string path = kept + "/" + Tree(kept)[0];
    EXPECT_NE(Of(film).error.find("the source's at 4.0"), std::string::npos) << Of(film).error;
    EXPECT_NE(Of(film).error.find("; the result is kept as " + path), std::string::npos) << Of(film).error;
    ExpectPlays(path);
}

TEST_F(Farm, EncodesWhatIsLeftOfACutFilmOnlyWhereThatIsWanted)
{
    std::string film = Film("film.mkv", 4);
    media_cut(film.c_str(), 60);
    before[film] = Read(film);
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    ExpectUntouched();
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "", Profile("    damaged: skip\n"))));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "", Profile("    damaged: encode\n"))));
    ExpectDone(film);
    EXPECT_NE(Read(film), before[film]);
    ExpectPlays(film);
}

TEST_F(Farm, MeasuresThePictureAndRefusesABadOne)
{
    std::string film = Film("film.mkv");
    std::string bad = StandIn("bad", "exec $ffmpeg -y -i \"$in\" -map 0 -c:v libx264 -crf 51 -vf "
                                     "scale=4:4,scale=64:64 -c:a copy -f matroska \"$last\"");
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", bad}}, "", Profile("    min_ssim: 0.9\n    output_options_video: -c:v libx264\n"))));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("SSIM of the picture is 0."), std::string::npos) << Of(film).error;
    ExpectUntouched();
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "", Profile("    min_ssim: 0.9\n"))));
    ExpectDone(film);
}

TEST_F(Farm, TriesASecondHostBeforeItBlamesTheFilm)
{
    std::string film = Film("film.mkv");
    std::string fails = StandIn("fails", "echo $$ >>" + In("tries") + "; exit 1");
    EXPECT_TRUE(Run(Cluster({{"a", fails}, {"b", fails}, {"c", fails}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Of(film).attempts, 2u);
    std::string tries = Read(In("tries"));
    EXPECT_EQ(std::count(tries.begin(), tries.end(), '\n'), 2);
    ExpectUntouched();
}

TEST_F(Farm, GivesAKilledEncodeToAnotherHost)
{
    std::string film = Film("film.mkv");
    std::string killed = StandIn("killed", "head -c 3000 \"$in\" >\"$out\"; kill -9 $$");
    std::string late = StandIn("late", "sleep 0.3; " + copies);
    EXPECT_TRUE(Run(Cluster({{"a", killed}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Of(film).error, "a: ffmpeg was killed by signal 9");
    EXPECT_EQ(Of(film).attempts, 3u);
    ExpectUntouched();
    results.clear();
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_QUEUED && event->job->attempts > 0) {
            EXPECT_STREQ(static_cast<FfarmHost *>(g_ptr_array_index(event->job->failed_hosts, 0))->name, "a");
        }
    };
    std::string second = Film("second.mkv");
    EXPECT_TRUE(Run(Cluster({{"a", killed}, {"b", late}})));
    ExpectDone(film);
    ExpectDone(second);
    EXPECT_EQ(Of(film).host, "b");
    EXPECT_EQ(Of(second).host, "b");
    EXPECT_EQ(Tree(In("media")), (Names{"film.mkv", "second.mkv"}));
}

TEST_F(Farm, DoesNotRetryWhenToldNotTo)
{
    std::string film = Film("film.mkv");
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("killed", "kill -9 $$")}, {"b", StandIn("killed2", "kill -9 $$")}})));
    EXPECT_EQ(Of(film).attempts, 1u);
    ExpectUntouched();
}

TEST_F(Farm, RefusesAShorterFilmWhateverTheStatus)
{
    std::string film = Film("film.mkv", 3);
    std::string cuts =
        StandIn("cuts", "$ffmpeg -v quiet -y -i \"file:$in\" -t 1 -c copy -f matroska \"file:$out\"; exit 0");
    EXPECT_TRUE(Run(Cluster({{"a", cuts}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("ends at 1."), std::string::npos) << Of(film).error;
    ExpectUntouched();
}

TEST_F(Farm, RefusesAFilmCutOffInTheMiddle)
{
    std::string film = Film("film.mkv", 3);
    std::string cuts = StandIn("cuts", "size=$(stat -c %s \"$in\"); head -c $((size / 2)) \"$in\" >\"$out\"; exit 0");
    EXPECT_TRUE(Run(Cluster({{"a", cuts}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    ExpectUntouched();
}

TEST_F(Farm, RefusesASilentFilmAndOneThatIsNone)
{
    std::string film = Film("film.mkv");
    std::string silent =
        StandIn("silent", "$ffmpeg -v quiet -y -i \"file:$in\" -an -c copy -f matroska \"file:$out\"; exit 0");
    EXPECT_TRUE(Run(Cluster({{"a", silent}})));
    EXPECT_EQ(Of(film).error, film + ": the result has 0 audio streams, 1 was planned");
    for (const char *body :
         {"echo 'not a film' >\"$out\"", ": >\"$out\"", "exit 0", "mkdir \"$out\"; rmdir \"$out\""}) {
        results.clear();
        EXPECT_TRUE(Run(Cluster({{"a", StandIn("other", body)}})));
        EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED) << body;
        ExpectUntouched();
    }
}

TEST_F(Farm, BelievesAComplaintMoreThanTheStatus)
{
    std::string film = Film("film.mkv");
    std::string complains = StandIn(
        "complains", "$ffmpeg \"$@\"; echo '[matroska @ 0x1] [error] File ended prematurely at pos. 9' >&2; exit 0");
    EXPECT_TRUE(Run(Cluster({{"a", complains}, {"b", complains}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_NE(Of(film).error.find("the source is damaged"), std::string::npos) << Of(film).error;
    ExpectUntouched();
}

TEST_F(Farm, StopsAnEncodeThatHangsAndGivesItToAnotherHost)
{
    std::string film = Film("film.mkv");
    options.stall_ms = 400;
    std::string hangs = StandIn("hangs", "echo half >\"$out\"; exec sleep 100");
    EXPECT_TRUE(Run(Cluster({{"a", hangs}})));
    EXPECT_EQ(Of(film).error, "a: ffmpeg made no progress for 0.4 s and was stopped");
    EXPECT_EQ(Of(film).attempts, 3u);
    ExpectUntouched();
}

TEST_F(Farm, StopsAnEncodeThatTalksWithoutGettingFurther)
{
    std::string film = Film("film.mkv");
    options.stall_ms = 400;
    options.retries = 0;
    std::string talks =
        StandIn("talks", "while :; do echo out_time_us=100; echo total_size=10; echo progress=continue; "
                         "echo still here >&2; sleep 0.05; done");
    EXPECT_TRUE(Run(Cluster({{"a", talks}})));
    EXPECT_EQ(Of(film).error, "a: ffmpeg made no progress for 0.4 s and was stopped");
    ExpectUntouched();
}

// It fills the disk, but gets nowhere.
TEST_F(Farm, StopsAnEncodeThatWritesWithoutGettingFurther)
{
    std::string film = Film("film.mkv");
    options.stall_ms = 400;
    options.retries = 0;
    std::string fills = StandIn("fills", "n=1; while :; do echo out_time_us=100; echo total_size=$n; "
                                         "echo progress=continue; n=$((n + 1000)); sleep 0.05; done");
    EXPECT_TRUE(Run(Cluster({{"a", fills}})));
    EXPECT_EQ(Of(film).error, "a: ffmpeg made no progress for 0.4 s and was stopped");
    ExpectUntouched();
}

// It counts on, but nothing arrives on the disk; what a muxer holds back does not count.
TEST_F(Farm, StopsAnEncodeThatWritesNothing)
{
    std::string film = Film("film.mkv");
    options.stall_ms = 400;
    options.retries = 0;
    const std::string counts = "n=1; while [ $n -lt 40 ]; do echo out_time_us=$n$zeros; echo total_size=10; "
                               "echo progress=continue; n=$((n + 1)); sleep 0.05; done; ";
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("writes-nothing", "zeros=0000000; " + counts + copies)}})));
    EXPECT_EQ(Of(film).error, "a: ffmpeg made no progress for 0.4 s and was stopped");
    ExpectUntouched();
    results.clear();
    options.stall_ms = 1800; // less than all of it takes
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("writes-late", "zeros=00000; " + counts + copies)}})));
    ExpectDone(film);
}

TEST_F(Farm, StopsAnEncodeThatEndsAgainAndAgain)
{
    std::string film = Film("film.mkv");
    options.stall_ms = 400;
    options.retries = 0;
    guint told = 0;
    hook = [&](const FfarmEvent *event) { told += event->type == FFARM_EVENT_PROGRESS; };
    std::string ends = StandIn("ends", "while :; do echo out_time_us=100; echo progress=end; sleep 0.01; done");
    EXPECT_TRUE(Run(Cluster({{"a", ends}})));
    EXPECT_EQ(Of(film).error, "a: ffmpeg made no progress for 0.4 s and was stopped");
    EXPECT_LE(told, 3u);
    ExpectUntouched();
}

// Each attempt writes to a name of its own, so one that lives on can't spoil the next one's result.
TEST_F(Farm, GivesEveryAttemptNamesOfItsOwn)
{
    std::string film = Film("film.mkv");
    std::string notes = In("notes");
    std::string dies = StandIn("dies", "echo \"$out\" >>" + notes + "; kill -9 $$");
    EXPECT_TRUE(Run(Cluster({{"a", dies}})));
    EXPECT_EQ(Of(film).attempts, 3u);
    std::istringstream lines(Read(notes));
    std::set<std::string> names;
    for (std::string line; std::getline(lines, line);)
        names.insert(line);
    EXPECT_EQ(names.size(), 3u) << Read(notes);
    for (const std::string &name : names) {
        g_autofree char *base = g_path_get_basename(name.c_str());
        EXPECT_TRUE(g_regex_match_simple("^\\.ffarm-[0-9a-z]{20,}-0-[123]-[0-9a-f]{16}\\.mkv\\.tmp$", base,
                                         GRegexCompileFlags(0), GRegexMatchFlags(0)))
            << base;
    }
    ExpectUntouched();
}

TEST_F(Farm, IsNotImpressedByGarbage)
{
    std::string film = Film("film.mkv");
    std::string noisy =
        StandIn("noisy", "head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2; echo progress=; "
                         "$ffmpeg \"$@\"; head -c 100000 /dev/zero >&2");
    EXPECT_TRUE(Run(Cluster({{"a", noisy}})));
    ExpectDone(film);
}

TEST_F(Farm, BlamesNoHostForAFullDiskOfItsOwn)
{
    std::string film = Film("film.mkv");
    std::string full = StandIn(
        "full", "echo half >\"$out\"; echo '[error] Error writing trailer: No space left on device' >&2; exit 1");
    EXPECT_TRUE(Run(Cluster({{"a", full}, {"b", full}})));
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_NE(Of(film).error.find("the disk is full"), std::string::npos);
    ExpectUntouched();
}

// A folder that can't be written to is no better on another host, and is noticed before anything is encoded.
TEST_F(Farm, BlamesNoHostForAFolderThatIsReadOnlyHere)
{
    std::string film = Film("film.mkv");
    ReadOnly lock(In("media"));
    lock.Open();
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_HOST)
            chmod(In("media").c_str(), 0555);
    };
    std::string never = StandIn("never", "touch " + In("begun") + "; exit 1");
    EXPECT_TRUE(Run(Cluster({{"a", never}, {"b", never}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Of(film).error, In("media") + ": nothing can be written there: Permission denied");
    EXPECT_EQ(access(In("begun").c_str(), F_OK), -1);
    ExpectUntouched();
}

TEST_F(Farm, LooksFromHereWhenAHostCanNotWrite)
{
    std::string film = Film("film.mkv");
    std::string says = "echo \"[error] file:$out: Permission denied\" >&2; exit 1";
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("refused", says)}})));
    EXPECT_EQ(Of(film).attempts, 3u) << "it can be written from here, so it is the host's fault";
    EXPECT_NE(Of(film).error.find(" can't be written there ([error]"), std::string::npos) << Of(film).error;
    ExpectUntouched();
    results.clear();
    ReadOnly lock(In("media"));
    lock.Open();
    std::string turns = StandIn("turns", "chmod a-w " + In("media") + "; " + says);
    EXPECT_TRUE(Run(Cluster({{"a", turns}, {"b", turns}})));
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Of(film).error, In("media") + ": nothing can be written there: Permission denied");
    ExpectUntouched();
}

TEST_F(Farm, LooksFromHereWhenAHostCanNotRead)
{
    std::string film = Film("film.mkv");
    std::string says = "echo \"[error] file:$in: Input/output error\" >&2; exit 1";
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("refused", says)}})));
    EXPECT_EQ(Of(film).attempts, 3u);
    EXPECT_EQ(Of(film).error.find("a: " + film + " can't be read there ([error]"), 0u) << Of(film).error;
    results.clear();
    std::string gone = StandIn("gone", "mv \"$in\" " + In("away") + "; " + says);
    EXPECT_TRUE(Run(Cluster({{"a", gone}, {"b", gone}})));
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Of(film).error, film + ": can't be read: No such file or directory");
}

TEST_F(Farm, LooksForAnotherHostWhenOneLacksWhatAFilmNeeds)
{
    std::string film = Film("film.mkv");
    std::string old =
        StandIn("old", "echo x >>" + In("tries") + "; echo \"[fatal] Unrecognized option 'new'.\" >&2; exit 1");
    EXPECT_TRUE(Run(Cluster({{"a", old}})));
    EXPECT_EQ(Of(film).attempts, 1u) << "what it lacks does not come by itself";
    EXPECT_NE(Of(film).error.find("its ffmpeg or its hardware can't do that"), std::string::npos) << Of(film).error;
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", old}, {"b", old}, {"c", StandIn("late", "sleep 0.4; " + copies)}})));
    ExpectDone(film);
}

TEST_F(Farm, TriesHardwareForTheFilmsThatCouldUseIt)
{
    std::string film = Film("film.mkv");
    std::string noted = StandIn("noted", "echo \"$*\" >>" + In("calls") +
                                             "\ncase \"$*\" in\n*-encoders) echo ' V....D h264_nvenc    words' ;;\n"
                                             "*h264_nvenc*) echo 'Cannot load libcuda.so.1' >&2; exit 1 ;;\n*) " +
                                             copies + " ;;\nesac");
    auto count = [this](const std::string &part) {
        std::string calls = Read(In("calls"));
        int found = 0;
        for (size_t at = 0; (at = calls.find(part, at)) != std::string::npos; at++)
            found++;
        return found;
    };
    EXPECT_TRUE(Run(Cluster({{"a", noted}})));
    ExpectDone(film);
    EXPECT_EQ(count("\n"), 1) << "a film that the CPU encodes costs no question";
    results.clear();
    EXPECT_TRUE(Run(Cluster({{"a", noted}}, "", Profile("    output_options_video: -c:v h264_nvenc\n"))));
    EXPECT_EQ(count("-encoders"), 1);
    EXPECT_EQ(count("testsrc2"), 1);
}

TEST_F(Farm, DiscardsAResultThatSavesTooLittle)
{
    std::string film = Film("film.mkv");
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "", Profile("    threshold: 50\n"))));
    EXPECT_EQ(Of(film).state, FFARM_JOB_BELOW_THRESHOLD) << Of(film).error;
    EXPECT_EQ(summary.below_threshold, 1u);
    ExpectUntouched();
}

TEST_F(Farm, StopsAHopelessEncodeEarly)
{
    std::string film = Film("film.mkv", 20);
    std::string big =
        StandIn("big", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo frame=$i; echo out_time_us=${i}000000; "
                       "echo total_size=${i}00000000; echo progress=continue; sleep 0.05; done; "
                       "touch " +
                           In("not-stopped") + "; exec sleep 100");
    EXPECT_TRUE(Run(Cluster({{"a", big}}, "", Profile("    threshold: 20\n    threshold_check: 30\n"))));
    EXPECT_EQ(Of(film).state, FFARM_JOB_BELOW_THRESHOLD) << Of(film).error;
    EXPECT_FALSE(g_file_test(In("not-stopped").c_str(), G_FILE_TEST_EXISTS));
    ExpectUntouched();
}

TEST_F(Farm, UsesAllSlotsAtOnceAndNotOneMore)
{
    for (int i = 0; i < 6; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string slow = StandIn("slow", "n=$(mktemp " + In("busy") + "/XXXXXX); ls " + In("busy") + " | wc -l >>" +
                                           In("seen") + "; $ffmpeg \"$@\"; sleep 0.3; rm $n");
    ASSERT_EQ(mkdir(In("busy").c_str(), 0755), 0);
    EXPECT_TRUE(Run(Cluster({{"a", slow}}, "        queues:\n          q: 3\n")));
    EXPECT_EQ(summary.done, 6u);
    std::ifstream seen(In("seen"));
    int most = 0;
    for (int number; seen >> number;)
        most = std::max(most, number);
    EXPECT_EQ(most, 3);
}

TEST_F(Farm, DoesOneAtATimeWhenSequential)
{
    for (int i = 0; i < 4; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string slow = StandIn("slow", "mkdir " + In("busy") + " || touch " + In("two") +
                                           "; $ffmpeg \"$@\"; sleep 0.1; rmdir " + In("busy"));
    plan_options.sequential = TRUE;
    EXPECT_TRUE(Run(Cluster({{"a", slow}, {"b", slow}}, "        queues:\n          q: 2\n")));
    EXPECT_EQ(summary.done, 4u);
    EXPECT_FALSE(g_file_test(In("two").c_str(), G_FILE_TEST_EXISTS));
}

TEST_F(Farm, HandsOutInTheOrderAskedFor)
{
    std::string two = Film("two.mkv", 2), three = Film("three.mkv", 3), one = Film("one.mkv", 1);
    plan_options.keep = TRUE;
    const std::pair<FfarmOrder, Names> orders[] = {{FFARM_ORDER_GIVEN, {two, three, one}},
                                                   {FFARM_ORDER_LONGEST, {three, two, one}},
                                                   {FFARM_ORDER_SHORTEST, {one, two, three}}};
    for (const auto &[order, expected] : orders) {
        plan_options.order = order;
        claims.clear();
        results.clear();
        EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
        EXPECT_EQ(claims, expected);
        for (const std::string &path : inputs)
            unlink((path + ".tmp").c_str());
    }
}

TEST_F(Farm, TakesOnlyWhatAHostMayTake)
{
    std::string small = Film("small.mkv", 1), large = Film("large.mkv", 4);
    std::string yaml = "config:\n  clusters:\n    home:\n"
                       "      a: {type: local, profiles: [short]}\n"
                       "      b: {type: local, profiles: [long]}\n"
                       "profiles:\n"
                       "  short: {output_options: -c copy}\n"
                       "  long: {output_options: -c copy}\n"
                       "rules:\n"
                       "  small: {profile: short, criteria: {runtime: '<0.05'}}\n"
                       "  rest: {profile: long}\n";
    EXPECT_TRUE(Run(yaml)) << error->message;
    EXPECT_EQ(Of(small).host, "a") << Of(small).error;
    EXPECT_EQ(Of(large).host, "b") << Of(large).error;
}

TEST_F(Farm, RunsAProfileInTheQueueThatItNames)
{
    std::string film = Film("film.mkv");
    std::string yaml = "config:\n  clusters:\n    home:\n"
                       "      a: {type: local, queues: {cpu: 1}}\n"
                       "      b: {type: local, queues: {cpu: 1, gpu: 1}}\n"
                       "profiles:\n  copy: {output_options: -c copy, queue: gpu}\n"
                       "rules:\n  all: {profile: copy}\n";
    EXPECT_TRUE(Run(yaml));
    EXPECT_EQ(Of(film).host, "b");
}

TEST_F(Farm, GoesOnWithoutAHostThatCanNotBeUsed)
{
    for (int i = 0; i < 3; i++)
        Film("film" + std::to_string(i) + ".mkv");
    EXPECT_TRUE(Run(Cluster({{"broken", In("no-such-ffmpeg")}, {"odd", "/bin/true"}, {"good", "ffmpeg"}})));
    EXPECT_EQ(summary.done, 3u);
    EXPECT_EQ(summary.hosts_usable, 1u);
    EXPECT_EQ(summary.hosts_left_out, 2u);
    EXPECT_EQ(reports["broken"].rfind("broken: ", 0), 0u) << reports["broken"];
    EXPECT_EQ(reports["odd"].rfind("odd: /bin/true is not ffmpeg", 0), 0u) << reports["odd"];
    EXPECT_EQ(reports["good"], "");
}

TEST_F(Farm, FailsWhenNoHostCanBeUsed)
{
    std::string film = Film("film.mkv");
    EXPECT_FALSE(Run(Cluster({{"a", In("none")}, {"b", In("none")}})));
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE));
    EXPECT_NE(std::string(error->message).find("a: "), std::string::npos);
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    ExpectUntouched();
}

TEST_F(Farm, FailsOnlyTheJobsOfAHostThatCanNotBeUsed)
{
    std::string film = Film("film.mkv");
    std::string yaml = "config:\n  clusters:\n    home:\n"
                       "      a: {type: local, ffmpeg: " +
                       In("none") +
                       ", profiles: [copy]}\n"
                       "      b: {type: local, profiles: [other]}\n"
                       "profiles:\n  copy: {output_options: -c copy}\n  other: {output_options: -c copy}\n"
                       "rules:\n  all: {profile: copy}\n";
    EXPECT_TRUE(Run(yaml)) << error->message;
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("no host is left that may take it (a: "), std::string::npos) << Of(film).error;
    ExpectUntouched();
}

TEST_F(Farm, QuarantinesAHostOnWhichEverythingFails)
{
    options.pause_ms = 60000;
    for (int i = 0; i < 6; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string killed = StandIn("killed", "kill -9 $$"), slow = StandIn("slow", "sleep 0.2; " + copies);
    EXPECT_TRUE(Run(Cluster({{"bad", killed}, {"good", slow}})));
    EXPECT_EQ(summary.done, 6u);
    EXPECT_TRUE(Said("bad: 3 jobs in a row failed there, so it gets no more for 1 min"));
    EXPECT_EQ(std::count_if(messages.begin(), messages.end(),
                            [](const std::string &text) { return text == "bad: ffmpeg was killed by signal 9"; }),
              3);
}

TEST_F(Farm, LeavesASourceAloneThatChangesMeanwhile)
{
    std::string film = Film("film.mkv");
    std::string meddler = StandIn("meddler", "$ffmpeg \"$@\"; echo more >>\"$in\"");
    EXPECT_TRUE(Run(Cluster({{"a", meddler}, {"b", meddler}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("the source was changed"), std::string::npos) << Of(film).error;
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Read(film), before[film] + "more\n");
    EXPECT_EQ(Tree(In("media")), (Names{"film.mkv"}));
}

TEST_F(Farm, MakesNothingOfASourceThatVanishes)
{
    std::string film = Film("film.mkv");
    std::string thief = StandIn("thief", "$ffmpeg \"$@\"; mv \"$in\" " + In("elsewhere"));
    EXPECT_TRUE(Run(Cluster({{"a", thief}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Tree(In("media")), Names{});
    EXPECT_EQ(Read(In("elsewhere")), before[film]);
}

TEST_F(Farm, StopsEverythingWhenCancelled)
{
    for (int i = 0; i < 4; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string slow = StandIn("slow", "echo $$ >>" + In("pids") + "; echo half >\"$out\"; exec sleep 100");
    int encoding = 0;
    std::thread canceller;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_ENCODING && ++encoding == 2)
            canceller = std::thread([this] {
                g_usleep(300000);
                g_cancellable_cancel(cancellable);
            });
    };
    gint64 begin_us = g_get_monotonic_time();
    EXPECT_TRUE(Run(Cluster({{"a", slow}, {"b", slow}})));
    canceller.join();
    EXPECT_LT(g_get_monotonic_time() - begin_us, 10 * G_USEC_PER_SEC);
    EXPECT_EQ(summary.cancelled, 4u);
    ExpectUntouched();
    std::ifstream pids(In("pids"));
    int count = 0;
    for (pid_t pid; pids >> pid; count++)
        EXPECT_EQ(kill(pid, 0), -1) << pid;
    EXPECT_EQ(count, 2);
}

TEST_F(Farm, DoesNothingThatWasCancelledBefore)
{
    std::string film = Film("film.mkv");
    g_cancellable_cancel(cancellable);
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_CANCELLED);
    ExpectUntouched();
}

TEST_F(Farm, TellsOfWhatIsNotEncodedToo)
{
    std::string film = Film("film.mkv"), skipped = Film("skip-me.mkv");
    g_autofree char *text = scratch_write(folder, "media/text.mkv", "this is no film", -1);
    inputs.push_back(text);
    inputs.push_back(In("media/missing.mkv"));
    std::string rest = "profiles:\n  copy: {output_options: -c copy}\n"
                       "rules:\n  not these: {profile: SKIP, criteria: {path: skip-me}}\n  all: {profile: copy}\n";
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "", rest)));
    ExpectDone(film);
    EXPECT_EQ(Of(skipped).state, FFARM_JOB_SKIPPED);
    EXPECT_EQ(Of(text).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(text).error, "");
    EXPECT_EQ(Of(In("media/missing.mkv")).state, FFARM_JOB_FAILED);
    EXPECT_EQ(summary.skipped, 1u);
    EXPECT_EQ(summary.failed, 2u);
    EXPECT_EQ(Read(text), "this is no film");
}

TEST_F(Farm, ContactsNobodyWhenThereIsNothingToEncode)
{
    std::string film = Film("film.mkv");
    EXPECT_TRUE(Run(Cluster({{"a", In("none")}}, "", "rules:\n  all: {profile: SKIP}\n")));
    EXPECT_EQ(Of(film).state, FFARM_JOB_SKIPPED);
    EXPECT_TRUE(reports.empty());
}

TEST_F(Farm, TellsOfProgress)
{
    Film("film.mkv", 2);
    std::string slow = StandIn("slow", "echo out_time_us=1000000; echo progress=continue; sleep 0.1; " + copies);
    double fraction = 0;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_PROGRESS) {
            EXPECT_STREQ(event->host->name, "a");
            EXPECT_NE(event->choice, nullptr);
            fraction = std::max(fraction, event->progress->fraction);
        }
    };
    EXPECT_TRUE(Run(Cluster({{"a", slow}})));
    EXPECT_NEAR(fraction, 1.0, 0.1);
}

TEST_F(Farm, LosesNeitherOfTwoFilmsThatWouldBecomeOne)
{
    std::string mkv = Film("film.mkv", 1), mp4 = Film("film.mp4", 3);
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}}, "        queues:\n          q: 2\n", Profile("    extension: .mkv\n"))));
    EXPECT_EQ(Tree(In("media")), (Names{"film.mkv", "film.mp4"}));
    EXPECT_EQ(Of(mp4).state, FFARM_JOB_FAILED);
    EXPECT_EQ(Read(mp4), before[mp4]);
    g_autoptr(FfarmMedia) first = ffarm_probe_file(mkv.c_str(), 0, nullptr, nullptr);
    EXPECT_NEAR(first->duration_us / 1e6, 1, 0.2);
}

TEST_F(Farm, HasNothingToDoWithoutFilms)
{
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    EXPECT_EQ(summary.done + summary.failed + summary.skipped, 0u);
    EXPECT_TRUE(reports.empty());
}

// What fails on the only host goes back to it after a pause.
TEST_F(Farm, PausesBeforeItTriesTheSameHostAgain)
{
    std::string film = Film("film.mkv");
    options.pause_ms = 400;
    std::string once =
        StandIn("once", "[ -e " + In("mark") + " ] || { touch " + In("mark") + "; kill -9 $$; }; " + copies);
    gint64 failed_us = 0, again_us = 0;
    hook = [&](const FfarmEvent *event) {
        if (event->type != FFARM_EVENT_JOB || event->job->attempts == 0)
            return;
        if (event->job->state == FFARM_JOB_QUEUED)
            failed_us = g_get_monotonic_time();
        if (event->job->state == FFARM_JOB_CLAIMED)
            again_us = g_get_monotonic_time();
    };
    EXPECT_TRUE(Run(Cluster({{"a", once}})));
    ExpectDone(film);
    EXPECT_EQ(Of(film).attempts, 2u);
    EXPECT_GE(again_us - failed_us, 400000);
}

TEST_F(Farm, TakesAHostBackThatIsWellAgain)
{
    for (int i = 0; i < 5; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string sick = StandIn("sick", "n=$(ls " + In("tries") + " | wc -l); touch " + In("tries") +
                                           "/$n; [ $n -lt 3 ] && kill -9 $$; " + copies);
    ASSERT_EQ(mkdir(In("tries").c_str(), 0755), 0);
    options.retries = 3;
    EXPECT_TRUE(Run(Cluster({{"a", sick}})));
    EXPECT_EQ(summary.done, 5u);
    EXPECT_TRUE(Said("a: 3 jobs in a row failed there, so it gets no more for 0.05 s"));
    EXPECT_TRUE(Said("a: answers well and gets films again"));
    EXPECT_EQ(summary.hosts_left_out, 0u);
}

// One failure is enough after a quarantine, and there is an end to it.
TEST_F(Farm, LeavesOutAHostThatNeverGetsWell)
{
    for (int i = 0; i < 12; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string sick = StandIn("sick", "echo >>" + In("tries") + "; kill -9 $$");
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", sick}})));
    EXPECT_EQ(summary.failed, 12u);
    EXPECT_EQ(Read(In("tries")).size(), 8u); // 3, and once after each of 5 quarantines
    EXPECT_TRUE(Said("the host is left out from here on"));
    EXPECT_NE(Of(inputs[11]).error.find("no host is left that may take it (a: 3 jobs in a row failed there"),
              std::string::npos)
        << Of(inputs[11]).error;
    ExpectUntouched();
}

TEST_F(Farm, HasAsMuchPatienceAsIsConfigured)
{
    for (int i = 0; i < 3; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string yaml = "config:\n  max_failures: 1\n" + Cluster({{"bad", StandIn("killed", "kill -9 $$")},
                                                                 {"good", StandIn("slow", "sleep 0.3; " + copies)}})
                                                            .substr(8);
    options.pause_ms = 60000;
    EXPECT_TRUE(Run(yaml));
    EXPECT_EQ(summary.done, 3u);
    EXPECT_TRUE(Said("bad: 1 jobs in a row failed there, so it gets no more for 1 min"));
}

// A result that is refused from one host and good from another tells something about the first.
TEST_F(Farm, BlamesTheHostWhoseResultsAreBadWhenOthersAreGood)
{
    for (int i = 0; i < 3; i++)
        Film("film" + std::to_string(i) + ".mkv", 3);
    std::string yaml =
        "config:\n  max_failures: 1\n" +
        Cluster({{"bad",
                  StandIn("cuts", "exec $ffmpeg -v quiet -y -i \"file:$in\" -t 1 -c copy -f matroska \"file:$out\"")},
                 {"good", StandIn("slow", "sleep 0.3; " + copies)}})
            .substr(8);
    options.pause_ms = 60000;
    EXPECT_TRUE(Run(yaml));
    EXPECT_EQ(summary.done, 3u);
    EXPECT_TRUE(Said("bad: 1 jobs in a row failed there"));
}

TEST_F(Farm, DrainsWhatRunsAndStartsNothingNew)
{
    for (int i = 0; i < 4; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string slow = StandIn("slow", "sleep 0.4; " + copies);
    g_autoptr(GCancellable) drain = g_cancellable_new();
    options.drain = drain;
    int encoding = 0;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_ENCODING && ++encoding == 2)
            g_cancellable_cancel(drain);
    };
    EXPECT_TRUE(Run(Cluster({{"a", slow}, {"b", slow}})));
    EXPECT_EQ(summary.done, 2u);
    EXPECT_EQ(summary.cancelled, 2u);
    EXPECT_EQ(summary.failed, 0u);
    EXPECT_EQ(Of(inputs[3]).error, inputs[3] + ": stopped before its turn");
    EXPECT_TRUE(Said("stopping: nothing new starts, 2 that run go on to their end"));
}

TEST_F(Farm, DrainsToo)
{
    std::string film = Film("film.mkv");
    g_autoptr(GCancellable) drain = g_cancellable_new();
    options.drain = drain;
    g_cancellable_cancel(drain);
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_CANCELLED);
    ExpectUntouched();
}

// A job that fails while the farm drains is not begun again, and has not failed either.
TEST_F(Farm, TriesNothingAgainWhileItDrains)
{
    std::string film = Film("film.mkv");
    std::string killed = StandIn("killed", "sleep 0.2; kill -9 $$");
    g_autoptr(GCancellable) drain = g_cancellable_new();
    options.drain = drain;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_ENCODING)
            g_cancellable_cancel(drain);
    };
    EXPECT_TRUE(Run(Cluster({{"a", killed}, {"b", killed}})));
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Of(film).state, FFARM_JOB_CANCELLED);
    EXPECT_EQ(Of(film).error,
              film + ": stopped before it was tried again (" + Of(film).host + ": ffmpeg was killed by signal 9)");
    ExpectUntouched();
}

// Also what pauses between two tries ends when everything is called off.
TEST_F(Farm, CancelsWhatPauses)
{
    std::string film = Film("film.mkv");
    options.pause_ms = 60000;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_QUEUED && event->job->attempts == 1)
            g_cancellable_cancel(cancellable);
    };
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("killed", "kill -9 $$")}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_CANCELLED);
    ExpectUntouched();
}

// A film that was written just now waits, and is encoded if nothing happens to it.
TEST_F(Farm, LeavesAFreshFilmAloneForAWhile)
{
    std::string old = Film("old.mkv"), fresh = Film("fresh.mkv");
    ASSERT_EQ(utimensat(AT_FDCWD, fresh.c_str(), nullptr, 0), 0);
    settle_time = 1;
    gint64 begin_us = g_get_monotonic_time();
    std::map<std::string, gint64> claimed_us;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_CLAIMED)
            claimed_us[event->job->item->input->path] = g_get_monotonic_time() - begin_us;
    };
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    ExpectDone(old);
    ExpectDone(fresh);
    EXPECT_LT(claimed_us[old], 900000);
    EXPECT_GE(claimed_us[fresh], 900000);
    EXPECT_TRUE(Said(fresh + ": written to just now, so left alone for 1 s"));
    EXPECT_FALSE(Said(old));
}

TEST_F(Farm, DoesNotTouchAFilmThatIsStillBeingWritten)
{
    std::string film = Film("film.mkv");
    ASSERT_EQ(utimensat(AT_FDCWD, film.c_str(), nullptr, 0), 0);
    settle_time = 1;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_JOB && event->job->state == FFARM_JOB_QUEUED)
            std::ofstream(film, std::ios::app) << "more";
    };
    EXPECT_TRUE(Run(Cluster({{"a", StandIn("marks", "touch " + In("began") + "; " + copies)}})));
    EXPECT_EQ(Of(film).state, FFARM_JOB_CANCELLED) << "it may be whole the next time";
    EXPECT_EQ(Of(film).error, film + ": was written to since it was looked at, so it is left alone");
    EXPECT_EQ(Read(film), before[film] + "more");
    EXPECT_FALSE(g_file_test(In("began").c_str(), G_FILE_TEST_EXISTS));
}

// Somebody's clock is wrong, perhaps by years.
TEST_F(Farm, DoesNotWaitForATimeThatLiesAhead)
{
    std::string film = Film("film.mkv");
    const struct timespec times[2] = {{0, UTIME_OMIT}, {time(nullptr) + 86400 * 365, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, film.c_str(), times, 0), 0);
    settle_time = 1;
    gint64 begin_us = g_get_monotonic_time();
    EXPECT_TRUE(Run(Cluster({{"a", "ffmpeg"}})));
    ExpectDone(film);
    EXPECT_LT(g_get_monotonic_time() - begin_us, 6 * G_USEC_PER_SEC);
}

namespace
{
// A host whose hevc_nvenc is a stand-in that works when it is tried: @body decides, by sh, whether it fails with a
// film; else libx265 does the work.
const char nvenc_profile[] = "profiles:\n  nvenc:\n    output_options: -c:v hevc_nvenc -c:a copy\n"
                             "rules:\n  all:\n    profile: nvenc\n";
std::string Nvenc(const std::string &body)
{
    return "case \" $* \" in\n"
           "*' -encoders '*) echo ' V....D hevc_nvenc'; echo ' V....D libx265'; exit 0;;\n"
           "*testsrc2*) exec $ffmpeg -v error -f lavfi -i testsrc2=s=1920x1080:r=25:d=0.4 -pix_fmt yuv420p -c:v "
           "libx264 "
           "-preset ultrafast -f nut pipe:1;;\n"
           "esac\n"
           "refuse() { echo \"[hevc_nvenc @ 0x55] [error] $1\" >&2\n"
           "  echo '[hevc_nvenc @ 0x55] [fatal] No capable devices found' >&2; exit 187; }\n" +
           body +
           "\n$ffmpeg -nostdin -v error -y -i \"file:$in\" -map 0 -c copy -c:v libx265 -preset ultrafast -x265-params "
           "log-level=none -f matroska \"file:$out\" && echo 'frame=25\nprogress=end'";
}
const char full[] = "OpenEncodeSessionEx failed: out of memory (10): (no details)";
} // namespace

TEST_F(Farm, WaitsForABusyDeviceWithoutBlame)
{
    std::string film = Film("film.mkv");
    std::string ffmpeg = StandIn("nvenc", Nvenc("echo x >> " + In("calls") + "; [ $(wc -l < " + In("calls") +
                                                ") -le 2 ] && refuse '" + full + "'"));
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n", nvenc_profile)));
    ExpectDone(film);
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Read(In("calls")), "x\nx\nx\n");
    EXPECT_TRUE(Said("a: cuda is in use by others, and is tried again in 0.05 s"));
    EXPECT_EQ(claims.size(), 3u);
}

TEST_F(Farm, LearnsHowManySessionsADeviceTakes)
{
    // Two at once and not one more, of three slots.
    for (int i = 0; i < 6; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string running = In("running"), refused = In("refused");
    mkdir(running.c_str(), 0755);
    std::string ffmpeg =
        StandIn("nvenc", Nvenc("touch " + running + "/$$\n[ $(ls " + running + " | wc -l) -gt 2 ] && { rm " + running +
                               "/$$; echo x >> " + refused + "; refuse '" + full + "'; }\ntrap 'rm " + running +
                               "/$$' EXIT\nsleep 0.5"));
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n        queues: {gpu: 3}\n", nvenc_profile)));
    EXPECT_EQ(summary.done, 6u);
    for (const auto &[path, result] : results)
        EXPECT_EQ(result.attempts, 1u) << path;
    EXPECT_TRUE(Said("a: cuda is full with 2 of ours"));
    // Once when it was learned, and once more at most when one more was tried.
    EXPECT_LE(Read(refused).size(), 6u) << Read(refused);
}

TEST_F(Farm, GivesWhatABusyDeviceCanNotTakeToAnotherHost)
{
    std::string film = Film("film.mkv");
    std::string busy = StandIn("busy", Nvenc(std::string("refuse '") + full + "'"));
    std::string idle = StandIn("idle", Nvenc("sleep 0.2"));
    EXPECT_TRUE(Run(Cluster({{"a", busy}, {"b", idle}}, "        engines: [cuda]\n", nvenc_profile)));
    ExpectDone(film);
    EXPECT_EQ(Of(film).host, "b");
    EXPECT_EQ(Of(film).attempts, 1u);
}

TEST_F(Farm, DoesNotWaitForeverForADeviceInUse)
{
    std::string film = Film("film.mkv");
    std::string ffmpeg = StandIn("busy", Nvenc("echo x >> " + In("calls") + "; refuse '" + full + "'"));
    options.pause_ms = 10;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n", nvenc_profile)));
    EXPECT_EQ(Of(film), FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("no host is left that may take it (a: "), std::string::npos) << Of(film).error;
    EXPECT_NE(Of(film).error.find("in use by others"), std::string::npos) << Of(film).error;
    EXPECT_EQ(Read(In("calls")).size(), 36u);
    EXPECT_TRUE(Said("a: cuda is not used any more in this run"));
    ExpectUntouched();
}

TEST_F(Farm, CancelsWhatWaitsForADevice)
{
    std::string film = Film("film.mkv");
    std::string ffmpeg = StandIn("busy", Nvenc(std::string("refuse '") + full + "'"));
    options.pause_ms = 60000;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_MESSAGE && std::string(event->message).find("in use") != std::string::npos)
            g_cancellable_cancel(cancellable);
    };
    Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n", nvenc_profile));
    EXPECT_EQ(Of(film), FFARM_JOB_CANCELLED);
    ExpectUntouched();
}

TEST_F(Farm, CountsOnNoEncoderThatCanNotDoAnyFilm)
{
    std::string one = Film("1.mkv"), two = Film("2.mkv");
    std::string ffmpeg = StandIn("nvenc", Nvenc("echo x >> " + In("calls") + "; refuse '10 bit encode not supported'"));
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n", nvenc_profile)));
    EXPECT_EQ(Of(one), FFARM_JOB_FAILED);
    EXPECT_EQ(Of(two), FFARM_JOB_FAILED);
    EXPECT_EQ(Read(In("calls")), "x\n") << "the second one was tried, too";
    EXPECT_TRUE(Said("a: cuda is not used for hevc with 8 bits any more in this run (10 bit encode not supported)"));
    EXPECT_NE(Of(two).error.find("10 bit encode not supported"), std::string::npos) << Of(two).error;
    ExpectUntouched();
}

TEST_F(Farm, BelievesTwoFilmsWhereOneMayBeToBlame)
{
    for (const char *name : {"1.mkv", "2.mkv", "3.mkv"})
        Film(name);
    std::string ffmpeg = StandIn("nvenc", Nvenc("echo x >> " + In("calls") + "; refuse 'Width 64 exceeds 32'"));
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n", nvenc_profile)));
    EXPECT_EQ(summary.failed, 3u);
    EXPECT_EQ(Read(In("calls")), "x\nx\n");
}

TEST_F(Farm, MeasuresHowFastAHostIs)
{
    std::string film = Film("a.mkv");
    g_autoptr(FfarmJournal) journal = ffarm_journal_open(In("state").c_str(), nullptr, &error);
    ASSERT_NE(journal, nullptr);
    options.journal = journal;
    // It tells of 300 frames in a little more than five seconds, whatever the film has.
    std::string slow = StandIn("slow", "printf 'frame=0\\nprogress=continue\\n'; sleep 5.1\n"
                                       "\"$ffmpeg\" \"$@\" >/dev/null && printf 'frame=300\\nprogress=end\\n'");
    std::string yaml = "config:\n  clusters:\n    home:\n      slow: {type: local, ffmpeg: " + slow +
                       "}\nprofiles:\n  p: {output_options: -c:v libx264 -preset ultrafast}\n"
                       "rules:\n  all: {profile: p}\n";
    EXPECT_TRUE(Run(yaml));
    ExpectDone(film);
    FfarmHost *host = ffarm_host_new("home", "slow", FFARM_HOST_LOCAL);
    g_autoptr(GPtrArray) speeds = ffarm_journal_list_speeds(journal, host);
    ffarm_host_free(host);
    ASSERT_EQ(speeds->len, 1u);
    auto *speed = static_cast<const FfarmSpeed *>(g_ptr_array_index(speeds, 0));
    EXPECT_STREQ(speed->engine, "cpu");
    EXPECT_EQ(speed->decoder, nullptr);
    EXPECT_STREQ(speed->codec, "h264");
    EXPECT_EQ(speed->height, 480);
    EXPECT_LT(speed->fps, 300 / 5.1);
    EXPECT_GT(speed->fps, 5);
}

namespace
{
const char hevc_profile[] = "profiles:\n  small:\n    codec: hevc\n    speed: fast\n"
                            "rules:\n  all:\n    profile: small\n";
// The same for a profile that any engine carries out: what is not hevc_nvenc's is the real ffmpeg's. @decodes: what
// comes of trying cuda's decoder.
std::string NvencAndCpu(const std::string &body, const std::string &decodes = "exit 1")
{
    return Nvenc("case \" $* \" in *hwdownload*) " + decodes + ";; *hevc_nvenc*) ;; *) exec $ffmpeg \"$@\";; esac\n" +
                 body);
}
} // namespace

namespace
{
// Films large enough for hardware.
class FarmHardware : public Farm
{
  protected:
    std::string Film(const std::string &name)
    {
        std::string path = In("media/" + name), output = "file:" + path;
        const char *argv[] = {
            "ffmpeg", "-v",      "error",   "-f",        "lavfi",    "-i",      "testsrc2=s=320x240:d=0.4",
            "-c:v",   "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", output.c_str(),
            nullptr};
        EXPECT_TRUE(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                                 nullptr, nullptr, nullptr, nullptr));
        before[path] = Read(path);
        inputs.push_back(path);
        return path;
    }
};
} // namespace

TEST_F(FarmHardware, GoesOnWithTheCpuAndDoesNotTryTheEngineAgain)
{
    std::string one = Film("1.mkv"), two = Film("2.mkv");
    std::string ffmpeg =
        StandIn("nvenc", NvencAndCpu("echo x >> " + In("calls") + "; refuse '10 bit encode not supported'"));
    std::map<std::string, std::string> engines, over;
    hook = [&](const FfarmEvent *event) {
        if (event->type != FFARM_EVENT_RESULT)
            return;
        engines[event->job->item->input->path] = event->job->engine ? event->job->engine : "";
        over[event->job->item->input->path] = event->job->passed_over ? event->job->passed_over : "";
    };
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    ExpectDone(one);
    ExpectDone(two);
    EXPECT_EQ(Of(one).attempts, 1u);
    EXPECT_EQ(Of(two).attempts, 1u);
    EXPECT_EQ(engines[one], "cpu");
    EXPECT_EQ(engines[two], "cpu");
    EXPECT_NE(over[one].find("cuda: 10 bit encode not supported"), std::string::npos) << over[one];
    EXPECT_NE(over[two].find("10 bit encode not supported"), std::string::npos) << over[two];
    EXPECT_EQ(Read(In("calls")), "x\n");
    EXPECT_TRUE(Said("a: " + one + ": cuda can't encode it (10 bit encode not supported); the CPU does"));
    EXPECT_TRUE(Said("a: cuda is not used for hevc with 8 bits any more in this run"));
    EXPECT_EQ(reports["a"], "");
}

TEST_F(FarmHardware, ForgivesADriverThatFailsOnce)
{
    for (const char *name : {"1.mkv", "2.mkv", "3.mkv"})
        Film(name);
    std::string ffmpeg = StandIn("nvenc", NvencAndCpu("echo x >> " + In("calls") + "; [ $(wc -l < " + In("calls") +
                                                      ") -eq 2 ] && refuse 'CUDA_ERROR_UNKNOWN: unknown error'"));
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    EXPECT_EQ(summary.done, 3u);
    EXPECT_EQ(Read(In("calls")), "x\nx\nx\n");
    EXPECT_FALSE(Said("a: cuda is not used any more"));
}

TEST_F(FarmHardware, DoesNotIdleForMinutesBecauseOthersHaveTheGpu)
{
    std::string film = Film("film.mkv");
    std::string ffmpeg = StandIn("busy", NvencAndCpu("echo x >> " + In("calls") + "; refuse '" + full + "'"));
    options.pause_ms = 10;
    options.retries = 0;
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    ExpectDone(film);
    EXPECT_EQ(Of(film).attempts, 1u);
    EXPECT_EQ(Read(In("calls")).size(), 2u * FFARM_DEVICE_PATIENT_TRIES);
    EXPECT_TRUE(Said("a: cuda has been in use by others for some minutes; films go to the host's next engine"));
}

TEST_F(FarmHardware, CountsOnNoEngineThatIsSickInTheMiddle)
{
    std::string one = Film("1.mkv"), two = Film("2.mkv"), three = Film("3.mkv"), four = Film("4.mkv");
    std::string ffmpeg = StandIn("nvenc", NvencAndCpu("echo x >> " + In("calls") + "; [ $(wc -l < " + In("calls") +
                                                      ") -ge 2 ] && refuse 'dl_fn->cuda_dl->cuInit(0) failed -> "
                                                      "CUDA_ERROR_UNKNOWN: unknown error'"));
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    ExpectDone(one);
    ExpectDone(two);
    ExpectDone(three);
    ExpectDone(four);
    EXPECT_TRUE(Said("a: cuda is not used any more in this run (dl_fn->cuda_dl->cuInit(0) failed"));
    EXPECT_EQ(Read(In("calls")), "x\nx\nx\n");
}

TEST_F(FarmHardware, TriesADecoderOnceForAllFilmsOfAKind)
{
    std::string one = Film("1.mkv"), two = Film("2.mkv");
    std::string ffmpeg =
        StandIn("nvenc", NvencAndCpu("", "echo x >> " + In("tries") +
                                             "; echo '[h264 @ 0x55] [error] Hardware is lacking required "
                                             "capabilities' >&2; exit 218"));
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    ExpectDone(one);
    ExpectDone(two);
    EXPECT_EQ(Read(In("tries")), "x\n");
    EXPECT_TRUE(Said("cuda can't decode it (Hardware is lacking required capabilities); the CPU decodes"));
}

// The decoder makes the broken picture whole and says nothing; the result is well-formed, and as long as the film.
TEST_F(FarmHardware, DoesNotReplaceADamagedFilmThatADecoderMadeWhole)
{
    std::string film = Film("film.mkv");
    before[film].replace(3000, 400, 400, 'x');
    std::ofstream(film, std::ios::binary) << before[film];
    std::string ffmpeg =
        StandIn("nvenc", NvencAndCpu("case \" $* \" in *' -hwaccel '*) exec 2>/dev/null;; *) refuse no;; esac",
                                     "echo 'frame=10\nprogress=end'; exit 0"));
    Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile));
    EXPECT_EQ(Of(film).state, FFARM_JOB_FAILED);
    EXPECT_NE(Of(film).error.find("the source is damaged, so it is left alone"), std::string::npos) << Of(film).error;
    EXPECT_TRUE(Said("cuda can't decode it (the source is damaged, so what hardware made of it does not count"));
    EXPECT_EQ(Of(film).attempts, 1u);
    ExpectUntouched();
}

TEST_F(FarmHardware, LeavesTheCpuOutOfItWhileTheDeviceIsInUse)
{
    std::string film = Film("film.mkv");
    std::string ffmpeg = StandIn("nvenc", NvencAndCpu("echo x >> " + In("calls") + "; [ $(wc -l < " + In("calls") +
                                                      ") -le 2 ] && refuse '" + full + "'"));
    std::string engine;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_RESULT)
            engine = event->job->engine ? event->job->engine : "";
    };
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    ExpectDone(film);
    EXPECT_EQ(engine, "cuda");
    EXPECT_EQ(Read(In("calls")), "x\nx\nx\n");
}

TEST_F(FarmHardware, DoesNotWaitForADeviceThatTakesOtherFilms)
{
    // One film is too large for the card; the others are not.
    std::string large = Film("large.mkv");
    for (const char *name : {"1.mkv", "2.mkv", "3.mkv", "4.mkv", "5.mkv", "6.mkv"})
        Film(name);
    std::string ffmpeg = StandIn(
        "nvenc",
        NvencAndCpu("case \" $* \" in *large*) echo x >> " + In("calls") +
                    "; refuse 'dl_fn->cuda_dl->cuMemAlloc failed -> CUDA_ERROR_OUT_OF_MEMORY';; esac\nsleep 0.2"));
    std::string engine;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_RESULT && large == event->job->item->input->path)
            engine = event->job->engine ? event->job->engine : "";
    };
    EXPECT_TRUE(
        Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n        queues: {gpu: 2}\n", hevc_profile)));
    EXPECT_EQ(summary.done, 7u);
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(Read(In("calls")), "x\nx\nx\n");
    EXPECT_FALSE(Said("a: cuda is full"));
    EXPECT_FALSE(Said("a: cuda is not used any more"));
}

TEST_F(FarmHardware, FallsBackToTheCpuWhereADeviceStaysInUse)
{
    std::string film = Film("film.mkv");
    std::string ffmpeg = StandIn("nvenc", NvencAndCpu(std::string("refuse '") + full + "'"));
    options.pause_ms = 10;
    std::string engine;
    hook = [&](const FfarmEvent *event) {
        if (event->type == FFARM_EVENT_RESULT)
            engine = event->job->engine ? event->job->engine : "";
    };
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}}, "        engines: [cuda, cpu]\n", hevc_profile)));
    ExpectDone(film);
    EXPECT_EQ(engine, "cpu");
}

TEST_F(FarmHardware, UsesEachDeviceAsOftenAsIsConfigured)
{
    for (int i = 0; i < 4; i++)
        Film("film" + std::to_string(i) + ".mkv");
    std::string ffmpeg = StandIn("nvenc", NvencAndCpu("sleep 0.3"));
    std::map<std::string, int> running, most;
    hook = [&](const FfarmEvent *event) {
        if (event->type != FFARM_EVENT_JOB || !event->choice)
            return;
        std::string name = event->choice->device ? event->choice->device : event->choice->engine;
        if (event->job->state == FFARM_JOB_CLAIMED)
            most[name] = std::max(most[name], ++running[name]);
        if (event->job->state == FFARM_JOB_REPLACING)
            running[name]--;
    };
    EXPECT_TRUE(Run(
        Cluster({{"a", ffmpeg}}, "        engines: [cuda]\n        devices: {cuda:0: 1, cuda:1: 2}\n", hevc_profile)));
    EXPECT_EQ(summary.done, 4u);
    EXPECT_EQ(most["0"], 1);
    EXPECT_EQ(most["1"], 2);
}

namespace
{
class FarmHdr : public Farm
{
  protected:
    std::string HdrFilm();
};
} // namespace

std::string FarmHdr::HdrFilm()
{
    std::string film = In("media/film.mkv"), output = "file:" + film;
    const char *argv[] = {"ffmpeg",
                          "-v",
                          "error",
                          "-f",
                          "lavfi",
                          "-i",
                          "testsrc2=s=128x96:d=0.4",
                          "-c:v",
                          "libx265",
                          "-preset",
                          "ultrafast",
                          "-pix_fmt",
                          "yuv420p10le",
                          "-x265-params",
                          "log-level=none:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:"
                          "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):"
                          "max-cll=1000,400",
                          output.c_str(),
                          nullptr};
    EXPECT_TRUE(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                             nullptr, nullptr, nullptr, nullptr));
    before[film] = Read(film);
    inputs.push_back(film);
    return film;
}

TEST_F(FarmHdr, FailsAFilmThatAHostWouldDoThatDidNotAnswer)
{
    std::string film = HdrFilm(), old = StandIn("old", copies);
    std::string yaml = Cluster({{"a", old}}, "        engines: [cpu]\n", hevc_profile);
    yaml.insert(yaml.find("profiles:"),
                "      b:\n        type: local\n        ffmpeg: " + In("none") + "\n        engines: [cpu]\n");
    EXPECT_TRUE(Run(yaml));
    EXPECT_EQ(Of(film), FFARM_JOB_FAILED) << Of(film).error;
    EXPECT_NE(Of(film).error.find("no host is left that may take it (a: "), std::string::npos) << Of(film).error;
    ExpectUntouched();
}

TEST_F(FarmHdr, LeavesAFilmAloneThatWouldLoseItsHdrEverywhere)
{
    std::string film = HdrFilm();
    // Only when the hosts are asked is it known that their ffmpeg is too old for it.
    std::string ffmpeg = StandIn("old", copies);
    EXPECT_TRUE(Run(Cluster({{"a", ffmpeg}, {"b", ffmpeg}}, "        engines: [cpu]\n", hevc_profile)));
    EXPECT_EQ(Of(film), FFARM_JOB_SKIPPED) << Of(film).error;
    EXPECT_NE(Of(film).error.find("left as it is (a: "), std::string::npos) << Of(film).error;
    EXPECT_NE(Of(film).error.find("; b: "), std::string::npos) << Of(film).error;
    EXPECT_EQ(summary.skipped, 1u);
    ExpectUntouched();
}
