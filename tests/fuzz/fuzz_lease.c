/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_lease.c — any bytes on both outputs of a command under a lease, in pieces whose size the first byte says: what
 * is handed on is no more than what came, and an end has a beginning. A byte below 0x80 in front of a line sends it to
 * stdout, else to stderr. */
#include "lease.h"

#define MOST_NOISE (64 * 1024)

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static gboolean count(const char *data, gsize length, gpointer user_data)
{
    *(gsize *)user_data += length;
    return TRUE;
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const char *argv[] = {"ffmpeg", "-version", NULL};
    gsize step = size > 0 ? (gsize)data[0] % 64 + 1 : 1, handed_on = 0;
    g_autoptr(FfarmLease) lease = ffarm_lease_new(FFARM_SHELL_POSIX, FFARM_LEASE_POSIX, argv, 15, "n0nce", NULL);
    g_assert_nonnull(lease);
    gboolean to_stdout = TRUE;
    for (gsize at = 0; at < size; at += step) {
        const char *piece = (const char *)data + at;
        gsize length = MIN(step, size - at);
        to_stdout = data[at] < 0x80 ? to_stdout : !to_stdout;
        (to_stdout ? ffarm_lease_take_stdout : ffarm_lease_take_stderr)(lease, piece, length, count, &handed_on);
        g_assert_cmpuint(handed_on, <=, at + length);
    }
    ffarm_lease_finish_stderr(lease, count, &handed_on);
    g_assert_cmpuint(handed_on, <=, size);
    g_assert_true(!ffarm_lease_has_ended(lease) || ffarm_lease_has_started(lease));
    g_assert_cmpuint(strlen(ffarm_lease_peek_noise(lease)), <=, MOST_NOISE);
    return 0;
}
