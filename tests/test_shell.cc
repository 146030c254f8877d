// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "shell.h"
#include "windows_line.h"

#include <gio/gio.h>
#include <random>
#include <string>
#include <sys/resource.h>
#include <vector>

using Words = std::vector<std::string>;

namespace
{
std::vector<const char *> pointers(const Words &words)
{
    std::vector<const char *> argv;
    for (const std::string &word : words)
        argv.push_back(word.c_str());
    argv.push_back(nullptr);
    return argv;
}

std::string quote(FfarmShell shell, const Words &words)
{
    g_autoptr(GError) error = nullptr;
    g_autofree char *line = ffarm_shell_quote(shell, pointers(words).data(), &error);
    return line ? line : "";
}

// A shell that goes wild on a line must not take the machine with it.
void limit_memory(gpointer)
{
    const struct rlimit memory = {2u << 30, 2u << 30};
    setrlimit(RLIMIT_AS, &memory);
}

// What a program gets that SHELL starts from LINE: its arguments as it prints them, NUL behind each.
Words run_in(const Words &shell, const std::string &line, const char *locale)
{
    Words call = shell;
    call.push_back(line);
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", locale, TRUE);
    g_autoptr(GError) error = nullptr;
    g_autofree char *folder = g_dir_make_tmp("ffarm-test-XXXXXX", &error);
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_subprocess_launcher_set_environ(launcher, environment);
    g_subprocess_launcher_set_cwd(launcher, folder);
    g_subprocess_launcher_set_child_setup(launcher, limit_memory, nullptr, nullptr);
    g_autoptr(GSubprocess) child = g_subprocess_launcher_spawnv(launcher, pointers(call).data(), &error);
    EXPECT_TRUE(child) << error->message;
    g_autoptr(GBytes) output = nullptr;
    EXPECT_TRUE(g_subprocess_communicate(child, nullptr, nullptr, &output, nullptr, &error));
    // Nothing may have been written or executed on the way.
    EXPECT_EQ(rmdir(folder), 0) << line;
    gsize size = 0;
    const char *data = static_cast<const char *>(g_bytes_get_data(output, &size));
    Words words;
    for (gsize start = 0; start < size; start += words.back().size() + 1)
        words.emplace_back(data + start);
    return words;
}

const Words print_arguments = {"/usr/bin/printf", "%s\\0"};

void expect_round_trip(const Words &shell, const Words &arguments, const char *locale)
{
    Words argv = print_arguments;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    std::string line = quote(FFARM_SHELL_POSIX, argv);
    Words got = run_in(shell, line, locale);
    ASSERT_EQ(got.size(), arguments.size()) << line;
    for (size_t i = 0; i < got.size(); i++)
        ASSERT_EQ(got[i], arguments[i]) << line;
}

const Words hostile_words = {
    "",
    " ",
    "a b",
    "'",
    "\"",
    "''",
    "\\",
    "\\\\",
    "\\'",
    "trailing\\",
    "$HOME",
    "${HOME}",
    "$(touch PWNED)",
    "`touch PWNED`",
    ";touch PWNED",
    "&touch PWNED",
    "|touch PWNED",
    ">PWNED",
    "<in",
    "*",
    "?",
    "[a]",
    "{a,b}",
    "~",
    "~root",
    "!",
    "!!",
    "!x",
    "#",
    "a#b",
    "%PATH%",
    "%s",
    "^",
    "^a^b",
    "=ls",
    "a=b",
    "-n",
    "--",
    "-",
    "(",
    ")",
    "@",
    "Movie: x.mkv",
    "\t",
    "\x01\x7f",
    "\xf0\x9f\x8e\xac.mkv",
    "\xff\xfe.mkv",
    "caf\xc3\xa9",
    "voil\xc3\xa0",
    "\xa0",
    "\xc3",
    "\xe2\x80\x98",
    "1>2",
    "2>&1",
    "a;b",
    ".",
    "/",
    "exec",
};
const Words broken_lines = {"\n",  "a\nb", "a\n",  "\r",    "a\rb\n\n", "\n'\\0012'\n$(touch PWNED)\n",
                            "\\n", "\\\n", "%b\n", "\xff\n"};

Words random_words(unsigned seed, size_t count, bool is_text)
{
    std::mt19937 generator(seed);
    static const std::string special = "\\\\\\'\"\"!%%^&|<>()$`*?[]{}~#=;, \t-/";
    Words words;
    for (size_t i = 0; i < count; i++) {
        std::string word;
        for (size_t length = generator() % 12; length > 0; length--) {
            char c = generator() % 2 ? special[generator() % special.size()] : static_cast<char>(1 + generator() % 255);
            if (is_text && (c & 0x80 || c == '\n' || c == '\r'))
                c = '\\';
            if (c != '\n' && c != '\r')
                word += c;
        }
        words.push_back(word);
    }
    return words;
}
} // namespace

