// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "error.h"
#include "profile_maker.h"
#include "verify.h"

#include <string>
#include <vector>

namespace
{
// A film of 100 s with h264, two audio streams, two subtitles, a font and cover art, and a plan that keeps all of it;
// the result is what was promised until a test changes it.
class Verify : public testing::Test
{
  protected:
    void SetUp() override
    {
        source = Make("h264");
        result = Make("hevc");
        plan.choices = g_ptr_array_new_with_free_func(g_free);
        plan.is_mapped = TRUE;
        for (guint i = 0; i < source->streams->len; i++) {
            auto *choice = g_new0(FfarmStreamChoice, 1);
            choice->stream = Stream(source, i);
            g_ptr_array_add(plan.choices, choice);
        }
        for (guint i : {0u, 1u, 2u, 3u})
            Choice(i)->action = FFARM_STREAM_ENCODE;
        for (guint i : {4u, 5u, 6u}) {
            Choice(i)->action = FFARM_STREAM_COPY;
            Choice(i)->codec = Choice(i)->stream->codec;
        }
        promise.streams = &plan;
        promise.muxer = "matroska";
        source_ends = {100000000, 99900000, 100100000, 95000000, 96000000, 0, 0};
        result_ends = source_ends;
    }
    void TearDown() override
    {
        g_ptr_array_unref(plan.choices);
        ffarm_media_free(source);
        ffarm_media_free(result);
        g_clear_pointer(&source_packets, ffarm_packets_free);
        g_clear_pointer(&result_packets, ffarm_packets_free);
        g_clear_error(&error);
    }
    static FfarmMedia *Make(const char *vcodec)
    {
        FfarmMedia *media = ffarm_media_new("/media/film.mkv");
        media->duration_us = 100000000;
        AddStream(media, FFARM_STREAM_VIDEO, vcodec)->fps = 25;
        AddStream(media, FFARM_STREAM_AUDIO, "aac", "eng");
        AddStream(media, FFARM_STREAM_AUDIO, "ac3", "ger");
        AddStream(media, FFARM_STREAM_SUBTITLE, "subrip", "eng");
        AddStream(media, FFARM_STREAM_SUBTITLE, "hdmv_pgs_subtitle", "ger");
        AddStream(media, FFARM_STREAM_ATTACHMENT, "ttf")->filename = g_strdup("font.ttf");
        AddStream(media, FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC);
        ffarm_media_add_chapter(media, 0, 50000000, "one");
        ffarm_media_add_chapter(media, 50000000, 100000000, "two");
        return media;
    }
    static FfarmStream *Stream(FfarmMedia *media, guint index)
    {
        return static_cast<FfarmStream *>(g_ptr_array_index(media->streams, index));
    }
    FfarmStreamChoice *Choice(guint index)
    {
        return static_cast<FfarmStreamChoice *>(g_ptr_array_index(plan.choices, index));
    }
    void Drop(guint index)
    {
        Choice(index)->action = FFARM_STREAM_DROP;
    }
    // Takes a stream out of the result.
    void Lose(guint index)
    {
        g_ptr_array_remove_index(result->streams, index);
        result_ends.erase(result_ends.begin() + index);
        for (guint i = 0; i < result->streams->len; i++)
            Stream(result, i)->index = static_cast<int>(i);
    }
    bool Judge()
    {
        g_clear_error(&error);
        FfarmMeasured before = {source, source_ends.data(), source_packets};
        FfarmMeasured after = {result, result_ends.data(), result_packets};
        bool ok = ffarm_verify_judge(&before, &after, &promise, &error) != 0;
        EXPECT_EQ(ok, error == nullptr);
        if (!ok) {
            EXPECT_TRUE(g_error_matches(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH));
        }
        return ok;
    }
    // 2500 frames and 4000 packets of each sound.
    static FfarmPackets *Count(const FfarmMedia *media)
    {
        auto *packets = g_new0(FfarmPackets, 1);
        packets->streams = g_array_new(FALSE, TRUE, sizeof(FfarmPacketsStream));
        packets->reached_end = TRUE;
        g_array_set_size(packets->streams, media->streams->len);
        for (guint i = 0; i < media->streams->len; i++) {
            auto *stream = &g_array_index(packets->streams, FfarmPacketsStream, i);
            stream->packets = i == 0 ? 2500 : 4000;
            stream->bytes = stream->packets * 1000;
        }
        return packets;
    }
    void Count()
    {
        source_packets = Count(source);
        result_packets = Count(result);
        Stream(source, 0)->field_order = g_strdup("progressive");
    }
    void Shorten(guint index, gint64 packets, gint64 bytes)
    {
        auto *stream = &g_array_index(result_packets->streams, FfarmPacketsStream, index);
        stream->packets = packets;
        stream->bytes = bytes;
    }
    void ExpectRefused(const std::string &text)
    {
        EXPECT_FALSE(Judge());
        EXPECT_EQ(error ? std::string(error->message) : "accepted", "/media/film.mkv: " + text);
    }
    void ExpectAccepted()
    {
        EXPECT_TRUE(Judge()) << error->message;
    }

