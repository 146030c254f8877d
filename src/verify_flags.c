/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify.h"

#include <string.h>
#include "filter_graph.h"

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
    {"-disposition", FFARM_VERIFY_NO_DISPOSITIONS},
    {"-color_primaries", FFARM_VERIFY_NO_COLOUR},
    {"-color_trc", FFARM_VERIFY_NO_COLOUR},
    {"-colorspace", FFARM_VERIFY_NO_COLOUR},
    {"-color_range", FFARM_VERIFY_NO_COLOUR},
    {"-noautorotate", FFARM_VERIFY_NO_ROTATION},
    {"-autorotate", FFARM_VERIFY_NO_ROTATION},
    {"-display_rotation", FFARM_VERIFY_NO_ROTATION},
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

static const char *const colour_filters[] = {
    "zscale",  "colorspace",     "colorspace_cuda", "colormatrix",  "libplacebo",     "lut3d",   "setparams", "iccgen",
    "tonemap", "tonemap_opencl", "tonemap_vaapi",   "tonemap_cuda", "tonemap_vulkan", "vpp_qsv", NULL};
static const char *const tone_filters[] = {"tonemap", "tonemap_opencl", "tonemap_vaapi", "tonemap_cuda", NULL};
static const char *const turning_filters[] = {
    "transpose",    "rotate",           "hflip", "vflip", "transpose_npp", "transpose_opencl", "transpose_vaapi",
    "transpose_vt", "transpose_vulkan", NULL};

/* Words within an argument that say what it is about. */
static const struct {
    const char *option, *part; /* the argument begins with it, or has it anywhere where it begins with '*' */
    FfarmVerifyFlags flags;
} arguments[] = {
    {"-metadata", "language=", FFARM_VERIFY_NO_LANGUAGE},
    {"-metadata", "title=", FFARM_VERIFY_NO_TITLES},
    {"-metadata", "rotate=", FFARM_VERIFY_NO_ROTATION},
    {"-x265-params", "*master-display=", FFARM_VERIFY_NEW_HDR},
    {"-x265-params", "*max-cll=", FFARM_VERIFY_NEW_HDR},
    {"-x265-params", "*colorprim=", FFARM_VERIFY_NO_COLOUR},
    {"-x265-params", "*transfer=", FFARM_VERIFY_NO_COLOUR},
    {"-x265-params", "*colormatrix=", FFARM_VERIFY_NO_COLOUR},
    {"-x264-params", "*mastering-display=", FFARM_VERIFY_NEW_HDR},
    {"-x264-params", "*colorprim=", FFARM_VERIFY_NO_COLOUR},
    {"-x264-params", "*transfer=", FFARM_VERIFY_NO_COLOUR},
    {"-x264-params", "*colormatrix=", FFARM_VERIFY_NO_COLOUR},
    {"-x264opts", "*colorprim=", FFARM_VERIFY_NO_COLOUR},
    {"-svtav1-params", "*mastering-display=", FFARM_VERIFY_NEW_HDR},
    {"-svtav1-params", "*color-primaries=", FFARM_VERIFY_NO_COLOUR},
    {"-master_display", "*", FFARM_VERIFY_NEW_HDR},
    {"-max_cll", "*", FFARM_VERIFY_NEW_HDR},
    {"-vf", "*out_color_matrix=", FFARM_VERIFY_NO_COLOUR},
    {"-vf", "*out_range=", FFARM_VERIFY_NO_COLOUR},
    {"-filter", "*out_color_matrix=", FFARM_VERIFY_NO_COLOUR},
    {"-filter", "*out_range=", FFARM_VERIFY_NO_COLOUR},
};

/* @word is @option, with any stream specifier behind a ':'. */
static gboolean is_option(const char *word, const char *option)
{
    size_t length = strcspn(word, ":");
    return strlen(option) == length && strncmp(word, option, length) == 0;
}

/* -map_metadata and -map_chapters 0 say what ffmpeg does anyway. */
static FfarmVerifyFlags flags_of_mapping(const char *word, const char *argument)
{
    if (!argument || strcmp(argument, "0") == 0)
        return FFARM_VERIFY_ALL;
    if (is_option(word, "-map_chapters"))
        return FFARM_VERIFY_NO_CHAPTERS;
    return is_option(word, "-map_metadata") ? FFARM_VERIFY_NO_LANGUAGE | FFARM_VERIFY_NO_TITLES : FFARM_VERIFY_ALL;
}

