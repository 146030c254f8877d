// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include "diagnostic.h"

static std::string formatted(guint line, guint column, const char *source, const char *message)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_ERROR, "a.yml", line, column, source, "%s", message);
    g_autofree char *text = ffarm_diagnostic_format(static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[0]));
    return text;
}

TEST(DiagnosticFormat, PutsTheCaretBelowTheColumn)
{
    EXPECT_EQ(formatted(3, 5, "    typo: 1", "unknown key"), "a.yml:3:5: unknown key\n    typo: 1\n    ^");
}

TEST(DiagnosticFormat, KeepsTabsAboveTheCaret)
{
    EXPECT_EQ(formatted(1, 4, "a\tb:\tc", "x"), "a.yml:1:4: x\na\tb:\tc\n \t ^");
}

TEST(DiagnosticFormat, CountsCharactersNotBytes)
{
    EXPECT_EQ(formatted(1, 4, "äöü: x", "x"), "a.yml:1:4: x\näöü: x\n   ^");
    EXPECT_EQ(formatted(1, 3, "映画: x", "x"), "a.yml:1:3: x\n映画: x\n    ^") << "a wide character takes two cells";
}

TEST(DiagnosticFormat, LeavesOutWhatIsNotThere)
{
    EXPECT_EQ(formatted(0, 0, nullptr, "can't be read"), "a.yml: can't be read");
    EXPECT_EQ(formatted(2, 1, nullptr, "x"), "a.yml:2:1: x");
}

TEST(DiagnosticFormat, LetsNoControlCharacterReachATerminal)
{
    EXPECT_EQ(formatted(1, 1, "\033[2Jx", "bad\nkey \033"), "a.yml:1:1: bad?key ?\n?[2Jx\n^");
    EXPECT_EQ(formatted(1, 1, "\xff", "x"), "a.yml:1:1: x\n\xef\xbf\xbd\n^");
}

TEST(DiagnosticFormat, CutsLongLines)
{
    std::string text = formatted(1, 500, std::string(1000, 'x').c_str(), "m");
    EXPECT_EQ(text, "a.yml:1:500: m\n" + std::string(200, 'x'));
}

TEST(DiagnosticsAdd, CountsErrorsAndWarnings)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_ERROR, "a", 2, 1, nullptr, "b");
    ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_WARNING, "a", 1, 9, nullptr, "c");
    ffarm_diagnostics_add(diagnostics, FFARM_SEVERITY_WARNING, "a", 1, 2, nullptr, "d");
    EXPECT_EQ(diagnostics->errors, 1u);
    EXPECT_EQ(diagnostics->warnings, 2u);
    ffarm_diagnostics_sort(diagnostics);
    std::string order;
    for (guint i = 0; i < diagnostics->items->len; i++)
        order += static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[i])->message;
    EXPECT_EQ(order, "dcb");
}

TEST(NearestName, ForgivesUpToAThirdOfTheLetters)
{
    const char *const names[] = {"extension", "threshold", "threshold_check", "queue", "type", nullptr};
    EXPECT_STREQ(ffarm_nearest_name("exstension", names), "extension");
    EXPECT_STREQ(ffarm_nearest_name("treshold", names), "threshold");
    EXPECT_STREQ(ffarm_nearest_name("thresholdcheck", names), "threshold_check");
    EXPECT_STREQ(ffarm_nearest_name("queeu", names), "queue") << "a swap counts once";
    EXPECT_STREQ(ffarm_nearest_name("TYPE", names), "type");
    EXPECT_EQ(ffarm_nearest_name("colour", names), nullptr);
    EXPECT_EQ(ffarm_nearest_name("ty", names), nullptr);
    EXPECT_EQ(ffarm_nearest_name("", names), nullptr);
    EXPECT_EQ(ffarm_nearest_name(std::string(5000, 'q').c_str(), names), nullptr);
}
