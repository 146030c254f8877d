// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gio/gio.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>
#include "container.h"
#include "media_maker.h"
#include "prober.h"
#include "scratch.h"

namespace
{

using Args = std::vector<std::string>;

struct Sample {
    const char *codec;
    FfarmStreamType type;
    Args args; // how ffmpeg makes one, matroska but for mov_text
};

const Args picture = {"-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25:duration=0.4"};
const Args tone = {"-f", "lavfi", "-i", "sine=sample_rate=48000:duration=0.5", "-ac", "2"};

Args Plus(Args args, const Args &more)
{
    args.insert(args.end(), more.begin(), more.end());
    return args;
}

Args Video(const char *encoder, const Args &more = {})
{
    return Plus(Plus(picture, {"-c:v", encoder, "-pix_fmt", "yuv420p"}), more);
}

Args Audio(const char *encoder)
{
    return Plus(tone, {"-c:a", encoder, "-strict", "-2"});
}

Args Text(const char *encoder)
{
    return {"-i", "TEXT", "-map", "0", "-c:s", encoder};
}

Args Pictures(const char *encoder)
{
    return {"-fix_sub_duration", "-i", "PICTURES", "-map", "0", "-c:s", encoder, "-s", "64x64"};
}

const std::vector<Sample> &Samples()
{
    static const std::vector<Sample> samples = {
        {"h264", FFARM_STREAM_VIDEO, Video("libx264", {"-preset", "ultrafast"})},
        {"hevc", FFARM_STREAM_VIDEO, Video("libx265", {"-preset", "ultrafast", "-x265-params", "log-level=none"})},
        {"av1", FFARM_STREAM_VIDEO, Video("libaom-av1", {"-usage", "realtime", "-cpu-used", "8"})},
        {"vp9", FFARM_STREAM_VIDEO, Video("libvpx-vp9", {"-deadline", "realtime", "-cpu-used", "8"})},
        {"vp8", FFARM_STREAM_VIDEO, Video("libvpx", {"-deadline", "realtime"})},
        {"mpeg2video", FFARM_STREAM_VIDEO, Video("mpeg2video")},
        {"mpeg4", FFARM_STREAM_VIDEO, Video("mpeg4")},
        {"theora", FFARM_STREAM_VIDEO, Video("libtheora")},
        {"aac", FFARM_STREAM_AUDIO, Audio("aac")},
        {"ac3", FFARM_STREAM_AUDIO, Audio("ac3")},
        {"eac3", FFARM_STREAM_AUDIO, Audio("eac3")},
        {"dts", FFARM_STREAM_AUDIO, Audio("dca")},
        {"truehd", FFARM_STREAM_AUDIO, Audio("truehd")},
        {"flac", FFARM_STREAM_AUDIO, Audio("flac")},
        {"alac", FFARM_STREAM_AUDIO, Audio("alac")},
        {"opus", FFARM_STREAM_AUDIO, Audio("libopus")},
        {"mp3", FFARM_STREAM_AUDIO, Audio("libmp3lame")},
        {"vorbis", FFARM_STREAM_AUDIO, Audio("libvorbis")},
        {"pcm_s16le", FFARM_STREAM_AUDIO, Audio("pcm_s16le")},
        {"subrip", FFARM_STREAM_SUBTITLE, Text("srt")},
        {"ass", FFARM_STREAM_SUBTITLE, Text("ass")},
        {"webvtt", FFARM_STREAM_SUBTITLE, Text("webvtt")},
        {"mov_text", FFARM_STREAM_SUBTITLE, Text("mov_text")},
        {"hdmv_pgs_subtitle", FFARM_STREAM_SUBTITLE, Pictures("copy")},
        {"dvd_subtitle", FFARM_STREAM_SUBTITLE, Pictures("dvdsub")},
        {"dvb_subtitle", FFARM_STREAM_SUBTITLE, Pictures("dvbsub")},
    };
    return samples;
}

bool RunFfmpeg(const Args &args)
{
    std::vector<const char *> argv = {"ffmpeg", "-hide_banner", "-nostdin", "-v", "quiet", "-y"};
    for (const std::string &arg : args)
        argv.push_back(arg.c_str());
    argv.push_back(nullptr);
    g_autoptr(GError) error = nullptr;
    g_autoptr(GSubprocess) ffmpeg = g_subprocess_newv(argv.data(), G_SUBPROCESS_FLAGS_NONE, &error);
    g_assert_no_error(error);
    return g_subprocess_wait_check(ffmpeg, nullptr, nullptr);
}

} // namespace

