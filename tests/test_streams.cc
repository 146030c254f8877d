// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <gtest/gtest.h>
#include "profile_maker.h"
#include "streams.h"

class Streams : public testing::Test
{
  protected:
    void SetUp() override
    {
        media = ffarm_media_new("/m/x.mkv");
        profile = MakeProfile("p", "-c:v libx265 -c:a copy");
    }
    void TearDown() override
    {
        ffarm_stream_plan_free(plan);
        ffarm_profile_free(profile);
        ffarm_media_free(media);
    }
    std::string Choose(const char *muxer = "matroska", gboolean automap = TRUE)
    {
        ffarm_stream_plan_free(plan);
        plan = ffarm_streams_choose(media, profile, muxer, automap);
        g_autofree char *joined = g_strjoinv(" ", plan->arguments);
        return joined;
    }
    std::string Warnings()
    {
        std::string all;
        for (guint i = 0; i < plan->warnings->len; i++)
            all += std::string(i ? "\n" : "") + static_cast<char *>(g_ptr_array_index(plan->warnings, i));
        return all;
    }
    const FfarmStreamChoice *Nth(guint i)
    {
        return static_cast<const FfarmStreamChoice *>(g_ptr_array_index(plan->choices, i));
    }
    FfarmStream *Add(FfarmStreamType type, const char *codec, const char *language = nullptr, guint disposition = 0)
    {
        return AddStream(media, type, codec, language, disposition);
    }
    void AddFilm()
    {
        Add(FFARM_STREAM_VIDEO, "h264", nullptr, FFARM_DISPOSITION_DEFAULT);
    }
    static char **Languages(const char *words)
    {
        return g_strsplit(words, " ", -1);
    }
    FfarmMedia *media = nullptr;
    FfarmProfile *profile = nullptr;
    FfarmStreamPlan *plan = nullptr;
};

TEST_F(Streams, EverythingIsMappedByIndex)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_AUDIO, "ac3", "ger");
    Add(FFARM_STREAM_SUBTITLE, "subrip", "eng");
    FfarmStream *font = Add(FFARM_STREAM_ATTACHMENT, "ttf");
    font->filename = g_strdup("a.ttf");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2 -map 0:3 -map 0:4 -c:s:0 copy -c:t:0 copy");
    EXPECT_TRUE(plan->is_mapped);
    EXPECT_EQ(Warnings(), "");
    EXPECT_EQ(Nth(0)->action, FFARM_STREAM_ENCODE);
    EXPECT_EQ(Nth(2)->output_index, 1);
    EXPECT_EQ(Nth(0)->codec, nullptr);
    EXPECT_STREQ(Nth(2)->codec, "ac3");
    EXPECT_EQ(ffarm_stream_plan_count(plan, FFARM_STREAM_AUDIO), 2u);
    EXPECT_EQ(ffarm_stream_plan_count(plan, FFARM_STREAM_ATTACHMENT), 1u);
}

TEST_F(Streams, OneAudioAndNoFilterIsMappedToo)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1");
}

TEST_F(Streams, AutomapOffOrAnOwnMapMeansNone)
{
    AddFilm();
    EXPECT_EQ(Choose("matroska", FALSE), "");
    EXPECT_FALSE(plan->is_mapped);
    EXPECT_EQ(ffarm_stream_plan_count(plan, FFARM_STREAM_VIDEO), 0u);
    profile->automap = FFARM_TRISTATE_YES;
    EXPECT_EQ(Choose("matroska", FALSE), "-map 0:0");
    profile->automap = FFARM_TRISTATE_NO;
    EXPECT_EQ(Choose("matroska", TRUE), "");
    profile->automap = FFARM_TRISTATE_YES;
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-map 0:v");
    EXPECT_EQ(Choose(), "");
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-map_metadata 0");
    EXPECT_EQ(Choose(), "-map 0:0");
}

TEST_F(Streams, AFilterGraphChoosesForItself)
{
    AddFilm();
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-filter_complex [0:v]scale=1:1");
    EXPECT_EQ(Choose(), "");
    EXPECT_FALSE(plan->is_mapped);
    EXPECT_NE(Warnings().find("-filter_complex without -map"), std::string::npos);
}

TEST_F(Streams, IncludeWinsOverExclude)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_AUDIO, "aac", "de");
    Add(FFARM_STREAM_AUDIO, "aac", "fre");
    profile->audio.include_languages = Languages("ger eng");
    profile->audio.exclude_languages = Languages("eng");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2");
    EXPECT_EQ(Nth(3)->action, FFARM_STREAM_DROP);
    EXPECT_EQ(Nth(3)->output_index, -1);
    EXPECT_STREQ(Nth(3)->reason, "the profile does not want language 'fre'");
    EXPECT_EQ(Warnings(), "");
}

TEST_F(Streams, ExcludeCountsNoLanguageAsUnd)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", nullptr);
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_AUDIO, "aac", "und");
    profile->audio.exclude_languages = Languages("und");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:2");
    g_clear_pointer(&profile->audio.exclude_languages, g_strfreev);
    profile->audio.include_languages = Languages("und");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:3");
}