/* @argument: nullable. */
static FfarmVerifyFlags flags_of_words(const char *word, const char *argument)
{
    FfarmVerifyFlags flags = flags_of_mapping(word, argument);
    for (gsize i = 0; i < G_N_ELEMENTS(exemptions); i++)
        if (is_option(word, exemptions[i].option))
            flags |= exemptions[i].flag;
    for (gsize i = 0; argument && i < G_N_ELEMENTS(arguments); i++) {
        const char *part = arguments[i].part;
        gboolean is_there = *part == '*' ? strstr(argument, part + 1) != NULL : g_str_has_prefix(argument, part);
        if (is_option(word, arguments[i].option) && is_there)
            flags |= arguments[i].flags;
    }
    return flags;
}

static gboolean is_filter_option(const char *word)
{
    return g_str_has_prefix(word, "-filter") || strcmp(word, "-vf") == 0 || strcmp(word, "-af") == 0 ||
           strcmp(word, "-lavfi") == 0;
}

static FfarmVerifyFlags flags_of_graph(const char *graph)
{
    static const struct {
        const char *const *filters;
        FfarmVerifyFlags flags;
    } kinds[] = {
        {timing_filters, FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC},
        {frame_filters, FFARM_VERIFY_NO_FRAMES},
        {colour_filters, FFARM_VERIFY_NO_COLOUR | FFARM_VERIFY_NO_HDR},
        {tone_filters, FFARM_VERIFY_TONE_MAPPED},
        {turning_filters, FFARM_VERIFY_NO_ROTATION},
    };
    FfarmVerifyFlags flags = FFARM_VERIFY_ALL;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (ffarm_filter_graph_has(graph, kinds[i].filters))
            flags |= kinds[i].flags;
    return flags;
}

/* What a recipe does to the picture is expected as such; only what the profile itself says is an exemption. */
static const char *own_argument(const FfarmProfile *profile, const char *argument)
{
    return argument && g_strcmp0(argument, profile->laid.graph) == 0 ? profile->laid.own : argument;
}

static FfarmVerifyFlags flags_of_options(const FfarmProfile *profile)
{
    FfarmVerifyFlags flags = FFARM_VERIFY_ALL;
    if (profile->laid.tone_maps)
        flags |= FFARM_VERIFY_NO_HDR | FFARM_VERIFY_NO_COLOUR | FFARM_VERIFY_TONE_MAPPED;
    for (int section = 0; section < FFARM_N_SECTIONS; section++) {
        char **words = profile->sections[section].words;
        for (; words && *words; words++) {
            const char *argument = own_argument(profile, words[1]);
            flags |= flags_of_words(words[0], argument);
            /* -r before -i gives the frames other times. */
            if (section == FFARM_SECTION_INPUT && strcmp(*words, "-r") == 0)
                flags |= FFARM_VERIFY_NO_LENGTH | FFARM_VERIFY_NO_SYNC;
            if (is_filter_option(*words) && argument)
                flags |= flags_of_graph(argument);
        }
    }
    return flags;
}

FfarmVerifyFlags ffarm_verify_flags(const FfarmProfile *profile, const FfarmProof *proof)
{
    const struct {
        FfarmExpect expect;
        FfarmVerifyFlags flags;
    } expectations[] = {
        {proof->frames, FFARM_VERIFY_NO_FRAMES},
        {proof->duration, FFARM_VERIFY_NO_LENGTH},
        {proof->hdr, FFARM_VERIFY_NO_HDR | FFARM_VERIFY_NO_COLOUR},
        {proof->metadata,
         FFARM_VERIFY_NO_LANGUAGE | FFARM_VERIFY_NO_TITLES | FFARM_VERIFY_NO_DISPOSITIONS | FFARM_VERIFY_NO_CHAPTERS},
    };
    FfarmVerifyFlags flags = flags_of_options(profile);
    for (gsize i = 0; i < G_N_ELEMENTS(expectations); i++) {
        if (expectations[i].expect == FFARM_EXPECT_ANY)
            flags |= expectations[i].flags;
        else if (expectations[i].expect == FFARM_EXPECT_SAME)
            flags &= ~expectations[i].flags;
    }
    return flags;
}
