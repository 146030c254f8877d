/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_journal.c — any journal in front of a folder of films: written by calls in any order, or by anybody else.
 *
 * What begins with "SQLite" is a database. Otherwise each line is an operation: a letter, and fields behind tabs. A
 * field that is a number is one, "-" is null, "^..." bytes, anything else text; media_scene.h says what @ stands for.
 * Rows, written past the journal: r run, j job, t trace, p replacement, d file that was done.
 * Calls: b begin a run, n note a job, a add a trace, s strike it, q note a replacement, e end a run; l another process
 * holds a run, v recover. Then everything that the next start does is done, twice. */
#include "media_scene.h"

#include <json-glib/json-glib.h>
#include <sqlite3.h>
#include <string.h>

#include <glib/gstdio.h>

#include "journal_private.h"
#include "recovery.h"
#include "report_json.h"
#include "runner.h"
#include "scratch.h"

#define MOST_FIELDS 12
#define MOST_LINES 64

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static struct {
    MediaScene *scene;
    char *folder; /* of the journal */
    FfarmSettings *settings;
    FfarmJournal *journal;
    sqlite3 *db; /* the same, past the journal */
} world;

/* --- hosts: nothing is done there, but it must be something of ours that would be --- */

gboolean __wrap_ffarm_runner_open(FfarmRunner *runner, guint timeout_ms, GCancellable *cancellable, GError **error);
gboolean __wrap_ffarm_runner_open(FfarmRunner *runner, guint timeout_ms, GCancellable *cancellable, GError **error)
{
    return TRUE;
}

gboolean __wrap_ffarm_runner_ask(FfarmRunner *runner, const char *const *argv, guint timeout_ms, gsize max_bytes,
                                 char **output, char **errors, int *exit_status, GCancellable *cancellable,
                                 GError **error);
gboolean __wrap_ffarm_runner_ask(FfarmRunner *runner, const char *const *argv, guint timeout_ms, gsize max_bytes,
                                 char **output, char **errors, int *exit_status, GCancellable *cancellable,
                                 GError **error)
{
    const char *pattern = argv[4];
    g_assert_true(g_str_has_prefix(pattern, "[f]farm-") && g_str_has_suffix(pattern, "-"));
    gsize length = strspn(pattern + 8, "0123456789abcdefghijklmnopqrstuvwxyz");
    g_assert_true(length > 0 && pattern[8 + length] == '-' && !pattern[9 + length]);
    *exit_status = 0;
    return TRUE;
}

