/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "system.h"

#include <string.h>
#include <sys/utsname.h>

#define ANSWER_LIMIT 8192

/* The three questions. They can't be joined to one: what one shell skips is a syntax error to another, which
 * then runs none of the line. */
#define ASK_UNIX "uname -sm"
#define ASK_WINDOWS "echo \"%OS% $env:OS\""
#define ASK_POWERSHELL "where powershell"

void system_clear(System *system)
{
    g_clear_pointer(&system->text, g_free);
}

static void set(System *system, FfarmOs os, FfarmShell shell, FfarmLeaseForm form, const char *text)
{
    g_free(system->text);
    *system = (System){.os = os, .shell = shell, .form = form, .text = g_strdup(text)};
}

static void set_unix(System *system, FfarmOs os, const char *text)
{
    set(system, os, FFARM_SHELL_POSIX, FFARM_LEASE_POSIX, text);
}

void system_init_local(System *system)
{
    struct utsname name;
    g_autofree char *text = NULL;
    if (uname(&name) == 0)
        text = g_strdup_printf("%s %s", name.sysname, name.machine);
    set_unix(system, text && g_str_has_prefix(text, "Darwin") ? FFARM_OS_MACOS : FFARM_OS_LINUX, text ? text : "Unix");
}

/* Returns: the last line with anything in it, or NULL; new string. */
static char *last_line(const char *output)
{
    g_autofree char *text = g_strchomp(g_strdup(output));
    const char *line_break = strrchr(text, '\n');
    const char *line = line_break ? line_break + 1 : text;
    return *line ? g_strstrip(g_strdup(line)) : NULL;
}

/* "Linux x86_64": two words of letters, digits and little else. */
static gboolean is_uname(const char *line)
{
    const char *blank = strchr(line, ' ');
    return g_ascii_isalpha(*line) && blank && blank[1] && !strchr(blank + 1, ' ') && strlen(line) < 80 &&
           strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./ ") == strlen(line);
}

gboolean system_take_uname(System *system, const char *output)
{
    static const char *const on_windows[] = {"MINGW", "MSYS", "CYGWIN", "Windows"};
    g_autofree char *line = last_line(output);
    if (!line || !is_uname(line))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(on_windows); i++) {
        if (g_str_has_prefix(line, on_windows[i]))
            return FALSE;
    }
    set_unix(system, g_str_has_prefix(line, "Darwin ") ? FFARM_OS_MACOS : FFARM_OS_LINUX, line);
    return TRUE;
}

gboolean system_take_echo(System *system, const char *output)
{
    g_autofree char *line = last_line(output);
    if (!line)
        return FALSE;
    g_strdelimit(line, "\"", ' ');
    g_strstrip(line);
    if (g_str_has_prefix(line, "Windows_NT "))
        set(system, FFARM_OS_WINDOWS, FFARM_SHELL_CMD, FFARM_LEASE_POWERSHELL, "Windows (cmd.exe)");
    else if (g_str_equal(line, "%OS% Windows_NT"))
        set(system, FFARM_OS_WINDOWS, FFARM_SHELL_POWERSHELL, FFARM_LEASE_POWERSHELL, "Windows (PowerShell)");
    else if (g_str_equal(line, "%OS% :OS"))
        set_unix(system, FFARM_OS_LINUX, "Unix");
    else
        return FALSE;
    return TRUE;
}

/* One question on its way. */
typedef struct {
    const FfarmRunnerKind *kind;
    gpointer connection;
    gint64 deadline_us;
    GCancellable *cancellable;
    GString *output; /* of the last question */
    GString *errors;
    int status;
} Inquiry;

static gboolean keep(GString *text, const char *data, gsize length)
{
    g_string_append_len(text, data, (gssize)length);
    if (text->len > ANSWER_LIMIT)
        g_string_erase(text, 0, (gssize)(text->len - ANSWER_LIMIT));
    return TRUE;
}

static gboolean keep_output(const char *data, gsize length, gpointer user_data)
{
    return keep(((Inquiry *)user_data)->output, data, length);
}

static gboolean keep_errors(const char *data, gsize length, gpointer user_data)
{
    return keep(((Inquiry *)user_data)->errors, data, length);
}

static gboolean ask(Inquiry *inquiry, const char *line, GError **error)
{
    FfarmExec exec = {.line = line,
                      .deadline_us = inquiry->deadline_us,
                      .on_stdout = keep_output,
                      .on_stderr = keep_errors,
                      .user_data = inquiry};
    g_string_truncate(inquiry->output, 0);
    g_string_truncate(inquiry->errors, 0);
    return inquiry->kind->exec(inquiry->connection, &exec, &inquiry->status, inquiry->cancellable, error);
}

static gboolean set_no_shell(const Inquiry *inquiry, const FfarmHost *host, GError **error)
{
    g_autofree char *said = last_line(inquiry->errors->len > 0 ? inquiry->errors->str : inquiry->output->str);
    g_autofree char *shown = said ? g_utf8_make_valid(said, -1) : NULL;
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC,
                "%s: commands can't be run there, it answers %s%s%s", host->name, shown ? "\"" : "nothing",
                shown ? shown : "", shown ? "\"" : "");
    return FALSE;
}

static gboolean detect_windows(System *system, Inquiry *inquiry, const FfarmHost *host, GError **error)
{
    if (!ask(inquiry, ASK_WINDOWS, error))
        return FALSE;
    if (!system_take_echo(system, inquiry->output->str))
        return set_no_shell(inquiry, host, error);
    if (host->os == FFARM_OS_WINDOWS)
        system->os = FFARM_OS_WINDOWS; /* a Unix shell on Windows */
    if (system->shell != FFARM_SHELL_CMD)
        return TRUE;
    if (!ask(inquiry, ASK_POWERSHELL, error))
        return FALSE;
    if (inquiry->status > 0 || !strstr(inquiry->output->str, "powershell"))
        set(system, FFARM_OS_WINDOWS, FFARM_SHELL_CMD, FFARM_LEASE_CMD, "Windows (cmd.exe, no PowerShell)");
    return TRUE;
}

static gboolean detect(System *system, Inquiry *inquiry, const FfarmHost *host, GError **error)
{
    const char *banner = inquiry->kind->peek_banner ? inquiry->kind->peek_banner(inquiry->connection) : NULL;
    if (host->os == FFARM_OS_LINUX || host->os == FFARM_OS_MACOS) {
        set_unix(system, host->os, host->os == FFARM_OS_MACOS ? "macOS" : "Linux");
        return TRUE;
    }
    if (host->os == FFARM_OS_UNKNOWN && !(banner && strstr(banner, "Windows"))) {
        if (!ask(inquiry, ASK_UNIX, error))
            return FALSE;
        if (inquiry->status <= 0 && system_take_uname(system, inquiry->output->str))
            return TRUE;
    }
    return detect_windows(system, inquiry, host, error);
}

gboolean system_detect(System *system, const FfarmRunnerKind *kind, gpointer connection, const FfarmHost *host,
                       gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    g_autoptr(GString) output = g_string_new(NULL);
    g_autoptr(GString) errors = g_string_new(NULL);
    Inquiry inquiry = {.kind = kind,
                       .connection = connection,
                       .deadline_us = deadline_us,
                       .cancellable = cancellable,
                       .output = output,
                       .errors = errors};
    return detect(system, &inquiry, host, error);
}
