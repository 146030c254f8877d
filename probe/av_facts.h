/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_glue.h"
#include "media.h"

G_BEGIN_DECLS

/* av_facts.h — private: translates what libavformat found into a FfarmMedia.
 *
 * Reads nothing from the file. Text from the file becomes valid UTF-8 of bounded length on the way.
 * Threads: safe for different formats. */

/* Fills container, times, title, streams and chapters of @media, which has no streams yet. */
void av_facts_fill(FfarmMedia *media, AVFormatContext *format);

FfarmStreamType av_facts_stream_type(enum AVMediaType type);

/* Adds to @stream what only a decoded frame tells: HDR metadata and interlacing that the container is silent about. */
void av_facts_add_frame(FfarmStream *stream, const AVFrame *frame);

G_END_DECLS
