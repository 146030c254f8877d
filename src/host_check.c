/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "deadline.h"
#include "error.h"
#include "host_check_private.h"
#include "nonce.h"

#define ASK_TIMEOUT_MS 15000
#define CLEANUP_MS 4000
#define MAX_ANSWER 4096
#define MAX_NONCE_BYTES 4096 /* whatever the host has under that name */
/* A folder with less than this holds no film. */
#define LEAST_FREE_BYTES (1024 * 1024)

typedef struct {
    FfarmRunner *runner;
    const FfarmHost *host;
    FfarmCheckFlags flags;
    const char *media_folder;     /* nullable */
    const FfarmCheckNotes *notes; /* nullable */
    FfarmHostReport *report;
    GCancellable *cancellable;
} Check;

void ffarm_host_report_free(FfarmHostReport *report)
{
    if (!report)
        return;
    g_free(report->system);
    g_free(report->transport);
    g_free(report->ffmpeg_version);
    ffarm_abilities_unref(report->abilities);
    g_free(report->error);
    g_clear_error(&report->cause);
    g_free(report);
}

G_GNUC_PRINTF(3, 4)
static gboolean fail(const Check *check, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST, "%s: %s", check->host->name, text);
    return FALSE;
}

/* Unlike the rest of what may be wrong with a host this passes by itself. */
static gboolean fail_full(const Check *check, const char *folder, GError **error)
{
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NO_SPACE, "%s: working_dir %s is full", check->host->name,
                folder);
    return FALSE;
}

static gboolean check_connection(Check *check, GError **error)
{
    FfarmHostReport *report = check->report;
    gint64 begin_us = g_get_monotonic_time();
    if (!ffarm_runner_open(check->runner, 0, check->cancellable, error))
        return FALSE;
    const char *reason = ffarm_runner_peek_transport_reason(check->runner);
    const char *transport = ffarm_runner_peek_transport(check->runner);
    report->is_reachable = TRUE;
    report->elapsed_us = g_get_monotonic_time() - begin_us;
    report->os = ffarm_runner_os(check->runner);
    report->system = g_strdup(ffarm_runner_peek_system(check->runner));
    report->transport = reason ? g_strdup_printf("%s (%s)", transport, reason) : g_strdup(transport);
    return TRUE;
}

/* "ffmpeg version 5.1.9-0+deb12u1 Copyright ..." */
static char *parse_version(const char *output)
{
    static const char start[] = "ffmpeg version ";
    if (!g_str_has_prefix(output, start))
        return NULL;
    const char *version = output + strlen(start);
    g_autofree char *word = g_strndup(version, strcspn(version, " \r\n"));
    return g_utf8_make_valid(word, -1);
}

static gboolean check_ffmpeg(Check *check, GError **error)
{
    const char *argv[] = {check->host->ffmpeg, "-version", NULL};
    g_autofree char *output = NULL;
    int status = 0;
    if (!ffarm_runner_ask(check->runner, argv, ASK_TIMEOUT_MS, MAX_ANSWER, &output, NULL, &status, check->cancellable,
                          error))
        return FALSE;
    check->report->ffmpeg_version = status == 0 ? parse_version(output) : NULL;
    if (check->report->ffmpeg_version)
        return TRUE;
    return fail(check, error,
                "%s is not ffmpeg or does not run there (status %d); name it with ffmpeg: in the configuration",
                check->host->ffmpeg, status);
}

/* Notes what is about to be made under @name, which nobody else has. Returns: FALSE if that can't be done. */
static gboolean note(const Check *check, const char *name, const char *here, const char *there, gint64 *id)
{
    *id = 0;
    if (!check->notes)
        return TRUE;
    FfarmTrace trace = {
        .run_id = check->notes->run_id,
        .item = G_MAXUINT,
        .attempt = name,
        .cluster = check->host->cluster,
        .host = check->host->name,
        .here = here,
        .there = there,
        .is_folder = TRUE,
    };
    return ffarm_journal_add_trace(check->notes->journal, &trace, id, NULL);
}

/* What can't be struck is looked for at the next start, and found gone. */
static void strike(const Check *check, gint64 id)
{
    if (check->notes)
        ffarm_journal_strike_trace(check->notes->journal, id, FFARM_TRACE_HERE | FFARM_TRACE_THERE, NULL);
}

static char *make_name(void)
{
    g_autofree char *nonce = ffarm_nonce_new();
    return g_strconcat("check-", nonce, NULL);
}

/* An answer from the host that says that there is nothing. */
static gboolean is_certain(const GError *error)
{
    return !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
           !g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED);
}

