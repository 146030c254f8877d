// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <thread>
#include <vector>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include "inputs.h"
#include "scratch.h"

class Inputs : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        inputs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_input_free);
        warnings = g_ptr_array_new_with_free_func(g_free);
    }
    void TearDown() override
    {
        g_ptr_array_unref(inputs);
        g_ptr_array_unref(warnings);
        scratch_free(folder);
    }
    std::string Path(const std::string &name)
    {
        return std::string(folder) + "/" + name;
    }
    void Touch(const std::string &name, const std::string &text = "x")
    {
        g_free(scratch_write(folder, name.c_str(), text.c_str(), (gssize)text.size()));
    }
    void Add(const std::string &argument)
    {
        g_autoptr(GError) error = nullptr;
        const char *mixins[] = {"m1", "m2", nullptr};
        ASSERT_TRUE(ffarm_inputs_add(inputs, argument.c_str(), "home", "hevc", mixins, warnings, nullptr, &error));
    }
    std::vector<std::string> Relatives()
    {
        std::vector<std::string> names;
        for (guint i = 0; i < inputs->len; i++)
            names.push_back(static_cast<FfarmInput *>(g_ptr_array_index(inputs, i))->relative);
        return names;
    }
    FfarmInput *Nth(guint i)
    {
        return static_cast<FfarmInput *>(g_ptr_array_index(inputs, i));
    }
    std::string Content(const std::string &name)
    {
        g_autofree char *text = nullptr;
        gsize length = 0;
        g_file_get_contents(Path(name).c_str(), &text, &length, nullptr);
        return std::string(text ? text : "", length);
    }
    std::vector<std::string> ReadList(const std::string &text, bool is_null = false)
    {
        Touch("list", text);
        g_autoptr(GError) error = nullptr;
        g_auto(GStrv) names = ffarm_inputs_read_list(Path("list").c_str(), is_null, &error);
        EXPECT_EQ(error, nullptr);
        return names ? std::vector<std::string>(names, names + g_strv_length(names)) : std::vector<std::string>();
    }
    std::string Strike(const std::string &text, const char *name, bool is_null = false)
    {
        Touch("list", text);
        g_autoptr(GError) error = nullptr;
        EXPECT_TRUE(ffarm_inputs_strike(Path("list").c_str(), is_null, name, &error)) << error->message;
        return Content("list");
    }
    char *folder = nullptr;
    GPtrArray *inputs = nullptr, *warnings = nullptr;
};

using Names = std::vector<std::string>;

TEST_F(Inputs, AFileIsTakenAsItIs)
{
    Add(Path("does not exist.txt"));
    ASSERT_EQ(inputs->len, 1u);
    EXPECT_EQ(Nth(0)->path, Path("does not exist.txt"));
    EXPECT_STREQ(Nth(0)->relative, "does not exist.txt");
    EXPECT_STREQ(Nth(0)->cluster, "home");
    EXPECT_STREQ(Nth(0)->profile, "hevc");
    EXPECT_STREQ(Nth(0)->mixins[1], "m2");
}

TEST_F(Inputs, RelativePathsBecomeAbsolute)
{
    g_autofree char *current = g_get_current_dir();
    struct {
        const char *given;
        std::string path;
    } cases[] = {{"x.mkv", std::string(current) + "/x.mkv"},
                 {"./a//b/./x.mkv", std::string(current) + "/a/b/x.mkv"},
                 {"../x.mkv", std::string(current) + "/../x.mkv"},
                 {"-dash.mkv", std::string(current) + "/-dash.mkv"},
                 {"/a/../b/x", "/a/../b/x"},
                 {"//a///b", "/a/b"},
                 {"Movie: x.mkv", std::string(current) + "/Movie: x.mkv"}};
    for (const auto &one : cases) {
        g_autoptr(FfarmInput) input = ffarm_input_new(one.given, nullptr, nullptr, nullptr);
        EXPECT_EQ(input->path, one.path);
        EXPECT_EQ(input->mixins, nullptr);
    }
}

