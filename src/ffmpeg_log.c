/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ffmpeg_log.h"

#include <string.h>

#define MAX_TAIL (64 * 1024)
#define MAX_LINE 1024
#define MAX_MESSAGE 200

struct FfarmFfmpegLog {
    GString *tail;
    GString *line; /* the one not ended yet, at most MAX_LINE bytes of it */
    char *troubles[FFARM_N_TROUBLES];
    char *last_error, *last_line;
};

/* Ordered: the first phrase that a line holds decides. Tried with ffmpeg 4 to 6 where a version is not named. */
static const struct {
    const char *phrase;
    FfarmTrouble trouble;
} phrases[] = {
    {"No space left on device", FFARM_TROUBLE_SPACE},
    {"Disk quota exceeded", FFARM_TROUBLE_SPACE},
    {"File too large", FFARM_TROUBLE_SPACE},
    {"Cannot allocate memory", FFARM_TROUBLE_MEMORY},
    {"out of memory", FFARM_TROUBLE_MEMORY},
    {"received signal", FFARM_TROUBLE_STOPPED},
    {"Unknown encoder", FFARM_TROUBLE_ENCODER},
    {"Unrecognized hwaccel", FFARM_TROUBLE_ENCODER},
    {"Device creation failed", FFARM_TROUBLE_ENCODER},
    {"for option 'init_hw_device'", FFARM_TROUBLE_ENCODER},
    {"for option 'vaapi_device'", FFARM_TROUBLE_ENCODER},
    {"for option 'qsv_device'", FFARM_TROUBLE_ENCODER},
    {"No VA display found", FFARM_TROUBLE_ENCODER},
    {"Cannot load lib", FFARM_TROUBLE_ENCODER},
    {"Cannot load nvcuda", FFARM_TROUBLE_ENCODER},
    {"No capable devices found", FFARM_TROUBLE_ENCODER},
    {"No NVENC capable devices", FFARM_TROUBLE_ENCODER},
    {"OpenEncodeSessionEx failed", FFARM_TROUBLE_ENCODER},
    {"cuInit(0) failed", FFARM_TROUBLE_ENCODER},
    {"Error initializing an internal MFX session", FFARM_TROUBLE_ENCODER},
    {"Error creating a MFX session", FFARM_TROUBLE_ENCODER},
    {"av_interleaved_write_frame()", FFARM_TROUBLE_OUTPUT},
    {"Error writing trailer", FFARM_TROUBLE_OUTPUT},
    {"Error muxing", FFARM_TROUBLE_OUTPUT},
    {"Error closing file", FFARM_TROUBLE_OUTPUT},
    {"Error opening output file", FFARM_TROUBLE_OUTPUT},
    {"Read-only file system", FFARM_TROUBLE_OUTPUT},
    {"No such file or directory", FFARM_TROUBLE_READING},
    {"Permission denied", FFARM_TROUBLE_READING},
    {"Input/output error", FFARM_TROUBLE_READING},
    {"I/O error", FFARM_TROUBLE_READING},
    {"Stale file handle", FFARM_TROUBLE_READING},
    {"Read error", FFARM_TROUBLE_READING},
    {"File ended prematurely", FFARM_TROUBLE_DAMAGED},
    {"partial file", FFARM_TROUBLE_DAMAGED},
    {"moov atom not found", FFARM_TROUBLE_DAMAGED},
    {"Error demuxing", FFARM_TROUBLE_DAMAGED},
    {"Error during demuxing", FFARM_TROUBLE_DAMAGED},
    {"corrupt input packet", FFARM_TROUBLE_DAMAGED},
    {"Packet corrupt", FFARM_TROUBLE_DAMAGED},
    {"corrupt decoded frame", FFARM_TROUBLE_DAMAGED},
    {"Error while decoding stream", FFARM_TROUBLE_DAMAGED},
    {"Error submitting packet to decoder", FFARM_TROUBLE_DAMAGED},
    {"Decoding error", FFARM_TROUBLE_DAMAGED},
    {"Invalid data found when processing input", FFARM_TROUBLE_DAMAGED},
};

/* The one that matters though ffmpeg counts it as information. A film's title is printed behind blanks. */
static const char stopped_line[] = "[info] Exiting normally, received signal";

FfarmFfmpegLog *ffarm_ffmpeg_log_new(void)
{
    FfarmFfmpegLog *log = g_new0(FfarmFfmpegLog, 1);
    log->tail = g_string_new(NULL);
    log->line = g_string_new(NULL);
    return log;
}

