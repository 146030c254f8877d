/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "abilities.h"

#include <stdio.h>
#include <string.h>

void ffarm_capability_free(FfarmCapability *capability)
{
    if (!capability)
        return;
    g_free(capability->device);
    g_free(capability->words);
    g_free(capability->command);
    g_free(capability->driver);
    g_free(capability);
}

FfarmCapability *ffarm_capability_copy(const FfarmCapability *capability)
{
    FfarmCapability *copy = g_new(FfarmCapability, 1);
    *copy = *capability;
    copy->device = g_strdup(capability->device);
    copy->words = g_strdup(capability->words);
    copy->command = g_strdup(capability->command);
    copy->driver = g_strdup(capability->driver);
    return copy;
}

void ffarm_decode_capability_free(FfarmDecodeCapability *capability)
{
    if (!capability)
        return;
    g_free(capability->device);
    g_free(capability->codec);
    g_free(capability->profile);
    g_free(capability->pix_fmt);
    g_free(capability->words);
    g_free(capability);
}

FfarmDecodeCapability *ffarm_decode_capability_copy(const FfarmDecodeCapability *capability)
{
    FfarmDecodeCapability *copy = g_new(FfarmDecodeCapability, 1);
    *copy = *capability;
    copy->device = g_strdup(capability->device);
    copy->codec = g_strdup(capability->codec);
    copy->profile = g_strdup(capability->profile);
    copy->pix_fmt = g_strdup(capability->pix_fmt);
    copy->words = g_strdup(capability->words);
    return copy;
}

FfarmAbilities *ffarm_abilities_new(void)
{
    FfarmAbilities *abilities = g_atomic_rc_box_new0(FfarmAbilities);
    abilities->decoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_decode_capability_free);
    abilities->speeds = g_ptr_array_new_with_free_func(g_free);
    return abilities;
}

FfarmAbilities *ffarm_abilities_ref(const FfarmAbilities *abilities)
{
    return abilities ? g_atomic_rc_box_acquire((FfarmAbilities *)abilities) : NULL;
}

static void clear(gpointer data)
{
    FfarmAbilities *abilities = data;
    g_free(abilities->machine);
    g_clear_pointer(&abilities->encoders, g_ptr_array_unref);
    g_ptr_array_unref(abilities->decoders);
    g_ptr_array_unref(abilities->speeds);
}

void ffarm_abilities_unref(FfarmAbilities *abilities)
{
    if (abilities)
        g_atomic_rc_box_release_full(abilities, clear);
}

FfarmAbilities *ffarm_abilities_copy(const FfarmAbilities *abilities)
{
    FfarmAbilities *copy = ffarm_abilities_new();
    if (!abilities)
        return copy;
    copy->os = abilities->os;
    copy->ffmpeg_version = abilities->ffmpeg_version;
    copy->machine = g_strdup(abilities->machine);
    if (abilities->encoders)
        copy->encoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
    for (guint i = 0; abilities->encoders && i < abilities->encoders->len; i++)
        g_ptr_array_add(copy->encoders, ffarm_capability_copy(g_ptr_array_index(abilities->encoders, i)));
    for (guint i = 0; i < abilities->decoders->len; i++)
        g_ptr_array_add(copy->decoders, ffarm_decode_capability_copy(g_ptr_array_index(abilities->decoders, i)));
    for (guint i = 0; i < abilities->speeds->len; i++)
        g_ptr_array_add(copy->speeds, g_memdup2(g_ptr_array_index(abilities->speeds, i), sizeof(FfarmSpeed)));
    return copy;
}

/* TRUE for what @found says anew. */
static gboolean is_outdated(const FfarmCapability *row, const FfarmCapability *found)
{
    if (strcmp(row->engine, found->engine) != 0 || (found->device && g_strcmp0(row->device, found->device) != 0))
        return FALSE;
    return !found->codec || ffarm_capability_is_of_engine(found->class_) ||
           (g_strcmp0(row->codec, found->codec) == 0 && row->depth == found->depth);
}

