// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <chrono>
#include <string>
#include <vector>
#include "error.h"
#include "rule.h"

namespace
{

// A film that has every fact: 1920x1080 HEVC, two sounds, two subtitles, 90.5 minutes, 4 GiB.
class RuleAsk : public ::testing::Test
{
  protected:
    RuleAsk()
    {
        media = ffarm_media_new("/media/anime/Big Film.mkv");
        media->container = g_strdup("matroska,webm");
        media->size_bytes = 4LL * 1024 * 1024 * 1024;
        media->duration_us = 5430LL * G_USEC_PER_SEC;
        media->bitrate_bps = 6320500;
        ffarm_media_add_stream(media, FFARM_STREAM_VIDEO)->disposition = FFARM_DISPOSITION_ATTACHED_PIC;
        peek(0)->codec = g_strdup("mjpeg");
        video = ffarm_media_add_stream(media, FFARM_STREAM_VIDEO);
        video->codec = g_strdup("hevc");
        video->pix_fmt = g_strdup("yuv420p10le");
        video->width = 1920;
        video->height = 1080;
        video->fps = 24000.0 / 1001;
        video->bit_depth = 10;
        video->hdr = FFARM_HDR_HDR10;
        add_sound("ac3", 6, "ger");
        add_sound("aac", 2, "eng");
        ffarm_media_add_stream(media, FFARM_STREAM_SUBTITLE)->language = g_strdup("en");
        ffarm_media_add_stream(media, FFARM_STREAM_SUBTITLE);
    }
    ~RuleAsk() override
    {
        ffarm_media_free(media);
    }

    FfarmStream *peek(guint index)
    {
        return static_cast<FfarmStream *>(media->streams->pdata[index]);
    }

    void add_sound(const char *codec, int channels, const char *language)
    {
        FfarmStream *stream = ffarm_media_add_stream(media, FFARM_STREAM_AUDIO);
        stream->codec = g_strdup(codec);
        stream->channels = channels;
        stream->language = g_strdup(language);
    }

    // Whether the file answers one criterion; what was found goes to `found`.
    bool ask(const char *key, std::vector<const char *> values)
    {
        values.push_back(nullptr);
        g_autoptr(FfarmRule) rule = ffarm_rule_new("rule", "profile");
        g_autoptr(GError) error = nullptr;
        EXPECT_TRUE(ffarm_rule_add_criterion(rule, key, values.data(), &error)) << (error ? error->message : "");
        if (error)
            return false;
        g_autoptr(FfarmVerdict) verdict = ffarm_rule_ask(rule, media);
        const auto *finding = static_cast<FfarmFinding *>(verdict->findings->pdata[0]);
        found = finding->found;
        asked = finding->asked;
        EXPECT_STREQ(finding->criterion, key);
        EXPECT_EQ(verdict->matches, finding->holds);
        return finding->holds;
    }

    FfarmMedia *media;
    FfarmStream *video;
    std::string found, asked;
};

} // namespace

TEST_F(RuleAsk, VideoCodecIsTheFilmsNotTheCoversArt)
{
    EXPECT_TRUE(ask("vcodec", {"hevc"}));
    EXPECT_EQ(found, "hevc");
    EXPECT_FALSE(ask("vcodec", {"!hevc"}));
    EXPECT_FALSE(ask("vcodec", {"mjpeg"}));
    EXPECT_TRUE(ask("vcodec", {"!mjpeg"}));
    EXPECT_TRUE(ask("vcodec", {"HEVC"}));
}

TEST_F(RuleAsk, CodecsAreAlsoKnownByTheNamesPeopleUse)
{
    EXPECT_TRUE(ask("vcodec", {"h265"}));
    EXPECT_TRUE(ask("vcodec", {"x265"}));
    EXPECT_FALSE(ask("vcodec", {"!h.265"}));
    EXPECT_FALSE(ask("vcodec", {"avc"}));
}

TEST_F(RuleAsk, AListHoldsForAnyOfItsNamesAndNoneOfTheNegatedOnes)
{
    EXPECT_TRUE(ask("vcodec", {"h264", "hevc"}));
    EXPECT_EQ(asked, "h264, hevc");
    EXPECT_FALSE(ask("vcodec", {"h264", "av1"}));
    EXPECT_TRUE(ask("vcodec", {"!h264", "!av1"}));
    EXPECT_FALSE(ask("vcodec", {"!h264", "!hevc"}));
    EXPECT_TRUE(ask("acodec", {"ac3", "!dts"}));
    EXPECT_FALSE(ask("acodec", {"ac3", "!aac"})) << "one of its sounds is aac";
    EXPECT_FALSE(ask("acodec", {"flac", "!dts"}));
}

