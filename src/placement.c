/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "placement.h"

#include <string.h>

#define TEMPORARY_PREFIX ".ffarm-"
#define TEMPORARY_SUFFIX ".tmp"
#define MAX_EXTENSION 16

/* The part of @name behind its last dot, where it is harmless in any file system and shell; else "bin". */
static char *safe_extension(const char *name)
{
    const char *base = strrchr(name, '/');
    const char *dot = strrchr(base ? base : name, '.');
    gsize length = dot ? strlen(dot + 1) : 0;
    if (length == 0 || length > MAX_EXTENSION)
        return g_strdup("bin");
    for (const char *c = dot + 1; *c; c++)
        if (!g_ascii_isalnum(*c))
            return g_strdup("bin");
    return g_strdup(dot + 1);
}

static char *join(const char *folder, const char *name)
{
    gboolean ends_in_slash = g_str_has_suffix(folder, "/") || g_str_has_suffix(folder, "\\");
    return g_strconcat(folder, ends_in_slash ? "" : "/", name, NULL);
}

static char *join_beside(const char *path, const char *name)
{
    g_autofree char *folder = g_path_get_dirname(path);
    return join(folder, name);
}

static void place_local(FfarmPlacement *placement, const FfarmPlacementParams *params, const char *temporary)
{
    placement->host_input = g_strdup(params->source);
    placement->result =
        params->fls_path ? join(params->fls_path, temporary) : join_beside(params->destination, temporary);
    placement->host_output = g_strdup(placement->result);
}

static void place_mounted(FfarmPlacement *placement, const FfarmPlacementParams *params, const char *temporary)
{
    placement->result = join_beside(params->source, temporary);
    placement->host_input = ffarm_host_map_path(params->host, params->source);
    placement->host_output = ffarm_host_map_path(params->host, placement->result);
}

static void place_streaming(FfarmPlacement *placement, const FfarmPlacementParams *params, const char *temporary)
{
    g_autofree char *folder_name = g_strconcat("ffarm-", params->job_id, NULL);
    g_autofree char *in_extension = safe_extension(params->source);
    g_autofree char *out_extension = safe_extension(params->extension);
    g_autofree char *in_name = g_strconcat("in.", in_extension, NULL);
    g_autofree char *out_name = g_strconcat("out.", out_extension, NULL);
    placement->host_folder = join(params->host->working_dir, folder_name);
    placement->host_input = join(placement->host_folder, in_name);
    placement->host_output = join(placement->host_folder, out_name);
    placement->must_move = TRUE;
    placement->result = join_beside(params->destination, temporary);
}

FfarmPlacement *ffarm_placement_new(const FfarmPlacementParams *params)
{
    static void (*const place[])(FfarmPlacement *, const FfarmPlacementParams *, const char *) = {
        [FFARM_HOST_LOCAL] = place_local,
        [FFARM_HOST_MOUNTED] = place_mounted,
        [FFARM_HOST_STREAMING] = place_streaming,
    };
    g_autofree char *extension = safe_extension(params->extension);
    g_autofree char *temporary = g_strconcat(TEMPORARY_PREFIX, params->job_id, ".", extension, TEMPORARY_SUFFIX, NULL);
    FfarmPlacement *placement = g_new0(FfarmPlacement, 1);
    place[params->host->type](placement, params, temporary);
    return placement;
}

void ffarm_placement_free(FfarmPlacement *placement)
{
    if (!placement)
        return;
    g_free(placement->host_input);
    g_free(placement->host_output);
    g_free(placement->host_folder);
    g_free(placement->result);
    g_free(placement);
}

gboolean ffarm_placement_is_temporary(const char *name)
{
    return g_str_has_prefix(name, TEMPORARY_PREFIX) && g_str_has_suffix(name, TEMPORARY_SUFFIX);
}
