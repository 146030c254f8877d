// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <vector>
#include <gtest/gtest.h>
#include "command.h"
#include "container.h"
#include "media_maker.h"
#include "prober.h"
#include "profile_maker.h"
#include "scratch.h"

// What the real ffmpeg makes of the argv that streams.h and command.h decide on: sources of many kinds into mkv and
// mp4.
class StreamResults : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        folder = scratch_new();
        g_free(scratch_write(folder, "s.srt", "1\n00:00:00,100 --> 00:00:00,400\nHello\n", -1));
        g_free(scratch_write(folder, "c.txt",
                             ";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300\ntitle=One\n"
                             "[CHAPTER]\nTIMEBASE=1/1000\nSTART=300\nEND=600\ntitle=Two\n",
                             -1));
        g_free(scratch_write(folder, "f.ttf", "no real font", -1));
        Make("pic.jpg", "-f lavfi -i color=red:size=32x32 -frames:v 1");
        const std::string film = "-f lavfi -i testsrc2=size=64x64:rate=25:duration=0.6 ";
        const std::string sound = "-f lavfi -i sine=duration=0.6 ";
        const std::string x264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p ";
        Make("rich.mkv",
             film + sound + sound + "-i " + Path("s.srt") + " -i " + Path("c.txt") +
                 " -map 0 -map 1 -map 2 -map 3 -map 3 -map_metadata 4 -map_chapters 4 " + x264 +
                 "-c:a:0 ac3 -c:a:1 flac -c:s:0 srt -c:s:1 ass -metadata:s:a:0 language=fre -metadata:s:a:1 "
                 "language=eng -metadata:s:s:0 language=fre -metadata:s:s:1 language=eng -disposition:a:0 default "
                 "-disposition:a:1 0 -attach " +
                 Path("f.ttf") + " -metadata:s:t mimetype=application/x-truetype-font");
        Make("cover.mkv",
             film + sound + x264 + "-c:a aac -attach " + Path("pic.jpg") + " -metadata:s:t mimetype=image/jpeg");
        Make("pic.png", "-f lavfi -i color=blue:size=48x32 -frames:v 1");
        Make("fonts.mkv", film + x264 + "-attach " + Path("pic.jpg") + " -attach " + Path("f.ttf") + " -attach " +
                              Path("pic.png") +
                              " -metadata:s:t:0 mimetype=image/jpeg -metadata:s:t:1 "
                              "mimetype=application/x-truetype-font -metadata:s:t:2 mimetype=image/png");
        Make("cover.mp4", film + sound + "-i " + Path("pic.jpg") + " -map 2 -map 0 -map 1 " + x264 +
                              "-c:v:0 copy -c:a aac -disposition:v:0 attached_pic -disposition:v:1 default");
        Make("text.mp4", film + sound + "-i " + Path("s.srt") + " -i " + Path("c.txt") +
                             " -map 0 -map 1 -map 2 -map_metadata 3 " + x264 +
                             "-c:a aac -c:s mov_text -metadata:s:s:0 language=eng -timecode 00:00:00:00");
        Make("plain.avi", film + sound + "-c:v mpeg4 -c:a libmp3lame");
        Make("stream.ts", film + sound + x264 + "-c:a ac3");
        Make("truehd.mkv", "-f lavfi -i testsrc2=size=64x64:rate=25:duration=0.6 -f lavfi -i sine=duration=0.6 " +
                               x264 + "-c:a truehd -strict -2");
    }
    static void TearDownTestSuite()
    {
        scratch_free(folder);
    }
    static std::string Path(const std::string &name)
    {
        return std::string(folder) + "/" + name;
    }
    static void Make(const char *name, const std::string &words)
    {
        g_auto(GStrv) args = g_strsplit(words.c_str(), " ", -1);
        std::vector<const char *> kept;
        for (char **word = args; *word; word++)
            if (**word)
                kept.push_back(*word);
        kept.push_back(nullptr);
        g_free(media_make(folder, name, kept.data()));
    }
    void SetUp() override
    {
        profile = MakeProfile("p", "-c:v libx264 -preset ultrafast -vf scale=32:32 -c:a copy");
    }
    void TearDown() override
    {
        ffarm_profile_free(profile);
    }
    // Runs the command for SOURCE into a container and says what came out: "v:h264 a:aac/eng* s:subrip t:f.ttf c:2".
    std::string Run(const char *source, const char *extension)
    {
        g_autoptr(GError) error = nullptr;
        g_autoptr(FfarmMedia) media = ffarm_probe_file(Path(source).c_str(), 0, nullptr, &error);
        EXPECT_TRUE(ffarm_media_is_valid(media)) << source;
        const char *muxer = ffarm_container_muxer(extension);
        g_autoptr(FfarmStreamPlan) streams = ffarm_streams_choose(media, profile, muxer, TRUE);
        std::string input = Path(source), output = Path(".ffarm-x.tmp");
        FfarmCommandParams params = {"ffmpeg", input.c_str(), output.c_str(), profile, streams, muxer};
        g_auto(GStrv) argv = ffarm_command_build(&params);
        g_autofree char *said = nullptr, *errors = nullptr;
        int status = -1;
        g_spawn_sync(nullptr, argv, nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &said, &errors, &status, &error);
        g_autofree char *line = g_strjoinv(" ", argv);
        if (status != 0)
            return std::string(line) + "\n" + errors;
        EXPECT_NE(strstr(said, "progress=end"), nullptr);
        g_autoptr(FfarmMedia) result = ffarm_probe_file(output.c_str(), 0, nullptr, nullptr);
        ExpectAsPlanned(streams, result);
        return Describe(result);
    }
    // Every kept stream is there, under the number that the plan gave it.
    static void ExpectAsPlanned(const FfarmStreamPlan *streams, const FfarmMedia *result)
    {
        for (guint i = 0; i < streams->choices->len; i++) {
            auto *choice = static_cast<FfarmStreamChoice *>(g_ptr_array_index(streams->choices, i));
            if (choice->action == FFARM_STREAM_DROP)
                continue;
            const FfarmStream *stream =
                ffarm_media_peek_stream(result, choice->stream->type, (guint)choice->output_index);
            ASSERT_NE(stream, nullptr) << choice->stream->index;
            EXPECT_STREQ(ffarm_stream_language(stream), ffarm_stream_language(choice->stream));
            EXPECT_EQ(ffarm_stream_is_picture(stream), ffarm_stream_is_picture(choice->stream));
            EXPECT_STREQ(stream->codec, choice->codec ? choice->codec : stream->codec);
        }
        for (FfarmStreamType type :
             {FFARM_STREAM_VIDEO, FFARM_STREAM_AUDIO, FFARM_STREAM_SUBTITLE, FFARM_STREAM_ATTACHMENT})
            EXPECT_EQ(ffarm_media_count_streams(result, type), ffarm_stream_plan_count(streams, type));
    }
    static std::string Describe(const FfarmMedia *media)
    {
        std::string text;
        for (guint i = 0; i < media->streams->len; i++) {
            auto *stream = static_cast<FfarmStream *>(g_ptr_array_index(media->streams, i));
            if (stream->type == FFARM_STREAM_DATA)
                continue;
            text += text.empty() ? "" : " ";
            text += ffarm_stream_is_picture(stream) ? "p" : std::string(1, "vast"[stream->type]);
            text += std::string(":") + (stream->filename ? stream->filename : stream->codec);
            if (stream->language && strcmp(stream->language, "und") != 0)
                text += std::string("/") + stream->language;
            if (stream->type == FFARM_STREAM_AUDIO && stream->disposition & FFARM_DISPOSITION_DEFAULT)
                text += "*";
        }
        if (media->chapters->len)
            text += " c:" + std::to_string(media->chapters->len);
        return text + (media->title ? std::string(" ") + media->title : "");
    }
    static char *folder;
    FfarmProfile *profile = nullptr;
};

