// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <gio/gio.h>
#include "notify.h"

#include <string>
#include <thread>

namespace
{
// Answers one request with a fixed text, or with silence until it is told to stop.
class Server
{
  public:
    explicit Server(std::string text) : answer(std::move(text))
    {
        listener = g_socket_listener_new();
        port = g_socket_listener_add_any_inet_port(listener, nullptr, nullptr);
        stop = g_cancellable_new();
        thread = std::thread([this] { Serve(); });
    }
    ~Server()
    {
        Stop();
        g_object_unref(listener);
        g_object_unref(stop);
    }
    void Stop()
    {
        g_cancellable_cancel(stop);
        if (thread.joinable())
            thread.join();
    }
    std::string Address() const
    {
        return "127.0.0.1:" + std::to_string(port);
    }
    std::string request;

  private:
    void Serve()
    {
        g_autoptr(GSocketConnection) connection = g_socket_listener_accept(listener, nullptr, stop, nullptr);
        if (!connection)
            return;
        char bytes[4096];
        GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(connection));
        while (request.find("\r\n\r\n") == std::string::npos) {
            gssize got = g_input_stream_read(input, bytes, sizeof bytes, stop, nullptr);
            if (got <= 0)
                return;
            request.append(bytes, static_cast<size_t>(got));
        }
        GOutputStream *output = g_io_stream_get_output_stream(G_IO_STREAM(connection));
        if (answer.empty())
            g_input_stream_read(input, bytes, sizeof bytes, stop, nullptr);
        else
            g_output_stream_write_all(output, answer.data(), answer.size(), nullptr, stop, nullptr);
    }
    std::string answer;
    GSocketListener *listener;
    guint16 port;
    GCancellable *stop;
    std::thread thread;
};
} // namespace

TEST(NotifyPlex, AsksForARefreshWithTheToken)
{
    Server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    g_autoptr(GError) error = nullptr;
    EXPECT_TRUE(ffarm_notify_plex(server.Address().c_str(), "secret", nullptr, &error)) << error->message;
    server.Stop();
    EXPECT_EQ(server.request.rfind("GET /library/sections/all/refresh HTTP/1.1\r\n", 0), 0u);
    EXPECT_NE(server.request.find("\r\nX-Plex-Token: secret\r\n"), std::string::npos);
    EXPECT_NE(server.request.find("\r\nHost: " + server.Address() + "\r\n"), std::string::npos);
}

TEST(NotifyPlex, SendsNoTokenWhereThereIsNone)
{
    Server server("HTTP/1.0 204 No Content\r\n\r\n");
    EXPECT_TRUE(ffarm_notify_plex(server.Address().c_str(), nullptr, nullptr, nullptr));
    server.Stop();
    EXPECT_EQ(server.request.find("X-Plex-Token"), std::string::npos);
}

TEST(NotifyPlex, NamesTheTokenWhenItIsRefused)
{
    Server server("HTTP/1.1 401 Unauthorized\r\n\r\n");
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_notify_plex(server.Address().c_str(), nullptr, nullptr, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
    EXPECT_EQ(std::string(error->message).rfind(server.Address() + ": ", 0), 0u);
    EXPECT_NE(std::string(error->message).find("plex_token"), std::string::npos);
}

TEST(NotifyPlex, FailsOnWhatIsNoHttp)
{
    for (const char *answer : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 500 No\r\n\r\n", "HTTP/1."}) {
        Server server(answer);
        EXPECT_FALSE(ffarm_notify_plex(server.Address().c_str(), nullptr, nullptr, nullptr)) << answer;
    }
}

TEST(NotifyPlex, FailsWhenNobodyListens)
{
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_notify_plex("127.0.0.1:1", nullptr, nullptr, &error));
    EXPECT_EQ(std::string(error->message).rfind("127.0.0.1:1: ", 0), 0u);
}

TEST(NotifyPlex, RefusesATokenThatWouldAddHeaders)
{
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(ffarm_notify_plex("127.0.0.1:1", "a\r\nX-Evil: 1", nullptr, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
}

TEST(NotifyPlex, EndsWhenItIsCancelled)
{
    Server server("");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    std::thread canceller([&] {
        g_usleep(50000);
        g_cancellable_cancel(cancellable);
    });
    g_autoptr(GError) error = nullptr;
    gint64 begin_us = g_get_monotonic_time();
    EXPECT_FALSE(ffarm_notify_plex(server.Address().c_str(), nullptr, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_LT(g_get_monotonic_time() - begin_us, 5 * G_USEC_PER_SEC);
    canceller.join();
}
