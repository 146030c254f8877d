// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include "media_maker.h"
#include "packets.h"
#include "prober.h"
#include "scratch.h"

#include <vector>

class Packets : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
    }
    void TearDown() override
    {
        scratch_free(folder);
    }
    FfarmPackets *Scan(const char *path)
    {
        g_autoptr(GError) error = nullptr;
        FfarmPackets *packets = ffarm_packets_scan(path, 0, nullptr, &error);
        EXPECT_NE(packets, nullptr) << (error ? error->message : "");
        return packets;
    }
    char *folder = nullptr;
};

TEST_F(Packets, AreCountedPerStream)
{
    for (const char *name : {"clip.mkv", "clip.mp4", "clip.ts"}) {
        SCOPED_TRACE(name);
        g_autofree char *clip = media_make_clip(folder, name, 2);
        g_autoptr(FfarmPackets) packets = Scan(clip);
        ASSERT_EQ(packets->streams->len, 2u);
        const FfarmPacketsStream *video = ffarm_packets_peek(packets, 0);
        EXPECT_EQ(video->type, FFARM_STREAM_VIDEO);
        EXPECT_EQ(video->packets, 50);
        EXPECT_GT(video->bytes, 1000);
        EXPECT_EQ(video->last_us - video->first_us, 49 * 40000);
        EXPECT_EQ(video->backward_dts, 0);
        EXPECT_NEAR(static_cast<double>(ffarm_packets_length_us(packets, FFARM_STREAM_VIDEO)), 2e6, 1000);
        EXPECT_NEAR(static_cast<double>(ffarm_packets_length_us(packets, FFARM_STREAM_AUDIO)), 2e6, 60000);
        EXPECT_EQ(ffarm_packets_length_us(packets, FFARM_STREAM_SUBTITLE), 0);
        EXPECT_TRUE(packets->reached_end);
        EXPECT_EQ(packets->complaints, 0u) << packets->first_complaint;
        EXPECT_EQ(ffarm_packets_peek(packets, 2), nullptr);
        EXPECT_EQ(ffarm_packets_peek(packets, -1), nullptr);
    }
}

TEST_F(Packets, EndWhereTheFileWasCutWhateverItsHeaderSays)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 10);
    media_cut(clip, 60);
    g_autoptr(FfarmMedia) media = ffarm_probe_file(clip, 0, nullptr, nullptr);
    g_autoptr(FfarmPackets) packets = Scan(clip);
    EXPECT_GT(media->duration_us, 9900000);
    EXPECT_LT(ffarm_packets_length_us(packets, FFARM_STREAM_VIDEO), 8000000);
    EXPECT_GT(ffarm_packets_length_us(packets, FFARM_STREAM_VIDEO), 4000000);
    EXPECT_GT(packets->complaints, 0u);
    EXPECT_NE(packets->first_complaint, nullptr);
}

TEST_F(Packets, TellOfDamageInTheMiddle)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 10);
    FILE *file = fopen(clip, "r+b");
    ASSERT_NE(file, nullptr);
    fseek(file, 100000, SEEK_SET);
    for (int i = 0; i < 3000; i++)
        fputc(1 + i * 37 % 200, file);
    fclose(file);
    g_autoptr(FfarmPackets) packets = Scan(clip);
    EXPECT_GT(packets->complaints, 0u);
}

TEST_F(Packets, TellWhereARecordingCanFirstBeDecoded)
{
    g_autofree char *corpus = media_corpus();
    for (const char *name : {"good/starts-within-gop.ts", "good/h264-aac.ts"}) {
        SCOPED_TRACE(name);
        g_autofree char *path = g_build_filename(corpus, name, nullptr);
        g_autoptr(FfarmPackets) packets = Scan(path);
        const FfarmPacketsStream *video = ffarm_packets_peek(packets, 0);
        ASSERT_NE(video->first_key_us, G_MININT64);
        if (strstr(name, "within"))
            EXPECT_GT(video->first_key_us, video->first_us + 500000);
        else
            EXPECT_EQ(video->first_key_us, video->first_us);
    }
}

TEST_F(Packets, OfCoverArtSayNothingAboutTheLength)
{
    const char *picture[] = {"-f", "lavfi", "-i", "testsrc2=size=32x32", "-frames:v", "1", nullptr};
    g_autofree char *png = media_make(folder, "cover.png", picture);
    g_autofree char *clip = media_make_clip(folder, "clip.mp4", 1);
    const char *args[] = {"-i",           clip,   "-i", png, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1",
                          "attached_pic", nullptr};
    g_autofree char *film = media_make(folder, "film.mp4", args);
    g_autoptr(FfarmPackets) packets = Scan(film);
    EXPECT_TRUE(ffarm_packets_peek(packets, 2)->is_picture);
    EXPECT_EQ(ffarm_packets_peek(packets, 2)->packets, 1);
    EXPECT_NEAR(static_cast<double>(ffarm_packets_length_us(packets, FFARM_STREAM_VIDEO)), 1e6, 1000);
}