TEST_F(RuleAsk, AudioCodecIsAnyStreams)
{
    EXPECT_TRUE(ask("acodec", {"ac3"}));
    EXPECT_TRUE(ask("acodec", {"aac"}));
    EXPECT_EQ(found, "ac3, aac");
    EXPECT_FALSE(ask("acodec", {"!aac"}));
    EXPECT_TRUE(ask("acodec", {"!dts"}));
}

TEST_F(RuleAsk, ContainerGoesByEachOfItsNamesAndByExtensions)
{
    EXPECT_TRUE(ask("container", {"matroska"}));
    EXPECT_TRUE(ask("container", {"mkv"}));
    EXPECT_TRUE(ask("container", {"webm"}));
    EXPECT_TRUE(ask("container", {"matroska,webm"}));
    EXPECT_FALSE(ask("container", {"mp4"}));
    EXPECT_FALSE(ask("container", {"matro"}));
    g_free(media->container);
    media->container = g_strdup("mov,mp4,m4a,3gp,3g2,mj2");
    EXPECT_TRUE(ask("container", {"mp4"}));
    EXPECT_TRUE(ask("container", {"m4v"}));
    EXPECT_TRUE(ask("container", {"mov"}));
    EXPECT_FALSE(ask("container", {"!mp4"}));
    g_free(media->container);
    media->container = g_strdup("mpegts");
    EXPECT_TRUE(ask("container", {"ts"}));
    EXPECT_TRUE(ask("container", {"m2ts"}));
}

TEST_F(RuleAsk, NumbersAreThoseOfTheFile)
{
    const struct {
        const char *key, *yes, *no, *found;
    } rows[] = {
        {"res_height", "1080", "<1080", "1080"},
        {"res_width", ">=1920", ">1920", "1920"},
        {"fps", "23.976", ">24", "23.976"},
        {"bit_depth", "10", "8", "10"},
        {"bitrate_kbps", "6000-7000", "<6000", "6320.5"},
        {"audio_channels", ">5", "2", "6"},
        {"runtime", "90-91", "90", "90.5"},
        {"filesize_mb", "4096", ">4096", "4096"},
        {"source_size", "<=4096", "!4096", "4096"},
    };
    for (const auto &row : rows) {
        EXPECT_TRUE(ask(row.key, {row.yes})) << row.key;
        EXPECT_EQ(found, row.found) << row.key;
        EXPECT_FALSE(ask(row.key, {row.no})) << row.key;
    }
}

TEST_F(RuleAsk, BitrateIsWorkedOutWhereTheContainerDoesNotSay)
{
    media->bitrate_bps = 0;
    media->size_bytes = 5430 * 125;
    EXPECT_TRUE(ask("bitrate_kbps", {"1"}));
}

TEST_F(RuleAsk, FlagsAreYesOrNo)
{
    EXPECT_TRUE(ask("hdr", {"yes"}));
    EXPECT_FALSE(ask("hdr", {"no"}));
    EXPECT_TRUE(ask("hdr", {"True"}));
    EXPECT_TRUE(ask("interlaced", {"no"}));
    EXPECT_FALSE(ask("vfr", {"on"}));
    EXPECT_EQ(found, "no");
    video->is_interlaced = video->is_vfr = TRUE;
    EXPECT_TRUE(ask("interlaced", {"yes"}));
    EXPECT_TRUE(ask("vfr", {"yes"}));
}

TEST_F(RuleAsk, LanguagesAreTheSameInAnySpelling)
{
    EXPECT_TRUE(ask("audio_lang", {"de"}));
    EXPECT_TRUE(ask("audio_lang", {"deu"}));
    EXPECT_FALSE(ask("audio_lang", {"!ger"}));
    EXPECT_TRUE(ask("audio_lang", {"jpn", "eng"}));
    EXPECT_TRUE(ask("audio_lang", {"!jpn"}));
    EXPECT_EQ(found, "ger, eng");
    EXPECT_TRUE(ask("subtitle_lang", {"eng"}));
    EXPECT_TRUE(ask("subtitle_lang", {"und"})) << "a stream without language counts as und";
    EXPECT_EQ(found, "en, und");
}

TEST_F(RuleAsk, PathIsSearchedForAPattern)
{
    EXPECT_TRUE(ask("path", {".*/anime/.*"}));
    EXPECT_TRUE(ask("path", {"anime"}));
    EXPECT_TRUE(ask("path", {"Film\\.mkv$"}));
    EXPECT_TRUE(ask("path", {"(?i)big film"}));
    EXPECT_FALSE(ask("path", {"!anime"}));
    EXPECT_TRUE(ask("path", {"!Westworld|Vikings"}));
    EXPECT_FALSE(ask("path", {"^anime"}));
}

