/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify.h"

#include <stdio.h>
#include <string.h>

#include "deadline.h"

#define NOTIFY_TIMEOUT_MS 10000
#define PLEX_PORT 32400
#define MAX_STATUS_LINE 1024

/* What stands between the lines of a request must not come from a configuration. */
static gboolean is_header_safe(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (g_ascii_iscntrl(*c) || *c == ' ')
            return FALSE;
    }
    return TRUE;
}

/* Reads the status line and nothing else: the answer's body is of no interest. */
static gboolean read_status(GInputStream *input, int *status, GCancellable *cancellable, GError **error)
{
    char line[MAX_STATUS_LINE + 1];
    gsize length = 0;
    while (length < MAX_STATUS_LINE && !memchr(line, '\n', length)) {
        gssize got = g_input_stream_read(input, line + length, MAX_STATUS_LINE - length, cancellable, error);
        if (got < 0)
            return FALSE;
        if (got == 0)
            break;
        length += (gsize)got;
    }
    line[length] = '\0';
    int major, minor;
    if (sscanf(line, "HTTP/%1d.%1d %3d", &major, &minor, status) == 3)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "what answers there is no HTTP server");
    return FALSE;
}

static gboolean refresh(const char *server, const char *token, GCancellable *cancellable, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_socket_client_set_enable_proxy(client, FALSE);
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect_to_host(client, server, PLEX_PORT, cancellable, error);
    if (!connection)
        return FALSE;
    g_autoptr(GString) request = g_string_new("GET /library/sections/all/refresh HTTP/1.1\r\n");
    g_string_append_printf(request, "Host: %s\r\nAccept: */*\r\nConnection: close\r\n", server);
    if (token && *token)
        g_string_append_printf(request, "X-Plex-Token: %s\r\n", token);
    g_string_append(request, "\r\n");
    GOutputStream *output = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    if (!g_output_stream_write_all(output, request->str, request->len, NULL, cancellable, error))
        return FALSE;
    int status = 0;
    if (!read_status(g_io_stream_get_input_stream(G_IO_STREAM(connection)), &status, cancellable, error))
        return FALSE;
    if (status >= 200 && status < 300)
        return TRUE;
    if (status == 401 || status == 403)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                    "the server refused with HTTP status %d; give its token as plex_token or in PLEX_TOKEN", status);
    else
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the server answered with HTTP status %d", status);
    return FALSE;
}

gboolean ffarm_notify_plex(const char *server, const char *token, GCancellable *cancellable, GError **error)
{
    if (!is_header_safe(server) || (token && !is_header_safe(token))) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "%s: the server's address and token must not hold blanks or control characters", server);
        return FALSE;
    }
    g_autoptr(GError) inner = NULL;
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(NOTIFY_TIMEOUT_MS, cancellable);
    if (refresh(server, token, ffarm_deadline_peek_cancellable(deadline), &inner))
        return TRUE;
    if (ffarm_deadline_has_passed(deadline))
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s: no answer within %d s", server,
                    NOTIFY_TIMEOUT_MS / 1000);
    else
        g_propagate_prefixed_error(error, g_steal_pointer(&inner), "%s: ", server);
    return FALSE;
}
