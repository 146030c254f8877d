/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>
#include "engine.h"
#include "output_options.h"

/* Options for all video streams that ffmpeg refuses for cover art that is copied along: they are written once for each
 * film stream instead. */
static const struct {
    const char *option;
    const char *base;
} film_options[] = {
    {"-vf", "-filter"}, {"-filter:v", "-filter"}, {"-filter:V", "-filter"}, {"-tag:v", "-tag"},
    {"-vtag", "-tag"},  {"-bsf:v", "-bsf"},       {"-vbsf", "-bsf"},
};

static void add(GPtrArray *argv, const char *word)
{
    g_ptr_array_add(argv, g_strdup(word));
}

static void add_all(GPtrArray *argv, char **words)
{
    for (; words && *words; words++)
        add(argv, *words);
}

static void add_file(GPtrArray *argv, const char *path)
{
    g_ptr_array_add(argv, g_strconcat("file:", path, NULL));
}

/* Film streams among the kept video streams if there are pictures beside them, else 0. */
static guint count_films_beside_pictures(const FfarmStreamPlan *streams)
{
    guint films = 0, pictures = 0;
    for (guint i = 0; i < streams->choices->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(streams->choices, i);
        if (choice->action == FFARM_STREAM_DROP || choice->stream->type != FFARM_STREAM_VIDEO)
            continue;
        if (ffarm_stream_is_picture(choice->stream))
            pictures++;
        else
            films++;
    }
    return pictures > 0 ? films : 0;
}

static const char *film_option_base(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(film_options); i++)
        if (strcmp(word, film_options[i].option) == 0)
            return film_options[i].base;
    return NULL;
}

/* The words of one section as they are, but for those that would hit cover art. Pictures come last among the result's
 * video streams, so the films are 0 to @films - 1. */
static void add_section(GPtrArray *argv, const FfarmProfile *profile, FfarmSection section, guint films)
{
    char **words = profile->sections[section].words;
    for (; words && *words; words++) {
        const char *base = films > 0 && words[1] ? film_option_base(*words) : NULL;
        if (!base) {
            add(argv, *words);
            continue;
        }
        for (guint i = 0; i < films; i++) {
            g_ptr_array_add(argv, g_strdup_printf("%s:v:%u", base, i));
            add(argv, words[1]);
        }
        words++;
    }
}

static void add_quality(GPtrArray *argv, const FfarmProfile *profile)
{
    if (!profile->quality || ffarm_output_options_have_quality(profile))
        return;
    g_auto(GStrv) words =
        ffarm_engine_quality(ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0), profile->quality);
    add_all(argv, words);
}

char **ffarm_command_build(const FfarmCommandParams *params)
{
    static const char *const fixed[] = {"-nostdin", "-hide_banner", "-loglevel", "level+info",
                                        "-y",       "-progress",    "pipe:1",    "-nostats"};
    GPtrArray *argv = g_ptr_array_new();
    add(argv, params->ffmpeg);
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        add(argv, fixed[i]);
    add_all(argv, params->profile->sections[FFARM_SECTION_INPUT].words);
    add(argv, "-i");
    add_file(argv, params->input);

    guint films = count_films_beside_pictures(params->streams);
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++)
        add_section(argv, params->profile, section, films);
    add_quality(argv, params->profile);
    add_all(argv, params->streams->arguments);
    if (params->muxer && !ffarm_output_options_have(params->profile, "-f")) {
        add(argv, "-f");
        add(argv, params->muxer);
    }
    add_file(argv, params->output);
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}