class Container : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        folder = scratch_new();
        g_free(scratch_write(folder, "text.srt", "1\n00:00:00,100 --> 00:00:00,400\nHello\n", -1));
        const std::string script = std::string(g_getenv("FFARM_SOURCE_ROOT")) + "/fixtures/media/pgs.pl";
        const char *perl[] = {"perl", script.c_str(), nullptr};
        g_autoptr(GError) error = nullptr;
        g_autoptr(GSubprocess) process = g_subprocess_newv(perl, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
        g_assert_no_error(error);
        g_autoptr(GBytes) bytes = nullptr;
        g_subprocess_communicate(process, nullptr, nullptr, &bytes, nullptr, &error);
        g_assert_no_error(error);
        g_free(scratch_write(folder, "pictures.sup", static_cast<const char *>(g_bytes_get_data(bytes, nullptr)),
                             static_cast<gssize>(g_bytes_get_size(bytes))));
    }
    static void TearDownTestSuite()
    {
        scratch_free(folder);
    }
    static std::string In(const std::string &name)
    {
        return std::string(folder) + "/" + name;
    }
    static std::string SampleFile(const Sample &sample)
    {
        const std::string path =
            In(std::string(sample.codec) + (sample.codec == std::string("mov_text") ? ".mp4" : ".mkv"));
        if (g_file_test(path.c_str(), G_FILE_TEST_EXISTS))
            return path;
        Args args = sample.args;
        for (std::string &arg : args)
            arg = arg == "TEXT" ? In("text.srt") : arg == "PICTURES" ? In("pictures.sup") : arg;
        EXPECT_TRUE(RunFfmpeg(Plus(args, {path}))) << sample.codec;
        return path;
    }
    // What ffmpeg does: a copy of the stream, which is a stream of that codec again.
    static bool Holds(const std::string &muxer, const Sample &sample)
    {
        const std::string result = In("result");
        if (!RunFfmpeg({"-i", SampleFile(sample), "-map", "0:0", "-c", "copy", "-f", muxer, result}))
            return false;
        g_autoptr(FfarmMedia) media = ffarm_probe_file(result.c_str(), 0, nullptr, nullptr);
        const FfarmStream *stream = ffarm_media_peek_stream(media, sample.type, 0);
        return stream && g_strcmp0(stream->codec, sample.codec) == 0;
    }
    static char *folder;
};

char *Container::folder = nullptr;

TEST_F(Container, HoldsWhatFfmpegReallyPutsThere)
{
    // Written by ffmpeg and read back by it alone: libavformat does not call it held, and neither do we.
    const std::set<std::string> odd = {"theora in mov", "vorbis in mov"};
    for (const char *muxer : {"matroska", "webm", "mp4", "ipod", "mov", "mpegts"})
        for (const Sample &sample : Samples()) {
            const std::string what = std::string(sample.codec) + " in " + muxer;
            const bool expected = !odd.count(what) && Holds(muxer, sample);
            EXPECT_EQ(static_cast<bool>(ffarm_container_holds(muxer, sample.type, sample.codec)), expected) << what;
        }
}

TEST_F(Container, HoldsInOldContainersOnlyWhatWorks)
{
    for (const char *muxer : {"avi", "mpeg", "flv", "ogg", "asf"})
        for (const Sample &sample : Samples()) {
            if (ffarm_container_holds(muxer, sample.type, sample.codec) && sample.codec != std::string("h264")) {
                EXPECT_TRUE(Holds(muxer, sample)) << sample.codec << " in " << muxer;
            }
        }
}

TEST_F(Container, HoldsNothingUnknown)
{
    EXPECT_FALSE(ffarm_container_holds("matroska", FFARM_STREAM_VIDEO, nullptr));
    EXPECT_FALSE(ffarm_container_holds("matroska", FFARM_STREAM_VIDEO, ""));
    EXPECT_FALSE(ffarm_container_holds("matroska", FFARM_STREAM_VIDEO, "no such codec"));
    EXPECT_FALSE(ffarm_container_holds("no such muxer", FFARM_STREAM_VIDEO, "h264"));
    EXPECT_FALSE(ffarm_container_holds("matroska", FFARM_STREAM_AUDIO, "h264"));
    EXPECT_FALSE(ffarm_container_holds("mpeg", FFARM_STREAM_VIDEO, "mp2"));
}

TEST_F(Container, IsChosenByExtension)
{
    const std::map<std::string, std::string> muxers = {{"mkv", "matroska"}, {".mkv", "matroska"}, {"MP4", "mp4"},
                                                       {"m4v", "ipod"},     {"mov", "mov"},       {"ts", "mpegts"},
                                                       {"avi", "avi"},      {"webm", "webm"},     {"mka", "matroska"}};
    for (const auto &[extension, muxer] : muxers)
        EXPECT_STREQ(ffarm_container_muxer(extension.c_str()), muxer.c_str()) << extension;
    EXPECT_EQ(ffarm_container_muxer("nonsense"), nullptr);
    EXPECT_EQ(ffarm_container_muxer(""), nullptr);
    EXPECT_EQ(ffarm_container_muxer("."), nullptr);
}

