// SPDX-License-Identifier: LGPL-2.1-or-later
// What `ffarm hosts` finds on machines with the stand-in of NVIDIA's driver (tests/nvidia), in each of its states, and
// on a machine whose only GPU is Mesa's rasteriser.
#include "cli_fixture.h"

#include <glib/gstdio.h>
#include <cstring>
#include <sys/stat.h>

#include "scratch.h"

namespace
{
// Of one engine: "hevc 10" -> "yes proved". "" -> the engine as a whole.
using Verdicts = std::map<std::string, std::string>;

struct State {
    const char *name;
    const char *words;
    Verdicts verdicts;
};

const Verdicts all_proved = {
    {"h264 8", "yes proved"}, {"h264 10", "no cap_missing"}, {"hevc 8", "yes proved"}, {"hevc 10", "yes proved"}};

// A trial that tells of the whole engine is its last.
const std::vector<State> states = {
    {"works", "", all_proved},
    {"without-cuda", "without=cuda", {{"h264 8", "no driver_missing"}}},
    {"without-encode", "without=encode", {{"h264 8", "no driver_missing"}}},
    {"sick", "init=999", {{"h264 8", "sick broken"}}},
    {"mismatch", "init=803", {{"h264 8", "sick broken"}}},
    {"not-ready", "init=802", {{"h264 8", "sick broken"}}},
    {"no-device", "init=100", {{"h264 8", "no no_device"}}},
    {"no-devices", "devices=0", {{"h264 8", "no no_device"}}},
    {"exclusive", "init=46", {{"h264 8", "busy in_use"}}},
    {"too-old", "api=11.0", {{"h264 8", "no driver_too_old"}}},
    {"full", "sessions=0", {{"h264 8", "busy in_use"}}},
    {"no-memory", "initialize=10", {{"h264 8", "busy in_use"}}},
    {"no-encoder", "open=2", {{"h264 8", "no no_encoder"}}},
    {"no-hevc",
     "hevc=0",
     {{"h264 8", "yes proved"},
      {"h264 10", "no cap_missing"},
      {"hevc 8", "no cap_missing"},
      {"hevc 10", "no cap_missing"}}},
    {"no-ten-bit",
     "ten_bit=0 h264=0 b_frames=0",
     {{"h264 8", "no cap_missing"},
      {"h264 10", "no cap_missing"},
      {"hevc 8", "yes proved"},
      {"hevc 10", "no cap_missing"}}},
    {"narrow",
     "max_width=1280",
     {{"h264 8", "no cap_missing"},
      {"h264 10", "no cap_missing"},
      {"hevc 8", "no cap_missing"},
      {"hevc 10", "no cap_missing"}}},
    {"wide",
     "min_width=2000 ten_bit=0",
     {{"h264 8", "no bad_probe"},
      {"h264 10", "no cap_missing"},
      {"hevc 8", "no bad_probe"},
      {"hevc 10", "no cap_missing"}}},
    {"falls-off", "fail_after=3", {{"h264 8", "sick broken"}}},
    {"grey",
     "picture=0 hevc=0",
     {{"h264 8", "no wrong_picture"},
      {"h264 10", "no cap_missing"},
      {"hevc 8", "no cap_missing"},
      {"hevc 10", "no cap_missing"}}},
};

class NvidiaTest : public CliTest
{
  protected:
    void SetUp() override
    {
        CliTest::SetUp();
        /* meson leads to the stand-in here, as the program is built before this one. */
        g_unsetenv("LD_LIBRARY_PATH");
        g_mkdir(Path("hosts").c_str(), 0755);
    }

    void Set(const std::string &name, const std::string &words) const
    {
        Write(("hosts/" + name + ".state").c_str(), words + "\n");
    }

    std::string Ffmpeg(const std::string &name) const
    {
        return Path("hosts/" + name);
    }

    // A machine with the stand-in. What it encodes without is not asked here, and takes time: only NVENC is listed.
    void Add(const std::string &name, const std::string &words)
    {
        Set(name, words);
        std::string base = Ffmpeg(name);
        g_mkdir((base + ".sessions").c_str(), 0755);
        std::string set = "FFARM_NVIDIA_STATE=" + base + ".state FFARM_NVIDIA_SESSIONS=" + base +
                          ".sessions FFARM_NVIDIA_BUILD=" + g_getenv("FFARM_BUILD_ROOT") + "/tests/nvidia ";
        std::string real = std::string(g_getenv("FFARM_SOURCE_ROOT")) + "/tests/nvidia/ffmpeg.sh";
        Program(name, "case \" $* \" in\n*' -encoders '*) ffmpeg \"$@\" | grep -e '^ ---' -e _nvenc ;;\n*) " + set +
                          "exec " + real + " \"$@\" ;;\nesac\n");
    }

