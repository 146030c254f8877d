/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay.c — runs a fuzz target as a plain test: over files, and over damaged copies of them.
 *
 * Usage: replay [FOLDER...]; without arguments the corpus of fixtures/media. The damage is the same on every run. */
#include "media_maker.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define COPIES 6
#define MOST_BYTES (128 * 1024)

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Some bytes changed, mostly near the start where headers are; every third copy is cut off too. */
static void damage(GRand *random, guint8 *data, gsize *size)
{
    guint changes = (guint)g_rand_int_range(random, 1, 24);
    for (guint i = 0; i < changes; i++) {
        gsize reach = g_rand_boolean(random) ? MIN(*size, 512) : *size;
        data[g_rand_int_range(random, 0, (gint32)reach)] = (guint8)g_rand_int_range(random, 0, 256);
    }
    if (g_rand_int_range(random, 0, 3) == 0)
        *size = (gsize)g_rand_int_range(random, 1, (gint32)*size + 1);
}

static void replay_file(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &bytes, &size, NULL))
        return;
    LLVMFuzzerTestOneInput((const guint8 *)bytes, size);
    if (size == 0 || size > MOST_BYTES)
        return;
    GRand *random = g_rand_new_with_seed((guint32)size);
    for (guint i = 0; i < COPIES; i++) {
        gsize copy_size = size;
        g_autofree guint8 *copy = g_memdup2(bytes, size);
        damage(random, copy, &copy_size);
        LLVMFuzzerTestOneInput(copy, copy_size);
    }
    g_rand_free(random);
}

static guint replay_folder(const char *folder)
{
    guint count = 0;
    const char *name;
    GDir *entries = g_dir_open(folder, 0, NULL);
    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            count += replay_folder(path);
        } else {
            replay_file(path);
            count++;
        }
    }
    g_clear_pointer(&entries, g_dir_close);
    return count;
}

int main(int argc, char **argv)
{
    g_autofree char *corpus = argc > 1 ? NULL : media_corpus();
    guint count = corpus ? replay_folder(corpus) : 0;
    for (int i = 1; i < argc; i++)
        count += replay_folder(argv[i]);
    printf("%u files\n", count);
    return count == 0;
}
