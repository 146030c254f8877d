/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mutated.c — thousands of damaged films through `ffarm probe --json`: a line for each, and the program lives.
 *
 * Usage: mutated FFARM COUNT [SEED]. The films are those of fixtures/media, damaged in one to four ways each. Prints
 * what became of them; exit status 1 if a line is missing, ffarm died, or it took longer than a minute and a second a
 * film. */
#include "media_maker.h"
#include "scratch.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BATCH 500
#define MOST_BYTES (256 * 1024)
#define MOST_CHUNK 4096

typedef struct {
    guint films, lines, valid, crashed, too_large, timed_out, deaths;
    glong largest_kib; /* of any process */
} Tally;

static void flip_bits(GRand *random, GByteArray *film)
{
    for (int i = g_rand_int_range(random, 1, 64); i > 0; i--)
        film->data[g_rand_int_range(random, 0, (gint32)film->len)] ^= (guint8)(1u << g_rand_int_range(random, 0, 8));
}

/* Where headers are. */
static void spoil_beginning(GRand *random, GByteArray *film)
{
    for (int i = g_rand_int_range(random, 1, 16); i > 0; i--)
        film->data[g_rand_int_range(random, 0, (gint32)MIN(film->len, 1024))] = (guint8)g_rand_int(random);
}

static void cut_off(GRand *random, GByteArray *film)
{
    g_byte_array_set_size(film, (guint)g_rand_int_range(random, 1, (gint32)film->len + 1));
}

static void swap_chunks(GRand *random, GByteArray *film)
{
    guint8 chunk[MOST_CHUNK];
    guint length = (guint)g_rand_int_range(random, 1, (gint32)MIN(MOST_CHUNK, film->len) + 1);
    guint8 *one = film->data + g_rand_int_range(random, 0, (gint32)(film->len - length) + 1);
    guint8 *two = film->data + g_rand_int_range(random, 0, (gint32)(film->len - length) + 1);
    memcpy(chunk, one, length);
    memmove(one, two, length);
    memcpy(two, chunk, length);
}

static void repeat_chunk(GRand *random, GByteArray *film)
{
    guint length = (guint)g_rand_int_range(random, 1, (gint32)MIN(MOST_CHUNK, film->len) + 1);
    guint from = (guint)g_rand_int_range(random, 0, (gint32)(film->len - length) + 1);
    g_autofree guint8 *chunk = g_memdup2(film->data + from, length);
    g_byte_array_append(film, chunk, length);
}

/* Four or eight bytes that say "very many" to whoever takes them for a size, a count or an offset. */
static void inflate_size(GRand *random, GByteArray *film)
{
    static const guint8 sizes[][8] = {
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
        {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x3f, 0xff, 0xff, 0xf0, 0x00, 0x00, 0x00, 0x01},
        {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    guint wanted = g_rand_boolean(random) ? 4 : 8;
    guint length = MIN(wanted, film->len);
    guint reach = g_rand_boolean(random) ? MIN(film->len, 2048) : film->len;
    guint at = (guint)g_rand_int_range(random, 0, (gint32)(reach - length) + 1);
    memcpy(film->data + at, sizes[g_rand_int_range(random, 0, G_N_ELEMENTS(sizes))], length);
}

static void (*const damages[])(GRand *, GByteArray *) = {
    flip_bits, spoil_beginning, cut_off, swap_chunks, repeat_chunk, inflate_size,
};

static void add_films(GPtrArray *films, const char *folder)
{
    const char *name;
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    while (entries && (name = g_dir_read_name(entries)))
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    for (guint i = 0; i < names->len; i++) {
        const char *path = g_ptr_array_index(names, i);
        gsize size = 0;
        char *bytes = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            add_films(films, path);
        else if (g_file_get_contents(path, &bytes, &size, NULL) && size > 0 && size <= MOST_BYTES)
            g_ptr_array_add(films, g_byte_array_new_take((guint8 *)bytes, size));
        else
            g_free(bytes);
    }
}

/* Writes one damaged film. Returns: its path. */
static char *make_film(GRand *random, const GPtrArray *films, const char *folder, guint number)
{
    const GByteArray *whole = g_ptr_array_index(films, number % films->len);
    g_autoptr(GByteArray) film = g_byte_array_new();
    g_byte_array_append(film, whole->data, whole->len);
    for (int i = g_rand_int_range(random, 1, 5); i > 0; i--)
        damages[g_rand_int_range(random, 0, G_N_ELEMENTS(damages))](random, film);
    g_autofree char *name = g_strdup_printf("%u.film", number);
    return scratch_write(folder, name, (const char *)film->data, film->len);
}

static guint count_words(const char *text, const char *words)
{
    guint count = 0;
    for (const char *found = text; (found = strstr(found, words)); found += strlen(words))
        count++;
    return count;
}

/* What has no member "file" is no line about a film. */
static void take_lines(Tally *tally, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] && *lines[i]; i++) {
        g_assert_true(g_str_has_prefix(lines[i], "{\"event\":\"media\",\"file\":") && g_str_has_suffix(lines[i], "}"));
        tally->lines++;
        tally->valid += strstr(lines[i], "\"valid\":true") != NULL;
    }
    tally->too_large += count_words(text, "asks for more memory");
    tally->crashed += count_words(text, "[\"crashed\"]") - count_words(text, "[\"asks for more memory");
    tally->timed_out += count_words(text, "\"timeout\"");
}

