/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>

#include "journal.h"
#include "lock.h"

G_BEGIN_DECLS

/* journal_private.h — how the parts of the journal speak to its database. Only journal*.c include it.
 *
 * SQL is given as a literal, and prepared once. Values follow a format of one letter each: 't' text (const char *,
 * nullable; cut and made UTF-8), 'b' bytes that end in NUL (const char *, nullable), 'v' words (const char *const *,
 * nullable), 'i' number (gint64).
 *
 * Threads: safe; a transaction holds the journal until it is ended. */

/* TRUE: the disk has it when the transaction is committed. */
typedef enum { FFARM_COMMIT_SOON, FFARM_COMMIT_NOW } FfarmCommit;

gboolean ffarm_journal_begin(FfarmJournal *journal, FfarmCommit commit, GError **error);
/* Commits if @is_good, else takes all of it back; @is_good is what it returns unless committing fails. Ends what a
 * successful begin() began. */
gboolean ffarm_journal_end(FfarmJournal *journal, gboolean is_good, GError **error);

/* Within a transaction: executes a statement that gives no rows. */
gboolean ffarm_journal_execute(FfarmJournal *journal, GError **error, const char *sql, const char *format, ...);
/* A transaction of one statement. */
gboolean ffarm_journal_do(FfarmJournal *journal, FfarmCommit commit, GError **error, const char *sql,
                          const char *format, ...);

/* Called for each row. */
typedef void (*FfarmRowFunc)(sqlite3_stmt *row, gpointer user_data);
/* Outside of a transaction. */
gboolean ffarm_journal_query(FfarmJournal *journal, FfarmRowFunc on_row, gpointer user_data, GError **error,
                             const char *sql, const char *format, ...);

char *ffarm_row_bytes(sqlite3_stmt *row, int column) G_GNUC_WARN_UNUSED_RESULT;  /* text too; NULL for null */
char **ffarm_row_words(sqlite3_stmt *row, int column) G_GNUC_WARN_UNUSED_RESULT; /* NULL for null */

gint64 ffarm_journal_last_id(FfarmJournal *journal);
FfarmLocks *ffarm_journal_peek_locks(FfarmJournal *journal);
const char *ffarm_journal_peek_folder(FfarmJournal *journal);

/* TRUE if @machine is what this process runs on: its process numbers mean something here. */
gboolean ffarm_journal_is_here(const char *machine);

/* TRUE for what ffarm names runs: whatever else a journal holds leads to no file, and matches no process. */
gboolean ffarm_journal_is_run_id(const char *text);

/* The name under which a run holds the lock that says that it lives. */
char *ffarm_journal_run_lock(const char *run_id) G_GNUC_WARN_UNUSED_RESULT;

/* journal_schema.c: makes the tables, or brings older ones up to date. FALSE also for a form made by a newer ffarm. */
gboolean ffarm_journal_migrate(sqlite3 *db, const char *name, GError **error);

/* Sets @error from what @db says; @name: the journal's path as people read it. Returns FALSE. */
gboolean ffarm_journal_fail(sqlite3 *db, const char *name, GError **error);

/* journal_done.c: within a transaction, remembers that a job came to a good end. @source, @output:
 * paths, nullable. */
gboolean ffarm_journal_remember(FfarmJournal *journal, const char *run_id, guint item, FfarmJobState state,
                                const char *source, const char *output, GError **error);

G_END_DECLS
