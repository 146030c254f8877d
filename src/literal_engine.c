/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "literal_engine.h"

#include <string.h>
#include "codec.h"
#include "decode_setup.h"
#include "engine.h"
#include "output_options.h"

static const char *own_device(const FfarmProfile *profile)
{
    static const struct {
        FfarmSection section;
        const char *option;
    } places[] = {{FFARM_SECTION_INPUT, "-hwaccel_device"},
                  {FFARM_SECTION_INPUT, "-vaapi_device"},
                  {FFARM_SECTION_OUTPUT, "-gpu"},
                  {FFARM_SECTION_VIDEO, "-gpu"}};
    const char *device = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(places) && !device; i++)
        device = ffarm_profile_peek_option(profile, places[i].section, places[i].option);
    return device;
}

/* The one that ffmpeg takes where it is not told. Returns: NULL: nobody can say. */
static const char *first_of(const char *engine)
{
    if (strcmp(engine, "vaapi") == 0 || strcmp(engine, "qsv") == 0)
        return FFARM_FIRST_RENDER_NODE;
    return strcmp(engine, "cuda") == 0 ? "0" : NULL;
}

const char *ffarm_literal_device(const FfarmProfile *profile, const char *engine, const FfarmHost *host)
{
    const char *device = own_device(profile), *first = first_of(engine);
    for (guint i = 0; i < host->devices->len && !device; i++) {
        const FfarmDevice *one = g_ptr_array_index(host->devices, i);
        if (strcmp(one->engine, engine) == 0 && g_strcmp0(one->name, first) == 0)
            return one->name;
    }
    return device;
}

int ffarm_literal_depth(const FfarmProfile *profile, const FfarmStream *video)
{
    const char *asked = ffarm_output_options_pix_fmt(profile);
    int depth = asked ? ffarm_pix_fmt_depth(asked) : video ? video->bit_depth : 0;
    return depth > 8 ? 10 : 8;
}

const FfarmCapability *ffarm_literal_trial(const FfarmAbilities *abilities, const FfarmProfile *profile,
                                           const char *engine, const char *device, const FfarmStream *video)
{
    const char *encoder = ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0);
    const char *codec = encoder ? ffarm_codec_of_encoder(encoder) : NULL;
    const FfarmEncoder *known = codec ? ffarm_engine_encoder(engine, codec) : NULL;
    if (!known || strcmp(known->name, encoder) != 0)
        return NULL;
    return ffarm_abilities_find_encoder(abilities, engine, device, codec, ffarm_literal_depth(profile, video));
}

gboolean ffarm_literal_is_empty(const FfarmProfile *profile)
{
    gboolean says = profile->codec || profile->engines->len > 0;
    for (guint i = 0; i < FFARM_N_SECTIONS; i++)
        says = says || profile->sections[i].words[0];
    return !says;
}
