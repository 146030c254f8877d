// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "args.h"
#include "options.h"
#include "verbs.h"

#include <string>
#include <vector>

namespace
{
using Words = std::vector<const char *>;

CliArgs *parse(Words words, std::string *message = nullptr, const CliVerb **verb = nullptr)
{
    g_autoptr(GError) error = nullptr;
    words.insert(words.begin(), "ffarm");
    words.push_back(nullptr);
    CliArgs *args = cli_args_parse(words.data(), verb, &error);
    EXPECT_EQ(args == nullptr, error != nullptr);
    if (message)
        *message = error ? error->message : "";
    return args;
}

// "NAME(cluster profile a,b)" of every FILE; '-' for what is not set.
std::string files_of(const CliArgs *args)
{
    std::string text;
    for (guint i = 0; i < args->files->len; i++) {
        auto *file = static_cast<const CliFile *>(g_ptr_array_index(args->files, i));
        g_autofree char *mixins = file->mixins ? g_strjoinv(",", file->mixins) : g_strdup("-");
        text += std::string(i ? " " : "") + (file->is_list ? "@" : "") + file->name + "(" +
                (file->cluster ? file->cluster : "-") + " " + (file->profile ? file->profile : "-") + " " + mixins +
                ")";
    }
    return text;
}

void expect_files(Words words, const char *files)
{
    std::string message;
    g_autoptr(CliArgs) args = parse(words, &message);
    ASSERT_NE(args, nullptr) << message;
    EXPECT_EQ(files_of(args), files);
}

void expect_error(Words words, const char *expected)
{
    std::string message;
    g_autoptr(CliArgs) args = parse(words, &message);
    EXPECT_EQ(args, nullptr);
    EXPECT_EQ(message, expected);
}
} // namespace

TEST(ArgsVerb, IsTheFirstArgumentOrRun)
{
    for (const char *name : {"run", "probe", "hosts", "check", "help"}) {
        const CliVerb *verb = nullptr;
        g_autoptr(CliArgs) args = parse({name, "--help"}, nullptr, &verb);
        EXPECT_STREQ(args->verb->name, name);
        EXPECT_EQ(args->verb, verb);
    }
    for (const char *name : {"./probe", "film.mkv", "Probe", "prob"}) {
        g_autoptr(CliArgs) args = parse({name});
        EXPECT_STREQ(args->verb->name, "run") << name;
        EXPECT_EQ(files_of(args), std::string(name) + "(- - -)");
    }
    g_autoptr(CliArgs) none = parse({});
    EXPECT_STREQ(none->verb->name, "run");
    EXPECT_EQ(none->files->len, 0u);
}

TEST(ArgsVerb, AfterAnOptionIsAMistakeUnlessItCanOnlyBeAFile)
{
    expect_error({"--json", "probe", "x"}, "verb 'probe' must come first; for a file of that name write './probe'");
    expect_files({"-c", "home", "probe"}, "probe(home - -)");
    expect_files({"a", "probe"}, "a(- - -) probe(- - -)");
    expect_files({"-v", "--", "probe"}, "probe(- - -)");
    expect_files({"run", "probe"}, "probe(- - -)");
}

TEST(ArgsFiles, GetTheOptionsBeforeThem)
{
    expect_files({"-c", "home", "a1", "a2", "-p", "x264", "b1", "-c", "studio", "c1"},
                 "a1(home - -) a2(home - -) b1(home x264 -) c1(studio x264 -)");
    expect_files({"a", "-m", "x,y", "b", "-t", "tv", "c", "-p", "film", "d", "-m", "z", "e"},
                 "a(- - -) b(- - x,y) c(- tv x,y) d(- film x,y) e(- film z)");
    expect_files({"-c", "one", "a", "b", "-c", "two", "c", "d"}, "a(one - -) b(one - -) c(two - -) d(two - -)");
    expect_files({"-p", "film", "--from-file", "list", "x"}, "@list(- film -) x(- film -)");
}

