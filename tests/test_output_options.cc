// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "output_options.h"
#include "profile_maker.h"

struct EncoderCase {
    const char *options;
    FfarmStreamType type;
    guint nth;
    const char *encoder; // NULL: none is named
};

TEST(OutputOptions, EncoderOfAStream)
{
    const EncoderCase cases[] = {
        {"-c:v libx265", FFARM_STREAM_VIDEO, 0, "libx265"},
        {"-c:v libx265", FFARM_STREAM_AUDIO, 0, nullptr},
        {"-codec:v libx265", FFARM_STREAM_VIDEO, 3, "libx265"},
        {"-vcodec libx265 -acodec aac -scodec srt", FFARM_STREAM_AUDIO, 0, "aac"},
        {"-vcodec libx265 -acodec aac -scodec srt", FFARM_STREAM_SUBTITLE, 0, "srt"},
        {"-c copy", FFARM_STREAM_SUBTITLE, 1, "copy"},
        {"-codec copy", FFARM_STREAM_ATTACHMENT, 1, "copy"},
        {"-c copy -c:a aac", FFARM_STREAM_AUDIO, 0, "aac"},
        {"-c:a aac -c copy", FFARM_STREAM_AUDIO, 0, "copy"},
        {"-c:a copy -c:a:1 aac", FFARM_STREAM_AUDIO, 0, "copy"},
        {"-c:a copy -c:a:1 aac", FFARM_STREAM_AUDIO, 1, "aac"},
        {"-c:V libx264", FFARM_STREAM_VIDEO, 0, "libx264"},
        {"-c:a:m:language:eng aac", FFARM_STREAM_AUDIO, 0, nullptr},
        {"-c:1 aac", FFARM_STREAM_AUDIO, 1, nullptr},
        {"-crf 20 -cq 3", FFARM_STREAM_VIDEO, 0, nullptr},
        {"-c:v", FFARM_STREAM_VIDEO, 0, nullptr},
        {"", FFARM_STREAM_VIDEO, 0, nullptr},
    };
    for (const EncoderCase &one : cases) {
        g_autoptr(FfarmProfile) profile = MakeProfile("p", one.options);
        EXPECT_STREQ(ffarm_output_options_encoder(profile, one.type, one.nth), one.encoder) << one.options;
    }
}

TEST(OutputOptions, LaterSectionsWin)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-c:v one");
    SetWords(&profile->sections[FFARM_SECTION_INPUT], "-c:v decoder");
    EXPECT_STREQ(ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0), "one");
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-c:v two");
    EXPECT_STREQ(ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0), "two");
}

TEST(OutputOptions, InputOptionsAreNotAsked)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-x");
    SetWords(&profile->sections[FFARM_SECTION_INPUT], "-an");
    EXPECT_FALSE(ffarm_output_options_have(profile, "-an"));
    EXPECT_TRUE(ffarm_output_options_have(profile, "-x"));
}
