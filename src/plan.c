/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan_private.h"

#include <string.h>
#include <sys/stat.h>
#include "clash.h"
#include "destination.h"
#include "nonce.h"
#include "plan_names.h"
#include "prober.h"

static void item_free(gpointer data)
{
    FfarmPlanItem *item = data;
    ffarm_input_free(item->input);
    ffarm_media_free(item->media);
    g_free(item->reason);
    if (item->trace)
        g_ptr_array_unref(item->trace);
    g_free(item->profile);
    g_free(item->job_id);
    g_free(item);
}

void ffarm_plan_free(FfarmPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->items); /* verdicts borrow rules, so before anything else goes */
    g_hash_table_unref(plan->abilities);
    g_ptr_array_unref(plan->hosts);
    g_ptr_array_unref(plan->disabled);
    g_free(plan->output_dir);
    g_free(plan->run_id);
    g_free(plan);
}

guint ffarm_plan_count(const FfarmPlan *plan, FfarmPlanStatus status)
{
    guint count = 0;
    for (guint i = 0; i < plan->items->len; i++)
        count += ((const FfarmPlanItem *)g_ptr_array_index(plan->items, i))->status == status;
    return count;
}

const char *ffarm_plan_status_name(FfarmPlanStatus status)
{
    static const char *const names[] = {"encode", "skip", "unmatched", "invalid", "unassignable"};
    return names[status];
}

/* Sorts by time, and nobody knows it before the run: files in places where everybody may write are named after it. */
static char *make_run_id(void)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    g_autofree char *nonce = ffarm_nonce_new();
    GString *id = g_string_new(nonce);
    for (guint64 seconds = (guint64)(g_get_real_time() / G_USEC_PER_SEC); seconds > 0; seconds /= 36)
        g_string_prepend_c(id, digits[seconds % 36]);
    return g_string_free(id, FALSE);
}

/* --- hosts --- */

static gboolean is_asked_for(const FfarmHost *host, const char *const *only_hosts)
{
    return !only_hosts || !*only_hosts || g_strv_contains(only_hosts, host->name);
}

static void take_host(FfarmPlan *plan, FfarmHost *host, const char *const *only_hosts)
{
    gboolean takes_part = host->is_enabled && is_asked_for(host, only_hosts);
    g_ptr_array_add(takes_part ? plan->hosts : plan->disabled, host);
}

/* The host of a run without -c: this machine, with the queues of the configuration. */
static FfarmHost *make_local_host(const FfarmSettings *settings)
{
    FfarmHost *host = ffarm_host_new(NULL, "local", FFARM_HOST_LOCAL);
    g_free(host->ffmpeg);
    g_free(host->ssh);
    host->ffmpeg = g_strdup(settings->ffmpeg);
    host->ssh = g_strdup(settings->ssh);
    for (guint i = 0; i < settings->queues->len; i++) {
        const FfarmQueue *queue = g_ptr_array_index(settings->queues, i);
        ffarm_host_add_queue(host, queue->name, queue->slots);
    }
    if (host->queues->len == 0)
        ffarm_host_add_queue(host, NULL, 1);
    return host;
}

/* Every cluster used, once, in the order of the inputs. */
static void gather_hosts(FfarmPlan *plan, const GPtrArray *inputs, const char *const *only_hosts)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean has_local = FALSE;
    for (guint i = 0; i < inputs->len; i++) {
        const FfarmInput *input = g_ptr_array_index(inputs, i);
        if (!input->cluster) {
            if (!has_local)
                take_host(plan, make_local_host(plan->settings), only_hosts);
            has_local = TRUE;
        } else if (g_hash_table_add(seen, input->cluster)) {
            const FfarmCluster *cluster = ffarm_settings_cluster(plan->settings, input->cluster);
            for (guint k = 0; k < cluster->hosts->len; k++)
                take_host(plan, ffarm_host_copy(g_ptr_array_index(cluster->hosts, k)), only_hosts);
        }
    }
}

