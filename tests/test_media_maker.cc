// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <glib.h>
#include <sys/stat.h>
#include "media_maker.h"
#include "scratch.h"

class MediaMaker : public testing::Test
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
    static std::string Content(const char *path)
    {
        g_autofree char *bytes = nullptr;
        gsize length = 0;
        g_file_get_contents(path, &bytes, &length, nullptr);
        return std::string(bytes, length);
    }
    char *folder = nullptr;
};

TEST_F(MediaMaker, MakesTheSameClipEachTime)
{
    g_autofree char *one = media_make_clip(folder, "one.mkv", 1);
    g_autofree char *two = media_make_clip(folder, "$(touch PWNED): two", 1);
    EXPECT_GT(Content(one).size(), 1000u);
    EXPECT_EQ(Content(one), Content(two));
    EXPECT_EQ(Content(one).substr(0, 4), "\x1a\x45\xdf\xa3");
}

TEST_F(MediaMaker, FollowsTheExtension)
{
    g_autofree char *mp4 = media_make_clip(folder, "one.mp4", 1);
    g_autofree char *avi = media_make_clip(folder, "one.avi", 1);
    EXPECT_EQ(Content(mp4).substr(4, 4), "ftyp");
    EXPECT_EQ(Content(avi).substr(0, 4), "RIFF");
}

TEST_F(MediaMaker, CutsAFile)
{
    g_autofree char *path = scratch_write(folder, "file", "0123456789", -1);
    media_cut(path, 60);
    EXPECT_EQ(Content(path), "012345");
}

TEST_F(MediaMaker, TakesArguments)
{
    const char *args[] = {"-f", "lavfi", "-i", "sine=duration=0.1", nullptr};
    g_autofree char *path = media_make(folder, "-dash: a.wav", args);
    EXPECT_EQ(Content(path).substr(0, 4), "RIFF");
}