TEST_F(Streams, AFilmNeverBecomesSilent)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_AUDIO, "aac", "fre");
    Add(FFARM_STREAM_SUBTITLE, "subrip", "eng");
    profile->audio.include_languages = Languages("jpn");
    profile->subtitle.include_languages = Languages("jpn");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2");
    EXPECT_EQ(Warnings(), "no audio stream has a language that the profile wants: all are kept");
}

TEST_F(Streams, TheDefaultFlagOfADroppedStreamIsHandedOn)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "fre", FFARM_DISPOSITION_DEFAULT);
    Add(FFARM_STREAM_AUDIO, "aac", "ger");
    Add(FFARM_STREAM_AUDIO, "aac", "eng", FFARM_DISPOSITION_COMMENT);
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_SUBTITLE, "subrip", "fre", FFARM_DISPOSITION_DEFAULT);
    Add(FFARM_STREAM_SUBTITLE, "subrip", "eng");
    profile->audio.exclude_languages = Languages("fre");
    profile->subtitle.exclude_languages = Languages("fre");
    profile->audio.default_language = g_strdup("en");
    profile->subtitle.default_language = g_strdup("eng");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:2 -map 0:3 -map 0:4 -map 0:6 -c:s:0 copy -disposition:a:1 default+comment "
                        "-disposition:s:0 default");
    EXPECT_TRUE(Nth(3)->make_default);
    EXPECT_FALSE(Nth(4)->make_default);
}

TEST_F(Streams, NoFlagIsHandedOnWithoutNeed)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "fre");
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    profile->audio.default_language = g_strdup("eng");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2");
    profile->audio.exclude_languages = Languages("fre");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:2");
}

TEST_F(Streams, SubtitlesThatMp4CanNotHold)
{
    AddFilm();
    Add(FFARM_STREAM_SUBTITLE, "subrip", "eng");
    Add(FFARM_STREAM_SUBTITLE, "hdmv_pgs_subtitle", "ger");
    Add(FFARM_STREAM_SUBTITLE, "ass", "fre");
    Add(FFARM_STREAM_SUBTITLE, "mov_text", "ita");
    Add(FFARM_STREAM_SUBTITLE, "hdmv_text_subtitle", "ita");
    for (const char *own : {"-c:s copy", "-sn0"}) { // with and without a wish of the profile's
        SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], own);
        std::string line = Choose("mp4");
        const char *copied = strcmp(own, "-c:s copy") == 0 ? "" : " -c:s:2 copy";
        EXPECT_EQ(line, std::string("-map 0:0 -map 0:1 -map 0:3 -map 0:4 -c:s:0 mov_text -c:s:1 mov_text") + copied);
        EXPECT_EQ(Warnings(), "subtitle 0:1 (subrip, eng) becomes mov_text: mp4 can't hold subrip\n"
                              "subtitle 0:2 (hdmv_pgs_subtitle, ger) is left out: mp4 can't hold hdmv_pgs_subtitle\n"
                              "subtitle 0:3 (ass, fre) becomes mov_text: mp4 can't hold ass\n"
                              "subtitle 0:5 (hdmv_text_subtitle, ita) is left out: mp4 can't hold hdmv_text_subtitle");
    }
    EXPECT_EQ(Nth(1)->action, FFARM_STREAM_CONVERT);
    EXPECT_STREQ(Nth(1)->encoder, "mov_text");
    EXPECT_STREQ(Nth(1)->codec, "mov_text");
    EXPECT_EQ(Nth(3)->output_index, 1);
}

TEST_F(Streams, MovTextBecomesSrtInMatroska)
{
    AddFilm();
    Add(FFARM_STREAM_SUBTITLE, "mov_text", "eng");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -c:s:0 srt");
}

TEST_F(Streams, TheProfilesSubtitleEncoderIsUsedWhereItCan)
{
    AddFilm();
    Add(FFARM_STREAM_SUBTITLE, "subrip", "eng");
    Add(FFARM_STREAM_SUBTITLE, "hdmv_pgs_subtitle", "eng");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-c:s ass");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2 -c:s:1 copy");
    EXPECT_EQ(Warnings(), "subtitle 0:2 (hdmv_pgs_subtitle, eng) is copied: it can't become ass");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-c:s mov_text"); // which Matroska can't hold
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2 -c:s:0 copy -c:s:1 copy");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-c:s dvdsub");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2 -c:s:0 copy");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-c:s mov_text");
    EXPECT_EQ(Choose("mp4"), "-map 0:0 -map 0:1");
}

