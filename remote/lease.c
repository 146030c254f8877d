/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lease.h"

#include <string.h>

#define NOISE_LIMIT 4096
#define START_LINE_LIMIT 64 /* behind the mark there is a line break, with blanks before it at most */
#define END_LINE_LIMIT 64

typedef enum {
    PHASE_NOISE,      /* before the start mark */
    PHASE_START_LINE, /* between start mark and line break */
    PHASE_BODY,       /* the command's output */
    PHASE_END_LINE,   /* behind the end mark */
    PHASE_OVER,       /* or never begun: what comes is dropped */
} Phase;

typedef struct {
    Phase phase;
    GString *pending; /* what may belong to a mark that isn't complete yet */
} Stream;

struct FfarmLease {
    char *line;
    char *start_mark;
    char *end_mark;
    Stream output;
    Stream errors;
    GString *noise;
    gboolean has_started;
    gboolean has_ended;
    gboolean was_lost;
    gboolean is_broken;
    int exit_status;
};

/* Run by whatever sh is there, in one line since login shells such as csh can't pass line breaks. sh that lacks `read
 * -t` makes way for bash. Arguments: the script below, then its own. */
static const char posix_boot[] = "s=$1;shift;read -t 1 x </dev/null 2>/dev/null;"
                                 "[ $? -gt 1 ]&&command -v bash >/dev/null 2>&1&&exec bash -c \"$s\" ffarm \"$@\";"
                                 "eval \"$s\"";

/* Arguments: mark, seconds of silence, program and its arguments.
 *
 * - The beats' pipe moves to descriptor 3, which only the watching process keeps.
 * - A group of its own for the command comes from job control in bash (other shells want a terminal for that), from
 *   setsid(1) elsewhere; without either only the command itself is signalled.
 * - The watching process looks up every second, for mksh may lose the signal that tells it to go. At the end of stdin
 *   it counts through its seconds at once.
 * - The watching process holds neither output, so that they end with the command. It ends with 9 when it had to act. A
 *   trap lets it take its own helper along when it is told to go.
 * - Descriptor 4 keeps stderr for the last mark; the shell itself shall have nothing to say there ("Terminated").
 * - Whatever the command has left in its group is ended as well.
 * - The wrapper itself ends with 0, so that another status of the transport means that the transport failed. */
static const char posix_script[] =
    "m=$1;t=$2;shift 2;"
    "PATH=\"${PATH:-/usr/bin:/bin}:/opt/homebrew/bin:/usr/local/bin:/opt/local/bin\";export PATH;"
    "exec 3<&0 </dev/null;"
    "echo \"$m-start\";echo \"$m-start\" >&2;"
    "g=;if [ -n \"$BASH_VERSION\" ];then set -m;elif command -v setsid >/dev/null 2>&1;then g=setsid;fi;"
    "(exec 3<&-;exec $g \"$@\")& p=$!;"
    "sig(){ kill -$1 -$p||kill -$1 $p;};"
    "{ read -t 1 x </dev/null;"
    "if [ $? = 1 ];then n=0;while [ $n -lt $t ];do kill -0 $p||exit 0;read -r -t 1 x <&3&&n=0||n=$((n+1));done;"
    "elif command -v timeout;then trap 'kill $s;exit 0' TERM;"
    "while timeout $t sh -c 'read -r x' <&3 & s=$!;wait $s;do :;done;"
    "else while read -r x <&3;do :;done;fi;"
    "trap 'kill $s;exit 9' TERM;sig TERM;"
    "for i in 1 2 3 4 5;do sig 0||exit 9;sleep 1 3<&- & s=$!;wait $s;done;sig KILL;exit 9;} >/dev/null 2>&1 & w=$!;"
    "set +m;exec 3<&- 4>&2 2>/dev/null;"
    "wait $p;r=$?;kill -KILL -$p;kill $w;wait $w;w=$?;"
    "echo \"$m-end $r $w\" >&4;exit 0";

