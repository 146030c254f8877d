/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "capability_nodes.h"
#include "capability_picture.h"
#include "capability_recipe.h"
#include "engine.h"
#include "runner.h"
#include "shell.h"

#define LIST_MS 15000
#define TRIAL_MS 15000
#define MAX_LISTING (256 * 1024)
#define MAX_SAID (64 * 1024)
#define MAX_PICTURE (16 * 1024 * 1024) /* ten frames take less, whatever the quality */

typedef struct {
    FfarmRunner *runner;
    const char *ffmpeg_here;
    char *listing;    /* what `ffmpeg -encoders` printed */
    char *gone;       /* why nothing more can be asked; NULL: it can */
    GPtrArray *nodes; /* of char: render nodes to try, at least one */
    gboolean has_nodes;
    GPtrArray *rows; /* of FfarmCapability */
    GCancellable *cancellable;
} Prover;

/* What a trial says and sends. */
typedef struct {
    GString *said;
    int fd;
    gsize bytes;
} Catch;

const FfarmCapability *ffarm_capability_of_engine(const GPtrArray *capabilities, const char *engine)
{
    const FfarmCapability *best = NULL;
    for (guint i = 0; i < capabilities->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(capabilities, i);
        if (strcmp(row->engine, engine) == 0 &&
            (!best || ffarm_capability_verdict(row->class_) < ffarm_capability_verdict(best->class_)))
            best = row;
    }
    return best;
}

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

/* Encodes there, into the file @path here, and judges it. Returns: FALSE only if cancelled. */
static gboolean encode(Prover *prover, const char *const *argv, const char *path, int fd, FfarmCapability *row,
                       GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    Catch caught = {said, fd, 0};
    FfarmCommand command = {argv, TRIAL_MS, 0, on_picture, on_words, &caught};
    FfarmExit end = {0};
    g_autoptr(GError) inner = NULL;
    gint64 begin_us = g_get_monotonic_time();
    gboolean has_ended = ffarm_runner_run(prover->runner, &command, &end, prover->cancellable, &inner);
    row->elapsed_us = g_get_monotonic_time() - begin_us;
    FfarmTrialPicture picture = {0};
    if (was_cancelled(inner) ||
        (has_ended && !end.is_stopped && end.exit_status == 0 &&
         !ffarm_trial_picture_read(path, prover->ffmpeg_here, &picture, prover->cancellable, &inner))) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    if (!has_ended) {
        row->class_ = class_of_failure(inner);
        row->words = g_strdup(inner->message);
    } else {
        row->class_ = ffarm_capability_judge(end.exit_status, said->str, row->depth, &picture, &row->words);
    }
    return TRUE;
}

/* Returns: FALSE only if cancelled. */
static gboolean encode_to_file(Prover *prover, const char *const *argv, FfarmCapability *row, GError **error)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) inner = NULL;
    int fd = g_file_open_tmp("ffarm-trial-XXXXXX", &path, &inner);
    if (fd < 0) {
        row->class_ = FFARM_CAPABILITY_NOT_COMPARED;
        row->words = g_strdup(inner->message);
        return TRUE;
    }
    gboolean is_told = encode(prover, argv, path, fd, row, error);
    close(fd);
    g_unlink(path);
    return is_told;
}

/* One trial. A connection that was lost is taken up again once; The host is gone if that fails.
 * Returns: FALSE only if cancelled. */
static gboolean try_once(Prover *prover, const FfarmRecipe *recipe, const char *node, gboolean is_second,
                         FfarmCapability *row, GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (!prover->gone && !ffarm_runner_open(prover->runner, 0, prover->cancellable, &inner)) {
        if (was_cancelled(inner)) {
            g_propagate_error(error, g_steal_pointer(&inner));
            return FALSE;
        }
        prover->gone = g_strdup(inner->message);
    }
    g_clear_pointer(&row->words, g_free);
    if (prover->gone) {
        row->class_ = FFARM_CAPABILITY_HOST_GONE;
        row->words = g_strdup(prover->gone);
        return TRUE;
    }
    FfarmOs os = ffarm_runner_os(prover->runner);
    const char *ffmpeg = ffarm_runner_peek_host(prover->runner)->ffmpeg;
    g_auto(GStrv) argv = ffarm_recipe_argv(recipe, ffmpeg, os, node, row->depth, is_second);
    g_free(row->command);
    row->command = ffarm_shell_display((const char *const *)argv);
    if (!encode_to_file(prover, (const char *const *)argv, row, error))
        return FALSE;
    if (row->class_ != FFARM_CAPABILITY_NO_DEVICE || !ffarm_recipe_needs_node(recipe, os) || !prover->has_nodes)
        return TRUE;
    return ffarm_nodes_explain(prover->runner, node, &row->class_, prover->cancellable, error);
}

/* Tries @recipe on one render node after the other, and by its other knob where the first is not taken. */
static gboolean try_all_ways(Prover *prover, const FfarmRecipe *recipe, FfarmCapability *row, GError **error)
{
    gboolean needs_node = ffarm_recipe_needs_node(recipe, ffarm_runner_os(prover->runner));
    for (guint i = 0; i < (needs_node ? prover->nodes->len : 1); i++) {
        const char *node = g_ptr_array_index(prover->nodes, i);
        if (!try_once(prover, recipe, node, FALSE, row, error))
            return FALSE;
        if (row->class_ == FFARM_CAPABILITY_KNOB && recipe->other_knob &&
            !try_once(prover, recipe, node, TRUE, row, error))
            return FALSE;
        if (row->class_ == FFARM_CAPABILITY_PROVED)
            return TRUE;
    }
    return TRUE;
}