TEST_F(Streams, AudioThatCanNotBeCopiedIsEncoded)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_AUDIO, "truehd", "eng");
    EXPECT_EQ(Choose("mp4"), "-map 0:0 -map 0:1 -map 0:2 -c:a:1 aac");
    EXPECT_EQ(Warnings(), "audio 0:2 (truehd, eng) becomes aac: mp4 can't hold truehd");
    EXPECT_EQ(Choose("webm"), "-map 0:0 -map 0:1 -map 0:2 -c:a:0 libopus -c:a:1 libopus");
    EXPECT_STREQ(Nth(2)->codec, "opus");
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-c:a ac3");
    EXPECT_EQ(Choose("mp4"), "-map 0:0 -map 0:1 -map 0:2");
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-c:a:0 ac3"); // the second is still copied
    EXPECT_EQ(Choose("mp4"), "-map 0:0 -map 0:1 -map 0:2 -c:a:1 aac");
}

TEST_F(Streams, AudioOfUnknownCodecIsLeftOutAloud)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, nullptr, "eng");
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:2");
    EXPECT_EQ(Warnings(), "audio 0:1 (unknown codec, eng) is left out: its codec is not known");
}

TEST_F(Streams, AFilmThatCanNotBeCopiedIsSaidSo)
{
    Add(FFARM_STREAM_VIDEO, "vc1");
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], "-c copy");
    EXPECT_EQ(Choose("flv"), "");
    EXPECT_TRUE(plan->is_mapped);
    EXPECT_EQ(Warnings(), "video 0:0 (vc1, und) is left out: flv can't hold vc1");
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], "-c copy -vcodec libx264");
    EXPECT_EQ(Choose("flv"), "-map 0:0");
}

TEST_F(Streams, CoverArtIsCopiedAndComesLast)
{
    Add(FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC);
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac");
    EXPECT_EQ(Choose("mp4"), "-map 0:1 -map 0:2 -map 0:0 -c:v:1 copy");
    EXPECT_EQ(Nth(0)->action, FFARM_STREAM_COPY);
    EXPECT_EQ(Nth(0)->output_index, 1);
    EXPECT_EQ(Nth(1)->output_index, 0);
    EXPECT_EQ(ffarm_stream_plan_count(plan, FFARM_STREAM_VIDEO), 2u);
}

TEST_F(Streams, CoverArtIsLeftOutAloudWhereItWouldBecomeAFilm)
{
    AddFilm();
    Add(FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC);
    EXPECT_EQ(Choose("matroska"), "-map 0:0");
    EXPECT_EQ(Warnings(), "cover art 0:1 (mjpeg, und) is left out: matroska can't hold it");
}

TEST_F(Streams, SecondFilmsAreKept)
{
    AddFilm();
    Add(FFARM_STREAM_VIDEO, "hevc");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1");
}

TEST_F(Streams, AttachmentsGoWhereTheyCan)
{
    AddFilm();
    FfarmStream *font = Add(FFARM_STREAM_ATTACHMENT, "ttf");
    EXPECT_EQ(Choose("mp4"), "-map 0:0");
    EXPECT_EQ(Warnings(), "attachment 0:1 (ttf, und) is left out: mp4 can't hold attachments");
    EXPECT_EQ(Choose(), "-map 0:0"); // no name: ffmpeg would give up
    font->filename = g_strdup("a.ttf");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -c:t:0 copy");
    FfarmStream *other = Add(FFARM_STREAM_ATTACHMENT, nullptr);
    other->filename = g_strdup("notes");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -c:t:0 copy");
    other->mimetype = g_strdup("text/plain");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1 -map 0:2 -c:t:0 copy -c:t:1 copy");
}

TEST_F(Streams, DataIsDroppedWithoutAWord)
{
    AddFilm();
    Add(FFARM_STREAM_DATA, nullptr);
    FfarmStream *chapters = Add(FFARM_STREAM_DATA, "bin_data");
    chapters->codec_tag = g_strdup("text");
    EXPECT_EQ(Choose("mp4"), "-map 0:0");
    EXPECT_EQ(Choose("matroska"), "-map 0:0");
    EXPECT_EQ(Choose(nullptr), "-map 0:0");
    EXPECT_EQ(Warnings(), "");
    EXPECT_STREQ(Nth(2)->reason, "it holds the chapters, which are kept");
}

TEST_F(Streams, WhatTheProfileSwitchesOffStaysOff)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "aac", "eng");
    Add(FFARM_STREAM_SUBTITLE, "subrip", "eng");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-sn");
    EXPECT_EQ(Choose(), "-map 0:0 -map 0:1");
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-an");
    EXPECT_EQ(Choose(), "-map 0:0");
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-vn");
    EXPECT_EQ(Choose(), "");
    EXPECT_EQ(Warnings(), "");
}

TEST_F(Streams, AnUnknownContainerHoldsEverything)
{
    AddFilm();
    Add(FFARM_STREAM_AUDIO, "truehd");
    Add(FFARM_STREAM_SUBTITLE, "hdmv_pgs_subtitle");
    Add(FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC);
    EXPECT_EQ(Choose(nullptr), "-map 0:0 -map 0:1 -map 0:2 -map 0:3 -c:s:0 copy -c:v:1 copy");
}

TEST_F(Streams, NothingAtAllIsNoCrash)
{
    EXPECT_EQ(Choose(), "");
    EXPECT_TRUE(plan->is_mapped);
    ffarm_stream_plan_free(nullptr);
}
