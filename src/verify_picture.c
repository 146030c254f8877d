/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify_parts.h"

#include <math.h>
#include <string.h>

#include "codec.h"
#include "container.h"
#include "output_options.h"

#define CHROMATICITY_TOLERANCE 0.001
#define LUMINANCE_TOLERANCE 0.01 /* of the value */
#define LUMINANCE_LEAST 0.0002   /* the unit in which the least luminance is stored, twice */

#define BLOCK 16              /* pixels of a macroblock, to which H.264 and older codecs fill a picture up */
#define ASPECT_TOLERANCE 0.03 /* of the value: codecs and containers round it to small fractions */

static const char hdr_hint[] = "tell the encoder of it, or add 'expect: {hdr: any}' to the profile if it may be lost";

gboolean verify_can_tell_colours(const Comparison *it, const FfarmStream *video)
{
    static const char *const codecs[] = {"h264", "hevc", "av1", NULL};
    return (video->codec && g_strv_contains(codecs, video->codec)) ||
           ffarm_container_keeps(it->promise->muxer, FFARM_CONTAINER_COLOUR);
}

const char *verify_asked_pix_fmt(const FfarmProfile *profile)
{
    const char *asked = profile ? ffarm_output_options_pix_fmt(profile) : NULL;
    return asked || !profile ? asked : profile->laid.pix_fmt;
}

static gboolean is_near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance;
}

static gboolean is_same_luminance(double a, double b)
{
    return is_near(a, b, MAX(LUMINANCE_LEAST, LUMINANCE_TOLERANCE * MAX(fabs(a), fabs(b))));
}

static gboolean has_same_primaries(const FfarmMasteringDisplay *a, const FfarmMasteringDisplay *b)
{
    const double left[] = {a->red_x, a->red_y, a->green_x, a->green_y, a->blue_x, a->blue_y, a->white_x, a->white_y};
    const double right[] = {b->red_x, b->red_y, b->green_x, b->green_y, b->blue_x, b->blue_y, b->white_x, b->white_y};
    for (guint i = 0; i < G_N_ELEMENTS(left); i++)
        if (!is_near(left[i], right[i], CHROMATICITY_TOLERANCE))
            return FALSE;
    return TRUE;
}

static gboolean judge_mastering(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmMasteringDisplay *before = &pair->planned->mastering, *after = &pair->got->mastering;
    gboolean is_lost =
        (before->has_primaries && !after->has_primaries) || (before->has_luminance && !after->has_luminance);
    if (is_lost)
        return verify_stream_mismatch(it, pair, error, "has lost its mastering display metadata (HDR10); %s", hdr_hint);
    if (it->promise->flags & FFARM_VERIFY_NEW_HDR)
        return TRUE;
    if (before->has_primaries && !has_same_primaries(before, after))
        return verify_stream_mismatch(it, pair, error, "has other mastering display primaries than the source; %s",
                                      hdr_hint);
    if (before->has_luminance && (!is_same_luminance(before->min_luminance, after->min_luminance) ||
                                  !is_same_luminance(before->max_luminance, after->max_luminance)))
        return verify_stream_mismatch(it, pair, error, "has another mastering display luminance than the source; %s",
                                      hdr_hint);
    return TRUE;
}

static gboolean judge_light_level(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    gboolean had = before->max_cll || before->max_fall, has = after->max_cll || after->max_fall;
    if (!had || (has && (it->promise->flags & FFARM_VERIFY_NEW_HDR)))
        return TRUE;
    if (before->max_cll == after->max_cll && before->max_fall == after->max_fall)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "has content light level %u,%u, the source's is %u,%u; %s",
                                  after->max_cll, after->max_fall, before->max_cll, before->max_fall, hdr_hint);
}

static gboolean is_hdr_transfer(const char *transfer)
{
    return g_strcmp0(transfer, "smpte2084") == 0 || g_strcmp0(transfer, "arib-std-b67") == 0;
}

/* ffmpeg passes the configuration on to what it encodes anew, where it means nothing: the pictures' own part of it is
 * gone, unless the encoder was told to make it. */