    void Program(const std::string &name, const std::string &script)
    {
        Write(("hosts/" + name).c_str(), "#!/bin/sh\n" + script);
        ASSERT_EQ(chmod(Ffmpeg(name).c_str(), 0755), 0);
        hosts += "      " + name + ": {type: local, ffmpeg: " + Ffmpeg(name) + "}\n";
    }

    // What `ffarm hosts` says of the engines of each host.
    std::map<std::string, std::map<std::string, Verdicts>> AskAll() const
    {
        std::string file =
            Write("ffarm.yml", "config:\n  clusters:\n    c:\n" + hosts + "profiles: {p: {codec: hevc}}\n");
        Outcome outcome = Run({"hosts", "--json", "-y", file, "-c", "c"});
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        std::map<std::string, std::map<std::string, Verdicts>> all;
        for (auto &event : json_events(outcome.out, "host")) {
            JsonArray *trials = json_object_get_array_member(event.get(), "trials");
            for (guint i = 0; i < json_array_get_length(trials); i++) {
                JsonObject *trial = json_array_get_object_element(trials, i);
                std::string what;
                // The stand-in has no AV1, and this ffmpeg may have no encoder of it.
                if (g_strcmp0(json_object_get_string_member_with_default(trial, "codec", ""), "av1") == 0)
                    continue;
                if (!json_object_get_null_member(trial, "codec"))
                    what = json_object_get_string_member(trial, "codec") + std::string(" ") +
                           std::to_string(json_object_get_int_member(trial, "depth"));
                all[json_text(event, "host")][json_object_get_string_member(trial, "engine")][what] =
                    json_object_get_string_member(trial, "verdict") + std::string(" ") +
                    json_object_get_string_member(trial, "class");
            }
        }
        return all;
    }

    Verdicts Ask(const std::string &name) const
    {
        return AskAll()[name]["cuda"];
    }

    std::string hosts;
};

// Runs a shell command. Returns: its exit status, and all that it said.
Outcome shell(const std::string &command)
{
    Outcome outcome;
    const char *argv[] = {"/bin/sh", "-c", command.c_str(), nullptr};
    g_autofree char *out = nullptr, *err = nullptr;
    int status = 0;
    if (!g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_DEFAULT, nullptr, nullptr, &out, &err,
                      &status, nullptr))
        return outcome;
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = out;
    outcome.err = err;
    return outcome;
}
} // namespace

TEST_F(NvidiaTest, EachStateOfTheDriverGetsItsVerdict)
{
    for (auto &state : states)
        Add(state.name, state.words);
    auto found = AskAll();
    for (auto &state : states)
        EXPECT_EQ(found[state.name]["cuda"], state.verdicts) << state.name;
}

TEST_F(NvidiaTest, ABusyDeviceIsAskedAgain)
{
    Add("gpu", "sessions=1 frame_ms=40 h264=0 ten_bit=0");
    const char *argv[] = {nullptr, "-nostdin",   "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:d=600",
                          "-c:v",  "hevc_nvenc", "-f", "null",  "-",  nullptr};
    std::string program = Ffmpeg("gpu");
    argv[0] = program.c_str();
    g_autoptr(GError) error = nullptr;
    g_autoptr(GSubprocess) other = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_NONE, &error);
    ASSERT_NE(other, nullptr) << error->message;
    std::string log = program + ".sessions/log";
    for (int i = 0; i < 500 && !g_file_test(log.c_str(), G_FILE_TEST_EXISTS); i++)
        g_usleep(20000);
    Verdicts busy = Ask("gpu");
    EXPECT_EQ(busy, (Verdicts{{"h264 8", "busy in_use"}}));
    // Killed, it has no way to close its session.
    g_subprocess_force_exit(other);
    g_subprocess_wait(other, nullptr, nullptr);
    Set("gpu", "sessions=1 h264=0 ten_bit=0");
    EXPECT_EQ(Ask("gpu")["hevc 8"], "yes proved");
}