TEST_F(Container, NamesATextEncoderWhoseTextItHolds)
{
    const std::map<std::string, std::string> codecs = {
        {"srt", "subrip"}, {"mov_text", "mov_text"}, {"webvtt", "webvtt"}};
    for (const char *muxer : {"matroska", "mp4", "ipod", "mov", "webm"}) {
        const char *encoder = ffarm_container_text_encoder(muxer);
        ASSERT_NE(encoder, nullptr) << muxer;
        EXPECT_TRUE(ffarm_container_holds(muxer, FFARM_STREAM_SUBTITLE, codecs.at(encoder).c_str())) << muxer;
    }
    for (const char *muxer : {"avi", "mpegts", "flv", "no such muxer"})
        EXPECT_EQ(ffarm_container_text_encoder(muxer), nullptr) << muxer;
}

TEST_F(Container, KeepsCoverArtOnlyWhereItIsCoverArtAgain)
{
    const std::string cover = In("cover.png"), film = SampleFile(Samples()[0]), result = In("result");
    ASSERT_TRUE(RunFfmpeg({"-f", "lavfi", "-i", "testsrc2=size=32x32", "-frames:v", "1", cover}));
    for (const char *muxer : {"matroska", "webm", "mp4", "ipod", "mov", "avi", "mpegts", "asf"}) {
        bool kept = RunFfmpeg({"-i", film, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1",
                               "attached_pic", "-f", muxer, result});
        if (kept) {
            g_autoptr(FfarmMedia) media = ffarm_probe_file(result.c_str(), 0, nullptr, nullptr);
            const FfarmStream *second = ffarm_media_peek_stream(media, FFARM_STREAM_VIDEO, 1);
            kept = second && ffarm_stream_is_picture(second);
        }
        EXPECT_EQ(static_cast<bool>(ffarm_container_holds_picture(muxer, "png")), kept) << muxer;
    }
    EXPECT_FALSE(ffarm_container_holds_picture("mp4", nullptr));
    EXPECT_STREQ(ffarm_container_picture_type("matroska", "png"), "image/png");
    EXPECT_STREQ(ffarm_container_picture_type("matroska", "mjpeg"), "image/jpeg");
    EXPECT_EQ(ffarm_container_picture_type("matroska", nullptr), nullptr);
    EXPECT_EQ(ffarm_container_picture_type("mp4", "png"), nullptr);
    EXPECT_FALSE(ffarm_container_holds_picture("mp4", ""));
}

TEST_F(Container, KeepsChaptersAndFontsWhereFfmpegDoes)
{
    g_free(scratch_write(folder, "chapters", ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300\ntitle=One\n",
                         -1));
    g_free(scratch_write(folder, "font.ttf", "no font", -1));
    const std::string film = SampleFile(Samples()[0]), vp8 = SampleFile(Samples()[4]), result = In("result");
    for (const char *muxer : {"matroska", "webm", "mp4", "ipod", "mov", "avi", "mpegts", "flv", "ogg", "asf", "nut"}) {
        const bool open = muxer == std::string("webm") || muxer == std::string("ogg");
        const Args input = {"-i", open ? vp8 : film};
        const Args output = {"-bsf:v", open || muxer != std::string("avi") ? "null" : "h264_mp4toannexb", "-f", muxer,
                             result};
        ASSERT_TRUE(RunFfmpeg(
            Plus(Plus(input, {"-i", In("chapters"), "-map", "0", "-map_metadata", "1", "-c", "copy"}), output)))
            << muxer;
        g_autoptr(FfarmMedia) media = ffarm_probe_file(result.c_str(), 0, nullptr, nullptr);
        EXPECT_EQ(static_cast<bool>(ffarm_container_holds_chapters(muxer)), media->chapters->len > 0) << muxer;
        bool kept = RunFfmpeg(Plus(Plus(input, {"-map", "0", "-c", "copy", "-attach", In("font.ttf"), "-metadata:s:t",
                                                "mimetype=application/x-truetype-font"}),
                                   output));
        if (kept) {
            g_autoptr(FfarmMedia) with_font = ffarm_probe_file(result.c_str(), 0, nullptr, nullptr);
            kept = ffarm_media_count_streams(with_font, FFARM_STREAM_ATTACHMENT) == 1;
        }
        EXPECT_EQ(static_cast<bool>(ffarm_container_holds_attachments(muxer)), kept) << muxer;
    }
}
