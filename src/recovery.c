/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recovery.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leftovers.h"
#include "recovery_hosts.h"
#include "replace.h"
#include "ssh_folder.h"

#define HOSTS_MS 20000

typedef struct {
    FfarmJournal *journal;
    const FfarmSettings *settings;
    FfarmLeftovers *left;
    FfarmRecoveryFunc on_message;
    gpointer user_data;
    guint n_removed; /* temporary files and folders */
} Recovery;

static void say(const Recovery *recovery, gboolean is_warning, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void say(const Recovery *recovery, gboolean is_warning, const char *format, ...)
{
    if (!recovery->on_message)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    recovery->on_message(text, is_warning, recovery->user_data);
}

/* --- replacements --- */

/* What stays of @replacement's attempt must not be taken for a mere temporary. */
static void keep_traces(const Recovery *recovery, const FfarmLeftReplacement *replacement)
{
    for (guint i = 0; i < recovery->left->traces->len; i++) {
        FfarmLeftTrace *trace = g_ptr_array_index(recovery->left->traces, i);
        if (strcmp(trace->run_id, replacement->run_id) == 0 && trace->item == replacement->item)
            trace->is_kept = TRUE;
    }
}

static gboolean settle_finished(const Recovery *recovery, const FfarmLeftReplacement *replacement,
                                const FfarmReplaceRecord *record, GError **error)
{
    gboolean is_kept = record->kind == FFARM_REPLACE_KEEP && g_str_has_suffix(record->destination, ".tmp");
    g_autofree char *name = g_filename_display_name(record->source);
    say(recovery, FALSE, "%s: was being replaced when run %s was broken off; that is finished now", name,
        replacement->run_id);
    return ffarm_leftovers_settle(recovery->journal, replacement, is_kept ? FFARM_JOB_KEPT : FFARM_JOB_DONE,
                                  record->destination, NULL, TRUE, error);
}

static gboolean settle_undone(const Recovery *recovery, const FfarmLeftReplacement *replacement,
                              const FfarmReplaceRecord *record, GError **error)
{
    g_autofree char *name = g_filename_display_name(record->source);
    say(recovery, FALSE, "%s: was about to be replaced when run %s was broken off; it is as it was", name,
        replacement->run_id);
    return ffarm_leftovers_settle(recovery->journal, replacement, FFARM_JOB_QUEUED, NULL, NULL, TRUE, error);
}

static gboolean settle_unclear(const Recovery *recovery, const FfarmLeftReplacement *replacement, const char *reason,
                               GError **error)
{
    keep_traces(recovery, replacement);
    say(recovery, TRUE, "%s", reason);
    return ffarm_leftovers_settle(recovery->journal, replacement, FFARM_JOB_FAILED, NULL, reason, FALSE, error);
}

typedef struct {
    FfarmJournal *journal;
    const FfarmLeftReplacement *replacement;
} Mending;

static gboolean on_step(const FfarmReplaceRecord *record, gpointer user_data, GError **error)
{
    const Mending *mending = user_data;
    g_autofree char *text = ffarm_replace_record_format(record);
    return ffarm_journal_note_replacement(mending->journal, mending->replacement->run_id, mending->replacement->item,
                                          text, error);
}

static gboolean mend_locked(const Recovery *recovery, const FfarmLeftReplacement *replacement,
                            const FfarmReplaceRecord *record, GError **error)
{
    g_autoptr(GError) inner = NULL;
    Mending mending = {recovery->journal, replacement};
    switch (ffarm_replace_recover(record, on_step, &mending, &inner)) {
    case FFARM_REPLACE_RECOVERED_FINISHED:
        return settle_finished(recovery, replacement, record, error);
    case FFARM_REPLACE_RECOVERED_UNDONE:
        return settle_undone(recovery, replacement, record, error);
    default:
        return settle_unclear(recovery, replacement, inner->message, error);
    }
}

static gboolean mend(const Recovery *recovery, const FfarmLeftReplacement *replacement, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(FfarmReplaceRecord) record = ffarm_replace_record_parse(replacement->record, &inner);
    if (!record || !ffarm_replace_record_is_believable(record)) {
        const char *problem = inner ? inner->message : "its names are not ffarm's";
        g_autofree char *name = g_filename_display_name(replacement->path ? replacement->path : replacement->run_id);
        g_autofree char *reason = g_strdup_printf("%s: how far its replacement came can't be read: %s", name, problem);
        return settle_unclear(recovery, replacement, reason, error);
    }
    const FfarmFileIdentity *source = &record->source_id;
    if (!ffarm_journal_lock_file(recovery->journal, source->device, source->inode)) {
        keep_traces(recovery, replacement);
        return TRUE;
    }
    gboolean is_good = mend_locked(recovery, replacement, record, error);
    ffarm_journal_unlock_file(recovery->journal, source->device, source->inode);
    return is_good;
}

static gboolean mend_replacements(const Recovery *recovery, GCancellable *cancellable, GError **error)
{
    for (guint i = 0; i < recovery->left->replacements->len; i++)
        if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
            !mend(recovery, g_ptr_array_index(recovery->left->replacements, i), error))
            return FALSE;
    return TRUE;
}

