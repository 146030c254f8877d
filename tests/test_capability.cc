// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sqlite3.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "capability.h"
#include "capability_nodes.h"
#include "capability_recipe.h"
#include "engine.h"
#include "scratch.h"
#include "settings.h"
#include "sshd.h"

namespace
{
const FfarmTrialPicture right = {FFARM_TRIAL_FRAMES, FFARM_TRIAL_WIDTH, FFARM_TRIAL_HEIGHT, "yuv420p", 45};
const FfarmTrialPicture nothing = {0, 0, 0, nullptr, NAN};

struct Judgement {
    FfarmCapabilityClass class_;
    std::string words;
};

Judgement judge(int status, const std::string &said, const FfarmTrialPicture &picture = nothing, int depth = 8)
{
    g_autofree char *words = nullptr;
    FfarmCapabilityClass class_ = ffarm_capability_judge(status, said.c_str(), depth, &picture, &words);
    return {class_, words ? words : ""};
}

// What fixtures/hardware holds: a command, how it ended, what it said.
struct Recorded {
    std::string head, said;
    int status;
};

std::vector<Recorded> read_recorded(const std::string &name)
{
    std::ifstream file(std::string(g_getenv("FFARM_SOURCE_ROOT")) + "/fixtures/hardware/" + name);
    std::vector<Recorded> all;
    for (std::string line; std::getline(file, line);) {
        size_t rc = line.rfind("rc=");
        if (line.rfind("=== ", 0) == 0 && rc != std::string::npos)
            all.push_back({line.substr(4, rc - 4), "", atoi(line.c_str() + rc + 3)});
        else if (line.rfind("   | ", 0) == 0 && !all.empty())
            all.back().said += line.substr(5) + "\n";
    }
    return all;
}

// The class of every recorded failure, by how its head begins. The first that fits counts.
const std::vector<std::pair<std::string, FfarmCapabilityClass>> expected = {
    {"h264_cuvid ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"h264_nvenc ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"hevc_nvenc ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"h264_qsv ", FFARM_CAPABILITY_NO_RUNTIME},
    {"hevc_qsv ", FFARM_CAPABILITY_NO_RUNTIME},
    {"h264_amf ", FFARM_CAPABILITY_BUILD_LACKS},
    {"hevc_amf ", FFARM_CAPABILITY_BUILD_LACKS},
    {"av1_amf ", FFARM_CAPABILITY_BUILD_LACKS},
    {"h264_videotoolbox ", FFARM_CAPABILITY_BUILD_LACKS},
    {"unknown enc ", FFARM_CAPABILITY_BUILD_LACKS},
    {"h264_vaapi ", FFARM_CAPABILITY_NO_DEVICE},
    {"hevc_vaapi (", FFARM_CAPABILITY_NO_DEVICE},
    {"av1_vaapi ", FFARM_CAPABILITY_NO_DEVICE},
    {"hevc_vaapi bare ", FFARM_CAPABILITY_BAD_PROBE},
    {"qsv via init_hw_device ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"init cuda ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"init vaapi ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"init qsv ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"init vulkan ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"init ", FFARM_CAPABILITY_UNKNOWN},
    {"hwaccel ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"bad preset ", FFARM_CAPABILITY_KNOB},
    {"stub-state [STUB_CUINIT=100]", FFARM_CAPABILITY_NO_DEVICE},
    {"stub-state [STUB_CUINIT=", FFARM_CAPABILITY_BROKEN},
    {"stub-state [STUB_NDEV=0]", FFARM_CAPABILITY_NO_DEVICE},
    {"stub-state [STUB_VER=176]", FFARM_CAPABILITY_DRIVER_TOO_OLD},
    {"stub-state [STUB_OPEN=10]", FFARM_CAPABILITY_IN_USE},
    {"stub-state [STUB_OPEN=21]", FFARM_CAPABILITY_UNKNOWN},
    {"stub-state [STUB_OPEN=2]", FFARM_CAPABILITY_NO_ENCODER},
    {"stub-state [STUB_NGUID=1]", FFARM_CAPABILITY_CAP_MISSING},
    {"stub-state [STUB_10=0]", FFARM_CAPABILITY_CAP_MISSING},
    {"stub-state [STUB_B=0]", FFARM_CAPABILITY_CAP_MISSING},
    {"stub-state [STUB_BREF=0]", FFARM_CAPABILITY_CAP_MISSING},
    {"stub-state [STUB_MAX=4096]", FFARM_CAPABILITY_CAP_MISSING},
    {"stub-state [STUB_10=1 ", FFARM_CAPABILITY_BAD_PROBE},
};

// Where ffmpeg's versions say different things.
bool is_expected(const Recorded &recorded, FfarmCapabilityClass class_)
{
    if (recorded.status == 0)
        return class_ == FFARM_CAPABILITY_WRONG_PICTURE;
    if (recorded.said.find("Unknown encoder") != std::string::npos)
        return class_ == FFARM_CAPABILITY_BUILD_LACKS;
    for (auto &pair : expected)
        if (recorded.head.rfind(pair.first, 0) == 0)
            return class_ == pair.second;
    if (recorded.head.rfind("av1_nvenc", 0) == 0)
        return class_ == FFARM_CAPABILITY_DRIVER_MISSING;
    if (recorded.head.rfind("av1_qsv", 0) == 0)
        return class_ == FFARM_CAPABILITY_NO_RUNTIME;
    if (recorded.head.rfind("stub-state [STUB_DEC_UNSUPPORTED=1]", 0) == 0 || recorded.head.rfind("vk ", 0) == 0 ||
        recorded.head.find("_vulkan ") != std::string::npos)
        return class_ == FFARM_CAPABILITY_CAP_MISSING || class_ == FFARM_CAPABILITY_BAD_PROBE ||
               class_ == FFARM_CAPABILITY_DRIVER_MISSING;
    return false;
}
} // namespace

TEST(CapabilityClass, EveryRecordedOutputGetsItsClass)
{
    for (const char *version : {"5.1.9", "7.1.5", "9.0.2"}) {
        for (const char *kind : {"no-gpu-", "nvidia-faults-"}) {
            std::vector<Recorded> all = read_recorded(std::string(kind) + version + ".txt");
            EXPECT_GE(all.size(), 19u) << kind << version;
            for (auto &recorded : all) {
                Judgement found = judge(recorded.status, recorded.said);
                EXPECT_TRUE(is_expected(recorded, found.class_))
                    << version << " " << recorded.head << ": " << ffarm_capability_class_name(found.class_);
                EXPECT_NE(ffarm_capability_verdict(found.class_), FFARM_CAPABILITY_YES) << recorded.head;
                EXPECT_NE(found.words, "") << recorded.head;
                EXPECT_TRUE(recorded.status == 0 || recorded.said.find(found.words) != std::string::npos)
                    << found.words;
            }
        }
    }
}

TEST(CapabilityClass, AFullGpuIsBusyAndNotAbsent)
{
    Judgement found = judge(187, "[hevc_nvenc @ 0x55] OpenEncodeSessionEx failed: out of memory (10): (no details)\n"
                                 "[hevc_nvenc @ 0x55] No capable devices found\n");
    EXPECT_EQ(ffarm_capability_verdict(found.class_), FFARM_CAPABILITY_BUSY);
    EXPECT_EQ(found.words, "OpenEncodeSessionEx failed: out of memory (10): (no details)");
}

TEST(CapabilityClass, OnlyTheRightPictureGivesYes)
{
    EXPECT_EQ(judge(0, "", right).class_, FFARM_CAPABILITY_PROVED);
    EXPECT_EQ(judge(0, "anything at all", right).class_, FFARM_CAPABILITY_PROVED);
    EXPECT_EQ(judge(1, "", right).class_, FFARM_CAPABILITY_UNKNOWN);
    EXPECT_EQ(judge(0, "", nothing).class_, FFARM_CAPABILITY_WRONG_PICTURE);
    for (int fault = 0; fault < 5; fault++) {
        FfarmTrialPicture wrong = right;
        wrong.frames -= fault == 0;
        wrong.height += fault == 1 ? 8 : 0;
        wrong.width += fault == 2;
        wrong.pix_fmt = fault == 3 ? "yuv420p10le" : wrong.pix_fmt;
        wrong.psnr = fault == 4 ? 29.9 : wrong.psnr;
        EXPECT_EQ(judge(0, "", wrong).class_, FFARM_CAPABILITY_WRONG_PICTURE) << fault;
    }
    FfarmTrialPicture other = right;
    EXPECT_EQ(judge(0, "", other, 10).class_, FFARM_CAPABILITY_WRONG_PICTURE);
    other.pix_fmt = "yuv420p10le";
    EXPECT_EQ(judge(0, "", other, 10).class_, FFARM_CAPABILITY_PROVED);
    other.psnr = NAN;
    EXPECT_EQ(ffarm_capability_verdict(judge(0, "", other, 10).class_), FFARM_CAPABILITY_BUSY);
    for (int class_ = 0; class_ < FFARM_N_CAPABILITY_CLASSES; class_++)
        EXPECT_EQ(ffarm_capability_verdict(static_cast<FfarmCapabilityClass>(class_)) == FFARM_CAPABILITY_YES,
                  class_ == FFARM_CAPABILITY_PROVED);
}

TEST(CapabilityClass, TextThatIsNotKnownIsShownAsItIs)
{
    Judgement found = judge(255, "  Stream #0:0: Video\n[enc @ 0x1] The flux failed to align\nConversion failed!\n");
    EXPECT_EQ(found.class_, FFARM_CAPABILITY_UNKNOWN);
    EXPECT_EQ(found.words, "The flux failed to align");
    EXPECT_EQ(judge(255, "").words, "status 255");
    EXPECT_EQ(judge(255, "strange\n \n").words, "strange");
    EXPECT_EQ(judge(139, "libva info: here").class_, FFARM_CAPABILITY_CRASHED);
    EXPECT_EQ(judge(139, "libva info: here").words, "signal 11");
    EXPECT_EQ(judge(1, "error " + std::string(5000, 'x')).words.size(), 300u);
    EXPECT_TRUE(g_utf8_validate(judge(1, "error \xff\xfe").words.c_str(), -1, nullptr));
}

TEST(CapabilityClass, NamesLeadBackAndOnlyWhatLastsIsKept)
{
    std::set<std::string> passing = {"in_use",       "too_slow", "lost",    "host_gone",
                                     "not_compared", "broken",   "crashed", "unknown"};
    for (int i = 0; i < FFARM_N_CAPABILITY_CLASSES; i++) {
        auto class_ = static_cast<FfarmCapabilityClass>(i), found = FFARM_CAPABILITY_PROVED;
        const char *name = ffarm_capability_class_name(class_);
        EXPECT_TRUE(ffarm_capability_class_find(name, &found));
        EXPECT_EQ(found, class_);
        EXPECT_EQ(ffarm_capability_is_lasting(class_), passing.count(name) == 0) << name;
    }
    FfarmCapabilityClass found;
    EXPECT_FALSE(ffarm_capability_class_find("PROVED", &found));
    EXPECT_FALSE(ffarm_capability_class_find("", &found));
    EXPECT_FALSE(ffarm_capability_class_find(nullptr, &found));
}

TEST(CapabilityClass, DriversAndGpusAreNamed)
{
    auto driver = [](const char *said) {
        g_autofree char *name = ffarm_capability_parse_driver(said);
        return std::string(name ? name : "-");
    };
    EXPECT_EQ(driver("[AVHWDeviceContext @ 0x1] VAAPI driver: Intel iHD driver - 23.1.1 (abc).\nmore"),
              "Intel iHD driver - 23.1.1 (abc)");
    EXPECT_EQ(driver("[h264_nvenc @ 0x1] [ GPU #0 - < Old > has Compute SM 3.0 ]\n"
                     "[h264_nvenc @ 0x1] [ GPU #1 - < NVIDIA T4 > has Compute SM 7.5 ]\n"),
              "NVIDIA T4");
    EXPECT_EQ(driver("Stream #0:0 - nothing"), "-");
    EXPECT_EQ(driver(("VAAPI driver: " + std::string(5000, 'x')).c_str()).size(), 300u);
}

TEST(CapabilityClass, ListingsAndFigures)
{
    const char *listing =
        "Encoders:\n ------\n V....D libx264              H.264 (codec h264)\n V..... libx264rgb  x\r\n";
    EXPECT_TRUE(ffarm_capability_is_listed(listing, "libx264"));
    EXPECT_TRUE(ffarm_capability_is_listed(listing, "libx264rgb"));
    EXPECT_FALSE(ffarm_capability_is_listed(listing, "x264"));
    EXPECT_FALSE(ffarm_capability_is_listed(listing, "hevc_nvenc"));
    double psnr = 0;
    EXPECT_TRUE(ffarm_capability_parse_psnr("[p @ 0x1] PSNR y:5.9 average:52.28 min:51.147056 max:54.5\n", &psnr));
    EXPECT_NEAR(psnr, 51.147056, 1e-6);
    EXPECT_TRUE(ffarm_capability_parse_psnr("PSNR y:inf average:inf min:inf max:inf", &psnr));
    EXPECT_TRUE(std::isinf(psnr));
    EXPECT_FALSE(ffarm_capability_parse_psnr("PSNR y:1\n min:50", &psnr));
    EXPECT_FALSE(ffarm_capability_parse_psnr("", &psnr));
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    ffarm_nodes_parse("by-path\ncard0\ncrw-rw----+ 0 992 renderD129\r\nrenderD\nrenderD1;x\nrenderD12345\nrenderD128", nodes);
    ASSERT_EQ(nodes->len, 2u);
    EXPECT_STREQ(static_cast<char *>(g_ptr_array_index(nodes, 0)), "/dev/dri/renderD129");
}

// A device of Vulkan may be the processor: that is no engine.
TEST(CapabilityRecipe, EveryEngineHasTrialsOfItsOwn)
{
    std::set<std::string> engines, encoders;
    for (const FfarmRecipe *recipe = ffarm_recipes(); recipe->engine; recipe++) {
        engines.insert(recipe->engine);
        EXPECT_TRUE(encoders.insert(recipe->encoder).second) << recipe->encoder;
        EXPECT_STREQ(ffarm_engine_of_encoder(recipe->encoder), recipe->engine);
        for (int depth : {8, 10}) {
            g_auto(GStrv) argv =
                ffarm_recipe_argv(recipe, "ffmpeg", FFARM_OS_LINUX, "/dev/dri/renderD129", depth, FALSE);
            g_autofree char *line = g_strjoinv(" ", argv);
            bool takes_device =
                ffarm_recipe_needs_node(recipe, FFARM_OS_LINUX) || recipe->engine == std::string("cuda");
            EXPECT_EQ(takes_device, strstr(line, "renderD129") != nullptr) << line;
            EXPECT_EQ(strchr(line, '%'), nullptr) << line;
        }
    }
    std::set<std::string> names;
    for (const char *const *name = ffarm_engine_names(); *name; name++)
        names.insert(*name);
    EXPECT_EQ(engines, names);
    EXPECT_EQ(names.count("vulkan"), 0u);
}

namespace
{
// An ffmpeg of which each encoder shows another state; libx264 is the real one.
const char *const ffmpeg = R"(#!/bin/sh
real() { exec ffmpeg -v error -f lavfi -i "$1" -pix_fmt yuv420p -c:v libx264 -preset ultrafast -f matroska pipe:1; }
case "$*" in
*-encoders*) for name in h264_nvenc hevc_nvenc h264_qsv h264_vaapi h264_videotoolbox h264_amf libx264; do
    echo " V....D $name    words"
  done ;;
*h264_nvenc*) echo '[h264_nvenc @ 0x1] Cannot load libcuda.so.1' >&2; exit 255 ;;
*h264_qsv*)
  shells= p=$$
  while read -r _ name _ parent _ <"/proc/$p/stat" && [ "$name" = "${name#(sshd}" ]; do shells="$p $shells" p=$parent; done
  kill -KILL $shells ;;
*h264_vaapi*) exit 0 ;;
*nv12*h264_videotoolbox*-q:v*) echo '-q:v qscale not available for encoder. Use -b:v bitrate instead.' >&2; exit 234 ;;
*nv12*h264_videotoolbox*-b:v*) real testsrc2=s=1920x1080:r=25:d=0.4 ;;
*h264_amf*) real color=s=1920x1080:r=25:d=0.4 ;;
*libx264*) exec ffmpeg "$@" ;;
*) echo 'words that nobody knows' >&2; exit 1 ;;
esac
)";

