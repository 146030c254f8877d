/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runner.h"

#include "host_space.h"
#include "leased_run.h"
#include "runner_state.h"
#include "ssh_glue.h"

#define OPEN_MS 20000

G_DEFINE_QUARK(ffarm - remote - error - quark, ffarm_remote_error)

FfarmRunner *ffarm_runner_new(const FfarmHost *host)
{
    FfarmRunner *runner = g_new0(FfarmRunner, 1);
    runner->host = ffarm_host_copy(host);
    return runner;
}

void ffarm_runner_close(FfarmRunner *runner)
{
    if (!runner->kind)
        return;
    runner->kind->disconnect(runner->connection);
    runner->kind = NULL;
    runner->connection = NULL;
    runner->hash_tool = 0;
    system_clear(&runner->system);
    g_clear_pointer(&runner->transport_reason, g_free);
}

void ffarm_runner_free(FfarmRunner *runner)
{
    if (!runner)
        return;
    ffarm_runner_close(runner);
    ffarm_host_free(runner->host);
    g_free(runner);
}

/* ---- opening ---- */

static gboolean connect_by(FfarmRunner *runner, const FfarmRunnerKind *kind, gint64 deadline_us,
                           GCancellable *cancellable, GError **error)
{
    runner->connection = kind->connect(runner->host, deadline_us, cancellable, error);
    if (runner->connection)
        runner->kind = kind;
    return runner->connection != NULL;
}

/* libssh2 first, for it needs no other program; OpenSSH's client where libssh2 says that it can't. */
static gboolean connect_by_either(FfarmRunner *runner, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) reason = NULL;
    if (connect_by(runner, &ffarm_runner_kind_ssh, deadline_us, cancellable, &reason))
        return TRUE;
    if (!g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    if (!connect_by(runner, &ffarm_runner_kind_openssh, deadline_us, cancellable, error))
        return FALSE;
    runner->transport_reason = g_strdup(reason->message);
    return TRUE;
}

static gboolean connect_to_host(FfarmRunner *runner, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    if (runner->host->type == FFARM_HOST_LOCAL)
        return connect_by(runner, &ffarm_runner_kind_local, deadline_us, cancellable, error);
    switch (runner->host->transport) {
    case FFARM_TRANSPORT_LIBSSH2:
        return connect_by(runner, &ffarm_runner_kind_ssh, deadline_us, cancellable, error);
    case FFARM_TRANSPORT_OPENSSH:
        return connect_by(runner, &ffarm_runner_kind_openssh, deadline_us, cancellable, error);
    case FFARM_TRANSPORT_AUTO:
    default:
        return connect_by_either(runner, deadline_us, cancellable, error);
    }
}

gboolean ffarm_runner_open(FfarmRunner *runner, guint timeout_ms, GCancellable *cancellable, GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + (timeout_ms ? timeout_ms : OPEN_MS) * G_TIME_SPAN_MILLISECOND;
    if (runner->kind)
        return TRUE;
    if (!connect_to_host(runner, deadline_us, cancellable, error))
        return FALSE;
    if (runner->host->type == FFARM_HOST_LOCAL)
        system_init_local(&runner->system);
    else if (!system_detect(&runner->system, runner->kind, runner->connection, runner->host, deadline_us, cancellable,
                            error)) {
        ffarm_runner_close(runner);
        return FALSE;
    }
    return TRUE;
}

gboolean ffarm_runner_is_open(const FfarmRunner *runner)
{
    return runner->kind != NULL;
}

const FfarmHost *ffarm_runner_peek_host(const FfarmRunner *runner)
{
    return runner->host;
}

FfarmOs ffarm_runner_os(const FfarmRunner *runner)
{
    return runner->system.os;
}

const char *ffarm_runner_peek_system(const FfarmRunner *runner)
{
    return runner->system.text;
}

const char *ffarm_runner_peek_transport(const FfarmRunner *runner)
{
    return runner->kind ? runner->kind->transport : NULL;
}

const char *ffarm_runner_peek_transport_reason(const FfarmRunner *runner)
{
    return runner->transport_reason;
}

/* ---- what is the same for every call ---- */

gboolean runner_begin(FfarmRunner *runner, GCancellable *cancellable, GError **error)
{
    if (g_cancellable_is_cancelled(cancellable)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", runner->host->name);
        return FALSE;
    }
    if (!runner->kind)
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED, "%s: not connected",
                    runner->host->name);
    return runner->kind != NULL;
}

gboolean runner_end(FfarmRunner *runner, gboolean is_done, GError *reason, GError **error)
{
    if (g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED))
        ffarm_runner_close(runner);
    if (reason)
        g_propagate_error(error, reason);
    return is_done;
}

char *runner_file_path(const FfarmRunner *runner, const char *path)
{
    if (runner->system.os != FFARM_OS_WINDOWS)
        return g_strdup(path);
    gboolean has_drive = g_ascii_isalpha(path[0]) && path[1] == ':';
    return g_strdelimit(g_strconcat(has_drive ? "/" : "", path, NULL), "\\", '/');
}

