/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_wants.h"

#include <string.h>

#include "codec.h"
#include "engine.h"
#include "output_options.h"
#include "recipe.h"

/* Films that are alike in all that counts. */
typedef struct {
    char *cluster;       /* nullable */
    char *given, *ruled; /* profiles; nullable */
    char **mixins;       /* nullable */
    int depth;           /* of the source, 8 or 10; 0: not known */
} Kind;

struct FfarmWants {
    const FfarmSettings *settings;
    GPtrArray *kinds;   /* of Kind */
    GHashTable *by_key; /* texts of what they are, a set */
};

static void kind_free(gpointer data)
{
    Kind *kind = data;
    g_free(kind->cluster);
    g_free(kind->given);
    g_free(kind->ruled);
    g_strfreev(kind->mixins);
    g_free(kind);
}

FfarmWants *ffarm_wants_new(const FfarmSettings *settings)
{
    FfarmWants *wants = g_new0(FfarmWants, 1);
    wants->settings = settings;
    wants->kinds = g_ptr_array_new_with_free_func(kind_free);
    wants->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return wants;
}

void ffarm_wants_free(FfarmWants *wants)
{
    if (!wants)
        return;
    g_ptr_array_unref(wants->kinds);
    g_hash_table_unref(wants->by_key);
    g_free(wants);
}

/* --- films --- */

void ffarm_wants_add(FfarmWants *wants, const FfarmInput *input, const char *ruled, const FfarmStream *video)
{
    g_autofree char *mixins = input->mixins ? g_strjoinv("\x1e", input->mixins) : NULL;
    int depth = video ? (video->bit_depth > 8 || video->hdr != FFARM_HDR_NONE ? 10 : 8) : 0;
    const char *parts[] = {input->cluster, input->profile, ruled, mixins};
    g_autoptr(GString) key = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_string_append_printf(key, "%s%s\x1f", parts[i] ? "+" : "-", parts[i] ? parts[i] : "");
    g_string_append_printf(key, "%d", depth);
    if (!g_hash_table_add(wants->by_key, g_strdup(key->str)))
        return;
    Kind *kind = g_new0(Kind, 1);
    kind->cluster = g_strdup(input->cluster);
    kind->given = g_strdup(input->profile);
    kind->ruled = g_strdup(ruled);
    kind->mixins = g_strdupv(input->mixins);
    kind->depth = depth;
    g_ptr_array_add(wants->kinds, kind);
}

void ffarm_wants_add_plan(FfarmWants *wants, const FfarmPlan *plan)
{
    for (guint i = 0; i < plan->items->len; i++) {
        const FfarmPlanItem *item = g_ptr_array_index(plan->items, i);
        if (item->status == FFARM_PLAN_ENCODE)
            ffarm_wants_add(wants, item->input, item->profile, ffarm_media_peek_video(item->media));
    }
}

void ffarm_wants_add_inputs(FfarmWants *wants, const GPtrArray *inputs)
{
    const GPtrArray *rules = wants->settings->rules;
    for (guint i = 0; i < inputs->len; i++) {
        const FfarmInput *input = g_ptr_array_index(inputs, i);
        guint n_before = wants->kinds->len;
        ffarm_wants_add(wants, input, NULL, NULL);
        if (input->profile || wants->kinds->len == n_before)
            continue;
        for (guint k = 0; k < rules->len; k++) {
            const FfarmRule *rule = g_ptr_array_index(rules, k);
            if (rule->profile)
                ffarm_wants_add(wants, input, rule->profile, NULL);
        }
    }
}

/* --- what they need --- */

static void add_want(GArray *list, const char *engine, const char *codec, int depth)
{
    static const char *const codecs[] = {"h264", "hevc", "av1"};
    FfarmWant want = {engine, NULL, depth};
    for (guint i = 0; codec && i < G_N_ELEMENTS(codecs); i++)
        if (strcmp(codec, codecs[i]) == 0)
            want.codec = codecs[i];
    if (!want.codec || strcmp(engine, "cpu") == 0)
        return;
    for (guint i = 0; i < list->len; i++) {
        const FfarmWant *other = &g_array_index(list, FfarmWant, i);
        if (strcmp(other->engine, engine) == 0 && other->codec == want.codec && other->depth == depth)
            return;
    }
    g_array_append_val(list, want);
}

