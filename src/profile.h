/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "original.h"
#include "proof.h"

G_BEGIN_DECLS

/* profile.h — an encoding recipe. Profiles, mixins and templates of the configuration all become this one form;
 * included profiles are merged in when the settings are loaded.
 *
 * Threads: immutable once the settings are loaded; may be read from any thread.
 * Errors:  none: nothing here fails. What can't be a profile was found when the settings were loaded. */

/* ffmpeg options of one section, already split into words as a POSIX shell would split them. */
typedef struct {
    gboolean is_set;  /* FALSE: the key is absent, so that an included profile's section shows through */
    gboolean is_list; /* given as a YAML list (or null: an empty one): merged option by option; else replaced whole */
    char **words;     /* NULL-terminated, never NULL */
} FfarmOptions;

typedef struct {
    char **include_languages; /* nullable; include wins over exclude */
    char **exclude_languages; /* nullable */
    char *default_language;   /* nullable */
} FfarmLanguages;

typedef enum { FFARM_TRISTATE_UNSET = -1, FFARM_TRISTATE_NO = 0, FFARM_TRISTATE_YES = 1 } FfarmTristate;

/* The sections of options, in the order in which they come on ffmpeg's line (input options stand before -i). */
typedef enum {
    FFARM_SECTION_INPUT,
    FFARM_SECTION_OUTPUT,
    FFARM_SECTION_AUDIO,
    FFARM_SECTION_VIDEO,
    FFARM_SECTION_SUBTITLE,
    FFARM_N_SECTIONS,
} FfarmSection;

typedef struct {
    char *name;                              /* "cuda", "qsv", "vaapi", "videotoolbox", "amf", "cpu" */
    FfarmOptions sections[FFARM_N_SECTIONS]; /* merged over the profile's own on a host that uses this engine */
} FfarmEngineOptions;

/* What a recipe has done to the picture beside encoding it: the proof of a result expects just that. All zero: nothing.
 */
typedef struct {
    char *graph;         /* value of its filter option; NULL: none */
    char *own;           /* the part of it that the profile says itself; NULL: none */
    const char *pix_fmt; /* of the result where no option names it; static; NULL: not known */
    gboolean crops;      /* odd sides are made even */
    gboolean deinterlaces;
    gboolean tone_maps;
} FfarmLaid;

typedef struct {
    char *name;
    gboolean is_template;
    FfarmOptions sections[FFARM_N_SECTIONS];
    char *extension;        /* with the dot; NULL: the source's */
    double threshold;       /* least saving in percent; 0: any result is welcome */
    double threshold_check; /* percent done from which a hopeless encode is stopped early; 100: never early */
    char *queue;            /* nullable */
    guint stall_timeout; /* seconds without progress after which the encode is stopped; 0: as the configuration says */
    FfarmTristate automap;    /* unset: as the configuration says */
    FfarmOriginals originals; /* unset: as the configuration says */
    FfarmTristate keep_times; /* unset: as the configuration says */
    FfarmLanguages audio, subtitle;
    char *codec;        /* "h264", "hevc", "av1", "copy": options are those of the host's engine; NULL: its own */
    char *speed;        /* "fast", "balanced", "best"; nullable */
    char *bit_depth;    /* "auto", "8", "10"; nullable */
    char *hdr;          /* "keep", "tonemap", "skip"; nullable: keep */
    char *quality;      /* "low", "medium", "high", "0".."51"; nullable */
    FfarmProof proof;   /* what it leaves unset is as the configuration says */
    GPtrArray *engines; /* of FfarmEngineOptions, in the order of the file */
    FfarmLaid laid;     /* by a recipe */
    guint line, column; /* where it stands in the configuration; 0 for built-in ones */
} FfarmProfile;

FfarmProfile *ffarm_profile_new(const char *name) G_GNUC_WARN_UNUSED_RESULT;
FfarmProfile *ffarm_profile_copy(const FfarmProfile *profile) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_profile_free(FfarmProfile *profile); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmProfile, ffarm_profile_free)

/* Adds empty options for the engine @name. Returns: borrowed; fill it before the profile is shared. */
FfarmEngineOptions *ffarm_profile_add_engine(FfarmProfile *profile, const char *name);
/* Returns: the options of @profile for the engine @name, borrowed; NULL if it has none. */
FfarmEngineOptions *ffarm_profile_find_engine(const FfarmProfile *profile, const char *name);

/* Replaces @profile's video, audio and subtitle sections, and those that its engines have, by those of the first of
 * @mixins (nullable, n_mixins may be 0) that has the section. A codec, with its speed, bit depth, quality and hdr,
 * counts as a video section. Nothing else of a mixin counts; a null section counts as none. Returns: new profile, named
 * as @profile. */
FfarmProfile *ffarm_profile_with_mixins(const FfarmProfile *profile, const FfarmProfile *const *mixins,
                                        guint n_mixins) G_GNUC_WARN_UNUSED_RESULT;

/* Merges the options that @profile has for @engine (NULL: none) over its own.
 * Returns: new profile, named as @profile, without engines. */
FfarmProfile *ffarm_profile_for_engine(const FfarmProfile *profile, const char *engine) G_GNUC_WARN_UNUSED_RESULT;

/* Merges @child over @parent as `include` does: lists option by option (parent's order, then the child's new ones; an
 * option is a word that begins with '-' and is no number, with the words up to the next one), anything else replaced
 * whole. A null @child changes nothing; an empty string empties. ffmpeg's own synonyms (-acodec, -codec:a, -c:a) are
 * one option. Returns: new NULL-terminated list of words with is_list set as in the result. */
FfarmOptions ffarm_options_merge(const FfarmOptions *parent, const FfarmOptions *child);
void ffarm_options_clear(FfarmOptions *options);

/* What of @profile decides how a file is encoded, as a short text: equal for profiles that do the same, whatever they
 * are called. @automap: as the configuration says. Returns: new string. */
char *ffarm_profile_fingerprint(const FfarmProfile *profile, gboolean automap) G_GNUC_WARN_UNUSED_RESULT;

/* The value of the last @option ("-c:v", or a synonym) in @section, or NULL. Borrowed. */
const char *ffarm_profile_peek_option(const FfarmProfile *profile, FfarmSection section, const char *option);

const char *ffarm_section_key(FfarmSection section); /* "output_options_audio" */

G_END_DECLS
