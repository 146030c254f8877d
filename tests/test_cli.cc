// SPDX-License-Identifier: LGPL-2.1-or-later
// The program as a user meets it: what it says, what its exit status is, and what it leaves alone. Runs of a farm are
// in test_cli_run.cc.
#include "cli_fixture.h"

#include <algorithm>

#include <glib/gstdio.h>

#include "options.h"
#include "verbs.h"

namespace
{
const char *const broken_config = "config:\n"
                                  "  ffmpeg: ffmpeg\n"
                                  "profiles:\n"
                                  "  small:\n"
                                  "    exstension: .mkv\n"
                                  "rules:\n"
                                  "  all:\n"
                                  "    profile: smal\n";
const char *const good_config = "profiles:\n"
                                "  small:\n"
                                "    output_options: -c:v libx264 -c:a copy\n"
                                "rules:\n"
                                "  all:\n"
                                "    profile: small\n";

// No byte that drives a terminal, but for the line breaks between lines.
void expect_harmless(const std::string &text)
{
    EXPECT_TRUE(g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr)) << text;
    for (const char *p = text.c_str(); *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        EXPECT_TRUE(c == '\n' || !g_unichar_iscntrl(c)) << text;
    }
}
} // namespace

class Cli : public CliTest
{
};

TEST_F(Cli, HelpNamesEveryVerb)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    for (const std::vector<std::string> &line :
         std::vector<std::vector<std::string>>{{"help"}, {"--help"}, {"-h"}, {"--json", "-h"}}) {
        Outcome outcome = Run(line);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.err, "");
        for (guint i = 0; i < n_verbs; i++)
            EXPECT_TRUE(contains(outcome.out, verbs[i].summary)) << verbs[i].name;
    }
}

TEST_F(Cli, HelpOfAVerbNamesItsOptionsAndNoOthers)
{
    guint n_verbs = 0, n_options = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    const CliOption *options = cli_options(&n_options);
    for (guint i = 0; i < n_verbs; i++) {
        Outcome outcome = Run({"help", verbs[i].name});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.err, "");
        EXPECT_EQ(Run({verbs[i].name, "--help"}).out, outcome.out);
        EXPECT_EQ(Run({verbs[i].name, "-h"}).out, outcome.out);
        for (guint j = 0; j < n_options; j++) {
            bool taken = options[j].verbs & verbs[i].bit;
            EXPECT_EQ(contains(outcome.out, options[j].help), taken) << verbs[i].name << " --" << options[j].name;
        }
    }
}

TEST_F(Cli, HelpOfAnUnknownVerbNamesTheNearest)
{
    Outcome outcome = Run({"help", "porbe"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "ffarm: verb 'porbe' is unknown, did you mean 'probe'?\n");
}

TEST_F(Cli, VersionNamesTheLibraries)
{
    Outcome outcome = Run({"--version"});
    EXPECT_EQ(outcome.status, 0);
    for (const char *name : {"ffarm 0.", "libavformat ", "libavcodec ", "libavutil ", "libssh2 ", "GLib 2."})
        EXPECT_TRUE(contains(outcome.out, name)) << name;
}

TEST_F(Cli, TheManualSaysWhatHelpSays)
{
    g_autofree char *path = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", "cli", "ffarm.1", nullptr);
    g_autofree char *page = nullptr;
    ASSERT_TRUE(g_file_get_contents(path, &page, nullptr, nullptr));
    guint n_verbs = 0, n_options = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    const CliOption *options = cli_options(&n_options);
    for (guint i = 0; i < n_verbs; i++)
        EXPECT_TRUE(contains(page, std::string("ffarm ") + (i == 0 ? "[run]" : verbs[i].name))) << verbs[i].name;
    for (guint i = 0; i < n_options; i++)
        EXPECT_TRUE(contains(page, std::string("Fl \\-") + options[i].name)) << options[i].name;
    EXPECT_FALSE(contains(page, "@"));
}

// Both readers of manuals, where they are installed, have nothing to complain about.
TEST_F(Cli, TheManualIsWellFormed)
{
    g_autofree char *path = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", "cli", "ffarm.1", nullptr);
    for (const char *line : {"mandoc -T lint '%s' 2>&1 | grep -v 'outdated mandoc.db'",
                             "LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z '%s' 2>&1 >/dev/null"}) {
        g_autofree char *program = g_find_program_in_path(g_str_has_prefix(line, "mandoc") ? "mandoc" : "man");
        if (!program)
            continue;
        g_auto(GStrv) halves = g_strsplit(line, "%s", 2);
        g_autofree char *command = g_strconcat(halves[0], path, halves[1], nullptr);
        const char *argv[] = {"sh", "-c", command, nullptr};
        g_autofree char *output = nullptr;
        ASSERT_TRUE(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                                 &output, nullptr, nullptr, nullptr));
        EXPECT_STREQ(output, "") << program;
    }
}

