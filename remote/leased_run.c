/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leased_run.h"

#include <string.h>

#define WORDS_LIMIT 1024              /* of stderr, kept for the message */
#define TAIL_US (60 * G_USEC_PER_SEC) /* for what is still on its way when the command has ended */

typedef struct {
    FfarmLease *lease;
    const FfarmCommand *command;
    gint64 deadline_us;    /* of the whole run; 0 = none */
    gint64 last_output_us; /* of the command itself; for the stall limit */
    gint64 ended_us;       /* when the end mark was seen; 0 = not yet */
    gboolean is_stopped;   /* by a callback of the caller's */
    GString *words;        /* the last of stderr */
} Run;

/* Only what is the command's own shows that it lives: login scripts or processes that it left behind may talk for ever.
 */
static gboolean hand_on(Run *run, FfarmOutputFunc deliver, const char *data, gsize length)
{
    run->last_output_us = g_get_monotonic_time();
    if (deliver && !run->is_stopped && !deliver(data, length, run->command->user_data))
        run->is_stopped = TRUE;
    return !run->is_stopped;
}

static gboolean on_own_stdout(const char *data, gsize length, gpointer user_data)
{
    Run *run = user_data;
    return hand_on(run, run->command->on_stdout, data, length);
}

static gboolean on_own_stderr(const char *data, gsize length, gpointer user_data)
{
    Run *run = user_data;
    g_string_append_len(run->words, data, (gssize)length);
    if (run->words->len > WORDS_LIMIT)
        g_string_erase(run->words, 0, (gssize)(run->words->len - WORDS_LIMIT));
    return hand_on(run, run->command->on_stderr, data, length);
}

static gboolean on_stdout(const char *data, gsize length, gpointer user_data)
{
    Run *run = user_data;
    return ffarm_lease_take_stdout(run->lease, data, length, on_own_stdout, run);
}

static gboolean on_stderr(const char *data, gsize length, gpointer user_data)
{
    Run *run = user_data;
    gboolean is_wanted = ffarm_lease_take_stderr(run->lease, data, length, on_own_stderr, run);
    if (run->ended_us == 0 && ffarm_lease_has_ended(run->lease))
        run->ended_us = g_get_monotonic_time();
    return is_wanted;
}

static gint64 stall_deadline_us(const Run *run)
{
    return run->command->stall_ms ? run->last_output_us + run->command->stall_ms * G_TIME_SPAN_MILLISECOND : 0;
}

static gint64 next_deadline_us(gpointer user_data)
{
    Run *run = user_data;
    if (run->ended_us != 0)
        return run->ended_us + TAIL_US;
    gint64 stall_us = stall_deadline_us(run);
    if (run->deadline_us == 0 || (stall_us != 0 && stall_us < run->deadline_us))
        return stall_us;
    return run->deadline_us;
}

/* The last line of @text in which there is anything, fit for a message; new string. */
static char *last_words(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_strchomp(valid);
    const char *line_break = strrchr(valid, '\n');
    char *line = g_strstrip(g_strdup(line_break ? line_break + 1 : valid));
    for (char *c = line; *c; c++) {
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    }
    return line;
}

static void set_error(GError **error, int code, const char *host_name, const char *problem, const char *words)
{
    g_set_error(error, FFARM_REMOTE_ERROR, code, "%s: %s%s%s", host_name, problem, words && *words ? ": " : "",
                words ? words : "");
}

/* The outputs have ended and no end was reported. */
static void set_no_end(const Run *run, const char *host_name, GError **error)
{
    g_autofree char *words = last_words(ffarm_lease_peek_noise(run->lease));
    if (ffarm_lease_has_started(run->lease))
        set_error(error, FFARM_REMOTE_ERROR_DISCONNECTED, host_name,
                  "the connection ended before the command did; check the network and try again", NULL);
    else
        set_error(error, FFARM_REMOTE_ERROR_EXEC, host_name, "the command could not be started, no shell there ran it",
                  words);
}

