// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "file_hash.h"
#include "host_hash.h"
#include "scratch.h"

#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace
{
const std::string sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"

std::string parse(HostHashTool tool, const std::string &output)
{
    g_autofree char *found = host_hash_parse(tool, output.c_str());
    return found ? found : "none";
}

std::string call(HostHashTool tool, const char *path)
{
    g_auto(GStrv) argv = host_hash_argv(tool, path);
    g_autofree char *line = g_strjoinv("|", argv);
    return line;
}
} // namespace

TEST(HostHash, ReadsWhatTheProgramsPrint)
{
    EXPECT_EQ(parse(HOST_HASH_SHA256SUM, sum + "  /x/film.mkv\n"), sum);
    EXPECT_EQ(parse(HOST_HASH_SHA256SUM, "\\" + sum + "  /x/a\\nb\n"), sum) << "a name with a line break";
    EXPECT_EQ(parse(HOST_HASH_SHASUM, sum + "  film.mkv\r\n"), sum);
    EXPECT_EQ(parse(HOST_HASH_OPENSSL, sum + " *film.mkv\n"), sum);
    EXPECT_EQ(parse(HOST_HASH_CERTUTIL, "SHA256 hash of C:\\x:\r\n" + sum + "\r\nCertUtil: done\r\n"), sum);
    std::string spaced, upper;
    for (size_t i = 0; i < sum.size(); i += 2)
        spaced += (i ? " " : "") + sum.substr(i, 2);
    for (char c : sum)
        upper += g_ascii_toupper(c);
    EXPECT_EQ(parse(HOST_HASH_CERTUTIL, "SHA256-Hash der Datei C:\\x:\r\n" + spaced + "\r\n"), sum) << "Windows 7";
    EXPECT_EQ(parse(HOST_HASH_SHA256SUM, upper + "  x"), sum);
}

TEST(HostHash, TakesNothingElseForASum)
{
    for (HostHashTool tool : {HOST_HASH_SHA256SUM, HOST_HASH_SHASUM, HOST_HASH_OPENSSL, HOST_HASH_CERTUTIL}) {
        EXPECT_EQ(parse(tool, ""), "none");
        EXPECT_EQ(parse(tool, "\n"), "none");
        EXPECT_EQ(parse(tool, "sha256sum: film.mkv: No such file or directory\n"), "none");
        EXPECT_EQ(parse(tool, "x\n" + sum.substr(1) + "\n"), "none") << "a digit short";
        EXPECT_EQ(parse(tool, "x\n" + sum + "0\n"), "none") << "a digit too many";
        EXPECT_EQ(parse(tool, sum.substr(1) + "  x\n"), "none");
        EXPECT_EQ(parse(tool, sum + "0  x\n"), "none");
        EXPECT_EQ(parse(tool, sum + "x  x\n"), "none");
    }
    EXPECT_EQ(parse(HOST_HASH_CERTUTIL, sum + "\nx\n"), "none") << "a name that looks like a sum";
    EXPECT_EQ(parse(HOST_HASH_SHA256SUM, "noise\n" + sum + "  x\n"), "none");
}

TEST(HostHash, CallsThePrograms)
{
    EXPECT_EQ(call(HOST_HASH_SHA256SUM, "/x/a b"), "sha256sum|/x/a b");
    EXPECT_EQ(call(HOST_HASH_SHA256SUM, "-c"), "sha256sum|./-c");
    EXPECT_EQ(call(HOST_HASH_SHASUM, "/x"), "shasum|-a|256|/x");
    EXPECT_EQ(call(HOST_HASH_OPENSSL, "/x"), "openssl|dgst|-sha256|-r|/x");
    EXPECT_EQ(call(HOST_HASH_CERTUTIL, "c:/temp/x y"), "certutil|-hashfile|c:\\temp\\x y|SHA256");
}

namespace
{
// A file that grows while it is hashed.
class FileHashTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
        fd = open((std::string(folder) + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        hash = file_hash_new(fd);
    }
    void TearDown() override
    {
        file_hash_free(hash);
        close(fd);
        scratch_free(folder);
        g_clear_error(&error);
    }
    void append(const std::string &bytes)
    {
        ASSERT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
        length += static_cast<gint64>(bytes.size());
        file_hash_advance(hash, length);
    }
    std::string finish(gint64 total, GCancellable *cancellable = nullptr)
    {
        g_autofree char *found = file_hash_finish(hash, total, cancellable, &error);
        return found ? found : "none";
    }
    char *folder = nullptr;
    int fd = -1;
    gint64 length = 0;
    FileHash *hash = nullptr;
    GError *error = nullptr;
};
} // namespace

TEST_F(FileHashTest, IsThatOfTheWholeFile)
{
    std::string bytes(3000001, 'x');
    for (int i = 0; i < 3; i++)
        append(bytes);
    file_hash_advance(hash, 5); // once more from an earlier place
    std::string all = bytes + bytes + bytes;
    g_autofree char *expected = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all.data(), length);
    EXPECT_EQ(finish(length), expected);
}

TEST_F(FileHashTest, OfNothing)
{
    EXPECT_EQ(finish(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(FileHashTest, OfAFileThatIsShorterIsNone)
{
    append("abc");
    EXPECT_EQ(finish(4), "none");
    EXPECT_NE(error, nullptr);
    EXPECT_FALSE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

TEST_F(FileHashTest, CanBeCancelled)
{
    ASSERT_EQ(ftruncate(fd, G_GINT64_CONSTANT(1) << 34), 0); // more than can be read in a moment
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    GThread *canceller = g_thread_new(
        "canceller",
        [](gpointer data) -> gpointer {
            g_usleep(50000);
            g_cancellable_cancel(static_cast<GCancellable *>(data));
            return nullptr;
        },
        cancellable);
    gint64 start_us = g_get_monotonic_time();
    EXPECT_EQ(finish(G_GINT64_CONSTANT(1) << 34, cancellable), "none");
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_LT(g_get_monotonic_time() - start_us, 5 * G_USEC_PER_SEC);
    g_thread_join(canceller);
}