class LoginShell : public testing::TestWithParam<Words>
{
  protected:
    void SetUp() override
    {
        g_autofree char *path = g_find_program_in_path(GetParam()[0].c_str());
        if (!path)
            GTEST_SKIP() << GetParam()[0] << " is not installed";
    }
};

TEST_P(LoginShell, HandsHostileArgumentsOn)
{
    for (const char *locale : {"C.UTF-8", "C"})
        expect_round_trip(GetParam(), hostile_words, locale);
}

TEST_P(LoginShell, HandsLineBreaksOn)
{
    for (const char *locale : {"C.UTF-8", "C"}) {
        Words words = hostile_words;
        words.insert(words.end(), broken_lines.begin(), broken_lines.end());
        expect_round_trip(GetParam(), words, locale);
    }
}

TEST_P(LoginShell, HandsRandomArgumentsOn)
{
    for (unsigned seed = 0; seed < 12; seed++)
        expect_round_trip(GetParam(), random_words(seed, 200, false), seed % 2 ? "C" : "C.UTF-8");
}

TEST_P(LoginShell, TakesExecForItsOwn)
{
    for (const char *argument : {"a b", "a\nb"}) {
        std::string line = quote(FFARM_SHELL_POSIX, {"exec", "sh", "-c", "printf '%s\\0' \"$@\"", "sh", argument});
        EXPECT_EQ(run_in(GetParam(), line, "C.UTF-8"), Words({argument})) << line;
    }
}

INSTANTIATE_TEST_SUITE_P(Shells, LoginShell,
                         testing::Values(Words{"dash", "-c"}, Words{"bash", "-c"}, Words{"zsh", "-c"},
                                         Words{"ksh", "-c"}, Words{"mksh", "-c"}, Words{"busybox", "sh", "-c"},
                                         Words{"csh", "-c"}, Words{"tcsh", "-c"}, Words{"fish", "-c"}),
                         [](const testing::TestParamInfo<Words> &info) { return info.param[0]; });

TEST(ShellQuote, LeavesPlainWordsAsTheyAre)
{
    EXPECT_EQ(quote(FFARM_SHELL_POSIX, {"ffmpeg", "-i", "/mnt/a.mkv", ""}), "ffmpeg -i /mnt/a.mkv ''");
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {"ffmpeg", "-i", "c:/temp/a.mkv", ""}), "ffmpeg -i c:/temp/a.mkv ^\"^\"");
}

namespace
{
void expect_cmd_round_trip(const Words &argv)
{
    std::string line = quote(FFARM_SHELL_CMD, argv);
    ASSERT_NE(line, "");
    g_autofree char *passed = windows_line_through_cmd(line.c_str());
    ASSERT_TRUE(passed) << "cmd.exe would see an operator in " << line;
    g_auto(GStrv) got = windows_line_split(passed);
    ASSERT_EQ(g_strv_length(got), argv.size()) << line;
    for (size_t i = 0; i < argv.size(); i++)
        ASSERT_EQ(got[i], argv[i]) << line;
}
} // namespace

TEST(ShellQuote, SurvivesCmdAndTheRuntimeLibrary)
{
    for (const std::string &word : hostile_words) {
        if (g_utf8_validate(word.c_str(), -1, nullptr))
            expect_cmd_round_trip({"ffmpeg", word, "next", word});
    }
    for (unsigned seed = 0; seed < 100; seed++) {
        Words argv = random_words(seed, 30, true);
        argv.insert(argv.begin(), "ffmpeg");
        expect_cmd_round_trip(argv);
    }
}

