// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "host_space.h"

TEST(HostSpace, ReadsDf)
{
    const char *const head = "Filesystem     1024-blocks      Used Available Capacity Mounted on\n";
    auto parse = [head](const char *line) { return host_space_parse_df((std::string(head) + line).c_str()); };
    EXPECT_EQ(parse("/dev/sda1        61255492  23911232  34200000      42% /\n"), 34200000LL * 1024);
    EXPECT_EQ(parse("tmpfs                1024      1024         0     100% /a b\n"), 0);
    EXPECT_EQ(parse("map auto_home           0         0         0     100%    /System/Volumes/Data/home\n"), 0);
    EXPECT_EQ(parse("//nas/my films   1000 10 990 1% /Volumes/100 200 3 1 %\n"), 990 * 1024) << "blanks in names";
    EXPECT_EQ(parse("/dev/disk3s5  482797652 9e5 1 2% /\n"), -1);
    EXPECT_EQ(parse("proc  0 0 0 - /proc\n"), -1) << "nothing can be said";
    EXPECT_EQ(parse("x 1 -2 3 4% /\n"), -1);
    EXPECT_EQ(parse("x 99999999999999999999 1 1 4% /\n"), -1);
    EXPECT_EQ(parse("x 9223372036854775807 1 9223372036854775807 4% /\n"), G_MAXINT64 / 1024 * 1024);
    for (const char *text : {"", "%", " 1% 2% ", "1 2 3", "df: /x: No such file or directory\n", "%%%% % % % %"})
        EXPECT_EQ(host_space_parse_df(text), -1) << text;
}

TEST(HostSpace, ReadsANumber)
{
    EXPECT_EQ(host_space_parse_number("123456789012\r\n"), 123456789012LL);
    EXPECT_EQ(host_space_parse_number("\r\r\n\r\r\nFreeSpace=5000\r\r\n\r\r\n"), 5000);
    for (const char *text : {"", "\r\n", "No Instance(s) Available.\r\n", "-5\r\n", "12,5\r\n", "99999999999999999999"})
        EXPECT_EQ(host_space_parse_number(text), -1) << text;
}

TEST(HostSpace, MultipliesUnits)
{
    EXPECT_EQ(host_space_bytes(3, 10, 4096), 12288);
    EXPECT_EQ(host_space_bytes(0, 10, 4096), 0);
    EXPECT_EQ(host_space_bytes(G_MAXUINT64 - 5, 10, 4096), 0) << "less than nothing";
    EXPECT_EQ(host_space_bytes(0, 0, 4096), -1) << "a file system without a size";
    EXPECT_EQ(host_space_bytes(1, 10, 0), -1);
    EXPECT_EQ(host_space_bytes(G_MAXUINT64, G_MAXUINT64, 4096), G_MAXINT64 / 4096 * 4096) << "no overflow";
}