static FfarmCapability *add_row(Prover *prover, const char *engine, const char *codec, int depth)
{
    FfarmCapability *row = g_new0(FfarmCapability, 1);
    row->engine = engine;
    row->codec = codec;
    row->depth = depth;
    row->class_ = FFARM_CAPABILITY_BUILD_LACKS;
    g_ptr_array_add(prover->rows, row);
    return row;
}

static gboolean prove_engine(Prover *prover, const char *engine, GError **error)
{
    gboolean is_listed = FALSE;
    for (const FfarmRecipe *recipe = ffarm_recipes(); recipe->engine; recipe++) {
        if (strcmp(recipe->engine, engine) != 0 || !ffarm_capability_is_listed(prover->listing, recipe->encoder))
            continue;
        is_listed = TRUE;
        for (int depth = 8; depth <= 10; depth += 2) {
            FfarmCapability *row = add_row(prover, engine, recipe->codec, depth);
            if (!try_all_ways(prover, recipe, row, error))
                return FALSE;
            if (ffarm_capability_is_of_engine(row->class_))
                return TRUE;
        }
    }
    if (!is_listed)
        add_row(prover, engine, NULL, 0);
    return TRUE;
}

/* Returns: FALSE only if cancelled. */
static gboolean list_encoders(Prover *prover, GError **error)
{
    const char *argv[] = {ffarm_runner_peek_host(prover->runner)->ffmpeg, "-hide_banner", "-encoders", NULL};
    g_autoptr(GError) inner = NULL;
    int status = 0;
    if (!ffarm_runner_open(prover->runner, 0, prover->cancellable, &inner) ||
        !ffarm_runner_ask(prover->runner, argv, LIST_MS, MAX_LISTING, &prover->listing, NULL, &status,
                          prover->cancellable, &inner)) {
        if (was_cancelled(inner)) {
            g_propagate_error(error, g_steal_pointer(&inner));
            return FALSE;
        }
        prover->gone = g_strdup(inner->message);
    }
    return TRUE;
}

static gboolean prove_engines(Prover *prover, GError **error)
{
    if (!list_encoders(prover, error))
        return FALSE;
    if (!prover->gone && !ffarm_nodes_find(prover->runner, prover->nodes, prover->cancellable, error))
        return FALSE;
    prover->has_nodes = prover->nodes->len > 0;
    if (!prover->has_nodes)
        g_ptr_array_add(prover->nodes, g_strdup(FFARM_FIRST_NODE));
    for (const char *const *engine = ffarm_engine_names(); *engine; engine++) {
        if (prover->listing && !prove_engine(prover, *engine, error))
            return FALSE;
        if (prover->listing)
            continue;
        FfarmCapability *row = add_row(prover, *engine, NULL, 0);
        row->class_ = FFARM_CAPABILITY_HOST_GONE;
        row->words = g_strdup(prover->gone);
    }
    return TRUE;
}

static gboolean prove(FfarmHostReport *report, const char *ffmpeg_here, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(report->host);
    Prover prover = {
        .runner = runner,
        .ffmpeg_here = ffmpeg_here,
        .nodes = g_ptr_array_new_with_free_func(g_free),
        .rows = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free),
        .cancellable = cancellable,
    };
    gboolean is_done = prove_engines(&prover, error);
    if (is_done)
        report->capabilities = g_steal_pointer(&prover.rows);
    g_clear_pointer(&prover.rows, g_ptr_array_unref);
    g_ptr_array_unref(prover.nodes);
    g_free(prover.listing);
    g_free(prover.gone);
    return is_done;
}

/* One host's trials, on a thread of its own. */
typedef struct {
    FfarmHostReport *report;
    const char *ffmpeg_here;
    GCancellable *cancellable;
    GError *error;
} Errand;

static gpointer run_errand(gpointer data)
{
    Errand *errand = data;
    prove(errand->report, errand->ffmpeg_here, errand->cancellable, &errand->error);
    return NULL;
}

gboolean ffarm_capability_prove_all(const GPtrArray *reports, const char *ffmpeg_here, GCancellable *cancellable,
                                    GError **error)
{
    g_autofree Errand *errands = g_new0(Errand, MAX(reports->len, 1));
    g_autofree GThread **threads = g_new0(GThread *, MAX(reports->len, 1));
    for (guint i = 0; i < reports->len; i++) {
        FfarmHostReport *report = g_ptr_array_index(reports, i);
        errands[i] = (Errand){report, ffmpeg_here, cancellable, NULL};
        if (report->is_usable)
            threads[i] = g_thread_new("capability", run_errand, &errands[i]);
    }
    g_autoptr(GError) first = NULL;
    for (guint i = 0; i < reports->len; i++) {
        if (threads[i])
            g_thread_join(threads[i]);
        if (!first)
            first = g_steal_pointer(&errands[i].error);
        g_clear_error(&errands[i].error);
    }
    if (!first)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}