TEST(ArgsFiles, AnOptionForNoFileIsAMistake)
{
    expect_error({"a", "-c", "home"}, "option '--cluster' holds for the files after it, and none comes after it");
    expect_error({"a", "--mixin=x"}, "option '--mixin' holds for the files after it, and none comes after it");
    expect_error({"--from-file", "list", "-p", "x"},
                 "option '--profile' holds for the files after it, and none comes after it");
    // The queue file of the configuration comes after everything.
    g_autoptr(CliArgs) args = parse({"-c", "home", "-p", "x"});
    ASSERT_NE(args, nullptr);
    EXPECT_STREQ(args->cluster, "home");
    EXPECT_STREQ(args->profile, "x");
}

TEST(ArgsFiles, MayBeginWithADashAfterTwo)
{
    expect_files({"-k", "--", "-c", "--help", "--"}, "-c(- - -) --help(- - -) --(- - -)");
    expect_files({"-"}, "-(- - -)");
    expect_files({"-c", "--", "x"}, "x(-- - -)");
}

TEST(ArgsOptions, AreSpelledInAnyOfTheUsualWays)
{
    for (const Words &words : {Words{"-y", "f", "x"}, Words{"-yf", "x"}, Words{"--config", "f", "x"},
                               Words{"--config=f", "x"}, Words{"-kyf", "x"}, Words{"x", "-ky", "f"}}) {
        g_autoptr(CliArgs) args = parse(words);
        ASSERT_NE(args, nullptr) << words[0];
        EXPECT_STREQ(args->config, "f");
    }
    g_autoptr(CliArgs) args =
        parse({"-kvs", "-v", "--null", "--dry-run", "--json", "-o=x", "f", "--host", "a", "--host=b"});
    ASSERT_NE(args, nullptr);
    EXPECT_TRUE(args->keep && args->sequential && args->is_null && args->dry_run && args->json);
    EXPECT_FALSE(args->quiet || args->help || args->version);
    EXPECT_EQ(args->verbose, 2u);
    EXPECT_STREQ(args->output_dir, "=x");
    ASSERT_EQ(args->hosts->len, 2u);
    EXPECT_STREQ(static_cast<char *>(g_ptr_array_index(args->hosts, 1)), "b");
}

TEST(ArgsOptions, HaveDefaults)
{
    g_autoptr(CliArgs) args = parse({"x"});
    EXPECT_EQ(args->retries, 2u);
    EXPECT_EQ(args->progress, guint{CLI_PROGRESS_AUTO});
    EXPECT_EQ(args->color, guint{CLI_COLOR_AUTO});
    EXPECT_EQ(args->order, guint{CLI_ORDER_GIVEN});
    EXPECT_EQ(args->config, nullptr);
}

TEST(ArgsOptions, TakeChoicesAndNumbers)
{
    const char *progress[] = {"auto", "bar", "plain", "none"};
    const char *orders[] = {"given", "longest", "shortest"};
    for (guint i = 0; i < 4; i++) {
        g_autoptr(CliArgs) args = parse({"--progress", progress[i], "x"});
        EXPECT_EQ(args->progress, i);
    }
    for (guint i = 0; i < 3; i++) {
        g_autoptr(CliArgs) args = parse({"--order", orders[i], "x"});
        EXPECT_EQ(args->order, i);
    }
    g_autoptr(CliArgs) args = parse({"--color=never", "--retries=0", "x"});
    EXPECT_EQ(args->color, guint{CLI_COLOR_NEVER});
    EXPECT_EQ(args->retries, 0u);
    expect_error({"--color", "blue", "x"}, "option '--color' takes one of auto|always|never, not 'blue'");
    expect_error({"--order=", "x"}, "option '--order' needs a value: --order given|longest|shortest");
    for (const char *bad : {"-1", "1001", "2x", "0x2", " 2", "99999999999999999999"}) {
        std::string expected = std::string("option '--retries' takes a number from 0 to 1000, not '") + bad + "'";
        expect_error({"--retries", bad, "x"}, expected.c_str());
    }
}

