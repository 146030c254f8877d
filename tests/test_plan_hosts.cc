// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan_maker.h"

using PlanHosts = PlanTest;

static std::string Argv(const FfarmChoice *choice)
{
    g_autofree char *line = g_strjoinv(" ", choice->argv);
    return line;
}

TEST_F(PlanHosts, WithoutClusterThisMachineTakesPart)
{
    Configure("config:\n  ffmpeg: /opt/ffmpeg\n  queues: {qsv: 1, cuda: 2}\n"
              "profiles:\n  p: {output_options: -c:v libx264 -c:a copy, queue: cuda}\n  q: {output_options: -c copy}\n"
              "  r: {output_options: -c copy, queue: amf}\n");
    Clip("a.mkv");
    Clip("b.mkv");
    Clip("c.mkv");
    Give("a.mkv", nullptr, "p");
    Give("b.mkv", nullptr, "q");
    Give("c.mkv", nullptr, "r");
    ASSERT_TRUE(Plan());
    ASSERT_EQ(plan->hosts->len, 1u);
    EXPECT_STREQ(Host(0)->name, "local");
    EXPECT_EQ(Host(0)->cluster, nullptr);
    EXPECT_EQ(ffarm_host_count_slots(Host(0)), 3u);
    g_autoptr(FfarmChoice) cuda = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    EXPECT_STREQ(cuda->queue, "cuda");
    EXPECT_FALSE(cuda->any_queue);
    EXPECT_STREQ(cuda->argv[0], "/opt/ffmpeg");
    g_autoptr(FfarmChoice) any = ffarm_plan_choose(plan, Item(1), Host(0), nullptr, nullptr);
    EXPECT_EQ(any->queue, nullptr);
    EXPECT_TRUE(any->any_queue);
    EXPECT_EQ(Fate(2), "unassignable: no host may take it: local: the host has no queue 'amf'");
}

TEST_F(PlanHosts, OneSequentialQueueByDefault)
{
    Configure("profiles:\n  p: {output_options: -c copy, queue: cuda}\n");
    Clip("a.mkv");
    Give("a.mkv", nullptr, "p");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(ffarm_host_count_slots(Host(0)), 1u);
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    EXPECT_EQ(choice->queue, nullptr);
    EXPECT_FALSE(choice->any_queue);
}

// The guide's walkthrough: no rules at all, every host with a profile of its own.
TEST_F(PlanHosts, TheGuidesHousehold)
{
    std::string src = std::string(folder) + "/";
    Configure("config:\n  clusters:\n    household:\n"
              "      workstation:\n        type: mounted\n        ip: 192.168.2.63\n        user: encodeuser\n"
              "        ffmpeg: '/usr/bin/ffmpeg'\n        path-substitution:\n          src: " +
              src +
              "\n          dest: /mnt/media/\n        profile: qsv\n"
              "      shared:\n        type: streaming\n        ip: 192.168.2.64\n        user: encodeuser\n"
              "        working_dir: '/tmp'\n        ffmpeg: '/usr/bin/ffmpeg'\n        profile: hevc_cuda\n"
              "profiles:\n  qsv: {output_options: -c:v hevc_qsv -c:a copy, extension: .mkv}\n"
              "  hevc_cuda: {output_options: -c:v hevc_nvenc -c:a copy, extension: .mkv}\n");
    Clip("file1.mp4");
    Give("file1.mp4", "household");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(Item(0)->profile, nullptr);
    ASSERT_EQ(plan->hosts->len, 2u);
    g_autoptr(FfarmChoice) mounted = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    ASSERT_NE(mounted, nullptr);
    std::string job = Item(0)->job_id;
    EXPECT_EQ(Argv(mounted),
              "/usr/bin/ffmpeg -nostdin -hide_banner -loglevel level+info -y -progress pipe:1 -nostats -i "
              "file:/mnt/media/file1.mp4 -c:v hevc_qsv -c:a copy -map 0:0 -map 0:1 -f matroska "
              "file:/mnt/media/.ffarm-" +
                  job + ".mkv.tmp");
    EXPECT_STREQ(mounted->engine, "qsv");
    g_autoptr(FfarmChoice) streaming = ffarm_plan_choose(plan, Item(0), Host(1), nullptr, nullptr);
    ASSERT_NE(streaming, nullptr);
    EXPECT_EQ(streaming->placement->host_input, "/tmp/ffarm-" + job + "/in.mp4");
    EXPECT_STREQ(streaming->engine, "cuda");
    EXPECT_EQ(Destination(0, 1), "file1.mkv");
}