/* The command has ended on its own, or nobody knows how. */
static gboolean judge(const Run *run, const char *host_name, FfarmExit *result, GError **error)
{
    if (!ffarm_lease_has_ended(run->lease)) {
        set_no_end(run, host_name, error);
        return FALSE;
    }
    int status = ffarm_lease_exit_status(run->lease);
    if (ffarm_lease_was_lost(run->lease)) {
        set_error(error, FFARM_REMOTE_ERROR_DISCONNECTED, host_name,
                  "the network was silent for too long, so the command was ended there", NULL);
        return FALSE;
    }
    if (status == 126 || status == 127) {
        g_autofree char *words = last_words(run->words->str);
        g_autofree char *problem = g_strdup_printf("%s could not be started", run->command->argv[0]);
        set_error(error, FFARM_REMOTE_ERROR_EXEC, host_name, problem, words);
        return FALSE;
    }
    *result = (FfarmExit){.exit_status = status};
    return TRUE;
}

/* A limit was hit; says which. */
static void set_timeout(const Run *run, const char *host_name, GError **error)
{
    gint64 stall_us = stall_deadline_us(run);
    gboolean is_stall = stall_us != 0 && (run->deadline_us == 0 || stall_us < run->deadline_us);
    g_autofree char *problem = NULL;
    if (is_stall)
        problem = g_strdup_printf("the command said nothing for %g s and was stopped", run->command->stall_ms / 1000.0);
    else
        problem =
            g_strdup_printf("the command took longer than %g s and was stopped", run->command->timeout_ms / 1000.0);
    set_error(error, FFARM_REMOTE_ERROR_TIMEOUT, host_name, problem, NULL);
}

static gboolean follow(Run *run, const FfarmRunnerKind *kind, gpointer connection, const char *host_name,
                       FfarmExit *result, GCancellable *cancellable, GError **error)
{
    FfarmExec exec = {.line = ffarm_lease_peek_line(run->lease),
                      .beat_ms = FFARM_LEASE_BEAT_MS,
                      .on_stdout = on_stdout,
                      .on_stderr = on_stderr,
                      .next_deadline_us = next_deadline_us,
                      .user_data = run};
    g_autoptr(GError) reason = NULL;
    int status = -1;
    gboolean is_over = kind->exec(connection, &exec, &status, cancellable, &reason);
    if (is_over && !run->is_stopped)
        ffarm_lease_finish_stderr(run->lease, on_own_stderr, run);
    gboolean is_timeout = g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT);
    if (ffarm_lease_is_broken(run->lease) && (is_over || is_timeout)) {
        set_error(error, FFARM_REMOTE_ERROR_EXEC, host_name,
                  "the command's start was garbled; let no login script there change what others print", NULL);
        return FALSE;
    }
    if (run->is_stopped && (is_over || is_timeout)) {
        *result = (FfarmExit){.is_stopped = TRUE};
        return TRUE;
    }
    if (is_over || (is_timeout && run->ended_us != 0))
        return judge(run, host_name, result, error);
    if (is_timeout)
        set_timeout(run, host_name, error);
    else
        g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

gboolean leased_run(const FfarmRunnerKind *kind, gpointer connection, const System *system, const char *host_name,
                    const FfarmCommand *command, FfarmExit *result, GCancellable *cancellable, GError **error)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_auto(GStrv) parts = g_strsplit(uuid, "-", -1);
    g_autofree char *nonce = g_strjoinv(NULL, parts);
    g_autoptr(GError) reason = NULL;
    g_autoptr(FfarmLease) lease =
        ffarm_lease_new(system->shell, system->form, command->argv, FFARM_LEASE_SILENCE_S, nonce, &reason);
    if (!lease) {
        set_error(error, FFARM_REMOTE_ERROR_EXEC, host_name, reason->message, NULL);
        return FALSE;
    }
    g_autoptr(GString) words = g_string_new(NULL);
    gint64 now_us = g_get_monotonic_time();
    Run run = {.lease = lease,
               .command = command,
               .deadline_us = command->timeout_ms ? now_us + command->timeout_ms * G_TIME_SPAN_MILLISECOND : 0,
               .last_output_us = now_us,
               .words = words};
    return follow(&run, kind, connection, host_name, result, cancellable, error);
}
