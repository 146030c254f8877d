// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs by the program, on this machine: plans, results, lists, signals.
#include "cli_fixture.h"

#include <csignal>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media_maker.h"

namespace
{
const char *const config = "config:\n"
                           "  clusters:\n"
                           "    home:\n"
                           "      one: {type: local}\n"
                           "      two: {type: local}\n"
                           "    studio:\n"
                           "      three: {type: local, profile: other}\n"
                           "    gone:\n"
                           "      nobody: {type: streaming, ip: 127.0.0.1, port: 1, working_dir: /tmp}\n"
                           "profiles:\n"
                           "  small:\n"
                           "    output_options_video: -c:v libx264 -preset ultrafast -crf 40\n"
                           "    output_options_audio: -c:a copy\n"
                           "  other:\n"
                           "    output_options: -c copy\n"
                           "    extension: .mp4\n"
                           "  slow:\n"
                           "    input_options: -re\n"
                           "    output_options: -c copy\n"
                           "  greedy:\n"
                           "    output_options: -c copy\n"
                           "    threshold: 90\n"
                           "  quick_audio:\n"
                           "    output_options_audio: -c:a pcm_s16le\n"
                           "templates:\n"
                           "  tv:\n"
                           "    cli: {video-codec: -c:v copy, audio-codec: -c:a copy}\n"
                           "rules:\n"
                           "  leave avi alone: {profile: SKIP, criteria: {container: avi}}\n"
                           "  leave flv to nobody: {profile: small, criteria: {container: '!flv'}}\n";

// Process ids of ffmpegs that work below @folder.
std::vector<std::string> encoders_in(const std::string &folder)
{
    std::vector<std::string> found;
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, nullptr);
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename("/proc", name, "cmdline", nullptr);
        g_autofree char *bytes = nullptr;
        gsize length = 0;
        if (!g_ascii_isdigit(*name) || !g_file_get_contents(path, &bytes, &length, nullptr))
            continue;
        // The shell around an ffmpeg has the same words in its line.
        std::string line(bytes, length), program = line.substr(0, line.find('\0'));
        if (g_str_has_suffix(program.c_str(), "ffmpeg") && contains(line, "file:" + folder))
            found.push_back(name);
    }
    return found;
}

// Waits until @path holds @text.
bool wait_for(const std::string &path, const char *text)
{
    for (int i = 0; i < 1500; i++) {
        g_autofree char *bytes = nullptr;
        if (g_file_get_contents(path.c_str(), &bytes, nullptr, nullptr) && strstr(bytes, text))
            return true;
        g_usleep(10000);
    }
    return false;
}
} // namespace

class CliRun : public CliTest
{
  protected:
    void SetUp() override
    {
        CliTest::SetUp();
        Write(".home/.transcode.yml", config);
    }
    // "FILE:PROFILE" of every planned file; the profile is what the first host would use.
    std::string Profiles(std::vector<std::string> line) const
    {
        line.insert(line.begin(), {"--dry-run", "--json"});
        Outcome outcome = Run(line);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        std::string text;
        for (const auto &event : json_events(outcome.out, "plan")) {
            JsonArray *hosts = json_object_get_array_member(event.get(), "hosts");
            JsonObject *host = json_array_get_object_element(hosts, 0);
            text += (text.empty() ? "" : " ") + json_file(event) + ":" + json_object_get_string_member(host, "host") +
                    ":" + json_object_get_string_member(host, "profile");
        }
        return text;
    }
    std::string Argv(std::vector<std::string> line) const
    {
        line.insert(line.begin(), {"--dry-run", "--json"});
        auto events = json_events(Run(line).out, "plan");
        std::string text;
        JsonArray *hosts = json_object_get_array_member(events.at(0).get(), "hosts");
        JsonArray *argv = json_object_get_array_member(json_array_get_object_element(hosts, 0), "argv");
        for (guint i = 0; i < json_array_get_length(argv); i++)
            text += std::string(i ? " " : "") + json_array_get_string_element(argv, i);
        return text;
    }
    std::map<std::string, std::string> Results(const Outcome &outcome) const
    {
        std::map<std::string, std::string> results;
        for (const auto &event : json_events(outcome.out, "result"))
            results[json_file(event)] = json_text(event, "status");
        return results;
    }
    std::string Read(const char *name) const
    {
        g_autofree char *bytes = nullptr;
        gsize length = 0;
        EXPECT_TRUE(g_file_get_contents(Path(name).c_str(), &bytes, &length, nullptr));
        return std::string(bytes ? bytes : "", length);
    }
    // Interrupts a run while it encodes, and expects everything to be as before.
    void Interrupt(int signal, const std::vector<std::string> &options, int times);
};

