// SPDX-License-Identifier: LGPL-2.1-or-later
// Whole configurations: the ones that must load, the ones that must not and what is said about them, and many that
// nobody would write.
#include <gtest/gtest.h>
#include <algorithm>
#include <random>
#include <string>
#include <vector>
#include "settings.h"

namespace
{

std::string source_path(const std::string &name)
{
    return std::string(g_getenv("FFARM_SOURCE_ROOT")) + "/" + name;
}

std::string contents(const std::string &path)
{
    g_autofree char *text = nullptr;
    gsize length = 0;
    EXPECT_TRUE(g_file_get_contents(path.c_str(), &text, &length, nullptr)) << path;
    return text ? std::string(text, length) : std::string();
}

std::vector<std::string> files_in(const std::string &folder, const char *suffix)
{
    std::vector<std::string> names;
    GDir *dir = g_dir_open(source_path(folder).c_str(), 0, nullptr);
    EXPECT_NE(dir, nullptr) << folder;
    while (const char *name = dir ? g_dir_read_name(dir) : nullptr)
        if (g_str_has_suffix(name, suffix))
            names.push_back(name);
    if (dir)
        g_dir_close(dir);
    std::sort(names.begin(), names.end());
    return names;
}

// What is said about a text, as `ffarm check` would, one diagnostic after the other.
std::string said_about(const std::string &name, const std::string &text, bool *is_loaded)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings = ffarm_settings_parse(name.c_str(), text.data(), text.size(), TRUE, diagnostics);
    std::string said;
    for (guint i = 0; i < diagnostics->items->len; i++) {
        g_autofree char *one = ffarm_diagnostic_format(static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[i]));
        said += std::string(one) + "\n";
    }
    *is_loaded = settings != nullptr;
    EXPECT_EQ(settings == nullptr, diagnostics->errors > 0) << name;
    return said;
}

void expect_to_load(const std::string &name, const std::string &text)
{
    bool is_loaded = false;
    std::string said = said_about(name, text, &is_loaded);
    EXPECT_TRUE(is_loaded) << said;
    EXPECT_EQ(said, "");
}

// The ```yaml blocks of a Markdown file.
std::vector<std::string> yaml_blocks(const std::string &markdown)
{
    std::vector<std::string> blocks;
    const std::string opening = "\n```yaml\n", closing = "\n```";
    for (size_t at = markdown.find(opening); at != std::string::npos; at = markdown.find(opening, at)) {
        size_t start = at + opening.size(), end = markdown.find(closing, start - 1);
        blocks.push_back(markdown.substr(start, end - start + 1));
        at = end;
    }
    return blocks;
}

} // namespace

TEST(Configurations, GoodOnesLoadWithoutAWord)
{
    std::vector<std::string> names = files_in("fixtures/rules/good", ".yml");
    EXPECT_GE(names.size(), 10u);
    for (const std::string &name : names)
        expect_to_load(name, contents(source_path("fixtures/rules/good/" + name)));
}

TEST(Configurations, TheDocumentedOnesLoadWithoutAWord)
{
    std::vector<std::string> blocks = yaml_blocks(contents(source_path("docs/configuration.md")));
    EXPECT_GE(blocks.size(), 8u);
    for (size_t i = 0; i < blocks.size(); i++)
        expect_to_load("docs/configuration.md, block " + std::to_string(i + 1), blocks[i]);
    std::vector<std::string> samples = files_in("docs/samples", ".yml");
    EXPECT_GE(samples.size(), 3u);
    for (const std::string &name : samples)
        expect_to_load(name, contents(source_path("docs/samples/" + name)));
}

TEST(Configurations, BadOnesAreRefusedWithTheWordsExpected)
{
    std::vector<std::string> names = files_in("fixtures/rules/bad", ".yml");
    EXPECT_GE(names.size(), 60u);
    for (const std::string &name : names) {
        bool is_loaded = true;
        std::string path = source_path("fixtures/rules/bad/" + name);
        std::string said = said_about(name, contents(path), &is_loaded);
        EXPECT_FALSE(is_loaded) << name;
        EXPECT_EQ(said, contents(path.substr(0, path.size() - 3) + "err"));
    }
}

namespace
{

// Damages texts as hands and editors do, the same way in every run.
class Mutator
{
  public:
    std::string mutate(std::string text)
    {
        for (size_t i = 0, n = 1 + below(3); i < n; i++)
            text = mutate_once(text);
        return text;
    }
    size_t below(size_t n)
    {
        return n ? static_cast<size_t>(random() % n) : 0;
    }

