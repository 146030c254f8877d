// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "processes.h"
#include "runner.h"
#include "sshd.h"

#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

// What must not outlive what: commands on hosts against the death of connection, network and manager. The manager is a
// process of its own: this program once more, which is told by its environment what to run.

namespace
{
double now_s()
{
    return static_cast<double>(g_get_monotonic_time()) / G_USEC_PER_SEC;
}

std::string make_tag(const std::string &name)
{
    return "life" + std::to_string(getpid()) + name;
}

FfarmHost *new_host(FfarmTransport transport, const char *address, guint port, const char *ssh)
{
    FfarmHost *host = ffarm_host_new(nullptr, "box", address ? FFARM_HOST_STREAMING : FFARM_HOST_LOCAL);
    host->address = g_strdup(address);
    host->port = port;
    if (ssh) {
        g_free(host->ssh);
        host->ssh = g_strdup(ssh);
    }
    host->transport = transport;
    return host;
}

// A command that goes on for long and talks now and then.
bool run_long(FfarmRunner *runner, const char *tag, GError **error)
{
    const char *argv[] = {"sh", "-c", "while sleep 0.5; do echo frame; done", tag, nullptr};
    FfarmCommand command = {argv, 0, 0, nullptr, nullptr, nullptr};
    FfarmExit result = {};
    return ffarm_runner_run(runner, &command, &result, nullptr, error);
}

struct Manager {
    Manager(FfarmTransport transport, const Sshd *sshd, const std::string &tag)
    {
        g_auto(GStrv) environment = g_get_environ();
        std::string port = std::to_string(sshd ? sshd->port : 0);
        environment = g_environ_setenv(environment, "MANAGER_TAG", tag.c_str(), TRUE);
        environment = g_environ_setenv(environment, "MANAGER_PORT", port.c_str(), TRUE);
        environment = g_environ_setenv(environment, "MANAGER_ADDRESS", sshd ? sshd->address : "", TRUE);
        environment = g_environ_setenv(environment, "MANAGER_SSH", sshd ? sshd->ssh : "", TRUE);
        environment = g_environ_setenv(environment, "MANAGER_TRANSPORT", std::to_string(transport).c_str(), TRUE);
        const char *argv[] = {"/proc/self/exe", "--gtest_filter=DISABLED_Manager.*", "--gtest_also_run_disabled_tests",
                              nullptr};
        g_autoptr(GError) error = nullptr;
        EXPECT_TRUE(g_spawn_async(nullptr, const_cast<char **>(argv), environment,
                                  static_cast<GSpawnFlags>(G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL),
                                  nullptr, nullptr, &pid, &error))
            << error->message;
    }
    ~Manager()
    {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    GPid pid = 0;
};

const FfarmTransport transports[] = {FFARM_TRANSPORT_LIBSSH2, FFARM_TRANSPORT_OPENSSH};
} // namespace

TEST(DISABLED_Manager, RunsALongCommand)
{
    const char *address = getenv("MANAGER_ADDRESS");
    if (!address)
        return; // somebody runs all that is disabled
    g_autoptr(FfarmHost) host =
        new_host(static_cast<FfarmTransport>(atoi(getenv("MANAGER_TRANSPORT"))), *address ? address : nullptr,
                 static_cast<guint>(atoi(getenv("MANAGER_PORT"))), getenv("MANAGER_SSH"));
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(host);
    g_autoptr(GError) error = nullptr;
    ASSERT_TRUE(ffarm_runner_open(runner, 0, nullptr, &error)) << error->message;
    run_long(runner, getenv("MANAGER_TAG"), &error);
}

TEST(Lifeline, EndsWithAKilledManager)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    for (FfarmTransport transport : transports) {
        SCOPED_TRACE(transport);
        std::string tag = make_tag("kill" + std::to_string(transport));
        Manager manager(transport, sshd, tag);
        ASSERT_TRUE(processes_wait(tag.c_str(), true, 20));
        kill(manager.pid, SIGKILL);
        EXPECT_TRUE(processes_wait(tag.c_str(), false, 8));
        // Nor may the manager's own helpers stay.
        EXPECT_TRUE(processes_wait(sshd->client_config, false, 4));
    }
    std::string tag = make_tag("killlocal");
    Manager manager(FFARM_TRANSPORT_AUTO, nullptr, tag);
    ASSERT_TRUE(processes_wait(tag.c_str(), true, 20));
    kill(manager.pid, SIGKILL);
    EXPECT_TRUE(processes_wait(tag.c_str(), false, 8));
}

