// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include "profile.h"

static FfarmOptions options(const char *words, bool is_list)
{
    return FfarmOptions{TRUE, is_list, g_strsplit(words, " ", -1)};
}

static void set(FfarmProfile *profile, FfarmSection section, const char *words, bool is_list = true)
{
    ffarm_options_clear(&profile->sections[section]);
    profile->sections[section] = options(words, is_list);
}

static std::string joined(const FfarmOptions &section)
{
    g_autofree char *text = g_strjoinv(" ", section.words);
    return text;
}

static std::string merged(const char *parent, const char *child, bool parent_list = true, bool child_list = true)
{
    FfarmOptions a = options(parent, parent_list), b = options(child, child_list);
    FfarmOptions result = ffarm_options_merge(&a, &b);
    std::string text = joined(result);
    EXPECT_TRUE(result.is_set);
    ffarm_options_clear(&a);
    ffarm_options_clear(&b);
    ffarm_options_clear(&result);
    return text;
}

TEST(OptionsMerge, ReplacesTheParentsValueInItsPlace)
{
    EXPECT_EQ(merged("-c:a copy -f matroska", "-c:a aac"), "-c:a aac -f matroska");
}

TEST(OptionsMerge, AppendsTheChildsNewOptionsInTheirOrder)
{
    EXPECT_EQ(merged("-crf 20 -f matroska", "-preset slow -an -c:v x264"),
              "-crf 20 -f matroska -preset slow -an -c:v x264");
}

TEST(OptionsMerge, AddsAFlagWithoutValueOnce)
{
    EXPECT_EQ(merged("-an -crf 20", "-an -vn"), "-an -crf 20 -vn");
}

TEST(OptionsMerge, KeepsAnOptionGivenSeveralTimes)
{
    EXPECT_EQ(merged("-map 0:v -f mp4 -map 0:a", "-sn"), "-map 0:v -f mp4 -map 0:a -sn");
    EXPECT_EQ(merged("-map 0:v -f mp4 -map 0:a", "-map 0:1 -map 0:2"), "-map 0:1 -map 0:2 -f mp4");
    EXPECT_EQ(merged("-f mp4", "-map 0:1 -map 0:2"), "-f mp4 -map 0:1 -map 0:2");
}

TEST(OptionsMerge, TakesANegativeNumberForAValue)
{
    EXPECT_EQ(merged("-qp -1 -threads 4", "-qp -2.5"), "-qp -2.5 -threads 4");
    EXPECT_EQ(merged("-itsoffset -.5", "-ss 3"), "-itsoffset -.5 -ss 3");
}

TEST(OptionsMerge, KnowsFfmpegsSynonyms)
{
    EXPECT_EQ(merged("-acodec copy -vcodec libx264", "-c:a aac -codec:v libx265"), "-c:a aac -codec:v libx265");
    EXPECT_EQ(merged("-c:v:0 copy", "-c:v libx265"), "-c:v:0 copy -c:v libx265");
}

TEST(OptionsMerge, ReplacesWholeWhereEitherSideIsAString)
{
    EXPECT_EQ(merged("-a 1 -b 2", "-c 3", false, true), "-c 3");
    EXPECT_EQ(merged("-a 1 -b 2", "-c 3", true, false), "-c 3");
    EXPECT_EQ(merged("-a 1 -b 2", "-c 3", false, false), "-c 3");
}

TEST(OptionsMerge, LetsTheParentShineThroughWhatIsAbsentOrNull)
{
    FfarmOptions parent = options("-a 1", true);
    FfarmOptions absent = {FALSE, FALSE, g_new0(char *, 1)};
    FfarmOptions null = {TRUE, TRUE, g_new0(char *, 1)};
    FfarmOptions empty = {TRUE, FALSE, g_new0(char *, 1)};
    FfarmOptions a = ffarm_options_merge(&parent, &absent);
    FfarmOptions b = ffarm_options_merge(&parent, &null);
    FfarmOptions c = ffarm_options_merge(&parent, &empty);
    FfarmOptions d = ffarm_options_merge(&absent, &parent);
    FfarmOptions e = ffarm_options_merge(&absent, &null);
    EXPECT_EQ(joined(a), "-a 1");
    EXPECT_EQ(joined(b), "-a 1");
    EXPECT_EQ(joined(c), "") << "an empty string is how one gets rid of a parent's section";
    EXPECT_EQ(joined(d), "-a 1");
    EXPECT_TRUE(e.is_set);
    for (FfarmOptions *each : {&parent, &absent, &null, &empty, &a, &b, &c, &d, &e})
        ffarm_options_clear(each);
}