  private:
    std::string mutate_once(std::string text)
    {
        static const std::vector<std::string> pieces = {
            "[",
            "]",
            "{",
            "}",
            ":",
            ": ",
            ",",
            "- ",
            "#",
            "&a ",
            "*a",
            "!",
            "!!map",
            "|",
            ">",
            "'",
            "\"",
            "%",
            "@",
            "`",
            "\t",
            "\n",
            " ",
            std::string(1, '\0'),
            "\xff",
            "\xc3",
            "?",
            "? ",
            "<<: ",
            "---\n",
            "...\n",
            "~",
            "null",
            "-1",
            "1e999",
            "yes",
            "\\",
            "\r",
            "\x1b",
            "SKIP",
            "include: p\n",
            "type: local\n",
            "\xef\xbb\xbf",
            "\xe2\x80\xa8",
        };
        size_t at = below(text.size() + 1);
        switch (below(7)) {
        case 0:
            return text.insert(at, pieces[below(pieces.size())]);
        case 1:
            return text.erase(at, 1 + below(8));
        case 2:
            return text.replace(at, std::min<size_t>(1, text.size() - at), pieces[below(pieces.size())]);
        case 3:
            return text.substr(0, at);
        case 4:
            return with_lines(text, at, 0);
        case 5:
            return with_lines(text, at, 2);
        default:
            return indent(text, at);
        }
    }
    // The line at `at` as many times as `times` says.
    static std::string with_lines(const std::string &text, size_t at, int times)
    {
        size_t start = at ? text.rfind('\n', at - 1) + 1 : 0, end = text.find('\n', at);
        end = end == std::string::npos ? text.size() : end + 1;
        std::string line = text.substr(start, end - start), out = text.substr(0, start);
        for (int i = 0; i < times; i++)
            out += line;
        return out + text.substr(end);
    }
    std::string indent(std::string text, size_t at)
    {
        size_t start = at ? text.rfind('\n', at - 1) + 1 : 0;
        return text[start] == ' ' && below(2) ? text.erase(start, 1) : text.insert(start, below(2) ? " " : "   ");
    }
    std::mt19937 random{20200101};
};

// Every error has a place in the file and something to say.
void check_errors(const FfarmDiagnostics *diagnostics, const std::string &text)
{
    guint lines = static_cast<guint>(std::count(text.begin(), text.end(), '\n')) * 3 + 3;
    for (guint i = 0; i < diagnostics->items->len; i++) {
        const auto *diagnostic = static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[i]);
        EXPECT_GT(diagnostic->line, 0u) << diagnostic->message << "\n" << text;
        EXPECT_LE(diagnostic->line, lines) << diagnostic->message;
        EXPECT_GT(diagnostic->column, 0u) << diagnostic->message;
        EXPECT_STRNE(diagnostic->message, "");
        EXPECT_EQ(strpbrk(diagnostic->message, "\n\r\033"), nullptr) << diagnostic->message;
        g_autofree char *formatted = ffarm_diagnostic_format(diagnostic);
        EXPECT_TRUE(g_utf8_validate(formatted, -1, nullptr));
    }
}

} // namespace

TEST(Configurations, DamagedOnesLoadOrAreRefusedWithAPlace)
{
    std::vector<std::string> good;
    for (const std::string &name : files_in("fixtures/rules/good", ".yml"))
        good.push_back(contents(source_path("fixtures/rules/good/" + name)));
    ASSERT_FALSE(good.empty());
    Mutator mutator;
    int refused = 0;
    for (int i = 0; i < 1000; i++) {
        std::string text = mutator.mutate(good[mutator.below(good.size())]);
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        g_autoptr(FfarmSettings) settings =
            ffarm_settings_parse("damaged.yml", text.data(), text.size(), i % 2, diagnostics);
        EXPECT_EQ(settings == nullptr, diagnostics->errors > 0) << text;
        refused += settings == nullptr;
        check_errors(diagnostics, text);
    }
    EXPECT_GE(refused, 200) << "too few of them are malformed for this to tell anything";
}

TEST(Configurations, HugeAndDeepOnesEndSoon)
{
    std::string deep(100000, '['), wide = "config:\n", laughs = "a0: &a0 [x]\n", chain = "profiles:\n";
    for (int i = 0; i < 20000; i++)
        wide += "  k" + std::to_string(i) + ": 1\n";
    for (int i = 1; i < 60; i++) {
        std::string before = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + "," + before + "]\n";
    }
    for (int i = 0; i < 200; i++)
        chain += "  p" + std::to_string(i) + ": {include: p" + std::to_string(i + 1) + "}\n";
    std::string huge(17 * 1024 * 1024, ' ');
    for (const std::string &text : {deep, laughs, chain, huge}) {
        bool is_loaded = true;
        std::string said = said_about("huge.yml", text, &is_loaded);
        EXPECT_FALSE(is_loaded) << said.substr(0, 200);
    }
    bool is_loaded = true;
    EXPECT_NE(said_about("wide.yml", wide, &is_loaded), "");
}
