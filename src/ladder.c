/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ladder.h"

#include <math.h>
#include <string.h>
#include "decode_setup.h"
#include "engine.h"
#include "engine_limits.h"
#include "hdr_policy.h"
#include "output_options.h"
#include "recipe.h"

#define CPU "cpu"
#define MANY_LINES 1080 /* from which decoding is a burden to the CPU */

/* An engine as it would carry out the profile. */
typedef struct {
    const FfarmLadderParams *params;
    const char *engine;
    FfarmProfile *profile;  /* with the engine applied */
    const char *encoder;    /* borrowed from there, or static */
    gboolean is_own;        /* the profile names another encoder than the table */
    GPtrArray *devices;     /* of char*, names that can be used; an element may be NULL */
    gboolean is_configured; /* they are the configuration's */
} Candidate;

static void candidate_clear(Candidate *candidate)
{
    ffarm_profile_free(candidate->profile);
    g_clear_pointer(&candidate->devices, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Candidate, candidate_clear)

static void rung_free(gpointer data)
{
    FfarmRung *rung = data;
    g_free(rung->device);
    g_free(rung->node);
    g_free(rung->decoder_node);
    g_free(rung);
}

void ffarm_ladder_free(FfarmLadder *ladder)
{
    if (!ladder)
        return;
    g_ptr_array_unref(ladder->rungs);
    g_free(ladder->passed_over);
    g_free(ladder->loss);
    g_free(ladder);
}

char *ffarm_ladder_device_key(const char *engine, const char *device)
{
    return device ? g_strconcat(engine, ":", device, NULL) : g_strdup(engine);
}

gboolean ffarm_ladder_is_full(const char *const *full, const char *engine, const char *device)
{
    g_autofree char *key = ffarm_ladder_device_key(engine, device);
    return full && g_strv_contains(full, key);
}

static gboolean is_cpu(const char *engine)
{
    return strcmp(engine, CPU) == 0;
}

static FfarmOs os_of(const FfarmLadderParams *params)
{
    gboolean is_known = params->abilities && params->abilities->os != FFARM_OS_UNKNOWN;
    return is_known ? params->abilities->os : params->host->os;
}

static guint version_of(const FfarmLadderParams *params)
{
    return params->abilities ? params->abilities->ffmpeg_version : 0;
}

/* --- which engines, and in which order --- */

static double speed_with(const FfarmLadderParams *params, const char *engine, const char *decoder)
{
    const FfarmStream *video = params->traits->video;
    return ffarm_abilities_find_speed(params->abilities, engine, decoder, params->profile->codec,
                                      video ? video->height : 0);
}

/* Frames per second, by whichever decoder. What was never measured counts as fast where it is hardware, so that it will
 * be, and as slow where it is the CPU. */
static double speed_of(const FfarmLadderParams *params, const char *engine)
{
    double best = speed_with(params, engine, NULL);
    for (const char *const *decoder = ffarm_engine_names(); *decoder; decoder++)
        best = MAX(best, speed_with(params, engine, *decoder));
    return best > 0 || is_cpu(engine) ? best : INFINITY;
}

static void insert_by_speed(const FfarmLadderParams *params, GPtrArray *engines, const char *engine)
{
    double speed = speed_of(params, engine);
    guint at = engines->len;
    while (at > 0 && speed_of(params, g_ptr_array_index(engines, at - 1)) < speed)
        at--;
    g_ptr_array_insert(engines, (int)at, (gpointer)engine);
}

/* Returns: array of static names. */
static GPtrArray *order_engines(const FfarmLadderParams *params)
{
    GPtrArray *engines = g_ptr_array_new();
    char **listed = params->host->engines;
    for (; listed && *listed; listed++) {
        const FfarmEngine *engine = ffarm_engine_find(*listed);
        if (engine && !g_ptr_array_find(engines, engine->name, NULL))
            g_ptr_array_add(engines, (gpointer)engine->name);
    }
    if (params->host->engines)
        return engines;
    if (!params->abilities)
        g_ptr_array_add(engines, (gpointer)ffarm_engine_find(CPU)->name);
    for (const char *const *name = ffarm_engine_names(); params->abilities && *name; name++)
        insert_by_speed(params, engines, ffarm_engine_find(*name)->name);
    return engines;
}

/* --- can an engine do it --- */

/* What is known of the engine on @device; what is true of all of it is true of each of its devices. */
static const FfarmCapability *find_trial(const FfarmLadderParams *params, const char *engine, const char *device)
{
    const char *codec = params->profile->codec;
    const FfarmCapability *row = ffarm_abilities_find_encoder(params->abilities, engine, device, codec, params->depth);
    if (row || !device)
        return row;
    row = ffarm_abilities_find_encoder(params->abilities, engine, NULL, codec, params->depth);
    gboolean is_general =
        row && (!row->device || !row->codec || ffarm_capability_is_of_engine(row->class_)) && !is_cpu(engine);
    return is_general && ffarm_capability_verdict(row->class_) >= FFARM_CAPABILITY_SICK ? row : NULL;
}

static char *words_of(const FfarmCapability *row)
{
    const char *class_ = ffarm_capability_class_words(row->class_);
    return row->words ? g_strdup_printf("%s (%s)", class_, row->words) : g_strdup(class_);
}

/* Returns: why the device can't be used, new string; NULL if it can. */
static char *judge_device(const Candidate *candidate, const char *device)
{
    const FfarmLadderParams *params = candidate->params;
    gboolean is_believed =
        params->host->engines || candidate->is_configured || is_cpu(candidate->engine) || candidate->is_own;
    const FfarmCapability *row =
        candidate->is_own && is_cpu(candidate->engine) ? NULL : find_trial(params, candidate->engine, device);
    if (!row)
        return is_believed ? NULL : g_strdup("was not tried there");
    switch (ffarm_capability_verdict(row->class_)) {
    case FFARM_CAPABILITY_YES:
        return NULL;
    case FFARM_CAPABILITY_BUSY:
        return is_believed || row->class_ == FFARM_CAPABILITY_IN_USE ? NULL : words_of(row);
    default:
        return words_of(row);
    }
}

static void add_device(GPtrArray *devices, const char *name)
{
    for (guint i = 0; i < devices->len; i++)
        if (g_strcmp0(g_ptr_array_index(devices, i), name) == 0)
            return;
    g_ptr_array_add(devices, (gpointer)name);
}

/* The configuration's, else those that were proved, else whichever the engine takes. */
static void gather_devices(Candidate *candidate, GPtrArray *devices)
{
    const FfarmLadderParams *params = candidate->params;
    for (guint i = 0; i < params->host->devices->len; i++) {
        const FfarmDevice *device = g_ptr_array_index(params->host->devices, i);
        if (strcmp(device->engine, candidate->engine) == 0)
            add_device(devices, device->name);
    }
    candidate->is_configured = devices->len > 0;
    const GPtrArray *rows = params->abilities ? params->abilities->encoders : NULL;
    for (guint i = 0; rows && !candidate->is_configured && i < rows->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(rows, i);
        if (strcmp(row->engine, candidate->engine) == 0 && g_strcmp0(row->codec, params->profile->codec) == 0 &&
            row->depth == params->depth && ffarm_capability_verdict(row->class_) <= FFARM_CAPABILITY_BUSY)
            add_device(devices, row->device);
    }
    if (devices->len == 0)
        g_ptr_array_add(devices, NULL);
}

/* Keeps the devices that can be used. Returns: why there are none, new string; else NULL. */
static char *choose_devices(Candidate *candidate)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autofree char *first = NULL;
    gather_devices(candidate, all);
    for (guint i = 0; i < all->len; i++) {
        const char *device = g_ptr_array_index(all, i);
        g_autofree char *why = judge_device(candidate, device);
        if (!why)
            g_ptr_array_add(candidate->devices, (gpointer)device);
        else if (!first)
            first = g_steal_pointer(&why);
    }
    return candidate->devices->len > 0 ? NULL : g_strdup_printf("%s: %s", candidate->engine, first);
}

