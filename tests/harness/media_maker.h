/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* media_maker.h — small real media files for tests, made by the ffmpeg program on PATH.
 *
 * Every function aborts the test with ffmpeg's own words if the file can't be made.
 * Threads: safe. */

/* Runs ffmpeg with @args (NULL-terminated, everything between "-y" and the output) to make FOLDER/NAME. The name may
 * hold any byte: it is never taken for an option or a protocol. Muxer options go last in @args.
 * Returns: the path; free with g_free(). */
char *media_make(const char *folder, const char *name, const char *const *args);

/* Makes FOLDER/NAME: @seconds of 64x64 h264 at 25 fps and of mono aac (mpeg4 and mp3 in .avi), bit for bit the same each
 * time. The container follows NAME's extension; matroska if ffmpeg knows none by it. Each length and container is encoded
 * once per process and copied from then on, so thousands of clips are cheap.
 * Returns: the path; free with g_free(). */
char *media_make_clip(const char *folder, const char *name, guint seconds);

/* Makes the corpus of fixtures/media/make.sh in the build folder, or finds it there: good/, traps/, bad/KIND/.
 * Returns: the corpus's folder; free with g_free(). */
char *media_corpus(void);

/* Cuts the file at @path after @percent of its bytes. */
void media_cut(const char *path, guint percent);

G_END_DECLS
