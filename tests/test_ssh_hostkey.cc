// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"
#include "ssh_hostkey.h"

#include <sys/stat.h>
#include <sys/wait.h>

namespace
{
// Two real public keys, and what stands for them in a file.
const char *const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const char *const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP/+/fz7+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg";

GBytes *blob_of(const char *line)
{
    gsize length = 0;
    guchar *data = g_base64_decode(strchr(line, ' ') + 1, &length);
    return g_bytes_new_take(data, length);
}

GPtrArray *parse(const std::string &text, const std::string &name)
{
    // The find function makes the array with its own way of freeing elements.
    const char *const none[] = {nullptr};
    GPtrArray *keys = ssh_hostkey_find(none, name.c_str(), nullptr);
    ssh_hostkey_parse(keys, "known_hosts", text.c_str(), name.c_str());
    return keys;
}

SshHostkeyVerdict judge(const std::string &text, const std::string &name, const char *line = ed25519)
{
    g_autoptr(GPtrArray) keys = parse(text, name);
    g_autoptr(GBytes) blob = blob_of(line);
    return ssh_hostkey_judge(keys, blob, nullptr);
}

std::string methods(const std::string &text, const std::string &name)
{
    g_autoptr(GPtrArray) keys = parse(text, name);
    g_autofree char *list = ssh_hostkey_methods(keys);
    return list ? list : "none";
}

// What OpenSSH itself finds in a file.
bool openssh_finds(const std::string &file, const std::string &name)
{
    const char *argv[] = {"ssh-keygen", "-F", name.c_str(), "-f", file.c_str(), nullptr};
    int status = -1;
    g_autofree char *output = nullptr;
    g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr,
                 static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL), nullptr, nullptr, &output,
                 nullptr, &status, nullptr);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
} // namespace

TEST(HostkeyName, IsWhatOpenSshLooksUp)
{
    const struct {
        const char *address;
        guint port;
        const char *alias, *name;
    } cases[] = {{"Node3", 22, nullptr, "node3"},
                 {"node3", 2222, nullptr, "[node3]:2222"},
                 {"::1", 22, nullptr, "::1"},
                 {"::1", 2222, nullptr, "[::1]:2222"},
                 {"node3", 2222, "Alias", "alias"}};
    for (const auto &each : cases) {
        g_autofree char *name = ssh_hostkey_name(each.address, each.port, each.alias);
        EXPECT_STREQ(name, each.name);
    }
}

TEST(HostkeyJudge, ByNameInTheManyWaysItIsWritten)
{
    const struct {
        const char *names, *name;
        bool is_found;
    } cases[] = {
        {"node3", "node3", true},
        {"Node3", "node3", true},
        {"node3", "node33", false},
        {"node33", "node3", false},
        {"a,node3,b", "node3", true},
        {"[node3]:2222", "[node3]:2222", true},
        {"[node3]:2222", "node3", false},
        {"node3", "[node3]:2222", false},
        {"*.lan", "node3.lan", true},
        {"*.lan", "node3.lan.example", false},
        {"*.lan", ".lan", true},
        {"node?", "node3", true},
        {"node?", "node", false},
        {"*", "anything", true},
        {"**", "anything", true},
        {"*a*b*c", "xaybzc", true},
        {"*a*b*c", "xaybz", false},
        {"*.lan,!node3.lan", "node3.lan", false},
        {"!node3.lan,*.lan", "node3.lan", false},
        {"*.lan,!node3.lan", "node4.lan", true},
        {"!node3", "node4", false},
        {"192.168.0.?", "192.168.0.7", true},
        {"[*]:2222", "[node3]:2222", true},
        {"|1|AAAA|BBBB", "node3", false},
        {"|2|x|y", "node3", false},
        {"", "node3", false},
    };
    Folder folder;
    for (const auto &each : cases) {
        std::string text = std::string(each.names) + " " + ed25519 + "\n";
        EXPECT_EQ(judge(text, each.name) == SSH_HOSTKEY_KNOWN, each.is_found) << each.names << " for " << each.name;
        std::string file = folder / "known_hosts";
        ASSERT_TRUE(g_file_set_contents(file.c_str(), text.c_str(), -1, nullptr));
        if (std::string(each.names) != "|2|x|y" && *each.names) {
            EXPECT_EQ(openssh_finds(file, each.name), each.is_found) << each.names << " for " << each.name;
        }
    }
}

