// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "media.h"

TEST(MediaPeekVideo, PassesOverCoverArt)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("film.mkv");
    ffarm_media_add_stream(media, FFARM_STREAM_VIDEO)->disposition = FFARM_DISPOSITION_ATTACHED_PIC;
    FfarmStream *film = ffarm_media_add_stream(media, FFARM_STREAM_VIDEO);
    EXPECT_EQ(ffarm_media_peek_video(media), film);
    EXPECT_EQ(ffarm_media_count_streams(media, FFARM_STREAM_VIDEO), 2u);
}

TEST(MediaIsValid, OnlyWithoutProblems)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("film.mkv");
    EXPECT_TRUE(ffarm_media_is_valid(media));
    ffarm_media_add_problem(media, FFARM_PROBLEM_TRUNCATED, "ends at byte %d", 7);
    EXPECT_FALSE(ffarm_media_is_valid(media));
    EXPECT_TRUE(ffarm_media_has_problem(media, FFARM_PROBLEM_TRUNCATED));
    EXPECT_FALSE(ffarm_media_has_problem(media, FFARM_PROBLEM_EMPTY));
}

TEST(StreamLanguage, IsUndWhereThereIsNone)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("film.mkv");
    FfarmStream *stream = ffarm_media_add_stream(media, FFARM_STREAM_AUDIO);
    EXPECT_STREQ(ffarm_stream_language(stream), "und");
    stream->language = g_strdup("eng");
    EXPECT_STREQ(ffarm_stream_language(stream), "eng");
}
