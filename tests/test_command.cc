// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <gtest/gtest.h>
#include "command.h"
#include "profile_maker.h"

class Command : public testing::Test
{
  protected:
    void SetUp() override
    {
        media = ffarm_media_new("/m/x.mkv");
        profile = MakeProfile("p", "-c:v libx265");
        streams = g_new0(FfarmStreamPlan, 1);
        streams->is_mapped = TRUE;
        streams->choices = g_ptr_array_new_with_free_func(g_free);
        streams->warnings = g_ptr_array_new();
        streams->arguments = g_strsplit("-map 0:0", " ", -1);
    }
    void TearDown() override
    {
        ffarm_stream_plan_free(streams);
        ffarm_profile_free(profile);
        ffarm_media_free(media);
    }
    void Keep(FfarmStream *stream, FfarmStreamAction action)
    {
        FfarmStreamChoice *choice = g_new0(FfarmStreamChoice, 1);
        choice->stream = stream;
        choice->action = action;
        g_ptr_array_add(streams->choices, choice);
    }
    // What comes between "-nostats" and "file:OUT".
    std::string Build(const char *muxer = "matroska")
    {
        FfarmCommandParams params = {"/usr/bin/ffmpeg", "/m/x.mkv", "/m/.ffarm-1.mkv.tmp", profile, streams, muxer};
        g_auto(GStrv) argv = ffarm_command_build(&params);
        g_autofree char *line = g_strjoinv(" ", argv);
        std::string text = line,
                    head = "/usr/bin/ffmpeg -nostdin -hide_banner -loglevel level+info -y -progress pipe:1 -nostats ",
                    tail = " file:/m/.ffarm-1.mkv.tmp";
        EXPECT_EQ(text.substr(0, head.size()), head);
        EXPECT_EQ(text.substr(text.size() - tail.size()), tail);
        return text.substr(head.size(), text.size() - head.size() - tail.size());
    }
    FfarmMedia *media = nullptr;
    FfarmProfile *profile = nullptr;
    FfarmStreamPlan *streams = nullptr;
};

TEST_F(Command, OrderOfSections)
{
    SetWords(&profile->sections[FFARM_SECTION_INPUT], "-hwaccel cuda");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-c:s copy");
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-crf 20");
    SetWords(&profile->sections[FFARM_SECTION_AUDIO], "-c:a aac");
    EXPECT_EQ(Build(), "-hwaccel cuda -i file:/m/x.mkv -c:v libx265 -c:a aac -crf 20 -c:s copy -map 0:0 -f matroska");
}

TEST_F(Command, MuxerOnlyWhereTheProfileHasNone)
{
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -map 0:0");
    SetWords(&profile->sections[FFARM_SECTION_SUBTITLE], "-f mp4");
    EXPECT_EQ(Build(), "-i file:/m/x.mkv -c:v libx265 -f mp4 -map 0:0");
}

TEST_F(Command, WordsAreNotTouched)
{
    g_strfreev(profile->sections[FFARM_SECTION_OUTPUT].words);
    const char *words[] = {"-metadata", "title=$(touch PWNED) 'x' \"y\" %PATH%", "", "-x265-params", "a=b:c=d",
                           nullptr};
    profile->sections[FFARM_SECTION_OUTPUT].words = g_strdupv((char **)words);
    FfarmCommandParams params = {"f f", "-dash:x", "/o", profile, streams, nullptr};
    g_auto(GStrv) argv = ffarm_command_build(&params);
    EXPECT_STREQ(argv[0], "f f");
    EXPECT_STREQ(argv[9], "-i");
    EXPECT_STREQ(argv[10], "file:-dash:x");
    for (guint i = 0; words[i]; i++)
        EXPECT_STREQ(argv[11 + i], words[i]);
}

TEST_F(Command, QualityIsTranslatedForTheEncoder)
{
    profile->quality = g_strdup("medium");
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -crf 22 -map 0:0");
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-c:v hevc_nvenc");
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -c:v hevc_nvenc -rc vbr -cq 27 -b:v 0 -map 0:0");
}

TEST_F(Command, QualityOfTheProfileItselfWins)
{
    profile->quality = g_strdup("medium");
    for (const char *own : {"-crf 18", "-b:v 4M", "-q:v 3", "-qp 20", "-cq:v 20", "-b 1M", "-global_quality:v:0 20"}) {
        SetWords(&profile->sections[FFARM_SECTION_VIDEO], own);
        EXPECT_EQ(Build(nullptr), std::string("-i file:/m/x.mkv -c:v libx265 ") + own + " -map 0:0");
    }
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-b:a 128k -q:a 2");
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -b:a 128k -q:a 2 -crf 22 -map 0:0");
}

TEST_F(Command, FiltersAndTagsDoNotHitCoverArt)
{
    SetWords(&profile->sections[FFARM_SECTION_VIDEO],
             "-vf scale=1:2 -tag:v hvc1 -pix_fmt yuv420p -c:v x -profile:V high");
    Keep(AddStream(media, FFARM_STREAM_VIDEO, "h264"), FFARM_STREAM_ENCODE);
    EXPECT_EQ(
        Build(nullptr),
        "-i file:/m/x.mkv -c:v libx265 -vf scale=1:2 -tag:v hvc1 -pix_fmt yuv420p -c:v x -profile:V high -map 0:0");
    Keep(AddStream(media, FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC), FFARM_STREAM_COPY);
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -filter:v:0 scale=1:2 -tag:v:0 hvc1 -pix_fmt yuv420p -c:v "
                              "x -profile:v:0 high -map 0:0");
    Keep(AddStream(media, FFARM_STREAM_VIDEO, "h264"), FFARM_STREAM_ENCODE);
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -filter:v:0 scale=1:2 -filter:v:1 scale=1:2 -tag:v:0 hvc1 "
                              "-tag:v:1 hvc1 -pix_fmt yuv420p -c:v x -profile:v:0 high -profile:v:1 high -map 0:0");
}

TEST_F(Command, DroppedCoverArtChangesNothing)
{
    SetWords(&profile->sections[FFARM_SECTION_VIDEO], "-vf scale=1:2");
    Keep(AddStream(media, FFARM_STREAM_VIDEO, "h264"), FFARM_STREAM_ENCODE);
    Keep(AddStream(media, FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC), FFARM_STREAM_DROP);
    EXPECT_EQ(Build(nullptr), "-i file:/m/x.mkv -c:v libx265 -vf scale=1:2 -map 0:0");
}
