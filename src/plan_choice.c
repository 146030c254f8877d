/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <string.h>
#include "command.h"
#include "container.h"
#include "destination.h"
#include "engine.h"
#include "output_options.h"
#include "recipe.h"
#include "trash.h"
#include "verify.h"

void ffarm_choice_free(FfarmChoice *choice)
{
    if (!choice)
        return;
    ffarm_profile_free(choice->profile);
    ffarm_stream_plan_free(choice->streams);
    ffarm_placement_free(choice->placement);
    ffarm_choice_free(choice->fallback);
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
    return ffarm_profile_with_mixins(base, (const FfarmProfile *const *)mixins->pdata, mixins->len);
}

static gboolean choose_engine(FfarmChoice *choice, const FfarmProfile *profile, const FfarmPlanItem *item,
                              FfarmRefusal *refusal)
{
    int depth = ffarm_recipe_depth(profile, ffarm_media_peek_video(item->media));
    choice->engine = ffarm_recipe_engine(profile, choice->host, depth, &choice->passed_over);
    if (choice->engine)
        return TRUE;
    return refuse(refusal, g_strdup_printf("none of the host's engines can do profile '%s': %s", profile->name,
                                           choice->passed_over));
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

/* The profile as it will be used: mixins, which the user asked for by name, count for more than the host's engine. */
static gboolean choose_profile(FfarmChoice *choice, const FfarmPlan *plan, const FfarmPlanItem *item,
                               FfarmRefusal *refusal)
{
    g_autoptr(FfarmProfile) mixed = mix(plan, item, choice->host);
    choice->fingerprint = ffarm_profile_fingerprint(mixed, plan->settings->automap);
    if (mixed->codec && !choose_engine(choice, mixed, item, refusal))
        return FALSE;
    if (!mixed->codec)
        choice->engine = ffarm_engine_choose(choice->host, mixed);
    choice->profile = ffarm_profile_for_engine(mixed, choice->engine);
    if (mixed->codec)
        return TRUE;
    if (item->input->mixins && *item->input->mixins)
        choice->engine = ffarm_engine_of_encoder(ffarm_output_options_encoder(choice->profile, FFARM_STREAM_VIDEO, 0));
    return check_engine(choice, refusal);
}

/* The options of the profile's codec, now that the container is known. */
static void fill_in(FfarmChoice *choice, const FfarmPlanItem *item)
{
    int depth = ffarm_recipe_depth(choice->profile, ffarm_media_peek_video(item->media));
    FfarmProfile *filled = ffarm_recipe_fill(choice->profile, choice->engine, depth, choice->muxer);
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

/* The muxer that writes what a demuxer of this name reads, for sources whose own name says nothing. */
static const char *muxer_of_container(const char *container)
{
    static const struct {
        const char *demuxer, *muxer;
    } pairs[] = {{"matroska", "matroska"}, {"mov", "mp4"}, {"mpegts", "mpegts"}, {"avi", "avi"},
                 {"flv", "flv"},           {"asf", "asf"}, {"mpeg", "vob"},      {"ogg", "ogg"}};
    gsize length = strcspn(container, ",");
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (strlen(pairs[i].demuxer) == length && strncmp(container, pairs[i].demuxer, length) == 0)
            return pairs[i].muxer;
    return NULL;
}

/* The value of the last -f among the output options, NULL if there is none. */
static const char *own_muxer(const FfarmProfile *profile)
{
    const char *muxer = NULL;
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++) {
        const char *value = ffarm_profile_peek_option(profile, (FfarmSection)section, "-f");
        muxer = value ? value : muxer;
    }
    return muxer ? g_intern_string(muxer) : NULL;
}

/* The temporary name of the result hides its extension from ffmpeg, so the muxer has to be known. */
static gboolean choose_muxer(FfarmChoice *choice, const FfarmPlanItem *item, const char *extension,
                             FfarmRefusal *refusal)
{
    choice->muxer = own_muxer(choice->profile);
    if (!choice->muxer && *extension)
        choice->muxer = ffarm_container_muxer(extension);
    if (!choice->muxer && !choice->profile->extension && item->media->container)
        choice->muxer = muxer_of_container(item->media->container);
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
static gboolean foresee(const FfarmChoice *choice, const FfarmPlan *plan, const FfarmPlanItem *item,
                        FfarmRefusal *refusal)
{
    FfarmProof proof = ffarm_proof_over(&plan->settings->proof, &choice->profile->proof);
    const FfarmPromise promise = {.streams = choice->streams,
                                  .muxer = choice->muxer,
                                  .flags = ffarm_verify_flags(choice->profile, &proof),
                                  .profile = choice->profile};
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

FfarmChoice *ffarm_plan_choose(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                               const FfarmConditions *conditions, FfarmRefusal *refusal)
{
    if (!check_profile(plan, item, host, refusal))
        return NULL;
    g_autoptr(FfarmChoice) choice = g_new0(FfarmChoice, 1);
    choice->host = host;
    if (!choose_profile(choice, plan, item, refusal) || !choose_queue(choice, choice->profile->queue, refusal))
        return NULL;
    choose_original(choice, plan, item);
    if (!choose_muxer(choice, item, result_extension(choice, item), refusal))
        return NULL;
    fill_in(choice, item);
    choice->streams = ffarm_streams_choose(item->media, choice->profile, choice->muxer, plan->settings->automap);
    if (!check_streams(choice, item, refusal) || !foresee(choice, plan, item, refusal))
        return NULL;
    choice->destination = find_destination(choice, plan, item);
    choice->placement = ffarm_choice_place(choice, plan, item, item->job_id);
    choice->argv = ffarm_choice_argv(choice, choice->placement);
    return g_steal_pointer(&choice);
}