/* Also when the check is broken off: at once is better than at the next start. */
static gboolean remove_trial(Check *check, const char *path, GError **error)
{
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(CLEANUP_MS, NULL);
    GCancellable *cancellable = ffarm_deadline_peek_cancellable(deadline);
    return ffarm_runner_open(check->runner, CLEANUP_MS, cancellable, error) &&
           ffarm_runner_remove_dir(check->runner, path, cancellable, error);
}

static gboolean make_and_remove(Check *check, const char *name, const char *path, GError **error)
{
    gint64 id = 0;
    g_autoptr(GError) inner = NULL;
    if (!note(check, name, NULL, path, &id))
        return TRUE;
    gboolean is_made = ffarm_runner_make_dir(check->runner, path, check->cancellable, &inner);
    gboolean may_be_there = is_made || !is_certain(inner);
    gboolean is_removed = may_be_there && remove_trial(check, path, is_made ? &inner : NULL);
    if (is_removed || !may_be_there)
        strike(check, id);
    if (is_made && is_removed)
        check->report->working_dir_writable = 1;
    else
        g_propagate_error(error, g_steal_pointer(&inner));
    return is_made && is_removed;
}

static gboolean try_to_write(Check *check, GError **error)
{
    g_autofree char *name = make_name();
    g_autofree char *path = g_strconcat(check->host->working_dir, "/ffarm-", name, NULL);
    g_autoptr(GError) inner = NULL;
    if (make_and_remove(check, name, path, &inner))
        return TRUE;
    if (g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    check->report->working_dir_writable = 0;
    return fail(check, error, "working_dir %s can't be written (%s)", check->host->working_dir, inner->message);
}

static gboolean check_working_dir(Check *check, GError **error)
{
    const char *folder = check->host->working_dir;
    if (!folder)
        return TRUE;
    FfarmRemoteStat info;
    g_autoptr(GError) inner = NULL;
    if (!ffarm_runner_stat(check->runner, folder, &info, check->cancellable, &inner)) {
        if (!g_error_matches(inner, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&inner));
            return FALSE;
        }
        return fail(check, error, "working_dir %s does not exist there", folder);
    }
    if (!info.is_folder)
        return fail(check, error, "working_dir %s is not a folder there", folder);
    if (!ffarm_runner_space(check->runner, folder, &check->report->free_bytes, check->cancellable, error))
        return FALSE;
    if (check->report->free_bytes >= 0 && check->report->free_bytes < LEAST_FREE_BYTES)
        return fail_full(check, folder, error);
    return !(check->flags & FFARM_CHECK_WRITES) || try_to_write(check, error);
}

/* Writes @text to a new file there. Returns: FALSE if it can't be written, which proves nothing about the host. */
static gboolean write_nonce(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return FALSE;
    size_t length = strlen(text);
    gboolean ok = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

/* Fetches the nonce as the host sees it, to @copy. Returns: FALSE with @error when it is not the same. */
static gboolean read_nonce(Check *check, const char *path, const char *copy, const char *text, GError **error)
{
    g_autofree char *host_path = ffarm_host_map_path(check->host, path);
    g_autofree char *seen = NULL;
    gboolean ok =
        ffarm_runner_get(check->runner, host_path, copy, MAX_NONCE_BYTES, NULL, NULL, check->cancellable, error) &&
        g_file_get_contents(copy, &seen, NULL, error);
    g_unlink(copy);
    if (ok && strcmp(seen, text) != 0)
        g_set_error(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST, "it holds something else");
    return ok && strcmp(seen, text) == 0;
}

/* Writes to @path, and fetches that to @copy. Returns: FALSE with @error when the host does not see it. */
static gboolean write_and_read(Check *check, const char *path, const char *copy, GError **error)
{
    g_autofree char *text = g_uuid_string_random();
    if (!write_nonce(path, text)) {
        g_unlink(path);
        return TRUE;
    }
    gboolean is_seen = read_nonce(check, path, copy, text, error);
    g_unlink(path);
    if (is_seen)
        check->report->mapping_proved = 1;
    return is_seen;
}

static char *temporary_path(const char *folder, const char *name)
{
    return g_strconcat(folder, "/.ffarm-", name, ".tmp", NULL);
}

static gboolean is_about_the_file(const GError *error)
{
    return error->domain == FFARM_JOB_ERROR ||
           g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NOT_FOUND) ||
           g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_PERMISSION);
}

