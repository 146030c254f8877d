/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal_private.h"

gboolean ffarm_journal_add_trace(FfarmJournal *journal, const FfarmTrace *trace, gint64 *id, GError **error)
{
    *id = 0;
    if (!journal)
        return TRUE;
    if (!ffarm_journal_begin(journal, FFARM_COMMIT_NOW, error))
        return FALSE;
    gboolean is_good = ffarm_journal_execute(journal, error,
                                             "INSERT INTO traces (run, item, attempt, cluster, host, here, there, "
                                             "is_folder) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                             "tittt"
                                             "bbi",
                                             trace->run_id, (gint64)trace->item, trace->attempt, trace->cluster,
                                             trace->host, trace->here, trace->there, (gint64)trace->is_folder);
    *id = is_good ? ffarm_journal_last_id(journal) : 0;
    return ffarm_journal_end(journal, is_good, error);
}

gboolean ffarm_journal_strike_trace(FfarmJournal *journal, gint64 id, guint parts, GError **error)
{
    if (!journal)
        return TRUE;
    if (!ffarm_journal_begin(journal, FFARM_COMMIT_SOON, error))
        return FALSE;
    gboolean is_good =
        (!(parts & FFARM_TRACE_HERE) ||
         ffarm_journal_execute(journal, error, "UPDATE traces SET here = NULL WHERE id = ?", "i", id)) &&
        (!(parts & FFARM_TRACE_THERE) ||
         ffarm_journal_execute(journal, error, "UPDATE traces SET there = NULL WHERE id = ?", "i", id)) &&
        ffarm_journal_execute(journal, error, "DELETE FROM traces WHERE id = ? AND here IS NULL AND there IS NULL", "i",
                              id);
    return ffarm_journal_end(journal, is_good, error);
}
