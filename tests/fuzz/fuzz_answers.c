/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_answers.c — any text as what a host answers when it is asked for its system, its free space, a file's hash, and
 * as what ffmpeg logs there: taken or refused, and what is kept of it is fit to be shown. */
#include "ffmpeg_log.h"
#include "host_hash.h"
#include "host_space.h"
#include "system.h"

#include <string.h>

#define SHA256_DIGITS 64

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void try_system(const char *text)
{
    System system = {.text = NULL};
    if (system_take_uname(&system, text) || system_take_echo(&system, text)) {
        g_assert_nonnull(system.text);
        g_assert_cmpuint(strlen(system.text), <=, 100);
        for (const char *c = system.text; *c; c++)
            g_assert_true(g_ascii_isprint(*c));
    }
    system_clear(&system);
}

static void try_hash(const char *text)
{
    for (HostHashTool tool = 0; tool < HOST_HASH_N_TOOLS; tool++) {
        g_autofree char *hash = host_hash_parse(tool, text);
        g_assert_true(!hash || (strlen(hash) == SHA256_DIGITS && strspn(hash, "0123456789abcdef") == SHA256_DIGITS));
    }
}

static void check_shown(const char *line)
{
    g_assert_true(!line || g_utf8_validate(line, -1, NULL));
    for (const char *c = line; c && *c; c++)
        g_assert_false(g_ascii_iscntrl(*c));
}

static void try_log(const guint8 *data, gsize size)
{
    g_autoptr(FfarmFfmpegLog) log = ffarm_ffmpeg_log_new("/out.mkv");
    gsize step = size > 0 ? (gsize)data[0] + 1 : 1;
    for (gsize at = 0; at < size; at += step)
        ffarm_ffmpeg_log_feed(log, (const char *)data + at, MIN(step, size - at));
    ffarm_ffmpeg_log_end(log);
    check_shown(ffarm_ffmpeg_log_peek_last(log));
    for (int i = 0; i < FFARM_N_TROUBLES; i++)
        check_shown(ffarm_ffmpeg_log_peek_trouble(log, (FfarmTrouble)i));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    try_system(text);
    try_hash(text);
    g_assert_cmpint(host_space_parse_df(text), >=, -1);
    g_assert_cmpint(host_space_parse_number(text), >=, -1);
    try_log(data, size);
    return 0;
}
