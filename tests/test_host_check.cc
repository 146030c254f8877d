// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "host_check.h"
#include "scratch.h"
#include "sshd.h"

#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace
{
class HostCheck : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        sshd = sshd_start(nullptr);
    }
    static void TearDownTestSuite()
    {
        sshd_stop(sshd);
    }
    void SetUp() override
    {
        folder = scratch_new();
        for (const char *name : {"here", "work"})
            mkdir(In(name).c_str(), 0755);
        symlink(In("here").c_str(), In("there").c_str());
    }
    void TearDown() override
    {
        ffarm_host_report_free(report);
        ffarm_host_free(host);
        scratch_free(folder);
    }
    std::string In(const std::string &name) const
    {
        return std::string(folder) + "/" + name;
    }
    void Make(FfarmHostType type)
    {
        ffarm_host_free(host);
        host = ffarm_host_new("home", "box", type);
        ffarm_host_add_queue(host, nullptr, 1);
        if (type == FFARM_HOST_LOCAL)
            return;
        host->address = g_strdup(sshd->address);
        host->port = sshd->port;
        g_free(host->ssh);
        host->ssh = g_strdup(sshd->ssh);
        if (type == FFARM_HOST_STREAMING)
            host->working_dir = g_strdup(In("work").c_str());
        else
            ffarm_host_add_substitution(host, In("here").c_str(), In("there").c_str());
    }
    void Check(int flags, const char *media_folder = nullptr)
    {
        ffarm_host_report_free(report);
        g_autoptr(GError) error = nullptr;
        report = ffarm_host_check(host, static_cast<FfarmCheckFlags>(flags), media_folder, nullptr, &error);
        ASSERT_NE(report, nullptr) << error->message;
    }
    // The folder's names, hidden ones too.
    static int CountNames(const std::string &path)
    {
        g_autoptr(GDir) dir = g_dir_open(path.c_str(), 0, nullptr);
        int count = 0;
        while (g_dir_read_name(dir))
            count++;
        return count;
    }

    static Sshd *sshd;
    char *folder = nullptr;
    FfarmHost *host = nullptr;
    FfarmHostReport *report = nullptr;
};

Sshd *HostCheck::sshd = nullptr;
} // namespace

TEST_F(HostCheck, DescribesAStreamingHost)
{
    Make(FFARM_HOST_STREAMING);
    Check(FFARM_CHECK_WRITES);
    EXPECT_TRUE(report->is_usable) << report->error;
    EXPECT_TRUE(report->is_reachable);
    EXPECT_EQ(report->host, host);
    EXPECT_EQ(report->error, nullptr);
    EXPECT_GT(report->elapsed_us, 0);
    EXPECT_EQ(report->os, FFARM_OS_LINUX);
    EXPECT_EQ(std::string(report->system).rfind("Linux ", 0), 0u);
    EXPECT_STREQ(report->transport, "libssh2");
    EXPECT_GT(std::string(report->ffmpeg_version).size(), 2u);
    EXPECT_GT(report->free_bytes, 0);
    EXPECT_EQ(report->working_dir_writable, 1);
    EXPECT_EQ(report->mapping_proved, -1);
    EXPECT_EQ(CountNames(In("work")), 0);
}

TEST_F(HostCheck, WritesNothingUnlessAsked)
{
    Make(FFARM_HOST_STREAMING);
    struct stat before, after;
    stat(In("work").c_str(), &before);
    Check(FFARM_CHECK_READ_ONLY);
    stat(In("work").c_str(), &after);
    EXPECT_TRUE(report->is_usable);
    EXPECT_EQ(report->working_dir_writable, -1);
    EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
}

TEST_F(HostCheck, NamesWhatIsWrongWithTheWorkingDir)
{
    Make(FFARM_HOST_STREAMING);
    rmdir(In("work").c_str());
    Check(FFARM_CHECK_WRITES);
    EXPECT_FALSE(report->is_usable);
    EXPECT_TRUE(report->is_reachable);
    EXPECT_EQ(report->error, "box: working_dir " + In("work") + " does not exist there");
    g_free(scratch_write(folder, "work", "a file", -1));
    Check(FFARM_CHECK_WRITES);
    EXPECT_EQ(report->error, "box: working_dir " + In("work") + " is not a folder there");
}

