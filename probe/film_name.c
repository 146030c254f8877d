/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prober.h"

#include <stdlib.h>
#include <string.h>

/* Sorted: the extensions of containers that hold films, and of bare video streams. */
static const char *const extensions[] = {
    "264", "265",   "3g2",  "3gp",  "amv",  "asf",  "av1",  "avc", "avi",  "bik",  "dav",  "divx", "dv",
    "evo", "f4v",   "flv",  "gxf",  "h264", "h265", "hevc", "ivf", "m1v",  "m2t",  "m2ts", "m2v",  "m4v",
    "mj2", "mjpeg", "mjpg", "mk3d", "mkv",  "mod",  "mov",  "mp4", "mpe",  "mpeg", "mpg",  "mpv",  "mts",
    "mxf", "nsv",   "nut",  "obu",  "ogm",  "ogv",  "ogx",  "qt",  "rm",   "rmvb", "roq",  "smk",  "swf",
    "tod", "tp",    "trp",  "ts",   "ty",   "vc1",  "vob",  "vro", "webm", "wm",   "wmv",  "wtv",  "y4m",
};

static int compare(const void *key, const void *entry)
{
    return g_ascii_strcasecmp(key, *(const char *const *)entry);
}

gboolean ffarm_probe_name_may_be_video(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot && bsearch(dot + 1, extensions, G_N_ELEMENTS(extensions), sizeof *extensions, compare) != NULL;
}
