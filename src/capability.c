/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability.h"

#include <string.h>

#include "capability_trial.h"
#include "engine.h"

typedef struct {
    FfarmBench bench;
    const FfarmLearning *learning;
    GArray *wanted;            /* of FfarmWant; NULL: all */
    FfarmAbilities *known;     /* what the journal has; its encoders are never NULL */
    FfarmAbilities *abilities; /* what comes of it; likewise */
} Learner;

const FfarmCapability *ffarm_capability_of_engine(const GPtrArray *capabilities, const char *engine, const char *device)
{
    const FfarmCapability *best = NULL;
    for (guint i = 0; i < capabilities->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(capabilities, i);
        if (strcmp(row->engine, engine) != 0 || (device && g_strcmp0(row->device, device) != 0))
            continue;
        if (!best || ffarm_capability_verdict(row->class_) < ffarm_capability_verdict(best->class_))
            best = row;
    }
    return best;
}

/* --- what is known --- */

/* What can't be read or written is tried, or will be, once more. */
static void pass_over(GError *error)
{
    if (error)
        g_debug("%s", error->message);
    g_clear_error(&error);
}

static void recall(Learner *learner)
{
    const FfarmLearning *learning = learner->learning;
    GError *error = NULL;
    if (!learning->is_fresh)
        ffarm_journal_find_capabilities(learning->journal, learner->abilities->machine, learner->known, &error);
    pass_over(error);
    g_ptr_array_extend_and_steal(learner->abilities->decoders, g_steal_pointer(&learner->known->decoders));
    learner->known->decoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_decode_capability_free);
}

/* What is true of the whole engine now takes away what was kept of it. */
static void keep(Learner *learner, const FfarmCapability *row)
{
    const FfarmLearning *learning = learner->learning;
    const char *machine = learner->abilities->machine;
    GError *error = NULL;
    gboolean is_whole =
        ffarm_capability_is_of_engine(row->class_) && ffarm_capability_verdict(row->class_) != FFARM_CAPABILITY_BUSY;
    if (learning->is_dry)
        return;
    if (!is_whole ||
        ffarm_journal_forget_capability(learning->journal, machine, row->engine, row->device, NULL, 0, &error))
        ffarm_journal_note_capability(learning->journal, machine, row, &error);
    pass_over(error);
}

/* Moves what the journal has of this to the abilities.
 * @device: NULL: whichever the engine takes; @codec: NULL: what is true of the whole engine
 * Returns: borrowed; NULL if nothing is known. */
static const FfarmCapability *take_known(Learner *learner, const char *engine, const char *device, const char *codec,
                                         int depth)
{
    GPtrArray *rows = learner->known->encoders;
    for (guint i = 0; i < rows->len; i++) {
        FfarmCapability *row = g_ptr_array_index(rows, i);
        gboolean is_it = codec ? g_strcmp0(row->codec, codec) == 0 && row->depth == depth
                               : ffarm_capability_is_of_engine(row->class_);
        if (!is_it || strcmp(row->engine, engine) != 0 || (device && g_strcmp0(row->device, device) != 0))
            continue;
        g_ptr_array_add(learner->abilities->encoders, g_ptr_array_steal_index(rows, i));
        return row;
    }
    return NULL;
}

/* --- what has to be tried --- */

static gboolean is_wanted(const Learner *learner, const FfarmRecipe *recipe, int depth)
{
    for (guint i = 0; learner->wanted && i < learner->wanted->len; i++) {
        const FfarmWant *want = &g_array_index(learner->wanted, FfarmWant, i);
        if (strcmp(want->engine, recipe->engine) == 0 && strcmp(want->codec, recipe->codec) == 0 &&
            want->depth == depth)
            return TRUE;
    }
    return !learner->wanted;
}

static FfarmCapability *row_new(const char *engine, const char *codec, int depth)
{
    FfarmCapability *row = g_new0(FfarmCapability, 1);
    row->engine = engine;
    row->codec = codec;
    row->depth = depth;
    row->class_ = FFARM_CAPABILITY_BUILD_LACKS;
    return row;
}

static void add_lack(Learner *learner, const char *engine, const char *device, const char *codec, int depth)
{
    FfarmCapability *row = row_new(engine, codec, depth);
    row->device = g_strdup(device);
    g_ptr_array_add(learner->abilities->encoders, row);
}

/* @is_over: out: nothing else needs to be tried of the engine on this device. Returns: FALSE only if cancelled. */
static gboolean learn_encoder(Learner *learner, const FfarmRecipe *recipe, const char *device, int depth,
                              gboolean *is_over, GError **error)
{
    const FfarmCapability *known = take_known(learner, recipe->engine, device, recipe->codec, depth);
    *is_over = known && ffarm_capability_is_of_engine(known->class_);
    if (known || !is_wanted(learner, recipe, depth))
        return TRUE;
    FfarmCapability *row = row_new(recipe->engine, recipe->codec, depth);
    if (!ffarm_bench_try(&learner->bench, recipe, device, row, error)) {
        ffarm_capability_free(row);
        return FALSE;
    }
    row->proved_us = g_get_real_time();
    keep(learner, row);
    g_ptr_array_add(learner->abilities->encoders, row);
    *is_over = ffarm_capability_is_of_engine(row->class_);
    return TRUE;
}

static gboolean is_listed(const Learner *learner, const FfarmRecipe *recipe)
{
    return ffarm_capability_is_listed(learner->bench.machine->listing, recipe->encoder);
}

static gboolean has_listed(const Learner *learner, const char *engine)
{
    for (const FfarmRecipe *recipe = ffarm_recipes(); recipe->engine; recipe++)
        if (strcmp(recipe->engine, engine) == 0 && is_listed(learner, recipe))
            return TRUE;
    return FALSE;
}

