/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_probe.c — whatever bytes a file holds, the prober and the packet scan answer within their limits. */
#include "packets.h"
#include "prober.h"

#include <sys/mman.h>
#include <unistd.h>

#define TIMEOUT_MS 5000

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    int fd = memfd_create("film", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    g_autoptr(FfarmMedia) media = ffarm_probe_file(path, TIMEOUT_MS, NULL, NULL);
    g_assert_nonnull(media);
    g_assert_cmpint(media->size_bytes, ==, (gint64)size);
    g_assert_true(ffarm_media_peek_video(media) || !ffarm_media_is_valid(media));
    g_autoptr(FfarmPackets) packets = ffarm_packets_scan(path, TIMEOUT_MS, NULL, NULL);
    close(fd);
    return 0;
}
