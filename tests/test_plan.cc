// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan_maker.h"

static const char *const simple = R"(
profiles:
  hevc: {output_options: "-c:v libx265 -c:a copy", extension: .mkv}
  same: {output_options: "-c:v libx265 -c:a copy"}
rules:
  small: {profile: SKIP, criteria: {filesize_mb: ">100"}}
  mpeg4: {profile: skip, criteria: {vcodec: mpeg4}}
  all: {profile: hevc, criteria: {vcodec: h264}}
)";

using PlanDecides = PlanTest;

TEST_F(PlanDecides, WhatHappensToEachFile)
{
    Configure(simple);
    Clip("a.mp4");
    Clip("b.avi");
    Touch("c.mkv", "no film");
    Touch("d.mkv", "");
    for (const char *name : {"a.mp4", "b.avi", "c.mkv", "d.mkv", "none.mkv"})
        Give(name);
    ASSERT_TRUE(Plan());
    EXPECT_EQ(inputs->len, 0u);
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_STREQ(Item(0)->profile, "hevc");
    EXPECT_STREQ(Item(0)->rule->name, "all");
    EXPECT_EQ(Item(0)->trace->len, 3u);
    EXPECT_EQ(Destination(0), "a.mkv");
    EXPECT_EQ(Fate(1), "skip: rule 'mpeg4' says SKIP");
    EXPECT_EQ(Item(1)->profile, nullptr);
    for (guint i = 2; i < 5; i++) {
        EXPECT_EQ(Item(i)->status, FFARM_PLAN_INVALID) << i;
        EXPECT_NE(Item(i)->reason, nullptr);
        EXPECT_EQ(Item(i)->trace, nullptr);
    }
    EXPECT_EQ(ffarm_plan_count(plan, FFARM_PLAN_INVALID), 3u);
    EXPECT_EQ(ffarm_plan_count(plan, FFARM_PLAN_ENCODE), 1u);
    EXPECT_EQ(std::string(Item(3)->job_id), std::string(plan->run_id) + "-3");
}

