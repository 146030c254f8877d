/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* scratch.h — a temporary folder that is gone after the test. Threads: one. */

/* Returns: path of a new empty folder; give it to scratch_free(). Aborts if it can't be made. */
char *scratch_new(void);
/* Removes the folder with everything in it and frees the path. Symbolic links are not followed. NULL is legal. */
void scratch_free(char *path);

/* Writes @text (of @length bytes; -1: to its NUL) to FOLDER/NAME, making folders in between.
 * Returns: the path; free with g_free(). Aborts on failure. */
char *scratch_write(const char *folder, const char *name, const char *text, gssize length);

G_END_DECLS