TEST_F(RuleAsk, RelativePathsAreMadeAbsolute)
{
    g_free(media->path);
    media->path = g_strdup("film.mkv");
    EXPECT_TRUE(ask("path", {"^/.*/film\\.mkv$"}));
}

TEST_F(RuleAsk, PathsNeedNotBeText)
{
    g_free(media->path);
    media->path = g_strdup("/media/caf\xe9 \xff\n.mkv");
    EXPECT_TRUE(ask("path", {"/media/caf. "}));
    EXPECT_FALSE(ask("path", {"cafe"}));
}

TEST_F(RuleAsk, APathCanNotHoldUpTheMatcher)
{
    g_free(media->path);
    media->path = g_strdup_printf("/%s!", std::string(200, 'a').c_str());
    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(ask("path", {"(a+)+$"}));
    EXPECT_FALSE(ask("path", {"!(a+)+$"})) << "where the matcher gave up, nothing is known";
    EXPECT_FALSE(ask("path", {"^/(a|aa)+$"}));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(RuleAsk, WhatIsUnknownHoldsNeitherWayRound)
{
    g_autoptr(FfarmMedia) nothing = ffarm_media_new("/x");
    ffarm_media_add_stream(nothing, FFARM_STREAM_AUDIO);
    std::swap(media, nothing);
    const char *const numbers[] = {"res_height",   "res_width",      "fps",     "bit_depth",
                                   "bitrate_kbps", "audio_channels", "runtime", "filesize_mb"};
    for (const char *key : numbers) {
        EXPECT_FALSE(ask(key, {">=0"})) << key;
        EXPECT_EQ(found, "unknown") << key;
        EXPECT_FALSE(ask(key, {"!5"})) << key;
    }
    for (const char *key : {"vcodec", "acodec", "container", "pix_fmt"}) {
        EXPECT_FALSE(ask(key, {"x"})) << key;
        EXPECT_FALSE(ask(key, {"!x"})) << key;
        EXPECT_EQ(found, "unknown") << key;
    }
    for (const char *key : {"hdr", "interlaced", "vfr"}) {
        EXPECT_FALSE(ask(key, {"yes"})) << key;
        EXPECT_FALSE(ask(key, {"no"})) << key;
    }
    std::swap(media, nothing);
}

TEST_F(RuleAsk, SilentFilmsAreKnownToBeSilent)
{
    g_ptr_array_set_size(media->streams, 2);
    EXPECT_TRUE(ask("audio_channels", {"0"}));
    EXPECT_TRUE(ask("acodec", {"!aac"}));
    EXPECT_EQ(found, "none");
    EXPECT_FALSE(ask("acodec", {"aac"}));
    EXPECT_TRUE(ask("audio_lang", {"!ger"}));
    EXPECT_FALSE(ask("subtitle_lang", {"und"}));
}

TEST(RuleAddCriterion, KnowsEveryNameItTells)
{
    const char *const *names = ffarm_rule_criteria_names();
    guint count = 0;
    for (; names[count]; count++) {
        g_autoptr(FfarmRule) rule = ffarm_rule_new("rule", nullptr);
        const char *const as_number[] = {"1", nullptr}, *const as_flag[] = {"yes", nullptr};
        EXPECT_TRUE(ffarm_rule_add_criterion(rule, names[count], as_number, nullptr) ||
                    ffarm_rule_add_criterion(rule, names[count], as_flag, nullptr))
            << names[count];
        EXPECT_EQ(rule->criteria->len, 1u);
    }
    EXPECT_EQ(count, 19u);
}

TEST(RuleAddCriterion, RefusesWhatCanNotBeRead)
{
    const struct {
        const char *key;
        std::vector<const char *> values;
        const char *message;
    } rows[] = {
        {"vcodek", {"hevc"}, "unknown criterion 'vcodek', did you mean 'vcodec'?"},
        {"colour", {"red"}, "unknown criterion 'colour'"},
        {"vcodec", {}, "'vcodec' has no value to compare with"},
        {"vcodec", {"!"}, "'!' holds no name, expected one like 'hevc' or '!hevc'"},
        {"vcodec", {"hevc", " "}, "' ' holds no name, expected one like 'hevc' or '!hevc'"},
        {"fps", {"24", "25"}, "'fps' takes one value, not a list"},
        {"fps",
         {"fast"},
         "'fast' is no test of a number, expected N, <N, <=N, >N, >=N or A-B, or one of them after '!'"},
        {"runtime", {"90-30"}, "'90-30' is a range that no number is in, write the smaller number first"},
        {"hdr", {"maybe"}, "'maybe' is neither yes nor no"},
        {"path", {""}, "'' is no pattern: it is empty and would match every path"},
        {"path", {"!"}, "'!' is no pattern: it is empty and would match every path"},
    };
    for (const auto &row : rows) {
        g_autoptr(FfarmRule) rule = ffarm_rule_new("rule", "profile");
        std::vector<const char *> values = row.values;
        values.push_back(nullptr);
        g_autoptr(GError) error = nullptr;
        EXPECT_FALSE(ffarm_rule_add_criterion(rule, row.key, values.data(), &error)) << row.message;
        ASSERT_TRUE(g_error_matches(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID)) << row.message;
        EXPECT_STREQ(error->message, row.message);
        EXPECT_EQ(rule->criteria->len, 0u);
    }
}

TEST(RuleAddCriterion, SaysWhereAPatternIsWrong)
{
    g_autoptr(FfarmRule) rule = ffarm_rule_new("rule", "profile");
    const char *const values[] = {"a(b", nullptr};
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_rule_add_criterion(rule, "path", values, &error));
    ASSERT_NE(error, nullptr);
    EXPECT_NE(strstr(error->message, "'a(b' is no pattern: "), nullptr) << error->message;
    EXPECT_EQ(strstr(error->message, "LIMIT"), nullptr) << error->message;
}

