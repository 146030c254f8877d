/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "farm_private.h"

#include "error.h"
#include "runner.h"

/* A folder of films that the host will be asked to reach. */
static char *find_media_folder(const FfarmFarm *farm, const FfarmHost *host)
{
    for (guint i = 0; i < farm->plan->items->len; i++) {
        const FfarmPlanItem *item = g_ptr_array_index(farm->plan->items, i);
        if (item->status == FFARM_PLAN_ENCODE && g_strcmp0(item->input->cluster, host->cluster) == 0)
            return g_path_get_dirname(item->input->path);
    }
    return NULL;
}

/* All hosts are checked at once, each over the connection that its first slot keeps. */
void ffarm_farm_check_hosts(FfarmFarm *farm)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        const FfarmMember *first = g_ptr_array_index(crew->members, 0);
        g_autofree char *folder = find_media_folder(farm, crew->host);
        ffarm_slot_check_host(first->slot, FFARM_CHECK_WRITES | FFARM_CHECK_MAPPING, folder);
    }
}

/* No job goes to the host any more; those that run there end as they end. */
void ffarm_farm_dismiss(FfarmFarm *farm, FfarmCrew *crew, const char *reason)
{
    ffarm_roster_dismiss(farm->roster, crew, reason);
    ffarm_farm_fail_orphans(farm);
}

void ffarm_farm_on_lost(FfarmFarm *farm, FfarmMember *member, const GError *error)
{
    ffarm_roster_retire(farm->roster, member);
    if (farm->is_cancelled || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    FfarmCrew *crew = member->crew;
    gboolean is_last = !ffarm_roster_has_member_left(crew);
    g_autofree char *text = g_strdup_printf(
        "%s; %s", error->message, is_last ? "the host is left out from here on" : "one of its slots is given up");
    ffarm_farm_tell_message(farm, text, TRUE);
    if (is_last && !crew->is_gone)
        ffarm_farm_dismiss(farm, crew, error->message);
    else
        ffarm_farm_fail_orphans(farm);
    ffarm_farm_hand_out(farm);
}

void ffarm_farm_on_checked(FfarmFarm *farm, FfarmMember *member, const FfarmHostReport *report)
{
    FfarmCrew *crew = member->crew;
    FfarmEvent event = {.type = FFARM_EVENT_HOST, .report = report, .host = crew->host};
    ffarm_farm_tell(farm, &event);
    if (!report->is_usable) {
        ffarm_farm_dismiss(farm, crew, report->error);
        return;
    }
    crew->is_usable = TRUE;
    /* The slot that checked says READY itself; the others connect when they get their first job. */
    for (guint i = 0; i < crew->members->len; i++)
        if (g_ptr_array_index(crew->members, i) != member)
            ffarm_roster_make_idle(farm->roster, g_ptr_array_index(crew->members, i));
}

static void tell_unanswered(const FfarmFarm *farm, const FfarmCrew *crew)
{
    g_autofree char *text = g_strdup_printf("%s: all was done before it answered", crew->host->name);
    ffarm_farm_tell_message(farm, text, FALSE);
}

/* Counted, and why none could be used. */
gboolean ffarm_farm_sum_up_hosts(const FfarmFarm *farm, GError **error)
{
    for (guint i = 0; i < farm->roster->crews->len; i++) {
        const FfarmCrew *crew = g_ptr_array_index(farm->roster->crews, i);
        if (crew->is_usable)
            farm->summary->hosts_usable++;
        else if (!crew->is_gone && !farm->is_cancelled)
            tell_unanswered(farm, crew);
        if (crew->is_gone)
            farm->summary->hosts_left_out++;
    }
    if (farm->summary->hosts_usable > 0 || farm->is_cancelled)
        return TRUE;
    g_autofree char *reasons = ffarm_roster_reasons(farm->roster, TRUE, NULL);
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE, "no host can be used: %s", reasons);
    return FALSE;
}