/* --- temporaries --- */

/* TRUE if @info may be removed under the name @path: a plain file that bears the attempt's name, and never what could
 * be the film itself. */
static gboolean is_temporary(const FfarmLeftTrace *trace, const struct stat *info)
{
    g_autofree char *name = g_path_get_basename(trace->here);
    gint64 mtime_ns = (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    gboolean is_source = info->st_size == trace->source_size && mtime_ns == trace->source_mtime_ns;
    return S_ISREG(info->st_mode) && ffarm_placement_is_temporary(name) &&
           ffarm_left_trace_is_ours(trace, trace->here) && !is_source;
}

static void remove_here(Recovery *recovery, FfarmLeftTrace *trace)
{
    struct stat info;
    if (!trace->here || trace->is_kept)
        return;
    g_autofree char *name = g_filename_display_name(trace->here);
    if (lstat(trace->here, &info) != 0) {
        /* Where the folder is gone too, its disk may only be away. */
        g_autofree char *folder = g_path_get_dirname(trace->here);
        if (errno == ENOENT && lstat(folder, &info) == 0)
            trace->gone |= FFARM_TRACE_HERE;
    } else if (!is_temporary(trace, &info)) {
        say(recovery, TRUE, "%s: is not what an earlier run left there, so it is not removed", name);
        trace->gone |= FFARM_TRACE_HERE;
    } else if (unlink(trace->here) == 0) {
        recovery->n_removed++;
        trace->gone |= FFARM_TRACE_HERE;
    } else {
        say(recovery, TRUE, "%s: was left by an earlier run and can't be removed: %s", name, g_strerror(errno));
    }
}

static gboolean strike(Recovery *recovery, GError **error)
{
    for (guint i = 0; i < recovery->left->traces->len; i++) {
        const FfarmLeftTrace *trace = g_ptr_array_index(recovery->left->traces, i);
        guint absent = trace->there || !(trace->gone & FFARM_TRACE_THERE) ? 0 : FFARM_TRACE_THERE;
        recovery->n_removed += trace->there && trace->is_folder && (trace->gone & FFARM_TRACE_THERE);
        if (!ffarm_journal_strike_trace(recovery->journal, trace->id, trace->gone | absent, error))
            return FALSE;
    }
    return TRUE;
}

/* What no ffarm noted is struck, and nothing is done by it. */
static GPtrArray *set_apart_believable(const Recovery *recovery)
{
    GPtrArray *believable = g_ptr_array_new();
    for (guint i = 0; i < recovery->left->traces->len; i++) {
        FfarmLeftTrace *trace = g_ptr_array_index(recovery->left->traces, i);
        if (ffarm_left_trace_is_believable(trace)) {
            g_ptr_array_add(believable, trace);
            continue;
        }
        g_clear_pointer(&trace->there, g_free);
        trace->gone = FFARM_TRACE_HERE | FFARM_TRACE_THERE;
        say(recovery, TRUE, "journal: a note of what an earlier run left is damaged, so nothing is removed by it");
    }
    return believable;
}

/* Encodes first: one that still runs could make its file anew. */
static gboolean clear_traces(Recovery *recovery, GCancellable *cancellable, GError **error)
{
    if (recovery->left->traces->len == 0)
        return TRUE;
    g_autoptr(GPtrArray) traces = set_apart_believable(recovery);
    g_autoptr(GPtrArray) complaints = ffarm_recovery_clean_hosts(traces, recovery->settings, HOSTS_MS, cancellable);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    for (guint i = 0; i < complaints->len; i++)
        say(recovery, TRUE, "%s", (const char *)g_ptr_array_index(complaints, i));
    for (guint i = 0; i < traces->len; i++)
        remove_here(recovery, g_ptr_array_index(traces, i));
    return strike(recovery, error);
}

static gboolean recover(Recovery *recovery, GCancellable *cancellable, GError **error)
{
    if (!mend_replacements(recovery, cancellable, error) || !clear_traces(recovery, cancellable, error))
        return FALSE;
    if (recovery->n_removed > 0)
        say(recovery, FALSE, "%u temporary file%s of earlier runs %s removed", recovery->n_removed,
            recovery->n_removed == 1 ? "" : "s", recovery->n_removed == 1 ? "was" : "were");
    return TRUE;
}

gboolean ffarm_recovery_run(FfarmJournal *journal, const FfarmSettings *settings, FfarmRecoveryFunc on_message,
                            gpointer user_data, GCancellable *cancellable, GError **error)
{
    ssh_folder_sweep();
    if (!journal)
        return TRUE;
    g_autoptr(FfarmLeftovers) left = ffarm_leftovers_claim(journal, error);
    if (!left)
        return FALSE;
    Recovery recovery = {journal, settings, left, on_message, user_data, 0};
    gboolean is_done = recover(&recovery, cancellable, error);
    return ffarm_leftovers_release(left, journal, is_done, is_done ? error : NULL) && is_done;
}