TEST(ProfileWithMixins, TakesTheFirstMixinsSectionAndNothingElse)
{
    g_autoptr(FfarmProfile) profile = ffarm_profile_new("copy");
    g_autoptr(FfarmProfile) video = ffarm_profile_new("video");
    g_autoptr(FfarmProfile) both = ffarm_profile_new("both");
    set(profile, FFARM_SECTION_OUTPUT, "-f matroska");
    set(profile, FFARM_SECTION_AUDIO, "-c:a copy");
    set(profile, FFARM_SECTION_VIDEO, "-c:v copy");
    set(profile, FFARM_SECTION_SUBTITLE, "-c:s copy");
    set(video, FFARM_SECTION_VIDEO, "-vf nlmeans");
    set(both, FFARM_SECTION_VIDEO, "-r 25");
    set(both, FFARM_SECTION_AUDIO, "-c:a aac");
    set(both, FFARM_SECTION_OUTPUT, "-f mp4");
    set(both, FFARM_SECTION_INPUT, "-hwaccel cuda");
    both->extension = g_strdup(".mp4");
    const FfarmProfile *mixins[] = {video, both};
    g_autoptr(FfarmProfile) mixed = ffarm_profile_with_mixins(profile, mixins, 2);
    EXPECT_STREQ(mixed->name, "copy");
    EXPECT_EQ(joined(mixed->sections[FFARM_SECTION_VIDEO]), "-vf nlmeans");
    EXPECT_EQ(joined(mixed->sections[FFARM_SECTION_AUDIO]), "-c:a aac");
    EXPECT_EQ(joined(mixed->sections[FFARM_SECTION_SUBTITLE]), "-c:s copy");
    EXPECT_EQ(joined(mixed->sections[FFARM_SECTION_OUTPUT]), "-f matroska");
    EXPECT_EQ(joined(mixed->sections[FFARM_SECTION_INPUT]), "");
    EXPECT_EQ(mixed->extension, nullptr);
}

TEST(ProfileWithMixins, WithoutMixinsIsACopy)
{
    g_autoptr(FfarmProfile) profile = ffarm_profile_new("copy");
    set(profile, FFARM_SECTION_VIDEO, "-c:v copy");
    g_autoptr(FfarmProfile) mixed = ffarm_profile_with_mixins(profile, nullptr, 0);
    EXPECT_EQ(joined(mixed->sections[FFARM_SECTION_VIDEO]), "-c:v copy");
}

TEST(ProfileForEngine, MergesTheEnginesOptionsOverTheProfiles)
{
    g_autoptr(FfarmProfile) profile = ffarm_profile_new("hevc");
    set(profile, FFARM_SECTION_VIDEO, "-c:v libx265 -preset medium -g 240");
    set(profile, FFARM_SECTION_AUDIO, "-c:a copy");
    FfarmEngineOptions *cuda = ffarm_profile_add_engine(profile, "cuda");
    ffarm_options_clear(&cuda->sections[FFARM_SECTION_VIDEO]);
    cuda->sections[FFARM_SECTION_VIDEO] = options("-c:v hevc_nvenc -preset p5", true);
    g_autoptr(FfarmProfile) merged_profile = ffarm_profile_for_engine(profile, "cuda");
    EXPECT_EQ(joined(merged_profile->sections[FFARM_SECTION_VIDEO]), "-c:v hevc_nvenc -preset p5 -g 240");
    EXPECT_EQ(joined(merged_profile->sections[FFARM_SECTION_AUDIO]), "-c:a copy");
    EXPECT_EQ(merged_profile->engines->len, 0u);
    g_autoptr(FfarmProfile) other = ffarm_profile_for_engine(profile, "qsv");
    EXPECT_EQ(joined(other->sections[FFARM_SECTION_VIDEO]), "-c:v libx265 -preset medium -g 240");
    g_autoptr(FfarmProfile) none = ffarm_profile_for_engine(profile, nullptr);
    EXPECT_EQ(none->engines->len, 0u);
}

TEST(ProfileCopy, SharesNothing)
{
    g_autoptr(FfarmProfile) profile = ffarm_profile_new("hevc");
    set(profile, FFARM_SECTION_VIDEO, "-c:v libx265");
    profile->extension = g_strdup(".mkv");
    profile->queue = g_strdup("cuda");
    profile->quality = g_strdup("high");
    profile->threshold = 20;
    profile->audio.include_languages = g_strsplit("eng ger", " ", -1);
    profile->audio.default_language = g_strdup("eng");
    ffarm_profile_add_engine(profile, "qsv");
    FfarmProfile *copy = ffarm_profile_copy(profile);
    g_clear_pointer(&profile, ffarm_profile_free);
    EXPECT_EQ(joined(copy->sections[FFARM_SECTION_VIDEO]), "-c:v libx265");
    EXPECT_STREQ(copy->extension, ".mkv");
    EXPECT_STREQ(copy->queue, "cuda");
    EXPECT_STREQ(copy->quality, "high");
    EXPECT_EQ(copy->threshold, 20);
    EXPECT_STREQ(copy->audio.include_languages[1], "ger");
    EXPECT_NE(ffarm_profile_find_engine(copy, "qsv"), nullptr);
    ffarm_profile_free(copy);
}

TEST(ProfilePeekOption, FindsTheLastOneUnderAnyOfItsNames)
{
    g_autoptr(FfarmProfile) profile = ffarm_profile_new("hevc");
    set(profile, FFARM_SECTION_VIDEO, "-c:v libx264 -vcodec libx265 -an");
    EXPECT_STREQ(ffarm_profile_peek_option(profile, FFARM_SECTION_VIDEO, "-c:v"), "libx265");
    EXPECT_EQ(ffarm_profile_peek_option(profile, FFARM_SECTION_VIDEO, "-an"), nullptr);
    EXPECT_EQ(ffarm_profile_peek_option(profile, FFARM_SECTION_VIDEO, "-b:v"), nullptr);
    EXPECT_EQ(ffarm_profile_peek_option(profile, FFARM_SECTION_AUDIO, "-c:v"), nullptr);
}