static char *find_version_obstacle(const Candidate *candidate)
{
    const FfarmEncoder *encoder = ffarm_engine_encoder(candidate->engine, candidate->params->profile->codec);
    guint has = version_of(candidate->params), needs = encoder ? ffarm_abilities_parse_version(encoder->since) : 0;
    if (candidate->is_own || has == 0 || has >= needs)
        return NULL;
    return g_strdup_printf("%s: %s needs ffmpeg %s, there it is %u.%u", candidate->engine, candidate->encoder,
                           encoder->since, has / 100, has % 100);
}

static char *find_size_obstacle(const Candidate *candidate)
{
    const FfarmTraits *traits = candidate->params->traits;
    g_autofree char *why = ffarm_engine_limits_size(candidate->encoder, traits->width, traits->height);
    return why ? g_strdup_printf("%s: %s", candidate->engine, why) : NULL;
}

/* Returns: why the engine can't do it, new string; NULL if it can. */
static char *find_obstacle(Candidate *candidate)
{
    const FfarmLadderParams *params = candidate->params;
    char *obstacle = ffarm_recipe_obstacle(params->profile, candidate->engine, params->depth);
    if (!obstacle)
        obstacle = find_version_obstacle(candidate);
    if (!obstacle)
        obstacle = choose_devices(candidate);
    return obstacle ? obstacle : find_size_obstacle(candidate);
}