static gboolean remove_there(const char *path)
{
    const char *name = path;
    for (const char *c = path; *c; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    g_assert_true(g_str_has_prefix(name, "ffarm-") || g_str_has_prefix(name, ".ffarm-"));
    g_assert_cmpuint(strlen(name), >=, strlen("ffarm-") + 8);
    return TRUE;
}

gboolean __wrap_ffarm_runner_remove(FfarmRunner *runner, const char *path, GCancellable *cancellable, GError **error);
gboolean __wrap_ffarm_runner_remove(FfarmRunner *runner, const char *path, GCancellable *cancellable, GError **error)
{
    return remove_there(path);
}

gboolean __wrap_ffarm_runner_remove_dir(FfarmRunner *runner, const char *path, GCancellable *cancellable,
                                        GError **error);
gboolean __wrap_ffarm_runner_remove_dir(FfarmRunner *runner, const char *path, GCancellable *cancellable,
                                        GError **error)
{
    return remove_there(path);
}

void __wrap_ssh_folder_sweep(void);
void __wrap_ssh_folder_sweep(void) {}

/* --- the world --- */

static const char configuration[] = "config: {clusters: {c: {me: {type: local}, s: {type: streaming, ip: 192.0.2.1, "
                                    "user: u, working_dir: /tmp}}}}\n";

static void make_world(void)
{
    if (world.scene)
        return;
    world.scene = media_scene_new();
    media_scene_reset(world.scene);
    g_autofree char *root = g_path_get_dirname(media_scene_folder(world.scene));
    g_autofree char *config = scratch_write(root, "config.yml", configuration, -1);
    g_autofree char *path = g_build_filename(root, "journal", "journal.db", NULL);
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    world.settings = ffarm_settings_load(config, FALSE, diagnostics);
    g_assert_nonnull(world.settings);
    world.folder = g_path_get_dirname(path);
    g_autofree char *logs = g_build_filename(world.folder, "logs", NULL);
    world.journal = ffarm_journal_open(world.folder, NULL, NULL);
    g_assert_nonnull(world.journal);
    g_assert_cmpint(g_mkdir(logs, 0700), ==, 0);
    g_assert_cmpint(sqlite3_open(path, &world.db), ==, SQLITE_OK);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
}

static void empty_world(void)
{
    g_assert_cmpint(sqlite3_exec(world.db,
                                 "BEGIN; DELETE FROM runs; DELETE FROM jobs; DELETE FROM traces;"
                                 " DELETE FROM replacements; DELETE FROM done; COMMIT",
                                 NULL, NULL, NULL),
                    ==, SQLITE_OK);
    media_scene_reset(world.scene);
}

/* --- fields --- */

typedef struct {
    char *bytes;
    gsize length;
} Field;

static const char *text_of(const Field *field)
{
    return field->bytes && strcmp(field->bytes, "-") != 0 ? field->bytes : NULL;
}

static gint64 number_of(const Field *field)
{
    return field->bytes ? g_ascii_strtoll(field->bytes, NULL, 0) : 0;
}

static void bind(sqlite3_stmt *statement, int column, const Field *field)
{
    gint64 number;
    if (!text_of(field))
        sqlite3_bind_null(statement, column);
    else if (g_ascii_string_to_signed(field->bytes, 10, G_MININT64, G_MAXINT64, &number, NULL))
        sqlite3_bind_int64(statement, column, number);
    else if (field->bytes[0] == '^')
        sqlite3_bind_blob64(statement, column, field->bytes + 1, field->length - 1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_text64(statement, column, field->bytes, field->length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* A row that the tables refuse is none. */
static void insert(const char *sql, const Field *fields)
{
    sqlite3_stmt *statement = NULL;
    g_assert_cmpint(sqlite3_prepare_v2(world.db, sql, -1, &statement, NULL), ==, SQLITE_OK);
    for (int i = 0; i < sqlite3_bind_parameter_count(statement); i++)
        bind(statement, i + 1, &fields[i]);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
}

/* --- calls --- */

static FfarmPlanItem *item_new(guint id, const Field *path)
{
    FfarmPlanItem *item = g_new0(FfarmPlanItem, 1);
    item->id = id;
    item->input = ffarm_input_new(text_of(path) ? text_of(path) : "/a.mkv", "c", NULL, NULL);
    item->media = ffarm_media_new(item->input->path);
    return item;
}

static void item_free(gpointer data)
{
    FfarmPlanItem *item = data;
    ffarm_input_free(item->input);
    ffarm_media_free(item->media);
    g_free(item);
}

/* run predecessor path path ... */
static void begin_run(const Field *fields)
{
    g_autofree char *run_id = g_strdup(text_of(&fields[0]) ? text_of(&fields[0]) : "");
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);
    for (guint i = 2; i < MOST_FIELDS && fields[i].bytes; i++)
        g_ptr_array_add(items, item_new(i - 2, &fields[i]));
    const FfarmPlan plan = {.run_id = run_id, .items = items};
    const char *argv[] = {"ffarm", "-k", run_id, NULL};
    FfarmRunOrigin origin = {argv, "/", NULL};
    g_autofree char *lock = ffarm_journal_run_lock(run_id);
    ffarm_journal_begin_run(world.journal, &plan, &origin, text_of(&fields[1]), NULL);
    /* It dies at once. */
    ffarm_locks_give_back(ffarm_journal_peek_locks(world.journal), lock);
}

/* run item state path output fingerprint reason */
static void note_job(const Field *fields)
{
    FfarmPlanItem *item = item_new((guint)number_of(&fields[1]), &fields[3]);
    FfarmJob *job = ffarm_job_new(item);
    job->state = (FfarmJobState)((guint64)number_of(&fields[2]) % (FFARM_JOB_CANCELLED + 1));
    job->attempts = 1;
    job->output = g_strdup(text_of(&fields[4]));
    job->fingerprint = g_strdup(text_of(&fields[5]));
    if (text_of(&fields[6]))
        job->error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, text_of(&fields[6]));
    ffarm_journal_note_job(world.journal, text_of(&fields[0]), job, NULL);
    ffarm_job_free(job);
    item_free(item);
}

/* run item attempt cluster host here there is_folder */
static void add_trace(const Field *fields)
{
    FfarmTrace trace = {text_of(&fields[0]), (guint)number_of(&fields[1]), text_of(&fields[2]),
                        text_of(&fields[3]), text_of(&fields[4]),          text_of(&fields[5]),
                        text_of(&fields[6]), number_of(&fields[7]) != 0};
    gint64 id;
    ffarm_journal_add_trace(world.journal, &trace, &id, NULL);
}

typedef struct {
    char letter;
    const char *sql;
} Row;

static const Row rows[] = {
    {'r', "INSERT INTO runs (id, begin_us, end_us, pid, machine, argv, directory, config) VALUES (?,?,?,?,?,?,?,?)"},
    {'j', "INSERT INTO jobs (run, item, path, source_size, mtime_ns, state, changed_us, output, fingerprint, reason,"
          " mixins, successor) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"},
    {'t', "INSERT INTO traces (run, item, attempt, cluster, host, here, there, is_folder) VALUES (?,?,?,?,?,?,?,?)"},
    {'p', "INSERT INTO replacements VALUES (?,?,?)"},
    {'d', "INSERT INTO done VALUES (?,?,?,?,?,?)"},
};

static void call(char letter, const Field *fields)
{
    const char *run_id = text_of(&fields[0]);
    if (letter == 's')
        ffarm_journal_strike_trace(world.journal, number_of(&fields[0]), (guint)number_of(&fields[1]), NULL);
    else if (letter == 'b')
        begin_run(fields);
    else if (letter == 'n' && run_id)
        note_job(fields);
    else if (letter == 'a')
        add_trace(fields);
    else if (letter == 'q')
        ffarm_journal_note_replacement(world.journal, run_id, (guint)number_of(&fields[1]), text_of(&fields[2]), NULL);
    else if (letter == 'e' && run_id)
        ffarm_journal_end_run(world.journal, run_id, NULL);
}

/* --- what the next start does --- */

typedef struct {
    GPtrArray *left; /* of FfarmLeftovers, which own what is claimed */
    MediaClaims claims;
    GHashTable *held; /* of runs that another process holds */
    FfarmLocks *others;
} Start;

static void leftovers_free(gpointer left)
{
    ffarm_leftovers_free(left);
}

static void start_begin(Start *start)
{
    g_autofree char *locks = g_build_filename(world.folder, "locks", NULL);
    start->left = g_ptr_array_new_with_free_func(leftovers_free);
    start->claims.traces = g_ptr_array_new();
    start->claims.records = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_replace_record_free);
    start->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    start->others = ffarm_locks_open(locks, NULL);
}

static void start_end(Start *start)
{
    ffarm_locks_free(start->others);
    g_hash_table_unref(start->held);
    g_ptr_array_unref(start->claims.records);
    g_ptr_array_unref(start->claims.traces);
    g_ptr_array_unref(start->left);
}

/* Another process has it from here on. */
static void hold(Start *start, const char *run_id)
{
    g_autofree char *lock = ffarm_journal_run_lock(run_id);
    if (ffarm_locks_take(start->others, lock))
        g_hash_table_add(start->held, g_strdup(run_id));
}

/* What the journal says now of runs that nobody holds; it may say something else after a recovery. */
static void take_claims(Start *start)
{
    FfarmLeftovers *left = ffarm_leftovers_claim(world.journal, NULL);
    if (!left)
        return;
    for (guint i = 0; i < left->runs->len; i++)
        g_assert_false(g_hash_table_contains(start->held, g_ptr_array_index(left->runs, i)));
    for (guint i = 0; i < left->traces->len; i++)
        g_ptr_array_add(start->claims.traces, g_ptr_array_index(left->traces, i));
    for (guint i = 0; i < left->replacements->len; i++) {
        const FfarmLeftReplacement *replacement = g_ptr_array_index(left->replacements, i);
        FfarmReplaceRecord *record = ffarm_replace_record_parse(replacement->record, NULL);
        if (record)
            g_ptr_array_add(start->claims.records, record);
    }
    ffarm_leftovers_release(left, world.journal, FALSE, NULL);
    g_ptr_array_add(start->left, left);
}

static void recover(Start *start)
{
    g_autoptr(GError) error = NULL;
    take_claims(start);
    gboolean is_done = ffarm_recovery_run(world.journal, world.settings, NULL, NULL, NULL, &error);
    g_assert_true(is_done == (error == NULL));
    media_scene_check(world.scene, &start->claims);
}

static int take_row(void *text, int n_columns, char **values, char **names)
{
    for (int i = 0; i < n_columns; i++)
        g_string_append_printf(text, "%s\t", values[i] ? values[i] : "NULL");
    g_string_append_c(text, '\n');
    return 0;
}

/* All that a recovery may change. */
static char *describe(void)
{
    g_autofree char *list = media_scene_list(world.scene);
    GString *text = g_string_new(list);
    sqlite3_exec(world.db,
                 "SELECT id, here, there FROM traces ORDER BY id; SELECT run, item FROM replacements ORDER BY 1, 2;"
                 "SELECT id, end_us FROM runs ORDER BY id; SELECT run, item, state, output, reason FROM jobs"
                 " ORDER BY 1, 2",
                 take_row, text, NULL);
    return g_string_free(text, FALSE);
}

/* One replacement may stand in the way of another, but each start brings the end nearer. */
static void recover_until_nothing_changes(Start *start)
{
    g_autofree char *before = NULL;
    for (guint round = 0; round <= start->claims.records->len; round++) {
        recover(start);
        g_autofree char *after = describe();
        if (g_strcmp0(before, after) == 0)
            return;
        g_free(before);
        before = g_steal_pointer(&after);
    }
    recover(start);
    g_autofree char *last = describe();
    g_assert_cmpstr(before, ==, last);
}

static void check_line(char *line)
{
    g_autofree char *owned = line;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(g_utf8_validate(owned, -1, NULL) && !strchr(owned, '\n'));
    json_parser_load_from_data(parser, owned, -1, &error);
    g_assert_no_error(error);
}

/* As "history --json" reads it. */
static void read_history(void)
{
    g_autoptr(GPtrArray) runs = ffarm_journal_runs(world.journal, NULL);
    for (guint i = 0; runs && i < runs->len; i++) {
        const FfarmRunRecord *run = g_ptr_array_index(runs, i);
        check_line(ffarm_json_run(run));
        g_autoptr(GPtrArray) jobs = ffarm_journal_jobs(world.journal, run->id, NULL);
        for (guint k = 0; jobs && k < jobs->len; k++)
            check_line(ffarm_json_run_job(run->id, g_ptr_array_index(jobs, k)));
    }
    g_autofree char *words = ffarm_journal_recall(world.journal, "film.mkv", 1, 2, "print");
    g_assert_true(!words || g_utf8_validate(words, -1, NULL));
}

/* --- lines --- */

static void do_line(const char *line, gsize length, Start *start)
{
    Field fields[MOST_FIELDS] = {0};
    const char *end = line + length, *at = memchr(line, '\t', length);
    for (guint n = 0; at && n < MOST_FIELDS; n++) {
        const char *next = memchr(at + 1, '\t', (gsize)(end - at - 1));
        gsize size = (gsize)((next ? next : end) - at - 1);
        fields[n].bytes = media_scene_expand(world.scene, at + 1, size, &fields[n].length);
        at = next;
    }
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].letter == *line)
            insert(rows[i].sql, fields);
    if (*line == 'v')
        recover(start);
    else if (*line == 'l' && text_of(&fields[0]))
        hold(start, text_of(&fields[0]));
    else
        call(*line, fields);
    for (guint n = 0; n < MOST_FIELDS; n++)
        g_free(fields[n].bytes);
}