class Capability : public testing::Test
{
  protected:
    void SetUp() override
    {
        sshd = sshd_start(nullptr);
        folder = scratch_new();
        g_autofree char *script = scratch_write(folder, "ffmpeg", ffmpeg, -1);
        chmod(script, 0755);
        host = ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING);
        host->address = g_strdup(sshd->address);
        host->port = sshd->port;
        g_free(host->ssh);
        host->ssh = g_strdup(sshd->ssh);
        g_free(host->ffmpeg);
        host->ffmpeg = g_steal_pointer(&script);
        report = g_new0(FfarmHostReport, 1);
        report->host = host;
        report->is_usable = TRUE;
        reports = g_ptr_array_new();
        g_ptr_array_add(reports, report);
    }
    void TearDown() override
    {
        g_ptr_array_unref(reports);
        ffarm_host_report_free(report);
        ffarm_host_free(host);
        scratch_free(folder);
        sshd_stop(sshd);
    }
    const FfarmCapability *Of(const char *engine) const
    {
        return ffarm_capability_of_engine(report->abilities->encoders, engine, nullptr);
    }
    std::string Row(guint i) const
    {
        auto *row = static_cast<FfarmCapability *>(g_ptr_array_index(report->abilities->encoders, i));
        return std::string(row->engine) + " " + (row->codec ? row->codec : "-") + " " + std::to_string(row->depth) +
               " " + ffarm_capability_verdict_name(ffarm_capability_verdict(row->class_)) + " " +
               ffarm_capability_class_name(row->class_);
    }

    Sshd *sshd = nullptr;
    char *folder = nullptr;
    FfarmHost *host = nullptr;
    FfarmHostReport *report = nullptr;
    GPtrArray *reports = nullptr;
    FfarmLearning learning = {"ffmpeg", nullptr, nullptr, FALSE, FALSE, nullptr, 1};
};
} // namespace