static const char *const cluster = R"(
config:
  clusters:
    home:
      own: {type: local, profile: hevc}
      picky: {type: local, profiles: [x264, copy]}
      any: {type: local, queues: {cuda: 2}}
      off: {type: local, status: disabled}
    cards:
      one: {type: local, profile: cuda}
    studio:
      any: {type: local}
profiles:
  hevc: {output_options: -c:v libx265 -c:a copy}
  x264: {output_options: -c:v libx264 -c:a copy}
  cuda: {output_options: -c:v h264_nvenc -c:a copy, queue: cuda}
  copy: {output_options: -c copy}
rules:
  small: {profile: SKIP, criteria: {vcodec: mpeg4}}
  all: {profile: x264}
)";

TEST_F(PlanHosts, PrecedenceOfProfiles)
{
    Configure(cluster);
    Clip("a.mkv");
    Clip("b.mkv");
    Clip("c.mkv");
    Clip("d.avi");
    Give("a.mkv", "home");
    Give("b.mkv", "home", "cuda");
    Give("c.mkv", "cards");
    Give("d.avi", "home");
    ASSERT_TRUE(Plan());
    ASSERT_EQ(plan->hosts->len, 4u);
    ASSERT_EQ(plan->disabled->len, 1u);
    const struct {
        guint item, host;
        const char *profile, *reason;
    } cases[] = {
        {0, 0, "hevc", nullptr},
        {0, 1, "x264", nullptr},
        {0, 2, "x264", nullptr},
        {1, 0, nullptr, "the host has no queue 'cuda'"}, // its own profile would need none, but -p asks for another
        {2, 3, "cuda", nullptr},                         // its own profile, on a host that says nothing of queues
        {1, 1, nullptr, "profile 'cuda' is not among the host's profiles"},
        {1, 2, "cuda", nullptr},
    };
    for (const auto &one : cases) {
        g_auto(FfarmRefusal) refusal = {};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(one.item), Host(one.host), nullptr, &refusal);
        EXPECT_STREQ(choice ? choice->profile->name : nullptr, one.profile) << one.item << " " << one.host;
        EXPECT_STREQ(refusal.reason, one.reason);
    }
    EXPECT_EQ(Fate(3), "skip: rule 'small' says SKIP"); // also for hosts with a profile of their own
}

TEST_F(PlanHosts, ItemsStayInTheirCluster)
{
    Configure(cluster);
    Clip("a.mkv");
    Clip("b.mkv");
    Clip("c.mkv");
    Give("a.mkv", "studio");
    Give("b.mkv", "home");
    Give("c.mkv");
    ASSERT_TRUE(Plan());
    ASSERT_EQ(plan->hosts->len, 5u);
    EXPECT_STREQ(Host(0)->cluster, "studio");
    EXPECT_STREQ(Host(4)->name, "local");
    EXPECT_EQ(Destination(0, 0), "a.mkv");
    EXPECT_EQ(Destination(0, 3), "refused: it belongs to another cluster");
    EXPECT_EQ(Destination(1, 3), "b.mkv");
    EXPECT_EQ(Destination(2, 3), "refused: it belongs to another cluster");
    EXPECT_EQ(Destination(2, 4), "c.mkv");
}

TEST_F(PlanHosts, OnlyTheHostsAskedFor)
{
    Configure(cluster);
    Clip("a.mkv");
    Clip("b.mkv");
    const char *only[] = {"picky", nullptr};
    options.only_hosts = only;
    Give("a.mkv", "home");
    Give("b.mkv", "home", "hevc");
    ASSERT_TRUE(Plan());
    ASSERT_EQ(plan->hosts->len, 1u);
    EXPECT_EQ(plan->disabled->len, 3u);
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(Fate(1), "unassignable: no host may take it: picky: profile 'hevc' is not among the host's profiles");
    const char *off[] = {"off", nullptr};
    options.only_hosts = off;
    Give("a.mkv", "home");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "unassignable: no enabled host is left to take it");
}

