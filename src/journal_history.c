/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal_private.h"

void ffarm_run_record_free(FfarmRunRecord *record)
{
    if (!record)
        return;
    g_free(record->id);
    g_free(record->machine);
    g_strfreev(record->argv);
    g_free(record->directory);
    g_free(record->config);
    g_free(record);
}

void ffarm_job_record_free(FfarmJobRecord *record)
{
    if (!record)
        return;
    g_strfreev(record->mixins);
    char *strings[] = {record->path,      record->relative,  record->cluster, record->given_profile, record->list,
                       record->list_name, record->successor, record->profile, record->host,          record->engine,
                       record->output,    record->reason,    record->log};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_free(record);
}

static gboolean is_open(FfarmJobState state)
{
    return !ffarm_job_state_is_end(state) || state == FFARM_JOB_CANCELLED;
}

gboolean ffarm_run_record_is_unfinished(const FfarmRunRecord *record)
{
    guint n_open = 0;
    for (guint state = 0; state < G_N_ELEMENTS(record->counts); state++)
        n_open += is_open((FfarmJobState)state) ? record->counts[state] : 0;
    return !record->is_live && n_open > 0;
}

/* A state that another ffarm wrote, or a damaged disk, is none of ours. */
static FfarmJobState read_state(sqlite3_stmt *row, int column)
{
    gint64 state = sqlite3_column_int64(row, column);
    return state >= 0 && state <= FFARM_JOB_CANCELLED ? (FfarmJobState)state : FFARM_JOB_CANCELLED;
}

static void take_run(sqlite3_stmt *row, gpointer runs)
{
    FfarmRunRecord *record = g_new0(FfarmRunRecord, 1);
    record->id = ffarm_row_bytes(row, 0);
    record->begin_us = sqlite3_column_int64(row, 1);
    record->end_us = sqlite3_column_int64(row, 2);
    record->pid = sqlite3_column_int64(row, 3);
    record->machine = ffarm_row_bytes(row, 4);
    record->argv = ffarm_row_words(row, 5);
    record->directory = ffarm_row_bytes(row, 6);
    record->config = ffarm_row_bytes(row, 7);
    g_ptr_array_add(runs, record);
}

typedef struct {
    GHashTable *by_id; /* of FfarmRunRecord, borrowed */
} Counting;

static void take_counts(sqlite3_stmt *row, gpointer user_data)
{
    const Counting *counting = user_data;
    g_autofree char *id = ffarm_row_bytes(row, 0);
    FfarmRunRecord *record = g_hash_table_lookup(counting->by_id, id);
    if (!record)
        return;
    guint count = (guint)sqlite3_column_int64(row, 3);
    if (sqlite3_column_int64(row, 2) != 0) {
        record->taken_over += count;
        return;
    }
    FfarmJobState state = read_state(row, 1);
    record->counts[state] += count;
    if (state == FFARM_JOB_DONE || state == FFARM_JOB_KEPT) {
        record->source_bytes += sqlite3_column_int64(row, 4);
        record->output_bytes += sqlite3_column_int64(row, 5);
    }
}

/* A run whose lock is held lives; so one that is not over, and whose lock is free, was broken off. */
static void look_who_lives(FfarmJournal *journal, GPtrArray *runs, GHashTable *by_id)
{
    for (guint i = 0; i < runs->len; i++) {
        FfarmRunRecord *record = g_ptr_array_index(runs, i);
        g_autofree char *lock = ffarm_journal_run_lock(record->id);
        g_hash_table_insert(by_id, record->id, record);
        record->is_live = record->end_us == 0 && ffarm_locks_is_held(ffarm_journal_peek_locks(journal), lock);
    }
}

GPtrArray *ffarm_journal_runs(FfarmJournal *journal, GError **error)
{
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_run_record_free);
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    Counting counting = {by_id};
    if (!ffarm_journal_query(journal, take_run, runs, error,
                             "SELECT id, begin_us, end_us, pid, machine, argv, directory, config FROM runs"
                             " WHERE id IS NOT NULL"
                             " ORDER BY begin_us DESC, id DESC",
                             ""))
        return NULL;
    look_who_lives(journal, runs, by_id);
    if (!ffarm_journal_query(journal, take_counts, &counting, error,
                             "SELECT run, state, successor IS NOT NULL, count(*), sum(source_size), sum(output_size)"
                             " FROM jobs GROUP BY 1, 2, 3",
                             ""))
        return NULL;
    return g_steal_pointer(&runs);
}

static void take_job(sqlite3_stmt *row, gpointer jobs)
{
    FfarmJobRecord *record = g_new0(FfarmJobRecord, 1);
    char **const strings[] = {&record->path, &record->relative,  &record->cluster,   &record->given_profile,
                              &record->list, &record->list_name, &record->successor, &record->profile,
                              &record->host, &record->engine,    &record->output,    &record->reason,
                              &record->log};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        *strings[i] = ffarm_row_bytes(row, (int)i);
    record->mixins = ffarm_row_words(row, 13);
    record->item = (guint)sqlite3_column_int64(row, 14);
    record->state = read_state(row, 15);
    record->attempts = (guint)sqlite3_column_int64(row, 16);
    record->source_bytes = sqlite3_column_int64(row, 17);
    record->output_bytes = sqlite3_column_int64(row, 18);
    record->elapsed_us = sqlite3_column_int64(row, 19);
    record->changed_us = sqlite3_column_int64(row, 20);
    g_ptr_array_add(jobs, record);
}

GPtrArray *ffarm_journal_jobs(FfarmJournal *journal, const char *run_id, GError **error)
{
    g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_job_record_free);
    if (!ffarm_journal_query(journal, take_job, jobs, error,
                             "SELECT path, relative, cluster, given_profile, list, list_name, successor, profile, host,"
                             " engine, output, reason, log, mixins, item, state, attempts, source_size, output_size,"
                             " elapsed_us, changed_us FROM jobs WHERE run = ? ORDER BY item",
                             "t", run_id))
        return NULL;
    return g_steal_pointer(&jobs);
}