TEST_F(Capability, EachStateOfAHostHasItsVerdict)
{
    g_autoptr(GError) error = nullptr;
    ASSERT_TRUE(ffarm_capability_learn_all(reports, &learning, nullptr, &error)) << error->message;
    std::vector<std::string> rows;
    for (guint i = 0; i < report->abilities->encoders->len; i++)
        rows.push_back(Row(i));
    EXPECT_EQ(rows, (std::vector<std::string>{
                        "cuda h264 8 no driver_missing",
                        "qsv h264 8 busy lost",
                        "vaapi h264 8 no wrong_picture",
                        "vaapi h264 10 no wrong_picture",
                        "vaapi hevc 8 no build_lacks",
                        "vaapi hevc 10 no build_lacks",
                        "vaapi av1 8 no build_lacks",
                        "vaapi av1 10 no build_lacks",
                        "videotoolbox h264 8 yes proved",
                        "videotoolbox h264 10 no unknown",
                        "videotoolbox hevc 8 no build_lacks",
                        "videotoolbox hevc 10 no build_lacks",
                        "amf h264 8 no wrong_picture",
                        "amf h264 10 no wrong_picture",
                        "amf hevc 8 no build_lacks",
                        "amf hevc 10 no build_lacks",
                        "amf av1 8 no build_lacks",
                        "amf av1 10 no build_lacks",
                        "cpu h264 8 yes proved",
                        "cpu h264 10 yes proved",
                        "cpu hevc 8 no build_lacks",
                        "cpu hevc 10 no build_lacks",
                        "cpu av1 8 no build_lacks",
                        "cpu av1 10 no build_lacks",
                    }));
    EXPECT_STREQ(Of("cuda")->words, "Cannot load libcuda.so.1");
    EXPECT_NE(strstr(Of("videotoolbox")->command, "-b:v 4M"), nullptr) << Of("videotoolbox")->command;
    EXPECT_EQ(Of("cpu")->class_, FFARM_CAPABILITY_PROVED);
    EXPECT_GT(Of("cpu")->elapsed_us, 0);
    EXPECT_EQ(Of("vulkan"), nullptr);
}

