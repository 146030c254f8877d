/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_private.h"

static gboolean is_remembered(FfarmJobState state)
{
    return state == FFARM_JOB_DONE || state == FFARM_JOB_KEPT || state == FFARM_JOB_BELOW_THRESHOLD;
}

/* So much of a file is looked at; a probe has just read it. */
#define HEAD_BYTES 65536

/* What tells films apart that have one size and time of change, as the parts of a copied DVD do: @fingerprint, and a
 * checksum of how the file @path begins where that can be read. */
static char *make_key(const char *fingerprint, const char *path)
{
    g_autofree char *head = g_malloc(HEAD_BYTES);
    int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    ssize_t length = fd >= 0 ? pread(fd, head, HEAD_BYTES, 0) : -1;
    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return g_strdup(fingerprint);
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)head, (gsize)length);
    return g_strdup_printf("%s %.16s", fingerprint, sum);
}

static gboolean remember_result(FfarmJournal *journal, const char *run_id, guint item, FfarmJobState state,
                                const char *output, GError **error)
{
    struct stat info;
    if (!output || state == FFARM_JOB_BELOW_THRESHOLD || stat(output, &info) != 0)
        return TRUE;
    g_autofree char *key = make_key("", output);
    gint64 mtime_ns = (gint64)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return ffarm_journal_execute(journal, error,
                                 "INSERT OR REPLACE INTO done SELECT ?, ?, fingerprint || ?, state, 1, changed_us"
                                 " FROM jobs WHERE run = ? AND item = ? AND fingerprint IS NOT NULL",
                                 "iitti", (gint64)info.st_size, mtime_ns, key, run_id, (gint64)item);
}

/* A source that was replaced is not remembered: who puts it back, from a backup say, wants it encoded anew. */
static gboolean is_replaced(FfarmJobState state, const char *source, const char *output)
{
    struct stat before, after;
    if (state != FFARM_JOB_DONE || !source || !output)
        return FALSE;
    return stat(source, &before) != 0 ||
           (stat(output, &after) == 0 && before.st_dev == after.st_dev && before.st_ino == after.st_ino);
}

static gboolean remember_source(FfarmJournal *journal, const char *run_id, guint item, const char *source,
                                GError **error)
{
    g_autofree char *key = make_key("", source);
    return ffarm_journal_execute(journal, error,
                                 "INSERT OR REPLACE INTO done SELECT source_size, mtime_ns, fingerprint || ?, state, 0,"
                                 " changed_us FROM jobs WHERE run = ? AND item = ? AND fingerprint IS NOT NULL",
                                 "tti", key, run_id, (gint64)item);
}

gboolean ffarm_journal_remember(FfarmJournal *journal, const char *run_id, guint item, FfarmJobState state,
                                const char *source, const char *output, GError **error)
{
    return !is_remembered(state) ||
           ((is_replaced(state, source, output) || remember_source(journal, run_id, item, source, error)) &&
            remember_result(journal, run_id, item, state, output, error));
}

typedef struct {
    gboolean is_found, is_result;
    FfarmJobState state;
    gint64 when_us;
} Memory;

static void take_memory(sqlite3_stmt *row, gpointer user_data)
{
    Memory *memory = user_data;
    memory->is_found = TRUE;
    memory->state = (FfarmJobState)sqlite3_column_int64(row, 0);
    memory->is_result = sqlite3_column_int64(row, 1) != 0;
    memory->when_us = sqlite3_column_int64(row, 2);
}

static const char *say_what(const Memory *memory)
{
    if (memory->is_result)
        return "is itself a result of this profile, made";
    if (memory->state == FFARM_JOB_BELOW_THRESHOLD)
        return "was below the threshold";
    return memory->state == FFARM_JOB_KEPT ? "was encoded and kept" : "was encoded";
}

char *ffarm_journal_recall(FfarmJournal *journal, const char *path, gint64 size_bytes, gint64 mtime_ns,
                           const char *fingerprint)
{
    if (!journal)
        return NULL;
    /* What could not be read when it was remembered, or by an ffarm that did not look, goes by the rest. */
    g_autofree char *key = make_key(fingerprint, path);
    Memory memory = {0};
    g_autoptr(GError) error = NULL;
    if (!ffarm_journal_query(journal, take_memory, &memory, &error,
                             "SELECT state, is_result, when_us FROM done"
                             " WHERE size = ? AND mtime_ns = ? AND fingerprint IN (?, ?)",
                             "iitt", size_bytes, mtime_ns, key, fingerprint))
        g_debug("%s", error->message);
    if (!memory.is_found)
        return NULL;
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(memory.when_us / G_USEC_PER_SEC);
    g_autofree char *day = when ? g_date_time_format(when, "%Y-%m-%d") : NULL;
    return g_strdup_printf("%s on %s", say_what(&memory), day ? day : "a day unknown");
}
