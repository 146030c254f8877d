/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media_maker.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A film that was made just now would be taken for one that somebody is still writing. */
static void make_old(const char *path)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - 3600}};
    g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

char *media_make(const char *folder, const char *name, const char *const *args)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    for (const char *const *fixed =
             (const char *const[]){"ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y", NULL};
         *fixed; fixed++)
        g_ptr_array_add(argv, (gpointer)*fixed);
    for (; *args; args++)
        g_ptr_array_add(argv, (gpointer)*args);
    g_autofree char *output = g_strconcat("file:", path, NULL);
    g_ptr_array_add(argv, output);
    g_ptr_array_add(argv, NULL);

    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) ffmpeg =
        g_subprocess_newv((const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) words = NULL;
    g_subprocess_communicate(ffmpeg, NULL, NULL, NULL, &words, &error);
    g_assert_no_error(error);
    if (!g_subprocess_get_successful(ffmpeg))
        g_error("ffmpeg could not make %s: %.*s", path, (int)g_bytes_get_size(words),
                (const char *)g_bytes_get_data(words, NULL));
    make_old(path);
    return g_steal_pointer(&path);
}

/* The extensions whose clips ffmpeg muxes by name; anything else is matroska inside. */
static const char *clip_extension(const char *name)
{
    static const char *const known[] = {"mkv", "mp4", "m4v", "mov", "avi", "ts", "m2ts", "flv", "wmv"};
    const char *dot = strrchr(name, '.');
    for (guint i = 0; dot && i < G_N_ELEMENTS(known); i++)
        if (g_ascii_strcasecmp(dot + 1, known[i]) == 0)
            return known[i];
    return "mkv";
}

static GBytes *encode_clip(const char *extension, guint seconds)
{
    char *folder = scratch_new();
    g_autofree char *length = g_strdup_printf("%u", seconds);
    g_autofree char *name = g_strconcat("clip.", extension, NULL);
    gboolean old = strcmp(extension, "avi") == 0;
    const char *const args[] = {"-f",       "lavfi",     "-i",       "testsrc2=size=64x64:rate=25",
                                "-f",       "lavfi",     "-i",       "sine=sample_rate=48000",
                                "-t",       length,      "-c:v",     old ? "mpeg4" : "libx264",
                                "-preset",  "ultrafast", "-pix_fmt", "yuv420p",
                                "-threads", "1",         "-c:a",     old ? "libmp3lame" : "aac",
                                "-flags",   "+bitexact", "-fflags",  "+bitexact",
                                NULL};
    g_autofree char *path = media_make(folder, name, args);
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    gsize length_bytes = 0;
    g_file_get_contents(path, &bytes, &length_bytes, &error);
    g_assert_no_error(error);
    scratch_free(folder);
    return g_bytes_new_take(bytes, length_bytes);
}

char *media_make_clip(const char *folder, const char *name, guint seconds)
{
    static GMutex lock;
    static GHashTable *templates; /* "mkv:3" -> GBytes; protected by lock */
    const char *extension = clip_extension(name);
    char *key = g_strdup_printf("%s:%u", extension, seconds);

    g_mutex_lock(&lock);
    if (!templates)
        templates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    GBytes *clip = g_hash_table_lookup(templates, key);
    if (clip) {
        g_free(key);
    } else {
        clip = encode_clip(extension, seconds);
        g_hash_table_insert(templates, key, clip);
    }
    g_mutex_unlock(&lock);
    char *path = scratch_write(folder, name, g_bytes_get_data(clip, NULL), (gssize)g_bytes_get_size(clip));
    make_old(path);
    return path;
}

char *media_corpus(void)
{
    const char *source = g_getenv("FFARM_SOURCE_ROOT"), *build = g_getenv("FFARM_BUILD_ROOT");
    g_assert_nonnull(source);
    g_assert_nonnull(build);
    g_autofree char *script = g_build_filename(source, "fixtures", "media", "make.sh", NULL);
    g_autofree char *folder = g_build_filename(build, "media-corpus", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) maker = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, script, folder, NULL);
    g_assert_no_error(error);
    g_subprocess_wait_check(maker, NULL, &error);
    g_assert_no_error(error);
    return g_steal_pointer(&folder);
}

void media_cut(const char *path, guint percent)
{
    struct stat info;
    if (stat(path, &info) != 0 || truncate(path, info.st_size * percent / 100) != 0)
        g_error("%s can't be cut: %s", path, g_strerror(errno));
}
