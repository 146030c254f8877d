// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ssh_fixture.h"

#include <csignal>
#include <gio/gunixsocketaddress.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{
// All temporary files of this program go to a folder of its own, so that it can be seen that nothing is left.
class PrivateTmp : public testing::Environment
{
  public:
    void SetUp() override
    {
        char *made = g_mkdtemp(path_);
        ASSERT_NE(made, nullptr);
        g_setenv("TMPDIR", path_, TRUE);
        g_unsetenv("SSH_AUTH_SOCK");
    }
    void TearDown() override
    {
        EXPECT_EQ(rmdir(path_), 0) << path_;
        int n_left = count_processes();
        for (int i = 0; i < 40 && n_left > 0; i++, n_left = count_processes())
            g_usleep(50000);
        EXPECT_EQ(n_left, 0);
    }

  private:
    // Agents that have a socket in the folder.
    int count_processes()
    {
        int count = 0;
        g_autoptr(GDir) dir = g_dir_open("/proc", 0, nullptr);
        for (const char *name; (name = g_dir_read_name(dir));)
            count += read_file(std::string("/proc/") + name + "/cmdline").find(path_) != std::string::npos;
        return count;
    }
    char path_[32] = "/tmp/ffarm-auth-XXXXXX";
};
const testing::Environment *private_tmp = testing::AddGlobalTestEnvironment(new PrivateTmp);

struct KeyForm {
    const char *type, *bits, *format; // of ssh-keygen; NULL: its default
    const char *name;
};

const KeyForm forms[] = {
    {"ed25519", nullptr, nullptr, "Ed25519"}, {"ecdsa", "256", nullptr, "Ecdsa256"},
    {"ecdsa", "521", "PEM", "Ecdsa521Pem"},   {"ecdsa", "384", "PKCS8", "Ecdsa384Pkcs8"},
    {"rsa", "3072", nullptr, "Rsa3072"},      {"rsa", "3072", "PEM", "Rsa3072Pem"},
    {"rsa", "2048", "PKCS8", "Rsa2048Pkcs8"},
};

void make_key(const std::string &path, const KeyForm &form, const char *passphrase = "")
{
    std::vector<const char *> argv = {"ssh-keygen", "-q", "-t",       form.type, "-N",
                                      passphrase,   "-C", "test key", "-f",      path.c_str()};
    if (form.bits)
        argv.insert(argv.end(), {"-b", form.bits});
    if (form.format)
        argv.insert(argv.end(), {"-m", form.format});
    ask_program(argv);
}

// An agent with a socket in the environment, for as long as the object lives.
class Agent
{
  public:
    explicit Agent(const std::string &socket)
    {
        const char *argv[] = {"ssh-agent", "-D", "-a", socket.c_str(), nullptr};
        g_autoptr(GError) error = nullptr;
        EXPECT_TRUE(g_spawn_async(
            nullptr, const_cast<char **>(argv), nullptr,
            static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL),
            nullptr, nullptr, &pid_, &error));
        for (int i = 0; i < 500 && !listens(socket); i++)
            g_usleep(5000);
        g_setenv("SSH_AUTH_SOCK", socket.c_str(), TRUE);
    }
    ~Agent()
    {
        g_unsetenv("SSH_AUTH_SOCK");
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    void add(const std::string &key)
    {
        ask_program({"ssh-add", "-q", key.c_str()});
    }

  private:
    // The socket is there a moment before the agent listens on it.
    static bool listens(const std::string &socket)
    {
        g_autoptr(GSocketClient) client = g_socket_client_new();
        g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket.c_str());
        g_autoptr(GSocketConnection) connection =
            g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), nullptr, nullptr);
        return connection != nullptr;
    }
    GPid pid_ = 0;
};