static gboolean is_allowed(const FfarmHost *host, const char *engine)
{
    return !host->engines || g_strv_contains((const char *const *)host->engines, engine);
}

static int depth_of(const FfarmProfile *profile, int depth)
{
    int asked = ffarm_pix_fmt_depth(ffarm_output_options_pix_fmt(profile));
    FfarmStream source = {.bit_depth = depth};
    return asked > 0 ? (asked > 8 ? 10 : 8) : ffarm_recipe_depth(profile, &source);
}

/* @profile of literal options, which name the encoder. */
static void want_encoder(GArray *list, const FfarmProfile *profile, const FfarmHost *host, int depth)
{
    const char *encoder = ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0);
    const char *engine = ffarm_engine_of_encoder(encoder);
    if (encoder && is_allowed(host, engine))
        add_want(list, engine, ffarm_codec_of_encoder(encoder), depth_of(profile, depth));
}

/* @profile with a codec, on each engine that has an encoder for it; also in the depth that options of its own give. */
static void want_codec(GArray *list, const FfarmProfile *profile, const FfarmHost *host, int depth)
{
    const FfarmStream source = {.bit_depth = depth};
    int neutral_depth = ffarm_recipe_depth(profile, &source);
    for (const char *const *engine = ffarm_engine_names(); *engine; engine++) {
        if (!is_allowed(host, *engine))
            continue;
        g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, *engine);
        g_autofree char *obstacle = ffarm_recipe_obstacle(profile, *engine, neutral_depth);
        if (obstacle)
            continue;
        add_want(list, *engine, profile->codec, neutral_depth);
        if (ffarm_profile_peek_option(merged, FFARM_SECTION_VIDEO, "-c:v"))
            want_encoder(list, merged, host, depth);
        else
            add_want(list, *engine, profile->codec, depth_of(merged, depth));
    }
}

/* The profile with its mixins. Returns: NULL if the configuration has none of that name. */
static FfarmProfile *mix(const FfarmWants *wants, const Kind *kind, const char *name)
{
    const FfarmProfile *base = ffarm_settings_profile(wants->settings, name);
    g_autoptr(GPtrArray) mixins = g_ptr_array_new();
    for (char **mixin = kind->mixins; mixin && *mixin; mixin++) {
        const FfarmProfile *found = ffarm_settings_profile(wants->settings, *mixin);
        if (found)
            g_ptr_array_add(mixins, (gpointer)found);
    }
    return base ? ffarm_profile_with_mixins(base, (const FfarmProfile *const *)mixins->pdata, mixins->len) : NULL;
}

static void want_kind(GArray *list, const FfarmWants *wants, const Kind *kind, const FfarmHost *host)
{
    const char *ruled = host->profile ? host->profile : kind->ruled, *name = kind->given ? kind->given : ruled;
    if (!name || g_strcmp0(kind->cluster, host->cluster) != 0 ||
        (host->profiles && !g_strv_contains((const char *const *)host->profiles, name)))
        return;
    g_autoptr(FfarmProfile) profile = mix(wants, kind, name);
    for (int depth = 8; profile && depth <= 10; depth += 2) {
        if (kind->depth != 0 && kind->depth != depth)
            continue;
        if (profile->codec) {
            want_codec(list, profile, host, depth);
        } else {
            g_autoptr(FfarmProfile) merged = ffarm_profile_for_engine(profile, ffarm_engine_choose(host, profile));
            want_encoder(list, merged, host, depth);
        }
    }
}

GArray *ffarm_wants_list(const FfarmWants *wants, const FfarmHost *host)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(FfarmWant));
    for (guint i = 0; i < wants->kinds->len; i++)
        want_kind(list, wants, g_ptr_array_index(wants->kinds, i), host);
    return list;
}
