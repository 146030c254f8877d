// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"
#include "ssh_dial.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace
{
void set_file(const std::string &path, const std::string &text)
{
    ASSERT_TRUE(g_file_set_contents(path.c_str(), text.data(), static_cast<gssize>(text.size()), nullptr));
}

size_t count_lines(const std::string &path)
{
    std::string text = read_file(path);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

// A TCP port of our own that never speaks.
class Mute
{
  public:
    explicit Mute(int backlog)
    {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in name = {};
        name.sin_family = AF_INET;
        inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
        socklen_t length = sizeof(name);
        EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr *>(&name), length), 0);
        EXPECT_EQ(listen(fd_, backlog), 0);
        EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr *>(&name), &length), 0);
        port = ntohs(name.sin_port);
        name_ = name;
    }
    ~Mute()
    {
        for (int fd : callers_)
            close(fd);
        close(fd_);
    }
    // Fills the queue, after which the kernel drops every further call without a word.
    void fill()
    {
        for (int i = 0; i < 4; i++) {
            int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            (void)!connect(fd, reinterpret_cast<sockaddr *>(&name_), sizeof(name_));
            callers_.push_back(fd);
        }
        g_usleep(20000);
    }
    guint port;

  private:
    int fd_;
    sockaddr_in name_;
    std::vector<int> callers_;
};

class SshHostKey : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        sshd = sshd_start(nullptr);
        stored = read_file(sshd->known_hosts);
    }
    static void TearDownTestSuite()
    {
        g_clear_pointer(&sshd, sshd_stop);
    }
    void TearDown() override
    {
        set_file(sshd->known_hosts, stored);
    }
    std::string key() const // "ssh-ed25519 AAAA... comment\n"
    {
        return read_file(std::string(sshd->host_key) + ".pub");
    }
    std::string name() const
    {
        return std::string("[") + sshd->address + "]:" + std::to_string(sshd->port);
    }
    // Key of another machine.
    std::string stranger(const char *type) const
    {
        std::string path = folder / (std::string("stranger_") + type);
        if (!g_file_test(path.c_str(), G_FILE_TEST_EXISTS))
            ask_program({"ssh-keygen", "-q", "-t", type, "-N", "", "-f", path.c_str()});
        return read_file(path + ".pub");
    }
    static Sshd *sshd;
    static std::string stored;
    Folder folder;
    Host host = host_for(sshd);
};
Sshd *SshHostKey::sshd = nullptr;
std::string SshHostKey::stored;
} // namespace