static Candidate candidate_new(const FfarmLadderParams *params, const char *engine)
{
    Candidate candidate = {.params = params, .engine = engine, .devices = g_ptr_array_new()};
    const FfarmEncoder *encoder = ffarm_engine_encoder(engine, params->profile->codec);
    candidate.profile = ffarm_profile_for_engine(params->profile, engine);
    const char *own = ffarm_output_options_encoder(candidate.profile, FFARM_STREAM_VIDEO, 0);
    candidate.encoder = own ? own : encoder ? encoder->name : NULL;
    candidate.is_own = own && (!encoder || strcmp(own, encoder->name) != 0);
    return candidate;
}

/* --- who decodes --- */

typedef enum { DECODES_NOT, DECODES_MAYBE, DECODES } Decodes;

/* Whether @engine on @device decodes the film, for a result made with @profile. What nothing is known of is not planned
 * with. */
static Decodes can_decode(const FfarmLadderParams *params, const FfarmProfile *profile, const char *engine,
                          const char *device)
{
    const FfarmStream *video = params->traits->video;
    const FfarmDecodeDevice setup = {engine, device, os_of(params)};
    if (!params->abilities || !video || !video->codec || !ffarm_decode_setup_exists(&setup, video->codec) ||
        ffarm_recipe_has_own_decoding(profile))
        return DECODES_NOT;
    const FfarmDecodeCapability *row =
        ffarm_abilities_find_decoder(params->abilities, engine, device, video->codec, video->profile, video->pix_fmt);
    FfarmCapabilityVerdict verdict = row ? ffarm_capability_verdict(row->class_) : FFARM_CAPABILITY_BUSY;
    if (verdict == FFARM_CAPABILITY_YES)
        return DECODES;
    return verdict == FFARM_CAPABILITY_BUSY && !ffarm_traits_decode_doubt(video) ? DECODES_MAYBE : DECODES_NOT;
}

/* TRUE if nothing has to be done to the picture that the device can't do. */
static gboolean can_stay(const Candidate *candidate)
{
    static const char *const engines[] = {"cuda", "qsv", "vaapi", NULL};
    const FfarmLadderParams *params = candidate->params;
    const FfarmTraits *traits = params->traits;
    gboolean is_deepened = traits->depth == 8 && params->depth == 10 && strcmp(candidate->engine, "cuda") == 0;
    return g_strv_contains(engines, candidate->engine) &&
           strcmp(ffarm_engine_of_encoder(candidate->encoder), candidate->engine) == 0 && traits->films == 1 &&
           traits->is_420 && !traits->is_odd && !traits->is_interlaced && !traits->is_rotated &&
           (traits->depth == params->depth || is_deepened) &&
           !ffarm_hdr_is_tone_mapped(candidate->profile, traits->video) &&
           !ffarm_recipe_has_own_picture(candidate->profile);
}

/* --- rungs --- */

/* The node that was proved, where the engine's device has no name of its own. */
static const char *find_node(const FfarmLadderParams *params, const char *engine, const char *device)
{
    const FfarmCapability *row =
        device ? NULL
               : ffarm_abilities_find_encoder(params->abilities, engine, NULL, params->profile->codec, params->depth);
    return device ? device : row ? row->device : NULL;
}