/* To be filled in: mark; program and its arguments as one line, both as literals; seconds.
 *
 * Not run on Windows here; every call in it is .NET's and documented. stdout and stderr are inherited by the command,
 * so PowerShell's text pipeline never touches them; its stdin is a pipe that is closed at once. There is no polite way
 * to end a process without a console, hence /F. Killed or left alone, this script takes the command along, since
 * Windows' sshd keeps both in one job object. */
static const char powershell_script[] =
    "$m='%s';$n=[string][char]10;$w=0;$c=127;"
    "[Console]::Out.Write($m+'-start'+$n);[Console]::Error.Write($m+'-start'+$n);"
    "try{"
    "$p=New-Object Diagnostics.ProcessStartInfo %s,%s;$p.UseShellExecute=$false;$p.RedirectStandardInput=$true;"
    "$x=[Diagnostics.Process]::Start($p);$x.StandardInput.Close();"
    "$i=[Console]::OpenStandardInput();$b=New-Object byte[] 64;$r=$i.ReadAsync($b,0,64);$t=[DateTime]::UtcNow;"
    "while(!$x.WaitForExit(100)){"
    "$e=$false;"
    "if($r.IsCompleted){if($r.IsFaulted -or $r.Result -le 0){$e=$true}"
    "else{$t=[DateTime]::UtcNow;$r=$i.ReadAsync($b,0,64)}}"
    "elseif(([DateTime]::UtcNow-$t).TotalSeconds -gt %u){$e=$true}"
    "if($e){$w=9;taskkill /F /T /PID $x.Id 2>&1|Out-Null;[void]$x.WaitForExit(5000);break}"
    "}"
    "if($x.HasExited){$c=$x.ExitCode}"
    "}catch{[Console]::Error.Write($_.Exception.Message+$n)}"
    "[Console]::Error.Write($m+'-end '+$c+' '+$w+$n);exit 0";

static char *make_posix_line(FfarmShell shell, const char *const *argv, guint silence_s, const char *mark,
                             GError **error)
{
    g_autofree char *seconds = g_strdup_printf("%u", silence_s);
    const char *wrapper[] = {"exec", "sh", "-c", posix_boot, "ffarm", posix_script, mark, seconds};
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(wrapper); i++)
        g_ptr_array_add(all, (gpointer)wrapper[i]);
    for (guint i = 0; argv[i]; i++)
        g_ptr_array_add(all, (gpointer)argv[i]);
    g_ptr_array_add(all, NULL);
    return ffarm_shell_quote(shell, (const char *const *)all->pdata, error);
}

static char *make_powershell_line(FfarmShell shell, const char *const *argv, guint silence_s, const char *mark,
                                  GError **error)
{
    if (!ffarm_shell_check_windows(argv, error))
        return NULL;
    g_autofree char *arguments = ffarm_shell_quote_crt(argv + 1);
    g_autofree char *program_literal = ffarm_shell_powershell_literal(argv[0]);
    g_autofree char *arguments_literal = ffarm_shell_powershell_literal(arguments);
    g_autofree char *script = g_strdup_printf(powershell_script, mark, program_literal, arguments_literal, silence_s);
    return ffarm_shell_wrap_powershell(shell, script, error);
}

/* `call` reads its line a second time, and only then is the variable's name without the caret. Not run on Windows here.
 */
static char *make_cmd_line(FfarmShell shell, const char *const *argv, const char *mark, GError **error)
{
    g_autofree char *command = ffarm_shell_quote(shell, argv, error);
    if (!command)
        return NULL;
    return g_strdup_printf("echo %s-start&echo %s-start>&2&%s <nul&call echo %s-end %%^errorlevel%% 0 >&2", mark, mark,
                           command, mark);
}

