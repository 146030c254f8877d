/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan_private.h"

#include <string.h>
#include "command.h"
#include "decode_setup.h"
#include "destination.h"
#include "engine.h"
#include "engine_limits.h"
#include "hdr_policy.h"
#include "ladder.h"
#include "literal_engine.h"
#include "output_options.h"
#include "picture_graph.h"
#include "recipe.h"
#include "result_muxer.h"
#include "source_traits.h"
#include "trash.h"
#include "verify.h"

/* What is asked, and what is known. */
typedef struct {
    const FfarmPlan *plan;
    const FfarmPlanItem *item;
    const FfarmHost *host;
    const FfarmAbilities *abilities;        /* nullable */
    const char *const *full, *const *taken; /* nullable */
    const FfarmProfile *profile;            /* with mixins, without engine */
    FfarmProof proof;
    FfarmTraits traits;
} Question;

void ffarm_choice_free(FfarmChoice *choice)
{
    if (!choice)
        return;
    ffarm_profile_free(choice->profile);
    ffarm_stream_plan_free(choice->streams);
    ffarm_placement_free(choice->placement);
    ffarm_choice_free(choice->fallback);
    g_strfreev(choice->proof_options);
    g_free(choice->device);
    g_free(choice->passed_over);
    g_free(choice->fingerprint);
    g_free(choice->destination);
    g_free(choice->trash);
    g_strfreev(choice->argv);
    g_free(choice);
}

void ffarm_refusal_clear(FfarmRefusal *refusal)
{
    g_clear_pointer(&refusal->reason, g_free);
}

static gboolean refuse(FfarmRefusal *refusal, char *text)
{
    if (refusal)
        *refusal = (FfarmRefusal){.reason = text};
    else
        g_free(text);
    return FALSE;
}

/* --- who may take it --- */

/* The profile's name: the command line's, else the host's own, else the rule's. */
static const char *profile_name(const FfarmPlanItem *item, const FfarmHost *host)
{
    if (item->input->profile)
        return item->input->profile;
    return host->profile ? host->profile : item->profile;
}

static gboolean check_profile(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                              FfarmRefusal *refusal)
{
    const char *name = profile_name(item, host);
    if (g_strcmp0(item->input->cluster, host->cluster) != 0)
        return refuse(refusal, g_strdup("it belongs to another cluster"));
    if (!name)
        return refuse(refusal, g_strdup("no rule names a profile, and the host has none of its own"));
    if (!ffarm_settings_profile(plan->settings, name))
        return refuse(refusal, g_strdup_printf("profile '%s' is not in the configuration", name));
    if (host->profiles && !g_strv_contains((const char *const *)host->profiles, name))
        return refuse(refusal, g_strdup_printf("profile '%s' is not among the host's profiles", name));
    if (host->type == FFARM_HOST_STREAMING && !host->working_dir)
        return refuse(refusal, g_strdup("the host has no working_dir"));
    return TRUE;
}

static const FfarmQueue *find_queue(const FfarmHost *host, const char *name)
{
    for (guint i = 0; i < host->queues->len; i++) {
        const FfarmQueue *queue = g_ptr_array_index(host->queues, i);
        if (g_strcmp0(queue->name, name) == 0)
            return queue;
    }
    return NULL;
}

/* A host whose configuration says nothing of queues, but names this very profile as its own, or this machine without
 * any cluster: there is no other slot that the profile's queue could mean. */
static gboolean is_queueless(const FfarmHost *host, const char *profile)
{
    const FfarmQueue *only = host->queues->len == 1 ? g_ptr_array_index(host->queues, 0) : NULL;
    return only && !only->name && (!host->cluster || g_strcmp0(host->profile, profile) == 0);
}

static gboolean choose_queue(FfarmChoice *choice, const char *name, FfarmRefusal *refusal)
{
    const FfarmHost *host = choice->host;
    const FfarmQueue *queue = find_queue(host, name);
    if (queue)
        choice->queue = queue->name;
    else if (!name)
        choice->any_queue = TRUE;
    else if (!is_queueless(host, choice->profile->name))
        return refuse(refusal, g_strdup_printf("the host has no queue '%s'", name));
    return TRUE;
}

/* --- with what --- */

