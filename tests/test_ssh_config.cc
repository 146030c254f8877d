// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_config.h"
#include "ssh_fixture.h"
#include "ssh_key.h"

#include <glib/gstdio.h>
#include <sys/socket.h>

namespace
{
struct ConfigFree {
    void operator()(SshConfig *config) const
    {
        ssh_config_free(config);
    }
};
using Config = std::unique_ptr<SshConfig, ConfigFree>;

Host plain_host()
{
    Host host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING));
    host->address = g_strdup("alias");
    return host;
}

Config parse(const FfarmHost *host, const char *text)
{
    return Config(ssh_config_parse(host, text, "/home/me"));
}

std::string join(char **words)
{
    g_autofree char *text = words ? g_strjoinv(" ", words) : g_strdup("-");
    return text;
}
} // namespace

TEST(SshConfigParse, TakesWhatSshSays)
{
    Host host = plain_host();
    Config config =
        parse(host.get(), "host alias\nhostname 10.0.0.7\nport 2200\nuser kodi\nidentityfile ~/.ssh/a\n"
                          "identityfile /keys/%r@%h\nidentitiesonly yes\nhashknownhosts yes\n"
                          "userknownhostsfile /home/me/.ssh/known_hosts ~/.ssh/known_hosts2\n"
                          "globalknownhostsfile /etc/ssh/ssh_known_hosts\nhostkeyalias nas\naddressfamily inet\n"
                          "identityagent /run/agent\n");
    EXPECT_STREQ(config->address, "10.0.0.7");
    EXPECT_EQ(config->port, 2200u);
    EXPECT_STREQ(config->user, "kodi");
    EXPECT_EQ(join(config->identities), "/home/me/.ssh/a /keys/kodi@10.0.0.7");
    EXPECT_TRUE(config->is_identities_only);
    EXPECT_TRUE(config->is_hashing);
    EXPECT_EQ(join(config->known_hosts),
              "/home/me/.ssh/known_hosts /home/me/.ssh/known_hosts2 /etc/ssh/ssh_known_hosts");
    EXPECT_EQ(config->n_user_known_hosts, 2u);
    EXPECT_STREQ(config->known_as, "nas");
    EXPECT_EQ(config->address_family, AF_INET);
    EXPECT_STREQ(config->agent, "/run/agent");
    EXPECT_EQ(config->jump, nullptr);
    EXPECT_EQ(config->command, nullptr);
}

TEST(SshConfigParse, TheHostsOwnValuesWin)
{
    Host host = plain_host();
    host->port = 22;
    host->user = g_strdup("root");
    host->identity = g_strdup("~/mine");
    Config config = parse(host.get(), "hostname h\nport 2200\nuser kodi\nidentityfile ~/.ssh/a\n");
    EXPECT_EQ(config->port, 22u);
    EXPECT_STREQ(config->user, "root");
    EXPECT_EQ(join(config->identities), "/home/me/mine");
    EXPECT_TRUE(config->is_identities_only);
}

TEST(SshConfigParse, NothingMeansOpenSshsDefaults)
{
    Host host = plain_host();
    Config config = parse(host.get(), "");
    EXPECT_STREQ(config->address, "alias");
    EXPECT_EQ(config->port, 22u);
    EXPECT_STREQ(config->user, g_get_user_name());
    EXPECT_EQ(join(config->identities), "");
}

TEST(SshConfigParse, NoneIsNothing)
{
    Host host = plain_host();
    Config config = parse(host.get(), "identityfile none\nuserknownhostsfile none\nproxycommand none\nproxyjump none\n"
                                      "hostkeyalias none\nidentityagent none\nidentityfile /x/%Z\nhashknownhosts no\n");
    EXPECT_EQ(join(config->identities), "");
    EXPECT_EQ(join(config->known_hosts), "");
    EXPECT_EQ(config->jump, nullptr);
    EXPECT_EQ(config->command, nullptr);
    EXPECT_EQ(config->known_as, nullptr);
    EXPECT_EQ(config->agent, nullptr);
    EXPECT_FALSE(config->is_hashing);
}