void ffarm_ffmpeg_log_free(FfarmFfmpegLog *log)
{
    if (!log)
        return;
    g_string_free(log->tail, TRUE);
    g_string_free(log->line, TRUE);
    for (int i = 0; i < FFARM_N_TROUBLES; i++)
        g_free(log->troubles[i]);
    g_free(log->last_error);
    g_free(log->last_line);
    g_free(log);
}

/* What a person may see of a line that another machine made. */
static char *presentable(const char *line)
{
    g_autofree char *cut = g_strndup(line, MAX_MESSAGE);
    char *text = g_utf8_make_valid(cut, -1);
    for (char *c = text; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_strstrip(text);
}

/* The level that ffmpeg itself put before the words, behind the names of whoever speaks: "[h264 @ 0x55] [error] words".
 * What follows is the words, which may quote the film. Returns: "error", not ended by NUL; NULL if there is none. */
static const char *find_level(const char *line, size_t *length)
{
    while (*line == '[') {
        size_t inside = strcspn(line + 1, "]");
        const char *end = line + 1 + inside, *address = strstr(line, " @ 0x");
        if (*end != ']')
            return NULL;
        if (!address || address > end) {
            *length = inside;
            return line + 1;
        }
        line = end + 1 + strspn(end + 1, " ");
    }
    return NULL;
}

static gboolean has_level(const char *line, const char *const *levels)
{
    size_t length = 0;
    const char *level = find_level(line, &length);
    for (; level && *levels; levels++)
        if (strlen(*levels) == length && strncmp(level, *levels, length) == 0)
            return TRUE;
    return FALSE;
}

static void note_trouble(FfarmFfmpegLog *log, const char *line)
{
    for (gsize i = 0; i < G_N_ELEMENTS(phrases); i++) {
        if (!strstr(line, phrases[i].phrase))
            continue;
        if (!log->troubles[phrases[i].trouble])
            log->troubles[phrases[i].trouble] = presentable(line);
        return;
    }
}

static void replace_string(char **string, char *value)
{
    g_free(*string);
    *string = value;
}

static void end_line(FfarmFfmpegLog *log)
{
    const char *line = log->line->str;
    static const char *const bad[] = {"error", "fatal", "panic", NULL}, *const doubtful[] = {"warning", NULL};
    gboolean is_bad = has_level(line, bad);
    if (is_bad || has_level(line, doubtful) || g_str_has_prefix(line, stopped_line))
        note_trouble(log, line);
    if (is_bad)
        replace_string(&log->last_error, presentable(line));
    else if (log->line->len > 0 && !log->last_error)
        replace_string(&log->last_line, presentable(line));
    g_string_truncate(log->line, 0);
}

static void keep_tail(FfarmFfmpegLog *log, const char *data, gsize length)
{
    if (length > MAX_TAIL) {
        data += length - MAX_TAIL;
        length = MAX_TAIL;
    }
    g_string_append_len(log->tail, data, (gssize)length);
    /* Cut in big steps, so that a byte is moved at most once on average. */
    if (log->tail->len > 2 * MAX_TAIL)
        g_string_erase(log->tail, 0, (gssize)(log->tail->len - MAX_TAIL));
}

void ffarm_ffmpeg_log_feed(FfarmFfmpegLog *log, const char *data, gsize length)
{
    keep_tail(log, data, length);
    const char *end = data + length;
    while (data < end) {
        const char *newline = memchr(data, '\n', (gsize)(end - data));
        gsize piece = (gsize)((newline ? newline : end) - data);
        gsize room = MAX_LINE - log->line->len;
        /* A NUL would end the line for everybody who reads it as a string. */
        for (gsize i = 0; i < MIN(piece, room); i++)
            g_string_append_c(log->line, data[i] ? data[i] : ' ');
        if (!newline)
            return;
        end_line(log);
        data = newline + 1;
    }
}

void ffarm_ffmpeg_log_end(FfarmFfmpegLog *log)
{
    if (log->line->len > 0)
        end_line(log);
}

const char *ffarm_ffmpeg_log_peek_trouble(const FfarmFfmpegLog *log, FfarmTrouble trouble)
{
    return log->troubles[trouble];
}

const char *ffarm_ffmpeg_log_peek_last(const FfarmFfmpegLog *log)
{
    return log->last_error ? log->last_error : log->last_line;
}

const char *ffarm_ffmpeg_log_peek_tail(FfarmFfmpegLog *log, gsize *length)
{
    if (log->tail->len > MAX_TAIL)
        g_string_erase(log->tail, 0, (gssize)(log->tail->len - MAX_TAIL));
    if (length)
        *length = log->tail->len;
    return log->tail->str;
}
