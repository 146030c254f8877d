// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <gtest/gtest.h>
#include "placement.h"

class Placement : public testing::Test
{
  protected:
    FfarmPlacement *Place(FfarmHostType type, const char *source = "/media/a/film.avi", const char *extension = ".mkv",
                          const char *destination = "/media/a/film.mkv", const char *fls_path = nullptr)
    {
        host = ffarm_host_new("home", "box", type);
        host->working_dir = g_strdup(working_dir);
        if (dest)
            ffarm_host_add_substitution(host, "/media/", dest);
        FfarmPlacementParams params = {host, source, extension, destination, fls_path, "k3x-7"};
        placement = ffarm_placement_new(&params);
        return placement;
    }
    void TearDown() override
    {
        ffarm_placement_free(placement);
        ffarm_host_free(host);
    }
    FfarmHost *host = nullptr;
    FfarmPlacement *placement = nullptr;
    const char *working_dir = "/tmp";
    const char *dest = nullptr;
};

TEST_F(Placement, LocalWritesBesideTheDestination)
{
    Place(FFARM_HOST_LOCAL);
    EXPECT_STREQ(placement->host_input, "/media/a/film.avi");
    EXPECT_STREQ(placement->host_output, "/media/a/.ffarm-k3x-7.mkv.tmp");
    EXPECT_STREQ(placement->result, placement->host_output);
    EXPECT_EQ(placement->host_folder, nullptr);
    EXPECT_FALSE(placement->must_move);
}

TEST_F(Placement, LocalUsesFastStorage)
{
    Place(FFARM_HOST_LOCAL, "/media/a/film.avi", ".mkv", "/media/a/film.mkv", "/ssd/");
    EXPECT_STREQ(placement->host_output, "/ssd/.ffarm-k3x-7.mkv.tmp");
    EXPECT_STREQ(placement->result, "/ssd/.ffarm-k3x-7.mkv.tmp");
}

TEST_F(Placement, LocalWithOutputFolderLeavesTheSourcesFolderAlone)
{
    Place(FFARM_HOST_LOCAL, "/media/a/film.avi", ".mkv", "/out/a/film.mkv");
    EXPECT_STREQ(placement->result, "/out/a/.ffarm-k3x-7.mkv.tmp");
}

TEST_F(Placement, MountedMapsFolderAndTemporaryName)
{
    dest = "/mnt/media/";
    Place(FFARM_HOST_MOUNTED);
    EXPECT_STREQ(placement->host_input, "/mnt/media/a/film.avi");
    EXPECT_STREQ(placement->host_output, "/mnt/media/a/.ffarm-k3x-7.mkv.tmp");
    EXPECT_STREQ(placement->result, "/media/a/.ffarm-k3x-7.mkv.tmp");
    EXPECT_FALSE(placement->must_move);
}

TEST_F(Placement, MountedWritesWhereTheHostCanReachAlsoWithOutputFolder)
{
    dest = "Z:/";
    Place(FFARM_HOST_MOUNTED, "/media/film.avi", ".mkv", "/out/film.mkv", "/ssd");
    EXPECT_STREQ(placement->host_input, "Z:/film.avi");
    EXPECT_STREQ(placement->host_output, "Z:/.ffarm-k3x-7.mkv.tmp");
    EXPECT_STREQ(placement->result, "/media/.ffarm-k3x-7.mkv.tmp");
}

TEST_F(Placement, StreamingHasAPrivateFolder)
{
    Place(FFARM_HOST_STREAMING, "/media/a/film.avi", ".mkv", "/out/a/film.mkv", "/ssd");
    EXPECT_STREQ(placement->host_folder, "/tmp/ffarm-k3x-7");
    EXPECT_STREQ(placement->host_input, "/tmp/ffarm-k3x-7/in.avi");
    EXPECT_STREQ(placement->host_output, "/tmp/ffarm-k3x-7/out.mkv");
    EXPECT_STREQ(placement->result, "/out/a/.ffarm-k3x-7.mkv.tmp");
    EXPECT_TRUE(placement->must_move);
}

TEST_F(Placement, StreamingJoinsWindowsFoldersWithASlash)
{
    for (const char *folder : {"c:/temp", "c:/temp/"}) {
        working_dir = folder;
        Place(FFARM_HOST_STREAMING);
        EXPECT_STREQ(placement->host_input, "c:/temp/ffarm-k3x-7/in.avi");
        TearDown();
    }
    working_dir = "c:\\temp";
    Place(FFARM_HOST_STREAMING);
    EXPECT_STREQ(placement->host_input, "c:\\temp/ffarm-k3x-7/in.avi");
    TearDown();
    working_dir = "c:\\";
    Place(FFARM_HOST_STREAMING);
    EXPECT_STREQ(placement->host_folder, "c:\\ffarm-k3x-7");
}

TEST_F(Placement, NothingOfTheMediaNameGetsIntoATemporary)
{
    const char *evil[] = {"/m/$(touch PWNED)", "/m/x.a b", "/m/x.mkv;rm", "/m/x.\xff\xfe",          "/m/x.'",
                          "/m.dir/x",          "/m/x.",    "/m/.",        "/m/x.abcdefghijklmnopq", "/m/x.a\nb",
                          "/m/x.\xc3\xa4"};
    for (const char *source : evil) {
        Place(FFARM_HOST_STREAMING, source, strrchr(source, '.') ? strrchr(source, '.') : "", "/m/x");
        EXPECT_STREQ(placement->host_input, "/tmp/ffarm-k3x-7/in.bin") << source;
        EXPECT_STREQ(placement->host_output, "/tmp/ffarm-k3x-7/out.bin") << source;
        EXPECT_STREQ(placement->result, "/m/.ffarm-k3x-7.bin.tmp") << source;
        TearDown();
    }
    Place(FFARM_HOST_STREAMING, "/m/x.ABCdefghijklmn16", ".MP4", "/m/x");
    EXPECT_STREQ(placement->host_input, "/tmp/ffarm-k3x-7/in.ABCdefghijklmn16");
    EXPECT_STREQ(placement->host_output, "/tmp/ffarm-k3x-7/out.MP4");
}

TEST(PlacementIsTemporary, KnowsItsOwnNames)
{
    EXPECT_TRUE(ffarm_placement_is_temporary(".ffarm-k3x-7.mkv.tmp"));
    EXPECT_FALSE(ffarm_placement_is_temporary("film.mkv.tmp"));
    EXPECT_FALSE(ffarm_placement_is_temporary(".ffarm-notes.txt"));
    EXPECT_FALSE(ffarm_placement_is_temporary("ffarm-k3x-7.mkv.tmp"));
    EXPECT_FALSE(ffarm_placement_is_temporary(""));
}
