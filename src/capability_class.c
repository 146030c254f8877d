/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_class.h"

#include <string.h>

#define LEAST_PSNR 30.0
#define MOST_WORDS 300
#define FIRST_SIGNAL 129
#define LAST_SIGNAL 159

static const struct {
    const char *name;
    const char *words;
    FfarmCapabilityVerdict verdict;
    gboolean is_of_engine;
} classes[] = {
    [FFARM_CAPABILITY_PROVED] = {"proved", "proved", FFARM_CAPABILITY_YES, FALSE},
    [FFARM_CAPABILITY_IN_USE] = {"in_use", "in use", FFARM_CAPABILITY_BUSY, TRUE},
    [FFARM_CAPABILITY_TOO_SLOW] = {"too_slow", "too slow", FFARM_CAPABILITY_BUSY, TRUE},
    [FFARM_CAPABILITY_LOST] = {"lost", "connection lost", FFARM_CAPABILITY_BUSY, TRUE},
    [FFARM_CAPABILITY_HOST_GONE] = {"host_gone", "host does not answer", FFARM_CAPABILITY_BUSY, TRUE},
    [FFARM_CAPABILITY_NOT_COMPARED] = {"not_compared", "not compared", FFARM_CAPABILITY_BUSY, TRUE},
    [FFARM_CAPABILITY_BROKEN] = {"broken", "driver fails", FFARM_CAPABILITY_SICK, TRUE},
    [FFARM_CAPABILITY_CRASHED] = {"crashed", "ffmpeg was killed", FFARM_CAPABILITY_SICK, FALSE},
    [FFARM_CAPABILITY_BUILD_LACKS] = {"build_lacks", "not in this ffmpeg", FFARM_CAPABILITY_NO, FALSE},
    [FFARM_CAPABILITY_DRIVER_MISSING] = {"driver_missing", "driver missing", FFARM_CAPABILITY_NO, TRUE},
    [FFARM_CAPABILITY_DRIVER_TOO_OLD] = {"driver_too_old", "driver too old", FFARM_CAPABILITY_NO, TRUE},
    [FFARM_CAPABILITY_NO_DEVICE] = {"no_device", "no device", FFARM_CAPABILITY_NO, TRUE},
    [FFARM_CAPABILITY_FORBIDDEN] = {"forbidden", "device may not be opened", FFARM_CAPABILITY_NO, TRUE},
    [FFARM_CAPABILITY_NO_ENCODER] = {"no_encoder", "no encoder in the device", FFARM_CAPABILITY_NO, TRUE},
    [FFARM_CAPABILITY_NO_RUNTIME] = {"no_runtime", "runtime missing", FFARM_CAPABILITY_NO, TRUE},
    [FFARM_CAPABILITY_CAP_MISSING] = {"cap_missing", "not on this device", FFARM_CAPABILITY_NO, FALSE},
    [FFARM_CAPABILITY_KNOB] = {"knob", "option not taken", FFARM_CAPABILITY_NO, FALSE},
    [FFARM_CAPABILITY_BAD_PROBE] = {"bad_probe", "trial not possible", FFARM_CAPABILITY_NO, FALSE},
    [FFARM_CAPABILITY_WRONG_PICTURE] = {"wrong_picture", "wrong picture", FFARM_CAPABILITY_NO, FALSE},
    [FFARM_CAPABILITY_UNKNOWN] = {"unknown", "failed", FFARM_CAPABILITY_NO, FALSE},
};
G_STATIC_ASSERT(G_N_ELEMENTS(classes) == FFARM_N_CAPABILITY_CLASSES);