TEST_F(CliRun, ADryRunChangesNothing)
{
    for (const char *name : {"a.mkv", "b.mp4", "c.avi"})
        Clip(name);
    Write("d.mkv", "no film");
    Write("list", "a.mkv\nb.mp4\n");
    std::string before = Tree();
    for (const std::vector<std::string> &line : std::vector<std::vector<std::string>>{
             {"--dry-run", "a.mkv", "b.mp4", "c.avi", "d.mkv"},
             {"--dry-run", "--json", "."},
             {"--dry-run", "-v", "-c", "home", "."},
             {"--dry-run", "-vv", "-o", "out", "-c", "studio", "."},
             {"--dry-run", "-k", "a.mkv", "d.mkv"},
             {"--dry-run", "--from-file", "list", "d.mkv"},
         }) {
        EXPECT_EQ(Run(line).status, 1);
        EXPECT_EQ(Tree(), before);
    }
}

TEST_F(CliRun, ADryRunShowsWhatWouldHappen)
{
    Clip("a.mkv");
    Clip("b.avi");
    Outcome outcome = Run({"--dry-run", "-c", "home", "a.mkv", "b.avi"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    for (const char *part :
         {"a.mkv: encode\n", "  rule 'leave flv to nobody'\n", "  profile small\n", "  on home/one (local, ",
          "  on home/two (local, ", "-c:v libx264 -preset ultrafast -crf 40 ", "b.avi: skip\n",
          "2 files: 1 encode, 1 skip\n", "home/one: usable\n", "home/two: usable\n"})
        EXPECT_TRUE(contains(outcome.out, part)) << part << " is not in\n" << outcome.out;
    EXPECT_FALSE(contains(outcome.out, "asked for"));
    Outcome verbose = Run({"--dry-run", "-v", "a.mkv"});
    EXPECT_TRUE(
        contains(verbose.out, "rule 'leave avi alone': does not match\n      no  container: asked for avi, found "))
        << verbose.out;
}

TEST_F(CliRun, ADryRunTellsWhatAHostFallsBackOn)
{
    Clip("a.mkv");
    Write("gpu.yml",
          "config:\n  clusters:\n    home:\n      one: {type: local, engines: [videotoolbox, amf, vaapi, cpu]}\n"
          "profiles:\n  p: {codec: av1}\n");
    Outcome outcome = Run({"--dry-run", "-y", "gpu.yml", "-c", "home", "-p", "p", "a.mkv"});
    EXPECT_TRUE(contains(outcome.out, "  on home/one (local, profile p, cpu)\n")) << outcome.out;
    EXPECT_FALSE(contains(outcome.out, "passed over"));
    outcome = Run({"--dry-run", "-v", "-y", "gpu.yml", "-c", "home", "-p", "p", "a.mkv"});
    EXPECT_TRUE(
        contains(outcome.out, "    passed over: videotoolbox has no encoder for av1; amf: not in this ffmpeg; vaapi: "))
        << outcome.out;
}

TEST_F(CliRun, SaysWhyTheCpuEncodes)
{
    Clip("a.mkv");
    Write("gpu.yml", "config:\n  clusters:\n    home:\n      one: {type: local, engines: [videotoolbox, cpu]}\n"
                     "profiles:\n  p: {codec: hevc, speed: fast}\n");
    Outcome outcome = Run({"-y", "gpu.yml", "-c", "home", "-p", "p", "a.mkv"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "one: the CPU encodes (videotoolbox: ")) << outcome.err;
}

TEST_F(CliRun, DoesNotTakeAMisspeltCodecForNone)
{
    Clip("a.mkv");
    std::string before = Read("a.mkv");
    Write("bad.yml", "profiles:\n  q: {codek: hevc}\n");
    Outcome outcome = Run({"-y", "bad.yml", "-p", "q", "a.mkv"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.err, "without 'codec' ffmpeg would choose by itself how to encode")) << outcome.err;
    EXPECT_EQ(Read("a.mkv"), before);
}

TEST_F(CliRun, ADryRunAsJsonHasThePlanThenTheHosts)
{
    Clip("a.mkv");
    Outcome outcome = Run({"--dry-run", "--json", "-c", "home", "a.mkv"});
    auto lines = json_lines(outcome.out);
    ASSERT_EQ(lines.size(), 3u) << outcome.out;
    EXPECT_EQ(json_text(lines[0], "event"), "plan");
    EXPECT_EQ(json_text(lines[0], "status"), "encode");
    EXPECT_EQ(json_text(lines[1], "event"), "host");
    EXPECT_EQ(json_text(lines[2], "host"), "two");
}

TEST_F(CliRun, OptionsHoldForTheFilesAfterThem)
{
    for (const char *name : {"a.mkv", "b.mkv", "c.mkv", "d.mkv"})
        Clip(name);
    EXPECT_EQ(Profiles({"-c", "home", "a.mkv", "-p", "slow", "b.mkv", "-c", "studio", "c.mkv", "-t", "tv", "d.mkv"}),
              "a.mkv:one:small b.mkv:one:slow c.mkv:three:slow d.mkv:three:tv");
    EXPECT_TRUE(contains(Argv({"a.mkv"}), "-c:a copy"));
    EXPECT_TRUE(contains(Argv({"-m", "quick_audio", "a.mkv"}), "-c:a pcm_s16le"));
}

TEST_F(CliRun, AHostCanBeChosen)
{
    Clip("a.mkv");
    EXPECT_EQ(Profiles({"--host", "two", "-c", "home", "a.mkv"}), "a.mkv:two:small");
}

TEST_F(CliRun, ReplacesTheSource)
{
    std::string path = Clip("a.mkv");
    std::string source = Read("a.mkv");
    Outcome outcome = Run({"a.mkv"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(Read("a.mkv"), source);
    EXPECT_EQ(Run({"probe", "a.mkv"}).status, 0);
    EXPECT_TRUE(contains(outcome.out, "1 done, ")) << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "a.mkv: encoding on ")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "a.mkv: done, ")) << outcome.err;
}

TEST_F(CliRun, SaysWhatBecameOfEachFile)
{
    for (const char *name : {"a.mkv", "b.avi", "c.flv", "e.mkv"})
        Clip(name);
    Write("d.mkv", "no film");
    Outcome outcome = Run({"--json", "a.mkv", "b.avi", "c.flv", "d.mkv", "missing.mkv", "-p", "greedy", "e.mkv"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    std::map<std::string, std::string> expected = {{"a.mkv", "done"},         {"b.avi", "skipped"},
                                                   {"c.flv", "skipped"},      {"d.mkv", "failed"},
                                                   {"missing.mkv", "failed"}, {"e.mkv", "below_threshold"}};
    EXPECT_EQ(Results(outcome), expected);
    auto lines = json_lines(outcome.out);
    EXPECT_EQ(json_text(lines.front(), "event"), "start");
    EXPECT_EQ(json_text(lines.back(), "event"), "summary");
    EXPECT_FALSE(json_events(outcome.out, "job").empty());
}

TEST_F(CliRun, JsonStaysAloneOnItsStream)
{
    Clip("a.mkv");
    Write("d.mkv", "no film");
    Outcome outcome = Run({"--json", "-vv", "a.mkv", "d.mkv"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(json_events(outcome.out, "result").size(), 2u);
    EXPECT_TRUE(contains(outcome.err, "DEBUG")) << outcome.err;
}

TEST_F(CliRun, FailuresStandInTheSummary)
{
    Write("d.mkv", "no film");
    Clip("b.avi");
    Outcome outcome = Run({"d.mkv", "b.avi"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(contains(outcome.err, "d.mkv: can't be encoded: ")) << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "1 skipped, 1 failed")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "\n  failed: d.mkv: ")) << outcome.out;
}

TEST_F(CliRun, QuietSaysOnlyWhatWentWrong)
{
    Clip("a.mkv");
    Outcome good = Run({"-q", "a.mkv"});
    EXPECT_EQ(good.status, 0);
    EXPECT_EQ(good.out + good.err, "");
    Write("d.mkv", "no film");
    Outcome bad = Run({"-q", "d.mkv"});
    EXPECT_EQ(bad.status, 1);
    EXPECT_TRUE(contains(bad.err, "d.mkv"));
    Outcome dry = Run({"--dry-run", "-q", "d.mkv"});
    EXPECT_EQ(dry.status, 1);
    EXPECT_EQ(dry.out, "");
    EXPECT_TRUE(contains(dry.err, "d.mkv: can't be encoded: "));
}

TEST_F(CliRun, WithoutProgressTheResultsRemain)
{
    Clip("a.mkv");
    Outcome outcome = Run({"--progress", "none", "a.mkv"});
    EXPECT_FALSE(contains(outcome.err, "encoding")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "a.mkv: done, "));
}

TEST_F(CliRun, KeepsTheSource)
{
    Clip("a.mkv");
    std::string source = Read("a.mkv");
    Outcome outcome = Run({"-k", "a.mkv"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(Read("a.mkv"), source);
    EXPECT_TRUE(Exists("a.mkv.tmp"));
    EXPECT_TRUE(contains(outcome.err, "kept")) << outcome.err;
}

TEST_F(CliRun, WritesATreeElsewhere)
{
    Clip("films/a.mkv");
    Clip("films/deep/b.mkv");
    Clip("c.mkv");
    std::string source = Read("films/deep/b.mkv");
    Outcome outcome = Run({"-o", "out", "-p", "other", "films", "c.mkv"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    for (const char *name : {"out/a.mp4", "out/deep/b.mp4", "out/c.mp4"})
        EXPECT_TRUE(Exists(name)) << name;
    EXPECT_EQ(Read("films/deep/b.mkv"), source);
}

TEST_F(CliRun, WithoutAConfigurationSourcesAreKept)
{
    g_unlink(Path(".home/.transcode.yml").c_str());
    Clip("a.mkv");
    Outcome outcome = Run({"a.mkv"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "no configuration was found: sources are kept")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "/a.mkv.tmp")) << outcome.err;
    EXPECT_TRUE(Exists("a.mkv"));
    EXPECT_TRUE(Exists("a.mkv.tmp"));
}

TEST_F(CliRun, FinishedFilesLeaveTheirList)
{
    for (const char *name : {"a.mkv", "b.avi", "sub/c.mkv", "e.mkv"})
        Clip(name);
    Write("d.mkv", "no film");
    Write("list", "a.mkv\n\nd.mkv\nb.avi\nsub\nmissing.mkv\n" + Path("e.mkv") + "\n");
    Outcome outcome = Run({"-p", "slow", "--from-file", "list"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    std::string left = Read("list");
    EXPECT_EQ(left.substr(left.find_first_not_of('\n')), "d.mkv\nmissing.mkv\n");
}

TEST_F(CliRun, AListMayBeSeparatedByNul)
{
    Clip("two\nlines.avi");
    Clip("b.avi");
    Write("d.mkv", "no film");
    Write("list", std::string("two\nlines.avi\0d.mkv\0b.avi\0", 26));
    Outcome outcome = Run({"--null", "--from-file=list"});
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(Read("list"), std::string("d.mkv\0", 6));
}

TEST_F(CliRun, TheDefaultQueueIsTakenWhenNothingIsGiven)
{
    Clip("a.mkv");
    Clip("b.avi");
    Write("queue", Path("a.mkv") + "\n" + Path("b.avi") + "\n");
    Write(".home/.transcode.yml",
          std::string(config).insert(strlen("config:\n"), "  default_queue_file: '" + Path("queue") + "'\n"));
    EXPECT_EQ(Profiles({"-p", "slow"}), "a.mkv:local:slow b.avi:local:slow");
    Outcome outcome = Run({});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(Read("queue"), "");
}

TEST_F(CliRun, NoUsableHostIsAStatusOfItsOwn)
{
    Clip("a.mkv");
    std::string before = Tree();
    for (const std::vector<std::string> &line :
         std::vector<std::vector<std::string>>{{"-c", "gone", "a.mkv"},
                                               {"--json", "-c", "gone", "a.mkv"},
                                               {"--dry-run", "-c", "gone", "a.mkv"},
                                               {"hosts", "-c", "gone"},
                                               {"hosts", "--json", "-c", "gone"}}) {
        Outcome outcome = Run(line);
        EXPECT_EQ(outcome.status, 3) << outcome.err;
        EXPECT_TRUE(contains(outcome.out + outcome.err, "nobody")) << outcome.err;
    }
    EXPECT_EQ(Tree(), before);
}

TEST_F(CliRun, HostsAreLookedAt)
{
    Write("ffmpeg", "#!/bin/sh\ncase \"$*\" in\n"
                    "-version) echo ffmpeg version 5.1 ;;\n"
                    "*-encoders) echo ' V..... hevc_nvenc words' ;;\n"
                    "*) echo '[hevc_nvenc @ 0x1] Cannot load lib\033[2J.so' >&2; exit 1 ;;\nesac\n");
    g_chmod(Path("ffmpeg").c_str(), 0755);
    std::string with_ffmpeg = std::string(config);
    for (size_t at; (at = with_ffmpeg.find("{type: local}")) != std::string::npos;)
        with_ffmpeg.replace(at, strlen("{type: local}"), "{type: 'local', ffmpeg: '" + Path("ffmpeg") + "'}");
    Write(".home/.transcode.yml", with_ffmpeg);
    Outcome outcome = Run({"hosts", "-c", "home"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    for (const char *part :
         {"home/one: usable\n", "home/two: usable\n", "  type          local\n", "  ffmpeg        ",
          "  cuda          no, driver missing (Cannot load lib", "  cpu           no, not in this ffmpeg\n"})
        EXPECT_TRUE(contains(outcome.out, part)) << outcome.out;
    EXPECT_FALSE(contains(outcome.out, "\033"));
    Outcome some = Run({"hosts", "--json", "-c", "home", "-c", "gone"});
    EXPECT_EQ(some.status, 1);
    auto events = json_events(some.out, "host");
    ASSERT_EQ(events.size(), 3u) << some.out;
    JsonArray *trials = json_object_get_array_member(events[0].get(), "trials");
    JsonObject *trial = json_array_get_object_element(trials, 0);
    EXPECT_STREQ(json_object_get_string_member(trial, "engine"), "cuda");
    EXPECT_STREQ(json_object_get_string_member(trial, "codec"), "hevc");
    EXPECT_EQ(json_object_get_int_member(trial, "depth"), 8);
    EXPECT_STREQ(json_object_get_string_member(trial, "verdict"), "no");
    EXPECT_STREQ(json_object_get_string_member(trial, "class"), "driver_missing");
    EXPECT_TRUE(contains(json_object_get_string_member(trial, "command"), "-c:v hevc_nvenc"));
    EXPECT_EQ(json_array_get_length(json_object_get_array_member(events[2].get(), "trials")), 0u);
    Outcome one = Run({"hosts", "--host", "two"});
    EXPECT_EQ(one.status, 0);
    EXPECT_FALSE(contains(one.out, "home/one"));
    EXPECT_TRUE(contains(Run({"hosts", "--host", "tow"}).err, "did you mean 'two'"));
    EXPECT_TRUE(contains(Run({"hosts", "-c", "hme"}).err, "did you mean 'home'"));
}

TEST_F(CliRun, AClusterThatIsSwitchedOffIsNoFaultOfTheFile)
{
    Write("off.yml", "config: {clusters: {home: {one: {type: local, status: disabled}}}}\n"
                     "profiles: {copy: {output_options: -c copy}}\nrules: {all: {profile: copy}}\n");
    Clip("a.mkv");
    for (const std::vector<std::string> &options : std::vector<std::vector<std::string>>{{}, {"--dry-run"}}) {
        std::vector<std::string> line = options;
        line.insert(line.end(), {"-y", "off.yml", "-c", "home", "a.mkv"});
        Outcome outcome = Run(line);
        EXPECT_EQ(outcome.status, 3);
        EXPECT_TRUE(contains(outcome.err, "no host is enabled; disabled in the configuration: one")) << outcome.err;
    }
}

TEST_F(CliRun, ColorsEndOnlyWhatTheyBegan)
{
    Clip("a.mkv");
    Outcome outcome = Run({"--color", "always", "a.mkv"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(contains(outcome.err, ": \x1b[32mdone")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "encoding on local, profile small, cpu\n")) << outcome.err;
}

TEST_F(CliRun, JsonNamesTheConfigurationWhereverItIsReadFrom)
{
    Write("here.yml", config);
    auto events = json_events(Run({"--json", "-y", "here.yml", "-o", "out", Clip("a.mkv")}).out, "start");
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(json_text(events[0], "config"), Path("here.yml"));
}

// Every command line that the guide prints, with ffarm for the program's name and folders that exist.
TEST_F(CliRun, TheCommandLinesOfTheGuideWork)
{
    Write(".home/.transcode.yml", std::string(config)
                                      .replace(std::string(config).find("home:"), 5, "household:")
                                      .replace(std::string(config).find("studio:") + 5, 7, "mycluster:"));
    const char *const lines[] = {
        "ffarm -c household media/*",
        "ffarm --dry-run -c mycluster media/any_video_file",
        "ffarm -c household media/file1.mp4 media/file2.mp4 -c mycluster media/file3.mp4",
        "ffarm -c mycluster media/*.mp4",
        "ffarm -v -c mycluster media/*.mp4",
    };
    g_autofree char *build = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", nullptr);
    for (const char *line : lines) {
        for (const char *name : {"media/file1.mp4", "media/file2.mp4", "media/file3.mp4"})
            Clip(name);
        g_autofree char *bytes = nullptr;
        gsize length = 0;
        g_file_get_contents(Path("media/file1.mp4").c_str(), &bytes, &length, nullptr);
        Write("media/any_video_file", std::string(bytes, length));
        if (!strstr(line, "any_video"))
            g_unlink(Path("media/any_video_file").c_str());
        g_autofree char *command = g_strdup_printf("cd '%s' && HOME='%s' PATH='%s':$PATH && %s", folder,
                                                   environment.at("HOME").c_str(), build, line);
        const char *argv[] = {"sh", "-c", command, nullptr};
        g_autofree char *output = nullptr, *errors = nullptr;
        int status = 0;
        ASSERT_TRUE(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                                 &output, &errors, &status, nullptr));
        EXPECT_EQ(WEXITSTATUS(status), 0) << line << "\n" << output << errors;
    }
}

TEST_F(CliRun, HostileNamesAreShownHarmlesslyAndStay)
{
    const std::string names[] = {"\x1b[2J.mkv", "two\nlines.mkv", "\xff.mkv", "$(touch PWNED) `touch PWNED`;.mkv",
                                 "-k.mkv"};
    std::vector<std::string> line = {"-v", "--"};
    for (const std::string &name : names) {
        Clip(name);
        line.push_back(name);
    }
    Outcome outcome = Run(line);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::string said = outcome.out + outcome.err;
    EXPECT_TRUE(g_utf8_validate(said.data(), static_cast<gssize>(said.size()), nullptr));
    EXPECT_FALSE(contains(said, "\x1b"));
    EXPECT_TRUE(contains(said, "two\\nlines.mkv: done")) << said;
    EXPECT_FALSE(Exists("PWNED"));
    for (const std::string &name : names)
        EXPECT_TRUE(Exists(name));
}

void CliRun::Interrupt(int signal, const std::vector<std::string> &options, int times)
{
    const char *const args[] = {"-f",   "lavfi", "-i",   "testsrc2=size=64x64:rate=5:duration=60",
                                "-c:v", "mpeg4", nullptr};
    g_free(media_make(folder, "long.mkv", args));
    g_mkdir(Path("out").c_str(), 0755);
    std::string before = Tree();
    std::vector<std::string> line = options;
    line.insert(line.end(), {"-v", "-p", "slow", "long.mkv"});
    g_autoptr(GSubprocess) process = Start(line);
    ASSERT_TRUE(wait_for(Path(".home/err"), "encoding on "));
    bool encodes = false;
    for (int i = 0; i < 1000 && !encodes; i++, g_usleep(10000))
        encodes = !encoders_in(folder).empty();
    EXPECT_TRUE(encodes);
    for (int i = 0; i < times; i++)
        g_subprocess_send_signal(process, signal);
    Outcome outcome = Finish(process);
    EXPECT_EQ(outcome.status, 130) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "interrupted: stopping")) << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "1 cancelled")) << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "'ffarm resume' goes on with what was cancelled")) << outcome.err;
    EXPECT_EQ(Tree(), before);
    EXPECT_TRUE(encoders_in(folder).empty());
}

TEST_F(CliRun, SigintLeavesEverythingAsItWas)
{
    Interrupt(SIGINT, {}, 1);
}

TEST_F(CliRun, SigtermLeavesEverythingAsItWas)
{
    Interrupt(SIGTERM, {"-o", "out"}, 1);
}

TEST_F(CliRun, AFurtherSigtermDoesNotCutTheEndShort)
{
    Interrupt(SIGTERM, {"-c", "home"}, 3);
}

// A second Ctrl-C is obeyed at once; the encoder dies with its lease.
TEST_F(CliRun, ASecondSigintLeavesAtOnce)
{
    const char *const args[] = {"-f",   "lavfi", "-i",   "testsrc2=size=64x64:rate=5:duration=60",
                                "-c:v", "mpeg4", nullptr};
    g_free(media_make(folder, "long.mkv", args));
    std::string source = Read("long.mkv");
    Write("deaf", "#!/bin/sh\n[ \"$1\" = -version ] && exec ffmpeg -version\ntrap '' TERM INT HUP\n"
                  "echo encoding >&2\nwhile :; do sleep 0.1; echo frame=1; echo progress=continue; done\n");
    g_chmod(Path("deaf").c_str(), 0755);
    Write("deaf.yml", "config: {ffmpeg: " + Path("deaf") + "}\nprofiles: {p: {output_options: -c copy}}\n");
    g_autoptr(GSubprocess) process = Start({"-y", "deaf.yml", "-p", "p", "long.mkv"});
    ASSERT_TRUE(wait_for(Path(".home/err"), "encoding on "));
    g_subprocess_send_signal(process, SIGINT);
    ASSERT_TRUE(wait_for(Path(".home/err"), "once more leaves at once"));
    gint64 begin_us = g_get_monotonic_time();
    g_subprocess_send_signal(process, SIGINT);
    Outcome outcome = Finish(process);
    EXPECT_LT(g_get_monotonic_time() - begin_us, G_USEC_PER_SEC);
    EXPECT_EQ(outcome.status, 130);
    EXPECT_EQ(Read("long.mkv"), source);
}

// What runs goes on to its end, and what waits stays on its list.
TEST_F(CliRun, Sigusr1Drains)
{
    for (const char *name : {"a.mkv", "b.mkv"})
        Clip(name);
    Write("list", "a.mkv\nb.mkv\n");
    Write("late", "#!/bin/sh\n[ \"$1\" = -version ] || sleep 1\nexec ffmpeg \"$@\"\n");
    g_chmod(Path("late").c_str(), 0755);
    Write("late.yml", "config: {ffmpeg: " + Path("late") + "}\nprofiles: {p: {output_options: -c copy}}\n");
    g_autoptr(GSubprocess) process = Start({"-y", "late.yml", "-p", "p", "--from-file", "list"});
    ASSERT_TRUE(wait_for(Path(".home/err"), "encoding on "));
    g_subprocess_send_signal(process, SIGUSR1);
    Outcome outcome = Finish(process);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "stopping: nothing new starts, 1 that run")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "b.mkv: cancelled: stopped before its turn")) << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "1 done, 1 cancelled")) << outcome.out;
    EXPECT_EQ(Read("list"), "b.mkv\n");
}

