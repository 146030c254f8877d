/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"

G_BEGIN_DECLS

/* ebml.h — private: reads one element's head in a Matroska file. */

#define EBML_ID_HEADER 0x1A45DFA3u
#define EBML_ID_SEGMENT 0x18538067u
#define EBML_ID_TRACKS 0x1654AE6Bu
#define EBML_ID_TRACK_ENTRY 0xAEu
#define EBML_ID_CONTENT_ENCODINGS 0x6D80u
#define EBML_ID_CONTENT_ENCODING 0x6240u
#define EBML_ID_CONTENT_ENCRYPTION 0x5035u
#define EBML_ID_CLUSTER 0x1F43B675u
#define EBML_ID_SEEK_HEAD 0x114D9B74u
#define EBML_ID_SEEK 0x4DBBu
#define EBML_ID_SEEK_ID 0x53ABu
#define EBML_ID_SEEK_POSITION 0x53ACu
#define EBML_ID_ATTACHMENTS 0x1941A469u
#define EBML_ID_ATTACHED_FILE 0x61A7u
#define EBML_ID_FILE_DATA 0x465Cu

#define EBML_SIZE_UNKNOWN (-1)

typedef struct {
    guint32 id;
    gint64 content; /* offset in the file */
    gint64 size;    /* of the content; EBML_SIZE_UNKNOWN: until its parent ends */
} EbmlElement;

/* Returns: FALSE if there is no element at @offset. */
gboolean ebml_read(AvInput *input, gint64 offset, EbmlElement *element);

/* Finds the first child with @id between @offset and @end (G_MAXINT64: as far as known sizes lead), looking at no more
 * than a thousand of them. Returns: FALSE if there is none. */
gboolean ebml_find(AvInput *input, gint64 offset, gint64 end, guint32 id, EbmlElement *element);

G_END_DECLS