TEST_F(Capability, AHostThatIsGoneIsNoAnswerAboutItsEngines)
{
    sshd_switch_off(sshd);
    ASSERT_TRUE(ffarm_capability_learn_all(reports, &learning, nullptr, nullptr));
    for (const char *const *engine = ffarm_engine_names(); *engine; engine++) {
        EXPECT_EQ(Of(*engine)->class_, FFARM_CAPABILITY_HOST_GONE);
        EXPECT_EQ(std::string(Of(*engine)->words).rfind("box: ", 0), 0u) << Of(*engine)->words;
    }
}

TEST_F(Capability, APictureThatCannotBeComparedProvesNothing)
{
    learning.ffmpeg_here = "/no/such/ffmpeg";
    ASSERT_TRUE(ffarm_capability_learn_all(reports, &learning, nullptr, nullptr));
    EXPECT_EQ(Of("cpu")->class_, FFARM_CAPABILITY_NOT_COMPARED);
}

TEST_F(Capability, HostsThatCannotBeUsedAreNotAsked)
{
    report->is_usable = FALSE;
    ASSERT_TRUE(ffarm_capability_learn_all(reports, &learning, nullptr, nullptr));
    EXPECT_EQ(report->abilities, nullptr);
}

TEST_F(Capability, EndsWhenItIsCancelled)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_capability_learn_all(reports, &learning, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_EQ(report->abilities, nullptr);
}

