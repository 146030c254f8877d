/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host_space.h"

#include <string.h>

#include "runner_state.h"

#define TIMEOUT_MS 20000
#define ANSWER_BYTES 8192

/* Takes digits only. Returns: -1 for anything else, or for more than fits. */
static gint64 take_number(const char *text)
{
    guint64 value = 0;
    gboolean is_number = g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &value, NULL);
    return is_number ? (gint64)value : -1;
}

gint64 host_space_bytes(guint64 free_units, guint64 total_units, guint64 unit_bytes)
{
    if (total_units == 0 || unit_bytes == 0)
        return -1;
    return free_units > total_units ? 0 : (gint64)(MIN(free_units, (guint64)G_MAXINT64 / unit_bytes) * unit_bytes);
}

/* Both the file system's name and the folder may hold blanks, so the percentage shows where the numbers are. */
gint64 host_space_parse_df(const char *output)
{
    g_auto(GStrv) words = g_strsplit_set(output, " \t\r\n", -1);
    g_autoptr(GPtrArray) solid = g_ptr_array_new();
    for (guint i = 0; words[i]; i++) {
        if (*words[i])
            g_ptr_array_add(solid, words[i]);
    }
    gint64 found = -1;
    for (guint i = 3; i < solid->len; i++) {
        g_autofree char *percentage = g_strdup(g_ptr_array_index(solid, i));
        gsize length = strlen(percentage);
        gboolean is_percentage = length > 1 && percentage[length - 1] == '%';
        percentage[length - 1] = '\0';
        gint64 kilobytes = take_number(g_ptr_array_index(solid, i - 1));
        if (is_percentage && take_number(percentage) >= 0 && take_number(g_ptr_array_index(solid, i - 2)) >= 0 &&
            take_number(g_ptr_array_index(solid, i - 3)) >= 0 && kilobytes >= 0)
            found = MIN(kilobytes, G_MAXINT64 / 1024) * 1024;
    }
    return found;
}

gint64 host_space_parse_number(const char *output)
{
    g_auto(GStrv) words = g_strsplit_set(output, " \t\r\n=", -1);
    gint64 found = -1;
    for (guint i = 0; words[i]; i++) {
        gint64 number = take_number(words[i]);
        found = number >= 0 ? number : found;
    }
    return found;
}

static gboolean ask(FfarmRunner *runner, const char *const *argv, gint64 (*parse)(const char *output),
                    gint64 *free_bytes, GCancellable *cancellable, GError **error)
{
    g_autofree char *output = NULL;
    g_autoptr(GError) reason = NULL;
    int status = -1;
    if (ffarm_runner_ask(runner, argv, TIMEOUT_MS, ANSWER_BYTES, &output, NULL, &status, cancellable, &reason)) {
        *free_bytes = status == 0 ? parse(output) : -1;
        return TRUE;
    }
    gboolean is_harmless = g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC) ||
                           g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT);
    if (!is_harmless)
        g_propagate_error(error, g_steal_pointer(&reason));
    return is_harmless;
}

gboolean host_space_ask(FfarmRunner *runner, const char *remote_path, gint64 *free_bytes, GCancellable *cancellable,
                        GError **error)
{
    gboolean has_drive = g_ascii_isalpha(remote_path[0]) && remote_path[1] == ':';
    *free_bytes = -1;
    if (runner->system.shell == FFARM_SHELL_POSIX) {
        g_autofree char *path = g_strconcat(*remote_path == '-' ? "./" : "", remote_path, NULL);
        const char *argv[] = {"df", "-Pk", path, NULL};
        return ask(runner, argv, host_space_parse_df, free_bytes, cancellable, error);
    }
    if (!has_drive)
        return TRUE;
    if (runner->system.form == FFARM_LEASE_CMD) {
        g_autofree char *which = g_strdup_printf("DeviceID='%c:'", remote_path[0]);
        const char *argv[] = {"wmic", "logicaldisk", "where", which, "get", "FreeSpace", "/value", NULL};
        return ask(runner, argv, host_space_parse_number, free_bytes, cancellable, error);
    }
    g_autofree char *script = g_strdup_printf("(Get-PSDrive -Name %c).Free", remote_path[0]);
    const char *argv[] = {"powershell", "-NoProfile", "-NonInteractive", "-Command", script, NULL};
    return ask(runner, argv, host_space_parse_number, free_bytes, cancellable, error);
}