TEST_F(PlanHosts, ACodecIsMadeByTheEnginesOfEachHost)
{
    Configure(R"(
config:
  clusters:
    home:
      gpu: {type: local, engines: [cuda, cpu]}
      mac: {type: local, engines: [videotoolbox, cpu]}
      apple: {type: local, engines: [videotoolbox]}
      auto: {type: local}
profiles:
  mine: {codec: hevc, extension: .mp4, quality: high, engines: {cuda: {output_options_video: [-preset p6]}}}
  deep: {codec: h264, bit_depth: 10}
)");
    const char *av1[] = {"av1", nullptr};
    for (const char *name : {"a.mkv", "b.mkv", "c.mkv", "d.mkv", "e.mkv"})
        Clip(name);
    Give("a.mkv", "home", "mine");
    Give("b.mkv", "home", "av1");
    Give("c.mkv", "home", "deep");
    Give("d.mkv", "home", "copy");
    Give("e.mkv", "home", "mine", av1);
    ASSERT_TRUE(Plan());
    for (guint i = 0; i < 5; i++) { // a size that NVENC takes
        auto *video = static_cast<FfarmStream *>(Item(i)->media->streams->pdata[0]);
        video->width = 640;
        video->height = 480;
    }
    const struct {
        guint item, host;
        const char *engine, *passed_over;
        std::string words;
    } cases[] = {
        {0, 0, "cuda", nullptr,
         "-c:a copy -c:v hevc_nvenc -preset p6 -tune hq -b_ref_mode 0 -pix_fmt yuv420p -tag:v hvc1 -rc vbr -cq 25 -b:v "
         "0 "
         "-map"},
        {0, 1, "videotoolbox", nullptr, "-c:a copy -c:v hevc_videotoolbox -pix_fmt nv12 -tag:v hvc1 -q:v 65 -map"},
        {0, 3, "cpu", nullptr, "-c:a copy -c:v libx265 -preset medium -pix_fmt yuv420p -tag:v hvc1 -crf 20 -map"},
        {1, 1, "cpu", "videotoolbox has no encoder for av1",
         "-c:a copy -c:v libsvtav1 -preset 8 -pix_fmt yuv420p -crf 30 -map"},
        {2, 0, "cpu", "cuda is not known to encode h264 with 10 bits",
         "-c:a copy -c:v libx264 -preset medium -pix_fmt yuv420p10le -crf 22 -map"},
        {3, 2, "cpu", nullptr, "-c:a copy -c:v copy -map"},
        {4, 0, "cuda", nullptr, "-c:v av1_nvenc -preset p5 -tune hq -pix_fmt yuv420p -rc vbr -cq 30 -b:v 0 -map"},
    };
    for (const auto &one : cases) {
        g_auto(FfarmRefusal) refusal = {};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(one.item), Host(one.host), nullptr, &refusal);
        ASSERT_NE(choice, nullptr) << refusal.reason;
        EXPECT_STREQ(choice->engine, one.engine);
        EXPECT_STREQ(choice->passed_over, one.passed_over);
        EXPECT_NE(Argv(choice).find(one.words), std::string::npos) << Argv(choice) << "\n" << one.words;
        for (const FfarmChoice *next = choice->fallback; next; next = next->fallback) {
            EXPECT_STREQ(next->queue, choice->queue);
            EXPECT_STREQ(next->muxer, choice->muxer);
            EXPECT_STREQ(next->destination, choice->destination);
            EXPECT_STREQ(next->fingerprint, choice->fingerprint);
            EXPECT_STREQ(next->placement->host_output, choice->placement->host_output);
            EXPECT_EQ(next->host, choice->host);
        }
    }
    EXPECT_EQ(Destination(1, 2),
              "refused: none of the host's engines can do profile 'av1': videotoolbox has no encoder "
              "for av1");
}

TEST_F(PlanHosts, ProfilesThatLeaveItToFfmpegAreRefused)
{
    Configure("config:\n  clusters:\n    home:\n      a: {type: local, engines: [cpu]}\n"
              "profiles:\n  empty: {extension: .mkv, quality: high}\n  hevc: {codec: hevc}\n"
              "  bigger: {output_options_video: -c:v libx265 -crf 18}\n");
    const char *bigger[] = {"bigger", nullptr};
    Clip("a.mkv");
    Clip("b.mkv");
    Give("a.mkv", "home", "empty");
    Give("b.mkv", "home", "hevc", bigger);
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Destination(0), "refused: profile 'empty' says nothing of how to encode: give it a 'codec', or options");
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(1), Host(0), nullptr, nullptr);
    ASSERT_NE(choice, nullptr);
    EXPECT_NE(Argv(choice).find("-c:a copy -c:v libx265 -crf 18"), std::string::npos) << Argv(choice);
}

