// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "host.h"
#include "runner_private.h"
#include "scratch.h"
#include "sshd.h"

// What the tests of the libssh2 kind share: it is driven through its own table, without runner.c.

struct HostFree {
    void operator()(FfarmHost *host) const
    {
        ffarm_host_free(host);
    }
};
using Host = std::unique_ptr<FfarmHost, HostFree>;

// A streaming host named "box" that reaches @sshd through its own ssh_config.
inline Host host_for(const Sshd *sshd)
{
    Host host(ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING));
    host->address = g_strdup(sshd->address);
    host->port = sshd->port;
    g_free(host->ssh);
    host->ssh = g_strdup(sshd->ssh);
    return host;
}

// A GError, or none.
class Failure
{
  public:
    ~Failure()
    {
        g_clear_error(&error_);
    }
    GError **out()
    {
        g_clear_error(&error_);
        return &error_;
    }
    bool is(GQuark domain, int code) const
    {
        return g_error_matches(error_, domain, code);
    }
    std::string text() const
    {
        return error_ ? error_->message : "";
    }
    bool says(const std::string &part) const
    {
        return text().find(part) != std::string::npos;
    }

  private:
    GError *error_ = nullptr;
};

#define EXPECT_REMOTE_ERROR(failure, code)                                                                             \
    EXPECT_TRUE((failure).is(FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_##code)) << (failure).text()
#define EXPECT_CANCELLED(failure) EXPECT_TRUE((failure).is(G_IO_ERROR, G_IO_ERROR_CANCELLED)) << (failure).text()

// A connection of the kind, or the reason why there is none.
class Connection
{
  public:
    explicit Connection(const FfarmHost *host, GCancellable *cancellable = nullptr, double seconds = 20)
        : state_(ffarm_runner_kind_ssh.connect(host, g_get_monotonic_time() + static_cast<gint64>(seconds * 1e6),
                                               cancellable, failure.out()))
    {
    }
    ~Connection()
    {
        close();
    }
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;
    void close()
    {
        if (state_)
            ffarm_runner_kind_ssh.disconnect(state_);
        state_ = nullptr;
    }
    explicit operator bool() const
    {
        return state_ != nullptr;
    }
    gpointer get() const
    {
        return state_;
    }

    Failure failure;

  private:
    gpointer state_;
};

// Outputs of a command, counted, and kept up to a limit.
struct Outputs {
    std::string out, err;
    size_t n_out = 0, n_err = 0;
    size_t stop_after = 0; // bytes on stdout; 0: never
};

inline gboolean take_out(const char *data, gsize length, gpointer user_data)
{
    auto *outputs = static_cast<Outputs *>(user_data);
    outputs->n_out += length;
    if (outputs->out.size() < 65536)
        outputs->out.append(data, length);
    return outputs->stop_after == 0 || outputs->n_out < outputs->stop_after;
}

inline gboolean take_err(const char *data, gsize length, gpointer user_data)
{
    auto *outputs = static_cast<Outputs *>(user_data);
    outputs->n_err += length;
    if (outputs->err.size() < 65536)
        outputs->err.append(data, length);
    return TRUE;
}

inline bool run(Connection &connection, const char *line, Outputs *outputs, int *status, Failure *failure,
                GCancellable *cancellable = nullptr, double limit_seconds = 0, guint beat_ms = 0)
{
    FfarmExec exec = {};
    exec.line = line;
    exec.beat_ms = beat_ms;
    exec.deadline_us = limit_seconds > 0 ? g_get_monotonic_time() + static_cast<gint64>(limit_seconds * 1e6) : 0;
    exec.on_stdout = take_out;
    exec.on_stderr = take_err;
    exec.user_data = outputs;
    return ffarm_runner_kind_ssh.exec(connection.get(), &exec, status, cancellable, failure->out());
}

// Told how far a transfer is.
using Note = std::function<void(gint64 done, gint64 total)>;

inline bool send(Connection &box, const std::string &from, const std::string &to, const Note &note,
                 GCancellable *cancellable, Failure &failure)
{
    struct Context {
        const Note &note;
        gint64 total;
    } context = {note, 0};
    struct stat status = {};
    int fd = open(from.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(fstat(fd, &status), 0);
    context.total = status.st_size;
    FfarmUpload upload = {};
    upload.local_path = from.c_str();
    upload.fd = fd;
    upload.remote_path = to.c_str();
    upload.to_bytes = status.st_size;
    upload.moved = [](gint64 done, gpointer data) {
        auto *context = static_cast<Context *>(data);
        if (context->note)
            context->note(done, context->total);
    };
    upload.user_data = &context;
    upload.cancellable = cancellable;
    bool is_done = ffarm_runner_kind_ssh.write(box.get(), &upload, failure.out());
    close(fd);
    return is_done;
}

inline bool fetch(Connection &box, const std::string &from, const std::string &to, const Note &note,
                  GCancellable *cancellable, Failure &failure)
{
    struct Context {
        const Note &note;
        std::string bytes;
        gint64 total;
    } context = {note, "", 0};
    FfarmDownload download = {};
    download.remote_path = from.c_str();
    download.begin = [](gint64 total, gpointer data, GError **) -> gboolean {
        static_cast<Context *>(data)->total = total;
        return TRUE;
    };
    download.take = [](const guint8 *data, gsize length, gpointer user_data, GError **) -> gboolean {
        auto *context = static_cast<Context *>(user_data);
        context->bytes.append(reinterpret_cast<const char *>(data), length);
        if (context->note)
            context->note(static_cast<gint64>(context->bytes.size()), context->total);
        return TRUE;
    };
    download.user_data = &context;
    download.cancellable = cancellable;
    bool is_done = ffarm_runner_kind_ssh.read(box.get(), &download, failure.out());
    if (is_done) {
        EXPECT_EQ(context.total, static_cast<gint64>(context.bytes.size()));
        EXPECT_TRUE(g_file_set_contents(to.c_str(), context.bytes.data(), context.total, nullptr));
    }
    return is_done;
}

// Fires a cancellable from another thread after a while.
class CancelSoon
{
  public:
    explicit CancelSoon(guint after_ms) : after_ms_(after_ms), cancellable(g_cancellable_new())
    {
        thread_ = g_thread_new("cancel", run, this);
    }
    ~CancelSoon()
    {
        g_thread_join(thread_);
        g_object_unref(cancellable);
    }

  private:
    static gpointer run(gpointer data)
    {
        auto *self = static_cast<CancelSoon *>(data);
        g_usleep(self->after_ms_ * 1000);
        self->fired_us = g_get_monotonic_time();
        g_cancellable_cancel(self->cancellable);
        return nullptr;
    }
    guint after_ms_;
    GThread *thread_;

  public:
    GCancellable *cancellable;
    gint64 fired_us = 0;
};

class Stopwatch
{
  public:
    double seconds() const
    {
        return static_cast<double>(g_get_monotonic_time() - start_) / 1e6;
    }

  private:
    gint64 start_ = g_get_monotonic_time();
};

inline void ask_program(std::vector<const char *> argv)
{
    argv.push_back(nullptr);
    int status = -1;
    g_autoptr(GError) error = nullptr;
    g_autofree char *errors = nullptr;
    g_spawn_sync(nullptr, const_cast<char **>(argv.data()), nullptr,
                 static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL), nullptr, nullptr, nullptr,
                 &errors, &status, &error);
    ASSERT_EQ(status, 0) << argv[0] << ": " << (error ? error->message : errors);
}

inline std::string read_file(const std::string &path)
{
    g_autofree char *text = nullptr;
    gsize length = 0;
    g_file_get_contents(path.c_str(), &text, &length, nullptr);
    return std::string(text ? text : "", length);
}

inline void append_file(const std::string &path, const std::string &text)
{
    std::string whole = read_file(path) + text;
    ASSERT_TRUE(g_file_set_contents(path.c_str(), whole.data(), static_cast<gssize>(whole.size()), nullptr));
}

// Bytes that don't repeat within any block that might be lost or doubled.
inline std::string noise(size_t length, guint32 seed = 1)
{
    std::string bytes(length, '\0');
    guint32 state = seed;
    for (size_t i = 0; i < length; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = static_cast<char>(state >> 24);
    }
    return bytes;
}

// Removed at the end with all that is in it.
class Folder
{
  public:
    ~Folder()
    {
        scratch_free(path_);
    }
    std::string operator/(const std::string &name) const
    {
        return std::string(path_) + "/" + name;
    }

  private:
    char *path_ = scratch_new();
};
