/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "child.h"
#include "ssh_hostkey.h"

#define MAX_MESSAGE_BYTES (256 * 1024)
#define MAX_IDENTITIES 256

/* Messages of the agent's protocol (draft-ietf-sshm-ssh-agent). */
enum {
    REQUEST_IDENTITIES = 11,
    IDENTITIES_ANSWER = 12,
    SIGN_REQUEST = 13,
    SIGN_RESPONSE = 14,
    REMOVE_ALL_IDENTITIES = 19
};

struct SshAgent {
    int fd;
    /* Of a private one only: */
    GPid shell; /* waits for the end of our pipe, and the agent for its end */
    int pipe_fd;
    pid_t daemon;
    char *folder;
};

static void identity_free(gpointer data)
{
    SshIdentity *identity = data;
    g_bytes_unref(identity->blob);
    g_free(identity->type);
    g_free(identity->comment);
    g_free(identity);
}

/* ---- bytes ---- */

static void put_number(GByteArray *message, guint32 number)
{
    guint32 big = GUINT32_TO_BE(number);
    g_byte_array_append(message, (const guint8 *)&big, 4);
}

static void put_string(GByteArray *message, const guchar *data, gsize length)
{
    put_number(message, (guint32)length);
    g_byte_array_append(message, data, (guint)length);
}

/* What is left to read of an answer. */
typedef struct {
    const guchar *data;
    gsize left;
} Reader;

static gboolean take_number(Reader *reader, guint32 *number)
{
    if (reader->left < 4)
        return FALSE;
    memcpy(number, reader->data, 4);
    *number = GUINT32_FROM_BE(*number);
    reader->data += 4;
    reader->left -= 4;
    return TRUE;
}

static gboolean take_string(Reader *reader, Reader *string)
{
    guint32 length;
    if (!take_number(reader, &length) || reader->left < length)
        return FALSE;
    *string = (Reader){reader->data, length};
    reader->data += length;
    reader->left -= length;
    return TRUE;
}

/* ---- talk ---- */

/* Waits until @fd is ready for @events. */
static gboolean wait_for(int fd, short events, const SshPatience *patience, GError **error)
{
    GPollFD cancel = {.fd = -1};
    gboolean has_cancel = patience->cancellable && g_cancellable_make_pollfd(patience->cancellable, &cancel);
    struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = has_cancel ? cancel.fd : -1, .events = POLLIN}};
    int timeout_ms = -1;
    if (patience->deadline_us)
        timeout_ms = (int)CLAMP((patience->deadline_us - g_get_monotonic_time()) / 1000 + 1, 0, G_MAXINT);
    int count = poll(fds, 2, timeout_ms);
    if (has_cancel)
        g_cancellable_release_fd(patience->cancellable);
    if (g_cancellable_set_error_if_cancelled(patience->cancellable, error))
        return FALSE;
    if (count == 0)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in time");
    return count != 0;
}

/* Moves exactly @length bytes one way. */
static gboolean move(int fd, guchar *data, gsize length, gboolean is_write, const SshPatience *patience, GError **error)
{
    while (length > 0) {
        ssize_t count = is_write ? send(fd, data, length, MSG_NOSIGNAL) : recv(fd, data, length, 0);
        if (count > 0) {
            data += count;
            length -= (gsize)count;
        } else if (count == 0) {
            g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the agent hung up");
            return FALSE;
        } else if (errno == EAGAIN) {
            if (!wait_for(fd, is_write ? POLLOUT : POLLIN, patience, error))
                return FALSE;
        } else if (errno != EINTR) {
            g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno), g_strerror(errno));
            return FALSE;
        }
    }
    return TRUE;
}

/* Sends @request and returns the answer without its length. */
static GByteArray *talk(SshAgent *agent, GByteArray *request, guint8 expected, SshPatience *patience, GError **error)
{
    guint32 length = GUINT32_TO_BE(request->len);
    if (!move(agent->fd, (guchar *)&length, 4, TRUE, patience, error) ||
        !move(agent->fd, request->data, request->len, TRUE, patience, error) ||
        !move(agent->fd, (guchar *)&length, 4, FALSE, patience, error))
        return NULL;
    length = GUINT32_FROM_BE(length);
    g_autoptr(GByteArray) answer = g_byte_array_new();
    if (length > 0 && length <= MAX_MESSAGE_BYTES) {
        g_byte_array_set_size(answer, length);
        if (!move(agent->fd, answer->data, length, FALSE, patience, error))
            return NULL;
    }
    if (answer->len == 0 || answer->data[0] != expected) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the agent refused");
        return NULL;
    }
    return g_steal_pointer(&answer);
}

GPtrArray *ssh_agent_list(SshAgent *agent, SshPatience patience, GError **error)
{
    guint8 type = REQUEST_IDENTITIES;
    g_autoptr(GByteArray) request = g_byte_array_new();
    g_byte_array_append(request, &type, 1);
    g_autoptr(GByteArray) answer = talk(agent, request, IDENTITIES_ANSWER, &patience, error);
    if (!answer)
        return NULL;
    g_autoptr(GPtrArray) identities = g_ptr_array_new_with_free_func(identity_free);
    Reader reader = {answer->data + 1, answer->len - 1}, blob, comment;
    guint32 count = 0;
    take_number(&reader, &count);
    for (guint32 i = 0; i < MIN(count, MAX_IDENTITIES); i++) {
        if (!take_string(&reader, &blob) || !take_string(&reader, &comment))
            break;
        SshIdentity *identity = g_new0(SshIdentity, 1);
        g_autofree char *text = g_strndup((const char *)comment.data, comment.left);
        identity->blob = g_bytes_new(blob.data, blob.left);
        identity->type = ssh_hostkey_type(identity->blob);
        identity->comment = g_utf8_make_valid(text, -1);
        g_ptr_array_add(identities, identity);
    }
    return g_steal_pointer(&identities);
}