static FfarmProfile *mix(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host)
{
    const FfarmProfile *base = ffarm_settings_profile(plan->settings, profile_name(item, host));
    g_autoptr(GPtrArray) mixins = g_ptr_array_new();
    for (char **name = item->input->mixins; name && *name; name++)
        g_ptr_array_add(mixins, (gpointer)ffarm_settings_profile(plan->settings, *name));
    FfarmProfile *mixed = ffarm_profile_with_mixins(base, (const FfarmProfile *const *)mixins->pdata, mixins->len);
    /* A mixin for the picture is no reason to have the sound encoded. */
    if (base->codec && !mixed->codec)
        ffarm_recipe_keep_sound(mixed);
    return mixed;
}

/* An encoder that the profile names itself needs its engine. */
static gboolean check_engine(const FfarmChoice *choice, FfarmRefusal *refusal)
{
    char **allowed = choice->host->engines;
    if (!allowed || strcmp(choice->engine, "cpu") == 0 || g_strv_contains((const char *const *)allowed, choice->engine))
        return TRUE;
    return refuse(refusal, g_strdup_printf("profile '%s' needs engine %s, which is not among the host's",
                                           choice->profile->name, choice->engine));
}

static gboolean check_trial(const Question *question, const FfarmChoice *choice, FfarmRefusal *refusal)
{
    const char *encoder = ffarm_output_options_encoder(choice->profile, FFARM_STREAM_VIDEO, 0);
    const FfarmCapability *row = ffarm_literal_trial(question->abilities, choice->profile, choice->engine,
                                                     choice->device, question->traits.video);
    FfarmCapabilityVerdict verdict = row ? ffarm_capability_verdict(row->class_) : FFARM_CAPABILITY_BUSY;
    if (verdict == FFARM_CAPABILITY_YES || verdict == FFARM_CAPABILITY_BUSY)
        return TRUE;
    return refuse(refusal, g_strdup_printf("profile '%s' needs %s, which does not work there: %s%s%s",
                                           choice->profile->name, encoder, ffarm_capability_class_words(row->class_),
                                           row->words ? ": " : "", row->words ? row->words : ""));
}

static gboolean check_free(const Question *question, const FfarmChoice *choice, FfarmRefusal *refusal)
{
    if (!ffarm_ladder_is_full(question->full, choice->engine, choice->device))
        return TRUE;
    refuse(refusal, g_strdup_printf("%s is full", choice->engine));
    if (refusal)
        refusal->is_busy = TRUE;
    return FALSE;
}

/* The engine of literal options: mixins, which the user asked for by name, count for more than the host's engine. */
static gboolean choose_literal(FfarmChoice *choice, const Question *question, FfarmRefusal *refusal)
{
    char **mixins = question->item->input->mixins;
    choice->engine = ffarm_engine_choose(choice->host, question->profile);
    choice->profile = ffarm_profile_for_engine(question->profile, choice->engine);
    if (mixins && *mixins)
        choice->engine = ffarm_engine_of_encoder(ffarm_output_options_encoder(choice->profile, FFARM_STREAM_VIDEO, 0));
    choice->device = g_strdup(ffarm_literal_device(choice->profile, choice->engine, choice->host));
    return check_engine(choice, refusal) && check_trial(question, choice, refusal) &&
           check_free(question, choice, refusal);
}

static FfarmOs os_of(const Question *question)
{
    gboolean is_known = question->abilities && question->abilities->os != FFARM_OS_UNKNOWN;
    return is_known ? question->abilities->os : question->host->os;
}

/* The words by which the decoder is tried; NULL: the CPU decodes. */
static char **proof_options(const Question *question, const FfarmRung *rung)
{
    gboolean is_same = g_strcmp0(rung->decoder, rung->engine) == 0;
    const FfarmDecodeDevice device = {rung->decoder, is_same ? rung->node : rung->decoder_node, os_of(question)};
    return rung->decoder ? ffarm_decode_setup_proof(&device, question->traits.video) : NULL;
}

static void choose_rung(FfarmChoice *choice, const Question *question, const FfarmRung *rung)
{
    choice->engine = rung->engine;
    choice->device = g_strdup(rung->device);
    choice->decoder = rung->decoder;
    choice->stays = rung->stays;
    choice->wants_proof = rung->wants_proof;
    choice->proof_options = proof_options(question, rung);
    choice->profile = ffarm_profile_for_engine(question->profile, rung->engine);
}

/* The options of the profile's codec, now that the container is known. */
static void fill_in(FfarmChoice *choice, const Question *question, const FfarmRung *rung)
{
    const FfarmWay way = {.engine = choice->engine,
                          .node = rung ? rung->node : NULL,
                          .decoder = choice->decoder,
                          .decoder_node = rung ? rung->decoder_node : NULL,
                          .stays = choice->stays,
                          .os = os_of(question),
                          .depth = ffarm_recipe_depth(choice->profile, question->traits.video),
                          .traits = &question->traits};
    FfarmProfile *filled = ffarm_recipe_fill_way(choice->profile, &way, choice->muxer);
    ffarm_profile_free(choice->profile);
    choice->profile = filled;
}

