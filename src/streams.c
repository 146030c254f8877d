/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "streams.h"

#include <string.h>
#include "codec.h"
#include "container.h"
#include "output_options.h"

typedef struct {
    const FfarmProfile *profile;
    const char *muxer; /* NULL: unknown, holds everything */
    FfarmStreamPlan *plan;
    guint kept[FFARM_STREAM_DATA + 1]; /* streams of each type that have their place in the result */
} Chooser;

static void choice_free(gpointer data)
{
    FfarmStreamChoice *choice = data;
    g_free(choice->encoder);
    g_free(choice->reason);
    g_free(choice);
}

void ffarm_stream_plan_free(FfarmStreamPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->choices);
    g_ptr_array_unref(plan->warnings);
    g_strfreev(plan->arguments);
    g_free(plan);
}

guint ffarm_stream_plan_count(const FfarmStreamPlan *plan, FfarmStreamType type)
{
    guint count = 0;
    for (guint i = 0; plan->is_mapped && i < plan->choices->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(plan->choices, i);
        count += choice->stream->type == type && choice->action != FFARM_STREAM_DROP;
    }
    return count;
}

/* "subtitle 0:3 (hdmv_pgs_subtitle, ger)" */
static char *describe(const FfarmStream *stream)
{
    const char *type = ffarm_stream_is_picture(stream) ? "cover art" : ffarm_stream_type_name(stream->type);
    return g_strdup_printf("%s 0:%d (%s, %s)", type, stream->index, stream->codec ? stream->codec : "unknown codec",
                           ffarm_stream_language(stream));
}

static void warn(Chooser *chooser, const FfarmStreamChoice *choice, const char *what)
{
    g_autofree char *stream = describe(choice->stream);
    g_ptr_array_add(chooser->plan->warnings, g_strdup_printf("%s %s: %s", stream, what, choice->reason));
}

static void drop(FfarmStreamChoice *choice, char *reason)
{
    choice->action = FFARM_STREAM_DROP;
    g_free(choice->reason);
    choice->reason = reason;
}

static void drop_with_warning(Chooser *chooser, FfarmStreamChoice *choice, char *reason)
{
    drop(choice, reason);
    warn(chooser, choice, "is left out");
}

static void copy(FfarmStreamChoice *choice)
{
    choice->action = FFARM_STREAM_COPY;
    choice->codec = choice->stream->codec;
}

/* @encoder: static. */
static void convert(Chooser *chooser, FfarmStreamChoice *choice, const char *encoder, char *reason)
{
    g_autofree char *what = g_strdup_printf("becomes %s", encoder);
    choice->action = FFARM_STREAM_CONVERT;
    choice->codec = ffarm_codec_of_encoder(encoder);
    choice->encoder = g_strdup(encoder);
    choice->reason = reason;
    warn(chooser, choice, what);
}

static gboolean holds(const Chooser *chooser, const FfarmStream *stream)
{
    return !chooser->muxer || ffarm_container_holds(chooser->muxer, stream->type, stream->codec);
}

static char *cannot_hold(const Chooser *chooser, const FfarmStream *stream)
{
    return g_strdup_printf("%s can't hold %s", chooser->muxer, stream->codec ? stream->codec : "an unknown codec");
}

/* --- what the profile does not want --- */

/* -vn, -an, -sn, -dn of the profile. */
static void drop_disabled(Chooser *chooser)
{
    static const char *const options[] = {
        [FFARM_STREAM_VIDEO] = "-vn",
        [FFARM_STREAM_AUDIO] = "-an",
        [FFARM_STREAM_SUBTITLE] = "-sn",
        [FFARM_STREAM_DATA] = "-dn",
    };
    for (guint i = 0; i < chooser->plan->choices->len; i++) {
        FfarmStreamChoice *choice = g_ptr_array_index(chooser->plan->choices, i);
        const char *option = options[choice->stream->type];
        if (option && ffarm_output_options_have(chooser->profile, option))
            drop(choice, g_strdup_printf("the profile says %s", option));
    }
}

static gboolean list_has(char **languages, const char *language)
{
    for (; *languages; languages++)
        if (ffarm_language_equal(*languages, language))
            return TRUE;
    return FALSE;
}

static gboolean is_wanted(const FfarmLanguages *languages, const FfarmStream *stream)
{
    const char *language = ffarm_stream_language(stream);
    if (languages->include_languages && *languages->include_languages)
        return list_has(languages->include_languages, language);
    return !languages->exclude_languages || !list_has(languages->exclude_languages, language);
}

static gboolean is_kept(const FfarmStreamChoice *choice, FfarmStreamType type)
{
    return choice->stream->type == type && choice->action != FFARM_STREAM_DROP;
}

