/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What stands behind sshd on a host whose shell is cmd.exe and that has no PowerShell: takes the line that sshd was
 * given (SSH_ORIGINAL_COMMAND) apart as cmd.exe and the programs' run-time library do, and runs the programs of this
 * machine. It knows what such a line may hold: commands joined by &, echo, call, where, >&2 and <nul. All else is an
 * error. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "windows_line.h"

static int error_level;

/* Variables, by cmd's rule for lines that are no batch files: a name that isn't defined stays as it is. To catch bad
 * quoting every plain name is defined. */
static char *expand(const char *line)
{
    GString *text = g_string_new(NULL);
    for (const char *c = line; *c; c++) {
        gsize length = *c == '%' ? strspn(c + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") : 0;
        if (length == 0 || c[length + 1] != '%') {
            g_string_append_c(text, *c);
            continue;
        }
        g_autofree char *name = g_strndup(c + 1, length);
        if (g_str_equal(name, "errorlevel"))
            g_string_append_printf(text, "%d", error_level);
        else
            g_string_append(text, g_str_equal(name, "OS") ? "Windows_NT" : "[expanded]");
        c += length + 1;
    }
    return g_string_free(text, FALSE);
}

/* Takes one command off the line: its text without carets, and where its output goes. */
static const char *take_command(const char *c, GString *text, int *output_fd)
{
    gboolean is_quoted = FALSE;
    for (; *c && (is_quoted || *c != '&'); c++) {
        if (!is_quoted && g_str_has_prefix(c, ">&2")) {
            *output_fd = 2;
            c += 2;
        } else if (!is_quoted && g_str_has_prefix(c, "<nul")) {
            c += 3;
        } else if (!is_quoted && strchr("|<>()", *c)) {
            fprintf(stderr, "unexpected %c in the line\n", *c);
            exit(90);
        } else {
            if (!is_quoted && *c == '^' && c[1])
                c++;
            else if (*c == '"')
                is_quoted = !is_quoted;
            g_string_append_c(text, *c);
        }
    }
    return *c ? c + 1 : c;
}

static int run_program(const char *command)
{
    g_auto(GStrv) argv = windows_line_split(command);
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, 0);
        execvp(argv[0], argv);
        fprintf(stderr, "'%s' is not recognized as an internal or external command\r\n", argv[0]);
        _exit(1);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void run_command(const char *command, int output_fd)
{
    if (g_str_has_prefix(command, "echo ")) {
        dprintf(output_fd, "%s\r\n", command + strlen("echo "));
    } else if (g_str_has_prefix(command, "call ")) {
        g_autofree char *again = expand(command + strlen("call "));
        run_command(again, output_fd);
    } else if (g_str_has_prefix(command, "where ") || g_str_has_prefix(command, "uname ")) {
        fprintf(stderr, "not found\r\n");
        error_level = 1;
    } else {
        error_level = run_program(command);
    }
}

int main(void)
{
    const char *line = getenv("SSH_ORIGINAL_COMMAND");
    if (!line)
        return 91;
    if (strstr(line, "sftp-server"))
        execl("/bin/sh", "sh", "-c", line, NULL);
    g_autofree char *expanded = expand(line);
    for (const char *c = expanded; *c;) {
        g_autoptr(GString) text = g_string_new(NULL);
        int output_fd = 1;
        c = take_command(c, text, &output_fd);
        g_autofree char *command = g_strchug(g_strdup(text->str));
        run_command(command, output_fd);
    }
    return error_level;
}