char *StreamResults::folder;

TEST_F(StreamResults, EverythingSurvivesInMatroska)
{
    EXPECT_EQ(Run("rich.mkv", ".mkv"), "v:h264 a:ac3/fre* a:flac/eng s:subrip/fre s:ass/eng t:f.ttf c:2 Film");
}

TEST_F(StreamResults, WhatMp4CanNotHoldIsConvertedOrLeftOut)
{
    EXPECT_EQ(Run("rich.mkv", ".mp4"), "v:h264 a:ac3/fre* a:aac/eng s:mov_text/fre s:mov_text/eng c:2 Film");
}

TEST_F(StreamResults, LanguagesAndTheDefaultFlag)
{
    profile->audio.include_languages = g_strsplit("eng", " ", -1);
    profile->audio.default_language = g_strdup("eng");
    profile->subtitle.exclude_languages = g_strsplit("eng", " ", -1);
    EXPECT_EQ(Run("rich.mkv", ".mkv"), "v:h264 a:flac/eng* s:subrip/fre t:f.ttf c:2 Film");
}

TEST_F(StreamResults, CoverArtBesideAFilterAndATag)
{
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-tag:v avc1 -r 25 -pix_fmt yuv420p -profile:v high");
    EXPECT_EQ(Run("cover.mp4", ".mp4"), "v:h264 a:aac* p:mjpeg");
    EXPECT_EQ(Run("cover.mkv", ".mp4"), "v:h264 a:aac* p:mjpeg");
}