    FfarmMedia *source = nullptr, *result = nullptr;
    FfarmStreamPlan plan = {};
    FfarmPromise promise = {};
    std::vector<gint64> source_ends, result_ends;
    FfarmPackets *source_packets = nullptr, *result_packets = nullptr; // owned; not counted until a test does
    GError *error = nullptr;
};

FfarmVerifyFlags FlagsOf(const char *output, const char *input = nullptr)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", output);
    if (input)
        SetWords(&profile->sections[FFARM_SECTION_INPUT], input);
    return ffarm_verify_flags(profile);
}
} // namespace

TEST_F(Verify, AcceptsWhatWasPlanned)
{
    ExpectAccepted();
}

TEST_F(Verify, RefusesAResultWithAProblem)
{
    ffarm_media_add_problem(result, FFARM_PROBLEM_TRUNCATED, "it ends after %d bytes", 9);
    ExpectRefused("the result is unusable: it ends after 9 bytes");
}

TEST_F(Verify, RefusesAResultWithoutVideo)
{
    Lose(0);
    ExpectRefused("the result has no video");
}

TEST_F(Verify, RefusesALossOfAnyKindOfStream)
{
    const struct {
        guint index;
        const char *text;
    } cases[] = {{1, "the result has 1 audio stream, 2 were planned"},
                 {3, "the result has 1 subtitle stream, 2 were planned"},
                 {5, "the result has 0 attachment streams, 1 was planned"},
                 {6, "the result has 0 cover art streams, 1 was planned"}};
    for (const auto &item : cases) {
        TearDown();
        SetUp();
        Lose(item.index);
        ExpectRefused(item.text);
        Drop(item.index);
        ExpectAccepted();
    }
}

TEST_F(Verify, RefusesAStreamTooMuchUnlessItIsData)
{
    AddStream(result, FFARM_STREAM_DATA, "bin_data");
    result_ends.push_back(0);
    ExpectAccepted();
    AddStream(result, FFARM_STREAM_AUDIO, "aac");
    result_ends.push_back(100000000);
    ExpectRefused("the result has 3 audio streams, 2 were planned");
}

TEST_F(Verify, MatchesKindsWhereverTheContainerPutsThem)
{
    // Cover art first, the font last but one.
    FfarmStream *art = static_cast<FfarmStream *>(g_ptr_array_steal_index(result->streams, 6));
    g_ptr_array_insert(result->streams, 0, art);
    for (guint i = 0; i < result->streams->len; i++)
        Stream(result, i)->index = static_cast<int>(i);
    result_ends = {0, 100000000, 99900000, 100100000, 95000000, 96000000, 0};
    ExpectAccepted();
}

