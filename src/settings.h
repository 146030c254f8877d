/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "diagnostic.h"
#include "host.h"
#include "profile.h"
#include "rule.h"

G_BEGIN_DECLS

/* settings.h — a whole configuration: loaded, cross-checked, then immutable. The language is in docs/configuration.md.
 *
 * Threads: immutable; may be read from any thread.
 * Errors:  no GError: all that is wrong with a file, as often as it is, is in FfarmDiagnostics with line and column; with
 *          errors among it there are no settings. A file that can't be read is one of them. */

typedef struct {
    char *name;
    GPtrArray *hosts; /* of FfarmHost, in the order of the file, disabled ones too */
} FfarmCluster;

typedef struct {
    char *path;               /* of the file; NULL: built-in */
    gboolean is_builtin;      /* no configuration was found: originals are kept */
    char *default_queue_file; /* nullable */
    char *ffmpeg, *ssh;       /* on the manager; never NULL */
    GPtrArray *queues;        /* of FfarmQueue, for runs without -c; empty: one sequential queue */
    char *plex_server, *plex_token; /* nullable; the token also from the environment PLEX_TOKEN */
    FfarmTristate colorize;   /* unset: auto */
    gboolean automap;
    FfarmOriginals originals; /* never unset */
    char *trash_dir;          /* absolute, or below each film's folder; never NULL */
    guint trash_days;         /* what lies there longer is removed when a run begins; 0: never */
    gboolean keep_times;      /* results get the time of change of their sources */
    char *fls_path;           /* nullable */
    guint max_failures;       /* different jobs in a row that fail for a host's fault until it is quarantined */
    guint stall_timeout;      /* seconds without progress after which an encode is stopped */
    guint settle_time;        /* seconds that a file must not have changed for; 0: any file is taken at once */
    guint host_wait;          /* seconds that jobs wait for hosts that are away when nothing else is left to do */
    FfarmProof proof;         /* for profiles that don't say otherwise */
    GPtrArray *clusters;      /* of FfarmCluster */
    GPtrArray *profiles;      /* of FfarmProfile: profiles and templates, includes merged */
    GPtrArray *rules;         /* of FfarmRule */
} FfarmSettings;

/* Where the configuration is when -y does not say: $XDG_CONFIG_HOME/ffarm/ffarm.yml, ~/.config/ffarm/ffarm.yml,
 * ~/.transcode.yml; the first that exists. Returns: new string; NULL if there is none. */
char *ffarm_settings_find(void) G_GNUC_WARN_UNUSED_RESULT;

/* Loads and checks @path (NULL: the built-in default). Everything that is wrong goes to @diagnostics; unknown keys are
 * warnings there unless @is_strict. Returns: new settings, free with ffarm_settings_free(); NULL if there was any error. */
FfarmSettings *ffarm_settings_load(const char *path, gboolean is_strict, FfarmDiagnostics *diagnostics)
    G_GNUC_WARN_UNUSED_RESULT;
/* The same from memory; @name is what diagnostics call it. @length: bytes of @text (need not end in NUL). */
FfarmSettings *ffarm_settings_parse(const char *name, const char *text, gsize length, gboolean is_strict,
                                    FfarmDiagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_settings_free(FfarmSettings *settings); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmSettings, ffarm_settings_free)

/* Look-ups by name; borrowed, NULL if there is none. A template is found by ffarm_settings_profile() too. */
const FfarmCluster *ffarm_settings_cluster(const FfarmSettings *settings, const char *name);
const FfarmProfile *ffarm_settings_profile(const FfarmSettings *settings, const char *name);

/* The built-in default as YAML. Static. */
const char *ffarm_settings_builtin_yaml(void);

G_END_DECLS