TEST(HostkeyJudge, HashedNamesAsOpenSshWritesThem)
{
    Folder folder;
    std::string file = folder / "known_hosts";
    std::string text = std::string("node3 ") + ed25519 + "\n[node3]:2222 " + other + "\n";
    ASSERT_TRUE(g_file_set_contents(file.c_str(), text.c_str(), -1, nullptr));
    const char *argv[] = {"ssh-keygen", "-q", "-H", "-f", file.c_str(), nullptr};
    int status = -1;
    g_spawn_sync(
        nullptr, const_cast<char **>(argv), nullptr,
        static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL),
        nullptr, nullptr, nullptr, nullptr, &status, nullptr);
    ASSERT_EQ(status, 0);
    std::string hashed = read_file(file);
    ASSERT_EQ(hashed.find("node3"), std::string::npos);
    EXPECT_EQ(judge(hashed, "node3"), SSH_HOSTKEY_KNOWN);
    EXPECT_EQ(judge(hashed, "[node3]:2222"), SSH_HOSTKEY_CHANGED);
    EXPECT_EQ(judge(hashed, "[node3]:2222", other), SSH_HOSTKEY_KNOWN);
    EXPECT_EQ(judge(hashed, "node4"), SSH_HOSTKEY_UNKNOWN);
}

TEST(HostkeyJudge, ChangedRevokedUnknown)
{
    std::string known = std::string("node3 ") + ed25519 + "\n", changed = std::string("node3 ") + other + "\n";
    std::string revoked = std::string("@revoked * ") + ed25519 + "\n";
    EXPECT_EQ(judge("", "node3"), SSH_HOSTKEY_UNKNOWN);
    EXPECT_EQ(judge(known, "node3"), SSH_HOSTKEY_KNOWN);
    EXPECT_EQ(judge(changed, "node3"), SSH_HOSTKEY_CHANGED);
    EXPECT_EQ(judge(changed + known, "node3"), SSH_HOSTKEY_KNOWN);
    EXPECT_EQ(judge(known + revoked, "node3"), SSH_HOSTKEY_REVOKED);
    EXPECT_EQ(judge(revoked + known, "node3"), SSH_HOSTKEY_REVOKED);
    EXPECT_EQ(judge(revoked, "node3", other), SSH_HOSTKEY_UNKNOWN);
    EXPECT_EQ(judge(std::string("@cert-authority * ") + ed25519, "node3"), SSH_HOSTKEY_UNKNOWN);
    EXPECT_EQ(judge(std::string("@unheard-of * ") + ed25519, "node3"), SSH_HOSTKEY_UNKNOWN);
}

TEST(HostkeyJudge, PassesOverRubbish)
{
    std::string good = std::string("  node3\t") + ed25519 + " comment with blanks\r\n";
    for (const char *rubbish :
         {"# node3 ssh-ed25519 AAAA\n", "node3\n", "node3 ssh-ed25519\n", "node3 ssh-ed25519 AAAA\n",
          "node3 ssh-ed25519 !!!!\n", "node3 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8Q\n", "@revoked\n",
          "@revoked node3\n", "\n\n", "node3 1024 35 1234567890\n", "\x01\x02\xff\n"})
        EXPECT_EQ(judge(rubbish + good, "node3"), SSH_HOSTKEY_KNOWN) << rubbish;
}

TEST(HostkeyJudge, SaysWhichLineDecided)
{
    g_autoptr(GPtrArray) keys = parse(std::string("# first\n\nnode3 ") + other + "\n", "node3");
    g_autoptr(GBytes) blob = blob_of(ed25519);
    const SshKnownKey *which = nullptr;
    EXPECT_EQ(ssh_hostkey_judge(keys, blob, &which), SSH_HOSTKEY_CHANGED);
    ASSERT_NE(which, nullptr);
    EXPECT_EQ(which->line, 3u);
    EXPECT_STREQ(which->file, "known_hosts");
}