static gboolean has_kept_dolby_vision(const Comparison *it, const Pair *pair)
{
    const FfarmProfile *profile = it->promise->profile;
    gboolean is_made = profile && ffarm_output_options_have(profile, "-dolbyvision");
    return pair->got->hdr == FFARM_HDR_DOLBY_VISION && (verify_is_copied(pair) || is_made);
}

static gboolean judge_dynamic_hdr(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    if (before->hdr == FFARM_HDR_DOLBY_VISION && !has_kept_dolby_vision(it, pair))
        return verify_stream_mismatch(it, pair, error,
                                      "has lost its Dolby Vision (profile %d); copy the video with -strict unofficial, "
                                      "or add 'expect: {hdr: any}' to the profile if it may be lost",
                                      before->dovi_profile);
    if (before->hdr == FFARM_HDR_HDR10PLUS && after->hdr != FFARM_HDR_HDR10PLUS)
        return verify_stream_mismatch(it, pair, error, "has lost its dynamic metadata (HDR10+); %s", hdr_hint);
    return TRUE;
}

static gboolean judge_hdr(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    if ((it->promise->flags & FFARM_VERIFY_TONE_MAPPED) && is_hdr_transfer(before->color_transfer) &&
        is_hdr_transfer(after->color_transfer))
        return verify_stream_mismatch(it, pair, error, "is still marked as HDR (%s) though it was tone mapped",
                                      after->color_transfer);
    if ((it->promise->flags & FFARM_VERIFY_NO_HDR) || !verify_can_tell_colours(it, after))
        return TRUE;
    return judge_dynamic_hdr(it, pair, error) && judge_mastering(it, pair, error) && judge_light_level(it, pair, error);
}

/* TRUE if both names are the same, or of a group that means the same picture. */
static gboolean is_same_colour(const char *before, const char *after, const char *const *group)
{
    return g_strcmp0(before, after) == 0 ||
           (before && after && g_strv_contains(group, before) && g_strv_contains(group, after));
}

static gboolean colour_differs(const Comparison *it, const Pair *pair, const char *what, const char *before,
                               const char *after, GError **error)
{
    return verify_stream_mismatch(it, pair, error,
                                  "has %s %s, the source's is %s; add 'expect: {hdr: any}' to the profile if that is "
                                  "meant",
                                  what, after ? after : "unknown", before);
}

/* A recipe that makes HDR SDR makes it BT.709, and says so. */
static gboolean judge_tone_map(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    const FfarmProfile *profile = it->promise->profile;
    if (!profile || !profile->laid.tone_maps || before->hdr == FFARM_HDR_NONE || verify_is_copied(pair) ||
        !verify_can_tell_colours(it, after))
        return TRUE;
    const char *const tags[] = {after->color_transfer, after->color_primaries, after->color_space};
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++)
        if (g_strcmp0(tags[i], "bt709") != 0)
            return verify_stream_mismatch(it, pair, error, "was to be tone mapped to bt709, and is marked as %s",
                                          tags[i] ? tags[i] : "nothing");
    return TRUE;
}

static gboolean judge_fields(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmProfile *profile = it->promise->profile;
    if (!profile || !profile->laid.deinterlaces || verify_is_copied(pair) || !pair->got->is_interlaced)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "is marked as interlaced, though it was to be deinterlaced");
}

/* What the source does not say needs not be said. Pictures of red, green and blue become others when they are encoded.
 */