TEST(SshConfigProxy, JumpGoesThroughSsh)
{
    const char *options = "ssh -T -o BatchMode=yes -o ServerAliveInterval=5 -o ServerAliveCountMax=3 ";
    const struct {
        const char *jump, *tail;
    } cases[] = {{"gate", "-W [target]:2200 -- gate"},
                 {"me@gate:2222", "-W [target]:2200 -- ssh://me@gate:2222"},
                 {"ssh://me@gate:2222", "-W [target]:2200 -- ssh://me@gate:2222"},
                 {"me@[10.0.0.1]", "-W [target]:2200 -- ssh://me@[10.0.0.1]"},
                 {"one,two:23", "-J one -W [target]:2200 -- ssh://two:23"},
                 {"one,two,three", "-J one,two -W [target]:2200 -- three"}};
    Host host = plain_host();
    for (const auto &each : cases) {
        std::string text = std::string("hostname target\nport 2200\nproxyjump ") + each.jump + "\n";
        Config config = parse(host.get(), text.c_str());
        g_auto(GStrv) argv = ssh_config_proxy(config.get(), host.get(), nullptr);
        EXPECT_EQ(join(argv), std::string(options) + each.tail);
    }
}

TEST(SshConfigProxy, CommandIsExpandedAndNothingElse)
{
    Host host = plain_host();
    Config config = parse(host.get(), "hostname target\nport 2200\nuser me\nproxycommand nc -X 5 %h %p %% %r\n");
    g_auto(GStrv) argv = ssh_config_proxy(config.get(), host.get(), nullptr);
    EXPECT_EQ(join(argv), "sh -c exec nc -X 5 target 2200 % me");
    for (const char *text : {"hostname a;reboot\nproxycommand nc %h\n", "hostname a\nuser $(id)\nproxycommand nc %h\n",
                             "hostname a\nproxycommand nc %Z\n", "hostname a\nproxycommand nc %\n"}) {
        Config bad = parse(host.get(), text);
        Failure failure;
        g_auto(GStrv) none = ssh_config_proxy(bad.get(), host.get(), failure.out());
        EXPECT_EQ(none, nullptr) << text;
        EXPECT_REMOTE_ERROR(failure, UNREACHABLE);
    }
}

TEST(SshConfigLoad, AsksSsh)
{
    Folder folder;
    std::string script = folder / "ssh", config_file = folder / "config";
    append_file(config_file, "Host alias\n  HostName 127.0.0.7\n  Port 4242\n  User kodi\n");
    append_file(script, "#!/bin/sh\nexec ssh -F '" + config_file + "' \"$@\"\n");
    ASSERT_EQ(g_chmod(script.c_str(), 0700), 0);
    Host host = plain_host();
    g_free(host->ssh);
    host->ssh = g_strdup(script.c_str());
    Failure failure;
    Config config(ssh_config_load(host.get(), 0, nullptr, failure.out()));
    ASSERT_TRUE(config) << failure.text();
    EXPECT_STREQ(config->address, "127.0.0.7");
    EXPECT_EQ(config->port, 4242u);
    EXPECT_STREQ(config->user, "kodi");
}

TEST(SshConfigLoad, GoesOnWithoutSsh)
{
    Host host = plain_host();
    g_free(host->ssh);
    host->ssh = g_strdup("/nowhere/ssh");
    Failure failure;
    Config config(ssh_config_load(host.get(), 0, nullptr, failure.out()));
    ASSERT_TRUE(config) << failure.text();
    EXPECT_STREQ(config->address, "alias");
    EXPECT_NE(join(config->identities).find("/.ssh/id_rsa"), std::string::npos);
    EXPECT_NE(join(config->known_hosts).find("/.ssh/known_hosts"), std::string::npos);
}

TEST(SshConfigLoad, TellsWhatSshDislikes)
{
    Folder folder;
    std::string script = folder / "ssh";
    append_file(script, "#!/bin/sh\necho 'config line 3: Bad configuration option: prot' >&2\nexit 255\n");
    ASSERT_EQ(g_chmod(script.c_str(), 0700), 0);
    Host host = plain_host();
    g_free(host->ssh);
    host->ssh = g_strdup(script.c_str());
    Failure failure;
    Config config(ssh_config_load(host.get(), 0, nullptr, failure.out()));
    EXPECT_FALSE(config);
    EXPECT_REMOTE_ERROR(failure, UNREACHABLE);
    EXPECT_TRUE(failure.says("Bad configuration option: prot")) << failure.text();
}

