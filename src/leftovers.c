/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leftovers.h"

#include <string.h>
#include <sys/stat.h>

#include "journal_private.h"

#define SHORTEST_ATTEMPT 8 /* a name of fewer letters may be part of others */

static void trace_free(gpointer data)
{
    FfarmLeftTrace *trace = data;
    g_free(trace->run_id);
    g_free(trace->attempt);
    g_free(trace->cluster);
    g_free(trace->host);
    g_free(trace->here);
    g_free(trace->there);
    g_free(trace);
}

static void replacement_free(gpointer data)
{
    FfarmLeftReplacement *replacement = data;
    g_free(replacement->run_id);
    g_free(replacement->path);
    g_free(replacement->record);
    g_free(replacement);
}

void ffarm_leftovers_free(FfarmLeftovers *leftovers)
{
    if (!leftovers)
        return;
    g_ptr_array_unref(leftovers->runs);
    g_ptr_array_unref(leftovers->replacements);
    g_ptr_array_unref(leftovers->traces);
    g_free(leftovers);
}

static void take_run(sqlite3_stmt *row, gpointer runs)
{
    g_ptr_array_add(runs, ffarm_row_bytes(row, 0));
}

static void take_replacement(sqlite3_stmt *row, gpointer replacements)
{
    FfarmLeftReplacement *replacement = g_new0(FfarmLeftReplacement, 1);
    replacement->run_id = ffarm_row_bytes(row, 0);
    replacement->item = (guint)sqlite3_column_int64(row, 1);
    replacement->record = ffarm_row_bytes(row, 2);
    replacement->path = ffarm_row_bytes(row, 3);
    g_ptr_array_add(replacements, replacement);
}

static void take_trace(sqlite3_stmt *row, gpointer traces)
{
    FfarmLeftTrace *trace = g_new0(FfarmLeftTrace, 1);
    trace->id = sqlite3_column_int64(row, 0);
    trace->run_id = ffarm_row_bytes(row, 1);
    trace->item = (guint)sqlite3_column_int64(row, 2);
    trace->attempt = ffarm_row_bytes(row, 3);
    trace->cluster = ffarm_row_bytes(row, 4);
    trace->host = ffarm_row_bytes(row, 5);
    trace->here = ffarm_row_bytes(row, 6);
    trace->there = ffarm_row_bytes(row, 7);
    trace->is_folder = sqlite3_column_int64(row, 8) != 0;
    trace->source_size = sqlite3_column_int64(row, 9);
    trace->source_mtime_ns = sqlite3_column_int64(row, 10);
    g_ptr_array_add(traces, trace);
}

gboolean ffarm_left_trace_is_ours(const FfarmLeftTrace *trace, const char *path)
{
    const char *slash = strrchr(path, '/'), *backslash = strrchr(path, '\\');
    const char *name = MAX(slash, backslash) ? MAX(slash, backslash) + 1 : path;
    return (g_str_has_prefix(name, "ffarm-") || g_str_has_prefix(name, ".ffarm-")) && strstr(name, trace->attempt);
}

gboolean ffarm_left_trace_is_believable(const FfarmLeftTrace *trace)
{
    gsize length = trace->attempt ? strlen(trace->attempt) : 0;
    return ffarm_journal_is_run_id(trace->run_id) && trace->host && length >= SHORTEST_ATTEMPT &&
           strspn(trace->attempt, "0123456789abcdefghijklmnopqrstuvwxyz-") == length;
}

/* Runs whose lock is free. */
static gboolean claim_runs(FfarmLeftovers *leftovers, FfarmJournal *journal, GError **error)
{
    if (!ffarm_journal_query(journal, take_run, leftovers->runs, error,
                             "SELECT id FROM runs WHERE end_us = 0 AND id IS NOT NULL UNION SELECT run FROM traces"
                             " UNION SELECT run FROM replacements",
                             ""))
        return FALSE;
    for (guint i = leftovers->runs->len; i-- > 0;) {
        g_autofree char *lock = ffarm_journal_run_lock(g_ptr_array_index(leftovers->runs, i));
        if (!ffarm_locks_take(ffarm_journal_peek_locks(journal), lock))
            g_ptr_array_remove_index_fast(leftovers->runs, i);
    }
    return TRUE;
}