FfarmLease *ffarm_lease_new(FfarmShell shell, FfarmLeaseForm form, const char *const *argv, guint silence_s,
                            const char *nonce, GError **error)
{
    g_return_val_if_fail(argv && argv[0] && silence_s > 0, NULL);
    g_autofree char *mark = g_strconcat("@ffarm-", nonce, NULL);
    g_autofree char *line = NULL;
    if (form == FFARM_LEASE_POSIX)
        line = make_posix_line(shell, argv, silence_s, mark, error);
    else if (form == FFARM_LEASE_POWERSHELL)
        line = make_powershell_line(shell, argv, silence_s, mark, error);
    else
        line = make_cmd_line(shell, argv, mark, error);
    if (!line)
        return NULL;
    FfarmLease *lease = g_new0(FfarmLease, 1);
    lease->line = g_steal_pointer(&line);
    lease->start_mark = g_strconcat(mark, "-start", NULL);
    lease->end_mark = g_strconcat(mark, "-end ", NULL);
    lease->output.pending = g_string_new(NULL);
    lease->errors.pending = g_string_new(NULL);
    lease->noise = g_string_new(NULL);
    return lease;
}

void ffarm_lease_free(FfarmLease *lease)
{
    if (!lease)
        return;
    g_free(lease->line);
    g_free(lease->start_mark);
    g_free(lease->end_mark);
    g_string_free(lease->output.pending, TRUE);
    g_string_free(lease->errors.pending, TRUE);
    g_string_free(lease->noise, TRUE);
    g_free(lease);
}

const char *ffarm_lease_peek_line(const FfarmLease *lease)
{
    return lease->line;
}

/* Length of the longest end of @text that a mark may begin with. */
static gsize match_partially(const GString *text, const char *mark)
{
    gsize length = MIN(text->len, strlen(mark) - 1);
    while (length > 0 && memcmp(text->str + text->len - length, mark, length) != 0)
        length--;
    return length;
}

/* Length of @text in front of @mark, or in front of what may become one; *@is_found says which. */
static gsize find_mark(const GString *text, const char *mark, gboolean *is_found)
{
    const char *found = memmem(text->str, text->len, mark, strlen(mark));
    *is_found = found != NULL;
    return found ? (gsize)(found - text->str) : text->len - match_partially(text, mark);
}

static void keep_noise(FfarmLease *lease, const char *data, gsize length)
{
    g_string_append_len(lease->noise, data, (gssize)length);
    if (lease->noise->len > NOISE_LIMIT)
        g_string_erase(lease->noise, 0, (gssize)(lease->noise->len - NOISE_LIMIT));
}

static gboolean step_noise(FfarmLease *lease, Stream *stream)
{
    gboolean is_found = FALSE;
    gsize length = find_mark(stream->pending, lease->start_mark, &is_found);
    keep_noise(lease, stream->pending->str, length);
    g_string_erase(stream->pending, 0, (gssize)length);
    if (!is_found)
        return FALSE;
    g_string_erase(stream->pending, 0, (gssize)strlen(lease->start_mark));
    lease->has_started = TRUE;
    stream->phase = PHASE_START_LINE;
    return TRUE;
}

static void step_start_line(FfarmLease *lease, Stream *stream)
{
    const char *line_break = memchr(stream->pending->str, '\n', MIN(stream->pending->len, START_LINE_LIMIT));
    if (!line_break && stream->pending->len >= START_LINE_LIMIT) {
        lease->is_broken = TRUE;
        stream->phase = PHASE_OVER;
    }
    if (!line_break)
        return;
    g_string_erase(stream->pending, 0, line_break + 1 - stream->pending->str);
    stream->phase = PHASE_BODY;
}

/* Reads "STATUS WATCH": the command's exit status, and 9 when the watching process had to act. */
static void parse_end(FfarmLease *lease, const char *text)
{
    char *rest = NULL;
    gint64 status = g_ascii_strtoll(text, &rest, 10);
    /* ksh93 counts deaths by signal from 256 on. Windows' statuses have 32 bits, written with or without a sign. */
    if (status > 256 && status < 256 + 128)
        status -= 128;
    lease->exit_status = (int)(guint32)status;
    lease->was_lost = g_ascii_strtoll(rest, NULL, 10) == 9;
    lease->has_ended = TRUE;
}

