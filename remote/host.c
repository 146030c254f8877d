/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"

#include <string.h>

static void substitution_free(gpointer data)
{
    FfarmSubstitution *substitution = data;
    g_free(substitution->src);
    g_free(substitution->dest);
    g_free(substitution);
}

static void queue_free(gpointer data)
{
    FfarmQueue *queue = data;
    g_free(queue->name);
    g_free(queue);
}

static void device_free(gpointer data)
{
    FfarmDevice *device = data;
    g_free(device->engine);
    g_free(device->name);
    g_free(device);
}

FfarmHost *ffarm_host_new(const char *cluster, const char *name, FfarmHostType type)
{
    FfarmHost *host = g_new0(FfarmHost, 1);
    host->cluster = g_strdup(cluster);
    host->name = g_strdup(name);
    host->type = type;
    host->ssh = g_strdup("ssh");
    host->ffmpeg = g_strdup("ffmpeg");
    host->substitutions = g_ptr_array_new_with_free_func(substitution_free);
    host->queues = g_ptr_array_new_with_free_func(queue_free);
    host->devices = g_ptr_array_new_with_free_func(device_free);
    host->is_enabled = TRUE;
    return host;
}

FfarmHost *ffarm_host_copy(const FfarmHost *host)
{
    FfarmHost *copy = g_new0(FfarmHost, 1);
    *copy = *host;
    copy->cluster = g_strdup(host->cluster);
    copy->name = g_strdup(host->name);
    copy->address = g_strdup(host->address);
    copy->user = g_strdup(host->user);
    copy->identity = g_strdup(host->identity);
    copy->ssh = g_strdup(host->ssh);
    copy->ffmpeg = g_strdup(host->ffmpeg);
    copy->working_dir = g_strdup(host->working_dir);
    copy->profile = g_strdup(host->profile);
    copy->profiles = g_strdupv(host->profiles);
    copy->engines = g_strdupv(host->engines);
    copy->substitutions = g_ptr_array_new_with_free_func(substitution_free);
    copy->queues = g_ptr_array_new_with_free_func(queue_free);
    copy->devices = g_ptr_array_new_with_free_func(device_free);
    for (guint i = 0; i < host->substitutions->len; i++) {
        const FfarmSubstitution *substitution = g_ptr_array_index(host->substitutions, i);
        ffarm_host_add_substitution(copy, substitution->src, substitution->dest);
    }
    for (guint i = 0; i < host->queues->len; i++) {
        const FfarmQueue *queue = g_ptr_array_index(host->queues, i);
        ffarm_host_add_queue(copy, queue->name, queue->slots);
    }
    for (guint i = 0; i < host->devices->len; i++) {
        const FfarmDevice *device = g_ptr_array_index(host->devices, i);
        ffarm_host_add_device(copy, device->engine, device->name, device->slots);
    }
    return copy;
}

void ffarm_host_free(FfarmHost *host)
{
    if (!host)
        return;
    g_free(host->cluster);
    g_free(host->name);
    g_free(host->address);
    g_free(host->user);
    g_free(host->identity);
    g_free(host->ssh);
    g_free(host->ffmpeg);
    g_free(host->working_dir);
    g_free(host->profile);
    g_strfreev(host->profiles);
    g_strfreev(host->engines);
    g_ptr_array_unref(host->substitutions);
    g_ptr_array_unref(host->queues);
    g_ptr_array_unref(host->devices);
    g_free(host);
}

void ffarm_host_add_substitution(FfarmHost *host, const char *src, const char *dest)
{
    FfarmSubstitution *substitution = g_new0(FfarmSubstitution, 1);
    substitution->src = g_strdup(src);
    substitution->dest = g_strdup(dest);
    g_ptr_array_add(host->substitutions, substitution);
}

void ffarm_host_add_device(FfarmHost *host, const char *engine, const char *name, guint slots)
{
    FfarmDevice *device = g_new(FfarmDevice, 1);
    *device = (FfarmDevice){g_strdup(engine), g_strdup(name), slots};
    g_ptr_array_add(host->devices, device);
}

void ffarm_host_add_queue(FfarmHost *host, const char *name, guint slots)
{
    FfarmQueue *queue = g_new0(FfarmQueue, 1);
    queue->name = g_strdup(name);
    queue->slots = slots;
    g_ptr_array_add(host->queues, queue);
}

guint ffarm_host_count_slots(const FfarmHost *host)
{
    guint slots = 0;
    for (guint i = 0; i < host->queues->len; i++)
        slots += ((const FfarmQueue *)g_ptr_array_index(host->queues, i))->slots;
    return slots;
}

/* The rest of @path behind @prefix, if the prefix ends at a path boundary: either it ends in a slash itself or a slash
 * or nothing follows it. */
static const char *match_prefix(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);
    if (length == 0 || strncmp(path, prefix, length) != 0)
        return NULL;
    if (prefix[length - 1] == '/' || path[length] == '/' || path[length] == '\0')
        return path + length;
    return NULL;
}

char *ffarm_host_map_path(const FfarmHost *host, const char *path)
{
    for (guint i = 0; i < host->substitutions->len; i++) {
        const FfarmSubstitution *substitution = g_ptr_array_index(host->substitutions, i);
        const char *rest = match_prefix(path, substitution->src);
        if (!rest)
            continue;
        gboolean ends_in_slash = g_str_has_suffix(substitution->dest, "/");
        if (*rest == '/' && ends_in_slash)
            rest++;
        const char *slash = *rest && *rest != '/' && !ends_in_slash ? "/" : "";
        return g_strconcat(substitution->dest, slash, rest, NULL);
    }
    return g_strdup(path);
}

const char *ffarm_host_type_name(FfarmHostType type)
{
    static const char *const names[] = {"local", "mounted", "streaming"};
    return names[type];
}

const char *ffarm_os_name(FfarmOs os)
{
    static const char *const names[] = {"unknown", "linux", "macos", "windows"};
    return names[os];
}
