/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "result_muxer.h"

#include <string.h>
#include "container.h"

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

const char *ffarm_result_muxer(const FfarmProfile *profile, const char *extension, const char *container)
{
    const char *muxer = own_muxer(profile);
    if (!muxer && *extension)
        muxer = ffarm_container_muxer(extension);
    if (!muxer && !profile->extension && container)
        muxer = muxer_of_container(container);
    return muxer;
}