/* Leaves out streams of languages that are not wanted. Audio only as long as some is left: a film never becomes silent.
 */
static void filter_languages(Chooser *chooser, FfarmStreamType type, const FfarmLanguages *languages)
{
    guint before = 0, wanted = 0;
    for (guint i = 0; i < chooser->plan->choices->len; i++) {
        const FfarmStreamChoice *choice = g_ptr_array_index(chooser->plan->choices, i);
        before += is_kept(choice, type);
        wanted += is_kept(choice, type) && is_wanted(languages, choice->stream);
    }
    if (type == FFARM_STREAM_AUDIO && before > 0 && wanted == 0) {
        g_ptr_array_add(chooser->plan->warnings,
                        g_strdup("no audio stream has a language that the profile wants: all are kept"));
        return;
    }
    for (guint i = 0; i < chooser->plan->choices->len; i++) {
        FfarmStreamChoice *choice = g_ptr_array_index(chooser->plan->choices, i);
        if (is_kept(choice, type) && !is_wanted(languages, choice->stream))
            drop(choice,
                 g_strdup_printf("the profile does not want language '%s'", ffarm_stream_language(choice->stream)));
    }
}

/* --- what the container can hold --- */

static gboolean is_copy(const char *encoder)
{
    return encoder && strcmp(encoder, "copy") == 0;
}

static void fit_film(Chooser *chooser, FfarmStreamChoice *choice, const char *encoder)
{
    if (is_copy(encoder) && !holds(chooser, choice->stream))
        drop_with_warning(chooser, choice, cannot_hold(chooser, choice->stream));
}

/* Audio that is to be copied but can't lie in the container is encoded: losing it is not an option, and neither is a
 * job that is known to fail. */
static void fit_audio(Chooser *chooser, FfarmStreamChoice *choice, const char *encoder)
{
    static const char *const fallbacks[] = {"aac", "ac3", "libopus", "libmp3lame", "flac", "pcm_s16le"};
    if (!choice->stream->codec) {
        drop_with_warning(chooser, choice, g_strdup("its codec is not known"));
        return;
    }
    if (!is_copy(encoder) || holds(chooser, choice->stream))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(fallbacks); i++) {
        if (ffarm_container_holds(chooser->muxer, FFARM_STREAM_AUDIO, ffarm_codec_of_encoder(fallbacks[i]))) {
            convert(chooser, choice, fallbacks[i], cannot_hold(chooser, choice->stream));
            return;
        }
    }
    drop_with_warning(chooser, choice, cannot_hold(chooser, choice->stream));
}

/* Text subtitles that ffmpeg knows by name but can't decode. */
static gboolean is_convertible_text(const FfarmStream *stream)
{
    static const char *const undecodable[] = {"hdmv_text_subtitle", "ttml", "arib_caption", "dvb_teletext", NULL};
    return stream->is_text && stream->codec && !g_strv_contains(undecodable, stream->codec);
}

static gboolean makes_pictures(const char *encoder)
{
    static const char *const encoders[] = {"dvdsub", "dvd_subtitle", "dvbsub", "dvb_subtitle", "xsub", NULL};
    return g_strv_contains(encoders, encoder);
}

/* TRUE if the profile's subtitle @encoder can take this stream and its result can lie in the container. */
static gboolean encoder_fits(const Chooser *chooser, const FfarmStream *stream, const char *encoder)
{
    if (makes_pictures(encoder) ? stream->is_text : !is_convertible_text(stream))
        return FALSE;
    return !chooser->muxer ||
           ffarm_container_holds(chooser->muxer, FFARM_STREAM_SUBTITLE, ffarm_codec_of_encoder(encoder));
}

/* A subtitle is copied where the container holds it, converted where it is text, and left out else. */
static void fit_subtitle(Chooser *chooser, FfarmStreamChoice *choice, const char *encoder)
{
    const FfarmStream *stream = choice->stream;
    gboolean is_encoded = encoder && !is_copy(encoder);
    if (is_encoded && encoder_fits(chooser, stream, encoder))
        return;
    if (holds(chooser, stream)) {
        if (is_copy(encoder))
            return;
        copy(choice);
        if (is_encoded) {
            choice->reason = g_strdup_printf("it can't become %s", encoder);
            warn(chooser, choice, "is copied");
        }
        return;
    }
    const char *text_encoder = is_convertible_text(stream) ? ffarm_container_text_encoder(chooser->muxer) : NULL;
    if (text_encoder)
        convert(chooser, choice, text_encoder, cannot_hold(chooser, stream));
    else
        drop_with_warning(chooser, choice, cannot_hold(chooser, stream));
}