/* What becomes of the source. */
static void choose_original(FfarmChoice *choice, const FfarmPlan *plan, const FfarmPlanItem *item)
{
    const FfarmSettings *settings = plan->settings;
    const FfarmProfile *profile = choice->profile;
    choice->originals = profile->originals == FFARM_ORIGINALS_UNSET ? settings->originals : profile->originals;
    if (plan->keep || plan->output_dir)
        choice->originals = FFARM_ORIGINALS_KEEP;
    if (choice->originals == FFARM_ORIGINALS_TRASH)
        choice->trash = ffarm_trash_path(settings->trash_dir, item->input->path);
    choice->keep_times =
        profile->keep_times == FFARM_TRISTATE_UNSET ? settings->keep_times : profile->keep_times == FFARM_TRISTATE_YES;
}

/* The temporary name of the result hides its extension from ffmpeg, so the muxer has to be known. */
static gboolean choose_muxer(FfarmChoice *choice, const FfarmPlanItem *item, const char *extension,
                             FfarmRefusal *refusal)
{
    choice->muxer = ffarm_result_muxer(choice->profile, extension, item->media->container);
    if (!choice->muxer)
        return refuse(refusal,
                      g_strdup_printf("no container goes by the extension '%s': profile '%s' needs an extension "
                                      "or an option -f",
                                      extension, choice->profile->name));
    return TRUE;
}

/* A result without picture, or one that lost all its sound on the way, is no substitute for the source. */
static gboolean check_streams(const FfarmChoice *choice, const FfarmPlanItem *item, FfarmRefusal *refusal)
{
    const FfarmStreamPlan *streams = choice->streams;
    const char *name = choice->profile->name;
    gboolean replaces = choice->originals != FFARM_ORIGINALS_KEEP;
    guint films = 0;
    for (guint i = 0; streams->is_mapped && i < streams->choices->len; i++) {
        const FfarmStreamChoice *stream = g_ptr_array_index(streams->choices, i);
        films += stream->stream->type == FFARM_STREAM_VIDEO && stream->action != FFARM_STREAM_DROP &&
                 !ffarm_stream_is_picture(stream->stream);
    }
    gboolean wants_no_video = ffarm_output_options_have(choice->profile, "-vn");
    if (wants_no_video && replaces)
        return refuse(
            refusal,
            g_strdup_printf("profile '%s' says -vn, and a result without picture can't replace the source", name));
    if (streams->is_mapped && films == 0 && !wants_no_video)
        return refuse(refusal,
                      g_strdup_printf("profile '%s' copies the video, and %s can't hold it", name, choice->muxer));
    if (streams->is_mapped && !ffarm_output_options_have(choice->profile, "-an") &&
        ffarm_media_count_streams(item->media, FFARM_STREAM_AUDIO) > 0 &&
        ffarm_stream_plan_count(streams, FFARM_STREAM_AUDIO) == 0)
        return refuse(refusal, g_strdup_printf("with profile '%s' no audio could be kept in %s", name, choice->muxer));
    return TRUE;
}

/* A result that is sure to be refused needn't be made. */
static gboolean foresee(const FfarmChoice *choice, const Question *question, FfarmRefusal *refusal)
{
    const FfarmPlanItem *item = question->item;
    const char *encoder = ffarm_output_options_encoder(choice->profile, FFARM_STREAM_VIDEO, 0), *since = NULL;
    guint version = question->abilities ? question->abilities->ffmpeg_version : 0;
    const FfarmPromise promise = {.streams = choice->streams,
                                  .muxer = choice->muxer,
                                  .flags = ffarm_verify_flags(choice->profile, &question->proof),
                                  .profile = choice->profile,
                                  .passes_hdr10 = encoder && ffarm_engine_limits_hdr10(encoder, version, &since) ==
                                                                 FFARM_KEEPS_YES};
    g_autoptr(GError) error = NULL;
    if (ffarm_verify_foresee(item->media, &promise, choice->streams->warnings, &error))
        return TRUE;
    /* The film's name comes before what is wrong. */
    g_autofree char *name = g_filename_display_name(item->media->path);
    gsize skip = g_str_has_prefix(error->message, name) ? strlen(name) + strlen(": ") : 0;
    return refuse(refusal, g_strdup_printf("with profile '%s' no result could be accepted: %s", choice->profile->name,
                                           error->message + skip));
}

