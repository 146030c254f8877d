/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>
#include "engine.h"
#include "output_options.h"

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

/* The part of @word before ":v" if it is an option for all video streams, or what its old spelling stands for; else
 * NULL. The choice of the encoder is no such option here: the stream plan sets it right for pictures. */
static char *film_option(const char *word)
{
    static const struct {
        const char *old, *option;
    } spellings[] = {{"-vf", "-filter"}, {"-vtag", "-tag"}, {"-vbsf", "-bsf"}};
    for (guint i = 0; i < G_N_ELEMENTS(spellings); i++)
        if (strcmp(word, spellings[i].old) == 0)
            return g_strdup(spellings[i].option);
    if (word[0] != '-' || !(g_str_has_suffix(word, ":v") || g_str_has_suffix(word, ":V")))
        return NULL;
    g_autofree char *option = g_strndup(word, strlen(word) - 2);
    return strcmp(option, "-c") == 0 || strcmp(option, "-codec") == 0 ? NULL : g_steal_pointer(&option);
}

/* The words as they are; but where cover art is copied along (@films > 0), options for all video streams are written
 * once for each film: ffmpeg refuses a filter, a tag or an encoder's profile for a stream that is copied. Pictures come
 * last among the result's video streams, so the films are 0 to @films - 1. */
static void add_output_words(GPtrArray *argv, char **words, guint films)
{
    for (; words && *words; words++) {
        g_autofree char *option = films > 0 && words[1] ? film_option(*words) : NULL;
        if (!option) {
            add(argv, *words);
            continue;
        }
        for (guint i = 0; i < films; i++) {
            g_ptr_array_add(argv, g_strdup_printf("%s:v:%u", option, i));
            add(argv, words[1]);
        }
        words++;
    }
}

static void add_quality(GPtrArray *argv, const FfarmProfile *profile, guint films)
{
    if (!profile->quality || ffarm_output_options_have_quality(profile))
        return;
    g_auto(GStrv) words =
        ffarm_engine_quality(ffarm_output_options_encoder(profile, FFARM_STREAM_VIDEO, 0), profile->quality);
    add_output_words(argv, words, films);
}

static void add_tag(GPtrArray *argv, guint nth, const char *key, const char *value)
{
    g_ptr_array_add(argv, g_strdup_printf("-metadata:s:t:%u", nth));
    g_ptr_array_add(argv, g_strconcat(key, "=", value, NULL));
}

/* Matroska gets cover art from -attach only, which wants a file: the part of the source where the picture lies is one.
 * Attached files come behind those that are mapped. */
static void add_attached_pictures(GPtrArray *argv, const FfarmStreamPlan *streams, const char *input)
{
    guint nth = ffarm_stream_plan_count(streams, FFARM_STREAM_ATTACHMENT), pictures = 0;
    for (guint i = 0; i < streams->choices->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(streams->choices, i);
        const FfarmStream *picture = choice->stream;
        if (choice->action == FFARM_STREAM_DROP || !choice->attached_as)
            continue;
        const char *ending = g_str_has_suffix(choice->attached_as, "png") ? "png" : "jpg";
        g_autofree char *name =
            pictures == 0 ? g_strconcat("cover.", ending, NULL) : g_strdup_printf("cover-%u.%s", pictures + 1, ending);
        add(argv, "-attach");
        g_ptr_array_add(argv,
                        g_strdup_printf("subfile,,start,%" G_GINT64_FORMAT ",end,%" G_GINT64_FORMAT ",,:file:%s",
                                        picture->picture_at, picture->picture_at + picture->picture_bytes, input));
        add_tag(argv, nth, "mimetype", choice->attached_as);
        add_tag(argv, nth, "filename", picture->filename ? picture->filename : name);
        nth++;
        pictures++;
    }
}

char **ffarm_command_output_options(const FfarmProfile *profile, guint films)
{
    GPtrArray *words = g_ptr_array_new();
    for (guint section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++)
        add_output_words(words, profile->sections[section].words, films);
    add_quality(words, profile, films);
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
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

    g_auto(GStrv) options = ffarm_command_output_options(params->profile, count_films_beside_pictures(params->streams));
    add_all(argv, options);
    add_all(argv, params->streams->arguments);
    add_attached_pictures(argv, params->streams, params->input);
    if (params->muxer && !ffarm_output_options_have(params->profile, "-f")) {
        add(argv, "-f");
        add(argv, params->muxer);
    }
    add_file(argv, params->output);
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}
