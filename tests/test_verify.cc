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
        FfarmMeasured before = {source, source_ends.data(), source_packets, source_decoded};
        FfarmMeasured after = {result, result_ends.data(), result_packets, result_decoded};
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
        FfarmPackets *packets = ffarm_packets_new();
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
    FfarmDecoded *source_decoded = nullptr, *result_decoded = nullptr; // borrowed from a test
    GError *error = nullptr;
};

FfarmVerifyFlags FlagsOf(const char *output, const char *input = nullptr, FfarmProof proof = {})
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", output);
    if (input)
        SetWords(&profile->sections[FFARM_SECTION_INPUT], input);
    return ffarm_verify_flags(profile, &proof);
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
    ExpectRefused(
        "video stream 0 of the result has 2474 frames, the source 2500; add 'expect: {frames: any}' to the profile "
        "if that is meant");
    promise.flags = FFARM_VERIFY_NO_FRAMES;
    ExpectAccepted();
}

TEST_F(Verify, RefusesWhatBeginsLater)
{
    Count();
    auto *audio = &g_array_index(result_packets->streams, FfarmPacketsStream, 1);
    auto *original = &g_array_index(source_packets->streams, FfarmPacketsStream, 1);
    audio->first_us = 400000;
    ExpectAccepted();
    audio->first_us = 3000000;
    ExpectRefused("audio stream 0 of the result begins at 3.00 s, the source's at 0.00 s");
    promise.flags = FFARM_VERIFY_NO_SYNC;
    ExpectAccepted();
    promise.flags = FFARM_VERIFY_ALL;
    original->first_us = 2900000;
    ExpectAccepted();
    // What an edit list hides of the source, a container without one shows: all the rest comes later.
    original->first_us = 0;
    g_array_index(source_packets->streams, FfarmPacketsStream, 0).first_us = -3000000;
    ExpectAccepted();
}

TEST_F(Verify, RefusesGapsThatTheSourceDoesNotHave)
{
    Count();
    for (guint i : {0u, 1u}) {
        SCOPED_TRACE(i);
        auto *before = &g_array_index(source_packets->streams, FfarmPacketsStream, i);
        auto *after = &g_array_index(result_packets->streams, FfarmPacketsStream, i);
        after->long_gaps_us = 400000;
        ExpectAccepted();
        after->long_gaps_us = 20000000;
        ExpectRefused(std::string(i == 0 ? "video" : "audio") +
                      " stream 0 of the result has gaps of 20.00 s in all, the source's of 0.00 s");
        before->gaps_us = 20000000;
        ExpectAccepted();
        before->gaps_us = 0;
        promise.flags = FFARM_VERIFY_NO_FRAMES;
        ExpectAccepted();
        promise.flags = FFARM_VERIFY_ALL;
        FfarmDecoded decoded = {};
        g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(FfarmDecodedStream));
        decoded.streams = none;
        source_decoded = &decoded;
        ExpectAccepted();
        source_decoded = nullptr;
        after->long_gaps_us = 0;
    }
}

TEST_F(Verify, MissesNoTrackInWhichThereIsNothing)
{
    Count();
    Lose(2);
    g_array_remove_index(result_packets->streams, 2);
    ExpectRefused("the result has 1 audio stream, 2 were planned");
    g_array_index(source_packets->streams, FfarmPacketsStream, 2).packets = 0;
    ExpectAccepted();
    g_array_index(source_packets->streams, FfarmPacketsStream, 1).packets = 0;
    ExpectRefused("the result has 1 audio stream, 2 were planned");
}