TEST_F(PlanHosts, EnginesAndMixins)
{
    Configure(R"(
config:
  clusters:
    home:
      gpu: {type: local, engines: [cuda, cpu]}
      cpu: {type: local, engines: [cpu]}
      auto: {type: local}
profiles:
  hevc:
    output_options_video: "-c:v libx265"
    quality: medium
    engines:
      cuda: {input_options: "-hwaccel cuda", output_options_video: "-c:v hevc_nvenc"}
  qsv: {output_options: "-c:v hevc_qsv"}
  loud: {output_options_audio: "-c:a aac -b:a 320k", output_options: "-never"}
  x264: {output_options_video: "-c:v libx264"}
)");
    const char *loud[] = {"loud", nullptr};
    const char *both[] = {"loud", "x264", nullptr};
    Clip("a.mkv");
    Clip("b.mkv");
    Clip("c.mkv");
    Give("a.mkv", "home", "hevc", loud);
    Give("b.mkv", "home", "qsv");
    Give("c.mkv", "home", "hevc", both);
    ASSERT_TRUE(Plan());
    const std::string audio = "-c:a aac -b:a 320k ";
    const struct {
        guint item, host;
        const char *engine;
        std::string words;
    } cases[] = {
        {0, 0, "cuda",
         "-hwaccel cuda -i file:" + Path("a.mkv ") + audio + "-c:v hevc_nvenc -rc vbr -cq 27 -b:v 0 -map"},
        {0, 1, "cpu", "-nostats -i file:" + Path("a.mkv ") + audio + "-c:v libx265 -crf 22 -map"},
        {0, 2, "cpu", "-nostats -i file:" + Path("a.mkv ") + audio + "-c:v libx265 -crf 22 -map"},
        {1, 2, "qsv", "-c:v hevc_qsv -map"},
        {2, 1, "cpu", audio + "-c:v libx264 -crf 22 -map"},
        {2, 0, "cpu", audio + "-c:v libx264 -crf 22 -map"},
    };
    for (const auto &one : cases) {
        g_auto(FfarmRefusal) refusal = {};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(one.item), Host(one.host), nullptr, &refusal);
        ASSERT_NE(choice, nullptr) << refusal.reason;
        EXPECT_STREQ(choice->engine, one.engine);
        EXPECT_NE(Argv(choice).find(one.words), std::string::npos) << Argv(choice) << "\n" << one.words;
    }
    EXPECT_EQ(Destination(1, 0), "refused: profile 'qsv' needs engine qsv, which is not among the host's");
}

// They take the device that ffmpeg takes, whichever the configuration names first.
TEST_F(PlanHosts, LiteralEncodersTakeTheirOwnDevice)
{
    Configure(R"(
config:
  clusters:
    home:
      second: {type: local, devices: {cuda:1: 2}}
      both: {type: local, devices: {cuda:1: 2, cuda:0: 1}}
      any: {type: local, devices: {cuda: 2}}
      node: {type: local, devices: {"vaapi:/dev/dri/renderD129": 1, "vaapi:/dev/dri/renderD128": 1}}
profiles:
  card: {output_options: -c:v hevc_nvenc}
  named: {output_options: -c:v hevc_nvenc -gpu 1}
  va: {input_options: -hwaccel vaapi, output_options: -c:v hevc_vaapi}
)");
    for (const char *name : {"a.mkv", "b.mkv", "c.mkv"})
        Clip(name);
    Give("a.mkv", "home", "card");
    Give("b.mkv", "home", "named");
    Give("c.mkv", "home", "va");
    ASSERT_TRUE(Plan());
    auto device = [&](guint item, guint host) {
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(item), Host(host), nullptr, nullptr);
        return std::string(!choice ? "refused" : choice->device ? choice->device : "its own");
    };
    EXPECT_EQ(device(0, 0), "its own") << "the second is not the one that ffmpeg takes";
    EXPECT_EQ(device(0, 1), "0");
    EXPECT_EQ(device(0, 2), "its own");
    EXPECT_EQ(device(2, 3), "/dev/dri/renderD128");
    for (guint host = 0; host < 2; host++)
        EXPECT_EQ(device(1, host), "1");
}

