// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include <vector>
#include "error.h"
#include "number_test.h"

static bool holds(const std::string &text, double value)
{
    FfarmNumberTest test;
    g_autoptr(GError) error = nullptr;
    EXPECT_TRUE(ffarm_number_test_parse(text.c_str(), &test, &error)) << text << ": " << (error ? error->message : "");
    return ffarm_number_test_holds(&test, value);
}

TEST(NumberTestHolds, AgreesWithArithmeticForEveryForm)
{
    for (int n = 0; n <= 6; n++) {
        for (int value = 0; value <= 7; value++) {
            std::string text = std::to_string(n);
            const std::vector<std::pair<std::string, bool>> forms = {
                {text, value == n},         {"<" + text, value < n},   {"<=" + text, value <= n},
                {">" + text, value > n},    {">=" + text, value >= n}, {text + ".0", value == n},
                {text + ".00", value == n}, {"0" + text, value == n},
            };
            for (const auto &form : forms) {
                EXPECT_EQ(holds(form.first, value), form.second) << form.first << " asked of " << value;
                EXPECT_EQ(holds("!" + form.first, value), !form.second) << "!" << form.first << " asked of " << value;
            }
            for (int high = n; high <= 6; high++) {
                std::string range = text + "-" + std::to_string(high);
                bool within = n <= value && value <= high;
                EXPECT_EQ(holds(range, value), within) << range << " asked of " << value;
                EXPECT_EQ(holds("!" + range, value), !within) << "!" << range << " asked of " << value;
            }
        }
    }
}

TEST(NumberTestHolds, TakesBlanksAnywhereBetweenTheParts)
{
    EXPECT_TRUE(holds(" ! >= 720 ", 480));
    EXPECT_TRUE(holds("720 - 1080", 1080));
    EXPECT_TRUE(holds("\t<\t3", 2));
}

TEST(NumberTestHolds, MeansANumberAsExactlyAsItIsWritten)
{
    const double film = 24000.0 / 1001;
    EXPECT_TRUE(holds("23.976", film));
    EXPECT_TRUE(holds("23.98", film));
    EXPECT_FALSE(holds("24", film));
    EXPECT_TRUE(holds("<24", film));
    EXPECT_FALSE(holds(">23.976", film)) << "it is the same number";
    EXPECT_TRUE(holds("<=23.976", film));
    EXPECT_TRUE(holds(">=23.976", film));
    EXPECT_TRUE(holds("23.976-25", film));
    EXPECT_TRUE(holds("<=29.97", 30000.0 / 1001));
    EXPECT_FALSE(holds("29.9", 30000.0 / 1001));
    EXPECT_TRUE(holds(">30", 30.5)) << "a fraction counts";
}

TEST(NumberTestHolds, ComparesNumbersOfAnySize)
{
    EXPECT_TRUE(holds(">4000000000", 5e9));
    EXPECT_TRUE(holds("<0.001", 0.0001));
}

TEST(NumberTestParse, RefusesWhatIsNoTest)
{
    const char *const wrong[] = {
        "",    " ",   "!",     "<",   ">",    "<=",   ">=",    "-",   "-5",   "5-",   "5-4",    "=5",   "==5", "=<5",
        "=>5", "<>5", "!!5",   "5!",  "<5-6", "<-5",  "5-6-7", "5,5", "1e3",  "0x10", "five",   "5x",   "5 6", "< 5 6",
        ".5",  "5.",  "1.2.3", "nan", "inf",  ">=>5", "+5",    "5%",  "5..6", "5-<6", "5 to 6", "! < ", "<!5"};
    for (const char *text : wrong) {
        FfarmNumberTest test = {};
        test.low.value = 77;
        g_autoptr(GError) error = nullptr;
        EXPECT_FALSE(ffarm_number_test_parse(text, &test, &error)) << "'" << text << "'";
        ASSERT_TRUE(g_error_matches(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID)) << "'" << text << "'";
        EXPECT_EQ(test.low.value, 77) << "'" << text << "' was half read";
    }
}

TEST(NumberTestParse, RefusesANumberWithoutEnd)
{
    FfarmNumberTest test;
    std::string digits(400, '9');
    EXPECT_FALSE(ffarm_number_test_parse(digits.c_str(), &test, nullptr));
}