TEST_F(Inputs, AFolderIsWalkedInTheOrderOfBytes)
{
    for (const char *name : {"m/b.mkv", "m/a/z.mp4", "m/a.mkv", "m/B.avi", "m/a/\xff.mkv", "m/c\nd.mkv", "m/notes.txt"})
        Touch(name);
    Add(Path("m"));
    EXPECT_EQ(Relatives(), Names({"B.avi", "a/z.mp4", "a/\xff.mkv", "a.mkv", "b.mkv", "c\nd.mkv"}));
    EXPECT_EQ(Nth(1)->path, Path("m/a/z.mp4"));
    EXPECT_STREQ(Nth(1)->cluster, "home");
    EXPECT_EQ(warnings->len, 0u);
}

TEST_F(Inputs, HiddenFilesAndTemporariesArePassedOver)
{
    for (const char *name : {"m/.hidden.mkv", "m/.git/a.mkv", "m/.ffarm-x-1.mkv.tmp", "m/film.mkv"})
        Touch(name);
    Add(Path("m/"));
    EXPECT_EQ(Relatives(), Names({"film.mkv"}));
    Add(Path("m/.hidden.mkv")); // named by the user: taken
    EXPECT_EQ(inputs->len, 2u);
}

TEST_F(Inputs, SymbolicLinkLoopsAreHarmless)
{
    Touch("m/a/film.mkv");
    ASSERT_EQ(symlink("..", Path("m/a/up").c_str()), 0);
    ASSERT_EQ(symlink("a", Path("m/z").c_str()), 0);
    ASSERT_EQ(symlink("self", Path("m/self").c_str()), 0);
    ASSERT_EQ(symlink("a/film.mkv", Path("m/link.mkv").c_str()), 0);
    Add(Path("m"));
    EXPECT_EQ(Relatives(), Names({"a/film.mkv", "link.mkv"}));
    ASSERT_EQ(warnings->len, 1u);
    EXPECT_NE(strstr(static_cast<char *>(warnings->pdata[0]), "/m/self: passed over"), nullptr);
}

TEST_F(Inputs, OnlyRegularFilesAreTaken)
{
    Touch("m/a.mkv");
    ASSERT_EQ(mkfifo(Path("m/pipe.mkv").c_str(), 0600), 0);
    Add(Path("m"));
    EXPECT_EQ(Relatives(), Names({"a.mkv"}));
}

TEST_F(Inputs, DotAndParentFoldersHaveNames)
{
    Touch("m/a/film.mkv");
    Add(Path("m/."));
    Add(Path("m/a/.."));
    EXPECT_EQ(Relatives(), Names({"a/film.mkv", "a/film.mkv"}));
}

TEST_F(Inputs, AnUnreadableFolderIsReported)
{
    Touch("m/film.mkv");
    Touch("m/locked/film.mkv");
    chmod(folder, 0755);
    chmod(Path("m/locked").c_str(), 0);
    bool is_root = geteuid() == 0; // who may read anything
    EXPECT_EQ(is_root ? seteuid(65534) : 0, 0);
    Add(Path("m"));
    EXPECT_EQ(is_root ? seteuid(0) : 0, 0);
    chmod(Path("m/locked").c_str(), 0700);
    EXPECT_EQ(Relatives(), Names({"film.mkv"}));
    ASSERT_EQ(warnings->len, 1u);
    EXPECT_NE(strstr(static_cast<char *>(warnings->pdata[0]), "m/locked"), nullptr);
}

