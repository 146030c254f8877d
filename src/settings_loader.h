/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "settings.h"
#include "yaml_reader.h"

G_BEGIN_DECLS

/* settings_loader.h — private: how the parts of a configuration are read, one file each, into one FfarmSettings.
 *
 * Threads: one loader at a time. */

typedef struct {
    FfarmYamlReader reader; /* first, so that a reader's functions get at the loader */
    FfarmSettings *settings;
    GPtrArray *drafts;     /* of profiles whose includes are not merged yet */
    GPtrArray *references; /* names that must turn out to exist */
    gboolean is_builtin;   /* reads what is built in itself */
} FfarmSettingsLoader;

/* What @reader belongs to. */
static inline FfarmSettingsLoader *ffarm_settings_loader(FfarmYamlReader *reader)
{
    return (FfarmSettingsLoader *)reader;
}

/* settings_config.c: the sections config and clusters. */
void ffarm_settings_read_config(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot);

/* A map (or list of maps) of queue names and slots, into a GPtrArray of FfarmQueue. The queue "default" has no name. */
void ffarm_settings_read_queues(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot);

/* A map of devices ("cuda:1") and how many encodes each takes at once, into a FfarmHost. */
void ffarm_settings_read_devices(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot);
/* Complains of @devices of engines that @host, which is read now, does not use. */
void ffarm_settings_check_devices(FfarmYamlReader *reader, const FfarmYamlNode *devices, const FfarmHost *host);

/* Seconds, at least one, into a guint: the same in a profile as for all. */
void ffarm_settings_read_stall_timeout(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                       gpointer slot);

/* settings_hosts.c */
void ffarm_settings_read_clusters(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot);
void ffarm_cluster_free(FfarmCluster *cluster);

/* settings_profiles.c: the sections profiles and templates; the profiles are in the settings once drafts are resolved.
 */
void ffarm_settings_read_profiles(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot);
void ffarm_settings_read_templates(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot);

/* settings_options.c: a string, a literal block, a list of strings or null, into a FfarmOptions. */
void ffarm_settings_read_options(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot);

/* settings_proof.c: the fields of a FfarmProof; expect gets the FfarmProof itself. */
void ffarm_settings_read_originals(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot);
void ffarm_settings_read_trash_dir(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                   gpointer slot);
void ffarm_settings_read_trash_days(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                    gpointer slot);
void ffarm_settings_read_verify(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot);
void ffarm_settings_read_damaged(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                 gpointer slot);
void ffarm_settings_read_expect(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                gpointer slot);
void ffarm_settings_read_min_ssim(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot);
void ffarm_settings_read_min_vmaf(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                                  gpointer slot);

/* settings_include.c: a profile before what it includes is merged in. */
typedef struct {
    FfarmProfile *profile;             /* thresholds are NAN where they are not given */
    const FfarmYamlNode *node;         /* its name in the file */
    char **includes;                   /* nullable */
    const FfarmYamlNode *include_node; /* where they stand; NULL if there are none */
    gboolean has_audio, has_subtitle;
    enum { FFARM_DRAFT_RAW, FFARM_DRAFT_OPEN, FFARM_DRAFT_MERGED } state;
} FfarmProfileDraft;

/* Merges all includes and moves the profiles from the drafts to the settings. */
void ffarm_settings_resolve_includes(FfarmSettingsLoader *loader);
void ffarm_profile_draft_free(FfarmProfileDraft *draft);

/* settings_codec.c: what merged profiles say of codecs must not contradict itself. */
void ffarm_settings_check_codecs(FfarmSettingsLoader *loader);

/* settings_builtin.c: adds the drafts of built-in profiles whose names the file has not taken. */
void ffarm_settings_add_builtin(FfarmSettingsLoader *loader);

/* settings.c: what is built in, whose profiles stand in line 0. Returns: new settings. */
FfarmSettings *ffarm_settings_parse_builtin(FfarmDiagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;

/* settings_rules.c */
void ffarm_settings_read_rules(FfarmYamlReader *reader, const FfarmYamlNode *key, const FfarmYamlNode *value,
                               gpointer slot);

/* settings_references.c: names of profiles and queues, looked up when everything is read. */
typedef enum {
    FFARM_REFERENCE_PROFILE,         /* must exist */
    FFARM_REFERENCE_ALLOWED_PROFILE, /* of a host's list: one that does not exist is allowed in vain */
    FFARM_REFERENCE_QUEUE,           /* without it nothing runs with the profile that names it, others do */
} FfarmReferenceKind;
void ffarm_settings_refer(FfarmSettingsLoader *loader, FfarmReferenceKind kind, const FfarmYamlNode *node,
                          const char *name);
void ffarm_settings_check_references(FfarmSettingsLoader *loader);
void ffarm_settings_reference_free(gpointer data);

G_END_DECLS