/* --- what happens to each file --- */

static void settle(FfarmPlanItem *item, FfarmPlanStatus status, char *reason)
{
    item->status = status;
    g_free(item->reason);
    item->reason = reason;
}

static gboolean exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* TRUE if @path, without its ".tmp", is what the result of @source would be called beside it. */
static gboolean is_result_name(const char *path, const char *source)
{
    gsize stem = (gsize)(ffarm_destination_extension(source) - source);
    g_autofree char *result = g_strndup(path, strlen(path) - strlen(".tmp"));
    return strcmp(path, source) != 0 && strncmp(result, source, stem) == 0 &&
           (gsize)(ffarm_destination_extension(result) - result) == stem;
}

/* A result that an earlier run with -k left beside its source: a shell's "*" gives both. */
static char *find_source_of_kept(const FfarmPlan *plan, const char *path)
{
    if (!g_str_has_suffix(path, ".tmp"))
        return NULL;
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".tmp"));
    if (exists(stem))
        return g_steal_pointer(&stem);
    for (guint i = 0; i < plan->items->len; i++) {
        const FfarmPlanItem *other = g_ptr_array_index(plan->items, i);
        if (is_result_name(path, other->input->path))
            return g_strdup(other->input->path);
    }
    return NULL;
}

/* Returns: TRUE if @item is a leftover of ffarm itself. */
static gboolean settle_leftover(const FfarmPlan *plan, FfarmPlanItem *item)
{
    g_autofree char *name = g_path_get_basename(item->input->path);
    if (ffarm_placement_is_temporary(name)) {
        settle(item, FFARM_PLAN_SKIP, g_strdup("a temporary file of ffarm"));
        return TRUE;
    }
    g_autofree char *source = find_source_of_kept(plan, item->input->path);
    if (source)
        settle(item, FFARM_PLAN_SKIP, g_strdup_printf("the kept result of %s", source));
    return source != NULL;
}

static gboolean has_host_with_profile(const FfarmPlan *plan, const char *cluster)
{
    for (guint i = 0; i < plan->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->hosts, i);
        if (host->profile && g_strcmp0(host->cluster, cluster) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Asks the rules. Where there are none at all, hosts with a profile of their own take everything.
 * Returns: TRUE if the file is to be encoded as far as the rules are concerned. */
static gboolean ask_rules(const FfarmPlan *plan, FfarmPlanItem *item)
{
    const GPtrArray *rules = plan->settings->rules;
    if (rules->len == 0) {
        if (has_host_with_profile(plan, item->input->cluster))
            return TRUE;
        settle(item, FFARM_PLAN_UNMATCHED, g_strdup("the configuration has no rules, and no profile was given"));
        return FALSE;
    }
    item->rule = ffarm_rules_match(rules, item->media, &item->trace);
    if (!item->rule)
        settle(item, FFARM_PLAN_UNMATCHED, g_strdup("no rule matches"));
    else if (!item->rule->profile)
        settle(item, FFARM_PLAN_SKIP, g_strdup_printf("rule '%s' says SKIP", item->rule->name));
    else
        item->profile = g_strdup(item->rule->profile);
    return item->profile != NULL;
}

/* Why hosts of an item's cluster may not take it. */
typedef struct {
    GString *all; /* "host: why; host: why" */
    char *same;   /* why, if that is one and the same for all; nullable */
    guint count;
    guint losing_hdr; /* of them: for HDR alone */
} Refusals;

static void refusals_clear(Refusals *refusals)
{
    g_string_free(refusals->all, TRUE);
    g_free(refusals->same);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Refusals, refusals_clear)

static void note_refusal(Refusals *refusals, const FfarmHost *host, const FfarmRefusal *refusal)
{
    g_string_append_printf(refusals->all, "%s%s: %s", refusals->count > 0 ? "; " : "", host->name, refusal->reason);
    if (refusals->count == 0)
        refusals->same = g_strdup(refusal->reason);
    else if (g_strcmp0(refusals->same, refusal->reason) != 0)
        g_clear_pointer(&refusals->same, g_free);
    refusals->count++;
    refusals->losing_hdr += refusal->loses_hdr;
}

/* What every host could do with @item. */
static GPtrArray *gather_choices(const FfarmPlan *plan, const FfarmPlanItem *item, Refusals *refusals)
{
    GPtrArray *choices = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_choice_free);
    for (guint i = 0; i < plan->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->hosts, i);
        g_auto(FfarmRefusal) refusal = {0};
        FfarmChoice *choice = ffarm_plan_choose_first(plan, item, host, &refusal);
        if (choice)
            g_ptr_array_add(choices, choice);
        else if (g_strcmp0(host->cluster, item->input->cluster) == 0)
            note_refusal(refusals, host, &refusal);
    }
    return choices;
}

