/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "journal_private.h"

#define KEEP_DAYS 90
#define KEEP_RUNS 1000
#define KEEP_JOBS 1000000 /* a run of every night over 200,000 films would fill a disk else */

/* Tells apart what may give the same number to different processes: machines, boots and containers. */
static char *find_machine(void)
{
    g_autofree char *boot = NULL;
    g_autofree char *space = g_file_read_link("/proc/self/ns/pid", NULL);
    if (g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
        g_strstrip(boot);
    return g_strdup_printf("%s %s", boot ? boot : "?", space ? space : "?");
}

gboolean ffarm_journal_is_here(const char *machine)
{
    g_autofree char *here = find_machine();
    return g_strcmp0(here, machine) == 0;
}

/* While the run's lock is held its process lives, so that its number can't have gone to another one. */
static gboolean send_signal(FfarmJournal *journal, const FfarmRunRecord *record, int number)
{
    g_autofree char *lock = ffarm_journal_run_lock(record->id);
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)record->pid, 0);
    if (fd < 0)
        return FALSE;
    gboolean is_live = ffarm_locks_is_held(ffarm_journal_peek_locks(journal), lock);
    errno = ESRCH;
    gboolean is_sent = is_live && syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) == 0;
    int code = errno;
    close(fd);
    errno = code;
    return is_sent;
}

gboolean ffarm_journal_signal_run(FfarmJournal *journal, const FfarmRunRecord *record, int number, GError **error)
{
    if (!ffarm_journal_is_here(record->machine)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "run %s is on another machine or in another container: stop it there", record->id);
        return FALSE;
    }
    if (record->is_live && send_signal(journal, record, number))
        return TRUE;
    const char *reason = record->is_live ? g_strerror(errno) : "it is not going on";
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "run %s can't be stopped: %s", record->id, reason);
    return FALSE;
}

static gboolean insert_run(FfarmJournal *journal, const FfarmPlan *plan, const FfarmRunOrigin *origin, GError **error)
{
    g_autofree char *machine = find_machine();
    return ffarm_journal_execute(
        journal, error,
        "INSERT INTO runs (id, begin_us, pid, machine, argv, directory, config) VALUES (?, ?, ?, ?, ?, ?, ?)",
        "tiitvbb", plan->run_id, g_get_real_time(), (gint64)getpid(), machine, origin->argv, origin->directory,
        origin->config);
}

static gboolean insert_jobs(FfarmJournal *journal, const FfarmPlan *plan, GError **error)
{
    gint64 now_us = g_get_real_time();
    for (guint i = 0; i < plan->items->len; i++) {
        const FfarmPlanItem *item = g_ptr_array_index(plan->items, i);
        const FfarmInput *input = item->input;
        if (!ffarm_journal_execute(
                journal, error,
                "INSERT INTO jobs (run, item, path, relative, cluster, given_profile, mixins, list, list_name,"
                " source_size, mtime_ns, state, changed_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "tibbttvbbiiii", plan->run_id, (gint64)item->id, input->path, input->relative, input->cluster,
                input->profile, (const char *const *)input->mixins, input->list, input->list_name,
                item->media->size_bytes, item->media->mtime_ns, (gint64)FFARM_JOB_QUEUED, now_us))
            return FALSE;
    }
    return TRUE;
}

/* The same film may stand in a list of names twice; what came to its end stays where it is. */
static gboolean take_over(FfarmJournal *journal, const char *run_id, const char *predecessor, GError **error)
{
    return !predecessor || ffarm_journal_execute(journal, error,
                                                 "UPDATE jobs SET successor = ? WHERE run = ? AND successor IS NULL"
                                                 " AND (state < ? OR state = ? OR state = ?)"
                                                 " AND path IN (SELECT path FROM jobs WHERE run = ?)",
                                                 "ttiiit", run_id, predecessor, (gint64)FFARM_JOB_DONE,
                                                 (gint64)FFARM_JOB_CANCELLED, (gint64)FFARM_JOB_FAILED, run_id);
}

gboolean ffarm_journal_begin_run(FfarmJournal *journal, const FfarmPlan *plan, const FfarmRunOrigin *origin,
                                 const char *predecessor, GError **error)
{
    if (!journal)
        return TRUE;
    g_autofree char *lock = ffarm_journal_run_lock(plan->run_id);
    ffarm_locks_take(ffarm_journal_peek_locks(journal), lock);
    if (!ffarm_journal_begin(journal, FFARM_COMMIT_NOW, error))
        return FALSE;
    gboolean is_good = insert_run(journal, plan, origin, error) && insert_jobs(journal, plan, error) &&
                       take_over(journal, plan->run_id, predecessor, error);
    return ffarm_journal_end(journal, is_good, error);
}

static gboolean forget_replacement(FfarmJournal *journal, const char *run_id, guint item, GError **error)
{
    return ffarm_journal_execute(journal, error, "DELETE FROM replacements WHERE run = ? AND item = ?", "ti", run_id,
                                 (gint64)item);
}

