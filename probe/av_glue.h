/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

G_BEGIN_DECLS

/* av_glue.h — private: where libav's ways become GLib's, and where its versions differ.
 *
 * libavformat 59 to 61 and their siblings compile here; every #if on a libav version is in av_glue.c.
 * Threads: safe. */

/* Sends libav's log to GLib's (domain "ffarm-probe", level debug) from now on; nothing is printed unless
 * G_MESSAGES_DEBUG asks for it. Cheap to call again. */
void av_glue_init(void);

/* What libav complained about. */
typedef struct {
    guint count; /* atomic while a decoder is listened to */
    char *first; /* one line, the listener's to free; NULL: nothing yet */
} AvComplaints;

/* Counts libav's warnings and errors on this thread into @complaints from now on, until called with NULL. */
void av_glue_listen(AvComplaints *complaints);

/* Counts the errors of @decoder, not yet open, into @complaints, on whichever of its threads they come up; they are not
 * counted by av_glue_listen() then. Takes the decoder's opaque pointer. @complaints must outlive the decoder. */
void av_glue_listen_to_decoder(AVCodecContext *decoder, AvComplaints *complaints);

/* Returns: how many there are since the last call. */
guint av_complaints_take(AvComplaints *complaints);
const char *av_complaints_peek_first(AvComplaints *complaints); /* borrowed; NULL: there was none */
void av_complaints_clear(AvComplaints *complaints);

/* Returns: libav's words for an AVERROR, free with g_free(). */
char *av_glue_error_text(int code);

/* The side data of @type that container or probing attached to the stream.
 * Returns: borrowed from @stream; NULL if there is none or it is smaller than @min_size. */
const void *av_glue_side_data(const AVStream *stream, enum AVPacketSideDataType type, gsize min_size);

gboolean av_glue_frame_is_interlaced(const AVFrame *frame);

static inline void av_glue_packet_free(AVPacket *packet)
{
    av_packet_free(&packet);
}

static inline void av_glue_frame_free(AVFrame *frame)
{
    av_frame_free(&frame);
}

static inline void av_glue_decoder_free(AVCodecContext *decoder)
{
    avcodec_free_context(&decoder);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(AVPacket, av_glue_packet_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AVFrame, av_glue_frame_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AVCodecContext, av_glue_decoder_free)

G_END_DECLS