static FfarmRung *add_rung(GPtrArray *rungs, const Candidate *candidate, const char *device)
{
    FfarmRung *rung = g_new0(FfarmRung, 1);
    rung->engine = candidate->engine;
    rung->device = g_strdup(device);
    rung->node = g_strdup(find_node(candidate->params, candidate->engine, device));
    g_ptr_array_add(rungs, rung);
    return rung;
}

static void add_hardware(GPtrArray *rungs, const Candidate *candidate, const char *device)
{
    Decodes decodes = can_decode(candidate->params, candidate->profile, candidate->engine, device);
    for (int stays = 1; decodes != DECODES_NOT && stays >= 0; stays--) {
        if (stays && !can_stay(candidate))
            continue;
        FfarmRung *rung = add_rung(rungs, candidate, device);
        rung->decoder = candidate->engine;
        rung->stays = stays != 0;
        rung->wants_proof = decodes == DECODES_MAYBE;
    }
    add_rung(rungs, candidate, device);
}

/* TRUE if a device of @engine was seen at work. @has_no_encoder: set if it can't encode this. */
static gboolean is_there(const FfarmLadderParams *params, const char *engine, gboolean *has_no_encoder)
{
    const GPtrArray *rows = params->abilities ? params->abilities->encoders : NULL;
    gboolean is_seen = FALSE;
    for (guint i = 0; rows && i < rows->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(rows, i);
        is_seen |= strcmp(row->engine, engine) == 0 &&
                   (row->class_ == FFARM_CAPABILITY_PROVED || row->class_ == FFARM_CAPABILITY_IN_USE ||
                    row->class_ == FFARM_CAPABILITY_NO_ENCODER || row->class_ == FFARM_CAPABILITY_CAP_MISSING);
    }
    const FfarmCapability *row = find_trial(params, engine, NULL);
    *has_no_encoder =
        row && (row->class_ == FFARM_CAPABILITY_NO_ENCODER || row->class_ == FFARM_CAPABILITY_CAP_MISSING);
    return is_seen;
}

/* TRUE if decoding on @engine is better than on the CPU, which encodes: measured so, or, where it was not measured, the
 * device has nothing else to do and the film is large. */
static gboolean relieves_cpu(const FfarmLadderParams *params, const char *engine, gboolean has_no_encoder)
{
    double with = speed_with(params, CPU, engine), without = speed_with(params, CPU, NULL);
    if (with > 0 && without > 0)
        return with > without;
    return has_no_encoder && params->traits->video->height >= MANY_LINES;
}

/* The CPU has the film decoded by an engine that has no encoder for it, or where that was found to be faster. */
static void add_relieved_cpu(GPtrArray *rungs, const Candidate *candidate, const GPtrArray *engines)
{
    const FfarmLadderParams *params = candidate->params;
    for (guint i = 0; i < engines->len; i++) {
        const char *engine = g_ptr_array_index(engines, i);
        gboolean has_no_encoder = FALSE;
        Decodes decodes = is_cpu(engine) ? DECODES_NOT : can_decode(params, candidate->profile, engine, NULL);
        gboolean is_seen = decodes != DECODES_NOT && is_there(params, engine, &has_no_encoder);
        if (decodes == DECODES_NOT || (decodes == DECODES_MAYBE && !is_seen) ||
            !relieves_cpu(params, engine, has_no_encoder))
            continue;
        FfarmRung *rung = add_rung(rungs, candidate, NULL);
        rung->decoder = engine;
        rung->decoder_node = g_strdup(find_node(params, engine, NULL));
        rung->wants_proof = decodes == DECODES_MAYBE;
        return;
    }
}

/* --- the ladder --- */

static gboolean is_among_devices(const FfarmHost *host, const char *engine)
{
    for (guint i = 0; i < host->devices->len; i++)
        if (strcmp(((const FfarmDevice *)g_ptr_array_index(host->devices, i))->engine, engine) == 0)
            return TRUE;
    return FALSE;
}

