/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ffmpeg_log.h"

#include <string.h>

#define MAX_TAIL (64 * 1024)
#define MAX_COMPLAINTS (16 * 1024)
#define MAX_LINE 8192 /* names a path of any length, and what is wrong with it behind that */
#define MAX_MESSAGE 200

struct FfarmFfmpegLog {
    char *output;
    char **quotes; /* nullable */
    GString *tail;
    GString *complaints;
    GString *line; /* the one not ended yet, at most MAX_LINE bytes of it */
    char *troubles[FFARM_N_TROUBLES];
    char *last_error, *last_line;
};

/* The one that matters though ffmpeg counts it as information. A film's title is printed behind blanks. */
static const char stopped_line[] = "[info] Exiting normally, received signal";

FfarmFfmpegLog *ffarm_ffmpeg_log_new(const char *output)
{
    FfarmFfmpegLog *log = g_new0(FfarmFfmpegLog, 1);
    log->output = g_strdup(output);
    log->tail = g_string_new(NULL);
    log->complaints = g_string_new(NULL);
    log->line = g_string_new(NULL);
    return log;
}

void ffarm_ffmpeg_log_free(FfarmFfmpegLog *log)
{
    if (!log)
        return;
    g_string_free(log->tail, TRUE);
    g_string_free(log->complaints, TRUE);
    g_string_free(log->line, TRUE);
    for (int i = 0; i < FFARM_N_TROUBLES; i++)
        g_free(log->troubles[i]);
    g_free(log->output);
    g_strfreev(log->quotes);
    g_free(log->last_error);
    g_free(log->last_line);
    g_free(log);
}

void ffarm_ffmpeg_log_distrust(FfarmFfmpegLog *log, char **quotes)
{
    g_strfreev(log->quotes);
    log->quotes = quotes;
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
    FfarmTrouble trouble;
    if (ffarm_trouble_find(line, log->output, &trouble) && !log->troubles[trouble])
        log->troubles[trouble] = presentable(line);
}

static void keep_complaint(FfarmFfmpegLog *log, const char *line)
{
    for (char **quote = log->quotes; quote && *quote; quote++)
        if (strstr(line, *quote))
            return;
    g_string_append_printf(log->complaints, "%s\n", line);
    if (log->complaints->len > 2 * MAX_COMPLAINTS)
        g_string_erase(log->complaints, 0, (gssize)(log->complaints->len - MAX_COMPLAINTS));
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
    gboolean is_complaint = is_bad || has_level(line, doubtful);
    if (is_complaint || g_str_has_prefix(line, stopped_line))
        note_trouble(log, line);
    if (is_complaint)
        keep_complaint(log, line);
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

const char *ffarm_ffmpeg_log_peek_complaints(const FfarmFfmpegLog *log)
{
    return log->complaints->str;
}

const char *ffarm_ffmpeg_log_peek_tail(FfarmFfmpegLog *log, gsize *length)
{
    if (log->tail->len > MAX_TAIL)
        g_string_erase(log->tail, 0, (gssize)(log->tail->len - MAX_TAIL));
    if (length)
        *length = log->tail->len;
    return log->tail->str;
}