FfarmAbilities *ffarm_abilities_with_encoder(const FfarmAbilities *abilities, const FfarmCapability *found)
{
    FfarmAbilities *more = ffarm_abilities_copy(abilities);
    if (!more->encoders)
        more->encoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
    for (guint i = more->encoders->len; i-- > 0;)
        if (is_outdated(g_ptr_array_index(more->encoders, i), found))
            g_ptr_array_remove_index(more->encoders, i);
    g_ptr_array_add(more->encoders, ffarm_capability_copy(found));
    return more;
}

FfarmAbilities *ffarm_abilities_with_decoder(const FfarmAbilities *abilities, const FfarmDecodeCapability *found)
{
    FfarmAbilities *more = ffarm_abilities_copy(abilities);
    const FfarmDecodeCapability *old =
        ffarm_abilities_find_decoder(more, found->engine, found->device, found->codec, found->profile, found->pix_fmt);
    if (old)
        g_ptr_array_remove(more->decoders, (gpointer)old);
    g_ptr_array_add(more->decoders, ffarm_decode_capability_copy(found));
    return more;
}

const FfarmCapability *ffarm_abilities_find_encoder(const FfarmAbilities *abilities, const char *engine,
                                                    const char *device, const char *codec, int depth)
{
    const FfarmCapability *best = NULL, *whole = NULL;
    for (guint i = 0; abilities && abilities->encoders && i < abilities->encoders->len; i++) {
        const FfarmCapability *row = g_ptr_array_index(abilities->encoders, i);
        if (strcmp(row->engine, engine) != 0 || (device && g_strcmp0(row->device, device) != 0))
            continue;
        gboolean is_tried = g_strcmp0(row->codec, codec) == 0 && row->depth == depth;
        if (is_tried && (!best || ffarm_capability_verdict(row->class_) < ffarm_capability_verdict(best->class_)))
            best = row;
        if (!row->codec || ffarm_capability_is_of_engine(row->class_))
            whole = row;
    }
    return best ? best : whole;
}

const FfarmDecodeCapability *ffarm_abilities_find_decoder(const FfarmAbilities *abilities, const char *engine,
                                                          const char *device, const char *codec, const char *profile,
                                                          const char *pix_fmt)
{
    for (guint i = 0; abilities && i < abilities->decoders->len; i++) {
        const FfarmDecodeCapability *row = g_ptr_array_index(abilities->decoders, i);
        if (strcmp(row->engine, engine) == 0 && g_strcmp0(row->device, device) == 0 &&
            g_strcmp0(row->codec, codec) == 0 && g_strcmp0(row->profile, profile) == 0 &&
            g_strcmp0(row->pix_fmt, pix_fmt) == 0)
            return row;
    }
    return NULL;
}

int ffarm_abilities_height_class(int height)
{
    static const int classes[] = {480, 720, 1080, 1440, 2160, 4320};
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (height <= classes[i])
            return classes[i];
    return classes[G_N_ELEMENTS(classes) - 1];
}

double ffarm_abilities_find_speed(const FfarmAbilities *abilities, const char *engine, const char *decoder,
                                  const char *codec, int height)
{
    int class_ = ffarm_abilities_height_class(height);
    for (guint i = 0; abilities && i < abilities->speeds->len; i++) {
        const FfarmSpeed *speed = g_ptr_array_index(abilities->speeds, i);
        if (strcmp(speed->engine, engine) == 0 && g_strcmp0(speed->decoder, decoder) == 0 &&
            g_strcmp0(speed->codec, codec) == 0 && speed->height == class_)
            return speed->fps;
    }
    return 0;
}

guint ffarm_abilities_parse_version(const char *version)
{
    unsigned major = 0, minor = 0;
    if (version && *version == 'n')
        version++;
    if (!version || sscanf(version, "%2u.%2u", &major, &minor) != 2)
        return 0;
    return major * 100 + minor;
}