TEST_F(StreamResults, CoverArtIntoMatroska)
{
    EXPECT_EQ(Run("cover.mp4", ".mkv"), "v:h264 a:aac* p:cover.jpg");
    EXPECT_EQ(Run("cover.mkv", ".mkv"), "v:h264 a:aac p:pic.jpg");
    EXPECT_EQ(Run("fonts.mkv", ".mkv"), "v:h264 t:f.ttf p:pic.jpg p:pic.png");
}

TEST_F(StreamResults, Mp4TextAndTimecodeIntoMatroskaAndBack)
{
    EXPECT_EQ(Run("text.mp4", ".mkv"), "v:h264 a:aac* s:subrip/eng c:2 Film");
    EXPECT_EQ(Run("text.mp4", ".mp4"), "v:h264 a:aac* s:mov_text/eng c:2 Film");
    EXPECT_EQ(Run("text.mp4", ".mov"), "v:h264 a:aac* s:mov_text/eng c:2 Film");
}

TEST_F(StreamResults, OldContainers)
{
    EXPECT_EQ(Run("plain.avi", ".mkv").substr(0, 12), "v:h264 a:mp3");
    EXPECT_EQ(Run("plain.avi", ".mp4").substr(0, 12), "v:h264 a:mp3");
    EXPECT_EQ(Run("stream.ts", ".mkv").substr(0, 12), "v:h264 a:ac3");
    EXPECT_EQ(Run("stream.ts", ".mp4").substr(0, 12), "v:h264 a:ac3");
    EXPECT_EQ(Run("stream.ts", ".ts").substr(0, 12), "v:h264 a:ac3");
}

TEST_F(StreamResults, LosslessSoundIntoMp4)
{
    EXPECT_EQ(Run("truehd.mkv", ".mp4"), "v:h264 a:aac*");
    EXPECT_EQ(Run("truehd.mkv", ".mkv").rfind("v:h264 a:truehd", 0), 0u);
}

TEST_F(StreamResults, SoundThatWebmCanNotHold)
{
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -c:a copy");
    EXPECT_EQ(Run("stream.ts", ".webm").substr(0, 12), "v:vp9 a:opus");
}

TEST_F(StreamResults, CopyOfEverything)
{
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], "-c copy");
    EXPECT_EQ(Run("rich.mkv", ".mkv"), "v:h264 a:ac3/fre* a:flac/eng s:subrip/fre s:ass/eng t:f.ttf c:2 Film");
    EXPECT_EQ(Run("rich.mkv", ".mp4"), "v:h264 a:ac3/fre* a:aac/eng s:mov_text/fre s:mov_text/eng c:2 Film");
    EXPECT_EQ(Run("cover.mp4", ".mp4"), "v:h264 a:aac* p:mjpeg");
}

TEST_F(StreamResults, NoOptionsAtAll)
{
    SetWords(&profile->sections[FFARM_SECTION_OUTPUT], "-preset ultrafast");
    EXPECT_EQ(Run("rich.mkv", ".mp4"), "v:h264 a:aac/fre* a:aac/eng s:mov_text/fre s:mov_text/eng c:2 Film");
}