TEST_F(Verify, RefusesAnotherCodecWhereItWasCopiedOrConverted)
{
    g_free(Stream(result, 4)->codec);
    Stream(result, 4)->codec = g_strdup("dvd_subtitle");
    ExpectRefused("subtitle stream 1 of the result is dvd_subtitle, hdmv_pgs_subtitle was planned");
    Choice(4)->action = FFARM_STREAM_CONVERT;
    Choice(4)->codec = "subrip";
    ExpectRefused("subtitle stream 1 of the result is dvd_subtitle, subrip was planned");
    g_free(Stream(result, 4)->codec);
    Stream(result, 4)->codec = nullptr;
    ExpectRefused("subtitle stream 1 of the result is of no known codec, subrip was planned");
    Stream(result, 4)->codec = g_strdup("subrip");
    ExpectAccepted();
    Choice(4)->codec = "mov_text";
    ExpectRefused("subtitle stream 1 of the result is subrip, mov_text was planned");
}

TEST_F(Verify, RefusesSwappedLanguages)
{
    std::swap(Stream(result, 1)->language, Stream(result, 2)->language);
    ExpectRefused("audio stream 0 of the result is in language ger, the source's is eng");
    promise.flags = FFARM_VERIFY_NO_LANGUAGE;
    ExpectAccepted();
}

TEST_F(Verify, KnowsWhichContainersHoldALanguage)
{
    const auto lose = [&](guint index, const char *before) {
        g_free(Stream(source, index)->language);
        Stream(source, index)->language = g_strdup(before);
        g_clear_pointer(&Stream(result, index)->language, g_free);
    };
    lose(2, "ger");
    ExpectRefused("audio stream 1 of the result is in language und, the source's is ger");
    promise.muxer = "mp4";
    EXPECT_FALSE(Judge());
    lose(2, "pt-BR");
    ExpectAccepted();
    promise.muxer = "matroska";
    EXPECT_FALSE(Judge());
    promise.muxer = "avi";
    ExpectAccepted();
    promise.muxer = nullptr;
    ExpectAccepted();
}

TEST_F(Verify, TakesTwoSpellingsOfALanguageForOne)
{
    g_free(Stream(result, 2)->language);
    Stream(result, 2)->language = g_strdup("deu");
    ExpectAccepted();
    g_clear_pointer(&Stream(source, 1)->language, g_free);
    ExpectAccepted();
}

TEST_F(Verify, RefusesAnAttachmentOfAnotherName)
{
    g_free(Stream(result, 5)->filename);
    Stream(result, 5)->filename = g_strdup("other.ttf");
    ExpectRefused("attachment 0 of the result is named other.ttf, the source's font.ttf");
}

TEST_F(Verify, RefusesAnEndTooFarOff)
{
    result_ends[0] = 99500001;
    ExpectAccepted();
    result_ends[0] = 99499999;
    ExpectRefused("video stream 0 of the result ends at 99.50 s, the source's at 100.00 s");
    result_ends[0] = 100500001;
    ExpectRefused("video stream 0 of the result ends at 100.50 s, the source's at 100.00 s");
    promise.flags = FFARM_VERIFY_NO_LENGTH;
    ExpectAccepted();
}

TEST_F(Verify, RefusesAudioThatEndsEarly)
{
    result_ends[2] = 60000000;
    ExpectRefused("audio stream 1 of the result ends at 60.00 s, the source's at 100.10 s");
}

TEST_F(Verify, AllowsAtMostTwoSecondsHoweverLongTheFilm)
{
    for (gint64 hours : {1, 2, 3}) {
        gint64 end_us = hours * 3600 * G_USEC_PER_SEC;
        source_ends = {end_us, end_us, end_us, end_us, end_us, 0, 0};
        result_ends = source_ends;
        result_ends[0] = end_us - 2 * G_USEC_PER_SEC;
        ExpectAccepted();
        result_ends[0]--;
        EXPECT_FALSE(Judge());
    }
}

TEST_F(Verify, AllowsTwoFramesOfASlowFilm)
{
    Stream(source, 0)->fps = 0.5;
    result_ends[0] = 96000000;
    ExpectAccepted();
    result_ends[0] = 95999999;
    EXPECT_FALSE(Judge());
}