// Programs are started without a terminal here, as services are.
TEST_F(CliRun, AHangupWithoutATerminalMeansNothing)
{
    Clip("a.mkv");
    Write("late", "#!/bin/sh\n[ \"$1\" = -version ] || sleep 1\nexec ffmpeg \"$@\"\n");
    g_chmod(Path("late").c_str(), 0755);
    Write("late.yml", "config: {ffmpeg: " + Path("late") + "}\nprofiles: {p: {output_options: -c copy}}\n");
    g_autoptr(GSubprocess) process = Start({"-y", "late.yml", "-p", "p", "a.mkv"});
    ASSERT_TRUE(wait_for(Path(".home/err"), "encoding on "));
    g_subprocess_send_signal(process, SIGHUP);
    Outcome outcome = Finish(process);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "1 done")) << outcome.out;
}

// Closing the window is as good as Ctrl-C.
TEST_F(CliRun, AHangupOfTheTerminalStops)
{
    Clip("a.mkv");
    std::string source = Read("a.mkv");
    Write("slow", "#!/bin/sh\n[ \"$1\" = -version ] && exec ffmpeg -version\nexec sleep 60\n");
    g_chmod(Path("slow").c_str(), 0755);
    std::string yaml =
        Write("slow.yml", "config: {ffmpeg: " + Path("slow") + "}\nprofiles: {p: {output_options: -c copy}}\n");
    g_autofree char *program = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", "ffarm", nullptr);
    std::string film = Path("a.mkv"), err = Path(".home/err");
    int master = -1;
    pid_t pid = forkpty(&master, nullptr, nullptr, nullptr);
    if (pid == 0) {
        signal(SIGHUP, SIG_DFL); // nohup may have started the tests
        setenv("HOME", Path(".home").c_str(), 1);
        int fd = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDERR_FILENO);
        execl(program, "ffarm", "-y", yaml.c_str(), "-p", "p", film.c_str(), nullptr);
        _exit(99);
    }
    ASSERT_GT(pid, 0);
    EXPECT_TRUE(wait_for(err, "encoding on "));
    close(master);
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
    EXPECT_EQ(Read("a.mkv"), source);
}

TEST_F(CliRun, AsksForAFolderForRefusedResultsBeforeItBegins)
{
    std::string film = Clip("film.mkv");
    Write("file", "");
    Outcome outcome = Run({"--keep-failed", Path("file/kept"), film});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.err, "file/kept: what is refused can't be kept there (Not a directory)"))
        << outcome.err;
    EXPECT_FALSE(contains(outcome.err, "encoding")) << outcome.err;
}