/* Returns: FALSE if all of the candidate's devices are full. @is_taken: whether by others, and for long. */
static gboolean pick_device(const Candidate *candidate, const char **device, gboolean *is_taken)
{
    const FfarmLadderParams *params = candidate->params;
    *is_taken = TRUE;
    for (guint i = 0; i < candidate->devices->len; i++) {
        *device = g_ptr_array_index(candidate->devices, i);
        if (!ffarm_ladder_is_full(params->full, candidate->engine, *device))
            return TRUE;
        *is_taken = *is_taken && ffarm_ladder_is_full(params->taken, candidate->engine, *device);
    }
    return FALSE;
}

typedef struct {
    FfarmLadder *ladder;
    GString *passed_over;
    GString *loss;      /* what engines that could do it would lose of HDR */
    gboolean has_full;  /* an engine that could do it has no device free, and is worth waiting for */
    gboolean has_taken; /* one is in use by others, and for long */
} Climb;

static void append(GString *list, const char *why)
{
    g_string_append_printf(list, "%s%s", list->len > 0 ? "; " : "", why);
}

static void pass_over(Climb *climb, const char *engine, const char *why)
{
    g_autofree char *words = g_strdup_printf("%s: %s", engine, why);
    if (climb->ladder->rungs->len == 0)
        append(climb->passed_over, words);
}

static void add_rungs(Climb *climb, const Candidate *candidate, const GPtrArray *engines, const char *device)
{
    GPtrArray *rungs = climb->ladder->rungs;
    if (!is_cpu(candidate->engine)) {
        add_hardware(rungs, candidate, device);
        return;
    }
    if (rungs->len == 0)
        add_relieved_cpu(rungs, candidate, engines);
    add_rung(rungs, candidate, device);
}

/* Adds the rungs of @engine. What comes behind a full one must be a device with a limit of its own. */
static void climb_engine(Climb *climb, const FfarmLadderParams *params, const GPtrArray *engines, const char *engine)
{
    g_auto(Candidate) candidate = candidate_new(params, engine);
    const char *device = NULL;
    gboolean is_taken = FALSE;
    g_autofree char *obstacle = find_obstacle(&candidate);
    g_autofree char *loss = obstacle ? NULL
                                     : ffarm_hdr_loss(candidate.profile, params->proof, params->traits->video,
                                                      candidate.encoder, version_of(params), params->depth);
    if (obstacle && climb->ladder->rungs->len == 0)
        append(climb->passed_over, obstacle);
    if (loss) {
        append(climb->loss, loss);
        pass_over(climb, engine, loss);
    }
    if (obstacle || loss)
        return;
    if (climb->has_full && !is_among_devices(params->host, engine)) {
        pass_over(climb, engine, "is not among the host's devices");
    } else if (!pick_device(&candidate, &device, &is_taken)) {
        pass_over(climb, engine, is_taken ? "has been in use by others for some minutes" : "is full");
        climb->has_full = climb->has_full || !is_taken;
        climb->has_taken = climb->has_taken || is_taken;
    } else {
        add_rungs(climb, &candidate, engines, device);
    }
}

/* Nothing comes behind the CPU: where that fails, the film is at fault. */
FfarmLadder *ffarm_ladder_new(const FfarmLadderParams *params)
{
    FfarmLadder *ladder = g_new0(FfarmLadder, 1);
    ladder->rungs = g_ptr_array_new_with_free_func(rung_free);
    g_autoptr(GPtrArray) engines = order_engines(params);
    g_autoptr(GString) passed_over = g_string_new(NULL), loss = g_string_new(NULL);
    Climb climb = {.ladder = ladder, .passed_over = passed_over, .loss = loss};
    for (guint i = 0; i < engines->len; i++) {
        const char *engine = g_ptr_array_index(engines, i);
        guint before = ladder->rungs->len;
        climb_engine(&climb, params, engines, engine);
        if (is_cpu(engine) && ladder->rungs->len > before)
            break;
    }
    ladder->passed_over = passed_over->len > 0 ? g_strdup(passed_over->str) : NULL;
    gboolean is_waited_for = climb.has_full || climb.has_taken;
    ladder->is_busy = ladder->rungs->len == 0 && is_waited_for;
    if (ladder->rungs->len == 0 && !is_waited_for && loss->len > 0)
        ladder->loss = g_strdup(loss->str);
    return ladder;
}