// Its first pictures are hidden by an edit list, which Matroska does not have.
TEST_F(Verify, AllowsACopyToShowWhatAnEditListHid)
{
    Count();
    Choice(1)->action = FFARM_STREAM_COPY;
    result_ends[1] += 3000000;
    ExpectRefused("audio stream 0 of the result ends at 102.90 s, the source's at 99.90 s");
    g_array_index(source_packets->streams, FfarmPacketsStream, 0).first_us = -3000000;
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

TEST_F(Verify, RefusesALostTitle)
{
    for (guint i : {0u, 2u, 4u}) {
        Stream(source, i)->title = g_strdup("Directors' Cut");
        Stream(result, i)->title = g_strdup("Directors' Cut");
    }
    ExpectAccepted();
    g_clear_pointer(&Stream(result, 2)->title, g_free);
    const char *hint = "; add 'expect: {metadata: any}' to the profile if that is meant";
    ExpectRefused(std::string("audio stream 1 of the result is titled '', the source's 'Directors' Cut'") + hint);
    promise.flags = FFARM_VERIFY_NO_TITLES;
    ExpectAccepted();
    promise.flags = FFARM_VERIFY_ALL;
    promise.muxer = "mp4"; // has no titles of streams
    ExpectAccepted();
    promise.muxer = "matroska";
    Stream(result, 2)->title = g_strdup("Directors' Cut");
    source->title = g_strdup("Film");
    ExpectRefused(std::string("the result is titled '', the source 'Film'") + hint);
    promise.muxer = "mpegts";
    ExpectAccepted();
}

TEST_F(Verify, RefusesWrongDispositions)
{
    const char *hint = "; add 'expect: {metadata: any}' to the profile if that is meant";
    Stream(source, 3)->disposition = FFARM_DISPOSITION_FORCED | FFARM_DISPOSITION_DEFAULT;
    Stream(result, 3)->disposition = FFARM_DISPOSITION_DEFAULT;
    ExpectRefused(std::string("subtitle stream 0 of the result is not 'forced', the source's is") + hint);
    promise.flags = FFARM_VERIFY_NO_DISPOSITIONS;
    ExpectAccepted();
    promise.flags = FFARM_VERIFY_ALL;
    for (const char *muxer : {"mpegts", "avi", "mov", static_cast<const char *>(nullptr)}) {
        promise.muxer = muxer;
        ExpectAccepted();
    }
    promise.muxer = "matroska";
    Stream(result, 3)->disposition |= FFARM_DISPOSITION_FORCED;
    ExpectAccepted();
    Stream(result, 1)->disposition = FFARM_DISPOSITION_DEFAULT; // ffmpeg's own, where there is none
    ExpectAccepted();
    Stream(result, 2)->disposition = FFARM_DISPOSITION_COMMENT;
    ExpectRefused(std::string("audio stream 1 of the result is marked 'comment', the source's is not") + hint);
}

TEST_F(Verify, WantsTheDefaultThatThePlanMoved)
{
    Choice(2)->make_default = TRUE;
    EXPECT_FALSE(Judge());
    Stream(result, 2)->disposition = FFARM_DISPOSITION_DEFAULT;
    ExpectAccepted();
}

TEST_F(Verify, TakesTwoNamesOfADispositionForOne)
{
    promise.muxer = "mp4";
    Stream(source, 1)->disposition = FFARM_DISPOSITION_HEARING_IMPAIRED;
    Stream(result, 1)->disposition = FFARM_DISPOSITION_HEARING_IMPAIRED | FFARM_DISPOSITION_CAPTIONS;
    Stream(source, 3)->disposition = FFARM_DISPOSITION_VISUAL_IMPAIRED;
    Stream(result, 3)->disposition = FFARM_DISPOSITION_DESCRIPTIONS;
    ExpectAccepted();
}

TEST_F(Verify, RefusesAnAttachmentOfAnotherTypeSizeOrContent)
{
    Stream(source, 5)->mimetype = g_strdup("font/ttf");
    ExpectRefused("attachment 0 of the result is of type nothing, the source's of font/ttf");
    Stream(result, 5)->mimetype = g_strdup("font/ttf");
    Stream(source, 5)->attachment_bytes = 3000;
    Stream(result, 5)->attachment_bytes = 2999;
    ExpectRefused("attachment 0 of the result has 2999 bytes, the source's 3000");
    Stream(result, 5)->attachment_bytes = 3000;
    ExpectAccepted();
    Stream(result, 5)->attachment_checksum = 1;
    ExpectRefused("attachment 0 of the result has other bytes than the source's");
}

TEST_F(Verify, RefusesMovedOrRenamedChapters)
{
    auto *second = static_cast<FfarmChapter *>(g_ptr_array_index(result->chapters, 1));
    second->start_us = 50250000;
    ExpectAccepted();
    second->start_us = 50250001;
    ExpectRefused("chapter 2 of the result begins at 50.25 s, the source's at 50.00 s");
    source->start_us = -250000; // and the result begins at 0
    ExpectAccepted();
    second->start_us = 50000000;
    g_free(second->title);
    second->title = g_strdup("Two");
    ExpectRefused("chapter 2 of the result is titled 'Two', the source's 'two'; add 'expect: {metadata: any}' to the "
                  "profile if that is meant");
    promise.flags = FFARM_VERIFY_NO_TITLES;
    ExpectAccepted();
}

TEST_F(Verify, RefusesTheCodecThatWasNotAskedFor)
{
    g_autoptr(FfarmProfile) profile = MakeProfile("p", "-c:v libx265 -c:a:0 aac -c:a:1 ac3 -c:s copy");
    for (guint i : {0u, 1u, 2u})
        Choice(i)->output_index = i == 2 ? 1 : 0;
    promise.profile = profile;
    ExpectAccepted();
    g_free(Stream(result, 0)->codec);
    Stream(result, 0)->codec = g_strdup("h264");
    ExpectRefused("video stream 0 of the result is h264, hevc was planned");
    for (const char *encoder : {"libx264", "h264_nvenc", "h264_videotoolbox", "nobody_knows_this"}) {
        std::string options = std::string("-c:v ") + encoder;
        g_autoptr(FfarmProfile) other = MakeProfile("p", options.c_str());
        promise.profile = other;
        EXPECT_TRUE(Judge()) << encoder;
    }
}

TEST_F(Verify, RefusesAnotherDepthThanAskedFor)
{
    Stream(result, 0)->pix_fmt = g_strdup("yuv420p");
    for (const char *options : {"-pix_fmt yuv420p10le", "-vf scale=32:32,format=yuv420p10le", "-vf format=p010le"}) {
        g_autoptr(FfarmProfile) profile = MakeProfile("p", options);
        promise.profile = profile;
        EXPECT_FALSE(Judge()) << options;
    }
    for (const char *options : {"-pix_fmt yuv420p", "-pix_fmt nv12", "-vf format=vaapi", "-vf format=yuv420p|yuv422p",
                                "-pix_fmt cuda", "-vf format=p010le -pix_fmt yuv420p"}) {
        g_autoptr(FfarmProfile) profile = MakeProfile("p", options);
        promise.profile = profile;
        EXPECT_TRUE(Judge()) << options;
    }
    promise.profile = nullptr;
}

TEST_F(Verify, RefusesTimesThatGoBack)
{
    Count();
    g_array_index(result_packets->streams, FfarmPacketsStream, 1).backward_dts = 1;
    ExpectRefused("audio stream 0 of the result has 1 packets whose times go back");
    g_array_index(source_packets->streams, FfarmPacketsStream, 1).backward_dts = 1;
    EXPECT_FALSE(Judge()); // an encoder has no excuse
    Choice(1)->codec = "aac";
    ExpectAccepted();
}

TEST_F(Verify, RefusesASubtitleThatLostItsLastLine)
{
    Count();
    const auto last = [](FfarmPackets *packets, gint64 last_us, gint64 end_us) {
        auto *stream = &g_array_index(packets->streams, FfarmPacketsStream, 3);
        stream->first_us = 0;
        stream->last_us = last_us;
        stream->end_us = end_us;
    };
    last(source_packets, 93000000, 95000000);
    last(result_packets, 93000000, 95000000);
    ExpectAccepted();
    last(result_packets, 95000000, 95000000); // an empty line that ends it
    ExpectAccepted();
    last(result_packets, 90000000, 91000000);
    ExpectRefused("subtitle stream 0 of the result ends at 91.00 s, the source's last line comes at 93.00 s");
}

TEST_F(Verify, WantsEachLineOfASubtitle)
{
    Count();
    const auto lines = [](FfarmPackets *packets, std::vector<gint64> times_ms, gboolean are_blank = FALSE) {
        g_array_set_size(packets->cues, 0);
        for (gint64 time_ms : times_ms) {
            FfarmCue cue = {3, time_ms * 1000, are_blank};
            g_array_append_val(packets->cues, cue);
        }
    };
    Stream(result, 3)->codec = static_cast<char *>(g_realloc(Stream(result, 3)->codec, 16));
    strcpy(Stream(result, 3)->codec, "mov_text");
    lines(source_packets, {1000, 2000, 2200, 2400, 2400, 90000});
    lines(result_packets, {2000, 1020, 2200, 2400, 2401, 90200});
    ExpectAccepted();
    lines(result_packets, {1000, 2000, 2200, 2400, 90000});
    ExpectRefused("subtitle stream 0 of the result lacks the line that comes at 2.40 s");
    lines(result_packets, {1000, 2000, 2400, 2400, 90000});
    ExpectRefused("subtitle stream 0 of the result lacks the line that comes at 2.40 s");
    lines(result_packets, {1000, 2000, 2200, 2400, 2400, 91000});
    ExpectRefused("subtitle stream 0 of the result lacks the line that comes at 90.00 s");
    lines(result_packets, {1000, 2000, 2200, 2400, 2400});
    ExpectRefused("subtitle stream 0 of the result lacks the line that comes at 90.00 s");
    source_packets->has_all_cues = FALSE;
    ExpectAccepted();
    source_packets->has_all_cues = TRUE;
    lines(source_packets, {1000, 2000}, TRUE);
    ExpectAccepted();
}

TEST_F(Verify, ForgivesLinesThatNobodyCouldSee)
{
    Count();
    FfarmCue cues[] = {{3, 1000000, FALSE}, {3, 6000000, FALSE}};
    g_array_append_vals(source_packets->cues, cues, 2);
    cues[1].start_us = 4000000; // the film was moved to its first key frame
    g_array_append_vals(result_packets->cues, cues + 1, 1);
    ExpectRefused("subtitle stream 0 of the result lacks the line that comes at 1.00 s");
    g_array_index(source_packets->streams, FfarmPacketsStream, 0).first_key_us = 2000000;
    ExpectAccepted();
    g_array_index(source_packets->streams, FfarmPacketsStream, 0).first_key_us = 0;
    g_array_index(source_packets->streams, FfarmPacketsStream, 1).first_us = -2000000; // an edit list hides it
    g_array_index(source_packets->cues, FfarmCue, 0).start_us = 2000000;
    g_array_remove_index(source_packets->cues, 1);
    ExpectAccepted();
}

TEST_F(Verify, WantsTheBytesOfACopyWhereItsFormIsTheSame)
{
    Count();
    const auto sum = [](FfarmPackets *packets, guint stream, gint64 checksum) {
        g_array_index(packets->streams, FfarmPacketsStream, stream).checksum = checksum;
    };
    const char *const ts = "mpegts", *const mkv = "matroska,webm";
    const auto contain = [this](const char *from, const char *to) {
        g_free(source->container);
        g_free(result->container);
        source->container = g_strdup(from);
        result->container = g_strdup(to);
    };
    Choice(2)->codec = "ac3";
    for (guint stream : {1u, 2u})
        sum(source_packets, stream, 12);
    contain(mkv, "mov,mp4,m4a,3gp,3g2,mj2");
    sum(result_packets, 2, 12);
    ExpectAccepted(); // the other sound is encoded
    Choice(1)->codec = "aac";
    ExpectRefused("audio stream 0 was copied, but holds other bytes than the source's");
    contain(ts, mkv);
    ExpectAccepted(); // its headers went
    sum(result_packets, 2, 13);
    ExpectRefused("audio stream 1 was copied, but holds other bytes than the source's");
    source_packets->complaints = 1; // what is damaged may be left out
    ExpectAccepted();
    source_packets->complaints = 0;
    contain("ogg", mkv);
    ExpectAccepted();
}

TEST_F(Verify, ForgivesWhatNobodyCanDecodeAtTheBegin)
{
    Count();
    auto *before = &g_array_index(source_packets->streams, FfarmPacketsStream, 0);
    auto *after = &g_array_index(result_packets->streams, FfarmPacketsStream, 0);
    before->first_us = 0;
    before->first_key_us = 4000000;
    after->first_us = after->first_key_us = 0;
    after->packets = 2400;
    result_ends[0] = 96000000;
    ExpectAccepted();
    result_ends[0] = 95000000;
    EXPECT_FALSE(Judge());
}

TEST_F(Verify, WantsOnlyWhatCanBeDecodedOfADamagedSource)
{
    Count();
    auto *decoded = g_new0(FfarmDecoded, 1);
    decoded->streams = g_array_new(FALSE, TRUE, sizeof(FfarmDecodedStream));
    g_array_set_size(decoded->streams, 7);
    auto *video = &g_array_index(decoded->streams, FfarmDecodedStream, 0);
    video->is_decoded = TRUE;
    video->frames = 2000;
    video->last_us = 80000000;
    for (guint i : {1u, 2u})
        g_array_index(decoded->streams, FfarmDecodedStream, i).last_us = G_MININT64;
    g_array_index(result_packets->streams, FfarmPacketsStream, 0).packets = 1990;
    result_ends[0] = 80000000;
    EXPECT_FALSE(Judge());
    source_decoded = decoded;
    ExpectAccepted();
    g_array_index(result_packets->streams, FfarmPacketsStream, 0).packets = 1900;
    EXPECT_FALSE(Judge());
    g_array_index(result_packets->streams, FfarmPacketsStream, 0).packets = 2000;
    result_ends[0] = 70000000;
    EXPECT_FALSE(Judge());
    source_decoded = nullptr;
    ffarm_decoded_free(decoded);
}

TEST_F(Verify, RefusesDecodingErrorsThatTheSourceDoesNotHave)
{
    auto *before = g_new0(FfarmDecoded, 1), *after = g_new0(FfarmDecoded, 1);
    for (FfarmDecoded *decoded : {before, after})
        decoded->streams = g_array_new(FALSE, TRUE, sizeof(FfarmDecodedStream));
    after->reached_end = TRUE;
    result_decoded = after;
    ExpectAccepted();
    after->errors = 2;
    after->first_error = g_strdup("video stream 0 at 7.00 s: a damaged frame");
    ExpectRefused("the result can't be decoded without errors (video stream 0 at 7.00 s: a damaged frame)");
    source_decoded = before;
    before->errors = 1;
    EXPECT_FALSE(Judge());
    before->errors = 2;
    ExpectAccepted();
    after->reached_end = FALSE;
    after->failure = g_strdup("Input/output error");
    ExpectRefused("the result can't be decoded to its end (Input/output error)");
    result_decoded = source_decoded = nullptr;
    ffarm_decoded_free(before);
    ffarm_decoded_free(after);
}

TEST_F(Verify, CountsWhatTheProfileMapsItself)
{
    plan.is_mapped = FALSE;
    g_autoptr(FfarmProfile) all = MakeProfile("p", "-map 0 -c copy");
    promise.profile = all;
    ExpectAccepted();
    Lose(5);
    ExpectRefused("the result has 0 attachment streams, -map asks for 1");
    const struct {
        const char *options;
        bool ok;
    } cases[] = {{"-map 0:v -map 0:a -map 0:s", true},
                 {"-map 0:t?", false},
                 {"-map 0:5", false},
                 {"-map 0:a:1 -map 0:t:0", false},
                 {"-map 0:t:1", true},
                 {"-map 0 -map -0:t", true},
                 {"-map 0:m:language:eng", true},
                 {"-map [out]", true},
                 {"-c copy", true},
                 {"-map 1", true},
                 {"-map 0:a -map 0:a", false}};
    for (const auto &item : cases) {
        g_autoptr(FfarmProfile) profile = MakeProfile("p", item.options);
        promise.profile = profile;
        EXPECT_EQ(Judge(), item.ok) << item.options;
    }
    promise.profile = nullptr;
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
    for (const char *options : {"-vf subtitles=/films/loop/trim.srt", "-vf overlay=concat.cube,unloop=1",
                                "-vf subtitles='a,fps',scale=2:2", "-vf subtitles=a\\,loop,null", "-vf [fps]null"})
        EXPECT_EQ(FlagsOf(options), FFARM_VERIFY_ALL) << options;
    EXPECT_EQ(FlagsOf("-map_chapters -1"), FFARM_VERIFY_NO_CHAPTERS);
    EXPECT_EQ(FlagsOf("-metadata:s:a:0 language=eng"), FFARM_VERIFY_NO_LANGUAGE);
    EXPECT_EQ(FlagsOf("-an -sn"), FFARM_VERIFY_NO_AUDIO | FFARM_VERIFY_NO_SUBTITLES);
    EXPECT_EQ(FlagsOf("-tune film -tag:v hvc1 -vf scale=-2:720"), FFARM_VERIFY_ALL);
    EXPECT_EQ(FlagsOf("-c copy", "-r 25"), FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC | FFARM_VERIFY_NO_FRAMES);
    EXPECT_EQ(FlagsOf("-vn"), FFARM_VERIFY_NO_VIDEO);
    for (const char *options : {"-map_metadata 0", "-map_chapters 0", "-metadata:s:v encoder=x"})
        EXPECT_EQ(FlagsOf(options), FFARM_VERIFY_ALL) << options;
    EXPECT_EQ(FlagsOf("-map_metadata -1"), FFARM_VERIFY_NO_LANGUAGE | FFARM_VERIFY_NO_TITLES);
    EXPECT_EQ(FlagsOf("-metadata:s:a:0 title=Stereo"), FFARM_VERIFY_NO_TITLES);
    EXPECT_EQ(FlagsOf("-disposition:s:0 forced"), FFARM_VERIFY_NO_DISPOSITIONS);
    EXPECT_EQ(FlagsOf("-color_primaries bt709"), FFARM_VERIFY_NO_COLOUR);
    EXPECT_EQ(FlagsOf("-x265-params hdr10=1:master-display=G(1,2)"), FFARM_VERIFY_NEW_HDR);
    EXPECT_EQ(FlagsOf("-vf zscale=t=linear,format=gbrpf32le"), FFARM_VERIFY_NO_COLOUR | FFARM_VERIFY_NO_HDR);
    EXPECT_EQ(FlagsOf("-vf tonemap=hable"), FFARM_VERIFY_NO_COLOUR | FFARM_VERIFY_NO_HDR | FFARM_VERIFY_TONE_MAPPED);
    EXPECT_EQ(FlagsOf("-vf transpose=1"), FFARM_VERIFY_NO_ROTATION);
    EXPECT_EQ(FlagsOf("-c copy", "-noautorotate"), FFARM_VERIFY_NO_ROTATION);
}

TEST(VerifyFlags, GiveWayToWhatIsExpected)
{
    FfarmProof proof = {};
    proof.frames = proof.duration = FFARM_EXPECT_ANY;
    EXPECT_EQ(FlagsOf("-c copy", nullptr, proof), FFARM_VERIFY_NO_FRAMES | FFARM_VERIFY_NO_LENGTH);
    proof = {};
    proof.hdr = proof.metadata = FFARM_EXPECT_ANY;
    EXPECT_EQ(FlagsOf("-c copy", nullptr, proof), FFARM_VERIFY_NO_HDR | FFARM_VERIFY_NO_COLOUR |
                                                      FFARM_VERIFY_NO_LANGUAGE | FFARM_VERIFY_NO_TITLES |
                                                      FFARM_VERIFY_NO_DISPOSITIONS | FFARM_VERIFY_NO_CHAPTERS);
    proof.frames = proof.duration = proof.hdr = proof.metadata = FFARM_EXPECT_SAME;
    EXPECT_EQ(
        FlagsOf("-r 25 -t 9 -map_metadata -1 -map_chapters -1 -disposition:a 0 -vf zscale=t=linear", nullptr, proof),
        FFARM_VERIFY_ALL);
}
