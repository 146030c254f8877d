/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host_hash.h"

#include <string.h>

#include "leased_run.h"
#include "runner_state.h"

#define DIGITS 64
#define ANSWER_BYTES 8192 /* a sum and a file's name */
#define BASE_MS 60000
#define SLOWEST_BYTES_PER_MS 2000 /* a slow disk that others use as well */

/* ---- the programs ---- */

char **host_hash_argv(HostHashTool tool, const char *remote_path)
{
    GStrvBuilder *argv = g_strv_builder_new();
    g_autofree char *path = g_strconcat(*remote_path == '-' ? "./" : "", remote_path, NULL);
    switch (tool) {
    case HOST_HASH_SHASUM:
        g_strv_builder_add_many(argv, "shasum", "-a", "256", NULL);
        break;
    case HOST_HASH_OPENSSL:
        g_strv_builder_add_many(argv, "openssl", "dgst", "-sha256", "-r", NULL);
        break;
    case HOST_HASH_CERTUTIL:
        g_strv_builder_add_many(argv, "certutil", "-hashfile", NULL);
        g_strdelimit(path, "/", '\\'); /* an argument that begins with a slash would be an option */
        break;
    case HOST_HASH_SHA256SUM:
    case HOST_HASH_N_TOOLS:
        g_strv_builder_add(argv, "sha256sum");
        break;
    }
    g_strv_builder_add(argv, path);
    if (tool == HOST_HASH_CERTUTIL)
        g_strv_builder_add(argv, "SHA256");
    char **words = g_strv_builder_end(argv);
    g_strv_builder_unref(argv);
    return words;
}

/* Takes the digits at the beginning of @text, with blanks between them if @has_blanks (as older Windows prints them).
 * Returns: new string; NULL when there aren't just as many as a sum has. */
static char *take_digits(const char *text, gboolean has_blanks)
{
    g_autoptr(GString) digits = g_string_new(NULL);
    for (; g_ascii_isxdigit(*text) || (has_blanks && *text == ' '); text++) {
        if (*text != ' ')
            g_string_append_c(digits, g_ascii_tolower(*text));
    }
    gboolean is_end = *text == ' ' || *text == '\r' || *text == '\n' || *text == '\0';
    return digits->len == DIGITS && is_end ? g_strdup(digits->str) : NULL;
}

char *host_hash_parse(HostHashTool tool, const char *output)
{
    if (tool == HOST_HASH_CERTUTIL) {
        const char *line_break = strchr(output, '\n'); /* the first line says what it is about */
        return line_break ? take_digits(line_break + 1, TRUE) : NULL;
    }
    /* A backslash in front says that there are some in the name. */
    return take_digits(*output == '\\' ? output + 1 : output, FALSE);
}

static gboolean is_worth_trying(const FfarmRunner *runner, HostHashTool tool)
{
    if (runner->hash_tool != 0)
        return runner->hash_tool == (guint)tool + 1;
    return (tool == HOST_HASH_CERTUTIL) == (runner->system.shell != FFARM_SHELL_POSIX);
}

typedef struct {
    char text[ANSWER_BYTES + 1];
    gsize length;
} Answer;

static gboolean keep(const char *data, gsize length, gpointer user_data)
{
    Answer *answer = user_data;
    gsize taken = MIN(length, ANSWER_BYTES - answer->length);
    memcpy(answer->text + answer->length, data, taken);
    answer->length += taken;
    return TRUE;
}

static guint limit_ms(gint64 size_bytes)
{
    return (guint)MIN(BASE_MS + size_bytes / SLOWEST_BYTES_PER_MS, G_MAXINT);
}

/* Returns: the sum; NULL with @error for what ends it all, or without when this program is of no use. */
static char *ask_tool(FfarmRunner *runner, HostHashTool tool, const char *remote_path, gint64 size_bytes,
                      GCancellable *cancellable, GError **error)
{
    g_autofree Answer *answer = g_new0(Answer, 1);
    g_auto(GStrv) argv = host_hash_argv(tool, remote_path);
    FfarmCommand command = {
        .argv = (const char *const *)argv, .timeout_ms = limit_ms(size_bytes), .on_stdout = keep, .user_data = answer};
    FfarmExit result = {0};
    g_autoptr(GError) reason = NULL;
    if (leased_run(runner->kind, runner->connection, &runner->system, runner->host->name, &command, &result,
                   cancellable, &reason))
        return result.exit_status == 0 ? host_hash_parse(tool, answer->text) : NULL;
    if (g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT))
        g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER,
                    "%s: %s took too long there to prove what was copied", runner->host->name, argv[0]);
    else if (!g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC))
        g_propagate_error(error, g_steal_pointer(&reason));
    return NULL;
}

/* ---- reading back ---- */

typedef struct {
    const FfarmRunner *runner;
    const char *remote_path;
    gint64 size_bytes;
    GChecksum *checksum;
} ReadBack;

static gboolean check_begin(gint64 total_bytes, gpointer user_data, GError **error)
{
    const ReadBack *back = user_data;
    if (total_bytes == back->size_bytes)
        return TRUE;
    g_autofree char *shown = g_filename_display_name(back->remote_path);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER, "%s: %s changed after it was copied",
                back->runner->host->name, shown);
    return FALSE;
}

static gboolean hash_piece(const guint8 *data, gsize length, gpointer user_data, GError **error)
{
    ReadBack *back = user_data;
    g_checksum_update(back->checksum, data, (gssize)length);
    return TRUE;
}

static char *read_back(FfarmRunner *runner, const char *remote_path, gint64 size_bytes, GCancellable *cancellable,
                       GError **error)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *path = runner_file_path(runner, remote_path);
    ReadBack back = {.runner = runner, .remote_path = path, .size_bytes = size_bytes, .checksum = checksum};
    FfarmDownload download = {
        .remote_path = path, .begin = check_begin, .take = hash_piece, .user_data = &back, .cancellable = cancellable};
    if (!runner->kind->read(runner->connection, &download, error))
        return NULL;
    return g_strdup(g_checksum_get_string(checksum));
}

char *host_hash_file(FfarmRunner *runner, const char *remote_path, gint64 size_bytes, GCancellable *cancellable,
                     GError **error)
{
    gboolean is_local = runner->host->type == FFARM_HOST_LOCAL; /* there a program would only do the same */
    for (guint tool = 0; tool < HOST_HASH_N_TOOLS && !is_local; tool++) {
        if (!is_worth_trying(runner, tool))
            continue;
        GError *reason = NULL;
        char *sum = ask_tool(runner, tool, remote_path, size_bytes, cancellable, &reason);
        if (sum)
            runner->hash_tool = tool + 1;
        if (reason)
            g_propagate_error(error, reason);
        if (sum || reason)
            return sum;
    }
    return read_back(runner, remote_path, size_bytes, cancellable, error);
}