TEST_F(Verify, RefusesStreamsThatLostAllTheyHad)
{
    result_ends[0] = 0;
    ExpectRefused("video stream 0 of the result is empty");
    result_ends = source_ends;
    result_ends[3] = 0;
    ExpectRefused("subtitle stream 0 of the result is empty");
    result_ends = source_ends;
    result_ends[3] = 20000000; // the last line of a subtitle may be shown in another way
    ExpectAccepted();
    source_ends[3] = result_ends[3] = 0;
    ExpectAccepted();
}

TEST_F(Verify, FallsBackOnTheContainerForPacketsWithoutTimes)
{
    source_ends[0] = 0;
    ExpectAccepted();
    result_ends[0] = 40000000;
    EXPECT_FALSE(Judge());
    source->duration_us = 0;
    ExpectAccepted();
}

TEST_F(Verify, RefusesAHoleInTheMiddle)
{
    Count();
    ExpectAccepted();
    Shorten(0, 2475, 1000);
    ExpectAccepted();
    Shorten(0, 2474, 1000);
    ExpectRefused("video stream 0 of the result has 2474 frames, the source 2500; add -fps_mode to the profile if that "
                  "is meant");
    promise.flags = FFARM_VERIFY_NO_FRAMES;
    ExpectAccepted();
}

TEST_F(Verify, CountsLooselyWherePacketsAreNotFrames)
{
    Count();
    Stream(source, 0)->is_interlaced = TRUE;
    Shorten(0, 1250, 1000);
    ExpectAccepted();
    Shorten(0, 1000, 1000);
    EXPECT_FALSE(Judge());
}

TEST_F(Verify, RefusesACopyThatLostPackets)
{
    Count();
    Choice(1)->codec = "aac";
    Shorten(1, 3980, 3900000);
    ExpectAccepted();
    Shorten(1, 3979, 3900000);
    ExpectRefused("audio stream 0 was copied, but the result has 3979 packets of it, the source 4000");
    Shorten(1, 100, 4000000); // cut into other packets
    ExpectAccepted();
    Shorten(1, 4000, 3000000); // without the frame headers of its old container
    ExpectAccepted();
}

TEST_F(Verify, RefusesDamageThatTheSourceDoesNotHave)
{
    Count();
    result_packets->complaints = 1;
    result_packets->first_complaint = g_strdup("resynchronised");
    ExpectRefused("the result is damaged: resynchronised");
    source_packets->complaints = 1;
    ExpectAccepted();
    g_array_index(result_packets->streams, FfarmPacketsStream, 2).corrupt = 3;
    ExpectRefused("the result has 3 damaged packets");
}

TEST_F(Verify, WantsSoundAsLongAsThePictureWhateverTheLength)
{
    promise.flags = FFARM_VERIFY_NO_LENGTH;
    result_ends[0] = result_ends[1] = result_ends[2] = 60000000;
    ExpectAccepted();
    result_ends[2] = 3000000;
    ExpectRefused("audio stream 1 of the result ends at 3.00 s, its video at 60.00 s");
    source_ends[2] = 50000000;
    ExpectAccepted();
    source_ends[2] = 100000000;
    promise.flags = static_cast<FfarmVerifyFlags>(FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC);
    ExpectAccepted();
    result_ends[0] = 0;
    ExpectRefused("video stream 0 of the result is empty");
}

TEST_F(Verify, WantsAllSoundOfAnUnmappedResultAsLongAsItsPicture)
{
    plan.is_mapped = FALSE;
    result_ends[2] = 60000000;
    ExpectRefused("audio stream 1 of the result ends at 60.00 s, its video at 100.00 s");
    source_ends[1] = 60000000;
    ExpectAccepted();
}

TEST_F(Verify, RefusesALossOfChapters)
{
    g_ptr_array_set_size(result->chapters, 1);
    ExpectRefused("the result has 1 chapters, the source 2");
    for (FfarmVerifyFlags flags : {FFARM_VERIFY_NO_CHAPTERS, FFARM_VERIFY_NO_LENGTH}) {
        promise.flags = flags;
        ExpectAccepted();
    }
    promise.flags = FFARM_VERIFY_ALL;
    promise.muxer = "avi";
    ExpectAccepted();
    promise.muxer = nullptr;
    ExpectAccepted();
}