GBytes *ssh_agent_sign(SshAgent *agent, GBytes *blob, const guchar *data, gsize length, SshSignFlags flags,
                       SshPatience patience, GError **error)
{
    guint8 type = SIGN_REQUEST;
    g_autoptr(GByteArray) request = g_byte_array_new();
    g_byte_array_append(request, &type, 1);
    put_string(request, g_bytes_get_data(blob, NULL), g_bytes_get_size(blob));
    put_string(request, data, length);
    put_number(request, flags);
    g_autoptr(GByteArray) answer = talk(agent, request, SIGN_RESPONSE, &patience, error);
    if (!answer)
        return NULL;
    Reader reader = {answer->data + 1, answer->len - 1}, signature, kind, bare;
    if (!take_string(&reader, &signature) || !take_string(&signature, &kind) || !take_string(&signature, &bare)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the agent's signature is malformed");
        return NULL;
    }
    return g_bytes_new(bare.data, bare.left);
}

/* ---- open and close ---- */

static int connect_socket(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG, "%s: too long for a socket", path);
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int code = errno;
    if (fd >= 0)
        close(fd);
    g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(code), "%s: %s", path, g_strerror(code));
    return -1;
}

SshAgent *ssh_agent_open(const char *path, GError **error)
{
    int fd = connect_socket(path, error);
    if (fd < 0)
        return NULL;
    SshAgent *agent = g_new0(SshAgent, 1);
    *agent = (SshAgent){.fd = fd, .pipe_fd = -1};
    return agent;
}

/* The shell's first line is "agent PID". Returns: what follows it, within @text. */
static const char *take_daemon(SshAgent *agent, const char *text)
{
    const char *end = strchr(text, '\n');
    if (!end || !g_str_has_prefix(text, "agent "))
        return text;
    agent->daemon = (pid_t)g_ascii_strtoll(text + 6, NULL, 10);
    return end + 1;
}

/* Reads what the shell prints up to its line "ready", or to its end with the reason. */
static gboolean read_ready(SshAgent *agent, int fd, const SshPatience *patience, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[512];
    while (text->len < 16384) {
        const char *said = take_daemon(agent, text->str);
        if (g_str_has_suffix(said, "ready\n"))
            return TRUE;
        if (!wait_for(fd, POLLIN, patience, error))
            return FALSE;
        ssize_t count = read(fd, buffer, sizeof(buffer));
        if (count == 0)
            break;
        if (count > 0)
            g_string_append_len(text, buffer, count);
    }
    g_autofree char *reason = g_utf8_make_valid(take_daemon(agent, text->str), -1);
    g_strdelimit(g_strstrip(reason), "\r\n", ' ');
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", *reason ? reason : "ssh-agent ended without a word");
    return FALSE;
}

/* ssh-agent COMMAND ends with its command, and the command with our pipe, whatever becomes of us. (Debian's ssh-agent
 * is set-group-ID, for which the kernel forgets whose death it should follow.) */
static gboolean start_processes(SshAgent *agent, const char *socket_path, const char *key_path,
                                const SshPatience *patience, GError **error)
{
    static const char script[] = "echo \"agent $SSH_AGENT_PID\"; "
                                 "ssh-add -q -t 600 -- \"$0\" </dev/null && echo ready && exec cat >/dev/null";
    const char *const argv[] = {"ssh-agent", "-a", socket_path, "sh", "-c", script, key_path, NULL};
    g_auto(GStrv) environment = g_get_environ();
    environment = g_environ_setenv(environment, "SSH_ASKPASS", "/bin/false", TRUE);
    environment = g_environ_setenv(environment, "SSH_ASKPASS_REQUIRE", "force", TRUE);
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    gboolean is_ok = g_unix_open_pipe(in, FD_CLOEXEC, error) && g_unix_open_pipe(out, FD_CLOEXEC, error) &&
                     child_spawn(argv, (const char *const *)environment, in[0], out[1], out[1], &agent->shell, error);
    agent->pipe_fd = in[1];
    if (in[0] >= 0)
        close(in[0]);
    if (out[1] >= 0)
        close(out[1]);
    is_ok = is_ok && read_ready(agent, out[0], patience, error);
    if (out[0] >= 0)
        close(out[0]);
    return is_ok;
}

SshAgent *ssh_agent_start(const char *key_path, SshPatience patience, GError **error)
{
    g_autoptr(SshAgent) agent = g_new0(SshAgent, 1);
    *agent = (SshAgent){.fd = -1, .pipe_fd = -1};
    agent->folder = g_dir_make_tmp("ffarm-agent-XXXXXX", error);
    if (!agent->folder)
        return NULL;
    g_autofree char *socket_path = g_build_filename(agent->folder, "s", NULL);
    if (!start_processes(agent, socket_path, key_path, &patience, error))
        return NULL;
    agent->fd = connect_socket(socket_path, error);
    return agent->fd < 0 ? NULL : g_steal_pointer(&agent);
}

void ssh_agent_free(SshAgent *agent)
{
    if (!agent)
        return;
    if (agent->fd >= 0)
        close(agent->fd);
    if (agent->daemon > 0)
        kill(agent->daemon, SIGTERM); /* it removes its socket */
    if (agent->pipe_fd >= 0)
        close(agent->pipe_fd);
    child_end(agent->shell);
    if (agent->folder) {
        g_autofree char *socket_path = g_build_filename(agent->folder, "s", NULL);
        g_unlink(socket_path);
        g_rmdir(agent->folder);
        g_free(agent->folder);
    }
    g_free(agent);
}
