/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "media.h"

G_BEGIN_DECLS

/* prober.h — path -> FfarmMedia, by libavformat: in this process, or in one of its own (isolation.h).
 *
 * The path is always a file: it is opened by descriptor, so a name with ':' in it, one that begins with '-' or one that
 * looks like a URL is never taken for a protocol, and nothing that the file's content asks for (a playlist's segments, an
 * external reference) is opened. No network, ever.
 *
 * Frames are called evenly spaced (FfarmStream.is_vfr FALSE) by their timestamps: of the whole film where the container has
 * an index of samples (mp4, mov), else of its first 120 pictures. Over two frames each, distances must be within a
 * quarter of their median, or within two ticks of the container's clock. So neither rounding to milliseconds, nor
 * telecine, nor a dropped frame here and there makes a variable rate.
 *
 * A film that begins with damage, or in the middle of a group of pictures, is not undecodable: one good frame among
 * the first 1500 packets (at most 192 MB) is enough.
 *
 * Threads:  any number of probes may run at once.
 * Errors:   G_IO_ERROR_CANCELLED only. What is wrong with a file, also that it isn't there, or took too long, is among
 *           the media's problems.
 * Memory:   bounded: streams, chapters, tags, picture sizes and probe data have limits, so that a hostile file can't
 *           exhaust it.
 * Log:      the first probe of a process sends libav's log to GLib's, domain "ffarm-probe", level debug. */

/* A probe that takes longer than this is a file to look at by hand, not one to wait for. */
#define FFARM_PROBE_TIMEOUT_MS 30000

/* Reads what container and streams say about @path and decodes the first video frames to be sure that they can be.
 * What is wrong with the file is in the media's problems, not in @error: a file that can't be opened gives a media too.
 * @timeout_ms:  0 = FFARM_PROBE_TIMEOUT_MS
 * @cancellable: nullable
 * Returns: a new media, free with ffarm_media_free(); NULL only with G_IO_ERROR_CANCELLED. */
FfarmMedia *ffarm_probe_file(const char *path, guint timeout_ms, GCancellable *cancellable, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Takes one result of ffarm_probe_files(): @media belongs to the callee. Called on the thread that called
 * ffarm_probe_files(), in the order of @paths. */
typedef void (*FfarmProbeFunc)(FfarmMedia *media, guint position, gpointer user_data);

/* Probes @n_paths files on a pool of @n_threads threads (0 = one per processor, at most 16) and hands each result on as
 * soon as all before it are there; a bounded number of results is held meanwhile, whatever the number of files.
 * @timeout_ms: for each file; 0 = FFARM_PROBE_TIMEOUT_MS
 * Returns: FALSE only with G_IO_ERROR_CANCELLED; some results may have been delivered before. */
gboolean ffarm_probe_files(const char *const *paths, guint n_paths, guint n_threads, guint timeout_ms, FfarmProbeFunc func,
                           gpointer user_data, GCancellable *cancellable, GError **error);

/* A quick look at the name only, for walking folders: TRUE if its extension, in any case, is one that film containers or
 * bare video streams go by. Never opens the file. */
gboolean ffarm_probe_name_may_be_video(const char *path);

/* For walking folders: TRUE if @path is a film by its name, or else, judged by its first bytes and a short probe, has a
 * video stream. Files of names that stand for other uses of film containers (sound, pictures), for downloads that are not
 * whole and for copies put aside are not opened.
 * @cancellable: nullable; FALSE once it is cancelled, for names that say nothing. */
gboolean ffarm_probe_may_be_video(const char *path, GCancellable *cancellable);

/* "libavformat 59.27.100, libavcodec 59.37.100, libavutil 57.28.100", for --version. Static. */
const char *ffarm_probe_versions(void);

G_END_DECLS