// --- what is learned, and kept ---

namespace
{
// A host with an ffmpeg that notes how it is called, and does what the file "state" says.
const char *const scripted = R"(#!/bin/sh
here=${0%/*}
echo "$*" >>"$here/calls"
good() { cat "$here/good.mkv"; }
case "$*" in
-version) cat "$here/version" ;;
*-encoders*) cat "$here/listing" ;;
*) . "$here/state" ;;
esac
)";

class Learning : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        home = scratch_new();
        g_autofree char *path = g_build_filename(home, "good.mkv", nullptr);
        const char *argv[] = {
            "ffmpeg", "-v",      "error",    "-f",      "lavfi",   "-i",        "testsrc2=s=1920x1080:r=25:d=0.4",
            "-c:v",   "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", path,
            nullptr};
        ASSERT_TRUE(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                                 nullptr, nullptr, nullptr, nullptr));
    }
    static void TearDownTestSuite()
    {
        scratch_free(home);
    }
    void SetUp() override
    {
        folder = scratch_new();
        Write("ffmpeg", scripted);
        chmod((std::string(folder) + "/ffmpeg").c_str(), 0755);
        Write("version", "ffmpeg version 7.1.5 Copyright\nconfiguration: --enable-this\n");
        List({"h264_nvenc"});
        State("case \"$*\" in *p010*) echo '10 bit encode not supported' >&2; exit 1;; *) good;; esac");
        g_autofree char *good = g_build_filename(home, "good.mkv", nullptr);
        g_autofree char *link = g_build_filename(folder, "good.mkv", nullptr);
        ASSERT_EQ(symlink(good, link), 0);
        journal = ffarm_journal_open(folder, nullptr, nullptr);
        learning.journal = journal;
        host = ffarm_host_new(nullptr, "box", FFARM_HOST_LOCAL);
        g_free(host->ffmpeg);
        host->ffmpeg = g_build_filename(folder, "ffmpeg", nullptr);
    }
    void TearDown() override
    {
        ffarm_journal_free(journal);
        ffarm_settings_free(settings);
        ffarm_host_free(host);
        scratch_free(folder);
    }
    void Write(const char *name, const std::string &text) const
    {
        g_free(scratch_write(folder, name, text.c_str(), static_cast<gssize>(text.size())));
    }
    void List(const std::vector<std::string> &encoders) const
    {
        std::string text = " ------\n";
        for (const std::string &encoder : encoders)
            text += " V....D " + encoder + "    words\n";
        Write("listing", text);
    }
    void State(const std::string &text) const
    {
        Write("state", text + "\n");
    }
    // Rows that say something, "cuda:1 h264 8 proved", and how many trials that took: "2: ...".
    std::string Learn()
    {
        Write("calls", "");
        FfarmHostReport report = {};
        report.host = host;
        report.is_usable = TRUE;
        report.os = os;
        report.ffmpeg_version = const_cast<char *>("7.1.5");
        g_autoptr(GPtrArray) reports = g_ptr_array_new();
        g_ptr_array_add(reports, &report);
        EXPECT_TRUE(ffarm_capability_learn_all(reports, &learning, nullptr, nullptr));
        std::string text;
        const GPtrArray *rows = report.abilities->encoders;
        for (guint i = 0; rows && i < rows->len; i++) {
            auto *row = static_cast<FfarmCapability *>(g_ptr_array_index(rows, i));
            if (row->class_ == FFARM_CAPABILITY_BUILD_LACKS)
                continue;
            driver = row->driver ? row->driver : "";
            text += std::string(", ") + row->engine + (row->device ? std::string(":") + row->device : "") + " " +
                    (row->codec ? row->codec : "-") + " " + std::to_string(row->depth) + " " +
                    ffarm_capability_class_name(row->class_);
        }
        EXPECT_EQ(report.abilities->ffmpeg_version, 701u);
        EXPECT_EQ(report.abilities->os, os);
        ffarm_abilities_unref(report.abilities);
        return std::to_string(Calls("-c:v")) + text;
    }
    void Reach(const Sshd *sshd) const
    {
        host->type = FFARM_HOST_STREAMING;
        host->address = g_strdup(sshd->address);
        host->port = sshd->port;
        g_free(host->ssh);
        host->ssh = g_strdup(sshd->ssh);
    }
    int Calls(const char *part) const
    {
        std::ifstream file(std::string(folder) + "/calls");
        int count = 0;
        for (std::string line; std::getline(file, line);)
            count += line.find(part) != std::string::npos;
        return count;
    }
    // What the films of an input with this profile want of the host.
    std::string Wants(const std::string &yaml, const char *profile, FfarmStream *video)
    {
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        ffarm_settings_free(settings);
        settings = ffarm_settings_parse("test.yml", yaml.c_str(), yaml.size(), FALSE, diagnostics);
        EXPECT_NE(settings, nullptr);
        g_autoptr(FfarmWants) wants = ffarm_wants_new(settings);
        FfarmInput *input = ffarm_input_new("/a.mkv", nullptr, profile, nullptr);
        if (video) {
            ffarm_wants_add(wants, input, "ruled", video);
        } else {
            g_autoptr(GPtrArray) inputs = g_ptr_array_new();
            g_ptr_array_add(inputs, input);
            g_ptr_array_add(inputs, input);
            ffarm_wants_add_inputs(wants, inputs);
        }
        ffarm_input_free(input);
        g_autoptr(GArray) list = ffarm_wants_list(wants, host);
        std::string text;
        for (guint i = 0; i < list->len; i++) {
            const FfarmWant &want = g_array_index(list, FfarmWant, i);
            text += std::string(i ? ", " : "") + want.engine + " " + want.codec + " " + std::to_string(want.depth);
        }
        return text;
    }

    static char *home;
    std::string driver; // of the last row
    FfarmOs os = FFARM_OS_LINUX;
    char *folder = nullptr;
    FfarmJournal *journal = nullptr;
    FfarmHost *host = nullptr;
    FfarmSettings *settings = nullptr;
    FfarmLearning learning = {"ffmpeg", nullptr, nullptr, FALSE, FALSE, nullptr, 1};
};
char *Learning::home = nullptr;
} // namespace

TEST_F(Learning, WhatIsKnownIsNotTriedAgainUntilSomethingChanges)
{
    const char *const rows = ", cuda h264 8 proved, cuda h264 10 cap_missing";
    EXPECT_EQ(Learn(), std::string("2") + rows);
    EXPECT_EQ(Learn(), std::string("0") + rows);
    Write("version", "ffmpeg version 7.1.5 Copyright\nconfiguration: --enable-that\n");
    EXPECT_EQ(Learn(), std::string("2") + rows);
    EXPECT_EQ(Learn(), std::string("0") + rows);
    learning.is_fresh = TRUE;
    EXPECT_EQ(Learn(), std::string("2") + rows);
    learning.is_fresh = FALSE;
    g_free(host->user);
    host->user = g_strdup("another");
    learning.is_dry = TRUE;
    EXPECT_EQ(Learn(), std::string("2") + rows);
    EXPECT_EQ(Learn(), std::string("2") + rows) << "a dry run writes nothing";
}

// Paths of this machine that the journal in @name holds a run's traces of.
static std::string traces_in(const char *folder, const char *name)
{
    sqlite3 *db = nullptr;
    std::string paths;
    EXPECT_EQ(sqlite3_open((std::string(folder) + name).c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(
                  db, "SELECT here FROM traces WHERE run = 'run1'",
                  [](void *all, int, char **values, char **) {
                      *static_cast<std::string *>(all) += std::string(values[0]) + "\n";
                      return 0;
                  },
                  &paths, nullptr),
              SQLITE_OK);
    sqlite3_close(db);
    return paths;
}

TEST_F(Learning, TemporaryFilesAreNotedWhileTheyAreThere)
{
    learning.run_id = "run1";
    State("mkdir \"$here/copy\" && cp \"$here\"/journal.db* \"$here/copy\"; good");
    EXPECT_EQ(Learn(), "2, cuda h264 8 proved, cuda h264 10 wrong_picture");
    std::string path = traces_in(folder, "/copy/journal.db");
    EXPECT_NE(path.find("/.ffarm-trial-"), std::string::npos) << path;
    EXPECT_FALSE(g_file_test(path.substr(0, path.find('\n')).c_str(), G_FILE_TEST_EXISTS));
    EXPECT_EQ(traces_in(folder, "/journal.db"), "");
}

TEST_F(Learning, AnotherDriverMayDoMore)
{
    g_autofree char *path = g_strconcat(folder, "/bin:", g_getenv("PATH"), nullptr),
                    *before = g_strdup(g_getenv("PATH"));
    g_setenv("PATH", path, TRUE);
    for (const char *version : {"535.113.01", "550.54.14"}) {
        Write("bin/nvidia-smi", std::string("#!/bin/sh\necho '") + version + ", NVIDIA T4'\n");
        chmod((std::string(folder) + "/bin/nvidia-smi").c_str(), 0755);
        EXPECT_EQ(Learn(), "2, cuda h264 8 proved, cuda h264 10 cap_missing");
        EXPECT_EQ(driver, std::string("driver ") + version);
        EXPECT_EQ(Learn().substr(0, 2), "0,");
        EXPECT_EQ(driver, std::string("driver ") + version) << "is remembered too";
    }
    g_setenv("PATH", before, TRUE);
}

TEST_F(Learning, WhatIsInUseIsAskedAgainSoonAndNeverKept)
{
    State("echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1");
    EXPECT_EQ(Learn(), "4, cuda h264 8 in_use");
    EXPECT_EQ(Learn(), "4, cuda h264 8 in_use");
    State("n=$(grep -c h264_nvenc \"$here/calls\"); if [ $n -lt 3 ]; then\n"
          "echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1; fi; good");
    EXPECT_EQ(Learn(), "4, cuda h264 8 proved, cuda h264 10 wrong_picture");
    learning.is_fresh = TRUE;
    State("echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1");
    EXPECT_EQ(Learn(), "4, cuda h264 8 in_use");
    learning.is_fresh = FALSE;
    EXPECT_EQ(Learn(), "0, cuda h264 8 proved, cuda h264 10 wrong_picture");
}

TEST_F(Learning, NobodyWaitsForADeviceInUseThatIsNotWantedAnyMore)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    State("echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1");
    learning.pause_ms = 60000;
    FfarmHostReport report = {};
    report.host = host;
    report.is_usable = TRUE;
    g_autoptr(GPtrArray) reports = g_ptr_array_new();
    g_ptr_array_add(reports, &report);
    std::thread canceller([this, cancellable] {
        for (int i = 0; i < 1000 && Calls("-c:v") == 0; i++)
            g_usleep(10000);
        g_usleep(300000);
        g_cancellable_cancel(cancellable);
    });
    gint64 begin_us = g_get_monotonic_time();
    EXPECT_FALSE(ffarm_capability_learn_all(reports, &learning, cancellable, nullptr));
    EXPECT_LT(g_get_monotonic_time() - begin_us, 20 * G_USEC_PER_SEC);
    EXPECT_EQ(report.abilities, nullptr);
    canceller.join();
}

TEST_F(Learning, WhatIsSickOrNotUnderstoodIsNotKeptAndEndsWhatWas)
{
    Learn();
    learning.is_fresh = TRUE;
    State("echo 'cuInit(0) failed -> CUDA_ERROR_UNKNOWN' >&2; exit 1");
    EXPECT_EQ(Learn(), "1, cuda h264 8 broken");
    learning.is_fresh = FALSE;
    State("echo 'The flux failed to align' >&2; exit 1");
    EXPECT_EQ(Learn(), "2, cuda h264 8 unknown, cuda h264 10 unknown");
    State("good");
    EXPECT_EQ(Learn(), "2, cuda h264 8 proved, cuda h264 10 wrong_picture");
    learning.is_fresh = TRUE;
    State("echo 'Cannot load libcuda.so.1' >&2; exit 1");
    EXPECT_EQ(Learn(), "1, cuda h264 8 driver_missing");
    learning.is_fresh = FALSE;
    EXPECT_EQ(Learn(), "0, cuda h264 8 driver_missing");
}

TEST_F(Learning, EachDeviceThatIsNamedIsProvedByItself)
{
    ffarm_host_add_device(host, "cuda", "0", 1);
    ffarm_host_add_device(host, "cuda", "1", 2);
    ffarm_host_add_device(host, "vaapi", "/dev/dri/renderD199", 1);
    List({"h264_nvenc", "h264_vaapi"});
    State("case \"$*\" in *'-gpu 0 '*) echo 'OpenEncodeSessionEx failed: unsupported device (2)' >&2; exit 1;;\n"
          "*renderD199*) echo '[x @ 0x1] VAAPI driver: Mesa Gallium driver 22.3.6.' >&2; good;;\n"
          "*'-gpu 1 '*) good;; *) exit 3;; esac");
    const char *const rows = ", cuda:0 h264 8 no_encoder, cuda:1 h264 8 proved, cuda:1 h264 10 wrong_picture, "
                             "vaapi:/dev/dri/renderD199 h264 8 proved, vaapi:/dev/dri/renderD199 h264 10 wrong_picture";
    EXPECT_EQ(Learn(), std::string("5") + rows);
    EXPECT_EQ(Learn(), std::string("0") + rows);
}

TEST_F(Learning, OnlyWhatTheFilmsCouldUseIsTried)
{
    const std::string yaml = "profiles:\n"
                             "  literal: {output_options: -c:v libx264 -c:a copy}\n"
                             "  nvenc: {output_options: -c:v h264_nvenc -pix_fmt yuv420p}\n"
                             "  ruled: {codec: h264}\n"
                             "  deep: {codec: hevc, engines: {cuda: {output_options_video: -pix_fmt p010le}}}\n"
                             "  own: {codec: hevc, engines: {cuda: {output_options_video: -c:v hevc_nvenc -cq 20}}}\n"
                             "rules:\n  all: {profile: literal}\n";
    FfarmStream ten = {};
    ten.bit_depth = 10;
    List({"h264_nvenc", "hevc_nvenc", "h264_qsv"});
    EXPECT_EQ(Wants(yaml, "literal", &ten), "");
    EXPECT_EQ(Wants(yaml, nullptr, nullptr), "");
    g_autoptr(FfarmWants) nothing = ffarm_wants_new(settings);
    learning.wants = nothing;
    EXPECT_EQ(Learn(), "0");
    EXPECT_EQ(Calls(""), 0) << "nothing is asked where nothing is wanted";
    EXPECT_EQ(Wants(yaml, "nvenc", &ten), "cuda h264 8");
    EXPECT_EQ(Wants(yaml, nullptr, &ten), "cuda h264 8, qsv h264 8, vaapi h264 8, videotoolbox h264 8, amf h264 8");
    EXPECT_EQ(Wants(yaml, "hevc", nullptr).substr(0, 25), "cuda hevc 8, qsv hevc 8, ");
    char cuda[] = "cuda", cpu[] = "cpu", *engines[] = {cuda, cpu, nullptr};
    host->engines = engines;
    EXPECT_EQ(Wants(yaml, nullptr, &ten), "cuda h264 8");
    EXPECT_EQ(Wants(yaml, "hevc", nullptr), "cuda hevc 8, cuda hevc 10");
    FfarmStream eight = {};
    eight.bit_depth = 8;
    EXPECT_EQ(Wants(yaml, "deep", &eight), "cuda hevc 8, cuda hevc 10");
    EXPECT_EQ(Wants(yaml, "own", &eight), "cuda hevc 8");
    EXPECT_EQ(Wants(yaml, "copy", &eight), "");
    g_autoptr(FfarmWants) wants = ffarm_wants_new(settings);
    FfarmInput *input = ffarm_input_new("/a.mkv", nullptr, "nvenc", nullptr);
    ffarm_wants_add(wants, input, nullptr, &ten);
    ffarm_input_free(input);
    learning.wants = wants;
    EXPECT_EQ(Learn(), "1, cuda h264 8 proved");
    EXPECT_EQ(Learn(), "0, cuda h264 8 proved");
    learning.wants = nullptr;
    host->engines = nullptr;
}

TEST_F(Learning, AnAnswerThatNobodyUnderstandsIsNoAnswer)
{
    Write("version", std::string(1 << 20, 'x'));
    EXPECT_EQ(Learn(), "0, cuda - 0 host_gone, qsv - 0 host_gone, vaapi - 0 host_gone, videotoolbox - 0 host_gone, "
                       "amf - 0 host_gone, cpu - 0 host_gone");
    EXPECT_EQ(Learn().substr(0, 2), "0,");
    Write("version", "ffmpeg version 7.1.5");
    Write("listing", "\n");
    EXPECT_EQ(Learn().substr(0, 21), "0, cuda - 0 host_gone");
    List({"h264_nvenc"});
    EXPECT_EQ(Learn().substr(0, 26), "2, cuda h264 8 proved, cud") << "nothing of that is remembered";
}

TEST_F(Learning, AHostOverSshIsKnownAgain)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    Reach(sshd);
    EXPECT_EQ(Learn(), "2, cuda h264 8 proved, cuda h264 10 cap_missing");
    EXPECT_EQ(Learn(), "0, cuda h264 8 proved, cuda h264 10 cap_missing");
    EXPECT_EQ(Calls("-version"), 1);
}

TEST_F(Learning, SoIsOneWithoutAPosixShell)
{
    g_autofree char *program = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "tests", "cmd_host", nullptr);
    std::string line = std::string("ForceCommand PATH=") + folder + ":$PATH exec " + program;
    SshdOptions options = {};
    options.server_lines = line.c_str();
    options.wait_command = "echo up";
    g_autoptr(Sshd) sshd = sshd_start(&options);
    Reach(sshd);
    g_free(host->ffmpeg);
    host->ffmpeg = g_strdup("ffmpeg");
    os = FFARM_OS_WINDOWS;
    EXPECT_EQ(Learn(), "2, cuda h264 8 proved, cuda h264 10 cap_missing");
    EXPECT_EQ(Learn(), "0, cuda h264 8 proved, cuda h264 10 cap_missing");
    Write("version", "ffmpeg version 8.0 Copyright\n");
    EXPECT_EQ(Learn(), "2, cuda h264 8 proved, cuda h264 10 cap_missing");
}
