// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <glib.h>
#include "help.h"
#include "text.h"

#include <string>
#include <vector>

namespace
{
std::string take(char *text)
{
    std::string result = text;
    g_free(text);
    return result;
}

std::string plain(const char *text)
{
    return take(cli_text_plain(text));
}

gint64 seconds(double count)
{
    return static_cast<gint64>(count * G_USEC_PER_SEC);
}
} // namespace

TEST(TextPlain, LeavesReadableTextAlone)
{
    for (const char *text : {"", "Film: 1.mkv", "a'b\"c`d$(e)", "\xc3\xa4\xe6\x98\xa0\xe7\x94\xbb", "C:\\films",
                             "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9"})
        EXPECT_EQ(plain(text), text);
}

TEST(TextPlain, ShowsWhatWouldDriveATerminal)
{
    EXPECT_EQ(plain("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    EXPECT_EQ(plain("\x1b[31mred\x1b]0;title\x07"), "\\x1b[31mred\\x1b]0;title\\x07");
    EXPECT_EQ(plain("\x7f"), "\\x7f");
    EXPECT_EQ(plain("\xc2\x9b"
                    "2J"),
              "\\u009b2J");
    EXPECT_EQ(plain("\xe2\x80\xae"
                    "vkm"),
              "\\u202evkm");
    EXPECT_EQ(plain("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
    EXPECT_EQ(plain("\xf3\xa0\x81\x81"), "\\U000e0041");
}

TEST(TextPlain, ShowsBytesThatAreNotUtf8)
{
    EXPECT_EQ(plain("\xff.mkv"), "\\xff.mkv");
    EXPECT_EQ(plain("cut \xe2\x82"), "cut \\xe2\\x82");
    EXPECT_EQ(plain("\xc0\xaf"), "\\xc0\\xaf");
    EXPECT_EQ(plain("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(TextPlain, NeverLetsAControlByteThrough)
{
    for (int byte = 1; byte < 256; byte++) {
        const char text[] = {static_cast<char>(byte), 0};
        g_autofree char *result = cli_text_plain(text);
        EXPECT_TRUE(g_utf8_validate(result, -1, nullptr)) << byte;
        for (const char *p = result; *p; p++)
            EXPECT_GE(static_cast<unsigned char>(*p), 0x20) << byte;
    }
}

TEST(TextPlainLines, KeepsLineBreaksAndTabs)
{
    EXPECT_EQ(take(cli_text_plain_lines("a\n\tb\r\n\x1b")), "a\n\tb\\r\n\\x1b");
}

TEST(TextPath, IsShortBelowTheCurrentFolder)
{
    g_autofree char *folder = g_get_current_dir();
    EXPECT_EQ(take(cli_text_path((std::string(folder) + "/sub/x.mkv").c_str())), "sub/x.mkv");
    EXPECT_EQ(take(cli_text_path((std::string(folder) + "2/x.mkv").c_str())), std::string(folder) + "2/x.mkv");
    EXPECT_EQ(take(cli_text_path("/a\nb")), "/a\\nb");
}

TEST(TextSize, ChoosesTheUnit)
{
    EXPECT_EQ(take(cli_text_size(-1)), "?");
    EXPECT_EQ(take(cli_text_size(0)), "0 B");
    EXPECT_EQ(take(cli_text_size(1023)), "1023 B");
    EXPECT_EQ(take(cli_text_size(1024)), "1.0 KiB");
    EXPECT_EQ(take(cli_text_size(1536 * 1024)), "1.5 MiB");
    EXPECT_EQ(take(cli_text_size((gint64{1} << 30) - 1)), "1.0 GiB");
    EXPECT_EQ(take(cli_text_size(gint64{700} << 30)), "700 GiB");
    EXPECT_EQ(take(cli_text_size(G_MAXINT64)), "8192 PiB");
}

TEST(TextBitrate, ChoosesTheUnit)
{
    EXPECT_EQ(take(cli_text_bitrate(640000)), "640 kbit/s");
    EXPECT_EQ(take(cli_text_bitrate(6500000)), "6.5 Mbit/s");
    EXPECT_EQ(take(cli_text_bitrate(12)), "12 bit/s");
}

TEST(TextDuration, IsReadAsAClock)
{
    EXPECT_EQ(take(cli_text_duration(-5)), "0:00");
    EXPECT_EQ(take(cli_text_duration(seconds(7.4))), "0:07");
    EXPECT_EQ(take(cli_text_duration(seconds(59.6))), "1:00");
    EXPECT_EQ(take(cli_text_duration(seconds(5525))), "1:32:05");
    EXPECT_EQ(take(cli_text_duration(seconds(360000))), "100:00:00");
}

// No line of any help is wider than a screen.
TEST(Help, FitsAScreen)
{
    guint n_verbs = 0;
    const CliVerb *verbs = cli_verbs(&n_verbs);
    std::vector<std::string> texts = {take(cli_help_overview())};
    for (guint i = 0; i < n_verbs; i++)
        texts.push_back(take(cli_help_verb(&verbs[i])));
    for (const std::string &text : texts) {
        g_auto(GStrv) lines = g_strsplit(text.c_str(), "\n", -1);
        EXPECT_LE(g_strv_length(lines), 48u);
        for (guint i = 0; lines[i]; i++)
            EXPECT_LE(strlen(lines[i]), 80u) << lines[i];
    }
}

TEST(TextBehindPath, SaysAPathOnlyOnce)
{
    EXPECT_STREQ(cli_text_behind_path("/a/film.mkv: ffmpeg failed", "/a/film.mkv"), "ffmpeg failed");
    EXPECT_STREQ(cli_text_behind_path("/a/film.mkv2: ffmpeg failed", "/a/film.mkv"), "/a/film.mkv2: ffmpeg failed");
    EXPECT_STREQ(cli_text_behind_path("box: /a/film.mkv: gone", "/a/film.mkv"), "box: /a/film.mkv: gone");
    EXPECT_STREQ(cli_text_behind_path("/a/film", "/a/film.mkv"), "/a/film");
    EXPECT_STREQ(cli_text_behind_path("/a/\xEF\xBF\xBD: gone", "/a/\xe9"), "gone");
}