class SshAuth : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        SshdOptions options = {};
        options.client_lines = "Host *\n    IdentitiesOnly no\n";
        sshd = sshd_start(&options);
    }
    static void TearDownTestSuite()
    {
        g_clear_pointer(&sshd, sshd_stop);
    }
    // Nothing else lets one in.
    void authorize(const std::string &key)
    {
        std::string line = read_file(key + ".pub");
        ASSERT_TRUE(g_file_set_contents(sshd->authorized, line.c_str(), -1, nullptr));
    }
    void use(const std::string &key)
    {
        g_free(host->identity);
        host->identity = g_strdup(key.c_str());
    }
    // What the server said since the last call.
    std::string new_log()
    {
        std::string log = read_file(sshd->log), fresh = log.substr(seen_);
        seen_ = log.size();
        return fresh;
    }
    static Sshd *sshd;
    Folder folder;
    Host host = host_for(sshd);

  private:
    size_t seen_ = read_file(sshd->log).size();
};
Sshd *SshAuth::sshd = nullptr;

class SshAuthKeys : public SshAuth, public testing::WithParamInterface<KeyForm>
{
};

size_t count(const std::string &text, const std::string &part)
{
    size_t n = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        n++;
    return n;
}
} // namespace

TEST_P(SshAuthKeys, FileLogsIn)
{
    std::string key = folder / "key with space";
    make_key(key, GetParam());
    authorize(key);
    use(key);
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

TEST_P(SshAuthKeys, FileWithoutPublicHalfLogsIn)
{
    std::string key = folder / "key";
    make_key(key, GetParam());
    authorize(key);
    use(key);
    unlink((key + ".pub").c_str());
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

TEST_P(SshAuthKeys, AgentLogsIn)
{
    std::string key = folder / "key";
    make_key(key, GetParam());
    authorize(key);
    Agent agent(folder / "agent");
    agent.add(key);
    unlink(key.c_str());
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

INSTANTIATE_TEST_SUITE_P(Forms, SshAuthKeys, testing::ValuesIn(forms),
                         [](const testing::TestParamInfo<KeyForm> &info) { return std::string(info.param.name); });

TEST_F(SshAuth, EncryptedKeyAsksForSshAdd)
{
    for (const KeyForm &form : {forms[0], forms[2], forms[5], forms[6]}) {
        std::string key = folder / form.name;
        make_key(key, form, "secret phrase");
        authorize(key);
        use(key);
        Connection box(host.get());
        EXPECT_FALSE(box);
        EXPECT_REMOTE_ERROR(box.failure, AUTH);
        EXPECT_TRUE(box.failure.says("ssh-add " + key)) << box.failure.text();
    }
}

TEST_F(SshAuth, EncryptedKeyThatTheAgentHoldsLogsIn)
{
    std::string key = folder / "key", open_key = folder / "open";
    make_key(open_key, forms[0]);
    authorize(open_key);
    ask_program({"cp", "-p", open_key.c_str(), key.c_str()});
    ask_program({"ssh-keygen", "-q", "-p", "-P", "", "-N", "secret phrase", "-f", key.c_str()});
    Agent agent(folder / "agent");
    agent.add(open_key);
    use(key);
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
}

TEST_F(SshAuth, RefusedKeyIsNamed)
{
    std::string key = folder / "stranger", other = folder / "other";
    make_key(key, forms[0]);
    make_key(other, forms[0]);
    authorize(other);
    use(key);
    Connection box(host.get());
    EXPECT_FALSE(box);
    EXPECT_REMOTE_ERROR(box.failure, AUTH);
    EXPECT_TRUE(box.failure.says(key)) << box.failure.text();
    EXPECT_TRUE(box.failure.says(sshd->user)) << box.failure.text();
    EXPECT_TRUE(box.failure.says("ssh-copy-id -p " + std::to_string(sshd->port) + " '" + sshd->user + "@"))
        << box.failure.text();
}

TEST_F(SshAuth, MissingAndBrokenFilesAreNamed)
{
    std::string other = folder / "other", broken = folder / "broken";
    make_key(other, forms[0]);
    authorize(other);
    append_file(broken, "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    ASSERT_EQ(chmod(broken.c_str(), 0600), 0);
    for (const std::string &key : {folder / "absent", other + ".pub.absent", broken}) {
        use(key);
        Connection box(host.get());
        EXPECT_FALSE(box);
        EXPECT_REMOTE_ERROR(box.failure, AUTH);
        EXPECT_TRUE(box.failure.says(key)) << box.failure.text();
    }
}

TEST_F(SshAuth, EighthKeyOfTheAgentLogsIn)
{
    Agent agent(folder / "agent");
    std::string key;
    for (int i = 0; i < 8; i++) {
        key = folder / ("key" + std::to_string(i));
        make_key(key, forms[0]);
        agent.add(key);
    }
    authorize(key);
    new_log();
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
    std::string log = new_log();
    EXPECT_EQ(count(log, "Too many authentication failures"), 0u);
    EXPECT_EQ(count(log, "Connection from"), 2u);
}

TEST_F(SshAuth, NamedKeyComesBeforeOthersOfTheAgent)
{
    Agent agent(folder / "agent");
    for (int i = 0; i < 4; i++) {
        std::string other = folder / ("other" + std::to_string(i));
        make_key(other, forms[0]);
        agent.add(other);
    }
    std::string key = folder / "named";
    make_key(key, forms[4]);
    agent.add(key);
    authorize(key);
    use(key);
    new_log();
    Connection box(host.get());
    EXPECT_TRUE(box) << box.failure.text();
    EXPECT_EQ(count(new_log(), "Failed publickey"), 0u);
}

TEST_F(SshAuth, CertificateInTheAgentIsForOpenSsh)
{
    std::string ca = folder / "ca", key = folder / "key", other = folder / "other";
    make_key(ca, forms[0]);
    make_key(key, forms[0]);
    make_key(other, forms[0]);
    authorize(other);
    std::string public_key = key + ".pub";
    ask_program({"ssh-keygen", "-q", "-s", ca.c_str(), "-I", "me", "-n", "root", public_key.c_str()});
    Agent agent(folder / "agent");
    agent.add(key);
    Connection box(host.get());
    EXPECT_FALSE(box);
    EXPECT_REMOTE_ERROR(box.failure, UNSUPPORTED);
    EXPECT_TRUE(box.failure.says("cert")) << box.failure.text();
}

TEST_F(SshAuth, DeadAgentSocketIsNoHindrance)
{
    std::string key = folder / "key";
    make_key(key, forms[0]);
    authorize(key);
    use(key);
    g_setenv("SSH_AUTH_SOCK", (folder / "nobody").c_str(), TRUE);
    Connection box(host.get());
    g_unsetenv("SSH_AUTH_SOCK");
    EXPECT_TRUE(box) << box.failure.text();
}

TEST_F(SshAuth, SilentAgentCanBeCancelled)
{
    std::string path = folder / "silent";
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path.c_str());
    g_autoptr(GSocket) socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, nullptr);
    ASSERT_TRUE(g_socket_bind(socket, address, TRUE, nullptr) && g_socket_listen(socket, nullptr));
    g_setenv("SSH_AUTH_SOCK", path.c_str(), TRUE);
    CancelSoon cancel(300);
    Connection box(host.get(), cancel.cancellable);
    g_unsetenv("SSH_AUTH_SOCK");
    EXPECT_FALSE(box);
    EXPECT_CANCELLED(box.failure);
    EXPECT_LT(g_get_monotonic_time() - cancel.fired_us, 1000000);
}

TEST_F(SshAuth, ServerThatTakesNoKeysIsNamed)
{
    SshdOptions options = {};
    options.server_lines = "PubkeyAuthentication no\nPasswordAuthentication yes";
    options.wait_command = "";
    g_autoptr(Sshd) other = sshd_start(&options);
    Host there = host_for(other);
    Connection box(there.get());
    EXPECT_FALSE(box);
    EXPECT_REMOTE_ERROR(box.failure, AUTH);
    EXPECT_TRUE(box.failure.says("password")) << box.failure.text();
}