/* --- where --- */

static char *find_destination(const FfarmChoice *choice, const FfarmPlan *plan, const FfarmPlanItem *item)
{
    FfarmDestinationParams destination = {.source = item->input->path,
                                          .relative = item->input->relative,
                                          .extension = choice->profile->extension,
                                          .output_dir = plan->output_dir,
                                          .keep = choice->originals == FFARM_ORIGINALS_KEEP};
    return ffarm_destination_path(&destination);
}

static const char *result_extension(const FfarmChoice *choice, const FfarmPlanItem *item)
{
    const char *own = choice->profile->extension;
    return own ? own : ffarm_destination_extension(item->input->path);
}

FfarmPlacement *ffarm_choice_place(const FfarmChoice *choice, const FfarmPlan *plan, const FfarmPlanItem *item,
                                   const char *job_id)
{
    FfarmPlacementParams placement = {.host = choice->host,
                                      .source = item->input->path,
                                      .extension = result_extension(choice, item),
                                      .destination = choice->destination,
                                      .fls_path = plan->settings->fls_path,
                                      .job_id = job_id};
    return ffarm_placement_new(&placement);
}

char **ffarm_choice_argv(const FfarmChoice *choice, const FfarmPlacement *placement)
{
    FfarmCommandParams command = {.ffmpeg = choice->host->ffmpeg,
                                  .input = placement->host_input,
                                  .output = placement->host_output,
                                  .profile = choice->profile,
                                  .streams = choice->streams,
                                  .muxer = choice->muxer};
    return ffarm_command_build(&command);
}

/* One way: with @rung, or (NULL) as the profile's literal options say. */
static FfarmChoice *choose_way(const Question *question, const FfarmRung *rung, FfarmRefusal *refusal)
{
    const FfarmPlan *plan = question->plan;
    const FfarmPlanItem *item = question->item;
    g_autoptr(FfarmChoice) choice = g_new0(FfarmChoice, 1);
    choice->host = question->host;
    choice->fingerprint = ffarm_profile_fingerprint(question->profile, plan->settings->automap);
    if (rung)
        choose_rung(choice, question, rung);
    else if (!choose_literal(choice, question, refusal))
        return NULL;
    if (!choose_queue(choice, choice->profile->queue, refusal))
        return NULL;
    choose_original(choice, plan, item);
    if (!choose_muxer(choice, item, result_extension(choice, item), refusal))
        return NULL;
    fill_in(choice, question, rung);
    choice->streams = ffarm_streams_choose(item->media, choice->profile, choice->muxer, plan->settings->automap);
    if (!check_streams(choice, item, refusal) || !foresee(choice, question, refusal))
        return NULL;
    ffarm_picture_graph_tell(choice->profile, question->traits.video, choice->streams->warnings);
    choice->destination = find_destination(choice, plan, item);
    choice->placement = ffarm_choice_place(choice, plan, item, item->job_id);
    choice->argv = ffarm_choice_argv(choice, choice->placement);
    return g_steal_pointer(&choice);
}

static gboolean refuse_ladder(const Question *question, const FfarmLadder *ladder, FfarmRefusal *refusal)
{
    const char *why = ladder->passed_over ? ladder->passed_over : "it has none";
    if (ladder->loss)
        refuse(refusal,
               g_strdup_printf("%s: 'expect: {hdr: any}' lets that go, 'hdr: tonemap' makes it SDR", ladder->loss));
    else
        refuse(refusal, g_strdup_printf("none of the host's engines can do profile '%s'%s: %s", question->profile->name,
                                        ladder->is_busy ? " now" : "", why));
    if (refusal) {
        refusal->is_busy = ladder->is_busy;
        refusal->loses_hdr = ladder->loss != NULL;
    }
    return FALSE;
}

/* Notes why @rung is not taken, once for each engine and reason. */
static void pass_over(FfarmLadder *ladder, const FfarmRung *rung, const char *why)
{
    const char *before = ladder->passed_over ? ladder->passed_over : "";
    g_autofree char *text = g_strdup_printf("%s: %s", rung->engine, why);
    if (strstr(before, text))
        return;
    char *all = g_strconcat(before, *before ? "; " : "", text, NULL);
    g_free(ladder->passed_over);
    ladder->passed_over = all;
}