TEST_F(SshHostKey, KnownInEveryWay)
{
    std::string plain = std::string(sshd->address) + " " + key();
    for (const std::string &text :
         {name() + " " + key(), plain, "[127.*]:* " + key(), "x,y," + name() + " " + key(),
          name() + " " + stranger("ecdsa") + name() + " " + stranger("rsa") + name() + " " + key(),
          "127.0.0.? " + key(), "@cert-authority * " + stranger("ed25519") + name() + " " + key()}) {
        set_file(sshd->known_hosts, text);
        Connection box(host.get());
        EXPECT_TRUE(box) << text << box.failure.text();
    }
    set_file(sshd->known_hosts, stored);
    ask_program({"ssh-keygen", "-q", "-H", "-f", sshd->known_hosts});
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

TEST_F(SshHostKey, ChangedOrRevokedIsRefusedByEveryPolicy)
{
    const struct {
        std::string text;
        const char *line;
    } cases[] = {{"# old\n" + name() + " " + stranger("ed25519"), "line 2"},
                 {"@revoked * " + key() + name() + " " + key(), "line 1"},
                 {name() + " " + key() + "@revoked " + name() + " " + key(), "line 2"}};
    for (const auto &each : cases) {
        set_file(sshd->known_hosts, each.text);
        for (FfarmHostKeyPolicy policy : {FFARM_HOST_KEY_STRICT, FFARM_HOST_KEY_ACCEPT_NEW}) {
            host->host_key = policy;
            Connection box(host.get());
            EXPECT_FALSE(box);
            EXPECT_REMOTE_ERROR(box.failure, HOST_KEY);
            EXPECT_TRUE(box.failure.says(sshd->known_hosts)) << box.failure.text();
            EXPECT_TRUE(box.failure.says(each.line)) << box.failure.text();
            EXPECT_EQ(read_file(sshd->known_hosts), each.text);
        }
    }
}

TEST_F(SshHostKey, UnknownIsRefusedWithTheLineThatAcceptsIt)
{
    set_file(sshd->known_hosts, "");
    Connection box(host.get());
    EXPECT_FALSE(box);
    EXPECT_REMOTE_ERROR(box.failure, HOST_KEY);
    std::string text = box.failure.text();
    EXPECT_NE(text.find("SHA256:"), std::string::npos) << text;
    EXPECT_EQ(read_file(sshd->known_hosts), "");
    size_t at = text.find("ssh-keyscan");
    ASSERT_NE(at, std::string::npos) << text;
    std::string line = text.substr(at) + " 2>/dev/null";
    ask_program({"sh", "-c", line.c_str()});
    Connection again(host.get());
    EXPECT_TRUE(again) << again.failure.text();
}

TEST_F(SshHostKey, AcceptNewStoresOnce)
{
    set_file(sshd->known_hosts, "# mine");
    host->host_key = FFARM_HOST_KEY_ACCEPT_NEW;
    std::vector<GThread *> threads;
    for (int i = 0; i < 6; i++)
        threads.push_back(g_thread_new(
            "accept",
            [](gpointer data) -> gpointer {
                Connection box(static_cast<const FfarmHost *>(data));
                return GINT_TO_POINTER(box ? 1 : 0);
            },
            host.get()));
    for (GThread *thread : threads)
        EXPECT_TRUE(GPOINTER_TO_INT(g_thread_join(thread)));
    EXPECT_EQ(count_lines(sshd->known_hosts), 2u) << read_file(sshd->known_hosts);
    host->host_key = FFARM_HOST_KEY_STRICT;
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

TEST_F(SshHostKey, OnlyTypesThatLibssh2CannotCheck)
{
    for (const std::string &text : {name() + " " + stranger("rsa"), "@cert-authority * " + stranger("ed25519"),
                                    name() + " " + stranger("ecdsa")}) {
        set_file(sshd->known_hosts, text);
        Connection box(host.get());
        EXPECT_FALSE(box);
        EXPECT_REMOTE_ERROR(box.failure, UNSUPPORTED);
    }
}

TEST(SshConnect, ServersThatLibssh2CannotTalkTo)
{
    for (const char *kind : {"rsa", "etm"}) {
        SshdOptions options = {};
        options.host_key_type = strcmp(kind, "rsa") == 0 ? "rsa" : nullptr;
        options.server_lines = strcmp(kind, "etm") == 0 ? "MACs hmac-sha2-256-etm@openssh.com" : nullptr;
        g_autoptr(Sshd) sshd = sshd_start(&options);
        Host host = host_for(sshd);
        Connection box(host.get());
        EXPECT_FALSE(box);
        EXPECT_REMOTE_ERROR(box.failure, UNSUPPORTED);
        set_file(sshd->known_hosts, "");
        host->host_key = FFARM_HOST_KEY_ACCEPT_NEW;
        Connection unknown(host.get());
        EXPECT_FALSE(unknown);
        EXPECT_REMOTE_ERROR(unknown.failure, UNSUPPORTED);
    }
}

TEST(SshConnect, AliasPortAndIdentityOfTheUsersConfiguration)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    Folder folder;
    std::string config = read_file(sshd->client_config);
    std::string key = folder / "moved key";
    ASSERT_EQ(rename(sshd->key, key.c_str()), 0);
    set_file(sshd->client_config, std::string("Host nas\n  HostName ") + sshd->address + "\n  Port " +
                                      std::to_string(sshd->port) + "\n  IdentityFile \"" + key + "\"\n" + config);
    Host host = host_for(sshd);
    g_free(host->address);
    host->address = g_strdup("nas");
    host->port = 0;
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

TEST(SshConnect, ThroughJumpHostsAndCommands)
{
    g_autoptr(Sshd) target = sshd_start(nullptr);
    SshdOptions options = {};
    options.address = "127.0.0.2";
    g_autoptr(Sshd) gate = sshd_start(&options);
    options.address = "127.0.0.3";
    g_autoptr(Sshd) second = sshd_start(&options);
    std::string own = read_file(target->client_config),
                nowhere = "ProxyJump 127.0.0.2:" + std::to_string(gate->port + 1);
    append_file(target->known_hosts, read_file(gate->known_hosts));
    append_file(target->known_hosts, read_file(second->known_hosts));
    append_file(gate->authorized, read_file(target->authorized));
    append_file(second->authorized, read_file(target->authorized));
    std::string hop = std::string(gate->address) + ":" + std::to_string(gate->port);
    std::string next_hop = std::string(second->user) + "@" + second->address + ":" + std::to_string(second->port);
    Host host = host_for(target);
    for (const std::string &way : {"ProxyJump " + hop, "ProxyJump " + hop + "," + next_hop,
                                   std::string("ProxyCommand ") + target->ssh + " -p " + std::to_string(gate->port) +
                                       " -W [%h]:%p " + gate->address}) {
        set_file(target->client_config,
                 std::string("Match originalhost ") + target->address + "\n  " + way + "\nMatch all\n" + own);
        Connection box(host.get());
        ASSERT_TRUE(box) << way << " " << box.failure.text();
        Outputs outputs;
        int status = -1;
        Failure failure;
        EXPECT_TRUE(run(box, "head -c 3000000 /dev/zero; echo $SSH_CONNECTION >&2", &outputs, &status, &failure))
            << failure.text();
        EXPECT_EQ(outputs.n_out, 3000000u);
        Stopwatch watch;
        box.close();
        EXPECT_LT(watch.seconds(), 1);
    }
    set_file(target->client_config,
             std::string("Match originalhost ") + target->address + "\n  " + nowhere + "\nMatch all\n" + own);
    Connection box(host.get());
    EXPECT_FALSE(box);
    EXPECT_REMOTE_ERROR(box.failure, UNREACHABLE);
    EXPECT_TRUE(box.failure.says("refused") || box.failure.says("closed")) << box.failure.text();
    set_file(target->client_config, std::string("Match originalhost ") + target->address +
                                        "\n  ProxyCommand echo no way here >&2; false\nMatch all\n" + own);
    Connection none(host.get());
    EXPECT_REMOTE_ERROR(none.failure, UNREACHABLE);
    EXPECT_TRUE(none.failure.says("no way here")) << none.failure.text();
}

TEST(SshConnect, RefusedPortAndUnknownName)
{
    Host host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING));
    {
        Mute mute(1);
        host->port = mute.port;
    }
    host->address = g_strdup("127.0.0.1");
    Connection refused(host.get());
    EXPECT_REMOTE_ERROR(refused.failure, UNREACHABLE);
    EXPECT_TRUE(refused.failure.says("box: ")) << refused.failure.text();
    EXPECT_TRUE(refused.failure.says("refused")) << refused.failure.text();
    g_free(host->address);
    host->address = g_strdup("no-such-host.invalid");
    Connection unknown(host.get());
    EXPECT_REMOTE_ERROR(unknown.failure, UNREACHABLE);
    EXPECT_TRUE(unknown.failure.says("no-such-host.invalid")) << unknown.failure.text();
}