TEST(ShellQuote, GivesCmdAProgramItFinds)
{
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {"c:/ffmpeg/ffmpeg.exe", "-version"}), "c:\\ffmpeg\\ffmpeg.exe -version");
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {"C:\\My (x86) & co\\ffmpeg.exe", "-i", "a b"}),
              "\"C:\\My (x86) & co\\ffmpeg.exe\" -i ^\"a b^\"");
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {"SCP-tool"}), "\"SCP-tool\"");
}

TEST(ShellQuote, RefusesWhatWindowsCannotPass)
{
    for (FfarmShell shell : {FFARM_SHELL_CMD, FFARM_SHELL_POWERSHELL}) {
        for (const char *word : {"a\nb", "a\r", "\xff"}) {
            g_autoptr(GError) error = nullptr;
            const char *argv[] = {"ffmpeg", "-i", word, nullptr};
            EXPECT_EQ(ffarm_shell_quote(shell, argv, &error), nullptr);
            EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
            EXPECT_NE(std::string(error->message).find("argument 2"), std::string::npos) << error->message;
        }
    }
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {"ff%mpeg"}), "");
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {""}), "");
    EXPECT_EQ(quote(FFARM_SHELL_CMD, {"ffmpeg", std::string(9000, 'x')}), "");
}

namespace
{
std::string decode_powershell(const std::string &line)
{
    size_t start = line.find("FromBase64String('") + strlen("FromBase64String('");
    std::string encoded = line.substr(start, line.find('\'', start) - start);
    gsize size = 0;
    g_autofree guchar *script = g_base64_decode(encoded.c_str(), &size);
    return std::string(reinterpret_cast<char *>(script), size);
}
} // namespace

TEST(ShellQuote, KeepsEverythingSpecialAwayFromPowerShell)
{
    std::string line = quote(FFARM_SHELL_POWERSHELL, {"C:\\ff'mpeg.exe", "a'b", "c\"d\\", "%PATH%\\\\"});
    EXPECT_EQ(line.find_first_of("\"\\%"), std::string::npos) << line;
    std::string script = decode_powershell(line);
    EXPECT_NE(script.find("ProcessStartInfo 'C:\\ff''mpeg.exe','\"a''b\" \"c\\\"d\\\\\" \"%PATH%\\\\\\\\\"';"),
              std::string::npos)
        << script;
}

TEST(ShellQuoteCrt, IsWhatTheRuntimeLibrarySplits)
{
    for (unsigned seed = 0; seed < 100; seed++) {
        Words arguments = random_words(seed, 30, true);
        g_autofree char *quoted = ffarm_shell_quote_crt(pointers(arguments).data());
        std::string line = std::string("ffmpeg ") + quoted;
        g_auto(GStrv) got = windows_line_split(line.c_str());
        ASSERT_EQ(g_strv_length(got), arguments.size() + 1);
        for (size_t i = 0; i < arguments.size(); i++)
            ASSERT_EQ(got[i + 1], arguments[i]) << line;
    }
}

TEST(ShellPowershellLiteral, DoublesEveryKindOfSingleQuote)
{
    g_autofree char *literal = ffarm_shell_powershell_literal("a'b\u2018c\u2019d");
    EXPECT_STREQ(literal, "'a''b\u2018\u2018c\u2019\u2019d'");
}

TEST(ShellDisplay, CanBePastedAndPlaysNoTricks)
{
    auto display = [](const Words &words) {
        g_autofree char *line = ffarm_shell_display(pointers(words).data());
        return std::string(line);
    };
    EXPECT_EQ(display({"ffmpeg", "-i", "a b", "it's", ""}), "ffmpeg -i 'a b' 'it'\\''s' ''");
    EXPECT_EQ(display({"caf\u00e9"}), "'caf\u00e9'");
    EXPECT_EQ(display({"\x1b[2J", "a\nb", "\xff'"}), "$'\\033[2J' $'a\\nb' $'\\377\\''");
    g_autofree char *path = g_find_program_in_path("bash");
    ASSERT_TRUE(path);
    Words words = hostile_words;
    words.insert(words.end(), broken_lines.begin(), broken_lines.end());
    Words argv = print_arguments;
    argv.insert(argv.end(), words.begin(), words.end());
    EXPECT_EQ(run_in({"bash", "-c"}, display(argv), "C.UTF-8"), words);
}