TEST_F(Cli, AWrongCommandLineStartsNothing)
{
    Clip("a.mkv");
    std::string before = Tree();
    for (const std::vector<std::string> &line : std::vector<std::vector<std::string>>{
             {"--retris", "1", "a.mkv"},
             {"a.mkv", "-c", "home"},
             {"--color=blue", "a.mkv"},
             {"probe"},
             {"hosts", "a.mkv"},
             {"-c", "nowhere", "a.mkv"},
             {"-p", "nothing", "a.mkv"},
             {"-m", "nothing", "a.mkv"},
             {"--host", "nobody", "a.mkv"},
             {"--from-file", "missing", "a.mkv"},
             {"-y", "missing.yml", "a.mkv"},
             {"prob", "a.mkv"},
             {"-v", "chekc", "a.mkv"},
             {},
         }) {
        Outcome outcome = Run(line);
        EXPECT_EQ(outcome.status, 2) << outcome.err;
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err, "");
        expect_harmless(outcome.err);
    }
    EXPECT_EQ(Tree(), before);
}

TEST_F(Cli, ErrorsAreHarmlessWhateverWasTyped)
{
    Outcome outcome = Run({"--\x1b[2Jx\xff", "a"});
    EXPECT_EQ(outcome.status, 2);
    expect_harmless(outcome.err);
    EXPECT_TRUE(contains(outcome.err, "'--\\x1b[2Jx\\xff'"));
}

TEST_F(Cli, FullOutputIsAFailure)
{
    Clip("a.mkv");
    g_autofree char *program = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", "ffarm", nullptr);
    g_autofree char *line = g_strdup_printf("cd '%s' && '%s' probe a.mkv >/dev/full", folder, program);
    const char *argv[] = {"sh", "-c", line, nullptr};
    g_autofree char *errors = nullptr;
    int status = 0;
    ASSERT_TRUE(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                             nullptr, &errors, &status, nullptr));
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_TRUE(contains(errors, "standard output")) << errors;
}

TEST_F(Cli, ColorsAreAskedForOrOnATerminal)
{
    Write("bad.yml", broken_config);
    EXPECT_FALSE(contains(Run({"check", "bad.yml"}).out, "\x1b"));
    EXPECT_TRUE(contains(Run({"check", "--color=always", "bad.yml"}).out, "\x1b[31m"));
    EXPECT_FALSE(contains(Run({"check", "--color", "never", "bad.yml"}).out, "\x1b"));
    environment["NO_COLOR"] = "1";
    EXPECT_FALSE(contains(Run({"check", "bad.yml"}).out, "\x1b"));
    EXPECT_TRUE(contains(Run({"check", "--color=always", "bad.yml"}).out, "\x1b[31m"));
}

class CliCheck : public CliTest
{
};

TEST_F(CliCheck, SaysThatAConfigurationIsRight)
{
    Write("good.yml", good_config);
    for (const std::vector<std::string> &line :
         std::vector<std::vector<std::string>>{{"check", "good.yml"}, {"check", "-y", "good.yml"}}) {
        Outcome outcome = Run(line);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.out, "good.yml: OK: 0 clusters, 1 profile, 1 rule\n");
        EXPECT_EQ(outcome.err, "");
    }
    EXPECT_EQ(Run({"check", "-q", "good.yml"}).out, "");
    EXPECT_EQ(Run({"check", "--json", "good.yml"}).out, "");
}

