// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "decode.h"
#include "media_maker.h"
#include "scratch.h"

#include <cstdio>
#include <cstring>
#include <string>

namespace
{
class Decode : public testing::Test
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
    // Writes rubbish over @length bytes at @offset.
    static void Damage(const char *path, long offset, int length)
    {
        FILE *file = fopen(path, "r+b");
        ASSERT_NE(file, nullptr);
        fseek(file, offset, SEEK_SET);
        for (int i = 0; i < length; i++)
            fputc(1 + i * 37 % 200, file);
        fclose(file);
    }
    FfarmDecoded *File(const char *path, guint threads = 0)
    {
        g_autoptr(GError) error = nullptr;
        FfarmDecoded *decoded = ffarm_decode_file(path, threads, 0, nullptr, &error);
        EXPECT_NE(decoded, nullptr) << (error ? error->message : "");
        return decoded;
    }
    char *folder = nullptr;
};
} // namespace

TEST_F(Decode, CountsFramesAndSamples)
{
    for (const char *name : {"clip.mkv", "clip.mp4", "clip.ts"}) {
        SCOPED_TRACE(name);
        g_autofree char *clip = media_make_clip(folder, name, 2);
        g_autoptr(FfarmDecoded) decoded = File(clip);
        ASSERT_EQ(decoded->streams->len, 2u);
        const FfarmDecodedStream *video = ffarm_decoded_peek(decoded, 0), *audio = ffarm_decoded_peek(decoded, 1);
        EXPECT_EQ(video->type, FFARM_STREAM_VIDEO);
        EXPECT_TRUE(video->is_decoded);
        EXPECT_EQ(video->packets, 50);
        EXPECT_EQ(video->frames, 50);
        EXPECT_EQ(video->samples, 0);
        EXPECT_NEAR(static_cast<double>(video->last_us), strcmp(name, "clip.ts") ? 1.96e6 : 3.36e6, 3e5);
        EXPECT_EQ(audio->type, FFARM_STREAM_AUDIO);
        EXPECT_NEAR(static_cast<double>(audio->samples), 2 * 48000, 3000);
        EXPECT_TRUE(decoded->reached_end);
        EXPECT_EQ(decoded->errors, 0) << decoded->first_error;
        EXPECT_EQ(decoded->first_error, nullptr);
        EXPECT_EQ(ffarm_decoded_peek(decoded, 2), nullptr);
        EXPECT_EQ(ffarm_decoded_peek(decoded, -1), nullptr);
    }
}

TEST_F(Decode, FindsRubbishInPacketsThatAreAllThere)
{
    for (guint threads : {1u, 4u}) {
        SCOPED_TRACE(threads);
        // An mp4 says where each packet lies, so the damage is invisible until it is decoded.
        g_autofree char *clip = media_make_clip(folder, "clip.mp4", 10);
        Damage(clip, 100000, 2000);
        g_autoptr(FfarmDecoded) decoded = File(clip, threads);
        EXPECT_TRUE(decoded->reached_end);
        EXPECT_EQ(ffarm_decoded_peek(decoded, 0)->packets, 250);
        EXPECT_GT(decoded->errors, 0);
        ASSERT_NE(decoded->first_error, nullptr);
        EXPECT_NE(std::string(decoded->first_error).find(" stream "), std::string::npos) << decoded->first_error;
        EXPECT_EQ(std::string(decoded->first_error).find('\n'), std::string::npos);
    }
}

TEST_F(Decode, LeavesOutWhatIsNoFilm)
{
    g_autofree char *corpus = media_corpus();
    for (const char *name : {"good/cover.mp4", "good/fonts.mkv", "good/subtitles-text.mkv"}) {
        SCOPED_TRACE(name);
        g_autofree char *path = g_build_filename(corpus, name, nullptr);
        g_autoptr(FfarmDecoded) decoded = File(path);
        EXPECT_EQ(decoded->errors, 0) << decoded->first_error;
        EXPECT_TRUE(ffarm_decoded_peek(decoded, 0)->is_decoded);
        EXPECT_FALSE(ffarm_decoded_peek(decoded, static_cast<int>(decoded->streams->len) - 1)->is_decoded);
    }
}

TEST_F(Decode, RefusesWhatIsNoMedia)
{
    g_autofree char *text = scratch_write(folder, "text.mkv", "not a film", -1);
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_decode_file(text, 0, 0, nullptr, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_FAILED));
}

TEST_F(Decode, EndsWhenItIsCancelled)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 2);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_decode_file(clip, 0, 0, cancellable, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}