static void do_lines(const char *text, gsize length)
{
    Start start = {0};
    empty_world();
    start_begin(&start);
    for (guint n = 0; length > 0 && n < MOST_LINES; n++) {
        const char *end = memchr(text, '\n', length);
        gsize size = end ? (gsize)(end - text) : length;
        if (size > 0)
            do_line(text, size, &start);
        size += end != NULL;
        text += size;
        length -= size;
    }
    recover_until_nothing_changes(&start);
    read_history();
    media_scene_check(world.scene, &start.claims);
    start_end(&start);
}

/* --- databases --- */

static gboolean has_entry(const char *folder, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_prefix(name, prefix))
            return TRUE;
    return FALSE;
}

/* Whatever it is, it is used, or refused with words, or moved aside for a person to look at; never removed. */
static void do_database(const guint8 *data, gsize size)
{
    g_autofree char *folder = g_strconcat(world.folder, "-damaged", NULL);
    g_autofree char *notice = NULL;
    g_autoptr(GError) error = NULL;
    FfarmJournal *usual = world.journal;
    Start start = {0};
    media_scene_reset(world.scene);
    g_free(scratch_write(folder, "journal.db", (const char *)data, (gssize)size));
    world.journal = ffarm_journal_open(folder, &notice, &error);
    g_assert_true((world.journal == NULL) == (error != NULL));
    g_assert_true(has_entry(folder, notice ? "journal.db.damaged-" : "journal.db"));
    if (world.journal) {
        start_begin(&start);
        recover(&start);
        recover(&start);
        read_history();
        start_end(&start);
    }
    ffarm_journal_free(world.journal);
    world.journal = usual;
    scratch_free(g_steal_pointer(&folder));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    make_world();
    if (size >= 6 && memcmp(data, "SQLite", 6) == 0)
        do_database(data, size);
    else
        do_lines((const char *)data, size);
    return 0;
}
