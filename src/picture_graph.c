/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture_graph.h"

#include <string.h>
#include "engine.h"
#include "filter_graph.h"
#include "hdr_policy.h"

/* Frames that are not marked as interlaced stay as they are, and as many come out as went in. */
#define DEINTERLACE "bwdif=mode=send_frame:parity=auto:deint=interlaced"
#define EVEN "crop=trunc(iw/2)*2:trunc(ih/2)*2"
/* Newer encoders write what they find at the frames, whatever became of the picture. */
#define TONE_MAP                                                                                                       \
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"                           \
    "zscale=t=bt709:m=bt709:r=tv,sidedata=mode=delete:type=MASTERING_DISPLAY_METADATA,"                                \
    "sidedata=mode=delete:type=CONTENT_LIGHT_LEVEL,format="

static gboolean is_graph_option(const char *word)
{
    static const char *const options[] = {"-vf", "-filter:v", "-filter:v:0", "-filter:V", "-filter:V:0", NULL};
    return g_strv_contains(options, word);
}

/* The place of the last one, which is that which counts. */
static char **find_place(const FfarmProfile *profile)
{
    char **place = NULL;
    for (int section = FFARM_SECTION_OUTPUT; section < FFARM_N_SECTIONS; section++)
        for (char **words = profile->sections[section].words; words && words[0] && words[1]; words++)
            if (is_graph_option(words[0]))
                place = words + 1;
    return place;
}

const char *ffarm_picture_graph_find_own(const FfarmProfile *profile)
{
    char **place = find_place(profile);
    return place ? *place : NULL;
}

static gboolean is_of_device(const char *filter)
{
    static const char *const names[] = {"hwupload", "hwmap", NULL};
    static const char *const ends[] = {"_cuda",         "_npp", "_vaapi", "_qsv",    "_vt",
                                       "_videotoolbox", "_amf", "_d3d12", "_opencl", "_vulkan"};
    g_autofree char *name = ffarm_filter_graph_name(filter);
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_suffix(name, ends[i]))
            return TRUE;
    return g_strv_contains(names, name);
}

/* TRUE if @graph (nullable) takes frames to a device, or works on some that are there. */
static gboolean is_in_device(const char *graph)
{
    g_auto(GStrv) filters = graph ? ffarm_filter_graph_split(graph) : NULL;
    for (char **filter = filters; filter && *filter; filter++)
        if (is_of_device(*filter))
            return TRUE;
    return FALSE;
}

/* TRUE for those of devices, too: "yadif_cuda". */
static gboolean is_deinterlacer(const char *filter)
{
    static const char *const names[] = {"bwdif",     "yadif",       "w3fdif", "estdif",     "nnedi",
                                        "kerndeint", "deinterlace", "pullup", "fieldmatch", NULL};
    g_autofree char *name = ffarm_filter_graph_name(filter);
    if (strcmp(name, "vpp_qsv") == 0)
        return strstr(filter, "deinterlace=") != NULL;
    name[strcspn(name, "_")] = '\0';
    return g_strv_contains(names, name);
}

static gboolean deinterlaces(const char *graph)
{
    g_auto(GStrv) filters = graph ? ffarm_filter_graph_split(graph) : NULL;
    for (char **filter = filters; filter && *filter; filter++)
        if (is_deinterlacer(*filter))
            return TRUE;
    return FALSE;
}

static void add(GString *graph, const char *filters)
{
    if (filters && *filters)
        g_string_append_printf(graph, "%s%s", graph->len > 0 ? "," : "", filters);
}

static void add_needs(GString *graph, const FfarmLaid *laid, int depth)
{
    if (laid->deinterlaces)
        add(graph, DEINTERLACE);
    if (laid->tone_maps) {
        add(graph, TONE_MAP);
        g_string_append(graph, depth > 8 ? "yuv420p10le" : "yuv420p");
    }
}

/* Returns: new string, which may be empty. */
static char *make_graph(const FfarmWay *way, FfarmLaid *laid, const char *own, const char *pix_fmt)
{
    GString *graph = g_string_new(NULL);
    const FfarmTraits *traits = way->traits;
    const char *upload = ffarm_engine_find(way->engine)->upload;
    gboolean is_deepened = way->stays && traits && traits->depth == 8 && way->depth > 8;
    add_needs(graph, laid, way->depth);
    if (laid->crops && is_in_device(own))
        add(graph, EVEN);
    add(graph, own);
    if (is_in_device(own))
        return g_string_free(graph, FALSE);
    if (laid->crops)
        add(graph, EVEN);
    if (is_deepened && strcmp(way->engine, "cuda") == 0)
        add(graph, "scale_cuda=format=p010le");
    if (upload && pix_fmt && !way->stays) {
        g_autofree char *format = g_strconcat("format=", pix_fmt, NULL);
        add(graph, format);
        add(graph, upload);
    }
    return g_string_free(graph, FALSE);
}

gboolean ffarm_picture_graph_lay(FfarmProfile *profile, const FfarmWay *way, const char *pix_fmt)
{
    char **place = find_place(profile);
    const char *own = place ? *place : NULL;
    FfarmLaid *laid = &profile->laid;
    if (way->traits) {
        laid->crops = way->traits->is_odd;
        laid->deinterlaces = way->traits->is_interlaced && !deinterlaces(own);
        laid->tone_maps = ffarm_hdr_is_tone_mapped(profile, way->traits->video);
    }
    char *graph = make_graph(way, laid, own, pix_fmt);
    if (!*graph || g_strcmp0(graph, own) == 0) {
        g_free(graph);
        return FALSE;
    }
    laid->graph = graph;
    if (!place)
        return TRUE;
    laid->own = *place;
    *place = g_strdup(graph);
    return FALSE;
}

char *ffarm_picture_graph_of_source(const FfarmProfile *profile)
{
    GString *graph = g_string_new(NULL);
    if (profile)
        add_needs(graph, &profile->laid, 8);
    return g_string_free(graph, graph->len == 0);
}

void ffarm_picture_graph_tell(const FfarmProfile *profile, const FfarmStream *video, GPtrArray *notes)
{
    const FfarmLaid *laid = &profile->laid;
    if (laid->deinterlaces)
        g_ptr_array_add(notes, g_strdup("the picture is deinterlaced"));
    if (laid->crops)
        g_ptr_array_add(
            notes, g_strdup_printf("the picture is cropped from %dx%d to even sides", video->width, video->height));
    if (laid->tone_maps)
        g_ptr_array_add(notes, g_strdup("HDR is mapped to SDR"));
}