TEST_F(HostCheck, NamesAMissingFfmpeg)
{
    Make(FFARM_HOST_STREAMING);
    g_free(host->ffmpeg);
    host->ffmpeg = g_strdup(In("no ffmpeg").c_str());
    Check(FFARM_CHECK_WRITES);
    EXPECT_FALSE(report->is_usable);
    EXPECT_TRUE(report->is_reachable);
    EXPECT_EQ(std::string(report->error).rfind("box: ", 0), 0u) << report->error;
    EXPECT_NE(std::string(report->error).find("no ffmpeg"), std::string::npos) << report->error;
    g_free(host->ffmpeg);
    host->ffmpeg = g_strdup("/bin/echo");
    Check(FFARM_CHECK_WRITES);
    EXPECT_EQ(std::string(report->error).rfind("box: /bin/echo is not ffmpeg", 0), 0u) << report->error;
}

TEST_F(HostCheck, ProvesTheMappingBothWays)
{
    Make(FFARM_HOST_MOUNTED);
    Check(FFARM_CHECK_MAPPING);
    EXPECT_TRUE(report->is_usable) << report->error;
    EXPECT_EQ(report->mapping_proved, 1);
    Check(FFARM_CHECK_MAPPING, In("here").c_str());
    EXPECT_EQ(report->mapping_proved, 1);
    unlink(In("there").c_str());
    mkdir(In("there").c_str(), 0755);
    Check(FFARM_CHECK_MAPPING, In("here").c_str());
    EXPECT_EQ(report->mapping_proved, 0);
    EXPECT_FALSE(report->is_usable);
    EXPECT_EQ(std::string(report->error).rfind("box: what is written to " + In("here"), 0), 0u) << report->error;
    EXPECT_EQ(CountNames(In("here")), 0);
    EXPECT_EQ(CountNames(In("there")), 0);
    Check(FFARM_CHECK_READ_ONLY, In("here").c_str());
    EXPECT_EQ(report->mapping_proved, -1);
    EXPECT_TRUE(report->is_usable);
}

TEST_F(HostCheck, ProvesNothingByAFolderThatIsNotThere)
{
    Make(FFARM_HOST_MOUNTED);
    Check(FFARM_CHECK_MAPPING, In("missing").c_str());
    EXPECT_EQ(report->mapping_proved, -1);
    EXPECT_TRUE(report->is_usable);
}

TEST_F(HostCheck, ChecksThisMachineToo)
{
    Make(FFARM_HOST_LOCAL);
    Check(FFARM_CHECK_WRITES | FFARM_CHECK_MAPPING);
    EXPECT_TRUE(report->is_usable) << report->error;
    EXPECT_STREQ(report->transport, "local");
    EXPECT_EQ(report->mapping_proved, -1);
}

TEST_F(HostCheck, NamesAHostThatDoesNotAnswer)
{
    Make(FFARM_HOST_STREAMING);
    host->port = 1;
    Check(FFARM_CHECK_WRITES);
    EXPECT_FALSE(report->is_reachable);
    EXPECT_FALSE(report->is_usable);
    EXPECT_EQ(std::string(report->error).rfind("box: ", 0), 0u) << report->error;
    ASSERT_NE(report->cause, nullptr);
}

TEST_F(HostCheck, ReportsAllHostsInTheirOrder)
{
    g_autoptr(GPtrArray) hosts = g_ptr_array_new();
    for (const char *name : {"one", "two", "three"}) {
        Make(FFARM_HOST_STREAMING);
        g_free(host->name);
        host->name = g_strdup(name);
        if (std::string(name) == "two")
            host->port = 1;
        g_ptr_array_add(hosts, g_steal_pointer(&host));
    }
    g_autoptr(GPtrArray) reports = ffarm_host_check_all(hosts, FFARM_CHECK_READ_ONLY, nullptr, nullptr, nullptr);
    ASSERT_EQ(reports->len, 3u);
    for (guint i = 0; i < 3; i++) {
        auto *one = static_cast<FfarmHostReport *>(g_ptr_array_index(reports, i));
        EXPECT_EQ(one->host, g_ptr_array_index(hosts, i));
        EXPECT_EQ(one->is_usable, i != 1);
        ffarm_host_free(static_cast<FfarmHost *>(g_ptr_array_index(hosts, i)));
    }
}

TEST_F(HostCheck, EndsWhenItIsCancelled)
{
    Make(FFARM_HOST_STREAMING);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    g_autoptr(GError) error = nullptr;
    EXPECT_EQ(ffarm_host_check(host, FFARM_CHECK_READ_ONLY, nullptr, cancellable, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    g_autoptr(GPtrArray) hosts = g_ptr_array_new();
    g_ptr_array_add(hosts, host);
    EXPECT_EQ(ffarm_host_check_all(hosts, FFARM_CHECK_READ_ONLY, nullptr, cancellable, nullptr), nullptr);
}