/* Returns: the first problem that stands against encoding @media; NULL if there is none. Of a film that was cut off the
 * rest can be encoded, where that is wanted. */
static const FfarmProblem *find_problem(const FfarmMedia *media, gboolean wants_rest)
{
    for (guint i = 0; i < media->problems->len; i++) {
        const FfarmProblem *problem = g_ptr_array_index(media->problems, i);
        if (!wants_rest || problem->kind != FFARM_PROBLEM_TRUNCATED || !ffarm_media_peek_video(media))
            return problem;
    }
    return NULL;
}

/* TRUE if @profile (NULL: some profile) encodes what is left of damaged films. */
static gboolean wants_rest(const FfarmSettings *settings, const FfarmProfile *profile)
{
    if (profile)
        return ffarm_proof_over(&settings->proof, &profile->proof).damaged == FFARM_DAMAGED_ENCODE;
    gboolean wants = settings->proof.damaged == FFARM_DAMAGED_ENCODE;
    for (guint i = 0; i < settings->profiles->len && !wants; i++)
        wants = wants_rest(settings, g_ptr_array_index(settings->profiles, i));
    return wants;
}

/* Returns: why @choice can't be carried out, NULL if it can. */
static char *find_obstacle(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmChoice *choice,
                           FfarmClashes *clashes)
{
    gboolean replaces = choice->originals != FFARM_ORIGINALS_KEEP;
    const FfarmProblem *problem = find_problem(item->media, wants_rest(plan->settings, choice->profile));
    if (problem)
        return g_strdup(problem->text);
    char *reason = ffarm_clashes_check_result(clashes, item->media, choice->destination, replaces);
    if (!reason)
        reason = ffarm_destination_obstacle(choice->destination);
    if (!reason && replaces)
        reason = ffarm_original_obstacle(item->media, choice->trash);
    if (!reason)
        reason = ffarm_destination_obstacle(choice->placement->result);
    if (!reason && choice->host->type == FFARM_HOST_LOCAL && plan->settings->fls_path &&
        !exists(plan->settings->fls_path))
        reason = g_strdup_printf("fls_path %s does not exist", plan->settings->fls_path);
    return reason;
}

/* TRUE if a source that is to be kept has a result already, most likely an earlier run's. It is never overwritten. */
static gboolean settle_finished(FfarmPlanItem *item, const FfarmChoice *choice)
{
    struct stat info;
    if (choice->originals != FFARM_ORIGINALS_KEEP || lstat(choice->destination, &info) != 0 || !S_ISREG(info.st_mode) ||
        (info.st_dev == item->media->device && info.st_ino == item->media->inode))
        return FALSE;
    g_autofree char *name = g_filename_display_name(choice->destination);
    settle(item, FFARM_PLAN_SKIP,
           g_strdup_printf("%s is there already: remove it and give --again to have it made again", name));
    return TRUE;
}