TEST_F(Packets, GoOnWhereTheClockBeginsAnew)
{
    g_autofree char *corpus = media_corpus();
    g_autofree char *disc = g_build_filename(corpus, "good", "mpeg2-mp2.vob", nullptr);
    g_autofree char *cell = nullptr;
    gsize length = 0;
    ASSERT_TRUE(g_file_get_contents(disc, &cell, &length, nullptr));
    const std::string joined = std::string(cell, length) + std::string(cell, length);
    g_autofree char *path = scratch_write(folder, "joined.vob", joined.data(), static_cast<gssize>(joined.size()));
    g_autoptr(FfarmPackets) once = Scan(disc);
    g_autoptr(FfarmPackets) twice = Scan(path);
    for (FfarmStreamType type : {FFARM_STREAM_VIDEO, FFARM_STREAM_AUDIO})
        EXPECT_NEAR(static_cast<double>(ffarm_packets_length_us(twice, type)),
                    2 * static_cast<double>(ffarm_packets_length_us(once, type)), 200000);
    EXPECT_EQ(ffarm_packets_peek(twice, 0)->backward_dts, 0);
}

TEST_F(Packets, OfSoundLastAsLongAsThoseBeforeUnlessTheyTell)
{
    const char *args[] = {"-f", "lavfi", "-i", "sine=sample_rate=48000:duration=3", "-c:a", "wavpack", nullptr};
    g_autofree char *sound = media_make(folder, "sound.mkv", args);
    g_autoptr(FfarmPackets) packets = Scan(sound);
    const FfarmPacketsStream *stream = ffarm_packets_peek(packets, 0);
    EXPECT_NEAR(static_cast<double>(stream->end_us), 3e6, 50000);
    EXPECT_GT(stream->end_us, stream->last_us);
}

TEST_F(Packets, TellOfGaps)
{
    const char *args[] = {
        "-f",        "lavfi",     "-i",   "testsrc2=size=64x64:rate=25:duration=6,select='not(between(t,1,1.4))'",
        "-f",        "lavfi",     "-i",   "sine=duration=6,aselect='not(between(t,2,5))'",
        "-fps_mode", "vfr",       "-c:v", "libx264",
        "-preset",   "ultrafast", "-c:a", "aac",
        nullptr};
    g_autofree char *film = media_make(folder, "film.mkv", args);
    g_autoptr(FfarmPackets) packets = Scan(film);
    const FfarmPacketsStream *video = ffarm_packets_peek(packets, 0), *audio = ffarm_packets_peek(packets, 1);
    EXPECT_NEAR(static_cast<double>(video->gaps_us), 480000, 50000);
    EXPECT_EQ(video->long_gaps_us, 0);
    EXPECT_NEAR(static_cast<double>(audio->gaps_us), 3e6, 100000);
    EXPECT_EQ(audio->long_gaps_us, audio->gaps_us);
}

TEST_F(Packets, AreNotReadFromWhatIsNoMedia)
{
    g_autofree char *text = scratch_write(folder, "text.mkv", "no film\n", -1);
    g_autofree char *list = scratch_write(folder, "list.mkv", "#EXTM3U\n#EXTINF:1,\nclip.ts\n", -1);
    for (const char *path : {static_cast<const char *>(text), static_cast<const char *>(list),
                             static_cast<const char *>(folder), "/nonexistent.mkv"}) {
        g_autoptr(GError) error = nullptr;
        EXPECT_EQ(ffarm_packets_scan(path, 0, nullptr, &error), nullptr);
        EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_FAILED)) << path;
        EXPECT_TRUE(g_str_has_prefix(error->message, path)) << error->message;
    }
}

TEST_F(Packets, StopWhenCancelledOrLate)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 1);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_packets_scan(clip, 0, cancellable, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    g_clear_error(&error);
    const char *args[] = {"-f", "lavfi", "-i", "testsrc2=size=64x64:duration=1", nullptr};
    g_autofree char *slow = media_make(folder, "slow.h264", args);
    ASSERT_EQ(truncate(slow, G_GINT64_CONSTANT(64) << 30), 0); // sparse: only long to read
    EXPECT_EQ(ffarm_packets_scan(slow, 200, nullptr, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

TEST_F(Packets, OfTextSayWhatShowsNothing)
{
    g_autofree char *text = scratch_write(folder, "t.srt",
                                          "1\n00:00:00,500 --> 00:00:00,700\nHello\n\n"
                                          "2\n00:00:00,800 --> 00:00:00,900\n<i> </i>{\\an8}\n\n",
                                          -1);
    g_autofree char *drawing =
        scratch_write(folder, "t.ass",
                      "[Script Info]\nScriptType: v4.00+\n[Events]\n"
                      "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
                      "Dialogue: 0,0:00:00.50,0:00:00.70,Default,,0,0,0,,Hello, you\n"
                      "Dialogue: 0,0:00:00.80,0:00:00.90,Default,,0,0,0,,{\\p1}m 0 0 l 9 9\n",
                      -1);
    const struct {
        const char *input, *name;
    } cases[] = {{text, "t.mkv"}, {text, "t.mp4"}, {drawing, "t2.mkv"}};
    for (const auto &item : cases) {
        SCOPED_TRACE(item.name);
        const bool is_mp4 = g_str_has_suffix(item.name, "mp4");
        const char *args[] = {"-i", item.input, "-c:s", is_mp4 ? "mov_text" : "copy", nullptr};
        g_autofree char *file = media_make(folder, item.name, args);
        g_autoptr(FfarmPackets) packets = Scan(file);
        std::vector<gint64> shown;
        for (guint i = 0; i < packets->cues->len; i++)
            if (!g_array_index(packets->cues, FfarmCue, i).is_blank)
                shown.push_back(g_array_index(packets->cues, FfarmCue, i).start_us);
        EXPECT_EQ(shown, std::vector<gint64>{500000});
        EXPECT_GT(packets->cues->len, 1u);
    }
}
