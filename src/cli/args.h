/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* args.h — the command line, understood. Pure: reads no file, prints nothing.
 *
 * Threads: one at a time. */

typedef enum { CLI_PROGRESS_AUTO, CLI_PROGRESS_BAR, CLI_PROGRESS_PLAIN, CLI_PROGRESS_NONE } CliProgress;
typedef enum { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER } CliColor;
typedef enum { CLI_ORDER_GIVEN, CLI_ORDER_LONGEST, CLI_ORDER_SHORTEST } CliOrder;

/* A FILE, a DIR or a list of them, with the options that held where it stood. */
typedef struct {
    char *name;
    gboolean is_list; /* --from-file */
    char *cluster;    /* nullable, as are the next two */
    char *profile;
    char **mixins;
} CliFile;

typedef struct {
    char **argv;                             /* all of the line, program first */
    const struct CliVerb *verb;              /* borrowed from the verb table */
    gboolean verb_is_implied;                /* none was typed */
    GPtrArray *files;                        /* of CliFile */
    char *cluster, *profile;                 /* in force at the end of the line; nullable */
    char **mixins;                           /* likewise */
    GPtrArray *clusters;                     /* of char*: every -c of a verb that takes no FILEs */
    GPtrArray *hosts;                        /* of char*: every --host */
    char *config, *output_dir, *keep_failed; /* nullable */
    gboolean is_null;                        /* lists are separated by NUL */
    gboolean keep, sequential, dry_run, again, failed, now, refresh, json, quiet, help, version;
    guint verbose;                /* how often -v was given */
    guint progress, color, order; /* CliProgress, CliColor, CliOrder */
    guint retries;
} CliArgs;

/* Understands @argv (NULL-terminated, program name first).
 * Returns: new arguments; NULL with FFARM_CONFIG_ERROR_INVALID that names the option or argument at fault.
 * @verb: nullable; gets the verb as far as it was recognised, also on failure, so that its help can be pointed to. */
CliArgs *cli_args_parse(const char *const *argv, const struct CliVerb **verb, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cli_args_free(CliArgs *args); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliArgs, cli_args_free)

G_END_DECLS
