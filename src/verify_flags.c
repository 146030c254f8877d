/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify.h"

#include <string.h>

/* An option that means @flag, with any stream specifier behind a ':'. */
static const struct {
    const char *option;
    FfarmVerifyFlags flag;
} exemptions[] = {
    {"-ss", FFARM_VERIFY_NO_LENGTH},
    {"-sseof", FFARM_VERIFY_NO_LENGTH},
    {"-t", FFARM_VERIFY_NO_LENGTH},
    {"-to", FFARM_VERIFY_NO_LENGTH},
    {"-fs", FFARM_VERIFY_NO_LENGTH},
    {"-shortest", FFARM_VERIFY_NO_LENGTH},
    {"-frames", FFARM_VERIFY_NO_LENGTH},
    {"-vframes", FFARM_VERIFY_NO_LENGTH},
    {"-itsscale", FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC},
    {"-itsoffset", FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC},
    {"-stream_loop", FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC},
    {"-r", FFARM_VERIFY_NO_FRAMES},
    {"-fpsmax", FFARM_VERIFY_NO_FRAMES},
    {"-vsync", FFARM_VERIFY_NO_FRAMES},
    {"-fps_mode", FFARM_VERIFY_NO_FRAMES},
    {"-skip_frame", FFARM_VERIFY_NO_FRAMES},
    {"-discard", FFARM_VERIFY_NO_FRAMES},
    {"-bsf", FFARM_VERIFY_NO_FRAMES},
    {"-vbsf", FFARM_VERIFY_NO_FRAMES},
    {"-absf", FFARM_VERIFY_NO_FRAMES},
    {"-map_chapters", FFARM_VERIFY_NO_CHAPTERS},
    {"-map_metadata", FFARM_VERIFY_NO_LANGUAGE},
    {"-metadata", FFARM_VERIFY_NO_LANGUAGE},
    {"-an", FFARM_VERIFY_NO_AUDIO},
    {"-sn", FFARM_VERIFY_NO_SUBTITLES},
    {"-vn", FFARM_VERIFY_NO_VIDEO},
};

/* Filters that change when things are shown, or how many frames there are; they stand inside an argument of -vf,
 * -filter:v and the like. */
static const char *const timing_filters[] = {"setpts",   "asetpts", "trim",    "atrim",        "concat",   "loop",
                                             "aloop",    "tpad",    "apad",    "atempo",       "reverse",  "rubberband",
                                             "areverse", "segment", "aselect", "minterpolate", "asegment", NULL};
static const char *const frame_filters[] = {"fps",
                                            "framerate",
                                            "framestep",
                                            "select",
                                            "decimate",
                                            "mpdecimate",
                                            "dejudder",
                                            "yadif",
                                            "yadif_cuda",
                                            "bwdif",
                                            "bwdif_cuda",
                                            "bwdif_vulkan",
                                            "w3fdif",
                                            "estdif",
                                            "nnedi",
                                            "kerndeint",
                                            "pullup",
                                            "fieldmatch",
                                            "telecine",
                                            "detelecine",
                                            "separatefields",
                                            "weave",
                                            "doubleweave",
                                            "tinterlace",
                                            "interlace",
                                            "il",
                                            "freezeframes",
                                            "shuffleframes",
                                            "deinterlace_vaapi",
                                            "deinterlace_qsv",
                                            "deinterlace_d3d12",
                                            "vpp_qsv",
                                            "yadif_videotoolbox",
                                            "random",
                                            "thumbnail",
                                            "field",
                                            NULL};

static FfarmVerifyFlags flags_of_word(const char *word)
{
    size_t length = strcspn(word, ":");
    for (gsize i = 0; i < G_N_ELEMENTS(exemptions); i++) {
        if (strlen(exemptions[i].option) == length && strncmp(word, exemptions[i].option, length) == 0)
            return exemptions[i].flag;
    }
    return FFARM_VERIFY_ALL;
}

/* A filter's name stands at the begin of a graph, or behind ',', ';' or a label's ']'; what else looks like one is part
 * of an argument, as in a file name. */
static gboolean has_filter(const char *graph, const char *const *names)
{
    gboolean is_begin = TRUE;
    for (const char *at = graph; *at; at++) {
        size_t length = is_begin ? strspn(at, G_CSET_a_2_z G_CSET_DIGITS "_") : 0;
        g_autofree char *word = length > 0 ? g_strndup(at, length) : NULL;
        if (word && g_strv_contains(names, word))
            return TRUE;
        is_begin = strchr(",;]", *at) || (is_begin && g_ascii_isspace(*at));
    }
    return FALSE;
}

static gboolean is_filter_option(const char *word)
{
    return g_str_has_prefix(word, "-filter") || strcmp(word, "-vf") == 0 || strcmp(word, "-af") == 0 ||
           strcmp(word, "-lavfi") == 0;
}

FfarmVerifyFlags ffarm_verify_flags(const FfarmProfile *profile)
{
    FfarmVerifyFlags flags = FFARM_VERIFY_ALL;
    for (int section = 0; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        for (; words && *words; words++) {
            flags |= flags_of_word(*words);
            /* -r before -i gives the frames other times. */
            if (section == FFARM_SECTION_INPUT && strcmp(*words, "-r") == 0)
                flags |= FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC;
            if (is_filter_option(*words) && words[1] && has_filter(words[1], timing_filters))
                flags |= FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC;
            if (is_filter_option(*words) && words[1] && has_filter(words[1], frame_filters))
                flags |= FFARM_VERIFY_NO_FRAMES;
        }
    }
    return flags;
}
