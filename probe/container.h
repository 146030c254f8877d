/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "media.h"

G_BEGIN_DECLS

/* container.h — which streams a target container can hold, asked of libavformat's muxers before a job starts.
 *
 * Threads: safe; nothing is kept. Container names here are muxer names, "matroska", "mp4". */

/* The muxer that ffmpeg would choose for a file of this @extension (with or without the dot, any case).
 * Returns: static string, "matroska" for ".mkv"; NULL if no muxer goes by it. */
const char *ffarm_container_muxer(const char *extension);

/* TRUE if @muxer can hold a stream of @type coded as @codec. Where libavformat itself gives no answer, what was
 * tried with ffmpeg and is written down in container.c decides. An unknown codec (NULL) is held by nothing. */
gboolean ffarm_container_holds(const char *muxer, FfarmStreamType type, const char *codec);

/* TRUE if @muxer keeps attachments (fonts). */
gboolean ffarm_container_holds_attachments(const char *muxer);

/* TRUE if a picture of image codec @codec ("mjpeg", "png"; NULL is legal) that is mapped as a stream with disposition
 * attached_pic is cover art again in the result. FALSE for "matroska": there it would come out as a second film of one
 * frame, because ffmpeg's Matroska muxer makes cover art from -attach only. */
gboolean ffarm_container_holds_picture(const char *muxer, const char *codec);

/* The MIME type by which a picture of @codec (NULL is legal) becomes cover art in @muxer if it is attached as a file.
 * Returns: static string, "image/jpeg"; NULL if it would not be that. */
const char *ffarm_container_picture_type(const char *muxer, const char *codec);

/* TRUE if @muxer writes chapters. */
gboolean ffarm_container_holds_chapters(const char *muxer);

/* TRUE if streams in @muxer (NULL: unknown, FALSE) keep @language as their own: some containers have no languages, some
 * only codes of three letters. */
gboolean ffarm_container_holds_language(const char *muxer, const char *language);

/* Returns: FfarmDisposition bits that streams of @type keep in @muxer (NULL: unknown, 0). */
guint ffarm_container_dispositions(const char *muxer, FfarmStreamType type);

typedef enum {
    FFARM_CONTAINER_TITLE,        /* of the whole film */
    FFARM_CONTAINER_STREAM_TITLE, /* of each stream */
    FFARM_CONTAINER_COLOUR,       /* colour tags and HDR metadata, for codecs that have none themselves */
    FFARM_CONTAINER_ROTATION,     /* how a player turns the picture */
} FfarmContainerThing;

/* TRUE if @muxer (NULL: unknown, FALSE) keeps @thing. */
gboolean ffarm_container_keeps(const char *muxer, FfarmContainerThing thing);

/* The encoder that turns a text subtitle into one that @muxer holds: "srt", "mov_text", "webvtt".
 * Returns: static string; NULL if @muxer holds no text subtitles. */
const char *ffarm_container_text_encoder(const char *muxer);

G_END_DECLS
