/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "misleading.h"

#include "capability_class.h"

/* A name may hold line breaks, and ffmpeg ends its own lines with them. */
static void add_text(GPtrArray *found, const char *text, const char *separators)
{
    if (!text)
        return;
    g_auto(GStrv) pieces = g_strsplit_set(text, separators, -1);
    for (char **piece = pieces; *piece; piece++) {
        g_autofree char *words = NULL;
        if (ffarm_capability_class_of(*piece, &words) != FFARM_CAPABILITY_UNKNOWN)
            g_ptr_array_add(found, g_strdup(*piece));
    }
}

char **ffarm_misleading_list(const FfarmMedia *media)
{
    GPtrArray *found = g_ptr_array_new();
    /* A host may know the folders above by other names. */
    add_text(found, media->path, "/\r\n");
    add_text(found, media->title, "\r\n");
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(media->streams, i);
        add_text(found, stream->title, "\r\n");
        add_text(found, stream->filename, "\r\n");
    }
    for (guint i = 0; i < media->chapters->len; i++)
        add_text(found, ((const FfarmChapter *)g_ptr_array_index(media->chapters, i))->title, "\r\n");
    gboolean is_empty = found->len == 0;
    if (!is_empty)
        g_ptr_array_add(found, NULL);
    return (char **)g_ptr_array_free(found, is_empty);
}