/* The first that is found anywhere counts: what tells most comes before what it leads to. */
static const struct {
    const char *text;
    FfarmCapabilityClass class_;
} tellings[] = {
    {": out of memory (10)", FFARM_CAPABILITY_IN_USE},
    {"CUDA_ERROR_OUT_OF_MEMORY", FFARM_CAPABILITY_IN_USE},
    {"CUDA_ERROR_DEVICE_UNAVAILABLE", FFARM_CAPABILITY_IN_USE},
    {"cannot create compression session", FFARM_CAPABILITY_IN_USE},
    {"Unknown encoder '", FFARM_CAPABILITY_BUILD_LACKS},
    {"Cannot load ", FFARM_CAPABILITY_DRIVER_MISSING},
    {"amfrt64", FFARM_CAPABILITY_DRIVER_MISSING},
    {"CUDA_ERROR_NO_DEVICE", FFARM_CAPABILITY_NO_DEVICE},
    {"No CUDA capable devices found", FFARM_CAPABILITY_NO_DEVICE},
    {"CUDA_ERROR_UNKNOWN", FFARM_CAPABILITY_BROKEN},
    {"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", FFARM_CAPABILITY_BROKEN},
    {"CUDA_ERROR_SYSTEM_NOT_READY", FFARM_CAPABILITY_BROKEN},
    {"EncodePicture failed", FFARM_CAPABILITY_BROKEN},
    {"Driver does not support the required nvenc API version", FFARM_CAPABILITY_DRIVER_TOO_OLD},
    {"OpenEncodeSessionEx failed: unsupported device", FFARM_CAPABILITY_NO_ENCODER},
    {"Codec not supported", FFARM_CAPABILITY_CAP_MISSING},
    {"10 bit encode not supported", FFARM_CAPABILITY_CAP_MISSING},
    {"Max B-frames ", FFARM_CAPABILITY_CAP_MISSING},
    {"B frames as references are not supported", FFARM_CAPABILITY_CAP_MISSING},
    {"B frame reference mode is not supported", FFARM_CAPABILITY_CAP_MISSING},
    {"YUV444P not supported", FFARM_CAPABILITY_CAP_MISSING},
    {" exceeds ", FFARM_CAPABILITY_CAP_MISSING},
    {"Interlaced encoding is not supported", FFARM_CAPABILITY_CAP_MISSING},
    {"No usable encoding entrypoint found", FFARM_CAPABILITY_CAP_MISSING},
    {"No usable encoding profile found", FFARM_CAPABILITY_CAP_MISSING},
    {"mode is unsupported", FFARM_CAPABILITY_CAP_MISSING},
    {"Current profile is unsupported", FFARM_CAPABILITY_CAP_MISSING},
    {"Current pixel format is unsupported", FFARM_CAPABILITY_CAP_MISSING},
    {"Hardware is lacking required capabilities", FFARM_CAPABILITY_CAP_MISSING},
    {"_cuvid is not supported", FFARM_CAPABILITY_CAP_MISSING},
    {"RC mode (supported modes:", FFARM_CAPABILITY_KNOB},
    {"qscale not available for encoder", FFARM_CAPABILITY_KNOB},
    {"Error setting option ", FFARM_CAPABILITY_KNOB},
    {"Unrecognized option '", FFARM_CAPABILITY_KNOB},
    {"InitializeEncoder failed: invalid param", FFARM_CAPABILITY_BAD_PROBE},
    {"Impossible to convert between the formats", FFARM_CAPABILITY_BAD_PROBE},
    {"No VA display found for device", FFARM_CAPABILITY_NO_DEVICE},
    {"MFX session", FFARM_CAPABILITY_NO_RUNTIME},
    {"Device creation failed: -542398533", FFARM_CAPABILITY_DRIVER_MISSING},
};

FfarmCapabilityVerdict ffarm_capability_verdict(FfarmCapabilityClass class_)
{
    return classes[class_].verdict;
}

gboolean ffarm_capability_is_of_engine(FfarmCapabilityClass class_)
{
    return classes[class_].is_of_engine;
}

gboolean ffarm_capability_is_lasting(FfarmCapabilityClass class_)
{
    FfarmCapabilityVerdict verdict = ffarm_capability_verdict(class_);
    return (verdict == FFARM_CAPABILITY_YES || verdict == FFARM_CAPABILITY_NO) && class_ != FFARM_CAPABILITY_UNKNOWN;
}

gboolean ffarm_capability_class_find(const char *name, FfarmCapabilityClass *class_)
{
    for (guint i = 0; name && i < G_N_ELEMENTS(classes); i++) {
        if (strcmp(classes[i].name, name) != 0)
            continue;
        *class_ = (FfarmCapabilityClass)i;
        return TRUE;
    }
    return FALSE;
}

const char *ffarm_capability_verdict_name(FfarmCapabilityVerdict verdict)
{
    static const char *const names[] = {"yes", "busy", "sick", "no"};
    return names[verdict];
}

const char *ffarm_capability_class_name(FfarmCapabilityClass class_)
{
    return classes[class_].name;
}

const char *ffarm_capability_class_words(FfarmCapabilityClass class_)
{
    return classes[class_].words;
}

/* The line at @at, without "[hevc_nvenc @ 0x55...] " before it. Returns: new string of valid UTF-8. */
static char *cut_line(const char *said, const char *at)
{
    const char *begin = at;
    while (begin > said && begin[-1] != '\n' && begin[-1] != '\r')
        begin--;
    const char *end = begin + strcspn(begin, "\r\n");
    begin += strspn(begin, " ");
    const char *close;
    while (*begin == '[' && (close = memchr(begin, ']', (gsize)(end - begin))) && close[1] == ' ')
        begin = close + 1 + strspn(close + 1, " ");
    g_autofree char *line = g_strndup(begin, MIN((gsize)(end - begin), MOST_WORDS));
    return g_strstrip(g_utf8_make_valid(line, -1));
}

