// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include "words.h"

static std::string split(const char *text, gboolean has_comments = FALSE)
{
    gsize wrong = 999;
    g_auto(GStrv) words = ffarm_words_split(text, has_comments, &wrong);
    if (!words)
        return "wrong at " + std::to_string(wrong);
    std::string out;
    for (guint i = 0; words[i]; i++)
        out += std::string("[") + words[i] + "]";
    return out;
}

TEST(WordsSplit, SplitsAtBlanksOfAnyKind)
{
    EXPECT_EQ(split("-c:v libx265  -crf\t20\n-an "), "[-c:v][libx265][-crf][20][-an]");
    EXPECT_EQ(split(""), "");
    EXPECT_EQ(split(" \n\t "), "");
}

TEST(WordsSplit, RespectsQuotes)
{
    EXPECT_EQ(split("-vf 'scale=1280:-2, format=nv12' -an"), "[-vf][scale=1280:-2, format=nv12][-an]");
    EXPECT_EQ(split("-metadata title=\"a 'b' \\\"c\\\"\""), "[-metadata][title=a 'b' \"c\"]");
    EXPECT_EQ(split("a'b c'd\"e f\"g"), "[ab cde fg]");
    EXPECT_EQ(split("'' \"\""), "[][]") << "an empty word is a word";
    EXPECT_EQ(split("'a\\b'"), "[a\\b]");
    EXPECT_EQ(split("\"a\\b\\$\\`\\\\\""), "[a\\b$`\\]");
}

TEST(WordsSplit, RespectsBackslashes)
{
    EXPECT_EQ(split("a\\ b c\\'d"), "[a b][c'd]");
    EXPECT_EQ(split("-an \\\n -sn a\\\nb"), "[-an][-sn][ab]");
    EXPECT_EQ(split("\"a\\\nb\""), "[ab]");
}

TEST(WordsSplit, ExpandsNothing)
{
    EXPECT_EQ(split("$HOME `id` $(id) *.mkv ~ a;b|c&d"), "[$HOME][`id`][$(id)][*.mkv][~][a;b|c&d]");
}

TEST(WordsSplit, PassesOverCommentsWhereThereAreSome)
{
    EXPECT_EQ(split("-an # no sound\n-sn#x '#y'\n# end", TRUE), "[-an][-sn#x][#y]");
    EXPECT_EQ(split("# it's all\n-an", TRUE), "[-an]") << "a quote in a comment is none";
    EXPECT_EQ(split("-an # x", FALSE), "[-an][#][x]");
}

TEST(WordsSplit, TellsWhatIsNeverClosed)
{
    EXPECT_EQ(split("-vf 'scale"), "wrong at 4");
    EXPECT_EQ(split("ab\"c d"), "wrong at 2");
    EXPECT_EQ(split("\"a\\"), "wrong at 0");
    EXPECT_EQ(split("a b\\"), "wrong at 3");
    EXPECT_EQ(split("'a' 'b"), "wrong at 4");
}