TEST_F(Verify, LeavesOutWhatTheProfileDrops)
{
    Lose(2);
    Lose(1);
    promise.flags = FFARM_VERIFY_NO_AUDIO;
    ExpectAccepted();
    Lose(2);
    Lose(1);
    EXPECT_FALSE(Judge());
    promise.flags = static_cast<FfarmVerifyFlags>(FFARM_VERIFY_NO_AUDIO | FFARM_VERIFY_NO_SUBTITLES);
    ExpectAccepted();
}

TEST_F(Verify, DoesWithoutVideoOnlyWhereTheProfileDropsIt)
{
    Lose(6);
    Lose(0);
    ffarm_media_add_problem(result, FFARM_PROBLEM_NO_VIDEO, "there is no video");
    ExpectRefused("the result is unusable: there is no video");
    promise.flags = FFARM_VERIFY_NO_VIDEO;
    ExpectAccepted();
    plan.is_mapped = FALSE;
    ExpectAccepted();
    ffarm_media_add_problem(result, FFARM_PROBLEM_TRUNCATED, "it is cut off");
    ExpectRefused("the result is unusable: it is cut off");
}

TEST_F(Verify, AsksAnUnmappedResultForPictureLengthAndSound)
{
    plan.is_mapped = FALSE;
    Lose(6);
    Lose(5);
    Lose(4);
    Lose(3);
    Lose(2);
    ExpectAccepted();
    result_ends[0] = 50000000;
    EXPECT_FALSE(Judge());
    result_ends[0] = 100000000;
    Lose(1);
    ExpectRefused("the result has no sound; add -an to the profile if that is meant");
    promise.flags = FFARM_VERIFY_NO_AUDIO;
    ExpectAccepted();
}

TEST(VerifyFlags, FollowTheProfilesOptions)
{
    EXPECT_EQ(FlagsOf("-c:v libx265 -crf 20 -c:a copy -threads 4"), FFARM_VERIFY_ALL);
    for (const char *options :
         {"-ss 10", "-t 60", "-to 60", "-sseof -5", "-shortest", "-frames:v 100", "-vframes 9", "-fs 1M"})
        EXPECT_EQ(FlagsOf(options), FFARM_VERIFY_NO_LENGTH) << options;
    for (const char *options : {"-vf setpts=0.5*PTS", "-filter:v scale=2:2,trim=0:10", "-filter_complex [0:v]loop=1"})
        EXPECT_EQ(FlagsOf(options), FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC) << options;
    for (const char *options : {"-r 25", "-fps_mode cfr", "-vf scale=-2:720,fps=25", "-vf yadif"})
        EXPECT_EQ(FlagsOf(options), FFARM_VERIFY_NO_FRAMES) << options;
    for (const char *options : {"-vf subtitles=/films/loop/trim.srt", "-vf lut3d=concat.cube,unloop=1"})
        EXPECT_EQ(FlagsOf(options), FFARM_VERIFY_ALL) << options;
    EXPECT_EQ(FlagsOf("-map_chapters -1"), FFARM_VERIFY_NO_CHAPTERS);
    EXPECT_EQ(FlagsOf("-metadata:s:a:0 language=eng"), FFARM_VERIFY_NO_LANGUAGE);
    EXPECT_EQ(FlagsOf("-an -sn"), FFARM_VERIFY_NO_AUDIO | FFARM_VERIFY_NO_SUBTITLES);
    EXPECT_EQ(FlagsOf("-tune film -tag:v hvc1 -vf scale=-2:720"), FFARM_VERIFY_ALL);
    EXPECT_EQ(FlagsOf("-c copy", "-r 25"), FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC | FFARM_VERIFY_NO_FRAMES);
    EXPECT_EQ(FlagsOf("-vn"), FFARM_VERIFY_NO_VIDEO);
}