/* TRUE if an earlier run has done @item as one of @choices would. */
static gboolean settle_recalled(const FfarmPlanOptions *options, FfarmPlanItem *item, const GPtrArray *choices)
{
    const char *asked = NULL;
    for (guint i = 0; options->recall && i < choices->len; i++) {
        const char *fingerprint = ((const FfarmChoice *)g_ptr_array_index(choices, i))->fingerprint;
        if (g_strcmp0(fingerprint, asked) == 0)
            continue;
        asked = fingerprint;
        char *reason = options->recall(item->media, fingerprint, options->recall_data);
        if (reason) {
            settle(item, FFARM_PLAN_SKIP, reason);
            return TRUE;
        }
    }
    return FALSE;
}

/* What gets lost or changed by @choice, in words; NULL: nothing. */
static char *remark_on(const FfarmPlanItem *item, const FfarmChoice *choice)
{
    gboolean keeps_name = strcmp(item->input->path, choice->destination) == 0;
    gboolean replaces = choice->originals != FFARM_ORIGINALS_KEEP;
    g_autofree char *original = replaces ? ffarm_original_remark(item->media, keeps_name) : NULL;
    g_autoptr(GString) remarks = g_string_new(original);
    for (guint i = 0; i < choice->streams->warnings->len; i++)
        g_string_append_printf(remarks, "%s%s", remarks->len > 0 ? "; " : "",
                               (const char *)g_ptr_array_index(choice->streams->warnings, i));
    return remarks->len > 0 ? g_strdup(remarks->str) : NULL;
}

/* Settles an item that no host takes. Where a host could, but for HDR, it is left alone, as it should be. */
static void settle_refused(FfarmPlanItem *item, const Refusals *refusals)
{
    const char *why = refusals->same ? refusals->same : refusals->all->str;
    if (refusals->losing_hdr > 0)
        settle(item, FFARM_PLAN_SKIP, g_strdup(why));
    else if (refusals->count > 0)
        settle(item, FFARM_PLAN_UNASSIGNABLE, g_strdup_printf("no host may take it: %s", refusals->all->str));
    else
        settle(item, FFARM_PLAN_UNASSIGNABLE, g_strdup("no enabled host is left to take it"));
}

/* Settles an item that some host should take: every place where its result may come to lie has to be free. */
static void settle_encode(const FfarmPlan *plan, const FfarmPlanOptions *options, FfarmPlanItem *item,
                          FfarmClashes *clashes)
{
    g_auto(Refusals) refusals = {.all = g_string_new(NULL)};
    g_autoptr(GPtrArray) choices = gather_choices(plan, item, &refusals);
    if (choices->len == 0) {
        settle_refused(item, &refusals);
        return;
    }
    for (guint i = 0; i < choices->len; i++) {
        if (settle_finished(item, g_ptr_array_index(choices, i)))
            return;
    }
    if (settle_recalled(options, item, choices))
        return;
    for (guint i = 0; i < choices->len; i++) {
        char *obstacle = find_obstacle(plan, item, g_ptr_array_index(choices, i), clashes);
        if (obstacle) {
            settle(item, FFARM_PLAN_INVALID, obstacle);
            return;
        }
    }
    for (guint i = 0; i < choices->len; i++)
        ffarm_clashes_reserve(clashes, item->media, ((const FfarmChoice *)g_ptr_array_index(choices, i))->destination);
    settle(item, FFARM_PLAN_ENCODE, remark_on(item, g_ptr_array_index(choices, 0)));
}

static void decide(const FfarmPlan *plan, const FfarmPlanOptions *options, FfarmPlanItem *item, FfarmClashes *clashes)
{
    if (settle_leftover(plan, item))
        return;
    const FfarmProblem *problem = find_problem(item->media, wants_rest(plan->settings, NULL));
    if (problem) {
        settle(item, FFARM_PLAN_INVALID, g_strdup(problem->text));
        return;
    }
    gboolean is_covered = FALSE;
    char *twice = ffarm_clashes_add_source(clashes, item->media, &is_covered);
    if (twice) {
        settle(item, is_covered ? FFARM_PLAN_SKIP : FFARM_PLAN_INVALID, twice);
        return;
    }
    if (item->input->profile)
        item->profile = g_strdup(item->input->profile);
    else if (!ask_rules(plan, item))
        return;
    settle_encode(plan, options, item, clashes);
    if (item->status != FFARM_PLAN_ENCODE)
        g_clear_pointer(&item->profile, g_free);
}

