// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include "media_maker.h"
#include "prober.h"
#include "scratch.h"

// What a walk through a folder takes for a film.
class FilmInside : public testing::Test
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
    // A film of @muxer under @name.
    std::string Film(const std::string &name, const char *muxer)
    {
        const char *args[] = {"-f", "lavfi", "-i",   "testsrc2=size=64x64:rate=25", "-t", "0.2", "-c:v", "mpeg2video",
                              "-f", muxer,   nullptr};
        g_autofree char *path = media_make(folder, name.c_str(), args);
        return path;
    }
    std::string Write(const std::string &name, const std::string &text)
    {
        g_autofree char *path = scratch_write(folder, name.c_str(), text.data(), static_cast<gssize>(text.size()));
        return path;
    }
    static bool IsTaken(const std::string &path)
    {
        return ffarm_probe_may_be_video(path.c_str(), nullptr);
    }
    char *folder = nullptr;
};

TEST_F(FilmInside, IsFoundUnderAnyName)
{
    for (const char *muxer : {"matroska", "mp4", "mov", "avi", "mpegts", "vob", "asf", "nut", "mxf"}) {
        std::string plain = Film(std::string("Film of 1999 ") + muxer, muxer), odd = plain + ".from_disk";
        EXPECT_TRUE(IsTaken(plain)) << muxer;
        ASSERT_EQ(rename(plain.c_str(), odd.c_str()), 0);
        EXPECT_TRUE(IsTaken(odd)) << muxer;
    }
}

TEST_F(FilmInside, IsNotLookedForInWhatIsNotWholeOrPutAside)
{
    std::string film = Film("film", "matroska");
    EXPECT_TRUE(IsTaken(film));
    for (const char *end : {".mkv.part", ".mkv.crdownload", ".mkv.tmp", ".mkv.BAK", ".mkv~"}) {
        std::string aside = film + end;
        ASSERT_EQ(rename(film.c_str(), aside.c_str()), 0);
        EXPECT_FALSE(IsTaken(aside)) << end;
        film = aside;
    }
}

TEST_F(FilmInside, IsNothingElse)
{
    const char *sound[] = {"-f", "lavfi", "-i", "sine", "-t", "0.2", "-f", "matroska", nullptr};
    g_autofree char *path = media_make(folder, "sound", sound);
    EXPECT_FALSE(IsTaken(path));
    EXPECT_FALSE(IsTaken(Write("empty", "")));
    EXPECT_FALSE(IsTaken(Write("notes", "ftyp is a word, and so is moov\n")));
    EXPECT_FALSE(IsTaken(Write("liar", std::string("\x1a\x45\xdf\xa3", 4) + std::string(2000, 'x'))));
    EXPECT_FALSE(IsTaken(Write("G", std::string(5000, 'G'))));
    EXPECT_FALSE(IsTaken(std::string(folder) + "/missing"));
    EXPECT_FALSE(IsTaken(folder));
    std::string pipe = std::string(folder) + "/pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(IsTaken(pipe));
}

TEST_F(FilmInside, IsTakenByNameWithoutALook)
{
    EXPECT_TRUE(IsTaken(std::string(folder) + "/missing.mkv"));
}