TEST(Lifeline, EndsWithAHangingManager)
{
    g_autoptr(Sshd) sshd = sshd_start(nullptr);
    std::string libssh2_tag = make_tag("stop1"), openssh_tag = make_tag("stop2"), local_tag = make_tag("stop3");
    Manager libssh2(FFARM_TRANSPORT_LIBSSH2, sshd, libssh2_tag);
    Manager openssh(FFARM_TRANSPORT_OPENSSH, sshd, openssh_tag);
    Manager local(FFARM_TRANSPORT_AUTO, nullptr, local_tag);
    for (const std::string &tag : {libssh2_tag, openssh_tag, local_tag})
        ASSERT_TRUE(processes_wait(tag.c_str(), true, 20));
    for (GPid pid : {libssh2.pid, openssh.pid, local.pid})
        kill(pid, SIGSTOP);
    double start = now_s();
    for (const std::string &tag : {libssh2_tag, openssh_tag, local_tag})
        EXPECT_TRUE(processes_wait(tag.c_str(), false, 25)) << tag;
    EXPECT_GT(now_s() - start, 8) << "a short hang must be forgiven";
}

namespace
{
// Runs a long command, has the connection cut when it is up, and expects both sides to notice within LIMIT_S.
void expect_cut_noticed(const Sshd *sshd, FfarmTransport transport, void (*cut)(gpointer), gpointer user_data,
                        double limit_s)
{
    std::string tag = make_tag("cut" + std::to_string(transport) + std::to_string(sshd->port));
    g_autoptr(FfarmHost) host = new_host(transport, sshd->address, sshd->port, sshd->ssh);
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(host);
    g_autoptr(GError) error = nullptr;
    ASSERT_TRUE(ffarm_runner_open(runner, 0, nullptr, &error)) << error->message;
    double cut_s = 0;
    std::thread cutter([&] {
        EXPECT_TRUE(processes_wait(tag.c_str(), true, 20));
        cut_s = now_s();
        cut(user_data);
    });
    EXPECT_FALSE(run_long(runner, tag.c_str(), &error));
    double noticed_s = now_s();
    cutter.join();
    EXPECT_LT(noticed_s - cut_s, limit_s);
    ASSERT_TRUE(error);
    EXPECT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED)) << error->message;
    EXPECT_TRUE(g_str_has_prefix(error->message, "box: ")) << error->message;
    EXPECT_FALSE(ffarm_runner_is_open(runner));
    EXPECT_TRUE(processes_wait(tag.c_str(), false, 10));
}
} // namespace

TEST(Lifeline, EndsWithTheConnection)
{
    for (FfarmTransport transport : transports) {
        SCOPED_TRACE(transport);
        g_autoptr(Sshd) sshd = sshd_start(nullptr);
        expect_cut_noticed(
            sshd, transport, [](gpointer data) { sshd_drop_connections(static_cast<Sshd *>(data)); }, sshd, 5);
    }
}

namespace
{
bool shell(const std::string &command)
{
    return system(("( " + command + " ) >/dev/null 2>&1").c_str()) == 0;
}

// A network of its own for a server, joined to ours by one cable.
struct Network {
    explicit Network(int number)
        : name("ff" + std::to_string(getpid()) + "n" + std::to_string(number)),
          cable("fv" + std::to_string(getpid() % 100000) + "n" + std::to_string(number)),
          prefix("10." + std::to_string(100 + number) + "." + std::to_string(getpid() % 250) + ".")
    {
        is_up = shell("ip netns add " + name) &&
                shell("ip link add " + cable + " type veth peer name eth0 netns " + name) &&
                shell("ip addr add " + prefix + "1/30 dev " + cable + " && ip link set " + cable + " up") &&
                shell("ip -n " + name + " addr add " + prefix + "2/30 dev eth0 && ip -n " + name +
                      " link set eth0 up && ip -n " + name + " link set lo up");
    }
    ~Network()
    {
        shell("ip link del " + cable);
        shell("ip netns del " + name);
    }
    std::string name, cable, prefix;
    bool is_up;
};

void pull_cable(gpointer data)
{
    EXPECT_TRUE(shell("ip link set " + static_cast<Network *>(data)->cable + " down"));
}
} // namespace

TEST(Lifeline, EndsWithTheNetwork)
{
    Network first(0), second(1);
    if (geteuid() != 0 || !first.is_up || !second.is_up)
        GTEST_SKIP() << "needs root and network namespaces";
    std::vector<Sshd *> servers;
    for (Network *network : {&first, &second}) {
        std::string address = network->prefix + "2";
        SshdOptions options = {};
        options.address = address.c_str();
        options.netns = network->name.c_str();
        servers.push_back(sshd_start(&options));
    }
    std::thread other([&] { expect_cut_noticed(servers[1], FFARM_TRANSPORT_OPENSSH, pull_cable, &second, 30); });
    expect_cut_noticed(servers[0], FFARM_TRANSPORT_LIBSSH2, pull_cable, &first, 30);
    other.join();
    for (Sshd *server : servers)
        sshd_stop(server);
}