static FfarmRule *rule_with(const char *name, const char *profile, const char *key, const char *value)
{
    FfarmRule *rule = ffarm_rule_new(name, profile);
    const char *const values[] = {value, nullptr};
    bool is_added = !key || ffarm_rule_add_criterion(rule, key, values, nullptr);
    EXPECT_TRUE(is_added) << name;
    return rule;
}

class RulesMatch : public RuleAsk
{
  protected:
    ~RulesMatch() override
    {
        g_ptr_array_unref(rules);
    }
    GPtrArray *rules =
        g_ptr_array_new_with_free_func([](gpointer rule) { ffarm_rule_free(static_cast<FfarmRule *>(rule)); });
};

TEST_F(RulesMatch, PicksTheFirstOfTwoThatMatch)
{
    g_ptr_array_add(rules, rule_with("small", "tiny", "res_height", "<720"));
    g_ptr_array_add(rules, rule_with("large", "big", "res_height", ">720"));
    g_ptr_array_add(rules, rule_with("all", "rest", nullptr, nullptr));
    g_autoptr(GPtrArray) trace = nullptr;
    const FfarmRule *rule = ffarm_rules_match(rules, media, &trace);
    ASSERT_NE(rule, nullptr);
    EXPECT_STREQ(rule->name, "large");
    ASSERT_EQ(trace->len, 2u) << "the third was never asked";
    EXPECT_FALSE(static_cast<FfarmVerdict *>(trace->pdata[0])->matches);
    EXPECT_TRUE(static_cast<FfarmVerdict *>(trace->pdata[1])->matches);
    EXPECT_EQ(static_cast<FfarmVerdict *>(trace->pdata[1])->rule, rule);
}

TEST_F(RulesMatch, TakesEverythingWithoutCriteria)
{
    g_ptr_array_add(rules, rule_with("all", nullptr, nullptr, nullptr));
    const FfarmRule *rule = ffarm_rules_match(rules, media, nullptr);
    ASSERT_NE(rule, nullptr);
    EXPECT_EQ(rule->profile, nullptr) << "SKIP";
}

TEST_F(RulesMatch, SaysWhenNothingMatches)
{
    g_autoptr(GPtrArray) trace = nullptr;
    EXPECT_EQ(ffarm_rules_match(rules, media, &trace), nullptr);
    EXPECT_EQ(trace->len, 0u);
    g_ptr_array_add(rules, rule_with("small", "tiny", "res_height", "<720"));
    EXPECT_EQ(ffarm_rules_match(rules, media, nullptr), nullptr);
}

TEST_F(RulesMatch, AsksEveryCriterionAlsoAfterOneThatFailed)
{
    FfarmRule *rule = rule_with("strict", "x", "res_height", "<720");
    const char *const values[] = {"hevc", nullptr};
    ASSERT_TRUE(ffarm_rule_add_criterion(rule, "vcodec", values, nullptr));
    g_ptr_array_add(rules, rule);
    g_autoptr(GPtrArray) trace = nullptr;
    EXPECT_EQ(ffarm_rules_match(rules, media, &trace), nullptr);
    const auto *verdict = static_cast<FfarmVerdict *>(trace->pdata[0]);
    ASSERT_EQ(verdict->findings->len, 2u);
    const auto *height = static_cast<FfarmFinding *>(verdict->findings->pdata[0]);
    const auto *codec = static_cast<FfarmFinding *>(verdict->findings->pdata[1]);
    EXPECT_STREQ(height->asked, "<720");
    EXPECT_STREQ(height->found, "1080");
    EXPECT_FALSE(height->holds);
    EXPECT_TRUE(codec->holds);
}