/* Returns: FALSE with @error when the host does not see what was written to @folder. */
static gboolean prove_folder(Check *check, const char *folder, GError **error)
{
    g_autofree char *name = make_name();
    g_autofree char *copy_name = make_name();
    g_autofree char *path = temporary_path(folder, name);
    g_autofree char *copy = temporary_path(g_get_tmp_dir(), copy_name);
    gint64 id = 0, copy_id = 0;
    if (!note(check, name, path, NULL, &id) || !note(check, copy_name, copy, NULL, &copy_id))
        return TRUE;
    g_autoptr(GError) inner = NULL;
    gboolean is_good = write_and_read(check, path, copy, &inner);
    strike(check, id);
    strike(check, copy_id);
    if (is_good)
        return TRUE;
    if (!is_about_the_file(inner)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    check->report->mapping_proved = 0;
    g_autofree char *there = ffarm_host_map_path(check->host, folder);
    return fail(check, error, "what is written to %s here does not appear in %s there; correct path-substitution (%s)",
                folder, there, inner->message);
}

static gboolean check_mapping(Check *check, GError **error)
{
    if (check->host->type != FFARM_HOST_MOUNTED || !(check->flags & FFARM_CHECK_MAPPING))
        return TRUE;
    if (check->media_folder)
        return prove_folder(check, check->media_folder, error);
    for (guint i = 0; i < check->host->substitutions->len; i++) {
        const FfarmSubstitution *substitution = g_ptr_array_index(check->host->substitutions, i);
        if (g_file_test(substitution->src, G_FILE_TEST_IS_DIR) && !prove_folder(check, substitution->src, error))
            return FALSE;
    }
    return TRUE;
}

/* Every message names the host, whoever worded it. */
static void explain(FfarmHostReport *report, GError *cause)
{
    g_autofree char *start = g_strconcat(report->host->name, ":", NULL);
    if (g_str_has_prefix(cause->message, start))
        report->error = g_strdup(cause->message);
    else
        report->error = g_strdup_printf("%s %s", start, cause->message);
    report->cause = cause;
}

FfarmHostReport *ffarm_host_check_over(FfarmRunner *runner, const FfarmHost *host, FfarmCheckFlags flags,
                                       const char *media_folder, const FfarmCheckNotes *notes,
                                       GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmHostReport) report = g_new0(FfarmHostReport, 1);
    report->host = host;
    report->free_bytes = -1;
    report->working_dir_writable = -1;
    report->mapping_proved = -1;
    Check check = {runner, host, flags, media_folder, notes, report, cancellable};
    g_autoptr(GError) cause = NULL;
    report->is_usable = check_connection(&check, &cause) && check_ffmpeg(&check, &cause) &&
                        check_working_dir(&check, &cause) && check_mapping(&check, &cause);
    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (cause)
        explain(report, g_steal_pointer(&cause));
    return g_steal_pointer(&report);
}

FfarmHostReport *ffarm_host_check(const FfarmHost *host, FfarmCheckFlags flags, const char *media_folder,
                                  GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(host);
    return ffarm_host_check_over(runner, host, flags, media_folder, NULL, cancellable, error);
}

/* One host's check on a thread of its own. */
typedef struct {
    const FfarmHost *host;
    FfarmCheckFlags flags;
    const char *media_folder;
    GCancellable *cancellable;
    FfarmHostReport *report;
    GError *error;
} Errand;

static gpointer run_errand(gpointer data)
{
    Errand *errand = data;
    errand->report =
        ffarm_host_check(errand->host, errand->flags, errand->media_folder, errand->cancellable, &errand->error);
    return NULL;
}

GPtrArray *ffarm_host_check_all(const GPtrArray *hosts, FfarmCheckFlags flags, const char *media_folder,
                                GCancellable *cancellable, GError **error)
{
    g_autofree Errand *errands = g_new0(Errand, MAX(hosts->len, 1));
    g_autofree GThread **threads = g_new0(GThread *, MAX(hosts->len, 1));
    for (guint i = 0; i < hosts->len; i++) {
        errands[i] = (Errand){g_ptr_array_index(hosts, i), flags, media_folder, cancellable, NULL, NULL};
        threads[i] = g_thread_new("check", run_errand, &errands[i]);
    }
    g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_host_report_free);
    g_autoptr(GError) first = NULL;
    for (guint i = 0; i < hosts->len; i++) {
        g_thread_join(threads[i]);
        if (errands[i].report)
            g_ptr_array_add(reports, errands[i].report);
        else if (!first)
            first = g_steal_pointer(&errands[i].error);
        g_clear_error(&errands[i].error);
    }
    if (!first)
        return g_steal_pointer(&reports);
    g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
}
