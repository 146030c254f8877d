/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace_record.h"

#include <string.h>

#include "placement.h"

static const char *const step_names[] = {"prepare", "place", "drop", "done", "undone", "failed"};
static const char *const kind_names[] = {"same-name", "other-name", "keep"};

static const struct {
    const char *key;
    gsize offset;
    gboolean is_needed;
} texts[] = {
    {"boot", G_STRUCT_OFFSET(FfarmReplaceRecord, boot_id), TRUE},
    {"source", G_STRUCT_OFFSET(FfarmReplaceRecord, source), TRUE},
    {"destination", G_STRUCT_OFFSET(FfarmReplaceRecord, destination), TRUE},
    {"result", G_STRUCT_OFFSET(FfarmReplaceRecord, result), TRUE},
    {"staged", G_STRUCT_OFFSET(FfarmReplaceRecord, staged), TRUE},
    {"aside", G_STRUCT_OFFSET(FfarmReplaceRecord, aside), TRUE},
    {"trash", G_STRUCT_OFFSET(FfarmReplaceRecord, trash), FALSE},
    {"trash-root", G_STRUCT_OFFSET(FfarmReplaceRecord, trash_root), FALSE},
    {"trash-staged", G_STRUCT_OFFSET(FfarmReplaceRecord, trash_staged), FALSE},
};

static const struct {
    const char *key;
    gsize offset;
} identities[] = {
    {"source-id", G_STRUCT_OFFSET(FfarmReplaceRecord, source_id)},
    {"link-id", G_STRUCT_OFFSET(FfarmReplaceRecord, link_id)},
    {"result-id", G_STRUCT_OFFSET(FfarmReplaceRecord, result_id)},
    {"staged-id", G_STRUCT_OFFSET(FfarmReplaceRecord, staged_id)},
    {"trash-id", G_STRUCT_OFFSET(FfarmReplaceRecord, trash_id)},
};

const char *ffarm_replace_step_name(FfarmReplaceStep step)
{
    return step_names[step];
}

const char *ffarm_replace_kind_name(FfarmReplaceKind kind)
{
    return kind_names[kind];
}

char *ffarm_replace_record_format(const FfarmReplaceRecord *record)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    g_variant_dict_insert(&dict, "step", "s", ffarm_replace_step_name(record->step));
    g_variant_dict_insert(&dict, "kind", "s", ffarm_replace_kind_name(record->kind));
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *text = G_STRUCT_MEMBER(const char *, record, texts[i].offset);
        if (text)
            g_variant_dict_insert(&dict, texts[i].key, "^ay", text);
    }
    for (guint i = 0; i < G_N_ELEMENTS(identities); i++) {
        const FfarmFileIdentity *id = G_STRUCT_MEMBER_P(record, identities[i].offset);
        g_variant_dict_insert(&dict, identities[i].key, "(ttxx)", id->device, id->inode, id->size_bytes, id->mtime_ns);
    }
    g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_dict_end(&dict));
    return g_variant_print(variant, TRUE);
}

/* Returns: the place of @dict's @key in @names; -1 if it is not among them. */
static int find_name(GVariant *dict, const char *key, const char *const *names, guint n_names)
{
    const char *text = NULL;
    if (!g_variant_lookup(dict, key, "&s", &text))
        return -1;
    for (guint i = 0; i < n_names; i++)
        if (strcmp(names[i], text) == 0)
            return (int)i;
    return -1;
}

static gboolean read_texts(GVariant *dict, FfarmReplaceRecord *record)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        char *text = NULL;
        if (!g_variant_lookup(dict, texts[i].key, "^ay", &text) && texts[i].is_needed)
            return FALSE;
        G_STRUCT_MEMBER(char *, record, texts[i].offset) = text;
    }
    return (record->trash == NULL) == (record->trash_staged == NULL) &&
           (record->trash == NULL) == (record->trash_root == NULL);
}

static gboolean read_identities(GVariant *dict, FfarmReplaceRecord *record)
{
    for (guint i = 0; i < G_N_ELEMENTS(identities); i++) {
        FfarmFileIdentity *id = G_STRUCT_MEMBER_P(record, identities[i].offset);
        if (!g_variant_lookup(dict, identities[i].key, "(ttxx)", &id->device, &id->inode, &id->size_bytes,
                              &id->mtime_ns))
            return FALSE;
    }
    return TRUE;
}

FfarmReplaceRecord *ffarm_replace_record_parse(const char *text, GError **error)
{
    /* GVariant takes other bytes, and complains then that it did. */
    g_autoptr(GVariant) dict =
        g_str_is_ascii(text) ? g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL) : NULL;
    g_autoptr(FfarmReplaceRecord) record = g_new0(FfarmReplaceRecord, 1);
    int step = dict ? find_name(dict, "step", step_names, G_N_ELEMENTS(step_names)) : -1;
    int kind = dict ? find_name(dict, "kind", kind_names, G_N_ELEMENTS(kind_names)) : -1;
    if (step < 0 || kind < 0 || !read_texts(dict, record) || !read_identities(dict, record)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "record of a replacement: can't be read");
        return NULL;
    }
    record->step = (FfarmReplaceStep)step;
    record->kind = (FfarmReplaceKind)kind;
    return g_steal_pointer(&record);
}

static gboolean is_temporary(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    return g_path_is_absolute(path) && ffarm_placement_is_temporary(name);
}

static gboolean is_beside(const char *temporary, const char *path)
{
    g_autofree char *one = g_path_get_dirname(temporary);
    g_autofree char *other = g_path_get_dirname(path);
    return g_path_is_absolute(path) && is_temporary(temporary) && strcmp(one, other) == 0;
}

static gboolean is_believable_trash(const FfarmReplaceRecord *record)
{
    gsize length = strlen(record->trash_root);
    return g_path_is_absolute(record->trash_root) && g_str_has_prefix(record->trash, record->trash_root) &&
           (record->trash[length] == '/' || (length > 0 && record->trash_root[length - 1] == '/')) &&
           is_beside(record->trash_staged, record->trash);
}

gboolean ffarm_replace_record_is_believable(const FfarmReplaceRecord *record)
{
    gboolean is_same_name = strcmp(record->source, record->destination) == 0;
    return is_same_name == (record->kind == FFARM_REPLACE_SAME_NAME) && is_temporary(record->result) &&
           is_beside(record->staged, record->destination) && is_beside(record->aside, record->source) &&
           strcmp(record->staged, record->aside) != 0 && (!record->trash || is_believable_trash(record));
}

void ffarm_replace_record_copy(const FfarmReplaceRecord *record, FfarmReplaceRecord *copy)
{
    *copy = *record;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        G_STRUCT_MEMBER(char *, copy, texts[i].offset) = g_strdup(G_STRUCT_MEMBER(char *, record, texts[i].offset));
}

void ffarm_replace_record_clear(FfarmReplaceRecord *record)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(G_STRUCT_MEMBER(char *, record, texts[i].offset));
    *record = (FfarmReplaceRecord){0};
}

void ffarm_replace_record_free(FfarmReplaceRecord *record)
{
    if (!record)
        return;
    ffarm_replace_record_clear(record);
    g_free(record);
}
