/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commands.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "exit_code.h"
#include "load.h"
#include "term.h"
#include "text.h"

static void add_text(JsonBuilder *builder, const char *name, const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, valid);
}

static void add_number(JsonBuilder *builder, const char *name, guint number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, number);
}

static void print_json(const FfarmDiagnostic *item)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_text(builder, "event", "diagnostic");
    add_text(builder, "severity", item->severity == FFARM_SEVERITY_ERROR ? "error" : "warning");
    add_text(builder, "file", item->file);
    add_number(builder, "line", item->line);
    add_number(builder, "column", item->column);
    add_text(builder, "message", item->message);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *line = json_to_string(root, FALSE);
    puts(line);
}

static void print_count(guint count, const char *noun, const char *after)
{
    printf("%u %s%s%s", count, noun, count == 1 ? "" : "s", after);
}

/* Those of the file; where it has none, those that it gets. */
static guint count_profiles(const FfarmSettings *settings)
{
    guint count = 0;
    for (guint i = 0; i < settings->profiles->len; i++)
        count += ((const FfarmProfile *)g_ptr_array_index(settings->profiles, i))->line > 0;
    return count > 0 ? count : settings->profiles->len;
}

static void say_ok(const char *path, const FfarmSettings *settings, guint n_warnings)
{
    g_autofree char *name = path ? cli_text_plain(path) : g_strdup("no configuration file; the built-in one");
    printf("%s: %sOK%s: ", name, cli_style(stdout, CLI_STYLE_GOOD), cli_plain(stdout));
    print_count(settings->clusters->len, "cluster", ", ");
    print_count(count_profiles(settings), "profile", ", ");
    print_count(settings->rules->len, "rule", n_warnings > 0 ? ", " : "\n");
    if (n_warnings > 0)
        print_count(n_warnings, "warning", "\n");
}

/* Returns: TRUE if a run could use the file @path (NULL: the built-in configuration). */
static gboolean check_one(const CliArgs *args, const char *path)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings = ffarm_settings_load(path, TRUE, diagnostics);
    ffarm_diagnostics_sort(diagnostics);
    if (args->json) {
        for (guint i = 0; i < diagnostics->items->len; i++)
            print_json(g_ptr_array_index(diagnostics->items, i));
        return settings != NULL;
    }
    cli_print_diagnostics(diagnostics, !args->quiet, stdout);
    if (settings && !args->quiet)
        say_ok(path, settings, diagnostics->warnings);
    return settings != NULL;
}

int cmd_check(const CliArgs *args)
{
    gboolean all_ok = TRUE;
    if (args->config || args->files->len == 0) {
        g_autofree char *path = cli_config_path(args);
        all_ok = check_one(args, path);
    }
    for (guint i = 0; i < args->files->len; i++) {
        const CliFile *file = g_ptr_array_index(args->files, i);
        all_ok &= check_one(args, file->name);
    }
    return all_ok ? CLI_EXIT_DONE : CLI_EXIT_USAGE;
}
