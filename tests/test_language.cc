// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "media.h"

TEST(LanguageEqual, KnowsThreeSpellingsOfOneLanguage)
{
    const char *const spellings[] = {"de", "deu", "ger", "GER"};
    for (const char *a : spellings)
        for (const char *b : spellings)
            EXPECT_TRUE(ffarm_language_equal(a, b)) << a << " " << b;
}

TEST(LanguageEqual, TellsLanguagesApart)
{
    EXPECT_FALSE(ffarm_language_equal("de", "da"));
    EXPECT_FALSE(ffarm_language_equal("eng", "enm"));
    EXPECT_FALSE(ffarm_language_equal("en", NULL));
    EXPECT_FALSE(ffarm_language_equal("zxx", "und"));
}

TEST(LanguageEqual, TakesNothingForUnd)
{
    EXPECT_TRUE(ffarm_language_equal(NULL, "und"));
    EXPECT_TRUE(ffarm_language_equal("", NULL));
    EXPECT_TRUE(ffarm_language_equal(NULL, NULL));
}

TEST(LanguageEqual, ComparesWhatNoTableKnows)
{
    EXPECT_TRUE(ffarm_language_equal("qaa", "QAA"));
    EXPECT_FALSE(ffarm_language_equal("qaa", "qab"));
}
