/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load.h"

#include "term.h"
#include "text.h"

char *cli_config_path(const CliArgs *args)
{
    return args->config ? g_strdup(args->config) : ffarm_settings_find();
}

void cli_print_diagnostics(const FfarmDiagnostics *diagnostics, gboolean with_warnings, FILE *stream)
{
    for (guint i = 0; i < diagnostics->items->len; i++) {
        const FfarmDiagnostic *item = g_ptr_array_index(diagnostics->items, i);
        gboolean is_error = item->severity == FFARM_SEVERITY_ERROR;
        if (!is_error && !with_warnings)
            continue;
        g_autofree char *text = ffarm_diagnostic_format(item);
        g_autofree char *plain = cli_text_plain_lines(text);
        fprintf(stream, "%s%s%s\n", cli_style(stream, is_error ? CLI_STYLE_BAD : CLI_STYLE_WARN), plain,
                cli_plain(stream));
    }
}

FfarmSettings *cli_load_settings(const CliArgs *args)
{
    g_autofree char *path = cli_config_path(args);
    return cli_load_config(path, args);
}

FfarmSettings *cli_load_config(const char *path, const CliArgs *args)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings = ffarm_settings_load(path, FALSE, diagnostics);
    if (settings)
        cli_term_set_color(args->color, settings->colorize);
    ffarm_diagnostics_sort(diagnostics);
    cli_print_diagnostics(diagnostics, !args->quiet, stderr);
    return g_steal_pointer(&settings);
}