// Whoever cancels must not wait for what the dial is just taking down.
TEST(SshConnect, MayBeCancelledAtTheMomentOfARefusal)
{
    Host host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING));
    SshConfig config = {};
    {
        Mute mute(1);
        config.port = mute.port;
    }
    config.address = const_cast<char *>("127.0.0.1");
    for (int i = 0; i < 2000; i++) {
        g_autoptr(GCancellable) cancellable = g_cancellable_new();
        std::atomic<bool> has_begun{false};
        std::thread dialer([&] {
            has_begun = true;
            g_autoptr(SshDial) dial = ssh_dial_open(host.get(), &config, 0, cancellable, nullptr);
            EXPECT_EQ(dial, nullptr);
        });
        while (!has_begun)
            std::this_thread::yield();
        g_usleep(static_cast<gulong>(i % 400));
        g_cancellable_cancel(cancellable);
        dialer.join();
    }
}

TEST(SshConnect, BlackHoleAndMuteServerCanBeCancelledAndHaveADeadline)
{
    Host host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING));
    host->address = g_strdup("127.0.0.1");
    for (bool is_hole : {true, false}) {
        Mute mute(is_hole ? 0 : 16);
        if (is_hole)
            mute.fill();
        host->port = mute.port;
        CancelSoon cancel(300);
        Connection cancelled(host.get(), cancel.cancellable);
        EXPECT_FALSE(cancelled);
        EXPECT_CANCELLED(cancelled.failure);
        EXPECT_LT(g_get_monotonic_time() - cancel.fired_us, 1000000);
        Stopwatch watch;
        Connection late(host.get(), nullptr, 0.5);
        EXPECT_FALSE(late);
        EXPECT_REMOTE_ERROR(late.failure, UNREACHABLE);
        EXPECT_NEAR(watch.seconds(), 0.5, 0.4);
    }
}

