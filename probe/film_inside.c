/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prober.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 1024
#define LOOK_TIMEOUT_MS 5000

/* What is never taken for a film, whatever is inside: other uses of the containers, and films that are not whole yet or
 * were put aside. */
static const char *const other_extensions[] = {
    "!qb",  "!ut",  "aria2", "avif", "bak",     "crdownload", "download", "f4a",  "filepart", "heic",
    "heif", "m4a",  "m4b",   "m4p",  "m4r",     "mka",        "mks",      "oga",  "ogg",      "old",
    "opus", "orig", "part",  "spx",  "partial", "temp",       "tmp",      "weba", "wma",      NULL,
};

static gboolean is_other_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    for (const char *const *extension = other_extensions; dot && *extension; extension++)
        if (g_ascii_strcasecmp(dot + 1, *extension) == 0)
            return TRUE;
    return g_str_has_suffix(path, "~");
}

/* Packets of 188 bytes, or of 192 that begin with a time. */
static gboolean is_transport_stream(const guint8 *head, gsize length)
{
    for (gsize size = 188; size <= 192; size += 4) {
        gsize at = size - 188, found = 0;
        for (; at < length && head[at] == 0x47; at += size)
            found++;
        if (found >= 5 && at >= length)
            return TRUE;
    }
    return FALSE;
}

/* TRUE if @head begins like a container that films come in. */
static gboolean begins_like_a_film(const guint8 *head, gsize length)
{
    static const struct {
        gsize at, length;
        const char *bytes;
    } marks[] = {
        {0, 4, "\x1a\x45\xdf\xa3"},
        {4, 4, "ftyp"},
        {4, 4, "moov"},
        {4, 4, "mdat"},
        {4, 4, "wide"},
        {8, 4, "AVI "},
        {0, 4, "\x30\x26\xb2\x75"},
        {0, 4, "FLV\x01"},
        {0, 4, "\x00\x00\x01\xba"},
        {0, 4, "OggS"},
        {0, 4, ".RMF"},
        {0, 4, "\x06\x0e\x2b\x34"},
        {0, 4, "nut/"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        if (length >= marks[i].at + marks[i].length && memcmp(head + marks[i].at, marks[i].bytes, marks[i].length) == 0)
            return TRUE;
    return is_transport_stream(head, length);
}

static gboolean file_begins_like_a_film(const char *path)
{
    guint8 head[HEAD_BYTES];
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return FALSE;
    ssize_t length = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? read(fd, head, sizeof head) : -1;
    close(fd);
    return length > 0 && begins_like_a_film(head, (gsize)length);
}

gboolean ffarm_probe_may_be_video(const char *path, GCancellable *cancellable)
{
    if (ffarm_probe_name_may_be_video(path))
        return TRUE;
    if (is_other_name(path) || !file_begins_like_a_film(path))
        return FALSE;
    g_autoptr(FfarmMedia) media = ffarm_probe_file(path, LOOK_TIMEOUT_MS, cancellable, NULL);
    return media && ffarm_media_peek_video(media);
}