TEST_F(PlanDecides, NoRuleMatches)
{
    Configure("profiles:\n  p: {output_options: -c copy}\nrules:\n  r: {profile: p, criteria: {vcodec: av1}}\n");
    Clip("a.mkv");
    Give("a.mkv");
    Give("a.mkv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "unmatched: no rule matches");
    EXPECT_EQ(Item(0)->rule, nullptr);
    EXPECT_EQ(Item(0)->trace->len, 1u);
    EXPECT_EQ(Fate(1), "invalid: given twice");
}

TEST_F(PlanDecides, TheCommandLineAsksNoRules)
{
    Configure(simple);
    Clip("b.avi");
    Give("b.avi", nullptr, "same");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(Item(0)->trace, nullptr);
    EXPECT_STREQ(Item(0)->profile, "same");
    EXPECT_EQ(Destination(0), "b.avi");
}

TEST_F(PlanDecides, RunIdsDiffer)
{
    Configure(simple);
    ASSERT_TRUE(Plan());
    std::string first = plan->run_id;
    ASSERT_TRUE(Plan());
    EXPECT_NE(first, plan->run_id);
    EXPECT_EQ(first.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
    EXPECT_GE(first.size(), 16u) << "64 bits that nobody can guess";
}

/* --- names --- */

using PlanNames = PlanTest;

TEST_F(PlanNames, UnknownOnesAreErrorsBeforeAnythingIsProbed)
{
    const char *mixins[] = {"hevk", nullptr};
    const char *only[] = {"locl", nullptr}, *elsewhere[] = {"box", nullptr};
    const struct {
        const char *cluster, *profile;
        const char *const *mixins, *const *only;
        const char *message;
    } cases[] = {
        {"hom", nullptr, nullptr, nullptr, "cluster 'hom' is not in the configuration, did you mean 'home'?"},
        {"zzz", nullptr, nullptr, nullptr, "cluster 'zzz' is not in the configuration, which has home"},
        {nullptr, "hevv", nullptr, nullptr, "profile 'hevv' is not in the configuration, did you mean 'hevc'?"},
        {nullptr, "hevc", mixins, nullptr, "mixin 'hevk' is not in the configuration, did you mean 'hevc'?"},
        {nullptr, nullptr, nullptr, only, "host 'locl' is not in the configuration, did you mean 'local'?"},
        {nullptr, nullptr, nullptr, elsewhere,
         "host 'box' is in cluster 'home', and no file is for that: put '-c home' before the files"},
        {nullptr, "xyzzy", nullptr, nullptr,
         "profile 'xyzzy' is not in the configuration, which has hevc, same, h264, av1, copy"},
    };
    Configure(std::string(simple) + "config:\n  clusters:\n    home:\n      box: {type: local}\n");
    for (const auto &one : cases) {
        g_autoptr(GError) error = nullptr;
        options.only_hosts = one.only;
        g_ptr_array_set_size(inputs, 0);
        Give("none.mkv", one.cluster, one.profile, one.mixins);
        EXPECT_FALSE(Plan(&error));
        ASSERT_TRUE(g_error_matches(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID));
        EXPECT_STREQ(error->message, one.message);
    }
}

TEST_F(PlanNames, CanBeCancelled)
{
    Configure(simple);
    Clip("a.mkv");
    Give("a.mkv");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = nullptr;
    g_cancellable_cancel(cancellable);
    EXPECT_EQ(ffarm_plan_new(settings, inputs, &options, nullptr, nullptr, cancellable, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

TEST_F(PlanNames, ProgressComesAfterEveryFile)
{
    Configure(simple);
    Clip("a.mkv");
    Give("a.mkv");
    Give("b.mkv");
    std::vector<guint> seen;
    plan = ffarm_plan_new(
        settings, inputs, &options,
        [](guint done, guint total, gpointer data) {
            EXPECT_EQ(total, 2u);
            static_cast<std::vector<guint> *>(data)->push_back(done);
        },
        &seen, nullptr, nullptr);
    EXPECT_EQ(seen, std::vector<guint>({1, 2}));
}

/* --- clashes --- */

using PlanClashes = PlanTest;

TEST_F(PlanClashes, OneFileUnderTwoNames)
{
    Configure(simple);
    Clip("a.mkv");
    ASSERT_EQ(link(Path("a.mkv").c_str(), Path("hard.mkv").c_str()), 0);
    ASSERT_EQ(symlink("a.mkv", Path("soft.mkv").c_str()), 0);
    ASSERT_EQ(symlink(".", Path("sub").c_str()), 0);
    for (const char *name : {"hard.mkv", "a.mkv", "soft.mkv", "sub/hard.mkv", "sub/../hard.mkv", "hard.mkv"})
        Give(name);
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode: the source has 2 names (hard links): the others keep the old film, so that no space is "
                       "saved");
    EXPECT_EQ(Fate(1), "invalid: the same file as hard.mkv, by a hard link");
    EXPECT_EQ(Item(2)->status, FFARM_PLAN_INVALID);
    EXPECT_EQ(Fate(3), "skip: the same file as hard.mkv, by a symbolic link");
    EXPECT_EQ(Item(4)->status, FFARM_PLAN_INVALID);
    EXPECT_EQ(Fate(5), "invalid: given twice");
}

TEST_F(PlanClashes, AnotherFilmIsNeverOverwritten)
{
    Configure(simple);
    Clip("film.mkv");
    Clip("film.mp4");
    for (bool reversed : {false, true}) {
        Give(reversed ? "film.mkv" : "film.mp4");
        Give(reversed ? "film.mp4" : "film.mkv");
        ASSERT_TRUE(Plan());
        EXPECT_EQ(Fate(reversed ? 0 : 1), "encode");
        EXPECT_EQ(Fate(reversed ? 1 : 0), "invalid: the result would overwrite the existing film.mkv");
    }
    Give("film.mp4"); // the other one is not even part of the run
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Item(0)->status, FFARM_PLAN_INVALID);
}

TEST_F(PlanClashes, TwoSourcesWithOneResult)
{
    Configure(simple);
    Clip("film.mp4");
    Clip("film.mov");
    Clip("other.mov");
    ASSERT_EQ(symlink(".", Path("sub").c_str()), 0);
    Give("film.mp4");
    Give("sub/film.mov"); // another way to the same folder
    Give("other.mov");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(Fate(1), "invalid: its result sub/film.mkv would be that of film.mp4 too");
    EXPECT_EQ(Fate(2), "encode");
}

TEST_F(PlanClashes, OneBaseNameInTwoFolders)
{
    Configure(simple);
    Clip("s1/e01.mp4");
    Clip("s2/e01.mp4");
    Give("s1/e01.mp4");
    Give("s2/e01.mp4");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(Fate(1), "encode");
    g_autoptr(FfarmChoice) one = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    g_autoptr(FfarmChoice) two = ffarm_plan_choose(plan, Item(1), Host(0), nullptr, nullptr);
    EXPECT_STRNE(one->placement->result, two->placement->result);
    std::string out = Path("out");
    options.output_dir = out.c_str(); // both would be OUT/e01.mkv
    Give("s1/e01.mp4");
    Give("s2/e01.mp4");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Destination(0), "out/e01.mkv");
    EXPECT_EQ(Fate(1), "invalid: its result out/e01.mkv would be that of s1/e01.mp4 too");
}

TEST_F(PlanClashes, ASymbolicLinkAtTheDestinationIsNoFreeName)
{
    Configure(simple);
    Clip("film.mp4");
    ASSERT_EQ(symlink("nowhere", Path("film.mkv").c_str()), 0);
    Give("film.mp4");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Item(0)->status, FFARM_PLAN_INVALID);
    ASSERT_EQ(unlink(Path("film.mkv").c_str()), 0);
    ASSERT_EQ(symlink("film.mp4", Path("film.mkv").c_str()), 0);
    Give("film.mp4");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "invalid: the result would overwrite film.mkv, which is another name of the source");
}