TEST_F(CliCheck, NamesEverythingThatIsWrong)
{
    Write("bad.yml", broken_config);
    Outcome outcome = Run({"check", "bad.yml"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.out, "bad.yml:5:5: ")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "'extension'")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "\n    exstension: .mkv\n    ^")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "bad.yml:8:")) << outcome.out;
    EXPECT_EQ(outcome.err, "");
}

TEST_F(CliCheck, GivesTheSameAsJson)
{
    Write("bad.yml", broken_config);
    Outcome outcome = Run({"check", "--json", "bad.yml"});
    EXPECT_EQ(outcome.status, 2);
    auto events = json_events(outcome.out, "diagnostic");
    ASSERT_EQ(events.size(), 2u) << outcome.out;
    EXPECT_EQ(json_text(events[0], "severity"), "error");
    EXPECT_EQ(json_text(events[0], "file"), "bad.yml");
    EXPECT_EQ(json_object_get_int_member(events[0].get(), "line"), 5);
    EXPECT_EQ(json_object_get_int_member(events[0].get(), "column"), 5);
    EXPECT_TRUE(contains(json_text(events[0], "message"), "exstension"));
    EXPECT_EQ(json_object_get_int_member(events[1].get(), "line"), 8);
}

TEST_F(CliCheck, LooksAtEachFileGiven)
{
    Write("bad.yml", broken_config);
    Write("good.yml", good_config);
    Outcome outcome = Run({"check", "good.yml", "bad.yml", "missing.yml"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.out, "good.yml: OK"));
    EXPECT_TRUE(contains(outcome.out, "bad.yml:5:5"));
    EXPECT_TRUE(contains(outcome.out, "missing.yml"));
    outcome = Run({"check", "-y", "bad.yml", "good.yml"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(contains(outcome.out, "good.yml: OK"));
    EXPECT_TRUE(contains(outcome.out, "bad.yml:5:5"));
}

TEST_F(CliCheck, FindsTheConfigurationOfARun)
{
    EXPECT_TRUE(contains(Run({"check"}).out, "built-in"));
    Write(".home/.transcode.yml", good_config);
    EXPECT_TRUE(contains(Run({"check"}).out, ".transcode.yml: OK"));
    Write(".home/.config/ffarm/ffarm.yml", good_config);
    EXPECT_TRUE(contains(Run({"check"}).out, ".config/ffarm/ffarm.yml: OK"));
}

TEST_F(CliCheck, ListsProfilesWithTheirOptions)
{
    Write("p.yml", "profiles:\n  mine:\n    output_options: -c:v libx264 -vf 'scale=1:1, null'\n"
                   "  deep: {codec: hevc, bit_depth: 10, extension: .mp4}\n");
    Outcome outcome = Run({"profiles", "-y", "p.yml"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    expect_harmless(outcome.out);
    EXPECT_TRUE(contains(outcome.out, "cpu                  -i FILE -c:v libx264 -vf 'scale=1:1, null'\n"));
    EXPECT_TRUE(contains(outcome.out, "deep:\n  cuda 10 bit          -i FILE -c:a copy -c:v hevc_nvenc"));
    EXPECT_TRUE(contains(outcome.out, "vaapi 10 bit         -vaapi_device /dev/dri/renderD128 -i FILE -c:a copy"));
    EXPECT_TRUE(contains(outcome.out, "not possible: amf is not known to encode hevc with 10 bits"));
    EXPECT_TRUE(contains(outcome.out, "-pix_fmt yuv420p10le -tag:v hvc1 -crf 22\n"));
    EXPECT_TRUE(contains(outcome.out, "av1: built-in\n"));
    EXPECT_FALSE(contains(outcome.out, "hevc_cuda"));
    outcome = Run({"profiles", "--json", "-y", "p.yml"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(contains(outcome.out, "\"profile\":\"deep\",\"builtin\":false,\"codec\":\"hevc\""));
    EXPECT_TRUE(contains(outcome.out,
                         "{\"engine\":\"cpu\",\"bit_depth\":10,\"input_options\":[],\"output_options\":[\"-c:a\""));
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 6);
    EXPECT_EQ(Run({"profiles", "-y", "missing.yml"}).status, 2);
}

TEST_F(CliCheck, ShowsHostileConfigurationsHarmlessly)
{
    Write("bad\x1b.yml", "config:\n  ff\xc2\x9bmpeg\x1b[2J: x\n  other: y\n");
    Outcome outcome = Run({"check", "bad\x1b.yml"});
    EXPECT_EQ(outcome.status, 2);
    expect_harmless(outcome.out);
}

class CliProbe : public CliTest
{
};

TEST_F(CliProbe, SaysWhatAFileHolds)
{
    Clip("a.mkv");
    Outcome outcome = Run({"probe", "a.mkv"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out.substr(0, 6), "a.mkv\n");
    for (const char *fact :
         {"matroska,webm, 0:01, ", "\n  0 video: h264", "64x64, yuv420p, 25 fps", "\n  1 audio: aac"})
        EXPECT_TRUE(contains(outcome.out, fact)) << fact << " is not in\n" << outcome.out;
    EXPECT_EQ(Run({"probe", "-q", "a.mkv"}).out, "");
}

TEST_F(CliProbe, NamesWhatIsWrongAndGoesOn)
{
    Clip("a.mkv");
    Write("text.mkv", "this is no film");
    Outcome outcome = Run({"probe", "missing.mkv", "text.mkv", "a.mkv"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(contains(outcome.out, "missing.mkv\n  can't be encoded: "));
    EXPECT_TRUE(contains(outcome.out, "text.mkv\n  can't be encoded: "));
    EXPECT_TRUE(contains(outcome.out, "a.mkv\n  matroska"));
}

TEST_F(CliProbe, GivesALineOfJsonForEachFileInOrder)
{
    Clip("sub/b.mkv");
    Clip("sub/deep/c.mp4");
    Clip("a.mkv");
    Write("sub/readme.txt", "no film");
    Outcome outcome = Run({"probe", "--json", "missing", "./a.mkv", "sub", Path("a.mkv")});
    EXPECT_EQ(outcome.status, 1);
    auto events = json_events(outcome.out, "media");
    ASSERT_EQ(events.size(), 5u) << outcome.out;
    const std::string expected[] = {"missing", "./a.mkv", "sub/b.mkv", "sub/deep/c.mp4", Path("a.mkv")};
    for (size_t i = 0; i < 5; i++) {
        EXPECT_EQ(json_text(events[i], "file"), expected[i]);
        EXPECT_EQ(json_object_get_boolean_member(events[i].get(), "valid"), i != 0);
    }
}

TEST_F(CliProbe, ShowsHostileNamesHarmlessly)
{
    const std::string names[] = {"\x1b]0;title\x07.mkv", "two\nlines.mkv", "\xff\xfe.mkv",
                                 "\xe2\x80\xaevkm.mkv",  "--help",         "http:x.mkv",
                                 "$(touch PWNED).mkv"};
    std::vector<std::string> line = {"probe", "--"}, json = {"probe", "--json", "--"};
    for (const std::string &name : names) {
        Clip(name);
        line.push_back(name);
        json.push_back(name);
    }
    Outcome outcome = Run(line);
    EXPECT_EQ(outcome.status, 0);
    expect_harmless(outcome.out);
    EXPECT_TRUE(contains(outcome.out, "\\x1b]0;title\\x07.mkv\n")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "two\\nlines.mkv\n"));
    EXPECT_TRUE(contains(outcome.out, "\\xff\\xfe.mkv\n"));
    EXPECT_TRUE(contains(outcome.out, "\\u202evkm.mkv\n"));
    Outcome as_json = Run(json);
    auto events = json_events(as_json.out, "media");
    ASSERT_EQ(events.size(), 7u);
    EXPECT_EQ(json_text(events[0], "file"), names[0]);
    EXPECT_EQ(json_text(events[1], "file"), names[1]);
    EXPECT_FALSE(Exists("PWNED"));
}

TEST_F(CliProbe, AFolderWithoutFilmsIsNoFailure)
{
    g_mkdir(Path("empty").c_str(), 0755);
    Outcome outcome = Run({"probe", "empty"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "ffarm: no films in empty\n");
    outcome = Run({"empty"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(contains(outcome.err, "ffarm: no films in empty\n")) << outcome.err;
}
