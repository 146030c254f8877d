/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "queue_list.h"

#include <string.h>

/* A name on a list, and how much of it is still to come. */
typedef struct {
    char *path; /* of the list */
    char *name;
    guint n_pending;
    gboolean has_failed;
} Entry;

struct CliQueueList {
    gboolean is_null;
    GPtrArray *entries;   /* of Entry */
    GPtrArray *positions; /* of Entry, borrowed: which one stands for the input at this place; NULL for none */
    GHashTable *broken;   /* paths of lists that can't be written to; borrowed from entries */
};

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->path);
    g_free(entry->name);
    g_free(entry);
}

CliQueueList *cli_queue_list_new(gboolean is_null)
{
    CliQueueList *list = g_new0(CliQueueList, 1);
    list->is_null = is_null;
    list->entries = g_ptr_array_new_with_free_func(entry_free);
    list->positions = g_ptr_array_new();
    list->broken = g_hash_table_new(g_str_hash, g_str_equal);
    return list;
}

void cli_queue_list_free(CliQueueList *list)
{
    if (!list)
        return;
    g_hash_table_unref(list->broken);
    g_ptr_array_unref(list->positions);
    g_ptr_array_unref(list->entries);
    g_free(list);
}

static Entry *add_entry(CliQueueList *list, const char *path, const char *name)
{
    Entry *entry = g_new0(Entry, 1);
    entry->path = g_strdup(path);
    entry->name = g_strdup(name);
    g_ptr_array_add(list->entries, entry);
    return entry;
}

static void assign(CliQueueList *list, guint position, Entry *entry)
{
    if (position >= list->positions->len)
        g_ptr_array_set_size(list->positions, (int)position + 1);
    list->positions->pdata[position] = entry;
    entry->n_pending++;
}

/* The inputs from @first on are what @name on the list @path stands for. */
static void add_inputs(CliQueueList *list, const char *path, const char *name, const GPtrArray *inputs, guint first)
{
    Entry *entry = add_entry(list, path, name);
    for (guint i = first; i < inputs->len; i++) {
        FfarmInput *input = g_ptr_array_index(inputs, i);
        input->list = g_strdup(path);
        input->list_name = g_strdup(name);
        assign(list, i, entry);
    }
}

gboolean cli_queue_list_read(CliQueueList *list, const char *path, GPtrArray *inputs, const char *cluster,
                             const char *profile, const char *const *mixins, GPtrArray *warnings,
                             GCancellable *cancellable, GError **error)
{
    g_auto(GStrv) names = ffarm_inputs_read_list(path, list->is_null, error);
    if (!names)
        return FALSE;
    g_autofree char *absolute = ffarm_inputs_absolute_path(path);
    for (guint i = 0; names[i]; i++) {
        guint first = inputs->len;
        if (!ffarm_inputs_add(inputs, names[i], cluster, profile, mixins, warnings, cancellable, error))
            return FALSE;
        if (strcmp(path, "-") != 0)
            add_inputs(list, absolute, names[i], inputs, first);
    }
    return TRUE;
}

/* No list is named so that two of these are the same: no path holds "//". */
static char *make_key(const char *path, const char *name)
{
    return g_strconcat(path, "//", name, NULL);
}

static void adopt_input(CliQueueList *list, GHashTable *by_key, const FfarmInput *input, guint position)
{
    if (!input->list || !input->list_name)
        return;
    char *key = make_key(input->list, input->list_name);
    Entry *entry = g_hash_table_lookup(by_key, key);
    if (!entry)
        entry = add_entry(list, input->list, input->list_name);
    g_hash_table_replace(by_key, key, entry);
    assign(list, position, entry);
}

void cli_queue_list_adopt(CliQueueList *list, const GPtrArray *inputs, const GPtrArray *jobs)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < inputs->len; i++) {
        const FfarmInput *input = g_ptr_array_index(inputs, i);
        g_hash_table_add(taken, input->path);
        adopt_input(list, by_key, input, i);
    }
    for (guint i = 0; i < jobs->len; i++) {
        const FfarmJobRecord *job = g_ptr_array_index(jobs, i);
        if (!job->list || !job->list_name || job->state != FFARM_JOB_FAILED || g_hash_table_contains(taken, job->path))
            continue;
        g_autofree char *key = make_key(job->list, job->list_name);
        Entry *entry = g_hash_table_lookup(by_key, key);
        if (entry)
            entry->has_failed = TRUE;
    }
}

gboolean cli_queue_list_settle(CliQueueList *list, guint position, gboolean failed, GError **error)
{
    Entry *entry = position < list->positions->len ? g_ptr_array_index(list->positions, position) : NULL;
    if (!entry)
        return TRUE;
    entry->has_failed |= failed;
    if (--entry->n_pending > 0 || entry->has_failed || g_hash_table_contains(list->broken, entry->path))
        return TRUE;
    if (ffarm_inputs_strike(entry->path, list->is_null, entry->name, error))
        return TRUE;
    g_hash_table_add(list->broken, entry->path);
    return FALSE;
}