TEST_F(PlanClashes, AHostWithAnotherExtensionCounts)
{
    Configure(std::string(simple) + R"(
config:
  clusters:
    home:
      one: {type: local, profile: same}
      two: {type: local, profile: hevc}
)");
    Clip("film.mp4");
    Clip("film.mkv");
    Give("film.mp4", "home");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "invalid: the result would overwrite the existing film.mkv");
}

TEST_F(PlanClashes, CaseOfTheExtensionIsKept)
{
    Configure(simple);
    Clip("Film.MKV");
    Give("Film.MKV");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Destination(0), "Film.MKV");
}

/* --- keep and output folder --- */

using PlanResults = PlanTest;

TEST_F(PlanResults, KeepPutsItBesideTheSource)
{
    Configure(simple);
    options.keep = TRUE;
    Clip("a.mp4");
    Clip("b.mkv");
    Clip("c.mkv");
    Touch("c.mkv.tmp");
    for (const char *name : {"a.mp4", "b.mkv", "c.mkv", "c.mkv.tmp"})
        Give(name);
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Destination(0), "a.mkv.tmp");
    EXPECT_EQ(Destination(1), "b.mkv.tmp");
    EXPECT_EQ(Fate(2), "skip: c.mkv.tmp is there already: remove it and give --again to have it made again");
    EXPECT_EQ(Fate(3), "skip: the kept result of c.mkv");
}

TEST_F(PlanResults, AKeptResultIsKnownByItsSourceToo)
{
    Configure(simple);
    Clip("a.mp4");
    Touch("a.mkv.tmp");
    Touch("ab.mkv.tmp");
    Touch(".ffarm-x-1.mkv.tmp");
    for (const char *name : {"a.mkv.tmp", "ab.mkv.tmp", ".ffarm-x-1.mkv.tmp", "a.mp4"})
        Give(name);
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "skip: the kept result of a.mp4");
    EXPECT_EQ(Item(1)->status, FFARM_PLAN_INVALID);
    EXPECT_EQ(Fate(2), "skip: a temporary file of ffarm");
    EXPECT_EQ(Fate(3), "encode");
}

TEST_F(PlanResults, AnOutputFolderRepeatsTheTree)
{
    Configure(simple);
    Clip("m/s1/e1.mp4");
    std::string out = Path("out/deep/");
    options.output_dir = out.c_str();
    g_autoptr(GError) error = nullptr;
    ASSERT_TRUE(ffarm_inputs_add(inputs, Path("m").c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, &error));
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    EXPECT_EQ(Destination(0), "out/deep/s1/e1.mkv");
    EXPECT_EQ(plan->output_dir, Path("out/deep"));
    EXPECT_FALSE(plan->keep);
    EXPECT_NE(access(Path("out").c_str(), F_OK), 0); // a plan makes nothing
}