/* --- probing --- */

typedef struct {
    FfarmPlan *plan;
    void (*progress)(guint done, guint total, gpointer user_data);
    gpointer user_data;
} Probing;

static void take_media(FfarmMedia *media, guint position, gpointer user_data)
{
    Probing *probing = user_data;
    FfarmPlanItem *item = g_ptr_array_index(probing->plan->items, position);
    item->media = media;
    if (probing->progress)
        probing->progress(position + 1, probing->plan->items->len, probing->user_data);
}

static gboolean probe_items(Probing *probing, const FfarmPlanOptions *options, GCancellable *cancellable,
                            GError **error)
{
    const GPtrArray *items = probing->plan->items;
    g_autofree const char **paths = g_new0(const char *, items->len + 1);
    for (guint i = 0; i < items->len; i++)
        paths[i] = ((const FfarmPlanItem *)g_ptr_array_index(items, i))->input->path;
    return ffarm_probe_files(paths, items->len, options->probe_threads, options->probe_timeout_ms, take_media, probing,
                             cancellable, error);
}

/* --- the plan --- */

static FfarmPlan *make_empty(const FfarmSettings *settings, const FfarmPlanOptions *options)
{
    FfarmPlan *plan = g_new0(FfarmPlan, 1);
    plan->run_id = make_run_id();
    plan->settings = settings;
    plan->output_dir = options->output_dir ? ffarm_inputs_absolute_path(options->output_dir) : NULL;
    plan->keep = options->keep || (settings->is_builtin && !options->output_dir);
    plan->sequential = options->sequential;
    plan->order = options->order;
    plan->items = g_ptr_array_new_with_free_func(item_free);
    plan->hosts = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_host_free);
    plan->disabled = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_host_free);
    plan->abilities = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)ffarm_abilities_unref);
    return plan;
}

/* Makes an item of every input; @inputs is empty afterwards. */
static void take_inputs(FfarmPlan *plan, GPtrArray *inputs)
{
    gsize length = 0;
    gpointer *taken = g_ptr_array_steal(inputs, &length);
    for (guint i = 0; i < length; i++) {
        FfarmPlanItem *item = g_new0(FfarmPlanItem, 1);
        item->id = i;
        item->input = taken[i];
        item->job_id = g_strdup_printf("%s-%u", plan->run_id, item->id);
        g_ptr_array_add(plan->items, item);
    }
    g_free(taken);
}

FfarmPlan *ffarm_plan_new(const FfarmSettings *settings, GPtrArray *inputs, const FfarmPlanOptions *options,
                          void (*progress)(guint done, guint total, gpointer user_data), gpointer user_data,
                          GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmPlan) plan = make_empty(settings, options);
    if (!ffarm_plan_check_inputs(settings, inputs, error))
        return NULL;
    gather_hosts(plan, inputs, options->only_hosts);
    if (!ffarm_plan_check_hosts(plan, options->only_hosts, error))
        return NULL;
    if (options->learn && !options->learn(plan->hosts, plan->abilities, options->learn_data, error))
        return NULL;
    take_inputs(plan, inputs);
    Probing probing = {plan, progress, user_data};
    if (!probe_items(&probing, options, cancellable, error))
        return NULL;
    g_autoptr(FfarmClashes) clashes = ffarm_clashes_new();
    for (guint i = 0; i < plan->items->len; i++)
        decide(plan, options, g_ptr_array_index(plan->items, i), clashes);
    return g_steal_pointer(&plan);
}
