/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include "error.h"
#include "runner.h"

/* What stands against a job, host by host. */
typedef struct {
    GString *words;
    guint losing_hdr; /* hosts that could, but the result would not be what the profile wants kept */
    guint unheard;    /* hosts that might do better, had they answered */
} Obstacles;

static void add_words(Obstacles *obstacles, const char *words)
{
    g_string_append_printf(obstacles->words, "%s%s", obstacles->words->len > 0 ? "; " : "", words);
}

static void add_crew(const FfarmFarm *farm, const FfarmCrew *crew, const FfarmJob *job, Obstacles *obstacles)
{
    if (crew->reason) {
        add_words(obstacles, crew->reason);
        obstacles->unheard++;
        return;
    }
    const FfarmConditions conditions = {.abilities = ffarm_dispatch_peek_abilities(farm->dispatch, crew->host)};
    g_auto(FfarmRefusal) refusal = {0};
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(farm->plan, job->item, crew->host, &conditions, &refusal);
    g_autofree char *words =
        g_strdup_printf("%s: %s", crew->host->name, choice ? "it was tried there" : refusal.reason);
    obstacles->losing_hdr += !choice && refusal.loses_hdr;
    add_words(obstacles, words);
}

static void find_obstacles(const FfarmFarm *farm, const FfarmJob *job, Obstacles *obstacles)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        if (g_strcmp0(crew->host->cluster, job->item->input->cluster) == 0)
            add_crew(farm, crew, job, obstacles);
    }
}

/* Why nobody is left for @job: its own last failure, or what stands against it on its cluster's hosts. */
static void end_orphan(FfarmFarm *farm, FfarmJob *job)
{
    if (job->error) {
        ffarm_farm_end_job(farm, job, FFARM_JOB_FAILED);
        return;
    }
    g_autofree char *name = g_filename_display_name(job->item->input->path);
    g_autoptr(GString) words = g_string_new(NULL);
    Obstacles obstacles = {.words = words};
    find_obstacles(farm, job, &obstacles);
    gboolean would_lose_hdr = obstacles.losing_hdr > 0 && obstacles.unheard == 0;
    if (would_lose_hdr)
        ffarm_farm_set_error(
            job, g_error_new(FFARM_JOB_ERROR, FFARM_JOB_ERROR_LACKING, "%s: left as it is (%s)", name, words->str));
    else
        ffarm_farm_set_error(job, g_error_new(FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE,
                                              "%s: no host is left that may take it (%s)", name, words->str));
    ffarm_farm_end_job(farm, job, would_lose_hdr ? FFARM_JOB_SKIPPED : FFARM_JOB_FAILED);
}

void ffarm_farm_end_orphans(FfarmFarm *farm)
{
    for (FfarmJob *job; (job = ffarm_dispatch_take_orphan(farm->dispatch));)
        end_orphan(farm, job);
}