TEST(ArgsOptions, AreRefusedInWords)
{
    expect_error({"--retris", "3", "x"}, "option '--retris' is unknown, did you mean '--retries'?");
    expect_error({"--dryrun", "x"}, "option '--dryrun' is unknown, did you mean '--dry-run'?");
    expect_error({"--zzzzzz", "x"},
                 "option '--zzzzzz' is unknown; for a file of that name write './--zzzzzz', or put '--' before it");
    const std::string hint = "' is unknown; for a file of that name write './";
    expect_error({"-z", "x"}, ("option '-z" + hint + "-z', or put '--' before it").c_str());
    expect_error({"-kz", "x"}, ("option '-z" + hint + "-kz', or put '--' before it").c_str());
    expect_error({"-dash.mp4"}, ("option '-d" + hint + "-dash.mp4', or put '--' before it").c_str());
    expect_error({"-\xc3\xa9"}, ("option '-\xc3\xa9" + hint + "-\xc3\xa9', or put '--' before it").c_str());
    expect_error({"-c"}, "option '--cluster' needs a value: --cluster NAME");
    expect_error({"-p", "", "x"}, "option '--profile' needs a value: --profile NAME");
    expect_error({"--keep=yes", "x"}, "option '--keep' takes no value");
    expect_error({"-qv", "x"}, "options '--quiet' and '--verbose' contradict each other");
    expect_error({"probe", "--keep", "x"}, "option '--keep' does not belong to 'probe'");
    expect_error({"check", "-c", "x"}, "option '-c' does not belong to 'check'");
    expect_error({"hosts", "x"}, "argument 'x': 'hosts' takes options only");
    expect_error({"probe"}, "'probe' needs FILE|DIR...");
}

TEST(ArgsOptions, NameTheVerbWhoseHelpToRead)
{
    const CliVerb *verb = nullptr;
    std::string message;
    g_autoptr(CliArgs) args = parse({"hosts", "--nothing"}, &message, &verb);
    EXPECT_EQ(args, nullptr);
    ASSERT_NE(verb, nullptr);
    EXPECT_STREQ(verb->name, "hosts");
}

TEST(ArgsHosts, CollectsClusters)
{
    g_autoptr(CliArgs) args = parse({"hosts", "-c", "a", "--cluster=b"});
    ASSERT_NE(args, nullptr);
    ASSERT_EQ(args->clusters->len, 2u);
    EXPECT_STREQ(static_cast<char *>(g_ptr_array_index(args->clusters, 1)), "b");
}

// Whatever follows, help and version are given.
TEST(ArgsHelp, WorksWithoutWhatTheVerbNeeds)
{
    for (const Words &words :
         {Words{"probe", "-h"}, Words{"hosts", "--help", "x"}, Words{"a", "-c", "b", "--version"}}) {
        g_autoptr(CliArgs) args = parse(words);
        EXPECT_NE(args, nullptr);
    }
}

// Each row is complete, and no verb has two options of one name.
TEST(Options, AreATableWithoutContradictions)
{
    guint n_options = 0;
    const CliOption *options = cli_options(&n_options);
    for (guint i = 0; i < n_options; i++) {
        const CliOption &option = options[i];
        EXPECT_NE(option.verbs, 0u) << option.name;
        EXPECT_LE(strlen(option.help), 54u) << option.name << ": does not fit a line of help";
        EXPECT_EQ(option.value_name == nullptr, option.kind == CLI_FLAG || option.kind == CLI_COUNT) << option.name;
        for (guint j = 0; j < i; j++) {
            if (!(option.verbs & options[j].verbs))
                continue;
            EXPECT_STRNE(option.name, options[j].name);
            EXPECT_FALSE(option.letter && option.letter == options[j].letter) << option.name << options[j].name;
        }
    }
}