TEST_F(Inputs, CanBeCancelled)
{
    Touch("m/film.mkv");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = nullptr;
    g_cancellable_cancel(cancellable);
    EXPECT_FALSE(ffarm_inputs_add(inputs, Path("m").c_str(), nullptr, nullptr, nullptr, nullptr, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_EQ(inputs->len, 0u);
}

TEST_F(Inputs, ListsAreReadByteForByte)
{
    EXPECT_EQ(ReadList("a\nb c\n"), Names({"a", "b c"}));
    EXPECT_EQ(ReadList("\n\na\n\n b \n#c"), Names({"a", " b ", "#c"}));
    EXPECT_EQ(ReadList("\xff\xfe\n-x\n"), Names({"\xff\xfe", "-x"}));
    EXPECT_EQ(ReadList(""), Names());
    EXPECT_EQ(ReadList("a\r\n\r\nb\r\n"), Names({"a", "b"}));
    EXPECT_EQ(ReadList("a\r\nb\n"), Names({"a\r", "b"}));
}

TEST_F(Inputs, NulSeparatedListsHoldNewlines)
{
    EXPECT_EQ(ReadList(std::string("a\nb\0c\r\0\0d", 9), true), Names({"a\nb", "c\r", "d"}));
}

TEST_F(Inputs, AListThatCanNotBeReadIsAnError)
{
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_inputs_read_list(Path("none").c_str(), FALSE, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    g_clear_error(&error);
    Touch("nul", std::string("a\0b\0", 4));
    EXPECT_EQ(ffarm_inputs_read_list(Path("nul").c_str(), FALSE, &error), nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_NE(strstr(error->message, "--null"), nullptr);
}

TEST_F(Inputs, StrikeLeavesOtherLinesAsTheyAre)
{
    EXPECT_EQ(Strike("a\nb\nc", "b"), "a\nc");
    EXPECT_EQ(Strike("a\nb\nc", "c"), "a\nb\n");
    EXPECT_EQ(Strike("a", "a"), "");
    EXPECT_EQ(Strike("a\n\n  b\nab\na b\n", "b"), "a\n\n  b\nab\na b\n");
    EXPECT_EQ(Strike("a\nb\na\n", "a"), "b\n");
    EXPECT_EQ(Strike("a\r\nb\r\n", "a"), "b\r\n");
    EXPECT_EQ(Strike("a\r\nb\n", "a\r"), "b\n");
    EXPECT_EQ(Strike(std::string("a\nb\0c\0", 6), "a\nb", true), std::string("c\0", 2));
}

TEST_F(Inputs, StrikeKeepsModeAndLink)
{
    Touch("real", "a\nb\n");
    chmod(Path("real").c_str(), 0640);
    ASSERT_EQ(symlink("real", Path("link").c_str()), 0);
    g_autoptr(GError) error = nullptr;
    ASSERT_TRUE(ffarm_inputs_strike(Path("link").c_str(), FALSE, "a", &error));
    struct stat info;
    ASSERT_EQ(lstat(Path("link").c_str(), &info), 0);
    EXPECT_TRUE(S_ISLNK(info.st_mode));
    ASSERT_EQ(stat(Path("real").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0640u);
    EXPECT_EQ(Content("real"), "b\n");
    Add(folder);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, nullptr);
    guint entries = 0;
    while (g_dir_read_name(dir))
        entries++;
    EXPECT_EQ(entries, 2u); // nothing else was left there
}

TEST_F(Inputs, StrikeSaysWhatIsWrong)
{
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_inputs_strike(Path("none").c_str(), FALSE, "a", &error));
    EXPECT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    EXPECT_TRUE(g_str_has_prefix(error->message, folder));
}

TEST_F(Inputs, StrikesForManyAtOnce)
{
    std::string text;
    for (int i = 0; i < 60; i++)
        text += "name" + std::to_string(i) + "\n";
    Touch("list", text);
    std::vector<std::thread> threads;
    for (int part = 0; part < 3; part++)
        threads.emplace_back([this, part] {
            for (int i = part; i < 60; i += 3)
                EXPECT_TRUE(
                    ffarm_inputs_strike(Path("list").c_str(), FALSE, ("name" + std::to_string(i)).c_str(), nullptr));
        });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_EQ(Content("list"), "");
}