static void add_lacks(Learner *learner, const char *engine, const char *device)
{
    for (const FfarmRecipe *recipe = ffarm_recipes(); recipe->engine; recipe++)
        for (int depth = 8; depth <= 10; depth += 2)
            if (strcmp(recipe->engine, engine) == 0 && !is_listed(learner, recipe))
                add_lack(learner, engine, device, recipe->codec, depth);
}

static gboolean learn_device(Learner *learner, const char *engine, const char *device, GError **error)
{
    gboolean is_over = FALSE;
    if (!has_listed(learner, engine)) {
        add_lack(learner, engine, device, NULL, 0);
        return TRUE;
    }
    if (take_known(learner, engine, device, NULL, 0))
        return TRUE;
    for (const FfarmRecipe *recipe = ffarm_recipes(); recipe->engine; recipe++) {
        if (strcmp(recipe->engine, engine) != 0 || !is_listed(learner, recipe))
            continue;
        for (int depth = 8; depth <= 10 && !is_over; depth += 2)
            if (!learn_encoder(learner, recipe, device, depth, &is_over, error))
                return FALSE;
    }
    if (!is_over)
        add_lacks(learner, engine, device);
    return TRUE;
}

/* On each of the devices that the configuration names, else on that which the engine takes itself. */
static gboolean learn_engine(Learner *learner, const char *engine, GError **error)
{
    const FfarmHost *host = ffarm_runner_peek_host(learner->bench.runner);
    gboolean has_named = FALSE;
    for (guint i = 0; i < host->devices->len; i++) {
        const FfarmDevice *device = g_ptr_array_index(host->devices, i);
        if (strcmp(device->engine, engine) != 0 || !device->name)
            continue;
        has_named = TRUE;
        if (!learn_device(learner, engine, device->name, error))
            return FALSE;
    }
    return has_named || learn_device(learner, engine, NULL, error);
}

/* --- a host --- */

static gboolean was_cancelled(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* It could not be asked: that says nothing of what it can do. The CPU is believed where it is not to be tried. */
static void add_silence(Learner *learner, const char *words)
{
    for (const char *const *engine = ffarm_engine_names(); *engine; engine++) {
        if (learner->wanted && strcmp(*engine, "cpu") == 0)
            continue;
        FfarmCapability *row = row_new(*engine, NULL, 0);
        row->class_ = FFARM_CAPABILITY_HOST_GONE;
        row->words = g_strdup(words);
        g_ptr_array_add(learner->abilities->encoders, row);
    }
}

/* Returns: FALSE only if cancelled. */
static gboolean learn(Learner *learner, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(FfarmMachine) machine = NULL;
    FfarmRunner *runner = learner->bench.runner;
    if (ffarm_runner_open(runner, 0, learner->bench.cancellable, &inner))
        machine = ffarm_machine_ask(runner, learner->bench.cancellable, &inner);
    if (was_cancelled(inner)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    if (!machine) {
        add_silence(learner, inner->message);
        return TRUE;
    }
    learner->bench.machine = machine;
    learner->abilities->machine = g_strdup(machine->id);
    recall(learner);
    gboolean is_learned = TRUE;
    for (const char *const *engine = ffarm_engine_names(); *engine && is_learned; engine++)
        is_learned = learn_engine(learner, *engine, error);
    learner->bench.machine = NULL;
    return is_learned;
}

static GPtrArray *rows_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
}

FfarmAbilities *ffarm_capability_learn(FfarmRunner *runner, const FfarmHostReport *report,
                                       const FfarmLearning *learning, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmAbilities) abilities = ffarm_abilities_new();
    g_autoptr(FfarmAbilities) known = ffarm_abilities_new();
    g_autoptr(GArray) wanted = learning->wants ? ffarm_wants_list(learning->wants, report->host) : NULL;
    abilities->os = report->os;
    abilities->ffmpeg_version = ffarm_abilities_parse_version(report->ffmpeg_version);
    if (wanted && wanted->len == 0)
        return g_steal_pointer(&abilities);
    abilities->encoders = rows_new();
    known->encoders = rows_new();
    Learner learner = {
        .bench = {.runner = runner,
                  .ffmpeg_here = learning->ffmpeg_here,
                  .journal = learning->journal,
                  .run_id = learning->run_id,
                  .pause_ms = learning->pause_ms,
                  .cancellable = cancellable},
        .learning = learning,
        .wanted = wanted,
        .known = known,
        .abilities = abilities,
    };
    gboolean is_learned = learn(&learner, error);
    g_free(learner.bench.gone);
    return is_learned ? g_steal_pointer(&abilities) : NULL;
}

/* --- all hosts --- */

/* One host's lesson, on a thread of its own. */
typedef struct {
    FfarmHostReport *report;
    const FfarmLearning *learning;
    GCancellable *cancellable;
    GError *error;
} Errand;

static gpointer run_errand(gpointer data)
{
    Errand *errand = data;
    FfarmHostReport *report = errand->report;
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(report->host);
    report->abilities = ffarm_capability_learn(runner, report, errand->learning, errand->cancellable, &errand->error);
    return NULL;
}

gboolean ffarm_capability_learn_all(const GPtrArray *reports, const FfarmLearning *learning, GCancellable *cancellable,
                                    GError **error)
{
    g_autofree Errand *errands = g_new0(Errand, MAX(reports->len, 1));
    g_autofree GThread **threads = g_new0(GThread *, MAX(reports->len, 1));
    for (guint i = 0; i < reports->len; i++) {
        FfarmHostReport *report = g_ptr_array_index(reports, i);
        errands[i] = (Errand){report, learning, cancellable, NULL};
        if (report->is_usable)
            threads[i] = g_thread_new("learn", run_errand, &errands[i]);
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