// What the options of one engine spoil another engine may do well.
TEST_F(PlanHosts, TheFirstRungThatIsAccepted)
{
    Configure(R"(
config:
  clusters:
    home:
      both: {type: local, engines: [cuda, cpu]}
      card: {type: local, engines: [cuda]}
profiles:
  mine: {codec: hevc, engines: {cuda: {output_options: [-vn]}}}
)");
    Clip("a.mkv");
    Give("a.mkv", "home", "mine");
    ASSERT_TRUE(Plan());
    auto *video = static_cast<FfarmStream *>(Item(0)->media->streams->pdata[0]);
    video->width = 640;
    video->height = 480;
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    ASSERT_NE(choice, nullptr);
    EXPECT_STREQ(choice->engine, "cpu");
    ASSERT_NE(choice->passed_over, nullptr);
    EXPECT_EQ(std::string(choice->passed_over).rfind("cuda: profile 'mine' says -vn, and ", 0), 0u)
        << choice->passed_over;
    EXPECT_EQ(Destination(0, 1).rfind("refused: profile 'mine' says -vn, and ", 0), 0u) << Destination(0, 1);
}

// An encoder that a profile names itself is believed to work until it was found not to.
TEST_F(PlanHosts, LiteralEncodersAndWhatWasFound)
{
    Configure("profiles:\n  card: {output_options: -c:v hevc_nvenc -gpu 1}\n  deep: {output_options: -c:v hevc_nvenc "
              "-pix_fmt p010le}\n  aom: {output_options: -c:v libaom-av1}\n  svt: {output_options: -c:v libsvtav1}\n");
    for (const char *name : {"a.mkv", "b.mkv", "c.mkv", "d.mkv"})
        Clip(name);
    Give("a.mkv", nullptr, "card");
    Give("b.mkv", nullptr, "deep");
    Give("c.mkv", nullptr, "aom");
    Give("d.mkv", nullptr, "svt");
    ASSERT_TRUE(Plan());
    g_autoptr(FfarmAbilities) abilities = ffarm_abilities_new();
    abilities->encoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
    auto found = [&](const char *engine, const char *codec, int depth, FfarmCapabilityClass class_) {
        auto *row = g_new0(FfarmCapability, 1);
        row->engine = engine;
        row->codec = codec;
        row->depth = depth;
        row->class_ = class_;
        row->words = g_strdup("words");
        g_ptr_array_add(abilities->encoders, row);
    };
    auto ask = [&](guint item, const char *const *full = nullptr) {
        const FfarmConditions conditions = {abilities, full, nullptr};
        g_auto(FfarmRefusal) refusal = {};
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(item), Host(0), &conditions, &refusal);
        EXPECT_TRUE(!choice || !choice->fallback) << "what the user says is not exchanged for anything";
        return choice ? std::string(choice->engine)
                      : (refusal.is_busy ? "busy: " : "no: ") + std::string(refusal.reason);
    };
    for (guint i = 0; i < 4; i++)
        EXPECT_EQ(ask(i), i < 2 ? "cuda" : "cpu");
    found("cuda", "hevc", 10, FFARM_CAPABILITY_CAP_MISSING);
    found("cpu", "av1", 8, FFARM_CAPABILITY_BUILD_LACKS);
    EXPECT_EQ(ask(0), "cuda") << "eight bits are not ten";
    EXPECT_EQ(ask(1), "no: profile 'deep' needs hevc_nvenc, which does not work there: not on this device: words");
    EXPECT_EQ(ask(2), "cpu") << "another encoder was tried";
    EXPECT_EQ(ask(3), "no: profile 'svt' needs libsvtav1, which does not work there: not in this ffmpeg: words");
    found("cuda", "hevc", 8, FFARM_CAPABILITY_IN_USE);
    EXPECT_EQ(ask(0), "cuda");
    const char *first[] = {"cuda", nullptr}, *second[] = {"cuda:1", nullptr};
    EXPECT_EQ(ask(0, first), "cuda") << "it says that it takes the second";
    EXPECT_EQ(ask(0, second), "busy: cuda is full");
}

TEST_F(PlanHosts, NoRulesAndNoProfileLeavesFilesAlone)
{
    Configure("config:\n  clusters:\n    home:\n      any: {type: local}\nprofiles:\n  p: {output_options: -c copy}\n");
    Clip("a.mkv");
    Give("a.mkv", "home");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "unmatched: the configuration has no rules, and no profile was given");
}

TEST_F(PlanHosts, RulesThatDoNotMatchHoldForHostsWithProfilesToo)
{
    Configure("config:\n  clusters:\n    home:\n      own: {type: local, profile: p}\nprofiles:\n  p: {output_options: "
              "-c copy}\n"
              "rules:\n  r: {profile: p, criteria: {vcodec: av1}}\n");
    Clip("a.mkv");
    Give("a.mkv", "home");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "unmatched: no rule matches");
}