static void probe(Tally *tally, const char *ffarm, const GPtrArray *paths)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    GPid pid;
    int output;
    g_autoptr(GError) error = NULL;
    g_ptr_array_add(argv, (gpointer)ffarm);
    g_ptr_array_add(argv, (gpointer) "probe");
    g_ptr_array_add(argv, (gpointer) "--json");
    for (guint i = 0; i < paths->len; i++)
        g_ptr_array_add(argv, g_ptr_array_index(paths, i));
    g_ptr_array_add(argv, NULL);
    g_spawn_async_with_pipes(NULL, (char **)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                             &output, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GIOChannel) channel = g_io_channel_unix_new(output);
    g_autofree char *text = NULL;
    g_io_channel_set_encoding(channel, NULL, NULL);
    g_io_channel_set_close_on_unref(channel, TRUE);
    g_io_channel_read_to_end(channel, &text, NULL, &error);
    g_assert_no_error(error);
    int status = 0;
    struct rusage usage;
    g_assert_cmpint(wait4(pid, &status, 0, &usage), ==, pid);
    tally->deaths += !WIFEXITED(status) || WEXITSTATUS(status) > 1;
    tally->largest_kib = MAX(tally->largest_kib, usage.ru_maxrss);
    take_lines(tally, text ? text : "");
}

int main(int argc, char **argv)
{
    guint count = argc > 2 ? (guint)g_ascii_strtoull(argv[2], NULL, 10) : 0;
    GRand *random = g_rand_new_with_seed(argc > 3 ? (guint32)g_ascii_strtoull(argv[3], NULL, 10) : 1);
    g_assert_cmpuint(count, >, 0);
    g_autofree char *corpus = media_corpus();
    g_autoptr(GPtrArray) films = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    add_films(films, corpus);
    g_assert_cmpuint(films->len, >, 0);
    Tally tally = {0};
    gint64 start_us = g_get_monotonic_time();
    while (tally.films < count) {
        char *folder = scratch_new();
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        while (paths->len < BATCH && tally.films < count)
            g_ptr_array_add(paths, make_film(random, films, folder, tally.films++));
        probe(&tally, argv[1], paths);
        scratch_free(folder);
    }
    double seconds = (double)(g_get_monotonic_time() - start_us) / G_USEC_PER_SEC;
    g_rand_free(random);
    printf("films %u, lines %u (still valid %u), workers crashed %u, asked for too much memory %u, timeouts %u, deaths "
           "of ffarm %u, largest process %ld MB, %.1f s\n",
           tally.films, tally.lines, tally.valid, tally.crashed, tally.too_large, tally.timed_out, tally.deaths,
           tally.largest_kib / 1024, seconds);
    return tally.lines != tally.films || tally.deaths > 0 || seconds > 60 + tally.films;
}
