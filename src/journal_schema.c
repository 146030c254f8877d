/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal_private.h"

/* Names of files are bytes. A run's words and paths are what its process was given. */
static const char version_1[] =
    "CREATE TABLE runs (id TEXT PRIMARY KEY, begin_us INTEGER NOT NULL, end_us INTEGER NOT NULL DEFAULT 0,"
    " pid INTEGER NOT NULL, machine TEXT NOT NULL, argv BLOB, directory BLOB, config BLOB);"
    "CREATE TABLE jobs (run TEXT NOT NULL REFERENCES runs (id), item INTEGER NOT NULL, path BLOB NOT NULL,"
    " relative BLOB, cluster TEXT, given_profile TEXT, mixins BLOB, list BLOB, list_name BLOB,"
    " source_size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, state INTEGER NOT NULL, successor TEXT,"
    " attempts INTEGER NOT NULL DEFAULT 0, profile TEXT, fingerprint TEXT, host TEXT, engine TEXT, output BLOB,"
    " output_size INTEGER NOT NULL DEFAULT 0, elapsed_us INTEGER NOT NULL DEFAULT 0, reason TEXT, log BLOB,"
    " changed_us INTEGER NOT NULL, PRIMARY KEY (run, item)) WITHOUT ROWID;"
    "CREATE TABLE traces (id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, item INTEGER NOT NULL,"
    " attempt TEXT NOT NULL, cluster TEXT, host TEXT NOT NULL, here BLOB, there BLOB, is_folder INTEGER NOT NULL);"
    "CREATE TABLE replacements (run TEXT NOT NULL, item INTEGER NOT NULL, record BLOB NOT NULL,"
    " PRIMARY KEY (run, item)) WITHOUT ROWID;"
    "CREATE TABLE done (size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, fingerprint TEXT NOT NULL,"
    " state INTEGER NOT NULL, is_result INTEGER NOT NULL, when_us INTEGER NOT NULL,"
    " PRIMARY KEY (size, mtime_ns, fingerprint)) WITHOUT ROWID;";

/* What hosts were found to do. @machine: which host and with what ffmpeg, driver and kernel, as a text; what was found
 * counts as long as that is the same. */
static const char version_2[] =
    "CREATE TABLE encoders (machine TEXT NOT NULL, engine TEXT NOT NULL, device TEXT NOT NULL, codec TEXT NOT NULL,"
    " depth INTEGER NOT NULL, class TEXT NOT NULL, words TEXT, command TEXT, driver TEXT, elapsed_us INTEGER NOT NULL,"
    " proved_us INTEGER NOT NULL, PRIMARY KEY (machine, engine, device, codec, depth)) WITHOUT ROWID;"
    "CREATE TABLE decoders (machine TEXT NOT NULL, engine TEXT NOT NULL, device TEXT NOT NULL, codec TEXT NOT NULL,"
    " profile TEXT NOT NULL, pix_fmt TEXT NOT NULL, class TEXT NOT NULL, words TEXT, proved_us INTEGER NOT NULL,"
    " PRIMARY KEY (machine, engine, device, codec, profile, pix_fmt)) WITHOUT ROWID;"
    "CREATE TABLE speeds (cluster TEXT NOT NULL, host TEXT NOT NULL, engine TEXT NOT NULL, decoder TEXT NOT NULL,"
    " codec TEXT NOT NULL, height INTEGER NOT NULL, fps REAL NOT NULL, runs INTEGER NOT NULL,"
    " measured_us INTEGER NOT NULL, PRIMARY KEY (cluster, host, engine, decoder, codec, height)) WITHOUT ROWID;";

/* What leads from each form to the next. */
static const char *const steps[] = {version_1, version_2};

static int take_number(void *number, int n_columns, char **values, char **names)
{
    *(gint64 *)number = values[0] ? g_ascii_strtoll(values[0], NULL, 10) : 0;
    return 0;
}

static gboolean climb(sqlite3 *db, gint64 version)
{
    for (; version < (gint64)G_N_ELEMENTS(steps); version++) {
        g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d", (int)version + 1);
        if (sqlite3_exec(db, steps[version], NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, mark, NULL, NULL, NULL) != SQLITE_OK)
            return FALSE;
    }
    return TRUE;
}

gboolean ffarm_journal_migrate(sqlite3 *db, const char *name, GError **error)
{
    gint64 version = 0;
    if (sqlite3_exec(db, "PRAGMA user_version", take_number, &version, NULL) != SQLITE_OK)
        return ffarm_journal_fail(db, name, error);
    if (version > (gint64)G_N_ELEMENTS(steps)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s: the journal was made by a newer ffarm (form %d, this one knows %d): use that one", name,
                    (int)version, (int)G_N_ELEMENTS(steps));
        return FALSE;
    }
    if (version == (gint64)G_N_ELEMENTS(steps))
        return TRUE;
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK && climb(db, version) &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    ffarm_journal_fail(db, name, error);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}
