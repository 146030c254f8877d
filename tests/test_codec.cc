// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "codec.h"
#include "container.h"

TEST(CodecOfEncoder, IsKnownForThoseThatAreNotHereToo)
{
    const struct {
        const char *encoder, *codec;
    } cases[] = {{"libx264", "h264"},
                 {"libx265", "hevc"},
                 {"libsvtav1", "av1"},
                 {"h264_nvenc", "h264"},
                 {"hevc_qsv", "hevc"},
                 {"av1_amf", "av1"},
                 {"vp9_vaapi", "vp9"},
                 {"hevc_videotoolbox", "hevc"},
                 {"mpeg2_qsv", "mpeg2video"},
                 {"libopus", "opus"},
                 {"libfdk_aac", "aac"},
                 {"aac", "aac"},
                 {"prores_ks", "prores"},
                 {"srt", "subrip"},
                 {"ssa", "ass"},
                 {"mov_text", "mov_text"},
                 {"dvdsub", "dvd_subtitle"},
                 {"pcm_s16le", "pcm_s16le"},
                 {"nobody", nullptr},
                 {"x_nvenc", nullptr},
                 {"", nullptr},
                 {"copy", nullptr}};
    for (const auto &item : cases)
        EXPECT_STREQ(ffarm_codec_of_encoder(item.encoder), item.codec) << item.encoder;
}

TEST(PixFmtIsLike, ComparesDepthAndSubsampling)
{
    EXPECT_TRUE(ffarm_pix_fmt_is_like("yuv420p10le", "p010le"));
    EXPECT_TRUE(ffarm_pix_fmt_is_like("yuvj420p", "yuv420p"));
    EXPECT_TRUE(ffarm_pix_fmt_is_like("yuv420p", "nv12"));
    EXPECT_FALSE(ffarm_pix_fmt_is_like("yuv420p", "yuv420p10le"));
    EXPECT_FALSE(ffarm_pix_fmt_is_like("yuv420p10le", "yuv420p12le"));
    EXPECT_FALSE(ffarm_pix_fmt_is_like("yuv420p", "yuv422p"));
    EXPECT_FALSE(ffarm_pix_fmt_is_like("yuv422p", "yuv444p"));
    for (const char *unknown : {"cuda", "vaapi", "no_such_format", static_cast<const char *>(nullptr)}) {
        EXPECT_TRUE(ffarm_pix_fmt_is_like("yuv420p", unknown));
        EXPECT_TRUE(ffarm_pix_fmt_is_like(unknown, "yuv420p10le"));
    }
}

TEST(ContainerKeeps, NothingThatIsNotKnown)
{
    for (const char *muxer : {"nosuch", "mpegts", static_cast<const char *>(nullptr)})
        for (FfarmContainerThing thing :
             {FFARM_CONTAINER_TITLE, FFARM_CONTAINER_STREAM_TITLE, FFARM_CONTAINER_COLOUR, FFARM_CONTAINER_ROTATION})
            EXPECT_FALSE(ffarm_container_keeps(muxer, thing));
    EXPECT_EQ(ffarm_container_dispositions(nullptr, FFARM_STREAM_AUDIO), 0u);
    EXPECT_EQ(ffarm_container_dispositions("matroska", FFARM_STREAM_VIDEO), 0u);
    EXPECT_EQ(ffarm_container_dispositions("mov", FFARM_STREAM_AUDIO), static_cast<guint>(FFARM_DISPOSITION_DEFAULT));
    EXPECT_FALSE(ffarm_container_holds_language(nullptr, "eng"));
    EXPECT_TRUE(ffarm_container_holds_language("mp4", "eng"));
    EXPECT_FALSE(ffarm_container_holds_language("mp4", "pt-BR"));
    EXPECT_TRUE(ffarm_container_holds_language("webm", "pt-BR"));
    EXPECT_FALSE(ffarm_container_holds_language("mov", "deu"));
}
