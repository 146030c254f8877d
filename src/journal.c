/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "file_names.h"
#include "journal_private.h"

#define FILE_NAME "journal.db"
#define LOCK_NAME "locks"
#define OPEN_LOCK "open" /* held while the form is looked at, changed, or a damaged file moved */
/* Another process may be writing; none takes long. */
#define BUSY_MS 20000
/* Messages may quote what hosts said. */
#define MAX_TEXT 4096

struct FfarmJournal {
    char *folder;
    char *path;
    char *name; /* of the path, as people read it */
    sqlite3 *db;
    FfarmLocks *locks;
    GMutex mutex;
    GHashTable *statements; /* SQL (a literal) -> sqlite3_stmt */
    FfarmCommit commit;     /* what the connection is set to */
};

gboolean ffarm_journal_fail(sqlite3 *db, const char *name, GError **error)
{
    int code = sqlite3_errcode(db) & 0xff;
    if (code == SQLITE_FULL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%s: the journal can't be written: the disk is full", name);
    else
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: the journal can't be used: %s", name,
                    sqlite3_errmsg(db));
    return FALSE;
}

/* --- statements --- */

static void finalize(gpointer statement)
{
    sqlite3_finalize(statement);
}

static sqlite3_stmt *prepare(FfarmJournal *journal, const char *sql, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(journal->statements, sql);
    if (statement)
        return statement;
    if (sqlite3_prepare_v3(journal->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
        ffarm_journal_fail(journal->db, journal->name, error);
        return NULL;
    }
    g_hash_table_insert(journal->statements, (gpointer)sql, statement);
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    if (!text) {
        sqlite3_bind_null(statement, column);
        return;
    }
    g_autofree char *cut = g_strndup(text, MAX_TEXT);
    char *valid = g_utf8_make_valid(cut, -1);
    sqlite3_bind_text(statement, column, valid, -1, g_free);
}

static void bind_words(sqlite3_stmt *statement, int column, const char *const *words)
{
    if (!words) {
        sqlite3_bind_null(statement, column);
        return;
    }
    g_autoptr(GString) all = g_string_new(NULL);
    for (; *words; words++)
        g_string_append_len(all, *words, (gssize)strlen(*words) + 1);
    sqlite3_bind_blob64(statement, column, all->str, all->len, SQLITE_TRANSIENT);
}

static void bind_values(sqlite3_stmt *statement, const char *format, va_list values)
{
    for (int column = 1; *format; format++, column++) {
        if (*format == 'i') {
            sqlite3_bind_int64(statement, column, va_arg(values, gint64));
        } else if (*format == 't') {
            bind_text(statement, column, va_arg(values, const char *));
        } else if (*format == 'v') {
            bind_words(statement, column, va_arg(values, const char *const *));
        } else {
            const char *bytes = va_arg(values, const char *);
            sqlite3_bind_blob64(statement, column, bytes, bytes ? strlen(bytes) : 0, SQLITE_TRANSIENT);
        }
    }
}

static gboolean step_all(FfarmJournal *journal, sqlite3_stmt *statement, FfarmRowFunc on_row, gpointer user_data,
                         GError **error)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        if (on_row)
            on_row(statement, user_data);
    gboolean is_good = code == SQLITE_DONE || ffarm_journal_fail(journal->db, journal->name, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return is_good;
}

static gboolean execute(FfarmJournal *journal, GError **error, const char *sql, const char *format, va_list values)
{
    sqlite3_stmt *statement = prepare(journal, sql, error);
    if (!statement)
        return FALSE;
    bind_values(statement, format, values);
    return step_all(journal, statement, NULL, NULL, error);
}

gboolean ffarm_journal_execute(FfarmJournal *journal, GError **error, const char *sql, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    gboolean is_good = execute(journal, error, sql, format, values);
    va_end(values);
    return is_good;
}

/* --- transactions --- */

/* A commit that need not last costs no wait for the disk; the next one that must carries it along. */
static gboolean set_commit(FfarmJournal *journal, FfarmCommit commit, GError **error)
{
    if (journal->commit == commit)
        return TRUE;
    const char *sql = commit == FFARM_COMMIT_NOW ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    if (sqlite3_exec(journal->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return ffarm_journal_fail(journal->db, journal->name, error);
    journal->commit = commit;
    return TRUE;
}

gboolean ffarm_journal_begin(FfarmJournal *journal, FfarmCommit commit, GError **error)
{
    g_mutex_lock(&journal->mutex);
    if (set_commit(journal, commit, error) && ffarm_journal_execute(journal, error, "BEGIN IMMEDIATE", ""))
        return TRUE;
    g_mutex_unlock(&journal->mutex);
    return FALSE;
}

gboolean ffarm_journal_end(FfarmJournal *journal, gboolean is_good, GError **error)
{
    gboolean is_done = is_good && ffarm_journal_execute(journal, error, "COMMIT", "");
    /* Some errors have taken it back already. */
    if (!is_done && !sqlite3_get_autocommit(journal->db))
        sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
    g_mutex_unlock(&journal->mutex);
    return is_done;
}

gboolean ffarm_journal_do(FfarmJournal *journal, FfarmCommit commit, GError **error, const char *sql,
                          const char *format, ...)
{
    if (!journal)
        return TRUE;
    if (!ffarm_journal_begin(journal, commit, error))
        return FALSE;
    va_list values;
    va_start(values, format);
    gboolean is_good = execute(journal, error, sql, format, values);
    va_end(values);
    return ffarm_journal_end(journal, is_good, error);
}

gboolean ffarm_journal_query(FfarmJournal *journal, FfarmRowFunc on_row, gpointer user_data, GError **error,
                             const char *sql, const char *format, ...)
{
    if (!journal)
        return TRUE;
    g_mutex_lock(&journal->mutex);
    sqlite3_stmt *statement = prepare(journal, sql, error);
    gboolean is_good = statement != NULL;
    if (is_good) {
        va_list values;
        va_start(values, format);
        bind_values(statement, format, values);
        va_end(values);
        is_good = step_all(journal, statement, on_row, user_data, error);
    }
    g_mutex_unlock(&journal->mutex);
    return is_good;
}

char *ffarm_row_bytes(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return NULL;
    const char *bytes = sqlite3_column_blob(row, column);
    return g_strndup(bytes ? bytes : "", (gsize)sqlite3_column_bytes(row, column));
}

char **ffarm_row_words(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return NULL;
    GPtrArray *words = g_ptr_array_new();
    const char *bytes = sqlite3_column_blob(row, column);
    gsize length = (gsize)sqlite3_column_bytes(row, column);
    while (length > 0) {
        gsize word = strnlen(bytes, length);
        g_ptr_array_add(words, g_strndup(bytes, word));
        word += word < length;
        bytes += word;
        length -= word;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

gint64 ffarm_journal_last_id(FfarmJournal *journal)
{
    return sqlite3_last_insert_rowid(journal->db);
}

FfarmLocks *ffarm_journal_peek_locks(FfarmJournal *journal)
{
    return journal->locks;
}

const char *ffarm_journal_peek_folder(FfarmJournal *journal)
{
    return journal->folder;
}

/* --- opening --- */

static gboolean fail_errno(const FfarmJournal *journal, const char *what, GError **error)
{
    int code = errno;
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(code), "%s: %s: %s", journal->name, what,
                g_strerror(code));
    return FALSE;
}

/* The names of films are their owner's business, whatever the umask says. A file that is there is not opened here:
 * closing it would give away the locks that this process may have on it by another journal. */
static gboolean make_files(FfarmJournal *journal, GError **error)
{
    if ((errno = ffarm_folder_make(journal->folder, 0700)) != 0)
        return fail_errno(journal, "the folder can't be made", error);
    int fd = open(journal->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail_errno(journal, "the journal can't be made", error);
    if (fd >= 0)
        close(fd);
    g_autofree char *lock_path = g_build_filename(journal->folder, LOCK_NAME, NULL);
    journal->locks = ffarm_locks_open(lock_path, error);
    return journal->locks != NULL;
}

static int take_first(void *answer, int n_columns, char **values, char **names)
{
    *(char **)answer = g_strdup(n_columns > 0 && values[0] ? values[0] : "");
    return 1;
}

/* What a page can't be read for is told as if it were damage: "... unable to get the page. error code=266". */
static int find_page_error(const char *answer)
{
    const char *mark = strstr(answer, "error code=");
    return mark ? (int)g_ascii_strtoll(mark + strlen("error code="), NULL, 10) & 0xff : SQLITE_OK;
}

static gboolean is_damage(int code)
{
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* Looks through all of @db. A disk that fails, or no memory, is no damage. Returns: SQLITE_OK if it is sound. */
static int check_database(sqlite3 *db)
{
    g_autofree char *answer = NULL;
    int code = sqlite3_exec(db, "PRAGMA quick_check(1)", take_first, &answer, NULL) & 0xff;
    if (!answer)
        return code == SQLITE_OK ? SQLITE_CORRUPT : code;
    if (strcmp(answer, "ok") == 0)
        return SQLITE_OK;
    code = find_page_error(answer);
    return code == SQLITE_OK ? SQLITE_CORRUPT : code;
}

/* Returns: the open database; NULL with @error, and *@is_damaged when that is why. */
static sqlite3 *open_database(const FfarmJournal *journal, gboolean *is_damaged, GError **error)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    *is_damaged = FALSE;
    gboolean is_open =
        sqlite3_open_v2(journal->path, &db, flags, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK;
    int code = is_open ? check_database(db) : sqlite3_errcode(db) & 0xff;
    *is_damaged = is_damage(code);
    if (code == SQLITE_OK && ffarm_journal_migrate(db, journal->name, error))
        return db;
    if (!is_open)
        ffarm_journal_fail(db, journal->name, error);
    else if (code != SQLITE_OK)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: the journal can't be used: %s", journal->name,
                    sqlite3_errstr(code));
    sqlite3_close(db);
    return NULL;
}

/* What is in it may still be of use to a person. */
static gboolean move_aside(const FfarmJournal *journal, char **notice, GError **error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *stamp = g_date_time_format(now, "%Y%m%d-%H%M%S-%f");
    g_autofree char *aside = g_strdup_printf("%s.damaged-%s", journal->path, stamp);
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *from = g_strconcat(journal->path, suffixes[i], NULL);
        g_autofree char *to = g_strconcat(aside, suffixes[i], NULL);
        if (rename(from, to) != 0 && errno != ENOENT)
            return fail_errno(journal, "the damaged journal can't be moved aside", error);
    }
    if (notice) {
        g_autofree char *name = g_filename_display_name(aside);
        *notice = g_strdup_printf("%s: the journal was damaged, so a new one is begun; the old one is %s",
                                  journal->name, name);
    }
    return TRUE;
}

static gboolean open_all(FfarmJournal *journal, char **notice, GError **error)
{
    gboolean is_damaged = FALSE;
    if (!make_files(journal, error))
        return FALSE;
    ffarm_locks_wait(journal->locks, OPEN_LOCK);
    g_autoptr(GError) inner = NULL;
    journal->db = open_database(journal, &is_damaged, &inner);
    if (is_damaged) {
        g_clear_error(&inner);
        if (move_aside(journal, notice, &inner))
            journal->db = open_database(journal, &is_damaged, &inner);
    }
    ffarm_locks_give_back(journal->locks, OPEN_LOCK);
    if (inner)
        g_propagate_error(error, g_steal_pointer(&inner));
    return journal->db != NULL;
}

static char *find_folder(const char *folder)
{
    return folder ? g_strdup(folder) : g_build_filename(g_get_user_state_dir(), "ffarm", NULL);
}

gboolean ffarm_journal_exists(const char *folder)
{
    g_autofree char *found = find_folder(folder);
    g_autofree char *path = g_build_filename(found, FILE_NAME, NULL);
    struct stat info;
    return stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

FfarmJournal *ffarm_journal_open(const char *folder, char **notice, GError **error)
{
    g_autoptr(FfarmJournal) journal = g_new0(FfarmJournal, 1);
    g_mutex_init(&journal->mutex);
    journal->statements = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, finalize);
    journal->folder = find_folder(folder);
    journal->path = g_build_filename(journal->folder, FILE_NAME, NULL);
    journal->name = g_filename_display_name(journal->path);
    journal->commit = FFARM_COMMIT_NOW;
    if (notice)
        *notice = NULL;
    return open_all(journal, notice, error) ? g_steal_pointer(&journal) : NULL;
}

void ffarm_journal_free(FfarmJournal *journal)
{
    if (!journal)
        return;
    g_hash_table_unref(journal->statements);
    sqlite3_close(journal->db);
    ffarm_locks_free(journal->locks);
    g_mutex_clear(&journal->mutex);
    g_free(journal->folder);
    g_free(journal->path);
    g_free(journal->name);
    g_free(journal);
}

gboolean ffarm_journal_is_run_id(const char *text)
{
    return text && *text && text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz")] == '\0';
}

/* --- locks --- */

static char *name_file(guint64 device, guint64 inode)
{
    return g_strdup_printf("file %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, device, inode);
}

char *ffarm_journal_run_lock(const char *run_id)
{
    return g_strconcat("run ", run_id, NULL);
}

gboolean ffarm_journal_lock_file(FfarmJournal *journal, guint64 device, guint64 inode)
{
    g_autofree char *name = name_file(device, inode);
    return !journal || ffarm_locks_take(journal->locks, name);
}

void ffarm_journal_unlock_file(FfarmJournal *journal, guint64 device, guint64 inode)
{
    g_autofree char *name = name_file(device, inode);
    if (journal)
        ffarm_locks_give_back(journal->locks, name);
}

gboolean ffarm_journal_lock_path(FfarmJournal *journal, const char *path)
{
    g_autofree char *name = g_strconcat("path ", path, NULL);
    return !journal || ffarm_locks_take(journal->locks, name);
}

void ffarm_journal_unlock_path(FfarmJournal *journal, const char *path)
{
    g_autofree char *name = g_strconcat("path ", path, NULL);
    if (journal)
        ffarm_locks_give_back(journal->locks, name);
}
