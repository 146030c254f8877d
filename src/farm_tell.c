/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

void ffarm_farm_tell(const FfarmFarm *farm, const FfarmEvent *event)
{
    if (farm->options->on_event)
        farm->options->on_event(event, farm->options->user_data);
}

void ffarm_farm_tell_message(const FfarmFarm *farm, const char *message, gboolean is_warning)
{
    FfarmEvent event = {.type = FFARM_EVENT_MESSAGE, .message = message, .is_warning = is_warning};
    ffarm_farm_tell(farm, &event);
}

void ffarm_farm_tell_job(const FfarmFarm *farm, FfarmEventType type, const FfarmJob *job, const FfarmMember *member)
{
    FfarmEvent event = {.type = type, .job = job};
    if (member) {
        event.host = member->crew->host;
        event.choice = member->choice;
    }
    ffarm_farm_tell(farm, &event);
}

void ffarm_farm_tell_progress(const FfarmFarm *farm, const FfarmMember *member, const FfarmProgress *progress)
{
    FfarmEvent event = {.type = FFARM_EVENT_PROGRESS,
                        .job = member->job,
                        .host = member->crew->host,
                        .choice = member->choice,
                        .progress = progress};
    ffarm_farm_tell(farm, &event);
}

void ffarm_farm_tell_transfer(const FfarmFarm *farm, const FfarmMember *member, const FfarmNews *news)
{
    FfarmEvent event = {.type = FFARM_EVENT_TRANSFER,
                        .job = member->job,
                        .host = member->crew->host,
                        .choice = member->choice,
                        .done_bytes = news->done_bytes,
                        .total_bytes = news->total_bytes};
    ffarm_farm_tell(farm, &event);
}