static gboolean judge_colours(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    gboolean is_rgb = g_strcmp0(before->color_space, "gbr") == 0;
    if ((it->promise->flags & FFARM_VERIFY_NO_COLOUR) || is_rgb || !verify_can_tell_colours(it, after))
        return TRUE;
    static const char *const primaries[] = {"smpte170m", "smpte240m", NULL};
    static const char *const transfers[] = {"bt709", "smpte170m", "bt2020-10", "bt2020-12", NULL};
    static const char *const matrices[] = {"bt470bg", "smpte170m", NULL};
    if (before->color_primaries && !is_same_colour(before->color_primaries, after->color_primaries, primaries))
        return colour_differs(it, pair, "colour primaries", before->color_primaries, after->color_primaries, error);
    if (before->color_transfer && !is_same_colour(before->color_transfer, after->color_transfer, transfers))
        return colour_differs(it, pair, "colour transfer", before->color_transfer, after->color_transfer, error);
    if (before->color_space && !is_same_colour(before->color_space, after->color_space, matrices))
        return colour_differs(it, pair, "colour matrix", before->color_space, after->color_space, error);
    /* Limited is what everybody takes for granted. A format that is asked for may have its own range. */
    if (verify_asked_pix_fmt(it->promise->profile))
        return TRUE;
    gboolean was_full = g_strcmp0(before->color_range, "pc") == 0, is_full = g_strcmp0(after->color_range, "pc") == 0;
    if (before->color_range && was_full != is_full)
        return colour_differs(it, pair, "colour range", before->color_range, after->color_range, error);
    return TRUE;
}

/* An encoder gets the picture turned upright already, so that the sides have changed places. */
static gboolean was_turned(const FfarmStream *before, const FfarmStream *after)
{
    gboolean is_upright = after->rotation == 0;
    gboolean swaps = before->rotation == 90 || before->rotation == 270;
    if (!is_upright || !swaps || before->width == before->height || after->width == after->height)
        return is_upright;
    return (before->width > before->height) != (after->width > after->height);
}

static gboolean judge_rotation(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    if ((it->promise->flags & FFARM_VERIFY_NO_ROTATION) || before->rotation == after->rotation)
        return TRUE;
    if (!verify_is_copied(pair) && was_turned(before, after))
        return TRUE;
    if (verify_is_copied(pair) && !ffarm_container_keeps(it->promise->muxer, FFARM_CONTAINER_ROTATION))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "is turned by %d degrees, the source's by %d", after->rotation,
                                  before->rotation);
}

/* TRUE if @graph takes frames to a device and does nothing else with them. */
static gboolean is_only_upload(const char *graph)
{
    g_auto(GStrv) filters = g_strsplit(graph, ",", -1);
    for (char **filter = filters; *filter; filter++)
        if (!g_str_has_prefix(*filter, "format=") && strcmp(*filter, "hwupload") != 0)
            return FALSE;
    return filters[0] != NULL;
}

/* TRUE if @argument does what only the user can know. A recipe's filters and devices are known. */
static gboolean is_free_graph(const FfarmProfile *profile, const char *argument)
{
    if (argument && g_strcmp0(argument, profile->laid.graph) == 0)
        argument = profile->laid.own;
    return argument && !is_only_upload(argument);
}

/* TRUE if an option of @profile may give the picture another size or aspect ratio. */
static gboolean may_reshape(const FfarmProfile *profile)
{
    static const char *const options[] = {"-vf",
                                          "-filter",
                                          "-filter_complex",
                                          "-lavfi",
                                          "-filter_script",
                                          "-filter_complex_script",
                                          "-s",
                                          "-aspect",
                                          "-target",
                                          "-bsf",
                                          "-vbsf",
                                          "-lowres",
                                          "-resize",
                                          "-crop",
                                          "-autorotate",
                                          "-deint",
                                          "-video_size",
                                          "-canvas_size",
                                          "-vsize",
                                          "-noautorotate",
                                          "-display_rotation",
                                          "-init_hw_device",
                                          NULL};
    for (guint section = 0; section < FFARM_N_SECTIONS; section++)
        for (char **words = profile->sections[section].words; words && *words; words++) {
            g_autofree char *option = g_strndup(*words, strcspn(*words, ":"));
            gboolean is_device = profile->codec && strcmp(option, "-init_hw_device") == 0;
            gboolean is_option = g_strv_contains(options, option) && !is_device;
            gboolean is_own = g_strcmp0(*words, profile->laid.graph) != 0;
            if ((is_option && (!words[1] || is_free_graph(profile, words[1]))) || (is_own && strstr(*words, "sar=")))
                return TRUE;
        }
    return FALSE;
}