static void fit_picture(Chooser *chooser, FfarmStreamChoice *choice)
{
    const char *codec = choice->stream->codec;
    const char *type = chooser->muxer ? ffarm_container_picture_type(chooser->muxer, codec) : NULL;
    gboolean is_attached = type && choice->stream->picture_at > 0;
    if (is_attached || (codec && (!chooser->muxer || ffarm_container_holds_picture(chooser->muxer, codec))))
        copy(choice);
    if (is_attached)
        choice->attached_as = type;
    else if (choice->action != FFARM_STREAM_COPY)
        drop_with_warning(chooser, choice,
                          g_strdup_printf("%s can't hold it", chooser->muxer ? chooser->muxer : "nothing"));
}

/* Matroska wants a name and a type for each attachment, and ffmpeg gives up the whole job where one lacks them. */
static void fit_attachment(Chooser *chooser, FfarmStreamChoice *choice)
{
    const FfarmStream *stream = choice->stream;
    static const char *const fonts[] = {"ttf", "otf", NULL};
    if (chooser->muxer && !ffarm_container_holds_attachments(chooser->muxer))
        drop_with_warning(chooser, choice, g_strdup_printf("%s can't hold attachments", chooser->muxer));
    else if (!stream->filename || !(stream->mimetype || (stream->codec && g_strv_contains(fonts, stream->codec))))
        drop_with_warning(chooser, choice, g_strdup("it has no file name or no type"));
    else
        copy(choice);
}

/* Chapter titles of mp4 show up as a data stream; ffmpeg writes chapters anew. */
static gboolean is_chapter_text(const FfarmStream *stream)
{
    return stream->codec && strcmp(stream->codec, "bin_data") == 0 && stream->codec_tag &&
           strcmp(stream->codec_tag, "text") == 0;
}

static void fit_data(Chooser *chooser, FfarmStreamChoice *choice)
{
    const FfarmStream *stream = choice->stream;
    if (is_chapter_text(stream))
        drop(choice, g_strdup("it holds the chapters, which are kept"));
    else if (!stream->codec || !holds(chooser, stream))
        drop(choice, stream->codec ? cannot_hold(chooser, stream) : g_strdup("its kind of data is not known"));
    else
        copy(choice);
}

static void fit(Chooser *chooser, FfarmStreamChoice *choice)
{
    FfarmStreamType type = choice->stream->type;
    const char *encoder = ffarm_output_options_encoder(chooser->profile, type, chooser->kept[type]);
    choice->codec = is_copy(encoder) ? choice->stream->codec : NULL;
    if (ffarm_stream_is_picture(choice->stream))
        fit_picture(chooser, choice);
    else if (type == FFARM_STREAM_VIDEO)
        fit_film(chooser, choice, encoder);
    else if (type == FFARM_STREAM_AUDIO)
        fit_audio(chooser, choice, encoder);
    else if (type == FFARM_STREAM_SUBTITLE)
        fit_subtitle(chooser, choice, encoder);
    else if (type == FFARM_STREAM_ATTACHMENT)
        fit_attachment(chooser, choice);
    else
        fit_data(chooser, choice);
}

/* --- the result --- */

/* Pictures and attachments come last, so that the first video stream of a result is the film also where the source has
 * its cover art in front. */
static guint rank(const FfarmStream *stream)
{
    if (stream->type == FFARM_STREAM_ATTACHMENT)
        return 2;
    return ffarm_stream_is_picture(stream) ? 1 : 0;
}

/* Calls @func for every choice in the order of the result. */
static void foreach_in_order(Chooser *chooser, void (*func)(Chooser *, FfarmStreamChoice *, GPtrArray *),
                             GPtrArray *words)
{
    for (guint pass = 0; pass <= 2; pass++) {
        for (guint i = 0; i < chooser->plan->choices->len; i++) {
            FfarmStreamChoice *choice = g_ptr_array_index(chooser->plan->choices, i);
            if (choice->action != FFARM_STREAM_DROP && rank(choice->stream) == pass)
                func(chooser, choice, words);
        }
    }
}

static void fit_and_place(Chooser *chooser, FfarmStreamChoice *choice, GPtrArray *words)
{
    fit(chooser, choice);
    if (choice->action != FFARM_STREAM_DROP)
        choice->output_index = (int)chooser->kept[choice->stream->type]++;
}

/* A default stream that was left out hands its flag to the first kept one of the profile's default language. */
static void move_default(Chooser *chooser, FfarmStreamType type, const FfarmLanguages *languages)
{
    gboolean is_lost = FALSE;
    FfarmStreamChoice *heir = NULL;
    for (guint i = 0; i < chooser->plan->choices->len; i++) {
        FfarmStreamChoice *choice = g_ptr_array_index(chooser->plan->choices, i);
        if (choice->stream->type != type)
            continue;
        if (choice->action == FFARM_STREAM_DROP)
            is_lost |= (choice->stream->disposition & FFARM_DISPOSITION_DEFAULT) != 0;
        else if (!heir && languages->default_language &&
                 ffarm_language_equal(ffarm_stream_language(choice->stream), languages->default_language))
            heir = choice;
    }
    if (is_lost && heir && !(heir->stream->disposition & FFARM_DISPOSITION_DEFAULT))
        heir->make_default = TRUE;
}