static gboolean update_job(FfarmJournal *journal, const char *run_id, const FfarmJob *job, GError **error)
{
    const char *reason = job->error ? job->error->message : job->item->reason;
    return ffarm_journal_execute(
        journal, error,
        "UPDATE jobs SET state = ?, attempts = ?, profile = ?, fingerprint = ?, host = ?, engine = ?, output = ?,"
        " output_size = ?, elapsed_us = ?, reason = ?, log = ?, changed_us = ? WHERE run = ? AND item = ?",
        "iittttbiitbiti", (gint64)job->state, (gint64)job->attempts, job->profile, job->fingerprint,
        job->host ? job->host->name : NULL, job->engine, job->output, job->output_size, job->elapsed_us, reason,
        job->log, g_get_real_time(), run_id, (gint64)job->item->id);
}

gboolean ffarm_journal_note_job(FfarmJournal *journal, const char *run_id, const FfarmJob *job, GError **error)
{
    if (!journal)
        return TRUE;
    /* What was never begun left nothing behind, and there may be 100,000 of it. */
    gboolean must_last = ffarm_job_state_is_end(job->state) && job->attempts > 0;
    FfarmCommit commit = must_last ? FFARM_COMMIT_NOW : FFARM_COMMIT_SOON;
    if (!ffarm_journal_begin(journal, commit, error))
        return FALSE;
    gboolean is_replaced = job->state == FFARM_JOB_DONE || job->state == FFARM_JOB_KEPT;
    gboolean is_good =
        update_job(journal, run_id, job, error) &&
        (!is_replaced || forget_replacement(journal, run_id, job->item->id, error)) &&
        ffarm_journal_remember(journal, run_id, job->item->id, job->state, job->item->media->path, job->output, error);
    return ffarm_journal_end(journal, is_good, error);
}

/* --- what is too old --- */

static void take_name(sqlite3_stmt *row, gpointer names)
{
    g_ptr_array_add(names, ffarm_row_bytes(row, 0));
}

/* Folders of logs hold files only. */
static void remove_logs(FfarmJournal *journal, const char *run_id)
{
    g_autofree char *folder = g_build_filename(ffarm_journal_peek_folder(journal), "logs", run_id, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

/* A run that left something to be removed or finished is never too old. */
static gboolean forget_old(FfarmJournal *journal, GError **error)
{
    static const char *const deletions[] = {"DELETE FROM jobs WHERE run = ?", "DELETE FROM runs WHERE id = ?"};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    gint64 oldest_us = g_get_real_time() - (gint64)KEEP_DAYS * 24 * 3600 * G_USEC_PER_SEC;
    gboolean is_good = ffarm_journal_query(
        journal, take_name, names, error,
        "SELECT id FROM runs WHERE end_us > 0 AND id IS NOT NULL AND id NOT IN (SELECT run FROM traces)"
        " AND id NOT IN (SELECT run FROM replacements)"
        " AND (begin_us < ? OR id NOT IN (SELECT id FROM runs ORDER BY begin_us DESC LIMIT ?)"
        " OR id IN (SELECT id FROM (SELECT id, sum(n) OVER (ORDER BY begin_us DESC) - n AS newer"
        " FROM (SELECT id, begin_us, (SELECT count(*) FROM jobs WHERE run = id) AS n FROM runs))"
        " WHERE newer >= ?))",
        "iii", oldest_us, (gint64)KEEP_RUNS, (gint64)KEEP_JOBS);
    for (guint i = 0; is_good && i < names->len; i++) {
        const char *run_id = g_ptr_array_index(names, i);
        for (gsize k = 0; is_good && k < G_N_ELEMENTS(deletions); k++)
            is_good = ffarm_journal_do(journal, FFARM_COMMIT_SOON, error, deletions[k], "t", run_id);
        if (ffarm_journal_is_run_id(run_id))
            remove_logs(journal, run_id);
    }
    return is_good;
}

gboolean ffarm_journal_end_run(FfarmJournal *journal, const char *run_id, GError **error)
{
    if (!journal)
        return TRUE;
    g_autofree char *lock = ffarm_journal_run_lock(run_id);
    gboolean is_good = ffarm_journal_do(journal, FFARM_COMMIT_NOW, error, "UPDATE runs SET end_us = ? WHERE id = ?",
                                        "it", g_get_real_time(), run_id);
    ffarm_locks_give_back(ffarm_journal_peek_locks(journal), lock);
    return is_good && forget_old(journal, error);
}

gboolean ffarm_journal_note_replacement(FfarmJournal *journal, const char *run_id, guint item, const char *record,
                                        GError **error)
{
    if (!record)
        return ffarm_journal_do(journal, FFARM_COMMIT_NOW, error, "DELETE FROM replacements WHERE run = ? AND item = ?",
                                "ti", run_id, (gint64)item);
    return ffarm_journal_do(journal, FFARM_COMMIT_NOW, error, "INSERT OR REPLACE INTO replacements VALUES (?, ?, ?)",
                            "tib", run_id, (gint64)item, record);
}
