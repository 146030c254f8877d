/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

char *scratch_new(void)
{
    g_autoptr(GError) error = NULL;
    char *path = g_dir_make_tmp("ffarm-test-XXXXXX", &error);
    g_assert_no_error(error);
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void) info;
    (void) kind;
    (void) walk;
    return remove(path);
}

void scratch_free(char *path)
{
    if (path)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    g_free(path);
}

char *scratch_write(const char *folder, const char *name, const char *text, gssize length)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_file_set_contents(path, text, length, &error);
    g_assert_no_error(error);
    return path;
}