/* ---- commands ---- */

gboolean ffarm_runner_run(FfarmRunner *runner, const FfarmCommand *command, FfarmExit *result,
                          GCancellable *cancellable, GError **error)
{
    g_return_val_if_fail(command->argv && command->argv[0], FALSE);
    GError *reason = NULL;
    if (!runner_begin(runner, cancellable, error))
        return FALSE;
    gboolean is_done = leased_run(runner->kind, runner->connection, &runner->system, runner->host->name, command,
                                  result, cancellable, &reason);
    return runner_end(runner, is_done, reason, error);
}

typedef struct {
    GString *texts[2];
    gsize max_bytes;
} Answer;

static gboolean keep(GString *text, gsize max_bytes, const char *data, gsize length)
{
    g_string_append_len(text, data, (gssize)MIN(length, max_bytes - text->len));
    return TRUE;
}

static gboolean keep_output(const char *data, gsize length, gpointer user_data)
{
    Answer *answer = user_data;
    return keep(answer->texts[0], answer->max_bytes, data, length);
}

static gboolean keep_errors(const char *data, gsize length, gpointer user_data)
{
    Answer *answer = user_data;
    return keep(answer->texts[1], answer->max_bytes, data, length);
}

gboolean ffarm_runner_ask(FfarmRunner *runner, const char *const *argv, guint timeout_ms, gsize max_bytes,
                          char **output, char **errors, int *exit_status, GCancellable *cancellable, GError **error)
{
    Answer answer = {.texts = {g_string_new(NULL), g_string_new(NULL)}, .max_bytes = max_bytes};
    FfarmCommand command = {.argv = argv,
                            .timeout_ms = timeout_ms,
                            .on_stdout = keep_output,
                            .on_stderr = keep_errors,
                            .user_data = &answer};
    FfarmExit result = {0};
    gboolean is_done = ffarm_runner_run(runner, &command, &result, cancellable, error);
    g_autofree char *output_text = g_string_free(answer.texts[0], FALSE);
    g_autofree char *errors_text = g_string_free(answer.texts[1], FALSE);
    if (!is_done)
        return FALSE;
    if (output)
        *output = g_steal_pointer(&output_text);
    if (errors)
        *errors = g_steal_pointer(&errors_text);
    if (exit_status)
        *exit_status = result.exit_status;
    return TRUE;
}

/* ---- files ---- */

gboolean ffarm_runner_stat(FfarmRunner *runner, const char *remote_path, FfarmRemoteStat *result,
                           GCancellable *cancellable, GError **error)
{
    GError *reason = NULL;
    if (!runner_begin(runner, cancellable, error))
        return FALSE;
    g_autofree char *path = runner_file_path(runner, remote_path);
    gboolean is_done = runner->kind->stat(runner->connection, path, result, cancellable, &reason);
    return runner_end(runner, is_done, reason, error);
}

/* The calls that take a path and give nothing back. */
typedef gboolean (*PathFunc)(gpointer connection, const char *path, GCancellable *cancellable, GError **error);

static gboolean call_with_path(FfarmRunner *runner, PathFunc function, const char *remote_path,
                               GCancellable *cancellable, GError **error)
{
    GError *reason = NULL;
    g_autofree char *path = runner_file_path(runner, remote_path);
    gboolean is_done = function(runner->connection, path, cancellable, &reason);
    return runner_end(runner, is_done, reason, error);
}

gboolean ffarm_runner_make_dir(FfarmRunner *runner, const char *remote_path, GCancellable *cancellable, GError **error)
{
    return runner_begin(runner, cancellable, error) &&
           call_with_path(runner, runner->kind->make_dir, remote_path, cancellable, error);
}

gboolean ffarm_runner_remove(FfarmRunner *runner, const char *remote_path, GCancellable *cancellable, GError **error)
{
    return runner_begin(runner, cancellable, error) &&
           call_with_path(runner, runner->kind->remove, remote_path, cancellable, error);
}

gboolean ffarm_runner_remove_dir(FfarmRunner *runner, const char *remote_path, GCancellable *cancellable,
                                 GError **error)
{
    return runner_begin(runner, cancellable, error) &&
           call_with_path(runner, runner->kind->remove_dir, remote_path, cancellable, error);
}

gboolean ffarm_runner_space(FfarmRunner *runner, const char *remote_path, gint64 *free_bytes, GCancellable *cancellable,
                            GError **error)
{
    GError *reason = NULL;
    if (!runner_begin(runner, cancellable, error))
        return FALSE;
    g_autofree char *path = runner_file_path(runner, remote_path);
    gboolean is_done = runner->kind->space(runner->connection, path, free_bytes, cancellable, &reason);
    if (is_done && *free_bytes < 0)
        is_done = host_space_ask(runner, remote_path, free_bytes, cancellable, &reason);
    return runner_end(runner, is_done, reason, error);
}

const char *ffarm_runner_versions(void)
{
    return ssh_glue_versions();
}