TEST_F(PlanResults, AnOutputFolderThatIsTheSources)
{
    Configure(simple);
    Clip("b.mkv");
    options.output_dir = folder;
    Give("b.mkv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "invalid: the result would overwrite the source, which is to be kept");
}

TEST_F(PlanResults, AnOutputFolderThatCanNotBe)
{
    Configure(simple);
    Clip("b.mkv");
    Touch("file");
    std::string out = Path("file/out");
    options.output_dir = out.c_str();
    Give("b.mkv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Item(0)->status, FFARM_PLAN_INVALID);
}

TEST_F(PlanResults, AFolderThatCanNotBeWrittenTo)
{
    Configure(simple);
    Clip("m/b.mkv");
    chmod(folder, 0755);
    chmod(Path("m").c_str(), 0555);
    bool is_root = geteuid() == 0; // who may write anywhere
    EXPECT_EQ(is_root ? setresuid(65534, 65534, 0) : 0, 0);
    Give("m/b.mkv");
    bool planned = Plan();
    EXPECT_EQ(is_root ? setresuid(0, 0, 0) : 0, 0);
    chmod(Path("m").c_str(), 0755);
    ASSERT_TRUE(planned);
    EXPECT_EQ(Fate(0).rfind("invalid: the result's folder ", 0), 0u) << Fate(0);
}

TEST_F(PlanResults, FastStorageHasToBeThere)
{
    Configure(std::string(simple) + "config:\n  fls_path: " + Path("ssd") + "\n");
    Clip("b.mkv");
    Give("b.mkv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "invalid: fls_path ssd does not exist");
    ASSERT_EQ(mkdir(Path("ssd").c_str(), 0700), 0);
    Give("b.mkv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    EXPECT_EQ(std::string(choice->placement->result).rfind(Path("ssd/.ffarm-"), 0), 0u);
}

TEST_F(PlanResults, ANameThatWouldGetTooLong)
{
    Configure(simple);
    options.keep = TRUE;
    std::string longest(248, 'x');
    for (const std::string &name : {longest, longest.substr(1)}) {
        Clip("short.mkv");
        ASSERT_EQ(rename(Path("short.mkv").c_str(), Path(name + ".mkv").c_str()), 0);
    }
    Give(longest + ".mkv");
    Give(longest.substr(1) + ".mkv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "invalid: the result's name would be 256 bytes long, and no more than 255 are allowed");
    EXPECT_EQ(Fate(1), "encode");
}

TEST_F(PlanResults, TheBuiltInConfigurationKeepsOriginals)
{
    FfarmDiagnostics *diagnostics = ffarm_diagnostics_new();
    settings = ffarm_settings_load(nullptr, FALSE, diagnostics);
    ffarm_diagnostics_free(diagnostics);
    ASSERT_NE(settings, nullptr);
    Clip("b.mkv");
    Give("b.mkv");
    ASSERT_TRUE(Plan());
    EXPECT_TRUE(plan->keep);
    EXPECT_EQ(Fate(0), "encode");
    options.output_dir = "/tmp";
    ASSERT_TRUE(Plan());
    EXPECT_FALSE(plan->keep);
}

TEST_F(PlanResults, UnknownExtensionsFollowTheSourcesContainer)
{
    Configure(simple);
    for (const char *name : {"film", "film.xyz"}) {
        Clip(name);
        Give(name, nullptr, "same");
    }
    ASSERT_TRUE(Plan());
    for (guint i = 0; i < 2; i++) {
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(i), Host(0), nullptr, nullptr);
        ASSERT_NE(choice, nullptr);
        EXPECT_STREQ(choice->muxer, "matroska");
    }
}

TEST_F(PlanResults, LossesAreSaidOrRefused)
{
    Configure("profiles:\n  flv: {output_options: -c copy, extension: .xyz}\n"
              "  silent: {output_options: -c:v copy -an}\n  blind: {output_options: -vn -c:a copy}\n"
              "  film: {output_options: -c copy, extension: .webm}\n");
    Clip("a.mkv");
    Give("a.mkv", nullptr, "flv");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0).rfind("unassignable: no host may take it: local: no container goes by the extension '.xyz'", 0),
              0u)
        << Fate(0);
    Give("a.mkv", nullptr, "silent");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0), "encode");
    Give("a.mkv", nullptr, "blind");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Item(0)->status, FFARM_PLAN_UNASSIGNABLE);
    Give("a.mkv", nullptr, "film");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0),
              "unassignable: no host may take it: local: profile 'film' copies the video, and webm can't hold it");
}

TEST_F(PlanResults, APictureThatCanNotBeKeptIsNotEncoded)
{
    Configure("profiles:\n  hevc: {output_options: -c:v libx265, extension: .mkv}\n"
              "  any: {include: hevc, expect: {hdr: any}}\n");
    g_autofree char *corpus = media_corpus();
    for (const char *name : {"dolby-vision.mp4", "hdr10.mkv"})
        ASSERT_EQ(symlink((std::string(corpus) + "/good/" + name).c_str(), Path(name).c_str()), 0);
    Give("dolby-vision.mp4", nullptr, "hevc");
    Give("hdr10.mkv", nullptr, "hevc");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Fate(0).rfind("unassignable: no host may take it: local: with profile 'hevc' no result could be "
                            "accepted: video stream 0 of the result has lost its Dolby Vision",
                            0),
              0u)
        << Fate(0);
    EXPECT_EQ(Fate(1).rfind("encode: video 0:0 (hevc, und) may lose its HDR10 metadata", 0), 0u) << Fate(1);
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(1), Host(0), nullptr, nullptr);
    ASSERT_NE(choice, nullptr);
    EXPECT_EQ(choice->streams->warnings->len, 1u);
    Give("dolby-vision.mp4", nullptr, "any");
    ASSERT_TRUE(Plan());
    EXPECT_EQ(Item(0)->status, FFARM_PLAN_ENCODE) << Fate(0);
}
