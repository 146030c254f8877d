/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <math.h>
#include <string.h>

#define MAX_LINE 512
/* Output that must be behind an encode before its size is taken for a sign. */
#define MIN_JUDGED_US (5 * G_USEC_PER_SEC)
/* Muxers hold back some seconds (Matroska 5): until much more is written, what is missing looks like a saving. */
#define HELD_BACK_US (15 * G_USEC_PER_SEC)

struct FfarmProgressReader {
    gint64 duration_us, source_bytes;
    char line[MAX_LINE];
    gsize length;          /* of the line so far */
    gboolean is_too_long;  /* the line is passed over up to its end */
    FfarmProgress block;   /* being read */
    FfarmProgress current; /* last complete block */
    gint64 first_us;       /* clock at the first complete block; 0: none yet */
    gint64 first_out_us;   /* out_time there */
};

FfarmProgressReader *ffarm_progress_reader_new(gint64 duration_us, gint64 source_bytes)
{
    FfarmProgressReader *reader = g_new0(FfarmProgressReader, 1);
    reader->duration_us = MAX(duration_us, 0);
    reader->source_bytes = MAX(source_bytes, 0);
    reader->block.eta_us = reader->current.eta_us = -1;
    reader->block.saving = reader->current.saving = NAN;
    return reader;
}

void ffarm_progress_reader_free(FfarmProgressReader *reader)
{
    g_free(reader);
}

/* A value that is no number ("N/A"), negative or absurd leaves @out as it was: what was known before is the better
 * guess. */
static void take_integer(const char *value, gint64 *out)
{
    gint64 number;
    if (g_ascii_string_to_signed(value, 10, 0, G_MAXINT64 / 2, &number, NULL))
        *out = number;
}

/* @suffix: what may stand behind the number, "x" or "". */
static void take_real(const char *value, const char *suffix, double *out)
{
    char *end = NULL;
    double number = g_ascii_strtod(value, &end);
    if (end != value && strcmp(end, suffix) == 0 && isfinite(number) && number >= 0)
        *out = number;
}

static void take_pair(FfarmProgress *block, const char *key, const char *value)
{
    if (strcmp(key, "frame") == 0)
        take_integer(value, &block->frame);
    else if (strcmp(key, "fps") == 0)
        take_real(value, "", &block->fps);
    else if (strcmp(key, "total_size") == 0)
        take_integer(value, &block->size_bytes);
    else if (strcmp(key, "out_time_us") == 0 || strcmp(key, "out_time_ms") == 0) /* both are microseconds */
        take_integer(value, &block->out_time_us);
    else if (strcmp(key, "speed") == 0)
        take_real(value, "x", &block->speed);
}

static gint64 estimate_eta(const FfarmProgressReader *reader, const FfarmProgress *block, gint64 now_us)
{
    if (block->is_end)
        return 0;
    if (reader->duration_us == 0 || block->out_time_us == 0)
        return -1;
    double left_us = (double)MAX(reader->duration_us - block->out_time_us, 0);
    double speed = block->speed;
    gint64 elapsed_us = now_us - reader->first_us, gained_us = block->out_time_us - reader->first_out_us;
    if (speed <= 0 && elapsed_us > 0 && gained_us > 0)
        speed = (double)gained_us / (double)elapsed_us;
    double eta_us = speed > 0 ? left_us / speed : -1;
    return eta_us < (double)G_MAXINT64 / 2 ? (gint64)eta_us : -1;
}

static double estimate_saving(const FfarmProgressReader *reader, const FfarmProgress *block)
{
    if (block->size_bytes == 0 || reader->source_bytes == 0 || block->fraction <= 0)
        return NAN;
    double expected_bytes = (double)block->size_bytes / block->fraction;
    double saving = 100 * (1 - expected_bytes / (double)reader->source_bytes);
    return saving > 0 && !block->is_end && block->out_time_us < HELD_BACK_US ? NAN : saving;
}

static void finish_block(FfarmProgressReader *reader, gboolean is_end, gint64 now_us)
{
    FfarmProgress *block = &reader->block;
    block->is_end = is_end;
    if (reader->first_us == 0) {
        reader->first_us = now_us;
        reader->first_out_us = block->out_time_us;
    }
    if (is_end)
        block->fraction = 1;
    else if (reader->duration_us > 0)
        block->fraction = MIN((double)block->out_time_us / (double)reader->duration_us, 1);
    block->eta_us = estimate_eta(reader, block, now_us);
    block->saving = estimate_saving(reader, block);
    reader->current = *block;
}

/* Returns: TRUE if the line ends a block. */
static gboolean take_line(FfarmProgressReader *reader, gint64 now_us)
{
    if (memchr(reader->line, '\0', reader->length))
        return FALSE;
    reader->line[reader->length] = '\0';
    char *value = strchr(reader->line, '=');
    if (!value)
        return FALSE;
    *value++ = '\0';
    const char *key = g_strstrip(reader->line);
    g_strstrip(value);
    if (strcmp(key, "progress") != 0) {
        take_pair(&reader->block, key, value);
        return FALSE;
    }
    finish_block(reader, strcmp(value, "end") == 0, now_us);
    return TRUE;
}

gboolean ffarm_progress_reader_feed(FfarmProgressReader *reader, const char *data, gsize length, gint64 now_us)
{
    gboolean has_news = FALSE;
    for (gsize i = 0; i < length; i++) {
        if (data[i] == '\n') {
            has_news |= !reader->is_too_long && take_line(reader, now_us);
            reader->length = 0;
            reader->is_too_long = FALSE;
        } else if (reader->length + 1 < MAX_LINE) {
            reader->line[reader->length++] = data[i];
        } else {
            reader->is_too_long = TRUE;
        }
    }
    return has_news;
}

FfarmProgress ffarm_progress_reader_get(const FfarmProgressReader *reader)
{
    return reader->current;
}

gboolean ffarm_progress_is_hopeless(const FfarmProgress *progress, double threshold, double threshold_check)
{
    if (threshold <= 0 || isnan(progress->saving) || progress->fraction * 100 < threshold_check)
        return FALSE;
    if (threshold_check < 100 && !progress->is_end && progress->out_time_us < MIN_JUDGED_US)
        return FALSE;
    return progress->saving < threshold;
}