/* Width to height as it is shown, before it is turned. */
static double aspect_of(const FfarmStream *video)
{
    double pixel = video->sar_num > 0 && video->sar_den > 0 ? (double)video->sar_num / video->sar_den : 1;
    return pixel * video->width / video->height;
}

static gboolean can_tell_aspect(const Comparison *it, const FfarmStream *video)
{
    static const char *const codecs[] = {"h264", "hevc", "mpeg4", NULL};
    static const char *const muxers[] = {"matroska", "webm", "mp4", "mov", NULL};
    return (video->codec && g_strv_contains(codecs, video->codec)) ||
           (it->promise->muxer && g_strv_contains(muxers, it->promise->muxer));
}

/* Encoders fill a picture up to whole blocks, or make it even; not those that a recipe knows. */
static gboolean is_near_size(const FfarmProfile *profile, int before, int after)
{
    return profile->codec ? after == before : after >= before - 1 && after <= before + BLOCK;
}

/* ffmpeg turns what is marked as turned; nothing else changes a picture without being told to. */
static gboolean judge_shape(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmStream *before = pair->planned, *after = pair->got;
    const FfarmProfile *profile = it->promise->profile;
    if (!profile || verify_is_copied(pair) || may_reshape(profile) || before->width <= 0 || before->height <= 0 ||
        after->width <= 0 || after->height <= 0)
        return TRUE;
    gboolean swaps = before->rotation != after->rotation && before->rotation % 180 == 90;
    int width = swaps ? before->height : before->width, height = swaps ? before->width : before->height;
    if (profile->laid.crops) {
        width &= ~1;
        height &= ~1;
    }
    if (!is_near_size(profile, width, after->width) || !is_near_size(profile, height, after->height))
        return verify_stream_mismatch(it, pair, error, "is %dx%d, the source's is %dx%d, and the profile does not %s",
                                      after->width, after->height, before->width, before->height,
                                      profile->laid.crops ? "more than make that even" : "scale");
    double was = swaps ? 1 / aspect_of(before) : aspect_of(before), is = aspect_of(after);
    gboolean is_filled_up = after->width != width || after->height != height;
    if (is_filled_up || !can_tell_aspect(it, after) || is_near(is / was, 1, ASPECT_TOLERANCE))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "is shown as %.2f:1, the source's as %.2f:1", is, was);
}

/* Options that an engine has of its own may leave out the format, but not the depth that was promised. */
static gboolean judge_depth(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmProfile *profile = it->promise->profile;
    int depth = ffarm_pix_fmt_depth(pair->got->pix_fmt);
    guint64 wanted = 0;
    if (!profile->codec || !profile->bit_depth || depth == 0 ||
        !g_ascii_string_to_unsigned(profile->bit_depth, 10, 8, 10, &wanted, NULL) || depth == (int)wanted)
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "has %d bits, the profile asks for %d", depth, (int)wanted);
}

static gboolean judge_pix_fmt(const Comparison *it, const Pair *pair, GError **error)
{
    const FfarmProfile *profile = it->promise->profile;
    if (!profile || verify_is_copied(pair))
        return TRUE;
    const char *asked = verify_asked_pix_fmt(profile);
    if (!asked)
        return judge_depth(it, pair, error);
    if (ffarm_pix_fmt_is_like(pair->got->pix_fmt, asked))
        return TRUE;
    return verify_stream_mismatch(it, pair, error, "has pixel format %s, the profile asks for %s", pair->got->pix_fmt,
                                  asked);
}

gboolean verify_picture(const Comparison *it, const Pair *pair, GError **error)
{
    return judge_pix_fmt(it, pair, error) && judge_hdr(it, pair, error) && judge_colours(it, pair, error) &&
           judge_tone_map(it, pair, error) && judge_fields(it, pair, error) && judge_rotation(it, pair, error) &&
           judge_shape(it, pair, error);
}