/* Asked only now, as the run may have gone on until it was claimed. */
static gboolean read_run(FfarmLeftovers *leftovers, FfarmJournal *journal, const char *run_id, GError **error)
{
    return ffarm_journal_query(journal, take_replacement, leftovers->replacements, error,
                               "SELECT r.run, r.item, r.record, j.path FROM replacements r"
                               " LEFT JOIN jobs j ON j.run = r.run AND j.item = r.item WHERE r.run = ?",
                               "t", run_id) &&
           ffarm_journal_query(journal, take_trace, leftovers->traces, error,
                               "SELECT t.id, t.run, t.item, t.attempt, t.cluster, t.host, t.here, t.there, t.is_folder,"
                               " j.source_size, j.mtime_ns FROM traces t"
                               " LEFT JOIN jobs j ON j.run = t.run AND j.item = t.item WHERE t.run = ?",
                               "t", run_id);
}

FfarmLeftovers *ffarm_leftovers_claim(FfarmJournal *journal, GError **error)
{
    g_autoptr(FfarmLeftovers) leftovers = g_new0(FfarmLeftovers, 1);
    leftovers->runs = g_ptr_array_new_with_free_func(g_free);
    leftovers->replacements = g_ptr_array_new_with_free_func(replacement_free);
    leftovers->traces = g_ptr_array_new_with_free_func(trace_free);
    gboolean is_good = claim_runs(leftovers, journal, error);
    for (guint i = 0; is_good && i < leftovers->runs->len; i++)
        is_good = read_run(leftovers, journal, g_ptr_array_index(leftovers->runs, i), error);
    if (!is_good)
        ffarm_leftovers_release(leftovers, journal, FALSE, NULL);
    return is_good ? g_steal_pointer(&leftovers) : NULL;
}

gboolean ffarm_leftovers_release(FfarmLeftovers *leftovers, FfarmJournal *journal, gboolean is_done, GError **error)
{
    gboolean is_good = TRUE;
    for (guint i = 0; i < leftovers->runs->len; i++) {
        const char *run_id = g_ptr_array_index(leftovers->runs, i);
        g_autofree char *lock = ffarm_journal_run_lock(run_id);
        if (is_done && is_good)
            is_good = ffarm_journal_do(journal, FFARM_COMMIT_SOON, error,
                                       "UPDATE runs SET end_us = ? WHERE id = ? AND end_us = 0", "it",
                                       g_get_real_time(), run_id);
        ffarm_locks_give_back(ffarm_journal_peek_locks(journal), lock);
    }
    return is_good;
}

static gboolean set_job(FfarmJournal *journal, const FfarmLeftReplacement *replacement, FfarmJobState state,
                        const char *output, const char *reason, GError **error)
{
    struct stat info = {0};
    if (output && stat(output, &info) != 0)
        info.st_size = 0;
    return ffarm_journal_execute(journal, error,
                                 "UPDATE jobs SET state = ?, output = ?, output_size = ?, reason = ?, changed_us = ?"
                                 " WHERE run = ? AND item = ?",
                                 "ibititi", (gint64)state, output, (gint64)info.st_size, reason, g_get_real_time(),
                                 replacement->run_id, (gint64)replacement->item) &&
           ffarm_journal_remember(journal, replacement->run_id, replacement->item, state, replacement->path, output,
                                  error);
}

gboolean ffarm_leftovers_settle(FfarmJournal *journal, const FfarmLeftReplacement *replacement, FfarmJobState state,
                                const char *output, const char *reason, gboolean is_over, GError **error)
{
    if (!ffarm_journal_begin(journal, FFARM_COMMIT_NOW, error))
        return FALSE;
    gboolean is_good =
        (state == FFARM_JOB_QUEUED || set_job(journal, replacement, state, output, reason, error)) &&
        (!is_over || ffarm_journal_execute(journal, error, "DELETE FROM replacements WHERE run = ? AND item = ?", "ti",
                                           replacement->run_id, (gint64)replacement->item));
    return ffarm_journal_end(journal, is_good, error);
}