static gboolean step_end_line(FfarmLease *lease, Stream *stream)
{
    const char *line_break = memchr(stream->pending->str, '\n', stream->pending->len);
    if (line_break)
        parse_end(lease, stream->pending->str);
    if (line_break || stream->pending->len > END_LINE_LIMIT)
        stream->phase = PHASE_OVER;
    return stream->phase == PHASE_OVER;
}

static gboolean hand_on(const char *data, gsize length, FfarmOutputFunc sink, gpointer user_data)
{
    return !sink || length == 0 || sink(data, length, user_data);
}

static gboolean take_body(FfarmLease *lease, Stream *stream, FfarmOutputFunc sink, gpointer user_data)
{
    gboolean has_ended = FALSE;
    gsize length = stream->pending->len;
    if (stream == &lease->errors)
        length = find_mark(stream->pending, lease->end_mark, &has_ended);
    gboolean is_wanted = hand_on(stream->pending->str, length, sink, user_data);
    g_string_erase(stream->pending, 0, (gssize)length);
    if (has_ended) {
        g_string_erase(stream->pending, 0, (gssize)strlen(lease->end_mark));
        stream->phase = PHASE_END_LINE;
    }
    return is_wanted;
}

static gboolean take(FfarmLease *lease, Stream *stream, const char *data, gsize length, FfarmOutputFunc sink,
                     gpointer user_data)
{
    gboolean is_wanted = TRUE;
    g_string_append_len(stream->pending, data, (gssize)length);
    if (stream->phase == PHASE_NOISE && !step_noise(lease, stream))
        return !lease->is_broken;
    if (stream->phase == PHASE_START_LINE)
        step_start_line(lease, stream);
    if (stream->phase == PHASE_BODY)
        is_wanted = take_body(lease, stream, sink, user_data);
    if (stream->phase == PHASE_END_LINE)
        step_end_line(lease, stream);
    if (stream->phase == PHASE_OVER)
        g_string_truncate(stream->pending, 0);
    return is_wanted && !lease->is_broken;
}

gboolean ffarm_lease_take_stdout(FfarmLease *lease, const char *data, gsize length, FfarmOutputFunc sink,
                                 gpointer user_data)
{
    /* Nothing can be hidden in the command's stdout, so there is nothing to look for and nothing to copy. */
    if (lease->output.phase == PHASE_BODY && !lease->is_broken)
        return hand_on(data, length, sink, user_data);
    return take(lease, &lease->output, data, length, sink, user_data);
}

gboolean ffarm_lease_take_stderr(FfarmLease *lease, const char *data, gsize length, FfarmOutputFunc sink,
                                 gpointer user_data)
{
    return take(lease, &lease->errors, data, length, sink, user_data);
}

void ffarm_lease_finish_stderr(FfarmLease *lease, FfarmOutputFunc sink, gpointer user_data)
{
    if (lease->errors.phase == PHASE_BODY)
        hand_on(lease->errors.pending->str, lease->errors.pending->len, sink, user_data);
    g_string_truncate(lease->errors.pending, 0);
}

gboolean ffarm_lease_has_started(const FfarmLease *lease)
{
    return lease->has_started;
}

gboolean ffarm_lease_has_ended(const FfarmLease *lease)
{
    return lease->has_ended;
}

gboolean ffarm_lease_is_broken(const FfarmLease *lease)
{
    return lease->is_broken;
}

int ffarm_lease_exit_status(const FfarmLease *lease)
{
    return lease->exit_status;
}

gboolean ffarm_lease_was_lost(const FfarmLease *lease)
{
    return lease->was_lost;
}

const char *ffarm_lease_peek_noise(const FfarmLease *lease)
{
    return lease->noise->str;
}
