/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "meetings.h"

static void meeting_free(gpointer data)
{
    FfarmMeeting *meeting = data;
    g_free(meeting->device);
    g_free(meeting);
}

GPtrArray *ffarm_meetings_new(void)
{
    return g_ptr_array_new_with_free_func(meeting_free);
}

static gboolean is_same(const FfarmHost *host, const FfarmHost *other)
{
    return g_strcmp0(host->cluster, other->cluster) == 0 && g_strcmp0(host->name, other->name) == 0;
}

static FfarmMeeting *find(const GPtrArray *meetings, const FfarmHost *host, const char *device)
{
    for (guint i = 0; i < meetings->len; i++) {
        FfarmMeeting *meeting = g_ptr_array_index(meetings, i);
        if (is_same(meeting->host, host) && g_strcmp0(meeting->device, device) == 0)
            return meeting;
    }
    return NULL;
}

void ffarm_meetings_note(GPtrArray *meetings, const FfarmHost *host, const char *device, guint begun)
{
    FfarmMeeting *meeting = find(meetings, host, device);
    if (!meeting) {
        meeting = g_new0(FfarmMeeting, 1);
        *meeting = (FfarmMeeting){.host = host, .device = g_strdup(device), .begun = begun};
        g_ptr_array_add(meetings, meeting);
    }
    meeting->times++;
}

FfarmMeeting *ffarm_meetings_find_last(const GPtrArray *meetings, const FfarmHost *host, const char *device)
{
    FfarmMeeting *meeting = find(meetings, host, device);
    return meeting && meeting->times >= FFARM_MEETINGS_PATIENCE ? meeting : NULL;
}
