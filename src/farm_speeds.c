/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include "estimate.h"

static gboolean is_well(FfarmJobState state)
{
    return state == FFARM_JOB_DONE || state == FFARM_JOB_KEPT || state == FFARM_JOB_BELOW_THRESHOLD;
}

void ffarm_farm_know(FfarmFarm *farm, const FfarmHost *host, const FfarmAbilities *abilities)
{
    g_autoptr(FfarmAbilities) known = ffarm_journal_add_speeds(farm->options->journal, host, abilities);
    ffarm_dispatch_set_abilities(farm->dispatch, host, known);
}

/* What was never measured before counts at once. Means that only move are taken up by the next run: to look at them
 * anew after every film would take longer than they are worth. */
static void learn(FfarmFarm *farm, const FfarmHost *host, const FfarmSpeed *speed)
{
    const FfarmAbilities *abilities = ffarm_dispatch_peek_abilities(farm->dispatch, host);
    if (ffarm_abilities_find_speed(abilities, speed->engine, speed->decoder, speed->codec, speed->height) > 0)
        return;
    g_autoptr(FfarmAbilities) known = ffarm_abilities_copy(abilities);
    g_ptr_array_add(known->speeds, g_memdup2(speed, sizeof *speed));
    ffarm_dispatch_set_abilities(farm->dispatch, host, known);
}

void ffarm_farm_note_speed(FfarmFarm *farm, const FfarmJob *job, const FfarmOutcome *outcome)
{
    const FfarmChoice *choice = outcome->choice;
    const FfarmStream *video = ffarm_media_peek_video(job->item->media);
    const char *codec = ffarm_estimate_codec(choice);
    const FfarmSpeed speed = {
        .engine = choice->engine,
        .decoder = choice->decoder,
        .codec = codec ? g_intern_string(codec) : NULL,
        .height = ffarm_abilities_height_class(video ? video->height : 0),
        .fps = ffarm_stopwatch_fps(&outcome->watch),
        .runs = 1,
    };
    if (!is_well(outcome->state) || !codec || speed.fps <= 0)
        return;
    g_autoptr(GError) error = NULL;
    /* The run's next words to the journal say so if it can't be written to. */
    if (!ffarm_journal_note_speed(farm->options->journal, choice->host, &speed, &error))
        g_debug("%s", error->message);
    learn(farm, choice->host, &speed);
}