/* The first line that sounds like trouble, else the last one. Returns: new string; NULL if nothing was said. */
static char *find_words(const char *said)
{
    static const char *const sounds[] = {"error", "fail", "cannot", "can't", "unable", "invalid", "not "};
    g_auto(GStrv) lines = g_strsplit_set(said, "\r\n", -1);
    const char *last = NULL;
    for (guint i = 0; lines[i]; i++) {
        g_autofree char *lower = g_ascii_strdown(lines[i], -1);
        for (guint k = 0; k < G_N_ELEMENTS(sounds); k++)
            if (strstr(lower, sounds[k]))
                return cut_line(lines[i], lines[i]);
        if (*g_strchug(lower))
            last = lines[i];
    }
    return last ? cut_line(last, last) : NULL;
}

FfarmCapabilityClass ffarm_capability_class_of(const char *said, char **words)
{
    *words = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(tellings); i++) {
        const char *at = strstr(said, tellings[i].text);
        if (!at)
            continue;
        *words = cut_line(said, at);
        return tellings[i].class_;
    }
    return FFARM_CAPABILITY_UNKNOWN;
}

static FfarmCapabilityClass classify(int exit_status, const char *said, char **words)
{
    FfarmCapabilityClass class_ = ffarm_capability_class_of(said, words);
    if (*words)
        return class_;
    if (exit_status >= FIRST_SIGNAL && exit_status <= LAST_SIGNAL) {
        *words = g_strdup_printf("signal %d", exit_status - FIRST_SIGNAL + 1);
        return FFARM_CAPABILITY_CRASHED;
    }
    *words = find_words(said);
    if (!*words)
        *words = g_strdup_printf("status %d", exit_status);
    return FFARM_CAPABILITY_UNKNOWN;
}

static FfarmCapabilityClass judge_picture(int depth, const FfarmTrialPicture *picture, char **words)
{
    const char *pix_fmt = depth == 10 ? "yuv420p10le" : "yuv420p";
    if (picture->frames == 0) {
        *words = g_strdup("ffmpeg ended well, and no picture that can be read came");
        return FFARM_CAPABILITY_WRONG_PICTURE;
    }
    if (picture->frames != FFARM_TRIAL_FRAMES || picture->width != FFARM_TRIAL_WIDTH ||
        picture->height != FFARM_TRIAL_HEIGHT || g_strcmp0(picture->pix_fmt, pix_fmt) != 0) {
        *words =
            g_strdup_printf("%" G_GINT64_FORMAT " frames of %dx%d %s came, not %d of %dx%d %s", picture->frames,
                            picture->width, picture->height, picture->pix_fmt ? picture->pix_fmt : "in no known format",
                            FFARM_TRIAL_FRAMES, FFARM_TRIAL_WIDTH, FFARM_TRIAL_HEIGHT, pix_fmt);
        return FFARM_CAPABILITY_WRONG_PICTURE;
    }
    if (picture->psnr != picture->psnr) {
        *words = g_strdup("ffmpeg of this machine can't compare the picture");
        return FFARM_CAPABILITY_NOT_COMPARED;
    }
    if (picture->psnr >= LEAST_PSNR)
        return FFARM_CAPABILITY_PROVED;
    *words = g_strdup_printf("the picture is not the one that was sent, PSNR %.1f", picture->psnr);
    return FFARM_CAPABILITY_WRONG_PICTURE;
}

FfarmCapabilityClass ffarm_capability_judge(int exit_status, const char *said, int depth,
                                            const FfarmTrialPicture *picture, char **words)
{
    *words = NULL;
    return exit_status == 0 ? judge_picture(depth, picture, words) : classify(exit_status, said, words);
}

gboolean ffarm_capability_is_listed(const char *listing, const char *encoder)
{
    gsize length = strlen(encoder);
    for (const char *at = listing; (at = strstr(at, encoder)); at += length)
        if (at > listing && at[-1] == ' ' && (at[length] == ' ' || at[length] == '\r' || at[length] == '\n'))
            return TRUE;
    return FALSE;
}

gboolean ffarm_capability_parse_psnr(const char *said, double *psnr)
{
    const char *found = g_strrstr(said, "PSNR ");
    const char *end = found ? found + strcspn(found, "\r\n") : NULL;
    const char *least = found ? strstr(found, " min:") : NULL;
    if (!least || least > end)
        return FALSE;
    least += strlen(" min:");
    char *rest = NULL;
    *psnr = g_ascii_strtod(least, &rest);
    return rest != least;
}

char *ffarm_capability_parse_driver(const char *said)
{
    static const struct {
        const char *begin, *end;
    } marks[] = {{"VAAPI driver: ", "\r\n"}, {" - < ", ">\r\n"}};
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++) {
        const char *at = g_strrstr(said, marks[i].begin);
        if (!at)
            continue;
        at += strlen(marks[i].begin);
        g_autofree char *name = g_strndup(at, MIN(strcspn(at, marks[i].end), MOST_WORDS));
        char *valid = g_strstrip(g_utf8_make_valid(name, -1));
        if (g_str_has_suffix(valid, "."))
            valid[strlen(valid) - 1] = '\0';
        return valid;
    }
    return NULL;
}
