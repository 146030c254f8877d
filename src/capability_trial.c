/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "capability_nodes.h"
#include "capability_picture.h"
#include "nonce.h"
#include "shell.h"

#define TRIAL_MS 15000
#define MAX_SAID (64 * 1024)
#define MAX_PICTURE (16 * 1024 * 1024) /* ten frames take less, whatever the quality */

/* What a trial says and sends. */
typedef struct {
    GString *said;
    int fd;
    gsize bytes;
} Catch;

static gboolean was_cancelled(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean on_picture(const char *data, gsize length, gpointer user_data)
{
    Catch *caught = user_data;
    caught->bytes += length;
    if (caught->bytes > MAX_PICTURE)
        return FALSE;
    while (length > 0) {
        gssize written = write(caught->fd, data, length);
        if (written <= 0)
            return FALSE;
        data += written;
        length -= (gsize)written;
    }
    return TRUE;
}

/* What tells why comes first where there is an end to it. */
static gboolean on_words(const char *data, gsize length, gpointer user_data)
{
    Catch *caught = user_data;
    g_string_append_len(caught->said, data, (gssize)MIN(length, MAX_SAID - caught->said->len));
    return TRUE;
}

static FfarmCapabilityClass class_of_failure(const GError *error)
{
    if (g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT))
        return FFARM_CAPABILITY_TOO_SLOW;
    if (g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC))
        return FFARM_CAPABILITY_UNKNOWN;
    return FFARM_CAPABILITY_LOST;
}

/* "Intel iHD driver - 23.1.1", "NVIDIA GeForce RTX 3060, driver 535.113.01" */
static void note_driver(const FfarmBench *bench, const char *said, FfarmCapability *row)
{
    g_autofree char *driver = ffarm_capability_parse_driver(said);
    const char *nvidia = strcmp(row->engine, "cuda") == 0 ? bench->machine->nvidia_driver : NULL;
    g_free(row->driver);
    row->driver = driver && nvidia ? g_strdup_printf("%s, driver %s", driver, nvidia) : g_steal_pointer(&driver);
    if (!row->driver && nvidia)
        row->driver = g_strdup_printf("driver %s", nvidia);
}

/* Encodes there, into the file @path here, and judges it. Returns: FALSE only if cancelled. */
static gboolean encode(FfarmBench *bench, const char *const *argv, const char *path, int fd, FfarmCapability *row,
                       GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    Catch caught = {said, fd, 0};
    FfarmCommand command = {argv, TRIAL_MS, 0, on_picture, on_words, &caught};
    FfarmExit end = {0};
    g_autoptr(GError) inner = NULL;
    gint64 begin_us = g_get_monotonic_time();
    gboolean has_ended = ffarm_runner_run(bench->runner, &command, &end, bench->cancellable, &inner);
    row->elapsed_us = g_get_monotonic_time() - begin_us;
    FfarmTrialPicture picture = {0};
    if (was_cancelled(inner) ||
        (has_ended && !end.is_stopped && end.exit_status == 0 &&
         !ffarm_trial_picture_read(path, bench->ffmpeg_here, &picture, bench->cancellable, &inner))) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    if (!has_ended) {
        row->class_ = class_of_failure(inner);
        row->words = g_strdup(inner->message);
    } else {
        row->class_ = ffarm_capability_judge(end.exit_status, said->str, row->depth, &picture, &row->words);
    }
    note_driver(bench, said->str, row);
    return TRUE;
}

/* Notes the temporary file @path before it is made, so that the next start can remove it after a crash. */
static gboolean note(const FfarmBench *bench, const char *name, const char *path, gint64 *id, GError **error)
{
    const FfarmHost *host = ffarm_runner_peek_host(bench->runner);
    FfarmTrace trace = {.run_id = bench->run_id,
                        .item = G_MAXUINT,
                        .attempt = name,
                        .cluster = host->cluster,
                        .host = host->name,
                        .here = path};
    return !bench->run_id || ffarm_journal_add_trace(bench->journal, &trace, id, error);
}

static int make_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    return fd;
}

/* Returns: FALSE only if cancelled. */
static gboolean encode_to_file(FfarmBench *bench, const char *const *argv, FfarmCapability *row, GError **error)
{
    g_autofree char *nonce = ffarm_nonce_new();
    g_autofree char *name = g_strconcat("trial-", nonce, NULL);
    g_autofree char *path = g_strconcat(g_get_tmp_dir(), "/.ffarm-", name, ".tmp", NULL);
    g_autoptr(GError) inner = NULL;
    gint64 id = 0;
    int fd = note(bench, name, path, &id, &inner) ? make_file(path, &inner) : -1;
    gboolean is_told = TRUE;
    if (fd < 0) {
        row->class_ = FFARM_CAPABILITY_NOT_COMPARED;
        row->words = g_strdup(inner->message);
    } else {
        is_told = encode(bench, argv, path, fd, row, error);
        close(fd);
        g_unlink(path);
    }
    if (bench->run_id)
        ffarm_journal_strike_trace(bench->journal, id, FFARM_TRACE_HERE | FFARM_TRACE_THERE, NULL);
    return is_told;
}