static void add_map(Chooser *chooser, FfarmStreamChoice *choice, GPtrArray *words)
{
    if (choice->attached_as)
        return;
    g_ptr_array_add(words, g_strdup("-map"));
    g_ptr_array_add(words, g_strdup_printf("0:%d", choice->stream->index));
}

static void add_codec(Chooser *chooser, FfarmStreamChoice *choice, GPtrArray *words)
{
    static const char letters[] = {'v', 'a', 's', 't', 'd'};
    if (choice->action == FFARM_STREAM_ENCODE || choice->attached_as)
        return;
    g_ptr_array_add(words, g_strdup_printf("-c:%c:%d", letters[choice->stream->type], choice->output_index));
    g_ptr_array_add(words, g_strdup(choice->action == FFARM_STREAM_COPY ? "copy" : choice->encoder));
}

/* -disposition replaces all flags of a stream, so those it has are named again. */
static void add_disposition(Chooser *chooser, FfarmStreamChoice *choice, GPtrArray *words)
{
    if (!choice->make_default)
        return;
    GString *flags = g_string_new("default");
    for (guint bit = 1; bit <= FFARM_DISPOSITION_STILL_IMAGE; bit <<= 1)
        if (choice->stream->disposition & bit)
            g_string_append_printf(flags, "+%s", ffarm_disposition_name((FfarmDisposition)bit));
    char letter = choice->stream->type == FFARM_STREAM_AUDIO ? 'a' : 's';
    g_ptr_array_add(words, g_strdup_printf("-disposition:%c:%d", letter, choice->output_index));
    g_ptr_array_add(words, g_string_free(flags, FALSE));
}

/* A profile that says which streams it wants is not contradicted. A filter graph says so too: ffmpeg adds its outputs.
 */
static gboolean must_map(Chooser *chooser, gboolean automap)
{
    static const char *const graphs[] = {"-filter_complex", "-lavfi", "-filter_complex_script"};
    const FfarmProfile *profile = chooser->profile;
    if (profile->automap == FFARM_TRISTATE_UNSET ? !automap : profile->automap == FFARM_TRISTATE_NO)
        return FALSE;
    if (ffarm_output_options_have(profile, "-map"))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(graphs); i++) {
        if (!ffarm_output_options_have(profile, graphs[i]))
            continue;
        g_ptr_array_add(chooser->plan->warnings,
                        g_strdup_printf("the profile has %s without -map: ffmpeg chooses the streams", graphs[i]));
        return FALSE;
    }
    return TRUE;
}

static void choose_mapped(Chooser *chooser, const FfarmMedia *media, GPtrArray *words)
{
    for (guint i = 0; i < media->streams->len; i++) {
        FfarmStreamChoice *choice = g_new0(FfarmStreamChoice, 1);
        choice->stream = g_ptr_array_index(media->streams, i);
        choice->output_index = -1;
        g_ptr_array_add(chooser->plan->choices, choice);
    }
    drop_disabled(chooser);
    filter_languages(chooser, FFARM_STREAM_AUDIO, &chooser->profile->audio);
    filter_languages(chooser, FFARM_STREAM_SUBTITLE, &chooser->profile->subtitle);
    foreach_in_order(chooser, fit_and_place, words);
    move_default(chooser, FFARM_STREAM_AUDIO, &chooser->profile->audio);
    move_default(chooser, FFARM_STREAM_SUBTITLE, &chooser->profile->subtitle);
    foreach_in_order(chooser, add_map, words);
    foreach_in_order(chooser, add_codec, words);
    foreach_in_order(chooser, add_disposition, words);
}

FfarmStreamPlan *ffarm_streams_choose(const FfarmMedia *media, const FfarmProfile *profile, const char *muxer,
                                      gboolean automap)
{
    FfarmStreamPlan *plan = g_new0(FfarmStreamPlan, 1);
    plan->choices = g_ptr_array_new_with_free_func(choice_free);
    plan->warnings = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *words = g_ptr_array_new();
    Chooser chooser = {.profile = profile, .muxer = muxer, .plan = plan};
    plan->is_mapped = must_map(&chooser, automap);
    if (plan->is_mapped)
        choose_mapped(&chooser, media, words);
    g_ptr_array_add(words, NULL);
    plan->arguments = (char **)g_ptr_array_free(words, FALSE);
    return plan;
}