/* The first rung of which a result could be accepted. @refusal: why the first of all is not, if none is. */
static FfarmChoice *choose_first(const Question *question, FfarmLadder *ladder, guint *place, FfarmRefusal *refusal)
{
    for (*place = 0; *place < ladder->rungs->len; (*place)++) {
        const FfarmRung *rung = g_ptr_array_index(ladder->rungs, *place);
        g_auto(FfarmRefusal) why = {0};
        FfarmChoice *choice = choose_way(question, rung, &why);
        if (choice)
            return choice;
        pass_over(ladder, rung, why.reason);
        if (*place == 0)
            refuse(refusal, g_steal_pointer(&why.reason));
    }
    return NULL;
}

/* The rungs from @place on that give the same kind of file as @first, to fall back on. */
static void add_fallbacks(const Question *question, const FfarmLadder *ladder, guint place, FfarmChoice *first)
{
    FfarmChoice **end = &first->fallback;
    for (guint i = place; i < ladder->rungs->len; i++) {
        g_autoptr(FfarmChoice) next = choose_way(question, g_ptr_array_index(ladder->rungs, i), NULL);
        if (!next || strcmp(next->muxer, first->muxer) != 0)
            continue;
        *end = g_steal_pointer(&next);
        end = &(*end)->fallback;
    }
}

static FfarmChoice *choose_ladder(const Question *question, gboolean is_first_only, FfarmRefusal *refusal)
{
    const FfarmLadderParams params = {
        .host = question->host,
        .abilities = question->abilities,
        .full = question->full,
        .taken = question->taken,
        .profile = question->profile,
        .proof = &question->proof,
        .traits = &question->traits,
        .depth = ffarm_recipe_depth(question->profile, question->traits.video),
    };
    g_autoptr(FfarmLadder) ladder = ffarm_ladder_new(&params);
    if (ladder->rungs->len == 0 && !refuse_ladder(question, ladder, refusal))
        return NULL;
    guint place = 0;
    g_auto(FfarmRefusal) why = {0};
    FfarmChoice *first = choose_first(question, ladder, &place, &why);
    if (!first) {
        refuse(refusal, g_steal_pointer(&why.reason));
        return NULL;
    }
    first->passed_over = g_steal_pointer(&ladder->passed_over);
    if (!is_first_only)
        add_fallbacks(question, ladder, place + 1, first);
    return first;
}

/* What stands against encoding the film with the profile, whoever does it. */
static gboolean check_film(const Question *question, FfarmRefusal *refusal)
{
    const FfarmTraits *traits = &question->traits;
    if (ffarm_literal_is_empty(question->profile))
        return refuse(refusal,
                      g_strdup_printf("profile '%s' says nothing of how to encode: give it a 'codec', or options",
                                      question->profile->name));
    gboolean is_encoded = question->profile->codec && strcmp(question->profile->codec, "copy") != 0;
    char *obstacle = ffarm_hdr_obstacle(question->profile, &question->proof, traits->video);
    if (obstacle) {
        refuse(refusal, obstacle);
        if (refusal)
            refusal->loses_hdr = TRUE;
        return FALSE;
    }
    /* ffmpeg turns before it filters, and the fields change places. */
    if (is_encoded && traits->is_interlaced && traits->is_rotated)
        return refuse(refusal, g_strdup("it is interlaced and turned, which can't be undone together"));
    return TRUE;
}

static FfarmChoice *choose(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                           const FfarmConditions *conditions, gboolean is_first_only, FfarmRefusal *refusal)
{
    if (!check_profile(plan, item, host, refusal))
        return NULL;
    g_autoptr(FfarmProfile) profile = mix(plan, item, host);
    const FfarmAbilities *given = conditions ? conditions->abilities : NULL;
    const Question question = {
        .plan = plan,
        .item = item,
        .host = host,
        .abilities = given || !plan->abilities ? given : g_hash_table_lookup(plan->abilities, host),
        .full = conditions ? conditions->full : NULL,
        .taken = conditions ? conditions->taken : NULL,
        .profile = profile,
        .proof = ffarm_proof_over(&plan->settings->proof, &profile->proof),
        .traits = ffarm_traits_of(item->media),
    };
    gboolean has_ladder = profile->codec && strcmp(profile->codec, "copy") != 0;
    if (!check_film(&question, refusal))
        return NULL;
    return has_ladder ? choose_ladder(&question, is_first_only, refusal) : choose_way(&question, NULL, refusal);
}

FfarmChoice *ffarm_plan_choose(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                               const FfarmConditions *conditions, FfarmRefusal *refusal)
{
    return choose(plan, item, host, conditions, FALSE, refusal);
}

FfarmChoice *ffarm_plan_choose_first(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                                     FfarmRefusal *refusal)
{
    return choose(plan, item, host, NULL, TRUE, refusal);
}