/* Returns: FALSE only if cancelled. */
static gboolean is_there(FfarmBench *bench, GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (bench->gone || ffarm_runner_open(bench->runner, 0, bench->cancellable, &inner))
        return TRUE;
    if (was_cancelled(inner)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    bench->gone = g_strdup(inner->message);
    return TRUE;
}

static gboolean has_node(const FfarmMachine *machine, const char *node)
{
    return node && g_ptr_array_find_with_equal_func(machine->nodes, node, g_str_equal, NULL);
}

static gboolean try_once(FfarmBench *bench, const FfarmRecipe *recipe, const char *device, gboolean is_second,
                         FfarmCapability *row, GError **error)
{
    if (!is_there(bench, error))
        return FALSE;
    g_clear_pointer(&row->words, g_free);
    if (bench->gone) {
        row->class_ = FFARM_CAPABILITY_HOST_GONE;
        row->words = g_strdup(bench->gone);
        return TRUE;
    }
    FfarmOs os = ffarm_runner_os(bench->runner);
    const char *ffmpeg = ffarm_runner_peek_host(bench->runner)->ffmpeg;
    g_auto(GStrv) argv = ffarm_recipe_argv(recipe, ffmpeg, os, device, row->depth, is_second);
    g_free(row->command);
    row->command = ffarm_shell_display((const char *const *)argv);
    if (!encode_to_file(bench, (const char *const *)argv, row, error))
        return FALSE;
    if (row->class_ != FFARM_CAPABILITY_NO_DEVICE || !ffarm_recipe_needs_node(recipe, os) ||
        !has_node(bench->machine, device))
        return TRUE;
    return ffarm_nodes_explain(bench->runner, device, &row->class_, bench->cancellable, error);
}

/* By the other knob where the first is not taken. */
static gboolean try_knobs(FfarmBench *bench, const FfarmRecipe *recipe, const char *device, FfarmCapability *row,
                          GError **error)
{
    if (!try_once(bench, recipe, device, FALSE, row, error))
        return FALSE;
    return row->class_ != FFARM_CAPABILITY_KNOB || !recipe->other_knob ||
           try_once(bench, recipe, device, TRUE, row, error);
}

static gboolean pause_for(guint ms, GCancellable *cancellable, GError **error)
{
    GPollFD fd;
    if (!cancellable || !g_cancellable_make_pollfd(cancellable, &fd)) {
        g_usleep(ms * 1000UL);
    } else {
        g_poll(&fd, 1, (gint)ms);
        g_cancellable_release_fd(cancellable);
    }
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

/* What is in use may be free in a moment. */
static gboolean try_patiently(FfarmBench *bench, const FfarmRecipe *recipe, const char *device, FfarmCapability *row,
                              GError **error)
{
    static const guint pauses_ms[] = {1000, 2000, 4000};
    if (!try_knobs(bench, recipe, device, row, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(pauses_ms) && row->class_ == FFARM_CAPABILITY_IN_USE; i++)
        if (!pause_for(bench->pause_ms ? bench->pause_ms : pauses_ms[i], bench->cancellable, error) ||
            !try_knobs(bench, recipe, device, row, error))
            return FALSE;
    return TRUE;
}

/* TRUE if @a says more of the engine than @b: a device that encodes this, or at least something else. */
static gboolean says_more(const FfarmCapability *a, const FfarmCapability *b)
{
    FfarmCapabilityVerdict verdict_a = ffarm_capability_verdict(a->class_);
    FfarmCapabilityVerdict verdict_b = ffarm_capability_verdict(b->class_);
    if (verdict_a != verdict_b)
        return verdict_a < verdict_b;
    return !ffarm_capability_is_of_engine(a->class_) && ffarm_capability_is_of_engine(b->class_);
}

/* One render node after the other. */
static gboolean try_nodes(FfarmBench *bench, const FfarmRecipe *recipe, FfarmCapability *row, GError **error)
{
    const GPtrArray *nodes = bench->machine->nodes;
    for (guint i = 0; i < MAX(nodes->len, 1) && (i == 0 || row->class_ != FFARM_CAPABILITY_PROVED); i++) {
        const char *node = nodes->len > 0 ? g_ptr_array_index(nodes, i) : FFARM_FIRST_NODE;
        FfarmCapability *attempt = g_new0(FfarmCapability, 1);
        *attempt = (FfarmCapability){.engine = row->engine, .codec = row->codec, .depth = row->depth};
        attempt->device = nodes->len > 0 ? g_strdup(node) : NULL;
        gboolean is_tried = try_patiently(bench, recipe, node, attempt, error);
        if (is_tried && (i == 0 || says_more(attempt, row))) {
            FfarmCapability other = *row;
            *row = *attempt;
            *attempt = other;
        }
        ffarm_capability_free(attempt);
        if (!is_tried)
            return FALSE;
    }
    return TRUE;
}

gboolean ffarm_bench_try(FfarmBench *bench, const FfarmRecipe *recipe, const char *device, FfarmCapability *row,
                         GError **error)
{
    if (!device && ffarm_recipe_needs_node(recipe, ffarm_runner_os(bench->runner)))
        return try_nodes(bench, recipe, row, error);
    row->device = g_strdup(device);
    return try_patiently(bench, recipe, device, row, error);
}