TEST(SshConfigLoad, HangingSshCanBeCancelledAndHasADeadline)
{
    Folder folder;
    std::string script = folder / "ssh";
    append_file(script, "#!/bin/sh\nexec sleep 60\n");
    ASSERT_EQ(g_chmod(script.c_str(), 0700), 0);
    Host host = plain_host();
    g_free(host->ssh);
    host->ssh = g_strdup(script.c_str());
    Failure failure;
    CancelSoon cancel(200);
    EXPECT_FALSE(Config(ssh_config_load(host.get(), 0, cancel.cancellable, failure.out())));
    EXPECT_CANCELLED(failure);
    EXPECT_LT(g_get_monotonic_time() - cancel.fired_us, 1000000);
    Stopwatch watch;
    EXPECT_FALSE(Config(ssh_config_load(host.get(), g_get_monotonic_time() + 200000, nullptr, failure.out())));
    EXPECT_REMOTE_ERROR(failure, UNREACHABLE);
    EXPECT_LT(watch.seconds(), 1);
}

TEST(SshKeyParse, TellsKindsApart)
{
    const char *public_line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me";
    const struct {
        const char *text, *public_text;
        SshKeyNature nature;
        const char *type;
        bool is_encrypted, is_simple;
    } cases[] = {
        {"", nullptr, SSH_KEY_NONSENSE, nullptr, false, false},
        {"hello world", nullptr, SSH_KEY_NONSENSE, nullptr, false, false},
        {public_line, nullptr, SSH_KEY_PUBLIC, "ssh-ed25519", false, false},
        {"-----BEGIN RSA PRIVATE KEY-----\nx", nullptr, SSH_KEY_PRIVATE, "ssh-rsa", false, false},
        {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nx", nullptr, SSH_KEY_PRIVATE, "ssh-rsa", true,
         false},
        {"-----BEGIN EC PRIVATE KEY-----\nx", nullptr, SSH_KEY_PRIVATE, nullptr, false, false},
        {"-----BEGIN PRIVATE KEY-----\nx", nullptr, SSH_KEY_PRIVATE, nullptr, false, false},
        {"-----BEGIN PRIVATE KEY-----\nx", public_line, SSH_KEY_PRIVATE, "ssh-ed25519", false, false},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nx", nullptr, SSH_KEY_PRIVATE, nullptr, true, false},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END", nullptr, SSH_KEY_NONSENSE, nullptr, false, false},
        {"-----BEGIN OPENSSH PRIVATE KEY-----", nullptr, SSH_KEY_NONSENSE, nullptr, false, false},
        {"-----BEGIN CERTIFICATE-----\nx", nullptr, SSH_KEY_NONSENSE, nullptr, false, false},
    };
    for (const auto &each : cases) {
        SshKey key;
        ssh_key_parse(&key, each.text, each.public_text);
        EXPECT_EQ(key.nature, each.nature) << each.text;
        EXPECT_STREQ(key.type, each.type) << each.text;
        EXPECT_EQ(key.is_encrypted, each.is_encrypted) << each.text;
        EXPECT_EQ(key.is_simple, each.is_simple) << each.text;
        ssh_key_clear(&key);
    }
}

TEST(SshKeyParse, SurvivesEveryTruncation)
{
    Folder folder;
    std::string path = folder / "key";
    ask_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path.c_str()});
    std::string text = read_file(path);
    for (size_t length = 0; length <= text.size(); length++) {
        std::string cut = text.substr(0, length) + "\n-----END OPENSSH PRIVATE KEY-----\n";
        SshKey key;
        ssh_key_parse(&key, cut.c_str(), nullptr);
        EXPECT_TRUE(key.nature == SSH_KEY_NONSENSE || key.nature == SSH_KEY_PRIVATE);
        ssh_key_clear(&key);
    }
}
