/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_channel.h"

#include <string.h>

#include "exec_clock.h"

#define BUFFER_BYTES (64 * 1024)
#define OPEN_US (25 * G_USEC_PER_SEC)
#define CLOSE_US (3 * G_USEC_PER_SEC)
#define LINGER_MS 700
#define RETRY_MS 100
#define MAX_EMPTY_READS 1000 /* in a row, from both outputs: only data of a third kind is left, which nobody reads */

/* A command in progress. */
typedef struct {
    SshSession *session;
    LIBSSH2_CHANNEL *channel;
    ExecClock clock;
    char *buffer;
    gint64 started_us;
    gint64 beat_us;       /* when the next beat is due; 0 = never */
    gboolean is_eof_due;  /* our EOF must be sent, and isn't yet */
    gboolean is_eof_told; /* it has been due */
    guint n_empty;        /* reads in a row that gave neither data nor "later" */
} Run;

/* ---- start ---- */

static LIBSSH2_CHANNEL *open_channel(SshLink *link, SshPatience *patience, GError **error)
{
    LIBSSH2_CHANNEL *channel;
    while (!(channel = libssh2_channel_open_session(link->session))) {
        int code = libssh2_session_last_errno(link->session);
        if (code != LIBSSH2_ERROR_EAGAIN) {
            ssh_glue_set_error(link, code, FFARM_REMOTE_ERROR_EXEC,
                               "start a command (are there too many on this connection?)", error);
            return NULL;
        }
        if (!ssh_glue_wait(link, patience, error))
            return NULL;
    }
    return channel;
}

static gboolean start(Run *run, SshPatience *patience, GError **error)
{
    SshLink *link = &run->session->link;
    const char *line = run->clock.exec->line;
    int code;
    run->channel = open_channel(link, patience, error);
    if (!run->channel)
        return FALSE;
    while ((code = libssh2_channel_process_startup(run->channel, "exec", 4, line, (unsigned)strlen(line))) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_glue_wait(link, patience, error))
            return FALSE;
    }
    if (code != 0)
        ssh_glue_set_error(link, code, FFARM_REMOTE_ERROR_EXEC, "start a command", error);
    return code == 0;
}

/* ---- in progress ---- */

/* Reads once from one output. Both must be read with the same length: libssh2 1.10 mixes up the window adjustments of
 * two reads that differ in it, and then loses data without a word. Returns: bytes, 0, or libssh2's error. */
static ssize_t read_once(Run *run, int stream)
{
    ssize_t count = libssh2_channel_read_ex(run->channel, stream, run->buffer, BUFFER_BYTES);
    if (count > 0)
        exec_clock_deliver(&run->clock, stream != 0, run->buffer, (gsize)count);
    return count;
}

/* Returns: FALSE when the connection is lost. @is_idle: neither output has anything at present. */
static gboolean read_both(Run *run, gboolean *is_idle, GError **error)
{
    guint n_waiting = 0, n_empty = 0;
    for (int stream = 0; stream <= SSH_EXTENDED_DATA_STDERR; stream++) {
        ssize_t count = read_once(run, stream);
        n_waiting += count == LIBSSH2_ERROR_EAGAIN;
        n_empty += count == 0;
        if (count < 0 && count != LIBSSH2_ERROR_EAGAIN) {
            ssh_glue_set_error(&run->session->link, (int)count, FFARM_REMOTE_ERROR_DISCONNECTED,
                               "read the command's output", error);
            ssh_glue_cut(&run->session->link);
            return FALSE;
        }
    }
    *is_idle = n_waiting == 2;
    run->n_empty = n_empty == 2 ? run->n_empty + 1 : 0;
    return TRUE;
}

/* Sends what is due: a beat, or our EOF, which is what stops the command. A failure shows in the next read. */
static void send_due(Run *run)
{
    static const char beat[] = "\n"; /* static: libssh2 wants the same address again after EAGAIN */
    gint64 now_us = g_get_monotonic_time();
    if (run->clock.state != EXEC_RUNNING && !run->is_eof_told) {
        run->is_eof_due = run->is_eof_told = TRUE;
        run->beat_us = 0;
    }
    if (run->is_eof_due)
        run->is_eof_due = libssh2_channel_send_eof(run->channel) == LIBSSH2_ERROR_EAGAIN;
    if (run->beat_us != 0 && now_us >= run->beat_us) {
        gboolean is_stuck = libssh2_channel_write(run->channel, beat, 1) == LIBSSH2_ERROR_EAGAIN;
        run->beat_us = now_us + (is_stuck ? RETRY_MS : run->clock.exec->beat_ms) * G_TIME_SPAN_MILLISECOND;
    }
}

