// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "relay.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

// The relay against a server that sends everything back.

namespace
{
sockaddr_in name_of(guint port)
{
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(static_cast<guint16>(port));
    return name;
}

class RelayTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in name = name_of(0);
        socklen_t length = sizeof name;
        ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr *>(&name), length), 0);
        ASSERT_EQ(listen(listener, 4), 0);
        ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr *>(&name), &length), 0);
        thread = g_thread_new("echo", serve, this);
        relay = relay_start("127.0.0.1", ntohs(name.sin_port));
    }
    void TearDown() override
    {
        relay_stop(relay);
        shutdown(listener, SHUT_RDWR);
        g_thread_join(thread);
        close(listener);
    }
    static gpointer serve(gpointer data)
    {
        auto *self = static_cast<RelayTest *>(data);
        for (int fd; (fd = accept(self->listener, nullptr, nullptr)) >= 0; close(fd)) {
            char buffer[4096];
            for (ssize_t count; (count = recv(fd, buffer, sizeof buffer, 0)) > 0;)
                send(fd, buffer, static_cast<size_t>(count), MSG_NOSIGNAL);
        }
        return nullptr;
    }
    // Sends @text and reads what comes back until it is all there, the end comes or nothing does for a while.
    std::string ask(const std::string &text, bool *is_over = nullptr)
    {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in name = name_of(relay_port(relay));
        EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr *>(&name), sizeof name), 0);
        send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        std::string answer;
        pollfd wait = {fd, POLLIN, 0};
        bool is_end = false;
        while (!is_end && answer.size() < text.size() && poll(&wait, 1, 150) > 0) {
            char buffer[4096];
            ssize_t count = recv(fd, buffer, sizeof buffer, 0);
            is_end = count <= 0;
            answer.append(buffer, static_cast<size_t>(count > 0 ? count : 0));
        }
        if (is_over)
            *is_over = is_end;
        close(fd);
        return answer;
    }
    int listener = -1;
    GThread *thread = nullptr;
    Relay *relay = nullptr;
};
} // namespace

TEST_F(RelayTest, PassesEverything)
{
    const std::string text(100000, 'x');
    EXPECT_EQ(ask(text), text);
    EXPECT_EQ(ask("again"), "again");
    EXPECT_EQ(relay_connections(relay), 2u);
    EXPECT_EQ(relay_bytes(relay, RELAY_TO_SERVER), 100005);
    EXPECT_EQ(relay_bytes(relay, RELAY_TO_CLIENT), 100005);
}

TEST_F(RelayTest, CutsAsOftenAsToldAfterSoManyBytes)
{
    bool is_over = false;
    relay_fail_after(relay, RELAY_CUT, RELAY_TO_CLIENT, 5, 2);
    for (int i = 0; i < 2; i++) {
        EXPECT_LE(ask("0123456789", &is_over).size(), 5u);
        EXPECT_TRUE(is_over);
    }
    EXPECT_EQ(relay_bytes(relay, RELAY_TO_CLIENT), 10);
    EXPECT_EQ(ask("0123456789"), "0123456789");
}

TEST_F(RelayTest, FallsSilentWithoutAWord)
{
    bool is_over = true;
    relay_fail_after(relay, RELAY_STALL, RELAY_TO_SERVER, 4, 1);
    EXPECT_EQ(ask("0123456789", &is_over), "") << "not even the answer to what had passed";
    EXPECT_FALSE(is_over);
    EXPECT_EQ(relay_bytes(relay, RELAY_TO_SERVER), 4);
}

TEST_F(RelayTest, RefusesAndTakesAgain)
{
    bool is_over = false;
    relay_refuse(relay, TRUE);
    EXPECT_EQ(ask("hello", &is_over), "");
    EXPECT_TRUE(is_over);
    relay_refuse(relay, FALSE);
    EXPECT_EQ(ask("hello"), "hello");
}