TEST(SshConnect, ServerThatNeverStopsGreetingHasADeadline)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof name;
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr *>(&name), length), 0);
    ASSERT_EQ(listen(listener, 4), 0);
    ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr *>(&name), &length), 0);
    GThread *server = g_thread_new(
        "server",
        [](gpointer data) -> gpointer {
            std::string welcome;
            for (int i = 0; i < 1000; i++)
                welcome += "welcome to this machine, of which there is much to be said before anybody may enter it\r\n";
            for (int fd; (fd = accept(GPOINTER_TO_INT(data), nullptr, nullptr)) >= 0; close(fd)) {
                while (send(fd, welcome.data(), welcome.size(), MSG_NOSIGNAL) > 0)
                    continue;
            }
            return nullptr;
        },
        GINT_TO_POINTER(listener));
    Host host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING));
    host->address = g_strdup("127.0.0.1");
    host->port = ntohs(name.sin_port);
    host->host_key = FFARM_HOST_KEY_ACCEPT_NEW;
    Stopwatch watch;
    Connection box(host.get(), nullptr, 1);
    EXPECT_FALSE(box);
    EXPECT_REMOTE_ERROR(box.failure, UNREACHABLE);
    EXPECT_LT(watch.seconds(), 15);
    shutdown(listener, SHUT_RDWR);
    g_thread_join(server);
    close(listener);
}

TEST(SshConnect, CrowdAtABusyServerGetsIn)
{
    SshdOptions options = {};
    options.server_lines = "MaxStartups 2:100:2";
    g_autoptr(Sshd) sshd = sshd_start(&options);
    Host host = host_for(sshd);
    std::vector<GThread *> threads;
    for (int i = 0; i < 10; i++)
        threads.push_back(g_thread_new(
            "crowd",
            [](gpointer data) -> gpointer {
                Connection box(static_cast<const FfarmHost *>(data));
                if (!box)
                    g_printerr("%s\n", box.failure.text().c_str());
                return GINT_TO_POINTER(box ? 1 : 0);
            },
            host.get()));
    for (GThread *thread : threads)
        EXPECT_TRUE(GPOINTER_TO_INT(g_thread_join(thread)));
}