static gint64 earliest_us(const Run *run)
{
    gint64 until_us = exec_clock_next_us(&run->clock);
    if (run->clock.state == EXEC_RUNNING && run->beat_us != 0)
        until_us = until_us == 0 ? run->beat_us : MIN(until_us, run->beat_us);
    return until_us;
}

static gboolean wait_for_more(Run *run, GError **error)
{
    SshLink *link = &run->session->link;
    GCancellable *cancellable = run->clock.state == EXEC_RUNNING ? run->clock.cancellable : NULL;
    if (ssh_glue_poll(link, run->started_us, earliest_us(run), cancellable) != SSH_WAKE_SILENCE)
        return TRUE;
    ssh_glue_cut(link);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED,
                "%s: connection lost, the other side fell silent", link->name);
    return FALSE;
}

/* Returns: FALSE with @error when the connection is lost; TRUE when the outputs ended, or, with *@is_over FALSE, when
 * the command is still there and it is time to let go. */
static gboolean follow(Run *run, gboolean *is_over, GError **error)
{
    *is_over = FALSE;
    for (;;) {
        gboolean is_idle = FALSE;
        if (!exec_clock_look(&run->clock))
            return TRUE;
        send_due(run);
        if (!read_both(run, &is_idle, error))
            return FALSE;
        if (libssh2_channel_eof(run->channel) == 1 || run->n_empty > MAX_EMPTY_READS) {
            *is_over = TRUE;
            return TRUE;
        }
        if (is_idle && !wait_for_more(run, error))
            return FALSE;
    }
}

/* ---- end ---- */

static int signal_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ILL", 4},   {"ABRT", 6},  {"FPE", 8},  {"KILL", 9},
                   {"USR1", 10}, {"SEGV", 11}, {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}};
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        if (strcmp(signals[i].name, name) == 0)
            return signals[i].number;
    }
    return 127;
}

/* Status 0 is also what libssh2 says when it got none; so it is a hint, as the contract has it. */
static int exit_status(Run *run)
{
    char *name = NULL;
    LIBSSH2_SESSION *raw = run->session->link.session;
    if (libssh2_channel_get_exit_signal(run->channel, &name, NULL, NULL, NULL, NULL, NULL) == 0 && name) {
        int status = 128 + signal_number(name);
        libssh2_free(raw, name);
        return status;
    }
    return libssh2_channel_get_exit_status(run->channel);
}

/* After the end of both outputs: closes the channel and hears the exit status. A process that closed its outputs and
 * goes on keeps the channel open on the other side; then the session is given up. */
static int close_channel(Run *run)
{
    SshLink *link = &run->session->link;
    SshPatience patience = ssh_patience(g_get_monotonic_time() + CLOSE_US, NULL);
    int code;
    if (run->beat_us != 0)
        libssh2_channel_send_eof(run->channel); /* the other side's lease is over as well */
    while ((code = libssh2_channel_close(run->channel)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_glue_wait(link, &patience, NULL))
            return -1;
    }
    if (code != 0) {
        ssh_glue_cut(link);
        return -1;
    }
    int status = exit_status(run);
    while ((code = libssh2_channel_free(run->channel)) == LIBSSH2_ERROR_EAGAIN) {
        if (!ssh_glue_wait(link, &patience, NULL))
            break;
    }
    run->channel = NULL;
    return status;
}

gboolean ssh_channel_exec(SshSession *session, const FfarmExec *exec, int *status, GCancellable *cancellable,
                          GError **error)
{
    gint64 now_us = g_get_monotonic_time();
    SshPatience patience = ssh_patience(now_us + OPEN_US, cancellable);
    patience.linger_ms = LINGER_MS;
    g_autofree char *buffer = g_malloc(BUFFER_BYTES);
    Run run = {.session = session,
               .clock = exec_clock(exec, cancellable),
               .buffer = buffer,
               .started_us = now_us,
               .beat_us = exec->beat_ms ? now_us : 0,
               .is_eof_due = exec->beat_ms == 0,
               .is_eof_told = exec->beat_ms == 0};
    gboolean is_over = FALSE;
    *status = -1;
    if (!start(&run, &patience, error)) {
        if (run.channel)
            ssh_glue_cut(&session->link); /* half open: libssh2 can't go back */
        return FALSE;
    }
    if (!follow(&run, &is_over, error))
        return FALSE;
    if (is_over)
        *status = close_channel(&run);
    else
        ssh_glue_cut(&session->link);
    return exec_clock_report(&run.clock, session->link.name, error);
}