TEST_F(NvidiaTest, ADecoderThatRefusesIsSilent)
{
    Add("gpu", "");
    Clip("clip.mkv");
    std::string plain =
        Ffmpeg("gpu") + " -nostdin -v verbose -hwaccel cuda -hwaccel_output_format cuda -i " + Path("clip.mkv");
    std::string proof = plain + " -vf hwdownload,format=nv12 -f md5 -";
    Outcome on_device = shell(proof);
    EXPECT_EQ(on_device.status, 0) << on_device.err;
    EXPECT_EQ(on_device.out, shell("ffmpeg -v error -i " + Path("clip.mkv") + " -pix_fmt nv12 -f md5 -").out);
    Set("gpu", "decode=0");
    EXPECT_EQ(shell(plain + " -f null -").status, 0);
    Outcome refused = shell(proof);
    EXPECT_NE(refused.status, 0);
    EXPECT_TRUE(contains(refused.err, "Impossible to convert between the formats")) << refused.err;
}

// Decoded and encoded there, no picture comes by the CPU. Where B-frames wait for each other, the decoder needs
// surfaces for those that the encoder keeps.
TEST_F(NvidiaTest, AFilmStaysOnTheDevice)
{
    Add("gpu", "");
    Clip("clip.mkv");
    Outcome encoded =
        shell(Ffmpeg("gpu") + " -nostdin -v warning -hwaccel cuda -hwaccel_output_format cuda -extra_hw_frames 16 -i " +
              Path("clip.mkv") + " -c:v hevc_nvenc -preset p5 -bf 3 -rc vbr -cq 20 -b:v 0 " + Path("result.mkv"));
    EXPECT_EQ(encoded.status, 0) << encoded.err;
    Outcome compared = shell("ffmpeg -nostdin -v info -i " + Path("result.mkv") + " -i " + Path("clip.mkv") +
                             " -lavfi '[0:v]setpts=N[a];[1:v]setpts=N[b];[a][b]psnr' -f null -");
    size_t average = compared.err.find("average:");
    ASSERT_NE(average, std::string::npos) << compared.err;
    EXPECT_GT(atof(compared.err.c_str() + average + strlen("average:")), 30) << compared.err;
}

// Vulkan opens wherever Mesa is installed, and is the CPU there.
TEST_F(NvidiaTest, ARasteriserIsNoGpu)
{
    std::string vulkan =
        "ffmpeg -hide_banner -nostdin -v verbose -init_hw_device vulkan -f lavfi -i color=s=64x64:d=0.04";
    Outcome opened = shell(vulkan + " -f null -");
    if (opened.status != 0 || !contains(opened.err, "llvmpipe"))
        GTEST_SKIP() << "this machine's Vulkan is not Mesa's rasteriser: package mesa-vulkan-drivers";
    Clip("clip.mkv");
    std::string plain =
        "ffmpeg -nostdin -v verbose -hwaccel vulkan -hwaccel_output_format vulkan -i " + Path("clip.mkv");
    EXPECT_EQ(shell(plain + " -f null -").status, 0) << "software decodes, and nothing is said";
    EXPECT_NE(shell(plain + " -vf hwdownload,format=nv12 -f null -").status, 0);

    Program("mesa", "case \" $* \" in\n*' -encoders '*) ffmpeg \"$@\" | grep -v -e lib -e svt;"
                    "echo ' V....D hevc_vulkan          H.265/HEVC (Vulkan) (codec hevc)' ;;\n"
                    "*) exec ffmpeg \"$@\" ;;\nesac\n");
    auto found = AskAll()["mesa"];
    EXPECT_EQ(found.count("vulkan"), 0u);
    EXPECT_GE(found.size(), 5u);
    for (auto &[engine, verdicts] : found)
        for (auto &[what, verdict] : verdicts)
            EXPECT_NE(verdict.rfind("yes", 0), 0u) << engine << " " << what;

    // Nor does a profile that names such an encoder profit from what others were proved to do.
    std::string file = Write("ffarm.yml", "config:\n  clusters:\n    c:\n" + hosts +
                                              "profiles: {vulkan: {output_options: -c:v hevc_vulkan}}\n");
    Outcome run = Run({"--json", "-y", file, "-c", "c", "-p", "vulkan", "-o", Path("results"), Path("clip.mkv")});
    EXPECT_EQ(run.status, 1);
    auto results = json_events(run.out, "result");
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(json_text(results[0], "status"), "failed");
    EXPECT_TRUE(contains(json_text(results[0], "error"), "hevc_vulkan")) << json_text(results[0], "error");
}