TEST(HostkeyMethods, OnlyWhatIsStored)
{
    const char *ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=";
    const char *rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQAB";
    std::string host = "node3 ";
    EXPECT_EQ(methods("", "node3"), "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521");
    EXPECT_EQ(methods(host + ecdsa + "\n", "node3"), "ecdsa-sha2-nistp256");
    EXPECT_EQ(methods(host + ecdsa + "\n" + host + ed25519 + "\n", "node3"), "ssh-ed25519,ecdsa-sha2-nistp256");
    EXPECT_EQ(methods(host + rsa + "\n", "node3"), "none");
    EXPECT_EQ(methods(host + rsa + "\n" + host + ed25519 + "\n", "node3"), "ssh-ed25519");
    EXPECT_EQ(methods(std::string("@cert-authority * ") + ed25519, "node3"), "none");
    EXPECT_EQ(methods(std::string("@revoked * ") + ed25519, "node3"), methods("", "node3"));
}

TEST(HostkeyFingerprint, IsTheOneThatSshKeygenPrints)
{
    Folder folder;
    std::string file = folder / "key.pub";
    ASSERT_TRUE(g_file_set_contents(file.c_str(), ed25519, -1, nullptr));
    const char *argv[] = {"ssh-keygen", "-l", "-f", file.c_str(), nullptr};
    g_autofree char *output = nullptr;
    int status = -1;
    g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &output, nullptr,
                 &status, nullptr);
    g_autoptr(GBytes) blob = blob_of(ed25519);
    g_autofree char *print = ssh_hostkey_fingerprint(blob);
    EXPECT_NE(std::string(output).find(std::string(" ") + print + " "), std::string::npos) << output << print;
}

TEST(HostkeyAppend, KeepsWhatIsThereAndNeverDoubles)
{
    Folder folder;
    std::string file = folder / "new/.ssh/known_hosts";
    g_autoptr(GBytes) blob = blob_of(ed25519), second = blob_of(other);
    SshHostkeyVerdict verdict = SSH_HOSTKEY_UNKNOWN;
    ASSERT_TRUE(ssh_hostkey_append(file.c_str(), "node3", blob, FALSE, &verdict, nullptr));
    EXPECT_EQ(verdict, SSH_HOSTKEY_KNOWN);
    EXPECT_EQ(read_file(file), std::string("node3 ") + ed25519 + "\n");
    struct stat status;
    ASSERT_EQ(stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    ASSERT_TRUE(ssh_hostkey_append(file.c_str(), "node3", blob, FALSE, &verdict, nullptr));
    EXPECT_EQ(read_file(file), std::string("node3 ") + ed25519 + "\n");
    ASSERT_TRUE(ssh_hostkey_append(file.c_str(), "node3", second, FALSE, &verdict, nullptr));
    EXPECT_EQ(verdict, SSH_HOSTKEY_CHANGED);
    EXPECT_EQ(read_file(file), std::string("node3 ") + ed25519 + "\n");

    std::string open_end = std::string("# no line end\nnode4 ") + other;
    ASSERT_TRUE(g_file_set_contents(file.c_str(), open_end.c_str(), -1, nullptr));
    ASSERT_TRUE(ssh_hostkey_append(file.c_str(), "[node3]:22000", blob, FALSE, &verdict, nullptr));
    EXPECT_EQ(read_file(file), open_end + "\n[node3]:22000 " + ed25519 + "\n");
    ASSERT_TRUE(ssh_hostkey_append(file.c_str(), "hidden", blob, TRUE, &verdict, nullptr));
    EXPECT_EQ(read_file(file).find("hidden"), std::string::npos);
    EXPECT_EQ(judge(read_file(file), "hidden"), SSH_HOSTKEY_KNOWN);
    EXPECT_TRUE(openssh_finds(file, "hidden"));
}

TEST(HostkeyAppend, FailsWithTheFilesName)
{
    g_autoptr(GBytes) blob = blob_of(ed25519);
    SshHostkeyVerdict verdict = SSH_HOSTKEY_UNKNOWN;
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ssh_hostkey_append("/proc/version/known_hosts", "node3", blob, FALSE, &verdict, &error));
    EXPECT_NE(std::string(error->message).find("/proc/version/known_hosts"), std::string::npos);
}
